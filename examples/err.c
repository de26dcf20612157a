/* SPDX-License-Identifier: PostgreSQL */
/* err.h: every failure is a value that tells what happened, what was seen and what to do. */
#include <pgseal/conninfo.h>
#include <pgseal/err.h>

#include <stdio.h>

int main(void)
{
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);

    if (ci == NULL || pgseal_conninfo_parse(ci, "host=db1 port", &err) == 0)
        return 1;
    printf("code: %s (%d)\n", pgseal_err_id(&err), err.code);
    printf("msg:  %s\n", err.msg); /* libpq's words: what people search for */
    if (err.detail[0] != '\0')
        printf("seen: %s\n", err.detail);
    printf("why:  %s\n", pgseal_err_why(&err));
    if (err.hint[0] != '\0')
        printf("fix:  %s\n", err.hint);
    pgseal_conninfo_free(ci);
    return 0;
}

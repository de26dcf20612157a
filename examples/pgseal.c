/* SPDX-License-Identifier: PostgreSQL */
/* pgseal.h: everything at once. Lists the connection parameters that pgseal knows but cannot use.
 */
#include <pgseal/pgseal.h>

#include <stdio.h>

int main(void)
{
    const struct pgseal_param_info *p;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        if (!p->acts)
            printf("%s (%s)\n", p->keyword, p->label);
    }
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes the service file: it only adds what was not said, and every value knows its line. */
#include "one_file_world.h"

static size_t count_lines(const uint8_t *data, size_t size)
{
    size_t n = 1;

    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n';
    return n;
}

static void must_name_lines(const struct pgseal_conninfo *ci, size_t lines)
{
    static const char before[] = "service a in /s:";
    const struct pgseal_param_info *p;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        const char *origin = pgseal_conninfo_origin(ci, p->keyword);

        if (origin == NULL || strncmp(origin, before, strlen(before)) != 0)
            continue;
        size_t line = (size_t)strtoul(origin + strlen(before), NULL, 10);
        /* line 1 is at best the section's head */
        must(line > 1 && line <= lines);
    }
}

/* Input: the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    long live = pgseal__alloc_live();
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_err err = {0};
    struct one_file w;
    int rc;

    one_file_init(&w, data, size);
    w.env[0][0] = "PGSERVICEFILE";
    w.env[0][1] = "/s";
    w.env[1][0] = "PGPASSFILE";
    w.env[1][1] = "/p";
    must(ci != NULL && pgseal_conninfo_parse(ci, "service=a sslmode=verify-full", NULL) == 0);
    rc = pgseal_conninfo_finish(ci, &w.world, &err);
    must(rc == 0 || (err.code == rc && err.msg[0] != '\0'));
    must(strcmp(pgseal_conninfo_get(ci, "sslmode"), "verify-full") == 0);
    if (rc == 0) {
        must_be_sound(ci);
        must_name_lines(ci, count_lines(data, size));
    }
    pgseal_conninfo_free(ci);
    must(pgseal__alloc_live() == live);
    return 0;
}

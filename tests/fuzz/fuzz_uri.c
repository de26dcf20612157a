/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes connection URIs: whatever is misread, no error text or warning shows the password. */
#include "one_file_world.h"

#define MARK "Qq7Secret7qQ"

static void must_not_tell(const char *text)
{
    must(text == NULL || strstr(text, MARK) == NULL);
}

static void must_keep_quiet(const struct pgseal_conninfo *ci, const struct pgseal_err *err)
{
    must_not_tell(err->msg);
    must_not_tell(err->detail);
    must_not_tell(err->hint);
    for (size_t i = 0; pgseal_conninfo_warning(ci, i) != NULL; i++)
        must_not_tell(pgseal_conninfo_warning(ci, i));
}

/* Late errors, which only a host's turn brings up. */
static void must_stay_quiet(const struct pgseal_conninfo *ci)
{
    struct pgseal_err err = {0};

    for (size_t i = 0; i < pgseal_conninfo_hosts(ci); i++) {
        const struct pgseal_host *h = pgseal_conninfo_host(ci, i);

        if (pgseal_host_check(h, &err) != PGSEAL_OUT_RESOLVED && h->port_number < 1)
            must_keep_quiet(ci, &err);
    }
    if (pgseal_conninfo_check_tcp(ci, &err) < 0 || pgseal_conninfo_check_timeout(ci, &err) < 0)
        must_keep_quiet(ci, &err);
}

static void try_uri(const char *text, bool marked)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_err err = {0};
    struct one_file w;
    int rc;

    must(ci != NULL);
    one_file_init(&w, NULL, 0);
    rc = pgseal_conninfo_parse(ci, text, &err);
    if (rc == 0)
        rc = pgseal_conninfo_finish(ci, &w.world, &err);
    must(rc == 0 || (err.code == rc && err.msg[0] != '\0'));
    /* A service or a file of that name may be quoted: it is in the right place then. */
    if (marked && rc != PGSEAL_E_SERVICE)
        must_keep_quiet(ci, &err);
    if (rc == 0) {
        must_be_sound(ci);
        if (marked)
            must_stay_quiet(ci);
    }
    pgseal_conninfo_free(ci);
}

/* Input: what follows "postgresql://". With a NUL in it, what is before the NUL and a mark become
 * the password of user u, and the rest follows its "@". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    long live = pgseal__alloc_live();
    char *before;
    char *text;
    size_t n;

    before = malloc(size + 1);
    text = malloc(size + 64);
    must(before != NULL && text != NULL);
    if (size > 0)
        memcpy(before, data, size);
    before[size] = '\0';
    n = strlen(before);
    snprintf(text, size + 64, "postgresql://%s", before);
    try_uri(text, false);
    if (n < size && strstr(before + n + 1, MARK) == NULL) {
        snprintf(text, size + 64, "postgres://u:%s" MARK "@%s", before, before + n + 1);
        try_uri(text, true);
    }
    free(before);
    free(text);
    must(pgseal__alloc_live() == live);
    return 0;
}

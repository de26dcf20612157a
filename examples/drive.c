/* SPDX-License-Identifier: PostgreSQL */
/* drive.h: connects as libpq would, says how well the connection is protected, asks one question.
 *
 * drive [CONNINFO]
 */
#include <pgseal/drive.h>

#include <stdio.h>

static void warn(void *ctx, const char *text)
{
    fprintf(stderr, "warning: %s\n", text);
}

static int fail(const struct pgseal_err *err)
{
    fprintf(stderr, "%s\n  code: %s\n  seen: %s\n  fix:  %s\n", err->msg, pgseal_err_id(err),
            err->detail, err->hint);
    return 1;
}

static void print_value(const struct pgseal_frame *f)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    uint32_t n;
    const uint8_t *value;

    pgseal_read_u16(&r); /* number of columns: one */
    n = pgseal_read_u32(&r);
    value = pgseal_read_bytes(&r, n);
    if (value != NULL)
        printf("%.*s\n", (int)n, (const char *)value);
}

static int ask(struct pgseal_session *s, struct pgseal_err *err)
{
    static const char sql[] = "select 1";
    int rc = pgseal_session_write(s, 'Q', sql, sizeof(sql), err);

    while (rc >= 0) {
        struct pgseal_frame f;

        rc = pgseal_session_read(s, 0, &f, err); /* sends what is queued, too */
        if (rc == 1 && f.type == 'D')
            print_value(&f);
        if (rc == 0 || (rc == 1 && f.type == 'Z'))
            break;
    }
    return rc == 1 ? 0 : fail(err);
}

int main(int argc, char **argv)
{
    struct pgseal_session_options o = {.size = sizeof(o), .warn = warn};
    struct pgseal_err err = {0};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    struct pgseal_session *s = NULL;
    int rc = 1;

    pgseal_process_harden();
    if (ci != NULL && (argc < 2 || pgseal_conninfo_parse(ci, argv[1], &err) == 0) &&
        pgseal_conninfo_finish(ci, pgseal_world_host(), &err) == 0)
        s = pgseal_session_open(ci, &o, &err);
    if (s == NULL) {
        fail(&err);
    } else {
        const struct pgseal_conn_facts *f = pgseal_session_facts(s);

        if (!f->tls)
            printf("%s\n", f->is_unix ? "a Unix socket" : "not encrypted");
        else if (f->tls_facts.verified.name)
            printf("%s, verified by \"%s\"\n", f->tls_facts.version,
                   f->tls_facts.verified.root.subject);
        else
            printf("%s, but nobody knows with whom\n", f->tls_facts.version);
        rc = ask(s, &err);
    }
    pgseal_session_close(s);
    pgseal_conninfo_free(ci);
    return rc;
}

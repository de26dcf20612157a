/* SPDX-License-Identifier: PostgreSQL */
/* Plays tests/data/params.tbl and uri.tbl: strings and worlds, what comes of them, and errors. */
#include "alloc.h"
#include "core/base/base.h"
#include "t.h"
#include "world.h"

#include <pgseal/conninfo.h>
#include <pgseal/wire.h>

/* The format of the tables is told at the top of params.tbl. */

#define LINES_MAX 64

struct row {
    const char *file;
    int line;
    bool finish;
    const char *text;
    char *expect[LINES_MAX];
    size_t n;
    struct t_world *world;
    const char *element[LINES_MAX][2]; /* as psql's options before the string */
    size_t nelements;
};

static int rows_played;

static void complain(const struct row *r, const char *what, const char *got)
{
    fail_msg("%s:%d: %s\n  expected: %s\n  got:      %s", r->file, r->line, r->text, what, got);
}

/* <TAB> and its like, for what cannot be seen in a table. */
static void unhide(char *s)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"<SP>", ' '},  {"<TAB>", '\t'}, {"<LF>", '\n'},
                 {"<CR>", '\r'}, {"<VT>", '\v'},  {"<FF>", '\f'}};

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
        char *at;

        while ((at = strstr(s, names[i].name)) != NULL) {
            size_t len = strlen(names[i].name);

            *at = names[i].c;
            memmove(at + 1, at + len, strlen(at + len) + 1);
        }
    }
}

static void describe_auth(uint32_t bits, char *out, size_t cap)
{
    static const char *const names[] = {"none", "password", "md5",   "gss",
                                        "sspi", "scram",    "oauth", "other"};

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++)
        if ((bits & (1u << i)) != 0)
            pgseal__append(out, cap, "%s%s", out[0] != '\0' ? "," : "", names[i]);
}

/* All options as "\nname=value\n" lines. */
static void describe(const struct pgseal_options *o, char *out, size_t cap)
{
    char auth[80] = "";
    const struct {
        const char *name;
        long value;
    } numbers[] = {{"sslmode", o->sslmode},
                   {"direct", o->direct},
                   {"sslsni", o->sslsni},
                   {"channel_binding", o->channel_binding},
                   {"sslcertmode", o->sslcertmode},
                   {"tls_min", o->tls_min},
                   {"tls_max", o->tls_max},
                   {"proto_min", o->proto_min & 0xffff},
                   {"proto_max", o->proto_max & 0xffff},
                   {"session", o->session},
                   {"load_balance", o->load_balance},
                   {"connect_timeout", o->connect_timeout_s},
                   {"keepalives", o->keepalives},
                   {"keepalives_idle", o->keepalives_idle_s},
                   {"keepalives_interval", o->keepalives_interval_s},
                   {"keepalives_count", o->keepalives_count},
                   {"tcp_user_timeout", o->tcp_user_timeout_ms}};
    const struct {
        const char *name;
        const char *value;
    } texts[] = {{"sslrootcert", o->sslrootcert},
                 {"sslcrl", o->sslcrl},
                 {"sslcrldir", o->sslcrldir},
                 {"sslcert", o->sslcert},
                 {"sslkey", o->sslkey},
                 {"sslpassword", o->sslpassword},
                 {"sslkeylogfile", o->sslkeylogfile},
                 {"requirepeer", o->requirepeer},
                 {"replication", o->replication},
                 {"options", o->options},
                 {"application_name", o->application_name},
                 {"client_encoding", o->client_encoding},
                 {"require_auth_text", o->require_auth_text},
                 {"tls_min_text", o->tls_min_text},
                 {"tls_max_text", o->tls_max_text},
                 {"scram_client_key", o->scram_client_key != NULL ? "given" : NULL},
                 {"scram_server_key", o->scram_server_key != NULL ? "given" : NULL},
                 {"require_auth", auth}};

    describe_auth(o->require_auth, auth, sizeof(auth));
    pgseal__format(out, cap, "\n");
    for (size_t i = 0; i < PGSEAL_COUNT(numbers); i++)
        pgseal__append(out, cap, "%s=%ld\n", numbers[i].name, numbers[i].value);
    for (size_t i = 0; i < PGSEAL_COUNT(texts); i++)
        pgseal__append(out, cap, "%s=%s\n", texts[i].name,
                       texts[i].value != NULL ? texts[i].value : "-");
}

static void describe_host(const struct pgseal_conninfo *ci, size_t i, char *out, size_t cap)
{
    const struct pgseal_host *h = pgseal_conninfo_host(ci, i);

    if (h == NULL) {
        pgseal__format(out, cap, "no such host");
        return;
    }
    pgseal__format(out, cap, "host=%s hostaddr=%s port=%s/%d%s%s password=%s passfile=%s",
                   h->host != NULL ? h->host : "-", h->hostaddr != NULL ? h->hostaddr : "-",
                   h->port, h->port_number, h->is_unix ? " unix" : "",
                   h->port_hidden ? " hidden" : "", h->password != NULL ? h->password : "-",
                   h->passfile != NULL ? h->passfile : "-");
}

static void describe_startup(const struct pgseal_conninfo *ci, char *out, size_t cap)
{
    struct pgseal_param params[16];
    size_t n = pgseal_conninfo_startup(ci, params, PGSEAL_COUNT(params));

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        pgseal__append(out, cap, "%s%s=%s", i > 0 ? ", " : "", params[i].name, params[i].value);
}

/* What libpq would say only when it needs the value: hosts in order, then TCP, then timeout. */
static size_t late(const struct pgseal_conninfo *ci, char said[8][512])
{
    struct pgseal_err err;
    size_t n = 0;

    for (size_t i = 0; i < pgseal_conninfo_hosts(ci) && n < 6; i++) {
        enum pgseal_outcome o = pgseal_host_check(pgseal_conninfo_host(ci, i), &err);

        if (o == PGSEAL_OUT_RESOLVED)
            continue;
        assert_int_equal(err.code, PGSEAL_E_OPTION);
        pgseal__format(said[n++], 512, "%s %s", o == PGSEAL_OUT_REFUSED ? "final" : "next",
                       err.msg);
    }
    if (pgseal_conninfo_check_tcp(ci, &err) < 0)
        pgseal__format(said[n++], 512, "tcp %s", err.msg);
    if (pgseal_conninfo_check_timeout(ci, &err) < 0)
        pgseal__format(said[n++], 512, "timeout %s", err.msg);
    return n;
}

static void check_value(const struct row *r, const struct pgseal_conninfo *ci, char *expect)
{
    char *origin = strstr(expect, " <- ");
    char *eq = strchr(expect, '=');
    char key[64];
    const char *got;

    assert_non_null(eq);
    pgseal__format(key, sizeof(key), "%.*s", (int)(eq - expect), expect);
    if (origin != NULL)
        *origin = '\0';
    got = pgseal_conninfo_get(ci, key);
    if (got == NULL || strcmp(got, eq + 1) != 0)
        complain(r, expect, got != NULL ? got : "(not set)");
    if (origin == NULL)
        return;
    got = pgseal_conninfo_origin(ci, key);
    if (got == NULL || strcmp(got, origin + 4) != 0)
        complain(r, origin + 4, got != NULL ? got : "(no origin)");
}

static void check_line(const struct row *r, const struct pgseal_conninfo *ci, char *expect,
                       const char *options)
{
    char text[1024];

    if (strncmp(expect, "  ", 2) == 0 && expect[2] == '-') {
        if (pgseal_conninfo_get(ci, expect + 3) != NULL)
            complain(r, expect, pgseal_conninfo_get(ci, expect + 3));
    } else if (strncmp(expect, "  .", 3) == 0) {
        pgseal__format(text, sizeof(text), "\n%s\n", expect + 3);
        if (strstr(options, text) == NULL)
            complain(r, expect, options);
    } else if (strncmp(expect, "  @", 3) == 0) {
        describe_host(ci, (size_t)strtol(expect + 3, NULL, 10), text, sizeof(text));
        if (strcmp(text, strchr(expect + 3, ' ') + 1) != 0)
            complain(r, expect, text);
    } else if (strncmp(expect, "  $", 3) == 0) {
        describe_startup(ci, text, sizeof(text));
        if (strcmp(text, expect + 4) != 0)
            complain(r, expect, text);
    } else if (strncmp(expect, "  ", 2) == 0 && expect[2] != '(') {
        check_value(r, ci, expect + 2);
    }
}

/* Warnings and late errors are listed completely. */
static void check_lists(const struct row *r, const struct pgseal_conninfo *ci)
{
    char said[8][512];
    size_t nsaid = r->finish ? late(ci, said) : 0;
    size_t nwarn = 0;
    size_t nlate = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (r->expect[i][0] == '~') {
            const char *got = pgseal_conninfo_warning(ci, nwarn++);

            if (got == NULL || strcmp(got, r->expect[i] + 2) != 0)
                complain(r, r->expect[i], got != NULL ? got : "(no such warning)");
        } else if (r->expect[i][0] == '?') {
            if (nlate == nsaid || strcmp(said[nlate], r->expect[i] + 2) != 0)
                complain(r, r->expect[i], nlate < nsaid ? said[nlate] : "(nothing)");
            nlate++;
        }
    }
    if (pgseal_conninfo_warning(ci, nwarn) != NULL)
        complain(r, "no more warnings", pgseal_conninfo_warning(ci, nwarn));
    if (nlate < nsaid)
        complain(r, "no more late errors", said[nlate]);
}

/* A string that was only parsed has exactly the values that are listed. */
static void check_exact(const struct row *r, const struct pgseal_conninfo *ci)
{
    const struct pgseal_param_info *p;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        bool listed = false;
        size_t len = strlen(p->keyword);

        for (size_t k = 0; k < r->n; k++)
            listed = listed || (strncmp(r->expect[k] + 2, p->keyword, len) == 0 &&
                                r->expect[k][2 + len] == '=');
        if (!listed && pgseal_conninfo_get(ci, p->keyword) != NULL)
            complain(r, "not set", p->keyword);
    }
}

static int build(const struct row *r, struct pgseal_conninfo **out, struct pgseal_err *err)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(err);
    int rc = ci != NULL ? 0 : PGSEAL_E_NOMEM;

    for (size_t i = 0; i < r->nelements && rc == 0; i++)
        rc = pgseal_conninfo_set(ci, r->element[i][0], r->element[i][1], "command line", err);
    if (rc == 0)
        rc = pgseal_conninfo_parse(ci, r->text, err);
    if (rc == 0 && r->finish)
        rc = pgseal_conninfo_finish(ci, &r->world->world, err);
    *out = ci;
    return rc;
}

static void check_error(const struct row *r, const struct pgseal_err *err)
{
    char got[5000];

    pgseal__format(got, sizeof(got), "! %s %s", pgseal_code_str(err->code), err->msg);
    if (strcmp(got, r->expect[0]) != 0)
        complain(r, r->expect[0], got);
    for (size_t i = 1; i < r->n; i++) {
        const char *part = r->expect[i][1] == 'd' ? err->detail : err->hint;

        if (strcmp(part, r->expect[i] + 3) != 0)
            complain(r, r->expect[i], part);
    }
}

/* The same work once more for each allocation that can fail. */
static int work(void *arg)
{
    const struct row *r = arg;
    struct pgseal_conninfo *ci;
    struct pgseal_err err = {0};
    int rc = build(r, &ci, &err);

    if (rc < 0 && r->n > 0 && r->expect[0][0] == '!' && rc != PGSEAL_E_NOMEM)
        rc = 0; /* the failure that this row is about */
    pgseal_conninfo_free(ci);
    return rc;
}

static void play(struct row *r)
{
    char options[8192];
    struct pgseal_conninfo *ci;
    struct pgseal_err err = {0};
    int rc;

    rc = build(r, &ci, &err);
    if (r->n == 0)
        fail_msg("%s:%d: nothing is expected of %s", r->file, r->line, r->text);
    if (r->expect[0][0] == '!') {
        if (rc == 0)
            complain(r, r->expect[0], "(no error)");
        check_error(r, &err);
    } else if (rc < 0) {
        complain(r, r->expect[0], err.msg);
    } else {
        check_lists(r, ci);
        if (r->finish)
            describe(pgseal_conninfo_options(ci), options, sizeof(options));
        else
            check_exact(r, ci);
        for (size_t i = 0; i < r->n; i++)
            check_line(r, ci, r->expect[i], options);
    }
    pgseal_conninfo_free(ci);
    assert_int_equal(pgseal__alloc_live(), 0);
    t_each_alloc_fails(work, r);
    rows_played++;
}

/* "file MODE PATH", "dir PATH", "env NAME=VALUE", "element NAME=VALUE", "user" (unknown). */
static void world_line(struct row *r, char *line)
{
    char *rest = strchr(line, ' ');
    char *eq;

    if (rest != NULL)
        *rest++ = '\0';
    eq = rest != NULL ? strchr(rest, '=') : NULL;
    if (strcmp(line, "env") == 0 && eq != NULL) {
        *eq = '\0';
        t_world_env(r->world, rest, eq + 1);
    } else if (strcmp(line, "element") == 0 && eq != NULL) {
        *eq = '\0';
        r->element[r->nelements][0] = rest;
        r->element[r->nelements++][1] = eq + 1;
    } else if (strcmp(line, "file") == 0 && rest != NULL) {
        char *path = strchr(rest, ' ');

        *path++ = '\0';
        t_world_file(r->world, path, "");
        r->world->files[r->world->nfiles - 1].mode = (uint32_t)strtoul(rest, NULL, 8);
    } else if (strcmp(line, "dir") == 0) {
        t_world_file(r->world, rest, NULL);
    } else if (strcmp(line, "nouser") == 0) {
        r->world->world.user = NULL;
        r->world->world.user_err = rest;
    } else if (strcmp(line, "nohome") == 0) {
        r->world->world.home = NULL;
    } else {
        fail_msg("%s:%d: not understood: %s", r->file, r->line, line);
    }
}

/* "| text": a line of the last file. Texts grow in one arena, so that pointers stay. */
static void file_line(struct row *r, const char *text, char *arena, size_t *used, size_t cap)
{
    struct t_file *f = &r->world->files[r->world->nfiles - 1];
    size_t old = strlen(f->text);
    size_t len = strlen(text);

    assert_true(r->world->nfiles > 0 && *used + old + len + 2 < cap);
    memcpy(arena + *used, f->text, old);
    memcpy(arena + *used + old, text, len);
    memcpy(arena + *used + old + len, "\n", 2);
    f->text = arena + *used;
    *used += old + len + 2;
}

static void flush(struct row *r)
{
    if (r->text != NULL)
        play(r);
    r->text = NULL;
    r->n = 0;
}

static void reset_world(struct row *r)
{
    t_world_init(r->world);
    r->world->world.user = "OSUSER";
    r->world->world.encoding = "UTF8";
    r->nelements = 0;
}

static void play_file(const char *name)
{
    static char table[200000];
    static char arena[200000];
    struct t_world world;
    struct row r = {.file = name, .world = &world};
    char path[1024];
    size_t used = 0;
    int line = 0;
    FILE *in;

    pgseal__format(path, sizeof(path), "%s/%s", TEST_DATA, name);
    in = fopen(path, "r");
    assert_non_null(in);
    table[fread(table, 1, sizeof(table) - 1, in)] = '\0';
    fclose(in);
    reset_world(&r);
    for (char *p = table, *next; *p != '\0'; p = next) {
        next = p + strcspn(p, "\n");
        if (*next == '\n')
            *next++ = '\0';
        line++;
        if (*p == '>') {
            flush(&r);
            unhide(p);
            r.line = line;
            r.finish = p[1] == '>';
            p += r.finish ? 2 : 1;
            r.text = *p == ' ' ? p + 1 : p;
        } else if (*p != '\0' && strchr(" !~?", *p) != NULL) {
            unhide(p);
            assert_true(r.text != NULL && r.n < LINES_MAX);
            r.expect[r.n++] = p;
        } else if (*p == '|') {
            unhide(p);
            file_line(&r, p[1] == ' ' ? p + 2 : p + 1, arena, &used, sizeof(arena));
        } else if (*p == '#' || *p == '\0') {
            flush(&r);
            if (strncmp(p, "# ---", 5) == 0)
                reset_world(&r);
        } else {
            flush(&r);
            r.line = line;
            world_line(&r, p);
        }
    }
    flush(&r);
}

static void test_params__every_row_of_the_table__comes_out_as_told(void **state)
{
    rows_played = 0;
    play_file("params.tbl");
    assert_true(rows_played > 200); /* a table that is not read proves nothing */
}

static void test_uri__every_row_of_the_table__comes_out_as_told(void **state)
{
    rows_played = 0;
    play_file("uri.tbl");
    assert_true(rows_played > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params__every_row_of_the_table__comes_out_as_told),
        cmocka_unit_test(test_uri__every_row_of_the_table__comes_out_as_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

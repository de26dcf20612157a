/* SPDX-License-Identifier: PostgreSQL */
/* The client's authentication: every row of scram.tbl, facts, risks, allocations. */
#include "core/auth/auth_int.h"

#include "alloc.h"
#include "t.h"
#include "table.c"

#include <pgseal/wire.h>

enum { REPLY_MAX = 100000 };

/* Plays a row; *rc gets the last result. Outcome as the table writes it, in out. */
static int play(const struct row *r, const struct pgseal_auth_options *o,
                struct pgseal_auth_facts *facts, char *out, size_t cap)
{
    struct pgseal_err err = {0};
    struct pgseal_auth *a = pgseal_auth_new(o, &err);
    struct player p = {0};
    struct pgseal_buf reply;
    int rc = a != NULL ? PGSEAL_MORE : err.code;

    pgseal_buf_init(&reply, REPLY_MAX);
    reply.secret = true;
    for (size_t i = 0; i < r->count && rc == PGSEAL_MORE; i++) {
        uint8_t body[4096];
        size_t n = table_request(&p, r->messages[i], body);
        /* exactly n bytes on the heap: reading behind them is seen */
        uint8_t *copy = malloc(n > 0 ? n : 1);

        memcpy(copy, body, n);
        rc = pgseal_auth_step(a, copy, n, &reply, &err);
        free(copy);
        if (rc >= 0 && pgseal_buf_len(&reply) > 0)
            table_answer(&p, r->messages[i], pgseal_buf_peek(&reply), pgseal_buf_len(&reply));
        else
            assert_true(rc < 0 || rc == PGSEAL_READY || i > 0);
        if (i + 1 < r->count)
            pgseal_buf_consume(&reply, pgseal_buf_len(&reply));
    }
    if (rc < 0)
        assert_int_equal(rc, err.code);
    pgseal__format(out, cap, "%s",
                   rc == PGSEAL_READY  ? "ready"
                   : rc == PGSEAL_MORE ? "waiting"
                                       : err.msg);
    if (a != NULL && facts != NULL)
        pgseal_auth_facts(a, facts);
    pgseal_auth_free(a);
    pgseal_buf_done(&reply);
    return rc;
}

static void for_each_row(void (*fn)(const struct row *r, struct row_options *o))
{
    FILE *f = fopen(TEST_DATA "/scram.tbl", "r");
    struct row r;
    struct row_options o;
    int line = 0, rows = 0;

    assert_non_null(f);
    while (table_next(f, &line, &r)) {
        table_options(&r, &o);
        fn(&r, &o);
        rows++;
    }
    fclose(f);
    assert_true(rows > 150);
}

static void check_row(const struct row *r, struct row_options *o)
{
    struct pgseal_auth_facts facts = {0};
    char got[4096];

    play(r, &o->auth, &facts, got, sizeof(got));
    if (strcmp(got, r->outcome) != 0)
        fail_msg("scram.tbl:%d: got \"%s\", expected \"%s\"", r->line, got, r->outcome);
    /* Nobody may claim a proof that was not given. */
    if (facts.server_proved && strstr(r->messages[2], "{V}") == NULL)
        fail_msg("scram.tbl:%d: the server proved nothing", r->line);
    if (facts.channel_bound && (!facts.server_proved || !r->tls))
        fail_msg("scram.tbl:%d: nothing was bound", r->line);
    if (facts.needs_password != (strcmp(got, "fe_sendauth: no password supplied") == 0))
        fail_msg("scram.tbl:%d: needs_password", r->line);
}

static void test_auth__every_row_of_scram_tbl__has_its_outcome(void **state)
{
    for_each_row(check_row);
}

struct alloc_run {
    const struct row *r;
    const struct row_options *o;
};

static int play_once(void *arg)
{
    const struct alloc_run *run = arg;
    char got[4096];

    return play(run->r, &run->o->auth, NULL, got, sizeof(got));
}

/* Rows that end well; the iterations of a row are repeated for each of its allocations. */
static void check_allocations(const struct row *r, struct row_options *o)
{
    struct alloc_run run = {r, o};

    if (strcmp(r->outcome, "ready") == 0 || strcmp(r->outcome, "waiting") == 0)
        assert_true(t_each_alloc_fails(play_once, &run) >= 1);
}

static void test_auth__each_allocation_fails__fails_cleanly(void **state)
{
    for_each_row(check_allocations);
}

/* ---- one request at a time --------------------------------------------------------------- */

struct one {
    struct row_options o;
    struct pgseal_auth *a;
    struct pgseal_buf reply;
    struct pgseal_err err;
};

static void begin(struct one *t, const char *settings, bool tls)
{
    struct row r = {.tls = tls};

    snprintf(r.settings, sizeof(r.settings), "%s", settings);
    table_options(&r, &t->o);
    memset(&t->err, 0, sizeof(t->err));
    pgseal_buf_init(&t->reply, REPLY_MAX);
}

static int ask(struct one *t, const char *message)
{
    struct player p = {0};
    uint8_t body[4096];
    size_t n = table_request(&p, message, body);

    if (t->a == NULL)
        t->a = pgseal_auth_new(&t->o.auth, &t->err);
    assert_non_null(t->a);
    return pgseal_auth_step(t->a, body, n, &t->reply, &t->err);
}

static void end(struct one *t)
{
    pgseal_auth_free(t->a);
    pgseal_buf_done(&t->reply);
}

static void test_auth__cleartext__sends_the_password_with_nul(void **state)
{
    struct one t = {0};
    struct pgseal_auth_facts facts;

    begin(&t, "-", true);
    assert_int_equal(ask(&t, "password"), PGSEAL_MORE);
    assert_int_equal(pgseal_buf_len(&t.reply), 12);
    assert_memory_equal(pgseal_buf_peek(&t.reply), "p\0\0\0\x0bsecret", 12);
    pgseal_auth_facts(t.a, &facts);
    assert_string_equal(facts.method, "password");
    assert_true(facts.password_used);
    assert_null(pgseal_auth_warning(t.a));
    end(&t);
}

/* md5('md5' || md5(password || user) || salt) of PostgreSQL: python3 hashlib */
static void test_auth__md5__known_answer(void **state)
{
    struct one t = {0};
    struct pgseal_auth_facts facts;

    begin(&t, "-", true);
    assert_int_equal(ask(&t, "md5"), PGSEAL_MORE);
    assert_int_equal(pgseal_buf_len(&t.reply), 41);
    assert_memory_equal(pgseal_buf_peek(&t.reply),
                        "p\0\0\0\x28"
                        "md5f0e7c406521852962c8b0cf264d8bcbd",
                        41);
    pgseal_auth_facts(t.a, &facts);
    assert_string_equal(facts.method, "md5");
    end(&t);
}

static const char *gs2(struct one *t, const char *mechanism)
{
    const char *p = (const char *)pgseal_buf_peek(&t->reply) + 5;

    assert_string_equal(p, mechanism);
    return p + strlen(p) + 5;
}

static void test_auth__gs2_flag__follows_tls_offer_and_setting(void **state)
{
    static const struct {
        const char *settings;
        bool tls;
        const char *offer, *mechanism, *header;
    } rows[] = {
        {"-", false, "sasl(SCRAM-SHA-256)", "SCRAM-SHA-256", "n,,n=,r="},
        {"-", true, "sasl(SCRAM-SHA-256)", "SCRAM-SHA-256", "y,,n=,r="},
        {"channel_binding=disable", true, "sasl(SCRAM-SHA-256)", "SCRAM-SHA-256", "n,,n=,r="},
        {"channel_binding=disable", true, "sasl(SCRAM-SHA-256-PLUS,SCRAM-SHA-256)", "SCRAM-SHA-256",
         "n,,n=,r="},
        {"-", true, "sasl(SCRAM-SHA-256,SCRAM-SHA-256-PLUS)", "SCRAM-SHA-256-PLUS",
         "p=tls-server-end-point,,n=,r="},
        {"channel_binding=require", true, "sasl(SCRAM-SHA-256-PLUS)", "SCRAM-SHA-256-PLUS",
         "p=tls-server-end-point,,n=,r="},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct one t = {0};

        begin(&t, rows[i].settings, rows[i].tls);
        assert_int_equal(ask(&t, rows[i].offer), PGSEAL_MORE);
        assert_memory_equal(gs2(&t, rows[i].mechanism), rows[i].header, strlen(rows[i].header));
        end(&t);
    }
}

/* c= is "p=tls-server-end-point,," and 32 bytes 0xb1, then our nonce and the server's. */
static void test_auth__plus__sends_the_binding(void **state)
{
    static const char expected[] =
        "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwssbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbE=,r=abcxyz,"
        "p=";
    struct one t = {0};

    begin(&t, "-", true);
    t.o.auth.INSECURE_test_nonce = "abc";
    assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256-PLUS)"), PGSEAL_MORE);
    assert_memory_equal(gs2(&t, "SCRAM-SHA-256-PLUS"), "p=tls-server-end-point,,n=,r=abc", 32);
    pgseal_buf_consume(&t.reply, pgseal_buf_len(&t.reply));
    assert_int_equal(ask(&t, "cont(r=abcxyz,s={S},i=16)"), PGSEAL_MORE);
    assert_memory_equal(pgseal_buf_peek(&t.reply) + 5, expected, sizeof(expected) - 1);
    end(&t);
}

static int no_binding(void *ctx, uint8_t out[64], struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_BINDING, "could not find digest for NID UNDEF");
}

static void test_auth__binding_not_available__fails_with_its_text(void **state)
{
    struct one t = {0};

    begin(&t, "-", true);
    t.o.auth.INSECURE_test_nonce = "abc";
    t.o.auth.binding = no_binding;
    assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256-PLUS)"), PGSEAL_MORE);
    assert_int_equal(ask(&t, "cont(r=abcxyz,s={S},i=16)"), PGSEAL_E_BINDING);
    assert_string_equal(t.err.msg, "could not find digest for NID UNDEF");
    end(&t);
}

static void test_auth__nonces__are_long_and_differ(void **state)
{
    char seen[2][32];

    for (int i = 0; i < 2; i++) {
        struct one t = {0};

        begin(&t, "-", false);
        assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256)"), PGSEAL_MORE);
        assert_int_equal(pgseal_buf_len(&t.reply), 5 + 14 + 4 + 8 + 24);
        memcpy(seen[i], gs2(&t, "SCRAM-SHA-256") + 8, 24);
        end(&t);
    }
    assert_memory_not_equal(seen[0], seen[1], 24);
}

static void test_auth__facts__tell_what_was_proved(void **state)
{
    static const struct {
        bool tls;
        const char *messages[4];
        const char *method;
        bool used, proved, bound;
    } rows[] = {
        {false, {"ok"}, "none", false, false, false},
        {true, {"sasl(SCRAM-SHA-256)", "ok"}, "SCRAM-SHA-256", false, false, false},
        {true,
         {"sasl(SCRAM-SHA-256)", "cont(r={N}x,s={S},i=16)", "ok"},
         "SCRAM-SHA-256",
         true,
         false,
         false},
        {true,
         {"sasl(SCRAM-SHA-256)", "cont(r={N}x,s={S},i=16)", "final(v={V})", "ok"},
         "SCRAM-SHA-256",
         true,
         true,
         false},
        {true,
         {"sasl(SCRAM-SHA-256-PLUS)", "cont(r={N}x,s={S},i=16)", "final(v={V})", "ok"},
         "SCRAM-SHA-256-PLUS",
         true,
         true,
         true},
        {true,
         {"sasl(SCRAM-SHA-256-PLUS)", "cont(r={N}x,s={S},i=16)", "final(v={X})"},
         "SCRAM-SHA-256-PLUS",
         true,
         false,
         false},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct row r = {.tls = rows[i].tls, .settings = "-"};
        struct row_options o;
        struct pgseal_auth_facts facts = {0};
        char got[4096];

        for (; r.count < 4 && rows[i].messages[r.count] != NULL; r.count++)
            snprintf(r.messages[r.count], sizeof(r.messages[0]), "%s", rows[i].messages[r.count]);
        table_options(&r, &o);
        play(&r, &o.auth, &facts, got, sizeof(got));
        assert_string_equal(facts.method, rows[i].method);
        assert_int_equal(facts.password_used, rows[i].used);
        assert_int_equal(facts.server_proved, rows[i].proved);
        assert_int_equal(facts.channel_bound, rows[i].bound);
        assert_int_equal(facts.iterations, rows[i].used ? 16 : 0);
    }
}

/* ---- risks --------------------------------------------------------------------------------- */

static void test_auth__password_to_unverified_server__warns_once(void **state)
{
    static const struct {
        bool tls;
        const char *request, *warning;
    } rows[] = {
        {true, "password",
         "the password in clear text goes to a server whose certificate was not verified: whoever "
         "is in between reads it; use sslmode=verify-full sslrootcert=FILE"},
        {false, "password",
         "the password in clear text goes to a server over a connection without TLS: whoever is "
         "in between reads it; use sslmode=verify-full sslrootcert=FILE"},
        {true, "md5",
         "an MD5 hash of the password goes to a server whose certificate was not verified: whoever "
         "is in between can guess the password from it, or log in with it at once; use "
         "sslmode=verify-full sslrootcert=FILE"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct one t = {0};

        begin(&t, "-", rows[i].tls);
        t.o.auth.verified = false;
        assert_int_equal(ask(&t, rows[i].request), PGSEAL_MORE);
        assert_string_equal(pgseal_auth_warning(t.a), rows[i].warning);
        assert_null(pgseal_auth_warning(t.a));
        assert_int_equal(ask(&t, rows[i].request), PGSEAL_MORE);
        assert_null(pgseal_auth_warning(t.a));
        end(&t);
    }
}

static void test_auth__verified_or_local_server__no_warning(void **state)
{
    struct one t = {0};

    begin(&t, "-", false);
    t.o.auth.verified = true; /* a Unix socket */
    assert_int_equal(ask(&t, "password"), PGSEAL_MORE);
    assert_null(pgseal_auth_warning(t.a));
    end(&t);
}

static void test_auth__strict__sends_nothing_to_unverified_server(void **state)
{
    static const char *const requests[] = {"password", "md5", "sasl(SCRAM-SHA-256)",
                                           "sasl(SCRAM-SHA-256-PLUS)"};

    for (size_t i = 0; i < PGSEAL_COUNT(requests); i++) {
        struct one t = {0};

        begin(&t, "channel_binding=require", true);
        if (requests[i][0] != 's')
            t.o.opt.channel_binding = PGSEAL_ALLOW_OR_PREFER;
        t.o.auth.strict = true;
        t.o.auth.verified = false;
        if (strcmp(requests[i], "sasl(SCRAM-SHA-256)") == 0) {
            t.o.opt.channel_binding = PGSEAL_ALLOW_OR_PREFER;
            t.o.auth.tls = false;
        }
        assert_int_equal(ask(&t, requests[i]), PGSEAL_E_PASSWORD_RISK);
        assert_int_equal(pgseal_buf_len(&t.reply), 0);
        assert_non_null(strstr(t.err.hint, "sslmode=verify-full"));
        end(&t);
    }
}

/* ---- tokens of IAM ------------------------------------------------------------------------- */

#define TOKEN                                                                             \
    "a.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app"  \
    "&X-Amz-Credential=A%2F20261123%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date="      \
    "20261123T170000Z&X-Amz-Expires=900&X-Amz-Signature=0123456789abcdef0123456789abcdef" \
    "0123456789abcdef0123456789abcdef"

static void test_auth__iam_token__unverified_or_astray__warns(void **state)
{
    static const struct {
        bool verified;
        const char *host, *warning; /* NULL = none */
    } rows[] = {
        {false, "a.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com",
         "an IAM token in clear text goes to a server whose certificate was not verified: whoever "
         "is in between can log in with it until 2026-11-23 17:15:00 UTC; use sslmode=verify-full "
         "sslrootcert=FILE"},
        {true, "A.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com.", NULL},
        {true, "b.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com",
         "the IAM token is for a.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com and goes to "
         "b.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com, which can log in there with it until "
         "2026-11-23 17:15:00 UTC; sign a token for the endpoint you connect to"},
        {true, "localhost", NULL}, /* a tunnel */
        {true, NULL, NULL},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct one t = {0};
        const char *warning;

        begin(&t, "-", true);
        t.o.auth.password = TOKEN;
        t.o.auth.verified = rows[i].verified;
        t.o.auth.host = rows[i].host;
        assert_int_equal(ask(&t, "password"), PGSEAL_MORE);
        assert_int_equal(pgseal_buf_len(&t.reply), 5 + sizeof(TOKEN)); /* whatever is said */
        warning = pgseal_auth_warning(t.a);
        if (rows[i].warning == NULL)
            assert_null(warning);
        else
            assert_string_equal(warning, rows[i].warning);
        end(&t);
    }
}

static void test_auth__iam_token__strict__goes_to_its_endpoint_only(void **state)
{
    static const struct {
        const char *host;
        int rc;
    } rows[] = {
        {"a.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", PGSEAL_MORE},
        {NULL, PGSEAL_MORE}, /* a Unix socket */
        {"b.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", PGSEAL_E_PASSWORD_RISK},
        {"db.example.com", PGSEAL_E_PASSWORD_RISK},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct one t = {0};

        begin(&t, "-", true);
        t.o.auth.password = TOKEN;
        t.o.auth.strict = t.o.auth.verified = true;
        t.o.auth.host = rows[i].host;
        assert_int_equal(ask(&t, "password"), rows[i].rc);
        assert_null(pgseal_auth_warning(t.a));
        if (rows[i].rc < 0) {
            assert_int_equal(pgseal_buf_len(&t.reply), 0);
            assert_non_null(strstr(t.err.msg, "strict: an IAM token for a.cluster-cx5u2qk1abcd"));
            assert_non_null(strstr(t.err.msg, rows[i].host));
            assert_non_null(strstr(t.err.detail, "Nothing was sent."));
            assert_null(strstr(t.err.msg, "0123456789abcdef"));
            assert_null(strstr(t.err.detail, "0123456789abcdef"));
        }
        end(&t);
    }
}

static void test_auth__strict__wants_binding_with_scram_over_tls(void **state)
{
    struct one t = {0};

    begin(&t, "-", true);
    t.o.auth.strict = true;
    assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256)"), PGSEAL_E_BINDING);
    assert_int_equal(pgseal_buf_len(&t.reply), 0);
    assert_string_equal(t.err.detail, "The server does not offer SCRAM-SHA-256-PLUS.");
    end(&t);
}

static void test_auth__few_iterations_for_unverified_server__warns(void **state)
{
    struct one t = {0};

    begin(&t, "-", false);
    t.o.auth.INSECURE_test_nonce = "abc";
    assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256)"), PGSEAL_MORE);
    assert_null(pgseal_auth_warning(t.a));
    assert_int_equal(ask(&t, "cont(r=abcx,s={S},i=16)"), PGSEAL_MORE);
    assert_non_null(strstr(pgseal_auth_warning(t.a), "only 16 SCRAM iterations (usual: 4096)"));
    end(&t);
    begin(&t, "-", false);
    t.a = NULL;
    t.o.auth.INSECURE_test_nonce = "abc";
    assert_int_equal(ask(&t, "sasl(SCRAM-SHA-256)"), PGSEAL_MORE);
    assert_int_equal(ask(&t, "cont(r=abcx,s={S},i=4096)"), PGSEAL_MORE);
    assert_null(pgseal_auth_warning(t.a));
    end(&t);
}

/* ---- sslcertmode=require ----------------------------------------------------------------- */

static void test_auth__certmode_require__needs_request_and_certificate(void **state)
{
    struct one t = {0};

    begin(&t, "sslcertmode=require", true);
    t.o.auth.cert_requested = true;
    assert_int_equal(ask(&t, "ok"), PGSEAL_E_CERT_REQUIRED);
    assert_string_equal(t.err.msg, "server accepted connection without a valid SSL certificate");
    end(&t);
    begin(&t, "sslcertmode=require", true);
    t.a = NULL;
    t.o.auth.cert_requested = true;
    t.o.auth.cert_sent = true;
    assert_int_equal(ask(&t, "ok"), PGSEAL_READY);
    end(&t);
}

static void test_auth__options_not_complete__is_usage(void **state)
{
    struct pgseal_options opt = {0};
    struct pgseal_auth_options o = {0};
    struct pgseal_err err = {0};

    o.opt = &opt;
    assert_null(pgseal_auth_new(&o, &err)); /* no size */
    assert_int_equal(err.code, PGSEAL_E_USAGE);
    o.size = sizeof(o);
    o.tls = true;
    assert_null(pgseal_auth_new(&o, &err)); /* nobody to ask for the binding */
    o.tls = false;
    o.opt = NULL;
    assert_null(pgseal_auth_new(&o, &err));
    assert_null(pgseal_auth_free(NULL));
}

static void events(void *ctx, const struct pgseal_trace_event *ev)
{
    char *out = ctx;

    pgseal__append(out, 256, "%d:%s ", ev->ev, ev->text != NULL ? ev->text : "-");
}

static void test_auth__trace__names_each_request(void **state)
{
    struct one t = {0};
    char got[256] = "", expected[256];

    begin(&t, "-", false);
    t.o.auth.trace.fn = events;
    t.o.auth.trace.ctx = got;
    assert_int_equal(ask(&t, "password"), PGSEAL_MORE);
    assert_int_equal(ask(&t, "ok"), PGSEAL_READY);
    snprintf(expected, sizeof(expected),
             "%d:AuthenticationCleartextPassword %d:AuthenticationOk %d:- ", PGSEAL_EV_AUTH,
             PGSEAL_EV_AUTH, PGSEAL_EV_AUTHOK);
    assert_string_equal(got, expected);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auth__every_row_of_scram_tbl__has_its_outcome),
        cmocka_unit_test(test_auth__each_allocation_fails__fails_cleanly),
        cmocka_unit_test(test_auth__cleartext__sends_the_password_with_nul),
        cmocka_unit_test(test_auth__md5__known_answer),
        cmocka_unit_test(test_auth__gs2_flag__follows_tls_offer_and_setting),
        cmocka_unit_test(test_auth__plus__sends_the_binding),
        cmocka_unit_test(test_auth__binding_not_available__fails_with_its_text),
        cmocka_unit_test(test_auth__nonces__are_long_and_differ),
        cmocka_unit_test(test_auth__facts__tell_what_was_proved),
        cmocka_unit_test(test_auth__password_to_unverified_server__warns_once),
        cmocka_unit_test(test_auth__verified_or_local_server__no_warning),
        cmocka_unit_test(test_auth__strict__sends_nothing_to_unverified_server),
        cmocka_unit_test(test_auth__iam_token__unverified_or_astray__warns),
        cmocka_unit_test(test_auth__iam_token__strict__goes_to_its_endpoint_only),
        cmocka_unit_test(test_auth__strict__wants_binding_with_scram_over_tls),
        cmocka_unit_test(test_auth__few_iterations_for_unverified_server__warns),
        cmocka_unit_test(test_auth__certmode_require__needs_request_and_certificate),
        cmocka_unit_test(test_auth__options_not_complete__is_usage),
        cmocka_unit_test(test_auth__trace__names_each_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

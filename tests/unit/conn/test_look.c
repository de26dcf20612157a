/* SPDX-License-Identifier: PostgreSQL */
/* A connection that only looks: all certificates are seen, nothing of the client is told. */
#include "core/base/base.h"
#include "pair.h"
#include "t.h"
#include "tls_ends.h"
#include "world.h"

#include <pgseal/conn.h>

static struct t_pki pki;
static struct t_world world;

static int setup(void **state)
{
    t_pki_make(&pki, NULL, NULL, NULL);
    t_world_init(&world);
    return 0;
}

static int teardown(void **state)
{
    t_pki_done(&pki);
    return 0;
}

struct looked {
    int rc;
    enum pgseal_outcome outcome;
    bool tls;
    size_t sent;
    struct pgseal_err err;
    int server_rc;
    bool server_started; /* the server was sent a packet */
};

/* Steps both until nothing moves; the client closes at the end, as a session does. */
static void play(struct pgseal_conn *c, struct pgseal_conn *s, struct t_pair *pair,
                 struct looked *out)
{
    bool closing = false;

    for (int quiet = 0, turn = 0; quiet < 3 && turn < 1000; turn++) {
        if (out->rc >= 0)
            out->rc = pgseal_conn_step(c, &pair->client, T_NOW, &out->err);
        if (out->server_rc >= 0)
            out->server_rc = pgseal_conn_step(s, &pair->server, T_NOW, NULL);
        if (out->rc == PGSEAL_READY && !closing) {
            closing = true;
            pgseal_conn_close(c, &pair->client, NULL);
        }
        pair->client_closed |= closing || out->rc < 0;
        pair->server_closed |= out->server_rc < 0;
        quiet = t_pair_move(pair) ? 0 : quiet + 1;
    }
}

static struct looked look(const char *conninfo, struct pgseal_tls_options *so, bool no_tls)
{
    struct pgseal_tls_ctx *server_ctx = no_tls ? NULL : pgseal_tls_ctx_new(so, NULL);
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_conn_client co = {.size = sizeof(co),
                                    .ci = ci,
                                    .world = &world.world,
                                    .method = PGSEAL_METHOD_TLS,
                                    .look = true};
    struct pgseal_conn_server o = {.size = sizeof(o), .tls_ctx = server_ctx};
    struct looked out = {0};
    struct pgseal_conn *c, *s = pgseal_conn_server_new(&o, NULL);
    struct pgseal_chain *sent;
    struct t_pair pair;

    assert_int_equal(pgseal_conninfo_parse(ci, conninfo, NULL), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, &world.world, NULL), 0);
    co.host = pgseal_conninfo_host(ci, 0);
    c = pgseal_conn_client_new(&co, &out.err);
    assert_non_null(c);
    t_pair_init(&pair, 65536, NULL);
    play(c, s, &pair, &out);
    out.outcome = pgseal_conn_outcome(c);
    out.tls = pgseal_conn_facts(c)->tls;
    sent = pgseal_conn_sent(c);
    out.sent = pgseal_chain_count(sent);
    out.server_started = pgseal_conn_startup(s) != NULL;
    assert_int_equal(pgseal_buf_len(&pair.server.plain_out), 0); /* not a byte behind TLS */
    pgseal_chain_free(sent);
    t_pair_done(&pair);
    pgseal_conn_free(c);
    pgseal_conn_free(s);
    pgseal_tls_ctx_free(server_ctx);
    pgseal_conninfo_free(ci);
    return out;
}

static struct pgseal_tls_options server_options(void)
{
    return (struct pgseal_tls_options){.size = sizeof(struct pgseal_tls_options),
                                       .server = true,
                                       .cert_pem = pki.chain_pem,
                                       .key_pem = pgseal_minted_key_pem(pki.leaf)};
}

/* Files that connect would need are not read: what the server shows does not depend on them. */
static void test_look__any_settings__sees_the_chain_and_says_nothing(void **state)
{
    static const char *const settings[] = {
        "host=db.test user=u password=secret",
        "host=other.test user=u sslmode=verify-full sslrootcert=missing.pem",
        "host=db.test user=u sslmode=disable",
        "host=db.test user=u sslrootcert=system",
        "host=db.test user=u sslcert=missing.crt sslkey=missing.key sslcrl=missing.crl",
        "host=db.test user=u ssl_max_protocol_version=TLSv1.2 channel_binding=require"};
    struct pgseal_tls_options so = server_options();

    for (size_t i = 0; i < PGSEAL_COUNT(settings); i++) {
        struct looked l = look(settings[i], &so, false);

        if (l.rc != PGSEAL_READY || !l.tls || l.sent != 2 || l.outcome != PGSEAL_OUT_OPEN)
            fail_msg("%s: %d %s, sent %zu", settings[i], l.rc, l.err.msg, l.sent);
        assert_false(l.server_started);
    }
}

static void test_look__server_wants_a_client_certificate__sees_the_chain(void **state)
{
    struct pgseal_trust *t = t_trust(pgseal_minted_cert_pem(pki.root));
    struct pgseal_tls_options so = server_options();
    struct looked l;

    so.trust = t;
    so.require_peer_cert = true;
    so.max = 0x0303; /* with TLS 1.2 the client waits for the verdict, which is a refusal */
    l = look("host=db.test user=u", &so, false);
    assert_int_equal(l.rc, PGSEAL_READY);
    assert_int_equal(l.outcome, PGSEAL_OUT_OPEN);
    assert_false(l.tls);
    assert_int_equal(l.sent, 2);
    assert_int_equal(l.server_rc, PGSEAL_E_TLS);
    so.max = 0x0304;
    l = look("host=db.test user=u", &so, false);
    assert_int_equal(l.rc, PGSEAL_READY);
    assert_int_equal(l.sent, 2);
    pgseal_trust_free(t);
}

static void test_look__nothing_to_see__fails(void **state)
{
    struct pgseal_tls_options so = server_options();
    struct looked l = look("host=db.test user=u", &so, true);

    assert_int_equal(l.rc, PGSEAL_E_NO_TLS);
    assert_int_equal(l.outcome, PGSEAL_OUT_NO_TLS);
    assert_int_equal(l.sent, 0);
    so.max = 0x0303;
    l = look("host=db.test user=u ssl_min_protocol_version=TLSv1.3", &so, false);
    assert_int_equal(l.rc, PGSEAL_E_TLS_VERSION);
    assert_int_equal(l.outcome, PGSEAL_OUT_TLS_FAILED);
    assert_int_equal(l.sent, 0);
}

static void test_look__without_tls__usage(void **state)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_conn_client co = {
        .size = sizeof(co), .ci = ci, .method = PGSEAL_METHOD_PLAIN, .look = true};
    struct pgseal_err err = {0};

    assert_null(pgseal_conn_client_new(&co, &err));
    assert_int_equal(err.code, PGSEAL_E_USAGE);
    pgseal_conninfo_free(ci);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look__any_settings__sees_the_chain_and_says_nothing),
        cmocka_unit_test(test_look__server_wants_a_client_certificate__sees_the_chain),
        cmocka_unit_test(test_look__nothing_to_see__fails),
        cmocka_unit_test(test_look__without_tls__usage),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Data through small queues, the three ways to end, and peers that send messages without end. */
#include "core/tls/tls_int.h"

#include "t.h"
#include "tls_ends.h"

static struct t_pki pki;
static struct pgseal_trust *roots;
static struct pgseal_tls_ctx *client_ctx, *server_ctx;

static void make_ctx(int version)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .min = version, .max = version};

    pgseal_tls_ctx_free(client_ctx);
    pgseal_tls_ctx_free(server_ctx);
    o.trust = roots;
    client_ctx = pgseal_tls_ctx_new(&o, NULL);
    o.trust = NULL;
    o.server = true;
    o.cert_pem = pki.chain_pem;
    o.key_pem = pgseal_minted_key_pem(pki.leaf);
    server_ctx = pgseal_tls_ctx_new(&o, NULL);
    assert_non_null(client_ctx);
    assert_non_null(server_ctx);
}

static int group_setup(void **state)
{
    t_pki_make(&pki, NULL, NULL, "serverAuth");
    roots = t_trust(pgseal_minted_cert_pem(pki.root));
    return 0;
}

static int group_teardown(void **state)
{
    pgseal_tls_ctx_free(client_ctx);
    pgseal_tls_ctx_free(server_ctx);
    pgseal_trust_free(roots);
    t_pki_done(&pki);
    return 0;
}

/* One direction of a bulk transfer: what was put in, what has come out. */
struct stream {
    uint64_t in_seed, out_seed;
    size_t put, got, total;
};

static void feed(struct stream *s, struct pgseal_buf *b)
{
    while (s->put < s->total && pgseal_buf_room(b) > 0) {
        uint8_t byte = (uint8_t)t_random(&s->in_seed);

        assert_int_equal(pgseal_buf_append(b, &byte, 1, NULL), 0);
        s->put++;
    }
}

/* Takes at most `most` bytes, so that a slow reader pushes back. */
static void drain(struct stream *s, struct pgseal_buf *b, size_t most)
{
    for (size_t i = 0; i < most && pgseal_buf_len(b) > 0; i++) {
        assert_int_equal(*pgseal_buf_peek(b), (uint8_t)t_random(&s->out_seed));
        pgseal_buf_consume(b, 1);
        s->got++;
    }
}

static void bulk(int version, size_t max, size_t total, size_t most, struct t_cut *cut)
{
    struct stream up = {1, 1, 0, 0, total}, down = {2, 2, 0, 0, total};
    struct t_ends e;

    make_ctx(version);
    t_ends_init(&e, client_ctx, server_ctx, "db.test", true, T_NOW, max, cut);
    for (long turn = 0; turn < 4000000 && (up.got < total || down.got < total); turn++) {
        feed(&up, &e.pair.client.plain_in);
        feed(&down, &e.pair.server.plain_in);
        e.client_rc = pgseal_tls_step(e.client, &e.pair.client, &e.client_err);
        e.server_rc = pgseal_tls_step(e.server, &e.pair.server, &e.server_err);
        if (e.client_rc < 0 || e.server_rc < 0)
            fail_msg("%s / %s", e.client_err.msg, e.server_err.msg);
        t_pair_move(&e.pair);
        drain(&up, &e.pair.server.plain_out, most);
        drain(&down, &e.pair.client.plain_out, most);
    }
    assert_int_equal(up.got, total);
    assert_int_equal(down.got, total);
    t_ends_done(&e);
}

static void test_data__both_ways_through_small_queues__arrives(void **state)
{
    static const size_t sizes[] = {1, 7, 300, 5000, 16384, 70000};

    for (size_t i = 0; i < PGSEAL_COUNT(sizes); i++) {
        struct t_cut cut = {T_CUT_RANDOM, t_seed()};

        size_t total = sizes[i] < 1000 ? 1000 : 200000;

        printf("PGSEAL_TEST_SEED=0x%llx\n", (unsigned long long)cut.state);
        bulk(0x0304, sizes[i], total, 100000, NULL);
        bulk(0x0303, sizes[i], total, 100000, &cut);
        bulk(0x0304, sizes[i], total / 4, 500, &cut);
    }
}

/* A queue at its mark is a wait, not an error, and the handshake too survives a full queue. */
static void test_handshake__wire_out_full__waits(void **state)
{
    struct t_ends e;
    uint8_t one;
    int rc;

    make_ctx(0x0304);
    t_ends_init(&e, client_ctx, server_ctx, "db.test", true, T_NOW, 65536, NULL);
    e.pair.server.wire_out.max = 100; /* smaller than any flight of a server */
    for (int turn = 0; turn < 100000; turn++) {
        e.client_rc = pgseal_tls_step(e.client, &e.pair.client, &e.client_err);
        rc = pgseal_tls_step(e.server, &e.pair.server, &e.server_err);
        assert_true(rc >= 0);
        assert_true(pgseal_buf_len(&e.pair.server.wire_out) <= 100);
        if (e.client_rc == PGSEAL_READY && rc == PGSEAL_READY)
            break;
        t_pair_move(&e.pair);
    }
    assert_int_equal(e.client_rc, PGSEAL_READY);
    e.pair.server.wire_out.max = 131072;
    assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "x", 1, NULL), 0);
    t_ends_run(&e);
    assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 1);
    one = *pgseal_buf_peek(&e.pair.client.plain_out);
    assert_int_equal(one, 'x');
    t_ends_done(&e);
}

static void start(struct t_ends *e, int version)
{
    make_ctx(version);
    t_ends_init(e, client_ctx, server_ctx, "db.test", true, T_NOW, 65536, NULL);
    t_ends_run(e);
    assert_int_equal(e->client_rc, PGSEAL_READY);
    assert_int_equal(e->server_rc, PGSEAL_READY);
}

static void test_end__three_ways__three_results(void **state)
{
    for (int version = 0x0303; version <= 0x0304; version++) {
        struct t_ends e;

        /* the connection is cut: an error, after what had arrived was delivered */
        start(&e, version);
        assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "last", 4, NULL), 0);
        assert_int_equal(pgseal_tls_step(e.server, &e.pair.server, NULL), PGSEAL_READY);
        e.pair.server_closed = true;
        t_ends_run(&e);
        assert_int_equal(e.client_rc, PGSEAL_E_CLOSED);
        assert_string_equal(e.client_err.msg, "SSL error: unexpected eof while reading");
        assert_non_null(strstr(e.client_err.detail, "without close_notify"));
        assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 4);
        assert_int_equal(pgseal_tls_step(e.client, &e.pair.client, NULL), PGSEAL_E_USAGE);
        t_ends_done(&e);

        /* a polite end */
        start(&e, version);
        assert_int_equal(pgseal_tls_close(e.server, &e.pair.server, NULL), 0);
        assert_int_equal(pgseal_tls_close(e.server, &e.pair.server, NULL), 0); /* said once */
        e.pair.server_closed = true;
        t_ends_run(&e);
        assert_int_equal(e.client_rc, PGSEAL_CLOSED);
        assert_int_equal(e.client_err.code, 0);
        t_ends_done(&e);

        /* one direction ends, the other goes on */
        start(&e, version);
        assert_int_equal(pgseal_buf_append(&e.pair.client.plain_in, "request", 7, NULL), 0);
        e.pair.client.plain_in_eof = true;
        t_ends_run(&e);
        assert_int_equal(e.client_rc, PGSEAL_READY);
        assert_int_equal(e.server_rc, PGSEAL_CLOSED);
        assert_int_equal(pgseal_buf_len(&e.pair.server.plain_out), 7);
        assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "response", 8, NULL), 0);
        t_ends_run(&e);
        assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 8);
        e.pair.server.plain_in_eof = true;
        t_ends_run(&e);
        assert_int_equal(e.client_rc, PGSEAL_CLOSED);
        t_ends_done(&e);
    }
}

static void test_close__before_the_handshake__does_nothing(void **state)
{
    struct t_ends e;

    make_ctx(0x0304);
    t_ends_init(&e, client_ctx, server_ctx, "db.test", true, T_NOW, 65536, NULL);
    assert_int_equal(pgseal_tls_close(e.client, &e.pair.client, NULL), 0);
    assert_int_equal(pgseal_buf_len(&e.pair.client.wire_out), 0);
    t_ends_done(&e);
}

/* What arrives together with the end of the handshake waits for the next step. */
static void test_step__handshake_and_data_in_one_piece__ready_first(void **state)
{
    struct t_ends e;

    make_ctx(0x0303); /* there the server finishes last */
    t_ends_init(&e, client_ctx, server_ctx, "db.test", true, T_NOW, 65536, NULL);
    assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "early", 5, NULL), 0);
    while (e.server_rc != PGSEAL_READY) {
        e.client_rc = pgseal_tls_step(e.client, &e.pair.client, &e.client_err);
        assert_int_equal(e.client_rc, PGSEAL_MORE);
        t_pair_move(&e.pair);
        e.server_rc = pgseal_tls_step(e.server, &e.pair.server, &e.server_err);
        assert_true(e.server_rc >= 0);
        if (e.server_rc != PGSEAL_READY)
            t_pair_move(&e.pair);
    }
    assert_int_equal(pgseal_tls_step(e.server, &e.pair.server, NULL), PGSEAL_READY);
    assert_int_equal(pgseal_tls_close(e.server, &e.pair.server, NULL), 0);
    t_pair_move(&e.pair); /* Finished, data and close_notify together */
    assert_int_equal(pgseal_tls_step(e.client, &e.pair.client, NULL), PGSEAL_READY);
    assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 0);
    assert_int_equal(pgseal_tls_step(e.client, &e.pair.client, NULL), PGSEAL_CLOSED);
    assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 5);
    t_ends_done(&e);
}

/* Lets the server say KeyUpdate n times. */
static void key_updates(struct t_ends *e, int n)
{
    for (int i = 0; i < n; i++) {
        e->server->io = &e->pair.server;
        assert_int_equal(SSL_key_update(e->server->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(e->server->ssl), 1);
        e->server->io = NULL;
        t_pair_move(&e->pair);
    }
}

static void test_key_update__some__fine_and_without_end__refused(void **state)
{
    struct t_ends e;

    start(&e, 0x0304);
    for (int round = 0; round < 3; round++) { /* data in between starts the count again */
        key_updates(&e, 20);
        assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "data", 4, NULL), 0);
        t_ends_run(&e); /* data of one direction counts for both: only one side may be talking */
        assert_int_equal(e.client_rc, PGSEAL_READY);
        assert_int_equal(e.server_rc, PGSEAL_READY);
    }
    key_updates(&e, TLS_IDLE_MESSAGES_MAX + 1);
    e.client_rc = pgseal_tls_step(e.client, &e.pair.client, &e.client_err);
    assert_int_equal(e.client_rc, PGSEAL_E_LIMIT);
    t_ends_done(&e);
}

static void test_renegotiation__asked_by_the_server__refused(void **state)
{
    struct t_ends e;

    start(&e, 0x0303);
    SSL_clear_options(e.server->ssl, SSL_OP_NO_RENEGOTIATION);
    e.server->io = &e.pair.server;
    assert_int_equal(SSL_renegotiate(e.server->ssl), 1);
    assert_int_equal(SSL_do_handshake(e.server->ssl), 1); /* sends HelloRequest */
    e.server->io = NULL;
    t_pair_move(&e.pair);
    assert_int_equal(pgseal_tls_step(e.client, &e.pair.client, NULL), PGSEAL_READY);
    assert_int_equal(e.client->seen.alert_sent, SSL_AD_NO_RENEGOTIATION);
    t_ends_done(&e);
}

/* An idle endpoint holds no record buffers: what RELEASE_BUFFERS is for. */
static void test_idle__after_data__nothing_pending(void **state)
{
    struct t_ends e;

    start(&e, 0x0304);
    assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "data", 4, NULL), 0);
    t_ends_run(&e);
    assert_int_equal(SSL_has_pending(e.client->ssl), 0);
    assert_true(SSL_get_mode(e.client->ssl) & SSL_MODE_RELEASE_BUFFERS);
    pgseal_buf_consume(&e.pair.client.plain_out, 4);
    assert_int_equal(pgseal_tls_step(e.client, &e.pair.client, NULL), PGSEAL_READY);
    t_ends_done(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data__both_ways_through_small_queues__arrives),
        cmocka_unit_test(test_handshake__wire_out_full__waits),
        cmocka_unit_test(test_end__three_ways__three_results),
        cmocka_unit_test(test_close__before_the_handshake__does_nothing),
        cmocka_unit_test(test_step__handshake_and_data_in_one_piece__ready_first),
        cmocka_unit_test(test_key_update__some__fine_and_without_end__refused),
        cmocka_unit_test(test_renegotiation__asked_by_the_server__refused),
        cmocka_unit_test(test_idle__after_data__nothing_pending),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

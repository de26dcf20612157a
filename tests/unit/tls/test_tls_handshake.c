/* SPDX-License-Identifier: PostgreSQL */
/* Handshakes of our client with our server in memory: versions, keys, cuts, client certificates. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"

struct setup {
    struct t_pki server, client;
    struct pgseal_trust *roots, *client_roots;
};

static int make(void **state, const char *key, const char *digest)
{
    struct setup *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    t_pki_make(&s->server, key, digest, "serverAuth");
    t_pki_make(&s->client, key, digest, "clientAuth");
    s->roots = t_trust(pgseal_minted_cert_pem(s->server.root));
    s->client_roots = t_trust(pgseal_minted_cert_pem(s->client.root));
    *state = s;
    return 0;
}

static int make_ec(void **state)
{
    return make(state, "P-256", NULL);
}

static int make_rsa(void **state)
{
    return make(state, "RSA2048", "SHA384");
}

static int make_ed(void **state)
{
    return make(state, "ED25519", NULL);
}

static int drop(void **state)
{
    struct setup *s = *state;

    pgseal_trust_free(s->roots);
    pgseal_trust_free(s->client_roots);
    t_pki_done(&s->server);
    t_pki_done(&s->client);
    free(s);
    return 0;
}

static struct pgseal_tls_ctx *ctx(const struct pgseal_tls_options *o)
{
    struct pgseal_err err = {0};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(o, &err);

    if (c == NULL)
        fail_msg("%s", err.msg);
    return c;
}

/* One handshake, one message each way, a polite end; everything that happened goes into `out`. */
struct play {
    struct setup *s;
    int version;
    bool client_cert;
};

static void play(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const struct play *p = arg;
    struct pgseal_tls_options co = {.size = sizeof(co), .min = p->version, .max = p->version},
                              so = co;
    struct pgseal_tls_facts f, g;
    struct pgseal_tls_ctx *cc, *sc;
    struct pgseal_err err = {0};
    struct t_ends e;
    uint8_t a[64], b[64];
    int na, nb;

    co.trust = p->s->roots;
    so.server = true;
    so.cert_pem = p->s->server.chain_pem;
    so.key_pem = pgseal_minted_key_pem(p->s->server.leaf);
    if (p->client_cert) {
        so.trust = p->s->client_roots;
        so.require_peer_cert = true;
        co.cert_pem = p->s->client.chain_pem;
        co.key_pem = pgseal_minted_key_pem(p->s->client.leaf);
    }
    cc = ctx(&co);
    sc = ctx(&so);
    t_ends_init(&e, cc, sc, "db.test", true, T_NOW, 65536, cut);
    assert_int_equal(pgseal_tls_facts(e.client, &f, &err), PGSEAL_E_USAGE);
    t_ends_run(&e);
    if (e.client_rc != PGSEAL_READY || e.server_rc != PGSEAL_READY)
        fail_msg("client %d %s, server %d %s", e.client_rc, e.client_err.msg, e.server_rc,
                 e.server_err.msg);
    assert_int_equal(pgseal_tls_facts(e.client, &f, &err), 0);
    assert_int_equal(pgseal_tls_facts(e.server, &g, &err), 0);
    assert_string_equal(f.version, p->version == 0x0304 ? "TLSv1.3" : "TLSv1.2");
    assert_string_equal(f.cipher, g.cipher);
    assert_string_equal(f.group, "X25519");
    assert_string_equal(f.group, g.group);
    assert_string_equal(f.alpn, "postgresql");
    assert_string_equal(g.alpn, "postgresql");
    assert_string_equal(f.sni, "db.test");
    assert_string_equal(g.sni, "db.test");
    assert_true(f.bits == 256 || f.bits == 128);
    assert_false(f.resumed);
    assert_true(f.has_peer);
    assert_int_equal(f.chain_len, 2);
    assert_true(f.verified.chain);
    assert_true(f.verified.name);
    assert_string_equal(f.verified.root_file, "root.crt");
    assert_int_equal(f.verified.until_unix_s, T_NOW + 30 * T_DAY);
    assert_int_equal(f.verified.until_depth, 0);
    assert_int_equal(f.cert_requested, p->client_cert);
    assert_int_equal(f.cert_sent, p->client_cert);
    assert_int_equal(g.has_peer, p->client_cert);
    assert_int_equal(g.verified.chain, p->client_cert);
    if (p->client_cert)
        assert_int_equal(g.chain_len, 2);
    na = pgseal_tls_binding(e.client, a, &err);
    nb = pgseal_tls_binding(e.server, b, &err);
    assert_int_equal(na, nb);
    if (na > 0)
        assert_memory_equal(a, b, (size_t)na);
    else
        assert_int_equal(na, PGSEAL_E_BINDING);

    assert_int_equal(pgseal_buf_append(&e.pair.client.plain_in, "question", 8, NULL), 0);
    assert_int_equal(pgseal_buf_append(&e.pair.server.plain_in, "answer", 6, NULL), 0);
    t_ends_run(&e);
    t_outcome_add(out, "%s %s %s", f.version, f.cipher, f.peer.subject);
    t_outcome_add_bytes(out, "server got", pgseal_buf_peek(&e.pair.server.plain_out),
                        pgseal_buf_len(&e.pair.server.plain_out));
    t_outcome_add_bytes(out, "client got", pgseal_buf_peek(&e.pair.client.plain_out),
                        pgseal_buf_len(&e.pair.client.plain_out));
    assert_int_equal(pgseal_buf_len(&e.pair.server.plain_out), 8);
    assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 6);

    assert_int_equal(pgseal_tls_close(e.client, &e.pair.client, &err), 0);
    t_ends_run(&e);
    assert_int_equal(e.server_rc, PGSEAL_CLOSED);
    assert_int_equal(pgseal_tls_close(e.server, &e.pair.server, &err), 0);
    t_ends_run(&e);
    assert_int_equal(e.client_rc, PGSEAL_CLOSED);
    t_outcome_add(out, "closed %d %d", e.client_rc, e.server_rc);
    t_ends_done(&e);
    pgseal_tls_ctx_free(cc);
    pgseal_tls_ctx_free(sc);
}

static void test_handshake__with_client_certificate_any_cut__same_outcome(void **state)
{
    struct play p = {.s = *state, .client_cert = true};

    for (p.version = 0x0303; p.version <= 0x0304; p.version++)
        t_chunked(play, &p);
}

static void test_handshake__every_version_and_cut__same_outcome(void **state)
{
    struct play p = {.s = *state};

    for (int i = 0; i < 4; i++) {
        p.version = i & 1 ? 0x0304 : 0x0303;
        p.client_cert = i >= 2;
        t_chunked(play, &p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"handshake_ec", test_handshake__every_version_and_cut__same_outcome, make_ec, drop, NULL},
        {"handshake_rsa", test_handshake__with_client_certificate_any_cut__same_outcome, make_rsa,
         drop, NULL},
        {"handshake_ed", test_handshake__with_client_certificate_any_cut__same_outcome, make_ed,
         drop, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* A verdict without a peer is that of a handshake, word by word; and what a peer sent is kept. */
#include "alloc.h"
#include "core/base/base.h"
#include "core/cert/cert.h"
#include "t.h"
#include "tls_ends.h"

#include <openssl/x509_vfy.h>

static struct t_pki pki, other, small;

static int setup(void **state)
{
    t_pki_make(&pki, NULL, NULL, NULL);
    t_pki_make(&other, NULL, NULL, NULL);
    t_pki_make(&small, NULL, NULL, "clientAuth");
    return 0;
}

static int teardown(void **state)
{
    t_pki_done(&pki);
    t_pki_done(&other);
    t_pki_done(&small);
    return 0;
}

static struct pgseal_tls_ctx *client_ctx(const char *roots)
{
    struct pgseal_trust *t = t_trust(roots);
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = t};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL);

    assert_non_null(c);
    pgseal_trust_free(t);
    return c;
}

static struct pgseal_tls_ctx *server_ctx(const char *chain, const struct pgseal_minted *key)
{
    struct pgseal_tls_options o = {.size = sizeof(o),
                                   .server = true,
                                   .cert_pem = chain,
                                   .key_pem = pgseal_minted_key_pem(key)};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL);

    assert_non_null(c);
    return c;
}

static struct pgseal_chain *parse(const char *pem)
{
    struct pgseal_chain *c = pgseal_chain_parse("x", (const uint8_t *)pem, strlen(pem), NULL);

    assert_non_null(c);
    return c;
}

/* Both have the same certificates in the same order. */
static void same_chain(const struct pgseal_chain *a, const struct pgseal_chain *b)
{
    assert_non_null(a);
    assert_int_equal(pgseal_chain_count(a), pgseal_chain_count(b));
    for (size_t i = 0; i < pgseal_chain_count(a); i++) {
        struct pgseal_cert_info x, y;

        assert_int_equal(pgseal_chain_describe(a, i, &x), 0);
        assert_int_equal(pgseal_chain_describe(b, i, &y), 0);
        assert_string_equal(x.sha256, y.sha256);
    }
}

struct row {
    const char *what;
    const char *roots, *chain;
    const struct pgseal_minted *key;
    const char *host;
    int64_t now;
    int rc;
};

/* The same certificates through a handshake and to the judge. */
static void compare(const struct row *r)
{
    struct pgseal_tls_ctx *c = client_ctx(r->roots), *s = server_ctx(r->chain, r->key);
    struct pgseal_chain *chain = parse(r->chain), *sent;
    struct pgseal_err err = {0};
    struct pgseal_path path;
    struct pgseal_tls_facts f;
    struct t_ends e;
    int rc = pgseal_tls_judge(c, chain, r->host, r->now, &path, &err);

    t_ends_init(&e, c, s, r->host, r->host != NULL, r->now, 65536, NULL);
    t_ends_run(&e);
    if (rc != r->rc || (rc < 0 ? e.client_rc != rc : e.client_rc != PGSEAL_READY))
        fail_msg("%s: judged %d (%s), handshake %d (%s), wanted %d", r->what, rc, err.msg,
                 e.client_rc, e.client_err.msg, r->rc);
    if (rc < 0) {
        assert_string_equal(err.msg, e.client_err.msg);
        assert_string_equal(err.detail, e.client_err.detail);
        assert_string_equal(err.hint, e.client_err.hint);
        assert_int_equal(err.x509, e.client_err.x509);
        assert_int_equal(err.depth, e.client_err.depth);
    } else {
        assert_int_equal(pgseal_tls_facts(e.client, &f, NULL), 0);
        assert_int_equal(path.verified.name, f.verified.name);
        assert_int_equal(path.verified.chain, true);
        assert_string_equal(path.verified.root.sha256, f.verified.root.sha256);
        assert_string_equal(path.verified.root_file, f.verified.root_file);
        assert_int_equal(path.verified.root_line, f.verified.root_line);
        assert_int_equal(path.verified.until_unix_s, f.verified.until_unix_s);
        assert_int_equal(path.verified.until_depth, f.verified.until_depth);
        assert_string_equal(path.cert[0].sha256, f.peer.sha256);
        assert_string_equal(path.cert[path.n - 1].sha256, f.verified.root.sha256);
    }
    sent = pgseal_tls_sent(e.client); /* accepted or refused */
    same_chain(sent, chain);
    pgseal_chain_free(sent);
    pgseal_chain_free(chain);
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
}

static void test_judge__every_case__as_a_handshake(void **state)
{
    const char *root = pgseal_minted_cert_pem(pki.root);
    const char *leaf = pgseal_minted_cert_pem(pki.leaf);
    char *with_root = t_join(pki.chain_pem, root);
    char *both = t_join(pgseal_minted_cert_pem(other.root), root);
    const struct row rows[] = {
        {"good", root, pki.chain_pem, pki.leaf, "db.test", T_NOW, 0},
        {"good, name not asked", root, pki.chain_pem, pki.leaf, NULL, T_NOW, 0},
        {"by address", root, pki.chain_pem, pki.leaf, "127.0.0.1", T_NOW, 0},
        {"root sent", root, with_root, pki.leaf, "db.test", T_NOW, 0},
        {"second of the file", both, pki.chain_pem, pki.leaf, "db.test", T_NOW, 0},
        {"root sent, not known", pgseal_minted_cert_pem(other.root), with_root, pki.leaf, "db.test",
         T_NOW, PGSEAL_E_CERT},
        {"other root", pgseal_minted_cert_pem(other.root), pki.chain_pem, pki.leaf, "db.test",
         T_NOW, PGSEAL_E_CERT},
        {"only the intermediate", pgseal_minted_cert_pem(pki.sub), pki.chain_pem, pki.leaf,
         "db.test", T_NOW, PGSEAL_E_CERT},
        {"only the leaf", leaf, pki.chain_pem, pki.leaf, "db.test", T_NOW, PGSEAL_E_CERT},
        {"intermediate not sent", root, leaf, pki.leaf, "db.test", T_NOW, PGSEAL_E_CERT},
        {"ended", root, pki.chain_pem, pki.leaf, "db.test", T_NOW + 31 * T_DAY, PGSEAL_E_CERT},
        {"all ended", root, pki.chain_pem, pki.leaf, "db.test", T_NOW + 1001 * T_DAY,
         PGSEAL_E_CERT},
        {"not yet", root, pki.chain_pem, pki.leaf, "db.test", T_NOW - 2 * T_DAY, PGSEAL_E_CERT},
        {"purpose", pgseal_minted_cert_pem(small.root), small.chain_pem, small.leaf, "db.test",
         T_NOW, PGSEAL_E_CERT},
        {"other name", root, pki.chain_pem, pki.leaf, "db2.test", T_NOW, PGSEAL_E_CERT_NAME},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++)
        compare(&rows[i]);
    free(with_root);
    free(both);
}

/* Keys below the security level are refused by both, with the level of the context. */
static void test_judge__security_level__as_a_handshake(void **state)
{
    struct t_pki weak;

    t_pki_make(&weak, "RSA2048", NULL, NULL);
    for (int level = 1; level <= 3; level++) {
        struct pgseal_trust *t = t_trust(pgseal_minted_cert_pem(weak.root));
        char ciphers[40];
        struct pgseal_tls_options o = {.size = sizeof(o), .trust = t, .ciphers = ciphers};
        struct pgseal_tls_ctx *c;
        struct pgseal_chain *chain = parse(weak.chain_pem);
        struct pgseal_err err = {0};
        int rc;

        pgseal__format(ciphers, sizeof(ciphers), "DEFAULT@SECLEVEL=%d", level);
        c = pgseal_tls_ctx_new(&o, NULL);
        assert_non_null(c);
        rc = pgseal_tls_judge(c, chain, "db.test", T_NOW, NULL, &err);
        assert_int_equal(rc, level < 3 ? 0 : PGSEAL_E_CERT); /* 2048 bits are 112 bits strong */
        if (level == 3)
            assert_int_equal(err.x509, X509_V_ERR_EE_KEY_TOO_SMALL);
        pgseal_chain_free(chain);
        pgseal_tls_ctx_free(c);
        pgseal_trust_free(t);
    }
    t_pki_done(&weak);
}

static void test_judge__misuse__usage(void **state)
{
    struct pgseal_tls_options lax = {.size = sizeof(lax), .INSECURE_no_verify = true};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&lax, NULL);
    struct pgseal_tls_ctx *s = server_ctx(pki.chain_pem, pki.leaf);
    struct pgseal_tls_ctx *good = client_ctx(pgseal_minted_cert_pem(pki.root));
    struct pgseal_chain *chain = parse(pki.chain_pem);

    assert_int_equal(pgseal_tls_judge(c, chain, NULL, T_NOW, NULL, NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_tls_judge(s, chain, NULL, T_NOW, NULL, NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_tls_judge(good, NULL, NULL, T_NOW, NULL, NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_tls_judge(good, chain, "", T_NOW, NULL, NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_tls_judge(good, chain, NULL, T_NOW, NULL, NULL), 0);
    pgseal_chain_free(chain);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    pgseal_tls_ctx_free(good);
}

static int judge_once(void *arg)
{
    struct pgseal_tls_ctx *c = arg;
    struct pgseal_chain *chain =
        pgseal_chain_parse("x", (const uint8_t *)pki.chain_pem, strlen(pki.chain_pem), NULL);
    int rc = PGSEAL_E_NOMEM;

    if (chain != NULL)
        rc = pgseal_tls_judge(c, chain, "db.test", T_NOW, NULL, NULL);
    pgseal_chain_free(chain);
    return rc;
}

static void test_judge__allocation_fails__no_verdict(void **state)
{
    struct pgseal_tls_ctx *c = client_ctx(pgseal_minted_cert_pem(pki.root));

    assert_int_equal(judge_once(c), 0); /* the anchor is in the store from now on */
    assert_true(t_each_alloc_fails(judge_once, c) >= 1);
    pgseal_tls_ctx_free(c);
}

/* A server's view: the client's own certificate is among what was sent. */
static void test_sent__client_certificate__own_first(void **state)
{
    struct pgseal_trust *t = t_trust(pgseal_minted_cert_pem(small.root));
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .trust = t,
                                    .require_peer_cert = true,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(pki.leaf)};
    struct pgseal_tls_options co = {.size = sizeof(co),
                                    .INSECURE_no_verify = true,
                                    .cert_pem = small.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(small.leaf)};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&co, NULL), *s = pgseal_tls_ctx_new(&so, NULL);
    struct pgseal_chain *want = parse(small.chain_pem), *got;
    struct t_ends e;

    t_ends_init(&e, c, s, NULL, false, T_NOW, 65536, NULL);
    assert_null(pgseal_tls_sent(e.client)); /* nothing came yet */
    assert_null(pgseal_tls_sent(e.server));
    t_ends_run(&e);
    assert_int_equal(e.server_rc, PGSEAL_READY);
    got = pgseal_tls_sent(e.server);
    same_chain(got, want);
    pgseal_chain_free(got);
    t_ends_done(&e);
    t_ends_init(&e, c, s, NULL, false, T_NOW + 31 * T_DAY, 65536, NULL); /* refused: ended */
    t_ends_run(&e);
    assert_int_equal(e.server_rc, PGSEAL_E_CERT);
    got = pgseal_tls_sent(e.server);
    same_chain(got, want);
    pgseal_chain_free(got);
    pgseal_chain_free(want);
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    pgseal_trust_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge__every_case__as_a_handshake),
        cmocka_unit_test(test_judge__security_level__as_a_handshake),
        cmocka_unit_test(test_judge__misuse__usage),
        cmocka_unit_test(test_judge__allocation_fails__no_verdict),
        cmocka_unit_test(test_sent__client_certificate__own_first),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

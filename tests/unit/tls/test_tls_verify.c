/* SPDX-License-Identifier: PostgreSQL */
/* Which chains and names are accepted, when, and what is told about those that are not. */
#include "alloc.h"
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"

#include <openssl/x509_vfy.h>

static struct t_pki pki, other;
static struct pgseal_trust *roots;

static int setup(void **state)
{
    t_pki_make(&pki, NULL, NULL, NULL);
    t_pki_make(&other, NULL, NULL, NULL);
    roots = t_trust(pgseal_minted_cert_pem(pki.root));
    return 0;
}

static int teardown(void **state)
{
    pgseal_trust_free(roots);
    t_pki_done(&pki);
    t_pki_done(&other);
    return 0;
}

struct
try {
    struct pgseal_trust *trust;
    const char *cert_pem, *key_pem, *host;
    bool check_name, insecure;
    int64_t now;
};

/* Handshakes; returns the client's result, its error and, when it is ready, its facts. */
static int attempt(const struct try *a, struct t_cut *cut, struct pgseal_err *err,
                   struct pgseal_tls_facts *f, struct pgseal_err *server_err)
{
    struct pgseal_tls_options o = {
        .size = sizeof(o), .trust = a->trust, .INSECURE_no_verify = a->insecure};
    struct pgseal_tls_options so = {
        .size = sizeof(so), .server = true, .cert_pem = a->cert_pem, .key_pem = a->key_pem};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL), *s = pgseal_tls_ctx_new(&so, NULL);
    struct t_ends e;
    int rc;

    assert_non_null(c);
    assert_non_null(s);
    assert_int_equal(pgseal_tls_ctx_verifies(c), !a->insecure);
    t_ends_init(&e, c, s, a->host, a->check_name, a->now, 65536, cut);
    t_ends_run(&e);
    rc = e.client_rc;
    *err = e.client_err;
    if (server_err != NULL)
        *server_err = e.server_err;
    memset(f, 0, sizeof(*f));
    if (rc == PGSEAL_READY)
        assert_int_equal(pgseal_tls_facts(e.client, f, NULL), 0);
    else /* nothing was sealed or opened for a peer that was refused */
        assert_int_equal(pgseal_buf_len(&e.pair.client.plain_out), 0);
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    return rc;
}

static struct try usual(void)
{
    return (struct try){.trust = roots,
                        .cert_pem = pki.chain_pem,
                        .key_pem = pgseal_minted_key_pem(pki.leaf),
                        .host = "db.test",
                        .check_name = true,
                        .now = T_NOW};
}

static void expect_refused(const struct try *a, int x509, int depth, const char *detail)
{
    struct pgseal_err err, server_err;
    struct pgseal_tls_facts f;
    int rc = attempt(a, NULL, &err, &f, &server_err);

    assert_int_equal(rc, PGSEAL_E_CERT);
    assert_string_equal(err.msg, "SSL error: certificate verify failed");
    assert_int_equal(err.x509, x509);
    assert_int_equal(err.depth, depth);
    if (strstr(err.detail, detail) == NULL)
        fail_msg("%s", err.detail);
    assert_true(err.hint[0] != '\0');
    assert_int_equal(server_err.code, PGSEAL_E_TLS_ALERT); /* the server is told why */
}

/* The machine's clock does not matter: the same bytes are judged at the time given. */
static void test_time__travels(void **state)
{
    struct try a = usual();
    struct pgseal_err err;
    struct pgseal_tls_facts f;

    for (int64_t day = -1; day < 30; day++) {
        a.now = T_NOW + day * T_DAY + 1;
        assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    }
    /* RFC 5280 4.1.2.5 counts notAfter itself as valid; OpenSSL, and so libpq, does not. */
    a.now = T_NOW + 30 * T_DAY - 1;
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    a.now = T_NOW + 30 * T_DAY;
    expect_refused(&a, X509_V_ERR_CERT_HAS_EXPIRED, 0, "db.test");
    a.now = T_NOW - T_DAY - 1;
    expect_refused(&a, X509_V_ERR_CERT_NOT_YET_VALID, 0, "db.test");
    a.now = T_NOW + 1000 * T_DAY + 1; /* all three have ended: OpenSSL looks at the root first */
    expect_refused(&a, X509_V_ERR_CERT_HAS_EXPIRED, 2, "test root");
}

static void test_chain__wrong_root_missing_link_self_signed(void **state)
{
    struct pgseal_trust *wrong = t_trust(pgseal_minted_cert_pem(other.root));
    struct pgseal_trust *leaf_only = t_trust(pgseal_minted_cert_pem(pki.leaf));
    struct pgseal_trust *sub_only = t_trust(pgseal_minted_cert_pem(pki.sub));
    struct pgseal_mint_options alone = {.size = sizeof(alone),
                                        .cn = "db.test",
                                        .pathlen = -1,
                                        .not_before_unix_s = T_NOW - T_DAY,
                                        .not_after_unix_s = T_NOW + T_DAY};
    struct pgseal_minted *self = pgseal_mint(&alone, NULL, NULL);
    struct pgseal_trust *self_trust = t_trust(pgseal_minted_cert_pem(self));
    struct try a = usual();
    struct pgseal_tls_facts f;
    struct pgseal_err err;

    a.trust = wrong;
    expect_refused(&a, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, "test authority");
    a.trust = sub_only; /* partial chains are not accepted */
    expect_refused(&a, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, 1, "test authority");
    a.trust = leaf_only;
    expect_refused(&a, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, "test authority");
    a.trust = NULL; /* a context without any trust refuses everything */
    expect_refused(&a, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, "test authority");
    a = usual();
    a.cert_pem = pgseal_minted_cert_pem(pki.leaf); /* the intermediate is not sent */
    expect_refused(&a, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, "db.test");
    a.cert_pem = pgseal_minted_cert_pem(self);
    a.key_pem = pgseal_minted_key_pem(self);
    expect_refused(&a, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0, "db.test");
    a.trust = self_trust; /* a self-signed leaf in the file is its own root */
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    assert_true(f.verified.chain);
    assert_int_equal(f.verified.until_unix_s, T_NOW + T_DAY);

    pgseal_trust_free(wrong);
    pgseal_trust_free(leaf_only);
    pgseal_trust_free(sub_only);
    pgseal_trust_free(self_trust);
    pgseal_minted_free(self);
}

static void test_purpose__client_certificate_as_server__refused(void **state)
{
    struct t_pki c;
    struct pgseal_trust *t;
    struct try a = usual();

    t_pki_make(&c, NULL, NULL, "clientAuth");
    t = t_trust(pgseal_minted_cert_pem(c.root));
    a.trust = t;
    a.cert_pem = c.chain_pem;
    a.key_pem = pgseal_minted_key_pem(c.leaf);
    expect_refused(&a, X509_V_ERR_INVALID_PURPOSE, 0, "db.test");
    pgseal_trust_free(t);
    t_pki_done(&c);
}

static void test_level__weak_digest__refused(void **state)
{
    struct t_pki c;
    struct pgseal_trust *t;
    struct try a = usual();
    struct pgseal_err err;

    t_pki_make(&c, "RSA2048", "SHA1", NULL);
    t = t_trust(pgseal_minted_cert_pem(c.root));
    a.trust = t;
    a.cert_pem = c.chain_pem;
    a.key_pem = pgseal_minted_key_pem(c.leaf);
    /* Level 2 stops our own server too, as it stops PostgreSQL at start. */
    struct pgseal_tls_options so = {
        .size = sizeof(so), .server = true, .cert_pem = a.cert_pem, .key_pem = a.key_pem};
    assert_null(pgseal_tls_ctx_new(&so, &err));
    assert_string_equal(err.msg, "could not read the certificate: ca md too weak");
    pgseal_trust_free(t);
    t_pki_done(&c);
}

static void test_name__checked_only_when_asked(void **state)
{
    struct pgseal_err err, server_err;
    struct pgseal_tls_facts f;
    struct try a = usual();

    a.host = "other.test";
    assert_int_equal(attempt(&a, NULL, &err, &f, &server_err), PGSEAL_E_CERT_NAME);
    assert_string_equal(err.msg, "server certificate for \"db.test\" (and 1 other name) does not "
                                 "match host name \"other.test\"");
    assert_true(err.detail[0] != '\0');
    assert_true(err.hint[0] != '\0');
    assert_int_equal(server_err.code, 0); /* the handshake stood; it was ended politely */
    a.check_name = false;
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    assert_true(f.verified.chain);
    assert_false(f.verified.name);
    assert_string_equal(f.sni, "other.test");
    a.host = NULL;
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    assert_string_equal(f.sni, "");
    a.check_name = true;
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_E_USAGE);
    assert_string_equal(err.msg, "host name must be specified for a verified SSL connection");
    a.host = "";
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_E_USAGE);
    a.host = "127.0.0.1";
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    assert_true(f.verified.name);
    assert_string_equal(f.sni, "");
}

static void test_insecure__accepts_and_says_so(void **state)
{
    struct pgseal_err err;
    struct pgseal_tls_facts f;
    struct try a = usual();

    a.trust = NULL;
    a.insecure = true;
    a.check_name = false;
    a.now = T_NOW + 100000 * T_DAY;
    assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
    assert_false(f.verified.chain);
    assert_false(f.verified.name);
    assert_string_equal(f.verified.root_file, "");
    assert_true(f.has_peer);
}

/* fe-secure-openssl.c initialize_SSL: no name that is empty, only digits and dots, or has ':'. */
static void test_sni__libpq_rules(void **state)
{
    static const struct {
        const char *host, *sni;
    } rows[] = {{"db.test", "db.test"},
                {"1234", ""},
                {"10.0.0.1", ""},
                {"1.2.3.4.", ""},
                {"::1", ""},
                {"a:b", ""},
                {"", ""},
                {"1a", "1a"},
                {"db.test.", "db.test."},
                {"DB.Test", "DB.Test"},
                {"0x7f.1", "0x7f.1"}};
    struct pgseal_err err;
    struct pgseal_tls_facts f;
    struct try a = usual();
    char longer[300];
    struct pgseal_tls_options o = {.size = sizeof(o), .INSECURE_no_verify = true};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL);

    a.check_name = false;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        a.host = rows[i].host;
        assert_int_equal(attempt(&a, NULL, &err, &f, NULL), PGSEAL_READY);
        assert_string_equal(f.sni, rows[i].sni);
    }
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(pgseal_tls_new(c, longer, true, false, T_NOW, &err));
    assert_string_equal(
        err.msg, "could not set SSL Server Name Indication (SNI): ssl3 ext invalid servername");
    pgseal_tls_free(pgseal_tls_new(c, longer, false, false, T_NOW, &err)); /* sslsni=0 */
    pgseal_tls_ctx_free(c);
}

static int alpn_case(bool client_offers, bool server_knows, bool check_name, const char *host,
                     struct pgseal_err *err)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = roots, .no_alpn = !client_offers};
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .no_alpn = !server_knows,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(pki.leaf)};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL), *s = pgseal_tls_ctx_new(&so, NULL);
    struct t_ends e;
    int rc;

    t_ends_init(&e, c, s, host, check_name, T_NOW, 65536, NULL);
    pgseal_tls_require_alpn(e.client);
    t_ends_run(&e);
    rc = e.client_rc;
    *err = e.client_err;
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    return rc;
}

static void test_alpn__required(void **state)
{
    struct pgseal_err err;

    assert_int_equal(alpn_case(true, true, true, "db.test", &err), PGSEAL_READY);
    assert_int_equal(alpn_case(true, false, true, "db.test", &err), PGSEAL_E_ALPN);
    assert_string_equal(err.msg, "direct SSL connection was established without ALPN protocol "
                                 "negotiation extension");
    assert_true(err.hint[0] != '\0');
    /* libpq looks at ALPN before it looks at the name */
    assert_int_equal(alpn_case(true, false, true, "other.test", &err), PGSEAL_E_ALPN);
    assert_int_equal(alpn_case(true, true, true, "other.test", &err), PGSEAL_E_CERT_NAME);
}

/* The whole life of two endpoints, for the allocation law. */
static int life(void *arg)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = roots};
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(pki.leaf)};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL), *s = pgseal_tls_ctx_new(&so, NULL);
    struct pgseal_tls *ct = NULL, *st = NULL;
    struct pgseal_err err;
    struct pgseal_io io[2];
    int rc = -1, a = 0, b = 0;

    pgseal_io_init(&io[0], 65536);
    pgseal_io_init(&io[1], 65536);
    if (c != NULL && s != NULL) {
        ct = pgseal_tls_new(c, "db.test", true, true, T_NOW, &err);
        st = pgseal_tls_new(s, NULL, false, false, T_NOW, &err);
    }
    for (int i = 0; ct != NULL && st != NULL && i < 20 && a >= 0 && b >= 0; i++) {
        if (i == 5 && pgseal_buf_append(&io[0].plain_in, "hello", 5, NULL) < 0)
            break;
        a = pgseal_tls_step(ct, &io[0], &err);
        b = pgseal_tls_step(st, &io[1], &err);
        if (pgseal_buf_move(&io[0].wire_in, &io[1].wire_out, NULL) < 0 ||
            pgseal_buf_move(&io[1].wire_in, &io[0].wire_out, NULL) < 0)
            break;
        if (pgseal_buf_len(&io[1].plain_out) == 5) {
            rc = 0;
            break;
        }
    }
    pgseal_tls_free(ct);
    pgseal_tls_free(st);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    pgseal_io_done(&io[0]);
    pgseal_io_done(&io[1]);
    return rc;
}

static void test_life__every_allocation_fails__nothing_leaks(void **state)
{
    assert_true(t_each_alloc_fails(life, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time__travels),
        cmocka_unit_test(test_chain__wrong_root_missing_link_self_signed),
        cmocka_unit_test(test_purpose__client_certificate_as_server__refused),
        cmocka_unit_test(test_level__weak_digest__refused),
        cmocka_unit_test(test_name__checked_only_when_asked),
        cmocka_unit_test(test_insecure__accepts_and_says_so),
        cmocka_unit_test(test_sni__libpq_rules),
        cmocka_unit_test(test_alpn__required),
        cmocka_unit_test(test_life__every_allocation_fails__nothing_leaks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

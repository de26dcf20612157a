/* SPDX-License-Identifier: PostgreSQL */
/* openssl.cnf counts for us as it does for libpq: limits, levels, and verification turned on. */
#include "core/tls/tls_int.h"

#include "t.h"
#include "tls_ends.h"
#include "world.h"

#include <openssl/conf.h>

static struct t_pki pki;

static int setup(void **state)
{
    t_pki_make(&pki, NULL, NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    t_pki_done(&pki);
    return 0;
}

/* An empty section is an error: this one says what is so already. */
#define NOTHING "Options = MiddleboxCompat"

/* Makes `lines` the system default of all contexts to come, as /etc/ssl/openssl.cnf would. */
static void configure(const char *lines)
{
    char text[512];
    CONF *conf = NCONF_new(NULL);
    BIO *b;
    long bad;

    snprintf(text, sizeof(text),
             "openssl_conf = d\n[d]\nssl_conf = s\n[s]\nsystem_default = x\n[x]\n%s\n", lines);
    b = BIO_new_mem_buf(text, -1);
    assert_int_equal(NCONF_load_bio(conf, b, &bad), 1);
    CONF_modules_finish();
    OPENSSL_load_builtin_modules();
    assert_int_equal(CONF_modules_load(conf, NULL, 0), 1);
    NCONF_free(conf);
    BIO_free(b);
}

/* The result of a client that libpq's rules build, against a server that allows everything. */
static int attempt(struct pgseal_options *o, const char *root, struct pgseal_err *err)
{
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(pki.leaf)};
    struct pgseal_tls_facts f;
    struct pgseal_tls_ctx *c, *s;
    struct t_world w;
    struct t_ends e;
    int rc;

    o->sslsni = true;
    o->sslcertmode = PGSEAL_ALLOW_OR_PREFER;
    t_world_init(&w);
    if (root != NULL)
        t_world_file(&w, "/home/u/.postgresql/root.crt", root);
    c = pgseal_tls_ctx_client(o, &w.world, T_NOW, NULL);
    configure(NOTHING);
    s = pgseal_tls_ctx_new(&so, NULL);
    assert_non_null(c);
    assert_non_null(s);
    t_ends_init(&e, c, s, "db.test", false, T_NOW, 65536, NULL);
    t_ends_run(&e);
    rc = e.client_rc;
    *err = e.client_err;
    if (rc == PGSEAL_READY) {
        assert_int_equal(pgseal_tls_facts(e.client, &f, NULL), 0);
        assert_int_equal(f.verified.chain, pgseal_tls_ctx_verifies(c));
    }
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    return rc;
}

static struct pgseal_options usual(void)
{
    return (struct pgseal_options){
        .sslmode = PGSEAL_SSLMODE_REQUIRE, .tls_min = 0x0303, .tls_min_text = "TLSv1.2"};
}

/* psql 15 with VerifyMode = Peer refuses under sslmode=require without any root file. */
static void test_verify_mode__verifies_without_a_root_file(void **state)
{
    struct pgseal_options o = usual();
    struct pgseal_err err;

    configure(NOTHING);
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_READY);
    configure("VerifyMode = Peer");
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_E_CERT);
    assert_string_equal(err.msg, "SSL error: certificate verify failed");
    assert_int_equal(err.x509, 20);
    configure("VerifyMode = Peer");
    assert_int_equal(attempt(&o, pgseal_minted_cert_pem(pki.root), &err), PGSEAL_READY);
}

static void test_protocols__limits_add_up(void **state)
{
    struct pgseal_options o = usual();
    struct pgseal_err err;

    configure("MaxProtocol = TLSv1.1");
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_E_TLS_VERSION);
    assert_string_equal(err.msg, "SSL error: no protocols available\nThis may indicate that the "
                                 "server does not support any SSL protocol version between "
                                 "TLSv1.2 and TLSv1.3.");
    assert_non_null(strstr(err.hint, "openssl.cnf"));
    configure("MaxProtocol = TLSv1.1");
    o.tls_max = 0x0303; /* what is asked for replaces the file's limit */
    o.tls_max_text = "TLSv1.2";
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_READY);
    configure("MinProtocol = TLSv1.3");
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_READY);
    o.tls_min = 0;
    o.tls_min_text = "";
    configure("MinProtocol = TLSv1.3"); /* now it stays, and is above the maximum */
    assert_int_equal(attempt(&o, NULL, &err), PGSEAL_E_TLS_VERSION);
    assert_non_null(strstr(err.msg, "between  and TLSv1.2."));
}

static void test_level__weak_key_refused(void **state)
{
    struct pgseal_options o = usual();
    struct pgseal_err err;

    struct t_pki ec = pki;

    t_pki_make(&pki, "RSA2048", NULL, NULL); /* worth 112 bits: level 2, which Debian asks for */
    configure("CipherString = DEFAULT@SECLEVEL=2");
    assert_int_equal(attempt(&o, pgseal_minted_cert_pem(pki.root), &err), PGSEAL_READY);
    configure("CipherString = DEFAULT@SECLEVEL=3");
    assert_int_equal(attempt(&o, pgseal_minted_cert_pem(pki.root), &err), PGSEAL_E_CERT);
    assert_int_equal(err.x509, 66 /* X509_V_ERR_EE_KEY_TOO_SMALL */);
    t_pki_done(&pki);
    pki = ec;
}

/* Our own contexts never go below TLS 1.2, and keep what is stricter. */
static void test_own_contexts__never_weaker(void **state)
{
    static const struct {
        const char *lines;
        int min, max;
    } rows[] = {{NOTHING, 0x0303, 0},
                {"MinProtocol = TLSv1", 0x0303, 0},
                {"MinProtocol = TLSv1.3", 0x0304, 0},
                {"MaxProtocol = TLSv1.2", 0x0303, 0x0303}};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_tls_options o = {.size = sizeof(o)};
        struct pgseal_tls_ctx *c;

        configure(rows[i].lines);
        c = pgseal_tls_ctx_new(&o, NULL);
        assert_non_null(c);
        assert_int_equal(SSL_CTX_get_min_proto_version(c->ssl_ctx), rows[i].min);
        assert_int_equal(SSL_CTX_get_max_proto_version(c->ssl_ctx), rows[i].max);
        assert_int_equal(SSL_CTX_get_verify_mode(c->ssl_ctx), SSL_VERIFY_PEER);
        pgseal_tls_ctx_free(c);
    }
    configure(NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_mode__verifies_without_a_root_file),
        cmocka_unit_test(test_protocols__limits_add_up),
        cmocka_unit_test(test_level__weak_key_refused),
        cmocka_unit_test(test_own_contexts__never_weaker),
    };

    setenv("OPENSSL_CONF", "/dev/null", 1);
    return cmocka_run_group_tests(tests, setup, teardown);
}

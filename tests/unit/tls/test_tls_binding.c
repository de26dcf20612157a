/* SPDX-License-Identifier: PostgreSQL */
/* tls-server-end-point for every kind of signature a certificate may have. */
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static char *pem_of(X509 *x, EVP_PKEY *k)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p, *out;
    long n;

    if (x != NULL)
        assert_int_equal(PEM_write_bio_X509(b, x), 1);
    else
        assert_int_equal(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_get_mem_data(b, &p);
    out = malloc((size_t)n + 1);
    assert_non_null(out);
    memcpy(out, p, (size_t)n);
    out[n] = '\0';
    BIO_free(b);
    return out;
}

/* Signs `x`: digest NULL for Ed25519; pss: RSA-PSS. */
static void sign(X509 *x, EVP_PKEY *k, const char *digest, bool pss)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pc = NULL;
    const EVP_MD *md = digest != NULL ? EVP_get_digestbyname(digest) : NULL;

    assert_int_equal(EVP_DigestSignInit(m, &pc, md, NULL, k), 1);
    if (pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(X509_sign_ctx(x, m) > 0);
    EVP_MD_CTX_free(m);
}

static X509 *make(EVP_PKEY *k, EVP_PKEY *signer, const char *digest, bool pss)
{
    X509 *x = X509_new();
    X509_NAME *n = X509_get_subject_name(x);

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)"db.test", -1, -1, 0);
    X509_set_issuer_name(x, n);
    ASN1_TIME_set(X509_getm_notBefore(x), T_NOW - T_DAY);
    ASN1_TIME_set(X509_getm_notAfter(x), T_NOW + T_DAY);
    X509_set_pubkey(x, k);
    sign(x, signer, digest, pss);
    return x;
}

/* Handshakes with the certificate and asks both ends for the binding. */
static int bind(X509 *x, EVP_PKEY *k, uint8_t out[64], struct pgseal_err *err)
{
    char *cert = pem_of(x, NULL), *key = pem_of(NULL, k);
    /* level 0, or nobody would serve a certificate signed with MD5 */
    struct pgseal_tls_options o = {
        .size = sizeof(o), .INSECURE_no_verify = true, .ciphers = "DEFAULT@SECLEVEL=0"};
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .cert_pem = cert,
                                    .key_pem = key,
                                    .ciphers = "DEFAULT@SECLEVEL=0"};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL), *s = pgseal_tls_ctx_new(&so, err);
    uint8_t theirs[64];
    struct t_ends e;
    int rc;

    if (s == NULL)
        fail_msg("%s", err->msg);
    t_ends_init(&e, c, s, "db.test", false, T_NOW, 65536, NULL);
    assert_int_equal(pgseal_tls_binding(e.client, out, err), PGSEAL_E_USAGE);
    t_ends_run(&e);
    assert_int_equal(e.client_rc, PGSEAL_READY);
    rc = pgseal_tls_binding(e.client, out, err);
    assert_int_equal(pgseal_tls_binding(e.server, theirs, NULL), rc);
    if (rc > 0)
        assert_memory_equal(out, theirs, (size_t)rc);
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
    free(cert);
    free(key);
    return rc;
}

/* RFC 5929 4.1: the digest of the signature, but SHA-256 for MD5 and SHA-1. */
static void test_binding__every_digest(void **state)
{
    static const struct {
        const char *signed_with, *hashed_with;
        bool ec, pss;
    } rows[] = {
        {"MD5", "SHA256", false, false},    {"SHA1", "SHA256", false, false},
        {"SHA224", "SHA224", false, false}, {"SHA256", "SHA256", false, false},
        {"SHA384", "SHA384", false, false}, {"SHA512", "SHA512", false, false},
        {"SHA1", "SHA256", true, false},    {"SHA256", "SHA256", true, false},
        {"SHA384", "SHA384", true, false},  {"SHA512", "SHA512", true, false},
        {"SHA256", "SHA256", false, true},  {"SHA384", "SHA384", false, true},
        {"SHA512", "SHA512", false, true},
    };
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        EVP_PKEY *k = rows[i].ec ? ec : rsa;
        X509 *x = make(k, k, rows[i].signed_with, rows[i].pss);
        uint8_t got[64], want[EVP_MAX_MD_SIZE];
        struct pgseal_err err = {0};
        unsigned int n;
        int rc = bind(x, k, got, &err);

        assert_int_equal(X509_digest(x, EVP_get_digestbyname(rows[i].hashed_with), want, &n), 1);
        if (rc != (int)n)
            fail_msg("row %zu %s: %d %s", i, rows[i].signed_with, rc, err.msg);
        assert_memory_equal(got, want, n);
        X509_free(x);
    }
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

/* An Ed25519 signature names no digest; an Ed25519 key signed by RSA is fine. */
static void test_binding__ed25519(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *self = make(ed, ed, NULL, false), *by_rsa = make(ed, rsa, "SHA384", false);
    struct pgseal_err err = {0};
    uint8_t got[64];

    assert_int_equal(bind(self, ed, got, &err), PGSEAL_E_BINDING);
    assert_string_equal(err.msg, "could not find digest for NID UNDEF");
    assert_non_null(strstr(err.detail, "ED25519"));
    assert_non_null(strstr(err.hint, "channel_binding=disable"));
    assert_int_equal(bind(by_rsa, ed, got, &err), 48);
    X509_free(self);
    X509_free(by_rsa);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ed);
}

/* OpenSSL 3.0 has no signature info for SHA-3: libpq's other way to give up. */
static void test_binding__sha3(void **state)
{
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    X509 *x = make(ec, ec, "SHA3-256", false);
    struct pgseal_err err = {0};
    uint8_t got[64];
    int rc = bind(x, ec, got, &err);

    if (rc < 0) { /* a newer OpenSSL may know it */
        assert_int_equal(rc, PGSEAL_E_BINDING);
        assert_string_equal(err.msg, "could not determine server certificate signature algorithm");
        assert_non_null(strstr(err.detail, "SHA3"));
    }
    X509_free(x);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binding__every_digest),
        cmocka_unit_test(test_binding__ed25519),
        cmocka_unit_test(test_binding__sha3),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

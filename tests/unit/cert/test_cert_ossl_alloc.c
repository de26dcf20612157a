/* SPDX-License-Identifier: PostgreSQL */
/* OpenSSL's own allocations fail, one at a time: no crash, and nothing wrong accepted. */
#include "core/cert/cert_int.h"

#include "certs.h"
#include "chunk.h"
#include "ossl_alloc.h"
#include "t.h"

#include <openssl/pem.h>

static struct t_certs certs;

/* One attempt that must not be accepted, or may be. */
struct attempt {
    const char *name;
    const char *sent[4], *trust[4];
    const char *host; /* NULL: names are not looked at */
    bool fine;
};

static const struct attempt attempts[] = {
    {"good", {"leaf", "sub"}, {"root"}, "db.example.com", true},
    {"unknown root", {"leaf", "sub"}, {"other"}, NULL, false},
    {"expired", {"old", "sub"}, {"root"}, NULL, false},
    {"altered", {"plainleaf"}, {"fake"}, NULL, false},
    {"no authority", {"byleaf", "leaf", "sub"}, {"root"}, NULL, false},
    {"not permitted", {"ncleaf"}, {"nc"}, NULL, false},
    {"revoked", {"leaf", "sub"}, {"root", "rootcrl", "subcrl"}, NULL, false},
    {"other name", {"leaf", "sub"}, {"root"}, "other.example.com", false},
    {"common name only", {"cnleaf", "sub"}, {"root"}, "db.example.com", false},
};

static struct pgseal_trust *trust_of(const struct attempt *a)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);

    for (int i = 0; i < 4 && a->trust[i] != NULL && t != NULL; i++) {
        const struct t_cert_item *item = t_certs_get(&certs, a->trust[i]);
        const char *text = t_certs_pem(&certs, a->trust[i]);
        struct pgseal_err err;

        if (pgseal_trust_add_pem(t, "root.pem", (const uint8_t *)text, strlen(text), &err) <= 0)
            return pgseal_trust_free(t);
        if (item->crl_pem != NULL)
            pgseal_trust_check_crls(t);
    }
    return t;
}

static bool verify(struct pgseal__evidence *e)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = false;

    e->error = X509_V_ERR_UNSPECIFIED;
    if (ctx != NULL &&
        X509_STORE_CTX_init(ctx, pgseal__trust_store(e->trust), e->leaf, e->sent) == 1 &&
        X509_STORE_CTX_set_default(ctx, "ssl_server") == 1) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), e->now_unix_s);
        ok = X509_verify_cert(ctx) == 1;
        e->error = X509_STORE_CTX_get_error(ctx);
        e->depth = X509_STORE_CTX_get_error_depth(ctx);
    }
    X509_STORE_CTX_free(ctx);
    return ok;
}

static enum t_result attempt(const void *ctx)
{
    const struct attempt *a = ctx;
    struct pgseal__evidence e = {.now_unix_s = T_TODAY, .auth_level = 2};
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct pgseal_trust *t = trust_of(a);
    struct pgseal_err err = {0};
    struct pgseal_cert_info info;
    bool ok = false;
    char text[1024];

    for (int i = 0; i < 4 && a->sent[i] != NULL && sent != NULL; i++) {
        /* Parsed anew: what was computed before would hide failures. */
        const char *pem = t_certs_pem(&certs, a->sent[i]);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL) : NULL;

        BIO_free(bio);
        if (cert == NULL || sk_X509_push(sent, cert) <= 0) {
            X509_free(cert);
            break;
        }
    }
    e.trust = t;
    e.sent = sent;
    e.leaf = sent != NULL ? sk_X509_value(sent, 0) : NULL;
    if (t != NULL && e.leaf != NULL) {
        ok = verify(&e);
        if (!ok)
            pgseal__cert_explain(&e, &err);
        ok = ok && (a->host == NULL || pgseal__cert_check_host(e.leaf, a->host, &err) == 0);
        pgseal__cert_describe(e.leaf, &info);
    }
    pgseal_bundle_summary((const uint8_t *)t_certs_pem(&certs, "root"), 100, T_TODAY, text,
                          sizeof(text));
    sk_X509_pop_free(sent, X509_free);
    pgseal_trust_free(t);
    return ok ? T_ACCEPTED : T_REFUSED;
}

static void test_openssl_allocation_fails__nothing_wrong_accepted(void **state)
{
    uint64_t seed = t_seed();

    print_message("PGSEAL_TEST_SEED=0x%llx\n", (unsigned long long)seed);
    for (size_t i = 0; i < PGSEAL_COUNT(attempts); i++) {
        struct t_ossl_sample s = {.name = attempts[i].name,
                                  .attempt = attempt,
                                  .ctx = &attempts[i],
                                  .fine = attempts[i].fine,
                                  .least = 100,
                                  .tries = 25,
                                  .bites = 1};

        t_ossl_sample(&s, &seed);
    }
}

/* Decoding the alternative names fails: the common name must not count instead. */
static void test_each_openssl_allocation_of_name_check_fails__no_match(void **state)
{
    const struct attempt *a = &attempts[PGSEAL_COUNT(attempts) - 1];
    X509 *leaf = t_certs_get(&certs, a->sent[0])->cert->cert;
    long n;

    assert_int_equal(pgseal__cert_check_host(leaf, a->host, NULL), PGSEAL_E_CERT_NAME);
    for (n = 0;; n++) {
        long made;
        int rc;

        t_ossl_fail(n);
        rc = pgseal__cert_check_host(leaf, a->host, NULL);
        made = t_ossl_calls();
        t_ossl_fail(-1);
        if (rc >= 0)
            fail_msg("allocation %ld: matched", n);
        if (made <= n)
            break;
    }
    assert_true(n > 3);
}

static int make(void **state)
{
    static const char *const lines[] = {
        "cert root cn=Root ca",
        "cert sub cn=Sub ca issuer=root",
        "cert other cn=Other ca",
        "cert leaf cn=db.example.com san=DNS:db.example.com issuer=sub",
        "cert old cn=db.example.com issuer=sub from=-60 to=-30",
        "cert plain cn=Plain ca noids",
        "cert plainleaf cn=db.example.com issuer=plain noids",
        "cert fake forge=plain",
        "cert byleaf cn=db.example.com issuer=leaf",
        "cert nc cn=NC ca nc=+example.org",
        "cert ncleaf cn=db.example.com san=DNS:db.example.com issuer=nc",
        "cert cnleaf cn=db.example.com san=DNS:other.example.com issuer=sub",
        "crl rootcrl issuer=root",
        "crl subcrl issuer=sub revoke=leaf",
    };

    return t_certs_lines(&certs, lines, PGSEAL_COUNT(lines));
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openssl_allocation_fails__nothing_wrong_accepted),
        cmocka_unit_test(test_each_openssl_allocation_of_name_check_fails__no_match),
    };

    if (!t_ossl_take())
        return 1;
    return cmocka_run_group_tests(tests, make, drop);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Files that public repositories carry as sslrootcert, against a real RDS chain: what users read.
 */
#include "core/cert/cert_int.h"

#include "real.h"
#include "t.h"

#include <openssl/pem.h>

/* 2026-11-23 */
#define NOW INT64_C(1795392000)

/* An authority that an RDS server of ap-northeast-2 really sent, in the place of a server. */
static X509 *real_leaf(void)
{
    size_t n = 0;
    char *pem = t_real_file("chain/ap-northeast-2-subordinate-ca-rsa2048-g1.A.5.pem", &n);
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL);

    assert_non_null(cert);
    BIO_free(bio);
    test_free(pem);
    return cert;
}

/* The story of the file as sslrootcert: why it cannot be used, or why the chain is refused. */
static int use(const char *file, X509 *leaf, struct pgseal_err *err)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal__evidence e = {.trust = t, .leaf = leaf, .now_unix_s = NOW, .auth_level = 2};
    size_t n = 0;
    char *text = t_real_file(file, &n);
    int rc = pgseal_trust_add_pem(t, strrchr(file, '/') + 1, (const uint8_t *)text, n, err);

    if (rc > 0) {
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();

        X509_STORE_CTX_init(ctx, pgseal__trust_store(t), leaf, NULL);
        X509_STORE_CTX_set_default(ctx, "ssl_server");
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 2);
        X509_verify_cert(ctx);
        e.error = X509_STORE_CTX_get_error(ctx);
        e.depth = X509_STORE_CTX_get_error_depth(ctx);
        rc = e.error == X509_V_OK ? 0 : PGSEAL_E_CERT;
        if (rc < 0) {
            err->code = rc;
            pgseal__cert_explain(&e, err);
        }
        X509_STORE_CTX_free(ctx);
    }
    test_free(text);
    pgseal_trust_free(t);
    return rc;
}

#define NO_ISSUER "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"

static void test_wild__as_sslrootcert__own_diagnosis(void **state)
{
    static const struct {
        const char *file, *id; /* id NULL: the file is right, and the chain verifies */
        const char *words[3];  /* in detail or hint */
    } rows[] = {
        {"wild/altered-2019-root.pem",
         NO_ISSUER,
         {"only RDS certificates of 2019 and before",
          "In \"altered-2019-root.pem\", besides: Line 1, \"CN=Amazon RDS Root 2019 CA\": it does "
          "not fit its own key",
          "pgseal ca fetch rds --region ap-northeast-2"}},
        {"wild/concatenated-duplicates-166.pem", NULL, {0}},
        {"wild/crlf-us-east-1.pem",
         NO_ISSUER,
         {"This server is in region ap-northeast-2; \"crlf-us-east-1.pem\" has roots of: "
          "us-east-1.",
          "pgseal ca fetch rds --region ap-northeast-2 -o crlf-us-east-1.pem"}},
        {"wild/govcloud-named-global.pem",
         NO_ISSUER,
         {"This server is in AWS region ap-northeast-2; \"govcloud-named-global.pem\" has roots of "
          "another partition"}},
        {"wild/indented-first-begin.pem",
         NO_ISSUER,
         {"has roots of: us-east-1.",
          "Line 1, \"CN=Amazon RDS us-east-1 Root CA RSA2048 G1\": something stands before its "
          "-----BEGIN"}},
        {"wild/no-final-newline-102.pem", NULL, {0}},
        {"wild/one-letter-lowercased.pem",
         NO_ISSUER,
         {"only RDS certificates of 2019 and before",
          "Line 1, \"CN=Amazon RDS ap-east-1 CA\": it was not signed by the key of"}},
        {"wild/placeholder-comment.pem",
         "ROOT_UNUSABLE",
         {"only placeholders", "# This is a placeholder",
          "curl --fail -o placeholder-comment.pem"}},
        {"wild/placeholder-xxxx.pem", "ROOT_UNUSABLE", {"only placeholders", "\"xxxx\""}},
        {"wild/s3-access-denied.pem",
         "ROOT_UNUSABLE",
         {"S3 error page (XML), not PEM: AccessDenied (Access Denied)", "curl --fail"}},
        {"wild/web-pki-chain-instead.pem",
         NO_ISSUER,
         {"Amazon RDS server of region ap-northeast-2, and there is no RDS root in "
          "\"web-pki-chain-instead.pem\"",
          "pgseal ca fetch rds --region ap-northeast-2"}},
        {"wild/wrong-ca-and-broken-der.pem",
         "ROOT_UNUSABLE",
         {"because of one that is damaged. Line 1: its DER is broken"}},
        {"./global-bundle.pem", NULL, {0}},
        {"./us-east-1-bundle.pem", NO_ISSUER, {"has roots of: us-east-1."}},
        {"./rds-combined-ca-bundle.pem", NO_ISSUER, {"only RDS certificates of 2019 and before"}},
        {"related/amazon-trust-services-roots.pem",
         NO_ISSUER,
         {"and there is no RDS root in \"amazon-trust-services-roots.pem\""}},
    };
    X509 *leaf = real_leaf();

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_err err = {0};
        int rc = use(rows[i].file, leaf, &err);

        if (rc == 0 && rows[i].id == NULL)
            continue;
        if (rc == 0 || rows[i].id == NULL || strcmp(pgseal_err_id(&err), rows[i].id) != 0)
            fail_msg("%s: %d %s: %s", rows[i].file, rc, pgseal_err_id(&err), err.detail);
        for (size_t j = 0; j < 3 && rows[i].words[j] != NULL; j++)
            if (strstr(err.detail, rows[i].words[j]) == NULL &&
                strstr(err.hint, rows[i].words[j]) == NULL)
                fail_msg("%s does not say \"%s\":\n%s\n%s", rows[i].file, rows[i].words[j],
                         err.detail, err.hint);
    }
    X509_free(leaf);
}

/* The good bundle: found by name, with its file and line, without the other 107 being made. */
static void test_wild__global_bundle__root_is_named(void **state)
{
    size_t n = 0;
    char *text = t_real_file("global-bundle.pem", &n); /* or skips */
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    struct pgseal_verified v;
    X509 *leaf = real_leaf();
    int line = 1;

    assert_int_equal(pgseal_trust_add_pem(t, "global-bundle.pem", (const uint8_t *)text, n, NULL),
                     108);
    assert_int_equal(pgseal_trust_count(t), 108);
    X509_STORE_CTX_init(ctx, pgseal__trust_store(t), leaf, NULL);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
    assert_int_equal(X509_verify_cert(ctx), 1);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(pgseal__trust_store(t))), 1);
    pgseal__cert_verified(t, X509_STORE_CTX_get0_chain(ctx), &v);
    assert_string_equal(v.root_file, "global-bundle.pem");
    assert_non_null(strstr(v.root.subject, "CN=Amazon RDS ap-northeast-2 Root CA RSA2048 G1"));
    for (char *p = text; line < v.root_line && p != NULL; line++)
        p = strchr(p, '\n') + 1;
    assert_int_equal(line, v.root_line);
    assert_true(v.root_line > 1);
    X509_STORE_CTX_free(ctx);
    X509_free(leaf);
    test_free(text);
    pgseal_trust_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wild__as_sslrootcert__own_diagnosis),
        cmocka_unit_test(test_wild__global_bundle__root_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

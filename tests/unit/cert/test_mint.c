/* SPDX-License-Identifier: PostgreSQL */
/* Minting for an own authority: keys that are there, certificates again, limits, encrypted keys. */
#include "t.h"

#include "core/cert/mint_int.h"

#include "alloc.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static struct pgseal_mint_options root_options(const char *cn)
{
    return (struct pgseal_mint_options){.size = sizeof(struct pgseal_mint_options),
                                        .cn = cn,
                                        .ca = true,
                                        .pathlen = 1,
                                        .not_before_unix_s = NOW - DAY,
                                        .not_after_unix_s = NOW + 1000 * DAY};
}

static struct pgseal_mint_options leaf_options(const char *const *sans)
{
    return (struct pgseal_mint_options){.size = sizeof(struct pgseal_mint_options),
                                        .cn = "db1.example.com",
                                        .sans = sans,
                                        .eku = "serverAuth",
                                        .not_before_unix_s = NOW - DAY,
                                        .not_after_unix_s = NOW + 100 * DAY};
}

static struct pgseal_minted *must(const struct pgseal_mint_options *o,
                                  const struct pgseal_minted *issuer)
{
    struct pgseal_err err = {0};
    struct pgseal_minted *m = pgseal_mint(o, issuer, &err);

    if (m == NULL)
        fail_msg("%s %s", err.msg, err.detail);
    return m;
}

/* X509_verify_cert() with one root, strictly. 0 = fine, else the error. */
static int verify(const struct pgseal_minted *leaf, X509 *between, const struct pgseal_minted *root)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    int rc;

    X509_STORE_add_cert(store, root->cert);
    if (between != NULL)
        sk_X509_push(chain, between);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf->cert, chain), 1);
    X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(ctx), X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)NOW);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    rc = X509_verify_cert(ctx) == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
    sk_X509_free(chain);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return rc;
}

static void test_mint__like__same_names_and_key_by_another(void **state)
{
    static const char *const sans[] = {"DNS:db1.example.com", "IP:10.0.0.5", NULL};
    struct pgseal_mint_options ro = root_options("Old"), lo = leaf_options(sans);
    struct pgseal_minted *old = must(&ro, NULL), *leaf = must(&lo, old), *next, *again;
    struct pgseal_mint_options like = {.size = sizeof(like),
                                       .like = pgseal_minted_cert_pem(leaf),
                                       .cn = "not looked at",
                                       .pathlen = -1,
                                       .not_before_unix_s = NOW - DAY,
                                       .not_after_unix_s = NOW + 200 * DAY};

    ro.cn = "New";
    next = must(&ro, NULL);
    again = must(&like, next);
    assert_string_equal(pgseal_minted_key_pem(again), "");
    assert_int_equal(
        X509_NAME_cmp(X509_get_subject_name(again->cert), X509_get_subject_name(leaf->cert)), 0);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(again->cert), X509_get0_pubkey(leaf->cert)), 1);
    assert_int_equal(pgseal__cert_check_host(again->cert, "10.0.0.5", NULL), 0);
    assert_int_equal(X509_check_purpose(again->cert, X509_PURPOSE_SSL_SERVER, 0), 1);
    assert_int_equal(X509_check_purpose(again->cert, X509_PURPOSE_SSL_CLIENT, 0), 0);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(again->cert), X509_get0_serialNumber(leaf->cert)),
        0);
    assert_int_equal(verify(again, NULL, next), 0);
    assert_int_not_equal(verify(again, NULL, old), 0);
    pgseal_minted_free(again);
    pgseal_minted_free(next);
    pgseal_minted_free(leaf);
    pgseal_minted_free(old);
}

static void test_mint__root_like_a_root__leads_from_the_old_one(void **state)
{
    static const char *const sans[] = {"DNS:db1.example.com", NULL};
    struct pgseal_mint_options oo = root_options("Old"), no = root_options("New");
    struct pgseal_mint_options lo = leaf_options(sans);
    struct pgseal_minted *old = must(&oo, NULL), *next = must(&no, NULL), *cross, *leaf;
    struct pgseal_mint_options co = {.size = sizeof(co),
                                     .like = pgseal_minted_cert_pem(next),
                                     .pathlen = 0,
                                     .not_before_unix_s = NOW - DAY,
                                     .not_after_unix_s = NOW + 500 * DAY};

    cross = must(&co, old);
    leaf = must(&lo, next);
    assert_int_equal(X509_check_ca(cross->cert), 1);
    assert_int_equal(verify(leaf, cross->cert, old), 0);
    assert_int_equal(verify(leaf, cross->cert, next), 0);
    assert_int_equal(verify(leaf, NULL, next), 0);
    assert_int_not_equal(verify(leaf, NULL, old), 0);
    pgseal_minted_free(leaf);
    pgseal_minted_free(cross);
    pgseal_minted_free(next);
    pgseal_minted_free(old);
}

static void test_mint__permit__clients_keep_to_it(void **state)
{
    static const char *const names[] = {"DNS:example.com", NULL};
    static const char *const ranges[] = {"IP:10.0.0.0/8", "IP:fd00::/8", NULL};
    static const struct {
        const char *const *permit;
        const char *san;
        int want;
    } rows[] = {
        {names, "DNS:db1.example.com", 0},
        {names, "DNS:example.com", 0},
        {names, "DNS:example.org", X509_V_ERR_PERMITTED_VIOLATION},
        {names, "DNS:badexample.com", X509_V_ERR_PERMITTED_VIOLATION},
        {names, "IP:10.0.0.5", X509_V_ERR_EXCLUDED_VIOLATION},
        {names, "IP:fd00::5", X509_V_ERR_EXCLUDED_VIOLATION},
        {ranges, "IP:10.200.0.5", 0},
        {ranges, "IP:fd12::5", 0},
        {ranges, "IP:11.0.0.5", X509_V_ERR_PERMITTED_VIOLATION},
        {ranges, "IP:fe80::5", X509_V_ERR_PERMITTED_VIOLATION},
        {ranges, "DNS:db1.example.com", X509_V_ERR_EXCLUDED_VIOLATION},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        const char *const sans[] = {rows[i].san, NULL};
        struct pgseal_mint_options ro = root_options("Root"), lo = leaf_options(sans);
        struct pgseal_minted *root, *leaf;
        int got;

        ro.permit = rows[i].permit;
        lo.cn = NULL;
        root = must(&ro, NULL);
        leaf = must(&lo, root);
        got = verify(leaf, NULL, root);
        if (got != rows[i].want)
            fail_msg("row %zu, %s: %d", i, rows[i].san, got);
        pgseal_minted_free(leaf);
        pgseal_minted_free(root);
    }
}

static void test_mint__permit_not_understood__usage(void **state)
{
    static const char *const bad[] = {"example.com",    "DNS:",          "IP:10.0.0.1/8",
                                      "IP:10.0.0.0",    "IP:10.0.0.0/",  "IP:10.0.0.0/33",
                                      "IP:10.0.0.0/8 ", "IP:fd00::/129", "URI:x"};

    for (size_t i = 0; i < PGSEAL_COUNT(bad); i++) {
        const char *const permit[] = {bad[i], NULL};
        struct pgseal_mint_options o = root_options("Root");
        struct pgseal_err err;

        o.permit = permit;
        if (pgseal_mint(&o, NULL, &err) != NULL || err.code != PGSEAL_E_USAGE)
            fail_msg("%s", bad[i]);
    }
}

static void test_mint__size_of_an_older_program__new_options_are_not_read(void **state)
{
    struct pgseal_mint_options o = root_options("Root");
    struct pgseal_minted *m;

    o.size = offsetof(struct pgseal_mint_options, key_of);
    o.key_of = "whatever lies behind an older, shorter struct";
    o.like = o.key_of;
    m = must(&o, NULL);
    pgseal_minted_free(m);
}

static void test_load__what_was_minted__issues(void **state)
{
    static const char *const kinds[] = {"P-256", "P-384", "RSA2048", "ED25519"};
    static const char *const sans[] = {"DNS:db1.example.com", NULL};

    for (size_t i = 0; i < 2 * PGSEAL_COUNT(kinds); i++) {
        struct pgseal_mint_options ro = root_options("Root"), lo = leaf_options(sans);
        struct pgseal_minted *root, *loaded, *leaf;
        struct pgseal_err err = {0};

        ro.key = kinds[i / 2];
        ro.passphrase = i % 2 != 0 ? "open sesame" : NULL;
        root = must(&ro, NULL);
        assert_int_equal(strstr(pgseal_minted_key_pem(root), "BEGIN ENCRYPTED") != NULL, i % 2);
        loaded = pgseal_minted_load(pgseal_minted_cert_pem(root), pgseal_minted_key_pem(root),
                                    ro.passphrase, &err);
        if (loaded == NULL)
            fail_msg("%s: %s", kinds[i / 2], err.msg);
        leaf = must(&lo, loaded);
        assert_int_equal(verify(leaf, NULL, root), 0);
        pgseal_minted_free(leaf);
        pgseal_minted_free(loaded);
        pgseal_minted_free(root);
    }
}

static void load_fails(const char *cert, const char *key, const char *passphrase, int code)
{
    struct pgseal_err err = {0};

    if (pgseal_minted_load(cert, key, passphrase, &err) != NULL || err.code != code)
        fail_msg("%d instead of %d: %s", err.code, code, err.msg);
}

static void test_load__what_does_not_fit__each_says_why(void **state)
{
    struct pgseal_mint_options o = root_options("Root"), e = o;
    struct pgseal_minted *a = must(&o, NULL), *b = must(&o, NULL), *sealed;
    const char *cert = pgseal_minted_cert_pem(a), *key = pgseal_minted_key_pem(a);

    e.passphrase = "open sesame";
    sealed = must(&e, NULL);
    load_fails("", key, NULL, PGSEAL_E_CERT);
    load_fails("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key, NULL,
               PGSEAL_E_CERT);
    load_fails(cert, "", NULL, PGSEAL_E_CLIENT_KEY);
    load_fails(cert, cert, NULL, PGSEAL_E_CLIENT_KEY);
    load_fails(cert, pgseal_minted_key_pem(b), NULL, PGSEAL_E_CLIENT_KEY);
    load_fails(pgseal_minted_cert_pem(sealed), pgseal_minted_key_pem(sealed), NULL,
               PGSEAL_E_NO_PASSWORD);
    load_fails(pgseal_minted_cert_pem(sealed), pgseal_minted_key_pem(sealed), "open sesam",
               PGSEAL_E_CLIENT_KEY);
    pgseal_minted_free(sealed);
    pgseal_minted_free(b);
    pgseal_minted_free(a);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* A request for two names, as PEM; altered behind the signature when `broken`. */
static char *request(EVP_PKEY *key, bool broken)
{
    X509_REQ *req = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
    BIO *bio = BIO_new(BIO_s_mem());
    char *p, *text;
    long n;

    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName, MBSTRING_ASC,
                               (const uint8_t *)"asked", -1, -1, 0);
    sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                                     "DNS:db1.example.com,IP:10.0.0.5"));
    sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE"));
    X509_REQ_add_extensions(req, exts);
    X509_REQ_set_pubkey(req, key);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    if (broken) {
        X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_organizationName,
                                   MBSTRING_ASC, (const uint8_t *)"more", -1, -1, 0);
        assert_true(i2d_re_X509_REQ_tbs(req, NULL) > 0);
    }
    assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
    n = BIO_get_mem_data(bio, &p);
    text = pgseal__strndup(p, (size_t)n);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    X509_REQ_free(req);
    BIO_free(bio);
    return text;
}

static void test_request__described__names_key_and_nothing_else(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char *good = request(key, false), *broken = request(key, true);
    struct pgseal_request_info info;
    struct pgseal_err err;

    assert_int_equal(pgseal_request_describe((uint8_t *)good, strlen(good), &info, &err), 0);
    assert_string_equal(info.cn, "asked");
    assert_string_equal(info.names, "DNS:db1.example.com, IP:10.0.0.5");
    assert_string_equal(info.key, "EC P-256");
    assert_int_equal(info.security_bits, 128);
    assert_int_equal(pgseal_request_describe((uint8_t *)broken, strlen(broken), &info, &err),
                     PGSEAL_E_CERT);
    assert_non_null(strstr(err.msg, "its own key"));
    assert_int_equal(pgseal_request_describe((const uint8_t *)"x", 1, &info, &err), PGSEAL_E_CERT);
    assert_int_equal(pgseal_request_describe((const uint8_t *)"", 0, &info, &err), PGSEAL_E_CERT);
    assert_int_equal(pgseal_request_describe((const uint8_t *)"\x30\x82", 2, &info, &err),
                     PGSEAL_E_CERT);
    pgseal__free(good);
    pgseal__free(broken);
    EVP_PKEY_free(key);
}

static void test_mint__key_of_a_request__its_key_and_not_its_wishes(void **state)
{
    static const char *const sans[] = {"DNS:other.example.com", NULL};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char *good = request(key, false), *broken = request(key, true);
    struct pgseal_mint_options ro = root_options("Root"), lo = leaf_options(sans);
    struct pgseal_minted *root = must(&ro, NULL), *leaf;
    struct pgseal_err err;

    lo.key_of = good;
    leaf = must(&lo, root);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf->cert), key), 1);
    assert_int_equal(X509_check_ca(leaf->cert), 0);
    assert_int_equal(pgseal__cert_check_host(leaf->cert, "other.example.com", NULL), 0);
    assert_true(pgseal__cert_check_host(leaf->cert, "asked", NULL) < 0);
    assert_string_equal(pgseal_minted_key_pem(leaf), "");
    assert_int_equal(verify(leaf, NULL, root), 0);
    /* Without its private key nothing can be signed with it, or by itself. */
    assert_null(pgseal_mint(&lo, leaf, &err));
    assert_int_equal(err.code, PGSEAL_E_USAGE);
    assert_null(pgseal_mint(&lo, NULL, &err));
    assert_int_equal(err.code, PGSEAL_E_USAGE);
    lo.key_of = broken;
    assert_null(pgseal_mint(&lo, root, &err));
    assert_int_equal(err.code, PGSEAL_E_CERT);
    lo.key_of = "nothing";
    assert_null(pgseal_mint(&lo, root, &err));
    assert_int_equal(err.code, PGSEAL_E_CERT);
    pgseal_minted_free(leaf);
    lo.key_of = pgseal_minted_key_pem(root); /* a private key: then it is ours */
    leaf = must(&lo, root);
    assert_string_equal(pgseal_minted_key_pem(leaf), pgseal_minted_key_pem(root));
    pgseal_minted_free(leaf);
    pgseal_minted_free(root);
    pgseal__free(good);
    pgseal__free(broken);
    EVP_PKEY_free(key);
}

static int mint_and_load(void *arg)
{
    static const char *const permit[] = {"DNS:example.com", "IP:10.0.0.0/8", NULL};
    struct pgseal_mint_options ro = root_options("Root"), lo;
    struct pgseal_minted *root, *loaded = NULL, *again = NULL;
    struct pgseal_err err = {0};
    int rc;

    ro.permit = permit;
    root = pgseal_mint(&ro, NULL, &err);
    if (root != NULL)
        loaded = pgseal_minted_load(pgseal_minted_cert_pem(root), pgseal_minted_key_pem(root), NULL,
                                    &err);
    if (loaded != NULL) {
        lo = leaf_options(NULL);
        lo.like = pgseal_minted_cert_pem(root);
        again = pgseal_mint(&lo, loaded, &err);
    }
    rc = again != NULL ? 0 : err.code;
    pgseal_minted_free(again);
    pgseal_minted_free(loaded);
    pgseal_minted_free(root);
    return rc;
}

static void test_mint__each_allocation_fails__cleanly(void **state)
{
    assert_true(t_each_alloc_fails(mint_and_load, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mint__like__same_names_and_key_by_another),
        cmocka_unit_test(test_mint__root_like_a_root__leads_from_the_old_one),
        cmocka_unit_test(test_mint__permit__clients_keep_to_it),
        cmocka_unit_test(test_mint__permit_not_understood__usage),
        cmocka_unit_test(test_mint__size_of_an_older_program__new_options_are_not_read),
        cmocka_unit_test(test_load__what_was_minted__issues),
        cmocka_unit_test(test_load__what_does_not_fit__each_says_why),
        cmocka_unit_test(test_request__described__names_key_and_nothing_else),
        cmocka_unit_test(test_mint__key_of_a_request__its_key_and_not_its_wishes),
        cmocka_unit_test(test_mint__each_allocation_fails__cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Trust sets: what is loaded from files and directories, refused as libpq does, and found again. */
#include "t.h"

#include "core/cert/mint_int.h"

#include "alloc.h"

#include <openssl/pem.h>

#define NOW     INT64_C(1800000000) /* 2027-01-15 */
#define DAY_S   86400
#define YEARS_S (INT64_C(365) * DAY_S)

static struct pgseal_minted *mint(const char *cn, bool ca, const struct pgseal_minted *issuer)
{
    const struct pgseal_mint_options o = {.size = sizeof(o),
                                          .cn = cn,
                                          .ca = ca,
                                          .pathlen = -1,
                                          .not_before_unix_s = NOW - DAY_S,
                                          .not_after_unix_s = NOW + (ca ? 100 : 1) * YEARS_S};
    struct pgseal_err err = {0};
    struct pgseal_minted *m = pgseal_mint(&o, issuer, &err);

    if (m == NULL)
        fail_msg("%s: %s", err.msg, err.detail);
    return m;
}

/* Three generations, made once: minting is the slow part. */
static struct pgseal_minted *root, *sub, *leaf;

static int make_chain(void **state)
{
    root = mint("Test Root", true, NULL);
    sub = mint("Test Sub", true, root);
    leaf = mint("db.example.com", false, sub);
    return 0;
}

static int drop_chain(void **state)
{
    pgseal_minted_free(leaf);
    pgseal_minted_free(sub);
    pgseal_minted_free(root);
    return 0;
}

static int add(struct pgseal_trust *t, const char *name, const char *text, struct pgseal_err *err)
{
    return pgseal_trust_add_pem(t, name, (const uint8_t *)text, strlen(text), err);
}

/* The verdict, as the TLS handshake takes it. X509_V_OK or the error; facts when asked for. */
static int verify(const struct pgseal_trust *t, int64_t now, struct pgseal_verified *facts)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *sent = sk_X509_new_null();
    int error;

    sk_X509_push(sent, leaf->cert);
    sk_X509_push(sent, sub->cert);
    X509_STORE_CTX_init(ctx, pgseal__trust_store(t), leaf->cert, sent);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), now);
    X509_verify_cert(ctx);
    error = X509_STORE_CTX_get_error(ctx);
    if (facts != NULL)
        pgseal__cert_verified(t, X509_STORE_CTX_get0_chain(ctx), facts);
    X509_STORE_CTX_free(ctx);
    sk_X509_free(sent);
    return error;
}

static void test_trust__roots_in_a_file__verify_and_are_found_again(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_verified facts;
    char text[8192];

    snprintf(text, sizeof(text), "# our roots\n\n%s%s", pgseal_minted_cert_pem(sub),
             pgseal_minted_cert_pem(root));
    assert_int_equal(add(t, "roots.pem", text, NULL), 2);
    assert_int_equal(pgseal_trust_count(t), 2);
    assert_int_equal(verify(t, NOW, &facts), X509_V_OK);
    assert_true(facts.chain);
    assert_false(facts.name);
    assert_string_equal(facts.root.subject, "CN=Test Root");
    assert_string_equal(facts.root_file, "roots.pem");
    /* Two lines of ours, and the intermediate's block. */
    assert_true(facts.root_line > 3);
    assert_memory_equal(strstr(text, pgseal_minted_cert_pem(root)), "-----BEGIN", 10);
    assert_int_equal(facts.until_unix_s, NOW + YEARS_S);
    assert_int_equal(facts.until_depth, 0);
    pgseal_trust_free(t);
}

static void test_trust__line_of_a_root__is_exact(void **state)
{
    static const char *const before[] = {"", "\n", "text\r\n\r\n", "-----BEGIN\n-----\n\n"};
    static const int line[] = {1, 2, 3, 4};

    for (size_t i = 0; i < PGSEAL_COUNT(before); i++) {
        struct pgseal_trust *t = pgseal_trust_new(NULL);
        struct pgseal_verified facts;
        char text[4096];

        snprintf(text, sizeof(text), "%s%s", before[i], pgseal_minted_cert_pem(root));
        assert_int_equal(add(t, "r", text, NULL), 1);
        assert_int_equal(verify(t, NOW, &facts), X509_V_OK);
        assert_int_equal(facts.root_line, line[i]);
        pgseal_trust_free(t);
    }
}

struct seen {
    char text[512];
    struct pgseal_cert_info last;
};

static void see(void *ctx, const struct pgseal_anchor *a)
{
    struct seen *s = ctx;

    pgseal__append(s->text, sizeof(s->text), "%s:%d %s; ", a->file, a->line, a->cert.subject);
    s->last = a->cert;
}

static void test_trust__anchors__those_openssl_loads(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct seen s = {0};
    char text[8192];

    snprintf(text, sizeof(text), "# ours\n%s    %s", pgseal_minted_cert_pem(sub),
             pgseal_minted_cert_pem(root)); /* the second one is indented: OpenSSL passes over it */
    assert_int_equal(pgseal_trust_anchors(t, see, &s), 0);
    assert_int_equal(pgseal_trust_anchors(NULL, see, &s), 0);
    assert_int_equal(add(t, "a.pem", text, NULL), 1);
    assert_int_equal(add(t, "b.pem", pgseal_minted_cert_pem(root), NULL), 1);
    assert_int_equal(pgseal_trust_anchors(t, see, &s), 2);
    assert_int_equal(pgseal_trust_anchors(t, NULL, NULL), 2);
    assert_string_equal(s.text, "a.pem:2 CN=Test Sub; b.pem:1 CN=Test Root; ");
    assert_true(s.last.self_issued);
    pgseal_trust_free(t);
}

static void test_trust__time_travel__as_asked(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);

    assert_int_equal(add(t, "r", pgseal_minted_cert_pem(root), NULL), 1);
    assert_int_equal(verify(t, NOW - 2 * DAY_S, NULL), X509_V_ERR_CERT_NOT_YET_VALID);
    assert_int_equal(verify(t, NOW - DAY_S, NULL), X509_V_OK);
    assert_int_equal(verify(t, NOW + YEARS_S - 1, NULL), X509_V_OK);
    assert_int_equal(verify(t, NOW + YEARS_S + 1, NULL), X509_V_ERR_CERT_HAS_EXPIRED);
    pgseal_trust_free(t);
}

static void check_refused(const char *text, size_t n, const char *reason)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_err err = {0};
    char want[200];

    assert_int_equal(pgseal_trust_add_pem(t, "dummy.pem", (const uint8_t *)text, n, &err),
                     PGSEAL_E_ROOT_UNUSABLE);
    snprintf(want, sizeof(want), "could not read root certificate file \"dummy.pem\": %s", reason);
    assert_string_equal(err.msg, want);
    assert_int_equal(pgseal_trust_count(t), 0);
    pgseal_trust_free(t);
}

static void test_trust__no_certificate__libpq_text(void **state)
{
    char text[4096];

    check_refused("", 0, "no certificate or crl found");
    check_refused(NULL, 0, "no certificate or crl found");
    check_refused("\0\0\0", 3, "no certificate or crl found");
    check_refused("dummy\n", 6, "no certificate or crl found");
    check_refused(pgseal_minted_key_pem(leaf), strlen(pgseal_minted_key_pem(leaf)),
                  "no certificate or crl found");
    snprintf(text, sizeof(text), "%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
             pgseal_minted_cert_pem(root));
    check_refused(text, strlen(text), "wrong tag");
}

/* A world that has a few files. */
struct files {
    char path[4][64];
    const char *text[4];
    int reads;
};

static void world_read(void *ctx, const char *path, struct pgseal_file *f)
{
    struct files *files = ctx;

    files->reads++;
    *f = (struct pgseal_file){.stat_sys = 2, .read_sys = 2};
    for (size_t i = 0; i < PGSEAL_COUNT(files->text); i++) {
        if (files->text[i] == NULL || strcmp(files->path[i], path) != 0)
            continue;
        *f = (struct pgseal_file){.data = (uint8_t *)strdup(files->text[i]),
                                  .len = strlen(files->text[i])};
    }
}

static void world_release(void *ctx, struct pgseal_file *f)
{
    free(f->data);
    *f = (struct pgseal_file){0};
}

static const char *world_env(void *ctx, const char *name)
{
    if (strcmp(name, "SSL_CERT_FILE") == 0)
        return "/no/file";
    return strcmp(name, "SSL_CERT_DIR") == 0 ? "/no/dir::/certs" : NULL;
}

static void name_file(struct files *files, int i, X509 *cert, const char *dir, int n)
{
    snprintf(files->path[i], sizeof(files->path[i]), "%s/%08lx.%d", dir,
             X509_NAME_hash_ex(X509_get_subject_name(cert), NULL, NULL, NULL), n);
}

static void test_trust__directory__is_read_when_needed(void **state)
{
    struct files files = {.text = {pgseal_minted_cert_pem(leaf), pgseal_minted_cert_pem(root)}};
    const struct pgseal_world world = {
        .size = sizeof(world), .ctx = &files, .read = world_read, .release = world_release};
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_verified facts;

    name_file(&files, 0, root->cert, "/certs", 0); /* another certificate under the root's hash */
    name_file(&files, 1, root->cert, "/certs", 1);
    assert_int_equal(pgseal_trust_add_dir(t, "/empty", &world, NULL), 0);
    assert_int_equal(pgseal_trust_add_dir(t, "/certs", &world, NULL), 0);
    assert_int_equal(files.reads, 0);
    assert_int_equal(verify(t, NOW, &facts), X509_V_OK);
    assert_true(files.reads > 0);
    assert_string_equal(facts.root.subject, "CN=Test Root");
    assert_string_equal(facts.root_file, "");
    files.reads = 0;
    assert_int_equal(verify(t, NOW, NULL), X509_V_OK);
    pgseal_trust_free(t);

    /* A gap ends the search. */
    files.text[0] = NULL;
    t = pgseal_trust_new(NULL);
    assert_int_equal(pgseal_trust_add_dir(t, "/certs", &world, NULL), 0);
    assert_int_equal(verify(t, NOW, NULL), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    pgseal_trust_free(t);
}

static void test_trust__system__env_is_honoured(void **state)
{
    struct files files = {.text = {pgseal_minted_cert_pem(root)}};
    const struct pgseal_world world = {.size = sizeof(world),
                                       .ctx = &files,
                                       .env = world_env,
                                       .read = world_read,
                                       .release = world_release};
    struct pgseal_trust *t = pgseal_trust_new(NULL);

    name_file(&files, 0, root->cert, "/certs", 0);
    assert_int_equal(pgseal_trust_add_system(t, &world, NULL), 0);
    assert_int_equal(verify(t, NOW, NULL), X509_V_OK);
    pgseal_trust_free(t);
}

static int build(void *arg)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    int rc = t == NULL ? PGSEAL_E_NOMEM : 0;

    if (rc == 0)
        rc = add(t, "roots.pem", pgseal_minted_cert_pem(root), NULL);
    if (rc >= 0)
        rc = pgseal_trust_add_dir(t, "/certs", arg, NULL);
    if (rc >= 0)
        rc = pgseal_trust_add_system(t, arg, NULL);
    pgseal_trust_free(t);
    return rc;
}

static void test_trust__allocation_fails__nothing_is_left(void **state)
{
    struct files files = {.text = {pgseal_minted_cert_pem(root)}};
    const struct pgseal_world world = {.size = sizeof(world),
                                       .ctx = &files,
                                       .env = world_env,
                                       .read = world_read,
                                       .release = world_release};

    assert_true(t_each_alloc_fails(build, (void *)(uintptr_t)&world) > 8);
}

static void test_describe__minted__as_minted(void **state)
{
    struct pgseal_cert_info i;
    uint8_t *der = NULL;
    int n = i2d_X509(leaf->cert, &der);

    assert_int_equal(pgseal_cert_describe(der, (size_t)n, &i, NULL), 0);
    assert_string_equal(i.subject, "CN=db.example.com");
    assert_string_equal(i.issuer, "CN=Test Sub");
    assert_string_equal(i.names, "");
    assert_string_equal(i.key, "EC P-256");
    assert_string_equal(i.sig_alg, "ecdsa-with-SHA256");
    assert_int_equal(strlen(i.sha256), 64);
    assert_int_equal(strlen(i.serial), 32);
    assert_int_equal(i.not_before_unix_s, NOW - DAY_S);
    assert_int_equal(i.not_after_unix_s, NOW + YEARS_S);
    assert_false(i.is_ca);
    assert_false(i.self_issued);
    assert_int_equal(pgseal_cert_describe(der, (size_t)n - 1, &i, NULL), PGSEAL_E_CERT);
    assert_int_equal(pgseal_cert_match_host(der, (size_t)n, "db.example.com", NULL), 0);
    assert_int_equal(pgseal_cert_match_host(der, (size_t)n, "x", NULL), PGSEAL_E_CERT_NAME);
    assert_int_equal(pgseal_cert_match_host(der, 3, "x", NULL), PGSEAL_E_CERT);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_X509(root->cert, &der);
    assert_int_equal(pgseal_cert_describe(der, (size_t)n, &i, NULL), 0);
    assert_true(i.is_ca && i.self_issued);
    assert_int_equal(i.not_after_unix_s, NOW + 100 * YEARS_S); /* GeneralizedTime */
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust__roots_in_a_file__verify_and_are_found_again),
        cmocka_unit_test(test_trust__line_of_a_root__is_exact),
        cmocka_unit_test(test_trust__anchors__those_openssl_loads),
        cmocka_unit_test(test_trust__time_travel__as_asked),
        cmocka_unit_test(test_trust__no_certificate__libpq_text),
        cmocka_unit_test(test_trust__directory__is_read_when_needed),
        cmocka_unit_test(test_trust__system__env_is_honoured),
        cmocka_unit_test(test_trust__allocation_fails__nothing_is_left),
        cmocka_unit_test(test_describe__minted__as_minted),
    };

    return cmocka_run_group_tests(tests, make_chain, drop_chain);
}

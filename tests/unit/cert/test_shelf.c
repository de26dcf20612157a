/* SPDX-License-Identifier: PostgreSQL */
/* A file read onto the shelf gives what OpenSSL's own reading gives: damaged files, verdicts. */
#include "core/cert/lookup_int.h"

#include "certs.h"
#include "chunk.h"
#include "t.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* What X509_load_cert_crl_file() would load: certificates, or -1 when it refuses the file. */
static int openssl_loads(const char *text, size_t n)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    STACK_OF(X509_INFO) * infos;
    int certs;

    ERR_clear_error(); /* an old error would be taken for the end of the file */
    infos = PEM_X509_INFO_read_bio(bio, NULL, pgseal__no_password, no_password);
    certs = infos != NULL ? 0 : -1;
    for (int i = 0; infos != NULL && i < sk_X509_INFO_num(infos); i++)
        certs += sk_X509_INFO_value(infos, i)->x509 != NULL;
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return certs;
}

static void compare(const char *text, size_t n, const char *what)
{
    struct pgseal__shelf shelf = {0};
    int shelved = pgseal__shelf_fill(&shelf, (const uint8_t *)text, n);
    int loads = openssl_loads(text, n);

    /* 0 means that OpenSSL's own function is asked, and that is always right. */
    if (shelved != 0 && shelved != loads)
        fail_msg("%s: %d on the shelf, OpenSSL loads %d:\n%.*s", what, shelved, loads, (int)n,
                 text);
    pgseal__free(shelf.v);
}

static struct t_certs certs;

static int make(void **state)
{
    t_certs_line(&certs, "cert root cn=Test_Root org=Test_\xc3\xa9 ca");
    t_certs_line(&certs, "cert rsa cn=Rsa_Root ca key=RSA2048 san=DNS:a.example.com");
    t_certs_line(&certs, "cert ed cn=Ed_Root ca key=ED25519");
    t_certs_line(&certs, "cert nc cn=NC_Root ca nc=+example.org critical");
    t_certs_line(&certs, "cert leaf cn=db.example.com issuer=root");
    t_certs_line(&certs, "cert twin cn=Test_Root org=Test_\xc3\xa9 ca");
    t_certs_line(&certs, "cert twinleaf cn=db.example.com issuer=twin");
    t_certs_line(&certs, "crl rootcrl issuer=root");
    return 0;
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

static const char *pem(const char *name)
{
    return t_certs_pem(&certs, name);
}

static size_t to_pem(const uint8_t *der, size_t n, char *out, size_t cap)
{
    char *base64 = test_malloc(2 * n + 64);
    int len = EVP_EncodeBlock((unsigned char *)base64, der, (int)n);
    size_t used = (size_t)snprintf(out, cap, "-----BEGIN CERTIFICATE-----\n");

    for (int i = 0; i < len; i += 64)
        used += (size_t)snprintf(out + used, cap - used, "%.64s\n", base64 + i);
    used += (size_t)snprintf(out + used, cap - used, "-----END CERTIFICATE-----\n");
    test_free(base64);
    return used;
}

/* A sample in the unit test; tests/fuzz/fuzz_bundle.c compares without an end. */
static void test_shelf__bytes_of_der_changed__as_openssl(void **state)
{
    static const char *const names[] = {"root", "rsa", "ed", "nc"};
    uint64_t seed = t_seed();
    char text[8192];

    print_message("PGSEAL_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
        uint8_t *der = NULL;
        int n = i2d_X509(t_certs_get(&certs, names[i])->cert->cert, &der);

        for (int round = 0; round < 150; round++) {
            size_t at = t_random(&seed) % (size_t)n;
            uint8_t old = der[at];
            const uint8_t values[] = {(uint8_t)(old + 1), (uint8_t)(old ^ 0x20), 0,
                                      (uint8_t)t_random(&seed)};

            der[at] = values[t_random(&seed) % PGSEAL_COUNT(values)];
            compare(text, to_pem(der, (size_t)n, text, sizeof(text)), names[i]);
            der[at] = old;
        }
        OPENSSL_free(der);
    }
}

static void test_shelf__text_changed__as_openssl(void **state)
{
    static const char odd[] = "-\n\r \t:=A0+/B\0\x80";
    uint64_t seed = t_seed();
    char whole[16384];
    char text[16384];
    size_t n = (size_t)snprintf(whole, sizeof(whole), "# roots\n%s\n%sbetween\n%s", pem("root"),
                                pem("ed"), pem("rsa"));

    print_message("PGSEAL_TEST_SEED=%llu\n", (unsigned long long)seed);
    compare(whole, n, "whole");
    for (int i = 0; i < 120; i++) {
        size_t at = t_random(&seed) % n;

        memcpy(text, whole, n);
        text[at] = odd[t_random(&seed) % (sizeof(odd) - 1)];
        compare(text, n, "one byte");
        compare(whole, at, "cut off");
        memcpy(text, whole, n);
        memmove(text + at, text + at + 1, n - at - 1);
        compare(text, n - 1, "one byte less");
    }
}

static void test_shelf__what_is_on_it__and_what_not(void **state)
{
    struct pgseal__shelf shelf = {0};
    char text[16384];
    size_t n = (size_t)snprintf(text, sizeof(text), "%s%s", pem("root"), pem("rsa"));

    assert_int_equal(pgseal__shelf_fill(&shelf, (const uint8_t *)text, n), 2);
    n = (size_t)snprintf(text, sizeof(text), "%s%s", pem("root"), pem("rootcrl"));
    assert_int_equal(pgseal__shelf_fill(&shelf, (const uint8_t *)text, n), 0);
    assert_int_equal(shelf.n, 2);
    n = (size_t)snprintf(text, sizeof(text), "%s%s", pem("root"),
                         pgseal_minted_key_pem(t_certs_get(&certs, "leaf")->cert));
    assert_int_equal(pgseal__shelf_fill(&shelf, (const uint8_t *)text, n), 0);
    pgseal__free(shelf.v);
}

static int verdict(struct pgseal_trust *t, const char *leaf)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int error;

    X509_STORE_CTX_init(ctx, pgseal__trust_store(t), t_certs_get(&certs, leaf)->cert->cert, NULL);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), T_TODAY);
    X509_verify_cert(ctx);
    error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    return error;
}

static int objects(struct pgseal_trust *t)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(pgseal__trust_store(t)));
}

static void add(struct pgseal_trust *t, const char *text)
{
    assert_true(pgseal_trust_add_pem(t, "x", (const uint8_t *)text, strlen(text), NULL) > 0);
}

static void test_shelf__a_name_is_asked_for__all_of_that_name_come(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    char text[16384];

    snprintf(text, sizeof(text), "%s%s%s", pem("rsa"), pem("twin"), pem("root"));
    add(t, text);
    assert_int_equal(objects(t), 0);
    assert_int_equal(verdict(t, "leaf"), X509_V_OK);
    assert_int_equal(objects(t), 2);
    assert_int_equal(verdict(t, "twinleaf"), X509_V_OK);
    assert_int_equal(objects(t), 2);
    assert_int_equal(pgseal__trust_load_all(t, NULL), 0);
    assert_int_equal(objects(t), 3);
    pgseal_trust_free(t);
}

/* A file that is loaded at once may have a certificate of a name that is also on the shelf. */
static void test_shelf__certificates_in_the_store__shelf_is_emptied(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    char text[16384];

    add(t, pem("root"));
    snprintf(text, sizeof(text), "%s%s", pem("twin"), pem("rootcrl"));
    add(t, text);
    assert_int_equal(objects(t), 3);
    assert_int_equal(verdict(t, "leaf"), X509_V_OK);
    assert_int_equal(verdict(t, "twinleaf"), X509_V_OK);
    add(t, pem("rsa"));
    assert_int_equal(objects(t), 4);
    pgseal_trust_free(t);

    /* CRLs alone leave it as it is. */
    t = pgseal_trust_new(NULL);
    add(t, pem("root"));
    add(t, pem("rootcrl"));
    assert_int_equal(objects(t), 1);
    pgseal_trust_check_crls(t);
    assert_int_equal(verdict(t, "leaf"), X509_V_OK);
    pgseal_trust_free(t);
}

/* The store may live longer than the trust set that made it. */
static void test_shelf__trust_freed_first__store_still_works(void **state)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    X509_STORE *store = pgseal__trust_store(t);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    add(t, pem("root"));
    assert_int_equal(X509_STORE_up_ref(store), 1);
    pgseal_trust_free(t);
    X509_STORE_CTX_init(ctx, store, t_certs_get(&certs, "leaf")->cert->cert, NULL);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), T_TODAY);
    assert_int_equal(X509_verify_cert(ctx), 1);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shelf__bytes_of_der_changed__as_openssl),
        cmocka_unit_test(test_shelf__text_changed__as_openssl),
        cmocka_unit_test(test_shelf__what_is_on_it__and_what_not),
        cmocka_unit_test(test_shelf__a_name_is_asked_for__all_of_that_name_come),
        cmocka_unit_test(test_shelf__certificates_in_the_store__shelf_is_emptied),
        cmocka_unit_test(test_shelf__trust_freed_first__store_still_works),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

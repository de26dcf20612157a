/* SPDX-License-Identifier: PostgreSQL */
/* Certificates of a file as a chain: every encoding, and what is told when there are none. */
#include "alloc.h"
#include "core/base/base.h"
#include "core/cert/cert.h"
#include "t.h"
#include "tls_ends.h"

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

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

static X509 *x509_of(const struct pgseal_minted *m)
{
    const char *pem = pgseal_minted_cert_pem(m);
    BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(x);
    return x;
}

/* A container with the authorities before the server's own certificate. */
static PKCS7 *container(void)
{
    PKCS7 *p7 = PKCS7_new();
    const struct pgseal_minted *in[] = {pki.root, pki.sub, pki.leaf};

    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
    for (size_t i = 0; i < 3; i++) {
        X509 *x = x509_of(in[i]);

        assert_int_equal(PKCS7_add_certificate(p7, x), 1);
        X509_free(x);
    }
    return p7;
}

static void expect(const uint8_t *p, size_t n, size_t count, const char *first)
{
    struct pgseal_err err = {0};
    struct pgseal_chain *c = pgseal_chain_parse("server.pem", p, n, &err);
    struct pgseal_cert_info info;

    if (c == NULL)
        fail_msg("%s: %s", err.msg, err.detail);
    assert_int_equal(pgseal_chain_count(c), count);
    assert_int_equal(pgseal_chain_describe(c, 0, &info), 0);
    if (strstr(info.subject, first) == NULL)
        fail_msg("\"%s\" is not \"%s\"", info.subject, first);
    assert_int_equal(pgseal_chain_describe(c, count, &info), PGSEAL_E_USAGE);
    assert_int_equal(sk_X509_num(pgseal__chain_certs(c)), count);
    pgseal_chain_free(c);
}

static void expect_text(const char *text, size_t count)
{
    expect((const uint8_t *)text, strlen(text), count, "CN=db.test");
}

static void test_chain__pem__in_the_order_of_the_file(void **state)
{
    char *key_first = t_join(pgseal_minted_key_pem(pki.leaf), pki.chain_pem);
    char *key_between,
        *tail = t_join(pgseal_minted_key_pem(pki.leaf), pgseal_minted_cert_pem(pki.sub));

    key_between = t_join(pgseal_minted_cert_pem(pki.leaf), tail);
    expect_text(pki.chain_pem, 2);
    expect_text(pgseal_minted_cert_pem(pki.leaf), 1);
    expect_text(key_first, 2);
    expect_text(key_between, 2);
    free(key_first);
    free(key_between);
    free(tail);
}

static void test_chain__der__one(void **state)
{
    X509 *x = x509_of(pki.leaf);
    uint8_t *der = NULL;
    int n = i2d_X509(x, &der);

    expect(der, (size_t)n, 1, "CN=db.test");
    OPENSSL_free(der);
    X509_free(x);
}

static void test_chain__pkcs7__server_first(void **state)
{
    PKCS7 *p7 = container();
    uint8_t *der = NULL;
    int n = i2d_PKCS7(p7, &der);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    long pem_n;

    expect(der, (size_t)n, 3, "CN=db.test");
    assert_int_equal(PEM_write_bio_PKCS7(bio, p7), 1);
    pem_n = BIO_get_mem_data(bio, &pem);
    expect((const uint8_t *)pem, (size_t)pem_n, 3, "CN=db.test");
    BIO_free(bio);
    OPENSSL_free(der);
    PKCS7_free(p7);
}

static void refuse(const char *text, size_t n, const char *msg, const char *detail)
{
    struct pgseal_err err = {0};

    assert_null(pgseal_chain_parse("server.pem", (const uint8_t *)text, n, &err));
    assert_int_equal(err.code, PGSEAL_E_CERT);
    if (strcmp(err.msg, msg) != 0 || strstr(err.detail, detail) == NULL || err.hint[0] == '\0')
        fail_msg("\n%s\n%s\n%s", err.msg, err.detail, err.hint);
}

static void test_chain__no_certificate__says_what_is_there(void **state)
{
    const char *none = "could not read certificate file \"server.pem\": no certificate found";
    const char *bad = "could not read certificate file \"server.pem\": one of its certificates "
                      "cannot be parsed";
    const char *key = pgseal_minted_key_pem(pki.leaf);
    char *cut = strdup(pki.chain_pem);

    refuse("", 0, none, "empty");
    refuse(NULL, 0, none, "directory");
    refuse("hello\n", 6, none, "6 bytes of text");
    refuse(key, strlen(key), none, "private key");
    cut[strlen(cut) - 200] = '\0'; /* the intermediate has lost its end */
    refuse(cut, strlen(cut), bad, "certificate");
    assert_null(pgseal_chain_parse("x", (const uint8_t *)"0\x82\x01", 3, NULL));
    free(cut);
}

static int parse_once(void *arg)
{
    struct pgseal_err err;
    struct pgseal_chain *c = pgseal_chain_parse("x", arg, strlen(arg), &err);

    if (c == NULL)
        return err.code;
    pgseal_chain_free(c);
    return 0;
}

static void test_chain__allocation_fails__none(void **state)
{
    assert_int_equal(t_each_alloc_fails(parse_once, pki.chain_pem), 1);
    assert_null(pgseal_chain_free(NULL));
    assert_int_equal(pgseal_chain_count(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain__pem__in_the_order_of_the_file),
        cmocka_unit_test(test_chain__der__one),
        cmocka_unit_test(test_chain__pkcs7__server_first),
        cmocka_unit_test(test_chain__no_certificate__says_what_is_there),
        cmocka_unit_test(test_chain__allocation_fails__none),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

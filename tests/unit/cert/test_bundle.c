/* SPDX-License-Identifier: PostgreSQL */
/* What is said about files that should be bundles: kinds, lines, flaws, and the files of the wild.
 */
#include "core/cert/cert_int.h"

#include "alloc.h"
#include "certs.h"
#include "real.h"
#include "t.h"

/* 2026-11-23: the data folder's day; its youngest certificate begins 2025-05-20. */
#define WILD_NOW INT64_C(1795392000)

static struct t_certs certs;

static int make(void **state)
{
    t_certs_line(&certs, "cert root cn=Test_Root ca");
    t_certs_line(&certs, "cert sub cn=Test_Sub ca issuer=root");
    t_certs_line(&certs, "cert leaf cn=db.example.com issuer=sub");
    t_certs_line(&certs, "cert self cn=self.example.com");
    t_certs_line(&certs, "cert old cn=Old_Root ca from=-900 to=-400");
    t_certs_line(&certs, "cert next cn=Next_Root ca from=10");
    t_certs_line(&certs, "cert fake forge=root");
    t_certs_line(&certs, "cert badsub cn=Bad_Sub ca issuer=root tamper");
    t_certs_line(&certs, "cert rds cn=Amazon_RDS_us-east-1_Root_CA_RSA2048_G1 ca");
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

/* Every item as a line: "LINE what: problem". */
struct listing {
    char text[8192];
    int items;
};

static void list_item(void *ctx, const struct pgseal_bundle_item *item)
{
    struct listing *l = ctx;

    l->items++;
    assert_true(item->line >= 1);
    assert_true(item->cert == NULL || item->cert->subject[0] != '\0');
    pgseal__append(l->text, sizeof(l->text), "%d %s: %s\n", item->line, item->what, item->problem);
}

static void check(const char *text, size_t n, int loads, const char *items, const char *summary)
{
    struct listing l = {.items = 0};
    char sum[2048];
    int rc = pgseal_bundle_scan((const uint8_t *)text, n, T_TODAY, list_item, &l, NULL);

    pgseal_bundle_summary((const uint8_t *)text, n, T_TODAY, sum, sizeof(sum));
    if (rc != loads || strstr(l.text, items) == NULL || strstr(sum, summary) == NULL)
        fail_msg("loads %d, not %d\nitems:\n%s\nnot: %s\nsummary: %s\nnot: %s", rc, loads, l.text,
                 items, sum, summary);
}

/* Checks a text made of the arguments that follow, up to NULL. */
static void check_of(int loads, const char *items, const char *summary, ...)
{
    char text[16384] = "";
    const char *s;
    va_list ap;

    va_start(ap, summary);
    while ((s = va_arg(ap, const char *)) != NULL)
        pgseal__append(text, sizeof(text), "%s", s);
    va_end(ap);
    check(text, strlen(text), loads, items, summary);
}

static void test_bundle__good__counted(void **state)
{
    check_of(2, "1 certificate: \n", "The file has 2 certificates: 1 root, 1 intermediate.",
             pem("root"), pem("sub"), NULL);
    check_of(1, "4 certificate: \n", "1 root.", "# a comment\n\n\n", pem("root"), NULL);
    check_of(1, "1 certificate: \n", "1 root.", "\xef\xbb\xbf", pem("root"), NULL);
    check_of(1, "crl: \n", "1 root.", pem("root"), pem("rootcrl"), NULL);
    check_of(1, "", "It is of Amazon RDS: us-east-1.", pem("rds"), NULL);
    check_of(1, "", "1 self-signed certificate of a server.", pem("self"), NULL);
}

static void test_bundle__flaws__told_with_their_line(void **state)
{
    char cut[200];

    snprintf(cut, sizeof(cut), "%.150s\n", pem("root"));
    check_of(1, "1 certificate: something stands before its -----BEGIN", "Line 1, \"CN=Test Root\"",
             "    ", pem("root"), pem("sub"), NULL);
    check_of(2, ": the same as at line 1\n", "1 is there twice.", pem("root"), pem("root"), NULL);
    check_of(1, "1 certificate: it ended 2025-12-11", "It ended 2025-12-11", pem("old"), NULL);
    check_of(2, "1 certificate: it ended", "1 has ended.", pem("old"), pem("root"), NULL);
    check_of(1, "1 certificate: it begins only 2027-01-25", "", pem("next"), NULL);
    check_of(1, "1 certificate: it does not fit its own key", "altered after it was signed",
             pem("fake"), NULL);
    check_of(2, "was not signed by the key of \"CN=Test Root\" at line 1", "one of the two",
             pem("root"), pem("badsub"), NULL);
    check_of(1, "1 certificate: a server's or client's own", "no root in it", pem("leaf"), NULL);
    check_of(0, "1 certificate: it has no -----END line", "", cut, NULL);
    check_of(0, "1 certificate: it has no -----END line", "refuses the whole file", cut, pem("sub"),
             NULL);
    check_of(0, "1 certificate: a placeholder: 3 bytes (\"xxxx\")", "only placeholders",
             "-----BEGIN CERTIFICATE-----\nxxxx\n-----END CERTIFICATE-----\n", NULL);
    check_of(0, "1 crl: this CRL is damaged", "refuses the whole file",
             "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n", pem("root"), NULL);
}

static void test_bundle__other_files__recognised(void **state)
{
    static const struct {
        const char *text;
        size_t n; /* 0 = strlen */
        const char *items, *summary;
    } rows[] = {
        {"", 0, "1 empty:", "The file is empty."},
        {" \n\t\n", 0, "1 empty:", "only blanks"},
        {"dummy\n", 0, "1 text:", "6 bytes of text, beginning \"dummy\", and no PEM block"},
        {"\n<!DOCTYPE html>\n<head><title>Sign in</title>", 0,
         "1 html:", "an HTML page, not PEM: \"Sign in\"."},
        {"<html><body>", 0, "1 html:", "an HTML page, not PEM."},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>No</Message></Error>", 0,
         "1 xml:", "an S3 error page (XML), not PEM: AccessDenied (No)."},
        {"<?xml version=\"1.0\"?><a/>", 0, "1 xml:", "The file is XML, not PEM."},
        {"\0GITCRYPT\0abc", 13, "1 git-crypt:", "encrypted by git-crypt"},
        {"\xff\xfe-\0-\0", 6, "1 utf-16:", "UTF-16"},
        {"\xfe\xed\xfe\xed\0\0", 6, "1 jks:", "Java keystore"},
        {"\x1f\x8b\x08\x00", 4, "1 gzip:", "gzip"},
        {"PK\x03\x04", 4, "1 zip:", "ZIP"},
        {"\x7f"
         "ELF\0\0",
         6, "1 binary:", "binary and of no known kind"},
        {"\x7f"
         "ELF\0\0-----\\n",
         13, "1 binary:", "binary and of no known kind"},
        {"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", 0, "1 base64:", "once more in base64"},
        {"version https://git-lfs.github.com/spec/v1\n", 0, "1 git-lfs:", "Git LFS pointer"},
        {"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n", 0,
         "1 escaped:", "written as \\n"},
        {"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", 0,
         "1 csr:", "a certificate signing request (line 1)"},
        {"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", 0, "1 pkcs7:", "a PKCS#7 container"},
        {"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", 0,
         "1 public key:", "a public key"},
        {"-----BEGIN PGP MESSAGE-----\nMIIB\n-----END PGP MESSAGE-----\n", 0,
         "1 unknown block:", "a block of an unknown kind"},
        {"\x30\x82\x01\x00"
         "abcdefghijklmnop",
         20, "1 der:", "binary (DER), but no certificate"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++)
        check(rows[i].text, rows[i].n != 0 ? rows[i].n : strlen(rows[i].text), 0, rows[i].items,
              rows[i].summary);
}

static void test_bundle__private_key__recognised(void **state)
{
    check_of(0, "2 private key: \n", "The file has a private key (line 2) and no certificate.",
             "key:\n", pgseal_minted_key_pem(t_certs_get(&certs, "leaf")->cert), NULL);
}

static void test_bundle__der__recognised(void **state)
{
    uint8_t *der = NULL;
    int n = i2d_X509(t_certs_get(&certs, "root")->cert->cert, &der);

    check((char *)der, (size_t)n, 0, "1 der certificate:",
          "The file is the certificate \"CN=Test Root\" in DER (binary), not PEM.");
    OPENSSL_free(der);
    der = NULL;
    n = i2d_X509_CRL(t_certs_get(&certs, "rootcrl")->crl, &der);
    check((char *)der, (size_t)n, 0, "1 der crl:", "a CRL in DER");
    OPENSSL_free(der);
}

/* ---- files that public repositories really carry ----------------------------------------------
 */

static void test_bundle__wild_files__each_its_own_diagnosis(void **state)
{
    static const struct {
        const char *file;
        int loads;
        const char *summary[3];
    } rows[] = {
        {"wild/altered-2019-root.pem",
         1,
         {"Line 1, \"CN=Amazon RDS Root 2019 CA\": it does not fit its own key: it was altered",
          "It ended 2024-08-22 17:08:50 UTC"}},
        {"wild/concatenated-duplicates-166.pem",
         166,
         {"The file has 166 certificates", "24 are there twice", "73 have ended"}},
        {"wild/crlf-us-east-1.pem",
         5,
         {"The file has 5 certificates: 4 roots, 1 intermediate.", "us-east-1.", "CRLF"}},
        {"wild/govcloud-named-global.pem",
         10,
         {"They are for AWS GovCloud (US) only", "us-gov-east-1, us-gov-west-1", "4 have ended"}},
        {"wild/indented-first-begin.pem",
         2,
         {"Line 1, \"CN=Amazon RDS us-east-1 Root CA RSA2048 G1\": something stands before its "
          "-----BEGIN, so OpenSSL does not see it.",
          "The file has 2 certificates"}},
        {"wild/no-final-newline-102.pem",
         102,
         {"The file has 102 certificates: 102 roots.", "32 regions", "last line has no end"}},
        {"wild/one-letter-lowercased.pem",
         30,
         {"All of them have ended, the last 2025-06-01 12:00:00 UTC",
          "Line 1, \"CN=Amazon RDS ap-east-1 CA\": it was not signed by the key of \"CN=Amazon "
          "RDS ap-east-1 Root CA\" at line 25"}},
        {"wild/placeholder-comment.pem",
         0,
         {"1 PEM block and not one certificate: only placeholders",
          "\"# This is a placeholder SSL certificate file\""}},
        {"wild/placeholder-xxxx.pem",
         0,
         {"10 PEM blocks and not one certificate: only placeholders", "3 bytes (\"xxxx\")"}},
        {"wild/s3-access-denied.pem", 0, {"an S3 error page (XML), not PEM: AccessDenied"}},
        {"wild/web-pki-chain-instead.pem",
         3,
         {"They are of public authorities; none is of Amazon RDS."}},
        {"wild/wrong-ca-and-broken-der.pem",
         0,
         {"1 readable certificate, but OpenSSL refuses the whole file",
          "Line 1: its DER is broken"}},
        {"global-bundle.pem", 108, {"108 roots", "All are of Amazon RDS: 34 regions."}},
        {"us-gov-global-bundle.pem", 10, {"GovCloud (US) only: us-gov-west-1, us-gov-east-1."}},
        {"rds-combined-ca-bundle.pem", 30, {"All of them have ended, the last 2025-06-01"}},
        {"history/global-bundle.2022-115.p7b", 0, {"a PKCS#7 container (line 1)"}},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        size_t n = 0;
        char *data = t_real_file(rows[i].file, &n); /* or skips */
        ;
        char sum[2048];
        int loads;

        loads = pgseal_bundle_scan((const uint8_t *)data, n, WILD_NOW, NULL, NULL, NULL);
        pgseal_bundle_summary((const uint8_t *)data, n, WILD_NOW, sum, sizeof(sum));
        for (size_t j = 0; j < 3 && rows[i].summary[j] != NULL; j++)
            if (strstr(sum, rows[i].summary[j]) == NULL)
                fail_msg("%s: %s\nnot: %s", rows[i].file, sum, rows[i].summary[j]);
        assert_int_equal(loads, rows[i].loads);
        test_free(data);
    }
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static int scan_once(void *arg)
{
    const char *text = arg;
    struct pgseal_err err = {0};
    int rc = pgseal_bundle_scan((const uint8_t *)text, strlen(text), T_TODAY, NULL, NULL, &err);

    assert_true(rc >= 0 || err.code == PGSEAL_E_NOMEM);
    return rc;
}

/* What is far behind is looked at too, and duplicates take the verdict of the first of them. */
#define COPIES 1000

static char *many_copies(size_t *n)
{
    static const char *const names[] = {"root", "sub", "badsub"};
    size_t cap = COPIES * (strlen(pem("root")) + strlen(pem("sub")) + strlen(pem("badsub"))) + 1;
    char *text = malloc(cap + strlen(pem("old")));

    assert_non_null(text);
    *n = 0;
    for (size_t i = 0; i < COPIES; i++)
        for (size_t k = 0; k < PGSEAL_COUNT(names); k++) {
            memcpy(text + *n, pem(names[k]), strlen(pem(names[k])));
            *n += strlen(pem(names[k]));
        }
    memcpy(text + *n, pem("old"), strlen(pem("old")));
    *n += strlen(pem("old"));
    return text;
}

static void test_bundle__thousands__each_with_its_verdict(void **state)
{
    struct pgseal__bundle b;
    size_t n;
    char *text = many_copies(&n);
    const unsigned unsigned_bit = 1u << PGSEAL__FLAW_UNSIGNED;

    assert_int_equal(pgseal__bundle_read((const uint8_t *)text, n, T_TODAY, &b), 0);
    assert_int_equal(b.loads, 3 * COPIES + 1);
    assert_int_equal(b.n, 3 * COPIES + 1);
    for (size_t i = 0; i < 3 * COPIES; i++) {
        const struct pgseal__entry *e = &b.v[i];

        assert_true(e->loaded);
        assert_int_equal(e->twin_line, i < 3 ? 0 : b.v[i % 3].line);
        assert_int_equal(e->vouched, i % 3 != 2);
        assert_int_equal(e->issuer_line, i % 3 == 0 ? 0 : b.v[0].line);
        assert_int_equal((e->flaws & unsigned_bit) != 0, i % 3 == 2);
        if (i % 3 == 2)
            assert_non_null(
                strstr(e->problem, "not signed by the key of \"CN=Test Root\" at line 1"));
    }
    assert_int_equal(b.v[3 * COPIES].flaw, PGSEAL__FLAW_ENDED);
    pgseal__bundle_done(&b);
    free(text);
}

static void test_bundle__allocation_fails__says_so(void **state)
{
    char text[8192];

    snprintf(text, sizeof(text), "%s%s", pem("root"), pem("sub"));
    assert_true(t_each_alloc_fails(scan_once, text) >= 4);
}

static void test_bundle__small_output__is_terminated(void **state)
{
    char out[16];

    for (size_t cap = 1; cap <= sizeof(out); cap++) {
        memset(out, 'x', sizeof(out));
        pgseal_bundle_summary((const uint8_t *)pem("root"), strlen(pem("root")), T_TODAY, out, cap);
        assert_non_null(memchr(out, '\0', cap));
    }
    pgseal_bundle_summary((const uint8_t *)"x", 1, T_TODAY, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle__good__counted),
        cmocka_unit_test(test_bundle__flaws__told_with_their_line),
        cmocka_unit_test(test_bundle__other_files__recognised),
        cmocka_unit_test(test_bundle__private_key__recognised),
        cmocka_unit_test(test_bundle__der__recognised),
        cmocka_unit_test(test_bundle__wild_files__each_its_own_diagnosis),
        cmocka_unit_test(test_bundle__thousands__each_with_its_verdict),
        cmocka_unit_test(test_bundle__allocation_fails__says_so),
        cmocka_unit_test(test_bundle__small_output__is_terminated),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Loading certificates in any form and writing them in others: read back here and compared. */
#include "t.h"

#include "alloc.h"
#include "ca/ca.h"
#include "certs.h"
#include "core/base/base.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include <locale.h>
#include <wctype.h>

static struct t_certs certs;

static int make(void **state)
{
    static const char *const lines[] = {
        "cert root cn=Test_Root ca to=900",
        "cert upper cn=TEST_ROOT ca to=900",
        "cert long cn=Amazon_RDS_zz-test-1_Root_CA_ECC384_G1 ca to=34000",
        "cert past cn=Amazon_RDS_zz-test-2_Root_CA_ECC384_G1 ca from=-900 to=-400",
        "cert sub cn=Test_Sub ca issuer=root to=900",
        "cert badsub cn=Bad_Sub ca issuer=root tamper to=900",
        "cert posed cn=Amazon_RDS_ap-northeast-1_Root_CA_ECC384_G1 ca to=9000",
        "crl list issuer=root",
    };

    return t_certs_lines(&certs, lines, PGSEAL_COUNT(lines));
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

/* A list of the certificates of these names. */
static void list_of(struct ca_certs *l, const char *names)
{
    char word[64];

    *l = (struct ca_certs){0};
    while (sscanf(names, "%63s", word) == 1) {
        struct pgseal_err err;
        const char *text = pem(word);

        names = strstr(names, word) + strlen(word);
        assert_int_equal(ca_load((const uint8_t *)text, strlen(text), word, l, NULL, NULL, &err),
                         1);
    }
}

static void same(const struct ca_certs *a, const struct ca_certs *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_string_equal(a->v[i].info.sha256, b->v[i].info.sha256);
}

/* ---- loading -----------------------------------------------------------------------------------
 */

static void on_note(void *ctx, const char *text)
{
    struct pgseal_err *all = ctx;

    pgseal__append(all->detail, sizeof(all->detail), "%s\n", text);
}

static int load_text(const char *text, struct ca_certs *l, char *notes, size_t cap,
                     struct pgseal_err *err)
{
    struct pgseal_err told = {0};
    int rc;

    *l = (struct ca_certs){0};
    rc = ca_load((const uint8_t *)text, strlen(text), "f", l, on_note, &told, err);
    pgseal__format(notes, cap, "%s", told.detail);
    return rc;
}

static void test_load__odd_but_whole__is_taken(void **state)
{
    char text[20000], notes[1000];
    struct ca_certs l, want;
    const char *p = pem("root");

    list_of(&want, "root sub");
    /* A byte order mark, words, blanks before every line, CR LF, a CRL, a copy, no last newline. */
    pgseal__format(text, sizeof(text), "\xef\xbb\xbf%s\nwords\n%s", p,
                   t_certs_get(&certs, "list")->crl_pem);
    for (p = pem("sub"); *p != '\0';) {
        size_t n = strcspn(p, "\n");

        pgseal__append(text, sizeof(text), " \t%.*s\r\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    pgseal__append(text, sizeof(text), "%s", pem("root"));
    text[strlen(text) - 1] = '\0';
    assert_int_equal(load_text(text, &l, notes, sizeof(notes), NULL), 2);
    same(&l, &want);
    assert_non_null(strstr(notes, "a block \"X509 CRL\" was left out"));
    assert_non_null(strstr(notes, "blanks before BEGIN hide this block"));
    ca_certs_done(&l);
    ca_certs_done(&want);
}

static void test_load__what_is_damaged_or_false__is_refused(void **state)
{
    char text[20000], notes[1000];
    struct pgseal_err err;
    struct ca_certs l, whole;
    int rc;
    static const char *const bad[] = {"badsub", "posed"};

    for (size_t i = 0; i < PGSEAL_COUNT(bad); i++) {
        pgseal__format(text, sizeof(text), "%s%s", pem("root"), pem(bad[i]));
        assert_int_equal(load_text(text, &l, notes, sizeof(notes), &err), PGSEAL_E_ROOT_UNUSABLE);
        assert_true(err.detail[0] != '\0' && err.hint[0] != '\0');
        ca_certs_done(&l);
    }
    /* Cut anywhere inside a block: refused, never a shorter list. */
    pgseal__format(text, sizeof(text), "%s%s", pem("root"), pem("sub"));
    for (size_t cut = strlen(pem("root")) + 28; cut + 2 < strlen(pem("root")) + strlen(pem("sub"));
         cut += 13) {
        char kept = text[cut];

        text[cut] = '\0';
        assert_int_equal(load_text(text, &l, notes, sizeof(notes), &err), PGSEAL_E_ROOT_UNUSABLE);
        text[cut] = kept;
        ca_certs_done(&l);
    }
    list_of(&whole, "long");
    /* One letter changed anywhere in the base64. */
    pgseal__format(text, sizeof(text), "%s", pem("long"));
    for (size_t at = 30; at + 40 < strlen(text); at += 11) {
        char kept = text[at];

        if (kept == '\n')
            continue;
        text[at] = kept == 'A' ? 'B' : 'A';
        rc = load_text(text, &l, notes, sizeof(notes), &err);
        /* The last letter has bits that stand for nothing; a letter of one name or key identifier
         * makes an intermediate of an unknown issuer of it, which only that issuer could refute:
         * nobody's root. */
        if (rc == 1)
            assert_true(strcmp(l.v[0].info.sha256, whole.v[0].info.sha256) == 0 ||
                        X509_self_signed(l.v[0].x509, 0) != 1);
        else
            assert_int_equal(rc, PGSEAL_E_ROOT_UNUSABLE);
        text[at] = kept;
        ca_certs_done(&l);
    }
    ca_certs_done(&whole);
    assert_int_equal(load_text("", &l, notes, sizeof(notes), &err), PGSEAL_E_ROOT_UNUSABLE);
    assert_non_null(strstr(err.detail, "empty"));
    ca_certs_done(&l);
}

static void test_filter__region_and_day__choose(void **state)
{
    struct ca_certs l;
    struct ca_filter f = {.now_unix_s = T_TODAY};

    list_of(&l, "root long past sub");
    assert_int_equal(ca_filter(&l, &f), 0);
    f.valid = true;
    assert_int_equal(ca_filter(&l, &f), 1);
    f.region = "zz-test-1";
    assert_int_equal(ca_filter(&l, &f), 2);
    assert_string_equal(l.v[0].cn, "Amazon RDS zz-test-1 Root CA ECC384 G1");
    f.region = "zz-test-2";
    assert_int_equal(ca_filter(&l, &f), 1);
    assert_int_equal(l.n, 0);
    ca_certs_done(&l);
}

/* ---- names -------------------------------------------------------------------------------------
 */

static void test_alias__of_any_name__is_lower_and_unique(void **state)
{
    static const struct {
        const char *cn, *alias, *file;
    } rows[] = {
        {"Amazon RDS us-east-1 Root CA RSA2048 G1", "amazon rds us-east-1 root ca rsa2048 g1",
         "amazon-rds-us-east-1-root-ca-rsa2048-g1.der"},
        {"AMAZON RDS us-east-1 Root CA RSA2048 G1", "amazon rds us-east-1 root ca rsa2048 g1 (2)",
         "amazon-rds-us-east-1-root-ca-rsa2048-g1-2.der"},
        {"\xc3\x9c"
         "BER",
         "\xc3\xbc"
         "ber",
         "ber.der"},
        {"\xe6\x9d\xb1\xe4\xba\xac", "\xe6\x9d\xb1\xe4\xba\xac", "certificate.der"},
        {"../../etc/passwd", "../../etc/passwd", "etc-passwd.der"},
        {"...", "...", "certificate.der"},
        {"", "certificate 0123456789ab", "certificate-0123456789ab.der"},
        {"a\\x00b", "a\\x00b", "a-x00b.der"},
    };
    struct ca_cert v[PGSEAL_COUNT(rows)] = {0};
    struct ca_certs l = {v, PGSEAL_COUNT(rows)};
    struct ca_alias *a;
    char file[260];

    for (size_t i = 0; i < l.n; i++) {
        pgseal__format(v[i].cn, sizeof(v[i].cn), "%s", rows[i].cn);
        pgseal__format(v[i].info.sha256, sizeof(v[i].info.sha256), "0123456789abcdef");
    }
    a = ca_aliases(&l);
    assert_non_null(a);
    for (size_t i = 0; i < l.n; i++) {
        assert_string_equal(a[i].text, rows[i].alias);
        ca_alias_file(&a[i], file, sizeof(file));
        assert_string_equal(file, rows[i].file);
    }
    pgseal__free(a);
}

/* As the C library's tables of a UTF-8 locale say, where this machine has one: for the alphabets
 * that are in ours. */
static void test_small_letter__of_every_letter__as_unicode_says(void **state)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    size_t differ = 0;

    assert_int_equal(ca_small_letter('Z'), 'z');
    assert_int_equal(ca_small_letter('@'), '@');
    assert_int_equal(ca_small_letter(0xdc), 0xfc);
    assert_int_equal(ca_small_letter(0xd7), 0xd7);
    assert_int_equal(ca_small_letter(0x178), 0xff);
    assert_int_equal(ca_small_letter(0x416), 0x436);
    assert_int_equal(ca_small_letter(0xff21), 0xff41);
    assert_int_equal(ca_small_letter(0x6771), 0x6771);
    assert_int_equal(ca_small_letter(0x1f512), 0x1f512);
    if (utf8 == (locale_t)0)
        skip();
    for (uint32_t cp = 1; cp < 0x1f00; cp++)
        if ((cp < 0x180 || (cp >= 0x250 && cp < 0x590) || cp >= 0x1e00) && cp != 0x130)
            differ += ca_small_letter(cp) != (uint32_t)towlower_l((wint_t)cp, utf8);
    assert_int_equal(differ, 0);
    freelocale(utf8);
}

/* ---- forms -------------------------------------------------------------------------------------
 */

static void test_export__pem_p7b_der__come_back(void **state)
{
    struct ca_certs l, back;
    struct ca_bytes b = {0};

    list_of(&l, "long root sub past");
    assert_int_equal(ca_export_pem(&l, true, &b, NULL), 0);
    back = (struct ca_certs){0};
    assert_int_equal(ca_load(b.p, b.n, "pem", &back, NULL, NULL, NULL), 4);
    same(&back, &l);
    ca_certs_done(&back);
    ca_bytes_done(&b);
    for (int armour = 0; armour < 2; armour++) {
        assert_int_equal(ca_export_p7b(&l, armour == 1, &b, NULL), 0);
        assert_int_equal(b.p[0], armour == 1 ? '-' : 0x30);
        assert_int_equal(ca_load(b.p, b.n, "p7b", &back, NULL, NULL, NULL), 4);
        assert_int_equal(back.n, 4); /* a SET: DER sorts it */
        ca_certs_done(&back);
        ca_bytes_done(&b);
    }
    assert_int_equal(ca_export_der(&l.v[0], &b, NULL), 0);
    assert_int_equal(ca_load(b.p, b.n, "der", &back, NULL, NULL, NULL), 1);
    assert_string_equal(back.v[0].info.sha256, l.v[0].info.sha256);
    ca_certs_done(&back);
    ca_bytes_done(&b);
    ca_certs_done(&l);
}

static void test_export__p12__every_bag_is_trusted_and_named(void **state)
{
    struct ca_certs l;
    struct ca_bytes b = {0};
    struct ca_alias *a;
    const uint8_t *p;
    PKCS12 *p12;
    STACK_OF(PKCS7) * safes;
    STACK_OF(PKCS12_SAFEBAG) * bags;

    list_of(&l, "root upper long");
    a = ca_aliases(&l);
    assert_int_equal(ca_export_p12(&l, a, "changeit", &b, NULL), 0);
    p = b.p;
    p12 = d2i_PKCS12(NULL, &p, (long)b.n);
    assert_non_null(p12);
    assert_int_equal(PKCS12_verify_mac(p12, "changeit", -1), 1);
    assert_int_equal(PKCS12_verify_mac(p12, "changeit2", -1), 0);
    safes = PKCS12_unpack_authsafes(p12);
    assert_int_equal(sk_PKCS7_num(safes), 1);
    bags = PKCS12_unpack_p7data(sk_PKCS7_value(safes, 0));
    assert_int_equal(sk_PKCS12_SAFEBAG_num(bags), 3);
    for (int i = 0; i < 3; i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        char *name = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)(uintptr_t)bag);
        ASN1_OBJECT *oid = OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1);
        const STACK_OF(X509_ATTRIBUTE) *attrs = PKCS12_SAFEBAG_get0_attrs(bag);
        X509_ATTRIBUTE *attr = X509at_get_attr(attrs, X509at_get_attr_by_OBJ(attrs, oid, -1));

        assert_string_equal(name, a[i].text);
        assert_non_null(attr);
        assert_int_equal(OBJ_obj2nid(X509_ATTRIBUTE_get0_data(attr, 0, V_ASN1_OBJECT, NULL)),
                         NID_anyExtendedKeyUsage);
        OPENSSL_free(name);
        ASN1_OBJECT_free(oid);
    }
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    PKCS12_free(p12);
    ca_bytes_done(&b);
    pgseal__free(a);
    ca_certs_done(&l);
}

static void test_export__jks__of_nothing_is_the_known_bytes(void **state)
{
    /* An empty store with password "changeit", as keytool leaves it: magic, version, no entry, and
     * SHA-1("changeit" in UTF-16BE, "Mighty Aphrodite", those twelve bytes). */
    static const uint8_t head[] = {0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0};
    struct ca_certs none = {0};
    struct ca_bytes b = {0};
    uint8_t text[200], md[EVP_MAX_MD_SIZE];
    size_t n = 0;

    assert_int_equal(ca_export_jks(&none, NULL, "changeit", T_TODAY, &b, NULL), 0);
    assert_int_equal(b.n, sizeof(head) + 20);
    assert_memory_equal(b.p, head, sizeof(head));
    for (const char *p = "changeit"; *p != '\0'; p++) {
        text[n++] = 0;
        text[n++] = (uint8_t)*p;
    }
    memcpy(text + n, "Mighty Aphrodite", 16);
    memcpy(text + n + 16, head, sizeof(head));
    assert_int_equal(EVP_Digest(text, n + 16 + sizeof(head), md, NULL, EVP_sha1(), NULL), 1);
    assert_memory_equal(b.p + sizeof(head), md, 20);
    ca_bytes_done(&b);
}

static int whole_export(void *arg)
{
    struct ca_certs l = {0};
    struct ca_bytes b[4] = {{0}};
    struct ca_alias *a = NULL;
    const char *text = arg;
    struct pgseal_err err;
    int rc = ca_load((const uint8_t *)text, strlen(text), "f", &l, NULL, NULL, &err);

    if (rc >= 0) {
        a = ca_aliases(&l);
        rc = a != NULL ? 0 : PGSEAL_E_NOMEM;
    }
    if (rc == 0)
        rc = ca_export_pem(&l, true, &b[0], &err);
    if (rc == 0)
        rc = ca_export_p7b(&l, true, &b[1], &err);
    if (rc == 0)
        rc = ca_export_p12(&l, a, "changeit", &b[2], &err);
    if (rc == 0)
        rc = ca_export_jks(&l, a, "changeit", T_TODAY, &b[3], &err);
    for (size_t i = 0; i < PGSEAL_COUNT(b); i++)
        ca_bytes_done(&b[i]);
    pgseal__free(a);
    ca_certs_done(&l);
    return rc;
}

static void test_export__each_allocation_fails__cleanly(void **state)
{
    char text[20000];

    pgseal__format(text, sizeof(text), "%s%s%s", pem("root"), pem("sub"), pem("long"));
    assert_true(t_each_alloc_fails(whole_export, text) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load__odd_but_whole__is_taken),
        cmocka_unit_test(test_load__what_is_damaged_or_false__is_refused),
        cmocka_unit_test(test_filter__region_and_day__choose),
        cmocka_unit_test(test_alias__of_any_name__is_lower_and_unique),
        cmocka_unit_test(test_small_letter__of_every_letter__as_unicode_says),
        cmocka_unit_test(test_export__pem_p7b_der__come_back),
        cmocka_unit_test(test_export__p12__every_bag_is_trusted_and_named),
        cmocka_unit_test(test_export__jks__of_nothing_is_the_known_bytes),
        cmocka_unit_test(test_export__each_allocation_fails__cleanly),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

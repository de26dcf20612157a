/* SPDX-License-Identifier: PostgreSQL */
/* What is found in files of roots: real ones by tests/data/bundles.tbl, minted ones by their parts.
 */
#include "t.h"

#include "alloc.h"
#include "ca/ca.h"
#include "certs.h"
#include "core/base/base.h"
#include "real.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

/* 2026-11-23: the day of the table. */
#define WILD_NOW INT64_C(1795392000)

static struct t_certs certs;

static int make(void **state)
{
    static const char *const lines[] = {
        "cert root cn=Test_Root ca to=900",
        "cert other cn=Other_Root ca to=900",
        "cert sub cn=Test_Sub ca issuer=root to=900",
        "cert leaf cn=db.example.com issuer=sub",
        "cert self cn=self.example.com to=900",
        "cert old cn=Old_Root ca from=-900 to=-400",
        "cert oldsub cn=Old_Sub ca issuer=root from=-900 to=-400",
        "cert next cn=Next_Root ca from=10 to=900",
        "cert soon cn=Soon_Root ca to=89",
        "cert later cn=Later_Root ca to=91",
        "cert fake forge=root",
        "cert badsub cn=Bad_Sub ca issuer=root tamper to=900",
        "cert east cn=Amazon_RDS_us-east-1_Root_CA_RSA2048_G1 ca to=900",
        "cert east4096 cn=Amazon_RDS_us-east-1_Root_CA_RSA4096_G1 ca to=900",
        "cert eastsub cn=Amazon_RDS_us-east-1_Subordinate_CA_RSA2048_G1.A.3 ca issuer=east to=900",
        "cert west cn=Amazon_RDS_us-west-2_Root_CA_RSA2048_G1 ca to=900",
        "cert gov cn=Amazon_RDS_us-gov-west-1_Root_CA_RSA2048_G1 ca to=900",
        "cert mars cn=Amazon_RDS_mars-north-1_Root_CA_RSA2048_G1 ca to=900",
        "cert china cn=Amazon_RDS_cn-north-1_Root_CA_RSA2048_G1 ca to=900",
        "cert sha1sub cn=Weak_Sub ca issuer=root digest=SHA1 to=900",
        "cert sha1root cn=Weak_Root ca digest=SHA1 to=900",
        "crl list issuer=root",
    };

    return t_certs_lines(&certs, lines, PGSEAL_COUNT(lines));
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

/* ---- findings as a text ------------------------------------------------------------------------
 */

/* "CA_ALTERED:1 CA_EXPIRED" in the order they were made; "-" when there are none. */
static const char *found(const struct ca_file *f, char out[1024])
{
    out[0] = '\0';
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct finding *it = &f->findings.item[i];

        assert_non_null(strstr(it->where, f->name));
        assert_true(it->seen[0] != '\0' && strstr(it->seen, "  ") == NULL);
        pgseal__append(out, 1024, "%s%s%s", i > 0 ? " " : "", finding_row(it->id)->id,
                       it->where + strlen(f->name));
    }
    if (out[0] == '\0')
        pgseal__append(out, 1024, "-");
    return out;
}

static const struct finding *finding_of(const struct ca_file *f, enum finding_id id)
{
    for (size_t i = 0; i < f->findings.n; i++)
        if (f->findings.item[i].id == id)
            return &f->findings.item[i];
    fail_msg("%s was not found", finding_row(id)->id);
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same words, in any order. `loose`: a wanted word without a line stands for any line. */
static bool same_words(const char *got, const char *want, bool loose)
{
    const char *words[2][64];
    size_t n[2] = {0, 0};
    char text[2][1024];

    for (int i = 0; i < 2; i++) {
        char *save = NULL;

        snprintf(text[i], sizeof(text[i]), "%s", i == 0 ? got : want);
        for (char *w = strtok_r(text[i], " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
            words[i][n[i]++] = w;
        qsort(words[i], n[i], sizeof(words[i][0]), by_name);
    }
    for (size_t i = 0; n[0] == n[1] && i < n[0]; i++)
        if (strcmp(words[0][i], words[1][i]) != 0 &&
            !(loose && strchr(words[1][i], ':') == NULL &&
              strncmp(words[0][i], words[1][i], strlen(words[1][i])) == 0 &&
              words[0][i][strlen(words[1][i])] == ':'))
            return false;
    return n[0] == n[1];
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static void check_row(const char *file, const char *as, const char *word, const unsigned want[3],
                      const char *ids)
{
    struct ca_meant meant;
    struct ca_file f;
    size_t n = 0;
    char *data = t_real_find(file, &n);
    unsigned published = 0;
    char got[1024];

    if (data == NULL)
        fail_msg("%s is not in the shared data", file);
    if (word[0] != '\0')
        assert_true(ca_meant_by_word(word, &meant));
    assert_int_equal(
        ca_inspect(as, (uint8_t *)data, n, WILD_NOW, word[0] != '\0' ? &meant : NULL, &f, NULL), 0);
    for (size_t i = 0; i < f.n; i++)
        published += f.item[i].is_cert && f.item[i].standing <= CA_VOUCHED;
    if (f.certs != want[0] || f.loads != (int)want[1] || published != want[2] ||
        !same_words(found(&f, got), ids, false))
        fail_msg("%s as %s: %zu %d %u | %s\nnot %u %u %u | %s", file, as, f.certs, f.loads,
                 published, got, want[0], want[1], want[2], ids);
    ca_file_done(&f);
    test_free(data);
}

static void test_inspect__real_files__as_the_table_says(void **state)
{
    char line[1024];
    size_t rows = 0;
    size_t n;
    FILE *t;

    test_free(t_real_file("global-bundle.pem", &n)); /* or skips */
    t = fopen(TEST_DATA "/bundles.tbl", "r");
    while (fgets(line, sizeof(line), t) != NULL) {
        char file[200], as[200], word[40] = "", ids[512];
        unsigned want[3];

        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (sscanf(line, "%199s as %199s for %39s | %u %u %u | %511[^\n]", file, as, word, &want[0],
                   &want[1], &want[2], ids) != 7) {
            word[0] = '\0';
            assert_int_equal(sscanf(line, "%199s as %199s | %u %u %u | %511[^\n]", file, as,
                                    &want[0], &want[1], &want[2], ids),
                             6);
        }
        check_row(file, as, word, want, ids);
        rows++;
    }
    fclose(t);
    assert_true(rows > 40);
}

/* ---- minted files ------------------------------------------------------------------------------
 */

/* Appends what a word stands for: a certificate, "key", "csr", a literal that begins with "=". */
static void add_part(char *text, size_t cap, const char *word)
{
    const struct t_cert_item *item;

    if (word[0] == '=') {
        pgseal__append(text, cap, "%s", word + 1);
        return;
    }
    if (strcmp(word, "key") == 0) {
        pgseal__append(text, cap, "%s", pgseal_minted_key_pem(t_certs_get(&certs, "leaf")->cert));
        return;
    }
    item = t_certs_get(&certs, word);
    pgseal__append(text, cap, "%s",
                   item->cert != NULL ? pgseal_minted_cert_pem(item->cert) : item->crl_pem);
}

struct mix {
    const char *name;
    const char *parts[5];
    int loads;
    const char *ids; /* with lines when they are known from the start */
};

static const struct mix mixes[] = {
    {"a.pem", {"root"}, 1, "-"},
    {"a.pem", {"root", "other"}, 2, "-"},
    {"a.pem", {"self"}, 1, "-"},
    {"a.pem", {"=# a comment\n\n", "root"}, 1, "-"},
    {"a.pem", {"=\xef\xbb\xbf", "root"}, 1, "-"},
    {"a.pem", {"sha1root"}, 1, "-"},
    {"a.pem", {"later"}, 1, "-"},
    {"a.pem", {"root", "root"}, 2, "CA_DUPLICATE"},
    {"a.pem", {"old", "root"}, 2, "CA_EXPIRED:1"},
    {"a.pem", {"old"}, 1, "CA_ALL_EXPIRED:1"},
    {"a.pem", {"old", "sub"}, 2, "CA_ALL_EXPIRED:1 CA_INTERMEDIATE"},
    {"a.pem", {"oldsub", "root"}, 2, "CA_EXPIRED:1"},
    {"a.pem", {"next"}, 1, "CA_NOT_YET_VALID:1"},
    {"a.pem", {"soon"}, 1, "CA_ENDS_SOON:1"},
    {"a.pem", {"sub"}, 1, "CA_NO_ROOT:1 CA_INTERMEDIATE:1"},
    {"a.pem", {"sub", "root"}, 2, "CA_INTERMEDIATE:1"},
    {"a.pem", {"leaf"}, 1, "CA_NO_ROOT:1 CA_LEAF:1"},
    {"a.pem", {"leaf", "root"}, 2, "CA_LEAF:1"},
    {"a.pem", {"fake"}, 1, "CA_ALTERED:1"},
    {"a.pem", {"badsub", "root"}, 2, "CA_ALTERED:1 CA_INTERMEDIATE:1"},
    {"a.pem", {"sha1sub", "root"}, 2, "CA_INTERMEDIATE:1 CA_WEAK:1"},
    {"a.pem", {"root", "list"}, 1, "CA_CRL"},
    {"a.pem", {"list"}, 0, "CA_CRL:1 CA_NO_CERTIFICATE:1"},
    {"a.pem", {"key"}, 0, "CA_PRIVATE_KEY:1"},
    {"a.pem", {"key", "root"}, 1, "CA_PRIVATE_KEY:1"},
    {"a.pem", {"=  ", "root", "other"}, 1, "CA_HIDDEN_BEGIN:1"},
    {"a.pem", {"=  ", "root"}, 0, "CA_HIDDEN_BEGIN:1"},
    {"a.pem", {"=-", "root", "other"}, 1, "CA_HIDDEN_BEGIN:1"},
    {"a.pem", {"root", "=-----BEGIN CERTIFICATE-----\nMIIB\n"}, 0, "CA_DAMAGED_END"},
    {"a.pem",
     {"=-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", "root"},
     0,
     "CA_PLACEHOLDER:1"},
    {"a.pem",
     {"=-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"},
     0,
     "CA_NO_CERTIFICATE:1"},
    {"a.pem",
     {"=-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"},
     0,
     "CA_CSR:1"},
    {"a.pem",
     {"=-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "root"},
     1,
     "CA_CSR:1"},
    {"a.pem", {"=-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n"}, 0, "CA_PKCS7:1"},
    {"a.pem", {"="}, 0, "CA_EMPTY:1"},
    {"a.pem", {"= \n"}, 0, "CA_EMPTY:1"},
    {"a.pem", {"=<html><title>Sign in</title>"}, 0, "CA_HTML:1"},
    {"a.pem", {"=<?xml?><Error><Code>NoSuchKey</Code></Error>"}, 0, "CA_S3_ERROR:1"},
    {"a.pem", {"=<?xml?><a/>"}, 0, "CA_NOT_PEM:1"},
    {"a.pem", {"=dummy\n"}, 0, "CA_NOT_PEM:1"},
    {"a.pem", {"=\xfe\xed\xfe\xed"}, 0, "CA_KEYSTORE:1"},
    /* Names of Amazon RDS, which anybody can mint. */
    {"a.pem", {"east"}, 1, "CA_IMPOSTOR:1"},
    {"a.pem", {"mars"}, 1, "CA_UNKNOWN:1"},
    {"a.pem", {"eastsub"}, 1, "CA_NO_ROOT:1 CA_INTERMEDIATE:1 CA_UNKNOWN:1"},
    {"us-east-1.pem", {"east"}, 1, "CA_IMPOSTOR:1"},
    {"us-east-1-bundle.pem", {"east"}, 1, "CA_IMPOSTOR:1 CA_ROOT_MISSING"},
    {"us-east-1.pem", {"west"}, 1, "CA_IMPOSTOR:1 CA_WRONG_REGION:1"},
    {"us-east-1.pem", {"gov"}, 1, "CA_IMPOSTOR:1 CA_WRONG_PARTITION:1"},
    {"us-gov-west-1.pem", {"east"}, 1, "CA_IMPOSTOR:1 CA_WRONG_PARTITION:1"},
    {"rds-cn-north-1.pem", {"china"}, 1, "CA_UNKNOWN:1"},
    {"us-east-1.pem", {"china"}, 1, "CA_UNKNOWN:1 CA_WRONG_PARTITION:1"},
    {"us-east-1.pem", {"root"}, 1, "CA_NOT_RDS:1"},
    {"us-east-1.pem", {"=dummy\n"}, 0, "CA_NOT_PEM:1"},
    {"/a/us-east-1/ca.pem", {"root"}, 1, "-"},
};

static void test_inspect__minted_files__each_its_findings(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(mixes); i++) {
        const struct mix *m = &mixes[i];
        char text[16384] = "";
        struct ca_file f;
        char got[1024];

        for (size_t j = 0; j < PGSEAL_COUNT(m->parts) && m->parts[j] != NULL; j++)
            add_part(text, sizeof(text), m->parts[j]);
        assert_int_equal(
            ca_inspect(m->name, (uint8_t *)text, strlen(text), T_TODAY, NULL, &f, NULL), 0);
        found(&f, got);
        if (f.loads != m->loads || !same_words(got, m->ids, true))
            fail_msg("row %zu (%s %s): loads %d, %s\nnot %d, %s", i, m->parts[0],
                     m->parts[1] != NULL ? m->parts[1] : "", f.loads, got, m->loads, m->ids);
        ca_file_done(&f);
    }
}

static void look(const char *name, const char *const *parts, struct ca_file *f)
{
    char text[16384] = "";

    for (; *parts != NULL; parts++)
        add_part(text, sizeof(text), *parts);
    assert_int_equal(ca_inspect(name, (uint8_t *)text, strlen(text), T_TODAY, NULL, f, NULL), 0);
}

static void test_inspect__headline__says_what_libpq_does(void **state)
{
    static const struct {
        const char *parts[4];
        const char *headline;
    } rows[] = {
        {{"root", "other", NULL}, "libpq loads all 2 certificates"},
        {{"root", NULL}, "libpq loads its one certificate"},
        {{"= ", "root", "other", NULL},
         "libpq loads 1 of 2 certificates, and says nothing of the other"},
        {{"root", "=-----BEGIN CERTIFICATE-----\n", NULL},
         "libpq refuses the whole file, with 1 readable certificate"},
        {{"=dummy", NULL}, "libpq refuses the file: there is no certificate in it"},
        {{"list", NULL}, "libpq loads revocation lists, and no certificate: it trusts nobody"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct ca_file f;
        char text[400];

        look("a.pem", rows[i].parts, &f);
        ca_file_headline(&f, text, sizeof(text));
        assert_string_equal(text, rows[i].headline);
        ca_file_done(&f);
    }
}

static void test_inspect__lost_certificate__named_with_its_line(void **state)
{
    static const char *const hidden[] = {"root", "=  ", "east", NULL};
    static const char *const cut[] = {"root", "other", NULL};
    struct ca_file f;
    char text[8192] = "";
    char *end;

    look("a.pem", hidden, &f);
    assert_non_null(strstr(finding_of(&f, FINDING_ID_CA_HIDDEN_BEGIN)->seen,
                           "Lost, without a word: \"Amazon RDS us-east-1 Root CA RSA2048 G1\", "
                           "the default CA of new RDS instances."));
    assert_false(f.item[1].loaded);
    ca_file_done(&f);

    /* An END that is moved to the right takes the next certificate with it. */
    for (size_t i = 0; cut[i] != NULL; i++)
        add_part(text, sizeof(text), cut[i]);
    add_part(text, sizeof(text), "sub");
    end = strstr(text, "-----END");
    memmove(end + 1, end, strlen(end) + 1);
    *end = ' ';
    assert_int_equal(ca_inspect("a.pem", (uint8_t *)text, strlen(text), T_TODAY, NULL, &f, NULL),
                     0);
    assert_int_equal(f.loads, 2);
    assert_non_null(strstr(finding_of(&f, FINDING_ID_CA_DAMAGED_END)->seen,
                           "has something before it. Lost, without a word: \"Other Root\"."));
    assert_false(findings_have(&f.findings, FINDING_ID_CA_HIDDEN_BEGIN));
    ca_file_done(&f);
}

static void test_inspect__public_store__one_ending_root_is_nothing_special(void **state)
{
    static char text[65536];
    struct ca_file f;
    char got[1024];

    text[0] = '\0';
    for (int i = 0; i < 20; i++)
        add_part(text, sizeof(text), "other");
    add_part(text, sizeof(text), "soon");
    assert_int_equal(ca_inspect("a.pem", (uint8_t *)text, strlen(text), T_TODAY, NULL, &f, NULL),
                     0);
    assert_int_equal(f.loads, 21);
    assert_true(same_words(found(&f, got), "CA_DUPLICATE", true));
    ca_file_done(&f);
}

static void test_inspect__containers__recognised(void **state)
{
    const struct pgseal_minted *root = t_certs_get(&certs, "root")->cert;
    PKCS12 *p12 = PKCS12_create("secret", "x", NULL, root->cert, NULL, 0, 0, 0, 0, 0);
    uint8_t *der[3] = {NULL, NULL, NULL};
    int n[3] = {i2d_PKCS12(p12, &der[0]), i2d_X509(root->cert, &der[1]),
                i2d_PrivateKey(root->key, &der[2])};
    static const char *const ids[] = {"CA_KEYSTORE:1", "CA_DER:1", "CA_PRIVATE_KEY:1"};
    char got[1024];

    for (int i = 0; i < 3; i++) {
        struct ca_file f;

        assert_true(n[i] > 0);
        assert_int_equal(ca_inspect("a", der[i], (size_t)n[i], T_TODAY, NULL, &f, NULL), 0);
        assert_string_equal(found(&f, got), ids[i]);
        ca_file_done(&f);
        OPENSSL_free(der[i]);
    }
    PKCS12_free(p12);
}

static void test_inspect__many_damaged_blocks__summed_up(void **state)
{
    char text[16384] = "";
    struct ca_file f;
    size_t told = 0;

    for (int i = 0; i < 30; i++)
        pgseal__append(text, sizeof(text),
                       "-----BEGIN CERTIFICATE-----\n%d!MIIB\n-----BEGIN CERTIFICATE-----\n", i);
    assert_int_equal(ca_inspect("a.pem", (uint8_t *)text, strlen(text), T_TODAY, NULL, &f, NULL),
                     0);
    assert_true(f.findings.n <= 12);
    for (size_t i = 0; i < f.findings.n; i++)
        told += f.findings.item[i].id == FINDING_ID_CA_DAMAGED_END;
    assert_int_equal(told, 10);
    assert_non_null(
        strstr(finding_of(&f, FINDING_ID_CA_REFUSED)->seen, "And 50 more damaged blocks"));
    ca_file_done(&f);
}

static void test_inspect__strange_names__escaped_and_not_in_commands(void **state)
{
    static const char *const parts[] = {"=dummy", NULL};
    static const char *const names[] = {"a b.pem", "-rf", "$(id).pem", "x\x1b[31m.pem", "a'b"};

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
        struct ca_file f;

        look(names[i], parts, &f);
        assert_null(strchr(f.name, '\x1b'));
        for (size_t j = 0; j < f.findings.n; j++)
            assert_null(strstr(f.findings.item[j].fix, names[i]));
        ca_file_done(&f);
    }
}

static void test_meant__names_and_words__read(void **state)
{
    static const struct {
        const char *path, *partition, *region;
        bool whole;
    } rows[] = {
        {"global-bundle.pem", "AWS", "", true},
        {"/etc/ssl/GLOBAL-BUNDLE.PEM", "AWS", "", true},
        {"rds-combined-ca-bundle.pem", "AWS", "", true},
        {"rds-ca-2019-root.pem", "AWS", "", false},
        {"rds-ca-rsa2048-g1.pem", "AWS", "", false},
        {"us-east-1-bundle.pem", "AWS", "us-east-1", true},
        {"rds_ap-northeast-1.crt", "AWS", "ap-northeast-1", false},
        {"rds-ca-2019-eu-south-1.pem", "AWS", "eu-south-1", false},
        {"us-gov-west-1-bundle.pem", "AWS GovCloud (US)", "us-gov-west-1", true},
        {"us-gov-global-bundle.pem", "AWS GovCloud (US)", "", true},
        {"rds-combined-ca-us-gov-bundle.pem", "AWS GovCloud (US)", "", true},
        {"cn-northwest-1-bundle.pem", "AWS China", "cn-northwest-1", true},
        {"china-global-bundle.pem", "AWS China", "", true},
        {"root.crt", "", "", false},
        {"my-bundle.pem", "", "", false},
        {"us-east-10.pem", "", "", false},
        {"us-east-1/ca.pem", "", "", false},
    };
    struct ca_meant m;

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        ca_meant_by_name(rows[i].path, &m);
        if (strcmp(m.partition, rows[i].partition) != 0 || strcmp(m.region, rows[i].region) != 0 ||
            m.whole != rows[i].whole)
            fail_msg("%s: \"%s\" \"%s\" %d", rows[i].path, m.partition, m.region, m.whole);
    }
    assert_true(ca_meant_by_word("ap-northeast-1", &m));
    assert_string_equal(m.region, "ap-northeast-1");
    assert_true(ca_meant_by_word("any", &m) && m.partition[0] == '\0');
    assert_false(ca_meant_by_word("ap-northeast-9", &m));
    assert_false(ca_meant_by_word("", &m));
}

static int inspect_once(void *arg)
{
    const char *text = arg;
    struct pgseal_err err = {0};
    struct ca_file f;
    int rc = ca_inspect("us-east-1-bundle.pem", (const uint8_t *)text, strlen(text), T_TODAY, NULL,
                        &f, &err);

    assert_true(rc >= 0 || err.code == PGSEAL_E_NOMEM);
    if (rc == 0 && f.findings.nomem)
        rc = -1; /* it says that it is not the whole truth */
    if (rc == 0 || f.findings.nomem)
        ca_file_done(&f);
    return rc;
}

static void test_inspect__allocation_fails__says_so(void **state)
{
    char text[16384] = "";

    add_part(text, sizeof(text), "east");
    add_part(text, sizeof(text), "=  ");
    add_part(text, sizeof(text), "sub");
    assert_true(t_each_alloc_fails(inspect_once, text) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inspect__real_files__as_the_table_says),
        cmocka_unit_test(test_inspect__minted_files__each_its_findings),
        cmocka_unit_test(test_inspect__headline__says_what_libpq_does),
        cmocka_unit_test(test_inspect__lost_certificate__named_with_its_line),
        cmocka_unit_test(test_inspect__public_store__one_ending_root_is_nothing_special),
        cmocka_unit_test(test_inspect__containers__recognised),
        cmocka_unit_test(test_inspect__many_damaged_blocks__summed_up),
        cmocka_unit_test(test_inspect__strange_names__escaped_and_not_in_commands),
        cmocka_unit_test(test_meant__names_and_words__read),
        cmocka_unit_test(test_inspect__allocation_fails__says_so),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

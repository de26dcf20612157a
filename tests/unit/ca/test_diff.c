/* SPDX-License-Identifier: PostgreSQL */
/* What is said about two bundles: what is gone and new, under another guise, and what it means. */
#include "alloc.h"
#include "ca/ca.h"
#include "certs.h"
#include "core/base/base.h"
#include "t.h"

#include <openssl/pem.h>

static struct t_certs certs;

static int make(void **state)
{
    static const char *const lines[] = {
        "cert root cn=Test_Root ca",
        "cert other cn=Other_Root ca",
        "cert fake forge=root",
        "cert again cn=Test_Root ca",
        "cert sub cn=Test_Sub ca issuer=root",
        "cert old cn=Old_Root ca from=-900 to=-400",
        "cert e2019 cn=Amazon_RDS_us-east-1_2019_CA ca issuer=root",
        "cert old2019 cn=Amazon_RDS_Root_2019_CA ca from=-900 to=-400",
        "cert east cn=Amazon_RDS_us-east-1_Root_CA_RSA2048_G1 ca",
        "cert east4096 cn=Amazon_RDS_us-east-1_Root_CA_RSA4096_G1 ca",
        "cert west cn=Amazon_RDS_us-west-2_Root_CA_RSA2048_G1 ca",
        "cert gov cn=Amazon_RDS_us-gov-west-1_Root_CA_RSA2048_G1 ca",
    };

    return t_certs_lines(&certs, lines, PGSEAL_COUNT(lines));
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

/* The files of a row, words apart by blanks; "!" indents the BEGIN of the next, "=" is text. */
static void open_file(const char *words, struct ca_file *f)
{
    char text[32768] = "";
    char copy[200];
    char *save = NULL;

    snprintf(copy, sizeof(copy), "%s", words);
    for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        if (w[0] == '=') {
            pgseal__append(text, sizeof(text), "%s\n", w + 1);
            continue;
        }
        if (w[0] == '!')
            pgseal__append(text, sizeof(text), "  ");
        pgseal__append(text, sizeof(text), "%s", t_certs_pem(&certs, w + (w[0] == '!')));
    }
    assert_int_equal(ca_inspect("a.pem", (uint8_t *)text, strlen(text), T_TODAY, NULL, f, NULL), 0);
}

/* "gone Other Root; new Test Sub": in the order of the files. */
static void changes_text(const struct ca_diff *d, char out[1000])
{
    out[0] = '\0';
    for (size_t i = 0; i < d->n; i++)
        pgseal__append(out, 1000, "%s%s %s", i > 0 ? "; " : "", ca_change_name(d->v[i].kind),
                       d->v[i].a != NULL ? d->v[i].a->cn : d->v[i].b->cn);
}

static void test_diff__pairs__told_apart(void **state)
{
    static const struct {
        const char *a, *b;
        size_t both;
        const char *changes;
        const char *meaning[3]; /* each must be said */
        const char *not_said;
    } rows[] = {
        {"root other", "other root", 2, "", {NULL}, "verifies"},
        {"root root", "root", 1, "", {NULL}, "verifies"},
        {"root", "root other", 1, "new Other Root", {"B can take A's place"}, "refused"},
        {"root other",
         "root",
         1,
         "gone Other Root",
         {"1 of 2 valid roots of A is not in B, and servers below it are refused: Other Root."},
         "take A's place"},
        {"old root", "root", 1, "gone Old Root", {"B can take A's place"}, "refused"},
        {"old",
         "root",
         0,
         "gone Old Root; new Test Root",
         {"A has no root that is valid"},
         "place"},
        {"root sub", "root", 1, "gone Test Sub", {"B can take A's place"}, "refused"},
        {"root",
         "fake",
         0,
         "altered Test Root",
         {"\"Test Root\" was altered: the signature in B does not fit (line 1). Do not use B.",
          "1 of 1 valid roots of A is not in B"},
         "take A's place"},
        {"fake", "root", 0, "altered Test Root", {"the signature in A does not fit"}, "in B does"},
        {"root",
         "again",
         0,
         "another key Test Root",
         {"\"Test Root\" has another key in B: servers that A verifies by it, B refuses.",
          "servers below it are refused"},
         "take A's place"},
        {"root other", "!root other", 1, "gone Test Root", {"1 of 2 valid roots"}, "take A's"},
        {"root",
         "=dummy",
         0,
         "gone Test Root",
         {"B cannot be used: ", "1 of 1 valid"},
         "A's place"},
        {"=dummy", "root", 0, "new Test Root", {"A cannot be used: "}, "A's place"},
        {"=dummy", "=other", 0, "", {"A cannot be used: ", "B cannot be used: "}, "place"},
        /* Generations, regions, partitions. */
        {"east e2019",
         "east",
         1,
         "gone Amazon RDS us-east-1 2019 CA",
         {"B drops rds-ca-2019 (1 certificate): clients of servers still on it break."},
         "which ended"},
        {"east old2019",
         "east",
         1,
         "gone Amazon RDS Root 2019 CA",
         {"B drops rds-ca-2019 (1 certificate), which ended by 2025-12-11: no client of a working "
          "server misses it.",
          "B can take A's place"},
         "break"},
        {"east",
         "east east4096",
         1,
         "new Amazon RDS us-east-1 Root CA RSA4096 G1",
         {"B adds rds-ca-rsa4096-g1 (1 certificate): clients need it before servers are changed "
          "to it."},
         "region"},
        {"east",
         "east west",
         1,
         "new Amazon RDS us-west-2 Root CA RSA2048 G1",
         {"B has 1 region more: us-west-2."},
         "adds"},
        {"east west",
         "east",
         1,
         "gone Amazon RDS us-west-2 Root CA RSA2048 G1",
         {"B lacks 1 region: us-west-2. Clients of servers there break."},
         "drops"},
        {"east",
         "gov",
         0,
         "gone Amazon RDS us-east-1 Root CA RSA2048 G1; new Amazon RDS us-gov-west-1 Root CA "
         "RSA2048 G1",
         {"A is for AWS, B for AWS GovCloud (US): B verifies none of the servers"},
         "lacks"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct ca_file a;
        struct ca_file b;
        struct ca_diff d;
        char changes[1000];
        char all[CA_MEANINGS * 1000] = "";

        open_file(rows[i].a, &a);
        open_file(rows[i].b, &b);
        assert_int_equal(ca_diff(&a, &b, &d, NULL), rows[i].changes[0] != '\0');
        changes_text(&d, changes);
        for (size_t j = 0; j < d.meanings; j++)
            pgseal__append(all, sizeof(all), "%s\n", d.meaning[j]);
        if (d.both != rows[i].both || strcmp(changes, rows[i].changes) != 0)
            fail_msg("%s | %s: %zu, %s", rows[i].a, rows[i].b, d.both, changes);
        for (size_t j = 0; j < 3 && rows[i].meaning[j] != NULL; j++)
            if (strstr(all, rows[i].meaning[j]) == NULL)
                fail_msg("%s | %s:\n%snot: %s", rows[i].a, rows[i].b, all, rows[i].meaning[j]);
        if (strstr(all, rows[i].not_said) != NULL)
            fail_msg("%s | %s:\n%sbut not: %s", rows[i].a, rows[i].b, all, rows[i].not_said);
        ca_diff_done(&d);
        ca_file_done(&a);
        ca_file_done(&b);
    }
}

/* A certificate that is made again with the same key, as authorities do it. */
static void test_diff__same_key__reissued_or_renamed(void **state)
{
    const struct pgseal_minted *root = t_certs_get(&certs, "root")->cert;
    static const char *const names[] = {"Test Root", "New Name"};
    static const char *const want[] = {"re-issued Test Root", "renamed Test Root"};

    for (int i = 0; i < 2; i++) {
        X509 *again = X509_dup(root->cert);
        X509_NAME *name = X509_NAME_new();
        BIO *bio = BIO_new(BIO_s_mem());
        struct ca_file a;
        struct ca_file b;
        struct ca_diff d;
        char changes[1000];
        char *pem;
        long n;

        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)names[i], -1, -1, 0);
        X509_set_subject_name(again, name);
        X509_set_issuer_name(again, name);
        ASN1_INTEGER_set(X509_get_serialNumber(again), 4711);
        assert_true(X509_sign(again, root->key, EVP_sha256()) > 0);
        PEM_write_bio_X509(bio, again);
        n = BIO_get_mem_data(bio, &pem);
        open_file("root", &a);
        assert_int_equal(ca_inspect("b", (uint8_t *)pem, (size_t)n, T_TODAY, NULL, &b, NULL), 0);
        assert_int_equal(ca_diff(&a, &b, &d, NULL), 1);
        changes_text(&d, changes);
        assert_string_equal(changes, want[i]);
        /* A chain is built by name and key: a new name is another authority. */
        assert_true((strstr(d.meaning[d.meanings - 1], "take A's place") != NULL) == (i == 0));
        ca_diff_done(&d);
        ca_file_done(&a);
        ca_file_done(&b);
        BIO_free(bio);
        X509_NAME_free(name);
        X509_free(again);
    }
}

static int diff_once(void *arg)
{
    struct ca_file *f = arg;
    struct ca_diff d;
    struct pgseal_err err = {0};
    int rc = ca_diff(&f[0], &f[1], &d, &err);

    assert_true(rc >= 0 || err.code == PGSEAL_E_NOMEM);
    ca_diff_done(&d);
    return rc;
}

static void test_diff__allocation_fails__says_so(void **state)
{
    struct ca_file f[2];

    open_file("root", &f[0]);
    open_file("other", &f[1]);
    assert_true(t_each_alloc_fails(diff_once, f) >= 1);
    ca_file_done(&f[0]);
    ca_file_done(&f[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff__pairs__told_apart),
        cmocka_unit_test(test_diff__same_key__reissued_or_renamed),
        cmocka_unit_test(test_diff__allocation_fails__says_so),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

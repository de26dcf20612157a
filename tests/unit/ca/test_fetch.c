/* SPDX-License-Identifier: PostgreSQL */
/* Where a bundle comes from, what it must be, and what its place must keep: all in memory. */
#include "alloc.h"
#include "ca/ca.h"
#include "certs.h"
#include "core/base/base.h"
#include "t.h"

#include <errno.h>

static struct t_certs certs;

static int make(void **state)
{
    static const char *const lines[] = {
        "cert a cn=Amazon_RDS_zz-test-1_Root_CA_RSA2048_G1 ca to=9000",
        "cert b cn=Amazon_RDS_zz-test-1_Root_CA_RSA4096_G1 ca to=8000",
        "cert c cn=Amazon_RDS_zz-test-1_Root_CA_ECC384_G1 ca to=9000",
        "cert past cn=Amazon_RDS_zz-test-1_Root_CA_RSA1024_G1 ca from=-900 to=-1",
        "cert other cn=Amazon_RDS_zz-test-2_Root_CA_ECC384_G1 ca to=9000",
        "cert gov cn=Amazon_RDS_us-gov-test-1_Root_CA_ECC384_G1 ca to=9000",
        "cert posed cn=Amazon_RDS_ap-northeast-1_Root_CA_ECC384_G1 ca to=9000",
        "cert company cn=Company_Root ca to=9000",
        "cert sub cn=Amazon_RDS_zz-test-1_Subordinate_CA_ECC384_G1.A.1 ca issuer=c to=900",
        "cert leaf cn=db.zz-test-1.rds.amazonaws.com issuer=c",
        "cert badsub cn=Amazon_RDS_zz-test-1_Sub_CA_ECC384_G1.A.2 ca issuer=c tamper to=900",
        "crl list issuer=c",
    };

    return t_certs_lines(&certs, lines, PGSEAL_COUNT(lines));
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

/* ---- where from --------------------------------------------------------------------------------
 */

#define AWS   "https://truststore.pki.rds.amazonaws.com"
#define GOV   "https://truststore.pki.us-gov-west-1.rds.amazonaws.com"
#define CHINA "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn"

static void test_source__scope__is_amazons_own_url_and_name(void **state)
{
    static const struct {
        const char *region;
        enum pgseal_aws_partition partition;
        const char *url, *name;
    } rows[] = {
        {NULL, PGSEAL_AWS_COMMERCIAL, AWS "/global/global-bundle.pem", "global-bundle.pem"},
        {NULL, PGSEAL_AWS_GOV, GOV "/global/global-bundle.pem", "global-bundle.pem"},
        {NULL, PGSEAL_AWS_CHINA, CHINA "/global/global-bundle.pem", "global-bundle.pem"},
        {"ap-northeast-1", PGSEAL_AWS_COMMERCIAL, AWS "/ap-northeast-1/ap-northeast-1-bundle.pem",
         "ap-northeast-1-bundle.pem"},
        {"us-gov-east-1", PGSEAL_AWS_COMMERCIAL, GOV "/us-gov-east-1/us-gov-east-1-bundle.pem",
         "us-gov-east-1-bundle.pem"},
        {"cn-northwest-1", PGSEAL_AWS_COMMERCIAL, CHINA "/cn-northwest-1/cn-northwest-1-bundle.pem",
         "cn-northwest-1-bundle.pem"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct ca_source s;

        assert_int_equal(ca_source_plan(rows[i].region, rows[i].partition, NULL, &s, NULL), 0);
        assert_string_equal(s.from, rows[i].url);
        assert_string_equal(s.name, rows[i].name);
        assert_true(s.official);
        assert_false(s.is_file);
    }
}

static void test_source__region__only_as_amazon_writes_them(void **state)
{
    static const char *const bad[] = {"Tokyo",
                                      "ap-northeast",
                                      "ap-northeast-",
                                      "-ap-east-1",
                                      "ap--east-1",
                                      "AP-EAST-1",
                                      "ap-east-1/..",
                                      "../../x-1",
                                      "ap-east-1 ",
                                      "ap-east-1%2f",
                                      "ap_east_1",
                                      "ap-east-\xc3\xa9",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-a-1"};
    struct pgseal_err err;
    struct ca_source s;

    for (size_t i = 0; i < PGSEAL_COUNT(bad); i++)
        assert_int_equal(ca_source_plan(bad[i], PGSEAL_AWS_COMMERCIAL, NULL, &s, &err),
                         PGSEAL_E_OPTION);
    assert_int_equal(ca_source_plan("us-iso-east-1", PGSEAL_AWS_COMMERCIAL, NULL, &s, &err),
                     PGSEAL_E_OPTION);
    assert_non_null(strstr(err.msg, "has no public address"));
    assert_int_equal(
        ca_source_plan("us-iso-east-1", PGSEAL_AWS_COMMERCIAL, "brought.pem", &s, &err), 0);
}

static void test_source__from__is_https_or_a_file(void **state)
{
    static const struct {
        const char *from, *as; /* NULL: refused */
        bool is_file;
    } rows[] = {
        {"https://mirror.example/x.pem", "https://mirror.example/x.pem", false},
        {"HTTPS://mirror.example/x.pem", "HTTPS://mirror.example/x.pem", false},
        {"x.pem", "x.pem", true},
        {"/tmp/x.pem", "/tmp/x.pem", true},
        {"file:///tmp/x.pem", "/tmp/x.pem", true},
        {"http://mirror.example/x.pem", NULL, false},
        {"ftp://mirror.example/x.pem", NULL, false},
        {"file://host/x.pem", NULL, false},
        {"https:/typo", "https:/typo", true},
        {"", NULL, false},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct ca_source s;
        int rc = ca_source_plan("zz-test-1", PGSEAL_AWS_COMMERCIAL, rows[i].from, &s, NULL);

        assert_int_equal(rc, rows[i].as != NULL ? 0 : PGSEAL_E_OPTION);
        if (rows[i].as == NULL)
            continue;
        assert_string_equal(s.from, rows[i].as);
        assert_int_equal(s.is_file, rows[i].is_file);
        assert_false(s.official);
        assert_string_equal(s.name, "zz-test-1-bundle.pem");
    }
}

static void test_regions__each_once__and_no_others(void **state)
{
    const char *names[100];
    size_t n = ca_known_regions(names, PGSEAL_COUNT(names));
    bool tokyo = false, china = false, gov = false;

    assert_true(n > 36 && n < PGSEAL_COUNT(names));
    for (size_t i = 0; i < n; i++) {
        tokyo = tokyo || strcmp(names[i], "ap-northeast-1") == 0;
        china = china || strcmp(names[i], "cn-north-1") == 0;
        gov = gov || strcmp(names[i], "us-gov-west-1") == 0;
        assert_null(strstr(names[i], "beta"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_true(tokyo && china && gov);
    assert_int_equal(ca_known_regions(names, 3), 3);
}

static void test_source__password_in_a_url__is_never_shown(void **state)
{
    static const struct {
        const char *from, *shown;
    } rows[] = {
        {"https://u:secret@mirror.example/x", "https://***@mirror.example/x"},
        {"https://u:se@cret@mirror.example", "https://***@mirror.example"},
        {"https://mirror.example/@x", "https://mirror.example/@x"},
        {"u:secret@x.pem", "u:secret@x.pem"},
    };
    struct pgseal_err err;
    struct ca_source refused;

    assert_int_equal(ca_source_plan(NULL, PGSEAL_AWS_COMMERCIAL, "http://u:secret@mirror.example/x",
                                    &refused, &err),
                     PGSEAL_E_OPTION);
    assert_null(strstr(err.msg, "secret"));
    assert_null(strstr(err.hint, "secret"));

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct ca_source s;

        assert_int_equal(ca_source_plan(NULL, PGSEAL_AWS_COMMERCIAL, rows[i].from, &s, NULL), 0);
        assert_string_equal(s.shown, rows[i].shown);
        assert_string_equal(s.from, rows[i].from);
    }
}

/* ---- judging -----------------------------------------------------------------------------------
 */

/* The PEM of these, one behind the other; "#..." and "+TEXT" are themselves. */
static char *pem_of(const char *names)
{
    char *out = calloc(1, 100000); /* not ours: it must not be failed */
    char word[200];

    assert_non_null(out);
    while (sscanf(names, "%199s", word) == 1) {
        names = strstr(names, word) + strlen(word);
        if (word[0] == '+' || word[0] == '#') {
            pgseal__append(out, 100000, "%s\n", word[0] == '+' ? word + 1 : word);
        } else {
            const struct t_cert_item *it = t_certs_get(&certs, word);

            pgseal__append(out, 100000, "%s",
                           it->crl_pem != NULL ? it->crl_pem : pgseal_minted_cert_pem(it->cert));
        }
    }
    return out;
}

struct scene {
    const char *names, *old; /* old NULL: no file */
    bool official, allow_gone, allow_foreign;
    enum pgseal_aws_partition partition;
    const char *region;
    struct ca_fetched f;
    struct findings why, found;
    struct pgseal_err err;
    int rc;
};

static int judge(struct scene *s)
{
    struct ca_source source = {.partition = s->partition, .official = s->official};
    char *bytes = pem_of(s->names);
    char *old = s->old != NULL ? pem_of(s->old) : NULL;
    struct ca_judge_options o = {
        .source = &source,
        .output = "out.pem",
        .path = "/x/out.pem",
        .bytes = (const uint8_t *)bytes,
        .n = strlen(bytes),
        .has_old = old != NULL,
        .old = (const uint8_t *)old,
        .old_n = old != NULL ? strlen(old) : 0,
        .now_unix_s = T_TODAY,
        .allow_gone = s->allow_gone,
        .allow_foreign = s->allow_foreign,
    };

    pgseal__format(source.from, sizeof(source.from), "https://truststore.example/x.pem");
    pgseal__format(source.shown, sizeof(source.shown), "%s", source.from);
    pgseal__format(source.region, sizeof(source.region), "%s",
                   s->region != NULL ? s->region : "zz-test-1");
    s->rc = ca_judge(&o, &s->f, &s->why, &s->err);
    if (s->rc == 0)
        ca_fetch_findings(&o, &s->f, &s->found);
    free(bytes);
    free(old);
    return s->rc;
}

static void done(struct scene *s)
{
    ca_fetched_done(&s->f);
    findings_done(&s->why);
    findings_done(&s->found);
}

static void test_judge__good_bundle__is_counted(void **state)
{
    struct scene s = {.names = "a b # c b past sub", .official = true};

    assert_int_equal(judge(&s), 0);
    assert_int_equal(s.f.certs, 5);
    assert_int_equal(s.f.twins, 1);
    assert_int_equal(s.f.unknown, 5); /* nobody of the table vouches for the subordinate */
    assert_int_equal(s.f.published + s.f.vouched + s.f.foreign, 0);
    assert_int_equal(s.f.ended, 1);
    assert_int_equal(s.f.regions, 1);
    assert_int_equal(s.f.nadded, 5);
    assert_int_equal(s.f.nmissing, 0);
    assert_true(s.f.until_unix_s > T_TODAY + 899 * T_DAY_S &&
                s.f.until_unix_s < T_TODAY + 901 * T_DAY_S);
    assert_true(findings_have(&s.found, FINDING_ID_CA_FETCH_NEW));
    assert_int_equal(findings_worst(&s.found), FINDING_INFO);
    done(&s);
}

static void test_judge__not_official__unknown_roots_are_a_warning(void **state)
{
    struct scene s = {.names = "a"};

    assert_int_equal(judge(&s), 0);
    assert_int_equal(s.found.n, 1);
    assert_int_equal(s.found.item[0].id, FINDING_ID_CA_FETCH_UNKNOWN);
    assert_non_null(strstr(s.found.item[0].seen, s.f.file.item[0].info.sha256));
    assert_non_null(strstr(s.found.item[0].fix, s.f.file.item[0].sha1));
    assert_non_null(strstr(s.found.item[0].fix, "--region zz-test-1"));
    done(&s);
}

static void test_judge__what_is_refused(void **state)
{
    static const struct {
        const char *names;
        enum finding_id id; /* FINDING_IDS: the error tells */
        const char *region;
    } rows[] = {
        {"", FINDING_ID_CA_EMPTY, NULL},
        {"+hello", FINDING_ID_CA_NOT_PEM, NULL},
        {"+<html><body>", FINDING_ID_CA_HTML, NULL},
        {"a +text b", FINDING_IDS, NULL},
        {"+text a", FINDING_IDS, NULL},
        {"a +text", FINDING_IDS, NULL},
        {"a list", FINDING_ID_CA_CRL, NULL},
        {"a leaf", FINDING_ID_CA_LEAF, NULL},
        {"c badsub", FINDING_ID_CA_ALTERED, NULL},
        {"company", FINDING_ID_CA_NOT_RDS, NULL},
        {"other", FINDING_ID_CA_WRONG_REGION, NULL},
        {"gov", FINDING_ID_CA_WRONG_PARTITION, NULL},
        {"past", FINDING_ID_CA_ALL_EXPIRED, NULL},
        {"sub", FINDING_ID_CA_NO_ROOT, NULL},
        {"posed", FINDING_ID_CA_IMPOSTOR, "ap-northeast-1"},
        {"a posed", FINDING_ID_CA_IMPOSTOR, NULL},
        {"a sub", FINDING_IDS, NULL},
        {"a +-----BEGIN_CERTIFICATE-----", FINDING_IDS, NULL},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct scene s = {.names = rows[i].names, .region = rows[i].region, .official = i % 2 == 0};

        assert_int_equal(judge(&s), PGSEAL_E_ROOT_UNUSABLE);
        assert_int_equal(s.err.code, PGSEAL_E_ROOT_UNUSABLE);
        assert_non_null(strstr(s.err.msg, "https://truststore.example/x.pem"));
        assert_true(s.err.detail[0] != '\0');
        if (rows[i].id < FINDING_IDS)
            assert_true(findings_have(&s.why, rows[i].id));
        /* Nobody is sent to where the bad file came from. */
        for (size_t k = 0; k < s.why.n; k++)
            assert_null(strstr(s.why.item[k].fix, "pgseal ca fetch rds --"));
        done(&s);
    }
}

/* At every cut, the bundle is refused, or was cut between two certificates and lacks some. */
static void test_judge__cut_anywhere__never_passes_for_whole(void **state)
{
    char *whole = pem_of("a b c");
    size_t n = strlen(whole);
    struct ca_source source = {.from = "https://x.example/", .region = "zz-test-1"};
    size_t passed = 0;

    for (size_t cut = 0; cut < n; cut += cut + 40 < n && cut % 97 != 0 ? 7 : 1) {
        struct ca_judge_options o = {.source = &source,
                                     .output = "o",
                                     .path = "o",
                                     .bytes = (const uint8_t *)whole,
                                     .n = cut,
                                     .now_unix_s = T_TODAY};
        struct ca_fetched f = {0};
        struct findings why = {0};
        int rc = ca_judge(&o, &f, &why, NULL);

        if (rc == 0) {
            const char *end = "-----END CERTIFICATE-----";

            passed++;
            assert_true(f.certs < 3 || cut >= n - 1);
            assert_memory_equal(whole + cut - (whole[cut - 1] == '\n') - strlen(end), end,
                                strlen(end));
        } else {
            assert_int_equal(rc, PGSEAL_E_ROOT_UNUSABLE);
        }
        ca_fetched_done(&f);
        findings_done(&why);
    }
    assert_true(passed <= 6);
    free(whole);
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static void test_compare__old_file__new_gone_and_same(void **state)
{
    struct scene s = {
        .names = "a b", .old = "#old b past c past", .official = true, .allow_gone = true};

    assert_int_equal(judge(&s), 0);
    assert_true(s.f.had_file);
    assert_int_equal(s.f.before, 3);
    assert_int_equal(s.f.nadded, 1);
    assert_true(s.f.added[0] && !s.f.added[1]);
    assert_int_equal(s.f.ngone, 2);
    assert_false(s.f.same_bytes);
    /* c has not ended: that is told; past has, and is not. */
    assert_true(findings_have(&s.found, FINDING_ID_CA_FETCH_GONE));
    for (size_t i = 0; i < s.found.n; i++)
        if (s.found.item[i].id == FINDING_ID_CA_FETCH_GONE) {
            assert_non_null(strstr(s.found.item[i].seen, "ECC384"));
            assert_null(strstr(s.found.item[i].seen, "RSA1024"));
            assert_non_null(strstr(s.found.item[i].fix, "mv /x/out.pem~ /x/out.pem"));
        }
    done(&s);

    s = (struct scene){.names = "a b", .old = "a b"};
    assert_int_equal(judge(&s), 0);
    assert_true(s.f.same_bytes);
    assert_int_equal(s.f.nadded + s.f.ngone, 0);
    done(&s);

    s = (struct scene){.names = "a b", .old = "+<html><body>"};
    assert_int_equal(judge(&s), 0);
    assert_int_equal(s.f.before, 0);
    assert_true(s.f.instead[0] != '\0');
    done(&s);
}

/* What comes in is trusted, and what goes is refused, from the next connection on. */
static void test_compare__foreign_in_or_root_out__only_when_allowed(void **state)
{
    static const struct {
        const char *names, *old;
        enum finding_id id; /* FINDING_IDS: nothing is in the way */
    } rows[] = {
        {"a company", NULL, FINDING_ID_CA_FETCH_FOREIGN},
        {"a company", "a", FINDING_ID_CA_FETCH_FOREIGN},
        {"a b company", "a company", FINDING_IDS},
        {"a", "a b", FINDING_ID_CA_FETCH_GONE},
        {"a", "a other", FINDING_ID_CA_FETCH_GONE},
        {"a", "a past", FINDING_IDS},
        {"a", "a posed", FINDING_IDS},
        {"c", "c badsub", FINDING_IDS},
        {"c", "c sub", FINDING_IDS},
        {"a b", "a", FINDING_IDS},
    };

    for (size_t i = 0; i < 2 * PGSEAL_COUNT(rows); i++) {
        enum finding_id id = rows[i / 2].id;
        bool allowed = i % 2 == 1;
        struct scene s = {.names = rows[i / 2].names,
                          .old = rows[i / 2].old,
                          .official = true,
                          .allow_gone = allowed && id == FINDING_ID_CA_FETCH_GONE,
                          .allow_foreign = allowed && id == FINDING_ID_CA_FETCH_FOREIGN};

        assert_int_equal(judge(&s), allowed || id == FINDING_IDS ? 0 : PGSEAL_E_ROOT_UNUSABLE);
        if (id == FINDING_IDS) {
            assert_int_equal(s.why.n, 0);
        } else if (allowed) {
            assert_true(findings_have(&s.found, id));
        } else {
            assert_int_equal(s.why.n, 1);
            assert_int_equal(s.why.item[0].id, id);
            assert_non_null(strstr(s.why.item[0].seen, "sha256 "));
            assert_non_null(strstr(s.why.item[0].fix, "--allow-"));
        }
        done(&s);
    }
}

static void test_compare__what_must_stay__is_refused(void **state)
{
    static const struct {
        const char *old, *words;
    } rows[] = {
        {"a company", "also trusts authorities of others"},
        {"company", "also trusts authorities of others"},
        {"gov", "has roots of AWS GovCloud (US)"},
        {"+root:x:0:0:root:/root:/bin/sh", "is no bundle of certificates"},
        {"+<?xml_version='1.0'?><Server/>", "is no bundle of certificates"},
        {"list", "is no bundle of certificates"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct scene s = {.names = "a b", .old = rows[i].old, .official = true};

        assert_int_equal(judge(&s), PGSEAL_E_EXISTS);
        assert_non_null(strstr(s.err.msg, rows[i].words));
        assert_non_null(strstr(s.err.msg, "out.pem"));
        assert_int_equal(s.why.n, 0);
        done(&s);
    }
}

static int whole_judge(void *arg)
{
    struct scene s = {
        .names = "a b c sub", .old = "b other past", .official = true, .allow_gone = true};
    int rc = judge(&s);

    if (rc == 0 && s.found.nomem)
        rc = PGSEAL_E_NOMEM;
    done(&s);
    return rc;
}

static void test_judge__each_allocation_fails__cleanly(void **state)
{
    assert_true(t_each_alloc_fails(whole_judge, NULL) > 10);
}

/* ---- exit codes --------------------------------------------------------------------------------
 */

static void test_exit__codes__are_those_of_the_page(void **state)
{
    static const struct {
        int code, sys, exit;
    } rows[] = {
        {PGSEAL_E_OPTION, 0, 2},  {PGSEAL_E_UNSUPPORTED, 0, 3}, {PGSEAL_E_RESOLVE, 0, 3},
        {PGSEAL_E_CONNECT, 0, 3}, {PGSEAL_E_TIMEOUT, 0, 3},     {PGSEAL_E_CLOSED, 0, 3},
        {PGSEAL_E_TLS, 0, 3},     {PGSEAL_E_HTTP, 0, 1},        {PGSEAL_E_HTTP, EAGAIN, 3},
        {PGSEAL_E_CERT, 0, 1},    {PGSEAL_E_CERT_NAME, 0, 1},   {PGSEAL_E_ROOT_UNUSABLE, 0, 1},
        {PGSEAL_E_EXISTS, 0, 1},  {PGSEAL_E_FILE, ENOSPC, 1},   {PGSEAL_E_LIMIT, 0, 1},
        {PGSEAL_E_NOMEM, 0, 1}};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_err err = {.code = rows[i].code, .sys = rows[i].sys};

        assert_int_equal(ca_fetch_exit(&err), rows[i].exit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source__scope__is_amazons_own_url_and_name),
        cmocka_unit_test(test_source__region__only_as_amazon_writes_them),
        cmocka_unit_test(test_source__from__is_https_or_a_file),
        cmocka_unit_test(test_regions__each_once__and_no_others),
        cmocka_unit_test(test_source__password_in_a_url__is_never_shown),
        cmocka_unit_test(test_judge__good_bundle__is_counted),
        cmocka_unit_test(test_judge__not_official__unknown_roots_are_a_warning),
        cmocka_unit_test(test_judge__what_is_refused),
        cmocka_unit_test(test_judge__cut_anywhere__never_passes_for_whole),
        cmocka_unit_test(test_compare__old_file__new_gone_and_same),
        cmocka_unit_test(test_compare__foreign_in_or_root_out__only_when_allowed),
        cmocka_unit_test(test_compare__what_must_stay__is_refused),
        cmocka_unit_test(test_judge__each_allocation_fails__cleanly),
        cmocka_unit_test(test_exit__codes__are_those_of_the_page),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

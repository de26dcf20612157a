/* SPDX-License-Identifier: PostgreSQL */
/* Forecasts with the files that AWS published over the years, and with those people really have. */
#include "ca/forecast.h"
#include "core/base/base.h"
#include "real.h"
#include "t.h"

/* 2026-11-23 */
#define NOW INT64_C(1795392000)
#define DAY INT64_C(86400)
#define SUB "chain/ap-northeast-2-subordinate-ca-rsa2048-g1.A.5.pem"

/*
 * An intermediate that an RDS server of ap-northeast-2 really sent stands where a server would: it
 * verifies under the real roots, and its common name is compared as a host name.
 */
static struct pgseal_chain *real_chain(void)
{
    size_t n = 0;
    char *pem = t_real_file(SUB, &n);
    struct pgseal_chain *c = pgseal_chain_parse("x", (const uint8_t *)pem, n, NULL);

    assert_non_null(c);
    test_free(pem);
    return c;
}

/* A server whose authorities only have the names of us-east-1's. */
static struct pgseal_chain *us_chain(void)
{
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .cn = "Amazon RDS us-east-1 Root CA RSA2048 G1",
                                    .ca = true,
                                    .pathlen = -1,
                                    .not_before_unix_s = NOW - DAY,
                                    .not_after_unix_s = NOW + 365 * DAY};
    static const char *const sans[] = {"DNS:db.abc123.us-east-1.rds.amazonaws.com", NULL};
    struct pgseal_minted *root = pgseal_mint(&o, NULL, NULL), *leaf;
    struct pgseal_chain *c;
    const char *pem;

    o.ca = false;
    o.cn = "db.abc123.us-east-1.rds.amazonaws.com";
    o.sans = sans;
    leaf = pgseal_mint(&o, root, NULL);
    assert_non_null(leaf);
    pem = pgseal_minted_cert_pem(leaf);
    c = pgseal_chain_parse("x", (const uint8_t *)pem, strlen(pem), NULL);
    pgseal_minted_free(leaf);
    pgseal_minted_free(root);
    assert_non_null(c);
    return c;
}

static void choices(const struct ca_forecast *f, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < f->n_choices; i++)
        pgseal__append(out, cap, "%s%s", f->choice[i].in_file ? "+" : "-",
                       f->choice[i].offered ? "" : "?");
}

static void ids(const struct findings *l, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < l->n; i++) {
        const char *id = finding_row(l->item[i].id)->id + strlen("CA_");

        if (strstr(out, id) == NULL)
            pgseal__append(out, cap, "%s%s", out[0] != '\0' ? " " : "",
                           strncmp(id, "FORECAST_", 9) == 0 ? id + 9 : id);
    }
}

struct row {
    const char *file;
    bool us; /* the chain named as us-east-1's, else the real one of ap-northeast-2 */
    bool verified;
    const char *choices, *findings;
};
static const struct row ROWS[] = {
    /* what AWS serves and served */
    {"global-bundle.pem", false, true, "+++", ""},
    {"us-east-1-bundle.pem", false, false, "---", "FAILS CHANGE"},
    {"ap-northeast-1-bundle.pem", false, false, "---", "FAILS CHANGE"},
    {"us-gov-global-bundle.pem", false, false, "---", "FAILS CHANGE"},
    {"rds-combined-ca-bundle.pem", false, false, "---", "FAILS CHANGE"},
    {"rds-ca-2019-root.pem", false, false, "---", "FAILS CHANGE"},
    {"history/global-bundle.2021-102.pem", false, true, "+++", ""},
    {"history/global-bundle.2022-115.pem", false, true, "+++", ""},
    {"history/global-bundle.2024-102.pem", false, true, "+++", ""},
    {"history/rds-combined-ca-bundle.2015-12.pem", false, false, "---", "FAILS CHANGE"},
    {"history/us-east-1-bundle.2021-5.pem", true, false, "+++", "FAILS"},
    {"related/amazon-trust-services-roots.pem", false, false, "---", "FAILS CHANGE"},
    /* the intermediate pinned */
    {SUB, false, false, "---", "FAILS CHANGE PINNED"},
    /* what people really have */
    {"wild/altered-2019-root.pem", false, false, "---", "FAILS ALTERED CHANGE"},
    {"wild/one-letter-lowercased.pem", false, false, "---", "FAILS ALTERED CHANGE"},
    {"wild/concatenated-duplicates-166.pem", false, true, "+++", ""},
    {"wild/govcloud-named-global.pem", false, false, "---", "FAILS CHANGE"},
    {"wild/no-final-newline-102.pem", false, true, "+++", ""},
    {"wild/web-pki-chain-instead.pem", false, false, "---", "FAILS CHANGE"},
    {"wild/crlf-us-east-1.pem", true, false, "+++", "FAILS"},
    /* four blanks before the first BEGIN: the root lost is that of the default CA */
    {"wild/indented-first-begin.pem", true, false, "-++", "FAILS HIDDEN_BEGIN CHANGE"},
    /* no bundle at all: the reason is the whole story */
    {"wild/s3-access-denied.pem", false, false, "---", "FAILS CHANGE"},
    {"wild/placeholder-xxxx.pem", false, false, "---", "FAILS CHANGE"},
    {"wild/wrong-ca-and-broken-der.pem", false, false, "---", "FAILS CHANGE"},
};

static int judge(const struct row *r)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = t};
    struct pgseal_err unusable = {0}, err = {0};
    struct ca_forecast_in in = {.host = r->us ? "db.abc123.us-east-1.rds.amazonaws.com"
                                              : "Amazon RDS ap-northeast-2 Subordinate CA RSA2048 "
                                                "G1.A.5",
                                .target = "HOST",
                                .file = "bundle.pem",
                                .unusable = &unusable,
                                .now_unix_s = NOW};
    struct pgseal_chain *sent = r->us ? us_chain() : real_chain();
    struct ca_forecast f;
    char have[32], found[256];
    size_t n = 0;
    char *text = t_real_file(r->file, &n);
    int wrong;

    if (pgseal_trust_add_pem(t, in.file, (const uint8_t *)text, n, &unusable) > 0)
        in.ctx = pgseal_tls_ctx_new(&o, NULL);
    in.bundle = (const uint8_t *)text;
    in.bundle_n = n;
    in.sent = sent;
    in.n_known = pgseal_known_cas(&in.known);
    if (ca_forecast_make(&in, &f, &err) < 0)
        fail_msg("%s: %s", r->file, err.msg);
    choices(&f, have, sizeof(have));
    ids(&f.findings, found, sizeof(found));
    wrong = f.verified != r->verified || strcmp(have, r->choices) != 0 ||
            strcmp(found, r->findings) != 0;
    if (wrong)
        print_error("%s: %sverified \"%s\" \"%s\" (%s)\n", r->file, f.verified ? "" : "not ", have,
                    found, f.refusal.detail);
    for (size_t i = 0; i < f.n_choices; i++)
        assert_true(f.choice[i].known); /* the table of the program has this region */
    ca_forecast_done(&f);
    pgseal_chain_free(sent);
    pgseal_tls_ctx_free(in.ctx);
    pgseal_trust_free(t);
    test_free(text);
    return wrong;
}

static void test_forecast__real_files__as_the_table_says(void **state)
{
    size_t n = 0;
    int wrong = 0;

    test_free(t_real_file(SUB, &n)); /* skips while there is nothing to leave behind */
    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++)
        wrong += judge(&ROWS[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forecast__real_files__as_the_table_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

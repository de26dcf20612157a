/* SPDX-License-Identifier: PostgreSQL */
/* Certificates as RDS and others have them, minted for a moment, and a forecast made of them. */
#ifndef T_FORECAST_PKI_H
#define T_FORECAST_PKI_H

#include "ca/forecast.h"
#include "core/base/base.h"
#include "t.h"

#define T0       INT64_C(1795435200) /* 2026-11-23 12:00:00 UTC: every leaf begins here */
#define DAY      INT64_C(86400)
#define YEAR     (365 * DAY)
#define REGION   "ap-northeast-1"
#define CLUSTER  "app.cluster-cx5u2qk1abcd." REGION ".rds.amazonaws.com"
#define INSTANCE "app-1.cx5u2qk1abcd." REGION ".rds.amazonaws.com"
#define PROXY    "pool.proxy-cx5u2qk1abcd." REGION ".rds.amazonaws.com"

/* ---- certificates of the rows -----------------------------------------------------------------
 */

struct mint_row {
    const char *name, *cn, *org, *issuer;
    const char *sans[4];
    int64_t from, until; /* days from T0 */
};
#define AMAZON "Amazon Web Services, Inc."
static const struct mint_row MINTS[] = {
    {"r2048", "Amazon RDS " REGION " Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -1000, 12000},
    {"r4096", "Amazon RDS " REGION " Root CA RSA4096 G1", AMAZON, NULL, {NULL}, -1000, 30000},
    {"r384", "Amazon RDS " REGION " Root CA ECC384 G1", AMAZON, NULL, {NULL}, -1000, 30000},
    {"r2019", "Amazon RDS Root 2019 CA", AMAZON, NULL, {NULL}, -2000, -800},
    {"us", "Amazon RDS us-east-1 Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -1000, 12000},
    {"fake2048", "Amazon RDS " REGION " Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -1000, 12000},
    {"new", "Amazon RDS xx-new-1 Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -1000, 12000},
    {"sub2048",
     "Amazon RDS " REGION " Subordinate CA RSA2048 G1.A.5",
     AMAZON,
     "r2048",
     {NULL},
     -900,
     2700},
    {"sub4096",
     "Amazon RDS " REGION " Subordinate CA RSA4096 G1.A.1",
     AMAZON,
     "r4096",
     {NULL},
     -900,
     2700},
    {"subfake",
     "Amazon RDS " REGION " Subordinate CA RSA2048 G1.A.5",
     AMAZON,
     "fake2048",
     {NULL},
     -900,
     2700},
    {"sub2019", "Amazon RDS " REGION " 2019 CA", AMAZON, "r2019", {NULL}, -1900, -800},
    {"subnew",
     "Amazon RDS xx-new-1 Subordinate CA RSA2048 G1.A.1",
     AMAZON,
     "new",
     {NULL},
     -9,
     2700},
    {"leaf",
     INSTANCE,
     "Amazon.com",
     "sub2048",
     {"DNS:" CLUSTER, "DNS:app.cluster-ro-cx5u2qk1abcd." REGION ".rds.amazonaws.com",
      "DNS:" INSTANCE, NULL},
     0,
     365},
    {"leaf3", INSTANCE, "Amazon.com", "sub2048", {"DNS:" INSTANCE, NULL}, 0, 1095},
    {"leaf4096", INSTANCE, "Amazon.com", "sub4096", {"DNS:" INSTANCE, NULL}, 0, 365},
    {"leaffake", INSTANCE, "Amazon.com", "subfake", {"DNS:" INSTANCE, NULL}, 0, 365},
    {"leaf2019", INSTANCE, "Amazon.com", "sub2019", {"DNS:" INSTANCE, NULL}, -1800, -800},
    {"leafnew",
     "db.abc123.xx-new-1.rds.amazonaws.com",
     "Amazon.com",
     "subnew",
     {"DNS:db.abc123.xx-new-1.rds.amazonaws.com", NULL},
     0,
     365},
    {"evil", "Amazon RDS eu-$(reboot) Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -9, 2700},
    {"leafevil", INSTANCE, "Amazon.com", "evil", {"DNS:$(reboot)." INSTANCE, NULL}, 0, 365},
    {"beta", "Amazon RDS Beta us-east-1 Root CA RSA2048 G1", AMAZON, NULL, {NULL}, -9, 2700},
    {"leafbeta", INSTANCE, "Amazon.com", "beta", {"DNS:" INSTANCE, NULL}, 0, 365},
    {"acm", "Amazon Root CA 1", "Amazon", NULL, {NULL}, -4000, 4000},
    {"subacm", "Amazon RSA 2048 M01", "Amazon", "acm", {NULL}, -1000, 1400},
    {"leafacm",
     "*.proxy-cx5u2qk1abcd." REGION ".rds.amazonaws.com",
     NULL,
     "subacm",
     {"DNS:*.proxy-cx5u2qk1abcd." REGION ".rds.amazonaws.com", "DNS:" CLUSTER, NULL},
     0,
     395},
    {"own", "Example Root", "Example", NULL, {NULL}, -1000, 700},
    {"subown", "Example Issuing CA", "Example", "own", {NULL}, -900, 600},
    {"leafown", "db.example.com", "Example", "subown", {"DNS:db.example.com", NULL}, 0, 365},
    {"leaflong", "db.example.com", "Example", "subown", {"DNS:db.example.com", NULL}, 0, 900},
    {"leaf90", "db.example.com", "Example", "own", {"DNS:db.example.com", NULL}, 0, 90},
    {"self", "db.example.com", NULL, NULL, {"DNS:db.example.com", NULL}, 0, 365},
};

static struct pgseal_minted *minted[PGSEAL_COUNT(MINTS)];
static struct pgseal_cert_info infos[PGSEAL_COUNT(MINTS)];
static struct pgseal_known_ca known[6];

static size_t place(const char *name, size_t n)
{
    for (size_t i = 0; i < PGSEAL_COUNT(MINTS); i++)
        if (strlen(MINTS[i].name) == n && memcmp(MINTS[i].name, name, n) == 0)
            return i;
    fail_msg("no certificate \"%.*s\"", (int)n, name);
    return 0;
}

static void describe(size_t i)
{
    const char *pem = pgseal_minted_cert_pem(minted[i]);
    struct pgseal_chain *c = pgseal_chain_parse("x", (const uint8_t *)pem, strlen(pem), NULL);

    assert_int_equal(pgseal_chain_describe(c, 0, &infos[i]), 0);
    pgseal_chain_free(c);
}

/* The table a real program has, with the fingerprints of what was minted. */
static void publish(size_t at, const char *name, const char *generation, const char *region)
{
    size_t i = place(name, strlen(name));

    known[at] = (struct pgseal_known_ca){.sha256 = infos[i].sha256,
                                         .generation = generation,
                                         .region = region,
                                         .root = true,
                                         .cn = MINTS[i].cn,
                                         .not_before_unix_s = infos[i].not_before_unix_s,
                                         .not_after_unix_s = infos[i].not_after_unix_s,
                                         .served = true};
}

static int setup(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(MINTS); i++) {
        const struct mint_row *r = &MINTS[i];
        struct pgseal_mint_options o = {
            .size = sizeof(o),
            .cn = r->cn,
            .org = r->org,
            .ca = r->sans[0] == NULL,
            .sans = r->sans[0] != NULL ? r->sans : NULL,
            .pathlen = -1,
            .not_before_unix_s = T0 + r->from * DAY,
            .not_after_unix_s = T0 + r->until * DAY,
        };

        minted[i] = pgseal_mint(
            &o, r->issuer != NULL ? minted[place(r->issuer, strlen(r->issuer))] : NULL, NULL);
        assert_non_null(minted[i]);
        describe(i);
    }
    publish(0, "r2048", "rds-ca-rsa2048-g1", REGION);
    publish(1, "r4096", "rds-ca-rsa4096-g1", REGION);
    publish(2, "r384", "rds-ca-ecc384-g1", REGION);
    publish(3, "r2019", "rds-ca-2019", "");
    publish(4, "us", "rds-ca-rsa2048-g1", "us-east-1");
    publish(5, "acm", "amazon-trust-services", "");
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(MINTS); i++)
        pgseal_minted_free(minted[i]);
    return 0;
}

/* The PEM texts of "a b c", behind each other; free() it. */
static char *texts(const char *names)
{
    char *out = calloc(1, 65536);

    assert_non_null(out);
    while (*names != '\0') {
        size_t n = strcspn(names, " ");

        pgseal__append(out, 65536, "%s", pgseal_minted_cert_pem(minted[place(names, n)]));
        names += n;
        names += strspn(names, " ");
    }
    return out;
}

/* ---- one forecast -----------------------------------------------------------------------------
 */

struct made {
    struct ca_forecast f;
    struct ca_steps steps;
    struct pgseal_chain *sent;
    struct pgseal_tls_ctx *ctx;
    struct pgseal_err unusable;
};

static struct pgseal_tls_ctx *context(const char *file, const char *roots, struct pgseal_err *err)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = t};
    char *pem = texts(roots);
    struct pgseal_tls_ctx *ctx = NULL;

    if (pgseal_trust_add_pem(t, file, (const uint8_t *)pem, strlen(pem), err) >= 0)
        ctx = pgseal_tls_ctx_new(&o, NULL);
    free(pem);
    pgseal_trust_free(t);
    return ctx;
}

static void make(struct made *m, const char *host, const char *sent, const char *roots, int64_t day)
{
    bool system = strncmp(roots, "system:", 7) == 0;
    struct ca_forecast_in in = {.host = host,
                                .target = host,
                                .file = system ? "system" : "roots.pem",
                                .system = system,
                                .known = known,
                                .n_known = PGSEAL_COUNT(known),
                                .now_unix_s = T0 + day * DAY};
    char *chain = texts(sent);
    struct pgseal_err err = {0};

    memset(m, 0, sizeof(*m));
    m->sent = pgseal_chain_parse("x", (const uint8_t *)chain, strlen(chain), NULL);
    m->ctx = context(in.file, system ? roots + 7 : roots, &m->unusable);
    in.sent = m->sent;
    in.ctx = m->ctx;
    in.unusable = &m->unusable;
    if (ca_forecast_make(&in, &m->f, &err) < 0)
        fail_msg("%s", err.msg);
    ca_forecast_steps(&m->f, &m->steps);
    free(chain);
}

static void done(struct made *m)
{
    ca_forecast_done(&m->f);
    pgseal_chain_free(m->sent);
    pgseal_tls_ctx_free(m->ctx);
}

static void all_steps(const struct ca_steps *s, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < s->n; i++)
        pgseal__append(out, cap, "%zu. %s\n", i + 1, s->v[i].text);
}

#define ALL3 "r2048 r4096 r384"

#endif

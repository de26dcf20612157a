/* SPDX-License-Identifier: PostgreSQL */
/* Judges a fetched bundle before anything is replaced: in memory, with the time as an argument. */
#include "fetch_int.h"

#include "core/base/base.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* What all the steps share. */
struct judge {
    const struct ca_judge_options *o;
    struct ca_fetched f;
    char what[1200]; /* "what https://... sent" */
};

static int refuse(const struct judge *j, struct pgseal_err *err, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);

static int refuse(const struct judge *j, struct pgseal_err *err, const char *fmt, ...)
{
    char why[700];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(why, sizeof(why), fmt, ap);
    va_end(ap);
    return pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "%s %s", j->what, why);
}

/* ---- each certificate --------------------------------------------------------------------------
 */

/* The certificate of this file that signed `c`, or NULL; *claimed when one has only the name. */
static const struct ca_cert *signer(const struct ca_certs *l, const struct ca_cert *c,
                                    const struct ca_cert **claimed)
{
    *claimed = NULL;
    for (size_t i = 0; i < l->n; i++) {
        if (X509_check_issued(l->v[i].x509, c->x509) != X509_V_OK)
            continue;
        if (X509_verify(c->x509, X509_get0_pubkey(l->v[i].x509)) == 1)
            return &l->v[i];
        *claimed = &l->v[i];
    }
    return NULL;
}

static const struct pgseal_known_ca *known_name(const char *cn)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);

    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].cn, cn) == 0)
            return &rows[i];
    return NULL;
}

static int altered(const struct judge *j, const struct ca_cert *c, const char *how,
                   struct pgseal_err *err)
{
    refuse(j, err, "has an altered certificate in line %d", c->line);
    pgseal__detail(err, "\"%s\", sha256 %s: %s", c->info.subject, c->info.sha256, how);
    pgseal__hint(err,
                 "Do not use this file, and find out who changed it. Fetch it from AWS itself: "
                 "pgseal ca fetch rds, without --from.");
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* The signature that the file itself can check: its own, or that of an issuer beside it. */
static int judge_signature(const struct judge *j, struct ca_cert *c, struct pgseal_err *err)
{
    const struct ca_certs *l = &j->f.certs;
    const struct ca_cert *by, *claimed;
    char how[400];

    if (X509_self_signed(c->x509, 0) == 1) {
        if (X509_self_signed(c->x509, 1) == 1)
            return 0;
        return altered(j, c, "its signature does not fit its own key.", err);
    }
    by = signer(l, c, &claimed);
    if (by != NULL && by->known != NULL)
        c->mark = CA_MARK_VOUCHED;
    if (by != NULL || claimed == NULL)
        return 0;
    pgseal__format(how, sizeof(how),
                   "it was not signed by the key of \"%s\" in line %d, whose name it carries.",
                   claimed->info.subject, claimed->line);
    return altered(j, c, how, err);
}

static int judge_cert(const struct judge *j, struct ca_cert *c, struct pgseal_err *err)
{
    const struct pgseal_known_ca *same;
    char how[300];
    int rc;

    c->mark = CA_MARK_KNOWN;
    if (c->known != NULL)
        return 0;
    c->mark = strncmp(c->cn, "Amazon RDS ", 11) == 0 ? CA_MARK_NEW : CA_MARK_FOREIGN;
    rc = judge_signature(j, c, err);
    if (rc < 0)
        return rc;
    same = known_name(c->cn);
    if (same != NULL && c->mark != CA_MARK_VOUCHED) {
        pgseal__format(how, sizeof(how),
                       "the real one of this name has sha256 %s. Authorities of one name and two "
                       "keys are not published.",
                       same->sha256);
        return altered(j, c, how, err);
    }
    if (X509_check_ca(c->x509) == 0) {
        refuse(j, err, "has a certificate that is no authority, in line %d", c->line);
        pgseal__detail(err, "\"%s\", issued by \"%s\", is a server's or client's own.",
                       c->info.subject, c->info.issuer);
        pgseal__hint(err, "A bundle holds roots only. Fetch it from AWS: pgseal ca fetch rds.");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    ERR_clear_error();
    return 0;
}

/* ---- the whole of them -------------------------------------------------------------------------
 */

static bool is_rds(const struct ca_cert *c)
{
    if (c->known != NULL)
        return strcmp(c->known->generation, "amazon-trust-services") != 0;
    return c->mark != CA_MARK_FOREIGN;
}

/* Of this region; the roots of all regions (until 2019) are of each. */
static bool is_of(const struct ca_source *s, const char *region)
{
    if (s->region[0] != '\0')
        return strcmp(s->region, region) == 0;
    return region[0] != '\0' && pgseal_aws_partition_of(region) == s->partition;
}

static void count(struct judge *j)
{
    struct ca_fetched *f = &j->f;

    for (size_t i = 0; i < f->certs.n; i++) {
        const struct ca_cert *c = &f->certs.v[i];
        bool seen = c->region[0] == '\0';

        if (c->duplicate) {
            f->duplicates++;
            continue;
        }
        f->known += c->mark == CA_MARK_KNOWN;
        f->vouched += c->mark == CA_MARK_VOUCHED;
        f->unknown += c->mark == CA_MARK_NEW;
        f->foreign += c->mark == CA_MARK_FOREIGN;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(f->certs.v[k].region, c->region) == 0;
        f->regions += !seen;
        if (c->info.not_after_unix_s < j->o->now_unix_s)
            f->ended++;
        else if (f->until_unix_s == 0 || c->info.not_after_unix_s < f->until_unix_s)
            f->until_unix_s = c->info.not_after_unix_s;
    }
}

/* The regions in the file, for a person who expected another. */
static void list_regions(const struct ca_certs *l, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < l->n; i++) {
        bool seen = l->v[i].region[0] == '\0';

        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(l->v[k].region, l->v[i].region) == 0;
        if (!seen && ++n <= 12)
            pgseal__append(out, cap, "%s%s", n > 1 ? ", " : "", l->v[i].region);
    }
    if (n > 12)
        pgseal__append(out, cap, " and %zu more", n - 12);
}

static int judge_purpose(const struct judge *j, struct pgseal_err *err)
{
    const struct ca_source *s = j->o->source;
    const struct ca_fetched *f = &j->f;
    size_t rds = 0, fit = 0;
    char regions[700];

    for (size_t i = 0; i < f->certs.n; i++) {
        rds += is_rds(&f->certs.v[i]);
        fit += is_of(s, f->certs.v[i].region);
    }
    list_regions(&f->certs, regions, sizeof(regions));
    if (rds == 0) {
        refuse(j, err, "has no authority of Amazon RDS");
        pgseal__detail(err, "The first of its %zu certificates is \"%s\".", f->certs.n,
                       f->certs.v[0].info.subject);
        pgseal__hint(err, "Fetch RDS's own from AWS: pgseal ca fetch rds, without --from.");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    if (fit == 0 && s->region[0] != '\0')
        refuse(j, err, "has no root of region %s", s->region);
    else if (fit == 0)
        refuse(j, err, "has no root of %s", ca_partition_word(s->partition));
    if (fit == 0) {
        pgseal__detail(err, "It has roots of: %s.",
                       regions[0] != '\0' ? regions
                                          : "all regions, "
                                            "until 2019");
        pgseal__hint(err, "Ask for what it has (--region R, --global, --gov, --china), or name "
                          "another source.");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    if (f->ended + f->duplicates == f->certs.n) {
        refuse(j, err, "has no certificate that is still valid");
        pgseal__detail(err, "All %zu have ended, the last \"%s\".", f->ended,
                       f->certs.v[f->certs.n - 1].info.subject);
        pgseal__hint(err, "It is an old copy. Fetch the current one: pgseal ca fetch rds.");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    return 0;
}

/* What the table says is published there today, and did not come. */
static int list_missing(struct judge *j, struct pgseal_err *err)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    struct ca_fetched *f = &j->f;

    f->missing = pgseal__alloc((n + 1) * sizeof(*f->missing));
    if (f->missing == NULL)
        return pgseal__nomem(err);
    for (size_t i = 0; i < n; i++) {
        bool have = !rows[i].served || !is_of(j->o->source, rows[i].region) ||
                    rows[i].not_after_unix_s < j->o->now_unix_s;

        for (size_t k = 0; k < f->certs.n && !have; k++)
            have = f->certs.v[k].known == &rows[i];
        if (!have)
            f->missing[f->nmissing++] = &rows[i];
    }
    return 0;
}

int ca_judge(const struct ca_judge_options *o, struct ca_fetched *out, struct pgseal_err *err)
{
    struct judge j = {.o = o, .f = {.now_unix_s = o->now_unix_s}};
    int rc;

    pgseal__format(j.what, sizeof(j.what), o->source->is_file ? "file \"%s\"" : "what %s sent",
                   o->source->from);
    rc = ca_certs_read(o->bytes, o->n, j.what, &j.f.certs, err);
    if (rc == PGSEAL_E_ROOT_UNUSABLE)
        pgseal__hint(err,
                     o->source->official
                         ? "Something answers in Amazon's place, or changes what Amazon "
                           "sends: a proxy, a portal. Look at it: curl -v %s"
                         : "Fetch it from AWS itself: pgseal ca fetch rds, without --from "
                           "%s.",
                     o->source->from);
    for (size_t i = 0; i < j.f.certs.n && rc == 0; i++)
        rc = judge_cert(&j, &j.f.certs.v[i], err);
    if (rc == 0) {
        count(&j);
        rc = judge_purpose(&j, err);
    }
    if (rc == 0)
        rc = list_missing(&j, err);
    if (rc == 0)
        rc = ca_compare(o, &j.f, err);
    if (rc < 0) {
        ca_fetched_done(&j.f);
        return rc;
    }
    *out = j.f;
    return 0;
}

void ca_fetched_done(struct ca_fetched *f)
{
    ca_certs_done(&f->certs);
    pgseal__free(f->gone);
    pgseal__free(f->missing);
    *f = (struct ca_fetched){0};
}

/* SPDX-License-Identifier: PostgreSQL */
/* What of a forecast is worth saying: broken today, broken by the next change, waiting for
 * somebody.
 */
#include "forecast_int.h"

static struct finding *add(struct ca_making *m, enum finding_id id)
{
    return finding_add(&m->f->findings, id, "%s", ""); /* about the server: the heading names it */
}

/* "rds-ca-rsa4096-g1 or rds-ca-ecc384-g1": those AWS offers and the file lacks. */
static void list_lacking(const struct ca_forecast *f, const char *last, char *out, size_t cap)
{
    size_t n = 0, seen = 0;

    out[0] = '\0';
    for (size_t i = 0; i < f->n_choices; i++)
        n += f->choice[i].offered && !f->choice[i].in_file;
    for (size_t i = 0; i < f->n_choices; i++) {
        const struct ca_choice *c = &f->choice[i];

        if (!c->offered || c->in_file)
            continue;
        pgseal__append(out, cap, "%s%s", seen == 0 ? "" : seen + 1 == n ? last : ", ", c->id);
        seen++;
    }
}

/* ---- today ----------------------------------------------------------------------------------- */

static void find_fails(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;

    if (f->verified && f->name_ok)
        return;
    if (f->system && f->authority == CA_AUTHORITY_RDS && !f->verified) {
        x = add(m, FINDING_ID_CA_FORECAST_SYSTEM);
        finding_seen(x,
                     "The server's certificate is signed by %s of Amazon RDS, and clients trust "
                     "the system's roots (sslrootcert=system).",
                     f->ca);
        finding_fix(x, "Give clients the roots of Amazon RDS, as the steps say.");
        return;
    }
    x = add(m, FINDING_ID_CA_FORECAST_FAILS);
    finding_seen(x, "%s (%s).", f->refusal.msg, pgseal_err_id(&f->refusal));
    if (f->refusal.detail[0] != '\0')
        finding_seen(x, " %s", f->refusal.detail);
    finding_fix(x, "%s", f->refusal.hint);
}

static void find_ended(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;
    char when[40];

    if (!f->ca_retired)
        return;
    x = add(m, FINDING_ID_CA_FORECAST_ENDED);
    finding_seen(x, "The server's certificate is signed by %s", f->ca);
    if (f->n_choices > 0 && f->choice[0].until_unix_s != 0)
        finding_seen(x, ", whose root %s %s",
                     f->choice[0].until_unix_s <= m->in->now_unix_s ? "ended" : "ends",
                     pgseal__utc(when, f->choice[0].until_unix_s));
    finding_seen(x, ".");
    finding_fix(x, "Change the CA of the instance, clients first, as the steps say.");
}

static void find_stuck(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;
    char half[40], from[40], until[40], span[40];

    if (!f->stuck)
        return;
    x = add(m, FINDING_ID_CA_FORECAST_STUCK);
    finding_seen(x,
                 "The server's certificate is valid from %.10s to %.10s and past its half-life "
                 "(%.10s) for %s. RDS renews at half-life, in the maintenance window",
                 pgseal__utc(from, f->leaf.not_before_unix_s),
                 pgseal__utc(until, f->leaf.not_after_unix_s),
                 pgseal__utc(half, f->half_life_unix_s),
                 pgseal__span(span, m->in->now_unix_s - f->half_life_unix_s));
    finding_seen(x, f->restarts ? "; this certificate is for three years, so the engine restarts "
                                  "for a new one, and that waits for somebody's consent."
                                : "; this certificate is for one year, so the engine takes a new "
                                  "one without a restart.");
    finding_fix(x, "Look at what waits for maintenance, and apply it, as the steps say.");
}

/* ---- what will be ---------------------------------------------------------------------------- */

static void find_change(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;
    char list[128];

    if (f->authority != CA_AUTHORITY_RDS || f->system || !ca_forecast_lacks(f))
        return;
    list_lacking(f, " or ", list, sizeof(list));
    x = add(m, FINDING_ID_CA_FORECAST_CHANGE);
    finding_seen(x,
                 "\"%s\" has no root of %s for region %s: a client with this file refuses the "
                 "server once its CA is %s.",
                 f->file, list, f->region, list);
    finding_fix(x, "Give clients all roots of the region before anybody changes the CA.");
}

static void find_renewal(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;

    if (!f->verified || f->renewal || f->ca_retired)
        return;
    x = add(m, FINDING_ID_CA_FORECAST_RENEWAL);
    finding_seen(x,
                 "\"%s\" trusts the server's own certificate, line %d, and no authority: the "
                 "next certificate is another one.",
                 f->path.verified.root_file, f->path.verified.root_line);
    finding_fix(x, "Let an authority sign the server's certificate, and give clients its root: "
                   "pgseal ca init, pgseal ca issue.");
}

/* How long before the end of a certificate somebody should act. */
static int64_t soon(const struct ca_forecast *f)
{
    int64_t third;

    if (f->until_depth > 0)
        return CA_SOON_CA_S;
    third = (f->leaf.not_after_unix_s - f->leaf.not_before_unix_s) / 3;
    return third < CA_SOON_S ? third : CA_SOON_S;
}

static void find_ends(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    int64_t left = f->until_unix_s - m->in->now_unix_s;
    struct finding *x;
    char when[40], span[40], cn[256];
    bool own = f->until_depth == 0;

    if (!f->verified || left > soon(f) || f->until_depth >= PGSEAL_PATH_MAX)
        return;
    ca_cn_of(f->path.cert[f->until_depth].subject, cn, sizeof(cn));
    x = add(m, FINDING_ID_CA_FORECAST_ENDS);
    finding_seen(x, "Certificate %d of %zu on the path, \"%s\", ends %s, in %s.",
                 f->until_depth + 1, f->path.n, cn, pgseal__utc(when, f->until_unix_s),
                 pgseal__span(span, left));
    if (f->authority == CA_AUTHORITY_OWN && own)
        finding_fix(x,
                    "Put a new certificate on the server; with an authority of pgseal's: pgseal "
                    "ca issue --renew %s",
                    f->host);
    else if (f->authority == CA_AUTHORITY_OWN)
        finding_fix(x, "Begin to rotate the authority now, so that clients know the new root "
                       "before the old one ends: pgseal ca rotate");
    else if (f->authority == CA_AUTHORITY_PUBLIC)
        finding_fix(x, "Its provider renews it by itself; when that does not happen, ask them.");
    else
        finding_fix(x, "RDS renews it by itself; when that does not happen, as the steps say.");
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool is_published(const struct ca_forecast_in *in, const struct ca_root *r, bool *named)
{
    for (size_t i = 0; i < in->n_known; i++) {
        if (strcmp(r->sha256, in->known[i].sha256) == 0)
            return true;
        if (in->known[i].root && ca_has_cn(r->subject, in->known[i].cn))
            *named = true;
    }
    return false;
}

/* What makes a file hold other roots than it seems to; the whole of it is told by `ca show`. */
static bool is_damage(enum finding_id id)
{
    static const enum finding_id ids[] = {FINDING_ID_CA_HIDDEN_BEGIN,  FINDING_ID_CA_DAMAGED_END,
                                          FINDING_ID_CA_BROKEN_BASE64, FINDING_ID_CA_BROKEN_DER,
                                          FINDING_ID_CA_PLACEHOLDER,   FINDING_ID_CA_ALTERED,
                                          FINDING_ID_CA_PRIVATE_KEY};

    for (size_t i = 0; i < PGSEAL_COUNT(ids); i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void find_damage(struct ca_making *m)
{
    static const struct ca_meant anything = {.said = true};
    const struct ca_forecast_in *in = m->in;
    struct ca_file file;

    if (in->bundle == NULL || in->ctx == NULL) /* else FAILS tells what the file is instead */
        return;
    if (ca_inspect(in->file, in->bundle, in->bundle_n, in->now_unix_s, &anything, &file, NULL) <
        0) {
        m->f->findings.nomem = true;
        return;
    }
    for (size_t i = 0; i < file.findings.n; i++) {
        const struct finding *seen = &file.findings.item[i];
        struct finding *x;

        if (!is_damage(seen->id))
            continue;
        x = finding_add(&m->f->findings, seen->id, "%s", seen->where);
        finding_seen(x, "%s", seen->seen);
        finding_fix(x, "%s", seen->fix);
    }
    ca_file_done(&file);
}

static bool is_told(const struct findings *l, enum finding_id id, const char *where)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->item[i].id == id && strcmp(l->item[i].where, where) == 0)
            return true;
    return false;
}

/* An altered root of 2019 is in public repositories; OpenSSL trusts it like any other. */
static void find_anchor(struct ca_making *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct ca_root *r = &m->root[i];
        bool named = false;
        struct finding *x;
        char cn[256], where[512];

        pgseal__format(where, sizeof(where), "%s:%d", r->file, r->line);
        if (!r->self_issued || is_published(m->in, r, &named) || !named ||
            is_told(&m->f->findings, FINDING_ID_CA_ALTERED, where))
            continue;
        ca_cn_of(r->subject, cn, sizeof(cn));
        x = finding_add(&m->f->findings, FINDING_ID_CA_IMPOSTOR, "%s", where);
        finding_seen(x,
                     "The root \"%s\" (SHA-256 %.16s...) is not the one of that name that Amazon "
                     "published%s.",
                     cn, r->sha256,
                     m->f->verified && strcmp(r->sha256, m->f->path.verified.root.sha256) == 0
                         ? ", and it is what verifies this server"
                         : "");
        finding_fix(x, "Unless you made it yourself for a test: replace the file, and find out "
                       "where it came from.");
    }
}

/* Of the intermediates, those of this server: the next one has another name and key. */
static void find_pinned(struct ca_making *m)
{
    struct ca_forecast *f = m->f;

    for (size_t i = 0; i < f->n_sent; i++) {
        struct pgseal_cert_info sent;

        if (pgseal_chain_describe(m->in->sent, i, &sent) < 0 || sent.self_issued)
            continue;
        for (size_t k = 0; k < m->n; k++) {
            struct finding *x;
            char cn[256];

            if (strcmp(m->root[k].sha256, sent.sha256) != 0)
                continue;
            ca_cn_of(sent.subject, cn, sizeof(cn));
            x = finding_add(&f->findings, FINDING_ID_CA_FORECAST_PINNED, "%s:%d", m->root[k].file,
                            m->root[k].line);
            finding_seen(x, "\"%s\" is %s of this server, not a root.", cn,
                         i == 0 ? "the own certificate" : "an intermediate");
            finding_fix(x, "Keep roots only in the file.");
            break;
        }
    }
}

/* ---- what does not concern this server --------------------------------------------------------
 */

static void find_public(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;

    if (f->authority != CA_AUTHORITY_PUBLIC || f->endpoint.kind == PGSEAL_AWS_NONE)
        return;
    x = add(m, FINDING_ID_CA_FORECAST_PUBLIC);
    finding_seen(x, "This is %s%s, and %s signed its certificate.",
                 pgseal_aws_public_roots(f->endpoint.kind) ? "" : "called like a ",
                 pgseal_aws_kind_str(f->endpoint.kind), f->authority_name);
    if (!pgseal_aws_public_roots(f->endpoint.kind))
        finding_seen(x, " RDS signs such endpoints itself: Aurora Serverless v1, or a proxy in "
                        "between that ends TLS, looks like this.");
    finding_fix(x, "Nothing to do for a change of RDS's CAs; the system's roots verify it "
                   "(sslrootcert=system).");
}

static void find_unknown(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct finding *x;

    for (size_t i = 0; i < f->n_choices; i++)
        if (f->choice[i].known && !f->choice[i].retired)
            return;
    if (f->n_choices == 0)
        return;
    x = add(m, FINDING_ID_CA_FORECAST_UNKNOWN);
    finding_seen(x,
                 "This version of pgseal has no published roots for region \"%s\" (%s), so roots "
                 "in the file are known by their names only.",
                 f->region, pgseal_aws_partition_str(f->partition));
    finding_fix(x,
                "Compare fingerprints with what AWS shows: aws rds describe-certificates "
                "--region %s",
                f->region);
}

void ca_forecast_findings(struct ca_making *m)
{
    find_fails(m);
    find_ended(m);
    find_stuck(m);
    find_renewal(m);
    find_ends(m);
    find_damage(m);
    find_anchor(m);
    find_change(m);
    find_pinned(m);
    find_public(m);
    find_unknown(m);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Makes a forecast: bundle and served chain judged today, then what changes would do. */
#include "forecast_int.h"

/* ---- the anchors ----------------------------------------------------------------------------- */

struct collecting {
    struct ca_making *m;
    size_t cap;
};

static void collect(void *ctx, const struct pgseal_anchor *a)
{
    struct collecting *c = ctx;
    struct ca_root *r;

    if (c->m->n == c->cap)
        return;
    r = &c->m->root[c->m->n++];
    *r = (struct ca_root){.file = a->file,
                          .line = a->line,
                          .from_unix_s = a->cert.not_before_unix_s,
                          .until_unix_s = a->cert.not_after_unix_s,
                          .self_issued = a->cert.self_issued};
    pgseal__format(r->subject, sizeof(r->subject), "%s", a->cert.subject);
    pgseal__format(r->sha256, sizeof(r->sha256), "%s", a->cert.sha256);
}

static int take_anchors(struct ca_making *m, struct pgseal_err *err)
{
    const struct pgseal_trust *t = m->in->ctx != NULL ? pgseal_tls_ctx_trust(m->in->ctx) : NULL;
    size_t n = pgseal_trust_anchors(t, NULL, NULL);
    struct collecting c = {.m = m, .cap = n};

    /* A file that was read only in part would be a wrong forecast. */
    if (t != NULL && n < pgseal_trust_count(t))
        return pgseal__nomem(err);
    if (n == 0)
        return 0;
    m->root = pgseal__alloc(n * sizeof(*m->root));
    if (m->root == NULL)
        return pgseal__nomem(err);
    pgseal_trust_anchors(t, collect, &c);
    if (m->n < n)
        return pgseal__nomem(err);
    m->f->anchors = m->n;
    return 0;
}

bool ca_in_force(const struct ca_root *r, int64_t now_unix_s)
{
    return r->from_unix_s <= now_unix_s && now_unix_s < r->until_unix_s;
}

/* ---- names ----------------------------------------------------------------------------------- */

void ca_cn_of(const char *subject, char *out, size_t cap)
{
    const char *at = strncmp(subject, "CN=", 3) == 0 ? subject + 3 : subject;
    size_t n = 0;

    /* A comma that separates stands alone: those inside of a value have a backslash. */
    while (at[n] != '\0' && !(at[n] == ',' && (n == 0 || at[n - 1] != '\\')))
        n++;
    pgseal__format(out, cap, "%.*s", at == subject ? (int)strlen(subject) : (int)n, at);
}

bool ca_has_cn(const char *subject, const char *cn)
{
    char own[256];

    if (strncmp(subject, "CN=", 3) != 0)
        return false;
    ca_cn_of(subject, own, sizeof(own));
    return strcmp(own, cn) == 0;
}

/* Whether a root of Amazon's for one region would replace all that the file is there for. */
static void look_around(struct ca_making *m)
{
    char own[96];
    size_t n;

    pgseal__format(own, sizeof(own), "CN=Amazon RDS %s ", m->f->region);
    n = strlen(own);
    for (size_t i = 0; i < m->n; i++) {
        const struct ca_root *r = &m->root[i];

        if (!ca_in_force(r, m->in->now_unix_s))
            continue;
        if (strncmp(r->subject, "CN=Amazon RDS ", 14) != 0)
            m->f->foreign = true;
        else if (strncmp(r->subject, own, n) != 0)
            m->f->other_regions = true;
    }
}

/* ---- today ----------------------------------------------------------------------------------- */

/* The verdict stands without memory to tell where its anchor is; a forecast needs to tell. */
static bool is_whole(const struct ca_making *m)
{
    const struct pgseal_verified *v = &m->f->path.verified;

    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->root[i].sha256, v->root.sha256) == 0)
            return v->root_line != 0;
    return true;
}

static int judge_today(struct ca_making *m, struct pgseal_err *err)
{
    const struct ca_forecast_in *in = m->in;
    struct ca_forecast *f = m->f;
    int rc;

    if (in->ctx == NULL) {
        if (in->unusable != NULL)
            f->refusal = *in->unusable;
        return 0;
    }
    rc = pgseal_tls_judge(in->ctx, in->sent, NULL, in->now_unix_s, &f->path, &f->refusal);
    f->verified = rc == 0;
    if (f->verified && !is_whole(m))
        return pgseal__nomem(err);
    if (f->verified) {
        rc = pgseal_tls_judge(in->ctx, in->sent, in->host, in->now_unix_s, NULL, &f->refusal);
        f->name_ok = rc == 0;
    }
    if (rc == PGSEAL_E_NOMEM)
        return pgseal__nomem(err);
    return 0;
}

/* The first end: of the verified path, else of what was sent. */
static void first_end(struct ca_making *m)
{
    struct ca_forecast *f = m->f;

    if (f->verified) {
        f->until_unix_s = f->path.verified.until_unix_s;
        f->until_depth = f->path.verified.until_depth;
        return;
    }
    for (size_t i = 0; i < f->n_sent; i++) {
        struct pgseal_cert_info info;

        if (pgseal_chain_describe(m->in->sent, i, &info) < 0)
            continue;
        if (i == 0 || info.not_after_unix_s < f->until_unix_s) {
            f->until_unix_s = info.not_after_unix_s;
            f->until_depth = (int)i;
        }
    }
}

/* ---- the next certificate -------------------------------------------------------------------- */

/*
 * The next certificate comes with a new intermediate, perhaps, but under the same root: that one
 * must be in the file and in force. Whether it is shows in the path of today or, when something of
 * the server's has ended, in that of its last second. A self-signed server has no root.
 */
static int judge_renewal(struct ca_making *m, struct pgseal_err *err)
{
    struct ca_forecast *f = m->f;
    struct pgseal_path past;
    int rc;

    if (f->ca_retired)
        return 0;
    if (f->verified) {
        f->renewal = f->path.n > 1;
        return 0;
    }
    if (m->in->ctx == NULL || f->until_unix_s > m->in->now_unix_s)
        return 0;
    rc = pgseal_tls_judge(m->in->ctx, m->in->sent, NULL, f->until_unix_s - 1, &past, NULL);
    if (rc == PGSEAL_E_NOMEM)
        return pgseal__nomem(err);
    f->renewal = rc == 0 && past.n > 1 && past.verified.root.not_after_unix_s > m->in->now_unix_s;
    return 0;
}

/* When there is nothing to do, the next time it could be otherwise. */
static void plan_next_look(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    int64_t next = f->until_unix_s - (f->until_depth == 0 ? CA_SOON_S : CA_SOON_CA_S);

    if (f->half_life_unix_s != 0 && f->half_life_unix_s + CA_SLACK_S < next)
        next = f->half_life_unix_s + CA_SLACK_S;
    if (findings_worst(&f->findings) == FINDING_INFO && next > m->in->now_unix_s)
        f->next_look_unix_s = next;
}

int ca_forecast_make(const struct ca_forecast_in *in, struct ca_forecast *out,
                     struct pgseal_err *err)
{
    struct ca_making m = {.in = in, .f = out};
    int rc;

    *out = (struct ca_forecast){
        .host = in->host, .target = in->target, .file = in->file, .system = in->system};
    out->n_sent = pgseal_chain_count(in->sent);
    if (out->n_sent == 0)
        return pgseal__fail(err, PGSEAL_E_USAGE, "a forecast needs what the server sent");
    rc = take_anchors(&m, err);
    if (rc == 0) {
        ca_forecast_server(&m);
        look_around(&m);
        rc = judge_today(&m, err);
    }
    if (rc == 0) {
        first_end(&m);
        rc = judge_renewal(&m, err);
    }
    if (rc == 0) {
        ca_forecast_choices(&m);
        ca_forecast_findings(&m);
        plan_next_look(&m);
        if (out->findings.nomem)
            rc = pgseal__nomem(err);
    }
    pgseal__free(m.root);
    if (rc < 0)
        ca_forecast_done(out);
    return rc;
}

void ca_forecast_done(struct ca_forecast *f)
{
    findings_done(&f->findings);
}

bool ca_forecast_lacks(const struct ca_forecast *f)
{
    for (size_t i = 0; i < f->n_choices; i++)
        if (f->choice[i].offered && !f->choice[i].retired && !f->choice[i].in_file)
            return true;
    return false;
}

const char *ca_forecast_instance(const struct ca_forecast *f)
{
    return f->n_instances > 0 ? f->instance[0] : "INSTANCE";
}

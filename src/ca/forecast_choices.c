/* SPDX-License-Identifier: PostgreSQL */
/* Which of RDS's CAs a server of this region can be signed by, and which of them the file knows. */
#include "forecast_int.h"

/* What a CA of today is called in `--ca-certificate-identifier` and in its root's name. */
static const struct {
    const char *id, *alg;
} CAS[] = {{"rds-ca-rsa2048-g1", "RSA2048"},
           {"rds-ca-rsa4096-g1", "RSA4096"},
           {"rds-ca-ecc384-g1", "ECC384"}};

/*
 * Where AWS documents only RSA2048 although the other roots are in the bundle (Aurora User Guide,
 * UsingWithRDS.SSL "Certificate authorities"): Mumbai, Melbourne, Calgary, Zurich, Spain, Tel Aviv;
 * and both regions of China (its own copy of the same page).
 */
static bool only_rsa2048(const char *region)
{
    static const char *const regions[] = {"ap-south-1",   "ap-southeast-4", "ca-west-1",
                                          "eu-central-2", "eu-south-2",     "il-central-1",
                                          "cn-north-1",   "cn-northwest-1"};

    for (size_t i = 0; i < PGSEAL_COUNT(regions); i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

static const struct pgseal_known_ca *published(const struct ca_forecast_in *in, const char *id,
                                               const char *region)
{
    for (size_t i = 0; i < in->n_known; i++) {
        const struct pgseal_known_ca *k = &in->known[i];

        if (k->root && strcmp(k->generation, id) == 0 && strcmp(k->region, region) == 0)
            return k;
    }
    return NULL;
}

/* An anchor that is this root: by its fingerprint, or by its name while nobody published one. */
static const struct ca_root *find(const struct ca_making *m, const struct pgseal_known_ca *known,
                                  const char *cn)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct ca_root *r = &m->root[i];

        if (known != NULL ? strcmp(r->sha256, known->sha256) == 0
                          : r->self_issued && ca_has_cn(r->subject, cn))
            return r;
    }
    return NULL;
}

/*
 * The CA in use may be in the file although the table has another root of that name: then the
 * verdict is what counts, and a finding tells the rest.
 */
static const struct ca_root *anchor_of_path(const struct ca_making *m, const struct ca_choice *c)
{
    const struct pgseal_cert_info *root = &m->f->path.verified.root;

    if (!c->current || !m->f->verified || !ca_has_cn(root->subject, c->cn))
        return NULL;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->root[i].sha256, root->sha256) == 0)
            return &m->root[i];
    return NULL;
}

static void fill(const struct ca_making *m, const char *region, struct ca_choice *c)
{
    const struct pgseal_known_ca *known = published(m->in, c->id, region);
    const struct ca_root *r;

    if (known != NULL)
        pgseal__format(c->cn, sizeof(c->cn), "%s", known->cn);
    r = find(m, known, c->cn);
    c->known = known != NULL;
    c->current = strcmp(c->id, m->f->ca) == 0;
    if (r == NULL)
        r = anchor_of_path(m, c);
    c->until_unix_s = r != NULL ? r->until_unix_s : known != NULL ? known->not_after_unix_s : 0;
    if (r == NULL || !ca_in_force(r, m->in->now_unix_s))
        return;
    c->in_file = true;
    c->file = r->file;
    c->line = r->line;
}

static struct ca_choice *add(struct ca_making *m, const char *id)
{
    struct ca_choice *c = &m->f->choice[m->f->n_choices++];

    *c = (struct ca_choice){.offered = true};
    pgseal__format(c->id, sizeof(c->id), "%s", id);
    return c;
}

void ca_forecast_choices(struct ca_making *m)
{
    struct ca_forecast *f = m->f;
    struct ca_choice *c;

    if (f->authority != CA_AUTHORITY_RDS)
        return;
    if (f->ca_retired) {
        c = add(m, f->ca);
        c->offered = false;
        c->retired = true;
        pgseal__format(c->cn, sizeof(c->cn), "Amazon RDS Root %sCA",
                       strcmp(f->ca, "rds-ca-2019") == 0 ? "2019 " : "");
        fill(m, published(m->in, f->ca, f->region) != NULL ? f->region : "", c);
    }
    for (size_t i = 0; i < PGSEAL_COUNT(CAS); i++) {
        c = add(m, CAS[i].id);
        pgseal__format(c->cn, sizeof(c->cn), "Amazon RDS %s Root CA %s G1", f->region, CAS[i].alg);
        fill(m, f->region, c);
        c->offered = i == 0 || c->current || !only_rsa2048(f->region);
    }
}

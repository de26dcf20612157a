/* SPDX-License-Identifier: PostgreSQL */
/* Who a server is: by the name that was typed, by who signed it, by the names it is for. */
#include "forecast_int.h"

/* ---- who signed it --------------------------------------------------------------------------- */

static void ca_id(const struct pgseal__rds *r, char *out, size_t cap)
{
    size_t n;

    if (r->generation != PGSEAL__RDS_G1) {
        pgseal__format(out, cap, "rds-ca-%d", (int)r->generation);
        return;
    }
    pgseal__format(out, cap, "rds-ca-%s-g1", r->alg);
    n = strlen(out);
    for (size_t i = 0; i < n; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] | 0x20);
}

/* The authorities named in a chain, the nearest to the server first. */
static void read_authority(struct ca_forecast *f, STACK_OF(X509) * certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        const X509_NAME *issuer = X509_get_issuer_name(sk_X509_value(certs, i));
        const char *public_name = pgseal__public_authority(issuer);
        struct pgseal__rds r;

        if (pgseal__rds_of(issuer, &r)) {
            if (f->authority != CA_AUTHORITY_RDS)
                ca_id(&r, f->ca, sizeof(f->ca));
            f->authority = CA_AUTHORITY_RDS;
            f->ca_retired = r.generation != PGSEAL__RDS_G1;
            /* A root of 2019 names no region, its intermediate does; "Beta us-east-1" is none. */
            if (f->region[0] == '\0' && strchr(r.region, ' ') == NULL)
                pgseal__format(f->region, sizeof(f->region), "%s", r.region);
        } else if (public_name != NULL && f->authority == CA_AUTHORITY_OWN) {
            f->authority = CA_AUTHORITY_PUBLIC;
            pgseal__format(f->authority_name, sizeof(f->authority_name), "%s", public_name);
        }
    }
}

/* ---- what it is for -------------------------------------------------------------------------- */

static void add_instance(struct ca_forecast *f, const char *name)
{
    for (size_t i = 0; i < f->n_instances; i++)
        if (strcmp(f->instance[i], name) == 0)
            return;
    if (f->n_instances < CA_INSTANCES_MAX)
        pgseal__format(f->instance[f->n_instances++], sizeof(f->instance[0]), "%s", name);
}

static void add_name(struct ca_forecast *f, const char *host)
{
    struct pgseal_aws_endpoint e;
    enum pgseal_aws_kind kind = pgseal_aws_endpoint(host, &e);

    if (kind == PGSEAL_AWS_INSTANCE)
        add_instance(f, e.name);
    else if ((kind == PGSEAL_AWS_CLUSTER || kind == PGSEAL_AWS_CLUSTER_RO) && f->cluster[0] == '\0')
        pgseal__format(f->cluster, sizeof(f->cluster), "%s", e.name);
}

/* "DNS:a, DNS:b" and the common name: an Aurora certificate has its instance and its cluster. */
static void read_names(struct ca_forecast *f)
{
    const char *at = f->leaf.names;
    char host[256];

    while ((at = strstr(at, "DNS:")) != NULL) {
        at += 4;
        pgseal__format(host, sizeof(host), "%.*s", (int)strcspn(at, ", "), at);
        add_name(f, host);
    }
    ca_cn_of(f->leaf.subject, host, sizeof(host));
    add_name(f, host);
}

/* ---- how long it lives ----------------------------------------------------------------------- */

/*
 * RDS signs for one year where the engine takes a new certificate without a restart, else for
 * three, and renews at half-life (Aurora User Guide, UsingWithRDS.SSL-certificate-rotation). Other
 * lives are none of that.
 */
static void read_life(struct ca_forecast *f, int64_t now_unix_s)
{
    int64_t life = f->leaf.not_after_unix_s - f->leaf.not_before_unix_s;
    bool one_year, three_years;

    f->life_days = (int)(life / CA_DAY_S);
    one_year = f->life_days >= 350 && f->life_days <= 400;
    three_years = f->life_days >= 1080 && f->life_days <= 1130;
    if (f->authority != CA_AUTHORITY_RDS || f->ca_retired || (!one_year && !three_years))
        return;
    f->restarts = three_years;
    f->half_life_unix_s = f->leaf.not_before_unix_s + life / 2;
    f->stuck = now_unix_s > f->half_life_unix_s + CA_SLACK_S;
}

void ca_forecast_server(struct ca_making *m)
{
    struct ca_forecast *f = m->f;

    pgseal_aws_endpoint(m->in->host, &f->endpoint);
    (void)pgseal_chain_describe(m->in->sent, 0, &f->leaf);
    if (f->endpoint.kind == PGSEAL_AWS_INSTANCE)
        add_instance(f, f->endpoint.name);
    if (f->endpoint.kind == PGSEAL_AWS_CLUSTER || f->endpoint.kind == PGSEAL_AWS_CLUSTER_RO)
        pgseal__format(f->cluster, sizeof(f->cluster), "%s", f->endpoint.name);
    read_authority(f, pgseal__chain_certs(m->in->sent));
    if (f->authority != CA_AUTHORITY_PUBLIC)
        read_names(f);
    read_life(f, m->in->now_unix_s);
    if (f->region[0] == '\0')
        pgseal__format(f->region, sizeof(f->region), "%s", f->endpoint.region);
    f->partition = f->endpoint.kind != PGSEAL_AWS_NONE && f->endpoint.region[0] == '\0'
                       ? f->endpoint.partition
                       : pgseal_aws_partition_of(f->region);
    if (f->endpoint.kind == PGSEAL_AWS_NONE && f->authority != CA_AUTHORITY_RDS)
        f->region[0] = '\0';
}

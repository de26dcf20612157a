/* SPDX-License-Identifier: PostgreSQL */
/* Reads host names of Amazon's databases, from the last label to the first. */
#include "core/base/base.h"

#include <pgseal/aws.h>

/* Longest name of DNS without its last dot (RFC 1035 2.3.4), and labels in it. */
#define NAME_MAX_BYTES 253
#define LABELS_MAX     12

struct labels {
    char text[NAME_MAX_BYTES + 1];
    const char *v[LABELS_MAX];
    size_t n;
};

/* Letters, digits, hyphens; none of it empty or longer than RFC 1035 2.3.4 allows. */
static bool is_label(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= 63 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* In lower case, cut at the dots. False: no host name. */
static bool split(const char *host, struct labels *l)
{
    size_t n = strlen(host);
    char *at = l->text;

    l->n = 0;
    if (n > 0 && host[n - 1] == '.')
        n--;
    if (n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < n; i++)
        l->text[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] | 0x20) : host[i];
    l->text[n] = '\0';
    for (;;) {
        char *dot = strchr(at, '.');

        if (dot != NULL)
            *dot = '\0';
        if (l->n == LABELS_MAX || !is_label(at))
            return false;
        l->v[l->n++] = at;
        if (dot == NULL)
            return true;
        at = dot + 1;
    }
}

/* Takes labels off the end when they are these. */
static bool ends(struct labels *l, const char *before, const char *last)
{
    if (l->n < 2 || strcmp(l->v[l->n - 2], before) != 0 || strcmp(l->v[l->n - 1], last) != 0)
        return false;
    l->n -= 2;
    return true;
}

/* "amazonaws.com" and its like at the end. False: none of AWS. */
static bool take_suffix(struct labels *l, enum pgseal_aws_partition *partition)
{
    static const struct {
        const char *before, *last, *more; /* `more` stands before them, or NULL */
        enum pgseal_aws_partition partition;
    } rows[] = {{"amazonaws", "com", NULL, PGSEAL_AWS_COMMERCIAL},
                {"com", "cn", "amazonaws", PGSEAL_AWS_CHINA},
                {"ic", "gov", "c2s", PGSEAL_AWS_ISO},
                {"sgov", "gov", "sc2s", PGSEAL_AWS_ISO},
                {"amazonaws", "eu", NULL, PGSEAL_AWS_EUSC},
                {"amazonaws", "au", NULL, PGSEAL_AWS_COMMERCIAL},
                {"amazonaws", "uk", NULL, PGSEAL_AWS_COMMERCIAL}};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        if (!ends(l, rows[i].before, rows[i].last))
            continue;
        if (rows[i].more != NULL && (l->n == 0 || strcmp(l->v[--l->n], rows[i].more) != 0))
            return false;
        *partition = rows[i].partition;
        return true;
    }
    return false;
}

static bool is_service(const char *label)
{
    return strcmp(label, "rds") == 0 || strcmp(label, "rds-fips") == 0;
}

/* "us-east-1", "us-gov-west-1", "eusc-de-east-1": hyphens, and a number at the end. */
static bool is_region(const char *label)
{
    const char *last = strrchr(label, '-');

    return last != NULL && strchr(label, '-') != last && last[1] >= '1' && last[1] <= '9' &&
           strspn(last + 1, "0123456789") == strlen(last + 1);
}

/* Region and service stand in both orders: China and some partitions turned them round. */
static bool take_service(struct labels *l, struct pgseal_aws_endpoint *e)
{
    const char *service, *region;

    if (l->n < 4) /* name, id, region, service */
        return false;
    service = l->v[l->n - 1];
    region = l->v[l->n - 2];
    if (!is_service(service)) {
        const char *other = service;

        service = region;
        region = other;
    }
    if (!is_service(service) || (strcmp(region, "global") != 0 && !is_region(region)))
        return false;
    e->fips = strcmp(service, "rds-fips") == 0;
    if (strcmp(region, "global") != 0)
        pgseal__format(e->region, sizeof(e->region), "%s", region);
    l->n -= 2;
    return true;
}

/* What stands before the id in its label says the kind; without anything it is an instance. */
static bool take_kind(struct labels *l, struct pgseal_aws_endpoint *e)
{
    static const struct {
        const char *prefix;
        enum pgseal_aws_kind kind;
    } rows[] = {{"cluster-custom-", PGSEAL_AWS_CLUSTER_CUSTOM},
                {"cluster-ro-", PGSEAL_AWS_CLUSTER_RO},
                {"cluster-", PGSEAL_AWS_CLUSTER},
                {"proxy-", PGSEAL_AWS_PROXY},
                {"shardgrp-", PGSEAL_AWS_SHARD_GROUP},
                {"global-", PGSEAL_AWS_GLOBAL}};
    const char *id = l->v[--l->n];

    e->kind = PGSEAL_AWS_INSTANCE;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        size_t n = strlen(rows[i].prefix);

        if (strncmp(id, rows[i].prefix, n) == 0) {
            e->kind = rows[i].kind;
            id += n;
            break;
        }
    }
    if (id[0] == '\0' || strchr(id, '-') != NULL)
        return false;
    pgseal__format(e->id, sizeof(e->id), "%s", id);
    if (e->kind == PGSEAL_AWS_PROXY && l->n == 2 && strcmp(l->v[1], "endpoint") == 0) {
        e->kind = PGSEAL_AWS_PROXY_ENDPOINT;
        l->n--;
    }
    /* Only the writer of a global database has no region in its name. */
    return l->n == 1 && (e->kind == PGSEAL_AWS_GLOBAL) == (e->region[0] == '\0');
}

/* "-green-abc123": six letters and digits that AWS chose. */
static bool is_green(const char *name)
{
    const char *at = strstr(name, "-green-");

    for (const char *next = at; next != NULL; next = strstr(at + 1, "-green-"))
        at = next;
    return at != NULL && at > name && strlen(at) == 7 + 6 && strchr(at + 7, '-') == NULL;
}

static void take_name(const char *name, struct pgseal_aws_endpoint *e)
{
    size_t n = strlen(name);

    pgseal__format(e->name, sizeof(e->name), "%s", name);
    if (e->kind == PGSEAL_AWS_DSQL)
        return;
    e->green = is_green(name);
    e->old = n > 5 && strcmp(name + n - 5, "-old1") == 0;
}

/* ID.dsql.REGION.on.aws, or ID.dsql-XXXX.REGION.on.aws through a private link. */
static bool is_dsql(struct labels *l, struct pgseal_aws_endpoint *e)
{
    const char *service;

    if (!ends(l, "on", "aws") || l->n != 3 || !is_region(l->v[2]))
        return false;
    service = l->v[1];
    if (strcmp(service, "dsql") != 0 && strncmp(service, "dsql-", 5) != 0)
        return false;
    e->kind = PGSEAL_AWS_DSQL;
    e->partition = pgseal_aws_partition_of(l->v[2]);
    pgseal__format(e->id, sizeof(e->id), "%s", l->v[0]);
    pgseal__format(e->region, sizeof(e->region), "%s", l->v[2]);
    return true;
}

static bool is_rds(struct labels *l, struct pgseal_aws_endpoint *e)
{
    if (!take_suffix(l, &e->partition) || !take_service(l, e) || !take_kind(l, e))
        return false;
    if (e->partition == PGSEAL_AWS_COMMERCIAL)
        e->partition = pgseal_aws_partition_of(e->region);
    return true;
}

enum pgseal_aws_kind pgseal_aws_endpoint(const char *host, struct pgseal_aws_endpoint *out)
{
    struct labels l;

    *out = (struct pgseal_aws_endpoint){0};
    if (host == NULL || !split(host, &l))
        return PGSEAL_AWS_NONE;
    if (!is_dsql(&l, out)) {
        if (!split(host, &l) || !is_rds(&l, out)) {
            *out = (struct pgseal_aws_endpoint){0};
            return PGSEAL_AWS_NONE;
        }
    }
    take_name(l.text, out);
    return out->kind;
}

enum pgseal_aws_partition pgseal_aws_partition_of(const char *region)
{
    if (strncmp(region, "us-gov-", 7) == 0)
        return PGSEAL_AWS_GOV;
    if (strncmp(region, "cn-", 3) == 0)
        return PGSEAL_AWS_CHINA;
    if (strncmp(region, "us-iso", 6) == 0 || strncmp(region, "eu-iso", 6) == 0)
        return PGSEAL_AWS_ISO;
    if (strncmp(region, "eusc-", 5) == 0)
        return PGSEAL_AWS_EUSC;
    return PGSEAL_AWS_COMMERCIAL;
}

const char *pgseal_aws_partition_str(enum pgseal_aws_partition partition)
{
    switch (partition) {
    case PGSEAL_AWS_COMMERCIAL:
        return "AWS";
    case PGSEAL_AWS_GOV:
        return "AWS GovCloud (US)";
    case PGSEAL_AWS_CHINA:
        return "AWS China";
    case PGSEAL_AWS_ISO:
        return "AWS ISO";
    case PGSEAL_AWS_EUSC:
        return "AWS European Sovereign Cloud";
    }
    return "AWS";
}

const char *pgseal_aws_kind_str(enum pgseal_aws_kind kind)
{
    switch (kind) {
    case PGSEAL_AWS_NONE:
        break;
    case PGSEAL_AWS_INSTANCE:
        return "RDS or Aurora instance endpoint";
    case PGSEAL_AWS_CLUSTER:
        return "cluster endpoint (writer)";
    case PGSEAL_AWS_CLUSTER_RO:
        return "cluster endpoint (readers)";
    case PGSEAL_AWS_CLUSTER_CUSTOM:
        return "custom endpoint of a cluster";
    case PGSEAL_AWS_GLOBAL:
        return "Aurora global database endpoint (writer)";
    case PGSEAL_AWS_PROXY:
        return "RDS Proxy";
    case PGSEAL_AWS_PROXY_ENDPOINT:
        return "endpoint of RDS Proxy";
    case PGSEAL_AWS_SHARD_GROUP:
        return "Aurora Limitless endpoint";
    case PGSEAL_AWS_DSQL:
        return "Aurora DSQL endpoint";
    }
    return "no AWS database endpoint";
}

bool pgseal_aws_public_roots(enum pgseal_aws_kind kind)
{
    return kind == PGSEAL_AWS_PROXY || kind == PGSEAL_AWS_PROXY_ENDPOINT || kind == PGSEAL_AWS_DSQL;
}

/* SPDX-License-Identifier: PostgreSQL */
/* rds.force_ssl: which parameter group, by which commands, with or without a reboot. */
#include "status_int.h"

#include "core/base/base.h"

/* First majors whose own default is rds.force_ssl = 1 (User Guides: "Using SSL/TLS"). */
#define AURORA_FORCES_FROM 17
#define RDS_FORCES_FROM    15

/* Everything the lines are made of. */
struct aws {
    const struct status_server *s;
    struct status_plan *p;
    bool cluster;    /**< a DB cluster's parameter group, else an instance's */
    char name[64];   /* the cluster or the instance; a word in capitals when unknown */
    char region[96]; /* " --region R" */
    char family[40];
    int major;
};

static void look(struct aws *a, const struct pgseal_aws_endpoint *at)
{
    bool aurora = a->p->product == STATUS_AURORA;

    a->major = a->s->version / 10000;
    switch (at->kind) {
    case PGSEAL_AWS_NONE:
    case PGSEAL_AWS_DSQL:
    case PGSEAL_AWS_PROXY:
    case PGSEAL_AWS_PROXY_ENDPOINT:
    case PGSEAL_AWS_INSTANCE:
        a->cluster = aurora;
        break;
    case PGSEAL_AWS_CLUSTER:
    case PGSEAL_AWS_CLUSTER_RO:
    case PGSEAL_AWS_CLUSTER_CUSTOM:
    case PGSEAL_AWS_GLOBAL:
    case PGSEAL_AWS_SHARD_GROUP:
        a->cluster = true; /* also RDS: a Multi-AZ DB cluster */
        break;
    }
    pgseal__format(a->name, sizeof(a->name), "%s", a->cluster ? "CLUSTER" : "INSTANCE");
    if (at->kind == PGSEAL_AWS_CLUSTER || at->kind == PGSEAL_AWS_CLUSTER_RO ||
        (at->kind == PGSEAL_AWS_INSTANCE && !a->cluster))
        pgseal__format(a->name, sizeof(a->name), "%s", at->name);
    pgseal__format(a->region, sizeof(a->region), " --region %s",
                   at->region[0] != '\0' ? at->region : "REGION");
    pgseal__format(a->family, sizeof(a->family), "%s", aurora ? "aurora-postgresql" : "postgres");
    if (a->s->version == 0)
        pgseal__append(a->family, sizeof(a->family), "VERSION");
    else if (a->s->version < 100000)
        pgseal__append(a->family, sizeof(a->family), "%d.%d", a->major, a->s->version / 100 % 100);
    else
        pgseal__append(a->family, sizeof(a->family), "%d", a->major);
}

static void say_default(const struct aws *a)
{
    bool aurora = a->p->product == STATUS_AURORA;
    int from = aurora ? AURORA_FORCES_FROM : RDS_FORCES_FROM;
    const char *what = aurora ? "Aurora PostgreSQL" : "RDS for PostgreSQL";

    if (a->major == 0)
        pgseal__format(a->p->default_says, sizeof(a->p->default_says),
                       "The default of rds.force_ssl is 1 from %s %d on, 0 before.", what, from);
    else if (a->major >= from)
        pgseal__format(a->p->default_says, sizeof(a->p->default_says),
                       "The default of rds.force_ssl is 1 from %s %d on, so also here.", what,
                       from);
    else
        pgseal__format(a->p->default_says, sizeof(a->p->default_says),
                       "The default of rds.force_ssl is 0 here and 1 from %s %d on: a major "
                       "upgrade turns it on, unless the new parameter group says 0.",
                       what, from);
}

/* ---- finding the name --------------------------------------------------------------------------
 */

/* The endpoint's name is not the cluster's: one question to the API gives it. */
static void find_cluster(struct aws *a, const struct pgseal_aws_endpoint *at)
{
    struct status_step *step;

    if (!a->cluster || strcmp(a->name, "CLUSTER") != 0)
        return;
    switch (at->kind) {
    case PGSEAL_AWS_INSTANCE:
        step = status__enforce(a->p, "The cluster that instance %s belongs to:", at->name);
        status__command(step,
                        "aws rds describe-db-instances%s --db-instance-identifier %s \\\n"
                        "    --query 'DBInstances[0].DBClusterIdentifier' --output text",
                        a->region, at->name);
        return;
    case PGSEAL_AWS_CLUSTER_CUSTOM:
        step = status__enforce(a->p, "The cluster that endpoint %s belongs to:", at->name);
        status__command(step,
                        "aws rds describe-db-cluster-endpoints%s \\\n"
                        "    --db-cluster-endpoint-identifier %s \\\n"
                        "    --query 'DBClusterEndpoints[0].DBClusterIdentifier' --output text",
                        a->region, at->name);
        return;
    case PGSEAL_AWS_GLOBAL:
        step = status__enforce(a->p,
                               "The clusters of global database %s; each has a parameter group of "
                               "its own, in its own region:",
                               at->name);
        status__command(step,
                        "aws rds describe-global-clusters%s --global-cluster-identifier %s \\\n"
                        "    --query 'GlobalClusters[0].GlobalClusterMembers[].DBClusterArn'",
                        a->region, at->name);
        return;
    case PGSEAL_AWS_SHARD_GROUP:
        step = status__enforce(a->p, "The cluster that shard group %s belongs to:", at->name);
        status__command(step,
                        "aws rds describe-db-shard-groups%s --db-shard-group-identifier %s \\\n"
                        "    --query 'DBShardGroups[0].DBClusterIdentifier' --output text",
                        a->region, at->name);
        return;
    case PGSEAL_AWS_NONE:
    case PGSEAL_AWS_DSQL:
    case PGSEAL_AWS_PROXY:
    case PGSEAL_AWS_PROXY_ENDPOINT:
    case PGSEAL_AWS_CLUSTER:
    case PGSEAL_AWS_CLUSTER_RO:
        return;
    }
}

/* ---- RDS Proxy: your hop is its own -------------------------------------------------------------
 */

static void plan_proxy(struct aws *a, const struct pgseal_aws_endpoint *at)
{
    const char *name = at->kind == PGSEAL_AWS_PROXY ? at->name : "PROXY";
    struct status_step *step;

    if (at->kind == PGSEAL_AWS_PROXY_ENDPOINT) {
        step = status__enforce(a->p, "The proxy that endpoint %s belongs to:", at->name);
        status__command(step,
                        "aws rds describe-db-proxy-endpoints%s \\\n"
                        "    --db-proxy-endpoint-name %s \\\n"
                        "    --query 'DBProxyEndpoints[0].DBProxyName' --output text",
                        a->region, at->name);
    }
    step = status__enforce(a->p, "Your hop ends at RDS Proxy, which has a switch of its own:");
    status__command(step, "aws rds modify-db-proxy%s --db-proxy-name %s --require-tls", a->region,
                    name);
    step = status__enforce(a->p, "The hop from the proxy to the database is the database's own "
                                 "setting. What is behind this proxy:");
    status__command(step,
                    "aws rds describe-db-proxy-targets%s --db-proxy-name %s \\\n"
                    "    --query 'Targets[].[Type,RdsResourceId]' --output text",
                    a->region, name);
    step = status__rollback(a->p, "The proxy's switch:");
    status__command(step, "aws rds modify-db-proxy%s --db-proxy-name %s --no-require-tls",
                    a->region, name);
}

/* ---- the parameter ------------------------------------------------------------------------------
 */

static void find_group(const struct aws *a, struct status_step *step)
{
    if (a->cluster)
        status__command(step,
                        "GROUP=$(aws rds describe-db-clusters%s \\\n"
                        "    --db-cluster-identifier %s \\\n"
                        "    --query 'DBClusters[0].DBClusterParameterGroup' --output text)",
                        a->region, a->name);
    else
        status__command(
            step,
            "GROUP=$(aws rds describe-db-instances%s \\\n"
            "    --db-instance-identifier %s \\\n"
            "    --query 'DBInstances[0].DBParameterGroups[0].DBParameterGroupName' --output text)",
            a->region, a->name);
}

static void own_group(struct aws *a)
{
    const char *kind = a->cluster ? "db-cluster" : "db";
    struct status_step *step =
        status__enforce(a->p,
                        "Only if it is default.%s, which cannot be changed: a group of its own, "
                        "and a reboot (of %s) that makes it count.",
                        a->family, a->cluster ? "each instance" : "the instance");

    status__command(step, "GROUP=%s-tls", a->name);
    status__command(step,
                    "aws rds create-%s-parameter-group%s \\\n"
                    "    --%s-parameter-group-name \"$GROUP\" \\\n"
                    "    --db-parameter-group-family %s --description 'refuses plaintext'",
                    kind, a->region, kind, a->family);
    if (a->cluster)
        status__command(step,
                        "aws rds modify-db-cluster%s --db-cluster-identifier %s \\\n"
                        "    --db-cluster-parameter-group-name \"$GROUP\" --apply-immediately",
                        a->region, a->name);
    else
        status__command(step,
                        "aws rds modify-db-instance%s --db-instance-identifier %s \\\n"
                        "    --db-parameter-group-name \"$GROUP\" --apply-immediately",
                        a->region, a->name);
    status__command(step, "aws rds reboot-db-instance%s --db-instance-identifier %s", a->region,
                    a->cluster ? "INSTANCE" : a->name);
}

static void set_force(struct aws *a, struct status_step *step, int value)
{
    const char *kind = a->cluster ? "db-cluster" : "db";

    status__command(step,
                    "aws rds modify-%s-parameter-group%s \\\n"
                    "    --%s-parameter-group-name \"$GROUP\" --parameters \\\n"
                    "    ParameterName=rds.force_ssl,ParameterValue=%d,ApplyMethod=immediate",
                    kind, a->region, kind, value);
}

void status__plan_aws(const struct pgseal_aws_endpoint *at, const struct status_server *s,
                      struct status_plan *p)
{
    struct aws a = {.s = s, .p = p};
    const char *ssl = status_setting(s, "ssl");
    bool reboots = ssl != NULL && strcmp(ssl, "off") == 0;
    struct status_step *step;

    look(&a, at);
    say_default(&a);
    if (at->kind == PGSEAL_AWS_PROXY || at->kind == PGSEAL_AWS_PROXY_ENDPOINT) {
        plan_proxy(&a, at);
        return;
    }
    find_cluster(&a, at);
    find_group(&a, status__enforce(p, "The parameter group of %s %s:",
                                   a.cluster ? "cluster" : "instance", a.name));
    own_group(&a);
    set_force(&a,
              status__enforce(p, reboots ? "Then, and because ssl is off now, a reboot:"
                                         : "Then; new connections without TLS are refused within "
                                           "moments, those that are open stay:"),
              1);
    if (reboots)
        status__command(&p->enforce[p->nenforce - 1],
                        "aws rds reboot-db-instance%s --db-instance-identifier %s", a.region,
                        a.cluster ? "INSTANCE" : a.name);
    step = status__rollback(p, "The same parameter of the same group, with 0:");
    find_group(&a, step);
    set_force(&a, step, 0);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The steps a forecast asks for: clients first, then the server, then a check. Only what is needed.
 */
#include "forecast_int.h"

static struct ca_step *step(struct ca_steps *s)
{
    static _Thread_local struct ca_step scrap;
    struct ca_step *x = s->n < CA_STEPS_MAX ? &s->v[s->n++] : &scrap;

    x->text[0] = '\0';
    return x;
}

static void say(struct ca_step *x, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
static void say(struct ca_step *x, const char *fmt, ...)
{
    size_t used = strlen(x->text);
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(x->text + used, sizeof(x->text) - used, fmt, ap);
    va_end(ap);
}

/* A word as a shell takes it. */
static const char *word(char out[600], const char *text)
{
    if (text[0] != '\0' &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-") ==
            strlen(text)) {
        pgseal__format(out, 600, "%s", text);
        return out;
    }
    out[0] = '\0';
    pgseal__append(out, 600, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            pgseal__append(out, 600, "'\\''");
        else
            pgseal__append(out, 600, "%c", *text);
    }
    pgseal__append(out, 600, "'");
    return out;
}

/* ---- clients --------------------------------------------------------------------------------- */

/* The name AWS gives to the bundle that is to be fetched. */
static void bundle_name(const struct ca_forecast *f, char *out, size_t cap)
{
    bool region = !f->other_regions && f->region[0] != '\0' && f->partition != PGSEAL_AWS_CHINA;

    pgseal__format(out, cap, "%s-bundle.pem", region ? f->region : "global");
}

static void say_fetch(const struct ca_forecast *f, struct ca_step *x, const char *to)
{
    char quoted[600];

    switch (f->partition) {
    case PGSEAL_AWS_ISO:
    case PGSEAL_AWS_EUSC:
        say(x, "\nDownload the bundle that AWS documents for the partition %s, as %s.",
            pgseal_aws_partition_str(f->partition), to);
        return;
    case PGSEAL_AWS_CHINA:
        say(x, "\n pgseal ca fetch rds --china -o %s", word(quoted, to));
        return;
    case PGSEAL_AWS_COMMERCIAL:
    case PGSEAL_AWS_GOV:
        break;
    }
    if (f->other_regions || f->region[0] == '\0')
        say(x, "\n pgseal ca fetch rds %s -o %s",
            f->partition == PGSEAL_AWS_GOV ? "--gov" : "--global", word(quoted, to));
    else
        say(x, "\n pgseal ca fetch rds --region %s -o %s", f->region, word(quoted, to));
}

/* The file that clients have from then on. */
static void new_file(const struct ca_forecast *f, char *out, size_t cap)
{
    if (f->system)
        bundle_name(f, out, cap);
    else
        pgseal__format(out, cap, "%s", f->file);
}

static void list_lacking(const struct ca_forecast *f, struct ca_step *x)
{
    const char *sep = "";

    for (size_t i = 0; i < f->n_choices; i++) {
        if (!f->choice[i].offered || f->choice[i].in_file)
            continue;
        say(x, "%s%s", sep, f->choice[i].id);
        sep = ", ";
    }
}

static void clients_get_roots(const struct ca_forecast *f, struct ca_steps *s)
{
    struct ca_step *x = step(s);
    char bundle[128], quoted[600], quoted2[600], tmp[600];

    bundle_name(f, bundle, sizeof(bundle));
    if (f->system) {
        say(x,
            "Clients first, before anything changes on the server. Give every client the roots "
            "of Amazon RDS for %s and let it say sslrootcert=%s instead of system.",
            f->region, bundle);
        say_fetch(f, x, bundle);
    } else {
        say(x, "Clients first, before anything changes on the server. \"%s\" lacks the roots of ",
            f->file);
        list_lacking(f, x);
        say(x, " in %s: give every client all roots of %s beside those it has.", f->region,
            f->other_regions ? "all regions" : "the region");
        if (f->foreign) { /* what a download would not have */
            say_fetch(f, x, bundle);
            pgseal__format(tmp, sizeof(tmp), "%s.new", f->file);
            say(x, "\n cat %s %s > %s && mv %s %s", word(quoted, f->file), bundle,
                word(quoted2, tmp), quoted2, quoted);
        } else {
            say_fetch(f, x, f->file);
        }
    }
    say(x, "\nlibpq reads the file for each connection; connection pools and JVMs when they start. "
           "Java takes the same roots from a truststore: pgseal ca export FILE --jks");
}

/* The name, or something about this client alone. */
static void clients_follow_hint(const struct ca_forecast *f, struct ca_steps *s)
{
    say(step(s), "%s", f->refusal.hint);
}

/* ---- the server ------------------------------------------------------------------------------ */

/* For commands; a chain of no region's, such as one of a beta, leaves it to the reader. */
static const char *region_of(const struct ca_forecast *f)
{
    return f->region[0] != '\0' ? f->region : "REGION";
}

/* Which instances: the one whose certificate was seen, and how to find the others. */
static void say_instances(const struct ca_forecast *f, struct ca_step *x)
{
    char quoted[600];

    if (f->endpoint.kind == PGSEAL_AWS_GLOBAL)
        say(x,
            "\n aws rds describe-global-clusters --global-cluster-identifier %s --query "
            "'GlobalClusters[0].GlobalClusterMembers[].[DBClusterArn,IsWriter]' --output text",
            word(quoted, f->endpoint.name));
    if (f->cluster[0] != '\0')
        say(x,
            "\n aws rds describe-db-clusters --region %s --db-cluster-identifier %s --query "
            "'DBClusters[0].DBClusterMembers[].DBInstanceIdentifier' --output text",
            region_of(f), word(quoted, f->cluster));
    else if (f->n_instances == 0)
        say(x,
            "\n aws rds describe-db-instances --region %s --query "
            "'DBInstances[].[DBInstanceIdentifier,Endpoint.Address,CACertificateIdentifier]' "
            "--output text",
            region_of(f));
}

static void say_whom(const struct ca_forecast *f, struct ca_step *x)
{
    if (f->cluster[0] != '\0' && f->n_instances > 0)
        say(x, "for each instance of cluster %s; %s is the one that answered", f->cluster,
            f->instance[0]);
    else if (f->cluster[0] != '\0')
        say(x, "for each instance of cluster %s", f->cluster);
    else if (f->n_instances > 0)
        say(x, "for instance %s", f->instance[0]);
    else
        say(x, "for each instance behind %s", f->host);
}

static void say_modify(const struct ca_forecast *f, struct ca_step *x, const char *ca)
{
    say(x,
        "\n aws rds modify-db-instance --region %s --db-instance-identifier %s "
        "--ca-certificate-identifier %s --apply-immediately",
        region_of(f), ca_forecast_instance(f), ca);
}

static void change_the_ca(const struct ca_forecast *f, struct ca_steps *s)
{
    struct ca_step *x = step(s);
    const char *instance = ca_forecast_instance(f);

    say(x, "%s: change the CA from %s to rds-ca-rsa2048-g1, ",
        s->n > 1 ? "Then the server" : "Clients have what they need. On the server", f->ca);
    say_whom(f, x);
    say(x, ". Begin with one that matters least.");
    say_instances(f, x);
    say(x, "\nDoes its engine take a new certificate without a restart?");
    say(x,
        "\n aws rds describe-db-instances --region %s --db-instance-identifier %s --query "
        "'DBInstances[0].[Engine,EngineVersion,CACertificateIdentifier]' --output text",
        region_of(f), instance);
    say(x,
        "\n aws rds describe-db-engine-versions --region %s --engine ENGINE --engine-version "
        "VERSION --query 'DBEngineVersions[0].SupportsCertificateRotationWithoutRestart'",
        region_of(f));
    say(x, "\nIf not, this restarts it; without --apply-immediately it does so in the maintenance "
           "window:");
    say_modify(f, x, "rds-ca-rsa2048-g1");
    if (f->cluster[0] != '\0')
        say(x,
            "\nA Multi-AZ DB cluster, whose endpoints are called the same, changes as a whole:"
            "\n aws rds modify-db-cluster --region %s --db-cluster-identifier %s "
            "--ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately",
            region_of(f), f->cluster);
}

static const char *arn_partition(const struct ca_forecast *f)
{
    switch (f->partition) {
    case PGSEAL_AWS_COMMERCIAL:
        return "aws";
    case PGSEAL_AWS_GOV:
        return "aws-us-gov";
    case PGSEAL_AWS_CHINA:
        return "aws-cn";
    case PGSEAL_AWS_ISO:
        return strncmp(f->region, "us-isob", 7) == 0 ? "aws-iso-b" : "aws-iso";
    case PGSEAL_AWS_EUSC:
        return "aws-eusc";
    }
    return "aws";
}

static void apply_what_waits(const struct ca_forecast *f, struct ca_steps *s)
{
    struct ca_step *x = step(s);
    char arn[300];

    pgseal__format(arn, sizeof(arn),
                   "arn:%s:rds:%s:$(aws sts get-caller-identity --query Account --output text):"
                   "db:%s",
                   arn_partition(f), region_of(f), ca_forecast_instance(f));
    say(x, "On the server, look at what waits for maintenance, ");
    say_whom(f, x);
    say(x, ".");
    say_instances(f, x);
    say(x, "\n aws rds describe-pending-maintenance-actions --region %s --resource-identifier %s",
        region_of(f), arn);
    x = step(s);
    if (f->restarts) {
        say(x, "Apply server-certificate-rotation. The engine restarts; in a cluster do the "
               "readers first, then fail over.");
        say(x,
            "\n aws rds apply-pending-maintenance-action --region %s --resource-identifier %s "
            "--apply-action server-certificate-rotation --opt-in-type immediate",
            region_of(f), arn);
        return;
    }
    say(x, "Engines that need no restart list nothing there. Ask for a new certificate of the same "
           "CA; nothing restarts. When the certificate stays the same, ask AWS Support why.");
    say_modify(f, x, f->ca);
}

/* ---- an own authority ------------------------------------------------------------------------ */

static void own_authority(const struct ca_forecast *f, struct ca_steps *s)
{
    char quoted[600];

    if (findings_have(&f->findings, FINDING_ID_CA_FORECAST_RENEWAL)) {
        say(step(s),
            "Make an authority, and a certificate of it for the server.\n pgseal ca init\n "
            "pgseal ca issue %s",
            word(quoted, f->host));
        say(step(s), "Clients first: put its root beside what \"%s\" has, on every client.",
            f->file);
        say(step(s), "Then the server: its new certificate and key, and pg_reload_conf().");
        return;
    }
    if (!findings_have(&f->findings, FINDING_ID_CA_FORECAST_ENDS))
        return;
    if (f->until_depth == 0)
        say(step(s),
            "Issue a new certificate for the server and reload it; clients keep their "
            "file.\n pgseal ca issue --renew %s",
            word(quoted, f->host));
    else
        say(step(s), "Begin to rotate the authority: a new root, clients with both, then new "
                     "certificates, then the old root goes.\n pgseal ca rotate");
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Where the check goes: to a name of the certificate when the one that was typed is none. */
static bool check_target(const struct ca_forecast *f, char out[600])
{
    const char *dns = strstr(f->leaf.names, "DNS:");
    char name[256];

    if (f->name_ok || !f->verified) {
        word(out, f->target);
        return true;
    }
    if (dns == NULL || dns[4] == '*')
        return false;
    pgseal__format(name, sizeof(name), "%.*s", (int)strcspn(dns + 4, ", "), dns + 4);
    word(out, name);
    return true;
}

static void check_afterwards(const struct ca_forecast *f, struct ca_steps *s)
{
    char file[300], quoted[600], quoted2[600];
    struct ca_step *x;

    if (!check_target(f, quoted))
        return;
    x = step(s);
    new_file(f, file, sizeof(file));
    say(x, "Check, from a client.\n pgseal ca verify %s --with %s", quoted,
        word(quoted2, f->authority == CA_AUTHORITY_PUBLIC && !f->verified ? "system" : file));
    if (f->authority == CA_AUTHORITY_RDS)
        say(x, "\n pgseal ca forecast %s --with %s", quoted, quoted2);
}

void ca_forecast_steps(const struct ca_forecast *f, struct ca_steps *s)
{
    bool rds = f->authority == CA_AUTHORITY_RDS;
    bool anchor = findings_have(&f->findings, FINDING_ID_CA_IMPOSTOR) ||
                  findings_have(&f->findings, FINDING_ID_CA_ALTERED);

    s->n = 0;
    if (findings_worst(&f->findings) == FINDING_INFO)
        return;
    if (rds && ca_forecast_lacks(f))
        clients_get_roots(f, s);
    else if ((!f->verified || !f->name_ok) && !f->stuck && !f->ca_retired)
        clients_follow_hint(f, s);
    if (rds && f->verified && !f->name_ok && ca_forecast_lacks(f))
        clients_follow_hint(f, s);
    if (rds && f->ca_retired)
        change_the_ca(f, s);
    else if (rds && f->stuck)
        apply_what_waits(f, s);
    if (f->authority == CA_AUTHORITY_OWN)
        own_authority(f, s);
    if (s->n > 0 || anchor)
        check_afterwards(f, s);
}

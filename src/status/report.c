/* SPDX-License-Identifier: PostgreSQL */
/* Judges what was seen of everybody's sessions: the verdict, and findings with what to do. */
#include "status/report.h"

#include "core/base/base.h"

#include <pgseal/aws.h>

#include <inttypes.h>

#define NAMED 5 /* clients that a finding names; the table has all */

/* "what" and the name, when there is one. */
static void append_name(char *out, size_t cap, const char *what, struct status_span name)
{
    char text[STATUS_NAME_MAX * 4 + 8];

    if (name.n == 0)
        return;
    pgseal__escape(text, sizeof(text), name.p, name.n, name.n);
    pgseal__append(out, cap, "%s%s", what, text);
}

void status_group_text(const struct status_group *g, char *out, size_t cap)
{
    out[0] = '\0';
    append_name(out, cap, "", g->user);
    append_name(out, cap, "@", g->database);
    if (g->folded)
        pgseal__append(out, cap, " from more places");
    append_name(out, cap, " from ", g->address);
    if (g->application.n > 0) {
        append_name(out, cap, " (", g->application);
        pgseal__append(out, cap, ")");
    }
    if (g->replication)
        pgseal__append(out, cap, ", replication");
}

size_t status_report_candidates(const struct status_report *r)
{
    return r->sum->fate[STATUS_FATE_BREAKS] + r->sum->fate[STATUS_FATE_MAYBE];
}

static const char *s(size_t n)
{
    return n == 1 ? "" : "s";
}

/* How much of the truth may be missing. */
static size_t hidden(const struct status_report *r)
{
    return r->snapshot != NULL ? r->snapshot->hidden
           : r->watch != NULL  ? (size_t)r->watch->hidden
                               : 0;
}

static bool silent(const struct status_report *r)
{
    return r->log != NULL && !status_log_tells(r->log);
}

void status_report_verdict(const struct status_report *r, char *out, size_t cap)
{
    size_t breaks = r->sum->fate[STATUS_FATE_BREAKS], maybe = r->sum->fate[STATUS_FATE_MAYBE];
    size_t unseen = hidden(r);

    if (silent(r)) {
        pgseal__format(out, cap, "nothing can be said: no line tells of a login that succeeded");
        return;
    }
    if (breaks > 0)
        pgseal__format(out, cap, "%s%zu client%s would break if plaintext were refused",
                       r->sum->folded ? "at least " : "", breaks, s(breaks));
    else
        pgseal__format(out, cap, "no client was seen that would break if plaintext were refused");
    if (maybe > 0)
        pgseal__append(out, cap, "; %zu more may", maybe);
    if (unseen > 0)
        pgseal__append(out, cap, "; %zu session%s hidden from this role", unseen,
                       unseen == 1 ? " is" : "s are");
}

void status_report_note(const struct status_report *r, char *out, size_t cap)
{
    struct pgseal_aws_endpoint e;
    bool standbys = false;

    out[0] = '\0';
    if (r->log != NULL)
        return;
    switch (pgseal_aws_endpoint(r->host, &e)) {
    case PGSEAL_AWS_CLUSTER:
    case PGSEAL_AWS_CLUSTER_RO:
    case PGSEAL_AWS_CLUSTER_CUSTOM:
    case PGSEAL_AWS_GLOBAL:
    case PGSEAL_AWS_SHARD_GROUP:
        pgseal__format(out, cap,
                       "These are the sessions of one instance of the cluster. Ask each "
                       "of the others by its instance endpoint.");
        return;
    case PGSEAL_AWS_PROXY:
    case PGSEAL_AWS_PROXY_ENDPOINT:
        pgseal__format(out, cap,
                       "This is RDS Proxy: its clients end there, and these are its own "
                       "connections to the database. Whether it refuses plaintext is its "
                       "own setting (aws rds modify-db-proxy --require-tls).");
        return;
    case PGSEAL_AWS_NONE:
    case PGSEAL_AWS_INSTANCE:
    case PGSEAL_AWS_DSQL:
        break;
    }
    if (r->pooled) {
        pgseal__format(out, cap,
                       "Something in between answers for the server (a pooler, a proxy): "
                       "its own clients are not among these sessions. pgseal status tells "
                       "more about it.");
        return;
    }
    for (size_t i = 0; i < r->sum->n; i++)
        standbys = standbys || r->sum->group[i]->replication;
    if (standbys)
        pgseal__format(out, cap,
                       "Standbys that replicate from here have sessions of their own: "
                       "ask each.");
}

/* The first few groups of a fate. Returns how many were left out. */
static size_t name_some(const struct status_report *r, enum status_fate fate, struct finding *f)
{
    size_t n = 0;

    for (size_t i = 0; i < r->sum->n; i++) {
        char text[1400];

        if (r->sum->group[i]->fate != fate)
            continue;
        if (n++ >= NAMED)
            continue;
        status_group_text(r->sum->group[i], text, sizeof(text));
        finding_seen(f, "%s%s", n > 1 ? "; " : " ", text);
    }
    return n > NAMED ? n - NAMED : 0;
}

static void name_all(const struct status_report *r, enum status_fate fate, struct finding *f)
{
    size_t more = name_some(r, fate, f);

    if (more > 0)
        finding_seen(f, "; and %zu more", more);
    finding_seen(f, ".");
}

static void candidates(const struct status_report *r, struct findings *out)
{
    size_t breaks = r->sum->fate[STATUS_FATE_BREAKS], maybe = r->sum->fate[STATUS_FATE_MAYBE];
    struct finding *f;

    if (breaks + maybe == 0)
        return;
    f = finding_add(out, FINDING_ID_STATUS_CANDIDATES, "%s", r->where);
    if (breaks > 0) {
        finding_seen(f, "Plaintext over the network:");
        name_all(r, STATUS_FATE_BREAKS, f);
    }
    if (maybe > 0) {
        finding_seen(f,
                     "%sPlaintext, and the log does not say from where (a Unix socket would be "
                     "no candidate):",
                     breaks > 0 ? "\n" : "");
        name_all(r, STATUS_FATE_MAYBE, f);
    }
    if (r->watch != NULL && !r->watch->ssl) {
        finding_fix(f, "The server's ssl is off: nobody could encrypt. Switch it on, then look "
                       "again: clients with sslmode=prefer will use it by themselves.");
        return;
    }
    finding_fix(f, "Give each of them TLS first, in its connection string or environment:\n"
                   "  sslmode=verify-full sslrootcert=FILE\n"
                   "  PGSSLMODE=verify-full PGSSLROOTCERT=FILE\n"
                   "Then look again. A client with sslmode=allow would retry with TLS and live.");
    if (maybe > 0)
        finding_fix(f, "\nSo that the log says from where: put %%h or %%p into log_line_prefix.");
}

/* A finding that names the clients of one fate, where there are any. */
static void of_fate(const struct status_report *r, enum status_fate fate, enum finding_id id,
                    const char *seen, const char *fix, struct findings *out)
{
    struct finding *f;

    if (r->sum->fate[fate] == 0)
        return;
    f = finding_add(out, id, "%s", r->where);
    finding_seen(f, "%s", seen);
    name_all(r, fate, f);
    finding_fix(f, "%s", fix);
}

static void already_refused(const struct status_report *r, struct findings *out)
{
    of_fate(r, STATUS_FATE_REFUSED, FINDING_ID_STATUS_REFUSED,
            "Refused by pg_hba.conf without encryption, and never let in with it:",
            "When you know the client: sslmode=verify-full sslrootcert=FILE in its connection "
            "string. When you do not: find out who tries.",
            out);
}

/* A name as SQL quotes it. */
static void quoted(const char *name, char *out, size_t cap)
{
    char text[2 * STATUS_NAME_MAX + 3];
    size_t n = 0;

    text[n++] = '"';
    for (; *name != '\0' && n + 3 < sizeof(text); name++) {
        if (*name == '"')
            text[n++] = '"';
        text[n++] = *name;
    }
    text[n++] = '"';
    pgseal__escape(out, cap, text, n, n);
}

static void partial_view(const struct status_report *r, struct findings *out)
{
    char role[8 * STATUS_NAME_MAX];
    struct finding *f;
    size_t unseen = hidden(r);
    size_t all = r->snapshot != NULL ? r->snapshot->n
                 : r->watch != NULL  ? (size_t)r->watch->sessions
                                     : 0;

    if (unseen == 0 || r->watch == NULL)
        return;
    quoted(r->watch->role, role, sizeof(role));
    f = finding_add(out, FINDING_ID_STATUS_PARTIAL_VIEW, "%s", r->where);
    finding_seen(f,
                 "Role %s sees only its own %zu session%s of %zu. Of the others it is not shown "
                 "whether they are encrypted:",
                 role, all - unseen, s(all - unseen), all);
    name_all(r, STATUS_FATE_HIDDEN, f);
    if (r->watch->version >= 100000)
        finding_fix(f,
                    "As a superuser (rds_superuser on RDS and Aurora):\n"
                    "  GRANT pg_read_all_stats TO %s;",
                    role);
    else
        finding_fix(f, "Before PostgreSQL 10 only a superuser sees everybody's sessions.");
}

static void silent_log(const struct status_report *r, struct findings *out)
{
    struct finding *f;

    if (!silent(r))
        return;
    f = finding_add(out, FINDING_ID_STATUS_LOG_SILENT, "%s", r->where);
    finding_seen(f, "%" PRIu64 " line%s, and none says \"connection authorized\".", r->log->lines,
                 s(r->log->lines));
    if (r->log->lines > 0 && r->log->text + r->log->csv + r->log->json == 0)
        finding_seen(f, " None of them looks like a line of a server's log in English "
                        "(lc_messages) either.");
    finding_fix(f, "Switch it on, wait a week or as long as your rarest job takes, read again:\n"
                   "  ALTER SYSTEM SET log_connections = on; SELECT pg_reload_conf();\n"
                   "On RDS it is a parameter of the instance's group, on Aurora of the cluster's "
                   "(modify-db-cluster-parameter-group --db-cluster-parameter-group-name):\n"
                   "  aws rds modify-db-parameter-group --db-parameter-group-name GROUP "
                   "--parameters "
                   "ParameterName=log_connections,ParameterValue=1,ApplyMethod=immediate");
}

static void gaps(const struct status_report *r, struct findings *out)
{
    const struct status_watch *w = r->watch;
    struct finding *f;
    uint64_t met;
    bool missed;

    if (r->way != STATUS_WAY_WATCH)
        return;
    met = w->sessions - w->at_first;
    missed = w->opened > 0 && (uint64_t)w->opened > met;
    if (!missed && w->lost == 0)
        return;
    f = finding_add(out, FINDING_ID_STATUS_WATCH_GAPS, "%s", r->where);
    if (missed)
        finding_seen(f,
                     "The server counts %" PRId64 " sessions opened between the first and the "
                     "last sample; %" PRIu64 " of them were there at a sample.",
                     w->opened, met);
    else
        finding_seen(f,
                     "The connection was lost %" PRIu64 " time%s. Who came meanwhile was not "
                     "seen.",
                     w->lost, s(w->lost));
    finding_fix(f,
                "%sLet the server write down every login: log_connections = on, then pgseal "
                "status --log FILE.",
                missed ? "Sample more often (--interval 0.1). " : "Watch again. ");
}

static void gss(const struct status_report *r, struct findings *out)
{
    of_fate(r, STATUS_FATE_GSS, FINDING_ID_STATUS_GSS_CLIENTS, "Encrypted by GSSAPI, not by TLS:",
            "Keep a line for them in pg_hba.conf beside the hostssl lines:\n"
            "  hostgssenc all all all gss",
            out);
}

void status_report_findings(const struct status_report *r, struct findings *out)
{
    candidates(r, out);
    already_refused(r, out);
    partial_view(r, out);
    silent_log(r, out);
    gaps(r, out);
    gss(r, out);
}

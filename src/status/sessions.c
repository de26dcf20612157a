/* SPDX-License-Identifier: PostgreSQL */
/* Asks for everybody's sessions: the join of pg_stat_activity and pg_stat_ssl, for every version.
 */
#include "status/sessions.h"

#include "core/base/base.h"

/* One transaction, so that both views show one moment; a fixed search path, so that nobody's view
 * stands in for one of the server's own. */
#define BEGIN \
    "begin read only; set local search_path = pg_catalog; set local statement_timeout = '30s'; "
#define STAMP(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"

#define FACT_COLUMNS    8
#define SESSION_COLUMNS 14

/* What differs: who may look, and whether the server counts its sessions. */
#define FACTS(sees_all, opened)                                                               \
    "select current_setting('server_version_num'), pg_backend_pid(), current_user, " sees_all \
    ", current_setting('ssl'), " STAMP("clock_timestamp()") ", " opened                       \
                                                            ", current_setting('is_superuser'); "
#define COLUMNS                                                                     \
    "select a.pid, a.usename, a.datname, a.application_name, host(a.client_addr), " \
    "a.client_port, " STAMP(                                                        \
        "a.backend_start") ", a.backend_start, s.ssl, s.version, s.cipher, s.bits, "
#define FROM   "from pg_stat_activity as a left join pg_stat_ssl as s on s.pid = a.pid "
#define SENDER "a.pid in (select pid from pg_stat_replication) "
#define GSSAPI "left join pg_stat_gssapi as g on g.pid = a.pid "
/*
 * A hidden session has no backend_start and no backend_type. Of hidden processes, clients and
 * parallel workers have a database, and walsenders are in pg_stat_replication.
 */
#define WHERE                                                                                    \
    "where a.pid <> pg_backend_pid() and (a.backend_type in ('client backend', 'walsender') or " \
    "(a.backend_start is null and a.usename is not null and (a.datname is not null or " SENDER   \
    "))); rollback"
#define MAY_LOOK "pg_has_role('pg_read_all_stats', 'usage')"

static const char SQL_14[] = BEGIN FACTS(MAY_LOOK, "(select sum(sessions) from pg_stat_database)")
    COLUMNS "g.encrypted, a.backend_type = 'walsender' or " SENDER FROM GSSAPI WHERE;
static const char SQL_12[] = BEGIN FACTS(MAY_LOOK, "null") COLUMNS
    "g.encrypted, a.backend_type = 'walsender' or " SENDER FROM GSSAPI WHERE;
static const char SQL_10[] = BEGIN FACTS(MAY_LOOK, "null") COLUMNS
    "null, a.backend_type = 'walsender' or " SENDER FROM WHERE;
/* No backend_type yet, but a worker has no client_port; physical walsenders are not there. */
static const char SQL_95[] = BEGIN FACTS("current_setting('is_superuser') = 'on'", "null") COLUMNS
    "null, " SENDER FROM
    "where a.pid <> pg_backend_pid() and (a.client_port is not null or a.backend_start is null) "
    "union all "
    "select r.pid, r.usename, null, r.application_name, host(r.client_addr), r.client_port, " STAMP(
        "r.backend_start") ", r.backend_start, s.ssl, s.version, s.cipher, s.bits, null, true "
                           "from pg_stat_replication as r left join pg_stat_ssl as s on s.pid = "
                           "r.pid "
                           "where r.pid not in (select pid from pg_stat_activity); rollback";

const char *status_sessions_sql(int version)
{
    return version >= 140000   ? SQL_14
           : version >= 120000 ? SQL_12
           : version >= 100000 ? SQL_10
                               : SQL_95;
}

static void take_text(char *out, size_t cap, const char *value)
{
    size_t n = value != NULL ? strlen(value) : 0;

    if (n >= cap)
        n = cap - 1;
    if (n > 0)
        memcpy(out, value, n);
    out[n] = '\0';
}

static bool is_true(const char *value)
{
    return value != NULL && (value[0] == 't' || strcmp(value, "on") == 0);
}

static int64_t number(const char *value)
{
    return value != NULL ? strtoll(value, NULL, 10) : -1;
}

static void take_time(char out[STATUS_TIME_MAX], const char *value)
{
    take_text(out, STATUS_TIME_MAX - 4, value);
    if (out[0] != '\0')
        memcpy(out + strlen(out), " UTC", 5);
}

static void take_facts(struct status_snapshot *out, const char *const *v)
{
    out->version = (int)number(v[0]);
    out->pid = (long)number(v[1]);
    take_text(out->role, sizeof(out->role), v[2]);
    out->sees_all = is_true(v[3]) || is_true(v[7]);
    out->ssl = is_true(v[4]);
    take_time(out->when, v[5]);
    out->opened = number(v[6]);
}

static struct status_session *new_session(struct status_snapshot *out)
{
    if (out->n == out->cap) {
        size_t cap = out->cap > 0 ? out->cap * 2 : 64;
        struct status_session *more = pgseal__realloc(out->session, cap * sizeof(*more));

        if (more == NULL) {
            out->nomem = true;
            return NULL;
        }
        out->session = more;
        out->cap = cap;
    }
    out->session[out->n] = (struct status_session){0};
    return &out->session[out->n++];
}

static void take_session(struct status_snapshot *out, const char *const *v)
{
    struct status_session *s;

    if (v[1] != NULL && strcmp(v[1], "rdsadmin") == 0) {
        out->internal++;
        return;
    }
    s = new_session(out);
    if (s == NULL)
        return;
    s->pid = (long)number(v[0]);
    take_text(s->user, sizeof(s->user), v[1]);
    take_text(s->database, sizeof(s->database), v[2]);
    take_text(s->application, sizeof(s->application), v[3]);
    take_time(s->since, v[6]);
    take_text(s->key, sizeof(s->key), v[7]);
    s->replication = is_true(v[13]);
    if (v[7] == NULL) {
        s->by = STATUS_BY_HIDDEN;
        out->hidden++;
        return;
    }
    s->by = is_true(v[8]) ? STATUS_BY_TLS : is_true(v[12]) ? STATUS_BY_GSS : STATUS_BY_PLAIN;
    /* monitoring.html: client_addr is null and client_port -1 for a Unix socket. */
    s->from = v[4] != NULL ? STATUS_FROM_NETWORK : STATUS_FROM_LOCAL;
    take_text(s->address, sizeof(s->address), v[4] != NULL ? v[4] : "[local]");
    take_text(s->version, sizeof(s->version), v[9]);
    take_text(s->cipher, sizeof(s->cipher), v[10]);
    s->bits = v[11] != NULL ? (int)number(v[11]) : 0;
}

void status_sessions_take(struct status_snapshot *out, const struct pgseal_row *row)
{
    if (row->n == FACT_COLUMNS)
        take_facts(out, row->value);
    else if (row->n == SESSION_COLUMNS)
        take_session(out, row->value);
}

static void take(void *ctx, const struct pgseal_row *row)
{
    status_sessions_take(ctx, row);
}

static void take_version(void *ctx, const struct pgseal_row *row)
{
    if (row->n == 1)
        *(int *)ctx = (int)number(row->value[0]);
}

int status_sessions_ask(struct pgseal_session *s, struct status_snapshot *out,
                        struct pgseal_err *err)
{
    int version = 0;
    long n = pgseal_session_query(s, "select current_setting('server_version_num')", take_version,
                                  &version, err);

    if (n == PGSEAL_E_SERVER)
        pgseal__hint(err,
                     "Ask a PostgreSQL server: the administration console of a pooler knows no "
                     "sessions of one.");
    if (n < 0)
        return (int)n;
    if (version < 90500)
        return pgseal__fail(err, PGSEAL_E_SERVER,
                            "the server's version %d has no pg_stat_ssl (9.5 and later have)",
                            version);
    out->n = out->hidden = 0;
    out->internal = 0;
    out->nomem = false;
    n = pgseal_session_query(s, status_sessions_sql(version), take, out, err);
    if (n == PGSEAL_E_SERVER)
        (void)!pgseal_session_query(s, "rollback", NULL, NULL, NULL);
    if (n < 0)
        return (int)n;
    return out->nomem ? pgseal__nomem(err) : 0;
}

void status_snapshot_done(struct status_snapshot *snap)
{
    pgseal__free(snap->session);
    *snap = (struct status_snapshot){0};
}

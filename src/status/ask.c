/* SPDX-License-Identifier: PostgreSQL */
/* Asks the server what it sees of this very session, what it allows, and how it is configured. */
#include "core/base/base.h"
#include "status.h"

/*
 * What the verdict rests on is one statement, so that no pooler answers it from two servers. The
 * rest is asked in one transaction: its settings are gone with it. In both nobody's function,
 * operator or view stands in for one of the server's own: names are qualified, or the search path
 * is fixed.
 */
#define BEGIN \
    "begin read only; set local search_path = pg_catalog; set local statement_timeout = '10s'"

/* Lines of pg_hba.conf and settings that are kept. */
#define RULES_MAX    10000u
#define SETTINGS_MAX 500u

struct asker {
    struct pgseal_session *session;
    struct status_server *s;
    struct pgseal_err *err;
    char scheme[140]; /* where sslinfo lives, quoted; "" = nowhere */
    bool may_read_rules, may_read_files;
    bool in_transaction;
    bool nomem;
};

/* Copies one value of the server's, made safe to show. NULL gives "". */
static void take_text(const char *value, char *out, size_t cap)
{
    out[0] = '\0';
    if (value != NULL)
        pgseal__escape(out, cap, value, strlen(value), cap);
}

static enum status_truth take_truth(const char *value)
{
    if (value == NULL || value[0] == '\0')
        return STATUS_UNKNOWN;
    return value[0] == 't' ? STATUS_YES : value[0] == 'f' ? STATUS_NO : STATUS_UNKNOWN;
}

static long take_number(const char *value)
{
    return value != NULL ? strtol(value, NULL, 10) : 0;
}

/* A setting's value: "1", "on", "true". */
static enum status_truth take_switch(const char *value)
{
    if (value == NULL || value[0] == '\0')
        return STATUS_UNKNOWN;
    return strcmp(value, "1") == 0 || pgseal__strcasecmp(value, "on") == 0 ||
                   pgseal__strcasecmp(value, "true") == 0
               ? STATUS_YES
               : STATUS_NO;
}

/*
 * Runs one query. An error of the server's is remembered as the reason, and the transaction begun
 * again; 0 then. Number of rows, or < 0 when the connection is lost.
 */
static long ask(struct asker *a, const char *sql, pgseal_row_fn fn)
{
    struct pgseal_err said = {0};
    long n = pgseal_session_query(a->session, sql, fn, a, &said);

    if (n >= 0)
        return n;
    if (n == PGSEAL_E_SERVER) {
        pgseal__format(a->s->refused, sizeof(a->s->refused), "%s", said.msg);
        if (!a->in_transaction)
            return 0;
        n = pgseal_session_query(a->session, "rollback; " BEGIN, NULL, NULL, &said);
        if (n >= 0 || n == PGSEAL_E_SERVER)
            return 0;
    }
    if (a->err != NULL)
        *a->err = said;
    return n;
}

/* ---- this session ---------------------------------------------------------------------------- */

static void take_version(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;

    if (row->n >= 1)
        a->s->version = (int)take_number(row->value[0]);
}

static void take_view(struct status_view *v, const char *const *value)
{
    v->tls = take_truth(value[0]);
    take_text(value[1], v->version, sizeof(v->version));
    take_text(value[2], v->cipher, sizeof(v->cipher));
    v->bits = (int)take_number(value[3]);
    take_text(value[4], v->cert_name, sizeof(v->cert_name));
    take_text(value[5], v->cert_serial, sizeof(v->cert_serial));
    if (v->tls == STATUS_YES)
        v->cert = v->cert_name[0] != '\0' || v->cert_serial[0] != '\0' ? STATUS_YES : STATUS_NO;
}

/*
 * No address is a Unix socket only where pg_stat_activity says -1 for its port; a database that
 * merely speaks the protocol may not know.
 */
static void take_address(struct status_address *a, const char *host, const char *port,
                         const char *activity_port)
{
    if (host != NULL)
        a->tcp = STATUS_YES;
    else if (activity_port != NULL && strcmp(activity_port, "-1") == 0)
        a->tcp = STATUS_NO;
    take_text(host, a->host, sizeof(a->host));
    a->port = (int)take_number(port);
}

static void take_self(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;
    const char *const *v = row->value;

    if (row->n < 16)
        return;
    a->s->answered = true;
    a->s->pid = take_number(v[0]);
    take_address(&a->s->client, v[1], v[2], v[15]);
    take_address(&a->s->self, v[3], v[4], v[15]);
    take_text(v[5], a->s->user, sizeof(a->s->user));
    take_text(v[6], a->s->dbname, sizeof(a->s->dbname));
    a->s->superuser = take_switch(v[7]) == STATUS_YES;
    take_view(&a->s->stat, v + 8);
    a->s->gss = take_truth(v[14]);
}

/* pg_stat_ssl grew: client_dn was clientdn before 12, when client_serial and GSSAPI came. */
static long ask_self(struct asker *a)
{
    char sql[2048];
    bool is12 = a->s->version >= 120000;

    pgseal__format(
        sql, sizeof(sql),
        "select me.pid, pg_catalog.host(pg_catalog.inet_client_addr()), "
        "pg_catalog.inet_client_port(), pg_catalog.host(pg_catalog.inet_server_addr()), "
        "pg_catalog.inet_server_port(), session_user, pg_catalog.current_database(), "
        "pg_catalog.current_setting('is_superuser'), "
        "s.ssl, s.version, s.cipher, s.bits, %s, %s, a.client_port "
        "from (select pg_catalog.pg_backend_pid() as pid) as me left join "
        "pg_catalog.pg_stat_activity as a on a.pid operator(pg_catalog.=) me.pid left join "
        "pg_catalog.pg_stat_ssl as s on s.pid operator(pg_catalog.=) me.pid%s",
        is12 ? "s.client_dn, s.client_serial" : "s.clientdn, null", is12 ? "g.encrypted" : "null",
        is12 ? " left join pg_catalog.pg_stat_gssapi as g on g.pid operator(pg_catalog.=) me.pid"
             : "");
    return ask(a, sql, take_self);
}

/* ---- what there is ----------------------------------------------------------------------------
 */

static void take_things(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;
    const char *const *v = row->value;
    bool rds, azure;

    if (row->n < 9)
        return;
    /* "" is what is left of a setting that was taken out of a file. */
    rds = v[4] != NULL && v[4][0] != '\0';
    azure = v[5] != NULL && v[5][0] != '\0';
    take_text(v[0], a->scheme, sizeof(a->scheme));
    a->s->sslinfo = a->scheme[0] != '\0' ? STATUS_YES : STATUS_NO;
    a->s->sslinfo_available = take_truth(v[1]);
    a->s->aurora = take_truth(v[2]) == STATUS_YES;
    a->s->rds = take_truth(v[3]) == STATUS_YES || rds || a->s->aurora;
    if (rds || azure) {
        pgseal__format(a->s->force_setting, sizeof(a->s->force_setting), "%s",
                       rds ? "rds.force_ssl" : "require_secure_transport");
        a->s->forced = take_switch(rds ? v[4] : v[5]);
    }
    a->may_read_rules = take_truth(v[6]) == STATUS_YES;
    a->may_read_files = take_truth(v[7]) == STATUS_YES;
    a->s->cloudsql = take_truth(v[8]) == STATUS_YES;
}

/*
 * rds.force_ssl is Amazon's, require_secure_transport Azure's. aurora_version() counts only as the
 * bootstrap superuser's (oid 10): anybody may create a function of that name.
 */
static long ask_things(struct asker *a)
{
    char sql[2048];
    bool is96 = a->s->version >= 90600;

    pgseal__format(
        sql, sizeof(sql),
        "select (select quote_ident(n.nspname) from pg_extension as e join pg_namespace as n "
        "on n.oid = e.extnamespace where e.extname = 'sslinfo'), "
        "exists (select from pg_available_extensions where name = 'sslinfo'), "
        "exists (select from pg_proc where proname = 'aurora_version' and proowner = 10), "
        "exists (select from pg_settings where name like 'rds.%%'), %s, %s, %s, %s, "
        "exists (select from pg_settings where name like 'cloudsql.%%')",
        is96 ? "current_setting('rds.force_ssl', true)"
             : "(select setting from pg_settings where name = 'rds.force_ssl')",
        is96 ? "current_setting('require_secure_transport', true)" : "null",
        a->s->version >= 100000 ? "has_table_privilege('pg_hba_file_rules', 'select') and "
                                  "has_function_privilege('pg_hba_file_rules()', 'execute')"
                                : "false",
        a->s->version >= 110000
            ? "has_function_privilege('pg_read_file(text,bigint,bigint,boolean)', 'execute')"
            : "false");
    return ask(a, sql, take_things);
}

static void take_sslinfo(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;
    const char *v[6];

    if (row->n < 5)
        return;
    memcpy(v, row->value, 3 * sizeof(v[0]));
    v[3] = NULL; /* sslinfo has no bits */
    v[4] = row->value[3];
    v[5] = row->value[4];
    take_view(&a->s->info, v);
}

static long ask_sslinfo(struct asker *a)
{
    char sql[1024];
    const char *n = a->scheme;

    if (n[0] == '\0')
        return 0;
    pgseal__format(sql, sizeof(sql),
                   "select %s.ssl_is_used(), %s.ssl_version(), %s.ssl_cipher(), "
                   "%s.ssl_client_dn(), %s.ssl_client_serial()",
                   n, n, n, n, n);
    return ask(a, sql, take_sslinfo);
}

/* ---- settings and rules ------------------------------------------------------------------------
 */

/* One more element of an array of `n`; NULL when there is no memory. */
static void *grow(void *array, size_t n, size_t size)
{
    return n != 0 && (n & (n - 1)) != 0 ? array
                                        : pgseal__realloc(array, (n == 0 ? 1 : 2 * n) * size);
}

static void take_setting(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;
    struct status_server *s = a->s;
    struct status_setting *more;

    if (row->n < 3 || s->nsettings == SETTINGS_MAX)
        return;
    more = grow(s->settings, s->nsettings, sizeof(*more));
    if (more == NULL) {
        a->nomem = true;
        return;
    }
    s->settings = more;
    more += s->nsettings++;
    take_text(row->value[0], more->name, sizeof(more->name));
    take_text(row->value[1], more->value, sizeof(more->value));
    take_text(row->value[2], more->what, sizeof(more->what));
}

static long ask_settings(struct asker *a)
{
    return ask(a,
               "select name, setting, short_desc from pg_settings where name like '%ssl%' or "
               "name in ('hba_file', 'password_encryption') order by name",
               take_setting);
}

static void take_rule(void *ctx, const struct pgseal_row *row)
{
    struct asker *a = ctx;
    struct status_server *s = a->s;
    const char *const *v = row->value;
    struct status_rule *r;

    if (row->n < 10 || s->nrules == RULES_MAX)
        return;
    r = grow(s->rules, s->nrules, sizeof(*r));
    if (r == NULL) {
        a->nomem = true;
        return;
    }
    s->rules = r;
    r += s->nrules++;
    r->line = (int)take_number(v[0]);
    take_text(v[1], r->file, sizeof(r->file));
    take_text(v[2], r->type, sizeof(r->type));
    take_text(v[3], r->database, sizeof(r->database));
    take_text(v[4], r->user, sizeof(r->user));
    take_text(v[5], r->address, sizeof(r->address));
    take_text(v[6], r->netmask, sizeof(r->netmask));
    take_text(v[7], r->method, sizeof(r->method));
    take_text(v[8], r->options, sizeof(r->options));
    take_text(v[9], r->error, sizeof(r->error));
}

/* The view shows the file as it is now; 16 gave it numbers, for there may be several files. */
static long ask_rules(struct asker *a)
{
    struct status_server *s = a->s;
    char sql[512];
    long n;

    if (s->version < 100000) {
        pgseal__format(s->rules_why, sizeof(s->rules_why),
                       "PostgreSQL before 10 has no view of pg_hba.conf.");
        return 0;
    }
    if (!a->may_read_rules) {
        pgseal__format(s->rules_why, sizeof(s->rules_why),
                       "Role %s may not read pg_hba_file_rules: a superuser may.", s->user);
        return 0;
    }
    pgseal__format(sql, sizeof(sql),
                   "select line_number, %s, type, array_to_string(database, ','), "
                   "array_to_string(user_name, ','), address, netmask, auth_method, "
                   "array_to_string(options, ','), error from pg_hba_file_rules order by %s",
                   s->version >= 160000 ? "file_name" : "null",
                   s->version >= 160000 ? "rule_number nulls first" : "line_number");
    n = ask(a, sql, take_rule);
    if (n >= 0 && s->rules == NULL)
        pgseal__format(s->rules_why, sizeof(s->rules_why),
                       "pg_hba_file_rules could not be read%s%s.",
                       s->refused[0] != '\0' ? ": " : "", s->refused);
    return n;
}

/* ---- the server's certificate file -------------------------------------------------------------
 */

static void first_cert(void *ctx, const struct pgseal_bundle_item *item)
{
    struct asker *a = ctx;

    if (item->cert != NULL && a->s->cert_sha256[0] == '\0')
        pgseal__format(a->s->cert_sha256, sizeof(a->s->cert_sha256), "%s", item->cert->sha256);
}

static void take_cert_file(void *ctx, const struct pgseal_row *row)
{
    if (row->n >= 1 && row->value[0] != NULL)
        (void)pgseal_bundle_scan((const uint8_t *)row->value[0], strlen(row->value[0]), 0,
                                 first_cert, ctx, NULL);
}

/* A certificate is public; the key beside it is not asked for. */
static long ask_cert_file(struct asker *a)
{
    if (!a->may_read_files || !pgseal_session_facts(a->session)->tls)
        return 0;
    return ask(a, "select pg_read_file(current_setting('ssl_cert_file'), 0, 262144, true)",
               take_cert_file);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static int ask_rest(struct asker *a)
{
    static long (*const PARTS[])(struct asker *) = {ask_things, ask_sslinfo, ask_settings,
                                                    ask_rules, ask_cert_file};
    long n = ask(a, BEGIN, NULL);

    a->in_transaction = true;
    for (size_t i = 0; n >= 0 && i < PGSEAL_COUNT(PARTS); i++)
        n = PARTS[i](a);
    if (n >= 0)
        n = ask(a, "rollback", NULL);
    return n < 0 ? (int)n : 0;
}

int status_ask(struct pgseal_session *session, struct status_server *s, struct pgseal_err *err)
{
    struct asker a = {.session = session, .s = s, .err = err};
    long n;

    memset(s, 0, sizeof(*s));
    n = ask(&a, "show server_version_num", take_version);
    if (n >= 0 && s->version > 0)
        n = ask_self(&a);
    if (n < 0 || !s->answered)
        return (int)(n < 0 ? n : 0);
    if (ask_rest(&a) < 0) /* PgBouncer does that to a transaction when it pools by statement */
        pgseal__format(s->rules_why, sizeof(s->rules_why),
                       "The connection was lost before everything was asked: a pooler that pools "
                       "by statement does that.");
    return a.nomem ? pgseal__nomem(err) : 0;
}

void status_server_done(struct status_server *s)
{
    pgseal__free(s->rules);
    pgseal__free(s->settings);
    s->rules = NULL;
    s->settings = NULL;
    s->nrules = s->nsettings = 0;
}

const char *status_setting(const struct status_server *s, const char *name)
{
    for (size_t i = 0; i < s->nsettings; i++)
        if (strcmp(s->settings[i].name, name) == 0)
            return s->settings[i].value;
    return NULL;
}

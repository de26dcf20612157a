/* SPDX-License-Identifier: PostgreSQL */
/* From what was typed to an open session: options, connection string, environment, password. */
#include "about_int.h"
#include "errtext_int.h"
#include "opts_int.h"
#include "run_int.h"
#include "target_int.h"
#include "tty_int.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

void cli_target_take(struct cli_target_opts *o, size_t row, const char *arg)
{
    switch ((enum cli_target_row)row) {
    case CLI_TARGET_HOST:
        o->host = arg;
        return;
    case CLI_TARGET_PORT:
        o->port = arg;
        return;
    case CLI_TARGET_USERNAME:
        o->user = arg;
        return;
    case CLI_TARGET_DBNAME:
        o->dbname = arg;
        return;
    case CLI_TARGET_NO_PASSWORD:
    case CLI_TARGET_PASSWORD:
        o->ask_password = row == CLI_TARGET_PASSWORD;
        o->never_ask = row == CLI_TARGET_NO_PASSWORD;
        return;
    case CLI_TARGET_STRICT:
        o->strict = true;
        return;
    case CLI_TARGET_ROWS:
        return;
    }
}

bool cli_target_operand(struct cli_target_opts *o, const char *operand)
{
    if (o->dbname == NULL)
        o->dbname = operand;
    else if (o->user == NULL)
        o->user = operand;
    else
        return false;
    return true;
}

void cli_target_hide(struct cli_target *t, int argc, char **argv)
{
    const char *dbname = t->opts.dbname;

    if (dbname == NULL)
        return;
    t->dbname = cli_strdup(dbname);
    for (int i = 1; i < argc; i++) {
        const char *end = argv[i] + strlen(argv[i]);

        /* "-dTEXT" and "--dbname=TEXT" have it inside of a word. */
        if (dbname >= argv[i] && dbname <= end)
            cli_mask_secrets(argv[i] + (dbname - argv[i]));
    }
}

static void warn(void *ctx, const char *text)
{
    struct cli_target *t = ctx;

    if (!t->quiet)
        cli_say(&t->log, CLI_WARNING, "%s", text);
}

static char *ask_password(void *ctx, const char *user)
{
    char prompt[256];
    struct cli_target *t = ctx;
    char *typed, *given;

    /* It was typed for this target before: a second connection (status --watch) takes it again. */
    if (t->password != NULL)
        return strdup(t->password);
    if (user != NULL && user[0] != '\0')
        pgseal__format(prompt, sizeof(prompt), "Password for user %s: ", user);
    else
        pgseal__format(prompt, sizeof(prompt), "Password: ");
    typed = cli_ask_secret(prompt);
    given = typed != NULL ? strdup(typed) : NULL; /* the session releases it with free() */
    t->password = typed;
    return given;
}

static int set(struct cli_target *t, const char *keyword, const char *value, const char *origin,
               struct pgseal_err *err)
{
    return value == NULL ? 0 : pgseal_conninfo_set(t->ci, keyword, value, origin, err);
}

/* The order is psql's (PG18 startup.c): a connection string overrides what stands before it. */
static int collect(struct cli_target *t, struct pgseal_err *err)
{
    const struct cli_target_opts *o = &t->opts;
    bool encode = t->terminal && getenv("PGCLIENTENCODING") == NULL;

    if (set(t, "host", o->host, "-h", err) < 0 || set(t, "port", o->port, "-p", err) < 0 ||
        set(t, "user", o->user, "-U", err) < 0 || set(t, "password", t->password, "typed", err) < 0)
        return err->code;
    if (t->dbname != NULL && pgseal_conninfo_is_string(t->dbname)) {
        if (pgseal_conninfo_parse(t->ci, t->dbname, err) < 0)
            return err->code;
    } else if (set(t, "dbname", t->dbname, "-d", err) < 0) {
        return err->code;
    }
    if (set(t, "fallback_application_name", "pgseal", "default", err) < 0 ||
        set(t, "client_encoding", encode ? "auto" : NULL, "terminal", err) < 0 ||
        set(t, "sslkeylogfile", o->sslkeylogfile, "--sslkeylogfile", err) < 0)
        return err->code;
    return 0;
}

/* --strict turns the default into verify-full and contradicts a weaker mode that somebody chose. */
static int be_strict(struct cli_target *t, struct pgseal_err *err)
{
    const char *mode = pgseal_conninfo_get(t->ci, "sslmode");
    const char *origin = pgseal_conninfo_origin(t->ci, "sslmode");

    if (mode == NULL)
        return set(t, "sslmode", "verify-full", "--strict", err);
    if (strcmp(mode, "verify-full") == 0)
        return 0;
    pgseal__fail(err, PGSEAL_E_OPTION, "sslmode \"%s\" may not be used with --strict", mode);
    pgseal__detail(err, "sslmode=%s comes from: %s.", mode, origin != NULL ? origin : "unknown");
    pgseal__hint(err, "Use sslmode=verify-full, or leave sslmode out: --strict sets it.");
    return err->code;
}

int cli_target_settings(struct cli_target *t, struct pgseal_err *err)
{
    const struct pgseal_world *world = pgseal_world_host();
    const char *text;

    if (t->opts.ask_password && t->password == NULL)
        t->password = cli_ask_secret("Password: ");
    t->ci = pgseal_conninfo_new(err);
    if (t->ci == NULL || collect(t, err) < 0)
        return err->code;
    if (t->opts.strict && pgseal_conninfo_get(t->ci, "sslmode") == NULL &&
        world->env(world->ctx, "PGSSLMODE") == NULL && be_strict(t, err) < 0)
        return err->code;
    if (pgseal_conninfo_finish(t->ci, world, err) < 0)
        return err->code;
    for (size_t i = 0; (text = pgseal_conninfo_warning(t->ci, i)) != NULL; i++)
        cli_say(&t->log, CLI_WARNING, "%s", text);
    return t->opts.strict ? be_strict(t, err) : 0;
}

/* Notices that came with the connection; libpq prints them as they are. */
static void tell_notices(struct cli_target *t)
{
    enum cli_enc enc = cli_enc_find(pgseal_session_param(t->session, "client_encoding"));
    const uint8_t *body;
    size_t n;

    while ((body = pgseal_session_notice(t->session, &n)) != NULL) {
        struct pgseal_notice notice;
        struct cli_str s = {0};

        if (pgseal_notice_parse(body, n, &notice, NULL) < 0)
            continue;
        cli_errtext(&s, &notice, NULL, enc, false);
        fputs(cli_str(&s), stderr);
        cli_str_done(&s);
    }
}

int cli_target_open(struct cli_target *t, struct pgseal_err *err)
{
    struct pgseal_session_options so = {
        .size = sizeof(so),
        .strict = t->opts.strict,
        .trace = {.fn = cli_trace_event, .ctx = &t->trace},
        .warn = warn,
        .ask_password = t->opts.never_ask ? NULL : ask_password,
        .ctx = t,
        .interrupted = &cli_interrupted,
    };

    t->session = pgseal_session_open(t->ci, &so, err);
    if (t->session == NULL)
        return err->code;
    tell_notices(t);
    return 0;
}

static bool root_is_missing(const struct cli_target *t)
{
    const char *path = pgseal_conninfo_options(t->ci)->sslrootcert;
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};

    if (path == NULL || path[0] == '\0' || strcmp(path, "system") == 0)
        return false;
    w->stat(w->ctx, path, &f);
    return f.stat_sys == ENOENT || f.stat_sys == ENOTDIR;
}

struct cli_about cli_target_about(const struct cli_target *t)
{
    const struct pgseal_options *opt = pgseal_conninfo_options(t->ci);

    return (struct cli_about){
        .facts = pgseal_session_facts(t->session),
        .opt = opt,
        .host = pgseal_session_host(t->session),
        .address = pgseal_session_address(t->session),
        .user = opt->user,
        .dbname = opt->dbname,
        .server_version = pgseal_session_param(t->session, "server_version"),
        .superuser = pgseal_session_param(t->session, "is_superuser"),
        .standby = pgseal_session_param(t->session, "in_hot_standby"),
        .ssl_library = OpenSSL_version(OPENSSL_VERSION),
        .now_unix_s = (int64_t)time(NULL),
        .root_missing = root_is_missing(t),
        .server_said_no = t->trace.server_said_no,
        .tls_failure = t->trace.tls_failed ? t->trace.tls_failure : NULL,
    };
}

void cli_target_failed(const struct cli_target *t, const struct pgseal_err *err)
{
    struct cli_str s = {0};

    cli_say(&t->log, CLI_ERROR, "%s", err->msg);
    cli_story(&s, err, cli_columns(STDERR_FILENO), t->log.colour);
    fputs(cli_str(&s), stderr);
    cli_str_done(&s);
}

void cli_target_done(struct cli_target *t)
{
    t->session = pgseal_session_close(t->session);
    pgseal_conninfo_free(t->ci);
    t->ci = NULL;
    pgseal__wipe_free_str(t->dbname);
    pgseal__wipe_free_str(t->password);
    t->dbname = t->password = NULL;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Asks the only one who knows for sure: does the server begin a login that is not encrypted? */
#include "status_int.h"

#include "core/base/base.h"

#include <errno.h>

#define TIMEOUT_S 10

/*
 * A world without environment and files: no variable, service file or password file may add a
 * password to a connection that everybody can listen to.
 */
static const char *no_env(void *ctx, const char *name)
{
    return NULL;
}

static void no_file(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.stat_sys = ENOENT, .read_sys = ENOENT};
}

static void nothing(void *ctx, struct pgseal_file *f)
{
}

static int no_line(void *ctx, const char *path, const char *line)
{
    return EACCES;
}

static const struct pgseal_world BARE = {.size = sizeof(BARE),
                                         .env = no_env,
                                         .stat = no_file,
                                         .read = no_file,
                                         .release = nothing,
                                         .append = no_line};

static struct pgseal_conninfo *settings(const struct pgseal_host *host,
                                        const struct pgseal_options *o, struct pgseal_err *err)
{
    const struct {
        const char *keyword, *value;
    } rows[] = {{"host", host->host},   {"hostaddr", host->hostaddr},
                {"port", host->port},   {"user", o->user},
                {"dbname", o->dbname},  {"application_name", "pgseal"},
                {"sslmode", "disable"}, {"gssencmode", "disable"}};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(err);
    int rc = ci != NULL ? 0 : PGSEAL_E_NOMEM;

    for (size_t i = 0; rc == 0 && i < PGSEAL_COUNT(rows); i++)
        if (rows[i].value != NULL)
            rc = pgseal_conninfo_set(ci, rows[i].keyword, rows[i].value, "--try-plaintext", err);
    if (rc == 0)
        rc = pgseal_conninfo_finish(ci, &BARE, err);
    return rc < 0 ? pgseal_conninfo_free(ci) : ci;
}

/*
 * What a refusal of plaintext says. The name of the file is in PostgreSQL's message in every
 * language (auth.c); the others are poolers'.
 */
static bool is_refusal(const char *msg)
{
    static const char *const WORDS[] = {"pg_hba.conf", "SSL required", "requires TLS",
                                        "requires SSL", "SSL connection is required"};

    for (size_t i = 0; i < PGSEAL_COUNT(WORDS); i++)
        if (strstr(msg, WORDS[i]) != NULL)
            return true;
    return false;
}

void status_try_read(const struct pgseal_err *err, struct status_try *out)
{
    const char *said = strstr(err->msg, "FATAL:");

    out->refused = STATUS_UNKNOWN;
    pgseal__format(out->said, sizeof(out->said), "%s", said != NULL ? said : err->msg);
    switch (err->code) {
    case 0:
        out->refused = STATUS_NO;
        pgseal__format(out->said, sizeof(out->said), "it was let in, without a password");
        return;
    case PGSEAL_E_NO_PASSWORD:
    case PGSEAL_E_PASSWORD_RISK:
        out->refused = STATUS_NO;
        pgseal__format(out->said, sizeof(out->said), "it was asked for a password");
        return;
    case PGSEAL_E_AUTH_METHOD:
    case PGSEAL_E_AUTH_REQUIRED:
        out->refused = STATUS_NO;
        pgseal__format(out->said, sizeof(out->said), "it was asked to authenticate");
        return;
    case PGSEAL_E_SERVER:
        if (is_refusal(err->msg))
            out->refused = STATUS_YES;
        return;
    default:
        return;
    }
}

void status_try(const struct pgseal_session *s, const struct pgseal_options *o,
                const volatile int *interrupted, struct status_try *out)
{
    struct pgseal_session_options so = {.size = sizeof(so),
                                        .world = &BARE,
                                        .strict = true, /* and never answers with a password */
                                        .default_timeout_s = TIMEOUT_S,
                                        .interrupted = interrupted};
    struct pgseal_err err = {0};
    struct pgseal_conninfo *ci;

    memset(out, 0, sizeof(*out));
    if (pgseal_session_facts(s)->is_unix)
        return;
    out->done = true;
    ci = settings(pgseal_session_host(s), o, &err);
    if (ci != NULL)
        pgseal_session_close(pgseal_session_open(ci, &so, &err));
    status_try_read(&err, out);
    pgseal_conninfo_free(ci);
}

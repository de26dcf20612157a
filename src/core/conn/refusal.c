/* SPDX-License-Identifier: PostgreSQL */
/* Client role: an ErrorResponse as libpq prints it, and what to do about the common ones. */
#include "conn_int.h"

#include <pgseal/aws.h>

/* What people usually have to do, by SQLSTATE and, where one has two causes, words of the text.
 * The message words are those of PostgreSQL (auth.c, 9.x to 18); both forms occur on RDS. */
static const struct {
    const char *sqlstate;
    const char *words; /* NULL = any */
    const char *detail;
    const char *hint;
} refusals[] = {
    {"28000", "no encryption",
     "The server refuses connections without TLS from here (hostssl, or rds.force_ssl=1).",
     "Connect with TLS: sslmode=verify-full sslrootcert=FILE."},
    {"28000", "SSL off",
     "The server refuses connections without TLS from here (hostssl, or rds.force_ssl=1).",
     "Connect with TLS: sslmode=verify-full sslrootcert=FILE."},
    {"28000", "no pg_hba.conf entry",
     "No line of the server's pg_hba.conf allows this user, database and address, with TLS.",
     "On the server add a line: hostssl DATABASE USER ADDRESS scram-sha-256, then SELECT "
     "pg_reload_conf(). On RDS and Aurora check user and database name: access by address is "
     "the security group's."},
    {"28000", "pg_hba.conf rejects",
     "A line of the server's pg_hba.conf with the method reject matches this connection.",
     "Ask the server's administrator to change that line, or connect from another address, as "
     "another user, or with TLS."},
    {"28000", "valid client certificate",
     "The matching pg_hba.conf line has clientcert=verify-ca or verify-full, or method cert.",
     "Give sslcert=FILE and sslkey=FILE, signed by an authority in the server's ssl_ca_file."},
    {"28000", "does not exist", "The server has no such role.",
     "Check the user name: -U NAME or user=NAME."},
    {"28000", "PAM authentication failed",
     "The server gave the password to PAM, which refused it. On RDS and Aurora that is how a role "
     "with rds_iam logs in: by an IAM token, and by nothing else.",
     "Use a token: PGPASSWORD=$(aws rds generate-db-auth-token ...), see pgseal explain iam; or "
     "REVOKE rds_iam FROM the role, to log in with its password."},
    {"28P01", NULL, "The server did not accept the password.",
     "Check user and password. An IAM token of RDS lasts 15 minutes and only works for the real "
     "endpoint name."},
    {"3D000", NULL, "The login was accepted, but the server has no such database.",
     "Name an existing database: -d postgres."},
    {"53300", NULL, "The server has no free connection slot.",
     "Close connections, raise max_connections, or put a pooler in between."},
    {"57P03", NULL, "The server is starting up, shutting down or recovering.",
     "Wait and try again, or list another host: host=a,b."},
    {"42501", NULL, "The login was accepted, but the role may not connect to this database.",
     "GRANT CONNECT ON DATABASE name TO role."},
};

static void explain(struct pgseal_err *err)
{
    for (size_t i = 0; i < PGSEAL_COUNT(refusals); i++) {
        if (strcmp(err->sqlstate, refusals[i].sqlstate) != 0)
            continue;
        if (refusals[i].words != NULL && strstr(err->msg, refusals[i].words) == NULL)
            continue;
        pgseal__detail(err, "%s", refusals[i].detail);
        pgseal__hint(err, "%s", refusals[i].hint);
        return;
    }
    pgseal__detail(err, "The server sent SQLSTATE %s.", err->sqlstate);
    pgseal__hint(err, "The server's log has more about this moment.");
}

static bool is_login_refusal(const struct pgseal_err *err)
{
    return strcmp(err->sqlstate, "28P01") == 0 ||
           (strcmp(err->sqlstate, "28000") == 0 &&
            (strstr(err->msg, "authentication failed") != NULL ||
             strstr(err->msg, "access denied") != NULL)); /* PAM of RDS; Aurora DSQL */
}

/*
 * A colon ends the password in a password file unless it is written \: (fe-connect.c
 * passwordFromFile), so of a token pasted there the host name is left.
 */
static void explain_cut_token(const struct pgseal_conn *c, struct pgseal_err *err)
{
    const char *file = c->o.password == NULL ? c->o.host->passfile : NULL;
    struct pgseal_aws_endpoint e;

    if (file == NULL || pgseal_aws_endpoint(pgseal__conn_password(c), &e) == PGSEAL_AWS_NONE)
        return;
    pgseal__detail(err,
                   "The password that \"%s\" has for this login is the name of an endpoint and "
                   "nothing else, as if an IAM token had been cut at its first colon.",
                   file);
    pgseal__hint(err,
                 "In this file a colon inside of a password is written \\:. For a token, which "
                 "lasts 15 minutes, PGPASSWORD is the better place.");
}

/* A server that refuses a token of IAM does not say why; much of it stands in the token. */
static void explain_token(const struct pgseal_conn *c, struct pgseal_err *err)
{
    const struct pgseal_aws_login login = {
        .host = pgseal__conn_target(c),
        .port = c->o.host->port_number,
        .user = pgseal_conninfo_options(c->o.ci)->user,
        .method = c->facts.auth.method,
        .now_unix_s = c->now_unix_s,
    };
    struct pgseal_aws_token token;

    if (!c->facts.auth.password_used || !is_login_refusal(err))
        return;
    if (pgseal_aws_token(pgseal__conn_password(c), &token))
        pgseal_aws_token_story(&token, &login, pgseal_aws_token_check(&token, &login), err->detail,
                               sizeof(err->detail), err->hint, sizeof(err->hint));
    else
        explain_cut_token(c, err);
}

/* Text of a server as people may see it: lines and tabs stay, other controls are escaped. */
static void append_text(char *out, size_t cap, const char *before, const char *text)
{
    const char *line = text;

    pgseal__append(out, cap, "%s", before);
    while (*line != '\0') {
        size_t n = strcspn(line, "\n\t\\");
        char shown[4096];

        pgseal__escape(shown, sizeof(shown), line, n, sizeof(shown));
        pgseal__append(out, cap, "%s", shown);
        line += n;
        if (*line != '\0')
            pgseal__append(out, cap, "%c", *line++);
    }
}

/* PG18 fe-protocol3.c pqBuildErrorMessage3 at default verbosity, context for errors. */
static void build_message(const struct pgseal_notice *n, char *out, size_t cap)
{
    out[0] = '\0';
    if (n->severity != NULL) {
        append_text(out, cap, "", n->severity);
        append_text(out, cap, ":  ", "");
    }
    if (n->message != NULL)
        append_text(out, cap, "", n->message);
    if (n->detail != NULL)
        append_text(out, cap, "\nDETAIL:  ", n->detail);
    if (n->hint != NULL)
        append_text(out, cap, "\nHINT:  ", n->hint);
    if (n->int_query != NULL)
        append_text(out, cap, "\nQUERY:  ", n->int_query);
    if (n->where != NULL)
        append_text(out, cap, "\nCONTEXT:  ", n->where);
}

int pgseal__conn_refusal(struct pgseal_conn *c, const uint8_t *body, size_t n,
                         struct pgseal_err *err)
{
    struct pgseal_notice notice;
    struct pgseal_err local;
    int rc;

    if (err == NULL)
        err = &local;
    if (pgseal_notice_parse(body, n, &notice, NULL) < 0)
        return pgseal__fail(err, PGSEAL_E_PROTO, "received invalid error message");
    rc = pgseal__blob_set(&c->server_error, body, n, err);
    if (rc < 0)
        return rc;
    pgseal__fail(err, PGSEAL_E_SERVER, "%s", "");
    build_message(&notice, err->msg, sizeof(err->msg));
    if (notice.sqlstate != NULL && strlen(notice.sqlstate) == 5 &&
        strspn(notice.sqlstate, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5)
        memcpy(err->sqlstate, notice.sqlstate, 6);
    explain(err);
    explain_token(c, err);
    return PGSEAL_E_SERVER;
}

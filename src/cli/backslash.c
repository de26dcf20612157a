/* SPDX-License-Identifier: PostgreSQL */
/* Backslash commands: the few that are ours, and where to go for the others. */
#include "run_int.h"

static const char HELP[] =
    "  \\q              quit\n"
    "  \\conninfo       about the connection\n"
    "  \\ssl            about its protection: what was verified, and what was not\n"
    "  \\x [on|off]     one line a value\n"
    "  \\?              this text\n"
    "\n"
    "A command ends with a semicolon. Everything else that begins with a backslash is psql's:\n";

/* Command names end at a blank or the next backslash; arguments at the end of line or "\\". */
static size_t name_len(const char *p, size_t n)
{
    size_t len = 0;

    while (len < n && p[len] != '\\' && !pgseal__is_space(p[len]))
        len++;
    return len;
}

/* What stands behind a command's name; `at` moves on. */
struct tail {
    const char *p;
    size_t n, at;
};

/* '...' with backslash escapes for the next character and two quotes for one. False: no end. */
static bool quoted(struct tail *t, struct cli_str *out)
{
    for (t->at++; t->at < t->n; t->at++) {
        char c = t->p[t->at];

        if (c == '\'' && !(t->at + 1 < t->n && t->p[t->at + 1] == '\'')) {
            t->at++;
            return true;
        }
        if ((c == '\\' || c == '\'') && t->at + 1 < t->n)
            c = t->p[++t->at];
        cli_str_addc(out, c);
    }
    return false;
}

/*
 * The next argument: words end at a blank or at the next backslash (PG15 psqlscanslash.l).
 * Backquotes run nothing here. 1, 2 when it was quoted, 0 when there is none, -1 when a quote has
 * no end.
 */
static int next_arg(struct tail *t, struct cli_str *out)
{
    int some = 0;

    cli_str_cut(out, 0);
    while (t->at < t->n && pgseal__is_space(t->p[t->at]))
        t->at++;
    while (t->at < t->n && !pgseal__is_space(t->p[t->at]) && t->p[t->at] != '\\') {
        if (t->p[t->at] != '\'') {
            cli_str_addc(out, t->p[t->at++]);
            some = some > 0 ? some : 1;
        } else if (quoted(t, out)) {
            some = 2;
        } else {
            return -1;
        }
    }
    return some;
}

static enum cli_slash expanded(struct cli_run *run, const char *arg)
{
    bool on = !run->print.expanded && !run->print.expanded_auto;
    bool automatic = arg != NULL && strcasecmp(arg, "auto") == 0;

    if (arg != NULL && !automatic && cli_parse_bool(arg, &on) < 0) {
        cli_say(&run->log, CLI_ERROR,
                "unrecognized value \"%s\" for \"expanded\"\n"
                "Available values are: on, off, auto.",
                arg);
        return CLI_SLASH_ERROR;
    }
    run->print.expanded = on && !automatic;
    run->print.expanded_auto = automatic;
    if (!run->quiet)
        fprintf(run->out, "Expanded display is %s.\n",
                automatic ? "used automatically"
                : on      ? "on"
                          : "off");
    return CLI_SLASH_OK;
}

/* pg_dump of late 2025 and newer brackets its scripts so; psql 15.14 and later know it. */
static enum cli_slash restriction(struct cli_run *run, const char *name, const char *key)
{
    bool enter = strcmp(name, "restrict") == 0;

    if (key == NULL || key[0] == '\0') {
        cli_say(&run->log, CLI_ERROR, "\\%s: missing required argument", name);
        return CLI_SLASH_ERROR;
    }
    if (enter) {
        cli_str_cut(&run->key, 0);
        cli_str_add(&run->key, key);
        return CLI_SLASH_OK;
    }
    if (run->key.len == 0) {
        cli_say(&run->log, CLI_ERROR, "\\unrestrict: not currently in restricted mode");
        return CLI_SLASH_ERROR;
    }
    if (strcmp(run->key.p, key) != 0) {
        cli_say(&run->log, CLI_ERROR, "\\unrestrict: wrong key");
        return CLI_SLASH_ERROR;
    }
    cli_str_cut(&run->key, 0);
    return CLI_SLASH_OK;
}

static enum cli_slash foreign(struct cli_run *run, const char *name)
{
    cli_say(&run->log, CLI_ERROR,
            "\\%s is psql's: connect has \\q \\? \\conninfo \\ssl \\x only; the same connection in "
            "psql: %s",
            name, run->handover);
    return CLI_SLASH_FOREIGN;
}

static enum cli_slash run_command(struct cli_run *run, const char *name, const char *arg)
{
    if (run->key.len > 0 && strcmp(name, "unrestrict") != 0) {
        cli_say(&run->log, CLI_ERROR,
                "backslash commands are restricted; only \\unrestrict is allowed");
        return CLI_SLASH_ERROR;
    }
    if (strcmp(name, "q") == 0 || strcmp(name, "quit") == 0)
        return CLI_SLASH_QUIT;
    if (strcmp(name, "?") == 0) {
        fprintf(run->out, "%s  %s\n", HELP, run->handover);
        return CLI_SLASH_OK;
    }
    if (strcmp(name, "x") == 0)
        return expanded(run, arg);
    if (strcmp(name, "restrict") == 0 || strcmp(name, "unrestrict") == 0)
        return restriction(run, name, arg);
    if (strcmp(name, ".") == 0) { /* data of a COPY that did not begin */
        cli_say(&run->log, CLI_ERROR, "invalid command \\.");
        return CLI_SLASH_ERROR;
    }
    if (strcmp(name, "conninfo") != 0 && strcmp(name, "ssl") != 0)
        return foreign(run, name);
    if (!run->open) {
        fputs("You are currently not connected to a database.\n", run->out);
        return CLI_SLASH_OK;
    }
    if (strcmp(name, "ssl") == 0)
        run->host.ssl(run->host.ctx, run);
    else
        run->host.conninfo(run->host.ctx, run);
    fflush(run->out);
    return CLI_SLASH_OK;
}

enum cli_slash cli_slash(struct cli_run *run, const char *p, size_t n, size_t *used)
{
    struct tail t = {.p = p, .n = n, .at = name_len(p, n)};
    struct cli_str arg = {0};
    enum cli_slash got = CLI_SLASH_ERROR;
    char name[64];
    int some;

    pgseal__format(name, sizeof(name), "%.*s", (int)(t.at < 60 ? t.at : 60), p);
    some = next_arg(&t, &arg);
    while (arg.len > 0 && arg.p[arg.len - 1] == ';')
        cli_str_cut(&arg, arg.len - 1);
    if (some == 1 && arg.len == 0)
        some = 0;
    if (some < 0)
        cli_say(&run->log, CLI_ERROR, "unterminated quoted string");
    else
        got = run_command(run, name, some > 0 ? cli_str(&arg) : NULL);
    while (got == CLI_SLASH_OK && next_arg(&t, &arg) > 0)
        cli_say(&run->log, CLI_WARNING, "\\%s: extra argument \"%s\" ignored", name, cli_str(&arg));
    cli_str_done(&arg);
    *used = t.at;
    if (got != CLI_SLASH_OK && got != CLI_SLASH_QUIT)
        *used = n; /* the rest of the line is thrown away, as in psql */
    else if (t.at + 1 < n && p[t.at] == '\\' && p[t.at + 1] == '\\')
        *used = t.at + 2;
    return got;
}

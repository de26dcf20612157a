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

struct words {
    char name[64];
    char arg[256]; /* the first, without the blanks around it */
};

static size_t split(const char *p, size_t n, struct words *w)
{
    size_t at = name_len(p, n);
    size_t from, len = 0;

    pgseal__format(w->name, sizeof(w->name), "%.*s", (int)(at < 60 ? at : 60), p);
    while (at < n && pgseal__is_space(p[at]))
        at++;
    from = at;
    while (at < n && !(p[at] == '\\' && at + 1 < n && p[at + 1] == '\\'))
        at++;
    while (from + len < at && !pgseal__is_space(p[from + len]))
        len++;
    while (len > 0 && p[from + len - 1] == ';')
        len--;
    pgseal__format(w->arg, sizeof(w->arg), "%.*s", (int)(len < 250 ? len : 250), p + from);
    return at < n ? at + 2 : n;
}

static enum cli_slash expanded(struct cli_run *run, const char *arg)
{
    bool on = !run->print.expanded;

    if (arg[0] != '\0' && cli_parse_bool(arg, &on) < 0) {
        cli_say(&run->log, CLI_ERROR,
                "unrecognized value \"%s\" for \"expanded\"\nAvailable values are: on, off.", arg);
        return CLI_SLASH_ERROR;
    }
    run->print.expanded = on;
    if (!run->quiet)
        fprintf(run->out, "Expanded display is %s.\n", on ? "on" : "off");
    return CLI_SLASH_OK;
}

/* pg_dump of late 2025 and newer brackets its scripts so; psql 15.14 and later know it. */
static enum cli_slash restriction(struct cli_run *run, const char *name, const char *key)
{
    bool enter = strcmp(name, "restrict") == 0;

    if (key[0] == '\0') {
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

enum cli_slash cli_slash(struct cli_run *run, const char *p, size_t n, size_t *used)
{
    struct words w;

    *used = split(p, n, &w);
    if (run->key.len > 0 && strcmp(w.name, "unrestrict") != 0) {
        cli_say(&run->log, CLI_ERROR,
                "backslash commands are restricted; only \\unrestrict is allowed");
        return CLI_SLASH_ERROR;
    }
    if (strcmp(w.name, "q") == 0 || strcmp(w.name, "quit") == 0)
        return CLI_SLASH_QUIT;
    if (strcmp(w.name, "?") == 0) {
        fprintf(run->out, "%s  %s\n", HELP, run->handover);
        return CLI_SLASH_OK;
    }
    if (strcmp(w.name, "x") == 0)
        return expanded(run, w.arg);
    if (strcmp(w.name, "restrict") == 0 || strcmp(w.name, "unrestrict") == 0)
        return restriction(run, w.name, w.arg);
    if (strcmp(w.name, ".") == 0) { /* data of a COPY that did not begin */
        cli_say(&run->log, CLI_ERROR, "invalid command \\.");
        return CLI_SLASH_ERROR;
    }
    if (strcmp(w.name, "conninfo") != 0 && strcmp(w.name, "ssl") != 0)
        return foreign(run, w.name);
    if (!run->open) {
        fputs("You are currently not connected to a database.\n", run->out);
        return CLI_SLASH_OK;
    }
    if (strcmp(w.name, "ssl") == 0)
        run->host.ssl(run->host.ctx, run);
    else
        run->host.conninfo(run->host.ctx, run);
    fflush(run->out);
    return CLI_SLASH_OK;
}

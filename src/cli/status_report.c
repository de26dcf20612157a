/* SPDX-License-Identifier: PostgreSQL */
/* The end of `pgseal status --sessions, --watch, --log`: judge, print, exit code. */
#include "status_sum_int.h"

#include <unistd.h>

bool cli_duration_ms(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        double ms;
    } UNITS[] = {{"", 1e3},    {"s", 1e3},   {"ms", 1},    {"m", 6e4},
                 {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    char *end;
    double n;

    if (text[0] < '0' || text[0] > '9') /* strtod() also takes blanks, signs, "inf" */
        return false;
    n = strtod(text, &end);
    for (size_t i = 0; i < PGSEAL_COUNT(UNITS); i++) {
        double ms = n * UNITS[i].ms;

        if (strcmp(end, UNITS[i].unit) != 0 || ms < 1 || ms > 3.2e10) /* a year */
            continue;
        *out = (int64_t)ms;
        return true;
    }
    return false;
}

static int take_time(const char *option, const char *arg, int64_t *out, struct cli_str *why)
{
    if (cli_duration_ms(arg, out))
        return 0;
    cli_str_addf(why, "pgseal: error: --%s: \"%s\" is no time: 60 (seconds), 0.5, 10m, 8h\n",
                 option, arg);
    return -1;
}

static void add_file(struct cli_sum_opts *o, const char *file)
{
    o->file = cli_realloc(o->file, (o->nfiles + 1) * sizeof(*o->file));
    o->file[o->nfiles++] = file;
}

int cli_sum_take(struct cli_sum_opts *o, size_t row, const char *arg, struct cli_str *why)
{
    switch ((enum cli_sum_row)row) {
    case CLI_SUM_SESSIONS:
        o->sessions = true;
        return 0;
    case CLI_SUM_WATCH:
        return take_time("watch", arg, &o->watch_ms, why);
    case CLI_SUM_INTERVAL:
        return take_time("interval", arg, &o->interval_ms, why);
    case CLI_SUM_LOG:
        add_file(o, arg);
        return 0;
    case CLI_SUM_ROWS:
        return 0;
    }
    return 0;
}

bool cli_sum_operand(struct cli_sum_opts *o, const char *operand)
{
    if (o->nfiles == 0)
        return false;
    add_file(o, operand);
    return true;
}

bool cli_sum_asked(const struct cli_sum_opts *o)
{
    return o->sessions || o->watch_ms > 0 || o->nfiles > 0;
}

int cli_sum_check(struct cli_sum_opts *o, const struct cli_target_opts *target, struct cli_str *why)
{
    const char *wrong = NULL;

    if (o->nfiles > 0 && (o->sessions || o->watch_ms > 0))
        wrong = "--log reads files; it does not go with --sessions or --watch, which ask a server";
    else if (o->nfiles > 0 && (target->host != NULL || target->port != NULL ||
                               target->user != NULL || target->dbname != NULL))
        wrong = "--log reads files: it needs no server to connect to";
    else if (o->interval_ms > 0 && o->watch_ms == 0)
        wrong = "--interval is the time between two samples of --watch";
    if (wrong != NULL) {
        cli_str_addf(why, "pgseal: error: %s\n", wrong);
        return -1;
    }
    if (o->interval_ms == 0)
        o->interval_ms = 1000;
    return 0;
}

void cli_sum_opts_done(struct cli_sum_opts *o)
{
    cli_free(o->file);
    o->file = NULL;
    o->nfiles = 0;
}

int cli_status_sum(struct cli_target *t, const struct cli_sum_opts *o)
{
    return o->nfiles > 0 ? cli_status_log(&t->log, o) : cli_status_sessions(t, o);
}

int cli_status_report(struct status_report *r, struct status_sum *sum, const struct cli_log *log,
                      const struct cli_sum_opts *o)
{
    struct findings found = {0};
    struct cli_str s = {0};
    bool terminal = isatty(STDOUT_FILENO) == 1;
    int code;
    bool ok;

    status_sum_judge(sum);
    r->sum = sum;
    status_report_findings(r, &found);
    if (o->json) {
        ok = cli_status_report_json(stdout, r, &found);
    } else {
        cli_status_report_text(&s, r, &found, o->all, terminal ? cli_columns(STDOUT_FILENO) : 0,
                               cli_may_colour(STDOUT_FILENO));
        fputs(cli_str(&s), stdout);
        cli_str_done(&s);
        ok = fflush(stdout) == 0 && !ferror(stdout);
    }
    if (!ok)
        cli_say(log, CLI_ERROR, "the output could not be written");
    code = ok ? cli_findings_exit(&found) : CLI_FOUND;
    findings_done(&found);
    return code;
}

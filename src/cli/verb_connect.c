/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal connect`: from the command line to an open session, then what was asked for. */
#include "about_int.h"
#include "errtext_int.h"
#include "target_int.h"
#include "verbs_int.h"

#include <pgseal/drive.h>

#include <unistd.h>

/* One run of the verb. */
struct app {
    struct cli_opts opts;
    struct cli_target target;
    struct cli_run run;
    bool tty; /* standard input and output are terminals: psql's !notty */
};

static void app_done(struct app *a)
{
    cli_target_done(&a->target);
    cli_str_done(&a->run.key);
    cli_str_done(&a->run.notify);
    cli_opts_done(&a->opts);
}

/* ---- the session as commands see it ---------------------------------------------------------- */

static int link_read(void *ctx, struct pgseal_frame *out, struct pgseal_err *err)
{
    struct app *a = ctx;
    int rc = pgseal_session_read(a->target.session, 0, out, err);

    if (rc != 0)
        return rc;
    /* A clean end is as unwelcome in the middle of a query; libpq's texts. */
    if (pgseal_session_facts(a->target.session)->tls)
        return pgseal__fail(err, PGSEAL_E_CLOSED, "SSL connection has been closed unexpectedly");
    return pgseal__fail(err, PGSEAL_E_CLOSED,
                        "server closed the connection unexpectedly\n"
                        "\tThis probably means the server terminated abnormally\n"
                        "\tbefore or while processing the request.");
}

static int link_write(void *ctx, uint8_t type, const void *body, size_t n, struct pgseal_err *err)
{
    return pgseal_session_write(((struct app *)ctx)->target.session, type, body, n, err);
}

static int link_flush(void *ctx, struct pgseal_err *err)
{
    return pgseal_session_flush(((struct app *)ctx)->target.session, err);
}

static int link_cancel(void *ctx, struct pgseal_err *err)
{
    return pgseal_session_cancel(((struct app *)ctx)->target.session, err);
}

static const char *link_param(void *ctx, const char *name)
{
    return pgseal_session_param(((struct app *)ctx)->target.session, name);
}

/* ---- telling about the connection ------------------------------------------------------------ */

static void tell_conninfo(void *ctx, struct cli_run *run)
{
    struct cli_about b = cli_target_about(&((struct app *)ctx)->target);

    cli_conninfo_table(run->out, &b, &run->print, run->enc);
}

static void tell_ssl(void *ctx, struct cli_run *run)
{
    struct cli_about b = cli_target_about(&((struct app *)ctx)->target);
    struct cli_str s = {0};

    cli_ssl_story(&s, &b);
    fputs(cli_str(&s), run->out);
    cli_str_done(&s);
}

/* A connection made again may prove less than the first one: it is said again. */
static void tell_again(void *ctx, struct cli_run *run)
{
    struct cli_about b = cli_target_about(&((struct app *)ctx)->target);
    struct cli_str s = {0};

    if (run->quiet)
        return;
    cli_banner_ssl(&s, &b);
    cli_verdict(&s, &b);
    fputs(cli_str(&s), run->out);
    cli_str_done(&s);
}

static void tell_weakness(void *ctx, const char *text)
{
    struct app *a = ctx;

    cli_say(&a->run.log, CLI_WARNING, "%s", text);
}

/* The banner is for the prompt; a script hears only of what is weak, and not under -q. */
static void tell_at_start(struct app *a)
{
    struct cli_about b = cli_target_about(&a->target);
    struct cli_str s = {0};

    if (a->opts.quiet)
        return;
    if (!a->run.at_prompt) {
        cli_weaknesses(&b, tell_weakness, a);
        return;
    }
    cli_str_add(&s, "pgseal (" PGSEAL_VERSION ", server ");
    cli_str_add_peer(&s, b.server_version != NULL ? b.server_version : "unknown", a->run.enc);
    cli_str_add(&s, ")\n");
    cli_banner_ssl(&s, &b);
    cli_verdict(&s, &b);
    fputs(cli_str(&s), stdout);
    cli_str_done(&s);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static int failed(struct app *a, const struct pgseal_err *err)
{
    if (a->opts.json)
        (void)cli_failure_json(stdout, err);
    cli_target_failed(&a->target, err);
    return CLI_EXIT_BADCONN;
}

static int open_session(struct app *a, struct pgseal_err *err)
{
    if (cli_target_open(&a->target, err) < 0)
        return err->code;
    a->run.open = true;
    a->run.txn = 'I';
    a->run.host.dbname = pgseal_conninfo_options(a->target.ci)->dbname;
    cli_run_params(&a->run);
    return 0;
}

/* At the prompt a lost connection is made again, once, with the same settings. */
static bool reset(void *ctx, struct cli_run *run)
{
    struct app *a = ctx;
    struct pgseal_err err = {0};

    (void)run;
    a->target.session = pgseal_session_close(a->target.session);
    a->target.trace.server_said_no = a->target.trace.tls_failed = false;
    return open_session(a, &err) == 0;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static void help(void)
{
    struct cli_str s = {0};

    cli_str_add(&s,
                "pgseal connect is a psql-compatible client that says what the connection "
                "proves.\n"
                "\n"
                "Usage: pgseal connect [OPTION]... [DBNAME | CONNECTION STRING | URI [USER]]\n");
    cli_opts_help(&s);
    cli_str_add(&s, "\n"
                    "Every parameter and environment variable of libpq 18 is understood.\n"
                    "Exit codes are psql's: 0 fine, 1 an SQL error or one of ours, 2 no\n"
                    "connection, 3 a script error with ON_ERROR_STOP.\n"
                    "\n"
                    "  pgseal connect \"host=db.example.com sslmode=verify-full "
                    "sslrootcert=ca.pem\"\n");
    fputs(cli_str(&s), stdout);
    cli_str_done(&s);
}

static int run_action(struct app *a, const struct cli_action *act)
{
    struct cli_run *run = &a->run;
    size_t used;
    bool ok;

    if (act->is_file)
        return cli_script(run, act->text);
    run->log.terse = true;
    if (act->text[0] == '\\') {
        enum cli_slash got = cli_slash(run, act->text + 1, strlen(act->text + 1), &used);

        ok = got == CLI_SLASH_OK || got == CLI_SLASH_QUIT;
    } else {
        ok = cli_query(run, act->text);
    }
    if (!run->open)
        return CLI_EXIT_BADCONN;
    return ok ? CLI_EXIT_OK : CLI_EXIT_FAILURE;
}

/* -c and -f in the order given: the last one's exit code, but a lost connection ends it all. */
static int run_actions(struct app *a)
{
    int code = CLI_EXIT_OK;

    for (size_t i = 0; i < a->opts.nactions; i++) {
        code = run_action(a, &a->opts.actions[i]);
        if (!a->run.open || a->run.cancelled)
            break;
        if (code != CLI_EXIT_OK && a->run.on_error_stop)
            break;
    }
    return code;
}

static int work(struct app *a)
{
    struct cli_about b = cli_target_about(&a->target);

    tell_at_start(a);
    if (a->opts.json) {
        if (cli_facts_json(stdout, &b))
            return CLI_EXIT_OK;
        return CLI_EXIT_FAILURE;
    }
    cli_catch_interrupt();
    if (a->opts.nactions > 0)
        return run_actions(a);
    a->run.log.terse = true;
    if (!a->tty)
        return cli_script(&a->run, NULL);
    if (!a->opts.quiet)
        fputs("Type \"help\" for help.\n\n", stdout);
    return cli_repl(&a->run);
}

static void prepare(struct app *a)
{
    a->run = (struct cli_run){
        .link = {.ctx = a,
                 .read = link_read,
                 .write = link_write,
                 .flush = link_flush,
                 .cancel = link_cancel,
                 .param = link_param},
        .host = {.ctx = a,
                 .reset = reset,
                 .announce = tell_again,
                 .conninfo = tell_conninfo,
                 .ssl = tell_ssl},
        .log = {.err = stderr, .out = stdout, .colour = cli_may_colour(STDERR_FILENO)},
        .print = a->opts.print,
        .handover = a->opts.handover,
        .out = stdout,
        .source = stdin,
        .quiet = a->opts.quiet,
        .on_error_stop = a->opts.on_error_stop,
    };
    a->tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    a->run.pager = a->tty;
    a->run.at_prompt = a->tty && a->opts.nactions == 0 && !a->opts.json;
    a->target.log = a->run.log;
    a->target.quiet = a->opts.quiet;
    a->target.terminal = a->tty;
    a->target.trace.f = a->opts.trace ? stderr : NULL;
}

int cli_verb_connect(int argc, char **argv)
{
    struct app a = {0};
    struct cli_str why = {0};
    struct pgseal_err err = {0};
    int code = cli_opts_parse(&a.opts, argc, argv, &why);

    setlocale(LC_CTYPE, ""); /* before the world is looked at: client_encoding=auto asks for it */
    (void)pgseal_process_harden(); /* passwords and keys are in our memory */
    a.target.opts = a.opts.target;
    cli_target_hide(&a.target, argc, argv);
    fputs(cli_str(&why), stderr);
    cli_str_done(&why);
    prepare(&a);
    if (code < 0) {
        code = CLI_EXIT_FAILURE;
    } else if (a.opts.help) {
        help();
    } else if (a.opts.version) {
        puts("pgseal " PGSEAL_VERSION);
    } else {
        if (cli_target_settings(&a.target, &err) < 0 || open_session(&a, &err) < 0)
            code = failed(&a, &err);
        else
            code = work(&a);
    }
    app_done(&a);
    return code;
}

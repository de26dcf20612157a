/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status`: opens one connection, asks both of its ends, tells what they agree on. */
#include "front_int.h"
#include "status_int.h"
#include "verbs_int.h"

#include <locale.h>
#include <unistd.h>

static const struct cli_optrow OPTS[] = {
#define PGSEAL_ROW(id, letter, name, arg, group, help) {letter, name, arg, group, help},
#include "status.def"
#undef PGSEAL_ROW
};
enum opt_id {
#define PGSEAL_ROW(id, letter, name, arg, group, help) OPT_##id,
#include "status.def"
#undef PGSEAL_ROW
    OPTS_END
};

/* One run of the verb. */
struct app {
    struct cli_status_opts opts;
    struct cli_target target;
    struct cli_status facts;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    if (row < CLI_TARGET_ROWS) {
        cli_target_take(&a->opts.target, row, arg);
        return 0;
    }
    if (row - CLI_TARGET_ROWS < CLI_SUM_ROWS)
        return cli_sum_take(&a->opts.sum, row - CLI_TARGET_ROWS, arg, why);
    if (row == OPT_TRY_PLAINTEXT)
        a->opts.try_plaintext = true;
    else if (row == OPT_ALL)
        a->opts.all = true;
    else if (row == OPT_JSON)
        a->opts.json = true;
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    struct app *a = ctx;

    for (int i = first; i < argc; i++) {
        if (cli_sum_operand(&a->opts.sum, argv[i]) || cli_target_operand(&a->opts.target, argv[i]))
            continue;
        cli_str_addf(why, "pgseal: error: extra command-line argument \"%s\"\n", argv[i]);
        return -1;
    }
    if (a->opts.try_plaintext && cli_sum_asked(&a->opts.sum)) {
        cli_str_add(why, "pgseal: error: --try-plaintext is for one connection, not for "
                         "--sessions, --watch or --log\n");
        return -1;
    }
    return cli_sum_check(&a->opts.sum, &a->opts.target, why);
}

static const struct cli_front FRONT = {
    .name = "status",
    .usage = "[OPTION]... [DBNAME | CONNECTION STRING | URI [USER]]\n"
             "       pgseal status [OPTION]... --log FILE [FILE]...",
    .about = "pgseal status looks at one connection from both ends: is it encrypted, who was "
             "verified,\n"
             "does the server see the same, and does it refuse plaintext? With --sessions, --watch "
             "or --log\n"
             "it looks at everybody's: who would break if plaintext were refused?\n",
    .more = "Nothing is changed on the server. Exit codes: 0 fine, 1 there are findings, 2 usage, "
            "3 no connection or no file.\n"
            "\n"
            "  pgseal status \"host=db.example.com sslmode=verify-full sslrootcert=ca.pem\"\n"
            "  pgseal status --watch 1h service=db\n"
            "  pgseal status --log /var/log/postgresql/*.log\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

/* ---- one connection ---------------------------------------------------------------------------
 */

static int failed(struct app *a, const struct pgseal_err *err)
{
    if (a->opts.json)
        (void)cli_failure_json(stdout, err);
    cli_target_failed(&a->target, err);
    return err->code == PGSEAL_E_CONNINFO || err->code == PGSEAL_E_OPTION ? CLI_USAGE
                                                                          : CLI_UNREACHED;
}

/* Why a connection is not encrypted: libpq's modes do it without a word. */
static void say_why_plain(struct cli_status *f)
{
    const struct cli_about *a = &f->about;
    const char *failure = a->tls_failure;

    if (a->opt->sslmode == PGSEAL_SSLMODE_DISABLE)
        pgseal__format(f->because, sizeof(f->because), "It was asked for: sslmode=disable.");
    else if (a->opt->sslmode == PGSEAL_SSLMODE_ALLOW)
        pgseal__format(f->because, sizeof(f->because), "sslmode=allow takes plaintext first.");
    else if (a->server_said_no)
        pgseal__format(f->because, sizeof(f->because),
                       "The server answered that it has no TLS, and sslmode=prefer went on.");
    else
        pgseal__format(f->because, sizeof(f->because),
                       "TLS failed%s%s%s, and sslmode=prefer fell "
                       "back to plaintext.",
                       failure != NULL ? " (" : "", failure != NULL ? failure : "",
                       failure != NULL ? ")" : "");
    f->client.plain_because = f->because;
}

static void judge(struct cli_status *f)
{
    status_judge(&f->client, &f->server, &f->judgement);
    status_plaintext(&f->server, &f->tried, &f->plaintext);
    status_plan(&f->client, &f->server, &f->plaintext, &f->judgement, &f->plan);
    status_findings(&f->client, &f->server, &f->judgement, &f->plaintext, &f->findings);
    status_verdict_text(&f->client, &f->server, &f->judgement, f->verdict, sizeof(f->verdict));
}

static bool print(const struct app *a)
{
    struct cli_str s = {0};

    if (a->opts.json)
        return cli_status_json(stdout, &a->facts);
    cli_status_text(&s, &a->facts, a->opts.all, cli_columns(STDOUT_FILENO),
                    cli_may_colour(STDOUT_FILENO));
    fputs(cli_str(&s), stdout);
    cli_str_done(&s);
    return fflush(stdout) == 0 && !ferror(stdout);
}

static int look(struct app *a)
{
    struct cli_status *f = &a->facts;
    struct pgseal_err err = {0};

    if (cli_target_settings(&a->target, &err) < 0 || cli_target_open(&a->target, &err) < 0)
        return failed(a, &err);
    f->about = cli_target_about(&a->target);
    status_client(a->target.session, f->about.opt, &f->client);
    if (!f->about.facts->tls)
        say_why_plain(f);
    if (status_ask(a->target.session, &f->server, &err) < 0)
        return failed(a, &err);
    if (a->opts.try_plaintext)
        status_try(a->target.session, f->about.opt, &cli_interrupted, &f->tried);
    judge(f);
    if (!print(a)) {
        cli_say(&a->target.log, CLI_ERROR, "the output could not be written");
        return CLI_FOUND;
    }
    return cli_findings_exit(&f->findings);
}

/* ---- the verb ---------------------------------------------------------------------------------
 */

static void app_done(struct app *a)
{
    findings_done(&a->facts.findings);
    cli_sum_opts_done(&a->opts.sum);
    status_server_done(&a->facts.server);
    cli_target_done(&a->target);
}

int cli_verb_status(int argc, char **argv)
{
    struct app *a = cli_alloc(sizeof(*a)); /* its texts are too much for the stack */
    int code = CLI_USAGE;

    setlocale(LC_CTYPE, "");
    (void)pgseal_process_harden(); /* passwords and keys are in our memory */
    memset(a, 0, sizeof(*a));
    a->target.log =
        (struct cli_log){.err = stderr, .out = stdout, .colour = cli_may_colour(STDERR_FILENO)};
    if (cli_enter(&FRONT, a, argc, argv, &code) >= 0) {
        a->target.opts = a->opts.target;
        cli_target_hide(&a->target, argc, argv);
        if (!a->opts.json || cli_json_ready()) {
            cli_catch_interrupt();
            a->opts.sum.all = a->opts.all;
            a->opts.sum.json = a->opts.json;
            code = cli_sum_asked(&a->opts.sum) ? cli_status_sum(&a->target, &a->opts.sum) : look(a);
        }
    }
    app_done(a);
    cli_free(a);
    return code;
}

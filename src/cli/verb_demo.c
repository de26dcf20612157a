/* SPDX-License-Identifier: PostgreSQL */
/* pgseal demo: the whole story in one minute, on a throw-away real PostgreSQL. */
#include "demo_int.h"
#include "demo_steps_int.h"
#include "front_int.h"
#include "verbs_int.h"

#include <pgseal/drive.h>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STEP_TIMEOUT_S 20

static bool colours;

static const char *paint(const char *code)
{
    return colours ? code : "";
}

enum opt_id { OPT_KEEP, OPT_PGBIN };
static const struct cli_optrow OPTS[] = {
    {0, "keep", NULL, "Options", "leave the server running and print how to connect"},
    {0, "pgbin", "DIR", "Options",
     "directory of initdb and postgres (default: the newest installed)"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    struct demo_server server;
    const char *bindir;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    (void)why;
    if (row == OPT_KEEP)
        a->server.keep = true;
    else if (row == OPT_PGBIN)
        a->bindir = arg;
    return 0;
}

static const struct cli_front FRONT = {
    .name = "demo",
    .usage = "[OPTION]...",
    .about = "pgseal demo starts a throw-away PostgreSQL on 127.0.0.1 and plays the story of SSL "
             "connections to\n"
             "Aurora on it: look, compare, enforce, trust, rotate. Takes about 10 seconds, needs "
             "no network\n"
             "and leaves nothing behind.\n",
    .more = "Exit codes: 0 every step went as the story says, 1 one did not, 2 usage, 3 no "
            "server.\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = cli_no_operands,
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_signal(int signo)
{
    (void)signo;
    demo_interrupted = 1;
}

/* Signals only set a flag, so that the server is stopped and its directory removed. */
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void print_failure(const struct pgseal_err *err)
{
    fprintf(stderr, "pgseal: error: %s\n", err->msg);
    fprintf(stderr, "  code: %s\n", pgseal_code_str(err->code));
    if (err->detail[0] != '\0')
        fprintf(stderr, "  seen: %s\n", err->detail);
    if (err->hint[0] != '\0')
        fprintf(stderr, "  fix:  %s\n", err->hint);
}

/* True for an argument a shell would take apart. $HOST is meant to be expanded, so double quotes.
 */
static bool needs_quotes(const char *arg)
{
    return *arg == '\0' || strpbrk(arg, " ()*;'\\") != NULL;
}

static void print_command(const struct demo_step *st)
{
    if (st->note != NULL)
        printf("%s%s%s\n", paint("\x1b[2m"), st->note, paint("\x1b[0m"));
    printf("%s$ ", paint("\x1b[1m"));
    for (size_t i = 0; i < PGSEAL_COUNT(st->env) && st->env[i] != NULL; i++)
        printf("%s ", st->env[i]);
    fputs("pgseal connect", stdout);
    for (size_t i = 0; i < PGSEAL_COUNT(st->args) && st->args[i] != NULL; i++)
        printf(needs_quotes(st->args[i]) ? " \"%s\"" : " %s", st->args[i]);
    printf("%s\n", paint("\x1b[0m"));
}

/* Replaces $HOST; the result lives in `out`. */
static const char *expand(const char *text, char *out, size_t cap)
{
    const char *at = strstr(text, "$HOST");

    if (at == NULL)
        return text;
    pgseal__format(out, cap, "%.*s%s%s", (int)(at - text), text, DEMO_HOST, at + 5);
    return out;
}

static int prepare(struct demo_server *s, enum demo_before what, struct pgseal_err *err)
{
    switch (what) {
    case DEMO_NOTHING:
        return 0;
    case DEMO_FORCE_SSL:
        return demo_server_force_ssl(s, true, err);
    case DEMO_ALLOW_PLAIN:
        return demo_server_force_ssl(s, false, err);
    case DEMO_EXPIRED:
        return demo_server_certificate(s, "expired", err);
    case DEMO_EXPIRED_SUB:
        return demo_server_certificate(s, "expired-subordinate", err);
    case DEMO_CURRENT:
        return demo_server_certificate(s, "current", err);
    }
    return 0;
}

/* Removes what the user's environment would change, then sets what the story says. */
static size_t child_env(const struct demo_server *s, const struct demo_step *st, const char **env,
                        char text[4][400])
{
    static const char *const clean[] = {
        "PGHOST",           "PGDATABASE",    "PGPASSWORD",          "PGSERVICE",
        "PGSERVICEFILE",    "PGSSLMODE",     "PGSSLROOTCERT",       "PGSSLCERT",
        "PGSSLKEY",         "PGSSLCRL",      "PGSSLCRLDIR",         "PGSSLSNI",
        "PGREQUIRESSL",     "PGREQUIREAUTH", "PGCHANNELBINDING",    "PGGSSENCMODE",
        "PGSSLNEGOTIATION", "PGOPTIONS",     "PGSSLCERTMODE",       "PGCONNECT_TIMEOUT",
        "PGREQUIREPEER",    "PGSYSCONFDIR",  "PGTARGETSESSIONATTRS"};
    size_t n = 0;

    for (size_t i = 0; i < PGSEAL_COUNT(clean); i++)
        env[n++] = clean[i];
    pgseal__format(text[0], 400, "PGPORT=%d", s->port);
    pgseal__format(text[1], 400, "PGPASSFILE=%s/pgpass", s->client);
    pgseal__format(text[2], 400, "HOME=%s", s->client);
    env[n++] = text[0];
    env[n++] = text[1];
    env[n++] = text[2];
    env[n++] = "PGHOSTADDR=127.0.0.1";
    env[n++] = "PGUSER=postgres";
    env[n++] = "PGDATABASE=postgres";
    env[n++] = "PGHOST=" DEMO_HOST;
    env[n++] = "PGCONNECT_TIMEOUT=10";
    env[n++] = "PSQL_PAGER=";
    env[n++] = "PAGER=";
    env[n++] = "NO_COLOR=1";
    env[n++] = "TERM=dumb";
    for (size_t i = 0; i < PGSEAL_COUNT(st->env) && st->env[i] != NULL; i++)
        env[n++] = st->env[i];
    env[n] = NULL;
    return n;
}

/* Compares what came out with what the story says. Prints the difference. */
static bool as_expected(const struct demo_step *st, const struct demo_output *out)
{
    bool good = true;

    if (out->timed_out) {
        printf("%s!! no end after %d seconds%s\n", paint("\x1b[31m"), STEP_TIMEOUT_S,
               paint("\x1b[0m"));
        return false;
    }
    if (out->status != st->exit) {
        printf("%s!! exit status %d instead of %d%s\n", paint("\x1b[31m"), out->status, st->exit,
               paint("\x1b[0m"));
        good = false;
    }
    for (size_t i = 0; i < PGSEAL_COUNT(st->needs) && st->needs[i] != NULL; i++) {
        bool wanted = st->needs[i][0] != '!';
        const char *words = st->needs[i] + !wanted;

        if ((strstr(out->text, words) != NULL) == wanted)
            continue;
        printf("%s!! the output should%s have: %s%s\n", paint("\x1b[31m"), wanted ? "" : " not",
               words + strspn(words, "\n"), paint("\x1b[0m"));
        good = false;
    }
    return good;
}

static bool play(struct demo_server *s, const struct demo_step *st, struct pgseal_err *err)
{
    static struct demo_output out;
    static char expanded[PGSEAL_COUNT(st->args)][700];
    const char *argv[PGSEAL_COUNT(st->args) + 3] = {"/proc/self/exe", "connect"};
    const char *env[64];
    char env_text[4][400];
    bool good;

    if (st->chapter != NULL)
        printf("\n%s== %s%s\n", paint("\x1b[1;36m"), st->chapter, paint("\x1b[0m"));
    putchar('\n');
    for (size_t i = 0; i < PGSEAL_COUNT(st->args) && st->args[i] != NULL; i++)
        argv[i + 2] = expand(st->args[i], expanded[i], sizeof(expanded[i]));
    child_env(s, st, env, env_text);
    print_command(st);
    if (prepare(s, st->before, err) < 0 ||
        demo_run(argv, env, s->client, st->typed, STEP_TIMEOUT_S, &out, err) < 0) {
        print_failure(err);
        return false;
    }
    fputs(out.text, stdout);
    if (out.len > 0 && out.text[out.len - 1] != '\n')
        putchar('\n');
    good = demo_interrupted || as_expected(st, &out);
    printf("%s# %s%s\n", paint("\x1b[32m"), st->why, paint("\x1b[0m"));
    fflush(stdout);
    return good;
}

static void introduce(const struct demo_server *s)
{
    printf("%sSSL connections to Aurora, played on a real PostgreSQL %s%s\n", paint("\x1b[1m"),
           s->version, paint("\x1b[0m"));
    printf("\nThe server listens on 127.0.0.1:%d and has a certificate for a cluster endpoint, "
           "signed by\na subordinate of a regional root, as Aurora's are. In this shell:\n\n",
           s->port);
    printf("  cd %s\n  HOST=%s\n  export PGHOSTADDR=127.0.0.1 PGPORT=%d PGPASSFILE=$PWD/pgpass\n",
           s->client, DEMO_HOST, s->port);
    fflush(stdout);
}

static void say_kept(const struct demo_server *s)
{
    printf("\nThe server keeps running. To connect:\n\n"
           "  PGPASSFILE=%s/pgpass pgseal connect \\\n"
           "    \"host=%s hostaddr=127.0.0.1 port=%d \\\n"
           "     user=postgres dbname=postgres sslmode=verify-full \\\n"
           "     sslrootcert=%s/ap-northeast-1-bundle.pem\"\n\n"
           "To end it:  kill -INT %d && rm -r %s\n",
           s->client, DEMO_HOST, s->port, s->client, (int)s->pid, s->dir);
}

static int play_all(struct demo_server *s, int64_t began_ms, struct pgseal_err *err)
{
    size_t good = 0;
    size_t played = 0;

    for (size_t i = 0; i < demo_step_count && !demo_interrupted; i++, played++)
        good += play(s, &demo_steps[i], err) ? 1 : 0;
    if (demo_interrupted) {
        printf("\ninterrupted: the server is stopped and its directory removed\n");
        return 1;
    }
    printf("\n%s%zu of %zu steps went as the story says, %.1f s%s\n",
           paint(good == demo_step_count ? "\x1b[1;32m" : "\x1b[1;31m"), good, demo_step_count,
           (double)(now_ms() - began_ms) / 1000, paint("\x1b[0m"));
    return good == demo_step_count ? 0 : 1;
}

static int run(struct demo_server *s, const char *bindir)
{
    static struct pgseal_err err;
    int64_t began_ms = now_ms();
    int status = 3;

    if (demo_server_find(s, bindir, &err) < 0) {
        print_failure(&err);
        return 3;
    }
    fprintf(stderr, "starting a throw-away PostgreSQL %s ...", s->version);
    fflush(stderr);
    if (demo_server_start(s, &err) < 0) {
        fputs(" failed\n", stderr);
        if (!demo_interrupted)
            print_failure(&err);
    } else {
        fprintf(stderr, " done (%.1f s)\n\n", (double)(now_ms() - began_ms) / 1000);
        introduce(s);
        status = play_all(s, began_ms, &err);
    }
    if (demo_interrupted)
        s->keep = false;
    if (s->keep && s->pid > 0)
        say_kept(s);
    demo_server_stop(s);
    return status;
}

int cli_verb_demo(int argc, char **argv)
{
    static struct app a;
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    (void)pgseal_process_harden();
    colours = isatty(1) && getenv("NO_COLOR") == NULL;
    catch_signals();
    return run(&a.server, a.bindir);
}

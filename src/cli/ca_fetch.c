/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca fetch`: Amazon's bundle of roots over verified HTTPS, judged, then put in its place.
 */
#include "ca_fetch_int.h"
#include "ca_int.h"
#include "ca_read_int.h"
#include "front_int.h"
#include "opts_int.h"
#include "out_int.h"
#include "run_int.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

enum opt_id {
    OPT_GLOBAL,
    OPT_REGION,
    OPT_GOV,
    OPT_CHINA,
    OPT_FROM,
    OPT_OUTPUT,
    OPT_CHECK,
    OPT_ALLOW_GONE,
    OPT_ALLOW_FOREIGN,
    OPT_CACERT,
    OPT_TIMEOUT,
    OPT_QUIET,
    OPT_JSON
};
static const struct cli_optrow OPTS[] = {
    {0, "global", NULL, "What", "the roots of all regions (the default)"},
    {0, "region", "REGION", "What", "only those of one region, such as ap-northeast-1"},
    {0, "gov", NULL, "What", "those of AWS GovCloud (US)"},
    {0, "china", NULL, "What", "those of AWS China"},
    {0, "from", "URL|FILE", "Where", "another https:// URL than AWS's, or a file brought here"},
    {'o', "output", "FILE", "Where",
     "file to write (default: AWS's own name; - is standard output)"},
    {0, "check", NULL, "Where", "write nothing; exit 1 when FILE is not what is served"},
    {0, "allow-gone", NULL, "Where", "replace FILE even when roots go that have not ended"},
    {0, "allow-foreign", NULL, "Where", "let authorities in that are not Amazon RDS's"},
    {0, "cacert", "FILE", "How", "authorities that vouch for the HTTPS host, in PEM"},
    {0, "timeout", "SECONDS", "How", "for all of the download (default: 120)"},
    {'q', "quiet", NULL, "How", "only findings and errors"},
    {0, "json", NULL, "How", "print what was fetched as JSON"},
    {'?', "help", NULL, "How", "show this text"},
};

struct app {
    const char *region, *from, *output, *cacert;
    enum pgseal_aws_partition partition;
    int scopes; /* how many of --global --region --gov --china */
    int timeout_s;
    bool check, quiet, json, allow_gone, allow_foreign;
    struct cli_log log;
    struct ca_source source;
    struct ca_place place;
    bool to_stdout;
    bool bar; /* standard error is a terminal */
    bool drawn;
    struct timespec last;
};

static int take_timeout(struct app *a, const char *arg, struct cli_str *why)
{
    char *end;
    long n = strtol(arg, &end, 10);

    if (*arg == '\0' || *end != '\0' || n < 1 || n > 86400) {
        cli_str_addf(why, "pgseal: error: --timeout is a number of seconds, not \"%s\"\n", arg);
        return -1;
    }
    a->timeout_s = (int)n;
    return 0;
}

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_GLOBAL:
        a->scopes++;
        break;
    case OPT_REGION:
        a->scopes++;
        a->region = arg;
        break;
    case OPT_GOV:
        a->scopes++;
        a->partition = PGSEAL_AWS_GOV;
        break;
    case OPT_CHINA:
        a->scopes++;
        a->partition = PGSEAL_AWS_CHINA;
        break;
    case OPT_FROM:
        a->from = arg;
        break;
    case OPT_OUTPUT:
        a->output = arg;
        break;
    case OPT_CHECK:
        a->check = true;
        break;
    case OPT_ALLOW_GONE:
        a->allow_gone = true;
        break;
    case OPT_ALLOW_FOREIGN:
        a->allow_foreign = true;
        break;
    case OPT_CACERT:
        a->cacert = arg;
        break;
    case OPT_TIMEOUT:
        return take_timeout(a, arg, why);
    case OPT_QUIET:
        a->quiet = true;
        break;
    case OPT_JSON:
        a->json = true;
        break;
    }
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    const struct app *a = ctx;

    if (argc - first != 1 || strcmp(argv[first], "rds") != 0)
        cli_str_add(why, "pgseal: error: name what to fetch: rds (the roots of Amazon RDS and "
                         "Aurora)\n");
    else if (a->check && a->output != NULL && strcmp(a->output, "-") == 0)
        cli_str_add(why, "pgseal: error: --check compares with a file, not with standard "
                         "output\n");
    else if (a->scopes > 1)
        cli_str_add(why, "pgseal: error: only one of --global, --region, --gov, --china\n");
    return why->len > 0 ? -1 : 0;
}

static const struct cli_front FRONT = {
    .name = "ca fetch",
    .usage = "rds [OPTION]...",
    .about = "pgseal ca fetch downloads the roots that verify Amazon RDS and Aurora, looks at "
             "every\n"
             "certificate, and replaces your file whole or not at all.\n",
    .more = "  pgseal ca fetch rds --region ap-northeast-1\n"
            "  pgseal ca fetch rds --from global-bundle.pem -o /etc/ssl/rds.pem\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

/* ---- talking -----------------------------------------------------------------------------------
 */

static void wipe_bar(struct app *a)
{
    if (a->drawn)
        fputs("\r\033[K", stderr);
    a->drawn = false;
    fflush(stderr);
}

/* "global-bundle.pem  [##########          ]  82176 of 165408 bytes" */
static void draw_bar(struct app *a, uint64_t now, uint64_t total)
{
    char count[80];
    int room;

    if (total > 0)
        pgseal__format(count, sizeof(count), "%llu of %llu bytes", (unsigned long long)now,
                       (unsigned long long)total);
    else
        pgseal__format(count, sizeof(count), "%llu bytes", (unsigned long long)now);
    fprintf(stderr, "\r\033[K%s  ", a->source.name);
    room = cli_columns(STDERR_FILENO) - (int)strlen(a->source.name) - (int)strlen(count) - 7;
    if (total > 0 && room >= 10) {
        int done;

        room = room > 40 ? 40 : room;
        done = now >= total ? room : (int)(now * (uint64_t)room / total);
        fputc('[', stderr);
        for (int i = 0; i < room; i++)
            fputc(i < done ? '#' : ' ', stderr);
        fputs("]  ", stderr);
    }
    fputs(count, stderr);
    fflush(stderr);
    a->drawn = true;
}

static bool on_progress(void *ctx, uint64_t now, uint64_t total)
{
    struct app *a = ctx;
    struct timespec t;
    int64_t ms;

    if (cli_was_interrupted())
        return true;
    if (!a->bar)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &t);
    ms = (int64_t)(t.tv_sec - a->last.tv_sec) * 1000 + (t.tv_nsec - a->last.tv_nsec) / 1000000;
    if (a->drawn && ms < 100)
        return false;
    a->last = t;
    draw_bar(a, now, total);
    return false;
}

/* What a refused bundle was refused for; or the story of another failure. */
static void tell(struct app *a, const struct pgseal_err *err, const struct findings *why)
{
    struct cli_str s = {0};
    int columns = cli_columns(STDERR_FILENO);

    if (why->n > 0)
        cli_findings_text(&s, why, columns, a->log.colour);
    else
        cli_story(&s, err, columns, a->log.colour);
    if (a->place.exists) {
        char kept[5000];

        pgseal__format(kept, sizeof(kept), "%s is as it was.", a->place.name);
        cli_story_part(&s, "file:", kept, columns, a->log.colour);
    }
    fputs(cli_str(&s), stderr);
    cli_str_done(&s);
}

/* Returns the exit code. */
static int fail(struct app *a, const struct pgseal_err *err, const struct findings *why)
{
    wipe_bar(a);
    cli_say(&a->log, CLI_ERROR, "%s", err->msg);
    tell(a, err, why);
    if (a->json) {
        json_t *o = cli_json_object();

        cli_json_text(o, "file", a->place.path[0] != '\0' ? a->place.path : NULL);
        cli_json_text(o, "status", "refused");
        cli_json_put(o, "error", cli_json_error(err));
        cli_findings_json(o, why);
        (void)cli_json_print(stdout, o);
    }
    return ca_fetch_exit(err);
}

/* ---- doing -------------------------------------------------------------------------------------
 */

static int get(struct app *a, struct ca_download *d, struct pgseal_err *err)
{
    struct ca_download_options o = {
        .url = a->source.from,
        .shown = a->source.shown,
        .cacert = a->cacert,
        .timeout_s = a->timeout_s,
        .progress = on_progress,
        .ctx = a,
    };
    int rc;

    if (a->source.is_file) {
        struct cli_ca_bytes b;

        rc = cli_ca_read(a->source.from, &b, err);
        *d = (struct ca_download){.bytes = b.data, .n = b.n};
        return rc;
    }
    if (!a->bar && !a->quiet)
        cli_say(&a->log, CLI_PLAIN, "fetching %s", a->source.shown);
    rc = ca_download(&o, d, err);
    wipe_bar(a);
    return rc;
}

static int put(struct app *a, const struct ca_download *d, struct pgseal_err *err)
{
    int rc;

    if (a->to_stdout) {
        if (fwrite(d->bytes, 1, d->n, stdout) == d->n && fflush(stdout) == 0)
            return 0;
        return pgseal__fail(err, PGSEAL_E_FILE, "could not write to standard output");
    }
    cli_hold_ends(true);
    rc = ca_place_write(&a->place, d->bytes, d->n, err);
    cli_hold_ends(false);
    return rc;
}

static void report(struct app *a, const struct cli_fetched *f)
{
    FILE *to = a->to_stdout ? stderr : stdout;
    struct cli_str s = {0};

    if (a->json) {
        (void)cli_json_print(to, cli_fetch_json(f));
        return;
    }
    if (a->quiet)
        cli_findings_text(&s, f->findings, cli_columns(fileno(to)), cli_may_colour(fileno(to)));
    else
        cli_fetch_text(&s, f, cli_columns(fileno(to)), cli_may_colour(fileno(to)));
    fputs(cli_str(&s), to);
    cli_str_done(&s);
}

static int judge_and_put(struct app *a, const struct ca_download *d, struct findings *why,
                         struct pgseal_err *err)
{
    struct ca_judge_options o = {
        .source = &a->source,
        .output = a->to_stdout ? "standard output" : a->place.name,
        .path = a->place.path,
        .bytes = d->bytes,
        .n = d->n,
        .has_old = a->place.exists,
        .old = a->place.old,
        .old_n = a->place.old_n,
        .now_unix_s = time(NULL),
        /* A comparison lets nobody in and nobody go: it tells all of it. */
        .allow_foreign = a->allow_foreign || a->check,
        .allow_gone = a->allow_gone || a->check,
    };
    struct ca_fetched facts = {0};
    struct findings findings = {0};
    struct cli_fetched f = {&a->source, a->to_stdout ? NULL : &a->place, &facts, &findings, d->n,
                            false};
    int rc = ca_judge(&o, &facts, why, err);

    if (rc == 0 && !facts.same_bytes && !a->check) {
        rc = put(a, d, err);
        f.written = rc == 0;
    }
    if (rc == 0) {
        ca_fetch_findings(&o, &facts, &findings);
        report(a, &f);
        rc = a->check && !facts.same_bytes ? CLI_FOUND : cli_findings_exit(&findings);
    }
    findings_done(&findings);
    ca_fetched_done(&facts);
    return rc;
}

/* Ended by Ctrl-C: as the shell expects of a program that does not handle it. */
static void interrupted(struct app *a)
{
    wipe_bar(a);
    cli_say(&a->log, CLI_PLAIN, "interrupted; nothing was changed");
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

/* A region that nobody knows may be new, or a typing error: S3 would say "access denied" to it. */
static void doubt_region(struct app *a)
{
    const char *names[100], *near;
    size_t n = ca_known_regions(names, PGSEAL_COUNT(names));

    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], a->source.region) == 0)
            return;
    near = cli_nearest(a->source.region, names, n);
    cli_say(&a->log, CLI_WARNING, "region \"%s\" is not known to this version of pgseal%s%s%s",
            a->source.region, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
            near != NULL ? "?" : "");
}

static int run(struct app *a)
{
    struct ca_download d = {0};
    struct findings why = {0};
    struct pgseal_err err = {0};
    const char *output;
    int rc = ca_source_plan(a->region, a->partition, a->from, &a->source, &err);

    output = a->output != NULL ? a->output : a->source.name;
    a->to_stdout = strcmp(output, "-") == 0;
    if (rc == 0 && a->source.region[0] != '\0' && a->source.official)
        doubt_region(a);
    if (rc == 0 && !a->to_stdout)
        rc = ca_place_open(output, &a->place, &err);
    if (rc == 0)
        rc = get(a, &d, &err);
    if (rc == 0)
        rc = judge_and_put(a, &d, &why, &err);
    if (rc < 0 && cli_was_interrupted())
        interrupted(a);
    if (err.code != 0) {
        int code = fail(a, &err, &why);

        rc = rc == CLI_UNREACHED ? rc : code;
    }
    pgseal__free(d.bytes);
    findings_done(&why);
    ca_place_done(&a->place);
    return rc;
}

int cli_ca_fetch(int argc, char **argv)
{
    struct app a = {.timeout_s = 120,
                    .log = {.err = stderr, .out = stdout, .colour = cli_may_colour(2)}};
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    if (a.json && !cli_json_ready())
        return CLI_USAGE;
    a.bar = isatty(STDERR_FILENO) && !a.quiet;
    signal(SIGPIPE, SIG_IGN); /* libcurl is told not to touch signals */
    cli_catch_interrupt();
    return run(&a);
}

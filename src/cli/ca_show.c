/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca show`: what is in files of roots, and what is wrong with them. */
#include "ca_int.h"
#include "ca_read_int.h"
#include "ca_show_int.h"
#include "front_int.h"
#include "out_int.h"

#include <time.h>
#include <unistd.h>

enum opt_id { OPT_FOR, OPT_AT, OPT_ALL, OPT_FINGERPRINTS, OPT_JSON };
static const struct cli_optrow OPTS[] = {
    {0, "for", "WHAT", "Options",
     "what the file is meant to be: a region, global, gov, china or any (default: by its name)"},
    {0, "at", "DAY", "Options", "judge as on that day: 2027-06-01, or +90 for in 90 days"},
    {'a', "all", NULL, "Options", "each certificate, however many there are"},
    {0, "fingerprints", NULL, "Options", "each certificate with its whole SHA-256"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    struct ca_meant meant;
    bool is_meant, json;
    int64_t now_unix_s;
    char **paths;
    int n_paths;
    struct cli_ca_style style;
    json_t *files;
    size_t n, bad, found[FINDING_ERROR + 1];
    int worst; /* exit code */
};

static int refuse(struct cli_str *why, const char *option, const char *arg, const char *wants)
{
    cli_str_addf(why, "pgseal: error: --%s: \"%s\" is not %s\n", option, arg, wants);
    return -1;
}

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_FOR:
        a->is_meant = true;
        return ca_meant_by_word(arg, &a->meant)
                   ? 0
                   : refuse(why, "for", arg, "a region that is known, global, gov, china or any");
    case OPT_AT:
        return cli_day(arg, time(NULL), &a->now_unix_s)
                   ? 0
                   : refuse(why, "at", arg, "a day such as 2027-06-01 or +90");
    case OPT_ALL:
        a->style.all = true;
        break;
    case OPT_FINGERPRINTS:
        a->style.fingerprints = true;
        break;
    case OPT_JSON:
        a->json = true;
        break;
    }
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    struct app *a = ctx;

    a->paths = argv + first;
    a->n_paths = argc - first;
    if (a->n_paths > 0)
        return 0;
    cli_str_add(why, "pgseal: error: which file?\n");
    return -1;
}

static const struct cli_front FRONT = {
    .name = "ca show",
    .usage = "[OPTION]... FILE...",
    .about = "pgseal ca show looks into files of root certificates (sslrootcert): what libpq loads "
             "of them,\n"
             "what it loses without a word, and what is wrong, with line numbers. FILE may be - "
             "for standard input.\n",
    .more = "  pgseal ca show global-bundle.pem\n"
            "  pgseal ca show --for ap-northeast-1 rds.pem\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

static void count(struct app *a, const struct ca_file *f)
{
    a->bad += cli_findings_exit(&f->findings) != CLI_FINE;
    for (size_t i = 0; i < f->findings.n; i++)
        a->found[finding_row(f->findings.item[i].id)->severity]++;
    if (a->worst < cli_findings_exit(&f->findings))
        a->worst = cli_findings_exit(&f->findings);
}

static void one(struct app *a, const char *path)
{
    struct ca_file f;
    struct cli_str out = {0};
    struct pgseal_err err = {0};
    int rc = cli_ca_look(path, a->now_unix_s, a->is_meant ? &a->meant : NULL, &f, &err);

    a->n++;
    if (rc != CLI_FINE) {
        a->worst = cli_failed(&err, NULL, rc);
        return;
    }
    count(a, &f);
    if (a->json) {
        cli_json_add(a->files, cli_ca_show_json(&f));
    } else {
        if (a->n > 1)
            cli_str_addc(&out, '\n');
        cli_ca_show_text(&out, &f, &a->style);
        fputs(cli_str(&out), stdout);
        cli_str_done(&out);
    }
    ca_file_done(&f);
}

/* "3 files, 1 with problems: 1 error, 2 notices". */
static void sum(const struct app *a)
{
    const char *sep = ": ";

    printf("\n%zu files, %zu with problems", a->n, a->bad);
    for (int s = FINDING_ERROR; s >= FINDING_NOTICE; s--) {
        if (a->found[s] == 0)
            continue;
        printf("%s%zu %s%s", sep, a->found[s], finding_severity_name((enum finding_severity)s),
               a->found[s] == 1 ? "" : "s");
        sep = ", ";
    }
    putchar('\n');
}

int cli_ca_show(int argc, char **argv)
{
    struct app a = {.now_unix_s = (int64_t)time(NULL)};
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    if (a.json && !cli_json_ready())
        return CLI_USAGE;
    a.style.columns = cli_columns(STDOUT_FILENO);
    a.style.colour = cli_may_colour(STDOUT_FILENO);
    a.files = a.json ? cli_json_array() : NULL;
    for (int i = 0; i < a.n_paths; i++)
        one(&a, a.paths[i]);
    if (a.json) {
        json_t *o = cli_json_object();

        cli_json_put(o, "files", a.files);
        (void)cli_json_print(stdout, o);
    } else if (a.n > 1) {
        sum(&a);
    }
    return a.worst;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Scans a verb's command line: help, hints and exit codes are the same everywhere. */
#include "findings_int.h"
#include "front_int.h"

struct scan {
    const struct cli_front *f;
    void *ctx;
    bool help;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct scan *s = ctx;

    if (strcmp(s->f->rows[row].name, "help") == 0) {
        s->help = true;
        return 0;
    }
    return s->f->take(s->ctx, row, arg, why);
}

static void help(const struct cli_front *f)
{
    struct cli_str s = {0};

    cli_str_addf(&s, "%s\nUsage: pgseal %s %s\n", f->about, f->name, f->usage);
    cli_optrows_help(f->rows, f->n, &s);
    if (f->more != NULL)
        cli_str_addf(&s, "\n%s", f->more);
    fputs(cli_str(&s), stdout);
    cli_str_done(&s);
}

int cli_no_operands(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    char shown[1024];

    (void)ctx;
    if (argc == first)
        return 0;
    cli_str_addf(why, "pgseal: error: unexpected argument \"%s\"\n",
                 pgseal__escape(shown, sizeof(shown), argv[first], strlen(argv[first]), 256));
    return -1;
}

int cli_enter(const struct cli_front *f, void *ctx, int argc, char **argv, int *code)
{
    struct scan s = {.f = f, .ctx = ctx};
    struct cli_str why = {0};
    int first = cli_optscan(f->rows, f->n, argc, argv, take, &s, &why);

    if (first >= 0 && !s.help && f->check != NULL && f->check(ctx, argc, argv, first, &why) < 0)
        first = -1;
    fputs(cli_str(&why), stderr);
    cli_str_done(&why);
    if (first < 0) {
        fprintf(stderr, "pgseal: hint: pgseal %s --help\n", f->name);
        *code = CLI_USAGE;
        return -1;
    }
    if (!s.help)
        return first;
    help(f);
    *code = CLI_FINE;
    return -1;
}

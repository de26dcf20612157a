/* SPDX-License-Identifier: PostgreSQL */
/* Scans a verb's command line: help, hints and exit codes are the same everywhere. */
#include "findings_int.h"
#include "front_int.h"
#include "out_int.h"

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

static void flush_words(struct cli_str *out, struct cli_str *words)
{
    if (words->len > 0)
        cli_paragraph(out, cli_str(words), 0, CLI_HELP_WIDTH);
    cli_str_cut(words, 0);
}

/* Sentences are wrapped; lines that are empty or begin with a blank (commands) stay as they are. */
static void flow(struct cli_str *out, const char *text)
{
    struct cli_str words = {0};

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        if (n == 0 || text[0] == ' ') {
            flush_words(out, &words);
            cli_str_addn(out, text, n);
            cli_str_addc(out, '\n');
        } else {
            if (words.len > 0)
                cli_str_addc(&words, ' ');
            cli_str_addn(&words, text, n);
        }
        text += n + (text[n] == '\n');
    }
    flush_words(out, &words);
    cli_str_done(&words);
}

static void help(const struct cli_front *f)
{
    struct cli_str s = {0};

    flow(&s, f->about);
    cli_str_addf(&s, "\nUsage: pgseal %s %s\n", f->name, f->usage);
    cli_optrows_help(f->rows, f->n, &s);
    if (f->more != NULL) {
        cli_str_addc(&s, '\n');
        flow(&s, f->more);
    }
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

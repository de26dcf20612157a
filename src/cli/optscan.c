/* SPDX-License-Identifier: PostgreSQL */
/* Scans options by a table of rows, with getopt_long; says what a typing error may have meant. */
#include "opts_int.h"
#include "optscan_int.h"
#include "out_int.h"

#include <getopt.h>

/* getopt_long answers this plus the row, so that no answer is a letter. */
#define ROW_BASE 256

#define HELP_COLUMN 34

struct tables {
    struct option *longs;
    char *shorts;
};

static void fill(struct tables *t, const struct cli_optrow *rows, size_t n)
{
    char *s;

    t->longs = cli_alloc((n + 1) * sizeof(*t->longs));
    t->shorts = s = cli_alloc(2 * n + 2);
    *s++ = ':'; /* a missing argument is ':' and not '?' */
    for (size_t i = 0; i < n; i++) {
        t->longs[i] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].arg != NULL ? required_argument : no_argument,
            .val = ROW_BASE + (int)i,
        };
        if (rows[i].letter == 0 || rows[i].letter == '?')
            continue;
        *s++ = rows[i].letter;
        if (rows[i].arg != NULL)
            *s++ = ':';
    }
    t->longs[n] = (struct option){0};
    *s = '\0';
}

static int row_of(const struct cli_optrow *rows, size_t n, int c)
{
    if (c >= ROW_BASE)
        return c - ROW_BASE;
    for (size_t i = 0; i < n; i++)
        if (rows[i].letter == c)
            return (int)i;
    return -1;
}

/* What getopt could not make sense of. */
static void complain(const struct cli_optrow *rows, size_t n, int c, char **argv,
                     struct cli_str *why)
{
    const char *word = optind > 0 ? argv[optind - 1] : "";
    const char **names;
    const char *near;
    char typed[64], shown[320];

    if (c == ':') {
        if (optopt > 0 && optopt < ROW_BASE)
            cli_str_addf(why, "pgseal: error: option -%c needs a value\n", optopt);
        else
            cli_str_addf(why, "pgseal: error: option %s needs a value\n", word);
        return;
    }
    if (optopt > 0 && optopt < ROW_BASE) {
        cli_str_addf(why, "pgseal: error: unknown option -%c\n", optopt);
        return;
    }
    if (optopt >= ROW_BASE) {
        cli_str_addf(why, "pgseal: error: option --%s takes no value\n",
                     rows[optopt - ROW_BASE].name);
        return;
    }
    pgseal__format(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
    names = cli_alloc(n * sizeof(*names));
    for (size_t i = 0; i < n; i++)
        names[i] = rows[i].name;
    near = cli_nearest(typed[0] == '-' && typed[1] == '-' ? typed + 2 : typed, names, n);
    cli_free(names);
    cli_str_addf(why, "pgseal: error: unknown option %s",
                 pgseal__escape(shown, sizeof(shown), typed, strlen(typed), 64));
    if (near != NULL)
        cli_str_addf(why, "; did you mean --%s?", near);
    cli_str_addc(why, '\n');
}

int cli_optscan(const struct cli_optrow *rows, size_t n, int argc, char **argv, cli_opttake_fn take,
                void *ctx, struct cli_str *why)
{
    struct tables t;
    int rc = 0;
    int c;

    fill(&t, rows, n);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while (rc >= 0 && (c = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
        /* -? is how getopt says "unknown", and psql's way to ask for help. */
        bool asks = c == '?' && (optopt == '?' || optopt == 0) && optind > 0 &&
                    strcmp(argv[optind - 1], "-?") == 0;
        int row = (c == '?' && !asks) || c == ':' ? -1 : row_of(rows, n, c);

        if (row < 0) {
            complain(rows, n, c, argv, why);
            rc = -1;
        } else {
            rc = take(ctx, (size_t)row, optarg, why);
        }
    }
    cli_free(t.longs);
    cli_free(t.shorts);
    return rc < 0 ? -1 : optind;
}

static bool same_group(const struct cli_optrow *a, const struct cli_optrow *b)
{
    return a->group != NULL && b->group != NULL && strcmp(a->group, b->group) == 0;
}

static void help_line(const struct cli_optrow *row, struct cli_str *out)
{
    size_t start = out->len;
    size_t used;

    if (row->letter != 0)
        cli_str_addf(out, "  -%c, ", row->letter);
    else
        cli_str_add(out, "      ");
    cli_str_addf(out, "--%s%s%s", row->name, row->arg != NULL ? "=" : "",
                 row->arg != NULL ? row->arg : "");
    used = out->len - start;
    if (used < HELP_COLUMN) {
        cli_str_pad(out, HELP_COLUMN - used);
    } else {
        cli_str_addc(out, '\n');
        cli_str_pad(out, HELP_COLUMN);
    }
    cli_paragraph(out, row->help, HELP_COLUMN, CLI_HELP_WIDTH);
}

void cli_optrows_help(const struct cli_optrow *rows, size_t n, struct cli_str *out)
{
    for (size_t i = 0; i < n; i++) {
        bool seen = rows[i].group == NULL;

        for (size_t j = 0; j < i && !seen; j++)
            seen = same_group(&rows[j], &rows[i]);
        if (seen)
            continue;
        cli_str_addf(out, "\n%s:\n", rows[i].group);
        for (size_t j = i; j < n; j++)
            if (same_group(&rows[i], &rows[j]))
                help_line(&rows[j], out);
    }
}

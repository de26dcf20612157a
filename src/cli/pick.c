/* SPDX-License-Identifier: PostgreSQL */
/* Finds what argv[1] names among rows: help, near misses, and the call. */
#include "opts_int.h"
#include "optscan_int.h"
#include "out_int.h"
#include "pick_int.h"

enum { EXIT_FINE = 0, EXIT_USAGE = 2 };

static void help(const struct cli_picks *p, FILE *f)
{
    bool verbs = strcmp(p->what, "verb") == 0;
    const char *word = verbs ? "VERB" : "COMMAND";
    const char *last = "";
    struct cli_str s = {0};

    cli_paragraph(&s, p->intro, 0, CLI_HELP_WIDTH);
    cli_str_addf(&s, "\nUsage: %s %s [OPTION]...\n", p->program, word);
    for (size_t i = 0; i < p->n; i++) {
        const char *group = p->rows[i].group != NULL ? p->rows[i].group
                            : verbs                  ? "Verbs"
                                                     : "Commands";

        if (p->rows[i].run == NULL)
            continue;
        if (strcmp(group, last) != 0)
            cli_str_addf(&s, "\n%s:\n", group);
        last = group;
        cli_str_addf(&s, "  %-10s  ", p->rows[i].name);
        cli_paragraph(&s, p->rows[i].text, 14, CLI_HELP_WIDTH);
    }
    cli_str_addf(&s, "\n%s %s --help tells more; so do the manual pages.\n", p->program, word);
    fputs(cli_str(&s), f);
    cli_str_done(&s);
}

static int unknown(const struct cli_picks *p, const char *name)
{
    const char **names = cli_alloc(p->n * sizeof(*names));
    const char *near;
    char shown[320];
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].run != NULL)
            names[n++] = p->rows[i].name;
    near = cli_nearest(name, names, n);
    fprintf(stderr, "pgseal: error: unknown %s \"%s\"", p->what,
            pgseal__escape(shown, sizeof(shown), name, strlen(name), 64));
    if (near != NULL)
        fprintf(stderr, "; did you mean %s?", near);
    fprintf(stderr, "\npgseal: hint: %s --help\n", p->program);
    cli_free(names);
    return EXIT_USAGE;
}

static int left_out(const struct cli_picks *p, const char *name)
{
    fprintf(stderr,
            "pgseal: error: this pgseal is the client alone and has no %s \"%s\"\n"
            "pgseal: hint: use a full build of pgseal, on a machine with PostgreSQL\n",
            p->what, name);
    return EXIT_USAGE;
}

int cli_pick_run(const struct cli_picks *p, int argc, char **argv)
{
    if (argc < 2) {
        help(p, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "help") == 0) {
        help(p, stdout);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(argv[1], p->rows[i].name) == 0)
            return p->rows[i].run != NULL ? p->rows[i].run(argc - 1, argv + 1)
                                          : left_out(p, argv[1]);
    return unknown(p, argv[1]);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The dispatcher: pgseal VERB, --help, --version, and what was meant by a typing error. */
#include "opts_int.h"
#include "verbs_int.h"

#include "cli.h"

#include <fcntl.h>
#include <unistd.h>

#ifdef PGSEAL_CLIENT_ONLY
#    define PGSEAL_RUN_FULL(run) NULL
#else
#    define PGSEAL_RUN_FULL(run) run
#endif
#define PGSEAL_RUN_CLIENT(run) run

static const struct verb {
    const char *name, *text;
    int (*run)(int argc, char **argv); /* NULL: not in this build */
} VERBS[] = {
#define PGSEAL_ROW(name, build, text) {#name, text, PGSEAL_RUN_##build(cli_verb_##name)},
#include "verbs.def"
#undef PGSEAL_ROW
};

enum { EXIT_FINE = 0, EXIT_USAGE = 2 };

static void help(FILE *f)
{
    fputs("pgseal connects to PostgreSQL, provably encrypted and authenticated.\n"
          "\n"
          "Usage: pgseal VERB [OPTION]...\n"
          "\n"
          "Verbs:\n",
          f);
    for (size_t i = 0; i < PGSEAL_COUNT(VERBS); i++)
        if (VERBS[i].run != NULL)
            fprintf(f, "  %-10s  %s\n", VERBS[i].name, VERBS[i].text);
    fputs("\n"
          "pgseal VERB --help tells more; so do the manual pages pgseal(1) and pgseal-VERB(1).\n",
          f);
}

static int unknown(const char *name)
{
    const char *names[PGSEAL_COUNT(VERBS)];
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < PGSEAL_COUNT(VERBS); i++)
        if (VERBS[i].run != NULL)
            names[n++] = VERBS[i].name;
    near = cli_nearest(name, names, n);
    fprintf(stderr, "pgseal: error: unknown verb \"%s\"", name);
    if (near != NULL)
        fprintf(stderr, "; did you mean %s?", near);
    fputs("\npgseal: hint: pgseal --help\n", stderr);
    return EXIT_USAGE;
}

static int left_out(const char *name)
{
    fprintf(stderr,
            "pgseal: error: this pgseal is the client alone and has no verb \"%s\"\n"
            "pgseal: hint: use a full build of pgseal, on a machine with PostgreSQL\n",
            name);
    return EXIT_USAGE;
}

/*
 * A socket that became descriptor 1 because the caller had closed it would receive our output. What
 * is written to a place that was closed fails instead.
 */
static void hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            _exit(EXIT_USAGE);
}

int cli_main(int argc, char **argv)
{
    hold_descriptors();
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return EXIT_FINE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("pgseal " PGSEAL_VERSION);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < PGSEAL_COUNT(VERBS); i++)
        if (strcmp(argv[1], VERBS[i].name) == 0)
            return VERBS[i].run != NULL ? VERBS[i].run(argc - 1, argv + 1) : left_out(argv[1]);
    return unknown(argv[1]);
}

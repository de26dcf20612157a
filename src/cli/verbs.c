/* SPDX-License-Identifier: PostgreSQL */
/* The dispatcher: pgseal VERB, --help, --version, and what was meant by a typing error. */
#include "pick_int.h"
#include "verbs_int.h"

#include "cli.h"

#ifdef PGSEAL_STATIC
#    include "standalone/standalone.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef PGSEAL_CLIENT_ONLY
#    define PGSEAL_RUN_FULL(run) NULL
#else
#    define PGSEAL_RUN_FULL(run) run
#endif
#define PGSEAL_RUN_CLIENT(run) run

static const struct cli_pick VERBS[] = {
#define PGSEAL_ROW(name, build, text) {#name, text, PGSEAL_RUN_##build(cli_verb_##name), NULL},
#include "verbs.def"
#undef PGSEAL_ROW
};

/*
 * A socket that became descriptor 1 because the caller had closed it would receive our output. What
 * is written to a place that was closed fails instead.
 */
static void hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            _exit(2);
}

static int run(int argc, char **argv)
{
    static const struct cli_picks picks = {
        .program = "pgseal",
        .what = "verb",
        .intro = "pgseal connects to PostgreSQL, provably encrypted and authenticated.\n",
        .rows = VERBS,
        .n = PGSEAL_COUNT(VERBS),
    };

    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts("pgseal " PGSEAL_VERSION);
        return EXIT_SUCCESS;
    }
    return cli_pick_run(&picks, argc, argv);
}

/*
 * "All is well" that nobody could read is not well: a full disk behind `> report` would leave half
 * of one and exit code 0. A verb that ended with another code has said something already.
 */
static int flushed(int code)
{
    char reason[128];
    int failed = fflush(stdout) != 0 ? errno : 0;

    if ((failed == 0 && !ferror(stdout)) || code != EXIT_SUCCESS)
        return code;
    if (failed != 0)
        fprintf(stderr, "pgseal: error: could not write to standard output: %s\n",
                strerror_r(failed, reason, sizeof(reason)));
    else /* at an earlier write, whose reason is gone */
        fprintf(stderr, "pgseal: error: could not write to standard output\n");
    return EXIT_FAILURE;
}

int cli_main(int argc, char **argv)
{
    hold_descriptors();
#ifdef PGSEAL_STATIC
    standalone_start();
#endif
    return flushed(run(argc, argv));
}

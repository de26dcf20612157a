/* SPDX-License-Identifier: PostgreSQL */
/* The dispatcher: pgseal VERB, --help, --version, and what was meant by a typing error. */
#include "pick_int.h"
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

static const struct cli_pick VERBS[] = {
#define PGSEAL_ROW(name, build, text) {#name, text, PGSEAL_RUN_##build(cli_verb_##name)},
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

int cli_main(int argc, char **argv)
{
    static const struct cli_picks picks = {
        .program = "pgseal",
        .what = "verb",
        .intro = "pgseal connects to PostgreSQL, provably encrypted and authenticated.\n",
        .rows = VERBS,
        .n = PGSEAL_COUNT(VERBS),
    };

    hold_descriptors();
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts("pgseal " PGSEAL_VERSION);
        return 0;
    }
    return cli_pick_run(&picks, argc, argv);
}

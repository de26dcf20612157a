/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca`: trust bundles and an own authority; finds the row of ca.def and runs it. */
#include "ca_int.h"
#include "pick_int.h"
#include "verbs_int.h"

#define ROOTS   "Commands for files of roots"
#define SERVERS "Commands for what a server sends"
#define OWN     "Commands for an authority of your own"

static const struct cli_pick ROWS[] = {
#define PGSEAL_ROW(name, group, text) {#name, text, cli_ca_##name, group},
#include "ca.def"
#undef PGSEAL_ROW
};

int cli_verb_ca(int argc, char **argv)
{
    static const struct cli_picks picks = {
        .program = "pgseal ca",
        .what = "command",
        .intro =
            "pgseal ca looks after trust: the roots that clients verify servers with, and an own "
            "authority for servers of your own.\n",
        .rows = ROWS,
        .n = PGSEAL_COUNT(ROWS),
    };

    return cli_pick_run(&picks, argc, argv);
}

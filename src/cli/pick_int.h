/* SPDX-License-Identifier: PostgreSQL */
/* Names that stand for something to run: the verbs, and what is below one. */
#ifndef PGSEAL_CLI_PICK_INT_H
#define PGSEAL_CLI_PICK_INT_H

#include "core/base/base.h"

/** One row: its name, what it does, and the function, whose argv[0] is the name. */
struct cli_pick {
    const char *name, *text;
    int (*run)(int argc, char **argv); /**< NULL: not in this build */
    const char *group;                 /**< heading in the help, or NULL */
};
struct cli_picks {
    const char *program; /**< "pgseal", "pgseal ca" */
    const char *what;    /**< "verb" */
    const char *intro;   /**< first line of the help */
    const struct cli_pick *rows;
    size_t n;
};
/** Runs the row that argv[1] names, or --help; says what a typing error may have meant (2). */
int cli_pick_run(const struct cli_picks *p, int argc, char **argv);

#endif

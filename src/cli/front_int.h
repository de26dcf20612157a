/* SPDX-License-Identifier: PostgreSQL */
/* The front door of a verb: its options, its help, and what is said when the command line is wrong.
 */
#ifndef PGSEAL_CLI_FRONT_INT_H
#define PGSEAL_CLI_FRONT_INT_H

#include "optscan_int.h"

/** What a verb is called and understands. */
struct cli_front {
    const char *name;              /**< "ca fetch" */
    const char *usage;             /**< behind the name: "[OPTION]... FILE..." */
    const char *about;             /**< first lines of the help, newlines included */
    const char *more;              /**< last lines of the help: examples, exit codes; or NULL */
    const struct cli_optrow *rows; /**< one is called "help" and is the front's own */
    size_t n;
    cli_opttake_fn take;
    /** Looks at the whole: operands are argv[first] on. < 0 and `why` when it is wrong. Or NULL. */
    int (*check)(void *ctx, int argc, char **argv, int first, struct cli_str *why);
};
/**
 * Scans the command line. `why` of take and check is printed in any case, so that they may warn.
 *
 * @return  index of the first operand; or -1, and `code` is what the verb ends with: 0 when the
 *          help was shown, 2 when something was wrong, which has been said.
 */
int cli_enter(const struct cli_front *f, void *ctx, int argc, char **argv, int *code);
/** The check of a verb that takes options only. */
int cli_no_operands(void *ctx, int argc, char **argv, int first, struct cli_str *why);

#endif

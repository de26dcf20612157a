/* SPDX-License-Identifier: PostgreSQL */
/* Options as rows of a table: scanning, typing errors and help for every verb. */
#ifndef PGSEAL_CLI_OPTSCAN_INT_H
#define PGSEAL_CLI_OPTSCAN_INT_H

#include "text_int.h"

/** One option. A letter of 0 has no short form. */
struct cli_optrow {
    char letter;
    const char *name;  /**< long name without dashes */
    const char *arg;   /**< name of its value in the help, NULL = takes none */
    const char *group; /**< heading in the help; NULL = known but not shown */
    const char *help;
};

/** Takes one option: `row` is its place in the table. 0, or < 0 to stop (`why` filled). */
typedef int (*cli_opttake_fn)(void *ctx, size_t row, const char *arg, struct cli_str *why);

/**
 * Scans the arguments behind argv[0] by the rules of getopt_long. Operands are moved behind the
 * options; "--" ends them.
 *
 * @param why  what is wrong, whole lines with "pgseal: error: ". The caller adds its hint.
 * @return     index of the first operand, or -1.
 */
int cli_optscan(const struct cli_optrow *rows, size_t n, int argc, char **argv, cli_opttake_fn take,
                void *ctx, struct cli_str *why);

#define CLI_HELP_WIDTH 80 /* of every --help */
/** Appends the rows with a group, one a line, under their headings in order of appearance. */
void cli_optrows_help(const struct cli_optrow *rows, size_t n, struct cli_str *out);

#endif

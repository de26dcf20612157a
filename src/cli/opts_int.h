/* SPDX-License-Identifier: PostgreSQL */
/* The command line of `pgseal connect`, and command lines for psql. */
#ifndef PGSEAL_CLI_OPTS_INT_H
#define PGSEAL_CLI_OPTS_INT_H

#include "table_int.h"
#include "target_int.h"

/** One -c or -f, in the order given. */
struct cli_action {
    bool is_file;     /**< -f: text is a file name, "-" standard input */
    const char *text; /**< lends from argv */
};

/** What was typed. Strings lend from argv unless a comment says otherwise. */
struct cli_opts {
    struct cli_target_opts target;
    struct cli_action *actions; /**< ours */
    size_t nactions;
    struct cli_print print;
    bool trace, json, quiet, on_error_stop;
    bool help, version;
    char *handover; /**< ours. The psql command line for the same connection, without secrets */
};

/**
 * Reads the arguments behind the verb; argv[0] is the verb.
 *
 * @param why  what is wrong and what to type instead, whole lines; also warnings on success.
 * @return     0, or -1.
 */
int cli_opts_parse(struct cli_opts *o, int argc, char **argv, struct cli_str *why);
void cli_opts_done(struct cli_opts *o);
/** Appends the options, grouped, one a line. */
void cli_opts_help(struct cli_str *out);

/** Appends `arg` so that a shell reads it as one word; quotes only where it has to. */
void cli_shell_word(struct cli_str *out, const char *arg);
/**
 * Replaces passwords in a connection string or URI by "***", in place; what is left over at the
 * end is zeroed. A text that is neither stays.
 */
void cli_mask_secrets(char *text);
/** The same, without a trace: for a command line to type. */
void cli_drop_secrets(char *text);
/** Row of `names` nearest to `typed`, or NULL when none is near. */
const char *cli_nearest(const char *typed, const char *const *names, size_t n);
/** psql's reading of on/off. 0, or -1 for neither. */
int cli_parse_bool(const char *text, bool *out);

#endif

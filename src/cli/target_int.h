/* SPDX-License-Identifier: PostgreSQL */
/* The server a verb is asked to connect to: from options and operands to an open session. */
#ifndef PGSEAL_CLI_TARGET_INT_H
#define PGSEAL_CLI_TARGET_INT_H

#include "out_int.h"
#include "trace_int.h"

#include <pgseal/drive.h>

/**
 * Places of the rows of target.def. A verb's table of options begins with #include "target.def", so
 * a row below CLI_TARGET_ROWS goes to cli_target_take(). Their group is CONNECT.
 */
#define CONNECT "Connecting"
enum cli_target_row {
#define PGSEAL_ROW(id, letter, name, arg, group, help) CLI_TARGET_##id,
#include "target.def"
#undef PGSEAL_ROW
    CLI_TARGET_ROWS
};

/** What was typed. Strings lend from argv. */
struct cli_target_opts {
    const char *host, *port, *user, *dbname;
    const char *sslkeylogfile; /**< connect's own option */
    bool ask_password, never_ask, strict;
};

/** One server to connect to. {0} with `opts` and `log` filled is ready for hide and settings. */
struct cli_target {
    struct cli_target_opts opts;
    struct cli_log log; /**< where warnings and failures go */
    bool quiet;         /**< no warnings */
    bool terminal;      /**< results go to one: client_encoding follows the locale */
    struct cli_trace trace;
    struct pgseal_conninfo *ci;     /**< ours */
    struct pgseal_session *session; /**< ours; NULL until open */
    char *dbname;                   /**< ours: a copy of the operand. Secret */
    char *password;                 /**< ours: typed. Secret */
};

/** Takes the option of a row below CLI_TARGET_ROWS. */
void cli_target_take(struct cli_target_opts *o, size_t row, const char *arg);
/** Takes an operand: [CONNINFO | URI | DBNAME [USER]]. False when there were two already. */
bool cli_target_operand(struct cli_target_opts *o, const char *operand);
/** Copies the connection string and masks what is secret in argv: the words are public (ps). */
void cli_target_hide(struct cli_target *t, int argc, char **argv);
/** Options, connection string, environment and files become settings; shows warnings. 0 or < 0. */
int cli_target_settings(struct cli_target *t, struct pgseal_err *err);
/** Opens the session; notices that came with it are shown. 0 or < 0. */
int cli_target_open(struct cli_target *t, struct pgseal_err *err);
struct cli_about;
/** What is known of the open session, for the tellers of about_int.h. */
struct cli_about cli_target_about(const struct cli_target *t);
/** Says that it failed, and the story of why. */
void cli_target_failed(const struct cli_target *t, const struct pgseal_err *err);
/** Closes, frees and wipes. */
void cli_target_done(struct cli_target *t);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Running commands on an open session: results, COPY, scripts, the prompt. */
#ifndef PGSEAL_CLI_RUN_INT_H
#define PGSEAL_CLI_RUN_INT_H

#include "lexer_int.h"
#include "opts_int.h"
#include "out_int.h"
#include "table_int.h"

#include <pgseal/wire.h>

/**
 * What running commands needs of a session; pgseal_session_* behind it, a script of messages in
 * tests. Returns and errors are those of <pgseal/drive.h>.
 */
struct cli_link {
    void *ctx;
    /** Once it has returned 0 or < 0 (but TIMEOUT after an interrupt) the session is over; err->msg
     * then says so in libpq's words. */
    int (*read)(void *ctx, struct pgseal_frame *out, struct pgseal_err *err);
    int (*write)(void *ctx, uint8_t type, const void *body, size_t n, struct pgseal_err *err);
    int (*flush)(void *ctx, struct pgseal_err *err);
    int (*cancel)(void *ctx, struct pgseal_err *err);
    const char *(*param)(void *ctx, const char *name);
};

/** One result of a query string, in the words of libpq's PGresult. */
enum cli_kind {
    CLI_RES_END = 0,   /**< ReadyForQuery: there are no more */
    CLI_RES_TUPLES,    /**< rows */
    CLI_RES_COMMAND,   /**< a command without rows */
    CLI_RES_EMPTY,     /**< an empty query */
    CLI_RES_ERROR,     /**< the server said no, or broke the protocol; text is what to print */
    CLI_RES_LOST,      /**< the connection is gone; text is what to print */
    CLI_RES_COPY_IN,   /**< the server waits for data */
    CLI_RES_COPY_OUT,  /**< data follow */
    CLI_RES_COPY_BOTH, /**< a replication stream */
};
struct cli_result {
    enum cli_kind kind;
    struct cli_col *cols;
    size_t ncols;
    struct cli_rows rows;
    char tag[64];        /**< of CommandComplete: "INSERT 0 1" */
    bool binary;         /**< COPY: in binary format */
    struct cli_str text; /**< ERROR, LOST */
};

struct cli_run;
/** What the program around the session does for it. */
struct cli_host {
    void *ctx;
    /** The connection was lost at the prompt: true when there is a new one. */
    bool (*reset)(void *ctx, struct cli_run *run);
    /** Says what the connection made again proves. */
    void (*announce)(void *ctx, struct cli_run *run);
    /** Prints \conninfo. */
    void (*conninfo)(void *ctx, struct cli_run *run);
    /** Appends the story of what was verified. */
    void (*ssl)(void *ctx, struct cli_run *run);
    const char *dbname; /**< for the prompt */
};

/** Everything commands run with. */
struct cli_run {
    struct cli_link link;
    struct cli_host host;
    struct cli_log log;     /**< log.file and log.line follow the script */
    struct cli_print print; /**< \x changes it */
    const char *handover;   /**< psql's command line for the same connection */
    FILE *out;
    FILE *source;   /**< what COPY FROM STDIN reads: the script, else standard input */
    bool at_prompt; /**< commands come from a person */
    bool quiet, on_error_stop;
    bool open;             /**< there is a session */
    bool pager;            /**< both ends are a terminal */
    enum cli_enc enc;      /**< of the session, kept up to date */
    char txn;              /**< 'I', 'T', 'E' of the last ReadyForQuery */
    bool cancelled;        /**< a cancel request was sent for the running query */
    struct cli_str key;    /**< \restrict */
    struct cli_str notify; /**< notifications, printed behind the query they came with */
    const char *query;     /**< the text that is running, for LINE and caret */
    struct pgseal_err err; /**< of the link: 8 kB that not every message should clear */
};

/* ---- results (result.c) --------------------------------------------------------------------- */

/** Reads the next result of the running query; shows notices meanwhile. */
void cli_result_next(struct cli_run *run, struct cli_result *res);
void cli_result_done(struct cli_result *res);
/** Makes an ErrorResponse the result. */
void cli_result_from(struct cli_run *run, const struct pgseal_frame *f, struct cli_result *res);
/** Reads one message. False when the connection is gone: res is then LOST. */
bool cli_read(struct cli_run *run, struct pgseal_frame *f, struct cli_result *res);
/** Messages that may come at any time: true when it was one. */
bool cli_async(struct cli_run *run, const struct pgseal_frame *f);
/** Takes over what the server reported; once after connecting, then as it comes. */
void cli_run_params(struct cli_run *run);

/* ---- queries (query.c) ---------------------------------------------------------------------- */

/** Runs one query string and prints what comes. True when all of it succeeded. */
bool cli_query(struct cli_run *run, const char *sql);

/* ---- COPY (copy.c) -------------------------------------------------------------------------- */

/** Takes the data of a COPY TO STDOUT; res becomes what ended it. True when all was written. */
bool cli_copy_out(struct cli_run *run, struct cli_result *res);
/** Sends the data of a COPY FROM STDIN; res becomes what ended it. */
bool cli_copy_in(struct cli_run *run, struct cli_result *res);

/* ---- backslash commands (backslash.c) ------------------------------------------------------- */

enum cli_slash { CLI_SLASH_OK = 0, CLI_SLASH_ERROR, CLI_SLASH_QUIT, CLI_SLASH_FOREIGN };
/**
 * Runs the command at p (behind its backslash).
 *
 * @param used  gets the bytes it took, arguments included.
 * @return      FOREIGN for a command that is psql's (said already).
 */
enum cli_slash cli_slash(struct cli_run *run, const char *p, size_t n, size_t *used);

/* ---- scripts (script.c) and the prompt (repl.c) --------------------------------------------- */

enum { CLI_EXIT_OK = 0, CLI_EXIT_FAILURE = 1, CLI_EXIT_BADCONN = 2, CLI_EXIT_USER = 3 };

/** Where the lines of the main loop come from. */
struct cli_lines_in {
    void *ctx;
    /** Gives the next line without its newline in `line`; false at the end. */
    bool (*next)(void *ctx, struct cli_run *run, enum cli_prompt prompt, struct cli_str *line);
    /** The statement in `line` was run or added to: for the history. May be NULL. */
    void (*remember)(void *ctx, const char *line);
    bool *failed; /**< set by next() when reading failed; may be NULL */
};
/** Runs lines until they end; returns the exit code. */
int cli_main_loop(struct cli_run *run, const struct cli_lines_in *in);
/** Runs a script: a file name, or "-" or NULL for standard input. Returns the exit code. */
int cli_script(struct cli_run *run, const char *file);
/** Runs the prompt on the terminal. */
int cli_repl(struct cli_run *run);
/** Writes the prompt's text. */
void cli_prompt_text(const struct cli_run *run, enum cli_prompt prompt, char *out, size_t cap);

/* ---- signals (signals.c) -------------------------------------------------------------------- */

/** Set to 1 by Ctrl-C once cli_catch_interrupt() was called. */
extern int cli_interrupted;
void cli_catch_interrupt(void);
bool cli_was_interrupted(void);
void cli_interrupt_clear(void);
/**
 * Holds what would end the program (Ctrl-C, TERM, HUP) until the next call with false: between a
 * temporary file and its rename nothing may stay behind. A file size limit is an error from then
 * on, as a full disk is, and no signal.
 */
void cli_hold_ends(bool hold);

/* ---- the pager (pager.c) -------------------------------------------------------------------- */

/** A stream for so many lines and columns: the pager when they do not fit, else run->out. */
FILE *cli_pager_open(struct cli_run *run, size_t lines, size_t width);
void cli_pager_close(struct cli_run *run, FILE *f);
/** Columns of the terminal; SIZE_MAX when it does not tell. */
size_t cli_pager_columns(const struct cli_run *run);

#endif

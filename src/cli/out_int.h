/* SPDX-License-Identifier: PostgreSQL */
/* What goes to standard error: messages as psql prefixes them, and the story of a failure. */
#ifndef PGSEAL_CLI_OUT_INT_H
#define PGSEAL_CLI_OUT_INT_H

#include "text_int.h"

enum cli_level { CLI_PLAIN = 0, CLI_WARNING, CLI_ERROR };

/** Where messages go and what stands before them. */
struct cli_log {
    FILE *err;          /**< standard error */
    FILE *out;          /**< flushed first, so that both keep their order */
    const char *file;   /**< script that is running, or NULL */
    unsigned long line; /**< in that script; 0 = none */
    bool terse;         /**< psql's -c and prompt: no program name, no "error:" */
    bool colour;        /**< SGR sequences */
};
/**
 * Prints one message. "pgseal:", then the script's "FILE:LINE:", then the level, all as psql does:
 * PG15 src/common/logging.c. One newline at the end of the text is dropped.
 */
void cli_say(const struct cli_log *log, enum cli_level level, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);
/** True when `fd` is a terminal that may be coloured (NO_COLOR is not set). */
bool cli_may_colour(int fd);
/** Columns of the terminal behind `fd`; 80 when it is none. */
int cli_columns(int fd);

/**
 * Appends the story of a failure: `code`, `seen`, `why`, `fix`, each line two blanks and a label,
 * or eight blanks. Words are wrapped at `columns`; a line of a text that begins with a blank is a
 * command and stays whole.
 */
void cli_story(struct cli_str *out, const struct pgseal_err *err, int columns, bool colour);
/**
 * Appends a text wrapped at `columns` and a newline. What stands before it in its first line is
 * `indent` columns wide; the lines below begin with as many blanks.
 */
void cli_paragraph(struct cli_str *out, const char *text, int indent, int columns);
/** Appends one paragraph under a label ("seen:"), wrapped as a story is. */
void cli_story_part(struct cli_str *out, const char *label, const char *text, int columns,
                    bool colour);

/** Where a report for people goes: headings, and facts behind labels. */
struct cli_sheet {
    struct cli_str *out;
    int columns;
    bool colour;
    int label; /**< columns of a label with the two blanks before it */
};
/** Appends an empty line and a heading. */
void cli_heading(const struct cli_sheet *p, const char *text);
/** Appends "  label      a text that goes on below itself"; "-" for an empty one. */
void cli_fact(const struct cli_sheet *p, const char *label, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Rows in columns for people: as wide as they are, or squeezed into a terminal. */
#ifndef PGSEAL_CLI_GRID_INT_H
#define PGSEAL_CLI_GRID_INT_H

#include "text_int.h"

/** A column. */
struct cli_grid_col {
    const char *title;
    bool right;  /**< numbers */
    int drop;    /**< where columns must go, the highest goes first; 0 stays */
    bool shrink; /**< may be cut, down to eight columns */
};

/** Cells, row by row. {0} with cols, ncols and columns filled is empty. */
struct cli_grid {
    const struct cli_grid_col *cols;
    size_t ncols; /**< at most 16 */
    int columns;  /**< of the terminal; 0 = as wide as it gets */
    bool colour;
    char **cell; /* ours */
    size_t n, cap;
};
/** Adds the next cell of the row; text must be safe to show. */
void cli_grid_add(struct cli_grid *g, const char *text);
void cli_grid_addf(struct cli_grid *g, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/** Adds bytes of somebody else, made safe to show; "-" when there are none. */
void cli_grid_add_peer(struct cli_grid *g, const char *p, size_t n);
/** Appends head and rows, each behind two blanks. A column that is "-" or "" everywhere is left
 * out. */
void cli_grid_print(const struct cli_grid *g, struct cli_str *out);
void cli_grid_done(struct cli_grid *g);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Rows of a result in memory, and the formats they are printed in. */
#ifndef PGSEAL_CLI_TABLE_INT_H
#define PGSEAL_CLI_TABLE_INT_H

#include "text_int.h"

/** A column as RowDescription names it. */
struct cli_col {
    char *name;
    size_t len; /**< of name, behind validation for the encoding */
    uint32_t type;
};

/** One row: the fields of a DataRow behind their count, checked when it was added. */
struct cli_row {
    const uint8_t *p;
    const uint8_t *end;
};
/** One value. p is NULL for NULL. */
struct cli_value {
    const uint8_t *p;
    size_t len;
};

struct cli_chunk;
/** All rows of one result, as they came over the wire. {0} is empty. */
struct cli_rows {
    struct cli_chunk *first, *last;
    size_t count;
};
/**
 * Adds the fields of a DataRow (behind the field count): ncols times a length word and bytes, of
 * which what psql would not print (cli_cell_validate) is left out. 0, or -1 when they do not fit.
 */
int cli_rows_add(struct cli_rows *rows, enum cli_enc enc, size_t ncols, const uint8_t *p, size_t n);
void cli_rows_done(struct cli_rows *rows);
/** Walks the rows: start with {0}. False behind the last. */
struct cli_rows_iter {
    const struct cli_chunk *chunk;
    size_t off;
    bool started;
};
bool cli_rows_next(const struct cli_rows *rows, struct cli_rows_iter *it, struct cli_row *row);
/** Takes the next value off a row. */
struct cli_value cli_row_value(struct cli_row *row);

enum cli_format { CLI_ALIGNED = 0, CLI_UNALIGNED, CLI_CSV };

/** How results are printed: psql's \pset in our few dimensions. */
struct cli_print {
    enum cli_format format;
    bool tuples_only;
    bool expanded;
    bool expanded_auto;    /**< expanded when the terminal is too narrow for the table */
    const char *fieldsep;  /**< unaligned; "|" */
    const char *recordsep; /**< unaligned; "\n" */
    bool fieldsep_zero, recordsep_zero;
};

/** What one result set looks like to the printers. */
struct cli_table {
    enum cli_enc enc;
    const char *title; /**< NULL = none, as a query's result has */
    const struct cli_col *cols;
    size_t ncols;
    const struct cli_rows *rows;
};

/** True for the types psql aligns to the right. */
bool cli_type_right(uint32_t oid);
/** Prints by the format asked for. What could not be written shows in ferror(f). */
void cli_table_print(FILE *f, const struct cli_table *t, const struct cli_print *how);
/** Lines the aligned formats will print and the width of the widest; for the pager. */
void cli_table_extent(const struct cli_table *t, const struct cli_print *how, size_t *lines,
                      size_t *width);

/* The printers behind cli_table_print(). */
void cli_print_aligned(FILE *f, const struct cli_table *t, const struct cli_print *how);
void cli_print_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how);
void cli_print_plain(FILE *f, const struct cli_table *t, const struct cli_print *how);
void cli_print_plain_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how);
void cli_print_csv(FILE *f, const struct cli_table *t, const struct cli_print *how);
void cli_print_csv_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how);
/** "(1 row)", "(2 rows)". */
void cli_print_row_count(FILE *f, size_t count);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* The formats for programs: unaligned and CSV, each also expanded. */
#include "table_int.h"

static void put(FILE *f, const void *p, size_t n)
{
    if (n > 0)
        fwrite_unlocked(p, 1, n, f);
}

static void field_sep(FILE *f, const struct cli_print *how)
{
    if (how->fieldsep_zero)
        putc_unlocked('\0', f);
    else
        fputs_unlocked(how->fieldsep, f);
}

static void record_sep(FILE *f, const struct cli_print *how)
{
    if (how->recordsep_zero)
        putc_unlocked('\0', f);
    else
        fputs_unlocked(how->recordsep, f);
}

/* The last record ends with a newline whatever the separator is; with NUL when that is NUL. */
static void last_sep(FILE *f, const struct cli_print *how)
{
    putc_unlocked(how->recordsep_zero ? '\0' : '\n', f);
}

void cli_print_plain(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct cli_rows_iter it = {0};
    struct cli_row row;
    bool sep = false; /* something stands before the next record */

    if (!how->tuples_only && t->title != NULL) {
        fputs(t->title, f);
        record_sep(f, how);
    }
    if (!how->tuples_only) {
        for (size_t i = 0; i < t->ncols; i++) {
            if (i > 0)
                field_sep(f, how);
            put(f, t->cols[i].name, t->cols[i].len);
        }
        sep = true;
    }
    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row)) {
        if (sep)
            record_sep(f, how);
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            if (i > 0)
                field_sep(f, how);
            put(f, v.p, v.len);
        }
        sep = true;
    }
    if (!how->tuples_only) {
        record_sep(f, how);
        cli_print_row_count(f, t->rows->count);
    }
    if (sep)
        last_sep(f, how);
}

void cli_print_plain_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct cli_rows_iter it = {0};
    struct cli_row row;
    bool sep = false;

    if (!how->tuples_only && t->title != NULL) {
        fputs(t->title, f);
        sep = true;
    }
    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row)) {
        if (sep) {
            record_sep(f, how);
            record_sep(f, how);
        }
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            if (i > 0)
                record_sep(f, how);
            put(f, t->cols[i].name, t->cols[i].len);
            field_sep(f, how);
            put(f, v.p, v.len);
        }
        sep = true;
    }
    if (sep)
        last_sep(f, how);
}

/* PG15 print.c csv_print_field: also what COPY would take for its end-of-data mark is quoted. */
static void csv_field(FILE *f, const void *text, size_t n)
{
    const char *p = text;
    bool quote = n == 2 && memcmp(p, "\\.", 2) == 0;

    for (size_t i = 0; i < n && !quote; i++)
        quote = p[i] == ',' || p[i] == '"' || p[i] == '\r' || p[i] == '\n';
    if (!quote) {
        put(f, p, n);
        return;
    }
    putc_unlocked('"', f);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"')
            putc_unlocked('"', f);
        putc_unlocked(p[i], f);
    }
    putc_unlocked('"', f);
}

void cli_print_csv(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct cli_rows_iter it = {0};
    struct cli_row row;

    if (!how->tuples_only) {
        for (size_t i = 0; i < t->ncols; i++) {
            if (i > 0)
                putc_unlocked(',', f);
            csv_field(f, t->cols[i].name, t->cols[i].len);
        }
        putc_unlocked('\n', f);
    }
    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row)) {
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            if (i > 0)
                putc_unlocked(',', f);
            csv_field(f, v.p, v.len);
        }
        putc_unlocked('\n', f);
    }
}

void cli_print_csv_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct cli_rows_iter it = {0};
    struct cli_row row;

    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row)) {
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            csv_field(f, t->cols[i].name, t->cols[i].len);
            putc_unlocked(',', f);
            csv_field(f, v.p, v.len);
            putc_unlocked('\n', f);
        }
    }
}

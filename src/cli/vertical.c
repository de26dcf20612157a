/* SPDX-License-Identifier: PostgreSQL */
/* The aligned format, expanded: one line a value under "-[ RECORD n ]---". */
#include "table_int.h"

struct shape {
    int names, values; /* columns of the two sides */
};

static void put_times(FILE *f, char c, int n)
{
    for (; n > 0; n--)
        putc_unlocked(c, f);
}

static struct shape measure(const struct cli_table *t)
{
    struct shape s = {0};
    struct cli_rows_iter it = {0};
    struct cli_row row;
    int width, height;

    for (size_t i = 0; i < t->ncols; i++) {
        cli_cell_size(t->enc, (const uint8_t *)t->cols[i].name, t->cols[i].len, &width, &height);
        if (width > s.names)
            s.names = width;
    }
    while (cli_rows_next(t->rows, &it, &row)) {
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            cli_cell_size(t->enc, v.p, v.len, &width, &height);
            if (width > s.values)
                s.values = width;
        }
    }
    return s;
}

/* The line above a record; record 0 is the line between two records of tuples only. */
static void print_record_line(FILE *f, const struct shape *s, size_t record)
{
    int used = 0; /* of the names' side, its leading dash included */
    int over;

    putc_unlocked('-', f);
    if (record > 0)
        used = fprintf(f, "[ RECORD %zu ]", record);
    used++;
    put_times(f, '-', s->names - used);
    over = used - s->names;
    if (over-- <= 0)
        putc_unlocked('-', f);
    if (over-- <= 0)
        putc_unlocked('+', f);
    if (over-- <= 0)
        putc_unlocked('-', f);
    put_times(f, '-', s->values - (over > 0 ? over : 0));
    putc_unlocked('\n', f);
}

/* Line n of the name: blank behind its last line, with '+' where another follows. */
static void print_name_line(FILE *f, const struct shape *s, const struct cli_lines *name, size_t n)
{
    int width = 0;

    if (n < name->n) {
        fwrite_unlocked(name->text.p + name->line[n].off, 1, name->line[n].len, f);
        width = name->line[n].width;
    }
    put_times(f, ' ', s->names - width);
    putc_unlocked(n + 1 < name->n ? '+' : ' ', f);
}

static void print_pair(FILE *f, const struct shape *s, const struct cli_lines *name,
                       const struct cli_lines *value)
{
    size_t lines = name->n > value->n ? name->n : value->n;

    for (size_t n = 0; n < lines; n++) {
        print_name_line(f, s, name, n);
        putc_unlocked('|', f);
        if (n < value->n) {
            putc_unlocked(' ', f);
            fwrite_unlocked(value->text.p + value->line[n].off, 1, value->line[n].len, f);
            if (n + 1 < value->n) {
                put_times(f, ' ', s->values - value->line[n].width);
                putc_unlocked('+', f);
            }
        }
        putc_unlocked('\n', f);
    }
}

void cli_print_vertical(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct cli_rows_iter it = {0};
    struct cli_lines name = {0}, value = {0};
    struct cli_row row;
    struct shape s;
    size_t record = 0;

    if (t->ncols == 0 || t->rows->count == 0) {
        if (!how->tuples_only) {
            cli_print_row_count(f, t->rows->count);
            putc_unlocked('\n', f);
        }
        putc_unlocked('\n', f);
        return;
    }
    s = measure(t);
    if (!how->tuples_only && t->title != NULL)
        fprintf(f, "%s\n", t->title);
    while (cli_rows_next(t->rows, &it, &row)) {
        record++;
        if (!how->tuples_only || record > 1)
            print_record_line(f, &s, how->tuples_only ? 0 : record);
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            cli_cell_lines(t->enc, (const uint8_t *)t->cols[i].name, t->cols[i].len, &name);
            cli_cell_lines(t->enc, v.p, v.len, &value);
            print_pair(f, &s, &name, &value);
        }
    }
    putc_unlocked('\n', f);
    cli_lines_done(&name);
    cli_lines_done(&value);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The aligned format: psql's border 1, ascii, unwrapped. */
#include "table_int.h"

/* What is known of one column before the first line is printed, and while a row is. */
struct column {
    int width;
    int header_lines;
    bool right;
    struct cli_lines cell; /* the value of the current row, or the header */
};

bool cli_type_right(uint32_t oid)
{
    switch (oid) {
    case 20:   /* int8 */
    case 21:   /* int2 */
    case 23:   /* int4 */
    case 26:   /* oid */
    case 28:   /* xid */
    case 29:   /* cid */
    case 700:  /* float4 */
    case 701:  /* float8 */
    case 790:  /* money */
    case 1700: /* numeric */
    case 5069: /* xid8 */
        return true;
    default:
        return false;
    }
}

static void put(FILE *f, const char *p, size_t n)
{
    fwrite_unlocked(p, 1, n, f);
}

static void put_times(FILE *f, char c, int n)
{
    for (; n > 0; n--)
        putc_unlocked(c, f);
}

void cli_print_row_count(FILE *f, size_t count)
{
    fprintf(f, count == 1 ? "(%zu row)" : "(%zu rows)", count);
}

static struct column *measure(const struct cli_table *t)
{
    struct column *cols = cli_alloc(t->ncols * sizeof(*cols));
    struct cli_rows_iter it = {0};
    struct cli_row row;
    int width, height;

    for (size_t i = 0; i < t->ncols; i++) {
        cli_cell_size(t->enc, (const uint8_t *)t->cols[i].name, t->cols[i].len, &cols[i].width,
                      &cols[i].header_lines);
        cols[i].right = cli_type_right(t->cols[i].type);
    }
    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row)) {
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);

            if (v.len == 0)
                continue;
            cli_cell_size(t->enc, v.p, v.len, &width, &height);
            if (width > cols[i].width)
                cols[i].width = width;
        }
    }
    return cols;
}

static void print_rule(FILE *f, const struct column *cols, size_t ncols)
{
    putc_unlocked('-', f);
    for (size_t i = 0; i < ncols; i++) {
        put_times(f, '-', cols[i].width);
        if (i + 1 < ncols)
            put(f, "-+-", 3);
    }
    put(f, "-\n", 2);
}

/* Headers are centered; a header of several lines says so by '+' at the end of all but its last. */
static void print_header(FILE *f, const struct cli_table *t, struct column *cols)
{
    size_t lines = 0;

    for (size_t i = 0; i < t->ncols; i++) {
        cli_cell_lines(t->enc, (const uint8_t *)t->cols[i].name, t->cols[i].len, &cols[i].cell);
        if (cols[i].cell.n > lines)
            lines = cols[i].cell.n;
    }
    for (size_t n = 0; n < lines; n++) {
        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_lines *h = &cols[i].cell;
            int blank = n < h->n ? cols[i].width - h->line[n].width : cols[i].width;

            putc_unlocked(' ', f);
            if (n < h->n) {
                put_times(f, ' ', blank / 2);
                put(f, h->text.p + h->line[n].off, h->line[n].len);
                put_times(f, ' ', (blank + 1) / 2);
            } else {
                put_times(f, ' ', blank);
            }
            putc_unlocked(n + 1 < h->n ? '+' : ' ', f);
            if (i + 1 < t->ncols)
                putc_unlocked('|', f);
        }
        putc_unlocked('\n', f);
    }
    print_rule(f, cols, t->ncols);
}

/* Line n of one cell. The last column is not padded, unless a '+' has to stand behind it. */
static void print_cell_line(FILE *f, const struct column *col, size_t n, bool last)
{
    const struct cli_lines *c = &col->cell;
    bool more = n + 1 < c->n;
    int blank;

    putc_unlocked(' ', f);
    if (n >= c->n) {
        if (!last)
            put_times(f, ' ', col->width + 1);
        return;
    }
    blank = col->width - c->line[n].width;
    if (col->right)
        put_times(f, ' ', blank);
    put(f, c->text.p + c->line[n].off, c->line[n].len);
    if (!col->right && (!last || more))
        put_times(f, ' ', blank);
    if (more)
        putc_unlocked('+', f);
    else if (!last)
        putc_unlocked(' ', f);
}

/* Centered over the table, unless it is as wide. */
static void print_title(FILE *f, const struct cli_table *t, const struct column *cols)
{
    int total = t->ncols > 0 ? (int)t->ncols * 3 - 1 : 0;
    int width, height;

    for (size_t i = 0; i < t->ncols; i++)
        total += cols[i].width;
    cli_cell_size(t->enc, (const uint8_t *)t->title, strlen(t->title), &width, &height);
    put_times(f, ' ', (total - width) / 2);
    fprintf(f, "%s\n", t->title);
}

static void print_row(FILE *f, const struct cli_table *t, struct column *cols, struct cli_row *row)
{
    size_t lines = 1;

    for (size_t i = 0; i < t->ncols; i++) {
        struct cli_value v = cli_row_value(row);

        cli_cell_lines(t->enc, v.p, v.len, &cols[i].cell);
        if (cols[i].cell.n > lines)
            lines = cols[i].cell.n;
    }
    for (size_t n = 0; n < lines; n++) {
        for (size_t i = 0; i < t->ncols; i++) {
            print_cell_line(f, &cols[i], n, i + 1 == t->ncols);
            if (i + 1 < t->ncols)
                putc_unlocked('|', f);
        }
        putc_unlocked('\n', f);
    }
}

void cli_print_aligned(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    struct column *cols = measure(t);
    struct cli_rows_iter it = {0};
    struct cli_row row;

    if (!how->tuples_only && t->title != NULL)
        print_title(f, t, cols);
    if (!how->tuples_only)
        print_header(f, t, cols);
    while (t->ncols > 0 && cli_rows_next(t->rows, &it, &row))
        print_row(f, t, cols, &row);
    if (!how->tuples_only) {
        cli_print_row_count(f, t->rows->count);
        putc_unlocked('\n', f);
    }
    putc_unlocked('\n', f);
    for (size_t i = 0; i < t->ncols; i++)
        cli_lines_done(&cols[i].cell);
    cli_free(cols);
}

/* PG15 print.c IsPagerNeeded and print_aligned_text: an estimate of its own, kept as it is. */
void cli_table_extent(const struct cli_table *t, const struct cli_print *how, size_t *lines,
                      size_t *width)
{
    struct column *cols;
    struct cli_rows_iter it = {0};
    struct cli_row row;
    size_t tallest = 0;

    *width = 0;
    *lines = how->expanded ? (t->ncols + 1) * t->rows->count : t->rows->count + 1;
    if (!how->tuples_only)
        (*lines)++;
    if (how->format != CLI_ALIGNED || how->expanded || t->ncols == 0)
        return;
    cols = measure(t);
    *width = t->ncols * 3 - 1;
    for (size_t i = 0; i < t->ncols; i++) {
        *width += (size_t)cols[i].width;
        if ((size_t)cols[i].header_lines > tallest)
            tallest = (size_t)cols[i].header_lines;
    }
    *lines += tallest;
    while (cli_rows_next(t->rows, &it, &row)) {
        size_t extra = 0;

        for (size_t i = 0; i < t->ncols; i++) {
            struct cli_value v = cli_row_value(&row);
            int w, h;

            cli_cell_size(t->enc, v.p, v.len, &w, &h);
            if (w > 0 && (size_t)h - 1 > extra)
                extra = (size_t)h - 1;
        }
        *lines += extra;
    }
    cli_free(cols);
}

void cli_table_print(FILE *f, const struct cli_table *t, const struct cli_print *how)
{
    switch (how->format) {
    case CLI_ALIGNED:
        (how->expanded ? cli_print_vertical : cli_print_aligned)(f, t, how);
        break;
    case CLI_UNALIGNED:
        (how->expanded ? cli_print_plain_vertical : cli_print_plain)(f, t, how);
        break;
    case CLI_CSV:
        (how->expanded ? cli_print_csv_vertical : cli_print_csv)(f, t, how);
        break;
    }
}

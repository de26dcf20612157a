/* SPDX-License-Identifier: PostgreSQL */
/* Prints rows in columns: what does not fit a terminal is dropped by rank, then cut. */
#include "grid_int.h"

#define COLUMNS_MAX 16
#define LEAST       8 /* columns of a cell that was cut */
#define GAP         2

static void add(struct cli_grid *g, char *text)
{
    if (g->n == g->cap) {
        g->cap = g->cap > 0 ? g->cap * 2 : 64;
        g->cell = cli_realloc(g->cell, g->cap * sizeof(*g->cell));
    }
    g->cell[g->n++] = text;
}

void cli_grid_add(struct cli_grid *g, const char *text)
{
    add(g, cli_strdup(text));
}

void cli_grid_addf(struct cli_grid *g, const char *fmt, ...)
{
    char text[128];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    add(g, cli_strdup(text));
}

void cli_grid_add_peer(struct cli_grid *g, const char *p, size_t n)
{
    size_t cap = n * 4 + 8; /* \xNN for each, and the end */
    char *text;

    if (n == 0) {
        cli_grid_add(g, "-");
        return;
    }
    text = cli_alloc(cap);
    pgseal__escape(text, cap, p, n, n);
    add(g, text);
}

void cli_grid_done(struct cli_grid *g)
{
    for (size_t i = 0; i < g->n; i++)
        cli_free(g->cell[i]);
    cli_free(g->cell);
    g->cell = NULL;
    g->n = g->cap = 0;
}

/* Columns of a text that is safe to show. */
static int width_of(const char *text)
{
    int width, height;

    cli_cell_size(CLI_ENC_UTF8, (const uint8_t *)text, strlen(text), &width, &height);
    return width;
}

static bool says_something(const char *text)
{
    return text[0] != '\0' && strcmp(text, "-") != 0;
}

/* Widths of all columns as they are; 0 for one that says nothing. */
static void measure(const struct cli_grid *g, int width[COLUMNS_MAX])
{
    for (size_t c = 0; c < g->ncols; c++) {
        bool says = false;

        width[c] = width_of(g->cols[c].title);
        for (size_t i = c; i < g->n; i += g->ncols) {
            int w = width_of(g->cell[i]);

            says = says || says_something(g->cell[i]);
            width[c] = w > width[c] ? w : width[c];
        }
        if (!says)
            width[c] = 0;
    }
}

static int total(const struct cli_grid *g, const int width[COLUMNS_MAX])
{
    int sum = 0;

    for (size_t c = 0; c < g->ncols; c++)
        if (width[c] > 0)
            sum += width[c] + GAP;
    return sum;
}

/* The column to drop next, or ncols. */
static size_t to_drop(const struct cli_grid *g, const int width[COLUMNS_MAX])
{
    size_t best = g->ncols;

    for (size_t c = 0; c < g->ncols; c++)
        if (width[c] > 0 && g->cols[c].drop > 0 &&
            (best == g->ncols || g->cols[c].drop > g->cols[best].drop))
            best = c;
    return best;
}

static size_t to_shrink(const struct cli_grid *g, const int width[COLUMNS_MAX])
{
    size_t best = g->ncols;

    for (size_t c = 0; c < g->ncols; c++)
        if (g->cols[c].shrink && width[c] > LEAST && (best == g->ncols || width[c] > width[best]))
            best = c;
    return best;
}

/* Cuts names, none below `least`. True when all fits. */
static bool shrink(const struct cli_grid *g, int width[COLUMNS_MAX], int least)
{
    while (total(g, width) > g->columns) {
        size_t cut = to_shrink(g, width);

        if (cut == g->ncols || width[cut] <= least)
            return false;
        width[cut]--;
    }
    return true;
}

/* Names are cut a little before columns go, and as far as they can once none may go any more. */
static void fit(const struct cli_grid *g, int width[COLUMNS_MAX])
{
    for (;;) {
        int cut[COLUMNS_MAX];
        size_t drop = to_drop(g, width);

        memcpy(cut, width, sizeof(cut));
        if (shrink(g, cut, drop < g->ncols ? 20 : LEAST) || drop == g->ncols) {
            memcpy(width, cut, sizeof(cut));
            return;
        }
        width[drop] = 0;
    }
}

/* Puts a cell, cut with ".." when it is wider than its column. */
static void put(struct cli_str *out, const char *text, int width, bool right, bool last)
{
    int w = width_of(text), at = 0;
    size_t n = strlen(text);

    if (right)
        cli_str_pad(out, (size_t)(width - w));
    if (w <= width) {
        cli_str_addn(out, text, n);
        at = right ? width : w;
    } else {
        for (size_t i = 0; i < n;) {
            size_t len = cli_enc_len(CLI_ENC_UTF8, (const uint8_t *)text + i, n - i);
            int step = cli_enc_width(CLI_ENC_UTF8, (const uint8_t *)text + i, n - i);

            if (at + step > width - 2)
                break;
            cli_str_addn(out, text + i, len);
            at += step;
            i += len;
        }
        cli_str_add(out, "..");
        at += 2;
    }
    at = width - at + GAP;
    if (!last && at > 0)
        cli_str_pad(out, (size_t)at);
}

static void row(const struct cli_grid *g, const char *const *cell, const int width[COLUMNS_MAX],
                struct cli_str *out)
{
    size_t last = 0;

    for (size_t c = 0; c < g->ncols; c++)
        if (width[c] > 0)
            last = c;
    cli_str_pad(out, GAP);
    for (size_t c = 0; c < g->ncols; c++)
        if (width[c] > 0)
            put(out, cell[c], width[c], g->cols[c].right, c == last);
    cli_str_addc(out, '\n');
}

void cli_grid_print(const struct cli_grid *g, struct cli_str *out)
{
    const char *titles[COLUMNS_MAX];
    int width[COLUMNS_MAX];

    if (g->n == 0)
        return;
    measure(g, width);
    if (g->columns > 0)
        fit(g, width);
    for (size_t c = 0; c < g->ncols; c++)
        titles[c] = g->cols[c].title;
    cli_str_add(out, g->colour ? "\033[1m" : "");
    row(g, titles, width, out);
    cli_str_add(out, g->colour ? "\033[0m" : "");
    for (size_t i = 0; i + g->ncols <= g->n; i += g->ncols)
        row(g, (const char *const *)g->cell + i, width, out);
}

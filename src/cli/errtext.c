/* SPDX-License-Identifier: PostgreSQL */
/* The text of a server's error or notice, with the place in the query pointed at. */
#include "errtext_int.h"

/* PG18 fe-protocol3.c reportErrorPosition: columns of the excerpt, and of it kept behind the caret.
 */
#define DISPLAY_COLUMNS 60
#define RIGHT_COLUMNS   10

/* One character of the query: its byte and the column it starts at. */
struct place {
    size_t byte;
    int column;
};

/* The line of a query that holds character `loc`, as places[first..last]. */
struct excerpt {
    struct place *places;
    size_t nchars; /* characters looked at */
    size_t first, last;
    int line;
};

static size_t char_len(enum cli_enc enc, const char *p, size_t n)
{
    size_t len = cli_enc_len(enc, (const uint8_t *)p, n);

    return len < n ? len : n;
}

static int char_columns(enum cli_enc enc, const char *p, size_t n)
{
    int w = enc == CLI_ENC_SINGLE ? 1 : cli_enc_width(enc, (const uint8_t *)p, n);

    return w > 0 ? w : 1; /* control characters count one */
}

/* Walks the query to the end of the line that holds character loc (from 0). */
static void find_line(struct excerpt *x, char *query, size_t n, size_t loc, enum cli_enc enc)
{
    struct place at = {0, 0};
    size_t c = 0;

    x->line = 1;
    for (; at.byte < n; c++) {
        char ch = query[at.byte];

        x->places[c] = at;
        if (ch == '\t') {
            query[at.byte] = ' ';
        } else if (ch == '\r' || ch == '\n') {
            if (c >= loc)
                break;
            if (ch == '\r' || c == 0 || query[x->places[c - 1].byte] != '\r')
                x->line++;
            x->first = c + 1;
        }
        at.column += char_columns(enc, query + at.byte, n - at.byte);
        at.byte += char_len(enc, query + at.byte, n - at.byte);
    }
    x->last = c;
    x->nchars = c;
    x->places[c] = at;
}

static int columns(const struct excerpt *x)
{
    return x->places[x->last].column - x->places[x->first].column;
}

static void shorten(struct excerpt *x, size_t loc, bool *cut_left, bool *cut_right)
{
    int caret = x->places[loc].column;

    if (columns(x) <= DISPLAY_COLUMNS)
        return;
    if (x->places[x->first].column + DISPLAY_COLUMNS >= caret + RIGHT_COLUMNS) {
        for (; columns(x) > DISPLAY_COLUMNS; x->last--)
            *cut_right = true;
        return;
    }
    for (; caret + RIGHT_COLUMNS < x->places[x->last].column; x->last--)
        *cut_right = true;
    for (; columns(x) > DISPLAY_COLUMNS; x->first++)
        *cut_left = true;
}

/* `position` counts characters from 1. Nothing is shown for one behind the query. */
static void point_at(struct cli_str *out, const char *query, long position, enum cli_enc enc)
{
    size_t n = strlen(query);
    size_t loc = (size_t)position - 1;
    struct excerpt x = {0};
    bool cut_left = false, cut_right = false;
    char *copy = cli_strndup(query, n);
    size_t before = out->len;

    x.places = cli_alloc((n + 1) * sizeof(*x.places));
    find_line(&x, copy, n, loc, enc);
    if (loc <= x.nchars) {
        shorten(&x, loc, &cut_left, &cut_right);
        cli_str_addf(out, "LINE %d: %s", x.line, cut_left ? "..." : "");
        before = out->len - before;
        cli_str_addn(out, copy + x.places[x.first].byte,
                     x.places[x.last].byte - x.places[x.first].byte);
        cli_str_add(out, cut_right ? "...\n" : "\n");
        cli_str_pad(out, before + (size_t)(x.places[loc].column - x.places[x.first].column));
        cli_str_add(out, "^\n");
    }
    cli_free(x.places);
    cli_free(copy);
}

void cli_str_add_peer(struct cli_str *out, const char *text, enum cli_enc enc)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p, next = (unsigned char)p[1];
        bool c1 = enc == CLI_ENC_UTF8 && c == 0xc2 && next >= 0x80 && next < 0xa0;

        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || c1)
            cli_str_addf(out, "\\x%02x", c);
        else
            cli_str_addc(out, *p);
        if (c1)
            cli_str_addf(out, "\\x%02x", (unsigned char)*++p);
    }
}

static void add_part(struct cli_str *out, const char *label, const char *text, enum cli_enc enc)
{
    if (text == NULL)
        return;
    cli_str_addf(out, "%s:  ", label);
    cli_str_add_peer(out, text, enc);
    cli_str_addc(out, '\n');
}

void cli_errtext(struct cli_str *out, const struct pgseal_notice *n, const char *query,
                 enum cli_enc enc, bool is_error)
{
    const char *position = n->position;
    long at = 0;

    if (n->severity != NULL) {
        cli_str_add_peer(out, n->severity, enc);
        cli_str_add(out, ":  ");
    }
    cli_str_add_peer(out, n->message != NULL ? n->message : "", enc);
    if (position == NULL) {
        position = n->int_position;
        query = n->int_query;
    }
    if (position != NULL) {
        if (query != NULL) {
            at = strtol(position, NULL, 10);
        } else {
            cli_str_add(out, " at character ");
            cli_str_add_peer(out, position, enc);
        }
    }
    cli_str_addc(out, '\n');
    if (at > 0)
        point_at(out, query, at, enc);
    add_part(out, "DETAIL", n->detail, enc);
    add_part(out, "HINT", n->hint, enc);
    add_part(out, "QUERY", n->int_query, enc);
    if (is_error)
        add_part(out, "CONTEXT", n->where, enc);
}

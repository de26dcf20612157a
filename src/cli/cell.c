/* SPDX-License-Identifier: PostgreSQL */
/* One value on the screen: its lines, their width, control characters made visible. */
#include "text_int.h"

/*
 * What psql's aligned formats do with a value (PG15 src/fe_utils/mbprint.c): lines end at LF, CR is
 * "\r", a tab goes to the next multiple of 8 of the line, other control characters are "\x1B", and
 * those of several bytes are "\u0085".
 */
static bool plain_ascii(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x20 || p[i] > 0x7e)
            return false;
    return true;
}

static void wider(int *width, int line)
{
    if (line > *width)
        *width = line;
}

void cli_cell_size(enum cli_enc enc, const uint8_t *p, size_t n, int *width, int *height)
{
    int line = 0;

    *width = 0;
    *height = 1;
    if (plain_ascii(p, n)) {
        *width = (int)n;
        return;
    }
    while (n > 0 && *p != '\0') {
        size_t len = cli_enc_len(enc, p, n);
        int w;

        if (len > n)
            break;
        w = cli_enc_width(enc, p, n);
        if (len == 1 && *p == '\n') {
            wider(width, line);
            line = 0;
            (*height)++;
        } else if (len == 1 && *p == '\r') {
            line += 2;
        } else if (len == 1 && *p == '\t') {
            line += 8 - line % 8;
        } else {
            line += w >= 0 ? w : len == 1 ? 4 : 6;
        }
        p += len;
        n -= len;
    }
    wider(width, line);
}

static struct cli_line *new_line(struct cli_lines *out)
{
    if (out->n == out->cap) {
        out->cap = out->cap == 0 ? 4 : out->cap * 2;
        out->line = cli_realloc(out->line, out->cap * sizeof(*out->line));
    }
    out->line[out->n] = (struct cli_line){.off = out->text.len};
    return &out->line[out->n++];
}

/* A control character of several bytes. Six places, whatever the number (as psql's buffer has). */
static void add_u(struct cli_str *text, const uint8_t *p, size_t len)
{
    uint32_t cp = 0;
    char buf[16];

    if (len == 2)
        cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    else if (len == 3)
        cp = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    else
        cp = (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    snprintf(buf, sizeof(buf), "\\u%04X", cp);
    cli_str_addn(text, buf, 6);
}

/* Adds one character that does not end the line. Returns its columns. */
static int add_char(struct cli_str *text, enum cli_enc enc, const uint8_t *p, size_t n, size_t len,
                    int column)
{
    int w = cli_enc_width(enc, p, n);

    if (len == 1 && *p == '\r') {
        cli_str_add(text, "\\r");
        return 2;
    }
    if (len == 1 && *p == '\t') {
        cli_str_pad(text, (size_t)(8 - column % 8));
        return 8 - column % 8;
    }
    if (w < 0 && len == 1) {
        cli_str_addf(text, "\\x%02X", *p);
        return 4;
    }
    if (w < 0) {
        add_u(text, p, len);
        return 6;
    }
    cli_str_addn(text, p, len);
    return w;
}

void cli_cell_lines(enum cli_enc enc, const uint8_t *p, size_t n, struct cli_lines *out)
{
    struct cli_line *line;

    out->n = 0;
    out->text.len = 0;
    line = new_line(out);
    if (plain_ascii(p, n)) {
        cli_str_addn(&out->text, p, n);
        line->len = n;
        line->width = (int)n;
        return;
    }
    while (n > 0 && *p != '\0') {
        size_t len = cli_enc_len(enc, p, n);

        if (len > n)
            break;
        if (len == 1 && *p == '\n') {
            line->len = out->text.len - line->off;
            line = new_line(out);
        } else {
            line->width += add_char(&out->text, enc, p, n, len, line->width);
        }
        p += len;
        n -= len;
    }
    line->len = out->text.len - line->off;
}

void cli_lines_done(struct cli_lines *l)
{
    cli_str_done(&l->text);
    cli_free(l->line);
    *l = (struct cli_lines){0};
}

static bool cont(const uint8_t *p, size_t n, size_t i)
{
    return i < n && (p[i] & 0xc0) == 0x80;
}

static int utf8_lead(uint8_t c)
{
    if (c < 0x80)
        return 1;
    if ((c & 0xe0) == 0xc0)
        return 2;
    if ((c & 0xf0) == 0xe0)
        return 3;
    return (c & 0xf8) == 0xf0 ? 4 : 0;
}

/*
 * Bytes of the character at p when psql would show it, else 0. psql's own check (mbprint.c
 * utf_charcheck), not Unicode's: it lets most surrogates and all but the last two code points of a
 * plane through, and bytes that it lets through must be the same here.
 */
static size_t valid_utf8(const uint8_t *p, size_t n)
{
    unsigned plane;

    switch (utf8_lead(p[0])) {
    case 1:
        return 1;
    case 2:
        return cont(p, n, 1) && (p[0] & 0x1f) > 1 ? 2 : 0;
    case 3:
        if (!cont(p, n, 1) || ((p[0] & 0x0f) == 0 && (p[1] & 0x20) == 0) || !cont(p, n, 2))
            return 0;
        return (p[0] & 0x0f) == 0x0d && (p[1] & 0x2c) == 0x20 ? 0 : 3;
    case 4:
        if (!cont(p, n, 1))
            return 0;
        plane = (p[0] & 7u) << 2 | (p[1] & 0x30u) >> 4;
        if (plane == 0 || plane > 0x10 || !cont(p, n, 2) || !cont(p, n, 3))
            return 0;
        return (p[1] & 0x0f) == 0x0f && (p[2] & 0x3f) == 0x3f && (p[3] & 0x3e) == 0x3e ? 0 : 4;
    default:
        return 0;
    }
}

size_t cli_cell_validate(enum cli_enc enc, uint8_t *p, size_t n)
{
    size_t from = 0, to = 0;

    if (enc != CLI_ENC_UTF8)
        return n;
    while (from < n && p[from] != '\0') {
        size_t len = valid_utf8(p + from, n - from);

        if (len == 0) {
            from++;
            continue;
        }
        if (from != to)
            memmove(p + to, p + from, len);
        from += len;
        to += len;
    }
    return to;
}

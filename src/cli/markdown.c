/* SPDX-License-Identifier: PostgreSQL */
/* The Markdown of docs/ as a terminal shows it: wrapped text, whole code, tables that fit. */
#include "explain_int.h"

#define INDENT      2
#define CODE_INDENT 6
#define CELLS_MAX   8
#define CELL_MIN    10 /* columns a cell keeps, however wide its neighbours are */
#define WORD_MAX    24 /* and for its longest word, when that is no longer */

/* Marks of inline code and of emphasis, no wider than nothing, until the text is wrapped. */
enum mark { CODE_ON = 1, CODE_OFF, BOLD_ON, BOLD_OFF };

struct page {
    struct cli_str *out;
    struct cli_str para; /* the paragraph, or the rows of the table, that is being collected */
    int columns;
    int hang; /* columns of "- " or "1. " in front of the paragraph */
    bool colour, fenced, table;
};

/* ---- inline ---------------------------------------------------------------------------------- */

/* "[text](OTHER.md)": the text, and the name of the page unless it says it already. */
static const char *link_text(const char *p, const char *end, struct cli_str *out)
{
    const char *close = memchr(p, ']', (size_t)(end - p));
    const char *target, *stop;
    size_t n;

    if (close == NULL || close + 1 >= end || close[1] != '(')
        return NULL;
    target = close + 2;
    stop = memchr(target, ')', (size_t)(end - target));
    if (stop == NULL)
        return NULL;
    cli_str_addn(out, p + 1, (size_t)(close - p - 1));
    n = (size_t)(stop - target);
    if (n > 3 && strncmp(stop - 3, ".md", 3) == 0) { /* a page: its name, without folder */
        while (stop > target && stop[-1] != '/')
            stop--;
        n = (size_t)(close + 2 + n - stop);
        target = stop;
        stop = target + n;
        n -= 3;
        if (n == (size_t)(close - p - 1) && strncmp(target, p + 1, n) == 0)
            return stop + 1;
    }
    cli_str_addf(out, " (%.*s)", (int)n, target);
    return stop + 1;
}

/* Turns `code`, **bold** and links into text with marks. */
static void inlines(const char *p, const char *end, struct cli_str *out)
{
    bool code = false, bold = false;

    while (p < end) {
        const char *behind;

        if (*p == '`') {
            code = !code;
            cli_str_addc(out, code ? CODE_ON : CODE_OFF);
            p++;
        } else if (!code && p + 1 < end && p[0] == '*' && p[1] == '*') {
            bold = !bold;
            cli_str_addc(out, bold ? BOLD_ON : BOLD_OFF);
            p += 2;
        } else if (!code && *p == '[' && (behind = link_text(p, end, out)) != NULL) {
            p = behind;
        } else if (!code && *p == '\\' && p + 1 < end && strchr("\\`*_[]|<>#", p[1]) != NULL) {
            cli_str_addc(out, p[1]);
            p += 2;
        } else {
            cli_str_addc(out, *p++);
        }
    }
}

static void put_mark(const struct page *m, char mark)
{
    bool code = mark == CODE_ON || mark == CODE_OFF;

    if (m->colour)
        cli_str_add(m->out, mark == CODE_ON || mark == BOLD_ON ? "\033[1m" : "\033[22m");
    else if (code)
        cli_str_addc(m->out, '`');
}

/* Columns of a text with marks. */
static int width_of(const struct page *m, const char *p, size_t n)
{
    int width = 0;

    for (size_t i = 0; i < n;) {
        size_t len = 1;

        if (p[i] >= CODE_ON && p[i] <= BOLD_OFF) {
            width += !m->colour && (p[i] == CODE_ON || p[i] == CODE_OFF);
        } else {
            int w;

            len = cli_enc_len(CLI_ENC_UTF8, (const uint8_t *)p + i, n - i);
            len = len > n - i ? n - i : len;
            w = cli_enc_width(CLI_ENC_UTF8, (const uint8_t *)p + i, len);
            width += w > 0 ? w : 0;
        }
        i += len;
    }
    return width;
}

static void put(const struct page *m, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] >= CODE_ON && p[i] <= BOLD_OFF)
            put_mark(m, p[i]);
        else
            cli_str_addc(m->out, p[i]);
    }
}

/* Bytes of the text that fit into `columns`, cut at a blank: at least one word. */
static size_t line_of(const struct page *m, const char *p, size_t n, int columns)
{
    size_t end = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && p[i] != ' ')
            continue;
        if (end > 0 && width_of(m, p, i) > columns)
            break;
        end = i;
    }
    return end;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A colour that is on at the end of a line ends there and begins again on the next one: a pager
 * shows lines, and a cell has a neighbour. Backticks stay where they were written. */
static void carry(const struct page *m, char mark, bool on)
{
    if (mark != 0 && m->colour)
        put_mark(m, on ? mark : (char)(mark + 1));
}

/* The mark that is on behind a piece of text. */
static char open_mark(const char *p, size_t n, char before)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == CODE_ON || p[i] == BOLD_ON)
            before = p[i];
        else if (p[i] == CODE_OFF || p[i] == BOLD_OFF)
            before = 0;
    }
    return before;
}

static void flush_text(struct page *m)
{
    struct cli_str text = {0};
    int indent = INDENT + m->hang;
    const char *p;
    char mark = 0;
    size_t n;

    inlines(cli_str(&m->para), cli_str(&m->para) + m->para.len, &text);
    p = cli_str(&text);
    n = text.len;
    for (bool first = true; n > 0; first = false) {
        size_t len = line_of(m, p, n, m->columns - (first ? INDENT : indent));

        cli_str_pad(m->out, (size_t)(first ? INDENT : indent));
        carry(m, mark, true);
        put(m, p, len);
        mark = open_mark(p, len, mark);
        carry(m, mark, false);
        cli_str_addc(m->out, '\n');
        p += len;
        n -= len;
        while (n > 0 && *p == ' ') {
            p++;
            n--;
        }
    }
    cli_str_done(&text);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Cuts a row at its bars, those in backticks apart. Returns the number of cells. */
static size_t cells_of(const char *row, size_t n, struct cli_str cell[CELLS_MAX])
{
    const char *end = row + n;
    size_t count = 0;

    if (row < end && *row == '|')
        row++;
    while (row < end && count < CELLS_MAX) {
        const char *p = row;
        const char *from, *to;
        bool code = false;

        for (; p < end && (*p != '|' || code); p++) {
            code ^= *p == '`';
            if (*p == '\\' && p + 1 < end)
                p++;
        }
        for (from = row; from < p && *from == ' '; from++)
            ;
        for (to = p; to > from && to[-1] == ' '; to--)
            ;
        cell[count] = (struct cli_str){0};
        inlines(from, to, &cell[count++]);
        row = p < end ? p + 1 : end;
    }
    return count;
}

static void cells_done(struct cli_str cell[CELLS_MAX], size_t n)
{
    for (size_t i = 0; i < n; i++)
        cli_str_done(&cell[i]);
}

static bool is_rule(const char *row, size_t n)
{
    return strspn(row, "|-: ") >= n;
}

/* Columns of the longest word, or of WORD_MAX. */
static int word_width(const struct page *m, const struct cli_str *cell)
{
    const char *p = cli_str(cell);
    int longest = CELL_MIN;

    while (*p != '\0') {
        size_t n = strcspn(p, " ");
        int w = width_of(m, p, n);

        longest = w > longest ? w : longest;
        p += n;
        p += strspn(p, " ");
    }
    return longest > WORD_MAX ? WORD_MAX : longest;
}

/* Takes columns from the widest until the table fits. True when there was something to take. */
static bool shrink(int width[CELLS_MAX], const int least[CELLS_MAX], size_t n, int room)
{
    for (bool taken = false;; taken = true) {
        int sum = 2 * ((int)n - 1);
        size_t widest = n;

        for (size_t i = 0; i < n; i++) {
            sum += width[i];
            if (width[i] > least[i] && (widest == n || width[i] > width[widest]))
                widest = i;
        }
        if (sum <= room || widest == n)
            return taken;
        width[widest]--;
    }
}

/* One row, in as many lines as its highest cell needs. */
static void put_row(struct page *m, struct cli_str cell[CELLS_MAX], size_t n,
                    const int width[CELLS_MAX])
{
    size_t at[CELLS_MAX] = {0};
    char open[CELLS_MAX] = {0};
    bool more = true;

    while (more) {
        more = false;
        cli_str_pad(m->out, INDENT);
        for (size_t i = 0; i < n; i++) {
            const char *p = cli_str(&cell[i]) + at[i];
            size_t left = cell[i].len - at[i];
            size_t len = line_of(m, p, left, width[i]);

            carry(m, open[i], true);
            put(m, p, len);
            open[i] = open_mark(p, len, open[i]);
            carry(m, open[i], false);
            if (i + 1 < n && width_of(m, p, len) < width[i] + 2)
                cli_str_pad(m->out, (size_t)(width[i] + 2 - width_of(m, p, len)));
            at[i] += len;
            while (cli_str(&cell[i])[at[i]] == ' ')
                at[i]++;
            more = more || at[i] < cell[i].len;
        }
        while (m->out->len > 0 && m->out->p[m->out->len - 1] == ' ')
            cli_str_cut(m->out, m->out->len - 1);
        cli_str_addc(m->out, '\n');
    }
}

static void put_rule(struct page *m, const int width[CELLS_MAX], size_t n)
{
    cli_str_pad(m->out, INDENT);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < width[i]; k++)
            cli_str_addc(m->out, '-');
        if (i + 1 < n)
            cli_str_pad(m->out, 2);
    }
    cli_str_addc(m->out, '\n');
}

static void flush_table(struct page *m)
{
    struct cli_str cell[CELLS_MAX];
    int width[CELLS_MAX] = {0}, least[CELLS_MAX] = {0};
    size_t columns = 0, n;
    bool apart, body = false;

    for (const char *p = cli_str(&m->para); *p != '\0'; p += strcspn(p, "\n") + 1) {
        size_t len = strcspn(p, "\n");

        if (is_rule(p, len))
            continue;
        n = cells_of(p, len, cell);
        columns = n > columns ? n : columns;
        for (size_t i = 0; i < n; i++) {
            int w = width_of(m, cli_str(&cell[i]), cell[i].len);

            width[i] = w > width[i] ? w : width[i];
            w = word_width(m, &cell[i]);
            least[i] = w > least[i] ? w : least[i];
        }
        cells_done(cell, n);
    }
    apart = shrink(width, least, columns, m->columns - INDENT);
    for (const char *p = cli_str(&m->para); *p != '\0'; p += strcspn(p, "\n") + 1) {
        size_t len = strcspn(p, "\n");

        if (is_rule(p, len)) {
            put_rule(m, width, columns);
            body = false;
            continue;
        }
        if (apart && body) /* rows of several lines need air between them */
            cli_str_addc(m->out, '\n');
        body = true;
        n = cells_of(p, len, cell);
        put_row(m, cell, n, width);
        cells_done(cell, n);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void flush(struct page *m)
{
    if (m->para.len > 0 && m->table)
        flush_table(m);
    else if (m->para.len > 0)
        flush_text(m);
    cli_str_cut(&m->para, 0);
    m->table = false;
    m->hang = 0;
}

/* Never two empty lines, and none at the top: comments that are left out had theirs. */
static void empty_line(struct page *m)
{
    size_t n = m->out->len;

    if (n > 0 && !(n > 1 && m->out->p[n - 1] == '\n' && m->out->p[n - 2] == '\n'))
        cli_str_addc(m->out, '\n');
}

static void put_whole(struct page *m, const char *p, size_t n, int indent, bool bold)
{
    if (n > 0)
        cli_str_pad(m->out, (size_t)indent);
    if (bold && m->colour)
        cli_str_add(m->out, "\033[1m");
    cli_str_addn(m->out, p, n);
    if (bold && m->colour)
        cli_str_add(m->out, "\033[22m");
    cli_str_addc(m->out, '\n');
}

/* Columns of what begins an item of a list, or 0. */
static int item_mark(const char *p, size_t n)
{
    size_t digits = strspn(p, "0123456789");

    if (n > 2 && p[0] == '-' && p[1] == ' ')
        return 2;
    if (digits > 0 && digits < 3 && n > digits + 2 && p[digits] == '.' && p[digits + 1] == ' ')
        return (int)digits + 2;
    return 0;
}

static void text_line(struct page *m, const char *p, size_t n)
{
    int item = item_mark(p, n);
    bool row = p[0] == '|';

    if (item > 0 || row != m->table || strncmp(p, "Proof: ", 7) == 0)
        flush(m);
    if (item > 0)
        m->hang = item;
    m->table = row;
    if (row) {
        cli_str_addn(&m->para, p, n);
        cli_str_addc(&m->para, '\n');
        return;
    }
    while (n > 0 && *p == ' ') { /* the second line of an item */
        p++;
        n--;
    }
    if (m->para.len > 0)
        cli_str_addc(&m->para, ' ');
    cli_str_addn(&m->para, p, n);
}

static void one_line(struct page *m, const char *p, size_t n)
{
    if (n >= 3 && strncmp(p, "```", 3) == 0) {
        flush(m);
        m->fenced = !m->fenced;
    } else if (m->fenced) {
        put_whole(m, p, n, CODE_INDENT, n > 2 && (p[0] == '$' || p[0] == '>') && p[1] == ' ');
    } else if (n > 4 && strncmp(p, "<!--", 4) == 0) {
        flush(m);
    } else if (n == 0) {
        flush(m);
        empty_line(m);
    } else if (p[0] == '#') {
        size_t skip = strspn(p, "# ");

        flush(m);
        put_whole(m, p + skip, n - skip, 0, true);
    } else if (m->para.len == 0 && n > 4 && strncmp(p, "    ", 4) == 0) {
        put_whole(m, p + 4, n - 4, CODE_INDENT, false);
    } else {
        text_line(m, p, n);
    }
}

void cli_markdown(struct cli_str *out, const char *text, int columns, bool colour)
{
    struct page m = {.out = out, .columns = columns, .colour = colour};

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        one_line(&m, text, n);
        text += n + (text[n] == '\n');
    }
    flush(&m);
    cli_str_done(&m.para);
    while (out->len > 1 && out->p[out->len - 1] == '\n' && out->p[out->len - 2] == '\n')
        cli_str_cut(out, out->len - 1);
}

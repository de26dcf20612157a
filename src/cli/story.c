/* SPDX-License-Identifier: PostgreSQL */
/* Texts for people: the story behind a refusal, paragraphs, headings and facts of a report. */
#include "out_int.h"

#define INDENT 8 /* two blanks and the longest label with its blank */

/* Columns of a word; what is no UTF-8 counts by its bytes. */
static int columns_of(const char *p, size_t n)
{
    int width = 0;

    for (size_t i = 0; i < n;) {
        size_t len = cli_enc_len(CLI_ENC_UTF8, (const uint8_t *)p + i, n - i);
        int w;

        if (len > n - i)
            len = n - i;
        w = cli_enc_width(CLI_ENC_UTF8, (const uint8_t *)p + i, n - i);
        width += w > 0 ? w : 0;
        i += len;
    }
    return width;
}

static void new_line(struct cli_str *out, int indent)
{
    cli_str_addc(out, '\n');
    cli_str_pad(out, (size_t)indent);
}

/* One line of the text, broken at blanks. */
static void wrap(struct cli_str *out, const char *p, size_t n, int indent, int columns)
{
    int at = indent;
    bool first = true;

    if (n > 0 && p[0] == ' ') {
        cli_str_addn(out, p, n);
        return;
    }
    while (n > 0) {
        size_t word = 0;
        int w;

        while (n > 0 && *p == ' ') {
            p++;
            n--;
        }
        while (word < n && p[word] != ' ')
            word++;
        if (word == 0)
            break;
        w = columns_of(p, word);
        if (!first && at + 1 + w > columns) {
            new_line(out, indent);
            at = indent;
        } else if (!first) {
            cli_str_addc(out, ' ');
            at++;
        }
        cli_str_addn(out, p, word);
        at += w;
        first = false;
        p += word;
        n -= word;
    }
}

void cli_paragraph(struct cli_str *out, const char *text, int indent, int columns)
{
    for (;;) {
        size_t n = strcspn(text, "\n");

        wrap(out, text, n, indent, columns);
        text += n;
        while (*text == '\n')
            text++;
        if (*text == '\0')
            break;
        new_line(out, indent);
    }
    cli_str_addc(out, '\n');
}

void cli_story_part(struct cli_str *out, const char *label, const char *text, int columns,
                    bool colour)
{
    if (text == NULL || text[0] == '\0')
        return;
    cli_str_addf(out, "  %s%s%s", colour ? "\033[1m" : "", label, colour ? "\033[0m" : "");
    cli_str_pad(out, INDENT - 2 - strlen(label));
    cli_paragraph(out, text, INDENT, columns);
}

void cli_story(struct cli_str *out, const struct pgseal_err *err, int columns, bool colour)
{
    cli_story_part(out, "code:", pgseal_err_id(err), columns, colour);
    cli_story_part(out, "seen:", err->detail, columns, colour);
    cli_story_part(out, "why:", pgseal_err_why(err), columns, colour);
    cli_story_part(out, "fix:", err->hint, columns, colour);
}

void cli_heading(const struct cli_sheet *p, const char *text)
{
    cli_str_addf(p->out, "\n%s%s%s\n", p->colour ? "\033[1m" : "", text,
                 p->colour ? "\033[0m" : "");
}

void cli_fact(const struct cli_sheet *p, const char *label, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    cli_str_addf(p->out, "  %-*s", p->label - 2, label);
    cli_paragraph(p->out, text[0] != '\0' ? text : "-", p->label, p->columns);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Finds PEM blocks and their lines in any text, to explain it: the verdict never depends on it. */
#include "cert_int.h"

static const char BEGIN[] = "-----BEGIN ";
static const char END[] = "-----END ";

/* The line at p without its end, blanks behind it left out; *next is the line behind it. */
static size_t line_at(const uint8_t *p, const uint8_t *end, const uint8_t **next)
{
    const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((nl != NULL ? nl : end) - p);

    *next = nl != NULL ? nl + 1 : end;
    while (n > 0 && p[n - 1] <= ' ')
        n--;
    return n;
}

/* Whether a line is `head`, a label and five dashes; the label goes to `label`. */
static bool is_armour(const uint8_t *p, size_t n, const char *head, char label[64])
{
    size_t n_head = strlen(head);

    if (n < n_head + 5 || memcmp(p, head, n_head) != 0 || memcmp(p + n - 5, "-----", 5) != 0)
        return false;
    pgseal__escape(label, 64, p + n_head, n - n_head - 5, 59);
    return true;
}

bool pgseal__next_block(const uint8_t *text, size_t n, size_t *at, int *line,
                        struct pgseal__block *b)
{
    const uint8_t *end = text + n;
    const uint8_t *p = text + *at;
    bool inside = false;
    char label[64];

    while (p < end) {
        const uint8_t *next;
        size_t len = line_at(p, end, &next);
        const uint8_t *dashes = memmem(p, len < 100 ? len : 100, "-----", 5);
        size_t before = dashes != NULL ? (size_t)(dashes - p) : 0;
        size_t left = len - before;

        /* OpenSSL wants them at the start of a line; only a byte order mark at the very start of
         * the file is passed over. */
        if (p == text && before == 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
            before = 0;
        if (dashes != NULL) {
            if (inside && is_armour(dashes, left, END, label)) {
                b->len = (size_t)(p - b->at);
                b->ended = strcmp(label, b->label) == 0;
                p = next;
                (*line)++;
                break;
            }
            if (is_armour(dashes, left, BEGIN, label)) {
                if (inside) {
                    b->len = (size_t)(p - b->at);
                    break;
                }
                *b = (struct pgseal__block){.line = *line, .at = next, .indented = before > 0};
                memcpy(b->label, label, sizeof(label));
                inside = true;
            }
        }
        p = next;
        (*line)++;
    }
    if (inside && p >= end && b->len == 0 && !b->ended)
        b->len = (size_t)(end - b->at);
    *at = (size_t)(p - text);
    return inside;
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint8_t *pgseal__block_der(const struct pgseal__block *b, size_t *n, bool *nomem)
{
    uint8_t *out = pgseal__alloc(b->len / 4 * 3 + 4);
    uint32_t bits = 0;
    int have = 0;
    size_t used = 0;

    if (nomem != NULL)
        *nomem = out == NULL;
    for (size_t i = 0; out != NULL && i < b->len && b->at[i] != '='; i++) {
        int v = base64_value(b->at[i]);

        if (v < 0 && b->at[i] <= ' ')
            continue;
        if (v < 0) {
            pgseal__free(out);
            return NULL;
        }
        bits = (bits << 6) | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[used++] = (uint8_t)(bits >> have);
        }
    }
    *n = used;
    return out;
}

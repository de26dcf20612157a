/* SPDX-License-Identifier: PostgreSQL */
/* Finds PEM blocks and their lines in any text, to explain it: the verdict never depends on it. */
#include "cert_int.h"

/* crypto/pem/pem_lib.c LINESIZE, less one: BIO_gets() cuts longer lines there. */
#define LINE_MAX_SEEN ((size_t)254)

/* A line, or a part of it, that is the BEGIN or END of a block, or was meant to be one. */
struct armour {
    bool end;
    size_t from, to;  /* its first dash, and behind its last */
    char label[64];   /* "CERTIFICATE" */
    const char *flaw; /* what is wrong with its own characters; NULL: nothing */
};

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

/* Bytes of the dash at p: '-', or one that word processors write (U+2010..U+2015, U+2212). */
static size_t dash_at(const uint8_t *p, size_t n)
{
    if (n > 0 && *p == '-')
        return 1;
    if (n < 3 || p[0] != 0xe2)
        return 0;
    return (p[1] == 0x80 && p[2] >= 0x90 && p[2] <= 0x95) || (p[1] == 0x88 && p[2] == 0x92) ? 3 : 0;
}

/* Bytes of the dash that ends before `at`, or 0. */
static size_t dash_before(const uint8_t *p, size_t at)
{
    if (at > 0 && p[at - 1] == '-')
        return 1;
    return at >= 3 && dash_at(p + at - 3, 3) == 3 ? 3 : 0;
}

/* Whether text begins with a word of capitals, written in capitals or not. */
static bool begins(const uint8_t *p, size_t n, const char *word)
{
    for (; *word != '\0'; word++, p++, n--)
        if (n == 0 || (*p | 0x20) != (*word | 0x20))
            return false;
    return true;
}

static bool holds(const char *text, const char *word)
{
    for (; *text != '\0'; text++)
        if (begins((const uint8_t *)text, strlen(text), word))
            return true;
    return false;
}

/* The first BEGIN or END between a dash and a blank: its offset, or n. */
static size_t find_word(const uint8_t *p, size_t n, bool *end)
{
    for (size_t i = 1; i < n; i++) {
        if (dash_before(p, p[i - 1] == ' ' ? i - 1 : i) == 0)
            continue;
        *end = begins(p + i, n - i, "END ");
        if (*end || begins(p + i, n - i, "BEGIN "))
            return i;
    }
    return n;
}

static bool is_five(const uint8_t *p, size_t n)
{
    return n == 5 && memcmp(p, "-----", 5) == 0;
}

/* Reads armour as it should be, or as somebody damaged it. */
static bool read_meant(const uint8_t *p, size_t n, struct armour *a)
{
    size_t word = find_word(p, n, &a->end);
    size_t label = word + (a->end ? 3 : 5);
    size_t label_end;
    size_t len;

    if (word == n)
        return false;
    a->from = p[word - 1] == ' ' ? word - 1 : word;
    while ((len = dash_before(p, a->from)) > 0)
        a->from -= len;
    while (label < n && p[label] == ' ')
        label++;
    for (label_end = label; label_end < n && dash_at(p + label_end, n - label_end) == 0;)
        label_end++;
    a->to = label_end;
    while ((len = dash_at(p + a->to, n - a->to)) > 0)
        a->to += len;
    if (label_end == label || label_end == a->to || label_end - label > 59)
        return false;
    if (a->to == label_end + 10 && begins(p + a->to, n - a->to, "BEGIN "))
        a->to -= 5; /* the next one begins at once */
    if (!is_five(p + a->from, word - a->from))
        a->flaw = "does not begin with five dashes";
    else if (memcmp(p + word, a->end ? "END" : "BEGIN", a->end ? 3 : 5) != 0)
        a->flaw = "is not in capitals";
    else if (!is_five(p + label_end, a->to - label_end))
        a->flaw = "does not end in five dashes";
    else if (label != word + (a->end ? 4 : 6) || p[label_end - 1] == ' ')
        a->flaw = "has a blank too many";
    while (p[label_end - 1] == ' ')
        label_end--;
    pgseal__escape(a->label, sizeof(a->label), p + label, label_end - label, 59);
    return true;
}

/* Reads what OpenSSL takes for armour, whatever stands between the dashes; crypto/pem/pem_lib.c
 * get_name(). */
static bool read_strict(const uint8_t *p, size_t n, const char *head, struct armour *a)
{
    size_t n_head = strlen(head);

    if (n < n_head + 5 || memcmp(p, head, n_head) != 0 || memcmp(p + n - 5, "-----", 5) != 0)
        return false;
    *a = (struct armour){.end = head[5] == 'E', .to = n};
    pgseal__escape(a->label, sizeof(a->label), p + n_head, n - n_head - 5, 59);
    return true;
}

#define TYPOS_MAX 3
#define FUZZY_MAX 48

/* How many letters must be put in, taken out or changed to make a line of another (Levenshtein). */
static size_t distance(const uint8_t *p, size_t n, const char *want)
{
    size_t row[FUZZY_MAX + 1];

    for (size_t i = 0; i <= n; i++)
        row[i] = i;
    for (size_t j = 0; want[j] != '\0'; j++) {
        size_t diagonal = row[0];

        row[0] = j + 1;
        for (size_t i = 0; i < n; i++) {
            size_t least = diagonal + (p[i] != (uint8_t)want[j]);

            diagonal = row[i + 1];
            if (least > row[i] + 1)
                least = row[i] + 1;
            if (least > diagonal + 1)
                least = diagonal + 1;
            row[i + 1] = least;
        }
    }
    return row[n];
}

/* Reads a line that is a BEGIN or END of a certificate but for a typo or two. */
static bool read_fuzzy(const uint8_t *p, size_t n, struct armour *a)
{
    size_t begin;
    size_t end;

    if (n > FUZZY_MAX || memchr(p, '-', n) == NULL)
        return false;
    begin = distance(p, n, "-----BEGIN CERTIFICATE-----");
    end = distance(p, n, "-----END CERTIFICATE-----");
    if (begin > TYPOS_MAX && end > TYPOS_MAX)
        return false;
    *a = (struct armour){.end = end < begin, .to = n, .flaw = "is misspelt"};
    memcpy(a->label, "CERTIFICATE", sizeof("CERTIFICATE"));
    return true;
}

static bool read_armour(const uint8_t *p, size_t n, struct armour *a)
{
    /* Prose has dashes and the word "end" too: what is damaged must name something we know. */
    static const char *const words[] = {"CERT", "CRL", "KEY", "PKCS", "CMS"};

    memset(a, 0, sizeof(*a));
    if (memchr(p, '-', n) == NULL && memchr(p, 0xe2, n) == NULL) /* most lines are base64 */
        return false;
    if (read_meant(p, n, a)) {
        if (a->flaw == NULL)
            return true;
        for (size_t i = 0; i < PGSEAL_COUNT(words); i++)
            if (holds(a->label, words[i]))
                return true;
    }
    return read_strict(p, n, "-----BEGIN ", a) || read_strict(p, n, "-----END ", a) ||
           read_fuzzy(p, n, a);
}

/* What is wrong with the line around it, or with itself; NULL: nothing. */
static const char *flaw_of(const struct armour *a, size_t n, bool line_start)
{
    if (a->flaw != NULL)
        return a->flaw;
    if (a->from > 0 || !line_start)
        return "has something before it";
    return a->to < n ? "has something behind it" : NULL;
}

bool pgseal__next_block(const uint8_t *text, size_t n, size_t *at, int *line,
                        struct pgseal__block *b)
{
    const uint8_t *end = text + n;
    const uint8_t *p = text + *at;
    bool inside = false;
    bool done = false;

    while (p < end && !done) {
        /* OpenSSL passes over a byte order mark where it begins to look for a block. */
        bool line_start = p == text || p[-1] == '\n';
        bool first = line_start && p == text + *at && end - p >= 3;
        size_t bom = first && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        const uint8_t *from = p + bom;
        const uint8_t *next;
        size_t len = line_at(from, end, &next);
        struct armour a;
        struct armour seen;
        bool found = read_armour(from, len, &a);

        if (found && inside && !a.end) { /* the one before was cut off */
            b->len = (size_t)(from + a.from - b->at);
            break;
        }
        if (found && !a.end) {
            *b = (struct pgseal__block){.line = *line, .begin = flaw_of(&a, len, line_start)};
            /* OpenSSL sees no more of a line than LINE_MAX_SEEN bytes at once. */
            b->hidden = !line_start || !read_strict(from, len < LINE_MAX_SEEN ? len : LINE_MAX_SEEN,
                                                    "-----BEGIN ", &seen);
            b->at = a.to < len ? from + a.to : next;
            memcpy(b->label, a.label, sizeof(b->label));
            inside = true;
        } else if (found && inside) {
            b->len = (size_t)(from + a.from - b->at);
            b->end = flaw_of(&a, len, line_start);
            b->ended = strcmp(a.label, b->label) == 0;
            b->end_line = *line;
            done = true;
        }
        if (found && a.to < len) { /* what is left of the line may be its base64, or the next */
            p = from + a.to;
            continue;
        }
        p = next;
        (*line)++;
    }
    if (inside && !done && p >= end)
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

bool pgseal__is_base64(uint8_t c)
{
    return c == '=' || base64_value(c) >= 0;
}

uint8_t *pgseal__block_der(const struct pgseal__block *b, size_t *n, bool *nomem)
{
    uint8_t *out = pgseal__alloc(b->len / 4 * 3 + 4);
    uint32_t bits = 0;
    int have = 0;
    size_t used = 0;

    if (nomem != NULL)
        *nomem = out == NULL;
    /* A dash ends base64 for OpenSSL too: crypto/evp/encode.c EVP_DecodeUpdate(). */
    for (size_t i = 0; out != NULL && i < b->len && b->at[i] != '=' && b->at[i] != '-'; i++) {
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

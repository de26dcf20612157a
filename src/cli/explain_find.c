/* SPDX-License-Identifier: PostgreSQL */
/* Which page is meant: by name, number, setting, or by the message that somebody pasted. */
#include "explain_int.h"
#include "opts_int.h"

#include <openssl/x509_vfy.h>

/* A page whose message fits counts by the square of the letters of the message, and more ... */
#define WEIGHT_OWN   8  /* when the page says that it is about this message */
#define WEIGHT_ERROR 3  /* when it is about a refusal, and not about a parameter */
#define WEIGHT_X509  20 /* when the message holds OpenSSL's reason: as exact as a code */
#define X509_MAX     200
#define SEARCH_NAME  1000
#define SEARCH_HEAD  50
#define SEARCH_TOPIC 4

const char *cli_page_kind_str(enum cli_page_kind kind)
{
    switch (kind) {
    case CLI_PAGE_TOPIC:
        return "topic";
    case CLI_PAGE_PARAMETER:
        return "parameter";
    case CLI_PAGE_FINDING:
        return "finding";
    case CLI_PAGE_ERROR:
        break;
    }
    return "error";
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Bytes of a quotation mark at p, 0 for none: also the round ones that a web page makes of them. */
static size_t quote_len(const char *p)
{
    if (*p == '"' || *p == '\'' || *p == '`')
        return 1;
    if (strncmp(p, "\xe2\x80\x98", 3) == 0 || strncmp(p, "\xe2\x80\x99", 3) == 0 ||
        strncmp(p, "\xe2\x80\x9c", 3) == 0 || strncmp(p, "\xe2\x80\x9d", 3) == 0)
        return 3;
    return 0;
}

void cli_explain_fold(struct cli_str *out, const char *text)
{
    size_t start = out->len;
    size_t quote;

    cli_str_add(out, "");
    for (; *text != '\0'; text++) {
        if ((quote = quote_len(text)) > 0) {
            text += quote - 1;
        } else if (*text == '-' || pgseal__is_space(*text)) {
            if (out->len > start && out->p[out->len - 1] != ' ')
                cli_str_addc(out, ' ');
        } else {
            cli_str_addc(out, lower(*text));
        }
    }
    if (out->len > start && out->p[out->len - 1] == ' ')
        cli_str_cut(out, out->len - 1);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Equal but for case, and for what people type between words. */
static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a == '-' || *a == ' ' ? '_' : lower(*a);
        char y = *b == '-' || *b == ' ' ? '_' : lower(*b);

        if (x != y)
            return false;
    }
    return *a == *b;
}

static bool same_letters(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The page's own name, or one of the others. */
static bool has_name(const struct cli_page *p, const char *asked,
                     bool (*same)(const char *a, const char *b), bool others)
{
    if (same(p->name, asked))
        return true;
    for (const char *name = p->names; others && *name != '\0'; name += strlen(name) + 1)
        if (same(name, asked))
            return true;
    return false;
}

/* First what is typed exactly: service and SERVICE are two pages, SSL_CERT_FILE and ssl_cert_file
 * are names of two. */
static size_t by_name(const struct cli_page *pages, size_t n, const char *asked,
                      struct cli_hit *hits)
{
    static const struct {
        bool (*same)(const char *a, const char *b);
        bool others;
    } rounds[] = {{same_letters, false}, {same_letters, true}, {same_name, true}};
    size_t found = 0;

    for (size_t k = 0; k < PGSEAL_COUNT(rounds) && found == 0; k++)
        for (size_t i = 0; i < n; i++)
            if (has_name(&pages[i], asked, rounds[k].same, rounds[k].others))
                hits[found++] = (struct cli_hit){&pages[i], 1};
    return found;
}

/* "10", "error 10", "num=10": what openssl and the programs that use it print. */
static bool x509_number(const char *asked, char *name, size_t cap)
{
    static const char *const before[] = {"", "error ", "error:", "num=", "verify error:num="};
    struct pgseal_err err = {.code = PGSEAL_E_CERT};

    for (size_t i = 0; i < PGSEAL_COUNT(before); i++) {
        size_t skip = strlen(before[i]);
        const char *digits = asked + skip;
        size_t len;

        if (strncmp(asked, before[i], skip) != 0)
            continue;
        len = strspn(digits, "0123456789");
        if (len == 0 || len > 3 || digits[len] != '\0')
            continue;
        err.x509 = (int)strtol(digits, NULL, 10);
        pgseal__format(name, cap, "%s", pgseal_err_id(&err));
        return err.x509 != 0 && strcmp(name, "X509_UNRECOGNIZED") != 0;
    }
    return false;
}

/* "sslmode=require" is about sslmode. One word, so that a pasted message is none. */
static bool setting(const char *asked, char *name, size_t cap)
{
    size_t n = strcspn(asked, "= \t\n");

    if (n == 0 || asked[n] != '=' || n >= cap || strpbrk(asked, " \t\n") != NULL)
        return false;
    pgseal__format(name, cap, "%.*s", (int)n, asked);
    return true;
}

/* The word behind "code:" of a story that was pasted. */
static bool story_code(const char *asked, char *name, size_t cap)
{
    const char *at = strstr(asked, "code:");
    size_t n;

    if (at == NULL)
        return false;
    at += strlen("code:");
    at += strspn(at, " \t");
    n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (n == 0 || n >= cap)
        return false;
    pgseal__format(name, cap, "%.*s", (int)n, at);
    return true;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Letters of a pattern that the text has, in order; 0 when it does not fit. */
static size_t fits(const char *pattern, const char *text)
{
    size_t letters = 0;

    while (*pattern != '\0') {
        char part[512];
        size_t n = strcspn(pattern, "*");

        if (n >= sizeof(part))
            return 0;
        memcpy(part, pattern, n);
        part[n] = '\0';
        text = strstr(text, part);
        if (text == NULL)
            return 0;
        text += n;
        letters += n;
        pattern += n;
        pattern += strspn(pattern, "*");
    }
    return letters;
}

/* How much of a message there is in what was asked, or the other way round. */
static size_t agree(const char *message, const char *asked)
{
    size_t n = fits(message, asked);

    if (n > 0)
        return n;
    n = strlen(asked); /* a piece of a message, as somebody remembers it */
    return strchr(asked, ' ') != NULL && strstr(message, asked) != NULL ? n : 0;
}

/* On how many pages of a kind a message is: one that is on all of them says nothing. */
static size_t pages_with(const struct cli_page *pages, size_t n, const char *message,
                         enum cli_page_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const char *m = pages[i].messages;

        for (; pages[i].kind == kind && *m != '\0'; m += strlen(m) + 1) {
            if (strcmp(m + (*m == '!'), message) == 0) {
                count++;
                break;
            }
        }
    }
    return count > 0 ? count : 1;
}

static int better(const void *a, const void *b)
{
    const struct cli_hit *x = a;
    const struct cli_hit *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->page < y->page ? -1 : 1; /* the order of the table */
}

/* A page counts by its best message, not by how many it lists. */
static unsigned long score_messages(const struct cli_page *pages, size_t n,
                                    const struct cli_page *p, const char *asked)
{
    unsigned long best = 0;

    for (const char *m = p->messages; *m != '\0'; m += strlen(m) + 1) {
        bool own = *m == '!';
        const char *message = m + own;
        unsigned long score = agree(message, asked);

        if (score == 0)
            continue;
        score = score * score * 10 / pages_with(pages, n, message, p->kind);
        score *= own ? WEIGHT_OWN : p->kind == CLI_PAGE_ERROR ? WEIGHT_ERROR : 1;
        if (score > best)
            best = score;
    }
    return best;
}

/* OpenSSL's own words for a reason, as all who use it print them: the longest, because "self-signed
 * certificate" is also the beginning of another. Gives the name of its page. */
static unsigned long reason_in(const char *asked, const char **name)
{
    struct pgseal_err err = {.code = PGSEAL_E_CERT};
    unsigned long longest = 0;

    *name = "";
    for (int i = 1; i < X509_MAX; i++) {
        struct cli_str words = {0};

        err.x509 = i;
        cli_explain_fold(&words, X509_verify_cert_error_string(i));
        if (words.len > longest && strstr(asked, cli_str(&words)) != NULL) {
            longest = words.len;
            *name = pgseal_err_id(&err);
        }
        cli_str_done(&words);
    }
    return longest * longest * 10 * WEIGHT_X509;
}

static size_t by_message(const struct cli_page *pages, size_t n, const char *asked,
                         struct cli_hit *hits)
{
    struct cli_str folded = {0};
    const char *name;
    unsigned long reason;
    size_t found = 0;

    cli_explain_fold(&folded, asked);
    reason = reason_in(cli_str(&folded), &name);
    for (size_t i = 0; i < n && folded.len > 0; i++) {
        unsigned long score = score_messages(pages, n, &pages[i], cli_str(&folded));

        if (reason > score && strcmp(pages[i].name, name) == 0)
            score = reason;
        if (score > 0)
            hits[found++] = (struct cli_hit){&pages[i], score};
    }
    cli_str_done(&folded);
    qsort(hits, found, sizeof(*hits), better);
    return found;
}

enum cli_found cli_explain_find(const struct cli_page *pages, size_t n, const char *asked,
                                struct cli_hit *hits, size_t *found)
{
    char name[80];

    *found = by_name(pages, n, asked, hits);
    if (*found == 0 &&
        (x509_number(asked, name, sizeof(name)) || setting(asked, name, sizeof(name))))
        *found = by_name(pages, n, name, hits);
    if (*found > 0)
        return CLI_FOUND_NAME;
    if (story_code(asked, name, sizeof(name)) && (*found = by_name(pages, n, name, hits)) > 0)
        return CLI_FOUND_CODE;
    *found = by_message(pages, n, asked, hits);
    return *found > 0 ? CLI_FOUND_MESSAGE : CLI_FOUND_NOTHING;
}

/* ---- words ----------------------------------------------------------------------------------- */

static size_t count(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        n++;
        text += strlen(word);
    }
    return n;
}

/* 0 when the page does not have every word. */
static unsigned long score_words(const struct cli_page *p, const char *words)
{
    struct cli_str name = {0}, head = {0}, text = {0};
    unsigned long score = 0;
    bool all = true;

    cli_explain_fold(&name, p->name);
    cli_explain_fold(&head, p->summary);
    cli_explain_fold(&text, p->text);
    while (*words != '\0' && all) {
        size_t n = strcspn(words, " ");
        char *word = cli_strndup(words, n);
        size_t often = count(cli_str(&text), word);

        all = often > 0;
        score += often + SEARCH_HEAD * count(cli_str(&head), word) +
                 SEARCH_NAME * (strstr(cli_str(&name), word) != NULL);
        cli_free(word);
        words += n;
        words += strspn(words, " ");
    }
    cli_str_done(&name);
    cli_str_done(&head);
    cli_str_done(&text);
    /* Who looks for a word wants the whole picture before a single refusal. */
    return !all ? 0 : p->kind == CLI_PAGE_TOPIC ? score * SEARCH_TOPIC : score;
}

size_t cli_explain_search(const struct cli_page *pages, size_t n, const char *words,
                          struct cli_hit *hits)
{
    struct cli_str folded = {0};
    size_t found = 0;

    cli_explain_fold(&folded, words);
    for (size_t i = 0; i < n && folded.len > 0; i++) {
        unsigned long score = score_words(&pages[i], cli_str(&folded));

        if (score > 0)
            hits[found++] = (struct cli_hit){&pages[i], score};
    }
    cli_str_done(&folded);
    qsort(hits, found, sizeof(*hits), better);
    return found;
}

size_t cli_explain_near(const struct cli_page *pages, size_t n, const char *asked,
                        const struct cli_page **near, size_t max)
{
    char **names = cli_alloc(n * sizeof(*names));
    size_t *row = cli_alloc(n * sizeof(*row));
    struct cli_str typed = {0};
    size_t found = 0;
    size_t left = n;

    for (size_t i = 0; i < n; i++) {
        struct cli_str folded = {0};

        cli_explain_fold(&folded, pages[i].name);
        names[i] = cli_strdup(cli_str(&folded));
        row[i] = i;
        cli_str_done(&folded);
    }
    cli_explain_fold(&typed, asked);
    while (found < max && left > 0) {
        const char *best = cli_nearest(cli_str(&typed), (const char *const *)names, left);
        size_t at = 0;

        if (best == NULL)
            break;
        while (names[at] != best)
            at++;
        near[found++] = &pages[row[at]];
        cli_free(names[at]);
        left--;
        names[at] = names[left];
        row[at] = row[left];
    }
    while (left > 0)
        cli_free(names[--left]);
    cli_free(names);
    cli_free(row);
    cli_str_done(&typed);
    return found;
}

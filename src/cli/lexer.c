/* SPDX-License-Identifier: PostgreSQL */
/* The lexer of the prompt and of scripts: psql's rules for where a statement ends. */
#include "lexer_int.h"

/*
 * PG15 src/fe_utils/psqlscan.l, which mirrors the server's scan.l. A line comes without its newline
 * and is scanned for itself, so a literal continued on the next line begins anew there, as in psql.
 * Variables (:name) are psql's and pass through as psql lets an unset one pass.
 */
enum {
    IN_SQL = 0,
    IN_COMMENT,
    IN_STRING,  /* '...', also b'', x'', u&'' */
    IN_ESTRING, /* E'...' */
    IN_IDENT,   /* "..." */
    IN_DOLLAR   /* $tag$...$tag$ */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_ident(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (c & 0x80) != 0;
}

void cli_lex_line(struct cli_lex *l, enum cli_enc enc, const char *line, size_t n)
{
    l->line = line;
    l->len = n;
    l->pos = 0;
    l->seen = line;
    if (!cli_enc_unsafe(enc))
        return;
    l->masked.len = 0;
    cli_str_addn(&l->masked, line, n);
    for (size_t i = 0; i < n;) {
        size_t len = cli_enc_len(enc, (const uint8_t *)line + i, n - i);

        for (size_t k = 1; k < len && i + k < n; k++)
            l->masked.p[i + k] = (char)0xff;
        i += len;
    }
    l->seen = l->masked.p;
}

/* The character k places on, NUL behind the end. */
static char at(const struct cli_lex *l, size_t k)
{
    return l->pos + k < l->len ? l->seen[l->pos + k] : '\0';
}

static void emit(struct cli_lex *l, struct cli_str *query, size_t n)
{
    if (n > l->len - l->pos)
        n = l->len - l->pos;
    cli_str_addn(query, l->line + l->pos, n);
    l->pos += n;
}

static bool word_is(const struct cli_lex *l, size_t n, const char *word)
{
    char buf[16];

    if (n >= sizeof(buf) || n != strlen(word))
        return false;
    memcpy(buf, l->seen + l->pos, n);
    buf[n] = '\0';
    return pgseal__strcasecmp(buf, word) == 0;
}

/* True behind CREATE [OR REPLACE] {FUNCTION | PROCEDURE}. */
static bool in_function(const struct cli_lex *l)
{
    const char *w = l->words;

    if (w[0] != 'c' || l->paren_depth > 0)
        return false;
    if (w[1] == 'o' && w[2] == 'r')
        return w[3] == 'f' || w[3] == 'p';
    return w[1] == 'f' || w[1] == 'p';
}

/* Semicolons between BEGIN and END of a SQL-standard function body do not end the statement. */
static void note_word(struct cli_lex *l, size_t n)
{
    static const char *const KEPT[] = {"create", "function", "procedure", "or", "replace"};

    if (l->nwords == 0)
        memset(l->words, 0, sizeof(l->words));
    for (size_t i = 0; i < PGSEAL_COUNT(KEPT); i++)
        if (word_is(l, n, KEPT[i]) && l->nwords < sizeof(l->words))
            l->words[l->nwords] = KEPT[i][0];
    l->nwords++;
    if (!in_function(l))
        return;
    if (word_is(l, n, "begin"))
        l->begin_depth++;
    else if (word_is(l, n, "case") && l->begin_depth > 0)
        l->begin_depth++;
    else if (word_is(l, n, "end") && l->begin_depth > 0)
        l->begin_depth--;
}

static bool in_ident(char c)
{
    return starts_ident(c) || is_digit(c) || c == '$';
}

static size_t ident_len(const struct cli_lex *l)
{
    size_t n = 1;

    while (in_ident(at(l, n)))
        n++;
    return n;
}

/*
 * A number, with what scan.l calls junk: a letter right behind it, or an exponent without digits.
 * It matters where the next token begins: "1e--" starts no comment and "1end" ends no body.
 */
static size_t number_len(const struct cli_lex *l)
{
    size_t n = 1;

    while (is_digit(at(l, n)) || at(l, n) == '.')
        n++;
    if ((at(l, n) == 'e' || at(l, n) == 'E') && (at(l, n + 1) == '+' || at(l, n + 1) == '-')) {
        n += 2;
        while (is_digit(at(l, n)))
            n++;
        if (!is_digit(at(l, n - 1)))
            return n;
    }
    if (starts_ident(at(l, n)))
        while (in_ident(at(l, n)))
            n++;
    return n;
}

/* A variable of psql's, ":name", is one token also where nobody knows its value. */
static size_t variable_len(const struct cli_lex *l)
{
    size_t n = 1;

    if (at(l, 1) == ':')
        return 2; /* a cast */
    while (starts_ident(at(l, n)) || is_digit(at(l, n)))
        n++;
    return n;
}

/* Length of $tag$ at the head, 0 when it is none. */
static size_t dollar_len(const struct cli_lex *l)
{
    size_t n = 1;

    if (at(l, n) == '$')
        return 2;
    if (!starts_ident(at(l, n)))
        return 0;
    while (starts_ident(at(l, n)) || is_digit(at(l, n)))
        n++;
    return at(l, n) == '$' ? n + 1 : 0;
}

static void start_word(struct cli_lex *l, struct cli_str *query)
{
    char c = at(l, 0);
    size_t n;

    if (at(l, 1) == '\'' && strchr("bBxXeE", c) != NULL) {
        l->state = c == 'e' || c == 'E' ? IN_ESTRING : IN_STRING;
        emit(l, query, 2);
        return;
    }
    if (at(l, 1) == '\'' && (c == 'n' || c == 'N')) {
        emit(l, query, 1);
        return;
    }
    if ((c == 'u' || c == 'U') && at(l, 1) == '&' && (at(l, 2) == '\'' || at(l, 2) == '"')) {
        l->state = at(l, 2) == '"' ? IN_IDENT : IN_STRING;
        emit(l, query, 3);
        return;
    }
    n = ident_len(l);
    note_word(l, n);
    emit(l, query, n);
}

static void scan_dollar_start(struct cli_lex *l, struct cli_str *query)
{
    size_t n = dollar_len(l);

    if (n > 0) {
        l->tag.len = 0;
        cli_str_addn(&l->tag, l->line + l->pos, n);
        l->state = IN_DOLLAR;
    }
    emit(l, query, n > 0 ? n : 1);
}

static size_t to_line_end(const struct cli_lex *l)
{
    size_t n = 0;

    while (l->pos + n < l->len && at(l, n) != '\n' && at(l, n) != '\r')
        n++;
    return n;
}

/* White space and comments before a query are dropped, within it they are kept. */
static void scan_blank(struct cli_lex *l, struct cli_str *query, size_t n)
{
    if (query->len > 0)
        emit(l, query, n);
    else
        l->pos += n;
}

/* One token of SQL. Returns false when the scan has to stop, with *result. */
static bool scan_sql(struct cli_lex *l, struct cli_str *query, enum cli_lex_result *result)
{
    char c = at(l, 0);
    size_t n = 1;

    if (is_space(c)) {
        while (is_space(at(l, n)))
            n++;
        scan_blank(l, query, n);
    } else if (c == '-' && at(l, 1) == '-') {
        scan_blank(l, query, to_line_end(l));
    } else if (c == '/' && at(l, 1) == '*') {
        l->comment_depth = 0;
        l->state = IN_COMMENT;
        emit(l, query, 2);
    } else if (c == '\'') {
        l->state = l->backslash_quotes ? IN_ESTRING : IN_STRING;
        emit(l, query, 1);
    } else if (c == '"') {
        l->state = IN_IDENT;
        emit(l, query, 1);
    } else if (c == '$') {
        scan_dollar_start(l, query);
    } else if (starts_ident(c)) {
        start_word(l, query);
    } else if (is_digit(c)) {
        emit(l, query, number_len(l));
    } else if (c == ':') {
        emit(l, query, variable_len(l));
    } else if (c == '\\' && (at(l, 1) == ';' || at(l, 1) == ':')) {
        if (at(l, 1) == ';')
            l->nwords = 0;
        l->pos++;
        emit(l, query, 1);
    } else if (c == '\\') {
        l->pos++;
        *result = CLI_LEX_BACKSLASH;
        return false;
    } else {
        if (c == '(')
            l->paren_depth++;
        else if (c == ')' && l->paren_depth > 0)
            l->paren_depth--;
        emit(l, query, 1);
        if (c == ';' && l->paren_depth == 0 && l->begin_depth == 0) {
            l->nwords = 0;
            *result = CLI_LEX_SEMICOLON;
            return false;
        }
    }
    return true;
}

static void scan_comment(struct cli_lex *l, struct cli_str *query)
{
    if (at(l, 0) == '/' && at(l, 1) == '*') {
        l->comment_depth++;
        emit(l, query, 2);
    } else if (at(l, 0) == '*' && at(l, 1) == '/') {
        if (l->comment_depth-- <= 0)
            l->state = IN_SQL;
        emit(l, query, 2);
    } else {
        emit(l, query, 1);
    }
}

/* A doubled quote closes and opens again, which comes to the same. */
static void scan_quoted(struct cli_lex *l, struct cli_str *query)
{
    char quote = l->state == IN_IDENT ? '"' : '\'';
    size_t n = 0;

    while (l->pos + n < l->len && at(l, n) != quote) {
        if (l->state == IN_ESTRING && at(l, n) == '\\')
            n++;
        n++;
    }
    if (l->pos + n < l->len) {
        bool twice = at(l, n + 1) == quote;

        n += twice ? 2 : 1;
        if (!twice)
            l->state = IN_SQL;
    }
    emit(l, query, n);
}

static void scan_dollar(struct cli_lex *l, struct cli_str *query)
{
    const char *from = l->line + l->pos;
    const char *end = memmem(from, l->len - l->pos, l->tag.p, l->tag.len);

    if (end == NULL) {
        emit(l, query, l->len - l->pos);
        return;
    }
    emit(l, query, (size_t)(end - from) + l->tag.len);
    l->state = IN_SQL;
}

/* What to prompt for when a line is used up. */
static enum cli_prompt prompt_of(const struct cli_lex *l, const struct cli_str *query)
{
    switch (l->state) {
    case IN_COMMENT:
        return CLI_PROMPT_COMMENT;
    case IN_STRING:
    case IN_ESTRING:
        return CLI_PROMPT_SINGLE_QUOTE;
    case IN_IDENT:
        return CLI_PROMPT_DOUBLE_QUOTE;
    case IN_DOLLAR:
        return CLI_PROMPT_DOLLAR_QUOTE;
    default:
        break;
    }
    if (l->paren_depth > 0)
        return CLI_PROMPT_PAREN;
    return l->begin_depth > 0 || query->len > 0 ? CLI_PROMPT_CONTINUE : CLI_PROMPT_READY;
}

enum cli_lex_result cli_lex_scan(struct cli_lex *l, struct cli_str *query, enum cli_prompt *prompt)
{
    enum cli_lex_result result;

    while (l->pos < l->len) {
        switch (l->state) {
        case IN_COMMENT:
            scan_comment(l, query);
            break;
        case IN_STRING:
        case IN_ESTRING:
        case IN_IDENT:
            scan_quoted(l, query);
            break;
        case IN_DOLLAR:
            scan_dollar(l, query);
            break;
        default:
            if (!scan_sql(l, query, &result)) {
                *prompt = CLI_PROMPT_READY;
                return result;
            }
        }
    }
    *prompt = prompt_of(l, query);
    return CLI_LEX_END;
}

bool cli_lex_in_quote(const struct cli_lex *l)
{
    return l->state != IN_SQL;
}

const char *cli_lex_rest(const struct cli_lex *l, size_t *n)
{
    *n = l->len - l->pos;
    return l->line + l->pos;
}

void cli_lex_skip(struct cli_lex *l, size_t n)
{
    l->pos = n < l->len - l->pos ? l->pos + n : l->len;
}

void cli_lex_reset(struct cli_lex *l)
{
    l->state = IN_SQL;
    l->comment_depth = 0;
    l->paren_depth = 0;
    l->begin_depth = 0;
    l->nwords = 0;
}

void cli_lex_done(struct cli_lex *l)
{
    cli_str_done(&l->tag);
    cli_str_done(&l->masked);
    *l = (struct cli_lex){0};
}

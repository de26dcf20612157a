/* SPDX-License-Identifier: PostgreSQL */
/* Memory that does not fail, and growing strings. */
#include "text_int.h"

static void *or_die(void *p)
{
    if (p == NULL) {
        fputs("pgseal: error: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *cli_alloc(size_t n)
{
    return or_die(pgseal__alloc(n > 0 ? n : 1));
}

void *cli_realloc(void *p, size_t n)
{
    return or_die(pgseal__realloc(p, n > 0 ? n : 1));
}

char *cli_strdup(const char *s)
{
    return or_die(pgseal__strdup(s));
}

char *cli_strndup(const char *s, size_t n)
{
    return or_die(pgseal__strndup(s, n));
}

void cli_free(void *p)
{
    pgseal__free(p);
}

/* Makes room for n more bytes and the NUL. */
static void grow(struct cli_str *s, size_t n)
{
    size_t need = s->len + n + 1;

    if (need <= s->cap)
        return;
    if (need < n) /* wrapped around */
        or_die(NULL);
    if (need < s->cap * 2)
        need = s->cap * 2;
    if (need < 64)
        need = 64;
    s->p = cli_realloc(s->p, need);
    s->cap = need;
}

void cli_str_addn(struct cli_str *s, const void *p, size_t n)
{
    grow(s, n);
    if (n > 0)
        memcpy(s->p + s->len, p, n);
    s->len += n;
    s->p[s->len] = '\0';
}

void cli_str_add(struct cli_str *s, const char *text)
{
    cli_str_addn(s, text, strlen(text));
}

void cli_str_addc(struct cli_str *s, char c)
{
    cli_str_addn(s, &c, 1);
}

void cli_str_addf(struct cli_str *s, const char *fmt, ...)
{
    va_list ap;
    int n;

    grow(s, 80);
    va_start(ap, fmt);
    n = vsnprintf(s->p + s->len, s->cap - s->len, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n >= s->cap - s->len) {
        grow(s, (size_t)n);
        va_start(ap, fmt);
        n = vsnprintf(s->p + s->len, s->cap - s->len, fmt, ap);
        va_end(ap);
    }
    if (n > 0)
        s->len += (size_t)n;
    s->p[s->len] = '\0';
}

void cli_str_pad(struct cli_str *s, size_t n)
{
    grow(s, n);
    memset(s->p + s->len, ' ', n);
    s->len += n;
    s->p[s->len] = '\0';
}

void cli_str_cut(struct cli_str *s, size_t len)
{
    if (len < s->len) {
        s->len = len;
        s->p[len] = '\0';
    }
}

void cli_str_done(struct cli_str *s)
{
    cli_free(s->p);
    *s = (struct cli_str){0};
}

const char *cli_str(const struct cli_str *s)
{
    return s->p != NULL ? s->p : "";
}

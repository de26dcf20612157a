/* SPDX-License-Identifier: PostgreSQL */
/* Keyword/value strings, with the grammar of libpq's conninfo_parse() (PG18 fe-connect.c). */
#include "conninfo_int.h"

/* One pass over a string. Names and values are cut out of a copy in place, as escapes shrink. */
struct pairs {
    char *p;
    bool after_secret; /* the pair before was a password: an odd word may be the rest of it */
    struct pgseal__parsed *out;
};

int pgseal__parsed_store(struct pgseal__parsed *out, const char *keyword, const char *value,
                         struct pgseal_err *err)
{
    const char *origin = PGSEAL_ORIGIN_STRING;
    int param;
    int rc;

    if (strcmp(keyword, "requiressl") == 0) {
        /* A plain assignment, so it also weakens: libpq's conninfo_storeval(). */
        keyword = "sslmode";
        value = value[0] == '1' ? "require" : "prefer";
        origin = PGSEAL_ORIGIN_STRING " (requiressl)";
    }
    param = pgseal__param_find(keyword);
    if (param < 0)
        return PGSEAL_E_OPTION;
    rc = pgseal__value_set(&out->v[param], value, origin, NULL, err);
    return rc < 0 ? rc : param;
}

static char *skip_blanks(char *p)
{
    while (pgseal__is_space(*p))
        p++;
    return p;
}

/* Fails with a text that quotes a word which should have been a keyword. */
static int odd_word(const struct pairs *s, const char *word, int code, const char *before,
                    const char *after, struct pgseal_err *err)
{
    const char *shown = pgseal__show(word, s->after_secret);
    const char *near = pgseal__param_near(word);
    char *masked = shown == word ? pgseal__mask_uri(word) : NULL;

    if (shown == word && masked == NULL)
        return pgseal__nomem(err);
    pgseal__fail(err, code, "%s\"%s\"%s", before, masked != NULL ? masked : shown, after);
    if (shown != word) {
        pgseal__detail(err, "The word is not shown because it follows a password.");
        pgseal__hint(err, "A value with blanks, quotes or backslashes is written "
                          "password='it\\'s a secret'.");
    } else if (strstr(word, "://") != NULL) {
        pgseal__hint(err, "A URI begins with postgresql:// or postgres://, in lower case.");
    } else if (near != NULL && code == PGSEAL_E_OPTION) {
        pgseal__hint(err, "Did you mean \"%s\"?", near);
    }
    pgseal__wipe_free_str(masked);
    return code;
}

/* Cuts the name at its end and moves behind the "=". */
static int take_name(struct pairs *s, char **name, struct pgseal_err *err)
{
    char *p = s->p;

    *name = p;
    while (*p != '\0' && *p != '=' && !pgseal__is_space(*p))
        p++;
    if (pgseal__is_space(*p)) {
        *p++ = '\0';
        p = skip_blanks(p);
    }
    if (*p != '=')
        return odd_word(s, *name, PGSEAL_E_CONNINFO, "missing \"=\" after ",
                        " in connection info string", err);
    *p++ = '\0';
    s->p = p;
    return 0;
}

static void take_bare_value(struct pairs *s)
{
    char *to = s->p;
    char *p = s->p;

    while (*p != '\0') {
        if (pgseal__is_space(*p)) {
            p++;
            break;
        }
        if (*p == '\\')
            p++;
        if (*p != '\0')
            *to++ = *p++;
    }
    *to = '\0';
    s->p = p;
}

static int take_quoted_value(struct pairs *s, struct pgseal_err *err)
{
    char *to = s->p;
    char *p = s->p + 1;

    while (*p != '\'') {
        if (*p == '\\')
            p++;
        if (*p == '\0')
            return pgseal__fail(err, PGSEAL_E_CONNINFO,
                                "unterminated quoted string in connection info string");
        *to++ = *p++;
    }
    *to = '\0';
    s->p = p + 1;
    return 0;
}

/* `password= sslmode=verify-full` makes "sslmode=verify-full" the password: say so. */
static int warn_swallowed(struct pairs *s, const char *name, const char *value,
                          struct pgseal_err *err)
{
    size_t n = strcspn(value, "=");
    char word[64];

    if (value[n] != '=' || n >= sizeof(word))
        return 0;
    memcpy(word, value, n);
    word[n] = '\0';
    if (pgseal__param_find(word) < 0)
        return 0;
    return pgseal__warn(&s->out->warn, err,
                        "the value of %s is what follows the blank, \"%s=...\", and %s is not set "
                        "by it; an empty value is written %s=''",
                        name, word, word, name);
}

static int take_pair(struct pairs *s, struct pgseal_err *err)
{
    char *name;
    char *value;
    bool blank;
    bool bare;
    int rc = take_name(s, &name, err);

    if (rc < 0)
        return rc;
    blank = pgseal__is_space(*s->p);
    value = s->p = skip_blanks(s->p);
    bare = *value != '\'';
    if (bare)
        take_bare_value(s);
    else
        rc = take_quoted_value(s, err);
    if (rc == 0)
        rc = pgseal__parsed_store(s->out, name, value, err);
    if (rc == PGSEAL_E_OPTION)
        return odd_word(s, name, rc, "invalid connection option ", "", err);
    if (rc < 0)
        return rc;
    s->after_secret = pgseal__param_is_secret(rc);
    return blank && bare ? warn_swallowed(s, name, value, err) : 0;
}

int pgseal__parse_pairs(const char *text, struct pgseal__parsed *out, struct pgseal_err *err)
{
    size_t n = strlen(text);
    char *copy = pgseal__strdup(text);
    struct pairs s = {.p = copy, .out = out};
    int rc = 0;

    if (copy == NULL)
        return pgseal__nomem(err);
    while (rc == 0) {
        s.p = skip_blanks(s.p);
        if (*s.p == '\0')
            break;
        rc = take_pair(&s, err);
    }
    pgseal__wipe_free(copy, n);
    return rc;
}

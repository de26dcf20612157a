/* SPDX-License-Identifier: PostgreSQL */
/* Words of command lines: quoting for a shell, hiding passwords, guessing what was meant. */
#include "opts_int.h"

void cli_shell_word(struct cli_str *out, const char *arg)
{
    static const char SAFE[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%+=:,./_-";

    if (arg[0] != '\0' && strspn(arg, SAFE) == strlen(arg)) {
        cli_str_add(out, arg);
        return;
    }
    cli_str_addc(out, '\'');
    for (; *arg != '\0'; arg++) {
        if (*arg == '\'')
            cli_str_add(out, "'\\''");
        else
            cli_str_addc(out, *arg);
    }
    cli_str_addc(out, '\'');
}

/* Puts *** (at most) where text[from..to) is. Returns where the text goes on. */
static size_t mask(char *text, size_t from, size_t to, size_t stars)
{
    size_t n = strlen(text);
    size_t keep = to - from < stars ? to - from : stars;

    memset(text + from, '*', keep);
    memmove(text + from + keep, text + to, n - to);
    pgseal__wipe(text + from + keep + n - to, to - from - keep);
    return from + keep;
}

static bool is_secret(const char *name, size_t n)
{
    static const char *const SECRETS[] = {"password", "sslpassword", "scram_client_key",
                                          "scram_server_key", "oauth_client_secret"};

    for (size_t i = 0; i < PGSEAL_COUNT(SECRETS); i++)
        if (n == strlen(SECRETS[i]) && strncmp(name, SECRETS[i], n) == 0)
            return true;
    return false;
}

/* End of a value of a keyword/value string that begins at `at`. */
static size_t value_end(const char *s, size_t at)
{
    bool quoted = s[at] == '\'';

    if (quoted)
        at++;
    for (; s[at] != '\0'; at++) {
        if (s[at] == '\\' && s[at + 1] != '\0')
            at++;
        else if (quoted && s[at] == '\'')
            return at + 1;
        else if (!quoted && pgseal__is_space(s[at]))
            return at;
    }
    return at;
}

static void mask_pairs(char *s, bool drop)
{
    size_t at = 0;

    while (s[at] != '\0') {
        size_t name, name_len;

        while (pgseal__is_space(s[at]))
            at++;
        name = at;
        while (s[at] != '\0' && s[at] != '=' && !pgseal__is_space(s[at]))
            at++;
        name_len = at - name;
        while (pgseal__is_space(s[at]))
            at++;
        if (s[at] != '=')
            continue;
        at++;
        while (pgseal__is_space(s[at]))
            at++;
        if (!is_secret(s + name, name_len)) {
            at = value_end(s, at);
        } else if (drop) {
            at = value_end(s, at);
            while (pgseal__is_space(s[at]))
                at++;
            at = mask(s, name, at, 0);
        } else {
            at = mask(s, at, value_end(s, at), 3);
        }
    }
}

/*
 * libpq takes the first "@" for the end of user and password, and none behind a "/". A person who
 * forgot to encode one in a password meant the last: so everything up to it is hidden.
 */
static void mask_uri(char *s, size_t at, bool drop)
{
    size_t colon = at + strcspn(s + at, ":@?");
    size_t first = at + strcspn(s + at, "@/");
    size_t end = at;

    for (size_t i = at; s[i] != '\0' && s[i] != '?'; i++)
        if (s[i] == '@')
            end = i;
    if (s[first] == '@' && first > end) { /* behind a "?" too it ends a password */
        end = first;
        colon = at + strcspn(s + at, ":@");
    }
    if (s[colon] == ':' && colon < end)
        mask(s, drop ? colon : colon + 1, end, drop ? 0 : 3);
    at += strcspn(s + at, "?");
    while (s[at] != '\0') {
        size_t name = at + 1;
        size_t eq = name + strcspn(s + name, "=&");
        size_t next = eq + strcspn(s + eq, "&");

        if (s[eq] != '=' || !is_secret(s + name, eq - name))
            at = next;
        else if (!drop)
            at = mask(s, eq + 1, next, 3);
        else if (s[next] == '&')
            at = mask(s, name, next + 1, 0) - 1;
        else
            at = mask(s, at, next, 0);
    }
}

static void hide(char *text, bool drop)
{
    if (strncmp(text, "postgresql://", 13) == 0)
        mask_uri(text, 13, drop);
    else if (strncmp(text, "postgres://", 11) == 0)
        mask_uri(text, 11, drop);
    else if (strchr(text, '=') != NULL)
        mask_pairs(text, drop);
}

void cli_mask_secrets(char *text)
{
    hide(text, false);
}

void cli_drop_secrets(char *text)
{
    hide(text, true);
}

#define WORD_MAX 48 /* the longest name of a page has 41 */

/* Edits from a to b: insert, delete, replace, swap of neighbours (restricted Damerau-Levenshtein).
 */
static size_t distance(const char *a, const char *b)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);

    if (na > WORD_MAX || nb > WORD_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= na; i++)
        d[i][0] = i;
    for (size_t k = 0; k <= nb; k++)
        d[0][k] = k;
    for (size_t i = 1; i <= na; i++) {
        for (size_t k = 1; k <= nb; k++) {
            size_t best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

            if (d[i - 1][k] + 1 < best)
                best = d[i - 1][k] + 1;
            if (d[i][k - 1] + 1 < best)
                best = d[i][k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                d[i - 2][k - 2] + 1 < best)
                best = d[i - 2][k - 2] + 1;
            d[i][k] = best;
        }
    }
    return d[na][nb];
}

const char *cli_nearest(const char *typed, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t least = strlen(typed) / 3 + 2; /* further away it is another word */

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(typed, names[i]);

        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

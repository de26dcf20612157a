/* SPDX-License-Identifier: PostgreSQL */
/* The one small file that says what a store is: version, and which roots clients trust. */
#include "own_int.h"

#define VERSION 1

void ca_own_state_format(const struct ca_own_state *s, char out[64])
{
    pgseal__format(out, 64, "pgseal-ca %d\nroots %d %d\n", VERSION, s->oldest, s->newest);
}

static int damaged(struct pgseal_err *err)
{
    return ca_own_fail(err, "It should say \"pgseal-ca 1\" and \"roots N N\".",
                       "Bring the file back from a backup.",
                       "the file \"store\" of the authority is damaged");
}

/* A number of 1 to 6 digits behind a word; *p is moved behind it. < 0: something else. */
static int number_after(const char **p, const char *word)
{
    size_t n = strlen(word);
    int v = 0, digits = 0;

    if (strncmp(*p, word, n) != 0)
        return -1;
    for (*p += n; **p >= '0' && **p <= '9' && digits < 6; (*p)++, digits++)
        v = v * 10 + (**p - '0');
    return digits > 0 ? v : -1;
}

int ca_own_state_parse(const char *text, size_t n, struct ca_own_state *out, struct pgseal_err *err)
{
    struct ca_own_state s;
    const char *p = text;
    int version;
    char seen[80];

    if (strlen(text) != n)
        return damaged(err);
    version = number_after(&p, "pgseal-ca ");
    if (version > VERSION) {
        pgseal__format(seen, sizeof(seen), "The store has version %d, this program knows %d.",
                       version, VERSION);
        return ca_own_fail(err, seen, "Use the newer pgseal that wrote it.",
                           "the authority's store was written by a later version of pgseal");
    }
    s.oldest = number_after(&p, "\nroots ");
    s.newest = number_after(&p, " ");
    if (version < 1 || strcmp(p, "\n") != 0 || s.oldest < 1 || s.newest < s.oldest ||
        s.newest > s.oldest + 1)
        return damaged(err);
    *out = s;
    return 0;
}

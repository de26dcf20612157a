/* SPDX-License-Identifier: PostgreSQL */
/* The table of parameters and finding a keyword in it, also a misspelled one. */
#include "conninfo_int.h"

static const struct pgseal_param_info params[PGSEAL_P_COUNT] = {
#define PGSEAL_ROW(keyword, env, fallback, since, label, display, acts, text) \
    {#keyword, env, fallback, since, label, display, text, acts},
#include "core/conninfo/params.def"
#undef PGSEAL_ROW
};

const struct pgseal_param_info *pgseal_conninfo_param(size_t i)
{
    return i < PGSEAL_P_COUNT ? &params[i] : NULL;
}

int pgseal__param_find(const char *keyword)
{
    for (int i = 0; i < PGSEAL_P_COUNT; i++) {
        if (strcmp(params[i].keyword, keyword) == 0)
            return i;
    }
    return -1;
}

bool pgseal__param_is_secret(int param)
{
    return params[param].display[0] == '*' || param == PGSEAL_P_scram_client_key ||
           param == PGSEAL_P_scram_server_key;
}

#define NEAR_MAX 40

/* Damerau-Levenshtein distance (adjacent letters may be exchanged) of two short words. */
static size_t distance(const char *a, const char *b)
{
    size_t row[3][NEAR_MAX + 1];
    size_t na = strlen(a);
    size_t nb = strlen(b);

    for (size_t j = 0; j <= nb; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[i % 3];
        const size_t *last = row[(i + 2) % 3];
        const size_t *before = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[na % 3][nb];
}

/* What other programs and drivers call it. */
static const struct {
    const char *name;
    int param;
} aliases[] = {
    {"ssl", PGSEAL_P_sslmode},
    {"username", PGSEAL_P_user},
    {"database", PGSEAL_P_dbname},
    {"db", PGSEAL_P_dbname},
    {"hostname", PGSEAL_P_host},
    {"server", PGSEAL_P_host},
    {"pwd", PGSEAL_P_password},
    {"pass", PGSEAL_P_password},
    {"timeout", PGSEAL_P_connect_timeout},
    {"sslca", PGSEAL_P_sslrootcert},
    {"sslrootca", PGSEAL_P_sslrootcert},
    {"requiressl", PGSEAL_P_sslmode},
};

const char *pgseal__param_near(const char *text)
{
    size_t n = strlen(text);
    size_t best = n >= 6 ? 3 : 2; /* at most two wrong letters, one in a short word */
    const char *near = NULL;

    for (size_t i = 0; i < PGSEAL_COUNT(aliases); i++) {
        if (pgseal__strcasecmp(text, aliases[i].name) == 0)
            return params[aliases[i].param].keyword;
    }
    for (int i = 0; i < PGSEAL_P_COUNT; i++) {
        if (pgseal__strcasecmp(text, params[i].keyword) == 0)
            return params[i].keyword;
    }

    if (n < 3 || n > NEAR_MAX)
        return NULL;
    for (int i = 0; i < PGSEAL_P_COUNT; i++) {
        size_t d = distance(text, params[i].keyword);

        if (d < best) {
            best = d;
            near = params[i].keyword;
        }
    }
    return near;
}

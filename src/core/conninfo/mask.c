/* SPDX-License-Identifier: PostgreSQL */
/* Keeps passwords out of error texts: libpq quotes the offending token, which can be one. */
#include "conninfo_int.h"

const char *pgseal__show(const char *token, bool maybe_secret)
{
    if (!maybe_secret || pgseal__param_find(token) >= 0 || pgseal__param_near(token) != NULL)
        return token;
    return PGSEAL_MASK;
}

/* What may be the URI of another program ("jdbc:postgresql://...") is masked like one of ours. */
void pgseal__uri_secret(const char *uri, size_t *from, size_t *to)
{
    const char *scheme = strstr(uri, "://");
    const char *start = scheme != NULL ? scheme + 3 : uri;
    const char *at = strrchr(start, '@');
    const char *colon = strchr(start, ':');

    *from = *to = 0;
    if (at == NULL || colon == NULL || colon > at)
        return;
    *from = (size_t)(colon + 1 - uri);
    *to = (size_t)(at - uri);
}

/* Whether the query parameter at `p` ("name=value&...") has a value nobody may see. */
static bool query_is_secret(const char *p, size_t name_len)
{
    char name[64];

    if (memchr(p, '%', name_len) != NULL || name_len >= sizeof(name))
        return true; /* spelled in a way not worth decoding for an error text */
    memcpy(name, p, name_len);
    name[name_len] = '\0';
    int param = pgseal__param_find(name);
    return param < 0 || pgseal__param_is_secret(param);
}

char *pgseal__mask_uri(const char *uri)
{
    size_t from;
    size_t to;
    size_t used = 0;
    size_t n = strlen(uri);
    char *out = pgseal__alloc(2 * n + 16); /* at most: every "=" grows by a mask, "a=" to "a=***" */
    bool query = false;

    if (out == NULL)
        return NULL;
    pgseal__uri_secret(uri, &from, &to);
    for (size_t i = 0; i < n;) {
        if (i == from && from < to) {
            memcpy(out + used, PGSEAL_MASK, sizeof(PGSEAL_MASK) - 1);
            used += sizeof(PGSEAL_MASK) - 1;
            i = to;
            continue;
        }
        char c = uri[i];

        out[used++] = uri[i++];
        if (c == '?' || (c == '&' && query)) {
            size_t name = strcspn(uri + i, "=&");

            query = true;
            if (uri[i + name] != '=' || !query_is_secret(uri + i, name) || i < to)
                continue;
            memcpy(out + used, uri + i, name + 1);
            used += name + 1;
            i += name + 1;
            i += strcspn(uri + i, "&");
            memcpy(out + used, PGSEAL_MASK, sizeof(PGSEAL_MASK) - 1);
            used += sizeof(PGSEAL_MASK) - 1;
        }
    }
    out[used] = '\0';
    return out;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Lines of a PEM file. */
#include "text_int.h"

bool ca_text_next(struct ca_text *l)
{
    const uint8_t *nl;

    if (l->next >= l->end)
        return false;
    nl = memchr(l->next, '\n', (size_t)(l->end - l->next));
    l->p = l->next;
    l->n = (size_t)((nl != NULL ? nl : l->end) - l->p);
    l->next = nl != NULL ? nl + 1 : l->end;
    while (l->n > 0 && (l->p[l->n - 1] == '\r' || l->p[l->n - 1] == ' ' || l->p[l->n - 1] == '\t'))
        l->n--;
    l->number++;
    return true;
}

bool ca_text_is(const struct ca_text *l, const char *text)
{
    return l->n == strlen(text) && memcmp(l->p, text, l->n) == 0;
}

bool ca_text_base64(const struct ca_text *l)
{
    for (size_t i = 0; i < l->n; i++) {
        uint8_t c = l->p[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '+' && c != '/' && c != '=')
            return false;
    }
    return true;
}

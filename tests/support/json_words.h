/* SPDX-License-Identifier: PostgreSQL */
/* Strings as JSON on standard output, for the programs that two implementations are compared by.
 */
#ifndef T_JSON_WORDS_H
#define T_JSON_WORDS_H

#include <stdio.h>

static inline void put_string(const char *s)
{
    if (s == NULL) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        /* bytes >= 0x80 become U+0080..U+00FF: what libpq holds need not be UTF-8 */
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

/* "name":"value", */
static inline void put_member(const char *name, const char *value)
{
    put_string(name);
    putchar(':');
    put_string(value);
    putchar(',');
}

#endif

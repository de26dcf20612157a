/* SPDX-License-Identifier: PostgreSQL */
/* The passwords that ours and PostgreSQL's SASLprep are asked about, so that both answer the same.
 */
#ifndef T_SASLPREP_QUESTIONS_H
#define T_SASLPREP_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t saslprep_utf8(uint32_t c, char *o)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (n == 1) {
        o[0] = (char)c;
        return 1;
    }
    for (size_t i = n; i-- > 1; c >>= 6)
        o[i] = (char)(0x80 | (c & 63));
    o[0] = (char)((0xf00 >> n) | c);
    return n;
}

/*
 * Each code point of the ranges where tables have rows: alone, behind a Latin letter, between two
 * Hebrew letters, and between a Hangul jamo with a mark and a vowel.
 */
static inline void saslprep_questions(void (*ask)(void *ctx, const char *password), void *ctx)
{
    static const uint32_t ranges[][2] = {
        {0x01, 0x3400},     {0xa000, 0xac40},   {0xd780, 0xe010},
        {0xf8f0, 0x10000},  {0x10300, 0x10450}, {0x1d000, 0x1d800},
        {0x2f800, 0x2fa20}, {0xe0000, 0xe0100}, {0x10fff0, 0x110000}};
    static const char *const around[][2] = {
        {"", ""}, {"a", ""}, {"\xd7\x90", "\xd7\x91"}, {"\xe1\x84\x80\xcc\x80", "\xe1\x85\xa1"}};

    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        for (uint32_t c = ranges[r][0]; c < ranges[r][1]; c++) {
            for (size_t k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
                char in[32];
                size_t n = strlen(around[k][0]);

                memcpy(in, around[k][0], n);
                n += saslprep_utf8(c, in + n);
                memcpy(in + n, around[k][1], strlen(around[k][1]) + 1);
                ask(ctx, in);
            }
        }
    }
}

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Asks PostgreSQL's pg_saslprep what tests/unit/auth/test_saslprep.c asks ours; prints the digest.
 *
 * cc -o saslprep_digest tests/tools/saslprep_digest.c LIB/libpgcommon_shlib.a LIB/libpgport_shlib.a
 * \ -lcrypto -lm -lpthread LIB is the library directory of a PostgreSQL 18 (the npm package that
 * ./dev setup unpacks has the archives). Not built by default: it needs PostgreSQL's internals.
 */
#include <openssl/evp.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* src/include/common/saslprep.h */
int pg_saslprep(const char *input, char **output);

static size_t encode(uint32_t c, char *o)
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

int main(void)
{
    static const uint32_t ranges[][2] = {
        {0x01, 0x3400},     {0xa000, 0xac40},   {0xd780, 0xe010},
        {0xf8f0, 0x10000},  {0x10300, 0x10450}, {0x1d000, 0x1d800},
        {0x2f800, 0x2fa20}, {0xe0000, 0xe0100}, {0x10fff0, 0x110000}};
    static const char *const around[][2] = {
        {"", ""}, {"a", ""}, {"\xd7\x90", "\xd7\x91"}, {"\xe1\x84\x80\xcc\x80", "\xe1\x85\xa1"}};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t sum[32];

    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        for (uint32_t c = ranges[r][0]; c < ranges[r][1]; c++) {
            for (size_t k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
                char in[32], head[24], *out = NULL;
                size_t n = strlen(around[k][0]);
                const char *used;

                memcpy(in, around[k][0], n);
                n += encode(c, in + n);
                memcpy(in + n, around[k][1], strlen(around[k][1]) + 1);
                used = pg_saslprep(in, &out) == 0 ? out : in;
                snprintf(head, sizeof(head), "%zu:", strlen(used));
                EVP_DigestUpdate(md, head, strlen(head));
                EVP_DigestUpdate(md, used, strlen(used));
                EVP_DigestUpdate(md, ";", 1);
                free(out);
            }
        }
    }
    EVP_DigestFinal_ex(md, sum, NULL);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof(sum); i++)
        printf("%02x", sum[i]);
    printf("\n");
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Asks PostgreSQL's pg_saslprep what tests/unit/auth/test_saslprep.c asks ours; prints the digest.
 *
 * cc -o saslprep_digest tests/tools/saslprep_digest.c LIB/libpgcommon_shlib.a LIB/libpgport_shlib.a
 * \ -lcrypto -lm -lpthread LIB is the library directory of a PostgreSQL 18 (the npm package that
 * ./dev setup unpacks has the archives). Not built by default: it needs PostgreSQL's internals.
 */
#include "../support/saslprep_questions.h"

#include <openssl/evp.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* src/include/common/saslprep.h */
int pg_saslprep(const char *input, char **output);

/* "length:bytes;" of what becomes of a password, into the digest. */
static void digest_one(void *ctx, const char *in)
{
    EVP_MD_CTX *md = ctx;
    char head[24], *out = NULL;
    const char *used = pg_saslprep(in, &out) == 0 ? out : in;

    snprintf(head, sizeof(head), "%zu:", strlen(used));
    EVP_DigestUpdate(md, head, strlen(head));
    EVP_DigestUpdate(md, used, strlen(used));
    EVP_DigestUpdate(md, ";", 1);
    free(out);
}

int main(void)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t sum[32];

    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    saslprep_questions(digest_one, md);
    EVP_DigestFinal_ex(md, sum, NULL);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof(sum); i++)
        printf("%02x", sum[i]);
    printf("\n");
    return 0;
}

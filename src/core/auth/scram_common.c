/* SPDX-License-Identifier: PostgreSQL */
/* The arithmetic of SCRAM-SHA-256 that both roles need: keys, signatures, base64. */
#include "auth_int.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits.h>

const char *pgseal__auth_ossl_reason(void)
{
    unsigned long e = ERR_get_error();
    const char *why = e != 0 ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return why != NULL ? why : "OpenSSL failure";
}

int pgseal__scram_salted(const char *password, const uint8_t *salt, size_t salt_len, int iterations,
                         uint8_t out[PGSEAL__SCRAM_KEY_LEN], const char **why)
{
    size_t len = strlen(password);

    ERR_clear_error();
    if (len > INT_MAX || salt_len > INT_MAX ||
        PKCS5_PBKDF2_HMAC(password, (int)len, salt, (int)salt_len, iterations, EVP_sha256(),
                          PGSEAL__SCRAM_KEY_LEN, out) != 1) {
        *why = pgseal__auth_ossl_reason();
        return PGSEAL_E_SCRAM;
    }
    return 0;
}

int pgseal__scram_hmac(const uint8_t key[PGSEAL__SCRAM_KEY_LEN], const char *text,
                       uint8_t out[PGSEAL__SCRAM_KEY_LEN], const char **why)
{
    unsigned n = 0;

    ERR_clear_error();
    if (HMAC(EVP_sha256(), key, PGSEAL__SCRAM_KEY_LEN, (const uint8_t *)text, strlen(text), out,
             &n) == NULL ||
        n != PGSEAL__SCRAM_KEY_LEN) {
        *why = pgseal__auth_ossl_reason();
        return PGSEAL_E_SCRAM;
    }
    return 0;
}

int pgseal__scram_h(const uint8_t in[PGSEAL__SCRAM_KEY_LEN], uint8_t out[PGSEAL__SCRAM_KEY_LEN],
                    const char **why)
{
    unsigned n = 0;

    ERR_clear_error();
    if (EVP_Digest(in, PGSEAL__SCRAM_KEY_LEN, out, &n, EVP_sha256(), NULL) != 1 ||
        n != PGSEAL__SCRAM_KEY_LEN) {
        *why = pgseal__auth_ossl_reason();
        return PGSEAL_E_SCRAM;
    }
    return 0;
}

/* The alphabet, and what fills up the last group. */
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

void pgseal__base64_encode(const uint8_t *p, size_t n, char *out)
{
    for (; n > 0; p += 3) {
        uint32_t v = (uint32_t)p[0] << 16;

        if (n > 1)
            v |= (uint32_t)p[1] << 8;
        if (n > 2)
            v |= p[2];
        *out++ = base64[v >> 18];
        *out++ = base64[v >> 12 & 63];
        *out++ = base64[n > 1 ? v >> 6 & 63 : 64];
        *out++ = base64[n > 2 ? v & 63 : 64];
        n -= n > 3 ? 3 : n;
    }
    *out = '\0';
}

/*
 * EVP_DecodeBlock is not used: it skips blanks and counts padding as bytes. What is accepted here
 * is what libpq accepts (src/common/base64.c), oddities included, so that both clients log in to
 * the same servers: characters behind a padding are decoded, and each later group of four gives
 * as many bytes as the first padded one.
 */
long pgseal__base64_decode(const char *p, size_t n, uint8_t *out)
{
    uint32_t v = 0;
    int digits = 0, keep = 3;
    long len = 0;

    for (; n > 0; p++, n--) {
        const char *at = *p != '\0' && *p != '=' ? strchr(base64, *p) : NULL;

        if (*p == '=') {
            if (keep == 3 && digits < 2)
                return -1;
            if (keep == 3)
                keep = digits - 1;
        } else if (at == NULL) {
            return -1;
        }
        v = v << 6 | (at != NULL ? (uint32_t)(at - base64) : 0);
        if (++digits < 4)
            continue;
        for (int i = 0; i < keep; i++)
            out[len++] = (uint8_t)(v >> (16 - 8 * i));
        digits = 0;
        v = 0;
    }
    return digits == 0 ? len : -1;
}

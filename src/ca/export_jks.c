/* SPDX-License-Identifier: PostgreSQL */
/* A JKS truststore, Java's own form, as every Java reads it. */
#include "export_int.h"

#include "core/base/base.h"

#include <openssl/evp.h>

/* OpenJDK sun.security.provider.JavaKeyStore, engineStore() and getPreKeyedHash(). */
#define MAGIC       0xfeedfeedu
#define VERSION     2u
#define TAG_TRUSTED 2u
static const char WHITENER[] = "Mighty Aphrodite";

static int add32(struct ca_bytes *b, uint32_t v, struct pgseal_err *err)
{
    uint8_t p[4];

    pgseal__put32(p, v);
    return ca_bytes_add(b, p, sizeof(p), err);
}

static int add64(struct ca_bytes *b, uint64_t v, struct pgseal_err *err)
{
    int rc = add32(b, (uint32_t)(v >> 32), err);

    return rc == 0 ? add32(b, (uint32_t)v, err) : rc;
}

/* The next UTF-16 unit or units of a text in UTF-8. Returns how many (1 or 2). */
static size_t utf16(const char **text, uint16_t unit[2])
{
    uint32_t cp = ca_utf8_next(text);

    if (cp < 0x10000) {
        unit[0] = (uint16_t)cp;
        return 1;
    }
    unit[0] = (uint16_t)(0xd800 + ((cp - 0x10000) >> 10));
    unit[1] = (uint16_t)(0xdc00 + ((cp - 0x10000) & 0x3ff));
    return 2;
}

/* java.io.DataOutput.writeUTF: two bytes of length, then each UTF-16 unit in 1 to 3 bytes. */
static int add_utf(struct ca_bytes *b, const char *text, struct pgseal_err *err)
{
    uint8_t out[2000];
    size_t n = 2;

    while (*text != '\0' && n + 6 < sizeof(out)) {
        uint16_t unit[2];
        size_t units = utf16(&text, unit);

        for (size_t i = 0; i < units; i++) {
            uint16_t u = unit[i];

            if (u < 0x80) {
                out[n++] = (uint8_t)u;
            } else if (u < 0x800) {
                out[n++] = (uint8_t)(0xc0 | u >> 6);
                out[n++] = (uint8_t)(0x80 | (u & 0x3f));
            } else {
                out[n++] = (uint8_t)(0xe0 | u >> 12);
                out[n++] = (uint8_t)(0x80 | (u >> 6 & 0x3f));
                out[n++] = (uint8_t)(0x80 | (u & 0x3f));
            }
        }
    }
    pgseal__put16(out, (uint16_t)(n - 2));
    return ca_bytes_add(b, out, n, err);
}

static int add_entry(struct ca_bytes *b, const struct ca_cert *c, const struct ca_alias *alias,
                     int64_t now_unix_s, struct pgseal_err *err)
{
    struct ca_bytes der = {0};
    int rc = ca_export_der(c, &der, err);

    if (rc == 0)
        rc = add32(b, TAG_TRUSTED, err);
    if (rc == 0)
        rc = add_utf(b, alias->text, err);
    if (rc == 0)
        rc = add64(b, (uint64_t)now_unix_s * 1000, err);
    if (rc == 0)
        rc = add_utf(b, "X.509", err);
    if (rc == 0)
        rc = add32(b, (uint32_t)der.n, err);
    if (rc == 0)
        rc = ca_bytes_add(b, der.p, der.n, err);
    ca_bytes_done(&der);
    return rc;
}

/* SHA-1 over the password as UTF-16BE, the whitener, and all of the store. */
static int add_digest(struct ca_bytes *b, const char *password, struct pgseal_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1;

    while (ok && *password != '\0') {
        uint16_t unit[2];
        size_t units = utf16(&password, unit);

        for (size_t i = 0; ok && i < units; i++) {
            uint8_t pair[2];

            pgseal__put16(pair, unit[i]);
            ok = EVP_DigestUpdate(ctx, pair, sizeof(pair)) == 1;
            pgseal__wipe(pair, sizeof(pair));
        }
    }
    ok = ok && EVP_DigestUpdate(ctx, WHITENER, sizeof(WHITENER) - 1) == 1 &&
         EVP_DigestUpdate(ctx, b->p, b->n) == 1 && EVP_DigestFinal_ex(ctx, md, &n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok) {
        pgseal__fail(err, PGSEAL_E_UNSUPPORTED,
                     "a JKS file needs SHA-1, which is not allowed here");
        pgseal__hint(err, "Export PKCS#12 instead, which every Java since 8 reads: --pkcs12.");
        return PGSEAL_E_UNSUPPORTED;
    }
    return ca_bytes_add(b, md, n, err);
}

int ca_export_jks(const struct ca_certs *l, const struct ca_alias *aliases, const char *password,
                  int64_t now_unix_s, struct ca_bytes *out, struct pgseal_err *err)
{
    int rc = add32(out, MAGIC, err);

    if (rc == 0)
        rc = add32(out, VERSION, err);
    if (rc == 0)
        rc = add32(out, (uint32_t)l->n, err);
    for (size_t i = 0; i < l->n && rc == 0; i++)
        rc = add_entry(out, &l->v[i], &aliases[i], now_unix_s, err);
    return rc == 0 ? add_digest(out, password, err) : rc;
}

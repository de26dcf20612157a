/* SPDX-License-Identifier: PostgreSQL */
/* Certificates as PEM, DER and PKCS#7. */
#include "export_int.h"

#include "core/base/base.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

int ca_bytes_add(struct ca_bytes *b, const void *p, size_t n, struct pgseal_err *err)
{
    if (b->n + n > b->cap) {
        size_t cap = (b->n + n) * 2;
        uint8_t *more = pgseal__realloc(b->p, cap);

        if (more == NULL)
            return pgseal__nomem(err);
        b->p = more;
        b->cap = cap;
    }
    if (n > 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return 0;
}

int ca_bytes_add_bio(struct ca_bytes *b, BIO *bio, struct pgseal_err *err)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    return ca_bytes_add(b, p, n > 0 ? (size_t)n : 0, err);
}

void ca_bytes_done(struct ca_bytes *b)
{
    pgseal__free(b->p);
    *b = (struct ca_bytes){0};
}

static bool pem_one(BIO *bio, const struct ca_cert *c, bool comments)
{
    char until[40];

    if (comments && BIO_printf(bio, "# %s, until %.10s\n# sha256 %s\n",
                               c->cn[0] != '\0' ? c->cn : c->info.subject,
                               pgseal__utc(until, c->info.not_after_unix_s), c->info.sha256) <= 0)
        return false;
    return PEM_write_bio_X509(bio, c->x509) == 1;
}

int ca_export_pem(const struct ca_certs *l, bool comments, struct ca_bytes *out,
                  struct pgseal_err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL;
    int rc;

    for (size_t i = 0; i < l->n && ok; i++)
        ok = pem_one(bio, &l->v[i], comments);
    rc = ok ? ca_bytes_add_bio(out, bio, err) : pgseal__nomem(err);
    BIO_free(bio);
    return rc;
}

int ca_export_der(const struct ca_cert *c, struct ca_bytes *out, struct pgseal_err *err)
{
    uint8_t *der = NULL;
    int n = i2d_X509(c->x509, &der);
    int rc = n > 0 ? ca_bytes_add(out, der, (size_t)n, err) : pgseal__nomem(err);

    OPENSSL_free(der);
    ERR_clear_error();
    return rc;
}

int ca_export_p7b(const struct ca_certs *l, bool pem, struct ca_bytes *out, struct pgseal_err *err)
{
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = p7 != NULL && bio != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
              PKCS7_content_new(p7, NID_pkcs7_data) == 1;
    int rc;

    /* No signer and so no content: RFC 2315 9.1 note 2, the degenerate case. */
    if (ok)
        ok = PKCS7_set_detached(p7, 1) == 1;
    for (size_t i = 0; i < l->n && ok; i++)
        ok = PKCS7_add_certificate(p7, l->v[i].x509) == 1;
    if (ok)
        ok = (pem ? PEM_write_bio_PKCS7(bio, p7) : i2d_PKCS7_bio(bio, p7)) == 1;
    rc = ok ? ca_bytes_add_bio(out, bio, err) : pgseal__nomem(err);
    BIO_free(bio);
    PKCS7_free(p7);
    ERR_clear_error();
    return rc;
}

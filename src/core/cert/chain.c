/* SPDX-License-Identifier: PostgreSQL */
/* A server's certificates as a list: read from a file, or kept from a handshake. */
#include "cert_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

struct pgseal_chain {
    STACK_OF(X509) * certs;
};

struct pgseal_chain *pgseal__chain_new(STACK_OF(X509) * certs)
{
    struct pgseal_chain *c = pgseal__alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    c->certs = X509_chain_up_ref(certs);
    return c->certs != NULL ? c : pgseal_chain_free(c);
}

struct pgseal_chain *pgseal_chain_free(struct pgseal_chain *c)
{
    if (c != NULL)
        sk_X509_pop_free(c->certs, X509_free);
    pgseal__free(c);
    return NULL;
}

STACK_OF(X509) * pgseal__chain_certs(const struct pgseal_chain *c)
{
    return c->certs;
}

size_t pgseal_chain_count(const struct pgseal_chain *c)
{
    return c != NULL ? (size_t)sk_X509_num(c->certs) : 0;
}

int pgseal_chain_describe(const struct pgseal_chain *c, size_t i, struct pgseal_cert_info *out)
{
    if (i >= pgseal_chain_count(c))
        return PGSEAL_E_USAGE;
    return pgseal__cert_describe(sk_X509_value(c->certs, (int)i), out);
}

/* ---- reading --------------------------------------------------------------------------------- */

enum { NOT_ONE = 0, TAKEN = 1 };

/* What a piece of a file was: TAKEN, NOT_ONE (cannot be parsed), or PGSEAL_E_NOMEM. */
static int push(STACK_OF(X509) * certs, X509 *cert)
{
    if (cert == NULL)
        return NOT_ONE;
    if (sk_X509_push(certs, cert) > 0)
        return TAKEN;
    X509_free(cert);
    return PGSEAL_E_NOMEM;
}

static int take_der(STACK_OF(X509) * certs, const uint8_t *der, long n)
{
    return push(certs, d2i_X509(NULL, &der, n));
}

/* All certificates of a container; a server's own before its authorities. */
static int take_pkcs7(STACK_OF(X509) * certs, const uint8_t *der, long n)
{
    PKCS7 *p7 = d2i_PKCS7(NULL, &der, n);
    STACK_OF(X509) *in = NULL;
    int rc = NOT_ONE;

    if (p7 != NULL && OBJ_obj2nid(p7->type) == NID_pkcs7_signed && p7->d.sign != NULL)
        in = p7->d.sign->cert;
    for (int ca = 0; ca <= 1; ca++) {
        for (int i = 0; rc >= 0 && i < sk_X509_num(in); i++) {
            X509 *cert = sk_X509_value(in, i);

            if ((X509_check_ca(cert) > 0) != (ca == 1))
                continue;
            X509_up_ref(cert);
            rc = push(certs, cert);
        }
    }
    PKCS7_free(p7);
    return rc;
}

static bool is_cert_label(const char *label)
{
    return strcmp(label, PEM_STRING_X509) == 0 || strcmp(label, PEM_STRING_X509_OLD) == 0 ||
           strcmp(label, PEM_STRING_X509_TRUSTED) == 0;
}

/* All blocks of a text. TAKEN, NOT_ONE (none, or one that cannot be read), PGSEAL_E_NOMEM. */
static int take_pem(STACK_OF(X509) * certs, const uint8_t *p, size_t n)
{
    BIO *bio = BIO_new_mem_buf(p, (int)n);
    char *label = NULL;
    char *header = NULL;
    uint8_t *der = NULL;
    long len = 0;
    int rc = bio != NULL ? TAKEN : PGSEAL_E_NOMEM;

    while (rc == TAKEN && PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        if (is_cert_label(label))
            rc = take_der(certs, der, len);
        else if (strcmp(label, PEM_STRING_PKCS7) == 0)
            rc = take_pkcs7(certs, der, len);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    if (rc == TAKEN && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        rc = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? PGSEAL_E_NOMEM
                                                                           : NOT_ONE;
    BIO_free(bio);
    return rc;
}

static int take_any(STACK_OF(X509) * certs, const uint8_t *p, size_t n)
{
    int rc;

    if (memmem(p, n, "-----BEGIN ", 11) != NULL)
        return take_pem(certs, p, n);
    rc = take_der(certs, p, (long)n);
    return rc == NOT_ONE ? take_pkcs7(certs, p, (long)n) : rc;
}

struct pgseal_chain *pgseal_chain_parse(const char *name, const uint8_t *p, size_t n,
                                        struct pgseal_err *err)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    struct pgseal_chain *c = NULL;
    int rc = certs == NULL ? PGSEAL_E_NOMEM : NOT_ONE;

    ERR_clear_error();
    if (certs != NULL && p != NULL && n > 0 && n <= INT32_MAX)
        rc = take_any(certs, p, n);
    if (rc == TAKEN && sk_X509_num(certs) > 0)
        c = pgseal__chain_new(certs);
    if (c == NULL && (rc == PGSEAL_E_NOMEM || (rc == TAKEN && sk_X509_num(certs) > 0))) {
        pgseal__nomem(err);
    } else if (c == NULL) {
        pgseal__fail(err, PGSEAL_E_CERT, "could not read certificate file \"%s\": %s", name,
                     rc == NOT_ONE && sk_X509_num(certs) > 0
                         ? "one of its certificates cannot be parsed"
                         : "no certificate found");
        pgseal__explain_file(name, p, n, 0, err);
        pgseal__hint(err, "Name a file with the server's certificate and its intermediates, in PEM "
                          "or DER.");
    }
    sk_X509_pop_free(certs, X509_free);
    ERR_clear_error();
    return c;
}

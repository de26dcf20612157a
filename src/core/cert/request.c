/* SPDX-License-Identifier: PostgreSQL */
/* What a certificate request (PKCS#10) asks for, once its own key is known to have signed it. */
#include "cert_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static X509_REQ *read_request(const uint8_t *p, size_t n)
{
    const uint8_t *at = p;
    BIO *bio;
    X509_REQ *req;

    if (n == 0 || n > INT32_MAX)
        return NULL;
    if (p[0] == 0x30) /* a SEQUENCE: DER */
        return d2i_X509_REQ(NULL, &at, (long)n);
    bio = BIO_new_mem_buf(p, (int)n);
    req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, pgseal__no_password, NULL) : NULL;
    BIO_free(bio);
    return req;
}

/* The names of the extensionRequest attribute. < 0 when they do not fit. */
static int names_of(X509_REQ *req, char *out, size_t cap)
{
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
    GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);

    out[0] = '\0';
    pgseal__general_names_text(names, out, cap);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return strlen(out) + 8 > cap ? -1 : 0; /* cut, or as good as */
}

int pgseal_request_describe(const uint8_t *p, size_t n, struct pgseal_request_info *out,
                            struct pgseal_err *err)
{
    struct pgseal_request_info info = {0};
    X509_REQ *req;
    EVP_PKEY *key;
    const X509_NAME *subject;
    int at, rc = 0;

    ERR_clear_error();
    req = read_request(p, n);
    if (req == NULL || (key = X509_REQ_get0_pubkey(req)) == NULL) {
        rc = pgseal__fail(err, PGSEAL_E_CERT, "certificate request cannot be read: %s",
                          ERR_peek_error() != 0 ? ERR_reason_error_string(ERR_peek_error())
                                                : "no data");
    } else if (X509_REQ_verify(req, key) != 1) {
        rc = pgseal__fail(err, PGSEAL_E_CERT, "certificate request was not signed by its own key");
    } else if (names_of(req, info.names, sizeof(info.names)) < 0) {
        rc = pgseal__fail(err, PGSEAL_E_LIMIT, "certificate request asks for too many names");
    } else {
        subject = X509_REQ_get_subject_name(req);
        at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
        if (at >= 0) {
            const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));

            pgseal__escape(info.cn, sizeof(info.cn), ASN1_STRING_get0_data(s),
                           (size_t)ASN1_STRING_length(s), sizeof(info.cn));
        }
        pgseal__key_text(key, info.key, sizeof(info.key));
        info.security_bits = EVP_PKEY_get_security_bits(key);
        *out = info;
    }
    X509_REQ_free(req);
    ERR_clear_error();
    return rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* A file of plain certificates whose certificates are made when a chain asks for their names. */
#include "lookup_int.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/*
 * Reading 108 roots costs OpenSSL 3 18 ms, nearly all of it to decode public keys that nobody will
 * use. So a file is first read with the same PEM_read_bio() and templates as
 * X509_load_cert_crl_file would, only without that decoding, which cannot refuse a certificate.
 * When everything in the file is a plain certificate and in order, only the hash of each subject is
 * kept, and X509 objects are made by the lookup. In any other case the file is read by OpenSSL's
 * own function, which also says what is wrong. tests/unit/cert/test_shelf.c compares both ways on
 * thousands of damaged files.
 */

/* SubjectPublicKeyInfo, RFC 5280 4.1: the key stays a bit string. */
struct slim_key {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *key;
};
typedef struct slim_key SLIM_KEY;

/* TBSCertificate, as X509_CINF of OpenSSL's crypto/x509/x_x509.c. */
struct slim_tbs {
    ASN1_INTEGER *version;
    ASN1_INTEGER *serial;
    X509_ALGOR *signature;
    X509_NAME *issuer;
    X509_VAL *validity;
    X509_NAME *subject;
    SLIM_KEY *key;
    ASN1_BIT_STRING *issuer_uid;
    ASN1_BIT_STRING *subject_uid;
    STACK_OF(X509_EXTENSION) * extensions;
};
typedef struct slim_tbs SLIM_TBS;

struct slim_cert {
    SLIM_TBS *tbs;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
};
typedef struct slim_cert SLIM_CERT;

/* clang-format off */
ASN1_SEQUENCE(SLIM_KEY) = {
    ASN1_SIMPLE(SLIM_KEY, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SLIM_KEY, key, ASN1_BIT_STRING)
} static_ASN1_SEQUENCE_END(SLIM_KEY)

ASN1_SEQUENCE(SLIM_TBS) = {
    ASN1_EXP_OPT(SLIM_TBS, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(SLIM_TBS, serial, ASN1_INTEGER),
    ASN1_SIMPLE(SLIM_TBS, signature, X509_ALGOR),
    ASN1_SIMPLE(SLIM_TBS, issuer, X509_NAME),
    ASN1_SIMPLE(SLIM_TBS, validity, X509_VAL),
    ASN1_SIMPLE(SLIM_TBS, subject, X509_NAME),
    ASN1_SIMPLE(SLIM_TBS, key, SLIM_KEY),
    ASN1_IMP_OPT(SLIM_TBS, issuer_uid, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(SLIM_TBS, subject_uid, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(SLIM_TBS, extensions, X509_EXTENSION, 3)
} static_ASN1_SEQUENCE_END(SLIM_TBS)

ASN1_SEQUENCE(SLIM_CERT) = {
    ASN1_SIMPLE(SLIM_CERT, tbs, SLIM_TBS),
    ASN1_SIMPLE(SLIM_CERT, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SLIM_CERT, signature, ASN1_BIT_STRING)
} static_ASN1_SEQUENCE_END(SLIM_CERT)
    /* clang-format on */

    /* Keys whose decoding never makes OpenSSL refuse the certificate around them. */
    static bool is_plain_key(const SLIM_KEY *key)
{
    const ASN1_OBJECT *oid;

    X509_ALGOR_get0(&oid, NULL, NULL, key->algorithm);
    switch (OBJ_obj2nid(oid)) {
    case NID_rsaEncryption:
    case NID_X9_62_id_ecPublicKey:
    case NID_ED25519:
        return true;
    default:
        return false;
    }
}

/* Whether d2i_X509() would take it; the hash of its subject. */
static bool is_plain_cert(const uint8_t *der, long n, unsigned long *hash)
{
    SLIM_CERT *cert = (SLIM_CERT *)ASN1_item_d2i(NULL, &der, n, ASN1_ITEM_rptr(SLIM_CERT));
    int ok = 0;

    if (cert != NULL && is_plain_key(cert->tbs->key))
        *hash = X509_NAME_hash_ex(cert->tbs->subject, NULL, NULL, &ok);
    ASN1_item_free((ASN1_VALUE *)cert, ASN1_ITEM_rptr(SLIM_CERT));
    return ok == 1;
}

static int add_entry(struct pgseal__shelf *shelf, const uint8_t *at, size_t len, unsigned long hash)
{
    if (shelf->n == shelf->cap) {
        size_t cap = shelf->cap > 0 ? 2 * shelf->cap : 16;
        struct pgseal__shelved *v = pgseal__realloc(shelf->v, cap * sizeof(*v));

        if (v == NULL)
            return PGSEAL_E_NOMEM;
        shelf->v = v;
        shelf->cap = cap;
    }
    shelf->v[shelf->n++] = (struct pgseal__shelved){.at = at, .len = len, .hash = hash};
    return 0;
}

enum { END, ONE_MORE, NOT_PLAIN };

/* ONE_MORE, END, NOT_PLAIN or PGSEAL_E_NOMEM. */
static int read_one(struct pgseal__shelf *shelf, BIO *bio, const uint8_t *end)
{
    const uint8_t *at = end - BIO_pending(bio);
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    unsigned long hash = 0;
    long n = 0;
    int rc = NOT_PLAIN;

    ERR_clear_error();
    if (PEM_read_bio(bio, &name, &header, &der, &n) == 0)
        return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? END : NOT_PLAIN;
    if ((strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0) &&
        header[0] == '\0' && is_plain_cert(der, n, &hash)) {
        rc = add_entry(shelf, at, (size_t)(end - BIO_pending(bio) - at), hash);
        rc = rc == 0 ? ONE_MORE : rc;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return rc;
}

int pgseal__shelf_fill(struct pgseal__shelf *shelf, const uint8_t *text, size_t n)
{
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    size_t before = shelf->n;
    int rc = bio != NULL ? ONE_MORE : NOT_PLAIN;

    while (rc == ONE_MORE)
        rc = read_one(shelf, bio, text + n);
    BIO_free(bio);
    ERR_clear_error();
    if (rc != END)
        shelf->n = before;
    return rc == PGSEAL_E_NOMEM ? rc : (int)(shelf->n - before);
}

/* The certificate itself goes into the store. */
static bool put(X509_STORE *store, struct pgseal__shelved *e)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(e->at, (int)e->len);
    X509 *cert = NULL;

    if (bio != NULL)
        cert = PEM_read_bio_X509(bio, NULL, pgseal__no_password, no_password);
    e->stored = cert != NULL && X509_STORE_add_cert(store, cert) == 1;
    X509_free(cert);
    BIO_free(bio);
    return e->stored;
}

void pgseal__shelf_take(struct pgseal__shelf *shelf, X509_STORE *store, unsigned long hash)
{
    /* In the order of the file: OpenSSL prefers the first of several with the same name. */
    for (size_t i = 0; i < shelf->n; i++)
        if (shelf->v[i].hash == hash && !shelf->v[i].stored)
            put(store, &shelf->v[i]);
}

bool pgseal__shelf_empty(struct pgseal__shelf *shelf, X509_STORE *store)
{
    for (size_t i = 0; i < shelf->n; i++)
        if (!shelf->v[i].stored && !put(store, &shelf->v[i]))
            return false;
    return true;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Mints certificates: throw-away ones for demo, lab and tests, and those of an own CA. */
#include "mint_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

/* The digest to sign with: none for Ed25519, which has its own. */
static const EVP_MD *digest_for(const char *digest, EVP_PKEY *signer)
{
    if (EVP_PKEY_is_a(signer, "ED25519") == 1)
        return NULL;
    return EVP_get_digestbyname(digest != NULL ? digest : "SHA256");
}

static bool set_serial(X509 *cert, uint64_t serial)
{
    uint8_t random[16];
    BIGNUM *bn;
    bool ok;

    if (serial != 0)
        return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1;
    if (RAND_bytes(random, sizeof(random)) != 1)
        return false;
    random[0] = (random[0] & 0x7f) | 0x40; /* positive, 16 bytes (RFC 5280 4.1.2.2) */
    bn = BN_bin2bn(random, sizeof(random), NULL);
    ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
    BN_free(bn);
    return ok;
}

bool pgseal__mint_time(ASN1_TIME *t, int64_t unix_s)
{
    char text[40];
    char asn1[20];

    /* ASN1_TIME_set() asks the C library for the calendar; the text needs no locale or zone. */
    pgseal__utc(text, unix_s);
    if (strlen(text) != strlen("2024-08-22 17:08:50 UTC"))
        return false;
    pgseal__format(asn1, sizeof(asn1), "%.4s%.2s%.2s%.2s%.2s%.2sZ", text, text + 5, text + 8,
                   text + 11, text + 14, text + 17);
    /* UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). */
    return ASN1_TIME_set_string_X509(t, asn1) == 1;
}

static bool add_text(X509_NAME *name, int nid, const char *text)
{
    return text == NULL || X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                                      (const unsigned char *)text, -1, -1, 0) == 1;
}

/* Subject, use, names: what the options say. */
static bool fill_new(X509 *cert, EVP_PKEY *key, const struct pgseal_mint_options *o)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return add_text(name, NID_organizationName, o->org) && add_text(name, NID_commonName, o->cn) &&
           pgseal__mint_basic(cert, o->ca, o->pathlen) &&
           pgseal__mint_usage(cert, o->ca, EVP_PKEY_is_a(key, "RSA") == 1) &&
           pgseal__mint_eku(cert, o->eku) && pgseal__mint_sans(cert, o->sans) &&
           (!o->ca || pgseal__mint_permits(cert, o->permit));
}

/* ... what another certificate says; how long a path below it may be is said anew. */
static bool fill_like(X509 *cert, X509 *like, int pathlen)
{
    return X509_set_subject_name(cert, X509_get_subject_name(like)) == 1 &&
           pgseal__mint_basic(cert, X509_check_ca(like) == 1, pathlen) &&
           pgseal__mint_copied(cert, like);
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct pgseal_mint_options *o, X509 *like,
                 X509 *issuer)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, o->serial) &&
           pgseal__mint_time(X509_getm_notBefore(cert), o->not_before_unix_s) &&
           pgseal__mint_time(X509_getm_notAfter(cert), o->not_after_unix_s) &&
           X509_set_pubkey(cert, key) == 1 &&
           (like != NULL ? fill_like(cert, like, o->pathlen) : fill_new(cert, key, o)) &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
           pgseal__mint_key_ids(cert, issuer);
}

static bool write_pems(struct pgseal_minted *m, bool whole, const char *passphrase)
{
    BIO *cert = BIO_new(BIO_s_mem());

    if (cert != NULL && PEM_write_bio_X509(cert, m->cert) == 1)
        m->cert_pem = pgseal__mint_text_of(cert);
    BIO_free(cert);
    m->key_pem = whole ? pgseal__mint_key_pem(m->key, passphrase) : pgseal__strdup("");
    return m->cert_pem != NULL && m->key_pem != NULL;
}

static void say_failure(const struct pgseal_mint_options *o, struct pgseal_err *err)
{
    unsigned long why = ERR_peek_error();

    if (why == 0 || ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE) {
        pgseal__nomem(err);
    } else {
        pgseal__fail(err, PGSEAL_E_USAGE, "could not mint certificate \"%s\"",
                     o->cn != NULL ? o->cn : "");
        pgseal__detail(err, "Key %s, digest %s: %s.", o->key != NULL ? o->key : "P-256",
                       o->digest != NULL ? o->digest : "SHA256", ERR_reason_error_string(why));
    }
    ERR_clear_error();
}

/* What stands in the options and is not understood, or NULL. */
static const char *not_understood(const struct pgseal_mint_options *o)
{
    if (!pgseal__mint_kind_known(o->key))
        return o->key;
    if (o->digest != NULL && EVP_get_digestbyname(o->digest) == NULL)
        return o->digest;
    for (const char *const *san = o->sans; san != NULL && *san != NULL; san++)
        if (!pgseal__mint_san_known(*san))
            return *san;
    for (const char *const *permit = o->permit; permit != NULL && *permit != NULL; permit++)
        if (!pgseal__mint_permit_known(*permit))
            return *permit;
    return NULL;
}

/* 0, or what the caller did wrong. */
static int check(const struct pgseal_mint_options *o, const struct pgseal_minted *issuer,
                 struct pgseal_err *err)
{
    const char *odd = not_understood(o);

    if (odd != NULL)
        return pgseal__fail(err, PGSEAL_E_USAGE, "cannot mint with \"%s\"", odd);
    if (o->not_before_unix_s == 0 || o->not_after_unix_s == 0)
        return pgseal__fail(err, PGSEAL_E_USAGE,
                            "not_before_unix_s and not_after_unix_s are required");
    if (issuer != NULL && issuer->key_pem[0] == '\0')
        return pgseal__fail(err, PGSEAL_E_USAGE, "cannot mint with an issuer without its key");
    return 0;
}

/* The key that is certified: that of `like`, that of key_of, a new one. NULL and err. */
static EVP_PKEY *find_key(const struct pgseal_mint_options *o, X509 *like, bool *whole,
                          struct pgseal_err *err)
{
    EVP_PKEY *key;

    *whole = false;
    if (like == NULL && o->key_of != NULL)
        return pgseal__mint_key_of(o->key_of, whole, err);
    ERR_clear_error();
    *whole = like == NULL;
    key = like != NULL ? X509_get_pubkey(like) : pgseal__mint_new_key(o->key);
    if (key == NULL)
        say_failure(o, err);
    return key;
}

/* Makes the certificate of m->key. */
static int make(struct pgseal_minted *m, bool whole, const struct pgseal_mint_options *o,
                X509 *like, const struct pgseal_minted *issuer, struct pgseal_err *err)
{
    EVP_PKEY *signer = issuer != NULL ? issuer->key : m->key;

    if (issuer == NULL && !whole)
        return pgseal__fail(err, PGSEAL_E_USAGE, "cannot sign with a key that is not there");
    ERR_clear_error();
    m->cert = X509_new();
    if (m->cert != NULL &&
        fill(m->cert, m->key, o, like, issuer != NULL ? issuer->cert : m->cert) &&
        X509_sign(m->cert, signer, digest_for(o->digest, signer)) > 0 &&
        write_pems(m, whole, o->passphrase))
        return 0;
    say_failure(o, err);
    return PGSEAL_E_USAGE;
}

struct pgseal_minted *pgseal_mint(const struct pgseal_mint_options *options,
                                  const struct pgseal_minted *issuer, struct pgseal_err *err)
{
    /* A caller that was compiled before an option was added has a shorter struct. */
    struct pgseal_mint_options o = {0};
    struct pgseal_minted *m;
    X509 *like = NULL;
    bool whole;
    int rc = -1;

    memcpy(&o, options, options->size > 0 && options->size < sizeof(o) ? options->size : sizeof(o));
    if (check(&o, issuer, err) < 0)
        return NULL;
    m = pgseal__alloc(sizeof(*m));
    if (m == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    if (o.like == NULL || (like = pgseal__mint_cert_of(o.like, err)) != NULL) {
        m->key = find_key(&o, like, &whole, err);
        rc = m->key != NULL ? make(m, whole, &o, like, issuer, err) : -1;
    }
    X509_free(like);
    return rc < 0 ? pgseal_minted_free(m) : m;
}

struct pgseal_minted *pgseal_minted_free(struct pgseal_minted *m)
{
    if (m == NULL)
        return NULL;
    X509_free(m->cert);
    EVP_PKEY_free(m->key);
    pgseal__free(m->cert_pem);
    pgseal__wipe_free_str(m->key_pem);
    pgseal__free(m);
    return NULL;
}

const char *pgseal_minted_cert_pem(const struct pgseal_minted *m)
{
    return m->cert_pem;
}

const char *pgseal_minted_key_pem(const struct pgseal_minted *m)
{
    return m->key_pem;
}

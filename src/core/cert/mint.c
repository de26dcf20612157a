/* SPDX-License-Identifier: PostgreSQL */
/* Mints throw-away certificates for demo, lab and tests. */
#include "mint_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

static EVP_PKEY *new_key(const char *kind)
{
    if (kind == NULL || strcmp(kind, "P-256") == 0)
        return EVP_EC_gen("P-256");
    if (strcmp(kind, "P-384") == 0 || strcmp(kind, "P-521") == 0)
        return EVP_EC_gen(kind);
    if (strcmp(kind, "ED25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (strcmp(kind, "RSA1024") == 0)
        return EVP_RSA_gen(1024);
    if (strcmp(kind, "RSA2048") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(kind, "RSA3072") == 0)
        return EVP_RSA_gen(3072);
    if (strcmp(kind, "RSA4096") == 0)
        return EVP_RSA_gen(4096);
    return NULL;
}

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

static bool add_ext(X509 *cert, int nid, void *value, bool critical)
{
    return value != NULL && X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

static bool add_basic(X509 *cert, bool ca, int pathlen)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    bool ok = bc != NULL;

    if (ok)
        bc->ca = ca ? 0xff : 0;
    if (ok && ca && pathlen >= 0) {
        bc->pathlen = ASN1_INTEGER_new();
        ok = bc->pathlen != NULL && ASN1_INTEGER_set_int64(bc->pathlen, pathlen) == 1;
    }
    ok = ok && add_ext(cert, NID_basic_constraints, bc, true);
    BASIC_CONSTRAINTS_free(bc);
    return ok;
}

/* Bits of KeyUsage, RFC 5280 4.2.1.3. */
enum {
    KU_DIGITAL_SIGNATURE_BIT = 0,
    KU_KEY_ENCIPHERMENT_BIT = 2,
    KU_CERT_SIGN_BIT = 5,
    KU_CRL_BIT
};

static bool add_usage(X509 *cert, bool ca, bool rsa)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool ok = bits != NULL;

    if (ca)
        ok = ok && ASN1_BIT_STRING_set_bit(bits, KU_CERT_SIGN_BIT, 1) == 1 &&
             ASN1_BIT_STRING_set_bit(bits, KU_CRL_BIT, 1) == 1;
    else
        ok = ok && ASN1_BIT_STRING_set_bit(bits, KU_DIGITAL_SIGNATURE_BIT, 1) == 1 &&
             (!rsa || ASN1_BIT_STRING_set_bit(bits, KU_KEY_ENCIPHERMENT_BIT, 1) == 1);
    ok = ok && add_ext(cert, NID_key_usage, bits, true);
    ASN1_BIT_STRING_free(bits);
    return ok;
}

static bool add_eku(X509 *cert, const char *eku)
{
    EXTENDED_KEY_USAGE *uses;
    ASN1_OBJECT *use;
    bool ok;

    if (eku == NULL)
        return true;
    uses = EXTENDED_KEY_USAGE_new();
    use = OBJ_txt2obj(eku, 0);
    ok = uses != NULL && use != NULL && sk_ASN1_OBJECT_push(uses, use) > 0;
    if (!ok)
        ASN1_OBJECT_free(use);
    ok = ok && add_ext(cert, NID_ext_key_usage, uses, false);
    EXTENDED_KEY_USAGE_free(uses);
    return ok;
}

/* "DNS:x" or "IP:1.2.3.4" as a general name. */
static GENERAL_NAME *general_name(const char *san)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *s = NULL;
    uint8_t address[16];
    bool ok = false;

    if (name == NULL)
        return NULL;
    if (strncmp(san, "DNS:", 4) == 0) {
        s = ASN1_IA5STRING_new();
        ok = s != NULL && ASN1_STRING_set(s, san + 4, -1) == 1;
        if (ok)
            GENERAL_NAME_set0_value(name, GEN_DNS, s);
    } else if (strncmp(san, "IP:", 3) == 0) {
        int n = inet_pton(AF_INET, san + 3, address) == 1    ? 4
                : inet_pton(AF_INET6, san + 3, address) == 1 ? 16
                                                             : 0;

        s = ASN1_OCTET_STRING_new();
        ok = s != NULL && n > 0 && ASN1_STRING_set(s, address, n) == 1;
        if (ok)
            GENERAL_NAME_set0_value(name, GEN_IPADD, s);
    }
    if (ok)
        return name;
    ASN1_STRING_free(s);
    GENERAL_NAME_free(name);
    return NULL;
}

static bool add_sans(X509 *cert, const char *const *sans)
{
    GENERAL_NAMES *names;
    bool ok = true;

    if (sans == NULL || sans[0] == NULL)
        return true;
    names = GENERAL_NAMES_new();
    for (; ok && names != NULL && *sans != NULL; sans++) {
        GENERAL_NAME *name = general_name(*sans);

        ok = name != NULL && sk_GENERAL_NAME_push(names, name) > 0;
        if (!ok)
            GENERAL_NAME_free(name);
    }
    ok = ok && add_ext(cert, NID_subject_alt_name, names,
                       X509_NAME_entry_count(X509_get_subject_name(cert)) == 0);
    GENERAL_NAMES_free(names);
    return ok;
}

/* SHA-1 of the public key (RFC 5280 4.2.1.2, method 1). */
static ASN1_OCTET_STRING *key_id(const X509 *cert)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

    if (id == NULL || X509_pubkey_digest(cert, EVP_sha1(), md, &n) != 1 ||
        ASN1_OCTET_STRING_set(id, md, (int)n) != 1) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    return id;
}

static bool add_key_ids(X509 *cert, const X509 *issuer)
{
    ASN1_OCTET_STRING *own = key_id(cert);
    AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
    bool ok = own != NULL && akid != NULL && add_ext(cert, NID_subject_key_identifier, own, false);

    if (ok) {
        akid->keyid = key_id(issuer);
        ok = akid->keyid != NULL && add_ext(cert, NID_authority_key_identifier, akid, false);
    }
    AUTHORITY_KEYID_free(akid);
    ASN1_OCTET_STRING_free(own);
    return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct pgseal_mint_options *o, X509 *issuer)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, o->serial) &&
           pgseal__mint_time(X509_getm_notBefore(cert), o->not_before_unix_s) &&
           pgseal__mint_time(X509_getm_notAfter(cert), o->not_after_unix_s) &&
           X509_set_pubkey(cert, key) == 1 && add_text(name, NID_organizationName, o->org) &&
           add_text(name, NID_commonName, o->cn) &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
           add_basic(cert, o->ca, o->pathlen) &&
           add_usage(cert, o->ca, EVP_PKEY_is_a(key, "RSA") == 1) && add_eku(cert, o->eku) &&
           add_sans(cert, o->sans) && add_key_ids(cert, issuer);
}

/* What a memory BIO holds, as a string of ours. */
static char *text_of(BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    return n > 0 ? pgseal__strndup(p, (size_t)n) : NULL;
}

static bool write_pems(struct pgseal_minted *m)
{
    BIO *cert = BIO_new(BIO_s_mem());
    BIO *key = BIO_new(BIO_s_secmem());

    if (cert != NULL && key != NULL && PEM_write_bio_X509(cert, m->cert) == 1 &&
        PEM_write_bio_PrivateKey(key, m->key, NULL, NULL, 0, pgseal__no_password, NULL) == 1) {
        m->cert_pem = text_of(cert);
        m->key_pem = text_of(key);
    }
    BIO_free(cert);
    BIO_free(key);
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
    static const char *const keys[] = {"P-256",   "P-384",   "P-521",   "ED25519",
                                       "RSA1024", "RSA2048", "RSA3072", "RSA4096"};
    bool known = o->key == NULL;

    for (size_t i = 0; !known && i < PGSEAL_COUNT(keys); i++)
        known = strcmp(o->key, keys[i]) == 0;
    if (!known)
        return o->key;
    if (o->digest != NULL && EVP_get_digestbyname(o->digest) == NULL)
        return o->digest;
    for (const char *const *san = o->sans; san != NULL && *san != NULL; san++) {
        uint8_t address[16];

        if (strncmp(*san, "DNS:", 4) != 0 &&
            (strncmp(*san, "IP:", 3) != 0 || (inet_pton(AF_INET, *san + 3, address) != 1 &&
                                              inet_pton(AF_INET6, *san + 3, address) != 1)))
            return *san;
    }
    return NULL;
}

struct pgseal_minted *pgseal_mint(const struct pgseal_mint_options *o,
                                  const struct pgseal_minted *issuer, struct pgseal_err *err)
{
    struct pgseal_minted *m;
    const char *odd = not_understood(o);

    if (odd != NULL) {
        pgseal__fail(err, PGSEAL_E_USAGE, "cannot mint with \"%s\"", odd);
        return NULL;
    }
    if (o->not_before_unix_s == 0 || o->not_after_unix_s == 0) {
        pgseal__fail(err, PGSEAL_E_USAGE, "not_before_unix_s and not_after_unix_s are required");
        return NULL;
    }
    m = pgseal__alloc(sizeof(*m));
    if (m == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    m->key = new_key(o->key);
    m->cert = X509_new();
    if (m->key == NULL || m->cert == NULL ||
        !fill(m->cert, m->key, o, issuer != NULL ? issuer->cert : m->cert) ||
        X509_sign(m->cert, issuer != NULL ? issuer->key : m->key,
                  digest_for(o->digest, issuer != NULL ? issuer->key : m->key)) <= 0 ||
        !write_pems(m)) {
        say_failure(o, err);
        return pgseal_minted_free(m);
    }
    return m;
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

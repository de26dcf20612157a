/* SPDX-License-Identifier: PostgreSQL */
/* Keys of minted certificates: made, read from PEM texts, written, encrypted. */
#include "mint_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

/* PBKDF2's work for a passphrase: OWASP's figure for HMAC-SHA256 (2023), 0.2 s here. */
#define PBKDF2_ROUNDS 600000
#define SALT_BYTES    16

static const char *const kinds[] = {"P-256",   "P-384",   "P-521",   "ED25519",
                                    "RSA1024", "RSA2048", "RSA3072", "RSA4096"};

bool pgseal__mint_kind_known(const char *kind)
{
    bool known = kind == NULL;

    for (size_t i = 0; !known && i < PGSEAL_COUNT(kinds); i++)
        known = strcmp(kind, kinds[i]) == 0;
    return known;
}

EVP_PKEY *pgseal__mint_new_key(const char *kind)
{
    if (kind == NULL)
        return EVP_EC_gen("P-256");
    if (strncmp(kind, "P-", 2) == 0)
        return EVP_EC_gen(kind);
    if (strcmp(kind, "ED25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_RSA_gen((unsigned)strtoul(kind + 3, NULL, 10));
}

char *pgseal__mint_text_of(BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    return n > 0 ? pgseal__strndup(p, (size_t)n) : NULL;
}

/* PKCS#8 with PBES2 (RFC 8018): what `openssl pkey` reads, at more rounds than it would write. */
static bool write_encrypted(BIO *out, EVP_PKEY *key, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_ALGOR *how = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ROUNDS, NULL, SALT_BYTES, NULL,
                                        NID_hmacWithSHA256);
    X509_SIG *sealed = NULL;
    bool ok;

    if (plain != NULL && how != NULL)
        sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how);
    if (sealed == NULL)
        X509_ALGOR_free(how); /* PKCS8_set0_pbe() takes it, when it succeeds */
    ok = sealed != NULL && PEM_write_bio_PKCS8(out, sealed) == 1;
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return ok;
}

char *pgseal__mint_key_pem(EVP_PKEY *key, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;

    if (bio == NULL)
        return NULL;
    if (passphrase != NULL
            ? write_encrypted(bio, key, passphrase)
            : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, pgseal__no_password, NULL) == 1)
        text = pgseal__mint_text_of(bio);
    BIO_free(bio);
    return text;
}

static bool no_memory(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
}

X509 *pgseal__mint_cert_of(const char *pem, struct pgseal_err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = NULL;

    ERR_clear_error();
    if (bio != NULL)
        cert = PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL);
    if (cert == NULL && (bio == NULL || no_memory()))
        pgseal__nomem(err);
    else if (cert == NULL)
        pgseal__fail(err, PGSEAL_E_CERT, "certificate cannot be read: %s",
                     ERR_reason_error_string(ERR_peek_error()));
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

/* The key of a request, once it has shown that it signed the request. */
static EVP_PKEY *key_of_request(BIO *bio, struct pgseal_err *err)
{
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, pgseal__no_password, NULL);
    EVP_PKEY *key = req != NULL ? X509_REQ_get_pubkey(req) : NULL;

    if (key != NULL && X509_REQ_verify(req, key) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
        pgseal__fail(err, PGSEAL_E_CERT, "certificate request was not signed by its own key");
    } else if (key == NULL) {
        pgseal__fail(err, PGSEAL_E_CERT, "certificate request cannot be read: %s",
                     ERR_reason_error_string(ERR_peek_error()));
    }
    X509_REQ_free(req);
    return key;
}

EVP_PKEY *pgseal__mint_key_of(const char *pem, bool *whole, struct pgseal_err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = NULL;

    *whole = false;
    ERR_clear_error();
    if (bio == NULL) {
        pgseal__nomem(err);
    } else if (strstr(pem, "-----BEGIN CERTIFICATE REQUEST-----") != NULL ||
               strstr(pem, "-----BEGIN NEW CERTIFICATE REQUEST-----") != NULL) {
        key = key_of_request(bio, err);
    } else if (strstr(pem, "-----BEGIN CERTIFICATE-----") != NULL) {
        X509 *cert = pgseal__mint_cert_of(pem, err);

        key = cert != NULL ? X509_get_pubkey(cert) : NULL;
        if (cert != NULL && key == NULL)
            pgseal__fail(err, PGSEAL_E_CERT, "key of the certificate cannot be read");
        X509_free(cert);
    } else {
        *whole = strstr(pem, "PRIVATE KEY-----") != NULL;
        key = *whole ? PEM_read_bio_PrivateKey(bio, NULL, pgseal__no_password, NULL)
                     : PEM_read_bio_PUBKEY(bio, NULL, pgseal__no_password, NULL);
        if (key == NULL)
            pgseal__fail(err, PGSEAL_E_CERT, "key cannot be read: %s",
                         ERR_reason_error_string(ERR_peek_error()));
    }
    if (key == NULL && no_memory())
        pgseal__nomem(err);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

/* Whether OpenSSL asked for a passphrase. */
struct asked {
    const char *passphrase;
    bool asked;
};

static int give(char *buf, int size, int rwflag, void *arg)
{
    struct asked *a = arg;
    size_t n = a->passphrase != NULL ? strlen(a->passphrase) : 0;

    (void)rwflag;
    a->asked = true;
    if (n == 0 || n > (size_t)size)
        return -1;
    memcpy(buf, a->passphrase, n);
    return (int)n;
}

static EVP_PKEY *load_key(const char *pem, const char *passphrase, struct pgseal_err *err)
{
    struct asked a = {.passphrase = passphrase};
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = NULL;

    ERR_clear_error();
    if (bio != NULL)
        key = PEM_read_bio_PrivateKey(bio, NULL, give, &a);
    if (key != NULL) {
        /* nothing to say */
    } else if (bio == NULL || no_memory()) {
        pgseal__nomem(err);
    } else if (a.asked && passphrase == NULL) {
        pgseal__fail(err, PGSEAL_E_NO_PASSWORD,
                     "private key is encrypted, and there is no "
                     "passphrase");
    } else if (a.asked) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY,
                     "private key cannot be decrypted: the passphrase "
                     "is wrong");
    } else {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "private key cannot be read: %s",
                     ERR_reason_error_string(ERR_peek_error()));
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

struct pgseal_minted *pgseal_minted_load(const char *cert_pem, const char *key_pem,
                                         const char *passphrase, struct pgseal_err *err)
{
    struct pgseal_minted *m = pgseal__alloc(sizeof(*m));

    if (m == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    m->cert = pgseal__mint_cert_of(cert_pem, err);
    m->key = m->cert != NULL ? load_key(key_pem, passphrase, err) : NULL;
    if (m->key == NULL)
        return pgseal_minted_free(m);
    if (X509_check_private_key(m->cert, m->key) != 1) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "private key is not the key of the certificate");
        ERR_clear_error();
        return pgseal_minted_free(m);
    }
    m->cert_pem = pgseal__strdup(cert_pem);
    m->key_pem = pgseal__strdup(key_pem);
    if (m->cert_pem == NULL || m->key_pem == NULL) {
        pgseal__nomem(err);
        return pgseal_minted_free(m);
    }
    return m;
}

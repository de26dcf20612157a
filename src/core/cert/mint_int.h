/* SPDX-License-Identifier: PostgreSQL */
/* A minted certificate from inside: what tests/support needs to make unusual ones. */
#ifndef PGSEAL_CORE_CERT_MINT_INT_H
#define PGSEAL_CORE_CERT_MINT_INT_H

#include "core/cert/cert.h"

struct pgseal_minted {
    X509 *cert;
    EVP_PKEY *key; /* the public half alone when key_pem is "" */
    char *cert_pem;
    char *key_pem;
};

/* Sets an ASN.1 time, UTCTime or GeneralizedTime as RFC 5280 wants. False: no year 0..9999. */
bool pgseal__mint_time(ASN1_TIME *t, int64_t unix_s);

/* mint_ext.c: each adds one extension (key ids: two). False: no memory, or OpenSSL refuses it. */
bool pgseal__mint_ext(X509 *cert, int nid, void *value, bool critical);
bool pgseal__mint_basic(X509 *cert, bool ca, int pathlen);
bool pgseal__mint_usage(X509 *cert, bool ca, bool rsa);
bool pgseal__mint_eku(X509 *cert, const char *eku);
bool pgseal__mint_sans(X509 *cert, const char *const *sans);
bool pgseal__mint_permits(X509 *cert, const char *const *permit);
bool pgseal__mint_key_ids(X509 *cert, const X509 *issuer);
/* Usage, names and constraints of another certificate. */
bool pgseal__mint_copied(X509 *cert, const X509 *like);
bool pgseal__mint_san_known(const char *san);

/* mint_key.c */

/* False: no key of that name can be made. NULL is P-256. */
bool pgseal__mint_kind_known(const char *kind);
/* A new key; NULL when OpenSSL refuses. */
EVP_PKEY *pgseal__mint_new_key(const char *kind);
/* The key of a PEM text: see pgseal_mint_options.key_of. `whole` says whether the private half is
 * there. NULL and err. */
EVP_PKEY *pgseal__mint_key_of(const char *pem, bool *whole, struct pgseal_err *err);
/* The first certificate of a PEM text. NULL and err. */
X509 *pgseal__mint_cert_of(const char *pem, struct pgseal_err *err);
/* The private key as PEM, encrypted when there is a passphrase; or NULL. */
char *pgseal__mint_key_pem(EVP_PKEY *key, const char *passphrase);
/* What a memory BIO holds, as a string of ours; NULL when that is nothing. */
char *pgseal__mint_text_of(BIO *bio);

#endif

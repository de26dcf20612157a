/* SPDX-License-Identifier: PostgreSQL */
/* What other modules of the core may ask of certificates in OpenSSL's own types. */
#ifndef PGSEAL_CORE_CERT_H
#define PGSEAL_CORE_CERT_H

#include "core/base/base.h"

#include <pgseal/cert.h>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

/**
 * Lends the store of a trust set: for SSL_CTX_set1_cert_store(), never to be added to. Certificates
 * of files come into it when a chain asks for them.
 */
X509_STORE *pgseal__trust_store(const struct pgseal_trust *t);
/** Whether chains are also checked for revocation, by CRLs. */
bool pgseal__trust_checks_crls(const struct pgseal_trust *t);
/** Puts all certificates of files into the store now, for X509_STORE_get1_all_certs(). 0 or < 0. */
int pgseal__trust_load_all(struct pgseal_trust *t, struct pgseal_err *err);

/**
 * Password callback for every PEM and PKCS#8 call that must not ask anybody: an empty password, as
 * OpenSSL's own X509_load_cert_crl_file() gives. (A NULL callback would prompt on the terminal.)
 */
int pgseal__no_password(char *buf, int size, int rwflag, void *ctx);

/** Compares the names of `cert` with `host`: pgseal_cert_match_host() for a parsed certificate. */
int pgseal__cert_check_host(X509 *cert, const char *host, struct pgseal_err *err);

/** The facts of a certificate as plain values. 0, or PGSEAL_E_NOMEM. */
int pgseal__cert_describe(X509 *cert, struct pgseal_cert_info *out);

/** What a failed verification is explained from. The verdict has been given already. */
struct pgseal__evidence {
    const struct pgseal_trust *trust; /* may be NULL: no trust at all */
    X509 *leaf;                       /* may be NULL: the peer sent none */
    STACK_OF(X509) * sent;            /* as the peer sent them, may be NULL, may hold the leaf */
    int error;                        /* the verdict: X509_V_ERR_* */
    int depth;                        /* ... where */
    X509 *at;                         /* ... at which certificate; may be NULL */
    int64_t now_unix_s;               /* ... at which time */
    int auth_level;                   /* ... at which security level */
    bool server_side;                 /* a server judges a client */
};

/**
 * Explains a verdict: fills x509, depth, detail and hint of `err`; code and msg are the caller's.
 *
 * Runs its own verification with another X509_STORE_CTX, which goes on after errors and whose
 * outcome nobody uses but this explanation.
 */
void pgseal__cert_explain(const struct pgseal__evidence *e, struct pgseal_err *err);

/** Says what verified: the anchor (last of the chain), its file and line, the earliest end. */
void pgseal__cert_verified(const struct pgseal_trust *t, STACK_OF(X509) * verified_chain,
                           struct pgseal_verified *out);

#endif

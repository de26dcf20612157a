/* SPDX-License-Identifier: PostgreSQL */
/* A list of certificates that go somewhere else, each with what its name and table row say. */
#ifndef PGSEAL_CA_CERTS_H
#define PGSEAL_CA_CERTS_H

#include <pgseal/cert.h>

#include <openssl/x509.h>

struct ca_cert {
    X509 *x509; /**< ours */
    int line;   /**< where it began in its file */
    struct pgseal_cert_info info;
    char cn[256];    /**< common name, UTF-8, safe to show; "" when it has none */
    char region[40]; /**< "ap-northeast-1", or "" */
    bool impostor;   /**< bears the name of a published root and is another */
    bool duplicate;  /**< the same as one before it */
};
struct ca_certs {
    struct ca_cert *v; /**< ours */
    size_t n;
};

/** Appends a parsed certificate (takes it, also on failure). 0, or PGSEAL_E_NOMEM. */
int ca_certs_add(struct ca_certs *l, X509 *x509, int line, struct pgseal_err *err);
void ca_certs_done(struct ca_certs *l);

#endif

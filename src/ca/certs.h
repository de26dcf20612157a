/* SPDX-License-Identifier: PostgreSQL */
/* A bundle taken apart strictly: certificates and nothing else, each with what is known of it. */
#ifndef PGSEAL_CA_CERTS_H
#define PGSEAL_CA_CERTS_H

#include <pgseal/cert.h>

#include <openssl/x509.h>

/** Why a certificate may be in a bundle of RDS. */
enum ca_mark {
    CA_MARK_KNOWN = 0, /**< its fingerprint is in the table of published ones */
    CA_MARK_VOUCHED,   /**< not in the table, but signed by one of this file that is */
    CA_MARK_NEW,       /**< named as RDS names its authorities, not in the table */
    CA_MARK_FOREIGN    /**< neither */
};

/** One certificate of a bundle. */
struct ca_cert {
    X509 *x509; /**< ours */
    int line;   /**< of its BEGIN, from 1 */
    struct pgseal_cert_info info;
    char sha1[41];   /**< what AWS calls its Thumbprint */
    char cn[256];    /**< common name, UTF-8, safe to show; "" when it has none */
    char region[64]; /**< "ap-northeast-1", or "" */
    const struct pgseal_known_ca *known; /**< its row, or NULL */
    enum ca_mark mark;
    bool duplicate; /**< the same as one before it */
    bool added;     /**< by a fetch: not in the file before */
};
struct ca_certs {
    struct ca_cert *v; /**< ours */
    size_t n;
};

/**
 * Reads a PEM file that must hold certificates and nothing else: blank lines and lines that begin
 * with '#' may stand between them, any other text, key, request, cut or damaged block is refused.
 *
 * @param what  how texts name the file: "what https://... sent", "file \"x.pem\"".
 * @return      0, or PGSEAL_E_ROOT_UNUSABLE (detail says line and reason), PGSEAL_E_NOMEM; then
 *              `out` is empty.
 */
int ca_certs_read(const uint8_t *p, size_t n, const char *what, struct ca_certs *out,
                  struct pgseal_err *err);
/** Appends a parsed certificate (takes it, also on failure). 0, or PGSEAL_E_NOMEM. */
int ca_certs_add(struct ca_certs *l, X509 *x509, int line, struct pgseal_err *err);
void ca_certs_done(struct ca_certs *l);

/** The region in a name of RDS's authorities: "Amazon RDS REGION Root CA ...", or "". */
void ca_region_of(const char *cn, char *out, size_t cap);

#endif

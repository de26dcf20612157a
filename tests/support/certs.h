/* SPDX-License-Identifier: PostgreSQL */
/* Certificates and CRLs made at run time from the descriptions in tests/data/chains.tbl. */
#ifndef T_CERTS_H
#define T_CERTS_H

#include "core/cert/mint_int.h"

#include <openssl/x509.h>

/* Day 0 of the tables: 2027-01-15 08:00:00 UTC. */
#define T_TODAY INT64_C(1800000000)
#define T_DAY_S INT64_C(86400)

/* A named certificate (with its key) or CRL. */
struct t_cert_item {
    char name[32];
    struct pgseal_minted *cert;
    X509_CRL *crl;
    char *crl_pem;
};

struct t_certs {
    struct t_cert_item items[128];
    size_t n;
};

/* Makes what a line "cert ..." or "crl ..." describes. Fails the test when it cannot. */
void t_certs_line(struct t_certs *pki, const char *line);
/* The same for n lines. Returns 0, as the setup of a group does. */
int t_certs_lines(struct t_certs *pki, const char *const *lines, size_t n);
/* The certificate or CRL of that name; fails the test when there is none. */
struct t_cert_item *t_certs_get(struct t_certs *pki, const char *name);
/* Its PEM. */
const char *t_certs_pem(struct t_certs *pki, const char *name);
void t_certs_done(struct t_certs *pki);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Certificates and CRLs made at run time from the descriptions in tests/data/chains.tbl. */
#ifndef T_PKI_H
#define T_PKI_H

#include "core/cert/mint_int.h"

#include <openssl/x509.h>

/* Day 0 of the tables: 2027-01-15 08:00:00 UTC. */
#define T_TODAY INT64_C(1800000000)
#define T_DAY_S INT64_C(86400)

/* A named certificate (with its key) or CRL. */
struct t_item {
    char name[32];
    struct pgseal_minted *cert;
    X509_CRL *crl;
    char *crl_pem;
};

struct t_pki {
    struct t_item items[128];
    size_t n;
};

/* Makes what a line "cert ..." or "crl ..." describes. Fails the test when it cannot. */
void t_pki_line(struct t_pki *pki, const char *line);
/* The certificate or CRL of that name; fails the test when there is none. */
struct t_item *t_pki_get(struct t_pki *pki, const char *name);
void t_pki_done(struct t_pki *pki);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* A minted certificate from inside: what tests/support needs to make unusual ones. */
#ifndef PGSEAL_CORE_CERT_MINT_INT_H
#define PGSEAL_CORE_CERT_MINT_INT_H

#include "core/cert/cert.h"

struct pgseal_minted {
    X509 *cert;
    EVP_PKEY *key;
    char *cert_pem;
    char *key_pem;
};

/* Sets an ASN.1 time, UTCTime or GeneralizedTime as RFC 5280 wants. False: no year 0..9999. */
bool pgseal__mint_time(ASN1_TIME *t, int64_t unix_s);

#endif

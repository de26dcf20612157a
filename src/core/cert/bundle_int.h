/* SPDX-License-Identifier: PostgreSQL */
/* What a would-be bundle holds, block by block: shared by its scan and its summary. */
#ifndef PGSEAL_CORE_CERT_BUNDLE_INT_H
#define PGSEAL_CORE_CERT_BUNDLE_INT_H

#include "cert_int.h"

/* kind.c: recognises files that are no PEM at all. False: it may be PEM. */
bool pgseal__file_kind(const uint8_t *p, size_t n, struct pgseal__bundle *b);

/*
 * Which entries OpenSSL loads, of what it has read (NULL: it refuses), and which are the same as
 * one before: loads, lists, loaded, twin. Sorts, as a file may have 45,000. 0, or PGSEAL_E_NOMEM.
 */
int pgseal__bundle_match(struct pgseal__bundle *b, const STACK_OF(X509_INFO) * infos);

/* The different certificates of a bundle by their subject. Ends with pgseal__free(v). */
struct pgseal__named {
    const X509_NAME *name;
    const struct pgseal__entry *e;
};
struct pgseal__names {
    struct pgseal__named *v;
    size_t n;
};
int pgseal__bundle_names(struct pgseal__bundle *b, struct pgseal__names *out);
/* Who has signed a certificate; *vouched is false when it is who the certificate names, but not his
 * signature. NULL: nobody here. */
const struct pgseal__entry *pgseal__bundle_issuer(const struct pgseal__names *names, X509 *cert,
                                                  bool *vouched);

#endif

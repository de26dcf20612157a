/* SPDX-License-Identifier: PostgreSQL */
/* What a would-be bundle holds, block by block: shared by its scan and its summary. */
#ifndef PGSEAL_CORE_CERT_BUNDLE_INT_H
#define PGSEAL_CORE_CERT_BUNDLE_INT_H

#include "cert_int.h"

/* What can be wrong with a certificate in a file; the first that holds is told. */
enum pgseal__flaw {
    PGSEAL__FLAW_NONE = 0,
    PGSEAL__FLAW_HIDDEN,      /* something before BEGIN: OpenSSL passes over it */
    PGSEAL__FLAW_PLACEHOLDER, /* armour around no certificate */
    PGSEAL__FLAW_BROKEN,      /* no END, no base64, no DER */
    PGSEAL__FLAW_ALTERED,     /* does not fit its own key */
    PGSEAL__FLAW_UNSIGNED,    /* does not fit the key of its issuer in this file */
    PGSEAL__FLAW_DUPLICATE,   /* as an earlier one */
    PGSEAL__FLAW_ENDED,
    PGSEAL__FLAW_EARLY,
    PGSEAL__FLAW_LEAF /* no authority */
};

struct pgseal__entry {
    int line;
    const char *what; /* "certificate", "crl", "private key", ... */
    X509 *cert;       /* NULL when it is none, or cannot be read */
    enum pgseal__flaw flaw;
    char problem[300]; /* "" when there is none */
};

struct pgseal__bundle {
    struct pgseal__entry *v;
    size_t n;
    int loads;          /* certificates OpenSSL would load: 0 = it refuses the file */
    int64_t now_unix_s; /* <= 0: unknown, dates are not judged */
    const char *whole;  /* when the file is no PEM: what it is instead, "html" ... */
    char sentence[400]; /* ... and the sentence about it */
    char fix[400];      /* ... and what to do */
};

/* Reads a would-be bundle. 0, or PGSEAL_E_NOMEM with nothing to free. */
int pgseal__bundle_read(const uint8_t *p, size_t n, int64_t now_unix_s, struct pgseal__bundle *b);
void pgseal__bundle_done(struct pgseal__bundle *b);

/* kind.c: recognises files that are no PEM at all. False: it may be PEM. */
bool pgseal__file_kind(const uint8_t *p, size_t n, struct pgseal__bundle *b);

#endif

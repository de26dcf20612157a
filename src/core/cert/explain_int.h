/* SPDX-License-Identifier: PostgreSQL */
/* One explanation while it is being written. */
#ifndef PGSEAL_CORE_CERT_EXPLAIN_INT_H
#define PGSEAL_CORE_CERT_EXPLAIN_INT_H

#include "cert_int.h"

/* What the second verification ran into, besides the verdict. */
struct pgseal__finding {
    int error;
    int depth;
    X509 *cert; /* borrowed from the chain or the peer's certificates */
};

struct pgseal__story {
    const struct pgseal__evidence *e;
    struct pgseal_err *err;
    struct pgseal__anchors anchors;
    STACK_OF(X509) * chain; /* as far as it could be built, leaf first */
    struct pgseal__finding found[16];
    size_t n_found;
    X509 *at;      /* the certificate the verdict is about; may be NULL */
    char who[600]; /* certificate 2 of 3 (depth 1) "CN=..." */
};

/* Another sentence of what was seen. */
void pgseal__say(struct pgseal__story *st, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/* certificate 2 of 3 (depth 1) "CN=..." */
void pgseal__story_who(const struct pgseal__story *st, const X509 *cert, int depth, char *out,
                       size_t cap);
/* "root.pem" (108 certificates) */
void pgseal__story_files(const struct pgseal__story *st, char *out, size_t cap);
/* The file to edit: the first one of the trust set, or "sslrootcert". */
const char *pgseal__story_file(const struct pgseal__story *st);
/* Where a certificate comes from, as a sentence: "It is from "root.pem" line 3." */
void pgseal__say_origin(struct pgseal__story *st, const X509 *cert);
/* Whether the peer sent this certificate. */
bool pgseal__was_sent(const struct pgseal__story *st, const X509 *cert);
/* The certificate above depth d of the chain, or NULL. */
X509 *pgseal__issuer_of(const struct pgseal__story *st, int depth);

void pgseal__story_issuer(struct pgseal__story *st);    /* explain_chain.c */
void pgseal__story_signature(struct pgseal__story *st); /* explain_chain.c */
void pgseal__story_time(struct pgseal__story *st);      /* explain_time.c */
void pgseal__story_crl(struct pgseal__story *st);       /* explain_crl.c */
void pgseal__story_strength(struct pgseal__story *st);  /* explain_rules.c */
void pgseal__story_rules(struct pgseal__story *st);     /* explain_rules.c */

/* "ended 2024-08-22 17:08:50 UTC, 823 days ago"; false when the certificate is valid now. */
bool pgseal__validity_text(const X509 *cert, int64_t now_unix_s, char *out, size_t cap);

#endif

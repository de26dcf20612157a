/* SPDX-License-Identifier: PostgreSQL */
/* What the files of this folder share. */
#ifndef PGSEAL_CORE_CERT_INT_H
#define PGSEAL_CORE_CERT_INT_H

#include "core/cert/cert.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

struct pgseal__lookup;

/* One place certificates were read from. */
struct pgseal__source {
    char *name;    /* as the caller named it */
    uint8_t *text; /* a copy of the file; NULL for a directory */
    bool lent;     /* the text belongs to the lookup of the store */
    size_t len;
    bool is_dir;
};

struct pgseal_trust {
    _Atomic int owners;
    X509_STORE *store;
    struct pgseal__source *sources;
    size_t n_sources;
    size_t certs; /* certificates of files; those of directories are not known */
    bool stored;  /* some of them were put into the store at once */
    size_t crls;
    bool check_crls;
    bool system;
    struct pgseal__lookup *lookup; /* belongs to the store; NULL before it is needed */
};

/* describe.c */

/* A distinguished name, CN first, then RFC 2253 order. Never fails: "" when nothing fits. */
void pgseal__name_text(const X509_NAME *name, char *out, size_t cap);
/* "RSA 2048", "EC P-384", "ED25519". */
void pgseal__key_text(EVP_PKEY *key, char *out, size_t cap);
/* The serial number in hex. */
void pgseal__serial_text(const X509 *cert, char *out, size_t cap);
/* SHA-256 of the DER as hex, or "". */
void pgseal__fingerprint(const X509 *cert, char out[65]);

/* name.c */

/* The subject alternative names of a certificate as "DNS:a, IP:1.2.3.4", or "". */
void pgseal__names_text(X509 *cert, char *out, size_t cap);
/* ... of names that are no certificate's yet. NULL = none. */
void pgseal__general_names_text(const GENERAL_NAMES *sans, char *out, size_t cap);
/* An address of a certificate as libpq writes it. */
void pgseal__address_text(const uint8_t *p, size_t n, char *out, size_t cap);

/* anchors.c */

/* A certificate or a CRL of a file of the trust set. */
struct pgseal__anchor {
    const struct pgseal__source *source;
    int line;
    X509 *cert;
    X509_CRL *crl;
};
struct pgseal__anchors {
    struct pgseal__anchor *v;
    size_t n;
};
/* Reads all files of a trust set again, for an explanation; as much as memory allows. */
void pgseal__anchors_of(const struct pgseal_trust *t, struct pgseal__anchors *a);
void pgseal__anchors_done(struct pgseal__anchors *a);
size_t pgseal__anchors_count(const struct pgseal__anchors *a);
/* The same certificate, one with this subject (from index `from` on), the most similar subject;
 * or NULL. */
const struct pgseal__anchor *pgseal__anchor_find(const struct pgseal__anchors *a, const X509 *cert);
const struct pgseal__anchor *pgseal__anchor_named(const struct pgseal__anchors *a,
                                                  const X509_NAME *name, size_t from);
const struct pgseal__anchor *pgseal__anchor_nearest(const struct pgseal__anchors *a,
                                                    const X509_NAME *name);

/* name_hint.c */

/* Says which names the certificate has, and what to type. */
void pgseal__name_hint(X509 *cert, const char *host, struct pgseal_err *err);

/* dir.c */

/* Lets the store look for `path`/HASH.N and HASH.rN when it needs a name. */
int pgseal__dir_add(struct pgseal_trust *t, const char *path, const struct pgseal_world *world,
                    bool der_too, struct pgseal_err *err);

/* trust.c */

/* The file and the line a certificate was loaded from. False: not from a file. */
bool pgseal__trust_where(const struct pgseal_trust *t, const X509 *cert, const char **file,
                         int *line);

/* bundle.c */

/* Fills detail and hint from what is in a file that no certificate could be loaded from. */
void pgseal__explain_file(const char *name, const uint8_t *p, size_t n, int64_t now_unix_s,
                          struct pgseal_err *err);
/* Sentences about certificates of a file that are hidden, altered or damaged; or "". */
void pgseal__bundle_warn(const uint8_t *p, size_t n, char *out, size_t cap);

/* scan.c */

/* One armoured block, or what looks like one, of a would-be bundle. */
struct pgseal__block {
    int line;          /* of its BEGIN, from 1 */
    char label[64];    /* "CERTIFICATE" */
    const uint8_t *at; /* the line behind BEGIN */
    size_t len;        /* up to END, or to the end of the text when there is none */
    bool hidden;       /* OpenSSL does not see its BEGIN */
    bool ended;        /* has an END line of its own label */
    int end_line;      /* ... or of another one; 0: has none */
    const char *begin; /* what is wrong with its BEGIN line: "has something before it"; or NULL */
    const char *end;   /* ... and with its END line */
};
/* Finds the next block at or behind *at (an offset; *line is its line). False: no more. */
bool pgseal__next_block(const uint8_t *p, size_t n, size_t *at, int *line, struct pgseal__block *b);
/* Whether a character is one of base64, its padding included. */
bool pgseal__is_base64(uint8_t c);
/* The bytes inside of an armoured block; free with pgseal__free(). NULL: not base64, or out of
 * memory (*nomem, when it is asked for). */
uint8_t *pgseal__block_der(const struct pgseal__block *b, size_t *n, bool *nomem);

#endif

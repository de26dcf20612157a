/* SPDX-License-Identifier: PostgreSQL */
/* What the files of this folder share. */
#ifndef PGSEAL_CORE_CERT_INT_H
#define PGSEAL_CORE_CERT_INT_H

#include "core/cert/cert.h"

#include <openssl/asn1.h>

struct pgseal__dirs;

/* One place certificates were read from. */
struct pgseal__source {
    char *name;    /* as the caller named it */
    uint8_t *text; /* a copy of the file, for lines and explanations; NULL for a directory */
    size_t len;
    bool is_dir;
};

struct pgseal_trust {
    _Atomic int owners;
    X509_STORE *store;
    struct pgseal__source *sources;
    size_t n_sources;
    size_t certs; /* certificates of files; those of directories are not known */
    size_t crls;
    bool check_crls;
    bool system;
    struct pgseal__dirs *dirs; /* belongs to the store */
};

/* describe.c */

/* Seconds since 1970 of an ASN.1 time. 0, or -1 when it is not a valid time. */
int pgseal__asn1_time(const ASN1_TIME *t, int64_t *unix_s);
/* A distinguished name, CN first, then RFC 2253 order. Never fails: "" when nothing fits. */
void pgseal__name_text(const X509_NAME *name, char *out, size_t cap);
/* "CN=..." when the name has one, else all of it. For stories. */
void pgseal__name_short(const X509_NAME *name, char *out, size_t cap);
/* "RSA 2048", "EC P-384", "ED25519". */
void pgseal__key_text(EVP_PKEY *key, char *out, size_t cap);
/* The serial number in hex. */
void pgseal__serial_text(const X509 *cert, char *out, size_t cap);
/* SHA-256 of the DER as hex, or "". */
void pgseal__fingerprint(const X509 *cert, char out[65]);
/* "2 hours", "823 days" of a number of seconds (its absolute value). */
const char *pgseal__span(char out[40], int64_t seconds);

/* name.c */

/* The subject alternative names of a certificate as "DNS:a, IP:1.2.3.4", or "". */
void pgseal__names_text(X509 *cert, char *out, size_t cap);
/* An address of a certificate as libpq writes it. */
void pgseal__address_text(const uint8_t *p, size_t n, char *out, size_t cap);

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
void pgseal__explain_file(const uint8_t *p, size_t n, int64_t now_unix_s, struct pgseal_err *err);

/* scan.c */

/* One armoured block, or what looks like one, of a would-be bundle. */
struct pgseal__block {
    int line;          /* of its BEGIN, from 1 */
    char label[64];    /* "CERTIFICATE" */
    const uint8_t *at; /* the line behind BEGIN */
    size_t len;        /* up to END, or to the end of the text when there is none */
    bool indented;     /* OpenSSL does not see it: something stands before the dashes */
    bool ended;        /* has an END line */
};
/* Finds the next block at or behind *at (an offset; *line is its line). False: no more. */
bool pgseal__next_block(const uint8_t *p, size_t n, size_t *at, int *line, struct pgseal__block *b);
/* The bytes inside of an armoured block; free with pgseal__free(). NULL: not base64. */
uint8_t *pgseal__block_der(const struct pgseal__block *b, size_t *n);

#endif

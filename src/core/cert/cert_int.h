/* SPDX-License-Identifier: PostgreSQL */
/* What the files of this folder share. */
#ifndef PGSEAL_CORE_CERT_INT_H
#define PGSEAL_CORE_CERT_INT_H

#include "core/cert/cert.h"

#include <openssl/asn1.h>

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

/* rds.c */

enum pgseal__rds_generation {
    PGSEAL__RDS_2015 = 2015, /* ended 2020-03-05 at the latest */
    PGSEAL__RDS_2019 = 2019, /* ended 2025-06-01 at the latest; most 2024-08-22 */
    PGSEAL__RDS_G1 = 2021    /* one root per region and algorithm */
};
/* What the name of one of Amazon RDS's own authorities says. */
struct pgseal__rds {
    enum pgseal__rds_generation generation;
    bool root;
    char region[40]; /* "us-east-1", "Beta us-east-1"; "" for a root of all regions */
    char alg[12];    /* "RSA2048", "RSA4096", "ECC384" of G1 */
};
/* False: not the name of an RDS authority. */
bool pgseal__rds_of(const X509_NAME *name, struct pgseal__rds *r);
/* Where the bundle of a region is published; of all regions for "". */
void pgseal__rds_url(const char *region, char *out, size_t cap);
/* "AWS", "AWS GovCloud (US)", "AWS China": each has roots of its own. */
const char *pgseal__rds_partition(const char *region);
/* The organisation when it is one whose roots every system has, else NULL. */
const char *pgseal__public_authority(const X509_NAME *name);

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
    bool indented;     /* OpenSSL does not see it: something stands before the dashes */
    bool ended;        /* has an END line */
};
/* Finds the next block at or behind *at (an offset; *line is its line). False: no more. */
bool pgseal__next_block(const uint8_t *p, size_t n, size_t *at, int *line, struct pgseal__block *b);
/* The bytes inside of an armoured block; free with pgseal__free(). NULL: not base64, or out of
 * memory (*nomem, when it is asked for). */
uint8_t *pgseal__block_der(const struct pgseal__block *b, size_t *n, bool *nomem);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* What other modules of the core may ask of certificates in OpenSSL's own types. */
#ifndef PGSEAL_CORE_CERT_H
#define PGSEAL_CORE_CERT_H

#include "core/base/base.h"

#include <pgseal/cert.h>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

/**
 * Lends the store of a trust set: for SSL_CTX_set1_cert_store(), never to be added to. Certificates
 * of files come into it when a chain asks for them.
 */
X509_STORE *pgseal__trust_store(const struct pgseal_trust *t);
/** Whether chains are also checked for revocation, by CRLs. */
bool pgseal__trust_checks_crls(const struct pgseal_trust *t);
/** Puts all certificates of files into the store now, for X509_STORE_get1_all_certs(). 0 or < 0. */
int pgseal__trust_load_all(struct pgseal_trust *t, struct pgseal_err *err);

/**
 * Password callback for every PEM and PKCS#8 call that must not ask anybody: an empty password, as
 * OpenSSL's own X509_load_cert_crl_file() gives. (A NULL callback would prompt on the terminal.)
 */
int pgseal__no_password(char *buf, int size, int rwflag, void *ctx);

/** Compares the names of `cert` with `host`: pgseal_cert_match_host() for a parsed certificate. */
int pgseal__cert_check_host(X509 *cert, const char *host, struct pgseal_err *err);

/** The facts of a certificate as plain values. 0, or PGSEAL_E_NOMEM. */
int pgseal__cert_describe(X509 *cert, struct pgseal_cert_info *out);

/** Gives a chain that shares these certificates. NULL without memory. */
struct pgseal_chain *pgseal__chain_new(STACK_OF(X509) * certs);
/** Lends the certificates of a chain. */
STACK_OF(X509) * pgseal__chain_certs(const struct pgseal_chain *c);
/** Describes what verified: anchor, earliest end, each certificate on the way. */
void pgseal__cert_path(const struct pgseal_trust *t, STACK_OF(X509) * verified_chain,
                       struct pgseal_path *out);
/** True for what pgseal_mint_options.permit may hold: "DNS:example.com", "IP:10.0.0.0/8". */
bool pgseal__mint_permit_known(const char *permit);

/** What a failed verification is explained from. The verdict has been given already. */
struct pgseal__evidence {
    const struct pgseal_trust *trust; /* may be NULL: no trust at all */
    X509 *leaf;                       /* may be NULL: the peer sent none */
    STACK_OF(X509) * sent;            /* as the peer sent them, may be NULL, may hold the leaf */
    int error;                        /* the verdict: X509_V_ERR_* */
    int depth;                        /* ... where */
    X509 *at;                         /* ... at which certificate; may be NULL */
    int64_t now_unix_s;               /* ... at which time */
    int auth_level;                   /* ... at which security level */
    bool server_side;                 /* a server judges a client */
};

/**
 * Explains a verdict: fills x509, depth, detail and hint of `err`; code and msg are the caller's.
 *
 * Runs its own verification with another X509_STORE_CTX, which goes on after errors and whose
 * outcome nobody uses but this explanation.
 */
void pgseal__cert_explain(const struct pgseal__evidence *e, struct pgseal_err *err);

/** Says what verified: the anchor (last of the chain), its file and line, the earliest end. */
void pgseal__cert_verified(const struct pgseal_trust *t, STACK_OF(X509) * verified_chain,
                           struct pgseal_verified *out);

/* ---- names and times, as stories need them ----------------------------------------------------
 */

/** "CN=..." when the name has one, else all of it. */
void pgseal__name_short(const X509_NAME *name, char *out, size_t cap);
/** Seconds since 1970 of an ASN.1 time. 0, or -1 when it is not a valid time. */
int pgseal__asn1_time(const ASN1_TIME *t, int64_t *unix_s);
/** "2 hours", "823 days" of a number of seconds (its absolute value). */
const char *pgseal__span(char out[40], int64_t seconds);

/* ---- Amazon RDS's own authorities, by their names ---------------------------------------------
 */

enum pgseal__rds_generation {
    PGSEAL__RDS_2015 = 2015, /* ended 2020-03-05 at the latest */
    PGSEAL__RDS_2019 = 2019, /* ended 2025-06-01 at the latest; most 2024-08-22 */
    PGSEAL__RDS_G1 = 2021    /* one root per region and algorithm */
};
/** What the name of one of them says. */
struct pgseal__rds {
    enum pgseal__rds_generation generation;
    bool root;
    char region[40]; /**< "us-east-1", "Beta us-east-1"; "" for a root of all regions */
    char alg[12];    /**< "RSA2048", "RSA4096", "ECC384" of G1 */
};
/** False: not the name of an RDS authority. */
bool pgseal__rds_of(const X509_NAME *name, struct pgseal__rds *r);
/** The command that gets the roots of a region into a file; of all regions for "". */
void pgseal__rds_fetch(const char *region, const char *file, char *out, size_t cap);
/** "AWS", "AWS GovCloud (US)", "AWS China": each has roots of its own. */
const char *pgseal__rds_partition(const char *region);
/** The organisation when it is one whose roots every system has, else NULL. */
const char *pgseal__public_authority(const X509_NAME *name);

/* ---- a would-be bundle, opened ----------------------------------------------------------------
 */

/** What can be wrong with a block of a file; the first that holds is told in a sentence. */
enum pgseal__flaw {
    PGSEAL__FLAW_NONE = 0,
    PGSEAL__FLAW_HIDDEN,      /* its BEGIN is damaged: OpenSSL passes over it */
    PGSEAL__FLAW_LOST,        /* OpenSSL passes over it for what stands before it */
    PGSEAL__FLAW_PLACEHOLDER, /* armour around no certificate */
    PGSEAL__FLAW_BEGIN,       /* its BEGIN is damaged, and OpenSSL sees it: it refuses the file */
    PGSEAL__FLAW_CUT,         /* no END of its own, or a damaged one */
    PGSEAL__FLAW_BASE64,      /* characters inside that are none */
    PGSEAL__FLAW_BROKEN,      /* its DER cannot be read, or OpenSSL refuses it */
    PGSEAL__FLAW_ALTERED,     /* does not fit its own key */
    PGSEAL__FLAW_UNSIGNED,    /* does not fit the key of its issuer in this file */
    PGSEAL__FLAW_DUPLICATE,   /* as an earlier one */
    PGSEAL__FLAW_ENDED,
    PGSEAL__FLAW_EARLY,
    PGSEAL__FLAW_LEAF /* no authority */
};

struct pgseal__entry {
    int line, end_line;     /* of its BEGIN and END; 0: there is no END */
    const char *what;       /* "certificate", "crl", "private key", ... */
    X509 *cert;             /* NULL when it is none, or cannot be read */
    bool loaded;            /* OpenSSL loads it */
    bool vouched;           /* its signature fits: its own key, or an issuer of this file */
    unsigned flaws;         /* bits 1u << enum pgseal__flaw: all that hold */
    enum pgseal__flaw flaw; /* the first of them, and ... */
    char problem[300];      /* ... the sentence about it; "" when there is none */
    int issuer_line;        /* of the certificate its issuer's name belongs to; 0: not here */
    int twin_line;          /* of the same certificate before; 0: none */
    const struct pgseal__entry *twin, *issuer; /* ... the two themselves, or NULL */
    int odd_line;    /* the first line inside that is no base64, or empty; 0: none */
    size_t from, to; /* the part of the file from the block before to its end */
};

struct pgseal__bundle {
    struct pgseal__entry *v;
    size_t n;
    int loads;          /* certificates OpenSSL would load: 0 = libpq cannot use the file */
    int lists;          /* CRLs it would load */
    char refusal[120];  /* OpenSSL's reason to refuse the whole file, or "" */
    int64_t now_unix_s; /* <= 0: unknown, dates are not judged */
    const char *whole;  /* when the file is no PEM: what it is instead, "html" ... */
    char sentence[400]; /* ... and the sentence about it */
    char fix[400];      /* ... and what to do */
};

/** Reads a would-be bundle. 0, or PGSEAL_E_NOMEM with nothing to free. */
int pgseal__bundle_read(const uint8_t *p, size_t n, int64_t now_unix_s, struct pgseal__bundle *b);
void pgseal__bundle_done(struct pgseal__bundle *b);

#endif

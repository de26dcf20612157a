/* SPDX-License-Identifier: PostgreSQL */
/* Looking into trust bundles: what a file holds, what is wrong with it, how two differ. Pure. */
#ifndef PGSEAL_CA_SHOW_H
#define PGSEAL_CA_SHOW_H

#include "finding/finding.h"

#include <pgseal/cert.h>

enum ca_kind { CA_KIND_ROOT = 0, CA_KIND_INTERMEDIATE, CA_KIND_LEAF };

/** What the table of published certificates says about one. */
enum ca_standing {
    CA_PUBLISHED = 0, /**< its fingerprint is in the table */
    CA_VOUCHED,       /**< is not, but one of this file that is has signed it */
    CA_UNPUBLISHED,   /**< is not, though its name is one of Amazon RDS's */
    CA_POSED,         /**< is not, though exactly its name is: an altered or a foreign one */
    CA_FOREIGN        /**< is not of Amazon RDS */
};

/** What became of a signature. */
enum ca_signature { CA_SIG_FITS = 0, CA_SIG_BROKEN, CA_SIG_NO_ISSUER };

/** One block of a file. */
struct ca_item {
    int line;                     /**< of its BEGIN, from 1 */
    const char *what;             /**< "certificate", "crl", "private key", ... */
    bool is_cert;                 /**< a readable certificate: what follows is filled */
    bool loaded;                  /**< OpenSSL, and so libpq, loads it */
    struct pgseal_cert_info info; /**< names, key, validity, fingerprint */
    char sha1[41];                /**< what Amazon's API calls its Thumbprint */
    char cn[256];                 /**< common name, else the whole subject; escaped */
    enum ca_kind kind;
    enum ca_standing standing;
    bool root_name;              /**< its name is that of a published root */
    enum ca_signature signature; /**< its own, or its issuer's in this file */
    char generation[32];         /**< "rds-ca-rsa2048-g1"; "" when it is not of Amazon */
    char region[40];             /**< "ap-northeast-1"; "" for all regions, or none */
    char key_id[65];             /**< SHA-256 of its public key, hex */
    const char *partition;       /**< "AWS", "AWS GovCloud (US)", "AWS China"; "" foreign */
    int strength;      /**< bits of security of its key, and of its signature where one checks it */
    bool ended, early; /**< at the time that was asked for */
    bool distrusted;   /**< the file itself says that it vouches for no server */
    int twin_line;     /**< the same certificate before; 0: none */
    unsigned flaws;    /**< bits of enum pgseal__flaw */
};

/** What a file is meant to be. {0}: anything. */
struct ca_meant {
    char partition[24]; /**< as in struct ca_item; "" = not known */
    char region[40];    /**< "" = all regions */
    bool whole;         /**< all published roots of it are expected */
    bool said;          /**< somebody said so; otherwise it is the file's name that does */
};
/** What the name of a file says: "us-east-1-bundle.pem", "global-bundle.pem". */
void ca_meant_by_name(const char *path, struct ca_meant *out);
/** What a word says: "global", "gov", "china", "any", a region. False: none of them. */
bool ca_meant_by_word(const char *word, struct ca_meant *out);

/** What is in a file. Owned by its caller, ends with ca_file_done(). */
struct ca_file {
    char name[512];       /**< as it may be shown */
    struct ca_item *item; /**< ours */
    size_t n;
    size_t certs;       /**< readable certificates among them */
    int loads;          /**< that libpq loads: 0 = it cannot use the file */
    int lists;          /**< revocation lists that libpq loads */
    char refusal[120];  /**< OpenSSL's reason to refuse the whole file, or "" */
    const char *whole;  /**< what the file is, when it is no PEM: "html"; or NULL */
    char sentence[400]; /**< ... as a sentence */
    struct ca_meant meant;
    int64_t now_unix_s;
    struct findings findings;
};

/**
 * Looks into the bytes of a would-be bundle and finds all that is wrong with it.
 *
 * @param name   borrows. The file's name for messages and for what it is meant to be.
 * @param p      borrows. Its bytes; NULL for a directory.
 * @param meant  borrows. What it is meant to be; NULL: what its name says.
 * @return       0 however bad the file is, or PGSEAL_E_NOMEM with nothing to end.
 */
int ca_inspect(const char *name, const uint8_t *p, size_t n, int64_t now_unix_s,
               const struct ca_meant *meant, struct ca_file *out, struct pgseal_err *err);
/** Frees what a look gave. {0} is fine. */
void ca_file_done(struct ca_file *f);

/** "libpq loads 2 of 3 certificates and says nothing of the other". */
void ca_file_headline(const struct ca_file *f, char *out, size_t cap);
/** "3 roots of Amazon RDS (AWS), us-east-1; the first to end does so 2061-05-21, in 34 years". */
void ca_file_summary(const struct ca_file *f, char *out, size_t cap);
/** "in 34 years", "in 12 days", "2 years ago". */
void ca_span_text(int64_t unix_s, int64_t now_unix_s, char *out, size_t cap);
/** "root", "intermediate", "leaf". */
const char *ca_kind_name(enum ca_kind kind);
/** "published", "vouched", "unknown", "impostor", "foreign". */
const char *ca_standing_name(enum ca_standing standing);

#endif

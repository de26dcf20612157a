/* SPDX-License-Identifier: PostgreSQL */
/* A bundle in the forms that others read: PEM, DER, PKCS#7, and truststores of Java. */
#ifndef PGSEAL_CA_EXPORT_H
#define PGSEAL_CA_EXPORT_H

#include "ca/certs.h"

/* ---- what is exported --------------------------------------------------------------------------
 */

/** Called with a sentence about what was left out or repaired. */
typedef void (*ca_note_fn)(void *ctx, const char *text);

/**
 * Adds the certificates of a file to `l`: PEM (text around the blocks, indented blocks and CRLF do
 * no harm), PKCS#7 in PEM or DER, one certificate in DER. Duplicates are left out, and so is what
 * is no certificate; `note` says which.
 *
 * @param name  of the file, for texts.
 * @return      number of certificates added, or < 0: PGSEAL_E_ROOT_UNUSABLE for a certificate that
 *              cannot be read or was altered, or when there is none; PGSEAL_E_NOMEM. `l` may have
 *              more certificates then.
 */
int ca_load(const uint8_t *p, size_t n, const char *name, struct ca_certs *l, ca_note_fn note,
            void *ctx, struct pgseal_err *err);

/** Which certificates are wanted. {0} = all. */
struct ca_filter {
    const char *region; /**< only of this region; NULL = any */
    bool valid;         /**< only what has not ended */
    int64_t now_unix_s;
};
/** Drops what is not wanted. Returns how many were dropped. */
size_t ca_filter(struct ca_certs *l, const struct ca_filter *f);

/* ---- names -------------------------------------------------------------------------------------
 */

/**
 * The alias of a certificate in a keystore: its common name in lower case, as keytool stores it;
 * " (2)" and so on behind one that is taken. UTF-8.
 */
struct ca_alias {
    char text[300];
};
/** The small letter of a Unicode letter, or itself. */
uint32_t ca_small_letter(uint32_t cp);
/** An alias for each certificate. Gives (pgseal__free()), or NULL: out of memory. */
struct ca_alias *ca_aliases(const struct ca_certs *l);
/** Turns an alias into the name of a file: letters, digits, '.', '-', and ".der" behind it. */
void ca_alias_file(const struct ca_alias *a, char *out, size_t cap);

/* ---- forms -------------------------------------------------------------------------------------
 */

/** Bytes of a form, ours. */
struct ca_bytes {
    uint8_t *p;
    size_t n, cap;
};
void ca_bytes_done(struct ca_bytes *b);

/*
 * Each appends to `out` (empty) and returns 0, or < 0: PGSEAL_E_NOMEM, PGSEAL_E_LIMIT.
 */

/** PEM; `comments`: a line before each says name, end and fingerprint. */
int ca_export_pem(const struct ca_certs *l, bool comments, struct ca_bytes *out,
                  struct pgseal_err *err);
/** DER of one certificate. */
int ca_export_der(const struct ca_cert *c, struct ca_bytes *out, struct pgseal_err *err);
/** PKCS#7 that holds certificates only (RFC 2315 9.1, "certs-only"); `pem`: in armour, as AWS. */
int ca_export_p7b(const struct ca_certs *l, bool pem, struct ca_bytes *out, struct pgseal_err *err);
/**
 * PKCS#12 in which every certificate is trusted by Java: friendlyName and Oracle's attribute
 * trustedKeyUsage (2.16.840.1.113894.746875.1.1). Integrity by HMAC-SHA-256 with the password; the
 * certificates are public and not encrypted.
 */
int ca_export_p12(const struct ca_certs *l, const struct ca_alias *aliases, const char *password,
                  struct ca_bytes *out, struct pgseal_err *err);
/**
 * JKS, Java's own form: version 2, trusted certificates, SHA-1 with the password over it.
 *
 * @param now_unix_s  creation date of the entries.
 */
int ca_export_jks(const struct ca_certs *l, const struct ca_alias *aliases, const char *password,
                  int64_t now_unix_s, struct ca_bytes *out, struct pgseal_err *err);

/** Writes a new directory with one DER file for each: all of it or nothing. 0, or < 0: FILE,
 * EXISTS. */
int ca_export_dir(const struct ca_certs *l, const struct ca_alias *aliases, const char *path,
                  struct pgseal_err *err);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* What the files of the own authority share. */
#ifndef PGSEAL_CA_OWN_INT_H
#define PGSEAL_CA_OWN_INT_H

#include "core/cert/cert.h"
#include "finding/finding.h"
#include "own.h"

/* Which roots clients trust: the content of the file "store". */
struct ca_own_state {
    int oldest, newest;
};
/* 0, or CA_STORE: of a later version, or not ours. */
int ca_own_state_parse(const char *text, size_t n, struct ca_own_state *out,
                       struct pgseal_err *err);
void ca_own_state_format(const struct ca_own_state *s, char out[64]);

/* "could not" said of a store. Returns the code; hint may be NULL. */
int ca_own_fail(struct pgseal_err *err, const char *detail, const char *hint, const char *fmt, ...)
    PGSEAL_PRINTF(4, 5);
int ca_own_refuse(struct pgseal_err *err, const char *detail, const char *hint, const char *fmt,
                  ...) PGSEAL_PRINTF(4, 5);

/* Reads a file whole. Gives (pgseal__wipe_free_str()), or NULL and FILE. */
char *ca_own_read(const char *path, struct pgseal_err *err);
/* Replaces a file of the store. */
int ca_own_put(const struct ca_store *s, const char *file, const char *text, mode_t mode,
               struct pgseal_err *err);
bool ca_own_exists(const char *path);
/* Removes ".NAME.XXXXXX", what a killed process left of writing NAME in dir; NULL = any. */
void ca_own_sweep(const char *dir, const char *name);

/* A PEM certificate. Gives (X509_free()), or NULL. */
X509 *ca_own_cert(const char *pem);
/* The facts of a PEM certificate. 0, or PGSEAL_E_CERT. */
int ca_own_describe(const char *pem, struct pgseal_cert_info *out, struct pgseal_err *err);

/* Names of the files of root `n`. */
void ca_own_root_file(int n, const char *suffix, char out[64]);
void ca_own_cross_file(int newer, int older, char out[64]);

/* Waits for the lock. 0, CA_STORE. */
int ca_own_lock(struct ca_store *s, struct pgseal_err *err);
/* Writes the state, and what follows from it: bundle, keys of retired roots. */
int ca_own_commit(struct ca_store *s, const struct ca_own_state *state, struct pgseal_err *err);
/* Brings root.crt and keys to what the state says, where an interrupted command did not. */
int ca_own_settle(const struct ca_store *s, const struct ca_own_state *state,
                  struct pgseal_err *err);
/* Reads roots, cross certificate and what was issued. */
int ca_own_load(struct ca_store *s, const struct ca_own_state *state, struct pgseal_err *err);

/* A new root: key and self-signed certificate. */
struct pgseal_minted *ca_own_mint_root(const struct ca_init_options *o, const char *cn,
                                       int64_t now_unix_s, struct pgseal_err *err);
/* Writes key, then certificate of root `n`. */
int ca_own_put_root(const struct ca_store *s, int n, const struct pgseal_minted *root,
                    struct pgseal_err *err);
/* "P-384" of "EC P-384", "RSA3072" of "RSA 3072": the option for a key like that. */
const char *ca_own_key_option(const char *key_text);
/* The digest that a key of this kind should sign with. */
const char *ca_own_digest(const char *key_text);

/* The public key of a file (certificate or private key) is that of the certificate. */
bool ca_own_same_key(const char *path, const char *cert_pem);

/*
 * Judges what was made as libpq will: `chain_pem` (the leaf first) verifies with each single root
 * of the store and with all of them, for its purpose, now; every name matches. 0, or CA_REQUEST.
 */
int ca_issue_judge(const struct ca_store *s, const char *chain_pem, bool client,
                   const char *const *hosts, int64_t now_unix_s, struct pgseal_err *err);

#endif

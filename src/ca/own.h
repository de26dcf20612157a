/* SPDX-License-Identifier: PostgreSQL */
/* An authority of one's own for self-hosted servers: its store, issuing, renewing, rotating. */
#ifndef PGSEAL_CA_OWN_H
#define PGSEAL_CA_OWN_H

#include <pgseal/cert.h>

/*
 * The store is a directory, and its files are the truth:
 *
 *   store                  version, and which roots clients trust: "roots 1 2"; written last
 *   root-N.crt, root-N.key the roots, counted from 1; a retired one has lost its key
 *   root-2-by-1.crt        root 2, signed by root 1: lets who trusts root 1 trust root 2's servers
 *   root.crt               what clients need (sslrootcert): the roots of "roots", newest first
 *   issued/NAME.SERIAL.crt every certificate that was ever signed, without its key
 *   lock                   held while something is written
 */

#define CA_DAY_S INT64_C(86400)
/* A certificate begins an hour ago, for clients whose clock is late. */
#define CA_BACKDATE_S INT64_C(3600)
enum { CA_ROOT_DAYS = 3650, CA_LEAF_DAYS = 397, CA_DAYS_MAX = 36500, CA_NAMES_MAX = 64 };
enum { CA_NAME_CAP = 264, CA_PATH_CAP = 1024 };

/** One root of the store. */
struct ca_root {
    int number;
    struct pgseal_cert_info info;
    char *pem; /**< ours */
};

/** One certificate that was issued. */
struct ca_record {
    char name[CA_NAME_CAP]; /**< what its files are called: "db1.example.com" */
    bool client;            /**< proves a role to a server, not a server to clients */
    int root;               /**< number of the root that signed it; 0 = none of the store's */
    bool latest;            /**< nothing newer was issued under this name */
    struct pgseal_cert_info info;
    char *pem; /**< ours */
};

/** An open store. */
struct ca_store {
    char dir[CA_PATH_CAP];
    int oldest, newest;     /**< roots that clients trust; they differ while one replaces another */
    struct ca_root root[2]; /**< of `oldest`, and of `newest` when it is another one */
    char *cross_pem;        /**< ours. newest signed by oldest; NULL when they are one */
    int64_t cross_until_unix_s; /**< its end */
    struct ca_record *cert;     /**< ours. By name, the latest of a name first */
    size_t ncerts;
    bool encrypted;               /**< the newest root's key wants a passphrase */
    struct pgseal_minted *signer; /**< ours. The newest root with its key, once it was unlocked */
    int lock;                     /**< descriptor, or -1: open for reading */
};

/** $PGSEAL_CA_DIR, $XDG_DATA_HOME/pgseal/ca or ~/.local/share/pgseal/ca. False: no home. */
bool ca_store_default(char *out, size_t cap);

/** What `init` is told. {0} = the defaults. */
struct ca_init_options {
    const char *dir;
    const char *cn;            /**< NULL = "pgseal CA on HOST" */
    const char *key;           /**< "P-256" (NULL), "P-384", "RSA3072", "RSA4096" */
    int days;                  /**< 0 = CA_ROOT_DAYS */
    const char *const *permit; /**< as in struct pgseal_mint_options; or NULL */
    const char *passphrase;    /**< NULL = the key is not encrypted */
};
/**
 * Makes a store. What an interrupted init left there is taken over.
 *
 * @return  gives (ca_store_close()), or NULL: CA_STORE (there is one already, or the directory
 *          cannot be one), CA_REQUEST, FILE.
 */
struct ca_store *ca_store_init(const struct ca_init_options *o, int64_t now_unix_s,
                               struct pgseal_err *err);
/**
 * Opens a store and reads everything in it.
 *
 * @param to_write  takes the lock, waiting at most 10 s for another process, and completes what
 *                  an interrupted command left undone.
 * @return          gives, or NULL: CA_STORE, FILE.
 */
struct ca_store *ca_store_open(const char *dir, bool to_write, struct pgseal_err *err);
struct ca_store *ca_store_close(struct ca_store *s);
/** Reads everything again, so that what is told is what is there. */
int ca_store_reload(struct ca_store *s, struct pgseal_err *err);
/** Reads the newest root's key. 0; CA_STORE when the passphrase is missing or wrong. */
int ca_store_unlock(struct ca_store *s, const char *passphrase, struct pgseal_err *err);
/** The root that issues. */
const struct ca_root *ca_store_issuer(const struct ca_store *s);
/** What a root is limited to: "DNS:example.com", "IP:10.0.0.0/8". Their number, 0 = any name. */
int ca_root_permits(const char *pem, char out[][CA_NAME_CAP], int max);
/** Path of a file of the store. Returns out. */
char *ca_store_path(const struct ca_store *s, const char *file, char out[CA_PATH_CAP]);
/** The latest certificate called `name` (a file name, ".crt" may be there), or NULL. */
const struct ca_record *ca_store_find(const struct ca_store *s, const char *name);

/** What `issue` is told. */
struct ca_issue_options {
    const char *const *names; /**< NULL-terminated; host names and addresses as typed */
    const char *client;       /**< a role: a client's certificate, and no names; or NULL */
    const uint8_t *csr;       /**< a request, PEM or DER; its key is certified. NULL = a new key */
    size_t csr_len;
    const char *key; /**< as in struct ca_init_options, also "RSA2048"; NULL = of the root's kind */
    int days;        /**< 0 = CA_LEAF_DAYS, or what is left of the root */
    const char *out_dir; /**< where NAME.crt and NAME.key go */
};
/** What was issued. */
struct ca_issued {
    struct ca_record cert; /**< end with ca_issued_done() */
    char crt_path[CA_PATH_CAP];
    char key_path[CA_PATH_CAP]; /**< "" when the key is somewhere else */
    bool key_kept;              /**< the key was there before */
    bool shortened;             /**< fewer days than the default: the root ends */
    bool with_cross;            /**< root-2-by-1.crt follows it in the file */
};
/**
 * Issues a certificate: NAME.crt (with the cross certificate while a rotation goes on) and NAME.key
 * in out_dir. Files that are there already are not touched, except that a key without certificate
 * is taken over. Before anything is written the certificate is judged as libpq would.
 *
 * @return  0; CA_REQUEST, FILE.
 */
int ca_issue(struct ca_store *s, const struct ca_issue_options *o, int64_t now_unix_s,
             struct ca_issued *out, struct pgseal_err *err);
/**
 * Issues a certificate like `c` again: its names and its key, by the newest root, for `days`
 * (0 = CA_LEAF_DAYS). Replaces NAME.crt in out_dir, which must be of the same key.
 */
int ca_renew(struct ca_store *s, const struct ca_record *c, const char *out_dir, int days,
             int64_t now_unix_s, struct ca_issued *out, struct pgseal_err *err);
void ca_issued_done(struct ca_issued *i);
/** True when `c` should be renewed: an older root signed it, or its last third has begun. Never
 * for one that is over or was replaced. */
bool ca_record_due(const struct ca_store *s, const struct ca_record *c, int64_t now_unix_s);

/** How far a rotation is; what a store looks like says it. */
enum ca_phase {
    CA_STEADY = 0, /**< one root */
    CA_STARTED,    /**< two roots, and certificates in use that the old one signed */
    CA_SWITCHED    /**< two roots, and everything in use is signed by the new one */
};
enum ca_phase ca_rotate_phase(const struct ca_store *s, int64_t now_unix_s);
/** "steady", "started", "switched". */
const char *ca_phase_name(enum ca_phase phase);
/** True for a certificate that is in use as far as we know, and signed by the old root. */
bool ca_rotate_waits_for(const struct ca_store *s, const struct ca_record *c, int64_t now_unix_s);
/**
 * Makes the next root and has it signed by the one there is; from now on it issues. 0; CA_REQUEST.
 *
 * @param cn    NULL = the old name, counted on: "NAME G2".
 * @param key   NULL = the old one's kind.
 * @param days  0 = CA_ROOT_DAYS.
 */
int ca_rotate_start(struct ca_store *s, const char *cn, const char *key, int days,
                    const char *passphrase, int64_t now_unix_s, struct pgseal_err *err);
/** Takes the old root out of root.crt and removes its key. 0, CA_REQUEST unless it is `forced`. */
int ca_rotate_retire(struct ca_store *s, bool forced, int64_t now_unix_s, struct pgseal_err *err);

struct findings;
/** Adds what has ended or should be replaced (CA_OWN_*). */
void ca_own_watch(const struct ca_store *s, int64_t now_unix_s, struct findings *out);

/** Longest first line of a file that a passphrase is taken from. */
enum { CA_PASSPHRASE_MAX = 1024 };

#endif

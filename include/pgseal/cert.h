/* SPDX-License-Identifier: PostgreSQL */
/* Trust sets, libpq's name rules, why a certificate was refused, what verified, minting. */
#ifndef PGSEAL_CERT_H
#define PGSEAL_CERT_H

#include <pgseal/world.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- trust -------------------------------------------------------------------------------- */

/** A set of trust anchors and CRLs, each remembering its file and line. Counted; immutable once
 * it was given to a tls context. */
struct pgseal_trust;

PGSEAL_API struct pgseal_trust *pgseal_trust_new(struct pgseal_err *err);
/** Another owner of `t`. Returns t. */
PGSEAL_API struct pgseal_trust *pgseal_trust_ref(struct pgseal_trust *t);
/** Drops one owner; the last frees. NULL is a no-op. Returns NULL. */
PGSEAL_API struct pgseal_trust *pgseal_trust_free(struct pgseal_trust *t);

/**
 * Adds every certificate and CRL of a PEM file, exactly as OpenSSL's X509_load_cert_crl_file does.
 *
 * @param name  copied; the file name for messages.
 * @param p     borrows. The file's bytes; NULL for a directory, which OpenSSL reads as no bytes.
 * @return      number of certificates and CRLs added (> 0), or < 0.
 *
 * Errors:
 *   PGSEAL_E_ROOT_UNUSABLE  OpenSSL's reason in libpq's words (`could not read root certificate
 *                           file "%s": %s`); detail says what is in the file, line by line
 * Source: fe-secure-openssl.c initialize_SSL; OpenSSL crypto/x509/by_file.c.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_trust_add_pem(struct pgseal_trust *t, const char *name,
                                                    const uint8_t *p, size_t n,
                                                    struct pgseal_err *err);
/** Adds a hashed directory: looked up lazily (hash.N, hash.rN) through `world` (keeps). */
PGSEAL_API PGSEAL_MUST_USE int pgseal_trust_add_dir(struct pgseal_trust *t, const char *dir,
                                                    const struct pgseal_world *world,
                                                    struct pgseal_err *err);
/** Adds OpenSSL's default file and directory, SSL_CERT_FILE and SSL_CERT_DIR honoured. */
PGSEAL_API PGSEAL_MUST_USE int pgseal_trust_add_system(struct pgseal_trust *t,
                                                       const struct pgseal_world *world,
                                                       struct pgseal_err *err);
/** Turns CRL checking of the whole chain on (X509_V_FLAG_CRL_CHECK | _ALL). */
PGSEAL_API void pgseal_trust_check_crls(struct pgseal_trust *t);
/** Certificates loaded so far (directories not counted). */
PGSEAL_API size_t pgseal_trust_count(const struct pgseal_trust *t);

/* ---- what a certificate says -------------------------------------------------------------- */

/** Facts of one certificate as plain values. Texts are escaped, cut where they do not fit. */
struct pgseal_cert_info {
    char subject[256]; /**< RFC 2253 style, CN first where there is one */
    char issuer[256];
    char names[512];  /**< SANs: "DNS:a, IP:1.2.3.4" */
    char serial[64];  /**< hex */
    char sha256[65];  /**< fingerprint of the DER, hex */
    char key[32];     /**< "RSA 2048", "EC P-384", "ED25519" */
    char sig_alg[48]; /**< "sha384WithRSAEncryption" */
    int64_t not_before_unix_s, not_after_unix_s;
    bool is_ca;
    bool self_issued; /**< subject equals issuer */
};
/** Describes one DER certificate. 0, or PGSEAL_E_CERT when it cannot be parsed. */
PGSEAL_API int pgseal_cert_describe(const uint8_t *der, size_t n, struct pgseal_cert_info *out,
                                    struct pgseal_err *err);

/** A certificate that a trust set was given by a file. */
struct pgseal_anchor {
    const char *file; /**< as it was named; lends from the trust set */
    int line;         /**< of its BEGIN */
    struct pgseal_cert_info cert;
};
typedef void (*pgseal_anchor_fn)(void *ctx, const struct pgseal_anchor *anchor);
/**
 * Calls `fn` for each certificate of the set's files, in their order, as OpenSSL loads them.
 * Directories are not listed.
 *
 * @return  their number.
 */
PGSEAL_API size_t pgseal_trust_anchors(const struct pgseal_trust *t, pgseal_anchor_fn fn,
                                       void *ctx);

/** What verified: the anchor and the earliest end of validity on the path. {0} = nothing. */
struct pgseal_verified {
    bool chain;                   /**< the chain was verified */
    bool name;                    /**< the host name was verified too */
    struct pgseal_cert_info root; /**< the anchor */
    char root_file[1024];         /**< file it was loaded from */
    int root_line;                /**< line of its BEGIN, 0 unknown */
    int64_t until_unix_s;         /**< earliest notAfter on the verified path */
    int until_depth;              /**< whose that is; 0 = the server's own */
    bool revocation;              /**< CRLs of the whole path said that nothing is revoked */
};

/**
 * Compares a certificate with a host by libpq's rules (not RFC 6125's).
 *
 * Errors: PGSEAL_E_CERT_NAME, PGSEAL_E_CERT_NAMES, PGSEAL_E_USAGE (no host), libpq's texts; detail
 * lists the names the certificate has, hint says which host or hostaddr to type.
 * Source: fe-secure-common.c, fe-secure-openssl.c verify_peer_name.   Since: 0.1
 */
PGSEAL_API int pgseal_cert_match_host(const uint8_t *der, size_t n, const char *host,
                                      struct pgseal_err *err);

/* ---- chains ------------------------------------------------------------------------------- */

/** Certificates as a server sends them: its own first, then those that lead to a root. */
struct pgseal_chain;

/**
 * Reads a certificate and its intermediates from a file's bytes: PEM, DER, or PKCS#7 in either.
 *
 * Keys and other blocks between them are passed over; of a PKCS#7, which has no order, the first
 * that is no authority becomes the first.
 *
 * @param name  borrows. The file's name for messages.
 * @param p     borrows. The file's bytes; NULL for a directory.
 * @return      gives (pgseal_chain_free()), or NULL.
 *
 * Errors:
 *   PGSEAL_E_CERT  no certificate in it, or one that cannot be parsed; detail says what is in it
 *   PGSEAL_E_NOMEM
 * Source: RFC 7468; RFC 5280.   Since: 0.1
 */
PGSEAL_API struct pgseal_chain *pgseal_chain_parse(const char *name, const uint8_t *p, size_t n,
                                                   struct pgseal_err *err);
PGSEAL_API struct pgseal_chain *pgseal_chain_free(struct pgseal_chain *c);
/** Number of certificates; 0 for NULL. */
PGSEAL_API size_t pgseal_chain_count(const struct pgseal_chain *c);
/** Describes the i-th. 0, or PGSEAL_E_USAGE when there is none. */
PGSEAL_API int pgseal_chain_describe(const struct pgseal_chain *c, size_t i,
                                     struct pgseal_cert_info *out);

/** Certificates of a verified path that are described; more are only counted. */
#define PGSEAL_PATH_MAX 8

/** The path a chain was verified by, from the server's certificate to the anchor. */
struct pgseal_path {
    struct pgseal_verified verified;
    size_t n; /**< certificates on it */
    struct pgseal_cert_info cert[PGSEAL_PATH_MAX];
};

/* ---- what a file holds -------------------------------------------------------------------- */

/** One thing found in a would-be bundle. */
struct pgseal_bundle_item {
    int line;            /**< where it begins, from 1 */
    const char *what;    /**< "certificate", "crl", "private key", "csr", "pkcs7", "text", ... */
    const char *problem; /**< "" or what is wrong with it, one sentence */
    const struct pgseal_cert_info *cert; /**< for certificates, else NULL */
};
typedef void (*pgseal_bundle_fn)(void *ctx, const struct pgseal_bundle_item *item);
/**
 * Reads a would-be bundle line by line, only to explain it: the verdict never depends on it.
 *
 * @param now_unix_s  for "expired" and "not yet valid".
 * @return            number of certificates OpenSSL would load from it, or < 0.
 */
PGSEAL_API int pgseal_bundle_scan(const uint8_t *p, size_t n, int64_t now_unix_s,
                                  pgseal_bundle_fn fn, void *ctx, struct pgseal_err *err);
/** Sums a scan up in one or two sentences, such as "The file is an S3 error page (XML), ...". */
PGSEAL_API void pgseal_bundle_summary(const uint8_t *p, size_t n, int64_t now_unix_s, char *out,
                                      size_t cap);

/* ---- what is known of published authorities ------------------------------------------------- */

/** A certificate that Amazon published for RDS, Aurora or (generation amazon-trust-services) for
 * RDS Proxy, Serverless v1 and DSQL. */
struct pgseal_known_ca {
    const char *sha256;     /**< fingerprint of the DER, hex, lower case */
    const char *generation; /**< AWS's name of the CA: "rds-ca-rsa2048-g1", "rds-ca-2019", ... */
    const char *region;     /**< "ap-northeast-1"; "" for those of all regions */
    bool root;              /**< a root, not an intermediate */
    const char *cn;         /**< common name */
    const char *key;        /**< "RSA 2048", "EC P-384", as in struct pgseal_cert_info */
    const char *digest;     /**< "sha256" */
    int64_t not_before_unix_s, not_after_unix_s;
    bool served; /**< in the bundles as they are served today; else history */
};
/** All rows, sorted by fingerprint. Lends static storage; returns their number. */
PGSEAL_API size_t pgseal_known_cas(const struct pgseal_known_ca **rows);
/** The row of a fingerprint (hex, any case), or NULL: not known, which is no verdict. */
PGSEAL_API const struct pgseal_known_ca *pgseal_known_ca(const char *sha256);

/* ---- minting: certificates for demo, lab and tests, and those of an own CA ------------------ */

/** What to mint. {0} with a cn and both times is a self-signed P-256 leaf. */
struct pgseal_mint_options {
    size_t size;
    const char *cn;          /**< common name; NULL = empty subject */
    const char *org;         /**< O, or NULL */
    const char *const *sans; /**< NULL-terminated "DNS:x", "IP:1.2.3.4"; or NULL */
    const char *key;    /**< "P-256" (NULL), "P-384", "RSA2048", "RSA3072", "RSA4096", "ED25519" */
    const char *digest; /**< "SHA256" (NULL), "SHA384", "SHA512", "SHA1" */
    const char *eku;    /**< "serverAuth", "clientAuth", or NULL = none */
    bool ca;
    int pathlen;                                 /**< for a CA; -1 = no limit */
    int64_t not_before_unix_s, not_after_unix_s; /**< absolute; both required */
    uint64_t serial;                             /**< 0 = random */
    /** PEM text of a certificate request (whose own signature is checked), certificate, private or
     * public key: that key is certified. NULL = a new key. */
    const char *key_of;
    /** PEM text of a certificate: its subject, names, key and kind of use are taken over; cn, org,
     * sans, eku, ca, permit and key_of are not looked at. NULL = none. So a certificate is renewed,
     * and a root is signed by another. */
    const char *like;
    /** For a CA: NULL-terminated "DNS:example.com", "IP:10.0.0.0/8". What it signs may have names
     * below these only; a kind of which none is listed is forbidden. NULL = any name. */
    const char *const *permit;
    const char *passphrase; /**< encrypts pgseal_minted_key_pem(); NULL = not encrypted */
};
/** A certificate with its key, when we have it; PEM texts end with NUL. */
struct pgseal_minted;
/**
 * Mints a certificate and its key, with key usage and both key identifiers.
 *
 * @param o       borrows.
 * @param issuer  borrows. NULL = self-signed.
 * @return        gives (pgseal_minted_free()), or NULL.
 *
 * Errors:
 *   PGSEAL_E_USAGE  an option that is not understood, no times, an issuer without its key
 *   PGSEAL_E_CERT   key_of or like cannot be read, or a request was not signed by its own key
 *   PGSEAL_E_NOMEM
 * Source: RFC 5280 4.   Since: 0.1
 */
PGSEAL_API struct pgseal_minted *pgseal_mint(const struct pgseal_mint_options *o,
                                             const struct pgseal_minted *issuer,
                                             struct pgseal_err *err);
/**
 * Takes a certificate and its key from their files' text, to issue with.
 *
 * @param cert_pem    borrows. The first certificate of it.
 * @param key_pem     borrows. Its private key.
 * @param passphrase  borrows. For an encrypted key; NULL = none.
 * @return            gives (pgseal_minted_free()), or NULL.
 *
 * Errors:
 *   PGSEAL_E_CERT          no certificate in cert_pem
 *   PGSEAL_E_NO_PASSWORD   the key is encrypted and there is no passphrase
 *   PGSEAL_E_CLIENT_KEY    the passphrase is wrong, the key cannot be read or is another one's
 *   PGSEAL_E_NOMEM
 * Source: RFC 7468, RFC 5958.   Since: 0.1
 */
PGSEAL_API struct pgseal_minted *pgseal_minted_load(const char *cert_pem, const char *key_pem,
                                                    const char *passphrase, struct pgseal_err *err);
PGSEAL_API struct pgseal_minted *pgseal_minted_free(struct pgseal_minted *m);
PGSEAL_API const char *pgseal_minted_cert_pem(const struct pgseal_minted *m); /**< lends */
/** Lends, secret. "" when the certificate is for a key we have only the public half of. */
PGSEAL_API const char *pgseal_minted_key_pem(const struct pgseal_minted *m);

/** What a certificate request asks for. Texts are escaped. */
struct pgseal_request_info {
    char cn[256];      /**< first common name of the subject, or "" */
    char names[2048];  /**< "DNS:a, IP:1.2.3.4", or "" */
    char key[32];      /**< as pgseal_cert_info.key */
    int security_bits; /**< strength of the key, as EVP_PKEY_get_security_bits(3) counts */
};
/**
 * Describes a certificate request, PEM or DER, whose signature by its own key is checked.
 *
 * Errors:
 *   PGSEAL_E_CERT   it cannot be parsed, or another key signed it
 *   PGSEAL_E_LIMIT  it asks for more names than fit
 * Source: RFC 2986.   Since: 0.1
 */
PGSEAL_API int pgseal_request_describe(const uint8_t *p, size_t n, struct pgseal_request_info *out,
                                       struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: PostgreSQL */
/* One TLS endpoint behind the four ports; policy, contexts, session facts, channel binding. */
#ifndef PGSEAL_TLS_H
#define PGSEAL_TLS_H

#include <pgseal/cert.h>
#include <pgseal/conninfo.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pgseal_tls_ctx; /**< Policy, trust and identity; immutable, counted. */
struct pgseal_tls;     /**< One endpoint, client or server. No socket, no clock, no lock. */

/** Everything a context needs, already read. {0} = client, TLS 1.2 and up, verifies, no trust. */
struct pgseal_tls_options {
    size_t size;
    bool server;
    int min, max;                     /**< 0x0301..0x0304; min 0 = TLS 1.2, max 0 = library's own */
    struct pgseal_trust *trust;       /**< shares. Client: anchors. Server: client CAs. Or NULL */
    bool INSECURE_no_verify;          /**< accept any chain; the name is not looked at either */
    bool require_peer_cert;           /**< server: a client certificate is a must */
    const char *ciphers;              /**< TLS <= 1.2 list, or NULL */
    const char *ciphersuites;         /**< TLS 1.3 list, or NULL */
    bool no_alpn;                     /**< do not offer or choose "postgresql" */
    const char *cert_pem;             /**< borrows. Own chain, leaf first, or NULL */
    const char *key_pem;              /**< borrows. Own key, not encrypted, or NULL */
    const char *keylog_path;          /**< copied. NSS key log through world->append, or NULL */
    const struct pgseal_world *world; /**< keeps. Needed for keylog_path only */
};
PGSEAL_API struct pgseal_tls_ctx *pgseal_tls_ctx_new(const struct pgseal_tls_options *o,
                                                     struct pgseal_err *err);

/**
 * Builds the client context that libpq's initialize_SSL would, in its order: roots, CRLs, client
 * certificate, key; the first failure is reported with libpq's text.
 *
 * @param o      borrows. Validated settings.
 * @param world  keeps. Files are read through it.
 * @param now_unix_s  for explanations of bad files only.
 *
 * Errors:
 *   PGSEAL_E_ROOT_MISSING, PGSEAL_E_ROOT_UNUSABLE, PGSEAL_E_CLIENT_CERT, PGSEAL_E_CLIENT_KEY,
 *   PGSEAL_E_OPTION (protocol range refused by the library)
 * Source: PG18 fe-secure-openssl.c initialize_SSL.   Since: 0.1
 */
PGSEAL_API struct pgseal_tls_ctx *pgseal_tls_ctx_client(const struct pgseal_options *o,
                                                        const struct pgseal_world *world,
                                                        int64_t now_unix_s, struct pgseal_err *err);
/**
 * Builds a client context that only looks: the settings' protocol versions, no anchors, no client
 * certificate, and INSECURE for anything but seeing what a server shows: whatever chain is taken.
 */
PGSEAL_API struct pgseal_tls_ctx *pgseal_tls_ctx_look(const struct pgseal_options *o,
                                                      const struct pgseal_world *world,
                                                      struct pgseal_err *err);
PGSEAL_API struct pgseal_tls_ctx *pgseal_tls_ctx_ref(struct pgseal_tls_ctx *c);
PGSEAL_API struct pgseal_tls_ctx *pgseal_tls_ctx_free(struct pgseal_tls_ctx *c);

/** Notes for people gathered while the context was built ("WARNING: ..."): i-th or NULL. */
PGSEAL_API const char *pgseal_tls_ctx_warning(const struct pgseal_tls_ctx *c, size_t i);
/** Lends the trust set a context verifies with; NULL when it has none. */
PGSEAL_API const struct pgseal_trust *pgseal_tls_ctx_trust(const struct pgseal_tls_ctx *c);
/** True when the context verifies the peer's chain. */
PGSEAL_API bool pgseal_tls_ctx_verifies(const struct pgseal_tls_ctx *c);

/**
 * Makes one endpoint.
 *
 * @param ctx   shares.
 * @param host  copied. Client: the host as typed, for SNI (libpq's rules) and, when `check_name`,
 *              for the name check after the handshake. NULL = neither.
 * @param sni   send the server name when libpq's rules allow it.
 * @param now_unix_s  the time certificates are judged at.
 */
PGSEAL_API struct pgseal_tls *pgseal_tls_new(struct pgseal_tls_ctx *ctx, const char *host, bool sni,
                                             bool check_name, int64_t now_unix_s,
                                             struct pgseal_err *err);

/** Client, before the first step: a peer that chooses no or another application protocol is an
 * error, as libpq demands for direct TLS. */
PGSEAL_API void pgseal_tls_require_alpn(struct pgseal_tls *t);
/** A note for people ("WARNING: could not open SSL key logging file ..."), or NULL. Lends. */
PGSEAL_API const char *pgseal_tls_warning(const struct pgseal_tls *t);

/**
 * Moves the endpoint as far as the bytes at hand allow.
 *
 * Reads io->wire_in and io->plain_in, appends to io->wire_out and io->plain_out; never blocks,
 * never touches a socket. How the input is cut into pieces does not change the outcome. READY is
 * returned from the end of the handshake (chain and name verified) on; the first one before any
 * data has moved, so step again.
 *
 * @return  PGSEAL_MORE, PGSEAL_READY, PGSEAL_CLOSED (close_notify), or < 0.
 *
 * After ANY return, also a failure, send what is in wire_out: it may hold the alert that tells
 * the peer why. After a failure only pgseal_tls_sent() and pgseal_tls_free() are allowed.
 *
 * Errors (msg is libpq's text, `SSL error: ...` and its second line; detail, hint explain):
 *   PGSEAL_E_CERT         err->x509, err->depth
 *   PGSEAL_E_CERT_NAME, PGSEAL_E_CERT_NAMES
 *   PGSEAL_E_TLS_VERSION, PGSEAL_E_TLS_ALERT (err->alert), PGSEAL_E_TLS (err->ossl)
 *   PGSEAL_E_ALPN         only after pgseal_tls_require_alpn()
 *   PGSEAL_E_CLOSED       end of bytes inside the handshake or without close_notify
 *   PGSEAL_E_LIMIT        handshake messages without end (KeyUpdate, tickets)
 * Source: RFC 8446; SSL_read(3); fe-secure-openssl.c.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_tls_step(struct pgseal_tls *t, struct pgseal_io *io,
                                               struct pgseal_err *err);
/** Appends close_notify to io->wire_out. 0 or < 0. */
PGSEAL_API int pgseal_tls_close(struct pgseal_tls *t, struct pgseal_io *io, struct pgseal_err *err);
/** Frees `t` and wipes its keys. NULL is a no-op. Returns NULL. */
PGSEAL_API struct pgseal_tls *pgseal_tls_free(struct pgseal_tls *t);

/** What a finished handshake agreed on, as plain values. */
struct pgseal_tls_facts {
    char version[16]; /**< "TLSv1.3" */
    char cipher[64];  /**< OpenSSL's name */
    int bits;         /**< of the cipher */
    char group[32];   /**< key exchange: "X25519", "P-256", "RSA", or "" */
    char alpn[32];    /**< "postgresql" or "" */
    char sni[256];    /**< sent or received server name, or "" */
    bool resumed;
    bool cert_requested; /**< client: the server asked for a certificate */
    bool cert_sent;      /**< client: we sent one */
    bool has_peer;       /**< peer below is filled */
    struct pgseal_cert_info peer;
    struct pgseal_verified verified;
    int chain_len; /**< certificates the peer sent */
};
/** Fills `out`. 0, or PGSEAL_E_USAGE before the handshake is complete. */
PGSEAL_API int pgseal_tls_facts(const struct pgseal_tls *t, struct pgseal_tls_facts *out,
                                struct pgseal_err *err);
/** Lends the peer's certificate (DER); NULL if it has none. */
PGSEAL_API const uint8_t *pgseal_tls_peer_der(const struct pgseal_tls *t, size_t *n);

/**
 * Gives the certificates the peer sent, its own first, whatever became of them: also after a
 * failed step, when they were refused. NULL when none came, or without memory.
 */
PGSEAL_API struct pgseal_chain *pgseal_tls_sent(const struct pgseal_tls *t);

/**
 * Judges a chain as a handshake by this context would, without a peer: the same anchors, purpose,
 * security level and limits, then the name by libpq's rules.
 *
 * @param ctx    borrows. A client's that verifies.
 * @param sent   borrows. As the server sent it.
 * @param host   borrows. NULL = the name is not looked at.
 * @param path   filled on success: what verified it; or NULL.
 * @return       0, or < 0.
 *
 * Errors (texts and stories of pgseal_tls_step()):
 *   PGSEAL_E_CERT, PGSEAL_E_CERT_NAME, PGSEAL_E_CERT_NAMES
 *   PGSEAL_E_USAGE  an empty chain, or a context that does not verify
 * Source: OpenSSL ssl/ssl_cert.c ssl_verify_cert_chain.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_tls_judge(struct pgseal_tls_ctx *ctx,
                                                const struct pgseal_chain *sent, const char *host,
                                                int64_t now_unix_s, struct pgseal_path *path,
                                                struct pgseal_err *err);

/**
 * Computes tls-server-end-point (RFC 5929 4.1) of the server's certificate as libpq does.
 *
 * @return  bytes written (<= 64), or < 0: PGSEAL_E_BINDING, libpq's texts.
 */
PGSEAL_API int pgseal_tls_binding(const struct pgseal_tls *t, uint8_t out[64],
                                  struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

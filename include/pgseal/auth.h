/* SPDX-License-Identifier: PostgreSQL */
/* Authentication, client role: password, MD5, SCRAM; what the server may ask and what it proved. */
#ifndef PGSEAL_AUTH_H
#define PGSEAL_AUTH_H

#include <pgseal/conninfo.h>
#include <pgseal/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most a length word of an AuthenticationRequest may say (libpq fe-connect.c, PQconnectPoll). */
#define PGSEAL_AUTH_REQUEST_MAX 2000u
/**
 * Most SCRAM iterations a server may ask for. libpq has no bound: INT_MAX iterations cost it a
 * quarter of an hour and more, asked for by a server that has proved nothing. This many take a
 * few seconds; PostgreSQL's default is 4096.
 */
#define PGSEAL_SCRAM_ITERATIONS_MAX 10000000
/** Longest password that is prepared. */
#define PGSEAL_PASSWORD_MAX 1000000u
/** Bytes pgseal_saslprep() may need for a password of n bytes: U+FDFA becomes 11 times longer. */
#define PGSEAL_SASLPREP_SIZE(n) (11 * (n) + 1)

/** One authentication, from the first AuthenticationRequest to AuthenticationOk. */
struct pgseal_auth;

/** What the authentication may use. {0} = no password, no TLS. */
struct pgseal_auth_options {
    size_t size;
    const struct pgseal_options *opt; /**< keeps. user, require_auth, channel_binding, keys */
    const char *password;             /**< keeps. NULL = none given */
    bool tls;                         /**< the connection is protected by TLS */
    bool verified; /**< chain and name verified (or a Unix socket, which counts as local) */
    bool strict;   /**< refuse to answer an unverified peer with a password */
    bool cert_requested, cert_sent; /**< for sslcertmode=require */
    /** tls-server-end-point of the server: asked for only when SCRAM-SHA-256-PLUS is chosen.
     * Returns its bytes (<= 64) or < 0. NULL without TLS. */
    int (*binding)(void *ctx, uint8_t out[64], struct pgseal_err *err);
    void *binding_ctx;
    struct pgseal_trace trace;
    const char *INSECURE_test_nonce; /**< fixed client nonce for vectors; NULL = random */
    const char *host; /**< keeps. Where this goes, to compare with an IAM token; NULL = not known */
};
PGSEAL_API struct pgseal_auth *pgseal_auth_new(const struct pgseal_auth_options *o,
                                               struct pgseal_err *err);
/** Wipes and frees. Returns NULL. */
PGSEAL_API struct pgseal_auth *pgseal_auth_free(struct pgseal_auth *a);

/**
 * Answers one Authentication message (`R`).
 *
 * @param body   borrows. Behind the length word.
 * @param reply  gets a whole `p` message, or nothing.
 * @return       PGSEAL_MORE: go on reading; PGSEAL_READY: this was an AuthenticationOk that all our
 *               requirements allow; or < 0.
 *
 * Errors (libpq's texts):
 *   PGSEAL_E_AUTH_METHOD, PGSEAL_E_AUTH_REQUIRED, PGSEAL_E_BINDING, PGSEAL_E_SCRAM,
 *   PGSEAL_E_SERVER_PROOF, PGSEAL_E_NO_PASSWORD, PGSEAL_E_PASSWORD_RISK, PGSEAL_E_CERT_REQUIRED,
 *   PGSEAL_E_PROTO, PGSEAL_E_LIMIT (iterations, sizes)
 * Source: PG18 fe-auth.c pg_fe_sendauth, check_expected_areq; RFC 5802, 7677.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_auth_step(struct pgseal_auth *a, const uint8_t *body,
                                                size_t n, struct pgseal_buf *reply,
                                                struct pgseal_err *err);

/** What happened, for people and for facts. */
struct pgseal_auth_facts {
    const char *method;  /**< "none" (trust, cert, peer), "password", "md5", "SCRAM-SHA-256", ... */
    bool password_used;  /**< a password (or a proof of it) was sent */
    bool server_proved;  /**< SCRAM: the server proved that it knows the role's secret */
    bool channel_bound;  /**< and that TLS ends there */
    int iterations;      /**< SCRAM, else 0 */
    bool needs_password; /**< failed because a password was needed and none was given */
};
PGSEAL_API void pgseal_auth_facts(const struct pgseal_auth *a, struct pgseal_auth_facts *out);
/** A warning to print before the reply is sent ("a password goes to an unverified server..."),
 * or NULL. Lends; each text is returned once. */
PGSEAL_API const char *pgseal_auth_warning(struct pgseal_auth *a);

/**
 * Prepares a password by SASLprep (RFC 4013) as libpq does: unassigned code points refused; when
 * anything fails the raw bytes are used.
 *
 * @param out  gets the bytes to use, NUL behind; caller's, PGSEAL_SASLPREP_SIZE(strlen) bytes,
 *             wiped by it.
 * @return     length, or < 0 (LIMIT, NOMEM).
 * Source: PG18 src/common/saslprep.c.   Since: 0.1
 */
PGSEAL_API int pgseal_saslprep(const char *password, char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif

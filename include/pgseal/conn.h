/* SPDX-License-Identifier: PostgreSQL */
/* One end of one PostgreSQL connection, from the first byte until it is open. */
#ifndef PGSEAL_CONN_H
#define PGSEAL_CONN_H

#include <pgseal/auth.h>
#include <pgseal/nego.h>
#include <pgseal/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pgseal_conn;

/** How to connect (client role). */
struct pgseal_conn_client {
    size_t size;
    const struct pgseal_conninfo *ci; /**< keeps. Finished settings */
    const struct pgseal_host *host;   /**< keeps. The entry this connection goes to */
    const struct pgseal_world *world; /**< keeps. For root, CRL, certificate and key files */
    enum pgseal_method method;        /**< from the plan */
    bool direct;                      /**< from the plan */
    bool continued;                   /**< same socket after a polite N (PGSEAL_ACT_CONTINUE) */
    const char *password;             /**< keeps. Overrides host->password when not NULL */
    bool strict;                      /**< --strict: no password to an unverified peer */
    struct pgseal_tls_ctx *tls_ctx;   /**< shares. NULL = built from ci when TLS begins */
    struct pgseal_trace trace;
    const struct pgseal_cancel *cancel; /**< borrows. Not NULL: send CancelRequest, not startup */
    bool unnamed;                       /**< from the plan: send no application_name */
    /** Only looks: READY once the handshake is over, whatever chain came; nothing is sent behind
     * it, no name and no password. `method` is TLS; settings of certificates are not looked at. */
    bool look;
};

/** What to cancel. */
struct pgseal_cancel {
    uint32_t pid;
    uint8_t key[256];
    size_t key_len;
};

/** A server that stops at the startup packet: what follows is the application's. */
struct pgseal_conn_server {
    size_t size;
    struct pgseal_tls_ctx *tls_ctx; /**< shares. NULL = answers N and refuses direct TLS */
    bool no_direct;                 /**< refuse direct TLS, as servers before 17 */
    struct pgseal_trace trace;
};

PGSEAL_API struct pgseal_conn *pgseal_conn_client_new(const struct pgseal_conn_client *o,
                                                      struct pgseal_err *err);
PGSEAL_API struct pgseal_conn *pgseal_conn_server_new(const struct pgseal_conn_server *o,
                                                      struct pgseal_err *err);
PGSEAL_API struct pgseal_conn *pgseal_conn_free(struct pgseal_conn *c);

/**
 * Moves the connection as far as the bytes at hand allow.
 *
 * READY, client: ReadyForQuery was received; plain_out and plain_in are the session's bytes from
 * then on. READY, server: a StartupMessage was received (pgseal_conn_startup()). READY for a
 * cancel: the request was sent and the peer closed. READY for a look: the handshake is over. Keep
 * stepping to move data.
 *
 * @param now_unix_s  the time certificates are judged at.
 * @return            PGSEAL_MORE, PGSEAL_READY, PGSEAL_CLOSED, or < 0.
 *
 * After ANY return send what is in wire_out. After a failure pgseal_conn_outcome() says what the
 * plan needs to know; then only the queries below and pgseal_conn_free() are allowed.
 * Errors: those of nego, tls, auth, and PGSEAL_E_SERVER (err->sqlstate), PGSEAL_E_PROTO.
 * Source: PG18 protocol-flow.html, fe-connect.c PQconnectPoll.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_conn_step(struct pgseal_conn *c, struct pgseal_io *io,
                                                int64_t now_unix_s, struct pgseal_err *err);

/**
 * Tells the connection that the socket failed; it fails too, with libpq's text for its phase.
 *
 * @param sys  errno of recv() or send().
 * @return     < 0: PGSEAL_E_CLOSED (reset by peer) or PGSEAL_E_IO; err->sys.
 */
PGSEAL_API int pgseal_conn_io_error(struct pgseal_conn *c, int sys, struct pgseal_err *err);
/** Client, open: notes the transaction state of a ReadyForQuery the application read. */
PGSEAL_API void pgseal_conn_note_txn(struct pgseal_conn *c, char txn);

/** What happened, in the plan's words; PGSEAL_OUT_START while undecided. */
PGSEAL_API enum pgseal_outcome pgseal_conn_outcome(const struct pgseal_conn *c);
/** A warning to show now, or NULL. Lends; each is returned once. */
PGSEAL_API const char *pgseal_conn_warning(struct pgseal_conn *c);
/** Ends politely: Terminate (client, open), close_notify. Then send wire_out. 0 or < 0. */
PGSEAL_API int pgseal_conn_close(struct pgseal_conn *c, struct pgseal_io *io,
                                 struct pgseal_err *err);

/** Facts of a connection, filled as they become known. */
struct pgseal_conn_facts {
    bool tls;          /**< TLS is on; tls_facts is filled */
    bool open;         /**< client: ReadyForQuery was seen */
    bool is_unix;      /**< a Unix-domain socket */
    uint32_t protocol; /**< PGSEAL_PROTO_* in use */
    struct pgseal_tls_facts tls_facts;
    struct pgseal_auth_facts auth;
    struct pgseal_cancel cancel; /**< pid and key of BackendKeyData. Secret */
    char txn;                    /**< 'I', 'T', 'E' of the last ReadyForQuery */
};
/** Lends the facts. */
PGSEAL_API const struct pgseal_conn_facts *pgseal_conn_facts(const struct pgseal_conn *c);
/** Lends the value of a ParameterStatus, kept up to date until open; NULL if unknown. */
PGSEAL_API const char *pgseal_conn_param(const struct pgseal_conn *c, const char *name);
/** Lends the body of the next NoticeResponse received before open, or NULL. Each once. */
PGSEAL_API const uint8_t *pgseal_conn_notice(struct pgseal_conn *c, size_t *n);
/** Gives the certificates the peer sent, also when they were refused; NULL when there are none. */
PGSEAL_API struct pgseal_chain *pgseal_conn_sent(const struct pgseal_conn *c);
/** Server: lends the first packet, a StartupMessage or a CancelRequest; NULL before READY. */
PGSEAL_API const struct pgseal_startup *pgseal_conn_startup(const struct pgseal_conn *c);
/** Client, after PGSEAL_E_SERVER: lends the body of the ErrorResponse. NULL if there is none. */
PGSEAL_API const uint8_t *pgseal_conn_server_error(const struct pgseal_conn *c, size_t *n);

#ifdef __cplusplus
}
#endif
#endif

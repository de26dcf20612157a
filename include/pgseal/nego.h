/* SPDX-License-Identifier: PostgreSQL */
/* The bytes before TLS: SSLRequest, direct TLS, refusal, GSSENCRequest, CancelRequest. */
#ifndef PGSEAL_NEGO_H
#define PGSEAL_NEGO_H

#include <pgseal/trace.h>
#include <pgseal/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/** State of one negotiation; caller's storage, {0} + init. Owns nothing. */
struct pgseal_nego {
    bool direct;               /**< result: TLS began without SSLRequest */
    int state;                 /**< private */
    bool tls_ok, direct_ok;    /**< private */
    bool ssl_done, gss_done;   /**< private */
    struct pgseal_trace trace; /**< private */
};

/** What a negotiation ended with; the positive results of the steps below. */
enum pgseal_nego_result {
    PGSEAL_NEGO_MORE = 0,   /**< needs more bytes (same value as PGSEAL_MORE) */
    PGSEAL_NEGO_TLS = 1,    /**< TLS starts now */
    PGSEAL_NEGO_PLAIN = 2,  /**< server: a StartupMessage is complete at the head of wire_in */
    PGSEAL_NEGO_CANCEL = 3, /**< server: a CancelRequest is complete at the head of wire_in */
    PGSEAL_NEGO_REFUSED = 4 /**< client: the server said N; the connection is still usable */
};

/** Client: asks by SSLRequest, or begins at once when `direct`. */
PGSEAL_API void pgseal_nego_client_init(struct pgseal_nego *n, bool direct,
                                        const struct pgseal_trace *trace);
/**
 * Moves the client's negotiation. What follows the answer stays in wire_in.
 *
 * Emits SSLREQUEST, SSLACCEPT, SSLREJECT, DIRECTSSL, and MESSAGE for the request and its answer.
 *
 * @return  MORE, TLS, REFUSED, or < 0.
 * Errors (libpq's texts):
 *   PGSEAL_E_NEGO_ERROR    the answer was E; its text is never read (CVE-2024-10977)
 *   PGSEAL_E_NEGO_GARBAGE  any other byte; err->detail says what it looks like, if it is known
 *   PGSEAL_E_STUFFED       bytes behind S (CVE-2021-23222)
 *   PGSEAL_E_CLOSED        end of bytes
 *   PGSEAL_E_USAGE         a result was returned before
 * Source: libpq 18 fe-connect.c PQconnectPoll, CONNECTION_SSL_STARTUP.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_nego_client_step(struct pgseal_nego *n, struct pgseal_io *io,
                                                       struct pgseal_err *err);

/** Server: answers S when `tls_ok`, else N; direct TLS when `direct_ok`. GSSENCRequest gets N. */
PGSEAL_API void pgseal_nego_server_init(struct pgseal_nego *n, bool tls_ok, bool direct_ok,
                                        const struct pgseal_trace *trace);
/**
 * Moves the server's negotiation. SSLRequest and GSSENCRequest are each answered once, which bounds
 * a client that asks for one after the other (CVE-2026-6479).
 *
 * wire_in must be able to hold a startup packet (10004 bytes). On PLAIN and CANCEL the packet stays
 * in wire_in; STARTUP and CANCEL are emitted by who takes it. Nothing is sent on an error: what is
 * no PostgreSQL client would not understand it, and PostgreSQL only closes, too.
 *
 * Emits SSLREQUEST, GSSENCREQUEST, SSLACCEPT, SSLREJECT, DIRECTSSL, and MESSAGE for SSLRequest, its
 * answer and GSSENCRequest.
 *
 * @return  MORE, TLS, PLAIN, CANCEL, or < 0.
 * Errors:
 *   PGSEAL_E_STUFFED  bytes behind a request that was not answered yet (CVE-2021-23214); also a
 *                     ClientHello: PostgreSQL 17 and later take it, no known client sends it
 *   PGSEAL_E_PROTO    not a PostgreSQL client; a request for the second time
 *   PGSEAL_E_CLOSED   end of bytes
 *   PGSEAL_E_LIMIT    wire_in is too small for the packet
 *   PGSEAL_E_USAGE    a result was returned before
 * Source: PG18 backend_startup.c ProcessSSLStartup, ProcessStartupPacket.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_nego_server_step(struct pgseal_nego *n, struct pgseal_io *io,
                                                       struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

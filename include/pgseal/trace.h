/* SPDX-License-Identifier: PostgreSQL */
/* What a stage tells about its work: the core never logs, it emits these events. */
#ifndef PGSEAL_TRACE_H
#define PGSEAL_TRACE_H

#include <pgseal/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One kind of event. The names are those of PostgreSQL's own negotiation tests. */
enum pgseal_event {
    PGSEAL_EV_RESOLVE,       /**< A host name is looked up; text = the name. */
    PGSEAL_EV_CONNECT,       /**< A TCP or Unix connection was made; text = address. */
    PGSEAL_EV_RECONNECT,     /**< The same, again to the same address, with another method. */
    PGSEAL_EV_SSLREQUEST,    /**< SSLRequest was sent (client) or received (server). */
    PGSEAL_EV_GSSENCREQUEST, /**< GSSENCRequest was received (server). */
    PGSEAL_EV_SSLACCEPT,     /**< S was received (client) or sent (server). */
    PGSEAL_EV_SSLREJECT,     /**< N was received (client) or sent (server). */
    PGSEAL_EV_DIRECTSSL,     /**< TLS begins without SSLRequest. */
    PGSEAL_EV_TLS,           /**< The handshake is complete; text = version and cipher. */
    PGSEAL_EV_TLS_FAIL,      /**< The handshake or verification failed; text = why. */
    PGSEAL_EV_STARTUP,       /**< StartupMessage sent or received; text = "plain" or "tls". */
    PGSEAL_EV_CANCEL,        /**< CancelRequest sent or received. */
    PGSEAL_EV_AUTH,          /**< An authentication request; text = its name. */
    PGSEAL_EV_AUTHOK,        /**< AuthenticationOk was accepted. */
    PGSEAL_EV_AUTHFAIL,      /**< An error before AuthenticationOk; text = why. */
    PGSEAL_EV_MESSAGE,       /**< A whole message; from_frontend, type, data. */
    PGSEAL_EV_CLOSE          /**< The connection was closed. */
};

/** One event. Everything in it is lent for the call. */
struct pgseal_trace_event {
    enum pgseal_event ev;
    const char *text;    /**< See enum pgseal_event; may be NULL. Peer text is escaped. */
    bool from_frontend;  /**< PGSEAL_EV_MESSAGE: F or B. */
    uint8_t type;        /**< PGSEAL_EV_MESSAGE: type byte, 0 for untyped ones. */
    const uint8_t *data; /**< PGSEAL_EV_MESSAGE: body behind the length word. */
    size_t len;          /**< PGSEAL_EV_MESSAGE: bytes of data. */
};

/** Called for each event. Must not call back into the object that emits it. */
typedef void (*pgseal_trace_fn)(void *ctx, const struct pgseal_trace_event *ev);

/** A listener; {0} = nobody listens. */
struct pgseal_trace {
    pgseal_trace_fn fn; /**< NULL = nobody. */
    void *ctx;          /**< Passed to fn. */
};

/** Name of an event as in tests/data/nego.tbl: "connect", "sslrequest", ... Never NULL. */
PGSEAL_API const char *pgseal_event_str(enum pgseal_event ev);

#ifdef __cplusplus
}
#endif
#endif

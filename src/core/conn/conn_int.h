/* SPDX-License-Identifier: PostgreSQL */
/* The connection object and what its two roles share. Private to this folder. */
#ifndef PGSEAL_CONN_INT_H
#define PGSEAL_CONN_INT_H

#include "core/base/base.h"

#include <pgseal/conn.h>

/* Bounds on what a server may make us keep before the connection is open. */
#define AUTH_MESSAGE_MAX  2000u    /* fe-connect.c: authentication requests, negotiation */
#define ERROR_MESSAGE_MAX 30000u   /* fe-connect.c: MAX_ERRLEN; also all short message types */
#define STARTUP_BODY_MAX  1000000u /* any message before ReadyForQuery */
#define PARAMS_MAX        256u
#define NOTICES_MAX       64u

enum phase {
    PHASE_START,     /* nothing sent or read */
    PHASE_NEGO,      /* before TLS */
    PHASE_TLS,       /* handshake */
    PHASE_HELLO,     /* client: send the startup or cancel packet; server: wait for it */
    PHASE_AUTH,      /* client: until AuthenticationOk */
    PHASE_SETTLE,    /* client: until ReadyForQuery */
    PHASE_CANCELLED, /* client: the cancel request was sent, wait for the end */
    PHASE_LOOKED,    /* client: the handshake is over, and nothing more was asked for */
    PHASE_OPEN,
    PHASE_FAILED
};

/* A piece of bytes kept for later. */
struct blob {
    uint8_t *p;
    size_t n;
};

struct pgseal_conn {
    bool server;
    enum phase phase;
    enum pgseal_outcome outcome;
    struct pgseal_trace trace;
    struct pgseal_nego nego;
    struct pgseal_tls_ctx *tls_ctx;
    struct pgseal_tls *tls;
    struct pgseal_conn_facts facts;

    /* client */
    struct pgseal_conn_client o;
    int64_t now_unix_s; /* of the last step */
    struct pgseal_auth *auth;
    bool auth_started; /* an Authentication message was seen */
    bool negotiated;   /* NegotiateProtocolVersion was seen */
    struct pgseal_cancel cancel;
    char *params[PARAMS_MAX * 2]; /* name, value, name, value */
    size_t nparams;
    struct blob notices[NOTICES_MAX];
    size_t nnotices, notices_taken;
    struct blob server_error;
    size_t tls_warnings; /* of tls_ctx, already told */
    bool tls_warned;     /* that of tls was told */

    /* server */
    struct blob first;
    struct pgseal_startup startup;
};

/* Moves bytes between the wire and the plain queues, through TLS when it is on. */
int pgseal__conn_pump(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err);
/* Remembers that the connection failed and how the plan should see it. Returns rc. */
int pgseal__conn_failed(struct pgseal_conn *c, enum pgseal_outcome outcome, int rc);
/* Moves the handshake, in either role; tells its outcome as an event and fills facts. */
int pgseal__conn_handshake(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err);
/* Tells a handshake that failed, or never began, as an event. */
void pgseal__conn_tls_failed(struct pgseal_conn *c, const struct pgseal_err *err);
/* Copies bytes into a blob. 0 or NOMEM. */
int pgseal__blob_set(struct blob *b, const uint8_t *p, size_t n, struct pgseal_err *err);
void pgseal__blob_done(struct blob *b);

int pgseal__conn_client_step(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                             struct pgseal_err *err);
void pgseal__conn_client_done(struct pgseal_conn *c);
int pgseal__conn_server_step(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                             struct pgseal_err *err);

/* client: messages behind AuthenticationOk until ReadyForQuery (settle.c). */
int pgseal__conn_settle(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err);
/* client: turns an ErrorResponse into our error, in libpq's words, with a hint (refusal.c). */
int pgseal__conn_refusal(struct pgseal_conn *c, const uint8_t *body, size_t n,
                         struct pgseal_err *err);
/* client: name or address that the connection goes to; NULL for a Unix socket. */
const char *pgseal__conn_target(const struct pgseal_conn *c);
/* client: the password there is, or NULL. */
const char *pgseal__conn_password(const struct pgseal_conn *c);
/* client: the server closed where it must not. */
#define CLOSED_TEXT                                            \
    "server closed the connection unexpectedly\n"              \
    "\tThis probably means the server terminated abnormally\n" \
    "\tbefore or while processing the request."
int pgseal__conn_closed(struct pgseal_conn *c, struct pgseal_err *err);

#endif

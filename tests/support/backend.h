/* SPDX-License-Identifier: PostgreSQL */
/* A server in memory: our server role behind it, or misbehaving on purpose before TLS. */
#ifndef T_BACKEND_H
#define T_BACKEND_H

#include "chunk.h"

#include <pgseal/conn.h>

/* The SERVER column of tests/data/nego.tbl. */
enum t_server {
    T_SERVER_SSL,
    T_SERVER_OLD,
    T_SERVER_NOSSL,
    T_SERVER_NOALPN,
    T_SERVER_TLSFAIL,
    T_SERVER_ERROR,
    T_SERVER_GARBAGE,
    T_SERVER_EOF,
    T_SERVER_STUFFED
};
/* The USER column. */
enum t_user {
    T_USER_ANY,
    T_USER_SSL,
    T_USER_NOSSL,
    T_USER_NONE,
    T_USER_BADPW,
    T_USER_NOPW,
    T_USER_BADDB,
    T_USER_STARTING
};

/* What all connections of one server share. */
struct t_backend_contexts {
    struct pgseal_tls_ctx *ssl;    /* ALPN as PostgreSQL 17 */
    struct pgseal_tls_ctx *noalpn; /* never chooses one */
};

struct t_backend {
    enum t_server kind;
    enum t_user user;
    const struct t_backend_contexts *contexts;
    struct t_outcome *events; /* borrowed: a line for each event of nego.tbl */
    struct pgseal_conn *conn;
    bool raw;     /* misbehaving: conn is not used any more */
    bool begun;   /* first bytes were looked at */
    bool direct;  /* they were a ClientHello */
    bool stuff;   /* S was just sent and plain bytes must follow it */
    bool started; /* the startup packet was answered */
    bool asked;   /* for a password */
    bool closed;  /* sends no more */
    bool in_tls;  /* raw: S was sent, a ClientHello follows */
};

void t_backend_init(struct t_backend *b, enum t_server kind, enum t_user user,
                    const struct t_backend_contexts *contexts, struct t_outcome *events);
void t_backend_done(struct t_backend *b);
/* Moves the server as far as the bytes at hand allow. */
void t_backend_step(struct t_backend *b, struct pgseal_io *io, int64_t now_unix_s);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* A server in memory. */
#include "backend.h"

#include "core/base/base.h"
#include "t.h"

static void event(struct t_backend *b, const char *name)
{
    t_outcome_add(b->events, "%s", name);
}

/* The server's own trace tells what happened on the wire. */
static void on_trace(void *ctx, const struct pgseal_trace_event *ev)
{
    struct t_backend *b = ctx;

    switch (ev->ev) {
    case PGSEAL_EV_SSLACCEPT:
        event(b, b->kind == T_SERVER_STUFFED ? "sslstuffed" : "sslaccept");
        b->stuff = b->kind == T_SERVER_STUFFED;
        break;
    case PGSEAL_EV_SSLREJECT:
        event(b, "sslreject");
        break;
    case PGSEAL_EV_TLS:
        event(b, "tlsok");
        break;
    case PGSEAL_EV_TLS_FAIL:
        /* A client that leaves without a word, or one we leave for want of ALPN, sends no alert. */
        if (ev->text != NULL && strstr(ev->text, "alert") != NULL)
            event(b, "tlsfail");
        break;
    case PGSEAL_EV_STARTUP:
        event(b, strcmp(ev->text, "tls") == 0 ? "startup-tls" : "startup-plain");
        break;
    default:
        break;
    }
}

void t_backend_init(struct t_backend *b, enum t_server kind, enum t_user user,
                    const struct t_backend_contexts *contexts, struct t_outcome *events)
{
    struct pgseal_conn_server o = {.size = sizeof(o), .trace = {on_trace, b}};

    *b = (struct t_backend){.kind = kind, .user = user, .contexts = contexts, .events = events};
    if (kind == T_SERVER_SSL || kind == T_SERVER_STUFFED)
        o.tls_ctx = contexts->ssl;
    if (kind == T_SERVER_OLD || kind == T_SERVER_NOALPN)
        o.tls_ctx = contexts->noalpn;
    o.no_direct = kind == T_SERVER_OLD;
    b->conn = pgseal_conn_server_new(&o, NULL);
    assert_non_null(b->conn);
}

void t_backend_done(struct t_backend *b)
{
    b->conn = pgseal_conn_free(b->conn);
}

static void put(struct pgseal_buf *to, const void *p, size_t n)
{
    assert_int_equal(pgseal_buf_append(to, p, n, NULL), 0);
}

static void put_message(struct pgseal_io *io, uint8_t type, const void *body, size_t n)
{
    assert_int_equal(pgseal_put_message(&io->plain_in, type, body, n, NULL), 0);
}

static void put_error(struct t_backend *b, struct pgseal_io *io, const char *sqlstate)
{
    char body[64];
    int n = snprintf(body, sizeof(body), "SFATAL%cVFATAL%cC%s%cMno%c", 0, 0, sqlstate, 0, 0);

    put_message(io, 'E', body, (size_t)n + 1);
    b->closed = true;
}

/* What follows the startup packet, by user. */
static void answer_startup(struct t_backend *b, struct pgseal_io *io)
{
    static const uint8_t ok[4] = {0, 0, 0, 0};
    static const uint8_t cleartext[4] = {0, 0, 0, 3};
    static const uint8_t key[8] = {0, 0, 0, 7, 1, 2, 3, 4};
    bool tls = pgseal_conn_facts(b->conn)->tls;

    switch (b->user) {
    case T_USER_BADPW:
    case T_USER_NOPW:
        event(b, "authask");
        put_message(io, 'R', cleartext, 4);
        b->asked = true;
        return;
    case T_USER_STARTING:
        event(b, "authfail");
        put_error(b, io, "57P03");
        return;
    case T_USER_BADDB:
        event(b, "authok");
        event(b, "backenderror");
        put_message(io, 'R', ok, 4);
        put_error(b, io, "3D000");
        return;
    case T_USER_ANY:
    case T_USER_SSL:
    case T_USER_NOSSL:
    case T_USER_NONE:
        break;
    }
    if (b->user == T_USER_NONE || (b->user == T_USER_SSL && !tls) ||
        (b->user == T_USER_NOSSL && tls)) {
        event(b, "authfail");
        put_error(b, io, "28000");
        return;
    }
    event(b, "authok");
    put_message(io, 'R', ok, 4);
    put_message(io, 'S',
                "server_version\0"
                "18.0",
                20);
    put_message(io, 'K', key, sizeof(key));
    put_message(io, 'Z', "I", 1);
}

/* The password has arrived: it is always wrong. */
static void answer_password(struct t_backend *b, struct pgseal_io *io)
{
    struct pgseal_frame f;
    long n = pgseal_frame_next(pgseal_buf_peek(&io->plain_out), pgseal_buf_len(&io->plain_out),
                               1000, &f, NULL);

    if (n <= 0)
        return;
    assert_int_equal(f.type, 'p');
    pgseal_buf_consume(&io->plain_out, (size_t)n);
    b->asked = false;
    event(b, "authfail");
    put_error(b, io, "28P01");
}

/* An open session: every query has one row. */
static void answer_queries(struct t_backend *b, struct pgseal_io *io)
{
    static const char columns[] = "\0\1c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0";
    struct pgseal_frame f;
    long n;

    while ((n = pgseal_frame_next(pgseal_buf_peek(&io->plain_out), pgseal_buf_len(&io->plain_out),
                                  10000, &f, NULL)) > 0) {
        if (f.type == 'X')
            b->closed = true;
        if (f.type == 'Q') {
            put_message(io, 'T', columns, sizeof(columns));
            put_message(io, 'D', "\0\1\0\0\0\1t", 7);
            put_message(io, 'C', "SELECT 1", 9);
            put_message(io, 'Z', "I", 1);
        }
        pgseal_buf_consume(&io->plain_out, (size_t)n);
    }
}

static bool misbehaves(enum t_server kind)
{
    return kind >= T_SERVER_TLSFAIL && kind != T_SERVER_STUFFED;
}

static void send_alert(struct t_backend *b, struct pgseal_io *io)
{
    static const uint8_t handshake_failure[7] = {0x15, 3, 3, 0, 2, 2, 40};

    event(b, "tlsfail");
    put(&io->wire_out, handshake_failure, sizeof(handshake_failure));
    b->closed = true;
}

/* The server's half of a misbehaviour, once a whole SSLRequest or the first byte of TLS is in. */
static void misbehave(struct t_backend *b, struct pgseal_io *io)
{
    pgseal_buf_consume(&io->wire_in, pgseal_buf_len(&io->wire_in));
    b->raw = true;
    switch (b->kind) {
    case T_SERVER_TLSFAIL:
        event(b, "sslaccept");
        put(&io->wire_out, "S", 1);
        b->in_tls = true;
        return;
    case T_SERVER_ERROR:
        event(b, "sslerror");
        put(&io->wire_out, "E\0\0\0\x10SFATAL\0Mno\0\0", 17);
        break;
    case T_SERVER_GARBAGE:
        event(b, "sslgarbage");
        put(&io->wire_out, "X", 1);
        break;
    case T_SERVER_EOF:
        event(b, "eof");
        break;
    default:
        break;
    }
    b->closed = true;
}

/* Looks at the first bytes: tells the event, and takes over where this server misbehaves. */
static bool look(struct t_backend *b, struct pgseal_io *io)
{
    const uint8_t *p = pgseal_buf_peek(&io->wire_in);
    size_t n = pgseal_buf_len(&io->wire_in);

    if (n == 0 || (p[0] != 0x16 && n < 8))
        return io->wire_in_eof;
    b->begun = true;
    if (p[0] == 0x16) {
        event(b, "directssl");
        b->direct = true;
        if (b->kind == T_SERVER_TLSFAIL) {
            pgseal_buf_consume(&io->wire_in, n);
            b->raw = true;
            send_alert(b, io);
        }
    } else if (pgseal__get32(p + 4) == PGSEAL_CODE_SSLREQUEST) {
        event(b, "sslrequest");
        if (misbehaves(b->kind))
            misbehave(b, io);
    }
    return true;
}

static void step_raw(struct t_backend *b, struct pgseal_io *io)
{
    if (b->in_tls && !b->closed && pgseal_buf_len(&io->wire_in) > 0)
        send_alert(b, io);
    pgseal_buf_consume(&io->wire_in, pgseal_buf_len(&io->wire_in));
}

void t_backend_step(struct t_backend *b, struct pgseal_io *io, int64_t now_unix_s)
{
    int rc;

    if (!b->begun && !look(b, io))
        return;
    if (b->raw) {
        step_raw(b, io);
        return;
    }
    if (b->closed) {
        if (pgseal_conn_step(b->conn, io, now_unix_s, NULL) < 0)
            b->raw = true;
        return;
    }
    rc = pgseal_conn_step(b->conn, io, now_unix_s, NULL);
    if (b->stuff) { /* behind S, in the same segment; the handshake goes on as if nothing were */
        put(&io->wire_out, "R\0\0\0\x08\0\0\0\0", 9);
        b->stuff = false;
    }
    if (rc < 0) {
        /* A server that does not know direct TLS closes without a byte. */
        if (b->direct && (b->kind == T_SERVER_OLD || b->kind == T_SERVER_NOSSL))
            event(b, "eof");
        b->raw = b->closed = true;
        return;
    }
    if (rc == PGSEAL_READY && !b->started) {
        b->started = true;
        answer_startup(b, io);
    } else if (b->asked) {
        answer_password(b, io);
    } else if (b->started) {
        answer_queries(b, io);
    }
    if (b->started && pgseal_conn_step(b->conn, io, now_unix_s, NULL) < 0)
        b->raw = b->closed = true;
}

/* SPDX-License-Identifier: PostgreSQL */
/* An open connection with a blocking face: whole messages in, whole messages out. */
#include "host_int.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* How long a polite end may take. */
#define CLOSE_TIMEOUT_MS 2000

const struct pgseal_conn_facts *pgseal_session_facts(const struct pgseal_session *s)
{
    return pgseal_conn_facts(s->conn);
}

const uint8_t *pgseal_session_notice(struct pgseal_session *s, size_t *n)
{
    return pgseal_conn_notice(s->conn, n);
}

const struct pgseal_host *pgseal_session_host(const struct pgseal_session *s)
{
    return s->host;
}

const char *pgseal_session_address(const struct pgseal_session *s)
{
    return s->address != NULL ? s->address->text : "";
}

struct pgseal_chain *pgseal_session_sent(const struct pgseal_session *s)
{
    return pgseal_conn_sent(s->conn);
}

int pgseal_session_fd(const struct pgseal_session *s)
{
    return s->fd;
}

static int fail_closed(const struct pgseal_session *s, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_CLOSED,
                 "server closed the connection unexpectedly\n"
                 "\tThis probably means the server terminated abnormally\n"
                 "\tbefore or while processing the request.");
    if (err != NULL)
        err->sys = s->send_sys;
    pgseal__hint(err, "Look into the server's log for this moment.");
    return PGSEAL_E_CLOSED;
}

/* Notes what a message changes for the session. */
static int note(struct pgseal_session *s, const struct pgseal_frame *f, struct pgseal_err *err)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    const char *name;
    const char *value;

    if (s->o.trace.fn != NULL)
        pgseal__emit_message(&s->o.trace, false, f->type, f->body, f->len);
    if (f->type == 'Z' && f->len == 1)
        pgseal_conn_note_txn(s->conn, (char)f->body[0]);
    if (f->type != 'S')
        return 0;
    name = pgseal_read_str(&r);
    value = pgseal_read_str(&r);
    return r.bad ? 0 : host__note_setting(s, name, value, err);
}

/* The message at the head of plain_out. 1, 0 when it is not whole yet, or < 0. */
static int take(struct pgseal_session *s, size_t max, struct pgseal_frame *out,
                struct pgseal_err *err)
{
    long size = pgseal_frame_next(pgseal_buf_peek(&s->io.plain_out),
                                  pgseal_buf_len(&s->io.plain_out), max, out, err);

    if (size <= 0)
        return (int)size;
    s->lent = (size_t)size;
    return note(s, out, err) < 0 ? PGSEAL_E_NOMEM : 1;
}

static void give_back(struct pgseal_session *s)
{
    pgseal_buf_consume(&s->io.plain_out, s->lent);
    s->lent = 0;
}

int pgseal_session_read(struct pgseal_session *s, size_t max, struct pgseal_frame *out,
                        struct pgseal_err *err)
{
    if (max == 0 || max > MESSAGE_MAX)
        max = MESSAGE_MAX;
    give_back(s);
    for (;;) {
        int rc = take(s, max, out, err);
        int ready;

        if (rc != 0)
            return rc;
        rc = host__pump_step(s, err);
        if (rc < 0)
            return rc;
        if (pgseal_frame_next(pgseal_buf_peek(&s->io.plain_out), pgseal_buf_len(&s->io.plain_out),
                              max, out, NULL) != 0)
            continue;
        if (rc == PGSEAL_CLOSED)
            return pgseal_buf_len(&s->io.plain_out) > 0 || s->send_sys != 0 ? fail_closed(s, err)
                                                                            : 0;
        ready =
            host__wait(s, s->fd, POLLIN | (pgseal_buf_len(&s->io.wire_out) > 0 ? POLLOUT : 0), err);
        if (ready < 0)
            return ready;
        rc = host__pump_recv(s, err);
        if (rc < 0)
            return rc;
    }
}

/* True while sending must go on; plain bytes are not sealed yet or sealed ones not sent. */
static bool unsent(const struct pgseal_session *s)
{
    return pgseal_buf_len(&s->io.plain_in) > 0 || pgseal_buf_len(&s->io.wire_out) > 0;
}

int pgseal_session_flush(struct pgseal_session *s, struct pgseal_err *err)
{
    for (;;) {
        bool may_read = s->lent == 0 && pgseal_buf_len(&s->io.plain_out) < READ_AHEAD;
        int rc;

        /* A lent message must not move, so the wire is only drained into wire_in then. */
        rc = host__pump_step(s, err);
        if (rc < 0)
            return rc;
        if (s->send_sys != 0) { /* what the server said before it left is read next */
            pgseal_buf_consume(&s->io.plain_in, pgseal_buf_len(&s->io.plain_in));
            return 0;
        }
        if (!unsent(s))
            return 0;
        if (pgseal_buf_len(&s->io.wire_out) == 0)
            continue;
        rc = host__wait(s, s->fd, POLLOUT | (may_read && !s->io.wire_in_eof ? POLLIN : 0), err);
        if (rc < 0)
            return rc;
        if (may_read && host__pump_recv(s, err) < 0)
            return PGSEAL_E_IO;
    }
}

/* Queues bytes, sending when the queue is full. */
static int put(struct pgseal_session *s, const void *p, size_t n, struct pgseal_err *err)
{
    const uint8_t *at = p;

    while (n > 0) {
        size_t room = pgseal_buf_room(&s->io.plain_in);
        size_t part = n < room ? n : room;
        int rc;

        if (part == 0) {
            rc = pgseal_session_flush(s, err);
            if (rc < 0)
                return rc;
            continue;
        }
        rc = pgseal_buf_append(&s->io.plain_in, at, part, err);
        if (rc < 0)
            return rc;
        at += part;
        n -= part;
    }
    return 0;
}

int pgseal_session_write(struct pgseal_session *s, uint8_t type, const void *body, size_t n,
                         struct pgseal_err *err)
{
    uint8_t head[5] = {type};
    int rc;

    if (n > MESSAGE_MAX - 4)
        return pgseal__fail(err, PGSEAL_E_LIMIT, "message of %zu bytes is too long", n);
    give_back(s);
    pgseal__put32(head + 1, (uint32_t)n + 4);
    if (s->o.trace.fn != NULL)
        pgseal__emit_message(&s->o.trace, true, type, body, n);
    rc = put(s, head, sizeof(head), err);
    return rc < 0 ? rc : put(s, body, n, err);
}

/* Sends what is queued before the end, for a moment. */
static void say_goodbye(struct pgseal_session *s)
{
    s->o.interrupted = NULL;
    s->deadline_ms = host__now_ms() + CLOSE_TIMEOUT_MS;
    if (pgseal_conn_close(s->conn, &s->io, NULL) < 0)
        return;
    host__pump_send(s);
    while (pgseal_buf_len(&s->io.wire_out) > 0 && s->send_sys == 0 &&
           host__wait(s, s->fd, POLLOUT, NULL) > 0)
        host__pump_send(s);
}

void host__hang_up(struct pgseal_session *s, bool politely)
{
    if (s->fd >= 0) {
        if (politely)
            say_goodbye(s);
        close(s->fd);
        pgseal__emit(&s->o.trace, PGSEAL_EV_CLOSE, NULL);
    }
    s->fd = -1;
    s->send_sys = 0;
    s->lent = 0;
    s->conn = pgseal_conn_free(s->conn);
    pgseal_io_done(&s->io);
    host__settings_done(s);
}

struct pgseal_session *pgseal_session_close(struct pgseal_session *s)
{
    if (s == NULL)
        return NULL;
    host__hang_up(s, s->conn != NULL && (s->look || pgseal_conn_facts(s->conn)->open));
    pgseal__wipe_free_str(s->password);
    pgseal__free(s->messages);
    pgseal__wipe_free(s, sizeof(*s));
    return NULL;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Bytes between the socket and the connection, without waiting. */
#include "host_int.h"

#include <errno.h>
#include <unistd.h>

int host__pump_send(struct pgseal_session *s)
{
    struct pgseal_buf *out = &s->io.wire_out;
    int moved = PUMP_NOTHING;

    while (pgseal_buf_len(out) > 0) {
        ssize_t n;

        if (s->send_sys != 0) { /* nobody takes them any more */
            pgseal_buf_consume(out, pgseal_buf_len(out));
            break;
        }
        n = send(s->fd, pgseal_buf_peek(out), pgseal_buf_len(out), MSG_NOSIGNAL);
        if (n > 0) {
            pgseal_buf_consume(out, (size_t)n);
            moved = PUMP_MOVED;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            s->send_sys = errno;
        }
    }
    return moved;
}

int host__pump_recv(struct pgseal_session *s, struct pgseal_err *err)
{
    struct pgseal_buf *in = &s->io.wire_in;
    size_t room = pgseal_buf_room(in);
    uint8_t *to;
    ssize_t n;

    if (room == 0 || s->io.wire_in_eof)
        return PUMP_NOTHING;
    to = pgseal_buf_reserve(in, room < 16384 ? room : 16384, err);
    if (to == NULL)
        return PGSEAL_E_NOMEM;
    n = recv(s->fd, to, room < 16384 ? room : 16384, 0);
    if (n > 0) {
        pgseal_buf_commit(in, (size_t)n);
        return PUMP_MOVED;
    }
    if (n == 0) {
        s->io.wire_in_eof = true;
        return PUMP_MOVED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return PUMP_NOTHING;
    return pgseal_conn_io_error(s->conn, errno, err);
}

int host__pump_step(struct pgseal_session *s, struct pgseal_err *err)
{
    int rc = pgseal_conn_step(s->conn, &s->io, host__now_unix_s(), err);
    const char *text;

    while (s->o.warn != NULL && (text = pgseal_conn_warning(s->conn)) != NULL)
        s->o.warn(s->o.ctx, text);
    host__pump_send(s);
    return rc;
}

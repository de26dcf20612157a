/* SPDX-License-Identifier: PostgreSQL */
/* CancelRequest on a connection of its own, protected like the session's. */
#include "host_int.h"

#include <poll.h>

/* A server that does not take a cancel request within this time will not take it at all. */
#define CANCEL_TIMEOUT_S 10

static int run(struct pgseal_session *c, struct pgseal_err *err)
{
    for (;;) {
        int rc = host__pump_step(c, err);

        if (rc != PGSEAL_MORE)
            return rc < 0 ? rc : 0;
        rc =
            host__wait(c, c->fd, POLLIN | (pgseal_buf_len(&c->io.wire_out) > 0 ? POLLOUT : 0), err);
        if (rc < 0)
            return rc;
        host__pump_send(c);
        rc = host__pump_recv(c, err);
        if (rc < 0)
            return rc;
    }
}

/* Same address and settings. PQcancel sends it in plaintext whatever the session has; we do not. */
int pgseal_session_cancel(struct pgseal_session *s, struct pgseal_err *err)
{
    const struct pgseal_conn_facts *f = pgseal_conn_facts(s->conn);
    struct pgseal_conn_client o = {.size = sizeof(o),
                                   .ci = s->ci,
                                   .host = s->host,
                                   .world = s->world,
                                   .method = f->tls ? PGSEAL_METHOD_TLS : PGSEAL_METHOD_PLAIN,
                                   .direct = pgseal_conninfo_options(s->ci)->direct,
                                   .cancel = &f->cancel};
    struct pgseal_session *c;
    int rc;

    if (f->cancel.key_len == 0)
        return pgseal__fail(err, PGSEAL_E_USAGE, "the server gave no key to cancel with");
    c = pgseal__alloc(sizeof(*c));
    if (c == NULL)
        return pgseal__nomem(err);
    c->ci = s->ci;
    c->world = s->world;
    c->host = s->host;
    c->address = s->address;
    c->fd = -1;
    c->timeout_s = CANCEL_TIMEOUT_S;
    c->timeout_is_ours = true;
    c->deadline_ms = host__now_ms() + CANCEL_TIMEOUT_S * 1000;
    rc = host__connect(c, err);
    if (rc >= 0) {
        pgseal_io_init(&c->io, WIRE_MAX);
        c->conn = pgseal_conn_client_new(&o, err);
        rc = c->conn == NULL ? PGSEAL_E_NOMEM : run(c, err);
    }
    c->address = NULL;
    pgseal_session_close(c);
    return rc < 0 ? rc : 0;
}

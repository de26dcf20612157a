/* SPDX-License-Identifier: PostgreSQL */
/* Server role: from the first byte to the startup packet; what follows is the application's. */
#include "conn_int.h"

struct pgseal_conn *pgseal_conn_server_new(const struct pgseal_conn_server *o,
                                           struct pgseal_err *err)
{
    struct pgseal_conn *c;

    if (o->size != sizeof(*o)) {
        pgseal__fail(err, PGSEAL_E_USAGE, "struct pgseal_conn_server of another size");
        return NULL;
    }
    c = pgseal__alloc(sizeof(*c));
    if (c == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    c->server = true;
    c->trace = o->trace;
    c->facts.protocol = PGSEAL_PROTO_3_0;
    if (o->tls_ctx != NULL)
        c->tls_ctx = pgseal_tls_ctx_ref(o->tls_ctx);
    pgseal_nego_server_init(&c->nego, o->tls_ctx != NULL, o->tls_ctx != NULL && !o->no_direct,
                            &c->trace);
    return c;
}

static int step_nego(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                     struct pgseal_err *err)
{
    int rc = pgseal_nego_server_step(&c->nego, io, err);

    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    switch ((enum pgseal_nego_result)rc) {
    case PGSEAL_NEGO_TLS:
        c->tls = pgseal_tls_new(c->tls_ctx, NULL, false, false, now_unix_s, err);
        if (c->tls == NULL)
            return pgseal__conn_failed(c, PGSEAL_OUT_TLS_FAILED, PGSEAL_E_TLS);
        c->phase = PHASE_TLS;
        return PGSEAL_READY;
    case PGSEAL_NEGO_PLAIN:
    case PGSEAL_NEGO_CANCEL:
        c->phase = PHASE_HELLO;
        return PGSEAL_READY;
    case PGSEAL_NEGO_REFUSED:
    case PGSEAL_NEGO_MORE:
        break;
    }
    return PGSEAL_MORE;
}

/* Inside TLS only a startup packet or a cancel request may come (postgres-tls: c.1). */
static int keep_first(struct pgseal_conn *c, const uint8_t *p, size_t n, struct pgseal_err *err)
{
    int rc = pgseal__blob_set(&c->first, p, n, err);

    if (rc < 0)
        return rc;
    if (pgseal_startup_next(c->first.p, c->first.n, &c->startup, err) <= 0)
        return PGSEAL_E_PROTO;
    if (c->startup.kind == PGSEAL_FIRST_SSLREQUEST || c->startup.kind == PGSEAL_FIRST_GSSENC)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "unsupported frontend protocol 1234.%u: a request for encryption "
                            "inside an encrypted connection",
                            c->startup.kind == PGSEAL_FIRST_GSSENC ? 5680u : 5679u);
    if (c->startup.kind == PGSEAL_FIRST_STARTUP)
        c->facts.protocol = c->startup.version;
    return 0;
}

static int step_hello(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int pumped = pgseal__conn_pump(c, io, err);
    struct pgseal_startup s;
    long size;
    int rc;

    if (pumped < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, pumped);
    size = pgseal_startup_next(pgseal_buf_peek(&io->plain_out), pgseal_buf_len(&io->plain_out), &s,
                               err);
    if (size < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, (int)size);
    if (size == 0 && pumped == PGSEAL_CLOSED)
        return pgseal__conn_failed(
            c, PGSEAL_OUT_REFUSED,
            pgseal__fail(err, PGSEAL_E_CLOSED, "client closed the connection"));
    if (size == 0)
        return PGSEAL_MORE;
    rc = keep_first(c, pgseal_buf_peek(&io->plain_out), (size_t)size, err);
    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    pgseal_buf_consume(&io->plain_out, (size_t)size);
    pgseal__emit(&c->trace,
                 c->startup.kind == PGSEAL_FIRST_CANCEL ? PGSEAL_EV_CANCEL : PGSEAL_EV_STARTUP,
                 c->tls != NULL ? "tls" : "plain");
    c->phase = PHASE_OPEN;
    c->outcome = PGSEAL_OUT_OPEN;
    return PGSEAL_READY;
}

int pgseal__conn_server_step(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                             struct pgseal_err *err)
{
    int rc = PGSEAL_READY;

    while (rc == PGSEAL_READY) {
        switch (c->phase) {
        case PHASE_START:
            c->phase = PHASE_NEGO;
            break;
        case PHASE_NEGO:
            rc = step_nego(c, io, now_unix_s, err);
            break;
        case PHASE_TLS:
            rc = pgseal__conn_handshake(c, io, err);
            break;
        case PHASE_HELLO:
            rc = step_hello(c, io, err);
            break;
        case PHASE_OPEN:
            rc = pgseal__conn_pump(c, io, err);
            if (rc < 0)
                return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
            return rc == PGSEAL_MORE ? PGSEAL_READY : rc;
        case PHASE_AUTH:
        case PHASE_SETTLE:
        case PHASE_CANCELLED:
        case PHASE_LOOKED:
        case PHASE_FAILED:
            return PGSEAL_E_USAGE;
        }
    }
    return rc;
}

const struct pgseal_startup *pgseal_conn_startup(const struct pgseal_conn *c)
{
    return c->server && c->phase == PHASE_OPEN ? &c->startup : NULL;
}

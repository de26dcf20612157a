/* SPDX-License-Identifier: PostgreSQL */
/* What both roles of a connection share: moving bytes, closing, facts. */
#include "conn_int.h"

#include <errno.h>

int pgseal__blob_set(struct blob *b, const uint8_t *p, size_t n, struct pgseal_err *err)
{
    uint8_t *copy = pgseal__alloc(n + 1);

    if (copy == NULL)
        return pgseal__nomem(err);
    if (n > 0)
        memcpy(copy, p, n);
    pgseal__blob_done(b);
    b->p = copy;
    b->n = n;
    return 0;
}

void pgseal__blob_done(struct blob *b)
{
    pgseal__free(b->p);
    b->p = NULL;
    b->n = 0;
}

int pgseal__conn_failed(struct pgseal_conn *c, enum pgseal_outcome outcome, int rc)
{
    c->phase = PHASE_FAILED;
    c->outcome = outcome;
    return rc;
}

/* Without TLS the wire is the plain text: queues are swapped, or moved as far as they fit. */
static int pump_plain(struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = pgseal_buf_move(&io->plain_out, &io->wire_in, err);

    if (rc == 0)
        rc = pgseal_buf_move(&io->wire_out, &io->plain_in, err);
    if (rc < 0)
        return rc;
    return io->wire_in_eof && pgseal_buf_len(&io->wire_in) == 0 ? PGSEAL_CLOSED : PGSEAL_READY;
}

int pgseal__conn_pump(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    return c->tls != NULL ? pgseal_tls_step(c->tls, io, err) : pump_plain(io, err);
}

static int tls_done(struct pgseal_conn *c, struct pgseal_err *err)
{
    struct pgseal_tls_facts *f = &c->facts.tls_facts;
    char text[160];
    int rc = pgseal_tls_facts(c->tls, f, err);

    if (rc < 0)
        return rc;
    c->facts.tls = true;
    pgseal__format(text, sizeof(text), "%s %s", f->version, f->cipher);
    pgseal__emit(&c->trace, PGSEAL_EV_TLS, text);
    return 0;
}

void pgseal__conn_tls_failed(struct pgseal_conn *c, const struct pgseal_err *err)
{
    pgseal__emit(&c->trace, PGSEAL_EV_TLS_FAIL, err != NULL ? err->msg : NULL);
}

int pgseal__conn_handshake(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    struct pgseal_err local;
    int rc;

    if (err == NULL)
        err = &local;
    rc = pgseal_tls_step(c->tls, io, err);
    if (rc == PGSEAL_MORE)
        return rc;
    /* CLOSED: the handshake is complete and the peer has already said goodbye behind it. */
    if (rc >= 0)
        rc = tls_done(c, err);
    /* backend_startup.c: direct TLS without the agreed protocol name is closed. */
    if (rc >= 0 && c->server && c->nego.direct &&
        strcmp(c->facts.tls_facts.alpn, "postgresql") != 0)
        rc = pgseal__fail(err, PGSEAL_E_ALPN,
                          "received direct SSL connection request without ALPN protocol "
                          "negotiation extension");
    if (rc < 0) {
        pgseal__conn_tls_failed(c, err);
        return pgseal__conn_failed(c, PGSEAL_OUT_TLS_FAILED, rc);
    }
    c->phase = PHASE_HELLO;
    return PGSEAL_READY;
}

int pgseal_conn_step(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                     struct pgseal_err *err)
{
    if (c->phase == PHASE_FAILED)
        return pgseal__fail(err, PGSEAL_E_USAGE, "a connection that failed cannot be stepped");
    return c->server ? pgseal__conn_server_step(c, io, now_unix_s, err)
                     : pgseal__conn_client_step(c, io, now_unix_s, err);
}

struct pgseal_conn *pgseal_conn_free(struct pgseal_conn *c)
{
    if (c == NULL)
        return NULL;
    pgseal__conn_client_done(c);
    pgseal__blob_done(&c->first);
    pgseal_tls_free(c->tls);
    pgseal_tls_ctx_free(c->tls_ctx);
    pgseal__wipe_free(c, sizeof(*c));
    return NULL;
}

/*
 * Source: PG18 fe-secure.c pqsecure_raw_read, fe-secure-openssl.c pgtls_read and open_client_SSL:
 * a reset is told as a closed connection, except inside the handshake.
 */
/* Two layers of libpq speak when the socket fails under TLS: pqsecure_raw_read() and the TLS one.
 */
int pgseal_conn_io_error(struct pgseal_conn *c, int sys, struct pgseal_err *err)
{
    const char *text = strerrordesc_np(sys);
    bool reset = sys == ECONNRESET || sys == EPIPE;

    if (text == NULL)
        text = "unrecognized error";
    if (reset)
        pgseal__conn_closed(c, err);
    else
        pgseal__fail(err, PGSEAL_E_IO, "could not receive data from server: %s", text);
    if (c->tls != NULL && err != NULL) {
        char first[sizeof(CLOSED_TEXT) + 64];

        pgseal__format(first, sizeof(first), "%s", reset ? CLOSED_TEXT : err->msg);
        if (reset && c->phase != PHASE_TLS)
            pgseal__format(err->msg, sizeof(err->msg), "%s\n%s", first, CLOSED_TEXT);
        else
            pgseal__format(err->msg, sizeof(err->msg), "%s\nSSL SYSCALL error: %s", first, text);
    }
    if (err != NULL)
        err->sys = sys;
    return pgseal__conn_failed(c,
                               c->phase == PHASE_TLS ? PGSEAL_OUT_TLS_FAILED : PGSEAL_OUT_REFUSED,
                               reset ? PGSEAL_E_CLOSED : PGSEAL_E_IO);
}

void pgseal_conn_note_txn(struct pgseal_conn *c, char txn)
{
    c->facts.txn = txn;
}

enum pgseal_outcome pgseal_conn_outcome(const struct pgseal_conn *c)
{
    return c->outcome;
}

const struct pgseal_conn_facts *pgseal_conn_facts(const struct pgseal_conn *c)
{
    return &c->facts;
}

struct pgseal_chain *pgseal_conn_sent(const struct pgseal_conn *c)
{
    return c->tls != NULL ? pgseal_tls_sent(c->tls) : NULL;
}

int pgseal_conn_close(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = 0;

    if (c->phase == PHASE_FAILED)
        return 0;
    /* Terminate is not allowed during start-up (PG18 protocol-flow.html#PROTOCOL-FLOW-TERMINATION).
     */
    if (!c->server && c->phase == PHASE_OPEN && c->o.cancel == NULL)
        rc = pgseal_put_message(&io->plain_in, 'X', NULL, 0, err);
    if (rc == 0)
        rc = pgseal__conn_pump(c, io, err);
    if (rc >= 0 && c->tls != NULL)
        rc = pgseal_tls_close(c->tls, io, err);
    return rc < 0 ? rc : 0;
}

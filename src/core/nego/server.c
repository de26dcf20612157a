/* SPDX-License-Identifier: PostgreSQL */
/* Server role: SSLRequest, GSSENCRequest, direct TLS, or the first packet of a session. */
#include "nego_int.h"

#include "core/base/base.h"

/* First byte of a TLS record with a handshake message (RFC 8446 5.1), which no length begins with.
 */
#define TLS_HANDSHAKE 0x16

void pgseal_nego_server_init(struct pgseal_nego *n, bool tls_ok, bool direct_ok,
                             const struct pgseal_trace *trace)
{
    *n = (struct pgseal_nego){
        .state = PGSEAL__NEGO_SERVER, .tls_ok = tls_ok, .direct_ok = direct_ok};
    if (trace != NULL)
        n->trace = *trace;
}

static bool requested_before(const struct pgseal_nego *n)
{
    return n->ssl_done || n->gss_done;
}

static int closed(size_t len, struct pgseal_err *err)
{
    if (len == 0) {
        pgseal__fail(err, PGSEAL_E_CLOSED, "client closed the connection");
        pgseal__detail(err, "It sent nothing, as a port check does, or did not like the answer to "
                            "its request for encryption.");
    } else {
        pgseal__fail(err, PGSEAL_E_CLOSED, "incomplete startup packet");
        pgseal__detail(err, "The client closed the connection after %zu bytes of it.", len);
    }
    return PGSEAL_E_CLOSED;
}

/*
 * Plain bytes behind a request that is not answered yet: somebody puts in front of the encrypted
 * stream what should be taken for its beginning (CVE-2021-23214).
 */
static int stuffed(const char *request, const uint8_t *p, size_t len, struct pgseal_err *err)
{
    char shown[300];

    pgseal__fail(err, PGSEAL_E_STUFFED, "received unencrypted data after %s request", request);
    pgseal__detail(err,
                   "This could be either a client-software bug or evidence of an attempted "
                   "man-in-the-middle attack. %zu bytes came behind the request: \"%s\".",
                   len, pgseal__escape(shown, sizeof(shown), p, len, 48));
    return PGSEAL_E_STUFFED;
}

/* PG18 backend_startup.c: a request that was answered once is read as a version nobody has. */
static int asked_again(uint32_t code, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_PROTO,
                 "unsupported frontend protocol %u.%u: server supports 3.0 to 3.2", code >> 16,
                 code & 0xffff);
    pgseal__detail(err, "The client asked for the same encryption a second time.");
    return PGSEAL_E_PROTO;
}

static int reply(struct pgseal_io *io, char c, struct pgseal_err *err)
{
    int rc = pgseal_buf_append(&io->wire_out, &c, 1, err);

    if (rc == 0)
        pgseal_buf_consume(&io->wire_in, 8);
    return rc;
}

static int on_sslrequest(struct pgseal_nego *n, struct pgseal_io *io, const uint8_t *p, size_t len,
                         struct pgseal_err *err)
{
    const uint8_t c = n->tls_ok ? 'S' : 'N';
    int rc;

    if (n->ssl_done)
        return asked_again(PGSEAL_CODE_SSLREQUEST, err);
    if (len > 8)
        return stuffed("SSL", p + 8, len - 8, err);
    if (pgseal_buf_room(&io->wire_out) < 1)
        return PGSEAL_NEGO_MORE;
    n->ssl_done = true;
    pgseal__emit(&n->trace, PGSEAL_EV_SSLREQUEST, NULL);
    pgseal__emit_message(&n->trace, true, 0, p + 4, 4);
    rc = reply(io, (char)c, err);
    if (rc < 0)
        return rc;
    pgseal__emit(&n->trace, n->tls_ok ? PGSEAL_EV_SSLACCEPT : PGSEAL_EV_SSLREJECT, NULL);
    pgseal__emit_message(&n->trace, false, 0, &c, 1);
    return n->tls_ok ? PGSEAL_NEGO_TLS : PGSEAL_NEGO_MORE;
}

/* Always N: GSS encryption would pass by every TLS policy (postgres-tls a.3). */
static int on_gssencrequest(struct pgseal_nego *n, struct pgseal_io *io, const uint8_t *p,
                            size_t len, struct pgseal_err *err)
{
    if (n->gss_done)
        return asked_again(PGSEAL_CODE_GSSENC, err);
    if (len > 8)
        return stuffed("GSSAPI encryption", p + 8, len - 8, err);
    if (pgseal_buf_room(&io->wire_out) < 1)
        return PGSEAL_NEGO_MORE;
    n->gss_done = true;
    pgseal__emit(&n->trace, PGSEAL_EV_GSSENCREQUEST, NULL);
    pgseal__emit_message(&n->trace, true, 0, p + 4, 4);
    return reply(io, 'N', err);
}

static int on_tls(struct pgseal_nego *n)
{
    n->direct = true;
    pgseal__emit(&n->trace, PGSEAL_EV_DIRECTSSL, NULL);
    return PGSEAL_NEGO_TLS;
}

/* Not whole yet. The queue must be able to hold a whole one, or this would wait for ever. */
static int incomplete(struct pgseal_io *io, size_t len, struct pgseal_err *err)
{
    if (io->wire_in_eof)
        return closed(len, err);
    if (pgseal_buf_room(&io->wire_in) == 0)
        return pgseal__fail(err, PGSEAL_E_LIMIT,
                            "startup packet is longer than the queue of %zu bytes", len);
    return PGSEAL_NEGO_MORE;
}

static int on_packet(struct pgseal_nego *n, struct pgseal_io *io, struct pgseal_err *err)
{
    const uint8_t *p = pgseal_buf_peek(&io->wire_in);
    size_t len = pgseal_buf_len(&io->wire_in);
    struct pgseal_startup s;
    long size;

    if (len == 0)
        return io->wire_in_eof ? closed(0, err) : PGSEAL_NEGO_MORE;
    /* Only as the very first byte: behind an N it is what it is in PostgreSQL, a wrong length. */
    if (*p == TLS_HANDSHAKE && n->direct_ok && !requested_before(n))
        return on_tls(n);
    size = pgseal_startup_next(p, len, &s, err);
    if (size == 0)
        return incomplete(io, len, err);
    if (size < 0) {
        /* A length that is none: these are not PostgreSQL's bytes. */
        if (pgseal__get32(p) < 8 || pgseal__get32(p) - 4 > PGSEAL_STARTUP_MAX)
            pgseal__peer_explain(err, PGSEAL__PEER_CLIENT, p, len);
        return (int)size;
    }
    switch (s.kind) {
    case PGSEAL_FIRST_SSLREQUEST:
        return on_sslrequest(n, io, p, len, err);
    case PGSEAL_FIRST_GSSENC:
        return on_gssencrequest(n, io, p, len, err);
    case PGSEAL_FIRST_CANCEL:
        return PGSEAL_NEGO_CANCEL;
    case PGSEAL_FIRST_STARTUP:
        break;
    }
    return PGSEAL_NEGO_PLAIN;
}

int pgseal_nego_server_step(struct pgseal_nego *n, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc;

    if (n->state != PGSEAL__NEGO_SERVER)
        return pgseal__nego_over(err);
    rc = on_packet(n, io, err);
    if (rc != PGSEAL_NEGO_MORE)
        n->state = PGSEAL__NEGO_OVER;
    return rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Client role: SSLRequest and the one byte that answers it, or direct TLS. */
#include "nego_int.h"

#include "core/base/base.h"

void pgseal_nego_client_init(struct pgseal_nego *n, bool direct, const struct pgseal_trace *trace)
{
    *n = (struct pgseal_nego){.state = PGSEAL__NEGO_CLIENT_BEGIN, .direct_ok = direct};
    if (trace != NULL)
        n->trace = *trace;
}

static int begin(struct pgseal_nego *n, struct pgseal_io *io, struct pgseal_err *err)
{
    uint8_t code[4];
    int rc;

    if (n->direct_ok) {
        n->state = PGSEAL__NEGO_OVER;
        n->direct = true;
        pgseal__emit(&n->trace, PGSEAL_EV_DIRECTSSL, NULL);
        return PGSEAL_NEGO_TLS;
    }
    /* A full queue is not an error: it will be drained. */
    if (pgseal_buf_room(&io->wire_out) < 8)
        return PGSEAL_NEGO_MORE;
    rc = pgseal_put_request(&io->wire_out, PGSEAL_CODE_SSLREQUEST, err);
    if (rc < 0)
        return rc;
    n->state = PGSEAL__NEGO_CLIENT_ANSWER;
    pgseal__put32(code, PGSEAL_CODE_SSLREQUEST);
    pgseal__emit(&n->trace, PGSEAL_EV_SSLREQUEST, NULL);
    pgseal__emit_message(&n->trace, true, 0, code, sizeof(code));
    return PGSEAL_NEGO_MORE;
}

static int no_answer(struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_CLOSED,
                 "server closed the connection unexpectedly\n"
                 "\tThis probably means the server terminated abnormally\n"
                 "\tbefore or while processing the request.");
    pgseal__detail(err, "The connection was closed without an answer to SSLRequest. A PostgreSQL "
                        "server always answers it, so it was probably closed by something in front "
                        "of one, or by something else.");
    pgseal__hint(err, "Check host and port. A load balancer without a healthy target, a firewall, "
                      "or a listener that expects the PROXY protocol closes like this.");
    return PGSEAL_E_CLOSED;
}

/*
 * S. What stands behind it was sent before TLS and must not be taken for what comes out of TLS
 * (CVE-2021-23222). libpq looks after the handshake; here TLS does not even begin.
 */
static int accepted(struct pgseal_nego *n, struct pgseal_io *io, const uint8_t *p, size_t len,
                    struct pgseal_err *err)
{
    if (len > 1) {
        pgseal__fail(err, PGSEAL_E_STUFFED, "received unencrypted data after SSL response");
        pgseal__peer_explain(err, PGSEAL__PEER_SERVER, p, len);
        if (err != NULL)
            pgseal__append(err->detail, sizeof(err->detail),
                           " A server sends nothing between its S and the TLS handshake.");
        return PGSEAL_E_STUFFED;
    }
    pgseal_buf_consume(&io->wire_in, 1);
    pgseal__emit(&n->trace, PGSEAL_EV_SSLACCEPT, NULL);
    return PGSEAL_NEGO_TLS;
}

static int refused(struct pgseal_nego *n, struct pgseal_io *io)
{
    pgseal_buf_consume(&io->wire_in, 1);
    pgseal__emit(&n->trace, PGSEAL_EV_SSLREJECT, NULL);
    return PGSEAL_NEGO_REFUSED;
}

/* E. The text behind it comes from anybody: it is neither read nor shown (CVE-2024-10977). */
static int said_error(struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_NEGO_ERROR, "server sent an error response during SSL exchange");
    pgseal__detail(err, "The answer to SSLRequest was E, an error. Its text was not read: it was "
                        "not protected, so anybody on the path could have written it.");
    pgseal__hint(err, "Look into the server's log. PostgreSQL answers like this when it cannot "
                      "start a process for the connection, for want of memory or processes.");
    return PGSEAL_E_NEGO_ERROR;
}

/* libpq prints the byte as it is; what commands a terminal is escaped here. */
static int said_something_else(const uint8_t *p, size_t len, struct pgseal_err *err)
{
    char shown[8];

    pgseal__fail(err, PGSEAL_E_NEGO_GARBAGE, "received invalid response to SSL negotiation: %s",
                 *p == '\\' ? "\\" : pgseal__escape(shown, sizeof(shown), p, 1, 1));
    pgseal__peer_explain(err, PGSEAL__PEER_SERVER, p, len);
    return PGSEAL_E_NEGO_GARBAGE;
}

static int answer(struct pgseal_nego *n, struct pgseal_io *io, struct pgseal_err *err)
{
    const uint8_t *p = pgseal_buf_peek(&io->wire_in);
    size_t len = pgseal_buf_len(&io->wire_in);

    if (len == 0 && !io->wire_in_eof)
        return PGSEAL_NEGO_MORE;
    n->state = PGSEAL__NEGO_OVER;
    if (len == 0)
        return no_answer(err);
    pgseal__emit_message(&n->trace, false, 0, p, 1);
    switch (*p) {
    case 'S':
        return accepted(n, io, p, len, err);
    case 'N':
        return refused(n, io);
    case 'E':
        return said_error(err);
    default:
        return said_something_else(p, len, err);
    }
}

int pgseal_nego_client_step(struct pgseal_nego *n, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = PGSEAL_NEGO_MORE;

    if (n->state == PGSEAL__NEGO_CLIENT_BEGIN)
        rc = begin(n, io, err);
    if (rc == PGSEAL_NEGO_MORE && n->state == PGSEAL__NEGO_CLIENT_ANSWER)
        rc = answer(n, io, err);
    else if (rc == PGSEAL_NEGO_MORE && n->state != PGSEAL__NEGO_CLIENT_BEGIN)
        rc = pgseal__nego_over(err);
    if (rc < 0)
        n->state = PGSEAL__NEGO_OVER;
    return rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* One TLS endpoint behind the four ports: handshake, then plain_in -> wire_out and back. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>

/* libpq's rule (fe-secure-openssl.c initialize_SSL): a name, not what looks like an address. */
static bool sni_allowed(const char *host)
{
    return host != NULL && host[0] != '\0' && strspn(host, "0123456789.") != strlen(host) &&
           strchr(host, ':') == NULL;
}

static int prepare(struct pgseal_tls *t, bool sni, struct pgseal_err *err)
{
    char reason[128];

    t->ssl = SSL_new(t->ctx->ssl_ctx);
    if (t->ssl == NULL || !SSL_set_app_data(t->ssl, t) || !pgseal__tls_set_bio(t))
        return pgseal__fail(err, PGSEAL_E_TLS, "could not establish SSL connection: %s",
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    X509_VERIFY_PARAM_set_time(SSL_get0_param(t->ssl), (time_t)t->now_unix_s);
    pgseal__tls_watch(t);
    if (t->ctx->server) {
        SSL_set_accept_state(t->ssl);
        return 0;
    }
    SSL_set_connect_state(t->ssl);
    if (sni && sni_allowed(t->host) && SSL_set_tlsext_host_name(t->ssl, t->host) != 1) {
        pgseal__fail(err, PGSEAL_E_TLS, "could not set SSL Server Name Indication (SNI): %s",
                     pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
        pgseal__detail(err, "A server name has at most 255 bytes; the host has %zu.",
                       strlen(t->host));
        pgseal__hint(err, "Add sslsni=0, or connect by a shorter name.");
        return PGSEAL_E_TLS;
    }
    return 0;
}

struct pgseal_tls *pgseal_tls_new(struct pgseal_tls_ctx *ctx, const char *host, bool sni,
                                  bool check_name, int64_t now_unix_s, struct pgseal_err *err)
{
    struct pgseal_tls *t = pgseal__alloc(sizeof(*t));

    if (t == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    t->ctx = pgseal_tls_ctx_ref(ctx);
    t->check_name = check_name && !ctx->server;
    t->now_unix_s = now_unix_s;
    if (host != NULL && (t->host = pgseal__strdup(host)) == NULL) {
        pgseal__nomem(err);
        return pgseal_tls_free(t);
    }
    ERR_clear_error();
    if (prepare(t, sni, err) < 0)
        t = pgseal_tls_free(t);
    ERR_clear_error();
    return t;
}

struct pgseal_tls *pgseal_tls_free(struct pgseal_tls *t)
{
    if (t == NULL)
        return NULL;
    SSL_free(t->ssl);
    pgseal__tls_verdict_done(&t->verdict);
    pgseal__free(t->peer_der);
    pgseal__free(t->warning);
    pgseal__free(t->host);
    pgseal_tls_ctx_free(t->ctx);
    pgseal__free(t);
    return NULL;
}

void pgseal_tls_require_alpn(struct pgseal_tls *t)
{
    t->need_alpn = true;
}

const char *pgseal_tls_warning(const struct pgseal_tls *t)
{
    return t->warning;
}

/* Direct TLS stands on ALPN (fe-secure-openssl.c open_client_SSL). */
static int check_alpn(struct pgseal_tls *t, struct pgseal_err *err)
{
    const unsigned char *name;
    unsigned int n;
    char shown[64];

    if (!t->need_alpn)
        return 0;
    SSL_get0_alpn_selected(t->ssl, &name, &n);
    if (name == NULL) {
        pgseal__fail(err, PGSEAL_E_ALPN,
                     "direct SSL connection was established without ALPN protocol negotiation "
                     "extension");
        pgseal__detail(err,
                       "The server completed the handshake and ignored our offer of \"" TLS_ALPN
                       "\": it is no PostgreSQL 17 or later that ends TLS itself.");
        pgseal__hint(err, "Use sslnegotiation=postgres.");
        return PGSEAL_E_ALPN;
    }
    if (n == strlen(TLS_ALPN) && memcmp(name, TLS_ALPN, n) == 0)
        return 0;
    pgseal__fail(err, PGSEAL_E_ALPN,
                 "SSL connection was established with unexpected ALPN protocol");
    pgseal__detail(err, "The server chose \"%s\".",
                   pgseal__escape(shown, sizeof(shown), name, n, 32));
    pgseal__hint(err, "Check host and port: something else than PostgreSQL answers there.");
    return PGSEAL_E_ALPN;
}

static int keep_peer(struct pgseal_tls *t, X509 *peer, struct pgseal_err *err)
{
    uint8_t *p;
    int n = i2d_X509(peer, NULL);

    if (n <= 0 || (t->peer_der = pgseal__alloc((size_t)n)) == NULL)
        return pgseal__nomem(err);
    p = t->peer_der;
    t->peer_der_len = (size_t)i2d_X509(peer, &p);
    return 0;
}

/* Everything libpq checks between the end of the handshake and the first byte of data. */
static int complete(struct pgseal_tls *t, struct pgseal_err *err)
{
    X509 *peer = SSL_get0_peer_certificate(t->ssl);
    char reason[128];
    int rc = check_alpn(t, err);

    if (rc < 0)
        return rc;
    if (peer == NULL && t->ctx->server)
        return 0;
    if (peer == NULL)
        return pgseal__fail(err, PGSEAL_E_TLS, "certificate could not be obtained: %s",
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    rc = keep_peer(t, peer, err);
    if (rc == 0 && t->check_name) {
        rc = pgseal__cert_check_host(peer, t->host, err);
        t->name_ok = rc == 0;
    }
    return rc;
}

/* READY, MORE, or < 0. */
static int handshake(struct pgseal_tls *t, struct pgseal_err *err)
{
    int r, e;

    ERR_clear_error();
    r = SSL_do_handshake(t->ssl);
    if (r != 1) {
        e = SSL_get_error(t->ssl, r);
        if (!t->nomem && (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE))
            return PGSEAL_MORE;
        return pgseal__tls_fail_ssl(t, e, err);
    }
    r = complete(t, err);
    if (r < 0) {
        /* The handshake stood: the peer sees a polite end, as from libpq's pgtls_close(). */
        SSL_shutdown(t->ssl);
        return r;
    }
    t->phase = TLS_OPEN;
    return PGSEAL_READY;
}

/* Opens records into plain_out. Bytes moved, 0 when blocked, or < 0. */
static long open_records(struct pgseal_tls *t, struct pgseal_err *err)
{
    struct pgseal_io *io = t->io;
    size_t room = pgseal_buf_room(&io->plain_out);
    uint8_t *to;
    int r, e;

    if (t->peer_closed || room == 0)
        return 0;
    if (pgseal_buf_len(&io->wire_in) == 0 && !SSL_has_pending(t->ssl) && !io->wire_in_eof)
        return 0;
    if (room > TLS_RECORD_MAX)
        room = TLS_RECORD_MAX;
    to = pgseal_buf_reserve(&io->plain_out, room, err);
    if (to == NULL)
        return PGSEAL_E_NOMEM;
    ERR_clear_error();
    r = SSL_read(t->ssl, to, (int)room);
    if (r > 0) {
        pgseal_buf_commit(&io->plain_out, (size_t)r);
        t->idle_messages = 0;
        return r;
    }
    e = SSL_get_error(t->ssl, r);
    if (t->idle_messages > TLS_IDLE_MESSAGES_MAX) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "SSL error: too many key updates");
        pgseal__detail(err, "The peer sent %d handshake messages in a row without any data.",
                       t->idle_messages);
        return PGSEAL_E_LIMIT;
    }
    if (e == SSL_ERROR_ZERO_RETURN) {
        t->peer_closed = true;
        return 0;
    }
    if (!t->nomem && (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE))
        return 0;
    return pgseal__tls_fail_ssl(t, e, err);
}

/*
 * How much of n bytes may be sealed now: while wire_out has room for the record and what sealing
 * adds, below its mark. The mark keeps 64 kB (pgseal_io_init) for alerts, KeyUpdate and tickets,
 * so that OpenSSL never meets a full queue there. An empty queue always takes a record.
 */
static size_t may_seal(const struct pgseal_buf *out, size_t n)
{
    size_t len = pgseal_buf_len(out);
    size_t mark = out->max > 65536u ? out->max - 65536u : out->max / 2;
    size_t space;

    if (n > TLS_RECORD_MAX)
        n = TLS_RECORD_MAX;
    if (len == 0) {
        space = mark > TLS_RECORD_ROOM ? mark - TLS_RECORD_ROOM : 0;
        if (space < n && out->max > 2 * TLS_RECORD_ROOM) /* a queue of a few bytes must not stall */
            space = space > TLS_RECORD_ROOM ? space : TLS_RECORD_ROOM;
    } else {
        space = mark > len + TLS_RECORD_ROOM ? mark - len - TLS_RECORD_ROOM : 0;
        if (space < n && space < 1024) /* wait rather than make tiny records */
            return 0;
    }
    return n < space ? n : space;
}

/* Seals plain_in into wire_out. Bytes moved, 0 when blocked, or < 0. */
static long seal_records(struct pgseal_tls *t, struct pgseal_err *err)
{
    struct pgseal_io *io = t->io;
    size_t n = may_seal(&io->wire_out, pgseal_buf_len(&io->plain_in));
    int r, e;

    if (n == 0 || t->we_closed)
        return 0;
    ERR_clear_error();
    r = SSL_write(t->ssl, pgseal_buf_peek(&io->plain_in), (int)n);
    if (r > 0) {
        pgseal_buf_consume(&io->plain_in, (size_t)r);
        t->idle_messages = 0; /* the peer's KeyUpdates answer ours in a one-way transfer */
        return r;
    }
    e = SSL_get_error(t->ssl, r);
    if (!t->nomem && (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE))
        return 0;
    return pgseal__tls_fail_ssl(t, e, err);
}

/* Says close_notify once. 0, or < 0. A queue without room is tried again at the next step. */
static int say_close(struct pgseal_tls *t, struct pgseal_err *err)
{
    int r, e;

    if (t->we_closed || t->phase != TLS_OPEN)
        return 0;
    ERR_clear_error();
    r = SSL_shutdown(t->ssl);
    e = r < 0 ? SSL_get_error(t->ssl, r) : SSL_ERROR_NONE;
    if (r < 0 && t->nomem)
        return pgseal__nomem(err);
    if (e == SSL_ERROR_WANT_WRITE)
        return 0;
    t->we_closed = true;
    return 0;
}

static int move(struct pgseal_tls *t, struct pgseal_err *err)
{
    struct pgseal_io *io = t->io;
    long in, out;

    do {
        in = open_records(t, err);
        if (in < 0)
            return (int)in;
        out = seal_records(t, err);
        if (out < 0)
            return (int)out;
    } while (in > 0 || out > 0);
    if (io->plain_in_eof && pgseal_buf_len(&io->plain_in) == 0 && say_close(t, err) < 0)
        return PGSEAL_E_NOMEM;
    return t->peer_closed ? PGSEAL_CLOSED : PGSEAL_READY;
}

int pgseal_tls_step(struct pgseal_tls *t, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc;

    if (t->phase == TLS_FAILED)
        return pgseal__fail(err, PGSEAL_E_USAGE, "the tls endpoint has already failed");
    t->io = io;
    /* What came in the same piece as the end of the handshake waits for the next step: the caller
     * learns that the handshake stood whatever follows, however the bytes were cut. */
    rc = t->phase == TLS_HANDSHAKE ? handshake(t, err) : move(t, err);
    if (rc < 0)
        t->phase = TLS_FAILED;
    t->io = NULL;
    ERR_clear_error();
    return rc;
}

int pgseal_tls_close(struct pgseal_tls *t, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc;

    t->io = io;
    rc = say_close(t, err);
    t->io = NULL;
    ERR_clear_error();
    return rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Client role: negotiation, TLS, startup packet, authentication, in libpq's order. */
#include "conn_int.h"

#define STARTUP_PARAMS_MAX 16u

struct pgseal_conn *pgseal_conn_client_new(const struct pgseal_conn_client *o,
                                           struct pgseal_err *err)
{
    struct pgseal_conn *c;

    if (o->size != sizeof(*o)) {
        pgseal__fail(err, PGSEAL_E_USAGE, "struct pgseal_conn_client of another size");
        return NULL;
    }
    if (o->look && o->method != PGSEAL_METHOD_TLS) {
        pgseal__fail(err, PGSEAL_E_USAGE, "a look needs TLS");
        return NULL;
    }
    c = pgseal__alloc(sizeof(*c));
    if (c == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    c->o = *o;
    c->o.size = sizeof(c->o);
    c->trace = o->trace;
    c->facts.is_unix = o->host->is_unix;
    c->facts.protocol = PGSEAL_PROTO_3_0;
    if (o->cancel != NULL) {
        c->cancel = *o->cancel;
        c->o.cancel = &c->cancel;
    }
    if (o->tls_ctx != NULL)
        c->tls_ctx = pgseal_tls_ctx_ref(o->tls_ctx);
    return c;
}

void pgseal__conn_client_done(struct pgseal_conn *c)
{
    pgseal_auth_free(c->auth);
    for (size_t i = 0; i < c->nparams * 2; i++)
        pgseal__free(c->params[i]);
    for (size_t i = 0; i < c->nnotices; i++)
        pgseal__blob_done(&c->notices[i]);
    pgseal__blob_done(&c->server_error);
}

static const struct pgseal_options *options(const struct pgseal_conn *c)
{
    return pgseal_conninfo_options(c->o.ci);
}

int pgseal__conn_closed(struct pgseal_conn *c, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_CLOSED,
                 c->tls != NULL ? "SSL connection has been closed unexpectedly" : CLOSED_TEXT);
    pgseal__detail(err, "The connection ended %s.",
                   c->phase == PHASE_AUTH && !c->auth_started
                       ? "after the startup packet was sent, without an answer"
                       : "before the login was complete");
    pgseal__hint(err, "Look into the server's log for this moment; a proxy or firewall in between "
                      "that closes connections looks the same.");
    return PGSEAL_E_CLOSED;
}

static int begin(struct pgseal_conn *c)
{
    if (c->o.method == PGSEAL_METHOD_TLS) {
        pgseal_nego_client_init(&c->nego, c->o.direct, &c->trace);
        c->phase = PHASE_NEGO;
    } else {
        c->phase = PHASE_HELLO;
    }
    return PGSEAL_READY;
}

/* Everything that fails from here to the verdict counts as "TLS failed" (fe-connect.c). */
static int begin_tls(struct pgseal_conn *c, int64_t now_unix_s, struct pgseal_err *err)
{
    const struct pgseal_options *opt = options(c);

    if (c->tls_ctx == NULL && c->o.look)
        c->tls_ctx = pgseal_tls_ctx_look(opt, c->o.world, err);
    else if (c->tls_ctx == NULL)
        c->tls_ctx = pgseal_tls_ctx_client(opt, c->o.world, now_unix_s, err);
    if (c->tls_ctx != NULL)
        c->tls = pgseal_tls_new(c->tls_ctx, c->o.host->host, opt->sslsni,
                                !c->o.look && opt->sslmode == PGSEAL_SSLMODE_VERIFY_FULL,
                                now_unix_s, err);
    if (c->tls == NULL)
        return PGSEAL_E_TLS;
    if (c->o.direct)
        pgseal_tls_require_alpn(c->tls);
    c->phase = PHASE_TLS;
    return PGSEAL_READY;
}

static int step_nego(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                     struct pgseal_err *err)
{
    struct pgseal_err local;
    int rc = pgseal_nego_client_step(&c->nego, io, err);

    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    switch ((enum pgseal_nego_result)rc) {
    case PGSEAL_NEGO_TLS:
        if (err == NULL)
            err = &local;
        if (begin_tls(c, now_unix_s, err) < 0) {
            pgseal__conn_tls_failed(c, err);
            return pgseal__conn_failed(c, PGSEAL_OUT_TLS_FAILED, err->code);
        }
        return PGSEAL_READY;
    case PGSEAL_NEGO_REFUSED:
        pgseal__fail(err, PGSEAL_E_NO_TLS, "server does not support SSL, but SSL was required");
        pgseal__detail(err, "The server answered N to the request for TLS: TLS is switched off "
                            "there, or something in between answered for it.");
        pgseal__hint(err, "On the server: ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf(); with "
                          "ssl_cert_file and ssl_key_file in place. On RDS and Aurora TLS is "
                          "always on, so look for a proxy or a wrong port.");
        return pgseal__conn_failed(c, PGSEAL_OUT_NO_TLS, PGSEAL_E_NO_TLS);
    case PGSEAL_NEGO_MORE:
    case PGSEAL_NEGO_PLAIN:
    case PGSEAL_NEGO_CANCEL:
        break;
    }
    return PGSEAL_MORE;
}

/* CancelRequest goes where the startup packet would; then the server closes without a word. */
static int send_cancel(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = pgseal_put_cancel(&io->plain_in, c->cancel.pid, c->cancel.key, c->cancel.key_len, err);

    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    pgseal__emit(&c->trace, PGSEAL_EV_CANCEL, c->tls != NULL ? "tls" : "plain");
    c->phase = PHASE_CANCELLED;
    return PGSEAL_READY;
}

static int binding_of(void *ctx, uint8_t out[64], struct pgseal_err *err)
{
    const struct pgseal_conn *c = ctx;

    return pgseal_tls_binding(c->tls, out, err);
}

const char *pgseal__conn_target(const struct pgseal_conn *c)
{
    const struct pgseal_host *h = c->o.host;

    return h->is_unix ? NULL : h->host != NULL ? h->host : h->hostaddr;
}

const char *pgseal__conn_password(const struct pgseal_conn *c)
{
    return c->o.password != NULL ? c->o.password : c->o.host->password;
}

static int begin_auth(struct pgseal_conn *c, struct pgseal_err *err)
{
    const struct pgseal_tls_facts *f = &c->facts.tls_facts;
    struct pgseal_auth_options o = {
        .size = sizeof(o),
        .opt = options(c),
        .password = pgseal__conn_password(c),
        .tls = c->tls != NULL,
        .verified = c->facts.is_unix || (f->verified.chain && (f->verified.name || !c->o.strict)),
        .strict = c->o.strict,
        .cert_requested = f->cert_requested,
        .cert_sent = f->cert_sent,
        .binding = c->tls != NULL ? binding_of : NULL,
        .binding_ctx = c,
        .trace = c->trace,
        .host = pgseal__conn_target(c),
    };

    c->auth = pgseal_auth_new(&o, err);
    return c->auth == NULL ? PGSEAL_E_NOMEM : 0;
}

static int send_startup(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    struct pgseal_param params[STARTUP_PARAMS_MAX];
    size_t n = pgseal_conninfo_startup(c->o.ci, params, STARTUP_PARAMS_MAX);
    size_t before = pgseal_buf_len(&io->plain_in);
    uint32_t version = options(c)->proto_max;
    int rc;

    for (size_t i = 0; i < n; i++) {
        if (c->o.unnamed && strcmp(params[i].name, "application_name") == 0)
            params[i].value = NULL;
    }
    rc = pgseal_put_startup(&io->plain_in, version, params, n, err);

    if (rc >= 0)
        rc = begin_auth(c, err);
    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    c->facts.protocol = version;
    pgseal__emit(&c->trace, PGSEAL_EV_STARTUP, c->tls != NULL ? "tls" : "plain");
    pgseal__emit_message(&c->trace, true, 0, pgseal_buf_peek(&io->plain_in) + before + 4,
                         pgseal_buf_len(&io->plain_in) - before - 4);
    c->phase = PHASE_AUTH;
    return PGSEAL_READY;
}

/* A server before protocol 3, or none at all: "E" and a string (fe-connect.c, "old style"). */
static int old_style_error(struct pgseal_conn *c, const uint8_t *p, size_t n, bool eof,
                           struct pgseal_err *err)
{
    const uint8_t *end = memchr(p, '\0', n);
    char text[512];

    if (end == NULL && n <= ERROR_MESSAGE_MAX && !eof)
        return PGSEAL_MORE;
    if (end == NULL && n > ERROR_MESSAGE_MAX) {
        pgseal__fail(err, PGSEAL_E_PROTO, "received invalid error message");
    } else if (end == NULL) {
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, pgseal__conn_closed(c, err));
    } else {
        while (end > p && end[-1] == '\n') /* its last line ends, as all lines do */
            end--;
        pgseal__escape(text, sizeof(text), p, (size_t)(end - p), 400);
        pgseal__fail(err, PGSEAL_E_PROTO, "%s", text);
    }
    pgseal__detail(err, "What answered does not speak protocol 3 of PostgreSQL; its first bytes "
                        "look like an error in plain text.");
    pgseal__hint(err, "Check host and port: is this PostgreSQL?");
    return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, PGSEAL_E_PROTO);
}

/* NegotiateProtocolVersion: PG18 fe-protocol3.c pqGetNegotiateProtocolVersion3. */
static int on_negotiate(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    static const char bad[] = "received invalid protocol negotiation message";
    const struct pgseal_options *opt = options(c);
    struct pgseal_negotiate nv;

    if (c->negotiated)
        return pgseal__fail(err, PGSEAL_E_PROTO, "received duplicate protocol negotiation message");
    c->negotiated = true;
    if (pgseal_negotiate_parse(f->body, f->len, &nv, err) < 0)
        return PGSEAL_E_PROTO;
    if (nv.version > c->facts.protocol)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: server requested downgrade to a higher-numbered version", bad);
    if (nv.version < PGSEAL_PROTO_3_0)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: server requested downgrade to pre-3.0 protocol version", bad);
    if (nv.version == PGSEAL_PROTO_3_0 + 1)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: server requested downgrade to non-existent 3.1 protocol version",
                            bad);
    if (nv.noptions > INT32_MAX)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: server reported negative number of unsupported parameters", bad);
    if (nv.version == c->facts.protocol && nv.noptions == 0)
        return pgseal__fail(err, PGSEAL_E_PROTO, "%s: server negotiated but asks for no changes",
                            bad);
    if (nv.version < opt->proto_min) {
        pgseal__fail(err, PGSEAL_E_PROTO,
                     "server only supports protocol version %u.%u, but \"%s\" was set to %u.%u",
                     nv.version >> 16, nv.version & 0xffff, "min_protocol_version",
                     opt->proto_min >> 16, opt->proto_min & 0xffff);
        pgseal__detail(err,
                       "The server's newest protocol is %u.%u; servers since PostgreSQL 18 "
                       "have 3.2.",
                       nv.version >> 16, nv.version & 0xffff);
        pgseal__hint(err, "Remove min_protocol_version, or upgrade the server.");
        return PGSEAL_E_PROTO;
    }
    if (nv.noptions > 0) { /* we never ask for one */
        const char *name = (const char *)nv.options;
        char shown[200];

        pgseal__escape(shown, sizeof(shown), name, strlen(name), 128);
        if (strncmp(name, "_pq_.", 5) != 0)
            return pgseal__fail(err, PGSEAL_E_PROTO,
                                "%s: server reported unsupported parameter name without a \"%s\" "
                                "prefix (\"%s\")",
                                bad, "_pq_.", shown);
        return pgseal__fail(
            err, PGSEAL_E_PROTO,
            "%s: server reported an unsupported parameter that was not requested (\"%s\")", bad,
            shown);
    }
    c->facts.protocol = nv.version;
    return PGSEAL_READY;
}

static int on_error(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    struct pgseal_err local;
    int rc;

    if (err == NULL)
        err = &local;
    rc = pgseal__conn_refusal(c, f->body, f->len, err);
    if (rc != PGSEAL_E_SERVER)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    pgseal__emit(&c->trace, PGSEAL_EV_AUTHFAIL, err->msg);
    return pgseal__conn_failed(
        c, strcmp(err->sqlstate, "57P03") == 0 ? PGSEAL_OUT_BUSY : PGSEAL_OUT_SERVER_ERROR, rc);
}

static int on_authentication(struct pgseal_conn *c, struct pgseal_io *io,
                             const struct pgseal_frame *f, struct pgseal_err *err)
{
    size_t before = pgseal_buf_len(&io->plain_in);
    int rc;

    c->auth_started = true;
    rc = pgseal_auth_step(c->auth, f->body, f->len, &io->plain_in, err);
    pgseal_auth_facts(c->auth, &c->facts.auth);
    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    if (pgseal_buf_len(&io->plain_in) > before + 5)
        pgseal__emit_message(&c->trace, true, 'p', pgseal_buf_peek(&io->plain_in) + before + 5,
                             pgseal_buf_len(&io->plain_in) - before - 5);
    if (rc == PGSEAL_READY)
        c->phase = PHASE_SETTLE;
    return PGSEAL_READY;
}

static bool length_fits(uint8_t type, uint32_t length)
{
    return length >= 8 && length <= (type == 'E' ? ERROR_MESSAGE_MAX : AUTH_MESSAGE_MAX);
}

/* The head of plain_out, before AuthenticationOk: only R, v and E may come. */
static int one_auth_message(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    const uint8_t *p = pgseal_buf_peek(&io->plain_out);
    size_t n = pgseal_buf_len(&io->plain_out);
    struct pgseal_frame f;
    char shown[8];
    long size;
    int rc;

    if (n >= 1 && p[0] != 'R' && p[0] != 'v' && p[0] != 'E') {
        pgseal__fail(err, PGSEAL_E_PROTO,
                     "expected authentication request from server, but received %s",
                     pgseal__escape(shown, sizeof(shown), p, 1, 1));
        pgseal__hint(err, "Check host and port: is this PostgreSQL?");
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, PGSEAL_E_PROTO);
    }
    if (n < 5)
        return PGSEAL_MORE;
    if (!length_fits(p[0], pgseal__get32(p + 1))) {
        if (p[0] == 'E')
            return old_style_error(c, p + 1, n - 1, io->wire_in_eof, err);
        rc = pgseal__fail(err, PGSEAL_E_PROTO,
                          p[0] == 'R' ? "received invalid authentication request"
                                      : "received invalid protocol negotiation message");
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    }
    size = pgseal_frame_next(p, n, ERROR_MESSAGE_MAX, &f, err);
    if (size < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, (int)size);
    if (size == 0)
        return PGSEAL_MORE;
    pgseal__emit_message(&c->trace, false, f.type, f.body, f.len);
    if (f.type == 'E') {
        rc = on_error(c, &f, err);
    } else if (f.type == 'v') {
        rc = on_negotiate(c, &f, err);
        if (rc < 0)
            pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    } else {
        rc = on_authentication(c, io, &f, err);
    }
    pgseal_buf_consume(&io->plain_out, (size_t)size);
    return rc;
}

static int step_auth(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int pumped = pgseal__conn_pump(c, io, err);
    int rc;

    if (pumped < 0) /* such as a TLS 1.3 alert about our certificate: no other method is tried */
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, pumped);
    rc = one_auth_message(c, io, err);
    if (rc != PGSEAL_MORE)
        return rc;
    if (pumped == PGSEAL_CLOSED)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, pgseal__conn_closed(c, err));
    return PGSEAL_MORE;
}

/* The request is on its way; the server answers by closing (fe-cancel.c). */
static int step_cancelled(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = pgseal__conn_pump(c, io, err);

    if (pgseal_buf_len(&io->plain_out) > 0) {
        rc = pgseal__fail(err, PGSEAL_E_PROTO, "unexpected response from server");
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    }
    if (rc == PGSEAL_CLOSED || rc == PGSEAL_E_CLOSED) { /* EOF is success, with or without notify */
        c->outcome = PGSEAL_OUT_OPEN;
        return PGSEAL_READY;
    }
    return rc < 0 ? pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc) : PGSEAL_MORE;
}

static int step_open(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = pgseal__conn_pump(c, io, err);

    if (rc < 0)
        return pgseal__conn_failed(c, PGSEAL_OUT_REFUSED, rc);
    return rc == PGSEAL_MORE ? PGSEAL_READY : rc;
}

/*
 * What was to be seen came with the server's certificate; a server that refuses the rest, such as
 * a client without a certificate of its own, has shown it all the same.
 */
static int step_look(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int rc = pgseal__conn_handshake(c, io, err);
    struct pgseal_chain *sent;

    if (rc == PGSEAL_MORE)
        return rc;
    if (rc < 0) {
        sent = pgseal_tls_sent(c->tls);
        if (sent == NULL)
            return rc;
        pgseal_chain_free(sent);
    }
    c->phase = PHASE_LOOKED;
    c->outcome = PGSEAL_OUT_OPEN;
    return PGSEAL_READY;
}

int pgseal__conn_client_step(struct pgseal_conn *c, struct pgseal_io *io, int64_t now_unix_s,
                             struct pgseal_err *err)
{
    int rc = PGSEAL_READY;

    c->now_unix_s = now_unix_s;
    while (rc == PGSEAL_READY) {
        switch (c->phase) {
        case PHASE_START:
            rc = begin(c);
            break;
        case PHASE_NEGO:
            rc = step_nego(c, io, now_unix_s, err);
            break;
        case PHASE_TLS:
            rc = c->o.look ? step_look(c, io, err) : pgseal__conn_handshake(c, io, err);
            break;
        case PHASE_HELLO:
            rc = c->o.cancel != NULL ? send_cancel(c, io, err) : send_startup(c, io, err);
            break;
        case PHASE_AUTH:
            rc = step_auth(c, io, err);
            break;
        case PHASE_SETTLE:
            rc = pgseal__conn_settle(c, io, err);
            break;
        case PHASE_CANCELLED:
            return step_cancelled(c, io, err);
        case PHASE_LOOKED:
            return PGSEAL_READY;
        case PHASE_OPEN:
            return step_open(c, io, err);
        case PHASE_FAILED:
            return PGSEAL_E_USAGE;
        }
    }
    return rc;
}

const char *pgseal_conn_warning(struct pgseal_conn *c)
{
    const char *text = NULL;

    if (c->tls_ctx != NULL)
        text = pgseal_tls_ctx_warning(c->tls_ctx, c->tls_warnings);
    if (text != NULL) {
        c->tls_warnings++;
        return text;
    }
    if (c->tls != NULL && !c->tls_warned && (text = pgseal_tls_warning(c->tls)) != NULL) {
        c->tls_warned = true;
        return text;
    }
    return c->auth != NULL ? pgseal_auth_warning(c->auth) : NULL;
}

const char *pgseal_conn_param(const struct pgseal_conn *c, const char *name)
{
    for (size_t i = 0; i < c->nparams; i++)
        if (strcmp(c->params[2 * i], name) == 0)
            return c->params[2 * i + 1];
    return NULL;
}

const uint8_t *pgseal_conn_notice(struct pgseal_conn *c, size_t *n)
{
    const struct blob *b;

    if (c->notices_taken == c->nnotices)
        return NULL;
    b = &c->notices[c->notices_taken++];
    *n = b->n;
    return b->p;
}

const uint8_t *pgseal_conn_server_error(const struct pgseal_conn *c, size_t *n)
{
    *n = c->server_error.n;
    return c->server_error.p;
}

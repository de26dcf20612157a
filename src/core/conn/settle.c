/* SPDX-License-Identifier: PostgreSQL */
/* Client role, from AuthenticationOk to ReadyForQuery: settings, the cancel key, notices. */
#include "conn_int.h"

/* Message types that may be longer than 30000 bytes (fe-protocol3.c VALID_LONG_MESSAGE_TYPE). */
static bool may_be_long(uint8_t type)
{
    return type != '\0' && strchr("TDdVENA", type) != NULL;
}

/* Messages that belong to a query, not to the start of a session. */
static bool belongs_to_query(uint8_t type)
{
    return type != '\0' && strchr("CI123TntDGHWdc", type) != NULL;
}

static int on_parameter_status(struct pgseal_conn *c, const struct pgseal_frame *f,
                               struct pgseal_err *err)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    const char *name = pgseal_read_str(&r);
    const char *value = pgseal_read_str(&r);
    char *copy;
    size_t i = 0;

    if (r.bad)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "message contents do not agree with length in message type \"%c\"",
                            'S');
    while (i < c->nparams && strcmp(c->params[2 * i], name) != 0)
        i++;
    if (i == PARAMS_MAX)
        return pgseal__fail(err, PGSEAL_E_LIMIT,
                            "server reported more than %u settings before the session began",
                            PARAMS_MAX);
    copy = pgseal__strdup(value);
    if (copy == NULL)
        return pgseal__nomem(err);
    if (i == c->nparams) {
        c->params[2 * i] = pgseal__strdup(name);
        if (c->params[2 * i] == NULL) {
            pgseal__free(copy);
            return pgseal__nomem(err);
        }
        c->nparams++;
    }
    pgseal__free(c->params[2 * i + 1]);
    c->params[2 * i + 1] = copy;
    return PGSEAL_READY;
}

/* PG18 fe-protocol3.c getBackendKeyData: 4 bytes in 3.0, 4 to 256 in 3.2. */
static int on_key(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    static const char bad[] = "received invalid BackendKeyData message";
    size_t n = f->len < 4 ? 0 : f->len - 4;

    if (f->len < 4)
        return pgseal__fail(err, PGSEAL_E_PROTO, "%s: message too short", bad);
    if (c->facts.protocol == PGSEAL_PROTO_3_0 && n != 4)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: cancel key with length %zu not allowed in protocol version 3.0 "
                            "(must be 4 bytes)",
                            bad, n);
    if (n < 4)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: cancel key with length %zu is too short (minimum 4 bytes)", bad,
                            n);
    if (n > PGSEAL_CANCEL_KEY_MAX)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "%s: cancel key with length %zu is too long (maximum 256 bytes)", bad,
                            n);
    c->facts.cancel.pid = pgseal__get32(f->body);
    c->facts.cancel.key_len = n;
    memcpy(c->facts.cancel.key, f->body + 4, n);
    return PGSEAL_READY;
}

/* Notices are the application's to show; more than a few before a session begins are dropped. */
static int on_notice(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    int rc;

    if (c->nnotices == NOTICES_MAX)
        return PGSEAL_READY;
    rc = pgseal__blob_set(&c->notices[c->nnotices], f->body, f->len, err);
    if (rc < 0)
        return rc;
    c->nnotices++;
    return PGSEAL_READY;
}

static int on_ready(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    if (f->len != 1)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "message contents do not agree with length in message type \"%c\"",
                            'Z');
    c->facts.txn = (char)f->body[0];
    c->facts.open = true;
    c->outcome = PGSEAL_OUT_OPEN;
    c->phase = PHASE_OPEN;
    return PGSEAL_READY;
}

static int on_other(const struct pgseal_frame *f, struct pgseal_err *err)
{
    char shown[8];

    if (belongs_to_query(f->type))
        return pgseal__fail(err, PGSEAL_E_PROTO, "unexpected message from server during startup");
    return pgseal__fail(err, PGSEAL_E_PROTO,
                        "unexpected response from server; first received character was \"%s\"",
                        pgseal__escape(shown, sizeof(shown), &f->type, 1, 1));
}

static int dispatch(struct pgseal_conn *c, const struct pgseal_frame *f, struct pgseal_err *err)
{
    switch (f->type) {
    case 'S':
        return on_parameter_status(c, f, err);
    case 'K':
        return on_key(c, f, err);
    case 'N':
        return on_notice(c, f, err);
    case 'A': /* NotificationResponse: nobody listens yet */
        return PGSEAL_READY;
    case 'Z':
        return on_ready(c, f, err);
    case 'E':
        return pgseal__conn_refusal(c, f->body, f->len, err);
    default:
        return on_other(f, err);
    }
}

/* Takes the message at the head of plain_out. READY, MORE, or < 0. */
static int one_message(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    const uint8_t *p = pgseal_buf_peek(&io->plain_out);
    size_t n = pgseal_buf_len(&io->plain_out);
    struct pgseal_frame f;
    char shown[8];
    long size;
    int rc;

    if (n < 5)
        return PGSEAL_MORE;
    if (pgseal__get32(p + 1) < 4 || (pgseal__get32(p + 1) > 30000 && !may_be_long(p[0])))
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "lost synchronization with server: got message type \"%s\", length %d",
                            pgseal__escape(shown, sizeof(shown), p, 1, 1),
                            (int)pgseal__get32(p + 1));
    size = pgseal_frame_next(p, n, STARTUP_BODY_MAX, &f, err);
    if (size <= 0)
        return (int)size;
    pgseal__emit_message(&c->trace, false, f.type, f.body, f.len);
    rc = dispatch(c, &f, err);
    pgseal_buf_consume(&io->plain_out, (size_t)size);
    return rc;
}

/* fe-connect.c CONNECTION_AUTH_OK: what a server before 9.0 says to application_name. */
static bool name_refused(const struct pgseal_conn *c, int rc, const struct pgseal_err *err)
{
    return rc == PGSEAL_E_SERVER && err != NULL && strcmp(err->sqlstate, "42704") == 0 &&
           !c->o.unnamed && pgseal_conninfo_options(c->o.ci)->application_name != NULL;
}

int pgseal__conn_settle(struct pgseal_conn *c, struct pgseal_io *io, struct pgseal_err *err)
{
    int pumped = pgseal__conn_pump(c, io, err);
    int rc = pumped < 0 ? pumped : one_message(c, io, err);

    if (rc == PGSEAL_MORE && pumped == PGSEAL_CLOSED)
        rc = pgseal__conn_closed(c, err);
    if (rc >= 0)
        return rc;
    return pgseal__conn_failed(
        c, name_refused(c, rc, err) ? PGSEAL_OUT_NAME_REFUSED : PGSEAL_OUT_REFUSED, rc);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Decodes the first packet of a client and the server's answer to an unknown protocol. */
#include "core/base/base.h"

#include <pgseal/wire.h>

/* PG18 backend_startup.c: these go to the server's log, the client only sees the close. */
static int bad_packet(struct pgseal_err *err, const char *msg, const char *detail)
{
    pgseal__fail(err, PGSEAL_E_PROTO, "%s", msg);
    pgseal__detail(err, "%s", detail);
    return PGSEAL_E_PROTO;
}

/* Names and values up to an empty name, which must be the last byte. */
static bool pairs_are_whole(const uint8_t *p, size_t n)
{
    struct pgseal_reader r = pgseal_reader(p, n);

    while (pgseal_read_str(&r)[0] != '\0')
        pgseal_read_str(&r);
    return !r.bad && r.n == 0;
}

static int parse_cancel(struct pgseal_reader *r, struct pgseal_startup *s, struct pgseal_err *err)
{
    s->kind = PGSEAL_FIRST_CANCEL;
    s->pid = pgseal_read_u32(r);
    if (r->bad)
        return bad_packet(err, "invalid length of cancel request packet",
                          "There is no process number in it.");
    if (r->n < 1 || r->n > PGSEAL_CANCEL_KEY_MAX)
        return bad_packet(err, "invalid length of cancel key in cancel request packet",
                          "A cancel key has 1 to 256 bytes.");
    s->key_len = r->n;
    s->key = pgseal_read_bytes(r, r->n);
    return 0;
}

static int parse_request(struct pgseal_reader *r, struct pgseal_startup *s, enum pgseal_first kind,
                         struct pgseal_err *err)
{
    s->kind = kind;
    /*
     * PostgreSQL ignores what follows the code. Nothing may follow it, and unexplained plain bytes
     * in front of TLS are what this library is there to refuse.
     */
    if (r->n > 0)
        return bad_packet(err, "invalid length of startup packet",
                          "An encryption request has exactly 8 bytes.");
    return 0;
}

static int parse_startup(struct pgseal_reader *r, struct pgseal_startup *s, struct pgseal_err *err)
{
    s->kind = PGSEAL_FIRST_STARTUP;
    /* What a version of another major number has behind it, nobody knows. */
    if (s->version >> 16 != 3)
        return 0;
    if (!pairs_are_whole(r->p, r->n))
        return bad_packet(err, "invalid startup packet layout: expected terminator as last byte",
                          "Names and values do not end where the packet ends.");
    s->pairs_len = r->n;
    s->pairs = pgseal_read_bytes(r, r->n);
    return 0;
}

long pgseal_startup_next(const uint8_t *p, size_t n, struct pgseal_startup *out,
                         struct pgseal_err *err)
{
    struct pgseal_startup s = {0};
    struct pgseal_reader r;
    uint32_t len;
    int rc;

    if (n < 4)
        return 0;
    len = pgseal__get32(p);
    if (len < 8 || len - 4 > PGSEAL_STARTUP_MAX)
        return bad_packet(err, "invalid length of startup packet",
                          "A startup packet has 8 to 10004 bytes, its length word included.");
    if (n < len)
        return 0;
    r = pgseal_reader(p + 4, len - 4);
    s.version = pgseal_read_u32(&r);
    switch (s.version) {
    case PGSEAL_CODE_CANCEL:
        rc = parse_cancel(&r, &s, err);
        break;
    case PGSEAL_CODE_SSLREQUEST:
        rc = parse_request(&r, &s, PGSEAL_FIRST_SSLREQUEST, err);
        break;
    case PGSEAL_CODE_GSSENC:
        rc = parse_request(&r, &s, PGSEAL_FIRST_GSSENC, err);
        break;
    default:
        rc = parse_startup(&r, &s, err);
    }
    if (rc < 0)
        return rc;
    *out = s;
    return (long)len;
}

const char *pgseal_startup_get(const struct pgseal_startup *s, const char *name)
{
    struct pgseal_reader r = pgseal_reader(s->pairs, s->pairs_len);
    const char *found = NULL;

    for (;;) {
        const char *key = pgseal_read_str(&r);
        const char *value = pgseal_read_str(&r);

        if (r.bad)
            return found;
        /* As in the server, the last one wins. */
        if (strcmp(key, name) == 0)
            found = value;
    }
}

/* libpq 18 fe-protocol3.c pqGetNegotiateProtocolVersion3(); what the values mean is conn's affair.
 */
int pgseal_negotiate_parse(const uint8_t *body, size_t n, struct pgseal_negotiate *out,
                           struct pgseal_err *err)
{
    static const char bad[] = "received invalid protocol negotiation message";
    struct pgseal_reader r = pgseal_reader(body, n);
    struct pgseal_negotiate nv = {.version = pgseal_read_u32(&r)};

    nv.noptions = pgseal_read_u32(&r);
    nv.options = r.p;
    nv.options_len = r.n;
    if (nv.noptions <= INT32_MAX)
        for (uint32_t i = 0; i < nv.noptions && !r.bad; i++)
            pgseal_read_str(&r);
    if (r.bad)
        return pgseal__fail(err, PGSEAL_E_PROTO, "%s: message too short", bad);
    if (nv.noptions <= INT32_MAX && r.n > 0)
        return pgseal__fail(err, PGSEAL_E_PROTO, "%s", bad);
    *out = nv;
    return 0;
}

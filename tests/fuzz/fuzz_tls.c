/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes TLS endpoints: hostile bytes to either role, and a handshake edited on its way. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/tls.h>

#define NOW INT64_C(1795435200)

/* Index: 0 = TLS 1.2, 1 = TLS 1.3. Made once: an input is about bytes, not about contexts. */
static struct pgseal_tls_ctx *clients[2], *doubters[2], *servers[2];

static struct pgseal_minted *mint(const char *cn, bool ca, const struct pgseal_minted *issuer)
{
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .cn = cn,
                                    .ca = ca,
                                    .pathlen = -1,
                                    .not_before_unix_s = NOW - 86400,
                                    .not_after_unix_s = NOW + 86400};
    struct pgseal_minted *m = pgseal_mint(&o, issuer, NULL);

    must(m != NULL);
    return m;
}

static struct pgseal_trust *trust(const struct pgseal_minted *m)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    const char *pem = pgseal_minted_cert_pem(m);

    must(t != NULL &&
         pgseal_trust_add_pem(t, "root", (const uint8_t *)pem, strlen(pem), NULL) == 1);
    return t;
}

static void make_contexts(void)
{
    struct pgseal_minted *root = mint("root", true, NULL), *wrong = mint("wrong", true, NULL);
    struct pgseal_minted *leaf = mint("db.test", false, root);
    struct pgseal_trust *right = trust(root), *other = trust(wrong);

    for (int i = 0; i < 2; i++) {
        struct pgseal_tls_options o = {.size = sizeof(o), .min = 0x0303 + i, .max = 0x0303 + i};

        o.trust = right;
        clients[i] = pgseal_tls_ctx_new(&o, NULL);
        o.trust = other;
        doubters[i] = pgseal_tls_ctx_new(&o, NULL);
        o.trust = right; /* asks for client certificates */
        o.server = true;
        o.cert_pem = pgseal_minted_cert_pem(leaf);
        o.key_pem = pgseal_minted_key_pem(leaf);
        servers[i] = pgseal_tls_ctx_new(&o, NULL);
        must(clients[i] != NULL && doubters[i] != NULL && servers[i] != NULL);
    }
    pgseal_trust_free(right);
    pgseal_trust_free(other);
    pgseal_minted_free(root);
    pgseal_minted_free(wrong);
    pgseal_minted_free(leaf);
}

/* What holds after every step, whatever the peer does. */
static void check_step(const struct pgseal_tls *t, int rc, bool was_ready, struct pgseal_io *io,
                       const struct pgseal_err *err)
{
    struct pgseal_tls_facts f;

    must(rc <= PGSEAL_CLOSED);
    if (rc < 0) {
        must(err->code == rc && err->msg[0] != '\0');
        must(strlen(err->msg) < sizeof(err->msg) && strlen(err->detail) < sizeof(err->detail));
        for (const char *p = err->detail; *p != '\0'; p++) /* a peer's bytes are shown tame */
            must((uint8_t)*p >= 0x20 && *p != 0x7f);
    }
    if (!was_ready)
        must(pgseal_buf_len(&io->plain_out) == 0 && (rc != PGSEAL_MORE || err->code == 0));
    if (rc == PGSEAL_READY)
        must(pgseal_tls_facts(t, &f, NULL) == 0 && f.version[0] == 'T');
}

/* The bytes are all that the endpoint ever gets; `piece` bytes at a time. */
static void hostile(struct pgseal_tls_ctx *ctx, const uint8_t *p, size_t n, size_t piece)
{
    struct pgseal_tls *t = pgseal_tls_new(ctx, "db.test", true, true, NOW, NULL);
    struct pgseal_err err = {0};
    struct pgseal_io io;
    int rc;

    must(t != NULL);
    pgseal_io_init(&io, 65536);
    rc = pgseal_tls_step(t, &io, &err);
    must(rc == PGSEAL_MORE);
    while (rc >= 0 && !io.wire_in_eof) {
        size_t take = n < piece ? n : piece;

        if (take == 0)
            io.wire_in_eof = true;
        must(pgseal_buf_append(&io.wire_in, p, take, NULL) == 0);
        p += take;
        n -= take;
        rc = pgseal_tls_step(t, &io, &err);
        check_step(t, rc, false, &io, &err);
        must(rc != PGSEAL_READY); /* nobody finishes a handshake without taking part in it */
        pgseal_buf_consume(&io.wire_out, pgseal_buf_len(&io.wire_out));
    }
    must(rc < 0);
    pgseal_io_done(&io);
    pgseal_tls_free(t);
}

/* Edits of one direction: triples of a 16-bit distance from the last edit and a byte to XOR. */
struct edits {
    const uint8_t *p;
    size_t n;
    size_t at, next; /* position in the stream, of the next edit */
    int done;
};

static void load(struct edits *e)
{
    if (e->n < 3) {
        e->next = SIZE_MAX;
        return;
    }
    e->next = e->at + pgseal__get16(e->p);
}

static void travel(struct pgseal_buf *to, struct pgseal_buf *from, struct edits *e)
{
    size_t n = pgseal_buf_len(from);
    const uint8_t *p = pgseal_buf_peek(from);

    for (size_t i = 0; i < n; i++, e->at++) {
        uint8_t b = p[i];

        if (e->at == e->next) {
            b ^= e->p[2];
            e->done += e->p[2] != 0;
            e->p += 3;
            e->n -= 3;
            load(e);
            if (e->next == e->at)
                e->next++;
        }
        must(pgseal_buf_append(to, &b, 1, NULL) == 0);
    }
    pgseal_buf_consume(from, n);
}

/* A real handshake whose bytes are edited on the way: a client that does not know the root never
 * completes one, and nothing is ever opened that was not sealed. */
static void edited(int version, bool doubt, bool to_client, const uint8_t *p, size_t n)
{
    struct pgseal_tls *t[2];
    struct pgseal_io io[2];
    struct pgseal_err err[2] = {{0}, {0}};
    struct edits change = {p, n, 0, 0, 0}, keep = {NULL, 0, 0, SIZE_MAX, 0};
    int rc[2] = {0, 0};

    t[0] = pgseal_tls_new(doubt ? doubters[version] : clients[version], "db.test", true, true, NOW,
                          NULL);
    t[1] = pgseal_tls_new(servers[version], NULL, false, false, NOW, NULL);
    must(t[0] != NULL && t[1] != NULL);
    load(&change);
    for (int i = 0; i < 2; i++) {
        pgseal_io_init(&io[i], 65536);
        must(pgseal_buf_append(&io[i].plain_in, "data", 4, NULL) == 0);
    }
    for (int turn = 0; turn < 12 && rc[0] >= 0 && rc[1] >= 0; turn++) {
        for (int i = 0; i < 2; i++) {
            bool was_ready = rc[i] > 0;

            rc[i] = pgseal_tls_step(t[i], &io[i], &err[i]);
            check_step(t[i], rc[i], was_ready, &io[i], &err[i]);
            if (rc[i] < 0)
                break;
        }
        must(!doubt || rc[0] <= 0);
        travel(&io[1].wire_in, &io[0].wire_out, to_client ? &keep : &change);
        travel(&io[0].wire_in, &io[1].wire_out, to_client ? &change : &keep);
        io[0].wire_in_eof = rc[1] < 0;
        io[1].wire_in_eof = rc[0] < 0;
    }
    if (change.done == 0) /* nothing was changed: the harness itself works */
        must((rc[0] > 0) == !doubt && (doubt || pgseal_buf_len(&io[0].plain_out) == 4));
    for (int i = 0; i < 2; i++) {
        if (pgseal_buf_len(&io[i].plain_out) > 0) /* what is opened is what was sealed */
            must(pgseal_buf_len(&io[i].plain_out) == 4 &&
                 memcmp(pgseal_buf_peek(&io[i].plain_out), "data", 4) == 0);
        pgseal_io_done(&io[i]);
        pgseal_tls_free(t[i]);
    }
}

/* Input: a byte of flags, a byte of piece size, then bytes or edits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int version;

    if (size < 2 || size > 40000)
        return 0;
    if (clients[0] == NULL)
        make_contexts();
    version = data[0] >> 1 & 1;
    if (data[0] & 1)
        edited(version, data[0] & 4, data[0] & 8, data + 2, size - 2);
    else
        hostile(data[0] & 4 ? servers[version] : clients[version], data + 2, size - 2,
                data[1] == 0 ? SIZE_MAX : data[1]);
    return 0;
}

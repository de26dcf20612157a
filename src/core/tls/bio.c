/* SPDX-License-Identifier: PostgreSQL */
/* The private BIO: OpenSSL reads wire_in and writes wire_out of the io of the running step. */
#include "tls_int.h"

#include <openssl/bio.h>

/* Any type below BIO_TYPE_START is free for use; BIO_get_new_index() would be global state. */
#define TLS_BIO_TYPE (BIO_TYPE_SOURCE_SINK | 127)

static int bio_read(BIO *bio, char *out, size_t n, size_t *done)
{
    struct pgseal_tls *t = BIO_get_data(bio);
    struct pgseal_io *io = t->io;
    struct tls_seen *s = &t->seen;
    size_t have;

    BIO_clear_retry_flags(bio);
    *done = 0;
    if (io == NULL)
        return 0;
    have = pgseal_buf_len(&io->wire_in);
    if (have == 0) {
        if (!io->wire_in_eof)
            BIO_set_retry_read(bio);
        return 0;
    }
    if (n > have)
        n = have;
    memcpy(out, pgseal_buf_peek(&io->wire_in), n);
    pgseal_buf_consume(&io->wire_in, n);
    if (s->nfirst < sizeof(s->first)) {
        size_t keep = sizeof(s->first) - s->nfirst;

        keep = keep < n ? keep : n;
        memcpy(s->first + s->nfirst, out, keep);
        s->nfirst += keep;
    }
    s->bytes_in += n;
    *done = n;
    return 1;
}

/*
 * Takes what fits. While data is sealed there is always room (see seal() in engine.c), because a
 * retry would tie OpenSSL to one buffer; in a handshake a full queue is a wait like any other.
 */
static int bio_write(BIO *bio, const char *p, size_t n, size_t *done)
{
    struct pgseal_tls *t = BIO_get_data(bio);
    size_t room;

    BIO_clear_retry_flags(bio);
    *done = 0;
    if (t->io == NULL)
        return 0;
    room = pgseal_buf_room(&t->io->wire_out);
    if (room == 0) {
        BIO_set_retry_write(bio);
        return 0;
    }
    if (n > room)
        n = room;
    if (pgseal_buf_append(&t->io->wire_out, p, n, NULL) < 0) {
        t->nomem = true;
        return 0;
    }
    t->seen.bytes_out += n;
    *done = n;
    return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    const struct pgseal_tls *t = BIO_get_data(bio);

    switch (cmd) {
    case BIO_CTRL_EOF: /* what makes an end of bytes "unexpected eof" and not a system error */
        return t->io != NULL && t->io->wire_in_eof && pgseal_buf_len(&t->io->wire_in) == 0;
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

BIO_METHOD *pgseal__tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(TLS_BIO_TYPE, "pgseal queues");

    if (m == NULL)
        return NULL;
    if (!BIO_meth_set_read_ex(m, bio_read) || !BIO_meth_set_write_ex(m, bio_write) ||
        !BIO_meth_set_ctrl(m, bio_ctrl)) {
        BIO_meth_free(m);
        return NULL;
    }
    return m;
}

int pgseal__tls_set_bio(struct pgseal_tls *t)
{
    BIO *bio = BIO_new(t->ctx->bio_method);

    if (bio == NULL)
        return 0;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    return 1;
}

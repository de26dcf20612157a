/* SPDX-License-Identifier: PostgreSQL */
/* The byte queue: one block of memory, bytes between head and tail. */
#include "core/base/base.h"

#include <pgseal/buf.h>

/* What wire_out may hold over its mark, for alerts, KeyUpdate and tickets. */
#define WIRE_OUT_RESERVE 65536u

void pgseal_buf_init(struct pgseal_buf *b, size_t max)
{
    *b = (struct pgseal_buf){.max = max > 0 ? max : 1};
}

void pgseal_buf_done(struct pgseal_buf *b)
{
    if (b->secret && b->base != NULL)
        pgseal__wipe(b->base, b->cap);
    pgseal__free(b->base);
    b->base = NULL;
    b->head = b->tail = b->cap = 0;
}

size_t pgseal_buf_len(const struct pgseal_buf *b)
{
    return b->tail - b->head;
}

size_t pgseal_buf_room(const struct pgseal_buf *b)
{
    return b->max - pgseal_buf_len(b);
}

const uint8_t *pgseal_buf_peek(const struct pgseal_buf *b)
{
    return b->tail > b->head ? b->base + b->head : NULL;
}

void pgseal_buf_consume(struct pgseal_buf *b, size_t n)
{
    if (n == 0)
        return;
    if (b->secret)
        pgseal__wipe(b->base + b->head, n);
    b->head += n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

void pgseal_buf_unappend(struct pgseal_buf *b, size_t n)
{
    if (n == 0)
        return;
    b->tail -= n;
    if (b->secret)
        pgseal__wipe(b->base + b->tail, n);
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

/* Gives `b` a block of `cap` bytes that begins with its content. */
static int grow(struct pgseal_buf *b, size_t cap, struct pgseal_err *err)
{
    size_t len = pgseal_buf_len(b);
    uint8_t *fresh = pgseal__alloc(cap);

    if (fresh == NULL)
        return pgseal__nomem(err);
    if (b->base != NULL)
        memcpy(fresh, b->base + b->head, len);
    if (b->secret && b->base != NULL)
        pgseal__wipe(b->base, b->cap);
    pgseal__free(b->base);
    b->base = fresh;
    b->cap = cap;
    b->head = 0;
    b->tail = len;
    return 0;
}

uint8_t *pgseal_buf_reserve(struct pgseal_buf *b, size_t n, struct pgseal_err *err)
{
    size_t len = pgseal_buf_len(b);
    size_t cap = b->cap > 0 ? b->cap : 256;

    if (n > pgseal_buf_room(b)) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "a queue of at most %zu bytes is full", b->max);
        return NULL;
    }
    if (b->base != NULL && n <= b->cap - b->tail)
        return b->base + b->tail;
    if (b->base != NULL && n <= b->cap - len && b->head >= len) { /* cheap enough to slide */
        memcpy(b->base, b->base + b->head, len);
        if (b->secret)
            pgseal__wipe(b->base + b->head, len);
        b->head = 0;
        b->tail = len;
        return b->base + b->tail;
    }
    while (cap < len + n)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    return grow(b, cap, err) < 0 ? NULL : b->base + b->tail;
}

void pgseal_buf_commit(struct pgseal_buf *b, size_t n)
{
    b->tail += n;
}

int pgseal_buf_append(struct pgseal_buf *b, const void *p, size_t n, struct pgseal_err *err)
{
    uint8_t *to;

    if (n == 0)
        return 0;
    to = pgseal_buf_reserve(b, n, err);
    if (to == NULL)
        return n > pgseal_buf_room(b) ? PGSEAL_E_LIMIT : PGSEAL_E_NOMEM;
    memcpy(to, p, n);
    pgseal_buf_commit(b, n);
    return 0;
}

int pgseal_buf_move(struct pgseal_buf *to, struct pgseal_buf *from, struct pgseal_err *err)
{
    size_t n = pgseal_buf_len(from);
    int rc;

    if (n == 0)
        return 0;
    if (pgseal_buf_len(to) == 0 && n <= to->max && to->secret == from->secret &&
        from->cap <= to->max && to->cap <= from->max) {
        struct pgseal_buf old = *to;

        to->base = from->base, to->head = from->head, to->tail = from->tail, to->cap = from->cap;
        from->base = old.base, from->head = from->tail = 0, from->cap = old.cap;
        return 0;
    }
    if (n > pgseal_buf_room(to))
        n = pgseal_buf_room(to);
    rc = pgseal_buf_append(to, pgseal_buf_peek(from), n, err);
    if (rc == 0)
        pgseal_buf_consume(from, n);
    return rc;
}

void pgseal_io_init(struct pgseal_io *io, size_t max)
{
    *io = (struct pgseal_io){0};
    pgseal_buf_init(&io->wire_in, max);
    pgseal_buf_init(&io->wire_out, max + WIRE_OUT_RESERVE);
    pgseal_buf_init(&io->plain_in, max);
    pgseal_buf_init(&io->plain_out, max);
}

void pgseal_io_done(struct pgseal_io *io)
{
    pgseal_buf_done(&io->wire_in);
    pgseal_buf_done(&io->wire_out);
    pgseal_buf_done(&io->plain_in);
    pgseal_buf_done(&io->plain_out);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The byte queue and the four ports that every stage of a connection works on. */
#ifndef PGSEAL_BUF_H
#define PGSEAL_BUF_H

#include <pgseal/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A byte queue: append at the tail, consume at the head, never longer than `max`.
 *
 * Consumed and released bytes are wiped when `secret` is set. An empty queue may own no memory.
 */
struct pgseal_buf {
    uint8_t *base; /**< private */
    size_t head;   /**< private */
    size_t tail;   /**< private */
    size_t cap;    /**< private */
    size_t max;    /**< Most bytes it may hold, >= 1. Set once by pgseal_buf_init(). */
    bool secret;   /**< Wipe what is consumed, moved or released. */
};

/** Makes `b` an empty queue of at most `max` bytes. Allocates nothing. */
PGSEAL_API void pgseal_buf_init(struct pgseal_buf *b, size_t max);
/** Releases the memory; `b` is an empty queue again. A {0} queue is fine. */
PGSEAL_API void pgseal_buf_done(struct pgseal_buf *b);
/** Bytes in the queue. */
PGSEAL_API size_t pgseal_buf_len(const struct pgseal_buf *b);
/** Bytes that may still be appended: max - len. */
PGSEAL_API size_t pgseal_buf_room(const struct pgseal_buf *b);
/** Lends the bytes at the head, until the next call that changes `b`. NULL when empty. */
PGSEAL_API const uint8_t *pgseal_buf_peek(const struct pgseal_buf *b);
/** Drops `n` bytes at the head; `n` must not exceed the length. */
PGSEAL_API void pgseal_buf_consume(struct pgseal_buf *b, size_t n);
/** Drops `n` bytes at the tail, as if they had never been appended. */
PGSEAL_API void pgseal_buf_unappend(struct pgseal_buf *b, size_t n);

/**
 * Appends `n` bytes, all or nothing.
 *
 * @param b    borrows.
 * @param p    borrows. May be NULL when n is 0.
 * @param err  filled on failure; may be NULL.
 * @return     0, or < 0.
 *
 * Errors:
 *   PGSEAL_E_LIMIT  the queue would grow over max
 *   PGSEAL_E_NOMEM
 * Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_buf_append(struct pgseal_buf *b, const void *p, size_t n,
                                                 struct pgseal_err *err);

/**
 * Lends room for up to `n` bytes behind the tail, to be filled and then committed.
 *
 * @return  the place, or NULL: see err (LIMIT, NOMEM). Valid until the next call that changes `b`.
 */
PGSEAL_API uint8_t *pgseal_buf_reserve(struct pgseal_buf *b, size_t n, struct pgseal_err *err);
/** Makes the first `n` reserved bytes part of the queue. */
PGSEAL_API void pgseal_buf_commit(struct pgseal_buf *b, size_t n);

/** Moves as much of `from` to the tail of `to` as fits; swaps storage when `to` is empty. */
PGSEAL_API PGSEAL_MUST_USE int pgseal_buf_move(struct pgseal_buf *to, struct pgseal_buf *from,
                                               struct pgseal_err *err);

/**
 * The four queues every connection stage works on. "in" and "out" are seen from the stage:
 *
 *     socket --> wire_in  [ stage ]  plain_out --> application
 *     socket <-- wire_out [ stage ]  plain_in  <-- application
 *
 * The loop that owns the socket sets wire_in_eof after recv() returned 0; the application sets
 * plain_in_eof when it will write no more. Truncation, close_notify and half-close differ.
 */
struct pgseal_io {
    struct pgseal_buf wire_in;
    struct pgseal_buf wire_out;
    struct pgseal_buf plain_in;
    struct pgseal_buf plain_out;
    bool wire_in_eof;  /**< The peer will send no more bytes. */
    bool plain_in_eof; /**< The application will send no more bytes. */
};

/** Makes four empty queues of at most `max` bytes each (wire_out: max + 64 kB for alerts). */
PGSEAL_API void pgseal_io_init(struct pgseal_io *io, size_t max);
/** Releases all four. */
PGSEAL_API void pgseal_io_done(struct pgseal_io *io);

/** What a step of a stage achieved. Negative values are enum pgseal_code. */
enum pgseal_step {
    PGSEAL_MORE = 0,  /**< Blocked until wire_in grows (or wire_out or plain_out is drained). */
    PGSEAL_READY = 1, /**< Goal reached; keep stepping to move data. */
    PGSEAL_CLOSED = 2 /**< The peer closed cleanly. */
};

#ifdef __cplusplus
}
#endif
#endif

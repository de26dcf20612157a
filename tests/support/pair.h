/* SPDX-License-Identifier: PostgreSQL */
/* Two ends of a connection without a network: what one end sends is what the other receives. */
#ifndef T_PAIR_H
#define T_PAIR_H

#include "chunk.h"

#include <pgseal/buf.h>

/* Sees every piece that travels. */
typedef void (*t_tap)(void *ctx, bool to_server, const uint8_t *p, size_t n);

struct t_pair {
    struct pgseal_io client;
    struct pgseal_io server;
    struct t_cut cut;   /* the pieces in which bytes travel */
    bool client_closed; /* set by the test: EOF follows what the client has sent */
    bool server_closed;
    t_tap tap; /* NULL = nobody looks */
    void *tap_ctx;
};

/* max: as pgseal_io_init(). cut may be NULL: whole. */
void t_pair_init(struct t_pair *p, size_t max, const struct t_cut *cut);
void t_pair_done(struct t_pair *p);

/*
 * Lets one piece travel each way, as far as the receiver has room, and tells an end of file once
 * everything before it has arrived. Returns whether anything moved: when nothing moves and no end
 * wants to do more, the scenario is over.
 */
bool t_pair_move(struct t_pair *p);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Two pgseal_io connected in memory. */
#include "pair.h"

#include "t.h"

void t_pair_init(struct t_pair *p, size_t max, const struct t_cut *cut)
{
    *p = (struct t_pair){0};
    pgseal_io_init(&p->client, max);
    pgseal_io_init(&p->server, max);
    if (cut)
        p->cut = *cut;
}

void t_pair_done(struct t_pair *p)
{
    pgseal_io_done(&p->client);
    pgseal_io_done(&p->server);
}

static bool travel(struct t_pair *p, bool to_server)
{
    struct pgseal_io *from = to_server ? &p->client : &p->server;
    struct pgseal_io *to = to_server ? &p->server : &p->client;
    size_t n = pgseal_buf_len(&from->wire_out);
    size_t room = pgseal_buf_room(&to->wire_in);

    if (n == 0) {
        bool closed = to_server ? p->client_closed : p->server_closed;
        bool news = closed && !to->wire_in_eof;

        to->wire_in_eof = closed;
        return news;
    }
    n = t_cut_take(&p->cut, n < room ? n : room);
    if (n == 0)
        return false;
    if (p->tap)
        p->tap(p->tap_ctx, to_server, pgseal_buf_peek(&from->wire_out), n);
    assert_int_equal(pgseal_buf_append(&to->wire_in, pgseal_buf_peek(&from->wire_out), n, NULL), 0);
    pgseal_buf_consume(&from->wire_out, n);
    return true;
}

bool t_pair_move(struct t_pair *p)
{
    bool up = travel(p, true);
    bool down = travel(p, false);

    return up || down;
}

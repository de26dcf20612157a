/* SPDX-License-Identifier: PostgreSQL */
/* Writes down the events of a negotiation, as words separated by blanks. */
#ifndef T_NEGO_EVENTS_H
#define T_NEGO_EVENTS_H

#include "core/base/base.h"
#include "t.h"

#include <pgseal/nego.h>

struct t_events {
    char words[512];    /* names of the events, without messages */
    char messages[512]; /* messages as the trace printer shows them, a line each */
};

static inline void t_on_event(void *ctx, const struct pgseal_trace_event *ev)
{
    struct t_events *e = ctx;
    struct pgseal_buf line;

    if (ev->ev != PGSEAL_EV_MESSAGE) {
        pgseal__append(e->words, sizeof(e->words), "%s%s", e->words[0] ? " " : "",
                       pgseal_event_str(ev->ev));
        return;
    }
    pgseal_buf_init(&line, 300);
    assert_int_equal(
        pgseal_trace_print(&line, ev->from_frontend, ev->type, ev->data, ev->len, NULL), 0);
    pgseal__append(e->messages, sizeof(e->messages), "%.*s", (int)pgseal_buf_len(&line),
                   (const char *)pgseal_buf_peek(&line));
    pgseal_buf_done(&line);
}

#endif

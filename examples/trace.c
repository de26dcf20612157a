/* SPDX-License-Identifier: PostgreSQL */
/* trace.h: the core never logs; whoever wants to know what it does listens to its events. */
#include <pgseal/nego.h>
#include <pgseal/trace.h>

#include <stdio.h>

static void on_event(void *ctx, const struct pgseal_trace_event *ev)
{
    int *n = ctx;

    printf("%d %s\n", ++*n, pgseal_event_str(ev->ev));
}

int main(void)
{
    int n = 0;
    struct pgseal_trace trace = {on_event, &n};
    struct pgseal_nego client;
    struct pgseal_io io;
    struct pgseal_err err;
    int rc;

    pgseal_io_init(&io, 4096);
    pgseal_nego_client_init(&client, false, &trace);
    rc = pgseal_nego_client_step(&client, &io, &err);
    if (rc == PGSEAL_NEGO_MORE && pgseal_buf_append(&io.wire_in, "N", 1, &err) == 0)
        rc = pgseal_nego_client_step(&client, &io, &err);
    pgseal_io_done(&io);
    return rc == PGSEAL_NEGO_REFUSED ? 0 : 1;
}

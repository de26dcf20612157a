/* SPDX-License-Identifier: PostgreSQL */
/* --trace: negotiation as "-" lines, messages as libpq's PQtrace() prints them. */
#include "trace_int.h"

#include "core/base/base.h"

#include <pgseal/wire.h>

#define LINE_MAX_BYTES (64u * 1024 * 1024)

static void print_message(FILE *f, const struct pgseal_trace_event *ev)
{
    struct pgseal_buf line;

    pgseal_buf_init(&line, LINE_MAX_BYTES);
    if (pgseal_trace_print(&line, ev->from_frontend, ev->type, ev->data, ev->len, NULL) == 0)
        fwrite(pgseal_buf_peek(&line), 1, pgseal_buf_len(&line), f);
    else
        fprintf(f, "%c\t%zu\t(too long to print)\n", ev->from_frontend ? 'F' : 'B', ev->len + 4);
    pgseal_buf_done(&line);
}

void cli_trace_event(void *ctx, const struct pgseal_trace_event *ev)
{
    struct cli_trace *t = ctx;

    if (ev->ev == PGSEAL_EV_SSLREJECT)
        t->server_said_no = true;
    if (ev->ev == PGSEAL_EV_TLS_FAIL) {
        t->tls_failed = true;
        pgseal__format(t->tls_failure, sizeof(t->tls_failure), "%s",
                       ev->text != NULL ? ev->text : "handshake");
        t->tls_failure[strcspn(t->tls_failure, "\n")] = '\0';
    }
    if (t->f == NULL)
        return;
    if (ev->ev == PGSEAL_EV_MESSAGE)
        print_message(t->f, ev);
    else if (ev->text != NULL)
        fprintf(t->f, "-\t%s\t%s\n", pgseal_event_str(ev->ev), ev->text);
    else
        fprintf(t->f, "-\t%s\n", pgseal_event_str(ev->ev));
}

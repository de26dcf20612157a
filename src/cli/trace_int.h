/* SPDX-License-Identifier: PostgreSQL */
/* What the stages tell while a connection is made: printed for --trace, remembered for warnings. */
#ifndef PGSEAL_CLI_TRACE_INT_H
#define PGSEAL_CLI_TRACE_INT_H

#include <pgseal/trace.h>

#include <stdio.h>

struct cli_trace {
    FILE *f;             /**< NULL: nothing is printed */
    bool server_said_no; /**< N to SSLRequest */
    bool tls_failed;
    char tls_failure[256]; /**< why, when tls_failed */
};
/** The listener; ctx is a struct cli_trace. */
void cli_trace_event(void *ctx, const struct pgseal_trace_event *ev);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Ctrl-C: the handler only notes it; who waits looks. */
#include "run_int.h"

#include <signal.h>

int cli_interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    __atomic_store_n(&cli_interrupted, 1, __ATOMIC_RELAXED);
}

void cli_catch_interrupt(void)
{
    struct sigaction act = {.sa_handler = on_interrupt}; /* no SA_RESTART: who waits wakes up */

    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
}

bool cli_was_interrupted(void)
{
    return __atomic_load_n(&cli_interrupted, __ATOMIC_RELAXED) != 0;
}

void cli_interrupt_clear(void)
{
    __atomic_store_n(&cli_interrupted, 0, __ATOMIC_RELAXED);
}

void cli_hold_ends(bool hold)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    signal(SIGXFSZ, SIG_IGN);
    sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &ends, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Keeps the secrets of a process where they are: no core dump, no look from outside. */
#include "host_int.h"

#include <sys/prctl.h>
#include <sys/resource.h>

int pgseal_process_harden(void)
{
    static const struct rlimit none = {0, 0};
    int rc = setrlimit(RLIMIT_CORE, &none);

    /* Also keeps other processes of the same user away: ptrace(2), /proc/PID/mem,
     * /proc/PID/environ. */
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && rc == 0 ? 0 : PGSEAL_E_IO;
}

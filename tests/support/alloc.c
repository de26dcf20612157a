/* SPDX-License-Identifier: PostgreSQL */
/* Lets every allocation of ours fail once. */
#include "alloc.h"

#include "core/base/base.h"
#include "t.h"

long t_each_alloc_fails(t_work fn, void *arg)
{
    long live = pgseal__alloc_live();
    long n;

    for (n = 0;; n++) {
        long calls = pgseal__alloc_calls();
        bool hit;
        int rc;

        pgseal__alloc_fail_after(n);
        rc = fn(arg);
        pgseal__alloc_fail_after(-1);
        hit = pgseal__alloc_calls() - calls > n;
        if (pgseal__alloc_live() != live || hit != (rc < 0)) {
            print_error("allocation %ld %s, work returned %d, %ld blocks left behind\n", n + 1,
                        hit ? "failed" : "was not needed", rc, pgseal__alloc_live() - live);
            fail();
        }
        if (!hit)
            return n;
    }
}

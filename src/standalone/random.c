/* SPDX-License-Identifier: PostgreSQL */
/* rand() for c-ares, whose query numbers must not be foreseen where there is no /dev/urandom. */
#include <stdlib.h>
#include <sys/random.h>

/*
 * c-ares before 1.20 (CVE-2023-31147) draws its key from /dev/urandom, and in a root without it
 * from rand(), which nobody seeded: every process would ask with the same numbers, and whoever
 * knows them can answer in the name server's place.
 */
int rand(void)
{
    unsigned int n;

    if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
        abort(); /* no kernel that runs this program refuses four bytes */
    return (int)(n & RAND_MAX);
}

/* SPDX-License-Identifier: PostgreSQL */
/* OpenSSL's own allocations fail on request: an attempt goes on in a child until one does.
 */
#ifndef T_OSSL_ALLOC_H
#define T_OSSL_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* No code that a sanitizer or a failing assert() would exit with. */
enum t_result { T_REFUSED = 40, T_ACCEPTED = 41 };

/* Puts our allocator under OpenSSL. False: it has allocated already. */
bool t_ossl_take(void);
/* The call after `n` more fails; n < 0: none does. Begins to count anew. */
void t_ossl_fail(long n);
/* Calls since t_ossl_fail(). */
long t_ossl_calls(void);

/* What is tried: once as it is, and in children with failing allocations. */
struct t_ossl_sample {
    const char *name;
    enum t_result (*attempt)(const void *ctx);
    const void *ctx;
    bool fine;  /* may be accepted; else it must be refused whatever fails */
    long least; /* fewer allocations than this: something is wrong with the test */
    long tries; /* this many of them fail, taken by chance; with PGSEAL_TEST_ALL each */
    long bites; /* of a fine one's tries at least so many must be refused */
};
/* Fails the test when a child crashes, or accepts what it must not. */
void t_ossl_sample(const struct t_ossl_sample *s, uint64_t *seed);

#endif

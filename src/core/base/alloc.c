/* SPDX-License-Identifier: PostgreSQL */
/* Every allocation of ours, so that a test can make each of them fail once. */
#include "core/base/base.h"

#include <openssl/crypto.h>

/* Tests only, and only one thread then; relaxed atomics keep counting harmless elsewhere. */
static long fail_after = -1;
static long calls;
static long live;

static bool refused(void)
{
    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&fail_after, __ATOMIC_RELAXED) < 0)
        return false;
    return __atomic_fetch_sub(&fail_after, 1, __ATOMIC_RELAXED) == 0;
}

void *pgseal__alloc(size_t n)
{
    void *p = refused() ? NULL : calloc(1, n > 0 ? n : 1);

    if (p != NULL)
        __atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
    return p;
}

void *pgseal__realloc(void *p, size_t n)
{
    void *q = refused() ? NULL : realloc(p, n > 0 ? n : 1);

    if (p == NULL && q != NULL)
        __atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
    return q;
}

void pgseal__free(void *p)
{
    if (p != NULL)
        __atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
    free(p);
}

void pgseal__wipe(void *p, size_t n)
{
    if (p != NULL && n > 0)
        OPENSSL_cleanse(p, n);
}

void pgseal__wipe_free(void *p, size_t n)
{
    pgseal__wipe(p, n);
    pgseal__free(p);
}

void pgseal__wipe_free_str(char *s)
{
    if (s != NULL)
        pgseal__wipe_free(s, strlen(s));
}

char *pgseal__strndup(const char *s, size_t n)
{
    char *copy = pgseal__alloc(n + 1);

    if (copy != NULL)
        memcpy(copy, s, n);
    return copy;
}

char *pgseal__strdup(const char *s)
{
    return pgseal__strndup(s, strlen(s));
}

void pgseal__alloc_fail_after(long n)
{
    __atomic_store_n(&fail_after, n, __ATOMIC_RELAXED);
}

long pgseal__alloc_calls(void)
{
    return __atomic_load_n(&calls, __ATOMIC_RELAXED);
}

long pgseal__alloc_live(void)
{
    return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

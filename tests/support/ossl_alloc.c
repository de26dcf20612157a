/* SPDX-License-Identifier: PostgreSQL */
/* Fails OpenSSL's allocations one at a time, each in a child of its own. */
#include "ossl_alloc.h"

#include "chunk.h"
#include "t.h"

#include <openssl/crypto.h>

#include <sys/wait.h>
#include <unistd.h>

static long fail_after = -1;
static long calls;

static bool unlucky(void)
{
    calls++;
    return fail_after >= 0 && fail_after-- == 0;
}

static void *my_malloc(size_t n, const char *file, int line)
{
    return unlucky() ? NULL : malloc(n);
}

static void *my_realloc(void *p, size_t n, const char *file, int line)
{
    return unlucky() ? NULL : realloc(p, n);
}

static void my_free(void *p, const char *file, int line)
{
    free(p);
}

bool t_ossl_take(void)
{
    return CRYPTO_set_mem_functions(my_malloc, my_realloc, my_free) == 1;
}

void t_ossl_fail(long n)
{
    calls = 0;
    fail_after = n;
}

long t_ossl_calls(void)
{
    return calls;
}

/* Runs an attempt in a child with the n-th allocation failing. */
static int in_child(const struct t_ossl_sample *s, long n)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        t_ossl_fail(n);
        _exit(s->attempt(s->ctx));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status))
        fail_msg("%s: allocation %ld: killed by signal %d", s->name, n, WTERMSIG(status));
    return WEXITSTATUS(status);
}

void t_ossl_sample(const struct t_ossl_sample *s, uint64_t *seed)
{
    const char *all = getenv("PGSEAL_TEST_ALL"); /* every allocation, not a sample: minutes */
    enum t_result want = s->fine ? T_ACCEPTED : T_REFUSED;
    long total, tries = s->tries;
    int accepted = 0;

    if (s->attempt(s->ctx) != want) /* warm up */
        fail_msg("%s: wrong without any failure", s->name);
    t_ossl_fail(-1);
    assert_int_equal(s->attempt(s->ctx), want);
    total = calls;
    assert_true(total > s->least);
    if (all != NULL)
        tries = total;
    for (long i = 0; i < tries; i++) {
        long n = all != NULL ? i : (long)(t_random(seed) % (uint64_t)total);
        int rc = in_child(s, n);

        if (rc != T_REFUSED && (rc != T_ACCEPTED || !s->fine))
            fail_msg("%s: allocation %ld of %ld: result %d", s->name, n, total, rc);
        accepted += rc == T_ACCEPTED;
    }
    if (s->fine) /* the failures must have bitten, or nothing was tested */
        assert_in_range(accepted, 0, tries - s->bites);
}

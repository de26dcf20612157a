/* SPDX-License-Identifier: PostgreSQL */
/* OpenSSL's own allocations fail, one at a time: no crash, and never a bad chain accepted. */
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"

#include <openssl/crypto.h>

#include <sys/wait.h>
#include <unistd.h>

/* The call after this many more fails; < 0: none does. Calls are counted all the same. */
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

/* What the attempts share. The certificates are made before anything may fail. */
static struct t_pki pki;
static struct pgseal_trust *good_roots, *bad_roots;
static struct pgseal_tls_ctx *server_ctx;

/* No code that a sanitizer or a failing assert() would exit with. */
enum result { REFUSED = 40, ACCEPTED = 41 };

/* One handshake of a client with these roots; every OpenSSL call may fail on the way. */
static enum result attempt(struct pgseal_trust *roots, const char *host)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = roots};
    struct pgseal_tls_ctx *ctx = pgseal_tls_ctx_new(&o, NULL);
    struct pgseal_tls *c = NULL, *s = NULL;
    struct pgseal_tls_facts facts;
    struct pgseal_err err;
    struct pgseal_io io[2];
    int a = PGSEAL_MORE, b = PGSEAL_MORE;
    enum result result = REFUSED;

    pgseal_io_init(&io[0], 65536);
    pgseal_io_init(&io[1], 65536);
    if (ctx != NULL) {
        c = pgseal_tls_new(ctx, host, true, true, T_NOW, &err);
        s = pgseal_tls_new(server_ctx, NULL, false, false, T_NOW, &err);
    }
    for (int i = 0; c != NULL && s != NULL && i < 10 && a == PGSEAL_MORE && b >= 0; i++) {
        a = pgseal_tls_step(c, &io[0], &err);
        if (pgseal_buf_move(&io[1].wire_in, &io[0].wire_out, NULL) < 0)
            break;
        b = pgseal_tls_step(s, &io[1], &err);
        if (pgseal_buf_move(&io[0].wire_in, &io[1].wire_out, NULL) < 0)
            break;
    }
    if (a == PGSEAL_READY)
        result = ACCEPTED;
    if (c != NULL && pgseal_tls_facts(c, &facts, NULL) == 0 && result == ACCEPTED &&
        pgseal_tls_binding(c, (uint8_t[64]){0}, NULL) > 0)
        (void)pgseal_tls_close(c, &io[0], NULL);
    pgseal_tls_free(c);
    pgseal_tls_free(s);
    pgseal_tls_ctx_free(ctx);
    pgseal_io_done(&io[0]);
    pgseal_io_done(&io[1]);
    return result;
}

/* Runs an attempt in a child with the n-th allocation failing. */
static int in_child(struct pgseal_trust *roots, const char *host, long n)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        fail_after = n;
        _exit(attempt(roots, host));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status))
        fail_msg("allocation %ld: killed by signal %d", n, WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void sample(struct pgseal_trust *roots, const char *host, bool may_accept)
{
    uint64_t seed = t_seed();
    const char *all = getenv("PGSEAL_TEST_ALL"); /* every allocation, not a sample: minutes */
    int accepted = 0;
    long total, tries = 60;

    assert_int_equal(attempt(roots, host), may_accept ? ACCEPTED : REFUSED); /* warm up */
    calls = 0;
    assert_int_equal(attempt(roots, host), may_accept ? ACCEPTED : REFUSED);
    total = calls;
    printf("PGSEAL_TEST_SEED=0x%llx, %ld allocations\n", (unsigned long long)seed, total);
    assert_true(total > 500);
    if (all != NULL)
        tries = total;
    for (long i = 0; i < tries; i++) {
        long n = all != NULL ? i : (long)(t_random(&seed) % (uint64_t)total);
        int rc = in_child(roots, host, n);

        if (rc != REFUSED && (rc != ACCEPTED || !may_accept))
            fail_msg("allocation %ld of %ld: result %d", n, total, rc);
        accepted += rc == ACCEPTED;
    }
    if (may_accept) /* the failures must have bitten, or nothing was tested */
        assert_in_range(accepted, 0, tries - 10);
}

static void test_good_chain__no_crash(void **state)
{
    sample(good_roots, "db.test", true);
}

static void test_wrong_root__never_accepted(void **state)
{
    sample(bad_roots, "db.test", false);
}

static void test_wrong_name__never_accepted(void **state)
{
    sample(good_roots, "other.test", false);
}

static int setup(void **state)
{
    struct t_pki other;
    struct pgseal_tls_options so = {.size = sizeof(so), .server = true};

    t_pki_make(&pki, NULL, NULL, NULL);
    t_pki_make(&other, NULL, NULL, NULL);
    good_roots = t_trust(pgseal_minted_cert_pem(pki.root));
    bad_roots = t_trust(pgseal_minted_cert_pem(other.root));
    so.cert_pem = pki.chain_pem;
    so.key_pem = pgseal_minted_key_pem(pki.leaf);
    server_ctx = pgseal_tls_ctx_new(&so, NULL);
    t_pki_done(&other);
    return server_ctx != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    pgseal_tls_ctx_free(server_ctx);
    pgseal_trust_free(good_roots);
    pgseal_trust_free(bad_roots);
    t_pki_done(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_chain__no_crash),
        cmocka_unit_test(test_wrong_root__never_accepted),
        cmocka_unit_test(test_wrong_name__never_accepted),
    };

    if (CRYPTO_set_mem_functions(my_malloc, my_realloc, my_free) != 1)
        return 1; /* OpenSSL has allocated already */
    return cmocka_run_group_tests(tests, setup, teardown);
}

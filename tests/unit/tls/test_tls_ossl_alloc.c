/* SPDX-License-Identifier: PostgreSQL */
/* OpenSSL's own allocations fail, one at a time: no crash, and never a bad chain accepted. */
#include "chunk.h"
#include "core/base/base.h"
#include "ossl_alloc.h"
#include "t.h"
#include "tls_ends.h"

/* What the attempts share. The certificates are made before anything may fail. */
static struct t_pki pki;
static struct pgseal_trust *good_roots, *bad_roots;
static struct pgseal_tls_ctx *server_ctx;

struct client {
    struct pgseal_trust *roots;
    const char *host;
};

/* One handshake of a client with these roots; every OpenSSL call may fail on the way. */
static enum t_result attempt(const void *arg)
{
    const struct client *client = arg;
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = client->roots};
    struct pgseal_tls_ctx *ctx = pgseal_tls_ctx_new(&o, NULL);
    struct pgseal_tls *c = NULL, *s = NULL;
    struct pgseal_tls_facts facts;
    struct pgseal_err err;
    struct pgseal_io io[2];
    int a = PGSEAL_MORE, b = PGSEAL_MORE;
    enum t_result result = T_REFUSED;

    pgseal_io_init(&io[0], 65536);
    pgseal_io_init(&io[1], 65536);
    if (ctx != NULL) {
        c = pgseal_tls_new(ctx, client->host, true, true, T_NOW, &err);
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
        result = T_ACCEPTED;
    if (c != NULL && pgseal_tls_facts(c, &facts, NULL) == 0 && result == T_ACCEPTED &&
        pgseal_tls_binding(c, (uint8_t[64]){0}, NULL) > 0)
        (void)pgseal_tls_close(c, &io[0], NULL);
    pgseal_tls_free(c);
    pgseal_tls_free(s);
    pgseal_tls_ctx_free(ctx);
    pgseal_io_done(&io[0]);
    pgseal_io_done(&io[1]);
    return result;
}

static void sample(struct pgseal_trust *roots, const char *host, bool fine)
{
    const struct client c = {roots, host};
    const struct t_ossl_sample s = {
        .name = host,
        .attempt = attempt,
        .ctx = &c,
        .fine = fine,
        .least = 500,
        .tries = 60,
        .bites = 10,
    };
    uint64_t seed = t_seed();

    print_message("PGSEAL_TEST_SEED=0x%llx\n", (unsigned long long)seed);
    t_ossl_sample(&s, &seed);
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

    if (!t_ossl_take())
        return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: PostgreSQL */
/* OpenSSL's own allocations fail, one at a time: no crash, and nothing wrong accepted. */
#include "core/cert/cert_int.h"

#include "certs.h"
#include "chunk.h"
#include "t.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

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

static struct t_certs certs;

/* One attempt that must not be accepted, or may be. */
struct attempt {
    const char *name;
    const char *sent[4], *trust[4];
    const char *host; /* NULL: names are not looked at */
    bool fine;
};

static const struct attempt attempts[] = {
    {"good", {"leaf", "sub"}, {"root"}, "db.example.com", true},
    {"unknown root", {"leaf", "sub"}, {"other"}, NULL, false},
    {"expired", {"old", "sub"}, {"root"}, NULL, false},
    {"altered", {"plainleaf"}, {"fake"}, NULL, false},
    {"no authority", {"byleaf", "leaf", "sub"}, {"root"}, NULL, false},
    {"not permitted", {"ncleaf"}, {"nc"}, NULL, false},
    {"revoked", {"leaf", "sub"}, {"root", "rootcrl", "subcrl"}, NULL, false},
    {"other name", {"leaf", "sub"}, {"root"}, "other.example.com", false},
    {"common name only", {"cnleaf", "sub"}, {"root"}, "db.example.com", false},
};

/* No code that a sanitizer or a failing assert() would exit with. */
enum result { REFUSED = 40, ACCEPTED = 41 };

static struct pgseal_trust *trust_of(const struct attempt *a)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);

    for (int i = 0; i < 4 && a->trust[i] != NULL && t != NULL; i++) {
        const struct t_cert_item *item = t_certs_get(&certs, a->trust[i]);
        const char *text =
            item->crl_pem != NULL ? item->crl_pem : pgseal_minted_cert_pem(item->cert);
        struct pgseal_err err;

        if (pgseal_trust_add_pem(t, "root.pem", (const uint8_t *)text, strlen(text), &err) <= 0)
            return pgseal_trust_free(t);
        if (item->crl_pem != NULL)
            pgseal_trust_check_crls(t);
    }
    return t;
}

static bool verify(struct pgseal__evidence *e)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = false;

    e->error = X509_V_ERR_UNSPECIFIED;
    if (ctx != NULL &&
        X509_STORE_CTX_init(ctx, pgseal__trust_store(e->trust), e->leaf, e->sent) == 1 &&
        X509_STORE_CTX_set_default(ctx, "ssl_server") == 1) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), e->now_unix_s);
        ok = X509_verify_cert(ctx) == 1;
        e->error = X509_STORE_CTX_get_error(ctx);
        e->depth = X509_STORE_CTX_get_error_depth(ctx);
    }
    X509_STORE_CTX_free(ctx);
    return ok;
}

static enum result attempt(const struct attempt *a)
{
    struct pgseal__evidence e = {.now_unix_s = T_TODAY, .auth_level = 2};
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct pgseal_trust *t = trust_of(a);
    struct pgseal_err err = {0};
    struct pgseal_cert_info info;
    bool ok = false;
    char text[1024];

    for (int i = 0; i < 4 && a->sent[i] != NULL && sent != NULL; i++) {
        /* Parsed anew: what was computed before would hide failures. */
        const char *pem = pgseal_minted_cert_pem(t_certs_get(&certs, a->sent[i])->cert);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL) : NULL;

        BIO_free(bio);
        if (cert == NULL || sk_X509_push(sent, cert) <= 0) {
            X509_free(cert);
            break;
        }
    }
    e.trust = t;
    e.sent = sent;
    e.leaf = sent != NULL ? sk_X509_value(sent, 0) : NULL;
    if (t != NULL && e.leaf != NULL) {
        ok = verify(&e);
        if (!ok)
            pgseal__cert_explain(&e, &err);
        ok = ok && (a->host == NULL || pgseal__cert_check_host(e.leaf, a->host, &err) == 0);
        pgseal__cert_describe(e.leaf, &info);
    }
    pgseal_bundle_summary(
        (const uint8_t *)pgseal_minted_cert_pem(t_certs_get(&certs, "root")->cert), 100, T_TODAY,
        text, sizeof(text));
    sk_X509_pop_free(sent, X509_free);
    pgseal_trust_free(t);
    return ok ? ACCEPTED : REFUSED;
}

/* Runs an attempt in a child with the n-th allocation failing. */
static int in_child(const struct attempt *a, long n)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        fail_after = n;
        _exit(attempt(a));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status))
        fail_msg("%s: allocation %ld: killed by signal %d", a->name, n, WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void sample(const struct attempt *a, uint64_t *seed)
{
    const char *all = getenv("PGSEAL_TEST_ALL"); /* every allocation, not a sample: minutes */
    enum result want = a->fine ? ACCEPTED : REFUSED;
    long total, tries = 25;
    int accepted = 0;

    if (attempt(a) != want) /* warm up */
        fail_msg("%s: wrong without any failure", a->name);
    calls = 0;
    assert_int_equal(attempt(a), want);
    total = calls;
    assert_true(total > 100);
    if (all != NULL)
        tries = total;
    for (long i = 0; i < tries; i++) {
        long n = all != NULL ? i : (long)(t_random(seed) % (uint64_t)total);
        int rc = in_child(a, n);

        if (rc != REFUSED && (rc != ACCEPTED || !a->fine))
            fail_msg("%s: allocation %ld of %ld: result %d", a->name, n, total, rc);
        accepted += rc == ACCEPTED;
    }
    if (a->fine) /* the failures must have bitten, or nothing was tested */
        assert_in_range(accepted, 0, tries - 1);
}

static void test_openssl_allocation_fails__nothing_wrong_accepted(void **state)
{
    uint64_t seed = t_seed();

    print_message("PGSEAL_TEST_SEED=0x%llx\n", (unsigned long long)seed);
    for (size_t i = 0; i < PGSEAL_COUNT(attempts); i++)
        sample(&attempts[i], &seed);
}

/* Decoding the alternative names fails: the common name must not count instead. */
static void test_each_openssl_allocation_of_name_check_fails__no_match(void **state)
{
    const struct attempt *a = &attempts[PGSEAL_COUNT(attempts) - 1];
    X509 *leaf = t_certs_get(&certs, a->sent[0])->cert->cert;
    long n;

    assert_int_equal(pgseal__cert_check_host(leaf, a->host, NULL), PGSEAL_E_CERT_NAME);
    for (n = 0;; n++) {
        int rc;

        calls = 0;
        fail_after = n;
        rc = pgseal__cert_check_host(leaf, a->host, NULL);
        fail_after = -1;
        if (rc >= 0)
            fail_msg("allocation %ld: matched", n);
        if (calls <= n)
            break;
    }
    assert_true(n > 3);
}

static int make(void **state)
{
    static const char *const lines[] = {
        "cert root cn=Root ca",
        "cert sub cn=Sub ca issuer=root",
        "cert other cn=Other ca",
        "cert leaf cn=db.example.com san=DNS:db.example.com issuer=sub",
        "cert old cn=db.example.com issuer=sub from=-60 to=-30",
        "cert plain cn=Plain ca noids",
        "cert plainleaf cn=db.example.com issuer=plain noids",
        "cert fake forge=plain",
        "cert byleaf cn=db.example.com issuer=leaf",
        "cert nc cn=NC ca nc=+example.org",
        "cert ncleaf cn=db.example.com san=DNS:db.example.com issuer=nc",
        "cert cnleaf cn=db.example.com san=DNS:other.example.com issuer=sub",
        "crl rootcrl issuer=root",
        "crl subcrl issuer=sub revoke=leaf",
    };

    for (size_t i = 0; i < PGSEAL_COUNT(lines); i++)
        t_certs_line(&certs, lines[i]);
    return 0;
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openssl_allocation_fails__nothing_wrong_accepted),
        cmocka_unit_test(test_each_openssl_allocation_of_name_check_fails__no_match),
    };

    if (CRYPTO_set_mem_functions(my_malloc, my_realloc, my_free) != 1)
        return 1; /* OpenSSL has allocated already */
    return cmocka_run_group_tests(tests, make, drop);
}

/* SPDX-License-Identifier: PostgreSQL */
/* SASLprep against what PostgreSQL's own pg_saslprep answered. */
#include "alloc.h"
#include "core/base/base.h"
#include "saslprep_questions.h"
#include "t.h"

#include <pgseal/auth.h>

#include <openssl/evp.h>

static size_t from_hex(const char *p, char *out)
{
    size_t n = 0;

    for (; p[0] != '\0' && p[0] != ' '; p += 2) {
        char digits[3] = {p[0], p[1], '\0'};

        out[n++] = (char)strtol(digits, NULL, 16);
    }
    out[n] = '\0';
    return n;
}

static void test_saslprep__every_row_of_saslprep_tbl__as_postgresql(void **state)
{
    FILE *f = fopen(TEST_DATA "/saslprep.tbl", "r");
    static char line[8192], in[4096], expected[4096], out[PGSEAL_SASLPREP_SIZE(4096)];
    int rows = 0, number = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        const char *arrow = strstr(line, " -> ");
        size_t n, want;

        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        assert_non_null(arrow);
        n = from_hex(line, in);
        want = from_hex(arrow + 4, expected);
        /* the exact size that is promised to be enough */
        if (pgseal_saslprep(in, out, PGSEAL_SASLPREP_SIZE(n)) != (int)want ||
            memcmp(out, expected, want + 1) != 0)
            fail_msg("saslprep.tbl:%d", number);
        rows++;
    }
    fclose(f);
    assert_true(rows > 60);
}

/* "length:bytes;" of what becomes of a password, into the digest. */
static void digest_one(void *ctx, const char *in)
{
    EVP_MD_CTX *md = ctx;
    char out[512], head[16];
    int n = pgseal_saslprep(in, out, sizeof(out));

    assert_true(n >= 0);
    snprintf(head, sizeof(head), "%d:", n);
    EVP_DigestUpdate(md, head, strlen(head));
    EVP_DigestUpdate(md, out, (size_t)n);
    EVP_DigestUpdate(md, ";", 1);
}

/*
 * The expected digest is that of tests/tools/saslprep_digest.c, which asks PostgreSQL 18's
 * pg_saslprep the same questions.
 */
static void test_saslprep__code_points_in_four_places__as_postgresql(void **state)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t sum[32];
    char hex[65];

    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    saslprep_questions(digest_one, md);
    EVP_DigestFinal_ex(md, sum, NULL);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof(sum); i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    assert_string_equal(hex, "ed73d4e96a9e9b7e6daa3a5597173beb3523d49622b87a76557bf1f50d9be4c7");
}

static void test_saslprep__too_small__is_limit(void **state)
{
    char out[8];

    assert_int_equal(pgseal_saslprep("12345678", out, sizeof(out)), PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_saslprep("1234567", out, sizeof(out)), 7);
    /* fits as it is (3 bytes), not as it becomes (33) */
    assert_int_equal(pgseal_saslprep("\xef\xb7\xba", out, sizeof(out)), PGSEAL_E_LIMIT);
}

static void test_saslprep__longer_than_any_password__is_limit(void **state)
{
    size_t n = PGSEAL_PASSWORD_MAX + 1;
    char *in = malloc(n + 1), *out = malloc(PGSEAL_SASLPREP_SIZE(n));

    memset(in, 'x', n);
    in[n] = '\0';
    assert_int_equal(pgseal_saslprep(in, out, PGSEAL_SASLPREP_SIZE(n)), PGSEAL_E_LIMIT);
    in[n - 1] = '\0';
    assert_int_equal(pgseal_saslprep(in, out, PGSEAL_SASLPREP_SIZE(n)), n - 1);
    free(in);
    free(out);
}

static int prepare(void *arg)
{
    char out[64];

    return pgseal_saslprep("e\xcc\x81", out, sizeof(out));
}

static void test_saslprep__each_allocation_fails__is_nomem(void **state)
{
    assert_int_equal(t_each_alloc_fails(prepare, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saslprep__every_row_of_saslprep_tbl__as_postgresql),
        cmocka_unit_test(test_saslprep__code_points_in_four_places__as_postgresql),
        cmocka_unit_test(test_saslprep__too_small__is_limit),
        cmocka_unit_test(test_saslprep__longer_than_any_password__is_limit),
        cmocka_unit_test(test_saslprep__each_allocation_fails__is_nomem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

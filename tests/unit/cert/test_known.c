/* SPDX-License-Identifier: PostgreSQL */
/* The table of published certificates: sorted, complete, found by fingerprint in any case. */
#include "core/base/base.h"
#include "t.h"

#include <pgseal/cert.h>

static void test_rows__are_sorted_and_sane(void **state)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    size_t served_roots = 0;

    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(strlen(rows[i].sha256), 64);
        assert_int_equal(strspn(rows[i].sha256, "0123456789abcdef"), 64);
        assert_true(i == 0 || strcmp(rows[i - 1].sha256, rows[i].sha256) < 0);
        assert_true(rows[i].not_before_unix_s < rows[i].not_after_unix_s);
        assert_ptr_equal(pgseal_known_ca(rows[i].sha256), &rows[i]);
        served_roots += rows[i].served && rows[i].root && rows[i].region[0] != '\0';
    }
    /* 36 commercial regions and two of GovCloud, three roots each. */
    assert_int_equal(served_roots, 38 * 3);
}

static void test_lookup__any_case_and_unknown(void **state)
{
    const struct pgseal_known_ca *k =
        pgseal_known_ca("08544470DFA4C9DC00000000000000000000000000000000000000000000539E");

    assert_null(k);
    assert_null(pgseal_known_ca(""));
    /* Amazon Root CA 1, as every system store has it. */
    k = pgseal_known_ca("8ECDE6884F3D87B1125BA31AC3FCB13D7016DE7F57CC904FE1CB97C6AE98196E");
    assert_non_null(k);
    assert_string_equal(k->cn, "Amazon Root CA 1");
    assert_string_equal(k->key, "RSA 2048");
    assert_int_equal(k->not_after_unix_s, 2147299200); /* 2038-01-17 */
    assert_string_equal(k->region, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows__are_sorted_and_sane),
        cmocka_unit_test(test_lookup__any_case_and_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

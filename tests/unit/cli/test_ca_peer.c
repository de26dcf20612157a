/* SPDX-License-Identifier: PostgreSQL */
/* What is typed to say which server and which day: hosts with ports, dates, spans. */
#include "cli/ca_peer_int.h"

#include "t.h"

#define NOW INT64_C(1795435200) /* 2026-11-23 12:00:00 UTC */

static void test_host_port__every_form__cut_or_refused(void **state)
{
    static const struct {
        const char *text, *host, *port; /* host NULL: refused */
    } rows[] = {
        {"db1.example.com", "db1.example.com", ""},
        {"db1.example.com:6432", "db1.example.com", "6432"},
        {"10.0.0.5", "10.0.0.5", ""},
        {"10.0.0.5:5433", "10.0.0.5", "5433"},
        {"::1", "::1", ""},
        {"2001:db8::5:5432", "2001:db8::5:5432", ""}, /* an address: brackets say otherwise */
        {"[::1]", "::1", ""},
        {"[::1]:5433", "::1", "5433"},
        {"db1:", NULL, NULL},
        {":5432", NULL, NULL},
        {"[::1", NULL, NULL},
        {"[]:5432", NULL, NULL},
        {"[::1]5432", NULL, NULL},
        {"[::1]:", NULL, NULL},
        {"", NULL, NULL},
        {"db1:12345678901234567890", NULL, NULL},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char host[256], port[16];
        bool ok = cli_host_port(rows[i].text, host, port);

        if (ok != (rows[i].host != NULL) ||
            (ok && (strcmp(host, rows[i].host) != 0 || strcmp(port, rows[i].port) != 0)))
            fail_msg("\"%s\": %d \"%s\" \"%s\"", rows[i].text, ok, ok ? host : "", ok ? port : "");
    }
}

static void test_read_date__days_and_dates__nothing_else(void **state)
{
    static const char *const bad[] = {
        "",   "+",        "+-5",        "+5d",    "5",      "soon", "+ 5",
        "-5", "+1000000", "2027-02-30", "2027-1", "270131", "+0x5", "2027-01-31T00:00:00Z"};
    int64_t t = 0;

    assert_true(cli_day("+0", NOW, &t));
    assert_int_equal(t, NOW);
    assert_true(cli_day("+90", NOW, &t));
    assert_int_equal(t, NOW + 90 * 86400);
    assert_true(cli_day("2027-01-15", NOW, &t));
    assert_int_equal(t, INT64_C(1799971200));
    for (size_t i = 0; i < PGSEAL_COUNT(bad); i++)
        if (cli_day(bad[i], NOW, &t))
            fail_msg("\"%s\" is a day", bad[i]);
}

static void test_when__before_and_after__in_words(void **state)
{
    char out[48];

    assert_string_equal(cli_when(out, NOW + 86400 * 2, NOW), "in 2 days");
    assert_string_equal(cli_when(out, NOW + 61, NOW), "in 1 minute");
    assert_string_equal(cli_when(out, NOW - 86400, NOW), "1 day ago");
    assert_string_equal(cli_when(out, NOW, NOW), "0 seconds ago");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_port__every_form__cut_or_refused),
        cmocka_unit_test(test_read_date__days_and_dates__nothing_else),
        cmocka_unit_test(test_when__before_and_after__in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

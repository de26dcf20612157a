/* SPDX-License-Identifier: PostgreSQL */
/* Tests of rows in columns, of times on the command line. */
#include "cli/grid_int.h"
#include "cli/status_sum_int.h"

#include "t.h"

static const struct cli_grid_col COLS[] = {
    {.title = "user", .shrink = true},
    {.title = "n", .right = true},
    {.title = "empty"},
    {.title = "seen", .drop = 1},
};

static void fill(struct cli_grid *g, int columns)
{
    *g = (struct cli_grid){.cols = COLS, .ncols = 4, .columns = columns};
    cli_grid_add(g, "a");
    cli_grid_addf(g, "%d", 7);
    cli_grid_add(g, "-");
    cli_grid_add(g, "2026-11-23");
    cli_grid_add(g, "somebody-with-a-name-of-forty-characters");
    cli_grid_addf(g, "%d", 1234);
    cli_grid_add(g, "");
    cli_grid_add(g, "2026-11-24");
}

static void expect(int columns, const char *want)
{
    struct cli_grid g;
    struct cli_str out = {0};

    fill(&g, columns);
    cli_grid_print(&g, &out);
    assert_string_equal(cli_str(&out), want);
    cli_str_done(&out);
    cli_grid_done(&g);
}

static void test_grid__no_terminal__is_as_wide_as_it_gets(void **state)
{
    expect(0, "  user                                         n  seen\n"
              "  a                                            7  2026-11-23\n"
              "  somebody-with-a-name-of-forty-characters  1234  2026-11-24\n");
}

static void test_grid__narrow__cuts_a_little_then_drops_then_cuts(void **state)
{
    expect(50, "  user                               n  seen\n"
               "  a                                  7  2026-11-23\n"
               "  somebody-with-a-name-of-fort..  1234  2026-11-24\n");
    expect(40, "  user                     n  seen\n"
               "  a                        7  2026-11-23\n"
               "  somebody-with-a-na..  1234  2026-11-24\n");
    expect(30, "  user                       n\n"
               "  a                          7\n"
               "  somebody-with-a-name..  1234\n");
    expect(10, "  user         n\n"
               "  a            7\n"
               "  somebo..  1234\n");
}

static void test_grid__wide_letters__count_by_columns(void **state)
{
    static const struct cli_grid_col ONE[] = {{.title = "u", .shrink = true}, {.title = "v"}};
    struct cli_grid g = {.cols = ONE, .ncols = 2, .columns = 16};
    struct cli_str out = {0};

    cli_grid_add_peer(&g, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", 15);
    cli_grid_add_peer(&g, "\x1b", 1);
    cli_grid_add_peer(&g, "a\nb", 3);
    cli_grid_add_peer(&g, NULL, 0);
    cli_grid_print(&g, &out);
    assert_string_equal(cli_str(&out), "  u         v\n"
                                       "  \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e..  \\x1b\n"
                                       "  a\\x0ab    -\n");
    cli_str_done(&out);
    cli_grid_done(&g);
}

static void test_grid__no_rows__is_nothing(void **state)
{
    struct cli_grid g = {.cols = COLS, .ncols = 4};
    struct cli_str out = {0};

    cli_grid_print(&g, &out);
    assert_int_equal(out.len, 0);
}

static void test_duration__units(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } ROWS[] = {
        {"1", 1000},      {"60", 60000},  {"0.5", 500}, {"10m", 600000},   {"10min", 600000},
        {"8h", 28800000}, {"200ms", 200}, {"2s", 2000}, {"7d", 604800000}, {"", 0},
        {"0", 0},         {"-1", 0},      {"+1", 0},    {" 1", 0},         {"1 s", 0},
        {"1x", 0},        {"inf", 0},     {"nan", 0},   {"0.0001", 0},     {"1e300", 0},
        {"99999999h", 0}, {"0x10q", 0},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        int64_t ms = 0;

        assert_int_equal(cli_duration_ms(ROWS[i].text, &ms), ROWS[i].ms != 0);
        assert_int_equal(ms, ROWS[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid__no_terminal__is_as_wide_as_it_gets),
        cmocka_unit_test(test_grid__narrow__cuts_a_little_then_drops_then_cuts),
        cmocka_unit_test(test_grid__wide_letters__count_by_columns),
        cmocka_unit_test(test_grid__no_rows__is_nothing),
        cmocka_unit_test(test_duration__units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of error texts: goldens taken from psql 15.18. */
#include "t.h"

#include "cli/errtext_int.h"

static void expect(const struct pgseal_notice *n, const char *query, bool is_error,
                   const char *text)
{
    struct cli_str out = {0};

    cli_errtext(&out, n, query, CLI_ENC_UTF8, is_error);
    assert_string_equal(cli_str(&out), text);
    cli_str_done(&out);
}

static void test_errtext__parts__in_psql_s_order(void **state)
{
    struct pgseal_notice n = {.severity = "ERROR",
                              .message = "boom",
                              .detail = "d",
                              .hint = "h",
                              .where = "PL/pgSQL function f() line 1"};

    expect(&n, "select 1", true,
           "ERROR:  boom\nDETAIL:  d\nHINT:  h\nCONTEXT:  PL/pgSQL function f() line 1\n");
    n.severity = "NOTICE";
    expect(&n, NULL, false, "NOTICE:  boom\nDETAIL:  d\nHINT:  h\n");
}

static void test_errtext__position__points_at_the_character(void **state)
{
    struct pgseal_notice n = {.severity = "ERROR", .message = "m", .position = "15"};

    expect(&n, "select * from x", true,
           "ERROR:  m\nLINE 1: select * from x\n                      ^\n");
    n.position = "9";
    expect(&n, "\tselect\t\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e, xx", true,
           "ERROR:  m\nLINE 1:  select \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e, xx\n"
           "                ^\n");
    n.position = "11";
    expect(&n, "a\nb\r\nc\rdef ghi", true, "ERROR:  m\nLINE 4: def ghi\n           ^\n");
    n.position = "900";
    expect(&n, "select 1", true, "ERROR:  m\n");
    n.position = "0";
    expect(&n, "select 1", true, "ERROR:  m\n");
    n.position = "9";
    expect(&n, "select 1", true, "ERROR:  m\nLINE 1: select 1\n                ^\n");
    expect(&n, NULL, true, "ERROR:  m at character 9\n");
}

static void test_errtext__long_line__is_cut_around_the_character(void **state)
{
    struct pgseal_notice n = {.severity = "ERROR", .message = "m", .position = "30"};
    char query[256] = "";

    for (int i = 0; i < 20; i++)
        pgseal__append(query, sizeof(query), "%09d ", i);
    expect(&n, query, true,
           "ERROR:  m\n"
           "LINE 1: 000000000 000000001 000000002 000000003 000000004 000000005 ...\n"
           "                                     ^\n");
    n.position = "101";
    expect(&n, query, true,
           "ERROR:  m\n"
           "LINE 1: ...000000005 000000006 000000007 000000008 000000009 000000010 ...\n"
           "                                                             ^\n");
    n.position = "196";
    expect(&n, query, true,
           "ERROR:  m\n"
           "LINE 1: ...000000014 000000015 000000016 000000017 000000018 000000019 \n"
           "                                                                  ^\n");
}

static void test_errtext__internal_query__is_pointed_at(void **state)
{
    struct pgseal_notice n = {
        .severity = "ERROR", .message = "m", .int_position = "8", .int_query = "select x"};

    expect(&n, "select f()", true,
           "ERROR:  m\nLINE 1: select x\n               ^\nQUERY:  select x\n");
}

static void test_errtext__commands_for_a_terminal__are_escaped(void **state)
{
    struct pgseal_notice n = {.severity = "NOTICE",
                              .message = "a\x1b]0;title\a\tb\r\nc \u00e9\xc2\x9b"
                                         "2J\x7f",
                              .hint = "\x1b[2J"};
    struct cli_str s = {0};

    cli_errtext(&s, &n, NULL, CLI_ENC_UTF8, false);
    assert_string_equal(cli_str(&s),
                        "NOTICE:  a\\x1b]0;title\\x07\tb\\x0d\nc \u00e9\\xc2\\x9b2J\\x7f\n"
                        "HINT:  \\x1b[2J\n");
    cli_str_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errtext__parts__in_psql_s_order),
        cmocka_unit_test(test_errtext__position__points_at_the_character),
        cmocka_unit_test(test_errtext__long_line__is_cut_around_the_character),
        cmocka_unit_test(test_errtext__internal_query__is_pointed_at),
        cmocka_unit_test(test_errtext__commands_for_a_terminal__are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the story of a failure and of message prefixes. */
#include "cli/out_int.h"

#include "t.h"

static void test_story__parts__are_labelled_and_wrapped(void **state)
{
    struct pgseal_err err = {.code = PGSEAL_E_NO_TLS};
    struct cli_str out = {0};
    char why[512];

    pgseal__format(err.detail, sizeof(err.detail), "one two three four five six seven");
    pgseal__format(err.hint, sizeof(err.hint), "type this:\n  psql \"host=a sslmode=require\"");
    cli_story(&out, &err, 24, false);
    pgseal__format(why, sizeof(why), "%s", cli_str(&out));
    assert_non_null(strstr(why, "  code: NO_TLS\n"
                                "  seen: one two three\n"
                                "        four five six\n"
                                "        seven\n"));
    assert_non_null(strstr(why, "  why:  "));
    assert_non_null(strstr(why, "  fix:  type this:\n"
                                "          psql \"host=a sslmode=require\"\n"));
    cli_str_done(&out);
}

static void test_story__empty_parts__are_left_out(void **state)
{
    struct pgseal_err err = {.code = PGSEAL_E_NO_TLS};
    struct cli_str out = {0};

    cli_story(&out, &err, 80, false);
    assert_null(strstr(cli_str(&out), "seen:"));
    assert_null(strstr(cli_str(&out), "fix:"));
    cli_str_done(&out);
}

static void test_story__long_word__is_never_broken(void **state)
{
    struct cli_str out = {0};

    cli_story_part(&out, "seen:", "a /a/very/long/path/that/is/wider/than/the/terminal b", 30,
                   false);
    assert_string_equal(cli_str(&out),
                        "  seen: a\n        /a/very/long/path/that/is/wider/than/the/terminal\n"
                        "        b\n");
    cli_str_done(&out);
}

static void test_story__colour__marks_labels_only(void **state)
{
    struct cli_str out = {0};

    cli_story_part(&out, "why:", "x", 80, true);
    assert_string_equal(cli_str(&out), "  \033[1mwhy:\033[0m  x\n");
    cli_str_done(&out);
}

static void expect_said(struct cli_log log, enum cli_level level, const char *text)
{
    char *got = NULL;
    size_t n = 0;

    log.err = open_memstream(&got, &n);
    log.out = stdout;
    cli_say(&log, level, "%s", "text\n");
    fclose(log.err);
    assert_string_equal(got, text);
    free(got);
}

static void test_say__prefixes__as_psql(void **state)
{
    expect_said((struct cli_log){0}, CLI_ERROR, "pgseal: error: text\n");
    expect_said((struct cli_log){0}, CLI_WARNING, "pgseal: warning: text\n");
    expect_said((struct cli_log){0}, CLI_PLAIN, "pgseal: text\n");
    expect_said((struct cli_log){.terse = true}, CLI_ERROR, "text\n");
    expect_said((struct cli_log){.file = "a.sql", .line = 5}, CLI_PLAIN, "pgseal:a.sql:5: text\n");
    expect_said((struct cli_log){.file = "a.sql", .line = 5}, CLI_ERROR,
                "pgseal:a.sql:5: error: text\n");
    expect_said((struct cli_log){.file = "a.sql"}, CLI_ERROR, "pgseal:a.sql: error: text\n");
    expect_said((struct cli_log){.file = "a.sql", .line = 5, .terse = true}, CLI_PLAIN,
                "a.sql:5: text\n");
    expect_said((struct cli_log){.colour = true}, CLI_ERROR,
                "pgseal: \033[1;31merror: \033[0mtext\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story__parts__are_labelled_and_wrapped),
        cmocka_unit_test(test_story__empty_parts__are_left_out),
        cmocka_unit_test(test_story__long_word__is_never_broken),
        cmocka_unit_test(test_story__colour__marks_labels_only),
        cmocka_unit_test(test_say__prefixes__as_psql),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

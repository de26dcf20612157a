/* SPDX-License-Identifier: PostgreSQL */
/* Tests of running queries: results, COPY, lost connections, Ctrl-C. */
#include "stage.h"

static void test_query__several_results__print_in_order(void **state)
{
    struct stage st;

    start(&st);
    say_column(&st.server, "a");
    say_row(&st.server, "1");
    say_error(&st.server, 'N', "NOTICE", "hello");
    say_text(&st.server, 'C', "SELECT 1");
    say_text(&st.server, 'C', "INSERT 0 1");
    say(&st.server, 'I', "", 0);
    say_ready(&st.server, 'T');
    assert_true(cli_query(&st.run, "select 1; insert"));
    expect(&st, "1\nINSERT 0 1\n", "NOTICE:  hello\n");
    assert_string_equal(st.server.sent.p, "Q:select 1; insert ");
    assert_int_equal(st.run.txn, 'T');
    finish(&st);
}

static void test_query__returning__prints_its_tag_too(void **state)
{
    struct stage st;

    start(&st);
    say_column(&st.server, "a");
    say_row(&st.server, "7");
    say_text(&st.server, 'C', "INSERT 0 1");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    expect(&st, "7\nINSERT 0 1\n", "");
    finish(&st);
}

static void test_query__error_in_the_rows__prints_none_of_them(void **state)
{
    struct stage st;

    start(&st);
    say_column(&st.server, "a");
    say_row(&st.server, "1");
    say_error(&st.server, 'E', "ERROR", "division by zero");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "ERROR:  division by zero\n");
    assert_true(st.run.open);
    finish(&st);
}

static void test_query__malformed_answers__are_errors(void **state)
{
    static const struct {
        uint8_t type;
        const char *body;
        size_t n;
        const char *text;
    } rows[] = {
        {'T', "\0", 1, "insufficient data in \"T\" message\n"},
        {'T', "\xff\xff name", 8, "insufficient data in \"T\" message\n"},
        {'D', "\0\1\0\0\0\1x", 7,
         "server sent data (\"D\" message) without prior row description (\"T\" message)\n"},
        {'E', "Sx", 2, "message contents do not agree with length in message type \"E\"\n"},
        {'~', "", 0, "unexpected response from server; first received character was \"~\"\n"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct stage st;

        start(&st);
        say(&st.server, rows[i].type, rows[i].body, rows[i].n);
        say_text(&st.server, 'C', "SELECT 1");
        say_ready(&st.server, 'I');
        assert_false(cli_query(&st.run, "x"));
        expect(&st, "", rows[i].text);
        finish(&st);
    }
}

static void test_query__row_of_another_width__is_an_error(void **state)
{
    struct stage st;

    start(&st);
    say_column(&st.server, "a");
    say(&st.server, 'D', "\0\2\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    say_row(&st.server, "2");
    say_text(&st.server, 'C', "SELECT 2");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "unexpected field count in \"D\" message\n");
    finish(&st);
}

/* Found by fuzzing: the first header's names were lost. */
static void test_query__second_header__is_an_error(void **state)
{
    struct stage st;

    start(&st);
    say_column(&st.server, "a");
    say_column(&st.server, "b");
    say_row(&st.server, "1");
    say_text(&st.server, 'C', "SELECT 1");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "unexpected response from server; first received character was \"T\"\n");
    finish(&st);
}

static void test_query__lost_connection__says_so_and_closes(void **state)
{
    struct stage st;

    start(&st);
    say_error(&st.server, 'E', "FATAL", "terminating connection");
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "",
           "FATAL:  terminating connection\n"
           "server closed the connection unexpectedly\n"
           "connection to server was lost\n");
    assert_false(st.run.open);
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "",
           "FATAL:  terminating connection\n"
           "server closed the connection unexpectedly\n"
           "connection to server was lost\n"
           "You are currently not connected to a database.\n");
    finish(&st);
}

static void test_query__lost_at_the_prompt__is_made_again(void **state)
{
    struct stage st;

    start(&st);
    st.run.at_prompt = true;
    st.server.resets = true;
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "told\n",
           "server closed the connection unexpectedly\n"
           "The connection to the server was lost. Attempting reset: Succeeded.\n");
    assert_true(st.run.open);
    st.server.resets = false;
    assert_false(cli_query(&st.run, "x"));
    assert_false(st.run.open);
    finish(&st);
}

static void test_query__interrupt__cancels_and_waits_for_the_answer(void **state)
{
    struct stage st;

    start(&st);
    st.server.interrupt_at = 1;
    say_error(&st.server, 'E', "ERROR", "canceling statement due to user request");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "Cancel request sent\nERROR:  canceling statement due to user request\n");
    assert_int_equal(st.server.cancels, 1);
    assert_true(st.run.cancelled && st.run.open);
    finish(&st);
    start(&st);
    st.server.interrupt_at = 1;
    st.server.fail_cancel = true;
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "Could not send cancel request: no way\n");
    finish(&st);
}

static void test_query__notifications__follow_the_result(void **state)
{
    struct stage st;

    start(&st);
    say(&st.server, 'A', "\0\0\0\7chan\0load\0", 14);
    say(&st.server, 'A', "\0\0\0\7chan\0\0", 10);
    say_text(&st.server, 'C', "NOTIFY");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    expect(&st,
           "NOTIFY\n"
           "Asynchronous notification \"chan\" with payload \"load\" received from server process "
           "with PID 7.\n"
           "Asynchronous notification \"chan\" received from server process with PID 7.\n",
           "");
    finish(&st);
}

static void test_query__copy_both__is_refused(void **state)
{
    struct stage st;

    start(&st);
    say(&st.server, 'W', "\0\0\0", 3);
    assert_false(cli_query(&st.run, "x"));
    assert_false(st.run.open);
    fflush(st.run.log.err);
    assert_non_null(strstr(st.err, "pg_receivewal"));
    finish(&st);
}

static void test_copy__to_stdout__passes_bytes_and_no_tag(void **state)
{
    struct stage st;

    start(&st);
    say(&st.server, 'H', "\0\0\1\0\0", 5);
    say(&st.server, 'd', "1\n", 2);
    say_error(&st.server, 'N', "NOTICE", "n");
    say(&st.server, 'd', "a\0b\n", 4);
    say(&st.server, 'c', "", 0);
    say_text(&st.server, 'C', "COPY 2");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    fflush(st.run.out);
    assert_int_equal(st.out_len, 6);
    assert_memory_equal(st.out, "1\na\0b\n", 6);
    finish(&st);
}

static void test_copy__error_in_the_middle__keeps_what_came(void **state)
{
    struct stage st;

    start(&st);
    say(&st.server, 'H', "\0\0\1\0\0", 5);
    say(&st.server, 'd', "1\n", 2);
    say_error(&st.server, 'E', "ERROR", "boom");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "1\n", "ERROR:  boom\n");
    finish(&st);
}

static FILE *file_of(const char *text)
{
    FILE *f = tmpfile();

    fputs(text, f);
    rewind(f);
    return f;
}

static void test_copy__from_a_script__stops_at_its_mark(void **state)
{
    struct stage st;
    char rest[32];

    start(&st);
    st.run.source = file_of("1\n2\\.\n\\.\nselect 1;\n");
    st.run.log.file = "a.sql";
    say(&st.server, 'G', "\0\0\1\0\0", 5);
    say_text(&st.server, 'C', "COPY 2");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    expect(&st, "COPY 2\n", "");
    assert_string_equal(st.server.sent.p, "Q:x d:1\n2\\.\n c: ");
    assert_int_equal(st.run.log.line, 3);
    assert_string_equal(fgets(rest, sizeof(rest), st.run.source), "select 1;\n");
    fclose(st.run.source);
    finish(&st);
}

static void test_copy__large_input__goes_in_pieces(void **state)
{
    struct stage st;
    FILE *f = tmpfile();

    start(&st);
    for (int i = 0; i < 3000; i++)
        fprintf(f, "%09d\n", i);
    fputs("no newline at the end", f);
    rewind(f);
    st.run.source = f;
    say(&st.server, 'G', "\0\0\1\0\0", 5);
    say_text(&st.server, 'C', "COPY 3001");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    /* all of it, and no piece larger than the buffer */
    assert_true(st.server.sent.len > 30021);
    assert_non_null(strstr(st.server.sent.p, "no newline at the end c: "));
    fclose(f);
    finish(&st);
}

static void test_copy__binary__has_no_end_mark(void **state)
{
    struct stage st;

    start(&st);
    st.run.source = file_of("\\.\nx");
    say(&st.server, 'G', "\1\0\1\0\1", 5);
    say_text(&st.server, 'C', "COPY 0");
    say_ready(&st.server, 'I');
    assert_true(cli_query(&st.run, "x"));
    assert_string_equal(st.server.sent.p, "Q:x d:\\.\nx c: ");
    fclose(st.run.source);
    finish(&st);
}

static void test_copy__refused_data__is_told_once(void **state)
{
    struct stage st;

    start(&st);
    st.run.source = file_of("x\n");
    say(&st.server, 'G', "\0\0\1\0\0", 5);
    say_error(&st.server, 'E', "ERROR", "invalid input");
    say_ready(&st.server, 'I');
    assert_false(cli_query(&st.run, "x"));
    expect(&st, "", "ERROR:  invalid input\n");
    fclose(st.run.source);
    finish(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query__several_results__print_in_order),
        cmocka_unit_test(test_query__returning__prints_its_tag_too),
        cmocka_unit_test(test_query__error_in_the_rows__prints_none_of_them),
        cmocka_unit_test(test_query__malformed_answers__are_errors),
        cmocka_unit_test(test_query__row_of_another_width__is_an_error),
        cmocka_unit_test(test_query__second_header__is_an_error),
        cmocka_unit_test(test_query__lost_connection__says_so_and_closes),
        cmocka_unit_test(test_query__lost_at_the_prompt__is_made_again),
        cmocka_unit_test(test_query__interrupt__cancels_and_waits_for_the_answer),
        cmocka_unit_test(test_query__notifications__follow_the_result),
        cmocka_unit_test(test_query__copy_both__is_refused),
        cmocka_unit_test(test_copy__to_stdout__passes_bytes_and_no_tag),
        cmocka_unit_test(test_copy__error_in_the_middle__keeps_what_came),
        cmocka_unit_test(test_copy__from_a_script__stops_at_its_mark),
        cmocka_unit_test(test_copy__large_input__goes_in_pieces),
        cmocka_unit_test(test_copy__binary__has_no_end_mark),
        cmocka_unit_test(test_copy__refused_data__is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

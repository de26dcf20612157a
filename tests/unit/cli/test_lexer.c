/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the lexer: where statements end, and what the next prompt shows. */
#include "cli/lexer_int.h"

#include "t.h"

/* Feeds lines separated by \n as the main loop does; statements come out in [], the last prompt
 * behind them. A backslash command is shown as {rest of line}. */
static const char *run_enc(enum cli_enc enc, const char *text, bool backslash_quotes)
{
    static char out[2048];
    static const char PROMPTS[] = "=-'\"$*(c";
    struct cli_lex l = {.backslash_quotes = backslash_quotes};
    struct cli_str q = {0};
    enum cli_prompt prompt = CLI_PROMPT_READY;

    out[0] = '\0';
    for (;;) {
        size_t n = strcspn(text, "\n");
        enum cli_lex_result r;

        if (q.len > 0)
            cli_str_addc(&q, '\n');
        cli_lex_line(&l, enc, text, n);
        do {
            r = cli_lex_scan(&l, &q, &prompt);
            if (r == CLI_LEX_SEMICOLON) {
                pgseal__append(out, sizeof(out), "[%s]", cli_str(&q));
                cli_str_cut(&q, 0);
            } else if (r == CLI_LEX_BACKSLASH) {
                size_t left;
                const char *p = cli_lex_rest(&l, &left);

                pgseal__append(out, sizeof(out), "{%.*s}", (int)left, p);
                cli_lex_skip(&l, left);
            }
        } while (r != CLI_LEX_END);
        text += n;
        if (*text == '\0')
            break;
        text++;
    }
    pgseal__append(out, sizeof(out), "%s%c", cli_str(&q), PROMPTS[prompt]);
    cli_str_done(&q);
    cli_lex_done(&l);
    return out;
}

static const char *run(const char *text)
{
    return run_enc(CLI_ENC_UTF8, text, false);
}

static void test_lexer__semicolons__end_statements(void **state)
{
    assert_string_equal(run("select 1;"), "[select 1;]=");
    assert_string_equal(run("select 1; select 2;select 3"), "[select 1;][select 2;]select 3-");
    assert_string_equal(run("  ;;"), "[;][;]=");
    assert_string_equal(run("select 1\n;"), "[select 1\n;]=");
    assert_string_equal(run(""), "=");
}

static void test_lexer__quotes__hide_semicolons(void **state)
{
    assert_string_equal(run("select ';''';"), "[select ';''';]=");
    assert_string_equal(run("select ';"), "select ';'");
    assert_string_equal(run("select 'a\nb';"), "[select 'a\nb';]=");
    assert_string_equal(run("select \";\"\"\";"), "[select \";\"\"\";]=");
    assert_string_equal(run("select \"a"), "select \"a\"");
    assert_string_equal(run("select E'\\';';"), "[select E'\\';';]=");
    assert_string_equal(run("select '\\';"), "[select '\\';]=");
    assert_string_equal(run("select u&'\\0041;', U&\";\";"), "[select u&'\\0041;', U&\";\";]=");
    assert_string_equal(run("select b'1;', x'a;', n';';"), "[select b'1;', x'a;', n';';]=");
    assert_string_equal(run("select tableE';';"), "[select tableE';';]=");
    assert_string_equal(run("select e'\\"), "select e'\\'");
}

static void test_lexer__standard_strings_off__backslash_escapes(void **state)
{
    assert_string_equal(run_enc(CLI_ENC_UTF8, "select '\\';';", true), "[select '\\';';]=");
}

static void test_lexer__dollar_quotes__end_at_their_tag(void **state)
{
    assert_string_equal(run("select $$;$$;"), "[select $$;$$;]=");
    assert_string_equal(run("select $a$ $b$;$$ $a$;"), "[select $a$ $b$;$$ $a$;]=");
    assert_string_equal(run("select $a$ ;"), "select $a$ ;$");
    assert_string_equal(run("select $1;"), "[select $1;]=");
    assert_string_equal(run("select a$b$;"), "[select a$b$;]=");
    assert_string_equal(run("select $aa$a$aa$;"), "[select $aa$a$aa$;]=");
    assert_string_equal(run("do $x$\nbegin;\nend $x$;"), "[do $x$\nbegin;\nend $x$;]=");
}

static void test_lexer__comments__hide_semicolons(void **state)
{
    assert_string_equal(run("-- only;"), "=");
    assert_string_equal(run("select 1 -- x;\n;"), "[select 1 -- x;\n;]=");
    assert_string_equal(run("/* a; /* b; */ ; */ select 1;"), "[/* a; /* b; */ ; */ select 1;]=");
    assert_string_equal(run("/* a"), "/* a*");
    assert_string_equal(run("select 1 +/* ; */ 2;"), "[select 1 +/* ; */ 2;]=");
    assert_string_equal(run("select 1 *--;\n 2;"), "[select 1 *--;\n 2;]=");
    assert_string_equal(run("/**/;"), "[/**/;]=");
}

static void test_lexer__parentheses_and_bodies__hide_semicolons(void **state)
{
    assert_string_equal(run("select (1;"), "select (1;(");
    assert_string_equal(run("select (1;\n2);"), "[select (1;\n2);]=");
    assert_string_equal(run("select );"), "[select );]=");
    assert_string_equal(
        run("create or replace function f() returns int begin atomic select 1; select 2; end;"),
        "[create or replace function f() returns int begin atomic select 1; select 2; end;]=");
    assert_string_equal(
        run("create procedure p() begin atomic select case 1 when 1 then 2 end; end; select 3;"),
        "[create procedure p() begin atomic select case 1 when 1 then 2 end; end;][select 3;]=");
    assert_string_equal(run("begin; end;"), "[begin;][end;]=");
    assert_string_equal(run("create function f() begin atomic"),
                        "create function f() begin atomic-");
}

static void test_lexer__backslash__starts_a_command(void **state)
{
    assert_string_equal(run("\\q"), "{q}=");
    assert_string_equal(run("select 1 \\g x"), "{g x}select 1 -");
    assert_string_equal(run("select '\\q';"), "[select '\\q';]=");
    assert_string_equal(run("select 1\\; select 2;"), "[select 1; select 2;]=");
    assert_string_equal(run("select 1\\:\\:int;"), "[select 1::int;]=");
}

/* Found by running random scripts through psql 15 and this. */
static void test_lexer__odd_tokens__end_where_psql_s_do(void **state)
{
    assert_string_equal(run(":foo$a$;"), ":foo$a$;$");
    assert_string_equal(run("a::b$a$;"), "[a::b$a$;]=");
    assert_string_equal(run("select 1e--x;"), "[select 1e--x;]=");
    assert_string_equal(run("select 1eE'\\';"), "[select 1eE'\\';]=");
    assert_string_equal(run("1ecreate function f() begin atomic;"),
                        "[1ecreate function f() begin atomic;]=");
    assert_string_equal(run("select 1.5e-3x;"), "[select 1.5e-3x;]=");
    assert_string_equal(run("select 1e5$b$;"), "[select 1e5$b$;]=");
    assert_string_equal(run("select 1.5$b$;"), "select 1.5$b$;$");
    assert_string_equal(run("create function f() begin atomic; select 1end; end;"),
                        "[create function f() begin atomic; select 1end; end;]=");
    assert_string_equal(run(":x create function f() begin atomic; end;"),
                        "[:x create function f() begin atomic; end;]=");
}

static void test_lexer__second_byte_of_a_character__is_no_quote(void **state)
{
    /* 0x95 0x5c is one SJIS character, whose second byte is a backslash */
    assert_string_equal(run_enc(CLI_ENC_SJIS, "select \x95\x5c;", false), "[select \x95\x5c;]=");
    assert_string_equal(run_enc(CLI_ENC_SINGLE, "select \x95\x5c;", false), "select \x95;-");
}

static void test_lexer__reset__forgets(void **state)
{
    struct cli_lex l = {0};
    struct cli_str q = {0};
    enum cli_prompt prompt;

    cli_lex_line(&l, CLI_ENC_UTF8, "create function f() begin atomic ('", 35);
    assert_int_equal(cli_lex_scan(&l, &q, &prompt), CLI_LEX_END);
    assert_true(cli_lex_in_quote(&l));
    cli_lex_reset(&l);
    cli_str_cut(&q, 0);
    assert_false(cli_lex_in_quote(&l));
    cli_lex_line(&l, CLI_ENC_UTF8, "select 1;", 9);
    assert_int_equal(cli_lex_scan(&l, &q, &prompt), CLI_LEX_SEMICOLON);
    cli_str_done(&q);
    cli_lex_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lexer__semicolons__end_statements),
        cmocka_unit_test(test_lexer__quotes__hide_semicolons),
        cmocka_unit_test(test_lexer__standard_strings_off__backslash_escapes),
        cmocka_unit_test(test_lexer__dollar_quotes__end_at_their_tag),
        cmocka_unit_test(test_lexer__comments__hide_semicolons),
        cmocka_unit_test(test_lexer__parentheses_and_bodies__hide_semicolons),
        cmocka_unit_test(test_lexer__backslash__starts_a_command),
        cmocka_unit_test(test_lexer__odd_tokens__end_where_psql_s_do),
        cmocka_unit_test(test_lexer__second_byte_of_a_character__is_no_quote),
        cmocka_unit_test(test_lexer__reset__forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

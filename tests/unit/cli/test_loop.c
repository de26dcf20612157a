/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the main loop: scripts, backslash commands, exit codes, prompts. */
#include "stage.h"

struct text_lines {
    const char *p;
    enum cli_prompt prompts[32];
    size_t n;
    const char *interrupt_at; /* Ctrl-C when the text gets there */
};

static bool next_text(void *ctx, struct cli_run *run, enum cli_prompt prompt, struct cli_str *line)
{
    struct text_lines *t = ctx;
    size_t n;

    (void)run;
    if (t->n < PGSEAL_COUNT(t->prompts))
        t->prompts[t->n++] = prompt;
    if (t->interrupt_at == t->p) {
        cli_interrupted = 1;
        t->interrupt_at = NULL;
        return false;
    }
    if (*t->p == '\0')
        return false;
    n = strcspn(t->p, "\n");
    cli_str_addn(line, t->p, n);
    t->p += n + (t->p[n] == '\n');
    return true;
}

static int loop(struct stage *st, struct text_lines *t)
{
    struct cli_lines_in in = {.ctx = t, .next = next_text};

    return cli_main_loop(&st->run, &in);
}

static void say_ok(struct server *s, const char *tag)
{
    say_text(s, 'C', tag);
    say_ready(s, 'I');
}

static void test_loop__script__runs_statements_and_the_rest(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "\xef\xbb\xbf"
                                "a;b\n\n  c;\\x\\\\ d\n-- end\n"};

    start(&st);
    say_ok(&st.server, "A");
    say_ok(&st.server, "B");
    say_ok(&st.server, "D");
    assert_int_equal(loop(&st, &t), CLI_EXIT_OK);
    assert_string_equal(st.server.sent.p, "Q:a; Q:b\n  c; Q:d\n-- end ");
    expect(&st, "A\nB\nExpanded display is on.\nD\n", "");
    finish(&st);
}

static void test_loop__errors__stop_only_when_asked(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "a;\nb;"};

    start(&st);
    say_error(&st.server, 'E', "ERROR", "no");
    say_ready(&st.server, 'I');
    say_ok(&st.server, "B");
    assert_int_equal(loop(&st, &t), CLI_EXIT_OK);
    expect(&st, "B\n", "ERROR:  no\n");
    finish(&st);
    start(&st);
    t.p = "a;\nb;";
    st.run.on_error_stop = true;
    say_error(&st.server, 'E', "ERROR", "no");
    say_ready(&st.server, 'I');
    assert_int_equal(loop(&st, &t), CLI_EXIT_USER);
    assert_string_equal(st.server.sent.p, "Q:a; ");
    finish(&st);
}

static void test_loop__lost_connection__ends_a_script_with_2(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "a;\nb;"};

    start(&st);
    assert_int_equal(loop(&st, &t), CLI_EXIT_BADCONN);
    assert_string_equal(st.server.sent.p, "Q:a; ");
    finish(&st);
}

static void test_loop__interrupt__ends_a_script_and_clears_a_prompt(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "a\n;b;"};

    start(&st);
    t.interrupt_at = t.p + 2;
    assert_int_equal(loop(&st, &t), CLI_EXIT_USER);
    assert_null(st.server.sent.p);
    finish(&st);
    start(&st);
    st.run.at_prompt = true;
    t = (struct text_lines){.p = "a (\n);b;"};
    t.interrupt_at = t.p + 4;
    say_ok(&st.server, "X");
    say_ok(&st.server, "B");
    assert_int_equal(loop(&st, &t), CLI_EXIT_OK);
    assert_string_equal(st.server.sent.p, "Q:); Q:b; ");
    assert_int_equal(t.prompts[1], CLI_PROMPT_PAREN);
    assert_int_equal(t.prompts[2], CLI_PROMPT_READY);
    finish(&st);
}

static void test_loop__psql_s_commands__end_a_script(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "\\set x 1\nselect 1;"};

    start(&st);
    assert_int_equal(loop(&st, &t), CLI_EXIT_USER);
    assert_null(st.server.sent.p);
    expect(&st, "",
           "\\set is psql's: connect has \\q \\? \\conninfo \\ssl \\x only; the same connection in "
           "psql: psql -h x\n"
           "the script ends here: what follows may depend on it\n");
    finish(&st);
}

static void test_loop__prompt__goes_on_after_psql_s_commands(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "\\d\n\\conninfo\nhelp\nb;\nquit\nc;"};

    start(&st);
    st.run.at_prompt = true;
    say_ok(&st.server, "B");
    assert_int_equal(loop(&st, &t), CLI_EXIT_OK);
    assert_string_equal(st.server.sent.p, "Q:b; ");
    fflush(st.run.out);
    assert_non_null(strstr(st.out, "told\n"));
    assert_non_null(strstr(st.out, "\\? for help with commands"));
    finish(&st);
}

static void test_loop__restricted__allows_only_its_key(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "\\restrict k1\n\\x\n\\unrestrict k2\n\\unrestrict k1\n\\x on\n"};

    start(&st);
    assert_int_equal(loop(&st, &t), CLI_EXIT_OK);
    expect(&st, "Expanded display is on.\n",
           "backslash commands are restricted; only \\unrestrict is allowed\n"
           "\\unrestrict: wrong key\n");
    finish(&st);
}

static void test_loop__custom_dump__is_refused(void **state)
{
    struct stage st;
    struct text_lines t = {.p = "PGDMP\1\16"};

    start(&st);
    assert_int_equal(loop(&st, &t), CLI_EXIT_FAILURE);
    assert_null(st.server.sent.p);
    finish(&st);
}

static void test_prompt__states__as_psql(void **state)
{
    struct stage st;
    char text[64];

    start(&st);
    cli_prompt_text(&st.run, CLI_PROMPT_READY, text, sizeof(text));
    assert_string_equal(text, "db=# ");
    st.run.txn = 'T';
    cli_prompt_text(&st.run, CLI_PROMPT_CONTINUE, text, sizeof(text));
    assert_string_equal(text, "db-*# ");
    st.run.txn = 'E';
    cli_prompt_text(&st.run, CLI_PROMPT_SINGLE_QUOTE, text, sizeof(text));
    assert_string_equal(text, "db'!# ");
    st.run.txn = 'I';
    cli_prompt_text(&st.run, CLI_PROMPT_DOUBLE_QUOTE, text, sizeof(text));
    assert_string_equal(text, "db\"# ");
    cli_prompt_text(&st.run, CLI_PROMPT_DOLLAR_QUOTE, text, sizeof(text));
    assert_string_equal(text, "db$# ");
    cli_prompt_text(&st.run, CLI_PROMPT_COMMENT, text, sizeof(text));
    assert_string_equal(text, "db*# ");
    cli_prompt_text(&st.run, CLI_PROMPT_PAREN, text, sizeof(text));
    assert_string_equal(text, "db(# ");
    st.run.open = false;
    cli_prompt_text(&st.run, CLI_PROMPT_READY, text, sizeof(text));
    assert_string_equal(text, "!?> ");
    finish(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop__script__runs_statements_and_the_rest),
        cmocka_unit_test(test_loop__errors__stop_only_when_asked),
        cmocka_unit_test(test_loop__lost_connection__ends_a_script_with_2),
        cmocka_unit_test(test_loop__interrupt__ends_a_script_and_clears_a_prompt),
        cmocka_unit_test(test_loop__psql_s_commands__end_a_script),
        cmocka_unit_test(test_loop__prompt__goes_on_after_psql_s_commands),
        cmocka_unit_test(test_loop__restricted__allows_only_its_key),
        cmocka_unit_test(test_loop__custom_dump__is_refused),
        cmocka_unit_test(test_prompt__states__as_psql),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Pages as a terminal shows them: every construct that docs/ uses, at several widths. */
#include "cli/explain_int.h"

#include "t.h"

static void expect(const char *text, int columns, bool colour, const char *wanted)
{
    struct cli_str out = {0};

    cli_markdown(&out, text, columns, colour);
    assert_string_equal(cli_str(&out), wanted);
    cli_str_done(&out);
}

static void test_markdown__headings_paragraphs__wrapped(void **state)
{
    (void)state;
    expect("# NAME\n\nOne two three\nfour five.\n\n## Seen\n\nSix.\n", 16, false,
           "NAME\n\n  One two three\n  four five.\n\nSeen\n\n  Six.\n");
    /* A word longer than the line stands alone and whole. */
    expect("a https://example.com/a/b/c d\n", 12, false, "  a\n  https://example.com/a/b/c\n  d\n");
    expect("", 80, false, "");
}

static void test_markdown__code_blocks__are_whole(void **state)
{
    (void)state;
    expect("```console\n$ a long command that is not wrapped\n> more\n\n# no heading\n```\n", 10,
           false,
           "      $ a long command that is not wrapped\n      > more\n\n      # no heading\n");
    expect("Text:\n\n    indented  code\n    ## here too\n", 10, false,
           "  Text:\n\n      indented  code\n      ## here too\n");
    expect("```\n$ x\ny\n```\n", 80, true, "      \033[1m$ x\033[22m\n      y\n");
}

static void test_markdown__inline__code_bold_links(void **state)
{
    (void)state;
    expect("`a b` **c** d\n", 80, false, "  `a b` c d\n");
    expect("`a b` **c** d\n", 80, true, "  \033[1ma b\033[22m \033[1mc\033[22m d\n");
    expect("[CERT](CERT.md) [that](../errors/CERT.md) [web](https://a.b/)\n", 80, false,
           "  CERT that (CERT) web (https://a.b/)\n");
    expect("`[no](link)` and \\* \\` and [open\n", 80, false, "  `[no](link)` and * ` and [open\n");
}

/* A colour ends with the line and begins again: pagers show lines. */
static void test_markdown__colour__does_not_cross_a_line(void **state)
{
    (void)state;
    expect("x `aa bb` y\n", 7, true, "  x \033[1maa\033[22m\n  \033[1mbb\033[22m y\n");
}

static void test_markdown__comments__leave_no_trace(void **state)
{
    (void)state;
    expect("# A\n\n<!-- also: b -->\n\n## Try\n\n<!-- stage: server -->\n```\nx\n```\n", 80, false,
           "A\n\nTry\n\n      x\n");
}

static void test_markdown__lists__hang(void **state)
{
    (void)state;
    expect("1. one two three\n   four\n2. five\n\n- six seven eight\n", 16, false,
           "  1. one two\n     three four\n  2. five\n\n  - six seven\n    eight\n");
    /* A dash or a number inside of a paragraph is none. */
    expect("in 10. or - so\n", 80, false, "  in 10. or - so\n");
}

static void test_markdown__tables__fit(void **state)
{
    (void)state;
    expect("| a | value |\n|---|---|\n| `x|y` | one |\n| z |  |\n", 80, false,
           "  a      value\n  -----  -----\n  `x|y`  one\n  z\n");
    expect("| name | text |\n|---|---|\n| one | aaaaaaaa bbbbbbbb cccc |\n| two | short |\n", 24,
           false,
           "  name  text\n  ----  ----------------\n  one   aaaaaaaa\n        bbbbbbbb cccc\n\n"
           "  two   short\n");
}

static void test_markdown__wide_characters__count_their_columns(void **state)
{
    (void)state;
    expect("\xe6\x97\xa5\xe6\x9c\xac \xe6\x97\xa5\xe6\x9c\xac\n", 8, false,
           "  \xe6\x97\xa5\xe6\x9c\xac\n  \xe6\x97\xa5\xe6\x9c\xac\n");
}

/* However narrow the terminal, it ends, and no word of a page is lost. */
static void test_markdown__every_page_at_any_width__keeps_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_pages_n; i += 7) {
        struct cli_str wide = {0}, narrow = {0};
        size_t letters[2] = {0};

        cli_markdown(&wide, cli_pages[i].text, 200, false);
        cli_markdown(&narrow, cli_pages[i].text, 1, false);
        for (const char *p = cli_str(&wide); *p != '\0'; p++)
            letters[0] += strchr(" \n-", *p) == NULL;
        for (const char *p = cli_str(&narrow); *p != '\0'; p++)
            letters[1] += strchr(" \n-", *p) == NULL;
        assert_int_equal(letters[0], letters[1]);
        cli_str_done(&wide);
        cli_str_done(&narrow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown__headings_paragraphs__wrapped),
        cmocka_unit_test(test_markdown__code_blocks__are_whole),
        cmocka_unit_test(test_markdown__inline__code_bold_links),
        cmocka_unit_test(test_markdown__colour__does_not_cross_a_line),
        cmocka_unit_test(test_markdown__comments__leave_no_trace),
        cmocka_unit_test(test_markdown__lists__hang),
        cmocka_unit_test(test_markdown__tables__fit),
        cmocka_unit_test(test_markdown__wide_characters__count_their_columns),
        cmocka_unit_test(test_markdown__every_page_at_any_width__keeps_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of encodings: lengths, widths, visible control characters, what is not a character. */
#include "cli/text_int.h"

#include "t.h"

static void test_enc__names__find_their_rules(void **state)
{
    assert_int_equal(cli_enc_find("UTF8"), CLI_ENC_UTF8);
    assert_int_equal(cli_enc_find("utf8"), CLI_ENC_UTF8);
    assert_int_equal(cli_enc_find("SQL_ASCII"), CLI_ENC_SINGLE);
    assert_int_equal(cli_enc_find("LATIN1"), CLI_ENC_SINGLE);
    assert_int_equal(cli_enc_find("EUC_JIS_2004"), CLI_ENC_EUC_JP);
    assert_int_equal(cli_enc_find(NULL), CLI_ENC_SINGLE);
    assert_true(cli_enc_unsafe(cli_enc_find("SJIS")));
    assert_true(cli_enc_unsafe(cli_enc_find("GB18030")));
    assert_false(cli_enc_unsafe(cli_enc_find("EUC_JP")));
}

/* Measured with libpq 15's PQmblen and PQdsplen. */
static void test_enc__characters__have_libpq_s_length_and_width(void **state)
{
    static const struct {
        const char *enc, *bytes;
        int len, width;
    } rows[] = {
        {"UTF8", "a", 1, 1},
        {"UTF8", "\x01", 1, -1},
        {"UTF8", "\x7f", 1, -1},
        {"UTF8", "\xc3\xb1", 2, 1},         /* n with tilde */
        {"UTF8", "\xc2\x85", 2, -1},        /* NEL */
        {"UTF8", "\xcc\x81", 2, 0},         /* combining acute */
        {"UTF8", "\xe6\x97\xa5", 3, 2},     /* a kanji */
        {"UTF8", "\xef\xbd\xb1", 3, 1},     /* halfwidth katakana */
        {"UTF8", "\xe2\x80\x8b", 3, 1},     /* zero width space: 1 in PostgreSQL 15 */
        {"UTF8", "\xf0\x9f\x98\x80", 4, 2}, /* a face */
        {"UTF8", "\xf0\xa0\x80\x8b", 4, 2}, /* ideograph of plane 2 */
        {"UTF8", "\xff", 1, -1},
        {"UTF8", "\x80", 1, -1},
        {"EUC_JP", "\xc6\xfc", 2, 2},
        {"EUC_JP", "\x8e\xb1", 2, 1},
        {"EUC_JP", "\x8f\xb0\xa1", 3, 2},
        {"EUC_KR", "\xb0\xa1", 2, 2},
        {"EUC_TW", "\x8e\xa2\xa1\xa1", 4, 2},
        {"SJIS", "\x93\xfa", 2, 2},
        {"SJIS", "\xb1", 1, 1},
        {"BIG5", "\xa4\x40", 2, 2},
        {"GB18030", "\x81\x30\x81\x30", 4, 2},
        {"GB18030", "\xb0\xa1", 2, 2},
        {"LATIN1", "\xe9", 1, 1},
        {"SQL_ASCII", "\x80", 1, 1},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        enum cli_enc enc = cli_enc_find(rows[i].enc);
        const uint8_t *p = (const uint8_t *)rows[i].bytes;
        size_t n = strlen(rows[i].bytes);

        assert_int_equal(cli_enc_len(enc, p, n), rows[i].len);
        assert_int_equal(cli_enc_width(enc, p, n), rows[i].width);
    }
}

/* The first 512 columns of the Unicode tables, summed: an edit of the table shows here. */
static void test_enc__all_code_points__sum_as_measured(void **state)
{
    long zero = 0, two = 0, control = 0;

    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        int w = cli_ucs_width(cp);

        zero += w == 0;
        two += w == 2;
        control += w == -1;
    }
    assert_int_equal(control, 31 + 33);
    assert_int_equal(cli_ucs_width(0x110000), -1);
    /* Counted with PQdsplen() of libpq 15.18 over every code point. */
    assert_int_equal(zero, 2075);
    assert_int_equal(two, 182487);
}

static const char *shown(enum cli_enc enc, const char *bytes, size_t n)
{
    static char out[256];
    struct cli_lines l = {0};
    int width, height;
    int widest = 0;

    out[0] = '\0';
    cli_cell_lines(enc, (const uint8_t *)bytes, n, &l);
    for (size_t i = 0; i < l.n; i++) {
        pgseal__append(out, sizeof(out), "%s%.*s:%d", i > 0 ? "/" : "", (int)l.line[i].len,
                       l.text.p + l.line[i].off, l.line[i].width);
        if (l.line[i].width > widest)
            widest = l.line[i].width;
    }
    cli_cell_size(enc, (const uint8_t *)bytes, n, &width, &height);
    assert_int_equal(height, l.n);
    assert_int_equal(width, widest);
    cli_lines_done(&l);
    return out;
}

static void test_cell__control_characters__are_visible(void **state)
{
    assert_string_equal(shown(CLI_ENC_UTF8, "plain", 5), "plain:5");
    assert_string_equal(shown(CLI_ENC_UTF8, "", 0), ":0");
    assert_string_equal(shown(CLI_ENC_UTF8, "a\tb", 3), "a       b:9");
    assert_string_equal(shown(CLI_ENC_UTF8, "12345678\tb", 10), "12345678        b:17");
    assert_string_equal(shown(CLI_ENC_UTF8, "a\r\nb\n", 5), "a\\r:3/b:1/:0");
    assert_string_equal(shown(CLI_ENC_UTF8, "\x1b[1m", 4), "\\x1B[1m:7");
    assert_string_equal(shown(CLI_ENC_UTF8, "\xc2\x9b", 2), "\\u009B:6");
    assert_string_equal(shown(CLI_ENC_UTF8, "\xf4\x90\x80\x80", 4), "\\u1100:6");
    assert_string_equal(shown(CLI_ENC_SINGLE, "\xc2\x1b", 2), "\xc2\\x1B:5");
}

static void test_cell__cut_character_or_nul__ends_the_value(void **state)
{
    assert_string_equal(shown(CLI_ENC_UTF8, "ab\xe6\x97", 4), "ab:2");
    assert_string_equal(shown(CLI_ENC_UTF8, "\xc3\xb1\0b", 4), "\xc3\xb1:1");
    assert_string_equal(shown(CLI_ENC_SJIS, "a\x93", 2), "a:1");
}

static void test_cell__invalid_utf8__is_deleted(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"a\xff"
         "b",
         "ab"},
        {"\x80x", "x"},
        {"\xc0\x80x", "x"},                 /* overlong */
        {"\xe0\x80\x80x", "x"},             /* overlong */
        {"\xed\xa0\x80x", "x"},             /* a surrogate psql refuses */
        {"\xed\xa4\x80x", "\xed\xa4\x80x"}, /* and one it lets through */
        {"\xf5\x80\x80\x80x", "x"},         /* behind the last plane */
        {"\xf0\x9f\xbf\xbfx", "x"},         /* U+1FFFF */
        {"x\xe6\x97", "x"},                 /* cut */
        {"\xe6\x97\xa5", "\xe6\x97\xa5"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char buf[32];
        size_t n = strlen(rows[i].in);

        memcpy(buf, rows[i].in, n);
        n = cli_cell_validate(CLI_ENC_UTF8, (uint8_t *)buf, n);
        assert_int_equal(n, strlen(rows[i].out));
        assert_memory_equal(buf, rows[i].out, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enc__names__find_their_rules),
        cmocka_unit_test(test_enc__characters__have_libpq_s_length_and_width),
        cmocka_unit_test(test_enc__all_code_points__sum_as_measured),
        cmocka_unit_test(test_cell__control_characters__are_visible),
        cmocka_unit_test(test_cell__cut_character_or_nul__ends_the_value),
        cmocka_unit_test(test_cell__invalid_utf8__is_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the base: queue, escaping, times, failing, allocation. */
#include "core/base/base.h"
#include "t.h"

#include <pgseal/buf.h>

static void test_buf__append_consume__keeps_order_over_growth(void **state)
{
    struct pgseal_buf b;
    uint8_t next_in = 0;
    uint8_t next_out = 0;

    pgseal_buf_init(&b, 5000);
    for (int round = 0; round < 2000; round++) {
        uint8_t chunk[37];
        size_t n = (size_t)round % sizeof(chunk);

        for (size_t i = 0; i < n; i++)
            chunk[i] = next_in++;
        assert_int_equal(pgseal_buf_append(&b, chunk, n, NULL), 0);
        n = pgseal_buf_len(&b) * (size_t)(round % 3) / 2;
        if (n > pgseal_buf_len(&b))
            n = pgseal_buf_len(&b);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(pgseal_buf_peek(&b)[i], next_out++);
        pgseal_buf_consume(&b, n);
    }
    pgseal_buf_done(&b);
}

static void test_buf__over_max__is_limit_and_unchanged(void **state)
{
    struct pgseal_buf b;
    struct pgseal_err err;

    pgseal_buf_init(&b, 10);
    assert_int_equal(pgseal_buf_append(&b, "0123456789", 10, &err), 0);
    assert_int_equal(pgseal_buf_room(&b), 0);
    assert_int_equal(pgseal_buf_append(&b, "x", 1, &err), PGSEAL_E_LIMIT);
    assert_int_equal(err.code, PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_buf_len(&b), 10);
    pgseal_buf_consume(&b, 4);
    assert_int_equal(pgseal_buf_append(&b, "abcd", 4, &err), 0);
    assert_memory_equal(pgseal_buf_peek(&b), "456789abcd", 10);
    pgseal_buf_unappend(&b, 3);
    assert_memory_equal(pgseal_buf_peek(&b), "456789a", 7);
    pgseal_buf_done(&b);
}

static void test_buf__move__swaps_or_copies_what_fits(void **state)
{
    struct pgseal_buf a;
    struct pgseal_buf b;

    pgseal_buf_init(&a, 100);
    pgseal_buf_init(&b, 100);
    assert_int_equal(pgseal_buf_append(&a, "hello", 5, NULL), 0);
    assert_int_equal(pgseal_buf_move(&b, &a, NULL), 0);
    assert_int_equal(pgseal_buf_len(&a), 0);
    assert_memory_equal(pgseal_buf_peek(&b), "hello", 5);
    assert_int_equal(pgseal_buf_append(&a, " world", 6, NULL), 0);
    assert_int_equal(pgseal_buf_move(&b, &a, NULL), 0);
    assert_memory_equal(pgseal_buf_peek(&b), "hello world", 11);
    pgseal_buf_done(&a);
    pgseal_buf_init(&a, 7);
    assert_int_equal(pgseal_buf_move(&a, &b, NULL), 0);
    assert_memory_equal(pgseal_buf_peek(&a), "hello w", 7);
    assert_memory_equal(pgseal_buf_peek(&b), "orld", 4);
    pgseal_buf_done(&a);
    pgseal_buf_done(&b);
}

static void test_buf__out_of_memory__is_unchanged(void **state)
{
    struct pgseal_buf b;
    struct pgseal_err err;

    pgseal_buf_init(&b, 1000);
    assert_int_equal(pgseal_buf_append(&b, "x", 1, NULL), 0);
    pgseal__alloc_fail_after(0);
    assert_null(pgseal_buf_reserve(&b, 999, &err));
    assert_int_equal(err.code, PGSEAL_E_NOMEM);
    pgseal__alloc_fail_after(-1);
    assert_int_equal(pgseal_buf_len(&b), 1);
    pgseal_buf_done(&b);
    assert_int_equal(pgseal__alloc_live(), 0);
}

static void test_escape__hostile_bytes__are_shown_safely(void **state)
{
    static const struct {
        const char *in;
        size_t n, max;
        const char *out;
    } rows[] = {
        {"plain", 5, 128, "plain"},
        {"a\x1b[31mb", 7, 128, "a\\x1b[31mb"},
        {"back\\slash", 10, 128, "back\\x5cslash"},
        {"\xe6\x97\xa5\xe6\x9c\xac", 6, 128, "\xe6\x97\xa5\xe6\x9c\xac"},
        {"\xe6\x97", 2, 128, "\\xe6\\x97"},
        {"\xc0\xaf", 2, 128, "\\xc0\\xaf"},          /* overlong */
        {"\xed\xa0\x80", 3, 128, "\\xed\\xa0\\x80"}, /* surrogate */
        {"\xe2\x80\xae"
         "x",
         4, 128, "\\xe2\\x80\\xaex"},       /* right-to-left override */
        {"\xc2\x9b", 2, 128, "\\xc2\\x9b"}, /* C1 CSI */
        {"\0z\x7f", 3, 128, "\\x00z\\x7f"},
        {"0123456789", 10, 4, "0123..."},
        {"", 0, 128, ""},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char out[256];

        assert_string_equal(pgseal__escape(out, sizeof(out), rows[i].in, rows[i].n, rows[i].max),
                            rows[i].out);
    }
}

static void test_escape__small_output__is_terminated_and_marked(void **state)
{
    for (size_t cap = 1; cap < 40; cap++) {
        char out[40];

        memset(out, 'Z', sizeof(out));
        pgseal__escape(out, cap, "\x01\x02\x03 some text that is long", 27, 128);
        assert_true(strnlen(out, cap) < cap);
    }
}

static void test_utc__any_time__is_calendar_date(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00 UTC"},          {-1, "1969-12-31 23:59:59 UTC"},
        {951782400, "2000-02-29 00:00:00 UTC"},  {1724346530, "2024-08-22 17:08:50 UTC"},
        {4102444799, "2099-12-31 23:59:59 UTC"}, {253402300799, "9999-12-31 23:59:59 UTC"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char out[40];

        assert_string_equal(pgseal__utc(out, rows[i].t), rows[i].text);
    }
}

static void test_code__every_value__has_name_and_reason(void **state)
{
    int named = 0;

    for (int code = -1; code >= -200; code--) {
        if (strcmp(pgseal_code_str(code), "UNRECOGNIZED") == 0) {
            assert_string_equal(pgseal_code_why(code), "");
            continue;
        }
        named++;
        assert_true(strlen(pgseal_code_why(code)) > 20);
    }
    assert_int_equal(named, 44);
    assert_string_equal(pgseal_code_str(PGSEAL_OK), "OK");
    assert_string_equal(pgseal_code_str(7), "UNRECOGNIZED");
}

static void test_fail__long_message__is_cut_with_mark(void **state)
{
    static char text[8000];
    struct pgseal_err err;

    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(pgseal__fail(&err, PGSEAL_E_LIMIT, "%s", text), PGSEAL_E_LIMIT);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + sizeof(err.msg) - 4, "...");
    assert_int_equal(pgseal__fail(NULL, PGSEAL_E_LIMIT, "%s", text), PGSEAL_E_LIMIT);
}

static void test_append__behind_text__never_overflows(void **state)
{
    char out[16] = "0123456789";

    pgseal__append(out, sizeof(out), "%s", "abcdefghij");
    assert_string_equal(out, "0123456789ab...");
    pgseal__append(out, sizeof(out), "more");
    assert_string_equal(out, "0123456789ab...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__append_consume__keeps_order_over_growth),
        cmocka_unit_test(test_buf__over_max__is_limit_and_unchanged),
        cmocka_unit_test(test_buf__move__swaps_or_copies_what_fits),
        cmocka_unit_test(test_buf__out_of_memory__is_unchanged),
        cmocka_unit_test(test_escape__hostile_bytes__are_shown_safely),
        cmocka_unit_test(test_escape__small_output__is_terminated_and_marked),
        cmocka_unit_test(test_utc__any_time__is_calendar_date),
        cmocka_unit_test(test_code__every_value__has_name_and_reason),
        cmocka_unit_test(test_fail__long_message__is_cut_with_mark),
        cmocka_unit_test(test_append__behind_text__never_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

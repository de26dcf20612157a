/* SPDX-License-Identifier: PostgreSQL */
/* Tests of walking frames, of the names of messages and of reading the values in a body. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"

#include <pgseal/wire.h>

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static void test_frame__part_of_a_header__needs_more(void **state)
{
    struct pgseal_frame f = {.type = 'x'};

    for (size_t n = 0; n < 11; n++)
        assert_int_equal(
            pgseal_frame_next((const uint8_t *)"S\0\0\0\012a\0b\0\0\0", n, 100, &f, NULL), 0);
    assert_int_equal(f.type, 'x');
}

static void test_frame__whole__lends_the_body(void **state)
{
    const uint8_t bytes[] = "S\0\0\0\010a\0b\0next";
    struct pgseal_frame f;

    assert_int_equal(pgseal_frame_next(bytes, sizeof(bytes) - 1, 4, &f, NULL), 9);
    assert_int_equal(f.type, 'S');
    assert_ptr_equal(f.body, bytes + 5);
    assert_int_equal(f.len, 4);
}

static void test_frame__empty_body__is_a_message(void **state)
{
    struct pgseal_frame f;

    assert_int_equal(pgseal_frame_next(BYTES("X\0\0\0\4"), 0, &f, NULL), 5);
    assert_int_equal(f.len, 0);
}

static void test_frame__length_below_four__is_proto(void **state)
{
    struct pgseal_frame f = {.type = 'x'};
    struct pgseal_err err;

    assert_int_equal(pgseal_frame_next(BYTES("E\0\0\0\3"), 100, &f, &err), PGSEAL_E_PROTO);
    assert_string_equal(err.msg,
                        "lost synchronization with server: got message type \"E\", length 3");
    assert_string_equal(err.detail, "A length word counts itself and cannot be below 4.");
    assert_int_equal(pgseal_frame_next(BYTES("\0\0\0\0\0"), 100, &f, &err), PGSEAL_E_PROTO);
    assert_string_equal(err.msg,
                        "lost synchronization with server: got message type \"\\x00\", length 0");
    assert_int_equal(pgseal_frame_next(BYTES("E\0\0\0\0"), 100, &f, NULL), PGSEAL_E_PROTO);
    assert_int_equal(f.type, 'x');
}

static void test_frame__over_the_limit__is_limit_before_the_body(void **state)
{
    struct pgseal_frame f;
    struct pgseal_err err;

    assert_int_equal(pgseal_frame_next(BYTES("D\0\0\0\151"), 100, &f, &err), PGSEAL_E_LIMIT);
    assert_string_equal(err.detail, "At most 100 bytes are accepted at this point.");
    assert_int_equal(pgseal_frame_next(BYTES("D\0\0\0\150"), 100, &f, &err), 0);
    /* The length is an Int32: what is negative is no length, however much is allowed. */
    assert_int_equal(pgseal_frame_next(BYTES("D\200\0\0\0"), SIZE_MAX, &f, &err), PGSEAL_E_LIMIT);
    assert_string_equal(
        err.msg, "lost synchronization with server: got message type \"D\", length -2147483648");
    assert_int_equal(pgseal_frame_next(BYTES("D\177\377\377\377"), SIZE_MAX, &f, &err), 0);
}

static void walk(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const uint8_t bytes[] = "R\0\0\0\10\0\0\0\0S\0\0\0\10a\0b\0Z\0\0\0\5IE\0\0\0\5\0X\0\0\0\3";
    size_t done = 0;
    size_t have = 0;
    struct pgseal_frame f;
    struct pgseal_err err;

    while (have < sizeof(bytes) - 1) {
        long n;

        have += t_cut_take(cut, sizeof(bytes) - 1 - have);
        while ((n = pgseal_frame_next(bytes + done, have - done, 10, &f, &err)) > 0) {
            t_outcome_add(out, "%c %zu", f.type, f.len);
            t_outcome_add_bytes(out, "body", f.body, f.len);
            done += (size_t)n;
        }
        if (n < 0)
            t_outcome_add(out, "%s %s", pgseal_code_str((int)n), err.msg);
    }
}

static void test_frame__any_cut__gives_the_same_messages(void **state)
{
    t_chunked(walk, NULL);
}

static void test_name__by_side__is_that_of_the_protocol(void **state)
{
    assert_string_equal(pgseal_message_name(true, 'D'), "Describe");
    assert_string_equal(pgseal_message_name(false, 'D'), "DataRow");
    assert_string_equal(pgseal_message_name(false, 'W'), "CopyBothResponse");
    assert_string_equal(pgseal_message_name(true, 'F'), "FunctionCall");
    assert_null(pgseal_message_name(true, 'Z'));
    assert_null(pgseal_message_name(false, 'Q'));
    assert_null(pgseal_message_name(false, 0));
    assert_string_equal(pgseal_auth_name(0), "AuthenticationOk");
    assert_string_equal(pgseal_auth_name(10), "AuthenticationSASL");
    assert_null(pgseal_auth_name(13));
}

static void test_reader__within_the_body__reads_in_order(void **state)
{
    struct pgseal_reader r = pgseal_reader(BYTES("\1\2\3\4\5\6\7text\0\0ab"));

    assert_int_equal(pgseal_read_u8(&r), 1);
    assert_int_equal(pgseal_read_u16(&r), 0x0203);
    assert_int_equal(pgseal_read_u32(&r), 0x04050607);
    assert_string_equal(pgseal_read_str(&r), "text");
    assert_string_equal(pgseal_read_str(&r), "");
    assert_memory_equal(pgseal_read_bytes(&r, 2), "ab", 2);
    assert_non_null(pgseal_read_bytes(&r, 0));
    assert_false(r.bad);
    assert_int_equal(r.n, 0);
}

static void test_reader__over_the_end__stays_bad(void **state)
{
    struct pgseal_reader r = pgseal_reader(BYTES("\1a\0"));

    assert_int_equal(pgseal_read_u32(&r), 0);
    assert_true(r.bad);
    /* What is left would fit, but the position is not to be trusted any more. */
    assert_int_equal(pgseal_read_u8(&r), 0);
    assert_int_equal(pgseal_read_u16(&r), 0);
    assert_null(pgseal_read_bytes(&r, 1));
    assert_string_equal(pgseal_read_str(&r), "");
    assert_true(r.bad);
}

static void test_reader__string_without_end__is_bad(void **state)
{
    struct pgseal_reader r = pgseal_reader(BYTES("abc"));

    assert_string_equal(pgseal_read_str(&r), "");
    assert_true(r.bad);
    r = pgseal_reader(NULL, 0);
    assert_string_equal(pgseal_read_str(&r), "");
    assert_true(r.bad);
    r = pgseal_reader(NULL, 0);
    assert_non_null(pgseal_read_bytes(&r, 0));
    assert_false(r.bad);
}

static void test_notice__all_fields__are_found(void **state)
{
    struct pgseal_notice n;

    assert_int_equal(
        pgseal_notice_parse(
            BYTES("Ss\0Vv\0Cc\0Mm\0Dd\0Hh\0P1\0p2\0qq\0Ww\0sS\0tT\0cC\0dY\0nN\0FF\0L3\0RR\0\0"), &n,
            NULL),
        0);
    assert_string_equal(n.severity, "s");
    assert_string_equal(n.severity_v, "v");
    assert_string_equal(n.sqlstate, "c");
    assert_string_equal(n.message, "m");
    assert_string_equal(n.detail, "d");
    assert_string_equal(n.hint, "h");
    assert_string_equal(n.position, "1");
    assert_string_equal(n.int_position, "2");
    assert_string_equal(n.int_query, "q");
    assert_string_equal(n.where, "w");
    assert_string_equal(n.schema, "S");
    assert_string_equal(n.table, "T");
    assert_string_equal(n.column, "C");
    assert_string_equal(n.datatype, "Y");
    assert_string_equal(n.constraint, "N");
    assert_string_equal(n.file, "F");
    assert_string_equal(n.line, "3");
    assert_string_equal(n.routine, "R");
}

static void test_notice__unknown_field__is_ignored(void **state)
{
    struct pgseal_notice n;

    assert_int_equal(pgseal_notice_parse(BYTES("Zfuture\0Mfirst\0Mlast\0\0"), &n, NULL), 0);
    assert_string_equal(n.message, "last");
    assert_null(n.severity);
    assert_int_equal(pgseal_notice_parse(BYTES("\0"), &n, NULL), 0);
    assert_null(n.message);
}

static void test_notice__not_well_formed__is_proto_and_untouched(void **state)
{
    static const struct {
        const char *p;
        size_t n;
    } wrong[] = {{"", 0}, {"M", 1}, {"Mabc", 4}, {"Mabc\0", 5}, {"Mabc\0\0x", 7}, {"\0\0", 2}};

    for (size_t i = 0; i < PGSEAL_COUNT(wrong); i++) {
        struct pgseal_notice n = {.message = "kept"};
        struct pgseal_err err;

        assert_int_equal(pgseal_notice_parse((const uint8_t *)wrong[i].p, wrong[i].n, &n, &err),
                         PGSEAL_E_PROTO);
        assert_string_equal(err.msg, "received invalid error message");
        assert_string_equal(n.message, "kept");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__part_of_a_header__needs_more),
        cmocka_unit_test(test_frame__whole__lends_the_body),
        cmocka_unit_test(test_frame__empty_body__is_a_message),
        cmocka_unit_test(test_frame__length_below_four__is_proto),
        cmocka_unit_test(test_frame__over_the_limit__is_limit_before_the_body),
        cmocka_unit_test(test_frame__any_cut__gives_the_same_messages),
        cmocka_unit_test(test_name__by_side__is_that_of_the_protocol),
        cmocka_unit_test(test_reader__within_the_body__reads_in_order),
        cmocka_unit_test(test_reader__over_the_end__stays_bad),
        cmocka_unit_test(test_reader__string_without_end__is_bad),
        cmocka_unit_test(test_notice__all_fields__are_found),
        cmocka_unit_test(test_notice__unknown_field__is_ignored),
        cmocka_unit_test(test_notice__not_well_formed__is_proto_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the first packet of a client, both ways, of the encoders and of
 * NegotiateProtocolVersion. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"

#include <pgseal/wire.h>

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static void must_be(struct pgseal_buf *b, const char *p, size_t n)
{
    assert_int_equal(pgseal_buf_len(b), n);
    if (n > 0)
        assert_memory_equal(pgseal_buf_peek(b), p, n);
    pgseal_buf_consume(b, n);
}

static void test_put__each_encoder__writes_what_the_protocol_says(void **state)
{
    const struct pgseal_param params[] = {{"user", "app"}, {"database", NULL}, {"x", ""}};
    struct pgseal_buf b;

    pgseal_buf_init(&b, 1000);
    assert_int_equal(pgseal_put_message(&b, 'Q', "select 1", 9, NULL), 0);
    must_be(&b, "Q\0\0\0\015select 1\0", 14);
    assert_int_equal(pgseal_put_message(&b, 'X', NULL, 0, NULL), 0);
    must_be(&b, "X\0\0\0\4", 5);
    assert_int_equal(pgseal_put_request(&b, PGSEAL_CODE_SSLREQUEST, NULL), 0);
    must_be(&b, "\0\0\0\10\004\322\026\057", 8);
    assert_int_equal(pgseal_put_request(&b, PGSEAL_CODE_GSSENC, NULL), 0);
    must_be(&b, "\0\0\0\10\004\322\026\060", 8);
    assert_int_equal(pgseal_put_cancel(&b, 258, (const uint8_t *)"abcd", 4, NULL), 0);
    must_be(&b, "\0\0\0\20\004\322\026\056\0\0\1\2abcd", 16);
    assert_int_equal(pgseal_put_startup(&b, PGSEAL_PROTO_3_2, params, 3, NULL), 0);
    must_be(&b, "\0\0\0\025\0\3\0\2user\0app\0x\0\0\0", 21);
    assert_int_equal(pgseal_put_startup(&b, PGSEAL_PROTO_3_0, NULL, 0, NULL), 0);
    must_be(&b, "\0\0\0\11\0\3\0\0\0", 9);
    pgseal_buf_done(&b);
}

static void test_put__no_room__appends_nothing(void **state)
{
    const struct pgseal_param user = {"user", "app"};
    struct pgseal_buf b;
    struct pgseal_err err;

    pgseal_buf_init(&b, 10);
    assert_int_equal(pgseal_buf_append(&b, "abc", 3, NULL), 0);
    assert_int_equal(pgseal_put_message(&b, 'Q', "abc", 3, &err), PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_put_request(&b, 1, NULL), PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_put_cancel(&b, 1, (const uint8_t *)"abcd", 4, NULL), PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_put_startup(&b, 1, &user, 1, NULL), PGSEAL_E_LIMIT);
    must_be(&b, "abc", 3);
    pgseal_buf_done(&b);
}

static void test_put__exact_room__is_enough(void **state)
{
    const struct pgseal_param user = {"user", "app"};
    static const size_t lens[] = {5, 8, 13, 18};

    for (size_t i = 0; i < PGSEAL_COUNT(lens); i++)
        for (size_t less = 0; less < 2; less++) {
            struct pgseal_buf b;
            int rc = -1;

            pgseal_buf_init(&b, lens[i] - less);
            if (i == 0)
                rc = pgseal_put_message(&b, 'X', NULL, 0, NULL);
            else if (i == 1)
                rc = pgseal_put_request(&b, PGSEAL_CODE_SSLREQUEST, NULL);
            else if (i == 2)
                rc = pgseal_put_cancel(&b, 1, (const uint8_t *)"k", 1, NULL);
            else
                rc = pgseal_put_startup(&b, PGSEAL_PROTO_3_0, &user, 1, NULL);
            assert_int_equal(rc, less ? PGSEAL_E_LIMIT : 0);
            assert_int_equal(pgseal_buf_len(&b), less ? 0 : lens[i]);
            pgseal_buf_done(&b);
        }
}

static void test_put__over_the_limits_of_the_protocol__is_limit(void **state)
{
    uint8_t key[257] = {0};
    char value[10001];
    struct pgseal_param param = {"a", value};
    struct pgseal_buf b;
    struct pgseal_err err;

    pgseal_buf_init(&b, 20000);
    assert_int_equal(pgseal_put_cancel(&b, 1, key, 257, &err), PGSEAL_E_LIMIT);
    assert_string_equal(err.msg, "cancel key of 257 bytes cannot be sent");
    assert_string_equal(err.detail, "A cancel key has 1 to 256 bytes.");
    assert_int_equal(pgseal_put_cancel(&b, 1, key, 0, &err), PGSEAL_E_LIMIT);
    assert_int_equal(pgseal_put_cancel(&b, 1, key, 256, &err), 0);
    pgseal_buf_consume(&b, 268);
    assert_int_equal(pgseal_put_message(&b, 'd', key, (size_t)INT32_MAX - 3, &err), PGSEAL_E_LIMIT);
    assert_string_equal(err.msg, "message of 2147483644 bytes is too long");
    assert_string_equal(err.detail, "The length of a message is a 32-bit number.");
    assert_int_equal(pgseal_put_message(&b, 'd', key, (size_t)INT32_MAX - 4, &err), PGSEAL_E_LIMIT);
    assert_string_equal(err.msg, "a queue of at most 20000 bytes is full");
    /* version, "a" NUL, value NUL, NUL: 9992 bytes of value are 10000 behind the length word. */
    memset(value, 'v', sizeof(value));
    value[9993] = '\0';
    assert_int_equal(pgseal_put_startup(&b, 1, &param, 1, &err), PGSEAL_E_LIMIT);
    assert_string_equal(err.msg, "startup packet is too long");
    assert_string_equal(err.detail,
                        "A server accepts at most 10000 bytes of user, database and options.");
    assert_int_equal(pgseal_buf_len(&b), 0);
    value[9992] = '\0';
    assert_int_equal(pgseal_put_startup(&b, PGSEAL_PROTO_3_0, &param, 1, &err), 0);
    assert_int_equal(pgseal_buf_len(&b), 10004);
    pgseal_buf_done(&b);
}

static int put_all(void *arg)
{
    static const struct pgseal_param user = {"user", "app"};
    char big[5000];
    struct pgseal_buf b;
    int rc;

    memset(big, 'x', sizeof(big));
    pgseal_buf_init(&b, 100000);
    rc = pgseal_put_startup(&b, PGSEAL_PROTO_3_0, &user, 1, NULL);
    if (rc == 0)
        rc = pgseal_put_message(&b, 'd', big, sizeof(big), NULL);
    if (rc == 0)
        rc = pgseal_put_cancel(&b, 1, (const uint8_t *)"abcd", 4, NULL);
    pgseal_buf_done(&b);
    return rc;
}

static void test_put__each_allocation_fails__is_nomem_without_a_leak(void **state)
{
    assert_true(t_each_alloc_fails(put_all, NULL) >= 2);
}

static void test_startup__what_was_put__is_read_back(void **state)
{
    const struct pgseal_param params[] = {
        {"user", "app"}, {"empty", ""}, {"options", "-c a=b"}, {"user", "last"}};
    struct pgseal_startup s;
    struct pgseal_buf b;

    pgseal_buf_init(&b, 1000);
    assert_int_equal(pgseal_put_startup(&b, PGSEAL_PROTO_3_2, params, 4, NULL), 0);
    assert_int_equal(pgseal_startup_next(pgseal_buf_peek(&b), pgseal_buf_len(&b), &s, NULL),
                     pgseal_buf_len(&b));
    assert_int_equal(s.kind, PGSEAL_FIRST_STARTUP);
    assert_int_equal(s.version, PGSEAL_PROTO_3_2);
    assert_string_equal(pgseal_startup_get(&s, "options"), "-c a=b");
    assert_string_equal(pgseal_startup_get(&s, "user"), "last");
    assert_string_equal(pgseal_startup_get(&s, "empty"), "");
    assert_null(pgseal_startup_get(&s, "app"));
    assert_null(pgseal_startup_get(&s, ""));
    pgseal_buf_done(&b);
}

static void test_startup__requests__are_told_apart(void **state)
{
    struct pgseal_startup s;

    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\10\004\322\026\057rest"), &s, NULL), 8);
    assert_int_equal(s.kind, PGSEAL_FIRST_SSLREQUEST);
    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\10\004\322\026\060"), &s, NULL), 8);
    assert_int_equal(s.kind, PGSEAL_FIRST_GSSENC);
    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\21\004\322\026\056\0\0\1\2abcde"), &s, NULL),
                     17);
    assert_int_equal(s.kind, PGSEAL_FIRST_CANCEL);
    assert_int_equal(s.pid, 258);
    assert_int_equal(s.key_len, 5);
    assert_memory_equal(s.key, "abcde", 5);
    assert_null(pgseal_startup_get(&s, "user"));
    /* Another major version: what follows has another form. */
    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\12\0\2\0\0ab"), &s, NULL), 10);
    assert_int_equal(s.kind, PGSEAL_FIRST_STARTUP);
    assert_int_equal(s.version, 131072);
    assert_int_equal(s.pairs_len, 0);
}

static void test_startup__longest_cancel_key__is_accepted(void **state)
{
    uint8_t p[12 + 257] = {0};
    struct pgseal_startup s = {0};
    struct pgseal_err err;

    pgseal__put32(p + 4, PGSEAL_CODE_CANCEL);
    pgseal__put32(p, 12 + 256);
    assert_int_equal(pgseal_startup_next(p, sizeof(p), &s, &err), 268);
    assert_int_equal(s.key_len, 256);
    pgseal__put32(p, 12 + 257);
    assert_int_equal(pgseal_startup_next(p, sizeof(p), &s, &err), PGSEAL_E_PROTO);
    assert_string_equal(err.msg, "invalid length of cancel key in cancel request packet");
    pgseal__put32(p, 12);
    assert_int_equal(pgseal_startup_next(p, sizeof(p), &s, &err), PGSEAL_E_PROTO);
    assert_string_equal(err.msg, "invalid length of cancel key in cancel request packet");
    pgseal__put32(p, 11);
    assert_int_equal(pgseal_startup_next(p, sizeof(p), &s, &err), PGSEAL_E_PROTO);
    assert_string_equal(err.msg, "invalid length of cancel request packet");
    assert_int_equal(s.key_len, 256);
}

static void test_startup__impossible_length__is_proto_at_the_fourth_byte(void **state)
{
    static const char *const wrong[] = {"\0\0\0\0",         "\0\0\0\7",    "\0\0\047\025", "GET /",
                                        "\377\377\377\377", "\200\0\0\10", "\026\3\1\2\0"};
    struct pgseal_startup s;
    struct pgseal_err err;

    for (size_t i = 0; i < PGSEAL_COUNT(wrong); i++) {
        assert_int_equal(pgseal_startup_next((const uint8_t *)wrong[i], 3, &s, &err), 0);
        assert_int_equal(pgseal_startup_next((const uint8_t *)wrong[i], 4, &s, &err),
                         PGSEAL_E_PROTO);
        assert_string_equal(err.msg, "invalid length of startup packet");
    }
    assert_int_equal(pgseal_startup_next(BYTES("\0\0\047\024"), &s, &err), 0);
}

static void test_startup__layout_is_wrong__is_proto(void **state)
{
    static const struct {
        const char *p;
        size_t n;
    } wrong[] = {
        {"\0\0\0\10\0\3\0\0", 8},             /* no terminator */
        {"\0\0\0\12\0\3\0\0\0\0", 10},        /* bytes behind it */
        {"\0\0\0\14\0\3\0\0user", 12},        /* a name without end */
        {"\0\0\0\16\0\3\0\0user\0\0", 14},    /* an empty value, and no terminator behind it */
        {"\0\0\0\15\0\3\0\0user\0", 13},      /* a name without value */
        {"\0\0\0\21\0\3\0\0user\0app\0", 17}, /* no terminator behind a pair */
        {"\0\0\0\20\0\3\0\0user\0app", 16},   /* a value without end */
        {"\0\0\0\20\0\3\0\0user\0\0\0x", 16}, /* bytes behind the terminator */
        {"\0\0\0\11\0\3\0\2x", 9},
    };
    struct pgseal_startup s;
    struct pgseal_err err;

    for (size_t i = 0; i < PGSEAL_COUNT(wrong); i++) {
        assert_int_equal(pgseal_startup_next((const uint8_t *)wrong[i].p, wrong[i].n, &s, &err),
                         PGSEAL_E_PROTO);
        assert_string_equal(err.msg,
                            "invalid startup packet layout: expected terminator as last byte");
    }
}

static void test_startup__request_with_more_in_it__is_proto(void **state)
{
    struct pgseal_startup s;
    struct pgseal_err err;

    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\11\004\322\026\057x"), &s, &err),
                     PGSEAL_E_PROTO);
    assert_string_equal(err.msg, "invalid length of startup packet");
    assert_string_equal(err.detail, "An encryption request has exactly 8 bytes.");
    assert_int_equal(pgseal_startup_next(BYTES("\0\0\0\11\004\322\026\060x"), &s, &err),
                     PGSEAL_E_PROTO);
}

static void next_in_pieces(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const uint8_t bytes[] = "\0\0\0\042\0\3\0\0user\0app\0database\0db\0\0\0\0\0\0\0";
    size_t have = 0;
    long n = 0;
    struct pgseal_startup s;
    struct pgseal_err err;

    while (n == 0 && have < sizeof(bytes) - 1) {
        have += t_cut_take(cut, sizeof(bytes) - 1 - have);
        n = pgseal_startup_next(bytes, have, &s, &err);
    }
    t_outcome_add(out, "%ld", n);
    if (n > 0)
        t_outcome_add(out, "%s %s", pgseal_startup_get(&s, "user"),
                      pgseal_startup_get(&s, "database"));
}

static void test_startup__any_cut__is_the_same_packet(void **state)
{
    t_chunked(next_in_pieces, NULL);
}

static void test_negotiate__well_formed__gives_version_and_names(void **state)
{
    const uint8_t body[] = "\0\3\0\0\0\0\0\2_pq_.a\0_pq_.b\0";
    struct pgseal_negotiate nv;

    assert_int_equal(pgseal_negotiate_parse(body, sizeof(body) - 1, &nv, NULL), 0);
    assert_int_equal(nv.version, PGSEAL_PROTO_3_0);
    assert_int_equal(nv.noptions, 2);
    assert_ptr_equal(nv.options, body + 8);
    assert_int_equal(nv.options_len, 14);
    assert_int_equal(pgseal_negotiate_parse(BYTES("\0\3\0\0\0\0\0\0"), &nv, NULL), 0);
    assert_int_equal(nv.noptions, 0);
    /* A negative count is the caller's to refuse, in its place in libpq's order. */
    assert_int_equal(pgseal_negotiate_parse(BYTES("\0\3\0\0\377\377\377\377"), &nv, NULL), 0);
    assert_int_equal(nv.noptions, UINT32_MAX);
}

static void test_negotiate__too_short_or_long__is_proto(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        const char *msg;
    } wrong[] = {
        {"", 0, ": message too short"},
        {"\0\3\0\0\0\0\0", 7, ": message too short"},
        {"\0\3\0\0\0\0\0\1", 8, ": message too short"},
        {"\0\3\0\0\0\0\0\1_pq_.a", 14, ": message too short"},
        {"\0\3\0\0\0\0\0\2_pq_.a\0", 15, ": message too short"},
        {"\0\3\0\0\177\377\377\377_pq_.a\0", 15, ": message too short"},
        {"\0\3\0\0\0\0\0\0x", 9, ""},
    };
    struct pgseal_negotiate nv = {.version = 7};
    struct pgseal_err err;

    for (size_t i = 0; i < PGSEAL_COUNT(wrong); i++) {
        assert_int_equal(pgseal_negotiate_parse((const uint8_t *)wrong[i].p, wrong[i].n, &nv, &err),
                         PGSEAL_E_PROTO);
        assert_memory_equal(err.msg, "received invalid protocol negotiation message", 45);
        assert_string_equal(err.msg + 45, wrong[i].msg);
        assert_int_equal(nv.version, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put__each_encoder__writes_what_the_protocol_says),
        cmocka_unit_test(test_put__no_room__appends_nothing),
        cmocka_unit_test(test_put__exact_room__is_enough),
        cmocka_unit_test(test_put__over_the_limits_of_the_protocol__is_limit),
        cmocka_unit_test(test_put__each_allocation_fails__is_nomem_without_a_leak),
        cmocka_unit_test(test_startup__what_was_put__is_read_back),
        cmocka_unit_test(test_startup__requests__are_told_apart),
        cmocka_unit_test(test_startup__longest_cancel_key__is_accepted),
        cmocka_unit_test(test_startup__impossible_length__is_proto_at_the_fourth_byte),
        cmocka_unit_test(test_startup__layout_is_wrong__is_proto),
        cmocka_unit_test(test_startup__request_with_more_in_it__is_proto),
        cmocka_unit_test(test_startup__any_cut__is_the_same_packet),
        cmocka_unit_test(test_negotiate__well_formed__gives_version_and_names),
        cmocka_unit_test(test_negotiate__too_short_or_long__is_proto),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

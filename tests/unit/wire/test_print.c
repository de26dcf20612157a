/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the trace printer against golden files, and that every row of messages.def is in one. */
#include "t.h"

#include "alloc.h"
#include "core/base/base.h"

#include <pgseal/wire.h>

/* One entry of a golden file. */
struct entry {
    bool from_frontend;
    uint8_t type;
    uint8_t body[4096];
    size_t len;
    char expected[16384];
};

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* "SIDE TYPE BODY" */
static void parse_head(char *line, struct entry *e)
{
    char *type = line + 2;
    char *hex = strchr(type, ' ');

    assert_non_null(hex);
    *hex++ = '\0';
    e->from_frontend = line[0] == 'F';
    e->type = type[0] == '\\'  ? (uint8_t)(digit(type[2]) << 4 | digit(type[3]))
              : type[0] == '-' ? 0
                               : (uint8_t)type[0];
    e->len = 0;
    e->expected[0] = '\0';
    for (; hex[0] != '-' && hex[0] != '\n' && hex[0] != '\0'; hex += 2) {
        assert_true(e->len < sizeof(e->body));
        e->body[e->len++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    }
}

/* Reads the next entry; false at the end. `line` holds what was read ahead. */
static bool next_entry(FILE *f, char *line, size_t cap, struct entry *e)
{
    while (line[0] == '#' || line[0] == '\n' || line[0] == '\0')
        if (fgets(line, (int)cap, f) == NULL)
            return false;
    assert_true(line[0] == 'F' || line[0] == 'B');
    parse_head(line, e);
    for (line[0] = '\0'; fgets(line, (int)cap, f) != NULL && line[0] == '='; line[0] = '\0') {
        assert_true(strlen(e->expected) + strlen(line) < sizeof(e->expected));
        pgseal__append(e->expected, sizeof(e->expected), "%s", line + 1);
    }
    assert_true(e->expected[0] != '\0');
    return true;
}

static void print_and_compare(struct pgseal_buf *out, const struct entry *e)
{
    /* At the end of a block of its own, so that a read over the end is seen. */
    uint8_t *body = malloc(e->len > 0 ? e->len : 1);
    char got[16384];

    assert_non_null(body);
    memcpy(body, e->body, e->len);
    assert_int_equal(pgseal_trace_print(out, e->from_frontend, e->type, body, e->len, NULL), 0);
    free(body);
    assert_true(pgseal_buf_len(out) < sizeof(got));
    memcpy(got, pgseal_buf_peek(out), pgseal_buf_len(out));
    got[pgseal_buf_len(out)] = '\0';
    pgseal_buf_consume(out, pgseal_buf_len(out));
    assert_string_equal(got, e->expected);
}

/* Calls fn for each entry of a golden file; returns how many there were. */
static int each_entry(const char *path, void (*fn)(const struct entry *e, void *arg), void *arg)
{
    static struct entry e;
    char line[16384] = "";
    FILE *f = fopen(path, "r");
    int n = 0;

    assert_non_null(f);
    for (; next_entry(f, line, sizeof(line), &e); n++)
        fn(&e, arg);
    fclose(f);
    return n;
}

static void compare(const struct entry *e, void *arg)
{
    print_and_compare(arg, e);
}

static void test_print__golden_rows__are_equal(void **state)
{
    struct pgseal_buf out;

    pgseal_buf_init(&out, 100000);
    assert_true(each_entry(TEST_DATA "/traces/rows.trace", compare, &out) > 100);
    pgseal_buf_done(&out);
}

static void test_print__golden_sessions__are_equal(void **state)
{
    struct pgseal_buf out;

    pgseal_buf_init(&out, 100000);
    assert_true(each_entry(TEST_DATA "/traces/session.trace", compare, &out) > 50);
    pgseal_buf_done(&out);
}

/* The same table once more: what is not seen in the golden files is missing there. */
static const struct {
    const char *name;
    const char *kind;
    uint32_t key;
} rows[] = {
#define PGSEAL_ROW(name, kind, key, shape) {#name, #kind, key},
#include "../../../src/core/wire/messages.def"
#undef PGSEAL_ROW
};
static bool seen[PGSEAL_COUNT(rows)];

static void mark(const char *kind, uint32_t key)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++)
        if (strcmp(rows[i].kind, kind) == 0 && rows[i].key == key)
            seen[i] = true;
}

static void mark_entry(const struct entry *e, void *arg)
{
    uint32_t code = e->len >= 4 ? pgseal__get32(e->body) : 0;

    if (e->type == 0 && !e->from_frontend)
        mark("REPLY", 0);
    else if (e->type == 0)
        mark("FIRST", code >> 16 == 3 ? 0 : code);
    else
        mark(e->from_frontend ? "F" : "B", e->type);
    if (e->type == 'R')
        mark("AUTH", code);
}

static void test_print__every_row__has_a_golden_line(void **state)
{
    each_entry(TEST_DATA "/traces/rows.trace", mark_entry, NULL);
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++)
        if (!seen[i])
            fail_msg("%s (%s) is not in tests/data/traces/rows.trace", rows[i].name, rows[i].kind);
}

static void test_print__secrets__never_show(void **state)
{
    static const struct {
        uint8_t type;
        const char *body;
        size_t n;
    } secret[] = {
        {'p', "hunter2-hunter2", 15},
        {'p', "hunter2\0", 8},
        {'p', "SCRAM-SHA-256\0hunter2", 21},
        {'p', "SCRAM-SHA-256\0\0\0\0\7hunter2", 25},
        {'p', "hunter2\0\0\0\0\2ab", 14},
        {'R', "\0\0\0\14v=hunter2", 13},
        {0, "\4\322\026\056\0\0\0\1hunter2", 15},
    };
    struct pgseal_buf out;

    for (size_t i = 0; i < PGSEAL_COUNT(secret); i++)
        for (int side = secret[i].type == 0; side < 2; side++) {
            pgseal_buf_init(&out, 1000);
            assert_int_equal(pgseal_trace_print(&out, side, secret[i].type,
                                                (const uint8_t *)secret[i].body, secret[i].n, NULL),
                             0);
            assert_null(memmem(pgseal_buf_peek(&out), pgseal_buf_len(&out), "hunter2", 7));
            assert_non_null(memmem(pgseal_buf_peek(&out), pgseal_buf_len(&out), " ****\n", 6));
            pgseal_buf_done(&out);
        }
}

static void test_print__no_room__appends_nothing(void **state)
{
    struct pgseal_buf out;
    struct pgseal_err err;

    /* B 13 CommandComplete "SELECT 1": 33 bytes with its newline. */
    for (size_t room = 1; room < 34; room++) {
        pgseal_buf_init(&out, room + 1);
        assert_int_equal(pgseal_buf_append(&out, "x", 1, NULL), 0);
        assert_int_equal(pgseal_trace_print(&out, false, 'C', (const uint8_t *)"SELECT 1", 9, &err),
                         room < 33 ? PGSEAL_E_LIMIT : 0);
        assert_int_equal(pgseal_buf_len(&out), room < 33 ? 1 : 34);
        pgseal_buf_done(&out);
    }
}

static int print_much(void *arg)
{
    uint8_t data[3000];
    struct pgseal_buf out;
    int rc;

    memset(data, 7, sizeof(data));
    pgseal_buf_init(&out, 100000);
    rc = pgseal_trace_print(&out, true, 'd', data, sizeof(data), NULL);
    if (rc < 0)
        assert_int_equal(pgseal_buf_len(&out), 0);
    pgseal_buf_done(&out);
    return rc;
}

static void test_print__each_allocation_fails__appends_nothing(void **state)
{
    assert_true(t_each_alloc_fails(print_much, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print__golden_rows__are_equal),
        cmocka_unit_test(test_print__golden_sessions__are_equal),
        cmocka_unit_test(test_print__every_row__has_a_golden_line),
        cmocka_unit_test(test_print__secrets__never_show),
        cmocka_unit_test(test_print__no_room__appends_nothing),
        cmocka_unit_test(test_print__each_allocation_fails__appends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests that each row of peers.def is recognised by the role that meets it, and shadows no other.
 */
#include "events.h"

static const struct row {
    const char *name;
    const char *side;
    const char *bytes;
    size_t n;
    const char *what;
    const char *hint;
} rows[] = {
#define PGSEAL_ROW(name, side, bytes, what, hint) \
    {#name, #side, bytes, sizeof(bytes) - 1, what, hint},
#include "../../../src/core/nego/peers.def"
#undef PGSEAL_ROW
};

/* What a stage says when the peer sends the bytes of the row, and no more than it must. */
static int meet(const struct row *row, struct pgseal_err *err)
{
    bool server = strcmp(row->side, "SERVER") == 0;
    struct pgseal_nego n;
    struct pgseal_io io;
    uint8_t p[64];
    int rc;

    memset(p, 'q', sizeof(p));
    for (size_t i = 0; i < row->n; i++)
        if (row->bytes[i] != '?')
            p[i] = (uint8_t)row->bytes[i];
    pgseal_io_init(&io, 20000);
    assert_int_equal(pgseal_buf_append(&io.wire_in, p, row->n < 4 ? 4 : row->n, NULL), 0);
    if (server) {
        pgseal_nego_client_init(&n, false, NULL);
        rc = pgseal_nego_client_step(&n, &io, err);
    } else {
        pgseal_nego_server_init(&n, true, false, NULL);
        rc = pgseal_nego_server_step(&n, &io, err);
    }
    pgseal_io_done(&io);
    return rc;
}

static void test_peer__every_row__is_recognised(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_err err = {0};
        char expected[300];

        pgseal__format(expected, sizeof(expected), " This looks like %s.", rows[i].what);
        assert_true(meet(&rows[i], &err) < 0);
        if (strstr(err.detail, expected) == NULL)
            fail_msg("%s: \"%s\" is not in \"%s\"", rows[i].name, expected, err.detail);
        if (rows[i].hint != NULL)
            assert_string_equal(err.hint, rows[i].hint);
        else
            assert_string_equal(
                err.hint,
                strcmp(rows[i].side, "SERVER") == 0
                    ? "Check host and port: PostgreSQL listens on 5432 unless told otherwise."
                    : "Check where that client was meant to connect.");
    }
}

static void test_peer__rows__are_prose_that_fits(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        /* One byte would be a guess; what begins with E or N is not looked at by a client. */
        assert_true(rows[i].n >= 2);
        if (strcmp(rows[i].side, "SERVER") == 0)
            assert_true(rows[i].bytes[0] != 'E' && rows[i].bytes[0] != 'N');
        assert_true(rows[i].what[strlen(rows[i].what) - 1] != '.');
        if (rows[i].hint != NULL)
            assert_true(rows[i].hint[strlen(rows[i].hint) - 1] == '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer__every_row__is_recognised),
        cmocka_unit_test(test_peer__rows__are_prose_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

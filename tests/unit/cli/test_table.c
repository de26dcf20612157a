/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the printers: goldens taken from psql 15.18. */
#include "cli/table_int.h"

#include "t.h"

#define INT4 23
#define TEXT 25

struct sheet {
    struct cli_col cols[4];
    struct cli_rows rows;
    size_t ncols;
};

static void add_col(struct sheet *s, const char *name, uint32_t type)
{
    s->cols[s->ncols++] =
        (struct cli_col){.name = cli_strdup(name), .len = strlen(name), .type = type};
}

/* One row; NULL is NULL. */
static void add_row(struct sheet *s, const char *const *values)
{
    struct cli_str body = {0};

    for (size_t i = 0; i < s->ncols; i++) {
        uint8_t len[4];

        pgseal__put32(len, values[i] != NULL ? (uint32_t)strlen(values[i]) : UINT32_MAX);
        cli_str_addn(&body, len, 4);
        if (values[i] != NULL)
            cli_str_add(&body, values[i]);
    }
    assert_int_equal(
        cli_rows_add(&s->rows, CLI_ENC_UTF8, s->ncols, (const uint8_t *)cli_str(&body), body.len),
        0);
    cli_str_done(&body);
}

static void done(struct sheet *s)
{
    for (size_t i = 0; i < s->ncols; i++)
        cli_free(s->cols[i].name);
    cli_rows_done(&s->rows);
}

static void expect(const struct sheet *s, struct cli_print how, const char *text)
{
    struct cli_table t = {
        .enc = CLI_ENC_UTF8, .cols = s->cols, .ncols = s->ncols, .rows = &s->rows};
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);

    if (how.fieldsep == NULL)
        how.fieldsep = "|";
    if (how.recordsep == NULL)
        how.recordsep = "\n";
    cli_table_print(f, &t, &how);
    fclose(f);
    assert_string_equal(got, text);
    free(got);
}

#define ROW(...) ((const char *const[]){__VA_ARGS__})

static struct sheet people(void)
{
    struct sheet s = {0};

    add_col(&s, "id", INT4);
    add_col(&s, "name", TEXT);
    add_row(&s, ROW("1", "\xe6\x97\xa5\xe6\x9c\xac")); /* two kanji */
    add_row(&s, ROW("-20", NULL));
    add_row(&s, ROW("3", "two\nlines"));
    return s;
}

static void test_aligned__wide_null_and_lines__as_psql(void **state)
{
    struct sheet s = people();

    expect(&s, (struct cli_print){0},
           " id  | name  \n"
           "-----+-------\n"
           "   1 | \xe6\x97\xa5\xe6\x9c\xac\n"
           " -20 | \n"
           "   3 | two  +\n"
           "     | lines\n"
           "(3 rows)\n"
           "\n");
    expect(&s, (struct cli_print){.tuples_only = true},
           "   1 | \xe6\x97\xa5\xe6\x9c\xac\n"
           " -20 | \n"
           "   3 | two  +\n"
           "     | lines\n"
           "\n");
    done(&s);
}

static void test_expanded__records__as_psql(void **state)
{
    struct sheet s = people();

    expect(&s, (struct cli_print){.expanded = true},
           "-[ RECORD 1 ]\n"
           "id   | 1\n"
           "name | \xe6\x97\xa5\xe6\x9c\xac\n"
           "-[ RECORD 2 ]\n"
           "id   | -20\n"
           "name | \n"
           "-[ RECORD 3 ]\n"
           "id   | 3\n"
           "name | two  +\n"
           "     | lines\n"
           "\n");
    expect(&s, (struct cli_print){.expanded = true, .tuples_only = true},
           "id   | 1\n"
           "name | \xe6\x97\xa5\xe6\x9c\xac\n"
           "-----+------\n"
           "id   | -20\n"
           "name | \n"
           "-----+------\n"
           "id   | 3\n"
           "name | two  +\n"
           "     | lines\n"
           "\n");
    done(&s);
}

static void test_unaligned__separators__as_psql(void **state)
{
    struct sheet s = people();

    expect(&s, (struct cli_print){.format = CLI_UNALIGNED},
           "id|name\n1|\xe6\x97\xa5\xe6\x9c\xac\n-20|\n3|two\nlines\n(3 rows)\n");
    expect(&s, (struct cli_print){.format = CLI_UNALIGNED, .tuples_only = true, .fieldsep = ", "},
           "1, \xe6\x97\xa5\xe6\x9c\xac\n-20, \n3, two\nlines\n");
    expect(&s, (struct cli_print){.format = CLI_UNALIGNED, .tuples_only = true, .recordsep = ";"},
           "1|\xe6\x97\xa5\xe6\x9c\xac;-20|;3|two\nlines\n");
    expect(&s, (struct cli_print){.format = CLI_UNALIGNED, .expanded = true},
           "id|1\nname|\xe6\x97\xa5\xe6\x9c\xac\n\nid|-20\nname|\n\nid|3\nname|two\nlines\n");
    done(&s);
}

static void test_csv__specials__are_quoted(void **state)
{
    struct sheet s = {0};

    add_col(&s, "a,b", TEXT);
    add_col(&s, "c", TEXT);
    add_row(&s, ROW("say \"hi\"", "\\."));
    add_row(&s, ROW("x\r", NULL));
    expect(&s, (struct cli_print){.format = CLI_CSV},
           "\"a,b\",c\n\"say \"\"hi\"\"\",\"\\.\"\n\"x\r\",\n");
    expect(&s, (struct cli_print){.format = CLI_CSV, .tuples_only = true},
           "\"say \"\"hi\"\"\",\"\\.\"\n\"x\r\",\n");
    expect(&s, (struct cli_print){.format = CLI_CSV, .expanded = true},
           "\"a,b\",\"say \"\"hi\"\"\"\nc,\"\\.\"\n\"a,b\",\"x\r\"\nc,\n");
    done(&s);
}

static void test_table__no_columns_or_rows__as_psql(void **state)
{
    struct sheet s = {0};

    add_row(&s, NULL);
    expect(&s, (struct cli_print){0}, "--\n(1 row)\n\n");
    expect(&s, (struct cli_print){.expanded = true}, "(1 row)\n\n");
    expect(&s, (struct cli_print){.format = CLI_UNALIGNED}, "\n(1 row)\n");
    expect(&s, (struct cli_print){.format = CLI_CSV}, "\n");
    done(&s);
    s = (struct sheet){0};
    add_col(&s, "x", INT4);
    expect(&s, (struct cli_print){0}, " x \n---\n(0 rows)\n\n");
    expect(&s, (struct cli_print){.tuples_only = true}, "\n");
    expect(&s, (struct cli_print){.expanded = true}, "(0 rows)\n\n");
    expect(&s, (struct cli_print){.format = CLI_UNALIGNED, .tuples_only = true}, "");
    done(&s);
}

static void test_table__header_of_lines__as_psql(void **state)
{
    struct sheet s = {0};

    add_col(&s, "one\ntwo and", TEXT);
    add_col(&s, "b", INT4);
    add_row(&s, ROW("x", "1"));
    expect(&s, (struct cli_print){0},
           "   one  +| b \n two and |   \n---------+---\n x       | 1\n(1 row)\n\n");
    expect(&s, (struct cli_print){.expanded = true},
           "-[ RECORD 1 ]\none    +| x\ntwo and |\nb       | 1\n\n");
    done(&s);
}

/* PostgreSQL 15's rule: the values' side is no wider than the values, also under a record line. */
static void test_expanded__narrow_lines__as_psql(void **state)
{
    struct sheet s = {0};

    add_col(&s, "a", INT4);
    add_col(&s, "b", TEXT);
    add_row(&s, ROW("1", "x\ny"));
    expect(&s, (struct cli_print){.expanded = true}, "-[ RECORD 1 ]\na | 1\nb | x+\n  | y\n\n");
    done(&s);
}

static void test_title__centered_or_not__as_psql(void **state)
{
    struct sheet s = {0};
    struct cli_table t = {.enc = CLI_ENC_UTF8, .title = "Title", .cols = s.cols, .rows = &s.rows};
    struct cli_print how = {.fieldsep = "|", .recordsep = "\n"};
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);

    add_col(&s, "a long column", TEXT);
    add_row(&s, ROW("x"));
    t.ncols = 1;
    cli_table_print(f, &t, &how);
    how.expanded = true;
    cli_table_print(f, &t, &how);
    how.expanded = false;
    how.format = CLI_UNALIGNED;
    cli_table_print(f, &t, &how);
    how.tuples_only = true;
    cli_table_print(f, &t, &how);
    fclose(f);
    assert_string_equal(got, "     Title\n a long column \n---------------\n x\n(1 row)\n\n"
                             "Title\n-[ RECORD 1 ]-+--\na long column | x\n\n"
                             "Title\na long column\nx\n(1 row)\n"
                             "x\n");
    free(got);
    done(&s);
}

static void test_extent__aligned__counts_lines_and_columns(void **state)
{
    struct sheet s = people();
    struct cli_table t = {.enc = CLI_ENC_UTF8, .cols = s.cols, .ncols = 2, .rows = &s.rows};
    size_t lines, width;

    cli_table_extent(&t, &(struct cli_print){0}, &lines, &width);
    assert_int_equal(lines, 3 + 1 + 1 + 1 + 1);
    assert_int_equal(width, 5 + 3 + 5);
    cli_table_extent(&t, &(struct cli_print){.expanded = true}, &lines, &width);
    assert_int_equal(lines, 3 * 3 + 1);
    done(&s);
}

static void test_rows__lengths_that_do_not_fit__are_refused(void **state)
{
    struct cli_rows rows = {0};
    static const uint8_t over[] = {0, 0, 0, 2, 'x'};
    static const uint8_t left[] = {0, 0, 0, 1, 'x', 'y'};
    static const uint8_t cut[] = {0, 0, 0};
    static const uint8_t huge[] = {0x7f, 0xff, 0xff, 0xff, 'x'};
    static const uint8_t ok[] = {0, 0, 0, 1, 'x', 0xff, 0xff, 0xff, 0xff};

    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 1, over, sizeof(over)), -1);
    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 1, left, sizeof(left)), -1);
    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 1, cut, sizeof(cut)), -1);
    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 1, huge, sizeof(huge)), -1);
    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 1, ok, sizeof(ok)), -1);
    assert_int_equal(rows.count, 0);
    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 2, ok, sizeof(ok)), 0);
    assert_int_equal(rows.count, 1);
    cli_rows_done(&rows);
}

/* A value with bytes psql deletes becomes shorter, and the values behind it stay right. */
static void test_rows__invalid_utf8_and_nul__are_left_out(void **state)
{
    static const uint8_t in[] = {0,    0,    0,    5, 'a', 0xff, 'b', 0,   'c', 0xff,
                                 0xff, 0xff, 0xff, 0, 0,   0,    2,   'y', 'z'};
    struct cli_rows rows = {0};
    struct cli_rows_iter it = {0};
    struct cli_row row;
    struct cli_value v;

    assert_int_equal(cli_rows_add(&rows, CLI_ENC_UTF8, 3, in, sizeof(in)), 0);
    assert_true(cli_rows_next(&rows, &it, &row));
    v = cli_row_value(&row);
    assert_int_equal(v.len, 2);
    assert_memory_equal(v.p, "ab", 2);
    assert_null(cli_row_value(&row).p);
    v = cli_row_value(&row);
    assert_int_equal(v.len, 2);
    assert_memory_equal(v.p, "yz", 2);
    assert_ptr_equal(row.p, row.end);
    assert_false(cli_rows_next(&rows, &it, &row));
    cli_rows_done(&rows);
}

static void test_rows__many__come_back_in_order(void **state)
{
    struct cli_rows rows = {0};
    struct cli_rows_iter it = {0};
    struct cli_row row;
    uint8_t body[4 + 3000] = {0};

    for (uint32_t i = 0; i < 2000; i++) {
        pgseal__put32(body, i);
        memset(body + 4, 'a' + (int)(i % 26), i);
        assert_int_equal(cli_rows_add(&rows, CLI_ENC_SINGLE, 1, body, 4 + i), 0);
    }
    for (uint32_t i = 0; i < 2000; i++) {
        struct cli_value v;

        assert_true(cli_rows_next(&rows, &it, &row));
        v = cli_row_value(&row);
        assert_int_equal(v.len, i);
        if (i > 0)
            assert_int_equal(v.p[i - 1], 'a' + i % 26);
    }
    assert_false(cli_rows_next(&rows, &it, &row));
    cli_rows_done(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aligned__wide_null_and_lines__as_psql),
        cmocka_unit_test(test_expanded__records__as_psql),
        cmocka_unit_test(test_unaligned__separators__as_psql),
        cmocka_unit_test(test_csv__specials__are_quoted),
        cmocka_unit_test(test_table__no_columns_or_rows__as_psql),
        cmocka_unit_test(test_table__header_of_lines__as_psql),
        cmocka_unit_test(test_expanded__narrow_lines__as_psql),
        cmocka_unit_test(test_title__centered_or_not__as_psql),
        cmocka_unit_test(test_extent__aligned__counts_lines_and_columns),
        cmocka_unit_test(test_rows__lengths_that_do_not_fit__are_refused),
        cmocka_unit_test(test_rows__invalid_utf8_and_nul__are_left_out),
        cmocka_unit_test(test_rows__many__come_back_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

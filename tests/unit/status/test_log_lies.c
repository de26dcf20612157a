/* SPDX-License-Identifier: PostgreSQL */
/* Tests of logs that hold our words where they mean nothing, of records of any length, of broken
 * ones. */
#include "alloc.h"
#include "log_expect.h"

/* ---- names that lie ------------------------------------------------------------------------- */

static void test_log__quoted_text__is_not_read(void **state)
{
    expect("2026-11-23 17:00:00 UTC [7] LOG:  statement: select '\n"
           "\t2026-11-23 17:00:00 UTC [7] LOG:  connection authorized: user=x database=y';\n"
           "2026-11-23 17:00:00 UTC [7] LOG:  statement: select 'LOG:  connection authorized: "
           "user=x database=y'\n"
           "2026-11-23 17:00:00 UTC [7] ERROR:  no LOG:  connection authorized: user=x database=y\n"
           "2026-11-23 17:00:00 UTC [7] STATEMENT:  LOG:  connection authorized: user=x "
           "database=y\n"
           "2026-11-23 17:00:00 UTC [7] LOG:  duration: 1 ms  LOG:  connection authorized: user=x "
           "database=y\n",
           "");
}

static void test_log__names_with_our_words__told_apart_by_prefix(void **state)
{
    expect("2026-11-23 17:21:58 UTC:10.0.0.5(1):u database=x y@a database=b:[32565]:LOG:  "
           "connection authorized: user=u database=x y database=a database=b application_name=z "
           "SSL enabled (protocol=TLSv1.3, cipher=X, bits=1)" TLS13 "\n",
           "FINE u database=x y/a database=b/10.0.0.5/z SSL enabled (protocol=TLSv1.3, cipher=X, "
           "bits=1) tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
    /* Nothing tells: the first word of ours counts, as docs say. */
    expect("2026-11-23 17:21:58 UTC [32565] LOG:  connection authorized: user=u database=x y "
           "database=a\n",
           "MAYBE u/x y database=a// plain=1\n");
}

static void test_log__csv_and_json__tell_names_apart(void **state)
{
    expect("2026-11-23 17:21:57.058 UTC,\"u database=x y\",\"a database=b\",32494,"
           "\"127.0.0.1:41760\",6b047635.7eee,4,\"authentication\",2026-11-23 17:21:57 "
           "UTC,22/1,0,LOG,00000,\"connection authorized: user=u database=x y database=a "
           "database=b application_name=z \"\"q\"\"\",,,,,,,,,\"\",\"client backend\",,0\n"
           "{\"timestamp\":\"2026-11-23 17:21:56.668 UTC\",\"user\":\"u database=x y\","
           "\"dbname\":\"a database=b\",\"pid\":32473,\"remote_host\":\"127.0.0.1\","
           "\"remote_port\":45754,\"session_id\":\"6b047634.7ed9\",\"line_num\":4,\"ps\":"
           "\"authentication\",\"session_start\":\"2026-11-23 17:21:56 UTC\",\"vxid\":\"14/1\","
           "\"txid\":0,\"error_severity\":\"LOG\",\"message\":\"connection authorized: user=u "
           "database=x y database=a database=b application_name=z \\\"q\\\"\","
           "\"backend_type\":\"client backend\",\"query_id\":0}\n",
           "BREAKS u database=x y/a database=b/127.0.0.1/z \"q\" plain=2\n");
}

/* ---- csvlog --------------------------------------------------------------------------------- */

#define CSV(user, pid, severity, message)                                         \
    "2026-11-23 17:21:48.694 UTC," user "," pid                                   \
    ",\"10.0.0.5:60440\",6b04762c.7d0d,2,\"authentication\",2026-11-23 17:21:48 " \
    "UTC,2/25,0," severity ",00000,\"" message "\",,,,,,,,,\"\",\"client backend\",,0\n"
#define LOGIN(name) \
    CSV("\"" name "\",\"d\"", "1", "LOG", "connection authorized: user=" name " database=d")

static void test_log__csv_texts_of_many_lines__are_one_record(void **state)
{
    expect(CSV("\"x\",\"y\"", "9", "LOG",
               "statement: select '\n"
               "2026-11-23 17:21:48.694 UTC,,,1,,6b04762c.7d0d,1,x\n"
               "2026-11-23 17:21:48.694 UTC [1] LOG:  connection authorized: user=liar database=d\n"
               "2026-11-23 17:21:48.694 UTC,\"\"liar\"\",\"\"d\"\",1,\n"
               "{\"\"timestamp\"\":\"\"\n'") LOGIN("a"),
           "BREAKS a/d/10.0.0.5/ plain=1\n");
}

static void test_log__csv_cut_off_in_a_text__goes_on_with_the_next(void **state)
{
    expect("2026-11-23 17:21:48.694 UTC,\"x\",\"y\",9,\"10.0.0.5:60440\",6b04762c.7d0d,2,\"idle\","
           "2026-11-23 17:21:48 UTC,2/25,0,LOG,00000,\"statement: select\n"
           "2026-11-23 17:21:49.000 UTC,,,1,,6b04762c.7d0d,1,,2026-11-23 17:21:48 UTC,,0,LOG,"
           "00000,\"database system was interrupted\",,,,,,,,,\"\",\"startup\",,0\n" LOGIN("a")
               LOGIN("b"),
           "BREAKS a/d/10.0.0.5/ plain=1\n"
           "BREAKS b/d/10.0.0.5/ plain=1\n");
}

static void test_log__csv_unquoted_message__is_nobody_s(void **state)
{
    expect("2026-11-23 17:21:48.694 UTC,\"x\",\"y\",9,\"10.0.0.5:60440\",6b04762c.7d0d,2,\"idle\","
           "2026-11-23 17:21:48 UTC,2/25,0,LOG,00000,connection authorized: user=x database=y,,\n",
           "");
}

/* ---- any length ----------------------------------------------------------------------------- */

/* A log with one record of `n` bytes in the middle. */
static void with_long(const char *head, size_t n, const char *tail, const char *next)
{
    size_t a = strlen(head), b = strlen(tail), c = strlen(next);
    char *log = malloc(a + n + b + c);

    assert_non_null(log);
    memcpy(log, head, a);
    memset(log + a, 'x', n);
    for (size_t i = 100; i < n; i += 1000)
        log[a + i] = '\t';
    memcpy(log + a + n, tail, b);
    memcpy(log + a + n + b, next, c);
    expect_n(log, a + n + b + c, "BREAKS a/d/10.0.0.5/ plain=1\n", NULL);
    free(log);
}

static void test_log__records_of_any_length__do_not_matter(void **state)
{
    static const char NEXT[] = "2026-11-23 17:00:01 UTC:10.0.0.5(1):a@d:[8]:LOG:  connection "
                               "authorized: user=a database=d\n";
    static const size_t SIZES[] = {100, 130000, 131071, 131072, 131073, 400000};

    for (size_t i = 0; i < PGSEAL_COUNT(SIZES); i++) {
        with_long("2026-11-23 17:00:00 UTC [7] LOG:  statement: ", SIZES[i], "\n", NEXT);
        with_long("2026-11-23 17:21:48.694 UTC,\"x\",\"y\",9,,\"", SIZES[i], "\n\"\"\n\"\n",
                  LOGIN("a"));
        with_long("2026-11-23 17:21:48.694 UTC,\"x\",\"y\",9,,\"a\nb", SIZES[i], "\nc\"\n",
                  LOGIN("a"));
        with_long("2026-11-23 17:21:48.694 UTC,\"x\",\"y\",9,,\"", SIZES[i], "\n", LOGIN("a"));
        with_long("{\"timestamp\":\"2026-11-23 17:00:00 UTC\",\"message\":\"", SIZES[i], "\"}\n",
                  NEXT);
    }
}

static void test_log__packed_files__are_recognised(void **state)
{
    assert_int_equal(status_log_packed("\x1f\x8b\x08", 3), STATUS_PACKED_GZIP);
    assert_int_equal(status_log_packed("\xfd"
                                       "7zXZ\0",
                                       6),
                     STATUS_PACKED_XZ);
    assert_int_equal(status_log_packed("\x28\xb5\x2f\xfd", 4), STATUS_PACKED_ZSTD);
    assert_int_equal(status_log_packed("BZh9", 4), STATUS_PACKED_BZIP2);
    assert_int_equal(status_log_packed("PK\x03\x04", 4), STATUS_PACKED_ZIP);
    assert_int_equal(status_log_packed("\xff\xfe"
                                       "2\0",
                                       4),
                     STATUS_PACKED_UTF16);
    assert_int_equal(status_log_packed("{\n    \"LogFileData\": \"2026", 25),
                     STATUS_PACKED_AWS_JSON);
    assert_int_equal(status_log_packed("2026", 4), STATUS_PACKED_NOT);
    assert_int_equal(status_log_packed("\x1f", 1), STATUS_PACKED_NOT);
    assert_int_equal(status_log_packed(NULL, 0), STATUS_PACKED_NOT);
}

static int whole(void *arg)
{
    static const char LOG[] = "2026-11-23 17:00:01 UTC:10.0.0.5(1):a@d:[8]:LOG:  connection "
                              "authorized: user=a database=d\n" LOGIN("b");
    struct status_sum sum;
    struct status_log *l;
    int rc = -1;

    status_sum_init(&sum, 0);
    l = status_log_new(&sum, NULL);
    if (l != NULL)
        rc = status_log_feed(l, LOG, sizeof(LOG) - 1, NULL);
    if (rc == 0)
        assert_int_equal(sum.n, 2);
    status_log_free(l);
    status_sum_done(&sum);
    return rc;
}

static void test_log__any_allocation_fails__is_told(void **state)
{
    assert_true(t_each_alloc_fails(whole, NULL) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__quoted_text__is_not_read),
        cmocka_unit_test(test_log__names_with_our_words__told_apart_by_prefix),
        cmocka_unit_test(test_log__csv_and_json__tell_names_apart),
        cmocka_unit_test(test_log__csv_texts_of_many_lines__are_one_record),
        cmocka_unit_test(test_log__csv_cut_off_in_a_text__goes_on_with_the_next),
        cmocka_unit_test(test_log__csv_unquoted_message__is_nobody_s),
        cmocka_unit_test(test_log__records_of_any_length__do_not_matter),
        cmocka_unit_test(test_log__packed_files__are_recognised),
        cmocka_unit_test(test_log__any_allocation_fails__is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of reading server logs: real lines of every format, names that lie, bytes cut anywhere. */
#include "log_expect.h"

/* ---- prefixes ------------------------------------------------------------------------------- */

static void test_log__default_prefix__joined_by_pid(void **state)
{
    expect("2026-11-23 17:21:17.587 UTC [30925] LOG:  connection received: host=10.0.0.5 "
           "port=35878\n"
           "2026-11-23 17:21:17.587 UTC [30926] LOG:  connection received: host=::1 port=35879\n"
           "2026-11-23 17:21:17.587 UTC [30927] LOG:  connection received: host=[local]\n"
           "2026-11-23 17:21:17.587 UTC [30925] LOG:  connection authorized: user=app "
           "database=shop application_name=my app\n"
           "2026-11-23 17:21:17.622 UTC [30926] LOG:  connection authorized: user=app "
           "database=shop application_name=web" TLS13 "\n"
           "2026-11-23 17:21:17.622 UTC [30927] LOG:  connection authorized: user=postgres "
           "database=postgres application_name=psql\n",
           "BREAKS app/shop/10.0.0.5/my app plain=1\n"
           "LOCAL postgres/postgres/[local]/psql plain=1\n"
           "FINE app/shop/::1/web tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
}

static void test_log__pid_used_again__has_its_new_address(void **state)
{
    expect("2026-11-23 17:00:00 UTC [7] LOG:  connection received: host=10.0.0.5 port=1\n"
           "2026-11-23 17:00:00 UTC [7] LOG:  connection authorized: user=a database=d\n"
           "2026-11-23 17:00:01 UTC [7] LOG:  disconnection: session time: 0:00:01.000 user=a "
           "database=d host=10.0.0.5 port=1\n"
           "2026-11-23 17:00:02 UTC [7] LOG:  connection authorized: user=b database=d\n"
           "2026-11-23 17:00:03 UTC [7] LOG:  connection received: host=10.0.0.6 port=1\n"
           "2026-11-23 17:00:03 UTC [7] LOG:  connection authorized: user=c database=d\n",
           "BREAKS a/d/10.0.0.5/ plain=1\n"
           "BREAKS c/d/10.0.0.6/ plain=1\n"
           "MAYBE b/d// plain=1\n");
}

static void test_log__debian_prefix__same(void **state)
{
    expect("2026-11-23 17:21:17.963 UTC [30949] [unknown]@[unknown] LOG:  connection received: "
           "host=10.0.0.5 port=35962\n"
           "2026-11-23 17:21:17.994 UTC [30949] app@shop LOG:  connection authorized: user=app "
           "database=shop application_name=my app\n",
           "BREAKS app/shop/10.0.0.5/my app plain=1\n");
}

static void test_log__rds_prefix__needs_no_join(void **state)
{
    expect("2026-11-23 17:21:18 UTC::@:[30905]:LOG:  checkpoint starting: time\n"
           "2026-11-23 17:21:18 UTC:10.0.0.5(36064):app@shop:[30973]:LOG:  connection authorized: "
           "user=app database=shop application_name=my app\n"
           "2026-11-23 17:21:18 UTC:fe80::1(36064):app@shop:[30974]:LOG:  connection authorized: "
           "user=app database=shop" TLS13 "\n"
           "2026-11-23 17:21:18 UTC:::1(36064):app@shop:[30974]:LOG:  connection authorized: "
           "user=app database=shop" TLS13 "\n"
           "2026-11-23 17:21:18 UTC:ip-10-0-0-9.ec2.internal(36064):app@shop:[30975]:LOG:  "
           "connection authorized: user=app database=shop\n"
           "2026-11-23 17:21:18 UTC:[local]:rdsadmin@rdsadmin:[30971]:LOG:  connection authorized: "
           "user=rdsadmin database=rdsadmin\n"
           "2026-11-23 17:21:18 UTC:[local]:a@a:[30971]:LOG:  connection authorized: "
           "user=a database=a\n",
           "BREAKS app/shop/10.0.0.5/my app plain=1\n"
           "BREAKS app/shop/ip-10-0-0-9.ec2.internal/ plain=1\n"
           "LOCAL a/a/[local]/ plain=1\n"
           "FINE app/shop/::1/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
           "FINE app/shop/fe80::1/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
}

static void test_log__other_prefixes__say_what_they_say(void **state)
{
    /* pgbadger's, a session id, an epoch, none at all, syslog's. */
    expect(
        "2026-11-23 17:21:18 UTC [30997]: [2-1] user=a,db=d,app=[unknown],client=10.0.0.5 "
        "LOG:  connection authorized: user=a database=d application_name=x\n"
        "<2026-11-23 17:21:19 UTC 6b04760f.792d [unknown] >LOG:  connection received: "
        "host=10.0.0.7 port=36276\n"
        "<2026-11-23 17:21:19 UTC 6b04760f.792d b >LOG:  connection authorized: user=b "
        "database=d\n"
        "LOG:  connection authorized: user=c database=d\n"
        "2026-11-23 17:21:19 UTC-6b04760f.7931-LOG:  connection received: host=10.0.1.0 port=1\n"
        "2026-11-23 17:21:19 UTC-6b04760f.7931-LOG:  connection authorized: user=azure database=d\n"
        "2026-11-23 17:21:19 UTC 10.0.1.1 31010LOG:  connection authorized: user=g database=d\n"
        "Nov 23 17:21:17 host postgres[31007]: [3-1] LOG:  connection received: host=10.0.0.8 "
        "port=1\n"
        "Nov 23 17:21:17 host postgres[31007]: [4-1] LOG:  connection authorized: user=d "
        "database=d\n"
        "Nov 23 17:21:17 host postgres[31008]: [5-2] LOG:  connection authorized: user=liar "
        "database=d\n"
        "1795454477.106 10.0.0.9 31009 LOG:  connection authorized: user=e database=d\n",
        "BREAKS a/d/10.0.0.5/x plain=1\n"
        "BREAKS azure/d/10.0.1.0/ plain=1\n"
        "BREAKS b/d/10.0.0.7/ plain=1\n"
        "BREAKS d/d/10.0.0.8/ plain=1\n"
        "BREAKS e/d/10.0.0.9/ plain=1\n"
        "BREAKS g/d/10.0.1.1/ plain=1\n"
        "MAYBE c/d// plain=1\n");
}

static void test_log__verbose_and_crlf_and_holes__are_read(void **state)
{
    static const char LOG[] = "\xef\xbb\xbf"
                              "2026-11-23 17:00:00 UTC:10.0.0.5(1):a@d:[7]:LOG:  00000: connection "
                              "authorized: user=a database=d\r\n"
                              "2026-11-23 17:00:00 UTC:10.0.0.5(1):a@d:[7]:LOCATION:  "
                              "PerformAuthentication, postinit.c:310\r\n"
                              "\0\0\0\0\0\0"
                              "2026-11-23 17:00:01 UTC:10.0.0.6(1):b@d:[8]:LOG:  connection "
                              "authorized: user=b database=d";
    struct status_log_facts f;

    expect_n(LOG, sizeof(LOG) - 1,
             "BREAKS a/d/10.0.0.5/ plain=1\n"
             "BREAKS b/d/10.0.0.6/ plain=1\n",
             &f);
    assert_int_equal(f.lines, 3);
    assert_string_equal(f.first, "2026-11-23 17:00:00 UTC");
    assert_string_equal(f.last, "2026-11-23 17:00:01 UTC");
}

static void test_log__prefix_of_newer_rds__is_read(void **state)
{
    expect(
        "2026-11-23 17:21:18.123 UTC:10.0.0.5(36064):app@shop:[973]:1:00000:2026-11-23 17:21:17 "
        "UTC:3/5:0:63ff4d2f.3cd:[unknown]:LOG:  connection authorized: user=app database=shop" TLS13
        "\n",
        "FINE app/shop/10.0.0.5/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
}

static void test_log__lines_in_a_collector_s_json__are_read(void **state)
{
    /* docker, journald, Cloud SQL, CloudWatch by aws logs, and its text output; CloudNativePG. */
    expect(
        "{\"log\":\"2026-11-23 17:21:18 UTC:10.0.0.1(1):a@d:[9]:LOG:  connection authorized: "
        "user=a "
        "database=d" TLS13 "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T17:21:18Z\"}\n"
        "{ \"_PID\" : \"9\", \"MESSAGE\" : \"2026-11-23 17:21:18 UTC:10.0.0.2(1):a@d:[9]:LOG:  "
        "connection authorized: user=a database=d" TLS13 "\" }\n"
        "{\"insertId\":\"s=1\",\"labels\":{\"a\":[1,\"b\"]},\"textPayload\":\"2026-11-23 17:21:18 "
        "UTC "
        "[9]: [2-1] db=d,user=a,host=10.0.0.3 LOG:  connection authorized: user=a database=d" TLS13
        "\"}\n"
        "            \"message\": \"2026-11-23 17:21:18 UTC:10.0.0.4(1):a@d:[9]:LOG:  connection "
        "authorized: user=a database=d" TLS13 "\",\n"
        "EVENTS\t37\t1700\tdb\t2026-11-23 17:21:18 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection "
        "authorized: user=a database=d" TLS13 "\t1700\n"
        "{\"level\":\"info\",\"ts\":\"2026-11-23T17:21:18Z\",\"logger\":\"postgres\",\"msg\":"
        "\"record\","
        "\"record\":{\"log_time\":\"2026-11-23 17:21:18.694 UTC\",\"user_name\":\"a\","
        "\"database_name\":\"d\",\"process_id\":\"9\",\"connection_from\":\"10.0.0.6:60440\","
        "\"error_severity\":\"LOG\",\"message\":\"connection authorized: user=a database=d" TLS13
        "\",\"backend_type\":\"client backend\"}}\n",
        "FINE a/d/10.0.0.1/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
        "FINE a/d/10.0.0.2/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
        "FINE a/d/10.0.0.3/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
        "FINE a/d/10.0.0.4/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
        "FINE a/d/10.0.0.5/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"
        "FINE a/d/10.0.0.6/ tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
}

static void test_log__json_in_strings__is_not_read(void **state)
{
    /* A jsonlog's statement, a text log's continuation, and records of another severity. */
    expect(
        "{\"timestamp\":\"2026-11-23 17:21:56.668 UTC\",\"error_severity\":\"LOG\",\"message\":"
        "\"statement: \\\"message\\\":\\\"connection authorized: user=x database=y\"}\n"
        "\t{\"message\": \"LOG:  connection authorized: user=x database=y\"}\n"
        "\t\"message\": \"LOG:  connection authorized: user=x database=y\"\n"
        "{\"timestamp\":\"2026-11-23 17:21:56.668 UTC\",\"error_severity\":\"ERROR\",\"message\":"
        "\"x LOG:  connection authorized: user=x database=y\"}\n"
        "{\"log\":\"2026-11-23 17:21:18 UTC:10.0.0.1(1):a@d:[9]:LOG:  statement: select '\\n"
        "LOG:  connection authorized: user=x database=y\"}\n"
        "{\"log\":\"cut",
        "");
}

static void test_log__rotated_files_in_any_order__first_and_last(void **state)
{
    static const char LOG[] = "2026-11-23 18:00:00 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection "
                              "authorized: user=a database=d\n"
                              "2026-11-23 16:00:00 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection "
                              "authorized: user=a database=d\n"
                              "2026-11-23 17:00:00 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection "
                              "authorized: user=a database=d\n";
    struct status_log_facts f;

    expect_n(LOG, sizeof(LOG) - 1, "BREAKS a/d/10.0.0.5/ plain=3\n", &f);
    assert_string_equal(f.first, "2026-11-23 16:00:00 UTC");
    assert_string_equal(f.last, "2026-11-23 18:00:00 UTC");
}

/* ---- messages of all versions --------------------------------------------------------------- */

static void test_log__every_shape_of_authorized__is_understood(void **state)
{
    static const struct {
        const char *message, *want;
    } ROWS[] = {
        {"connection authorized: user=a database=d", "BREAKS a/d/10.0.0.5/ plain=1\n"},
        /* 9.5 to 9.6, 10 to 11, 12 to 13, 14 to 18 */
        {"connection authorized: user=a database=d SSL enabled (protocol=TLSv1.2, "
         "cipher=ECDHE-RSA-AES256-GCM-SHA384, compression=off)",
         "FINE a/d/10.0.0.5/ tls=1,TLSv1.2,ECDHE-RSA-AES256-GCM-SHA384\n"},
        {"connection authorized: user=a database=d SSL enabled (protocol=TLSv1.2, "
         "cipher=AES128-SHA, bits=128, compression=on)",
         "FINE a/d/10.0.0.5/ tls=1,TLSv1.2,AES128-SHA\n"},
        {"connection authorized: user=a database=d application_name=x SSL enabled "
         "(protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256, compression=off)",
         "FINE a/d/10.0.0.5/x tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"},
        {"connection authorized: user=a database=d application_name=x" TLS13,
         "FINE a/d/10.0.0.5/x tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"},
        {"connection authorized: user=a database=d SSL enabled (protocol=TLSv1.2, cipher=X)",
         "FINE a/d/10.0.0.5/ tls=1,TLSv1.2,X\n"},
        {"connection authorized: user=a database=d application_name=x GSS (authenticated=yes, "
         "encrypted=yes, principal=a@EXAMPLE.COM)",
         "GSS a/d/10.0.0.5/x gss=1\n"},
        {"connection authorized: user=a database=d application_name=x GSS (authenticated=yes, "
         "encrypted=no, delegated_credentials=no, principal=a (b)@EXAMPLE.COM)",
         "BREAKS a/d/10.0.0.5/x plain=1\n"},
        {"connection authorized: user=a database=d GSS (authenticated=no, encrypted=yes)",
         "GSS a/d/10.0.0.5/ gss=1\n"},
        {"connection authorized: user=a database=d application_name=x" TLS13
         " GSS (authenticated=yes, encrypted=no, principal=a@EXAMPLE.COM)",
         "FINE a/d/10.0.0.5/x tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n"},
        {"replication connection authorized: user=r application_name=walreceiver",
         "BREAKS r//10.0.0.5/walreceiver replication plain=1\n"},
        {"replication connection authorized: user=r SSL enabled (protocol=TLSv1.2, cipher=X, "
         "compression=off)",
         "FINE r//10.0.0.5/ replication tls=1,TLSv1.2,X\n"},
        /* almost, and so part of a name */
        {"connection authorized: user=a database=d application_name=x SSL enabled "
         "(protocol=TLSv1.3, cipher=X, bits=many)",
         "BREAKS a/d/10.0.0.5/x SSL enabled (protocol=TLSv1.3, cipher=X, bits=many) plain=1\n"},
        {"connection authorized: user=a database=d application_name=x SSL enabled "
         "(protocol=TLSv1.3, cipher=X, bits=1, y)",
         "BREAKS a/d/10.0.0.5/x SSL enabled (protocol=TLSv1.3, cipher=X, bits=1, y) plain=1\n"},
        {"connection authorized: user=a database=d application_name=SSL enabled",
         "BREAKS a/d/10.0.0.5/SSL enabled plain=1\n"},
        {"connection authorized: user=a", ""},
        {"connection authenticated: identity=\"a\" method=md5 (/pg_hba.conf:1)", ""},
        {"connection ready: setup total=7.338 ms, fork=1.669 ms, authentication=0.185 ms", ""},
        {"SSLRequest accepted", ""},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        char log[1024];

        snprintf(log, sizeof(log), "2026-11-23 17:21:18 UTC:10.0.0.5(36064):a@d:[30973]:LOG:  %s\n",
                 ROWS[i].message);
        expect(log, ROWS[i].want);
    }
}

static void test_log__refusals__tell_how_they_came(void **state)
{
    static const struct {
        const char *message, *want;
    } ROWS[] = {
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\", no encryption",
         "REFUSED a/d/10.0.0.5/ refused=1+0\n"},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\", SSL off",
         "REFUSED a/d/10.0.0.5/ refused=1+0\n"},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\", SSL encryption",
         "FINE a/d/10.0.0.5/ refused=0+1\n"},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\", SSL on",
         "FINE a/d/10.0.0.5/ refused=0+1\n"},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\", GSS encryption",
         "FINE a/d/10.0.0.5/ refused=0+1\n"},
        {"pg_hba.conf rejects connection for host \"10.0.0.5\", user \"a\", database \"d\", no "
         "encryption",
         "REFUSED a/d/10.0.0.5/ refused=1+0\n"},
        {"no pg_hba.conf entry for replication connection from host \"10.0.0.5\", user \"r\", no "
         "encryption",
         "REFUSED r//10.0.0.5/ replication refused=1+0\n"},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", user \"b\", database \"d\", "
         "database \"e\", SSL off",
         "REFUSED a\", user \"b\", database \"d/e/10.0.0.5/ refused=1+0\n"},
        {"no pg_hba.conf entry for host \"[local]\", user \"a\", database \"d\", no encryption",
         ""},
        {"no pg_hba.conf entry for host \"10.0.0.5\", user \"a\", database \"d\"", ""},
        {"password authentication failed for user \"a\"", ""},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        char log[1024];

        snprintf(log, sizeof(log), "2026-11-23 17:21:18 UTC [30973] FATAL:  %s\n", ROWS[i].message);
        expect(log, ROWS[i].want);
    }
}

static void test_log__refused_then_encrypted__is_allow(void **state)
{
    expect("2026-11-23 17:00:00 UTC [1] FATAL:  no pg_hba.conf entry for host \"10.0.0.5\", user "
           "\"a\", database \"d\", no encryption\n"
           "2026-11-23 17:00:00 UTC [2] LOG:  connection received: host=10.0.0.5 port=2\n"
           "2026-11-23 17:00:00 UTC [2] LOG:  connection authorized: user=a database=d "
           "application_name=x" TLS13 "\n",
           "RETRIES a/d/10.0.0.5/ refused=1+0\n"
           "FINE a/d/10.0.0.5/x tls=1,TLSv1.3,TLS_AES_256_GCM_SHA384\n");
}

static void test_log__refused_both_ways__is_not_for_plaintext(void **state)
{
    expect("2026-11-23 17:00:00 UTC [1] FATAL:  no pg_hba.conf entry for host \"10.0.0.5\", user "
           "\"a\", database \"d\", SSL encryption\n"
           "2026-11-23 17:00:00 UTC [2] FATAL:  no pg_hba.conf entry for host \"10.0.0.5\", user "
           "\"a\", database \"d\", no encryption\n",
           "FINE a/d/10.0.0.5/ refused=1+1\n");
}

static void test_log__authorized_then_fatal__never_was(void **state)
{
    static const char LOG[] =
        "2026-11-23 17:21:58 UTC:10.0.0.5(1):a@nodb:[32560]:LOG:  connection authorized: user=a "
        "database=nodb application_name=psql\n"
        "2026-11-23 17:21:58 UTC:10.0.0.5(1):a@nodb:[32560]:FATAL:  database \"nodb\" does not "
        "exist\n"
        "2026-11-23 17:21:58 UTC:10.0.0.5(1):a@d:[32561]:FATAL:  password authentication failed "
        "for user \"a\"\n"
        "2026-11-23 17:21:58 UTC [32562] LOG:  could not accept SSL connection: tlsv1 alert "
        "unknown ca\n";
    struct status_log_facts f;

    expect_n(LOG, sizeof(LOG) - 1, "", &f);
    assert_int_equal(f.plain, 0);
    assert_int_equal(f.failed, 2);
    assert_int_equal(f.handshakes, 1);
    assert_false(status_log_tells(&f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__default_prefix__joined_by_pid),
        cmocka_unit_test(test_log__pid_used_again__has_its_new_address),
        cmocka_unit_test(test_log__debian_prefix__same),
        cmocka_unit_test(test_log__rds_prefix__needs_no_join),
        cmocka_unit_test(test_log__other_prefixes__say_what_they_say),
        cmocka_unit_test(test_log__verbose_and_crlf_and_holes__are_read),
        cmocka_unit_test(test_log__prefix_of_newer_rds__is_read),
        cmocka_unit_test(test_log__lines_in_a_collector_s_json__are_read),
        cmocka_unit_test(test_log__json_in_strings__is_not_read),
        cmocka_unit_test(test_log__rotated_files_in_any_order__first_and_last),
        cmocka_unit_test(test_log__every_shape_of_authorized__is_understood),
        cmocka_unit_test(test_log__refusals__tell_how_they_came),
        cmocka_unit_test(test_log__refused_then_encrypted__is_allow),
        cmocka_unit_test(test_log__refused_both_ways__is_not_for_plaintext),
        cmocka_unit_test(test_log__authorized_then_fatal__never_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of reading server logs: real lines of every format, names that lie, bytes cut anywhere. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "status/log.h"
#include "t.h"

#define TLS13 " SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"

/* What a sum knows, a line a group: "FATE user/database/address/application plain=1 ...". */
static void dump(struct status_sum *sum, struct t_outcome *out)
{
    static const char *const FATE[] = {"BREAKS", "MAYBE", "REFUSED", "RETRIES",
                                       "HIDDEN", "GSS",   "LOCAL",   "FINE"};

    status_sum_judge(sum);
    for (size_t i = 0; i < sum->n; i++) {
        const struct status_group *g = sum->group[i];
        char counts[256] = "";

        if (g->replication)
            pgseal__append(counts, sizeof(counts), " replication");
        if (g->plain > 0)
            pgseal__append(counts, sizeof(counts), " plain=%d", (int)g->plain);
        if (g->tls > 0)
            pgseal__append(counts, sizeof(counts), " tls=%d,%s,%s", (int)g->tls, g->version,
                           g->cipher);
        if (g->gss > 0)
            pgseal__append(counts, sizeof(counts), " gss=%d", (int)g->gss);
        if (g->refused > 0 || g->refused_encrypted > 0)
            pgseal__append(counts, sizeof(counts), " refused=%d+%d", (int)g->refused,
                           (int)g->refused_encrypted);
        t_outcome_add(out, "%s %s/%s/%s/%s%s", FATE[g->fate], g->user.p, g->database.p,
                      g->address.p, g->application.p, counts);
    }
}

struct log_text {
    const char *p;
    size_t n;
    struct status_log_facts facts;
    bool facts_too; /* they count the pieces' outcome as well */
};

static void scenario(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    struct log_text *t = arg;
    struct status_sum sum;
    struct status_log *l;

    status_sum_init(&sum, 0);
    l = status_log_new(&sum, NULL);
    assert_non_null(l);
    for (size_t at = 0, piece; at < t->n; at += piece) {
        piece = t_cut_take(cut, t->n - at);
        assert_int_equal(status_log_feed(l, t->p + at, piece, NULL), 0);
    }
    assert_int_equal(status_log_end(l, NULL), 0);
    dump(&sum, out);
    t->facts = *status_log_facts(l);
    if (t->facts_too)
        t_outcome_add_bytes(out, "facts", &t->facts, sizeof(t->facts));
    status_log_free(l);
    status_sum_done(&sum);
}

/* Reads the log whole, byte by byte and in random pieces: all must give the same sum and facts. */
static void expect_n(const char *log, size_t n, const char *want, struct status_log_facts *facts)
{
    struct log_text t = {.p = log, .n = n, .facts_too = true};
    struct t_cut cut = {T_CUT_WHOLE, 0};
    struct t_outcome got = {0};

    t_chunked(scenario, &t);
    t.facts_too = false;
    scenario(&cut, &got, &t);
    assert_string_equal(got.text != NULL ? got.text : "", want);
    t_outcome_done(&got);
    if (facts != NULL)
        *facts = t.facts;
}

static void expect(const char *log, const char *want)
{
    expect_n(log, strlen(log), want, NULL);
}

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
    expect("2026-11-23 17:21:18 UTC [30997]: [2-1] user=a,db=d,app=[unknown],client=10.0.0.5 "
           "LOG:  connection authorized: user=a database=d application_name=x\n"
           "<2026-11-23 17:21:19 UTC 6b04760f.792d [unknown] >LOG:  connection received: "
           "host=10.0.0.7 port=36276\n"
           "<2026-11-23 17:21:19 UTC 6b04760f.792d b >LOG:  connection authorized: user=b "
           "database=d\n"
           "LOG:  connection authorized: user=c database=d\n"
           "Nov 23 17:21:17 host postgres[31007]: [3-1] LOG:  connection received: host=10.0.0.8 "
           "port=1\n"
           "Nov 23 17:21:17 host postgres[31007]: [4-1] LOG:  connection authorized: user=d "
           "database=d\n"
           "Nov 23 17:21:17 host postgres[31008]: [5-2] LOG:  connection authorized: user=liar "
           "database=d\n"
           "1795454477.106 10.0.0.9 31009 LOG:  connection authorized: user=e database=d\n",
           "BREAKS a/d/10.0.0.5/x plain=1\n"
           "BREAKS b/d/10.0.0.7/ plain=1\n"
           "BREAKS d/d/10.0.0.8/ plain=1\n"
           "BREAKS e/d/10.0.0.9/ plain=1\n"
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
        cmocka_unit_test(test_log__default_prefix__joined_by_pid),
        cmocka_unit_test(test_log__pid_used_again__has_its_new_address),
        cmocka_unit_test(test_log__debian_prefix__same),
        cmocka_unit_test(test_log__rds_prefix__needs_no_join),
        cmocka_unit_test(test_log__other_prefixes__say_what_they_say),
        cmocka_unit_test(test_log__prefix_of_newer_rds__is_read),
        cmocka_unit_test(test_log__lines_in_a_collector_s_json__are_read),
        cmocka_unit_test(test_log__json_in_strings__is_not_read),
        cmocka_unit_test(test_log__rotated_files_in_any_order__first_and_last),
        cmocka_unit_test(test_log__verbose_and_crlf_and_holes__are_read),
        cmocka_unit_test(test_log__every_shape_of_authorized__is_understood),
        cmocka_unit_test(test_log__refusals__tell_how_they_came),
        cmocka_unit_test(test_log__refused_then_encrypted__is_allow),
        cmocka_unit_test(test_log__refused_both_ways__is_not_for_plaintext),
        cmocka_unit_test(test_log__authorized_then_fatal__never_was),
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

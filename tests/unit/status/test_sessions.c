/* SPDX-License-Identifier: PostgreSQL */
/* Tests of snapshots and watching: rows as servers of all versions send them, what is new, what was
 * missed. */
#include "alloc.h"
#include "core/base/base.h"
#include "status/report.h"
#include "t.h"

/* ---- rows ----------------------------------------------------------------------------------- */

static void give_facts(struct status_snapshot *s, const char *sees_all, const char *opened,
                       const char *superuser)
{
    const char *v[] = {"150018", "4711",   "app", sees_all, "on", "2026-11-23 17:00:00",
                       opened,   superuser};
    const struct pgseal_row row = {.n = 8, .value = v};

    status_sessions_take(s, &row);
}

/* ssl: "t", "f", or NULL for a session that is hidden. */
static void give_session(struct status_snapshot *s, const char *pid, const char *user,
                         const char *address, const char *ssl)
{
    const char *since = ssl != NULL ? "2026-11-23 16:00:00" : NULL;
    bool tls = ssl != NULL && ssl[0] == 't';
    const char *v[] = {pid,
                       user,
                       "shop",
                       "web",
                       address,
                       address != NULL ? "5000" : "-1",
                       since,
                       since != NULL ? "2026-11-23 16:00:00.123456+00" : NULL,
                       ssl,
                       tls ? "TLSv1.3" : NULL,
                       tls ? "TLS_AES_256_GCM_SHA384" : NULL,
                       tls ? "256" : NULL,
                       NULL,
                       "f"};
    const struct pgseal_row row = {.n = 14, .value = v};

    status_sessions_take(s, &row);
}

static void test_snapshot__rows__become_sessions(void **state)
{
    struct status_snapshot s = {0};

    give_facts(&s, "f", "12", "off");
    give_session(&s, "1", "a", "10.0.0.5", "f");
    give_session(&s, "2", "a", "10.0.0.5", "t");
    give_session(&s, "3", "a", NULL, "f");
    give_session(&s, "4", "b", NULL, NULL);
    give_session(&s, "5", "rdsadmin", "127.0.0.1", "t");
    assert_int_equal(s.n, 4);
    assert_int_equal(s.hidden, 1);
    assert_int_equal(s.internal, 1);
    assert_int_equal(s.opened, 12);
    assert_false(s.sees_all);
    assert_true(s.ssl);
    assert_string_equal(s.when, "2026-11-23 17:00:00 UTC");
    assert_int_equal(s.session[0].by, STATUS_BY_PLAIN);
    assert_int_equal(s.session[0].from, STATUS_FROM_NETWORK);
    assert_string_equal(s.session[0].since, "2026-11-23 16:00:00 UTC");
    assert_int_equal(s.session[1].by, STATUS_BY_TLS);
    assert_int_equal(s.session[1].bits, 256);
    assert_string_equal(s.session[1].cipher, "TLS_AES_256_GCM_SHA384");
    assert_int_equal(s.session[2].from, STATUS_FROM_LOCAL);
    assert_string_equal(s.session[2].address, "[local]");
    assert_int_equal(s.session[3].by, STATUS_BY_HIDDEN);
    assert_string_equal(s.session[3].application, "web");
    status_snapshot_done(&s);
}

static void test_snapshot__a_superuser__sees_all(void **state)
{
    struct status_snapshot s = {0};

    give_facts(&s, NULL, NULL, "on");
    assert_true(s.sees_all);
    assert_int_equal(s.opened, -1);
}

static void test_snapshot__rows_of_another_shape__are_nothing(void **state)
{
    struct status_snapshot s = {0};
    const char *v[] = {"1"};
    const struct pgseal_row row = {.n = 1, .value = v};

    status_sessions_take(&s, &row);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.version, 0);
}

static void test_snapshot__every_version__has_its_sql(void **state)
{
    assert_non_null(strstr(status_sessions_sql(180004), "sum(sessions)"));
    assert_null(strstr(status_sessions_sql(130000), "sum(sessions)"));
    assert_non_null(strstr(status_sessions_sql(130000), "pg_stat_gssapi"));
    assert_null(strstr(status_sessions_sql(110000), "pg_stat_gssapi"));
    assert_non_null(strstr(status_sessions_sql(110000), "backend_type"));
    assert_null(strstr(status_sessions_sql(90600), "backend_type"));
    assert_null(strstr(status_sessions_sql(90600), "pg_read_all_stats"));
}

/* ---- watching ------------------------------------------------------------------------------- */

static struct status_snapshot sample(int n, const char *const pids[], const char *opened)
{
    struct status_snapshot s = {0};

    give_facts(&s, "t", opened, "off");
    for (int i = 0; i < n; i++)
        give_session(&s, pids[i], "a", "10.0.0.5", "f");
    return s;
}

static void watch_sample(struct status_watch *w, int n, const char *const pids[],
                         const char *opened)
{
    struct status_snapshot s = sample(n, pids, opened);

    assert_int_equal(status_watch_add(w, &s, NULL), 0);
    status_snapshot_done(&s);
}

static void test_watch__a_session_that_stays__is_one(void **state)
{
    static const char *const PIDS[] = {"7", "3"};
    struct status_watch w;

    status_watch_init(&w);
    watch_sample(&w, 2, PIDS, "10");
    watch_sample(&w, 2, PIDS, "10");
    watch_sample(&w, 1, PIDS, "14");
    watch_sample(&w, 2, PIDS, "15"); /* 3 was away for a sample: another one, as far as we know */
    assert_int_equal(w.samples, 4);
    assert_int_equal(w.sessions, 3);
    assert_int_equal(w.at_first, 2);
    assert_int_equal(w.opened, 5);
    assert_int_equal(w.sum.n, 1);
    assert_int_equal(w.sum.group[0]->plain, 3);
    assert_int_equal(w.sum.group[0]->samples, 7);
    status_watch_done(&w);
}

static void test_watch__lost__goes_on_without_its_count(void **state)
{
    static const char *const PIDS[] = {"7", "3"};
    struct status_watch w;

    status_watch_init(&w);
    watch_sample(&w, 2, PIDS, "10");
    status_watch_lost(&w);
    watch_sample(&w, 2, PIDS, "3");
    assert_int_equal(w.lost, 1);
    assert_int_equal(w.opened, -1);
    assert_int_equal(w.sessions, 2); /* the same pids with the same start: only we were away */
    status_watch_done(&w);
}

/* ---- findings ------------------------------------------------------------------------------- */

static void expect_findings(struct status_report *r, const char *verdict, const char *want)
{
    struct findings found = {0};
    char text[512] = "", got[256];

    status_report_verdict(r, got, sizeof(got));
    assert_string_equal(got, verdict);
    status_report_findings(r, &found);
    for (size_t i = 0; i < found.n; i++) {
        pgseal__append(text, sizeof(text), "%s ", finding_row(found.item[i].id)->id);
        assert_true(found.item[i].seen[0] != '\0' && found.item[i].fix[0] != '\0');
    }
    assert_string_equal(text, want);
    findings_done(&found);
}

static void judge_snapshot(struct status_snapshot *s, enum status_way way, const char *verdict,
                           const char *want)
{
    struct status_watch w;
    struct status_report r = {.way = way, .watch = &w, .sum = &w.sum, .where = "db:5432"};

    if (way == STATUS_WAY_SNAPSHOT)
        r.snapshot = s;
    status_watch_init(&w);
    assert_int_equal(status_watch_add(&w, s, NULL), 0);
    status_sum_judge(&w.sum);
    expect_findings(&r, verdict, want);
    status_watch_done(&w);
    status_snapshot_done(s);
}

static void test_report__nobody__is_said_with_care(void **state)
{
    struct status_snapshot s = {0};

    give_facts(&s, "t", "1", "off");
    give_session(&s, "1", "a", "10.0.0.5", "t");
    judge_snapshot(&s, STATUS_WAY_SNAPSHOT,
                   "no client was seen that would break if plaintext were refused", "");
}

static void test_report__plaintext_and_hidden__are_two_findings(void **state)
{
    struct status_snapshot s = {0};

    give_facts(&s, "f", "1", "off");
    give_session(&s, "1", "a", "10.0.0.5", "f");
    give_session(&s, "2", "b", "10.0.0.5", "f");
    give_session(&s, "3", "c", NULL, NULL);
    judge_snapshot(&s, STATUS_WAY_WATCH,
                   "2 clients would break if plaintext were refused; 1 session is hidden from this "
                   "role",
                   "STATUS_CANDIDATES STATUS_PARTIAL_VIEW ");
}

static void test_report__missed_sessions__are_a_finding(void **state)
{
    struct status_watch w;
    struct status_report r = {.way = STATUS_WAY_WATCH, .watch = &w, .where = "db:5432"};

    status_watch_init(&w);
    watch_sample(&w, 0, NULL, "10");
    watch_sample(&w, 0, NULL, "11");
    status_sum_judge(&w.sum);
    r.sum = &w.sum;
    expect_findings(&r, "no client was seen that would break if plaintext were refused",
                    "STATUS_WATCH_GAPS ");
    status_watch_done(&w);
}

static void test_report__a_lost_connection__is_a_gap(void **state)
{
    struct status_watch w;
    struct status_report r = {.way = STATUS_WAY_WATCH, .watch = &w, .where = "db:5432"};

    status_watch_init(&w);
    watch_sample(&w, 0, NULL, "10");
    status_watch_lost(&w);
    status_sum_judge(&w.sum);
    r.sum = &w.sum;
    expect_findings(&r, "no client was seen that would break if plaintext were refused",
                    "STATUS_WATCH_GAPS ");
    status_watch_done(&w);
}

static void test_report__many_candidates__are_cut_not_hidden(void **state)
{
    struct status_snapshot s = {0};
    struct status_watch w;
    struct status_report r = {.way = STATUS_WAY_WATCH, .watch = &w, .where = "db:5432"};
    struct findings found = {0};
    char user[16];

    give_facts(&s, "t", "1", "off");
    for (int i = 0; i < 8; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        give_session(&s, "1", user, "10.0.0.5", "f");
    }
    status_watch_init(&w);
    assert_int_equal(status_watch_add(&w, &s, NULL), 0);
    status_sum_judge(&w.sum);
    r.sum = &w.sum;
    status_report_findings(&r, &found);
    assert_non_null(strstr(found.item[0].seen, "u0@shop from 10.0.0.5 (web); u1@shop"));
    assert_non_null(strstr(found.item[0].seen, "; and 3 more."));
    findings_done(&found);
    status_watch_done(&w);
    status_snapshot_done(&s);
}

static void test_report__note__says_whose_sessions_these_are_not(void **state)
{
    static const struct {
        const char *host, *want;
    } ROWS[] = {
        {"db1.cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", ""},
        {"db.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", "one instance of the cluster"},
        {"db.cluster-ro-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", "one instance of the cluster"},
        {"db.proxy-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com", "This is RDS Proxy"},
        {"db.example.com", ""},
        {NULL, ""},
    };
    struct status_watch w;
    struct status_report r = {.way = STATUS_WAY_WATCH, .watch = &w, .sum = &w.sum, .where = "db"};
    struct status_seen standby = {.user = status_span("r"), .replication = true};
    char text[512];

    status_watch_init(&w);
    r.pooled = true;
    status_report_note(&r, text, sizeof(text));
    assert_non_null(strstr(text, "a pooler"));
    r.pooled = false;
    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        r.host = ROWS[i].host;
        status_report_note(&r, text, sizeof(text));
        assert_non_null(strstr(text, ROWS[i].want));
        assert_int_equal(text[0] == '\0', ROWS[i].want[0] == '\0');
    }
    assert_int_equal(status_sum_add(&w.sum, &standby, NULL, NULL), 0);
    status_report_note(&r, text, sizeof(text));
    assert_non_null(strstr(text, "Standbys"));
    status_watch_done(&w);
}

static int whole(void *arg)
{
    static const char *const PIDS[] = {"7", "3"};
    struct status_snapshot s = sample(2, PIDS, "1");
    struct status_watch w;
    int rc;

    status_watch_init(&w);
    rc = s.nomem ? -1 : status_watch_add(&w, &s, NULL);
    status_watch_done(&w);
    status_snapshot_done(&s);
    return rc;
}

static void test_watch__any_allocation_fails__is_told(void **state)
{
    assert_true(t_each_alloc_fails(whole, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshot__rows__become_sessions),
        cmocka_unit_test(test_snapshot__a_superuser__sees_all),
        cmocka_unit_test(test_snapshot__rows_of_another_shape__are_nothing),
        cmocka_unit_test(test_snapshot__every_version__has_its_sql),
        cmocka_unit_test(test_watch__a_session_that_stays__is_one),
        cmocka_unit_test(test_watch__lost__goes_on_without_its_count),
        cmocka_unit_test(test_report__nobody__is_said_with_care),
        cmocka_unit_test(test_report__plaintext_and_hidden__are_two_findings),
        cmocka_unit_test(test_report__missed_sessions__are_a_finding),
        cmocka_unit_test(test_report__a_lost_connection__is_a_gap),
        cmocka_unit_test(test_report__many_candidates__are_cut_not_hidden),
        cmocka_unit_test(test_report__note__says_whose_sessions_these_are_not),
        cmocka_unit_test(test_watch__any_allocation_fails__is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of summing sessions: keys, fates, folding, what is left out. */
#include "core/base/base.h"
#include "status/candidates.h"
#include "t.h"

static struct status_seen seen(const char *user, const char *address, enum status_by by)
{
    return (struct status_seen){.user = status_span(user),
                                .database = status_span("d"),
                                .address = status_span(address),
                                .application = status_span("app"),
                                .by = by,
                                .from = STATUS_FROM_NETWORK};
}

static void test_sum__same_key__is_one_group(void **state)
{
    struct status_sum sum;
    struct status_seen s = seen("a", "10.0.0.5", STATUS_BY_PLAIN);

    status_sum_init(&sum, 0);
    s.when = status_span("1");
    assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    s.when = status_span("2");
    s.by = STATUS_BY_TLS;
    s.version = status_span("TLSv1.3");
    assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    s.old = s.sampled = true;
    s.when = status_span("3");
    assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    status_sum_judge(&sum);
    assert_int_equal(sum.n, 1);
    assert_int_equal(sum.group[0]->plain, 1);
    assert_int_equal(sum.group[0]->tls, 1);
    assert_int_equal(sum.group[0]->samples, 1);
    assert_string_equal(sum.group[0]->first, "1");
    assert_string_equal(sum.group[0]->last, "3");
    assert_string_equal(sum.group[0]->version, "TLSv1.3");
    assert_int_equal(sum.group[0]->fate, STATUS_FATE_BREAKS); /* one plaintext session is enough */
    assert_int_equal(sum.fate[STATUS_FATE_BREAKS], 1);
    status_sum_done(&sum);
}

static void test_sum__each_part_of_the_key__makes_a_group(void **state)
{
    struct status_sum sum;
    struct status_seen s;

    status_sum_init(&sum, 0);
    for (int i = 0; i < 8; i++) {
        s = seen("a", "10.0.0.5", STATUS_BY_PLAIN);
        if (i == 1)
            s.user = status_span("b");
        if (i == 2)
            s.database = status_span("e");
        if (i == 3)
            s.address = status_span("10.0.0.6");
        if (i == 4)
            s.application = status_span("");
        if (i == 5)
            s.replication = true;
        if (i == 6)
            s.from = STATUS_FROM_LOCAL;
        if (i == 7) /* the parts do not run together */
            s.user = status_span("ad"), s.database = status_span("");
        assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
        assert_int_equal(sum.n, i + 1);
    }
    status_sum_done(&sum);
}

static void test_sum__rdsadmin__is_left_out(void **state)
{
    struct status_sum sum;
    struct status_seen s = seen("rdsadmin", "127.0.0.1", STATUS_BY_PLAIN);
    struct status_group *g;

    status_sum_init(&sum, 0);
    assert_int_equal(status_sum_add(&sum, &s, &g, NULL), 0);
    assert_null(g);
    assert_int_equal(sum.n, 0);
    assert_int_equal(sum.internal, 1);
    status_sum_done(&sum);
}

static void test_sum__too_many_groups__are_folded_by_user(void **state)
{
    struct status_sum sum;
    uint64_t plain = 0;
    char name[32], address[32];

    status_sum_init(&sum, 100);
    for (int i = 0; i < 2000; i++) {
        struct status_seen s;

        snprintf(name, sizeof(name), "user%d", i % 3);
        snprintf(address, sizeof(address), "10.0.%d.%d", i / 256, i % 256);
        s = seen(name, address, STATUS_BY_PLAIN);
        assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    }
    status_sum_judge(&sum);
    assert_int_equal(sum.n, 103);
    for (size_t i = 0; i < sum.n; i++)
        plain += sum.group[i]->plain;
    assert_int_equal(plain, 2000); /* nothing is lost */
    assert_true(sum.group[0]->folded && sum.folded);
    assert_int_equal(sum.group[0]->plain, 634);
    for (int i = 0; i < 2000; i++) { /* users without end cannot make it grow either */
        struct status_seen s;

        snprintf(name, sizeof(name), "other%d", i);
        s = seen(name, "10.0.0.1", STATUS_BY_PLAIN);
        assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    }
    assert_true(sum.n <= 125);
    status_sum_done(&sum);
}

static void test_sum__long_names_and_nul__are_cut_and_shown(void **state)
{
    struct status_sum sum;
    struct status_seen s = seen("a", "10.0.0.5", STATUS_BY_PLAIN);
    char name[200];

    memset(name, 'n', sizeof(name));
    status_sum_init(&sum, 0);
    s.user = (struct status_span){"a\0b", 3};
    s.application = (struct status_span){name, sizeof(name)};
    assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    assert_string_equal(sum.group[0]->user.p, "a?b");
    assert_int_equal(sum.group[0]->application.n, STATUS_NAME_MAX);
    status_sum_done(&sum);
}

static void test_sum__taken_back__is_gone(void **state)
{
    struct status_sum sum;
    struct status_seen s = seen("a", "10.0.0.5", STATUS_BY_PLAIN);
    struct status_group *g;

    status_sum_init(&sum, 0);
    assert_int_equal(status_sum_add(&sum, &s, &g, NULL), 0);
    status_sum_undo(g, STATUS_BY_PLAIN);
    status_sum_undo(g, STATUS_BY_PLAIN);
    status_sum_judge(&sum);
    assert_int_equal(sum.n, 0);
    assert_int_equal(status_sum_add(&sum, &s, &g, NULL), 0);
    assert_int_equal(g->plain, 1);
    status_sum_done(&sum);
}

static void test_sum__most_sessions__come_first(void **state)
{
    struct status_sum sum;

    status_sum_init(&sum, 0);
    for (int i = 0; i < 10; i++) {
        struct status_seen s = seen(i < 3 ? "few" : "many", "10.0.0.5", STATUS_BY_PLAIN);

        assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
        s = seen("good", "10.0.0.5", STATUS_BY_TLS);
        assert_int_equal(status_sum_add(&sum, &s, NULL, NULL), 0);
    }
    status_sum_judge(&sum);
    assert_string_equal(sum.group[0]->user.p, "many");
    assert_string_equal(sum.group[1]->user.p, "few");
    assert_string_equal(sum.group[2]->user.p, "good");
    assert_int_equal(sum.fate[STATUS_FATE_FINE], 1);
    status_sum_done(&sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum__same_key__is_one_group),
        cmocka_unit_test(test_sum__each_part_of_the_key__makes_a_group),
        cmocka_unit_test(test_sum__rdsadmin__is_left_out),
        cmocka_unit_test(test_sum__too_many_groups__are_folded_by_user),
        cmocka_unit_test(test_sum__long_names_and_nul__are_cut_and_shown),
        cmocka_unit_test(test_sum__taken_back__is_gone),
        cmocka_unit_test(test_sum__most_sessions__come_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

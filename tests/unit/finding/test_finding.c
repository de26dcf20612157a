/* SPDX-License-Identifier: PostgreSQL */
/* The list of findings: order, worst, cut texts, no memory. */
#include "core/base/base.h"
#include "finding/finding.h"
#include "t.h"

static void test_rows__have_everything(void **state)
{
    for (int i = 0; i < FINDING_IDS; i++) {
        const struct finding_row *row = finding_row((enum finding_id)i);

        assert_true(strlen(row->id) > 3);
        assert_int_equal(strspn(row->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), strlen(row->id));
        assert_true(row->title[0] != '\0' && row->title[strlen(row->title) - 1] != '.');
        assert_true(row->why[0] != '\0' && row->why[strlen(row->why) - 1] == '.');
        assert_string_not_equal(finding_severity_name(row->severity), "");
    }
}

static void test_add__keeps_texts_and_order(void **state)
{
    struct findings l = {0};

    assert_int_equal(findings_worst(&l), FINDING_INFO);
    for (int i = 0; i < 100; i++) {
        struct finding *f = finding_add(&l, FINDING_ID_STATUS_PLAINTEXT, "host %d", i);

        finding_seen(f, "one");
        finding_seen(f, ", two %d.", i);
        finding_fix(f, "%s", "do");
    }
    assert_int_equal(l.n, 100);
    assert_string_equal(l.item[99].where, "host 99");
    assert_string_equal(l.item[7].seen, "one, two 7.");
    assert_string_equal(l.item[0].fix, "do");
    assert_int_equal(findings_worst(&l), finding_row(FINDING_ID_STATUS_PLAINTEXT)->severity);
    assert_true(findings_have(&l, FINDING_ID_STATUS_PLAINTEXT));
    assert_false(l.nomem);
    findings_done(&l);
    assert_int_equal(l.n, 0);
}

static void test_texts__are_cut_and_ended(void **state)
{
    struct findings l = {0};
    struct finding *f = finding_add(&l, FINDING_ID_STATUS_PLAINTEXT, "%s", "");

    for (int i = 0; i < 1000; i++)
        finding_seen(f, "0123456789");
    assert_true(strlen(f->seen) < sizeof(f->seen));
    findings_done(&l);
}

static void test_add__without_memory_says_so(void **state)
{
    struct findings l = {0};
    struct finding *f;

    pgseal__alloc_fail_after(0);
    f = finding_add(&l, FINDING_ID_STATUS_PLAINTEXT, "x");
    pgseal__alloc_fail_after(-1);
    assert_non_null(f);
    finding_seen(f, "still fine");
    assert_true(l.nomem);
    assert_int_equal(l.n, 0);
    findings_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows__have_everything),
        cmocka_unit_test(test_add__keeps_texts_and_order),
        cmocka_unit_test(test_texts__are_cut_and_ended),
        cmocka_unit_test(test_add__without_memory_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

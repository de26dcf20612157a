/* SPDX-License-Identifier: PostgreSQL */
/* A store by its facts: its state file, how far a rotation is, what is due, what has ended. */
#include "ca/own_int.h"

#include "t.h"

#define NOW   INT64_C(1800000000)
#define DAY   CA_DAY_S
#define COUNT 4

static struct ca_record records[COUNT];

static struct ca_store store_with(int oldest, int newest, int64_t root_days)
{
    struct ca_store s = {.oldest = oldest, .newest = newest, .cert = records, .ncerts = 0};

    memset(records, 0, sizeof(records));
    pgseal__format(s.dir, sizeof(s.dir), "/ca");
    for (int i = 0; i <= newest - oldest; i++) {
        s.root[i].number = oldest + i;
        s.root[i].info.not_after_unix_s = NOW + root_days * DAY;
    }
    return s;
}

static void add(struct ca_store *s, const char *name, int root, int64_t from_days, int64_t to_days,
                bool latest)
{
    struct ca_record *c = &records[s->ncerts++];

    pgseal__format(c->name, sizeof(c->name), "%s", name);
    c->root = root;
    c->latest = latest;
    c->info.not_before_unix_s = NOW + from_days * DAY;
    c->info.not_after_unix_s = NOW + to_days * DAY;
}

static const struct finding *find(const struct findings *l, enum finding_id id)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->item[i].id == id)
            return &l->item[i];
    return NULL;
}

static void test_watch__all_is_fresh__nothing(void **state)
{
    struct ca_store s = store_with(1, 1, 3000);
    struct findings found = {0};

    add(&s, "a", 1, -10, 387, true);
    ca_own_watch(&s, NOW, &found);
    assert_int_equal(found.n, 0);
    findings_done(&found);
}

static void test_watch__past_the_last_day__ended(void **state)
{
    struct ca_store s = store_with(1, 1, 3000);
    struct findings found = {0};
    const struct finding *f;

    add(&s, "db1", 1, -400, -1, true);
    add(&s, "db2", 1, -400, -1, false); /* replaced: nobody cares */
    add(&s, "db3", 1, -400, 0, true);
    ca_own_watch(&s, NOW, &found);
    assert_int_equal(found.n, 1);
    f = find(&found, FINDING_ID_CA_OWN_ENDED);
    assert_non_null(f);
    assert_string_equal(f->seen, "db1 (server, until 2027-01-14), db3 (server, until 2027-01-15).");
    assert_non_null(strstr(f->fix, "--renew NAME"));
    findings_done(&found);
}

static void test_watch__last_third_or_older_root__due(void **state)
{
    struct ca_store s = store_with(1, 2, 3000);
    struct findings found = {0};
    const struct finding *f;

    add(&s, "third", 2, -70, 29, true); /* 29 of 99 days are left */
    add(&s, "fresh", 2, -60, 39, true);
    add(&s, "older", 1, -1, 99, true);
    add(&s, "older", 1, -2, 98, false);
    ca_own_watch(&s, NOW, &found);
    assert_int_equal(found.n, 1);
    f = find(&found, FINDING_ID_CA_OWN_DUE);
    assert_non_null(f);
    assert_non_null(strstr(f->seen, "third ("));
    assert_non_null(strstr(f->seen, ", older ("));
    assert_null(strstr(f->seen, "fresh"));
    findings_done(&found);
}

static void test_watch__root_ends_soon__said(void **state)
{
    struct findings found = {0};
    struct ca_store s = store_with(1, 1, CA_LEAF_DAYS);

    ca_own_watch(&s, NOW, &found);
    assert_int_equal(found.n, 0);
    s = store_with(1, 1, CA_LEAF_DAYS - 1);
    ca_own_watch(&s, NOW, &found);
    assert_non_null(strstr(find(&found, FINDING_ID_CA_OWN_ROOT_ENDS)->seen, "Root 1 ends"));
    findings_done(&found);
    s = store_with(1, 1, 0);
    ca_own_watch(&s, NOW, &found);
    assert_non_null(strstr(find(&found, FINDING_ID_CA_OWN_ROOT_ENDS)->seen, "Root 1 ended"));
    findings_done(&found);
}

static void test_phase__roots_and_what_they_signed__decide(void **state)
{
    struct ca_store s = store_with(1, 1, 3000);

    add(&s, "a", 1, -1, 100, true);
    assert_int_equal(ca_rotate_phase(&s, NOW), CA_STEADY);
    s = store_with(1, 2, 3000);
    add(&s, "a", 1, -1, 100, true);
    assert_int_equal(ca_rotate_phase(&s, NOW), CA_STARTED);
    records[0].latest = false;
    assert_int_equal(ca_rotate_phase(&s, NOW), CA_SWITCHED);
    records[0].latest = true;
    assert_int_equal(ca_rotate_phase(&s, NOW + 100 * DAY), CA_SWITCHED); /* it has ended */
    records[0].root = 2;
    assert_int_equal(ca_rotate_phase(&s, NOW), CA_SWITCHED);
}

static void test_state__written__is_read(void **state)
{
    const struct ca_own_state all[] = {{1, 1}, {1, 2}, {41, 42}};

    for (size_t i = 0; i < PGSEAL_COUNT(all); i++) {
        struct ca_own_state back;
        struct pgseal_err err;
        char text[64];

        ca_own_state_format(&all[i], text);
        assert_int_equal(ca_own_state_parse(text, strlen(text), &back, &err), 0);
        assert_int_equal(back.oldest, all[i].oldest);
        assert_int_equal(back.newest, all[i].newest);
    }
}

static void test_state__anything_else__damaged_or_newer(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "pgseal-ca",
        "pgseal-ca 1",
        "pgseal-ca 1\n",
        "pgseal-ca 0\nroots 1 1\n",
        "pgseal-ca x\nroots 1 1\n",
        "pgseal-ca 1\nroots 1\n",
        "pgseal-ca 1\nroots 0 0\n",
        "pgseal-ca 1\nroots 2 1\n",
        "pgseal-ca 1\nroots 1 3\n",
        "pgseal-ca 1\nroots 1 1",
        "pgseal-ca 1\nroots 1 1\nmore\n",
        "pgseal-ca 1\nroots 1 1 \n",
        "pgseal-ca 1\nroots -1 1\n",
        "pgseal-ca 1\nroots 99999999999999999999 1\n",
    };
    struct ca_own_state back = {7, 7};
    struct pgseal_err err;

    for (size_t i = 0; i < PGSEAL_COUNT(bad); i++) {
        if (ca_own_state_parse(bad[i], strlen(bad[i]), &back, &err) != PGSEAL_E_CA_STORE)
            fail_msg("%s", bad[i]);
        assert_non_null(strstr(err.msg, "damaged"));
        assert_int_equal(back.oldest, 7);
    }
    assert_int_equal(ca_own_state_parse("pgseal-ca 1\nroots 1 1\n\0", 24, &back, &err),
                     PGSEAL_E_CA_STORE);
    assert_int_equal(ca_own_state_parse("pgseal-ca 2\nanything", 20, &back, &err),
                     PGSEAL_E_CA_STORE);
    assert_non_null(strstr(err.msg, "later version"));
    assert_non_null(strstr(err.detail, "version 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch__all_is_fresh__nothing),
        cmocka_unit_test(test_watch__past_the_last_day__ended),
        cmocka_unit_test(test_watch__last_third_or_older_root__due),
        cmocka_unit_test(test_watch__root_ends_soon__said),
        cmocka_unit_test(test_phase__roots_and_what_they_signed__decide),
        cmocka_unit_test(test_state__written__is_read),
        cmocka_unit_test(test_state__anything_else__damaged_or_newer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

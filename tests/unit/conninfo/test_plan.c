/* SPDX-License-Identifier: PostgreSQL */
/* Plays tests/data/plan.tbl, walks plans at random, and looks at the shuffling. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"
#include "world.h"

#include <pgseal/conninfo.h>

static const char *const outcomes[] = {
    [PGSEAL_OUT_START] = "start",
    [PGSEAL_OUT_RESOLVED] = "resolved",
    [PGSEAL_OUT_UNRESOLVED] = "unresolved",
    [PGSEAL_OUT_UNREACHED] = "unreached",
    [PGSEAL_OUT_NO_TLS] = "no-tls",
    [PGSEAL_OUT_TLS_FAILED] = "tls-failed",
    [PGSEAL_OUT_SERVER_ERROR] = "server-error",
    [PGSEAL_OUT_BUSY] = "busy",
    [PGSEAL_OUT_REFUSED] = "refused",
    [PGSEAL_OUT_WRONG_SESSION] = "wrong-session",
    [PGSEAL_OUT_OPEN] = "open",
    [PGSEAL_OUT_NAME_REFUSED] = "name-refused",
};

static struct pgseal_conninfo *finished(const char *text)
{
    struct t_world w;
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);

    t_world_init(&w);
    assert_non_null(ci);
    if (pgseal_conninfo_parse(ci, text, &err) < 0 || pgseal_conninfo_finish(ci, &w.world, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    return ci;
}

static const char *session_name(enum pgseal_session_attrs session)
{
    static const char *const names[] = {"any",     "read-write", "read-only",
                                        "primary", "standby",    "prefer-standby"};

    return names[session];
}

static void describe(const struct pgseal_attempt *a, char *out, size_t cap)
{
    static const char *const verbs[] = {"resolve", "connect", "continue", "done", "fail"};
    const char *method = a->method == PGSEAL_METHOD_PLAIN ? "plain" : a->direct ? "direct" : "tls";

    pgseal__format(out, cap, "%s", verbs[a->action]);
    if (a->action == PGSEAL_ACT_FAIL)
        return;
    pgseal__append(out, cap, " %zu", a->host);
    if (a->action == PGSEAL_ACT_RESOLVE)
        return;
    pgseal__append(out, cap, "/%zu", a->addr);
    if (a->action == PGSEAL_ACT_DONE)
        return;
    pgseal__append(out, cap, " %s%s%s", method, a->reconnect ? " again" : "",
                   a->unnamed ? " unnamed" : "");
    if (a->session != PGSEAL_SESSION_ANY)
        pgseal__append(out, cap, " for %s", session_name(a->session));
}

/* "OUTCOME [N] -> ACTION" */
static void play_step(struct pgseal_plan *plan, char *line, int number)
{
    char *action = strstr(line, " -> ");
    char *naddrs;
    struct pgseal_attempt a;
    struct pgseal_err err;
    char got[160];
    size_t n = 0;
    int outcome = 0;
    int rc;

    assert_non_null(action);
    *action = '\0';
    action += 4;
    naddrs = strchr(line, ' ');
    if (naddrs != NULL) {
        *naddrs++ = '\0';
        n = (size_t)strtoul(naddrs, NULL, 10);
    }
    while (outcome < (int)PGSEAL_COUNT(outcomes) && strcmp(outcomes[outcome], line) != 0)
        outcome++;
    if (outcome == (int)PGSEAL_COUNT(outcomes))
        fail_msg("plan.tbl:%d: no such outcome: %s", number, line);
    rc = pgseal_plan_next(plan, (enum pgseal_outcome)outcome, n, &a, &err);
    if (rc == PGSEAL_E_USAGE)
        pgseal__format(got, sizeof(got), "!");
    else
        describe(&a, got, sizeof(got));
    if (strcmp(got, action) != 0)
        fail_msg("plan.tbl:%d: %s: expected %s, got %s", number, line, action, got);
}

static void test_plan__every_row_of_the_table__acts_as_told(void **state)
{
    static char line[512];
    FILE *in = fopen(TEST_DATA "/plan.tbl", "r");
    struct pgseal_conninfo *ci = NULL;
    struct pgseal_plan *plan = NULL;
    int plans = 0;

    assert_non_null(in);
    for (int number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '>') {
            pgseal_plan_free(plan);
            pgseal_conninfo_free(ci);
            ci = finished(line + 2);
            plan = pgseal_plan_new(ci, 1, NULL);
            assert_non_null(plan);
            plans++;
        } else if (strncmp(line, "  ", 2) == 0) {
            play_step(plan, line + 2, number);
        }
    }
    fclose(in);
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
    assert_true(plans > 50);
    assert_int_equal(pgseal__alloc_live(), 0);
}

/* One random walk. Whatever happens: no plaintext where it is not allowed, no TLS where it is not
 * wanted, no attempt made twice, and an end. */
static void walk(const char *text, uint64_t *random)
{
    struct pgseal_conninfo *ci = finished(text);
    const struct pgseal_options *o = pgseal_conninfo_options(ci);
    struct pgseal_plan *plan = pgseal_plan_new(ci, t_random(random), NULL);
    enum pgseal_outcome outcome = PGSEAL_OUT_START;
    struct pgseal_attempt a = {0};
    bool seen[2][4][4][2][2] = {{{{{false}}}}}; /* pass, host, address, method, unnamed */
    bool resolved[2][4] = {{false}};
    int pass = 0;
    int steps = 0;

    assert_non_null(plan);
    do {
        size_t naddrs = t_random(random) % 4;
        int rc = pgseal_plan_next(plan, outcome, naddrs, &a, NULL);

        assert_true(++steps < 2000);
        outcome = (enum pgseal_outcome)(t_random(random) % PGSEAL_COUNT(outcomes));
        if (rc == PGSEAL_E_USAGE)
            continue;
        assert_int_equal(rc, 0);
        if (a.action == PGSEAL_ACT_RESOLVE) {
            if (resolved[pass][a.host])
                pass++;
            assert_true(pass < 2 && !resolved[pass][a.host]);
            resolved[pass][a.host] = true;
        } else if (a.action == PGSEAL_ACT_CONNECT || a.action == PGSEAL_ACT_CONTINUE) {
            const struct pgseal_host *h = pgseal_conninfo_host(ci, a.host);

            assert_true(a.addr < 4 && !seen[pass][a.host][a.addr][a.method][a.unnamed]);
            seen[pass][a.host][a.addr][a.method][a.unnamed] = true;
            if (h->is_unix || o->sslmode == PGSEAL_SSLMODE_DISABLE)
                assert_int_equal(a.method, PGSEAL_METHOD_PLAIN);
            else if (o->sslmode >= PGSEAL_SSLMODE_REQUIRE)
                assert_int_equal(a.method, PGSEAL_METHOD_TLS);
            assert_true(!a.direct || a.method == PGSEAL_METHOD_TLS);
            assert_true(a.session == o->session || pass == 1);
        }
    } while (steps == 1 || (a.action != PGSEAL_ACT_DONE && a.action != PGSEAL_ACT_FAIL));
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
}

static void test_plan__random_outcomes__never_weaker_than_asked_and_an_end(void **state)
{
    static const char *const modes[] = {"disable", "allow",     "prefer",
                                        "require", "verify-ca", "verify-full"};
    static const char *const hosts[] = {"host=a", "host=a,b,c,d", "host=a,/tmp,b", "host=/tmp"};
    static const char *const more[] = {"", "target_session_attrs=prefer-standby",
                                       "load_balance_hosts=random application_name=x",
                                       "target_session_attrs=read-write application_name=x"};
    uint64_t seed = t_seed();
    uint64_t random = seed;
    char text[200];

    print_message("PGSEAL_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < 3000; i++) {
        pgseal__format(text, sizeof(text), "%s sslmode=%s %s", hosts[t_random(&random) % 4],
                       modes[t_random(&random) % 6], more[t_random(&random) % 4]);
        walk(text, &random);
    }
}

static void hosts_in_order(const char *text, uint64_t seed, size_t n, size_t *out)
{
    struct pgseal_conninfo *ci = finished(text);
    struct pgseal_plan *plan = pgseal_plan_new(ci, seed, NULL);
    struct pgseal_attempt a;

    assert_int_equal(pgseal_plan_next(plan, PGSEAL_OUT_START, 0, &a, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a.action, PGSEAL_ACT_RESOLVE);
        out[i] = a.host;
        assert_int_equal(pgseal_plan_next(plan, PGSEAL_OUT_UNRESOLVED, 0, &a, NULL), 0);
    }
    assert_int_equal(a.action, PGSEAL_ACT_FAIL);
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
}

static void test_plan__load_balance__every_order_is_as_likely(void **state)
{
    int count[6] = {0};

    for (uint64_t seed = 0; seed < 6000; seed++) {
        size_t a[3];
        size_t b[3];

        hosts_in_order("host=a,b,c load_balance_hosts=random", seed, 3, a);
        hosts_in_order("host=a,b,c load_balance_hosts=random", seed, 3, b);
        assert_memory_equal(a, b, sizeof(a)); /* the same seed, the same plan */
        assert_true(a[0] != a[1] && a[0] != a[2] && a[1] != a[2]);
        count[a[0] * 2 + (a[1] > a[2])]++;
    }
    /* 1000 each; five standard deviations are 145 */
    for (int i = 0; i < 6; i++)
        assert_in_range(count[i], 850, 1150);
}

static void test_plan__no_load_balance__hosts_and_addresses_stay_in_order(void **state)
{
    struct pgseal_conninfo *ci = finished("host=a,b,c");
    struct pgseal_plan *plan = pgseal_plan_new(ci, 4711, NULL);
    size_t order[5];

    hosts_in_order("host=a,b,c", 4711, 3, order);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(order[i], i);
    pgseal_plan_shuffle(plan, 5, order);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(order[i], i);
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
}

static void test_plan__shuffle__is_a_permutation(void **state)
{
    struct pgseal_conninfo *ci = finished("host=a load_balance_hosts=random");
    struct pgseal_plan *plan = pgseal_plan_new(ci, 1, NULL);
    bool moved = false;

    for (int round = 0; round < 50; round++) {
        size_t order[20];
        bool seen[20] = {false};

        pgseal_plan_shuffle(plan, 20, order);
        for (size_t i = 0; i < 20; i++) {
            assert_true(order[i] < 20 && !seen[order[i]]);
            seen[order[i]] = true;
            moved = moved || order[i] != i;
        }
    }
    assert_true(moved);
    pgseal_plan_shuffle(plan, 0, NULL); /* nothing to shuffle is fine */
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
}

static int new_plan(void *arg)
{
    struct pgseal_plan *plan = pgseal_plan_new(arg, 1, NULL);

    pgseal_plan_free(plan);
    return plan != NULL ? 0 : -1;
}

static void test_plan__unfinished_or_no_memory__is_an_error(void **state)
{
    struct pgseal_conninfo *raw = pgseal_conninfo_new(NULL);
    struct pgseal_conninfo *ci = finished("host=a,b");
    struct pgseal_err err;

    assert_null(pgseal_plan_new(raw, 1, &err));
    assert_int_equal(err.code, PGSEAL_E_USAGE);
    t_each_alloc_fails(new_plan, ci);
    pgseal_conninfo_free(raw);
    pgseal_conninfo_free(ci);
    assert_null(pgseal_plan_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__every_row_of_the_table__acts_as_told),
        cmocka_unit_test(test_plan__random_outcomes__never_weaker_than_asked_and_an_end),
        cmocka_unit_test(test_plan__load_balance__every_order_is_as_likely),
        cmocka_unit_test(test_plan__no_load_balance__hosts_and_addresses_stay_in_order),
        cmocka_unit_test(test_plan__shuffle__is_a_permutation),
        cmocka_unit_test(test_plan__unfinished_or_no_memory__is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

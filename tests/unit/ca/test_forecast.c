/* SPDX-License-Identifier: PostgreSQL */
/* Forecasts, row by row: what was sent, what clients trust, when, and what will become of it. */
#include "alloc.h"
#include "forecast_pki.h"

/* "CHANGE STUCK": ids without what all have. */
static void ids(const struct findings *l, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < l->n; i++) {
        const char *id = finding_row(l->item[i].id)->id + strlen("CA_");

        pgseal__append(out, cap, "%s%s", i > 0 ? " " : "",
                       strncmp(id, "FORECAST_", 9) == 0 ? id + 9 : id);
    }
}

/* "2048+* 4096- 384+": in the file or not, * the one in use, ! ended, ? not offered. */
static void choices(const struct ca_forecast *f, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < f->n_choices; i++) {
        const struct ca_choice *c = &f->choice[i];
        const char *digits = c->id + strcspn(c->id, "0123456789");

        pgseal__append(out, cap, "%s%.*s%s%s%s%s", i > 0 ? " " : "",
                       (int)strspn(digits, "0123456789"), digits, c->in_file ? "+" : "-",
                       c->current ? "*" : "", c->retired ? "!" : "",
                       c->offered || c->retired ? "" : "?");
    }
}

struct row {
    const char *name, *host, *sent, *roots;
    int64_t day;
    bool verified, renewal;
    const char *choices, *findings;
    int64_t until; /* days from T0 */
    size_t steps;
};
static const struct row ROWS[] = {
    /* all is well: nothing to do, whatever AWS chooses */
    {"all roots", CLUSTER, "leaf sub2048 r2048", ALL3, 30, true, true, "2048+* 4096+ 384+", "", 365,
     0},
    {"root not sent", CLUSTER, "leaf sub2048", ALL3, 30, true, true, "2048+* 4096+ 384+", "", 365,
     0},
    {"past half-life, within two weeks", CLUSTER, "leaf sub2048", ALL3, 195, true, true,
     "2048+* 4096+ 384+", "", 365, 0},

    /* the file lacks roots */
    {"only its own root", CLUSTER, "leaf sub2048", "r2048", 30, true, true, "2048+* 4096- 384-",
     "CHANGE", 365, 2},
    {"one of three", CLUSTER, "leaf sub2048", "r2048 r384", 30, true, true, "2048+* 4096- 384+",
     "CHANGE", 365, 2},
    {"all but its own", CLUSTER, "leaf sub2048", "r4096 r384", 30, false, false,
     "2048-* 4096+ 384+", "FAILS CHANGE", 365, 2},
    {"another region's", CLUSTER, "leaf sub2048 r2048", "us", 30, false, false, "2048-* 4096- 384-",
     "FAILS CHANGE", 365, 2},
    {"signed by another CA", INSTANCE, "leaf4096 sub4096", "r4096", 30, true, true,
     "2048- 4096+* 384-", "CHANGE", 365, 2},

    /* renewal is stuck */
    {"one year, stuck", CLUSTER, "leaf sub2048", ALL3, 197, true, true, "2048+* 4096+ 384+",
     "STUCK", 365, 3},
    {"three years, fine", INSTANCE, "leaf3 sub2048", ALL3, 550, true, true, "2048+* 4096+ 384+", "",
     1095, 0},
    {"three years, stuck", INSTANCE, "leaf3 sub2048", ALL3, 562, true, true, "2048+* 4096+ 384+",
     "STUCK", 1095, 3},
    {"stuck and ended", CLUSTER, "leaf sub2048", ALL3, 366, false, true, "2048+* 4096+ 384+",
     "FAILS STUCK", 365, 3},
    {"stuck, and lacks roots", CLUSTER, "leaf sub2048", "r2048", 300, true, true,
     "2048+* 4096- 384-", "STUCK CHANGE", 365, 4},

    /* a CA of the past */
    {"rds-ca-2019, old file", INSTANCE, "leaf2019 sub2019", "r2019", 0, false, false,
     "2019-*! 2048- 4096- 384-", "FAILS ENDED CHANGE", -800, 3},
    {"rds-ca-2019, new file", INSTANCE, "leaf2019 sub2019", ALL3, 0, false, false,
     "2019-*! 2048+ 4096+ 384+", "FAILS ENDED", -800, 2},
    {"rds-ca-2019, in its time", INSTANCE, "leaf2019 sub2019", "r2019 " ALL3, -850, true, false,
     "2019+*! 2048+ 4096+ 384+", "ENDED", -800, 2},

    /* what is in the file */
    {"intermediate only", CLUSTER, "leaf sub2048", "sub2048", 30, false, false, "2048-* 4096- 384-",
     "FAILS CHANGE PINNED", 365, 2},
    {"leaf only", CLUSTER, "leaf sub2048", "leaf", 30, false, false, "2048-* 4096- 384-",
     "FAILS CHANGE PINNED", 365, 2},
    {"roots and the intermediate", CLUSTER, "leaf sub2048", ALL3 " sub2048", 30, true, true,
     "2048+* 4096+ 384+", "PINNED", 365, 0},
    {"another key, the server has the true one", CLUSTER, "leaf sub2048", "fake2048 r4096 r384", 30,
     false, false, "2048-* 4096+ 384+", "FAILS IMPOSTOR CHANGE", 365, 2},
    {"another key, the server too", INSTANCE, "leaffake subfake", "fake2048 r4096 r384", 30, true,
     true, "2048+* 4096+ 384+", "IMPOSTOR", 365, 1},
    {"system", CLUSTER, "leaf sub2048 r2048", "system:acm", 30, false, false, "2048-* 4096- 384-",
     "SYSTEM", 365, 2},
    {"nothing usable", CLUSTER, "leaf sub2048 r2048", "", 30, false, false, "2048-* 4096- 384-",
     "FAILS CHANGE", 365, 2},

    /* names */
    {"another name", "db.internal", "leaf sub2048", ALL3, 30, true, true, "2048+* 4096+ 384+",
     "FAILS", 365, 2},
    {"another name, lacks roots", "db.internal", "leaf sub2048", "r2048", 30, true, true,
     "2048+* 4096- 384-", "FAILS CHANGE", 365, 3},

    /* public authorities */
    {"proxy, system", PROXY, "leafacm subacm", "system:acm", 30, true, true, "", "PUBLIC", 395, 0},
    {"proxy, RDS bundle", PROXY, "leafacm subacm", ALL3, 30, false, false, "", "FAILS PUBLIC", 395,
     2},
    {"serverless v1", CLUSTER, "leafacm subacm", "acm " ALL3, 30, true, true, "", "PUBLIC", 395, 0},
    {"proxy, ends soon", PROXY, "leafacm subacm", "acm", 380, true, true, "", "ENDS PUBLIC", 395,
     0},

    /* regions this program has never heard of */
    {"new region", "db.abc123.xx-new-1.rds.amazonaws.com", "leafnew subnew", "new", 30, true, true,
     "2048+* 4096- 384-", "CHANGE UNKNOWN", 365, 2},

    /* an own authority: dates only */
    {"own", "db.example.com", "leafown subown", "own", 30, true, true, "", "", 365, 0},
    {"own, leaf ends", "db.example.com", "leafown subown", "own", 340, true, true, "", "ENDS", 365,
     2},
    {"own, short life", "db.example.com", "leaf90", "own", 59, true, true, "", "", 90, 0},
    {"own, short life, ends", "db.example.com", "leaf90", "own", 61, true, true, "", "ENDS", 90, 2},
    {"own, intermediate ends first", "db.example.com", "leaflong subown", "own", 430, true, true,
     "", "ENDS", 600, 2},
    {"own, not trusted", "db.example.com", "leafown subown", ALL3, 30, false, false, "", "FAILS",
     365, 2},
    {"self-signed", "db.example.com", "self", "self", 30, true, false, "", "RENEWAL", 365, 4},
};

static void test_forecast__every_row__as_the_table_says(void **state)
{
    int wrong = 0;

    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        const struct row *r = &ROWS[i];
        char have[128], found[256], steps[8192];
        struct made m;

        make(&m, r->host, r->sent, r->roots, r->day);
        choices(&m.f, have, sizeof(have));
        ids(&m.f.findings, found, sizeof(found));
        all_steps(&m.steps, steps, sizeof(steps));
        if (m.f.verified != r->verified || m.f.renewal != r->renewal ||
            strcmp(have, r->choices) != 0 || strcmp(found, r->findings) != 0 ||
            m.f.until_unix_s != T0 + r->until * DAY || m.steps.n != r->steps) {
            print_error("%s: %sverified, %srenewal, \"%s\" \"%s\", until %d, %zu steps\n%s%s\n",
                        r->name, m.f.verified ? "" : "not ", m.f.renewal ? "" : "no ", have, found,
                        (int)((m.f.until_unix_s - T0) / DAY), m.steps.n, m.f.refusal.detail, steps);
            wrong++;
        }
        done(&m);
    }
    assert_int_equal(wrong, 0);
}

/* Every finding of the group is made by some row above, each with evidence and something to do. */
static void test_forecast__every_finding__is_made_and_told(void **state)
{
    bool made[FINDING_IDS] = {false};

    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        const struct row *r = &ROWS[i];
        struct made m;

        make(&m, r->host, r->sent, r->roots, r->day);
        for (size_t k = 0; k < m.f.findings.n; k++) {
            const struct finding *f = &m.f.findings.item[k];

            made[f->id] = true;
            if (f->seen[0] == '\0' || f->fix[0] == '\0')
                fail_msg("%s: %s has no story", r->name, finding_row(f->id)->id);
        }
        done(&m);
    }
    for (int id = 0; id < FINDING_IDS; id++)
        if (strncmp(finding_row(id)->id, "CA_FORECAST_", 12) == 0 && !made[id])
            fail_msg("no row makes %s", finding_row(id)->id);
}

/* ---- time, memory -----------------------------------------------------------------------------
 */

static void test_next_look__first_date_that_could_change_it(void **state)
{
    struct made m;

    make(&m, CLUSTER, "leaf sub2048", ALL3, 30); /* half-life and two weeks */
    assert_int_equal(m.f.next_look_unix_s, T0 + 365 * DAY / 2 + 14 * DAY);
    assert_int_equal(m.f.half_life_unix_s, T0 + 365 * DAY / 2);
    assert_false(m.f.restarts);
    done(&m);
    make(&m, "db.example.com", "leafown subown", "own", 30); /* a month before its end */
    assert_int_equal(m.f.next_look_unix_s, T0 + 335 * DAY);
    assert_int_equal(m.f.half_life_unix_s, 0);
    done(&m);
    make(&m, CLUSTER, "leaf sub2048", "r2048", 30); /* now: there is something to do */
    assert_int_equal(m.f.next_look_unix_s, 0);
    done(&m);
}

static void test_server__facts__by_name_and_certificate(void **state)
{
    struct made m;

    make(&m, "10.0.0.5", "leaf3 sub2048", ALL3, 30);
    assert_int_equal(m.f.authority, CA_AUTHORITY_RDS);
    assert_string_equal(m.f.region, REGION); /* the chain says so */
    assert_string_equal(m.f.ca, "rds-ca-rsa2048-g1");
    assert_int_equal(m.f.n_instances, 1);
    assert_string_equal(m.f.instance[0], "app-1");
    assert_string_equal(m.f.cluster, "");
    assert_true(m.f.restarts);
    assert_false(m.f.name_ok);
    done(&m);
    make(&m, "world.global-cx5u2qk1abcd.global.rds.amazonaws.com", "leaf sub2048", ALL3, 30);
    assert_int_equal(m.f.endpoint.kind, PGSEAL_AWS_GLOBAL);
    assert_string_equal(m.f.region, REGION);
    assert_string_equal(m.f.cluster, "app"); /* behind it, by its certificate */
    done(&m);
    make(&m, "db.example.com", "leafown subown", "own", 30);
    assert_int_equal(m.f.authority, CA_AUTHORITY_OWN);
    assert_string_equal(m.f.region, "");
    assert_string_equal(m.f.ca, "");
    done(&m);
}

static void test_forecast__nothing_sent__usage(void **state)
{
    struct ca_forecast_in in = {.host = "h", .target = "h", .file = "f", .now_unix_s = T0};
    struct ca_forecast f;

    assert_int_equal(ca_forecast_make(&in, &f, NULL), PGSEAL_E_USAGE);
}

static int forecast_once(void *arg)
{
    const struct ca_forecast_in *in = arg;
    struct ca_forecast f;
    int rc = ca_forecast_make(in, &f, NULL);

    if (rc == 0)
        ca_forecast_done(&f);
    return rc;
}

static void test_forecast__allocation_fails__none(void **state)
{
    struct made m;
    struct ca_forecast_in in = {.host = CLUSTER,
                                .target = CLUSTER,
                                .file = "roots.pem",
                                .known = known,
                                .n_known = PGSEAL_COUNT(known),
                                .now_unix_s = T0 + 300 * DAY};

    make(&m, CLUSTER, "leaf sub2048", "r2048", 300);
    in.sent = m.sent;
    in.ctx = m.ctx;
    assert_true(t_each_alloc_fails(forecast_once, &in) >= 3);
    done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forecast__every_row__as_the_table_says),
        cmocka_unit_test(test_forecast__every_finding__is_made_and_told),
        cmocka_unit_test(test_next_look__first_date_that_could_change_it),
        cmocka_unit_test(test_server__facts__by_name_and_certificate),
        cmocka_unit_test(test_forecast__nothing_sent__usage),
        cmocka_unit_test(test_forecast__allocation_fails__none),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

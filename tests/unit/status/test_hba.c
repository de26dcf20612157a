/* SPDX-License-Identifier: PostgreSQL */
/* Who comes in without encryption: the rows of tests/data/hba.tbl; settings before rules. */
#include "core/base/base.h"
#include "status/status.h"
#include "t.h"

#define RULES_MAX 8

static void read_rule(char *text, struct status_rule *r)
{
    char address[200];
    char *slash;

    assert_int_equal(sscanf(text, "%15s %127s %127s %199s %31s", r->type, r->database, r->user,
                            address, r->method),
                     5);
    slash = strchr(address, '/');
    if (slash != NULL) {
        *slash = '\0';
        pgseal__format(r->netmask, sizeof(r->netmask), "%s", slash + 1);
    }
    pgseal__format(r->address, sizeof(r->address), "%s", address);
}

static size_t read_rules(char *text, struct status_rule *rule)
{
    char *rest = NULL;
    size_t n = 0;

    for (char *t = strtok_r(text, ";", &rest); t != NULL; t = strtok_r(NULL, ";", &rest)) {
        if (strspn(t, " ") == strlen(t))
            continue;
        assert_true(n < RULES_MAX);
        memset(&rule[n], 0, sizeof(rule[n]));
        rule[n].line = (int)n + 1;
        read_rule(t, &rule[n++]);
    }
    return n;
}

static void test_rules__rows_of_the_table__lines_that_admit(void **state)
{
    FILE *f = fopen(TEST_DATA "/hba.tbl", "r");
    char line[1024];
    int rows = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        struct status_rule rule[RULES_MAX];
        struct status_plaintext p = {0};
        char *column[4], lines[64] = "";
        const char *got;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        line[strcspn(line, "\n")] = '\0';
        column[0] = line;
        for (int i = 1; i < 4; i++) {
            column[i] = strchr(column[i - 1], '|');
            assert_non_null(column[i]);
            *column[i]++ = '\0';
        }
        status_rules_judge(rule, read_rules(column[1], rule), &p);
        got = p.refused == STATUS_NO ? " accepted " : p.only_loopback ? " loopback " : " refused ";
        for (size_t i = 0; i < p.nadmits; i++)
            pgseal__append(lines, sizeof(lines), " %d", rule[p.admits[i]].line);
        if (strcmp(got, column[2]) != 0 || strcmp(lines[0] != '\0' ? lines : " -", column[3]) != 0)
            fail_msg("%s: got%s(%s), wanted%s(%s)", line, got, lines, column[2], column[3]);
        rows++;
    }
    fclose(f);
    assert_true(rows > 25);
}

static void test_rules__more_lines_than_are_kept__are_counted(void **state)
{
    struct status_rule rule[40];
    struct status_plaintext p = {0};
    char text[] = "host all all all trust";

    (void)state;
    memset(rule, 0, sizeof(rule));
    for (size_t i = 0; i < PGSEAL_COUNT(rule); i++)
        read_rule(text, &rule[i]);
    status_rules_judge(rule, PGSEAL_COUNT(rule), &p);
    assert_int_equal(p.nadmits, 40);
    assert_int_equal(p.refused, STATUS_NO);
}

/* ---- settings and rules together ---------------------------------------------------------------
 */

static const struct status_try not_tried;
static struct status_setting ssl_off = {.name = "ssl", .value = "off"};

static void test_plaintext__force_ssl_on__needs_no_rules(void **state)
{
    struct status_server s = {.answered = true,
                              .force_setting = "rds.force_ssl",
                              .forced = STATUS_YES,
                              .client = {.tcp = STATUS_YES, .host = "10.0.0.5"},
                              .stat = {.tls = STATUS_YES}};
    struct status_plaintext p;

    (void)state;
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_YES);
    assert_string_equal(p.how, "rds.force_ssl is on.");
    s.forced = STATUS_NO;
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_NO);
    assert_string_equal(p.how, "rds.force_ssl is off.");
}

static void test_plaintext__this_session_is_bare__is_proof_enough(void **state)
{
    struct status_server s = {.answered = true,
                              .rules_why = "Role app may not read them.",
                              .client = {.tcp = STATUS_YES, .host = "10.0.0.5"},
                              .stat = {.tls = STATUS_NO}};
    struct status_plaintext p;

    (void)state;
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_NO);
    pgseal__format(s.client.host, sizeof(s.client.host), "127.0.0.1");
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_UNKNOWN);
    assert_string_equal(p.how, "Role app may not read them.");
    s.settings = &ssl_off;
    s.nsettings = 1;
    status_plaintext(&s, &not_tried, &p);
    assert_non_null(strstr(p.how, "does not offer TLS at all"));
}

static void test_plaintext__a_broken_file__is_not_trusted(void **state)
{
    struct status_rule rule[2] = {{.line = 1, .type = "hostssl", .database = "all", .user = "all"},
                                  {.line = 7, .error = "invalid connection type \"hots\""}};
    struct status_server s = {
        .answered = true, .rules = rule, .nrules = 2, .stat = {.tls = STATUS_YES}};
    struct status_plaintext p;

    (void)state;
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_UNKNOWN);
    assert_non_null(strstr(p.how, "Line 7 of pg_hba.conf is broken"));
}

static void test_plaintext__no_answer__nothing_is_known(void **state)
{
    struct status_server s = {0};
    struct status_plaintext p;

    (void)state;
    status_plaintext(&s, &not_tried, &p);
    assert_int_equal(p.refused, STATUS_UNKNOWN);
}

static void test_plaintext__a_login_that_was_taken__settles_it(void **state)
{
    struct status_server s = {.answered = true, .rules_why = "Role app may not read them."};
    struct status_try t = {.done = true, .refused = STATUS_NO, .said = "it was let in"};
    struct status_plaintext p;

    (void)state;
    status_plaintext(&s, &t, &p);
    assert_int_equal(p.refused, STATUS_NO);
    t.refused = STATUS_YES; /* for one role, from one address */
    status_plaintext(&s, &t, &p);
    assert_int_equal(p.refused, STATUS_UNKNOWN);
    assert_non_null(strstr(p.how, "others may be let in"));
    t.refused = STATUS_UNKNOWN;
    status_plaintext(&s, &t, &p);
    assert_int_equal(p.refused, STATUS_UNKNOWN);
    assert_non_null(strstr(p.how, "Tried, without an answer"));
}

static void test_try__how_a_login_ended__is_read(void **state)
{
    static const struct {
        int code;
        const char *msg;
        enum status_truth refused;
    } rows[] = {
        {0, "", STATUS_NO},
        {PGSEAL_E_NO_PASSWORD, "fe_sendauth: no password supplied", STATUS_NO},
        {PGSEAL_E_PASSWORD_RISK, "", STATUS_NO},
        {PGSEAL_E_AUTH_METHOD, "authentication method 7 not supported", STATUS_NO},
        {PGSEAL_E_SERVER, "FATAL:  no pg_hba.conf entry for host \"h\", no encryption", STATUS_YES},
        {PGSEAL_E_SERVER, "FATAL:  pg_hba.conf rejects connection for host \"h\"", STATUS_YES},
        {PGSEAL_E_SERVER, "FATAL:  SSL required", STATUS_YES},
        {PGSEAL_E_SERVER, "FATAL:  This RDS Proxy requires TLS connections", STATUS_YES},
        {PGSEAL_E_SERVER, "FATAL:  sorry, too many clients already", STATUS_UNKNOWN},
        {PGSEAL_E_CONNECT, "Connection refused", STATUS_UNKNOWN},
        {PGSEAL_E_TIMEOUT, "timeout expired", STATUS_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_err err = {.code = rows[i].code};
        struct status_try t = {.done = true};

        pgseal__format(err.msg, sizeof(err.msg), "%s", rows[i].msg);
        status_try_read(&err, &t);
        if (t.refused != rows[i].refused)
            fail_msg("%d %s: %d", rows[i].code, rows[i].msg, t.refused);
        assert_string_not_equal(t.said, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules__rows_of_the_table__lines_that_admit),
        cmocka_unit_test(test_rules__more_lines_than_are_kept__are_counted),
        cmocka_unit_test(test_plaintext__force_ssl_on__needs_no_rules),
        cmocka_unit_test(test_plaintext__this_session_is_bare__is_proof_enough),
        cmocka_unit_test(test_plaintext__a_broken_file__is_not_trusted),
        cmocka_unit_test(test_plaintext__a_login_that_was_taken__settles_it),
        cmocka_unit_test(test_try__how_a_login_ended__is_read),
        cmocka_unit_test(test_plaintext__no_answer__nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

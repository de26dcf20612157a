/* SPDX-License-Identifier: PostgreSQL */
/* The settings object outside of the tables: order of calls, prefixes, what is lent, the table. */
#include "alloc.h"
#include "core/base/base.h"
#include "t.h"
#include "world.h"

#include <pgseal/conninfo.h>
#include <pgseal/wire.h>

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

static void test_set__empty_or_null__is_skipped(void **state)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_err err;

    assert_int_equal(pgseal_conninfo_set(ci, "host", "a", "-h", &err), 0);
    assert_int_equal(pgseal_conninfo_set(ci, "host", "", "-h", &err), 0);
    assert_int_equal(pgseal_conninfo_set(ci, "host", NULL, "-h", &err), 0);
    /* libpq looks at the keyword only if there is a value */
    assert_int_equal(pgseal_conninfo_set(ci, "nonsense", "", "-x", &err), 0);
    assert_string_equal(pgseal_conninfo_get(ci, "host"), "a");
    assert_string_equal(pgseal_conninfo_origin(ci, "host"), "-h");
    assert_int_equal(pgseal_conninfo_set(ci, "nonsense", "1", "-x", &err), PGSEAL_E_OPTION);
    assert_string_equal(err.msg, "invalid connection option \"nonsense\"");
    assert_null(pgseal_conninfo_get(ci, "nonsense"));
    assert_null(pgseal_conninfo_origin(ci, "nonsense"));
    assert_null(pgseal_conninfo_origin(ci, "port"));
    pgseal_conninfo_free(ci);
}

static void test_parse__a_string_that_fails__leaves_everything_as_it_was(void **state)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);

    assert_int_equal(pgseal_conninfo_parse(ci, "host=a port=1", NULL), 0);
    assert_int_equal(pgseal_conninfo_parse(ci, "host=b port= sslmode=x foo=1", NULL),
                     PGSEAL_E_OPTION);
    assert_int_equal(pgseal_conninfo_parse(ci, "postgresql://h:9/d?password= sslmode=x&foo", NULL),
                     PGSEAL_E_CONNINFO);
    assert_string_equal(pgseal_conninfo_get(ci, "host"), "a");
    assert_string_equal(pgseal_conninfo_get(ci, "port"), "1");
    assert_null(pgseal_conninfo_get(ci, "dbname"));
    assert_null(pgseal_conninfo_warning(ci, 0)); /* of strings that were not taken */
    assert_int_equal(pgseal_conninfo_parse(ci, "port=2", NULL), 0);
    assert_string_equal(pgseal_conninfo_get(ci, "host"), "a");
    assert_string_equal(pgseal_conninfo_get(ci, "port"), "2");
    pgseal_conninfo_free(ci);
}

static void test_finish__before_and_after__only_what_makes_sense(void **state)
{
    struct t_world w;
    struct pgseal_param params[4];
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);

    t_world_init(&w);
    assert_null(pgseal_conninfo_options(ci));
    assert_null(pgseal_conninfo_host(ci, 0));
    assert_int_equal(pgseal_conninfo_hosts(ci), 0);
    assert_int_equal(pgseal_conninfo_startup(ci, params, 4), 0);
    assert_int_equal(pgseal_conninfo_parse(ci, "sslmode=x", NULL), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, &w.world, NULL), PGSEAL_E_OPTION);
    assert_null(pgseal_conninfo_options(ci));
    assert_int_equal(pgseal_conninfo_hosts(ci), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, &w.world, NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_conninfo_set(ci, "port", "1", "", NULL), PGSEAL_E_USAGE);
    assert_int_equal(pgseal_conninfo_parse(ci, "port=1", NULL), PGSEAL_E_USAGE);
    pgseal_conninfo_free(ci);
    assert_null(pgseal_conninfo_free(NULL));
}

static void test_finish__no_world__has_no_environment_and_no_files(void **state)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_err err;

    assert_int_equal(pgseal_conninfo_parse(ci, "user=u client_encoding=auto", &err), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, NULL, &err), 0);
    assert_null(pgseal_conninfo_options(ci)->client_encoding);
    assert_null(pgseal_conninfo_host(ci, 0)->password);
    ci = pgseal_conninfo_free(ci);

    ci = pgseal_conninfo_new(NULL);
    assert_int_equal(pgseal_conninfo_finish(ci, NULL, &err), PGSEAL_E_OPTION);
    assert_string_equal(err.msg, "no PostgreSQL user name known");
    ci = pgseal_conninfo_free(ci);

    ci = pgseal_conninfo_new(NULL);
    assert_int_equal(pgseal_conninfo_parse(ci, "user=u service=s", &err), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, NULL, &err), PGSEAL_E_SERVICE);
    pgseal_conninfo_free(ci);
}

static void test_finish__an_older_world__is_not_read_behind_its_end(void **state)
{
    struct t_world w;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);

    t_world_init(&w);
    w.world.encoding = "UTF8";
    w.world.size = offsetof(struct pgseal_world, encoding);
    assert_int_equal(pgseal_conninfo_parse(ci, "client_encoding=auto", NULL), 0);
    assert_int_equal(pgseal_conninfo_finish(ci, &w.world, NULL), 0);
    assert_null(pgseal_conninfo_options(ci)->client_encoding);
    pgseal_conninfo_free(ci);
}

static void test_is_string__what_libpq_takes_for_one(void **state)
{
    assert_true(pgseal_conninfo_is_string("host=a"));
    assert_true(pgseal_conninfo_is_string("="));
    assert_true(pgseal_conninfo_is_string("postgresql://"));
    assert_true(pgseal_conninfo_is_string("postgres://h/d"));
    assert_false(pgseal_conninfo_is_string("Postgres://h/d"));
    assert_false(pgseal_conninfo_is_string("db"));
    assert_false(pgseal_conninfo_is_string(""));
    assert_false(pgseal_conninfo_is_string(NULL));
}

static void check_prefix(const char *text, const char *address, const char *want)
{
    struct pgseal_conninfo *ci = finished(text);
    char got[1500];

    pgseal_host_prefix(pgseal_conninfo_host(ci, 0), address, got, sizeof(got));
    assert_string_equal(got, want);
    pgseal_conninfo_free(ci);
}

/* The texts were taken from libpq 18, but for the one that hides a piece of a password. */
static void test_host_prefix__each_kind_of_host__as_libpq(void **state)
{
    check_prefix("host=db", "10.0.0.1",
                 "connection to server at \"db\" (10.0.0.1), port 5432 failed: ");
    check_prefix("host=db", NULL, "connection to server at \"db\", port 5432 failed: ");
    check_prefix("host=db", "", "connection to server at \"db\", port 5432 failed: ");
    check_prefix("host=10.0.0.1 port=1", "10.0.0.1",
                 "connection to server at \"10.0.0.1\", port 1 failed: ");
    check_prefix("host=db hostaddr=10.0.0.1", "10.0.0.1",
                 "connection to server at \"10.0.0.1\", port 5432 failed: ");
    check_prefix("hostaddr=010.0.0.1", "10.0.0.1",
                 "connection to server at \"010.0.0.1\", port 5432 failed: ");
    check_prefix("host=::1 port=''", "::1", "connection to server at \"::1\", port 5432 failed: ");
    check_prefix("host=/tmp port=7", NULL,
                 "connection to server on socket \"/tmp/.s.PGSQL.7\" failed: ");
    check_prefix("host=/tmp port=' 007 '", NULL,
                 "connection to server on socket \"/tmp/.s.PGSQL.7\" failed: ");
    check_prefix("host=@abs", NULL,
                 "connection to server on socket \"@abs/.s.PGSQL.5432\" failed: ");
    check_prefix("postgresql://u:p@word@db/d", "10.0.0.1",
                 "connection to server at \"***@db\" (10.0.0.1), port 5432 failed: ");
    check_prefix("postgresql://u:12/w@h/d", NULL,
                 "connection to server at \"u\", port 12 failed: ");
}

static void test_startup__less_room_than_needed__is_not_overrun(void **state)
{
    struct pgseal_conninfo *ci = finished("user=u dbname=d options=o application_name=a");
    struct pgseal_param params[4] = {{0}};

    assert_int_equal(pgseal_conninfo_startup(ci, params, 3), 3);
    assert_string_equal(params[2].name, "options");
    assert_null(params[3].name);
    assert_int_equal(pgseal_conninfo_startup(ci, params, 0), 0);
    pgseal_conninfo_free(ci);
}

static void test_params__every_row__has_all_its_texts_and_its_own_name(void **state)
{
    const struct pgseal_param_info *p;
    size_t n = 0;

    for (; (p = pgseal_conninfo_param(n)) != NULL; n++) {
        assert_true(p->keyword[0] != '\0' && p->label[0] != '\0' && p->since[0] != '\0');
        assert_true(p->text[0] < 'a' && p->text[strlen(p->text) - 1] == '.');
        assert_true(strcmp(p->display, "") == 0 || strcmp(p->display, "*") == 0 ||
                    strcmp(p->display, "D") == 0);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(p->keyword, pgseal_conninfo_param(i)->keyword);
    }
    assert_int_equal(n, 50); /* of libpq 18 */
    assert_null(pgseal_conninfo_param(n + 1000));
}

static int set_and_parse(void *arg)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    int rc = ci == NULL ? -1 : pgseal_conninfo_set(ci, "port", "1", "-p", NULL);

    /* twice, so that warnings are added to warnings */
    for (int i = 0; i < 2 && rc == 0; i++)
        rc = pgseal_conninfo_parse(ci, "password= sslmode=x options= host=y", NULL);
    pgseal_conninfo_free(ci);
    return rc;
}

static void test_parse__any_allocation_fails__nothing_is_left_behind(void **state)
{
    assert_true(t_each_alloc_fails(set_and_parse, NULL) > 10);
}

static void test_err__may_be_null_everywhere(void **state)
{
    static const char *const wrong[] = {"foo=1",
                                        "foo",
                                        "host='",
                                        "password=a b",
                                        "jdbc:postgresql://u:p@h/db?a=b",
                                        "postgresql://[",
                                        "postgresql://h?foo=1",
                                        "postgresql://h?foo",
                                        "postgresql://%zz"};

    for (size_t i = 0; i < PGSEAL_COUNT(wrong); i++) {
        struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);

        assert_true(pgseal_conninfo_parse(ci, wrong[i], NULL) < 0);
        pgseal_conninfo_free(ci);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set__empty_or_null__is_skipped),
        cmocka_unit_test(test_parse__a_string_that_fails__leaves_everything_as_it_was),
        cmocka_unit_test(test_finish__before_and_after__only_what_makes_sense),
        cmocka_unit_test(test_finish__no_world__has_no_environment_and_no_files),
        cmocka_unit_test(test_finish__an_older_world__is_not_read_behind_its_end),
        cmocka_unit_test(test_is_string__what_libpq_takes_for_one),
        cmocka_unit_test(test_host_prefix__each_kind_of_host__as_libpq),
        cmocka_unit_test(test_startup__less_room_than_needed__is_not_overrun),
        cmocka_unit_test(test_params__every_row__has_all_its_texts_and_its_own_name),
        cmocka_unit_test(test_parse__any_allocation_fails__nothing_is_left_behind),
        cmocka_unit_test(test_err__may_be_null_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

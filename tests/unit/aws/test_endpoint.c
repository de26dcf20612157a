/* SPDX-License-Identifier: PostgreSQL */
/* Host names of Amazon's databases, row by row of tests/data/endpoints.tbl. */
#include "t.h"

#include "core/base/base.h"

#include <pgseal/aws.h>

static const char *const kinds[] = {"none",           "instance", "cluster", "cluster_ro",
                                    "cluster_custom", "global",   "proxy",   "proxy_endpoint",
                                    "shard_group",    "dsql"};
static const char *const partitions[] = {"commercial", "gov", "china", "iso", "eusc"};

/* The next column, without blanks; "-" is empty. */
static char *column(char **at)
{
    char *s = *at;
    char *bar = strstr(s, " | ");
    char *end = bar != NULL ? bar : s + strcspn(s, "\n");

    *at = bar != NULL ? bar + 3 : end;
    while (end > s && end[-1] == ' ')
        end--;
    *end = '\0';
    return strcmp(s, "-") == 0 ? end : s;
}

static const char *flags_of(const struct pgseal_aws_endpoint *e)
{
    return e->fips ? "fips" : e->green ? "green" : e->old ? "old" : "";
}

/* Number of columns that are not as the row says. */
static int compare(char *line)
{
    char *at = line;
    char *host = column(&at);
    struct pgseal_aws_endpoint e;
    enum pgseal_aws_kind kind = pgseal_aws_endpoint(host, &e);
    const char *got[] = {kinds[kind], e.name, e.id, e.region, partitions[e.partition],
                         flags_of(&e)};
    int wrong = 0;

    assert_int_equal(kind, e.kind);
    for (size_t i = 0; i < PGSEAL_COUNT(got); i++) {
        const char *want = column(&at);

        if (strcmp(want, got[i]) == 0)
            continue;
        print_error("%s: column %zu is \"%s\", not \"%s\"\n", host, i + 2, got[i], want);
        wrong++;
    }
    return wrong;
}

static void test_endpoint__every_row__as_the_table_says(void **state)
{
    FILE *f = fopen(TEST_DATA "/endpoints.tbl", "r");
    char line[512];
    bool seen[PGSEAL_COUNT(kinds)] = {false};
    int rows = 0;
    int wrong = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        struct pgseal_aws_endpoint e;
        char host[512];

        if (line[0] == '#' || line[0] == '\n')
            continue;
        pgseal__format(host, sizeof(host), "%.*s", (int)strcspn(line, " "), line);
        seen[pgseal_aws_endpoint(host, &e)] = true;
        wrong += compare(line);
        rows++;
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_true(rows >= 60);
    for (size_t i = 0; i < PGSEAL_COUNT(seen); i++)
        if (!seen[i])
            fail_msg("no row is a %s", kinds[i]);
}

static void test_endpoint__no_host__none(void **state)
{
    struct pgseal_aws_endpoint e = {.kind = PGSEAL_AWS_PROXY, .region = "x"};
    char longest[300];

    assert_int_equal(pgseal_aws_endpoint(NULL, &e), PGSEAL_AWS_NONE);
    assert_string_equal(e.region, "");
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(pgseal_aws_endpoint(longest, &e), PGSEAL_AWS_NONE);
}

static void test_endpoint__public_roots__only_where_acm_signs(void **state)
{
    for (int kind = PGSEAL_AWS_NONE; kind <= PGSEAL_AWS_DSQL; kind++)
        assert_int_equal(pgseal_aws_public_roots(kind), kind == PGSEAL_AWS_PROXY ||
                                                            kind == PGSEAL_AWS_PROXY_ENDPOINT ||
                                                            kind == PGSEAL_AWS_DSQL);
}

static void test_endpoint__names_for_people__all_different(void **state)
{
    for (int a = PGSEAL_AWS_NONE; a <= PGSEAL_AWS_DSQL; a++)
        for (int b = PGSEAL_AWS_NONE; b < a; b++)
            assert_string_not_equal(pgseal_aws_kind_str(a), pgseal_aws_kind_str(b));
    for (int a = PGSEAL_AWS_COMMERCIAL; a <= PGSEAL_AWS_EUSC; a++)
        for (int b = PGSEAL_AWS_COMMERCIAL; b < a; b++)
            assert_string_not_equal(pgseal_aws_partition_str(a), pgseal_aws_partition_str(b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint__every_row__as_the_table_says),
        cmocka_unit_test(test_endpoint__no_host__none),
        cmocka_unit_test(test_endpoint__public_roots__only_where_acm_signs),
        cmocka_unit_test(test_endpoint__names_for_people__all_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tokens of IAM: what is read out of one, whether it fits a login, and what is said about it. */
#include "core/base/base.h"
#include "t.h"

#include <pgseal/aws.h>

#define WRITER    "app.cluster-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"
#define READER    "app.cluster-ro-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"
#define CUSTOM    "app.cluster-custom-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"
#define DSQL      "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
#define SIGNATURE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
#define SIGNED_AT 1795453200 /* 2026-11-23 17:00:00 UTC */

/* As botocore writes them; the order of parameters is another in other SDKs. */
#define TAIL(region, service)                                                                      \
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2F" region \
    "%2F" service "%2Faws4_request&X-Amz-Date=20261123T170000Z&X-Amz-Expires=900"                  \
    "&X-Amz-SignedHeaders=host&X-Amz-Signature=" SIGNATURE
#define RDS(host, user)    host ":5432/?Action=connect&DBUser=" user TAIL("ap-northeast-1", "rds-db")
#define DSQL_TOKEN(action) DSQL "/?Action=" action TAIL("us-east-1", "dsql")

static void test_token__of_rds__is_read(void **state)
{
    struct pgseal_aws_token t;

    assert_true(pgseal_aws_token(RDS(WRITER, "app"), &t));
    assert_string_equal(t.host, WRITER);
    assert_int_equal(t.port, 5432);
    assert_string_equal(t.user, "app");
    assert_string_equal(t.region, "ap-northeast-1");
    assert_int_equal(t.signed_unix_s, SIGNED_AT);
    assert_int_equal(t.until_unix_s, SIGNED_AT + 900);
    assert_true(t.whole);
    assert_false(t.dsql || t.admin || t.temporary);
    assert_int_equal(t.len, strlen(RDS(WRITER, "app")));
}

static void test_token__of_dsql__is_read(void **state)
{
    struct pgseal_aws_token t;

    assert_true(pgseal_aws_token(DSQL_TOKEN("DbConnectAdmin"), &t));
    assert_string_equal(t.host, DSQL);
    assert_int_equal(t.port, 0);
    assert_string_equal(t.user, "");
    assert_true(t.whole && t.dsql && t.admin);
    assert_true(pgseal_aws_token(DSQL_TOKEN("DbConnect"), &t));
    assert_true(t.whole && t.dsql && !t.admin);
}

static void test_token__other_spellings__are_read(void **state)
{
    struct pgseal_aws_token t;

    /* The scheme left in, capitals, the dot of DNS, parameters in another order, a long session. */
    assert_true(
        pgseal_aws_token("https://DB.Example.COM.:6432/?X-Amz-Signature=" SIGNATURE
                         "&X-Amz-Security-Token=IQoJ%2F%2B%3D%3D&X-Amz-Expires=60"
                         "&X-Amz-Date=20240229T235959Z&X-Amz-Credential=a%2Fb%2Feu-west-1"
                         "%2Frds-db%2faws4_request&DBUser=M%C3%BCller%40b+c%2B&Action=connect",
                         &t));
    assert_string_equal(t.host, "db.example.com");
    assert_int_equal(t.port, 6432);
    assert_string_equal(t.user, "M\xc3\xbcller@b c+");
    assert_string_equal(t.region, "eu-west-1");
    assert_int_equal(t.signed_unix_s, 1709251199);
    assert_int_equal(t.until_unix_s, 1709251199 + 60);
    assert_true(t.whole && t.temporary);
}

static void test_token__dates__by_the_calendar(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s; /* 0 = no date */
    } rows[] = {{"19700101T000001Z", 1},          {"20000229T120000Z", 951825600},
                {"20010301T000000Z", 983404800},  {"21000228T235959Z", 4107542399},
                {"21000301T000000Z", 4107542400}, {"20261123T170000", 0},
                {"20261323T170000Z", 0},          {"20261100T170000Z", 0},
                {"2026-11-23T17:00", 0},          {"x0261123T170000Z", 0},
                {"20261123 170000Z", 0},          {"", 0}};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char text[400];
        struct pgseal_aws_token t;

        pgseal__format(text, sizeof(text), "h:1/?Action=connect&X-Amz-Date=%s", rows[i].text);
        assert_true(pgseal_aws_token(text, &t));
        assert_int_equal(t.signed_unix_s, rows[i].unix_s);
    }
}

static void test_token__passwords__are_none(void **state)
{
    static const char *const rows[] = {"",
                                       "secret",
                                       "https://",
                                       "https://example.com/",
                                       "example.com:5432",
                                       "example.com:5432/",
                                       "example.com:5432/?",
                                       "example.com:5432/?Action=",
                                       "example.com:5432/?Action=delete",
                                       "example.com:5432/?action=connect",
                                       "example.com:5432/Action=connect",
                                       "example.com:0/?Action=connect",
                                       "example.com:65536/?Action=connect",
                                       "example.com:/?Action=connect",
                                       ":5432/?Action=connect",
                                       "a b:5432/?Action=connect",
                                       "example.com:5432/?XAction=connect",
                                       "ftp://example.com/?Action=connect",
                                       "%2F?Action=connect",
                                       "example.com:99999999999999999999/?Action=connect"};
    struct pgseal_aws_token t, none = {0};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        memset(&t, 0xff, sizeof(t));
        if (pgseal_aws_token(rows[i], &t))
            fail_msg("\"%s\" is taken for a token", rows[i]);
        assert_memory_equal(&t, &none, sizeof(t));
    }
    assert_false(pgseal_aws_token(NULL, &t));
}

/* A buffer too small somewhere, a line that was broken: it is a token, and not whole. */
static void test_token__cut_anywhere__is_not_whole(void **state)
{
    static const char *const tokens[] = {RDS(WRITER, "app"), DSQL_TOKEN("DbConnectAdmin")};

    for (size_t i = 0; i < PGSEAL_COUNT(tokens); i++) {
        size_t n = strlen(tokens[i]);
        size_t needed = (size_t)(strstr(tokens[i], "Action=") - tokens[i]) + 7;
        struct pgseal_aws_token t;

        needed += strcspn(tokens[i] + needed, "&");
        for (size_t k = 0; k < n; k++) {
            char *cut = strndup(tokens[i], k);
            bool is = pgseal_aws_token(cut, &t);

            assert_true(is == (k >= needed) || (i == 1 && is)); /* DbConnect is one, too */
            assert_false(t.whole);
            free(cut);
        }
    }
    /* And with something behind it, such as the \r of a file from another system. */
    {
        struct pgseal_aws_token t;

        assert_true(pgseal_aws_token(RDS(WRITER, "app") "\r", &t));
        assert_false(t.whole);
    }
}

/* Token and login -> what does not fit, and the words for it. */
static const struct {
    const char *token, *host;
    int port;
    const char *user, *method;
    int64_t now;
    unsigned misfits;
    const char *says; /* in what was seen */
    const char *fix;
} ROWS[] = {
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT + 60, PGSEAL_AWS_FITS,
     "signed 2026-11-23 17:00:00 UTC for 15 minutes. Host, port, user, region and time in it fit "
     "this login",
     "GRANT rds_iam TO \"app\""},
    {RDS(WRITER, "app"), "APP.cluster-cx5u2qk1abcd.AP-northeast-1.rds.amazonaws.com.", 5432, "app",
     "password", SIGNED_AT, PGSEAL_AWS_FITS, "fit this login", "GRANT rds_iam"},
    {RDS(WRITER, "app"), READER, 5432, "app", "password", SIGNED_AT, PGSEAL_AWS_OTHER_HOST,
     "for user \"app\" at " WRITER ":5432, signed 2026-11-23 17:00:00 UTC for 15 minutes. This "
     "connection goes to another endpoint, " READER ":5432.",
     "\n  PGPASSWORD=$(aws rds generate-db-auth-token --hostname " READER
     " --port 5432 --region ap-northeast-1 --username app)"},
    /* A tunnel: it may lead there, and the rest fits. */
    {RDS(WRITER, "app"), "localhost", 5432, "app", "password", SIGNED_AT, PGSEAL_AWS_ALIAS,
     "This connection goes to localhost:5432.", "GRANT rds_iam"},
    {RDS(WRITER, "app"), "db.example.com", 5432, "bob", "password", SIGNED_AT,
     PGSEAL_AWS_ALIAS | PGSEAL_AWS_OTHER_USER,
     "This connection goes to db.example.com:5432. This login is as user \"bob\".",
     "--hostname " WRITER " --port 5432 --region ap-northeast-1 --username bob)\nand connect with "
     "that endpoint as host"},
    {RDS("db.example.com", "app"), "db.example.com", 5432, "app", "password", SIGNED_AT,
     PGSEAL_AWS_NO_ENDPOINT, "db.example.com is no endpoint of AWS",
     "--hostname ENDPOINT --port 5432 --region REGION --username app)"},
    {RDS(CUSTOM, "app"), CUSTOM, 5432, "app", "password", SIGNED_AT, PGSEAL_AWS_CUSTOM,
     "That is a custom endpoint, which IAM does not know.", "--hostname ENDPOINT"},
    {RDS(WRITER, "app"), WRITER, 6432, "app", "password", SIGNED_AT, PGSEAL_AWS_OTHER_PORT,
     "This connection goes to port 6432.", "--port 6432"},
    {RDS(WRITER, "app"), "localhost", 6432, "app", "password", SIGNED_AT,
     PGSEAL_AWS_ALIAS | PGSEAL_AWS_OTHER_PORT, "This connection goes to localhost:6432.",
     "--hostname " WRITER " --port 6432"},
    {RDS(WRITER, "app"), WRITER, 5432, "App", "password", SIGNED_AT, PGSEAL_AWS_OTHER_USER,
     "This login is as user \"App\".", "--username App)"},
    {RDS(WRITER, "it%27s"), WRITER, 5432, "it's\n", "password", SIGNED_AT, PGSEAL_AWS_OTHER_USER,
     "user \"it's\" at", "--username USER)"},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT + 900, PGSEAL_AWS_ENDED,
     "It ended 0 seconds ago.", "just before it:\n  PGPASSWORD=$("},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT + 899, PGSEAL_AWS_FITS,
     "fit this login", "GRANT"},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT + 900 + 3600 * 5,
     PGSEAL_AWS_ENDED, "It ended 5 hours ago.", "just before it:"},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT - 300, PGSEAL_AWS_FITS,
     "fit this login", "GRANT"},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "password", SIGNED_AT - 3600, PGSEAL_AWS_NOT_BEGUN,
     "By this machine's clock that is 60 minutes in the future.", "Set the clock"},
    {WRITER ":5432/?Action=connect&DBUser=app" TAIL("us-east-1", "rds-db"), WRITER, 5432, "app",
     "password", SIGNED_AT, PGSEAL_AWS_OTHER_REGION,
     "It was signed for region us-east-1, and the endpoint is in ap-northeast-1.",
     "--region ap-northeast-1"},
    {WRITER ":5432/?Action=connect&DBUser=app&X-Amz-Algor", WRITER, 5432, "app", "password",
     SIGNED_AT, PGSEAL_AWS_CUT, ":5432. It is not whole: of its 101 characters", "Sign a token"},
    {RDS(WRITER, "app"), WRITER, 5432, "app", "SCRAM-SHA-256-PLUS", SIGNED_AT, PGSEAL_AWS_NOT_ASKED,
     "The server asked for SCRAM-SHA-256-PLUS and not for a password in clear text",
     "GRANT rds_iam"},
    {RDS(WRITER, "app"), NULL, 5432, NULL, NULL, SIGNED_AT, PGSEAL_AWS_FITS, "fit",
     "GRANT rds_iam"},
    {DSQL_TOKEN("DbConnectAdmin"), DSQL, 5432, "admin", "password", SIGNED_AT, PGSEAL_AWS_FITS,
     "for the role admin of Aurora DSQL at " DSQL ", signed", "dsql:DbConnectAdmin"},
    {DSQL_TOKEN("DbConnectAdmin"), DSQL, 5432, "app", "password", SIGNED_AT, PGSEAL_AWS_OTHER_USER,
     "This login is as user \"app\".",
     "$(aws dsql generate-db-connect-auth-token --hostname " DSQL " --region us-east-1)"},
    {DSQL_TOKEN("DbConnect"), DSQL, 5432, "admin", "password", SIGNED_AT, PGSEAL_AWS_OTHER_USER,
     "for a role but admin of Aurora DSQL", "$(aws dsql generate-db-connect-admin-auth-token"},
    {DSQL_TOKEN("DbConnect"), DSQL, 5432, "app", "password", SIGNED_AT, PGSEAL_AWS_FITS, "fit",
     "AWS IAM GRANT"},
};

static void test_iam__every_row__says_what_does_not_fit(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        const struct pgseal_aws_login login = {.host = ROWS[i].host,
                                               .port = ROWS[i].port,
                                               .user = ROWS[i].user,
                                               .method = ROWS[i].method,
                                               .now_unix_s = ROWS[i].now};
        char seen[2048], fix[2048];
        struct pgseal_aws_token t;
        unsigned misfits;

        assert_true(pgseal_aws_token(ROWS[i].token, &t));
        misfits = pgseal_aws_token_check(&t, &login);
        pgseal_aws_token_story(&t, &login, misfits, seen, sizeof(seen), fix, sizeof(fix));
        if (misfits != ROWS[i].misfits || strstr(seen, ROWS[i].says) == NULL ||
            strstr(fix, ROWS[i].fix) == NULL)
            print_error("row %zu: %u\nseen: %s\nfix: %s\n", i, misfits, seen, fix);
        assert_int_equal(misfits, ROWS[i].misfits);
        assert_non_null(strstr(seen, ROWS[i].says));
        assert_non_null(strstr(fix, ROWS[i].fix));
        /* What makes it a token is nowhere, and nothing that commands a terminal. */
        assert_null(strstr(seen, "0123456789abcdef"));
        assert_null(strstr(fix, "0123456789abcdef"));
        assert_null(strstr(seen, "AKIA"));
        assert_int_equal(strcspn(seen, "\n\t\033"), strlen(seen));
    }
}

static void test_iam__story__in_any_room(void **state)
{
    const struct pgseal_aws_login login = {.host = READER, .port = 1, .user = "u", .now_unix_s = 0};
    struct pgseal_aws_token t;

    assert_true(pgseal_aws_token(RDS(WRITER, "app"), &t));
    for (size_t cap = 1; cap < 400; cap++) {
        char *seen = malloc(cap), *fix = malloc(cap);

        pgseal_aws_token_story(&t, &login, pgseal_aws_token_check(&t, &login), seen, cap, fix, cap);
        assert_true(strlen(seen) < cap && strlen(fix) < cap);
        free(seen);
        free(fix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token__of_rds__is_read),
        cmocka_unit_test(test_token__of_dsql__is_read),
        cmocka_unit_test(test_token__other_spellings__are_read),
        cmocka_unit_test(test_token__dates__by_the_calendar),
        cmocka_unit_test(test_token__passwords__are_none),
        cmocka_unit_test(test_token__cut_anywhere__is_not_whole),
        cmocka_unit_test(test_iam__every_row__says_what_does_not_fit),
        cmocka_unit_test(test_iam__story__in_any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

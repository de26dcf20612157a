/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the command line: options, operands, secrets, guesses. */
#include "cli/opts_int.h"

#include "t.h"

#define ARGC_MAX 24

/* Parses words separated by one blank; "~" stands for a blank inside of a word. */
static int parse(struct cli_opts *o, const char *words, struct cli_str *why)
{
    static char text[512];
    static char *argv[ARGC_MAX + 1];
    int argc = 0;
    char *p = text;

    pgseal__format(text, sizeof(text), "connect %s", words);
    while (*p != '\0' && argc < ARGC_MAX) {
        argv[argc++] = p;
        p += strcspn(p, " ");
        if (*p != '\0')
            *p++ = '\0';
    }
    argv[argc] = NULL;
    for (int i = 0; i < argc; i++)
        for (char *q = argv[i]; *q != '\0'; q++)
            if (*q == '~')
                *q = ' ';
    return cli_opts_parse(o, argc, argv, why);
}

static void test_opts__psql_s_options__are_taken(void **state)
{
    struct cli_opts o;
    struct cli_str why = {0};

    assert_int_equal(parse(&o, "-h db -p 5433 -U me -d d -At -c select~1 -f x.sql -c \\q", &why),
                     0);
    assert_string_equal(o.target.host, "db");
    assert_string_equal(o.target.port, "5433");
    assert_string_equal(o.target.user, "me");
    assert_string_equal(o.target.dbname, "d");
    assert_int_equal(o.print.format, CLI_UNALIGNED);
    assert_true(o.print.tuples_only);
    assert_int_equal(o.nactions, 3);
    assert_false(o.actions[0].is_file);
    assert_string_equal(o.actions[0].text, "select 1");
    assert_true(o.actions[1].is_file);
    assert_string_equal(o.actions[2].text, "\\q");
    assert_int_equal(why.len, 0);
    cli_opts_done(&o);
    assert_int_equal(parse(&o, "--csv --expanded --user=u db -qX --set=ON_ERROR_STOP=1", &why), 0);
    assert_string_equal(o.target.user, "u");
    assert_string_equal(o.target.dbname, "db");
    assert_true(o.quiet && o.on_error_stop && o.print.expanded);
    assert_int_equal(o.print.format, CLI_CSV);
    cli_opts_done(&o);
    assert_int_equal(parse(&o, "-F , -R ; -z -0", &why), 0);
    assert_true(o.print.fieldsep_zero && o.print.recordsep_zero);
    cli_opts_done(&o);
    cli_str_done(&why);
}

static void test_opts__operands__are_database_and_user(void **state)
{
    struct cli_opts o;
    struct cli_str why = {0};

    assert_int_equal(parse(&o, "db -t me more", &why), 0);
    assert_string_equal(o.target.dbname, "db");
    assert_string_equal(o.target.user, "me");
    assert_string_equal(cli_str(&why),
                        "pgseal: warning: extra command-line argument \"more\" ignored\n");
    cli_opts_done(&o);
    cli_str_done(&why);
}

static void test_opts__help_and_version__are_noticed(void **state)
{
    struct cli_opts o;
    struct cli_str why = {0};

    assert_int_equal(parse(&o, "-?", &why), 0);
    assert_true(o.help);
    cli_opts_done(&o);
    assert_int_equal(parse(&o, "--help", &why), 0);
    assert_true(o.help);
    cli_opts_done(&o);
    assert_int_equal(parse(&o, "-V", &why), 0);
    assert_true(o.version);
    cli_opts_done(&o);
    cli_str_done(&why);
}

static void expect_refused(const char *words, const char *text)
{
    struct cli_opts o;
    struct cli_str why = {0};

    assert_int_equal(parse(&o, words, &why), -1);
    assert_string_equal(cli_str(&why), text);
    cli_opts_done(&o);
    cli_str_done(&why);
}

static void test_opts__psql_s_other_options__are_handed_over(void **state)
{
    expect_refused("-h db -U me -o out.txt sslmode=require~password=secret -c select~1",
                   "pgseal: error: option -o (--output) is psql's (it writes results to a file)\n"
                   "pgseal: hint: psql -h db -U me -o out.txt 'sslmode=require '\n");
    expect_refused("-v x=1 db",
                   "pgseal: error: variable \"x\" is psql's: connect knows ON_ERROR_STOP and QUIET "
                   "only\n"
                   "pgseal: hint: psql -v x=1 db\n");
}

static void test_opts__mistakes__name_the_word(void **state)
{
    static const char HINT[] = "pgseal: hint: pgseal connect --help\n";
    char text[256];

    pgseal__format(text, sizeof(text), "pgseal: error: unknown option -Y\n%s", HINT);
    expect_refused("-Y", text);
    pgseal__format(text, sizeof(text),
                   "pgseal: error: unknown option --pasword; did you mean --password?\n%s", HINT);
    expect_refused("--pasword=x", text);
    pgseal__format(text, sizeof(text), "pgseal: error: unknown option --zzzzzzzz\n%s", HINT);
    expect_refused("--zzzzzzzz", text);
    pgseal__format(text, sizeof(text), "pgseal: error: option -c needs a value\n%s", HINT);
    expect_refused("-c", text);
    pgseal__format(text, sizeof(text), "pgseal: error: option --command needs a value\n%s", HINT);
    expect_refused("--command", text);
    pgseal__format(text, sizeof(text), "pgseal: error: option --csv takes no value\n%s", HINT);
    expect_refused("--csv=1", text);
    pgseal__format(text, sizeof(text),
                   "pgseal: error: unrecognized value \"maybe\" for \"ON_ERROR_STOP\": Boolean "
                   "expected\n%s",
                   HINT);
    expect_refused("-v ON_ERROR_STOP=maybe", text);
}

static void test_secrets__strings_and_uris__are_masked(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"host=a password=secret user=b", "host=a password=*** user=b"},
        {"password = 'a b\\'c' x=1", "password = *** x=1"},
        {"password=a", "password=*"},
        {"password=", "password="},
        {"sslpassword=abcd", "sslpassword=***"},
        {"user=password dbname=password", "user=password dbname=password"},
        {"host=a options='password=x'", "host=a options='password=x'"},
        {"postgresql://u:secret@h/db", "postgresql://u:***@h/db"},
        {"postgres://u:p@ss/w@h/db", "postgres://u:***@h/db"},
        {"postgres://u:p?ss@h/db?a=b", "postgres://u:***@h/db?a=b"},
        {"postgres://u?v:pass@h", "postgres://u?v:***@h"},
        {"postgresql://h:5432/db", "postgresql://h:5432/db"},
        {"postgresql://h/db?password=secret&user=u", "postgresql://h/db?password=***&user=u"},
        {"postgresql://u@h/db?sslpassword=abcde", "postgresql://u@h/db?sslpassword=***"},
        {"postgresql://h/?user=a@b:c@d", "postgresql://h/?user=a@b:c@d"},
        {"mydb", "mydb"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char buf[128];

        pgseal__format(buf, sizeof(buf), "%s", rows[i].in);
        cli_mask_secrets(buf);
        assert_string_equal(buf, rows[i].out);
        /* nothing of it is left behind the new end either */
        for (size_t k = strlen(buf); k < strlen(rows[i].in); k++)
            assert_int_equal(buf[k], 0);
    }
}

static void test_secrets__command_lines__are_without(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"host=a password=secret user=b", "host=a user=b"},
        {"password = 'a b' host=a", "host=a"},
        {"postgresql://u:secret@h/db", "postgresql://u@h/db"},
        {"postgresql://h/db?password=x", "postgresql://h/db"},
        {"postgresql://h/db?password=x&user=u", "postgresql://h/db?user=u"},
        {"postgresql://h/db?user=u&sslpassword=x&port=1", "postgresql://h/db?user=u&port=1"},
        {"mydb", "mydb"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        char buf[128];

        pgseal__format(buf, sizeof(buf), "%s", rows[i].in);
        cli_drop_secrets(buf);
        assert_string_equal(buf, rows[i].out);
    }
}

static void test_words__shell__reads_them_back(void **state)
{
    struct cli_str out = {0};

    cli_shell_word(&out, "plain-1.2");
    cli_str_addc(&out, ' ');
    cli_shell_word(&out, "");
    cli_str_addc(&out, ' ');
    cli_shell_word(&out, "it's $x");
    assert_string_equal(cli_str(&out), "plain-1.2 '' 'it'\\''s $x'");
    cli_str_done(&out);
}

static void test_words__nearest__is_near(void **state)
{
    static const char *const VERBS[] = {"connect", "demo", "status"};

    assert_string_equal(cli_nearest("conect", VERBS, 3), "connect");
    assert_string_equal(cli_nearest("dmeo", VERBS, 3), "demo");
    assert_null(cli_nearest("gateway", VERBS, 3));
    assert_null(cli_nearest("a-word-much-longer-than-any-verb-could-ever-be", VERBS, 3));
}

static void test_words__bool__as_psql(void **state)
{
    bool b = false;

    assert_int_equal(cli_parse_bool("on", &b), 0);
    assert_true(b);
    assert_int_equal(cli_parse_bool("of", &b), 0);
    assert_false(b);
    assert_int_equal(cli_parse_bool("T", &b), 0);
    assert_true(b);
    assert_int_equal(cli_parse_bool("o", &b), -1);
    assert_int_equal(cli_parse_bool("truely", &b), -1);
    assert_int_equal(cli_parse_bool("", &b), -1);
}

static void test_opts__help_text__names_every_option_of_ours(void **state)
{
    struct cli_str out = {0};

    cli_opts_help(&out);
    assert_non_null(strstr(cli_str(&out), "  -c, --command=COMMAND"));
    assert_non_null(strstr(cli_str(&out), "      --strict"));
    assert_null(strstr(cli_str(&out), "--html"));
    cli_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opts__psql_s_options__are_taken),
        cmocka_unit_test(test_opts__operands__are_database_and_user),
        cmocka_unit_test(test_opts__help_and_version__are_noticed),
        cmocka_unit_test(test_opts__psql_s_other_options__are_handed_over),
        cmocka_unit_test(test_opts__mistakes__name_the_word),
        cmocka_unit_test(test_secrets__strings_and_uris__are_masked),
        cmocka_unit_test(test_secrets__command_lines__are_without),
        cmocka_unit_test(test_words__shell__reads_them_back),
        cmocka_unit_test(test_words__nearest__is_near),
        cmocka_unit_test(test_words__bool__as_psql),
        cmocka_unit_test(test_opts__help_text__names_every_option_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

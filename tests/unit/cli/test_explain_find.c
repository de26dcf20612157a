/* SPDX-License-Identifier: PostgreSQL */
/* Which page is meant by what people type and paste. */
#include "cli/explain_int.h"

#include "t.h"

#define NONE ""
#define SSLMODE     \
    "PGSSLMODE\0"   \
    "verify-full\0" \
    "require\0"
#define BINDING          \
    "PGCHANNELBINDING\0" \
    "require\0"
#define EXPIRED                     \
    "X509_V_ERR_CERT_HAS_EXPIRED\0" \
    "CERT_HAS_EXPIRED\0"
#define EXPIRED_SAY                          \
    "ssl error: certificate verify failed\0" \
    "certificate has expired\0"
#define ISSUER_SAY "ssl error: certificate verify failed\0"
#define TOPIC      "certificate verify failed\0"
#define TOPIC_SAY  "!ssl error: certificate verify failed\0"
#define NAME_SAY   "server certificate for * does not match host name\0"
#define ROOT_SAY   "root certificate file * does not exist\0"

static const struct cli_page PAGES[] = {
    {CLI_PAGE_TOPIC, "verify-failed", "Many troubles", TOPIC, TOPIC_SAY, "# t\nmany\n"},
    {CLI_PAGE_PARAMETER, "service", "A section", NONE, NONE, "# service\nsection of a file\n"},
    {CLI_PAGE_PARAMETER, "sslmode", "The mode", SSLMODE, NONE, "# sslmode\nmode of TLS\n"},
    {CLI_PAGE_PARAMETER, "channel_binding", "Binding", BINDING, NONE, "# c\nof TLS\n"},
    {CLI_PAGE_PARAMETER, "sslrootcert", "Roots", NONE, ROOT_SAY, "# r\nroots\n"},
    {CLI_PAGE_ERROR, "SERVICE", "The file", NONE, NONE, "# SERVICE\nfile\n"},
    {CLI_PAGE_ERROR, "ROOT_MISSING", "No file", NONE, ROOT_SAY, "# R\nmissing\n"},
    {CLI_PAGE_ERROR, "CERT_NAME", "The name", NONE, NAME_SAY, "# CERT_NAME\nname\n"},
    {CLI_PAGE_ERROR, "X509_CERT_HAS_EXPIRED", "Ended", EXPIRED, EXPIRED_SAY, "# X\nended\n"},
    {CLI_PAGE_ERROR, "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "No issuer", NONE, ISSUER_SAY,
     "# X\nissuer\n"},
};
#define N PGSEAL_COUNT(PAGES)

/* What is asked -> how it is found, and the pages in their order. */
static const struct {
    const char *asked;
    enum cli_found how;
    const char *pages;
} ROWS[] = {
    {"sslmode", CLI_FOUND_NAME, "sslmode"},
    {"SSLMODE", CLI_FOUND_NAME, "sslmode"},
    {"pgsslmode", CLI_FOUND_NAME, "sslmode"},
    {"sslmode=require", CLI_FOUND_NAME, "sslmode"},
    {"sslmode=", CLI_FOUND_NAME, "sslmode"},
    {"verify_full", CLI_FOUND_NAME, "sslmode"},
    {"require", CLI_FOUND_NAME, "sslmode channel_binding"},
    {"channel binding", CLI_FOUND_NAME, "channel_binding"},
    {"cert-name", CLI_FOUND_NAME, "CERT_NAME"},
    /* Two pages that differ in case: what is typed exactly counts. */
    {"service", CLI_FOUND_NAME, "service"},
    {"SERVICE", CLI_FOUND_NAME, "SERVICE"},
    {"Service", CLI_FOUND_NAME, "service SERVICE"},
    /* OpenSSL's names and numbers. */
    {"X509_V_ERR_CERT_HAS_EXPIRED", CLI_FOUND_NAME, "X509_CERT_HAS_EXPIRED"},
    {"cert_has_expired", CLI_FOUND_NAME, "X509_CERT_HAS_EXPIRED"},
    {"10", CLI_FOUND_NAME, "X509_CERT_HAS_EXPIRED"},
    {"error 10", CLI_FOUND_NAME, "X509_CERT_HAS_EXPIRED"},
    {"num=20", CLI_FOUND_NAME, "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    {"0", CLI_FOUND_NOTHING, ""},
    {"999", CLI_FOUND_NOTHING, ""},
    {"10x", CLI_FOUND_NOTHING, ""},
    {"4294967306", CLI_FOUND_NOTHING, ""}, /* 10, cut to 32 bits */
    /* A story: its code, although the message is on other pages too. */
    {"pgseal: error: ... failed: SSL error: certificate verify failed\n  code: "
     "X509_CERT_HAS_EXPIRED\n  seen: certificate 1 of 3",
     CLI_FOUND_CODE, "X509_CERT_HAS_EXPIRED"},
    {"root certificate file \"x\" does not exist\n  code: NO_SUCH_CODE", CLI_FOUND_MESSAGE,
     "ROOT_MISSING sslrootcert"},
    /* Messages, whole and in pieces, with other names than the page's, other quotes and blanks. */
    {"psql: error: connection to server at \"db\" (10.0.0.1), port 5432 failed: SSL error: "
     "certificate verify failed",
     CLI_FOUND_MESSAGE,
     "verify-failed X509_CERT_HAS_EXPIRED X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    {"certificate verify failed", CLI_FOUND_NAME, "verify-failed"},
    {"certificate verify", CLI_FOUND_MESSAGE,
     "verify-failed X509_CERT_HAS_EXPIRED X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    {"verify error:num=10:certificate has expired", CLI_FOUND_MESSAGE, "X509_CERT_HAS_EXPIRED"},
    {"Root  certificate\nfile \xe2\x80\x9c/etc/x.pem\xe2\x80\x9d does not exist", CLI_FOUND_MESSAGE,
     "ROOT_MISSING sslrootcert"},
    {"server certificate for \"a.example.com\" does not match host name \"b.example.com\"",
     CLI_FOUND_MESSAGE, "CERT_NAME"},
    {"does not match host name", CLI_FOUND_MESSAGE, "CERT_NAME"},
    /* Not: one word of a message, another order, nothing. */
    {"server", CLI_FOUND_NOTHING, ""},
    {"does not exist: root certificate file", CLI_FOUND_NOTHING, ""},
    {"", CLI_FOUND_NOTHING, ""},
    {"   ", CLI_FOUND_NOTHING, ""},
    {"*", CLI_FOUND_NOTHING, ""},
};

static void names_of(const struct cli_hit *hits, size_t n, struct cli_str *out)
{
    cli_str_add(out, "");
    for (size_t i = 0; i < n; i++)
        cli_str_addf(out, "%s%s", i > 0 ? " " : "", hits[i].page->name);
}

static void test_explain__every_row__finds_its_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(ROWS); i++) {
        struct cli_hit hits[N];
        struct cli_str got = {0};
        size_t n = 99;
        enum cli_found how = cli_explain_find(PAGES, N, ROWS[i].asked, hits, &n);

        names_of(hits, n, &got);
        if (how != ROWS[i].how || strcmp(cli_str(&got), ROWS[i].pages) != 0)
            print_error("asked: %s\n", ROWS[i].asked);
        assert_int_equal(how, ROWS[i].how);
        assert_string_equal(cli_str(&got), ROWS[i].pages);
        cli_str_done(&got);
    }
}

static void test_explain__a_rare_message__counts_more_than_a_common_one(void **state)
{
    struct cli_hit hits[N];
    size_t n;

    (void)state;
    cli_explain_find(PAGES, N, "SSL error: certificate verify failed: certificate has expired",
                     hits, &n);
    assert_int_equal(n, 3);
    assert_string_equal(hits[0].page->name, "X509_CERT_HAS_EXPIRED");
}

static void test_explain__search__wants_every_word(void **state)
{
    struct cli_hit hits[N];
    struct cli_str got = {0};

    (void)state;
    names_of(hits, cli_explain_search(PAGES, N, "of tls", hits), &got);
    assert_string_equal(cli_str(&got), "sslmode channel_binding");
    cli_str_done(&got);
    names_of(hits, cli_explain_search(PAGES, N, "MODE of", hits), &got);
    assert_string_equal(cli_str(&got), "sslmode");
    cli_str_done(&got);
    assert_int_equal(cli_explain_search(PAGES, N, "mode nowhere", hits), 0);
    assert_int_equal(cli_explain_search(PAGES, N, " ", hits), 0);
}

static void test_explain__near__nearest_first_and_no_more_than_asked(void **state)
{
    const struct cli_page *near[3];

    (void)state;
    assert_int_equal(cli_explain_near(PAGES, N, "sslmoed", near, 3), 1);
    assert_string_equal(near[0]->name, "sslmode");
    assert_int_equal(cli_explain_near(PAGES, N, "servise", near, 3), 2);
    assert_int_equal(cli_explain_near(PAGES, N, "servise", near, 1), 1);
    assert_int_equal(cli_explain_near(PAGES, N, "quite another word", near, 3), 0);
}

static void test_explain__fold__quotes_case_blanks(void **state)
{
    struct cli_str s = {0};

    (void)state;
    cli_explain_fold(&s, "  Self-Signed \t\"x's\"\n `Y` ");
    assert_string_equal(cli_str(&s), "self signed xs y");
    cli_str_done(&s);
}

/* The pages in the program: what a page says of itself leads to it. */
static void test_explain__embedded_pages__are_whole(void **state)
{
    (void)state;
    assert_true(cli_pages_n > 100);
    for (size_t i = 0; i < cli_pages_n; i++) {
        const struct cli_page *p = &cli_pages[i];
        struct cli_str title = {0};
        struct cli_hit *hits = cli_alloc(cli_pages_n * sizeof(*hits));
        size_t n;

        cli_str_addf(&title, "# %s\n", p->name);
        assert_int_equal(strncmp(p->text, cli_str(&title), title.len), 0);
        assert_true(strlen(p->summary) > 10);
        assert_int_equal(p->text[strlen(p->text) - 1], '\n');
        assert_int_equal(cli_explain_find(cli_pages, cli_pages_n, p->name, hits, &n),
                         CLI_FOUND_NAME);
        assert_int_equal(n, 1);
        assert_ptr_equal(hits[0].page, p);
        cli_free(hits);
        cli_str_done(&title);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain__every_row__finds_its_pages),
        cmocka_unit_test(test_explain__a_rare_message__counts_more_than_a_common_one),
        cmocka_unit_test(test_explain__search__wants_every_word),
        cmocka_unit_test(test_explain__near__nearest_first_and_no_more_than_asked),
        cmocka_unit_test(test_explain__fold__quotes_case_blanks),
        cmocka_unit_test(test_explain__embedded_pages__are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

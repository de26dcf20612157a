/* SPDX-License-Identifier: PostgreSQL */
/* Damaged PEM armour: which certificate OpenSSL loses, silently or with the whole file. */
#include "core/cert/cert_int.h"

#include "certs.h"
#include "t.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

static struct t_certs certs;
static char one[4096], two[4096], three[4096];

static const char *pem(const char *name)
{
    return t_certs_pem(&certs, name);
}

static int make(void **state)
{
    t_certs_line(&certs, "cert one cn=One ca");
    t_certs_line(&certs, "cert two cn=Two ca");
    t_certs_line(&certs, "cert three cn=Three ca");
    snprintf(one, sizeof(one), "%s", pem("one"));
    snprintf(two, sizeof(two), "%s", pem("two"));
    snprintf(three, sizeof(three), "%s", pem("three"));
    return 0;
}

static int drop(void **state)
{
    t_certs_done(&certs);
    return 0;
}

/* `text` with the first `what` in it replaced. */
static void replace(char *out, size_t cap, const char *text, const char *what, const char *with)
{
    const char *at = strstr(text, what);

    assert_non_null(at);
    assert_true(snprintf(out, cap, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what)) <
                (int)cap);
}

/* What is expected of "One", the damaged "Two", and "Three" as lines: which are lost, and why. */
struct row {
    const char *what, *with; /* the replacement inside of Two */
    int loads;               /* measured with OpenSSL 3.0 */
    int lost;                /* 2 or 3: that one; 0: none, or the whole file */
    const char *problem;     /* of Two, or of Three when that is the lost one */
};

static const struct row rows[] = {
    {BEGIN, BEGIN, 3, 0, ""},
    {BEGIN, BEGIN "  \t", 3, 0, ""},
    {END, END " \r", 3, 0, ""},
    {BEGIN, "  " BEGIN, 2, 2, "something stands before its -----BEGIN"},
    {BEGIN, "\t" BEGIN, 2, 2, "something stands before its -----BEGIN"},
    {BEGIN, "# " BEGIN, 2, 2, "something stands before its -----BEGIN"},
    {BEGIN, "\xc2\xa0" BEGIN, 2, 2, "something stands before its -----BEGIN"},
    {BEGIN, "\xef\xbb\xbf" BEGIN, 3, 0, ""},
    {BEGIN, "\n\xef\xbb\xbf" BEGIN, 2, 2, "something stands before its -----BEGIN"},
    {BEGIN, "----BEGIN CERTIFICATE-----", 2, 2, "its BEGIN line does not begin with five dashes"},
    {BEGIN, "------BEGIN CERTIFICATE-----", 2, 2, "does not begin with five dashes"},
    {BEGIN, "\xe2\x80\x93----BEGIN CERTIFICATE-----", 2, 2, "does not begin with five dashes"},
    {BEGIN, "\xe2\x80\x94 BEGIN CERTIFICATE \xe2\x80\x94", 2, 2, "not begin with five dashes"},
    {BEGIN, "-----BEGIN CERTIFICATE----", 2, 2, "its BEGIN line does not end in five dashes"},
    {BEGIN, "-----begin certificate-----", 2, 2, "its BEGIN line is not in capitals"},
    {BEGIN, "-----BEGINCERTIFICATE-----", 2, 2, "its BEGIN line is misspelt"},
    {BEGIN, "-----BEGN CERTIFICATE-----", 2, 2, "its BEGIN line is misspelt"},
    {BEGIN, "----xBEGIN CERTIFICATE-----", 2, 2, "its BEGIN line is misspelt"},
    {END, "-----ENDCERTIFICATE-----", 2, 3, "because the END before it (line "},
    {BEGIN, BEGIN "x", 2, 2, "its BEGIN line has something behind it"},
    {BEGIN "\n", BEGIN, 2, 2, "its BEGIN line has something behind it"},
    {BEGIN, "-----BEGIN CERTIFCATE-----", 0, 0, "do not name the same thing"},
    {BEGIN, "-----BEGIN  CERTIFICATE-----", 0, 0, "its BEGIN line has a blank too many"},
    {BEGIN, "-----BEGIN CERTIFICATE -----", 0, 0, "its BEGIN line has a blank too many"},
    {BEGIN, "-----BEGIN CERTIFICATE------", 0, 0, "its BEGIN line does not end in five dashes"},
    {BEGIN, "-----BEGIN TRUSTED CERTIFICATE-----", 0, 0, "do not name the same thing"},
    {END, "  " END, 2, 3, "because the END before it (line "},
    {END, "----END CERTIFICATE-----", 2, 3, "because the END before it (line "},
    {END, "------END CERTIFICATE-----", 2, 3, "because the END before it (line "},
    {END, "-----end certificate-----", 2, 3, "because the END before it (line "},
    {"\n" END, END, 2, 3, "because the END before it (line "},
    {END, "# " END, 0, 0, "has something before it"},
    {END, END " foo", 0, 0, "has something behind it"},
    {END, "-----END CERTIFICATE----", 0, 0, "does not end in five dashes"},
    {END, "-----END CERTIFICATE------", 0, 0, "does not end in five dashes"},
    {END, "-----END CERTIFCATE-----", 0, 0, "do not name the same thing"},
    {END, "", 0, 0, "it has no -----END line of its own"},
    {END "\n", END, 0, 0, "has something behind it"},
    {BEGIN "\n", BEGIN "\n\n", 3, 0, ""},
    {"\nCgYDVQQD", "\n\nCgYDVQQD", 0, 0, "is empty, or a header: OpenSSL refuses it"},
    {BEGIN "\n", BEGIN "\nsome: header\n\n", 0, 0, "of it is no base64: \"some: header\""},
    {BEGIN "\n", BEGIN "\nsome words\n", 0, 0, "of it is no base64: \"some words\""},
    {BEGIN "\nMII", BEGIN "\n!MI", 0, 0, "of it is no base64: \"!MI"},
    {BEGIN "\nMII", BEGIN "\nMI", 0, 0, "its DER is broken"},
};

static void check(const struct row *r, const struct pgseal__bundle *b, const char *text)
{
    const char *want = r->problem;
    size_t shown = r->lost == 3 ? 2 : 1;
    size_t n = r->lost != 0 || r->loads == 3 ? 3 : b->n;

    if (b->n != n || b->n < 2 || b->loads != r->loads || (r->loads == 0) != (b->refusal[0] != '\0'))
        fail_msg("\"%s\" for \"%s\": %zu entries, loads %d, not %d, refusal \"%s\"\n%s", r->with,
                 r->what, b->n, b->loads, r->loads, b->refusal, text);
    if (strstr(b->v[shown].problem, want) == NULL ||
        (want[0] == '\0') != (b->v[1].problem[0] == '\0'))
        fail_msg("\"%s\" for \"%s\": \"%s\", not \"%s\"", r->with, r->what, b->v[shown].problem,
                 want);
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].loaded != (r->loads > 0 && r->lost != (int)i + 1))
            fail_msg("\"%s\" for \"%s\": number %zu is %sloaded", r->with, r->what, i + 1,
                     b->v[i].loaded ? "" : "not ");
}

static void test_armour__damaged__the_lost_one_is_named(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal__bundle b;
        char damaged[5000];
        char text[15000];

        replace(damaged, sizeof(damaged), two, rows[i].what, rows[i].with);
        snprintf(text, sizeof(text), "%s%s%s", one, damaged, three);
        assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
        check(&rows[i], &b, text);
        pgseal__bundle_done(&b);
    }
}

static void test_armour__typo_in_both_lines__still_a_certificate(void **state)
{
    struct pgseal__bundle b;
    char begin[5000];
    char both[5000];
    char text[15000];

    replace(begin, sizeof(begin), two, BEGIN, "-----BEGIN CERTIFCATE-----");
    replace(both, sizeof(both), begin, END, "-----END CERTIFCATE-----");
    snprintf(text, sizeof(text), "%s%s%s", one, both, three);
    assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
    assert_int_equal(b.loads, 2);
    assert_false(b.v[1].loaded);
    assert_string_equal(b.v[1].what, "certificate");
    assert_string_equal(b.v[1].problem,
                        "its BEGIN says \"CERTIFCATE\" for CERTIFICATE, so OpenSSL passes over it");
    pgseal__bundle_done(&b);
}

static void test_armour__whole_certificate_in_one_line__read(void **state)
{
    struct pgseal__bundle b;
    char line[5000] = "";
    char text[10000];

    for (const char *p = two; *p != '\0'; p++)
        if (*p != '\n')
            pgseal__append(line, sizeof(line), "%c", *p);
    snprintf(text, sizeof(text), "%s%s\n%s", one, line, three);
    assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
    assert_int_equal(b.n, 3);
    assert_int_equal(b.loads, 2);
    assert_non_null(b.v[1].cert);
    assert_false(b.v[1].loaded);
    assert_true(b.v[2].loaded);
    assert_int_equal(b.v[2].line, b.v[1].line + 1);
    pgseal__bundle_done(&b);
}

static void test_armour__glued_end_and_begin__both_are_seen(void **state)
{
    struct pgseal__bundle b;
    char text[10000];

    snprintf(text, sizeof(text), "%.*s%s", (int)strlen(one) - 1, one, two);
    assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.loads, 0);
    assert_string_equal(b.refusal, "bad end line");
    assert_int_equal(b.v[1].line, b.v[0].end_line);
    assert_non_null(b.v[0].cert);
    assert_non_null(b.v[1].cert);
    assert_non_null(strstr(b.v[0].problem, "has something behind it"));
    pgseal__bundle_done(&b);
}

static void test_armour__line_longer_than_openssls__what_it_loads_is_loaded(void **state)
{
    struct pgseal__bundle b;
    char text[15000];

    /* OpenSSL reads 254 bytes at a time, so a BEGIN behind as many begins a line for it. */
    snprintf(text, sizeof(text), "%s%254s%s%s", one, "", two, three);
    assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
    assert_int_equal(b.loads, 3);
    assert_true(b.v[0].loaded && b.v[1].loaded && b.v[2].loaded);
    assert_int_equal(b.v[1].flaw, PGSEAL__FLAW_NONE);
    pgseal__bundle_done(&b);
}

static void test_armour__prose__is_no_block(void **state)
{
    static const char *const texts[] = {"-- end of the first part --\n", "see - BEGIN here -\n",
                                        "- end -\n", "-----BEGIN \n", "-----END -----\n"};

    for (size_t i = 0; i < PGSEAL_COUNT(texts); i++) {
        struct pgseal__bundle b;
        char text[5000];

        snprintf(text, sizeof(text), "%s%s", texts[i], one);
        assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
        if (b.n != 1 || b.loads != 1 || b.v[0].flaw != PGSEAL__FLAW_NONE)
            fail_msg("\"%s\": %zu blocks, %d loaded", texts[i], b.n, b.loads);
        pgseal__bundle_done(&b);
    }
}

static void test_armour__cr_alone__is_named(void **state)
{
    struct pgseal__bundle b;
    char text[5000];

    snprintf(text, sizeof(text), "%s", one);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\n')
            *p = '\r';
    assert_int_equal(pgseal__bundle_read((uint8_t *)text, strlen(text), T_TODAY, &b), 0);
    assert_string_equal(b.whole, "cr");
    pgseal__bundle_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_armour__damaged__the_lost_one_is_named),
        cmocka_unit_test(test_armour__typo_in_both_lines__still_a_certificate),
        cmocka_unit_test(test_armour__whole_certificate_in_one_line__read),
        cmocka_unit_test(test_armour__glued_end_and_begin__both_are_seen),
        cmocka_unit_test(test_armour__line_longer_than_openssls__what_it_loads_is_loaded),
        cmocka_unit_test(test_armour__prose__is_no_block),
        cmocka_unit_test(test_armour__cr_alone__is_named),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

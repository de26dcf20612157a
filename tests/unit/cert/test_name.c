/* SPDX-License-Identifier: PostgreSQL */
/* libpq's name rules, row by row of tests/data/names.tbl, and what the stories about them say. */
#include "alloc.h"
#include "core/cert/cert.h"
#include "t.h"

#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <ctype.h>

/* \NN in the table is a byte in hex. Returns the length; works in place. */
static size_t unescape(char *s)
{
    size_t n = 0;

    for (char *p = s; *p != '\0'; p++) {
        unsigned byte;

        if (p[0] == '\\' && isxdigit(p[1]) && isxdigit(p[2]) && sscanf(p + 1, "%2x", &byte) == 1) {
            s[n++] = (char)byte;
            p += 2;
        } else {
            s[n++] = *p;
        }
    }
    s[n] = '\0';
    return n;
}

static int address(const char *text, uint8_t out[64])
{
    unsigned byte;
    int n = 0;

    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    if (inet_pton(AF_INET6, text, out) == 1)
        return 16;
    assert_int_equal(text[0], '#');
    for (text++; sscanf(text, "%2x", &byte) == 1; text += 2)
        out[n++] = (uint8_t)byte;
    return n;
}

static GENERAL_NAME *one_san(char *text)
{
    static const struct {
        const char *prefix;
        int type;
    } kinds[] = {{"DNS:", GEN_DNS}, {"email:", GEN_EMAIL}, {"URI:", GEN_URI}, {"IP:", GEN_IPADD}};
    GENERAL_NAME *name = GENERAL_NAME_new();
    uint8_t bytes[64];

    for (size_t i = 0; i < PGSEAL_COUNT(kinds); i++) {
        size_t n = strlen(kinds[i].prefix);
        ASN1_STRING *s;

        if (strncmp(text, kinds[i].prefix, n) != 0)
            continue;
        if (kinds[i].type == GEN_IPADD) {
            s = ASN1_OCTET_STRING_new();
            ASN1_STRING_set(s, bytes, address(text + n, bytes));
        } else {
            s = ASN1_IA5STRING_new();
            ASN1_STRING_set(s, text + n, (int)unescape(text + n));
        }
        GENERAL_NAME_set0_value(name, kinds[i].type, s);
        return name;
    }
    fail_msg("no kind of name: %s", text);
    return NULL;
}

static void add_sans(X509 *cert, char *sans)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    char *rest = NULL;

    if (strcmp(sans, "X:") == 0) {
        ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
        X509_EXTENSION *ext;

        ASN1_OCTET_STRING_set(junk, (const uint8_t *)"\x30\x05\x82", 3);
        ext = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, junk);
        X509_add_ext(cert, ext, -1);
        X509_EXTENSION_free(ext);
        ASN1_OCTET_STRING_free(junk);
    } else {
        for (char *s = strtok_r(sans, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest))
            sk_GENERAL_NAME_push(names, one_san(s));
        assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0), 1);
    }
    GENERAL_NAMES_free(names);
}

static void add_cns(X509 *cert, char *cns)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    char *rest = NULL;

    for (char *s = strtok_r(cns, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest)) {
        bool bmp = strncmp(s, "BMP:", 4) == 0;
        uint8_t wide[256];
        size_t n;

        if (!bmp) {
            n = unescape(s);
            assert_int_equal(X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING,
                                                        (uint8_t *)s, (int)n, -1, 0),
                             1);
            continue;
        }
        n = strlen(s + 4);
        for (size_t i = 0; i < n; i++) {
            wide[2 * i] = 0;
            wide[2 * i + 1] = (uint8_t)s[4 + i];
        }
        assert_int_equal(X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_BMPSTRING, wide,
                                                    (int)(2 * n), -1, 0),
                         1);
    }
}

/* A certificate with these names; unsigned, as only the names are looked at. */
static X509 *cert_with(const char *sans, const char *cns)
{
    X509 *cert = X509_new();
    char copy[1024];

    assert_non_null(cert);
    if (strcmp(sans, "-") != 0) {
        snprintf(copy, sizeof(copy), "%s", sans);
        add_sans(cert, copy);
    }
    if (strcmp(cns, "-") != 0) {
        snprintf(copy, sizeof(copy), "%s", cns);
        add_cns(cert, copy);
    }
    return cert;
}

struct row {
    char *name, *sans, *cns, *host, *want;
};

static char *trim(char *s)
{
    char *end = s + strlen(s);

    while (*s == ' ')
        s++;
    while (end > s && (end[-1] == ' ' || end[-1] == '\n'))
        *--end = '\0';
    return s;
}

/* Splits a line of the table; false for a comment. */
static bool read_row(char *line, struct row *r)
{
    char **fields[] = {&r->name, &r->sans, &r->cns, &r->host, &r->want};
    char *p = line;

    if (line[0] == '#' || trim(line)[0] == '\0')
        return false;
    for (size_t i = 0; i < 5; i++) {
        char *bar = strstr(p, " | ");

        assert_true(i == 4 || bar != NULL);
        if (i < 4)
            *bar = '\0';
        *fields[i] = trim(p);
        p = i < 4 ? bar + 3 : p;
    }
    return true;
}

static int code_of(const char *want)
{
    if (strcmp(want, "match") == 0)
        return 0;
    return strstr(want, "does not match") != NULL ? PGSEAL_E_CERT_NAME : PGSEAL_E_CERT_NAMES;
}

static void test_name__every_row__as_libpq(void **state)
{
    FILE *f = fopen(TEST_DATA "/names.tbl", "r");
    char line[2048];
    int rows = 0;
    int wrong = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        struct row r;
        struct pgseal_err err = {0};
        X509 *cert;
        int rc;

        if (!read_row(line, &r))
            continue;
        cert = cert_with(r.sans, r.cns);
        rc = pgseal__cert_check_host(cert, r.host, &err);
        if (rc != code_of(r.want) || (rc != 0 && strcmp(err.msg, r.want) != 0)) {
            print_error("%s: %d \"%s\", not \"%s\"\n", r.name, rc, err.msg, r.want);
            wrong++;
        }
        if (rc != 0 && (err.detail[0] == '\0' || err.hint[0] == '\0')) {
            print_error("%s: no story: \"%s\" \"%s\"\n", r.name, err.detail, err.hint);
            wrong++;
        }
        X509_free(cert);
        rows++;
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_true(rows >= 100);
}

static void test_name__no_host__usage(void **state)
{
    X509 *cert = cert_with("DNS:a.example.com", "-");
    struct pgseal_err err = {0};

    assert_int_equal(pgseal__cert_check_host(cert, "", &err), PGSEAL_E_USAGE);
    assert_string_equal(err.msg, "host name must be specified for a verified SSL connection");
    assert_int_equal(pgseal__cert_check_host(cert, NULL, &err), PGSEAL_E_USAGE);
    assert_int_equal(pgseal__cert_check_host(cert, NULL, NULL), PGSEAL_E_USAGE);
    X509_free(cert);
}

static void check_hint(const char *sans, const char *cns, const char *host, const char *detail,
                       const char *hint)
{
    X509 *cert = cert_with(sans, cns);
    struct pgseal_err err = {0};

    assert_int_equal(pgseal__cert_check_host(cert, host, &err), PGSEAL_E_CERT_NAME);
    if (strstr(err.detail, detail) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("\n  detail: %s\n  hint: %s", err.detail, err.hint);
    X509_free(cert);
}

static void test_name__mismatch__says_what_to_type(void **state)
{
    const char *cluster = "DNS:c1.cluster-abc.ap-northeast-1.rds.amazonaws.com,"
                          "DNS:c1.cluster-ro-abc.ap-northeast-1.rds.amazonaws.com";

    check_hint(cluster, "-", "10.0.0.5",
               "is for: DNS:c1.cluster-abc.ap-northeast-1.rds.amazonaws.com, DNS:c1.cluster-ro-abc",
               "\"host=c1.cluster-abc.ap-northeast-1.rds.amazonaws.com hostaddr=10.0.0.5\"");
    check_hint(cluster, "-", "db.internal",
               "is for: ", "host=c1.cluster-abc.ap-northeast-1.rds.amazonaws.com hostaddr=ADDRESS");
    check_hint("DNS:db.example.com", "-", "db.example.com.", "DNS:db.example.com",
               "without its final dot: host=db.example.com");
    check_hint("DNS:db.example.com", "-", "db", "DNS:db.example.com",
               "whole name: host=db.example.com");
    check_hint("DNS:*.proxy-a.rds.amazonaws.com", "-", "ro.endpoint.proxy-a.rds.amazonaws.com",
               "DNS:*.proxy-a", "exactly one label");
    check_hint("-", "Amazon RDS", "db.example.com", "no subject alternative names",
               "DNS:db.example.com among its subject alternative names");
    check_hint("IP:192.0.2.9", "-", "192.0.2.1", "IP:192.0.2.9", "with this address in it");
}

/* The server chose its names, and people type what a hint says: only what a host can be called. */
static void test_name__no_host_name__is_not_to_be_typed(void **state)
{
    static const char *const names[] = {"DNS:a$(reboot).example.com", "DNS:a`reboot`.example.com",
                                        "DNS:a;reboot.example.com", "DNS:a'b.example.com",
                                        "DNS:-x.example.com"};

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
        X509 *cert = cert_with(names[i], "-");
        struct pgseal_err err = {0};

        assert_int_equal(pgseal__cert_check_host(cert, "db.example.com", &err), PGSEAL_E_CERT_NAME);
        if (strstr(err.hint, names[i] + 4) != NULL)
            fail_msg("%s", err.hint);
        X509_free(cert);
    }
}

static void test_name__hostile_name__is_escaped(void **state)
{
    X509 *cert = cert_with("DNS:a\\1b[31mred\\0a.example", "-");
    struct pgseal_err err = {0};

    assert_int_equal(pgseal__cert_check_host(cert, "db.example.com", &err), PGSEAL_E_CERT_NAME);
    assert_null(strchr(err.msg, 0x1b));
    assert_null(strchr(err.detail, 0x1b));
    assert_non_null(strstr(err.msg, "a\\x1b[31mred\\x0a.example"));
    X509_free(cert);
}

static int check_once(void *arg)
{
    return pgseal__cert_check_host(arg, "db.example.com", NULL);
}

static void test_name__allocation_fails__no_match(void **state)
{
    X509 *cert = cert_with("DNS:a.example.com,DNS:db.example.com", "-");

    assert_int_equal(t_each_alloc_fails(check_once, cert), 2);
    X509_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name__every_row__as_libpq),
        cmocka_unit_test(test_name__no_host__usage),
        cmocka_unit_test(test_name__mismatch__says_what_to_type),
        cmocka_unit_test(test_name__no_host_name__is_not_to_be_typed),
        cmocka_unit_test(test_name__hostile_name__is_escaped),
        cmocka_unit_test(test_name__allocation_fails__no_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

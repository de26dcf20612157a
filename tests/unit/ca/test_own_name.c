/* SPDX-License-Identifier: PostgreSQL */
/* Names as people type them: what a certificate gets, what is refused and why, file names. */
#include "ca/name.h"
#include "core/base/base.h"
#include "t.h"

static const struct {
    const char *typed;
    const char *san; /* NULL: refused, and `seen` is in the reason */
    const char *seen;
} names[] = {
    {"db1.example.com", "DNS:db1.example.com", NULL},
    {"DB1.Example.COM", "DNS:db1.example.com", NULL},
    {"db1", "DNS:db1", NULL},
    {"localhost", "DNS:localhost", NULL},
    {"my_db", "DNS:my_db", NULL},
    {"xn--bcher-kva.example", "DNS:xn--bcher-kva.example", NULL},
    {"*.example.com", "DNS:*.example.com", NULL},
    {"*.db.internal", "DNS:*.db.internal", NULL},
    {"*.internal", NULL, "everything below one word"},
    {"*.com", NULL, "everything below one word"},
    {"256.1.1.1", NULL, "no address"},
    {"10.0.0.5.1", NULL, "no address"},
    {"*.0.0.5", NULL, "no address"},
    {"db.1", NULL, "no address"},
    {"db.1a", "DNS:db.1a", NULL},
    {"3com.example", "DNS:3com.example", NULL},
    {"10.0.0.5", "IP:10.0.0.5", NULL},
    {"fd00::1", "IP:fd00::1", NULL},
    {"FD00:0:0::0001", "IP:fd00::1", NULL},
    {"::ffff:10.0.0.5", "IP:::ffff:10.0.0.5", NULL},
    {"", NULL, "empty"},
    {"10.1", NULL, "odd way"},
    {"0x0a000005", NULL, "odd way"},
    {"010.0.0.5", NULL, "odd way"},
    {"167772165", NULL, "odd way"},
    {"10.0.0.0/8", NULL, "range"},
    {"[fd00::1]", NULL, "brackets"},
    {"fe80::1%eth0", NULL, "zone"},
    {"db1:5432", NULL, "port"},
    {"10.0.0.5:5432", NULL, "port"},
    {"postgres://db1/x", NULL, "connection string"},
    {"host=db1", NULL, "connection string"},
    {"postgres@db1", NULL, "connection string"},
    {"/var/run/postgresql", NULL, "socket"},
    {"@abstract", NULL, "socket"},
    {"db1.example.com.", NULL, "ends with a dot"},
    {".example.com", NULL, "before the first"},
    {"a..b", NULL, "two dots"},
    {"-a.b", NULL, "hyphen"},
    {"a-.b", NULL, "hyphen"},
    {"a b", NULL, "letters, digits"},
    {"a,b", NULL, "letters, digits"},
    {"a\nb", NULL, "letters, digits"},
    {"*", NULL, "whole first part"},
    {"*.", NULL, "nothing between"},
    {"f*.example.com", NULL, "whole first part"},
    {"a.*.example.com", NULL, "whole first part"},
    {"*.*.example.com", NULL, "whole first part"},
    {"b\xc3\xbc"
     "cher.example",
     NULL, "outside of ASCII"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", NULL, "63"},
};

static void test_name__row__is_read_as_libpq_compares(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
        char san[CA_NAME_CAP] = "";
        struct pgseal_err err = {0};
        int rc = ca_name_san(names[i].typed, san, &err);

        if (names[i].san != NULL) {
            if (rc != 0 || strcmp(san, names[i].san) != 0)
                fail_msg("%s: %d %s %s", names[i].typed, rc, san, err.detail);
        } else if (rc != PGSEAL_E_CA_REQUEST || strstr(err.detail, names[i].seen) == NULL ||
                   err.hint[0] == '\0') {
            fail_msg("%s: %d %s", names[i].typed, rc, err.detail);
        }
    }
}

static void test_name__254_characters__refused(void **state)
{
    char name[260], san[CA_NAME_CAP];
    struct pgseal_err err;

    for (int i = 0; i < 254; i++)
        name[i] = i % 10 == 9 ? '.' : 'a';
    name[254] = '\0';
    assert_int_equal(ca_name_san(name, san, &err), PGSEAL_E_CA_REQUEST);
    assert_non_null(strstr(err.detail, "253"));
    name[253] = '\0';
    assert_int_equal(ca_name_san(name, san, &err), 0);
}

static const struct {
    const char *typed, *permit;
} permits[] = {
    {"example.com", "DNS:example.com"},
    {".Example.com", "DNS:.example.com"},
    {"10.0.0.0/8", "IP:10.0.0.0/8"},
    {"10.0.0.5", "IP:10.0.0.5/32"},
    {"fd00::/8", "IP:fd00::/8"},
    {"fd00::1", "IP:fd00::1/128"},
    {"0.0.0.0/0", "IP:0.0.0.0/0"},
    {"10.0.0.1/8", NULL},
    {"10.0.0.0/33", NULL},
    {"10.0.0.0/", NULL},
    {"10.0.0.0/8x", NULL},
    {"10.0.0/8", NULL},
    {"*.example.com", NULL},
    {"example.com.", NULL},
    {"", NULL},
    {".", NULL},
    {"http://x", NULL},
};

static void test_permit__row__domain_or_range(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(permits); i++) {
        char out[CA_NAME_CAP] = "";
        struct pgseal_err err = {0};
        int rc = ca_name_permit(permits[i].typed, out, &err);

        if (permits[i].permit == NULL ? rc != PGSEAL_E_CA_REQUEST
                                      : rc != 0 || strcmp(out, permits[i].permit) != 0)
            fail_msg("%s: %d %s %s", permits[i].typed, rc, out, err.detail);
    }
}

static const struct {
    const char *text, *file;
} files[] = {
    {"db1.example.com", "db1.example.com"},
    {"*.example.com", "_wildcard.example.com"},
    {"fd00::1", "fd00::1"},
    {"app", "app"},
    {"Joe User", "Joe%20User"},
    {"../etc/passwd", "%2E.%2Fetc%2Fpasswd"},
    {"-rf", "%2Drf"},
    {"a\nb", "a%0Ab"},
    {"100%", "100%25"},
};

static void test_file_name__row__stays_in_its_directory(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(files); i++) {
        char out[CA_NAME_CAP];

        ca_name_file(files[i].text, out);
        if (strchr(out, '/') != NULL || out[0] == '.' || out[0] == '-')
            fail_msg("%s: %s", files[i].text, out);
        assert_string_equal(out, files[i].file);
    }
}

static void test_role__length__as_a_common_name(void **state)
{
    char role[70];
    struct pgseal_err err;

    memset(role, 'r', sizeof(role));
    role[64] = '\0';
    assert_int_equal(ca_name_role(role, &err), 0);
    role[64] = 'r';
    role[65] = '\0';
    assert_int_equal(ca_name_role(role, &err), PGSEAL_E_CA_REQUEST);
    assert_int_equal(ca_name_role("", &err), PGSEAL_E_CA_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name__row__is_read_as_libpq_compares),
        cmocka_unit_test(test_name__254_characters__refused),
        cmocka_unit_test(test_permit__row__domain_or_range),
        cmocka_unit_test(test_file_name__row__stays_in_its_directory),
        cmocka_unit_test(test_role__length__as_a_common_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Every X509_V_ERR of the OpenSSL we build with has a row: compared with its header. */
#include "core/base/base.h"
#include "t.h"

#include <openssl/x509_vfy.h>

static void check_sentence(const char *id, const char *s)
{
    size_t n = strlen(s);

    if (n < 20 || s[0] < 'A' || s[0] > 'Z' || s[n - 1] != '.')
        fail_msg("%s: not a sentence: \"%s\"", id, s);
}

static void test_x509__every_error_of_the_header__has_a_row(void **state)
{
    FILE *f = fopen(OPENSSL_HEADERS "/x509_vfy.h", "r");
    char line[512];
    char name[128];
    int number;
    int found = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        const struct pgseal__x509_row *row;
        char id[140];

        if (sscanf(line, "# define X509_V_ERR_%127s %d", name, &number) != 2 &&
            sscanf(line, "#define X509_V_ERR_%127s %d", name, &number) != 2)
            continue;
        row = pgseal__x509_row(number);
        snprintf(id, sizeof(id), "X509_%s", name);
        assert_int_equal(row->error, number);
        assert_string_equal(row->id, id);
        check_sentence(id, row->why);
        check_sentence(id, row->fix);
        found++;
    }
    fclose(f);
    assert_true(found >= 94);
}

static void test_x509__story__id_and_why(void **state)
{
    struct pgseal_err err = {.code = PGSEAL_E_CERT, .x509 = X509_V_ERR_CERT_HAS_EXPIRED};

    assert_string_equal(pgseal_err_id(&err), "X509_CERT_HAS_EXPIRED");
    assert_non_null(strstr(pgseal_err_why(&err), "last day"));
    err.x509 = 4711;
    assert_string_equal(pgseal_err_id(&err), "X509_UNRECOGNIZED");
    err.x509 = 0;
    assert_string_equal(pgseal_err_id(&err), "CERT");
    assert_string_equal(pgseal_err_why(&err), pgseal_code_why(PGSEAL_E_CERT));
    err = (struct pgseal_err){.code = PGSEAL_E_CERT_NAME, .x509 = 10};
    assert_string_equal(pgseal_err_id(&err), "CERT_NAME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x509__every_error_of_the_header__has_a_row),
        cmocka_unit_test(test_x509__story__id_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

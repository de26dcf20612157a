/* SPDX-License-Identifier: PostgreSQL */
/* SCRAM's arithmetic against the published vectors, and base64 against libpq's habits. */
#include "core/auth/auth_int.h"

#include "t.h"

/* RFC 7677 section 3: user "user", password "pencil". */
static const char bare[] = "n=user,r=rOprNGfwEbeRWgbNEkqO";
static const char server_first[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
static const char without_proof[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
static const char proof_text[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
static const char signature_text[] = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

static void test_scram__vector_of_rfc7677__same_proof_and_signature(void **state)
{
    uint8_t salt[32], salted[32], key[32], stored[32], mac[32];
    char message[512], text[PGSEAL__BASE64_SIZE(32)];
    const char *why = NULL;
    long n = pgseal__base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", 24, salt);

    assert_int_equal(n, 16);
    snprintf(message, sizeof(message), "%s,%s,%s", bare, server_first, without_proof);
    assert_int_equal(pgseal__scram_salted("pencil", salt, 16, 4096, salted, &why), 0);
    assert_int_equal(pgseal__scram_hmac(salted, "Client Key", key, &why), 0);
    assert_int_equal(pgseal__scram_h(key, stored, &why), 0);
    assert_int_equal(pgseal__scram_hmac(stored, message, mac, &why), 0);
    for (int i = 0; i < 32; i++)
        mac[i] ^= key[i];
    pgseal__base64_encode(mac, 32, text);
    assert_string_equal(text, proof_text);
    assert_int_equal(pgseal__scram_hmac(salted, "Server Key", key, &why), 0);
    assert_int_equal(pgseal__scram_hmac(key, message, mac, &why), 0);
    pgseal__base64_encode(mac, 32, text);
    assert_string_equal(text, signature_text);
}

static void test_scram__empty_salt__is_computed(void **state)
{
    uint8_t out[32];
    const char *why = NULL;
    static const uint8_t none[1];

    /* Python: hashlib.pbkdf2_hmac("sha256", b"secret", b"", 1) */
    static const uint8_t expected[] = {0x45, 0xdb, 0x57, 0x30, 0xf0, 0x65, 0x00, 0x77};
    assert_int_equal(pgseal__scram_salted("secret", none, 0, 1, out, &why), 0);
    assert_memory_equal(out, expected, sizeof(expected));
}

/* RFC 4648 section 10 */
static void test_base64__vectors__both_ways(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    char text[16];
    uint8_t raw[16];

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        size_t n = strlen(rows[i][0]);

        pgseal__base64_encode((const uint8_t *)rows[i][0], n, text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(strlen(text) + 1, PGSEAL__BASE64_SIZE(n));
        assert_int_equal(pgseal__base64_decode(text, strlen(text), raw), n);
        assert_memory_equal(raw, rows[i][0], n);
    }
}

struct odd {
    const char *text;
    long len;
    const char *bytes; /* hexadecimal */
};

/* What PostgreSQL's decoder does, src/common/base64.c: each row was given to pg_b64_decode(). */
static void test_base64__odd_texts__as_libpq(void **state)
{
    static const struct odd rows[] = {
        {"A", -1, ""},
        {"AA", -1, ""},
        {"AAA", -1, ""},
        {"=AAA", -1, ""},
        {"A=AA", -1, ""},
        {"A===", -1, ""},
        {"QQ==", 1, "41"},
        {"QR==", 1, "41"},
        {"QQ=Q", 1, "41"},
        {"QQQ=", 2, "4104"},
        {"QQ==QQ==", 2, "4141"},
        {"QQ==QQQQ", 2, "4141"},
        {"QQQ=QQQQ", 4, "41044104"},
        {"QQ==Q===", 2, "4140"},
        {"QQ=", -1, ""},
        {"QQ== ", -1, ""},
        {"QQ\n==", -1, ""},
        {" QQ==", -1, ""},
        {"Q-==", -1, ""},
        {"Q_==", -1, ""},
        {"\xff\xff\xff\xff", -1, ""},
        {"////", 3, "ffffff"},
        {"++++", 3, "fbefbe"},
        {"QQ======", 2, "4100"},
    };
    uint8_t raw[16];

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        long n = pgseal__base64_decode(rows[i].text, strlen(rows[i].text), raw);
        char hex[40] = "";

        for (long k = 0; k < n; k++)
            snprintf(hex + 2 * k, 3, "%02x", raw[k]);
        if (n != rows[i].len || strcmp(hex, rows[i].bytes) != 0)
            fail_msg("\"%s\": %ld bytes %s", rows[i].text, n, hex);
    }
}

static void test_base64__nul_inside__is_refused(void **state)
{
    uint8_t raw[8];

    assert_int_equal(pgseal__base64_decode("QQ\0Q", 4, raw), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scram__vector_of_rfc7677__same_proof_and_signature),
        cmocka_unit_test(test_scram__empty_salt__is_computed),
        cmocka_unit_test(test_base64__vectors__both_ways),
        cmocka_unit_test(test_base64__odd_texts__as_libpq),
        cmocka_unit_test(test_base64__nul_inside__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

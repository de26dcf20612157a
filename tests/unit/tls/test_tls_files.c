/* SPDX-License-Identifier: PostgreSQL */
/* The files a client context is built from: every way they can be wrong, in libpq 18's words. */
#include "alloc.h"
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"
#include "world.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <errno.h>

#define EITHER                                                                                    \
    "Either provide the file, use the system's trusted roots with sslrootcert=system, or change " \
    "sslmode to disable server certificate verification."

static struct t_pki pki, other;
static char *cert, *key, *other_key, *encrypted, *legacy, *with_garbage;
static uint8_t *der;
static size_t der_len;
static struct pgseal_minted *rsa;

static char *text_of(BIO *b)
{
    char *p, *out;
    long n = BIO_get_mem_data(b, &p);

    out = malloc((size_t)n + 1);
    assert_non_null(out);
    memcpy(out, p, (size_t)n);
    out[n] = '\0';
    BIO_free(b);
    return out;
}

static EVP_PKEY *parse_key(const char *pem)
{
    BIO *b = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);

    assert_non_null(k);
    BIO_free(b);
    return k;
}

static int setup(void **state)
{
    unsigned char pass[] = "secret";
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .cn = "u",
                                    .key = "RSA2048",
                                    .pathlen = -1,
                                    .not_before_unix_s = T_NOW - T_DAY,
                                    .not_after_unix_s = T_NOW + T_DAY};
    EVP_PKEY *k;
    BIO *b;

    t_pki_make(&pki, NULL, NULL, NULL);
    t_pki_make(&other, NULL, NULL, NULL);
    rsa = pgseal_mint(&o, NULL, NULL);
    assert_non_null(rsa);
    cert = t_join(pki.chain_pem, "");
    key = t_join(pgseal_minted_key_pem(pki.leaf), "");
    other_key = t_join(pgseal_minted_key_pem(other.leaf), "");
    with_garbage =
        t_join(cert, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    k = parse_key(key);
    b = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(b, k, EVP_aes_256_cbc(), "secret", 6, NULL, NULL), 1);
    encrypted = text_of(b);
    b = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PrivateKey_traditional(b, k, EVP_aes_256_cbc(), pass, 6, NULL, NULL), 1);
    legacy = text_of(b);
    der_len = (size_t)i2d_PrivateKey(k, &der);
    EVP_PKEY_free(k);
    return 0;
}

static int teardown(void **state)
{
    free(cert);
    free(key);
    free(other_key);
    free(encrypted);
    free(legacy);
    free(with_garbage);
    OPENSSL_free(der);
    pgseal_minted_free(rsa);
    t_pki_done(&pki);
    t_pki_done(&other);
    return 0;
}

/* What libpq has when nothing is set. */
static struct pgseal_options defaults(enum pgseal_sslmode mode)
{
    return (struct pgseal_options){.sslmode = mode,
                                   .sslsni = true,
                                   .channel_binding = PGSEAL_ALLOW_OR_PREFER,
                                   .sslcertmode = PGSEAL_ALLOW_OR_PREFER,
                                   .tls_min = 0x0303,
                                   .tls_min_text = "TLSv1.2"};
}

static struct t_world world;

static void expect(const struct pgseal_options *o, int code, const char *msg)
{
    struct pgseal_err err = {0};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_client(o, &world.world, T_NOW, &err);

    if (code == 0 && c == NULL)
        fail_msg("%s", err.msg);
    if (code != 0) {
        assert_null(c);
        assert_string_equal(err.msg, msg);
        assert_int_equal(err.code, code);
        assert_true(err.detail[0] != '\0' || code == PGSEAL_E_UNSUPPORTED);
        assert_true(err.hint[0] != '\0');
    }
    pgseal_tls_ctx_free(c);
}

static void test_roots__missing(void **state)
{
    struct pgseal_options o;

    t_world_init(&world);
    for (int mode = PGSEAL_SSLMODE_ALLOW; mode <= PGSEAL_SSLMODE_VERIFY_FULL; mode++) {
        o = defaults((enum pgseal_sslmode)mode);
        if (mode < PGSEAL_SSLMODE_VERIFY_CA) {
            struct pgseal_tls_ctx *c = pgseal_tls_ctx_client(&o, &world.world, T_NOW, NULL);

            assert_non_null(c); /* ignored, and then nothing is verified */
            assert_false(pgseal_tls_ctx_verifies(c));
            pgseal_tls_ctx_free(c);
            o.sslrootcert = "/no/such";
            expect(&o, 0, NULL);
            continue;
        }
        expect(&o, PGSEAL_E_ROOT_MISSING,
               "root certificate file \"/home/u/.postgresql/root.crt\" does not exist\n" EITHER);
        o.sslrootcert = "";
        expect(&o, PGSEAL_E_ROOT_MISSING,
               "root certificate file \"/home/u/.postgresql/root.crt\" does not exist\n" EITHER);
        o.sslrootcert = "/no/such";
        expect(&o, PGSEAL_E_ROOT_MISSING,
               "root certificate file \"/no/such\" does not exist\n" EITHER);
        o.sslrootcert = NULL;
        world.world.home = NULL;
        expect(&o, PGSEAL_E_ROOT_MISSING,
               "could not get home directory to locate root certificate file\n" EITHER);
        world.world.home = "/home/u";
    }
}

static void test_roots__present_but_unusable__every_mode_fails(void **state)
{
    struct pgseal_options o;

    for (int mode = PGSEAL_SSLMODE_ALLOW; mode <= PGSEAL_SSLMODE_VERIFY_FULL; mode++) {
        o = defaults((enum pgseal_sslmode)mode);
        t_world_init(&world);
        t_world_file(&world, "/dir", NULL);
        t_world_file(&world, "/empty", "");
        t_world_file(&world, "/secret", "x");
        world.files[2].read_sys = EACCES;
        o.sslrootcert = "/dir";
        expect(&o, PGSEAL_E_ROOT_UNUSABLE,
               "could not read root certificate file \"/dir\": no certificate or crl found");
        o.sslrootcert = "/empty";
        expect(&o, PGSEAL_E_ROOT_UNUSABLE,
               "could not read root certificate file \"/empty\": no certificate or crl found");
        o.sslrootcert = "/secret";
        expect(&o, PGSEAL_E_ROOT_UNUSABLE,
               "could not read root certificate file \"/secret\": Permission denied");
    }
}

static void test_roots__present__verified_in_every_mode(void **state)
{
    struct pgseal_options o = defaults(PGSEAL_SSLMODE_PREFER);
    struct pgseal_tls_ctx *c;

    t_world_init(&world);
    t_world_file(&world, "/home/u/.postgresql/root.crt", pgseal_minted_cert_pem(pki.root));
    c = pgseal_tls_ctx_client(&o, &world.world, T_NOW, NULL);
    assert_non_null(c);
    assert_true(pgseal_tls_ctx_verifies(c));
    assert_null(pgseal_tls_ctx_warning(c, 0));
    pgseal_tls_ctx_free(c);
}

/* A path of more than 1023 bytes is cut there, as in libpq's fixed buffers. */
static void test_roots__long_name__is_cut(void **state)
{
    struct pgseal_options o = defaults(PGSEAL_SSLMODE_VERIFY_CA);
    char longer[1101], cut[1024];

    memset(longer, 'a', sizeof(longer) - 1);
    longer[0] = '/';
    longer[1100] = '\0';
    memcpy(cut, longer, 1023);
    cut[1023] = '\0';
    t_world_init(&world);
    t_world_file(&world, cut, pgseal_minted_cert_pem(pki.root));
    o.sslrootcert = longer;
    expect(&o, 0, NULL);
}

static void with_identity(struct pgseal_options *o, const char *cert_text, const char *key_text)
{
    *o = defaults(PGSEAL_SSLMODE_REQUIRE);
    t_world_init(&world);
    if (cert_text != NULL)
        t_world_file(&world, "/c", cert_text);
    if (key_text != NULL)
        t_world_file(&world, "/k", key_text);
    o->sslcert = "/c";
    o->sslkey = "/k";
}

static void test_cert__missing__goes_on_without(void **state)
{
    struct pgseal_options o;

    with_identity(&o, NULL, key);
    expect(&o, 0, NULL);
    o.sslcert = o.sslkey = NULL;
    expect(&o, 0, NULL);
    world.world.home = NULL;
    expect(&o, 0, NULL);
}

static void test_cert__unusable(void **state)
{
    struct pgseal_options o;

    with_identity(&o, "nothing", key);
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": no start line");
    with_identity(&o, "", key);
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": no start line");
    with_identity(&o, key, key);
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": no start line");
    with_identity(&o, with_garbage, key);
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": header too long");
    with_identity(&o, cert, key);
    world.files[0].read_sys = EACCES;
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": Permission denied");
    with_identity(&o, cert, key);
    world.files[0].text = NULL; /* a directory */
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not read certificate file \"/c\": no start line");
    o.sslcertmode = PGSEAL_DISABLE; /* then it is not even looked at */
    expect(&o, 0, NULL);
}

static int odd_sys;

static void odd_read(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.stat_sys = odd_sys, .read_sys = odd_sys};
}

static void test_cert__stat_fails(void **state)
{
    struct pgseal_options o = defaults(PGSEAL_SSLMODE_REQUIRE);

    t_world_init(&world);
    world.world.read = odd_read;
    o.sslcert = "/c";
    odd_sys = ENOENT;
    expect(&o, 0, NULL);
    odd_sys = ENOTDIR;
    expect(&o, 0, NULL);
    odd_sys = EACCES;
    expect(&o, PGSEAL_E_CLIENT_CERT, "could not open certificate file \"/c\": Permission denied");
    odd_sys = ELOOP;
    expect(&o, PGSEAL_E_CLIENT_CERT,
           "could not open certificate file \"/c\": Too many levels of symbolic links");
}

static void test_key__file_rules(void **state)
{
    static const struct {
        uint32_t uid, mode;
        bool ok;
    } modes[] = {{1000, 0600, true},  {1000, 0400, true},  {1000, 0700, true},  {1000, 0640, false},
                 {1000, 0604, false}, {1000, 0610, false}, {1000, 0620, false}, {0, 0640, true},
                 {0, 0600, true},     {0, 0660, false},    {0, 0650, false},    {0, 0641, false},
                 {0, 0644, false}};
    struct pgseal_options o;

    for (size_t i = 0; i < PGSEAL_COUNT(modes); i++) {
        with_identity(&o, cert, key);
        world.files[1].uid = modes[i].uid;
        world.files[1].mode = modes[i].mode;
        expect(&o, modes[i].ok ? 0 : PGSEAL_E_CLIENT_KEY,
               "private key file \"/k\" has group or world access; file must have permissions "
               "u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) "
               "or less if owned by root");
    }
    with_identity(&o, cert, NULL);
    expect(&o, PGSEAL_E_CLIENT_KEY, "certificate present, but not private key file \"/k\"");
    o.sslkey = NULL;
    expect(&o, PGSEAL_E_CLIENT_KEY,
           "certificate present, but not private key file \"/home/u/.postgresql/postgresql.key\"");
    world.world.home = NULL;
    expect(&o, PGSEAL_E_CLIENT_KEY,
           "certificate does not match private key file \"\": no private key assigned");
    with_identity(&o, cert, key);
    world.files[1].text = NULL;
    expect(&o, PGSEAL_E_CLIENT_KEY, "private key file \"/k\" is not a regular file");
    with_identity(&o, cert, key);
    world.files[1].read_sys = EACCES;
    expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": Permission denied");
}

static void test_key__content(void **state)
{
    struct pgseal_options o;

    with_identity(&o, cert, key);
    expect(&o, 0, NULL);
    with_identity(&o, cert, other_key);
    expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": key values mismatch");
    with_identity(&o, cert, pgseal_minted_key_pem(rsa));
    expect(&o, PGSEAL_E_CLIENT_KEY,
           "certificate does not match private key file \"/k\": no certificate assigned");
    with_identity(&o, cert, "nothing");
    expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": unsupported");
    with_identity(&o, cert, key);
    o.sslkey = "pkcs11:token";
    expect(&o, PGSEAL_E_UNSUPPORTED,
           "sslkey \"pkcs11:token\" names a key in an OpenSSL engine, which pgseal does not load");
}

static void test_key__encrypted(void **state)
{
    const char *texts[] = {encrypted, legacy};
    struct pgseal_options o;

    for (size_t i = 0; i < PGSEAL_COUNT(texts); i++) {
        with_identity(&o, cert, texts[i]);
        o.sslpassword = "secret";
        expect(&o, 0, NULL);
        o.sslpassword = "wrong";
        expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": bad decrypt");
        o.sslpassword = NULL;
        expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": processing error");
        o.sslpassword = "";
        expect(&o, PGSEAL_E_CLIENT_KEY, "could not load private key file \"/k\": processing error");
    }
    with_identity(&o, cert, key); /* not encrypted: the password does not matter */
    o.sslpassword = "wrong";
    expect(&o, 0, NULL);
}

static void test_key__password_too_long__warns(void **state)
{
    char longer[1100];
    struct pgseal_options o;
    struct pgseal_tls_ctx *c;
    EVP_PKEY *k = parse_key(key);
    BIO *b = BIO_new(BIO_s_mem());
    char *text;

    memset(longer, 'p', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(
                         b, k, EVP_aes_256_cbc(), (unsigned char *)longer, 1023, NULL, NULL),
                     1);
    EVP_PKEY_free(k);
    text = text_of(b);
    with_identity(&o, cert, text);
    o.sslpassword = longer; /* encrypted by its first 1023 bytes, which is all that is used */
    c = pgseal_tls_ctx_client(&o, &world.world, T_NOW, NULL);
    assert_non_null(c);
    assert_string_equal(pgseal_tls_ctx_warning(c, 0), "WARNING: sslpassword truncated");
    assert_null(pgseal_tls_ctx_warning(c, 1));
    pgseal_tls_ctx_free(c);
    free(text);
}

static void der_read(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.mode = 0600};
    if (strcmp(path, "/k") == 0) {
        f->data = malloc(der_len + 1);
        assert_non_null(f->data);
        memcpy(f->data, der, der_len);
        f->len = der_len;
    } else if (strcmp(path, "/c") == 0) {
        f->data = (uint8_t *)t_join(cert, "");
        f->len = strlen(cert);
    } else {
        f->stat_sys = f->read_sys = ENOENT;
    }
}

static void test_key__der(void **state)
{
    struct pgseal_options o;

    with_identity(&o, cert, key);
    world.world.read = der_read;
    expect(&o, 0, NULL);
}

static void test_versions__refused_range(void **state)
{
    struct pgseal_options o = defaults(PGSEAL_SSLMODE_REQUIRE);

    t_world_init(&world);
    o.tls_min = 0x0001;
    expect(&o, PGSEAL_E_OPTION,
           "could not set minimum SSL protocol version: no SSL error reported");
    o.tls_min = 0;
    o.tls_max = 0x0001;
    expect(&o, PGSEAL_E_OPTION,
           "could not set maximum SSL protocol version: no SSL error reported");
    o.tls_max = 0; /* the library's own */
    expect(&o, 0, NULL);
}

/* libpq reads ~/.postgresql/root.crl only when neither parameter is set; what cannot be used is
 * dropped without a word, together with the directory beside it. */
static void test_crls__odd_rules(void **state)
{
    struct pgseal_minted *leaf = pki.leaf;
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(leaf)};
    struct pgseal_tls_ctx *s = pgseal_tls_ctx_new(&so, NULL);
    const char *root = pgseal_minted_cert_pem(pki.root);
    /* sslcrl, sslcrldir, root.crl: content (NULL absent); checked? */
    static const struct {
        const char *crl, *dir, *fallback;
        bool checked;
    } rows[] = {
        {NULL, NULL, NULL, false},   {"gone", NULL, NULL, false},   {"bad", NULL, NULL, false},
        {"gone", "/d", NULL, false}, {NULL, "/d", NULL, true},      {NULL, "/gone", NULL, true},
        {NULL, NULL, "cert", true},  {"gone", NULL, "cert", false}, {NULL, NULL, "bad", false},
        {"cert", NULL, NULL, true},  {NULL, "/gone", "cert", true},
    };

    assert_non_null(s);
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_options o = defaults(PGSEAL_SSLMODE_VERIFY_FULL);
        struct pgseal_tls_ctx *c;
        struct t_ends e;

        t_world_init(&world);
        t_world_file(&world, "/root", root);
        t_world_file(&world, "/bad", "nothing");
        t_world_file(&world, "/d", NULL);
        t_world_file(&world, "/cert", root); /* certificates in a CRL file count as content */
        o.sslrootcert = "/root";
        o.sslcrl = rows[i].crl == NULL                ? NULL
                   : strcmp(rows[i].crl, "bad") == 0  ? "/bad"
                   : strcmp(rows[i].crl, "cert") == 0 ? "/cert"
                                                      : "/gone";
        o.sslcrldir = rows[i].dir;
        if (rows[i].fallback != NULL)
            t_world_file(&world, "/home/u/.postgresql/root.crl",
                         strcmp(rows[i].fallback, "bad") == 0 ? "nothing" : root);
        c = pgseal_tls_ctx_client(&o, &world.world, T_NOW, NULL);
        assert_non_null(c);
        t_ends_init(&e, c, s, "db.test", true, T_NOW, 65536, NULL);
        t_ends_run(&e);
        if (rows[i].checked != (e.client_rc < 0))
            fail_msg("row %zu: %d %s", i, e.client_rc, e.client_err.detail);
        if (rows[i].checked) {
            assert_int_equal(e.client_rc, PGSEAL_E_CERT);
            assert_int_equal(e.client_err.x509, 3 /* X509_V_ERR_UNABLE_TO_GET_CRL */);
            assert_null(pgseal_tls_ctx_warning(c, 0));
        } else {
            struct pgseal_tls_facts f;

            assert_int_equal(pgseal_tls_facts(e.client, &f, NULL), 0);
            assert_true(f.verified.chain && !f.verified.revocation);
            /* What was asked for by name and is not done is said. */
            if (rows[i].crl != NULL)
                assert_non_null(strstr(pgseal_tls_ctx_warning(c, 0), "checked for revocation"));
            else
                assert_null(pgseal_tls_ctx_warning(c, 0));
        }
        t_ends_done(&e);
        pgseal_tls_ctx_free(c);
    }
    pgseal_tls_ctx_free(s);
}

static int refuse_append(void *ctx, const char *path, const char *line)
{
    return EACCES;
}

static void test_keylog__written_and_warned(void **state)
{
    struct pgseal_tls_options so = {.size = sizeof(so),
                                    .server = true,
                                    .cert_pem = pki.chain_pem,
                                    .key_pem = pgseal_minted_key_pem(pki.leaf)};
    struct pgseal_tls_ctx *s = pgseal_tls_ctx_new(&so, NULL), *c;
    struct pgseal_options o = defaults(PGSEAL_SSLMODE_REQUIRE);
    struct t_ends e;

    for (int i = 0; i < 3; i++) {
        t_world_init(&world);
        if (i == 2)
            world.world.append = refuse_append;
        o.sslkeylogfile = i == 0 ? NULL : "/keys";
        c = pgseal_tls_ctx_client(&o, &world.world, T_NOW, NULL);
        assert_non_null(c);
        t_ends_init(&e, c, s, NULL, false, T_NOW, 65536, NULL);
        t_ends_run(&e);
        assert_int_equal(e.client_rc, PGSEAL_READY);
        if (i == 1) {
            char *nl = strchr(world.appended, '\n');

            assert_non_null(strstr(world.appended, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
            assert_non_null(strstr(world.appended, "\nSERVER_TRAFFIC_SECRET_0 "));
            assert_non_null(nl);
            assert_int_equal(world.appended[strlen(world.appended) - 1], '\n');
        } else {
            assert_string_equal(world.appended, "");
        }
        if (i == 2)
            assert_string_equal(
                pgseal_tls_warning(e.client),
                "WARNING: could not open SSL key logging file \"/keys\": Permission denied");
        else
            assert_null(pgseal_tls_warning(e.client));
        t_ends_done(&e);
        pgseal_tls_ctx_free(c);
    }
    pgseal_tls_ctx_free(s);
}

static int build(void *arg)
{
    struct pgseal_err err = {0};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_client(arg, &world.world, T_NOW, &err);

    pgseal_tls_ctx_free(c);
    return c != NULL ? 0 : err.code;
}

static void test_files__every_allocation_fails__nothing_leaks(void **state)
{
    struct pgseal_options o;

    with_identity(&o, cert, encrypted);
    t_world_file(&world, "/root", pgseal_minted_cert_pem(pki.root));
    t_world_file(&world, "/crl", pgseal_minted_cert_pem(other.root));
    t_world_file(&world, "/d", NULL);
    o.sslmode = PGSEAL_SSLMODE_VERIFY_FULL;
    o.sslrootcert = "/root";
    o.sslcrl = "/crl";
    o.sslcrldir = "/d";
    o.sslpassword = "secret";
    o.sslkeylogfile = "/keys";
    assert_true(t_each_alloc_fails(build, &o) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots__missing),
        cmocka_unit_test(test_roots__present_but_unusable__every_mode_fails),
        cmocka_unit_test(test_roots__present__verified_in_every_mode),
        cmocka_unit_test(test_roots__long_name__is_cut),
        cmocka_unit_test(test_cert__missing__goes_on_without),
        cmocka_unit_test(test_cert__unusable),
        cmocka_unit_test(test_cert__stat_fails),
        cmocka_unit_test(test_key__file_rules),
        cmocka_unit_test(test_key__content),
        cmocka_unit_test(test_key__encrypted),
        cmocka_unit_test(test_key__password_too_long__warns),
        cmocka_unit_test(test_key__der),
        cmocka_unit_test(test_versions__refused_range),
        cmocka_unit_test(test_crls__odd_rules),
        cmocka_unit_test(test_keylog__written_and_warned),
        cmocka_unit_test(test_files__every_allocation_fails__nothing_leaks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: PostgreSQL */
/* What our contexts allow and offer, written down: tests/data/policies must change with it. */
#include "core/tls/tls_int.h"

#include "chunk.h"
#include "t.h"
#include "tls_ends.h"
#include "world.h"

#include <openssl/err.h>

static struct t_outcome text;

#define SAY(...) t_outcome_add(&text, __VA_ARGS__)

static void say_flags(const char *what, uint64_t set, const char *const *names,
                      const uint64_t *bits, size_t n)
{
    char line[1024] = "";

    for (size_t i = 0; i < n; i++) {
        if ((set & bits[i]) == bits[i] && bits[i] != 0)
            pgseal__append(line, sizeof(line), " %s", names[i]);
        set &= ~bits[i];
    }
    if (set != 0)
        pgseal__append(line, sizeof(line), " and 0x%llx", (unsigned long long)set);
    SAY("%s:%s", what, line);
}

static void say_options(const SSL_CTX *s)
{
#define FLAG(f) \
    {           \
#        f, f   \
    }
    static const struct {
        const char *name;
        uint64_t bit;
    } flags[] = {
        FLAG(SSL_OP_NO_SSLv3),
        FLAG(SSL_OP_NO_TLSv1),
        FLAG(SSL_OP_NO_TLSv1_1),
        FLAG(SSL_OP_NO_TLSv1_2),
        FLAG(SSL_OP_NO_TLSv1_3),
        FLAG(SSL_OP_NO_COMPRESSION),
        FLAG(SSL_OP_NO_TICKET),
        FLAG(SSL_OP_NO_RENEGOTIATION),
        FLAG(SSL_OP_CIPHER_SERVER_PREFERENCE),
        FLAG(SSL_OP_ENABLE_MIDDLEBOX_COMPAT),
        FLAG(SSL_OP_IGNORE_UNEXPECTED_EOF),
        FLAG(SSL_OP_LEGACY_SERVER_CONNECT),
        FLAG(SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION),
        FLAG(SSL_OP_NO_EXTENDED_MASTER_SECRET),
    };
#undef FLAG
    const char *names[PGSEAL_COUNT(flags)];
    uint64_t bits[PGSEAL_COUNT(flags)];

    for (size_t i = 0; i < PGSEAL_COUNT(flags); i++) {
        names[i] = flags[i].name + strlen("SSL_OP_");
        bits[i] = flags[i].bit;
    }
    say_flags("options", SSL_CTX_get_options(s), names, bits, PGSEAL_COUNT(flags));
}

static void say_modes(SSL_CTX *s)
{
    static const char *const names[] = {"ENABLE_PARTIAL_WRITE", "ACCEPT_MOVING_WRITE_BUFFER",
                                        "AUTO_RETRY", "NO_AUTO_CHAIN", "RELEASE_BUFFERS"};
    static const uint64_t bits[] = {SSL_MODE_ENABLE_PARTIAL_WRITE,
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, SSL_MODE_AUTO_RETRY,
                                    SSL_MODE_NO_AUTO_CHAIN, SSL_MODE_RELEASE_BUFFERS};

    say_flags("modes", (uint64_t)SSL_CTX_get_mode(s), names, bits, PGSEAL_COUNT(names));
}

static void say_ctx(struct pgseal_tls_ctx *c)
{
    SSL_CTX *s = c->ssl_ctx;
    char a[24], b[24];
    int max = (int)SSL_CTX_get_max_proto_version(s);
    int verify = SSL_CTX_get_verify_mode(s);

    SAY("versions: %s to %s", pgseal__tls_version_name((int)SSL_CTX_get_min_proto_version(s), a),
        max == 0 ? "the library's newest" : pgseal__tls_version_name(max, b));
    say_options(s);
    say_modes(s);
    SAY("session cache: %s",
        SSL_CTX_get_session_cache_mode(s) == SSL_SESS_CACHE_OFF ? "off" : "on");
    SAY("tickets: %zu", SSL_CTX_get_num_tickets(s));
    SAY("verify:%s%s%s", verify & SSL_VERIFY_PEER ? " peer" : " none",
        verify & SSL_VERIFY_FAIL_IF_NO_PEER_CERT ? " required" : "",
        verify & SSL_VERIFY_CLIENT_ONCE ? " once" : "");
    SAY("largest chain: %ld bytes", SSL_CTX_get_max_cert_list(s));
    SAY("security level: %d", SSL_CTX_get_security_level(s));
}

/* A hello of this OpenSSL, number by number (IANA "TLS Parameters"). */
static void say_hello(struct pgseal_tls_ctx *c)
{
    struct pgseal_tls *t = pgseal_tls_new(c, "db.test", true, true, T_NOW, NULL);
    struct pgseal_io io;
    const uint8_t *p;
    size_t n, at, len, end;
    char line[4096] = "";

    assert_non_null(t);
    pgseal_io_init(&io, 65536);
    assert_int_equal(pgseal_tls_step(t, &io, NULL), PGSEAL_MORE);
    p = pgseal_buf_peek(&io.wire_out);
    n = pgseal_buf_len(&io.wire_out);
    assert_true(n > 5 && p[0] == 22 && n == 5u + pgseal__get16(p + 3));
    SAY("hello: record %04x, legacy version %04x", pgseal__get16(p + 1), pgseal__get16(p + 9));
    at = 5 + 4 + 2 + 32;
    at += 1u + p[at]; /* session id */
    len = pgseal__get16(p + at);
    at += 2;
    for (size_t i = 0; i < len; i += 2)
        pgseal__append(line, sizeof(line), " %04x", pgseal__get16(p + at + i));
    SAY("hello ciphers:%s", line);
    at += len;
    at += 1u + p[at]; /* compression */
    end = at + 2 + pgseal__get16(p + at);
    at += 2;
    assert_int_equal(end, n);
    while (at < end) {
        unsigned int id = pgseal__get16(p + at);

        len = pgseal__get16(p + at + 2);
        at += 4;
        line[0] = '\0';
        if (id != 51 && id != 21) { /* a key share is random, padding is not interesting */
            for (size_t i = 0; i < len; i++)
                pgseal__append(line, sizeof(line), "%02x", p[at + i]);
            SAY("hello extension %u: %s", id, line);
        } else {
            SAY("hello extension %u", id);
        }
        at += len;
    }
    pgseal_io_done(&io);
    pgseal_tls_free(t);
}

static void compare(const char *name)
{
    char path[512], *want;
    FILE *f;
    long n;

    snprintf(path, sizeof(path), "%s/policies/%s.txt", TEST_DATA, name);
    if (getenv("PGSEAL_TEST_UPDATE") != NULL) {
        f = fopen(path, "w");
        assert_non_null(f);
        fputs(text.text, f);
        fclose(f);
    }
    f = fopen(path, "r");
    if (f == NULL)
        fail_msg("%s is missing; PGSEAL_TEST_UPDATE=1 writes it", path);
    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);
    want = calloc(1, (size_t)n + 1);
    assert_non_null(want);
    assert_int_equal(fread(want, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    if (strcmp(want, text.text) != 0)
        fail_msg("%s is not what the code does (PGSEAL_TEST_UPDATE=1 rewrites it):\n%s", path,
                 text.text);
    free(want);
    t_outcome_done(&text);
    text = (struct t_outcome){0};
}

/* The offers are OpenSSL's own: only the release they were written down with is compared. */
static bool same_openssl(void)
{
    return OPENSSL_version_major() == 3 && OPENSSL_version_minor() == 0;
}

static void test_client__policy(void **state)
{
    struct pgseal_tls_options o = {.size = sizeof(o)};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL);

    if (!same_openssl())
        skip();
    assert_non_null(c);
    say_ctx(c);
    say_hello(c);
    pgseal_tls_ctx_free(c);
    compare("client");
}

static void test_connect__policy(void **state)
{
    struct pgseal_options o = {.sslmode = PGSEAL_SSLMODE_REQUIRE,
                               .sslsni = true,
                               .sslcertmode = PGSEAL_ALLOW_OR_PREFER,
                               .tls_min = 0x0303,
                               .tls_min_text = "TLSv1.2"};
    struct pgseal_tls_ctx *c;
    struct t_world w;

    if (!same_openssl())
        skip();
    t_world_init(&w);
    c = pgseal_tls_ctx_client(&o, &w.world, T_NOW, NULL);
    assert_non_null(c);
    say_ctx(c);
    say_hello(c);
    pgseal_tls_ctx_free(c);
    compare("connect");
}

static void test_server__policy(void **state)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .server = true, .require_peer_cert = true};
    struct t_pki p;
    struct pgseal_tls_ctx *c;

    if (!same_openssl())
        skip();
    t_pki_make(&p, NULL, NULL, NULL);
    o.trust = t_trust(pgseal_minted_cert_pem(p.root));
    o.cert_pem = p.chain_pem;
    o.key_pem = pgseal_minted_key_pem(p.leaf);
    c = pgseal_tls_ctx_new(&o, NULL);
    assert_non_null(c);
    say_ctx(c);
    pgseal_tls_ctx_free(c);
    pgseal_trust_free(o.trust);
    t_pki_done(&p);
    compare("server");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client__policy),
        cmocka_unit_test(test_connect__policy),
        cmocka_unit_test(test_server__policy),
    };

    /* An openssl.cnf of the machine would be honoured, as libpq does; here only our part counts. */
    setenv("OPENSSL_CONF", "/dev/null", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

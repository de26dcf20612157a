/* SPDX-License-Identifier: PostgreSQL */
/* What a peer can answer to a ClientHello, and the words, codes and stories that come of it. */
#include "core/base/base.h"
#include "t.h"
#include "tls_ends.h"

#include <pgseal/tls.h>

#define VERSIONS                                                                             \
    "\nThis may indicate that the server does not support any SSL protocol version between " \
    "TLSv1.2 and TLSv1.3."

/* Each text was printed by libpq 18.4 on OpenSSL 3.0.22 for the same bytes. */
static const struct row {
    const char *name;
    const char *bytes;
    size_t n;
    int code, alert;
    const char *msg;    /* whole */
    const char *detail; /* a part */
    const char *hint;   /* a part */
} rows[] = {
#define ROW(name, bytes) name, bytes, sizeof(bytes) - 1
    {ROW("nothing", ""), PGSEAL_E_CLOSED, 0, "SSL error: unexpected eof while reading",
     "without sending a byte", "server's log"},
    {ROW("half a header", "\x16\x03\x03"), PGSEAL_E_CLOSED, 0,
     "SSL error: unexpected eof while reading", "after 3 bytes and without a fatal alert", "log"},
    {ROW("http", "HTTP/1.1 400 Bad Request\r\n\r\n"), PGSEAL_E_TLS, 0,
     "SSL error: wrong version number" VERSIONS, "\"HTTP/\". An HTTP server answers there.",
     "host and port"},
    {ROW("ssh", "SSH-2.0-OpenSSH_9\r\n"), PGSEAL_E_TLS, 0,
     "SSL error: wrong version number" VERSIONS, "An SSH server answers there.", "host and port"},
    {ROW("postgres", "E\0\0\0\x30SFATAL\0C28000\0Mno\0\0"), PGSEAL_E_TLS, 0,
     "SSL error: wrong version number" VERSIONS, "PostgreSQL message in plain text", "in between"},
    {ROW("zeros", "\0\0\0\0\0\0\0\0"), PGSEAL_E_TLS, 0, "SSL error: wrong version number" VERSIONS,
     "\"\\x00\\x00\\x00\\x00\\x00\"", "host and port"},
    {ROW("record version 2", "\x16\x02\0\0\x05"
                             "aaaaa"),
     PGSEAL_E_TLS, 0, "SSL error: wrong version number" VERSIONS, "no TLS record", ""},
    {ROW("record too long", "\x16\x03\x03\xff\xff"
                            "aaaaaaaaaa"),
     PGSEAL_E_TLS, 22, "SSL error: packet length too long", "record_overflow (22)", "s_client"},
    {ROW("application data", "\x17\x03\x03\0\x05hello"), PGSEAL_E_TLS, 10,
     "SSL error: unexpected message", "unexpected_message (10)", "s_client"},
    {ROW("wrong message", "\x16\x03\x03\0\x09\x0b\0\0\x05hello"), PGSEAL_E_TLS, 10,
     "SSL error: unexpected message", "unexpected_message (10)", "s_client"},
    {ROW("short hello", "\x16\x03\x03\0\x09\x02\0\0\x05hello"), PGSEAL_E_TLS, 50,
     "SSL error: length mismatch", "decode_error (50)", "s_client"},
    {ROW("huge message", "\x16\x03\x03\0\x05\x02\xff\xff\xffx"), PGSEAL_E_TLS, 47,
     "SSL error: excessive message size", "illegal_parameter (47)", "s_client"},
    {ROW("old hello", "\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\0"
                      "\xc0\x2f\0"),
     PGSEAL_E_TLS_VERSION, 70, "SSL error: unsupported protocol" VERSIONS,
     "We allow TLSv1.2 to TLSv1.3; the server answered with TLSv1.", "ssl_min_protocol_version"},
    {ROW("close_notify", "\x15\x03\x03\0\x02\x01\0"), PGSEAL_E_CLOSED, 0,
     "unrecognized SSL error code: 6", "inside the handshake", "log"},
    {ROW("warning, then the end", "\x15\x03\x03\0\x02\x01\x70"), PGSEAL_E_CLOSED, 0,
     "SSL error: unexpected eof while reading", "the warning unrecognized_name (112)", "log"},
    {ROW("handshake_failure", "\x15\x03\x03\0\x02\x02\x28"), PGSEAL_E_TLS_VERSION, 40,
     "SSL error: sslv3 alert handshake failure", "handshake_failure (40) before its Hello",
     "openssl ciphers"},
    {ROW("unknown_ca", "\x15\x03\x03\0\x02\x02\x30"), PGSEAL_E_TLS_ALERT, 48,
     "SSL error: tlsv1 alert unknown ca", "unknown_ca (48)", "ssl_ca_file"},
    {ROW("protocol_version", "\x15\x03\x03\0\x02\x02\x46"), PGSEAL_E_TLS_VERSION, 70,
     "SSL error: tlsv1 alert protocol version" VERSIONS, "protocol_version (70)",
     "ssl_min_protocol_version"},
    {ROW("insufficient_security", "\x15\x03\x03\0\x02\x02\x47"), PGSEAL_E_TLS_VERSION, 71,
     "SSL error: tlsv1 alert insufficient security", "insufficient_security (71)", "ssl_ciphers"},
    {ROW("internal_error", "\x15\x03\x03\0\x02\x02\x50"), PGSEAL_E_TLS_ALERT, 80,
     "SSL error: tlsv1 alert internal error", "internal_error (80)", "log"},
    {ROW("unrecognized_name", "\x15\x03\x03\0\x02\x02\x70"), PGSEAL_E_TLS_ALERT, 112,
     "SSL error: tlsv1 unrecognized name", "unrecognized_name (112)", "sslsni=0"},
    {ROW("certificate_required", "\x15\x03\x03\0\x02\x02\x74"), PGSEAL_E_TLS_ALERT, 116,
     "SSL error: tlsv13 alert certificate required", "certificate_required (116)", "sslcert=FILE"},
    {ROW("unknown alert", "\x15\x03\x03\0\x02\x02\xc8"), PGSEAL_E_TLS_ALERT, 200,
     "SSL error: SSL error code 167773360", "(200)", "log"},
    {ROW("alert without a kind", "\x15\x03\x03\0\x01\x02"), PGSEAL_E_TLS, 10,
     "SSL error: invalid alert", "unexpected_message (10)", "s_client"},
#undef ROW
};

static struct pgseal_tls_ctx *client_ctx(void)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .INSECURE_no_verify = true};
    struct pgseal_tls_ctx *c = pgseal_tls_ctx_new(&o, NULL);

    assert_non_null(c);
    return c;
}

/* Plays the bytes of a row against a client, and their end. */
static void answer(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const struct row *r = arg;
    struct pgseal_tls_ctx *c = client_ctx();
    struct pgseal_tls *t = pgseal_tls_new(c, "db.test", true, false, T_NOW, NULL);
    struct pgseal_err err = {0};
    struct pgseal_io io;
    size_t at = 0;
    int rc;

    assert_non_null(t);
    pgseal_io_init(&io, 65536);
    rc = pgseal_tls_step(t, &io, &err);
    assert_int_equal(rc, PGSEAL_MORE);
    while (rc == PGSEAL_MORE && !io.wire_in_eof) {
        size_t n = t_cut_take(cut, r->n - at);

        if (n == 0)
            io.wire_in_eof = true;
        assert_int_equal(pgseal_buf_append(&io.wire_in, r->bytes + at, n, NULL), 0);
        at += n;
        rc = pgseal_tls_step(t, &io, &err);
    }
    t_outcome_add(out, "%d %d %d", rc, err.code, err.alert);
    t_outcome_add(out, "%s", err.msg);
    t_outcome_add(out, "%s", err.detail);
    t_outcome_add(out, "%s", err.hint);
    if (rc != r->code || err.code != r->code || err.alert != r->alert ||
        strcmp(err.msg, r->msg) != 0 || strstr(err.detail, r->detail) == NULL ||
        strstr(err.hint, r->hint) == NULL)
        fail_msg("%s: rc %d code %d alert %d\n%s\n%s\n%s", r->name, rc, err.code, err.alert,
                 err.msg, err.detail, err.hint);
    pgseal_io_done(&io);
    pgseal_tls_free(t);
    pgseal_tls_ctx_free(c);
}

static void test_answer__every_row_and_cut__has_its_words(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct row r = rows[i];

        t_chunked(answer, &r);
    }
}

static void test_answer__empty_records__bounded(void **state)
{
    struct pgseal_tls_ctx *c = client_ctx();
    struct pgseal_tls *t = pgseal_tls_new(c, NULL, false, false, T_NOW, NULL);
    struct pgseal_err err = {0};
    struct pgseal_io io;
    int rc, n = 0;

    pgseal_io_init(&io, 65536);
    do {
        rc = pgseal_tls_step(t, &io, &err);
        assert_int_equal(pgseal_buf_append(&io.wire_in, "\x16\x03\x03\0\0", 5, NULL), 0);
    } while (rc == PGSEAL_MORE && ++n < 100);
    assert_int_equal(rc, PGSEAL_E_TLS);
    assert_string_equal(err.msg, "SSL error: record too small");
    pgseal_io_done(&io);
    pgseal_tls_free(t);
    pgseal_tls_ctx_free(c);
}

/* Two real ends that cannot agree: what each of them says. */
struct clash {
    struct pgseal_tls_options client, server;
    int client_code, server_code;
    const char *client_msg, *client_detail, *server_msg, *server_detail;
};

static void play(struct clash *k)
{
    struct pgseal_tls_ctx *c, *s;
    struct t_ends e;

    k->client.size = k->server.size = sizeof(k->client);
    k->server.server = true;
    c = pgseal_tls_ctx_new(&k->client, NULL);
    s = pgseal_tls_ctx_new(&k->server, NULL);
    assert_non_null(c);
    assert_non_null(s);
    t_ends_init(&e, c, s, "db.test", false, T_NOW, 65536, NULL);
    t_ends_run(&e);
    assert_string_equal(e.client_err.msg, k->client_msg);
    assert_string_equal(e.server_err.msg, k->server_msg);
    assert_int_equal(e.client_rc, k->client_code);
    assert_int_equal(e.server_rc, k->server_code);
    if (strstr(e.client_err.detail, k->client_detail) == NULL)
        fail_msg("%s", e.client_err.detail);
    if (strstr(e.server_err.detail, k->server_detail) == NULL)
        fail_msg("%s", e.server_err.detail);
    assert_true(e.client_err.hint[0] != '\0');
    assert_true(e.server_err.hint[0] != '\0');
    t_ends_done(&e);
    pgseal_tls_ctx_free(c);
    pgseal_tls_ctx_free(s);
}

static void test_clash__versions_ciphers_certificates__both_ends_say_why(void **state)
{
    struct t_pki a, b;
    struct pgseal_trust *ca;

    t_pki_make(&a, NULL, NULL, NULL);
    t_pki_make(&b, NULL, NULL, NULL);
    ca = t_trust(pgseal_minted_cert_pem(b.root));
    const char *cert = a.chain_pem, *key = pgseal_minted_key_pem(a.leaf);
    struct clash rows2[] = {
        {{.INSECURE_no_verify = true, .min = 0x0304, .max = 0x0304},
         {.cert_pem = cert, .key_pem = key, .max = 0x0303},
         PGSEAL_E_TLS_VERSION,
         PGSEAL_E_TLS_VERSION,
         "SSL error: tlsv1 alert protocol version\nThis may indicate that the server does not "
         "support any SSL protocol version between TLSv1.3 and TLSv1.3.",
         "We offered TLSv1.3 to TLSv1.3; the server sent the alert protocol_version (70)",
         "SSL error: unsupported protocol",
         "We allow TLSv1.2 to TLSv1.2; the client offers at most TLSv1.3."},
        {{.INSECURE_no_verify = true, .max = 0x0303, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
         {.cert_pem = cert, .key_pem = key},
         PGSEAL_E_TLS_VERSION,
         PGSEAL_E_TLS_VERSION,
         "SSL error: sslv3 alert handshake failure",
         "handshake_failure (40) before its Hello",
         "SSL error: no shared cipher",
         "fit ours and our key"},
        {{.INSECURE_no_verify = true, .max = 0x0303},
         {.cert_pem = cert, .key_pem = key, .trust = ca, .require_peer_cert = true},
         PGSEAL_E_TLS_ALERT,
         PGSEAL_E_TLS,
         "SSL error: sslv3 alert handshake failure",
         "It had asked for a client certificate and we sent none.",
         "SSL error: peer did not return a certificate",
         ""},
        {{.INSECURE_no_verify = true, .min = 0x0304},
         {.cert_pem = cert, .key_pem = key, .trust = ca, .require_peer_cert = true},
         PGSEAL_E_TLS_ALERT,
         PGSEAL_E_TLS,
         "SSL error: tlsv13 alert certificate required",
         "It had asked for a client certificate and we sent none.",
         "SSL error: peer did not return a certificate",
         ""},
        {{.INSECURE_no_verify = true, .min = 0x0304, .cert_pem = cert, .key_pem = key},
         {.cert_pem = cert, .key_pem = key, .trust = ca},
         PGSEAL_E_TLS_ALERT,
         PGSEAL_E_CERT,
         "SSL error: tlsv1 alert unknown ca",
         "We sent the client certificate \"CN=db.test",
         "SSL error: certificate verify failed",
         "test authority"},
        {{.INSECURE_no_verify = true, .max = 0x0303, .cert_pem = cert, .key_pem = key},
         {.cert_pem = cert, .key_pem = key, .trust = ca},
         PGSEAL_E_TLS_ALERT,
         PGSEAL_E_CERT,
         "SSL error: tlsv1 alert unknown ca",
         "We sent the client certificate \"CN=db.test",
         "SSL error: certificate verify failed",
         "test authority"},
        {{.trust = ca},
         {.cert_pem = cert, .key_pem = key},
         PGSEAL_E_CERT,
         PGSEAL_E_TLS_ALERT,
         "SSL error: certificate verify failed",
         "",
         "SSL error: tlsv1 alert unknown ca",
         "The client sent the fatal alert unknown_ca (48)"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows2); i++)
        play(&rows2[i]);
    pgseal_trust_free(ca);
    t_pki_done(&a);
    t_pki_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer__every_row_and_cut__has_its_words),
        cmocka_unit_test(test_answer__empty_records__bounded),
        cmocka_unit_test(test_clash__versions_ciphers_certificates__both_ends_say_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Client role against scripts of a server's bytes: every verdict before the session is open. */
#include "alloc.h"
#include "chunk.h"
#include "core/base/base.h"
#include "t.h"
#include "world.h"

#include <pgseal/conn.h>

#include <errno.h>

/* Pieces of server messages. Lengths count themselves, as on the wire. */
#define OK    "R\0\0\0\x08\0\0\0\0"
#define READY "Z\0\0\0\x05I"
#define KEY   "K\0\0\0\x0c\0\0\0\x07\1\2\3\4"
#define STATUS                    \
    "S\0\0\0\x18server_version\0" \
    "18.0\0"

struct script {
    const char *name;
    const char *conninfo; /* added to the usual one */
    const char *bytes;
    size_t n;
    bool eof;
    int rc; /* PGSEAL_READY, PGSEAL_MORE or a code */
    enum pgseal_outcome outcome;
    const char *msg; /* whole, or NULL */
};
#define BYTES(s) (s), sizeof(s) - 1

#define CLOSED_TEXT                                            \
    "server closed the connection unexpectedly\n"              \
    "\tThis probably means the server terminated abnormally\n" \
    "\tbefore or while processing the request."
#define NEGO_TEXT "received invalid protocol negotiation message"

static const struct script scripts[] = {
    {"trust", "", BYTES(OK STATUS KEY READY), false, PGSEAL_READY, PGSEAL_OUT_OPEN, NULL},
    {"no key", "", BYTES(OK READY), false, PGSEAL_READY, PGSEAL_OUT_OPEN, NULL},
    {"nothing yet", "", BYTES(""), false, PGSEAL_MORE, PGSEAL_OUT_START, NULL},
    {"half a message", "", BYTES("R\0\0\0\x08\0"), false, PGSEAL_MORE, PGSEAL_OUT_START, NULL},
    {"eof at once", "", BYTES(""), true, PGSEAL_E_CLOSED, PGSEAL_OUT_REFUSED, CLOSED_TEXT},
    {"eof in a message", "", BYTES("R\0\0\0\x08\0"), true, PGSEAL_E_CLOSED, PGSEAL_OUT_REFUSED,
     CLOSED_TEXT},
    {"eof behind ok", "", BYTES(OK STATUS), true, PGSEAL_E_CLOSED, PGSEAL_OUT_REFUSED, CLOSED_TEXT},
    {"http", "", BYTES("HTTP/1.1 400 Bad Request\r\n"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "expected authentication request from server, but received H"},
    {"control byte", "", BYTES("\x15\3\1\0\2"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "expected authentication request from server, but received \\x15"},
    {"notice too early", "", BYTES("N\0\0\0\x05\0"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "expected authentication request from server, but received N"},
    {"ready too early", "", BYTES(READY), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "expected authentication request from server, but received Z"},
    {"auth too short", "", BYTES("R\0\0\0\x04"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "received invalid authentication request"},
    {"auth too long", "", BYTES("R\0\0\x07\xd1"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "received invalid authentication request"},
    {"auth length negative", "", BYTES("R\xff\xff\xff\xff"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, "received invalid authentication request"},
    {"negotiation too long", "", BYTES("v\0\0\x07\xd1"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     NEGO_TEXT},

    {"server error", "", BYTES("E\0\0\0\x1cSFATAL\0C28000\0Mgo away\0\0"), false, PGSEAL_E_SERVER,
     PGSEAL_OUT_SERVER_ERROR, "FATAL:  go away"},
    {"server error with detail and hint", "",
     BYTES("E\0\0\0\x2bSFATAL\0C28000\0Mgo away\0Dfar away\0Hrun\0\0"), false, PGSEAL_E_SERVER,
     PGSEAL_OUT_SERVER_ERROR, "FATAL:  go away\nDETAIL:  far away\nHINT:  run"},
    {"busy", "", BYTES("E\0\0\0\x1cSFATAL\0C57P03\0Mstarting\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, "received invalid error message"},
    {"busy, whole", "", BYTES("E\0\0\0\x1dSFATAL\0C57P03\0Mstarting\0\0"), false, PGSEAL_E_SERVER,
     PGSEAL_OUT_BUSY, "FATAL:  starting"},
    {"error with terminal codes", "", BYTES("E\0\0\0\x1bSFATAL\0C28000\0Ma\x1b[31m\0\0"), false,
     PGSEAL_E_SERVER, PGSEAL_OUT_SERVER_ERROR, "FATAL:  a\\x1b[31m"},
    {"error behind ok is final", "", BYTES(OK "E\0\0\0\x1cSFATAL\0C3D000\0Mgo away\0\0"), false,
     PGSEAL_E_SERVER, PGSEAL_OUT_REFUSED, "FATAL:  go away"},
    {"old error", "", BYTES("Eunsupported frontend protocol\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, "unsupported frontend protocol"},
    {"old error, more to come", "", BYTES("Eunsupported frontend"), false, PGSEAL_MORE,
     PGSEAL_OUT_START, NULL},

    {"cleartext, no password", "", BYTES("R\0\0\0\x08\0\0\0\3"), false, PGSEAL_E_NO_PASSWORD,
     PGSEAL_OUT_REFUSED, "fe_sendauth: no password supplied"},
    {"cleartext", "password=x", BYTES("R\0\0\0\x08\0\0\0\3" OK READY), false, PGSEAL_READY,
     PGSEAL_OUT_OPEN, NULL},
    {"require_auth forbids trust", "require_auth=scram-sha-256", BYTES(OK READY), false,
     PGSEAL_E_AUTH_REQUIRED, PGSEAL_OUT_REFUSED, NULL},
    {"channel binding without TLS", "channel_binding=require", BYTES(OK READY), false,
     PGSEAL_E_BINDING, PGSEAL_OUT_REFUSED, NULL},

    {"downgrade 3.2 to 3.0", "max_protocol_version=3.2",
     BYTES("v\0\0\0\x0c\0\3\0\0\0\0\0\0" OK KEY READY), false, PGSEAL_READY, PGSEAL_OUT_OPEN, NULL},
    {"downgrade below the least", "min_protocol_version=3.2 max_protocol_version=3.2",
     BYTES("v\0\0\0\x0c\0\3\0\0\0\0\0\0"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "server only supports protocol version 3.0, but \"min_protocol_version\" was set to 3.2"},
    {"downgrade twice", "max_protocol_version=3.2",
     BYTES("v\0\0\0\x0c\0\3\0\0\0\0\0\0v\0\0\0\x0c\0\3\0\0\0\0\0\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, "received duplicate protocol negotiation message"},
    {"downgrade to 3.1", "max_protocol_version=3.2", BYTES("v\0\0\0\x0c\0\3\0\1\0\0\0\0"), false,
     PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     NEGO_TEXT ": server requested downgrade to non-existent 3.1 protocol version"},
    {"downgrade upwards", "", BYTES("v\0\0\0\x0c\0\3\0\2\0\0\0\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, NEGO_TEXT ": server requested downgrade to a higher-numbered version"},
    {"downgrade to 2.0", "", BYTES("v\0\0\0\x0c\0\2\0\0\0\0\0\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, NEGO_TEXT ": server requested downgrade to pre-3.0 protocol version"},
    {"no change", "", BYTES("v\0\0\0\x0c\0\3\0\0\0\0\0\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, NEGO_TEXT ": server negotiated but asks for no changes"},
    {"option nobody asked for", "", BYTES("v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0"), false,
     PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     NEGO_TEXT ": server reported an unsupported parameter that was not requested (\"_pq_.x\")"},

    {"long key in 3.0", "", BYTES(OK "K\0\0\0\x0d\0\0\0\x07\1\2\3\4\5"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED,
     "received invalid BackendKeyData message: cancel key with length 5 not allowed in protocol "
     "version 3.0 (must be 4 bytes)"},
    {"long key in 3.2", "max_protocol_version=3.2",
     BYTES(OK "K\0\0\0\x0d\0\0\0\x07\1\2\3\4\5" READY), false, PGSEAL_READY, PGSEAL_OUT_OPEN, NULL},
    {"short key in 3.2", "max_protocol_version=3.2", BYTES(OK "K\0\0\0\x0b\0\0\0\x07\1\2\3"), false,
     PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "received invalid BackendKeyData message: cancel key with length 3 is too short (minimum 4 "
     "bytes)"},
    {"rows before ready", "", BYTES(OK "D\0\0\0\x06\0\0"), false, PGSEAL_E_PROTO,
     PGSEAL_OUT_REFUSED, "unexpected message from server during startup"},
    {"unknown message", "", BYTES(OK "?\0\0\0\4"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "unexpected response from server; first received character was \"?\""},
    {"impossible length", "", BYTES(OK "S\0\0\0\3"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "lost synchronization with server: got message type \"S\", length 3"},
    {"too long for its type", "", BYTES(OK "Z\0\1\0\0"), false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "lost synchronization with server: got message type \"Z\", length 65536"},
    {"status without end", "",
     BYTES(OK "S\0\0\0\x07"
              "abc"),
     false, PGSEAL_E_PROTO, PGSEAL_OUT_REFUSED,
     "message contents do not agree with length in message type \"S\""},
};

static struct t_world world;

static struct pgseal_conninfo *settings(const char *more)
{
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    char text[300];

    snprintf(text, sizeof(text), "host=h hostaddr=127.0.0.1 user=u dbname=d sslmode=disable %s",
             more);
    if (ci != NULL && (pgseal_conninfo_parse(ci, text, NULL) < 0 ||
                       pgseal_conninfo_finish(ci, &world.world, NULL) < 0))
        ci = pgseal_conninfo_free(ci);
    return ci;
}

/* Feeds a script as `cut` says; notes everything that must not depend on the cut. */
static int play(const struct script *s, struct t_cut *cut, struct t_outcome *out,
                struct pgseal_err *err)
{
    struct pgseal_conninfo *ci = settings(s->conninfo);
    struct pgseal_conn_client o = {.size = sizeof(o), .ci = ci, .world = &world.world};
    struct pgseal_conn *c = NULL;
    struct pgseal_io io;
    size_t at = 0;
    int rc = PGSEAL_E_NOMEM;

    pgseal_io_init(&io, 65536);
    if (ci != NULL) {
        o.host = pgseal_conninfo_host(ci, 0);
        c = pgseal_conn_client_new(&o, err);
    }
    if (c != NULL)
        rc = pgseal_conn_step(c, &io, 0, err);
    while (c != NULL && rc == PGSEAL_MORE && (at < s->n || (s->eof && !io.wire_in_eof))) {
        size_t n = t_cut_take(cut, s->n - at);

        if (pgseal_buf_append(&io.wire_in, s->bytes + at, n, NULL) < 0) {
            rc = PGSEAL_E_NOMEM; /* on purpose */
            break;
        }
        at += n;
        io.wire_in_eof = s->eof && at == s->n;
        rc = pgseal_conn_step(c, &io, 0, err);
    }
    if (c != NULL && out != NULL) {
        t_outcome_add(out, "rc %d outcome %d %s", rc, (int)pgseal_conn_outcome(c),
                      rc < 0 ? err->msg : "");
        t_outcome_add_bytes(out, "sent", pgseal_buf_peek(&io.wire_out),
                            pgseal_buf_len(&io.wire_out));
    }
    pgseal_conn_free(c);
    pgseal_conninfo_free(ci);
    pgseal_io_done(&io);
    return rc;
}

static void test_conn__server_script__verdict_and_message(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(scripts); i++) {
        const struct script *s = &scripts[i];
        struct t_cut cut = {.mode = T_CUT_WHOLE};
        struct t_outcome out = {0};
        struct pgseal_err err = {0};
        char expected[32];
        int rc = play(s, &cut, &out, &err);

        if (rc != s->rc)
            fail_msg("%s: rc %d instead of %d (%s)", s->name, rc, s->rc, err.msg);
        if (s->msg != NULL)
            assert_string_equal(err.msg, s->msg);
        snprintf(expected, sizeof(expected), "outcome %d ", (int)s->outcome);
        if (strstr(out.text, expected) == NULL)
            fail_msg("%s: not %s: %s", s->name, expected, out.text);
        if (rc < 0 && rc != PGSEAL_E_NO_PASSWORD && rc != PGSEAL_E_SERVER)
            assert_int_equal(err.code, rc);
        t_outcome_done(&out);
    }
}

static void play_cut(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    struct pgseal_err err = {0};

    play(arg, cut, out, &err);
}

static void test_conn__any_cut__same_outcome(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(scripts); i++) {
        struct script s = scripts[i];

        t_chunked(play_cut, &s);
    }
}

static int work(void *arg)
{
    struct t_cut cut = {.mode = T_CUT_WHOLE};
    struct pgseal_err err = {0};

    return play(arg, &cut, NULL, &err);
}

static void test_conn__each_allocation_fails__no_leak_no_success(void **state)
{
    struct script s = scripts[0];

    assert_true(t_each_alloc_fails(work, &s) > 5);
}

static void test_conn__startup__parameters_in_libpqs_order(void **state)
{
    static const char expected[] = "\0\3\0\0user\0u\0database\0d\0application_name\0app\0";
    struct pgseal_conninfo *ci = settings("application_name=app");
    struct pgseal_conn_client o = {
        .size = sizeof(o), .ci = ci, .host = pgseal_conninfo_host(ci, 0), .world = &world.world};
    struct pgseal_conn *c = pgseal_conn_client_new(&o, NULL);
    struct pgseal_io io;

    pgseal_io_init(&io, 65536);
    assert_int_equal(pgseal_conn_step(c, &io, 0, NULL), PGSEAL_MORE);
    assert_int_equal(pgseal_buf_len(&io.wire_out), 4 + sizeof(expected));
    assert_memory_equal(pgseal_buf_peek(&io.wire_out) + 4, expected, sizeof(expected));
    pgseal_conn_free(c);
    pgseal_conninfo_free(ci);
    pgseal_io_done(&io);
}

static void test_conn__facts__key_status_and_notices(void **state)
{
    static const char bytes[] = OK "N\0\0\0\x19SWARNING\0C01000\0Mhm\0\0" STATUS KEY READY "more";
    struct pgseal_conninfo *ci = settings("");
    struct pgseal_conn_client o = {
        .size = sizeof(o), .ci = ci, .host = pgseal_conninfo_host(ci, 0), .world = &world.world};
    struct pgseal_conn *c = pgseal_conn_client_new(&o, NULL);
    const struct pgseal_conn_facts *f = pgseal_conn_facts(c);
    struct pgseal_io io;
    size_t n;

    pgseal_io_init(&io, 65536);
    assert_int_equal(pgseal_buf_append(&io.wire_in, bytes, sizeof(bytes) - 1, NULL), 0);
    assert_int_equal(pgseal_conn_step(c, &io, 0, NULL), PGSEAL_READY);
    assert_true(f->open && !f->tls);
    assert_int_equal(f->txn, 'I');
    assert_int_equal(f->cancel.pid, 7);
    assert_int_equal(f->cancel.key_len, 4);
    assert_string_equal(f->auth.method, "none");
    assert_string_equal(pgseal_conn_param(c, "server_version"), "18.0");
    assert_null(pgseal_conn_param(c, "nothing"));
    assert_non_null(pgseal_conn_notice(c, &n));
    assert_null(pgseal_conn_notice(c, &n));
    assert_int_equal(pgseal_buf_len(&io.plain_out), 4); /* the session's own bytes stay */
    assert_int_equal(pgseal_buf_append(&io.plain_in, "abc", 3, NULL), 0);
    assert_int_equal(pgseal_conn_step(c, &io, 0, NULL), PGSEAL_READY);
    assert_int_equal(pgseal_conn_close(c, &io, NULL), 0);
    n = pgseal_buf_len(&io.wire_out);
    assert_memory_equal(pgseal_buf_peek(&io.wire_out) + n - 8, "abcX\0\0\0\4", 8);
    pgseal_conn_free(c);
    pgseal_conninfo_free(ci);
    pgseal_io_done(&io);
}

static void test_conn__cancel__request_then_eof_is_success(void **state)
{
    static const struct pgseal_cancel key = {.pid = 7, .key = {1, 2, 3, 4}, .key_len = 4};
    static const uint8_t expected[16] = {0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 7, 1, 2, 3, 4};
    struct pgseal_conninfo *ci = settings("");
    struct pgseal_conn_client o = {.size = sizeof(o),
                                   .ci = ci,
                                   .host = pgseal_conninfo_host(ci, 0),
                                   .world = &world.world,
                                   .cancel = &key};

    for (int answered = 0; answered < 2; answered++) {
        struct pgseal_conn *c = pgseal_conn_client_new(&o, NULL);
        struct pgseal_err err = {0};
        struct pgseal_io io;

        pgseal_io_init(&io, 65536);
        assert_int_equal(pgseal_conn_step(c, &io, 0, &err), PGSEAL_MORE);
        assert_int_equal(pgseal_buf_len(&io.wire_out), 16);
        assert_memory_equal(pgseal_buf_peek(&io.wire_out), expected, 16);
        io.wire_in_eof = true;
        if (answered)
            assert_int_equal(pgseal_buf_append(&io.wire_in, "E", 1, NULL), 0);
        assert_int_equal(pgseal_conn_step(c, &io, 0, &err),
                         answered ? PGSEAL_E_PROTO : PGSEAL_READY);
        if (answered)
            assert_string_equal(err.msg, "unexpected response from server");
        pgseal_conn_free(c);
        pgseal_io_done(&io);
    }
    pgseal_conninfo_free(ci);
}

/* fe-secure.c, fe-secure-openssl.c: a reset is a closed connection, but not inside the handshake.
 */
static void test_conn__socket_error__in_libpqs_words(void **state)
{
    static const struct {
        enum pgseal_method method;
        int sys;
        int rc;
        enum pgseal_outcome outcome;
        const char *msg;
    } rows[] = {
        {PGSEAL_METHOD_PLAIN, ETIMEDOUT, PGSEAL_E_IO, PGSEAL_OUT_REFUSED,
         "could not receive data from server: Connection timed out"},
        {PGSEAL_METHOD_PLAIN, ECONNRESET, PGSEAL_E_CLOSED, PGSEAL_OUT_REFUSED, CLOSED_TEXT},
        {PGSEAL_METHOD_PLAIN, EPIPE, PGSEAL_E_CLOSED, PGSEAL_OUT_REFUSED, CLOSED_TEXT},
        {PGSEAL_METHOD_TLS, EHOSTUNREACH, PGSEAL_E_IO, PGSEAL_OUT_TLS_FAILED,
         "could not receive data from server: No route to host\n"
         "SSL SYSCALL error: No route to host"},
        {PGSEAL_METHOD_TLS, ECONNRESET, PGSEAL_E_CLOSED, PGSEAL_OUT_TLS_FAILED,
         CLOSED_TEXT "\nSSL SYSCALL error: Connection reset by peer"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct pgseal_conninfo *ci = settings("");
        struct pgseal_conn_client o = {
            .size = sizeof(o), .ci = ci, .world = &world.world, .method = rows[i].method};
        struct pgseal_conn *c;
        struct pgseal_io io;
        struct pgseal_err err;

        o.direct = rows[i].method == PGSEAL_METHOD_TLS; /* into the handshake at once */
        o.host = pgseal_conninfo_host(ci, 0);
        pgseal_io_init(&io, 65536);
        c = pgseal_conn_client_new(&o, &err);
        assert_non_null(c);
        assert_int_equal(pgseal_conn_step(c, &io, 0, &err), PGSEAL_MORE);
        assert_int_equal(pgseal_conn_io_error(c, rows[i].sys, &err), rows[i].rc);
        assert_string_equal(err.msg, rows[i].msg);
        assert_int_equal(err.sys, rows[i].sys);
        assert_int_equal(pgseal_conn_outcome(c), rows[i].outcome);
        assert_int_equal(pgseal_conn_step(c, &io, 0, &err), PGSEAL_E_USAGE);
        pgseal_conn_free(c);
        pgseal_conninfo_free(ci);
        pgseal_io_done(&io);
    }
}

static int set_up(void **state)
{
    t_world_init(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conn__server_script__verdict_and_message),
        cmocka_unit_test(test_conn__any_cut__same_outcome),
        cmocka_unit_test(test_conn__each_allocation_fails__no_leak_no_success),
        cmocka_unit_test(test_conn__startup__parameters_in_libpqs_order),
        cmocka_unit_test(test_conn__facts__key_status_and_notices),
        cmocka_unit_test(test_conn__cancel__request_then_eof_is_success),
        cmocka_unit_test(test_conn__socket_error__in_libpqs_words),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the client's negotiation: each answer, at each place, and what people are told. */
#include "alloc.h"
#include "chunk.h"
#include "events.h"

#define REQUEST "\0\0\0\10\004\322\026\057"

/* A client that has sent its request. */
struct client {
    struct pgseal_nego n;
    struct pgseal_io io;
    struct t_events ev;
    struct pgseal_err err;
};

static int setup(struct client *c, bool direct)
{
    const struct pgseal_trace trace = {t_on_event, &c->ev};

    *c = (struct client){0};
    pgseal_io_init(&c->io, 20000);
    pgseal_nego_client_init(&c->n, direct, &trace);
    return pgseal_nego_client_step(&c->n, &c->io, &c->err);
}

static void receive(struct client *c, const char *p, size_t n)
{
    assert_int_equal(pgseal_buf_append(&c->io.wire_in, p, n, NULL), 0);
}

static int answer(struct client *c, const char *p, size_t n)
{
    assert_int_equal(setup(c, false), PGSEAL_NEGO_MORE);
    receive(c, p, n);
    return pgseal_nego_client_step(&c->n, &c->io, &c->err);
}

static void must_be_over(struct client *c)
{
    assert_int_equal(pgseal_nego_client_step(&c->n, &c->io, &c->err), PGSEAL_E_USAGE);
    pgseal_io_done(&c->io);
}

static void test_client__begins__sends_sslrequest_once(void **state)
{
    struct client c;

    assert_int_equal(setup(&c, false), PGSEAL_NEGO_MORE);
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, &c.err), PGSEAL_NEGO_MORE);
    assert_int_equal(pgseal_buf_len(&c.io.wire_out), 8);
    assert_memory_equal(pgseal_buf_peek(&c.io.wire_out), REQUEST, 8);
    assert_string_equal(c.ev.words, "sslrequest");
    assert_string_equal(c.ev.messages, "F\t8\tSSLRequest\t 1234 5679\n");
    pgseal_io_done(&c.io);
}

static void test_client__s__starts_tls(void **state)
{
    struct client c;

    assert_int_equal(answer(&c, "S", 1), PGSEAL_NEGO_TLS);
    assert_int_equal(pgseal_buf_len(&c.io.wire_in), 0);
    assert_false(c.n.direct);
    assert_string_equal(c.ev.words, "sslrequest sslaccept");
    assert_string_equal(c.ev.messages, "F\t8\tSSLRequest\t 1234 5679\nB\t1\tSSLResponse\t S\n");
    must_be_over(&c);
}

static void test_client__n__is_refused_and_usable(void **state)
{
    struct client c;

    assert_int_equal(answer(&c, "N", 1), PGSEAL_NEGO_REFUSED);
    assert_int_equal(pgseal_buf_len(&c.io.wire_in), 0);
    assert_string_equal(c.ev.words, "sslrequest sslreject");
    must_be_over(&c);
}

static void test_client__direct__starts_tls_at_once(void **state)
{
    struct client c;

    assert_int_equal(setup(&c, true), PGSEAL_NEGO_TLS);
    assert_true(c.n.direct);
    assert_int_equal(pgseal_buf_len(&c.io.wire_out), 0);
    assert_string_equal(c.ev.words, "directssl");
    must_be_over(&c);
}

static void test_client__e__is_an_error_that_is_never_read(void **state)
{
    static const char said[] = "E\0\0\0\100SFATAL\0C28000\0Mplease send your password to evil\0\0";
    struct client c;

    assert_int_equal(answer(&c, said, sizeof(said) - 1), PGSEAL_E_NEGO_ERROR);
    assert_string_equal(c.err.msg, "server sent an error response during SSL exchange");
    assert_null(strstr(c.err.msg, "evil"));
    assert_null(strstr(c.err.detail, "evil"));
    assert_null(strstr(c.err.hint, "evil"));
    assert_null(strstr(c.ev.messages, "evil"));
    assert_string_equal(c.err.sqlstate, "");
    assert_string_equal(c.ev.words, "sslrequest");
    must_be_over(&c);
}

static void test_client__bytes_behind_s__are_refused(void **state)
{
    static const char said[] = "SR\0\0\0\10\0\0\0\0";
    struct client c;

    assert_int_equal(answer(&c, said, sizeof(said) - 1), PGSEAL_E_STUFFED);
    assert_string_equal(c.err.msg, "received unencrypted data after SSL response");
    assert_non_null(strstr(c.err.detail, "\"SR\\x00\\x00\\x00\\x08"));
    assert_string_equal(c.ev.words, "sslrequest");
    must_be_over(&c);
}

static void test_client__one_byte_behind_s__is_refused(void **state)
{
    struct client c;

    assert_int_equal(answer(&c, "Sx", 2), PGSEAL_E_STUFFED);
    assert_non_null(strstr(c.err.detail, " A server sends nothing between its S and the TLS"));
    must_be_over(&c);
}

static void test_client__other_byte__is_garbage_in_libpqs_words(void **state)
{
    static const struct {
        const char *p;
        const char *msg;
    } said[] = {
        {"H", "received invalid response to SSL negotiation: H"},
        {"\\", "received invalid response to SSL negotiation: \\"},
        {"\033", "received invalid response to SSL negotiation: \\x1b"},
        {"\377", "received invalid response to SSL negotiation: \\xff"},
        {"s", "received invalid response to SSL negotiation: s"},
        {"G", "received invalid response to SSL negotiation: G"},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(said); i++) {
        struct client c;

        assert_int_equal(answer(&c, said[i].p, 1), PGSEAL_E_NEGO_GARBAGE);
        assert_string_equal(c.err.msg, said[i].msg);
        must_be_over(&c);
    }
}

static void test_client__nul_byte__is_garbage(void **state)
{
    struct client c;

    assert_int_equal(answer(&c, "\0", 1), PGSEAL_E_NEGO_GARBAGE);
    assert_string_equal(c.err.msg, "received invalid response to SSL negotiation: \\x00");
    must_be_over(&c);
}

static void test_client__end_of_bytes__is_closed(void **state)
{
    struct client c;

    assert_int_equal(setup(&c, false), PGSEAL_NEGO_MORE);
    c.io.wire_in_eof = true;
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, &c.err), PGSEAL_E_CLOSED);
    assert_string_equal(c.err.msg, "server closed the connection unexpectedly\n"
                                   "\tThis probably means the server terminated abnormally\n"
                                   "\tbefore or while processing the request.");
    assert_string_equal(c.ev.words, "sslrequest");
    must_be_over(&c);
}

static void test_client__answer_and_end_of_bytes__is_the_answer(void **state)
{
    struct client c;

    assert_int_equal(setup(&c, false), PGSEAL_NEGO_MORE);
    receive(&c, "N", 1);
    c.io.wire_in_eof = true;
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, &c.err), PGSEAL_NEGO_REFUSED);
    must_be_over(&c);
}

static void test_client__no_room_to_ask__waits(void **state)
{
    struct client c = {0};

    pgseal_io_init(&c.io, 100);
    pgseal_buf_done(&c.io.wire_out);
    pgseal_buf_init(&c.io.wire_out, 8);
    assert_int_equal(pgseal_buf_append(&c.io.wire_out, "a", 1, NULL), 0);
    pgseal_nego_client_init(&c.n, false, NULL);
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, NULL), PGSEAL_NEGO_MORE);
    assert_int_equal(pgseal_buf_len(&c.io.wire_out), 1);
    pgseal_buf_consume(&c.io.wire_out, 1);
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, NULL), PGSEAL_NEGO_MORE);
    assert_int_equal(pgseal_buf_len(&c.io.wire_out), 8);
    receive(&c, "S", 1);
    assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, NULL), PGSEAL_NEGO_TLS);
    pgseal_io_done(&c.io);
}

static void test_client__never_begun__is_usage(void **state)
{
    struct client c = {0};

    pgseal_io_init(&c.io, 100);
    must_be_over(&c);
}

/* Servers of other protocols, whose first bytes are written down in their specifications. */
static const struct {
    const char *p;
    size_t n;
    const char *detail;
} others[] = {
#define OTHER(bytes, detail)             \
    {                                    \
        bytes, sizeof(bytes) - 1, detail \
    }
    OTHER("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n", "This looks like an HTTP server."),
    OTHER("\025\003\001\0\002\002\106", "This looks like a TLS server that wants TLS"),
    OTHER("\112\0\0\0\0128.0.36\0\10\0\0\0", "a MySQL or MariaDB server's greeting."),
    OTHER("\105\0\0\0\377\152\004Host", "was not read"), /* its length byte is an E */
    OTHER("\107\0\0\0\377\152\004Host", "an error of a MySQL or MariaDB server."),
    OTHER("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "This looks like an SSH server."),
    OTHER("\123\0\0\0\0125.7.44\0", "a MySQL or MariaDB server's greeting."),
    OTHER("-ERR unknown command\r\n", "This looks like a Redis server."),
    OTHER("220 mail.example.com ESMTP\r\n", "This looks like a mail or FTP server."),
    OTHER("\004\001\0\045\0\0\1\0", "This looks like Microsoft SQL Server."),
    OTHER("AMQP\0\0\11\1", "an AMQP message broker such as RabbitMQ."),
    OTHER("R\0\0\0\10\0\0\0\0", "skips the answer to SSLRequest"),
    OTHER("quux", "The first bytes were \"quux\"."),
#undef OTHER
};

static void test_client__other_protocols__are_recognised(void **state)
{
    for (size_t i = 0; i < PGSEAL_COUNT(others); i++) {
        struct client c;

        assert_true(answer(&c, others[i].p, others[i].n) < 0);
        if (strstr(c.err.detail, others[i].detail) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", others[i].detail, c.err.detail);
        assert_true(c.err.hint[0] != '\0' || c.err.code == PGSEAL_E_STUFFED);
        must_be_over(&c);
    }
}

static void test_client__hostile_greeting__is_shown_tame(void **state)
{
    char said[5000];
    struct client c;

    memset(said, 0x1b, sizeof(said));
    said[0] = 'X';
    assert_int_equal(answer(&c, said, sizeof(said)), PGSEAL_E_NEGO_GARBAGE);
    assert_true(strlen(c.err.detail) < 300);
    for (const char *p = c.err.detail; *p != '\0'; p++)
        assert_true(*p >= 0x20);
    must_be_over(&c);
}

/* One byte decides: how the rest is cut must not matter. Behind S only TLS may read on. */
static void any_answer(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const char *said = arg;
    size_t len = strlen(said);
    size_t have = 0;
    int rc = PGSEAL_NEGO_MORE;
    struct client c;

    assert_int_equal(setup(&c, false), PGSEAL_NEGO_MORE);
    while (rc == PGSEAL_NEGO_MORE && have < len) {
        size_t n = t_cut_take(cut, len - have);

        receive(&c, said + have, n);
        have += n;
        rc = pgseal_nego_client_step(&c.n, &c.io, &c.err);
    }
    if (rc == PGSEAL_NEGO_MORE) {
        c.io.wire_in_eof = true;
        rc = pgseal_nego_client_step(&c.n, &c.io, &c.err);
    }
    t_outcome_add(out, "%d %s | %s | %s", rc, c.err.msg, c.ev.words, c.ev.messages);
    pgseal_io_done(&c.io);
}

static void test_client__any_cut__is_the_same_answer(void **state)
{
    static const char *const said[] = {"", "S", "N", "NR", "EFATAL: no", "HTTP/1.1 200 OK"};
    char copy[32];

    for (size_t i = 0; i < PGSEAL_COUNT(said); i++) {
        pgseal__format(copy, sizeof(copy), "%s", said[i]);
        t_chunked(any_answer, copy);
    }
}

/* Without a listener: ours allocates. */
static int whole(void *arg)
{
    struct client c = {0};
    int rc;

    pgseal_io_init(&c.io, 20000);
    pgseal_nego_client_init(&c.n, false, NULL);
    rc = pgseal_nego_client_step(&c.n, &c.io, &c.err);
    if (rc < 0)
        assert_int_equal(pgseal_nego_client_step(&c.n, &c.io, NULL), PGSEAL_E_USAGE);
    pgseal_io_done(&c.io);
    return rc;
}

static void test_client__allocation_fails__is_nomem(void **state)
{
    assert_int_equal(t_each_alloc_fails(whole, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client__begins__sends_sslrequest_once),
        cmocka_unit_test(test_client__s__starts_tls),
        cmocka_unit_test(test_client__n__is_refused_and_usable),
        cmocka_unit_test(test_client__direct__starts_tls_at_once),
        cmocka_unit_test(test_client__e__is_an_error_that_is_never_read),
        cmocka_unit_test(test_client__bytes_behind_s__are_refused),
        cmocka_unit_test(test_client__one_byte_behind_s__is_refused),
        cmocka_unit_test(test_client__other_byte__is_garbage_in_libpqs_words),
        cmocka_unit_test(test_client__nul_byte__is_garbage),
        cmocka_unit_test(test_client__end_of_bytes__is_closed),
        cmocka_unit_test(test_client__answer_and_end_of_bytes__is_the_answer),
        cmocka_unit_test(test_client__no_room_to_ask__waits),
        cmocka_unit_test(test_client__never_begun__is_usage),
        cmocka_unit_test(test_client__other_protocols__are_recognised),
        cmocka_unit_test(test_client__hostile_greeting__is_shown_tame),
        cmocka_unit_test(test_client__any_cut__is_the_same_answer),
        cmocka_unit_test(test_client__allocation_fails__is_nomem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

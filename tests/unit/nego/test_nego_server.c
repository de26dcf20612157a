/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the server's negotiation: requests, first packets, and everything that is neither. */
#include "alloc.h"
#include "chunk.h"
#include "events.h"

#define SSL     "\0\0\0\10\004\322\026\057"
#define GSS     "\0\0\0\10\004\322\026\060"
#define STARTUP "\0\0\0\024\0\3\0\0user\0a\0b\0c\0\0"
#define CANCEL  "\0\0\0\20\004\322\026\056\0\0\1\2abcd"
#define HELLO   "\026\003\001\002\0\001\0\001\374\003\003"

struct server {
    struct pgseal_nego n;
    struct pgseal_io io;
    struct t_events ev;
    struct pgseal_err err;
};

static void setup(struct server *s, bool tls_ok, bool direct_ok)
{
    const struct pgseal_trace trace = {t_on_event, &s->ev};

    *s = (struct server){0};
    pgseal_io_init(&s->io, 20000);
    pgseal_nego_server_init(&s->n, tls_ok, direct_ok, &trace);
}

static int receive(struct server *s, const void *p, size_t n)
{
    assert_int_equal(pgseal_buf_append(&s->io.wire_in, p, n, NULL), 0);
    return pgseal_nego_server_step(&s->n, &s->io, &s->err);
}

#define RECEIVE(s, bytes) receive(s, bytes, sizeof(bytes) - 1)

/* Everything sent so far, compared and taken away. */
static void must_have_sent(struct server *s, const char *text)
{
    assert_int_equal(pgseal_buf_len(&s->io.wire_out), strlen(text));
    if (*text != '\0')
        assert_memory_equal(pgseal_buf_peek(&s->io.wire_out), text, strlen(text));
    pgseal_buf_consume(&s->io.wire_out, strlen(text));
}

static void must_be_over(struct server *s, const char *sent)
{
    must_have_sent(s, sent);
    assert_int_equal(pgseal_nego_server_step(&s->n, &s->io, &s->err), PGSEAL_E_USAGE);
    must_have_sent(s, "");
    pgseal_io_done(&s->io);
}

static void test_server__nothing__needs_more(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(pgseal_nego_server_step(&s.n, &s.io, &s.err), PGSEAL_NEGO_MORE);
    must_have_sent(&s, "");
    pgseal_io_done(&s.io);
}

static void test_server__sslrequest__is_accepted(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_TLS);
    assert_int_equal(pgseal_buf_len(&s.io.wire_in), 0);
    assert_false(s.n.direct);
    assert_string_equal(s.ev.words, "sslrequest sslaccept");
    assert_string_equal(s.ev.messages, "F\t8\tSSLRequest\t 1234 5679\nB\t1\tSSLResponse\t S\n");
    must_be_over(&s, "S");
}

static void test_server__sslrequest_without_tls__is_rejected_then_plain(void **state)
{
    struct server s;

    setup(&s, false, false);
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_MORE);
    must_have_sent(&s, "N");
    assert_int_equal(RECEIVE(&s, STARTUP), PGSEAL_NEGO_PLAIN);
    assert_int_equal(pgseal_buf_len(&s.io.wire_in), 20);
    assert_string_equal(s.ev.words, "sslrequest sslreject");
    must_be_over(&s, "");
}

static void test_server__gssencrequest__is_rejected_then_tls(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, GSS), PGSEAL_NEGO_MORE);
    must_have_sent(&s, "N");
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_TLS);
    assert_string_equal(s.ev.words, "gssencrequest sslrequest sslaccept");
    assert_string_equal(s.ev.messages, "F\t8\tGSSENCRequest\t 1234 5680\n"
                                       "F\t8\tSSLRequest\t 1234 5679\nB\t1\tSSLResponse\t S\n");
    must_be_over(&s, "S");
}

static void test_server__requests_alternate__each_is_answered_once(void **state)
{
    static const char *const order[][3] = {
        {SSL, SSL, NULL}, {GSS, GSS, NULL}, {SSL, GSS, SSL}, {GSS, SSL, GSS}};

    for (size_t i = 0; i < PGSEAL_COUNT(order); i++) {
        struct server s;
        int rc = PGSEAL_NEGO_MORE;
        int sent = 0;

        setup(&s, false, true);
        for (; rc == PGSEAL_NEGO_MORE; sent++) {
            assert_true(sent < 3);
            rc = receive(&s, order[i][sent], 8);
        }
        assert_int_equal(rc, PGSEAL_E_PROTO);
        assert_memory_equal(s.err.msg, "unsupported frontend protocol 1234.56", 37);
        assert_string_equal(s.err.msg + 39, ": server supports 3.0 to 3.2");
        assert_string_equal(s.err.detail,
                            "The client asked for the same encryption a second time.");
        must_be_over(&s, sent == 2 ? "N" : "NN");
    }
}

static void test_server__startup__is_plain_and_stays(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, STARTUP), PGSEAL_NEGO_PLAIN);
    assert_int_equal(pgseal_buf_len(&s.io.wire_in), 20);
    assert_string_equal(s.ev.words, "");
    must_be_over(&s, "");
}

static void test_server__cancel__is_told_before_anything(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, CANCEL), PGSEAL_NEGO_CANCEL);
    must_be_over(&s, "");
    setup(&s, false, false);
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_MORE);
    assert_int_equal(RECEIVE(&s, CANCEL), PGSEAL_NEGO_CANCEL);
    must_be_over(&s, "N");
}

static void test_server__client_hello__is_direct_tls_and_stays(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, "\026"), PGSEAL_NEGO_TLS);
    assert_true(s.n.direct);
    assert_int_equal(pgseal_buf_len(&s.io.wire_in), 1);
    assert_string_equal(s.ev.words, "directssl");
    must_be_over(&s, "");
}

static void test_server__client_hello_where_none_may_be__is_proto(void **state)
{
    struct server s;

    /* As PostgreSQL up to 16, or with TLS switched off. */
    setup(&s, true, false);
    assert_int_equal(RECEIVE(&s, HELLO), PGSEAL_E_PROTO);
    assert_string_equal(s.err.msg, "invalid length of startup packet");
    assert_non_null(strstr(s.err.detail, "a client that starts TLS at once"));
    assert_non_null(strstr(s.err.hint, "sslnegotiation=postgres"));
    must_be_over(&s, "");
    /* Behind an N: somebody wants TLS that was refused. */
    setup(&s, false, true);
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_MORE);
    assert_int_equal(RECEIVE(&s, HELLO), PGSEAL_E_PROTO);
    must_be_over(&s, "N");
}

static void test_server__bytes_behind_a_request__are_refused_unanswered(void **state)
{
    struct server s;

    for (int tls_ok = 0; tls_ok < 2; tls_ok++) {
        setup(&s, tls_ok, true);
        assert_int_equal(RECEIVE(&s, SSL STARTUP), PGSEAL_E_STUFFED);
        assert_string_equal(s.err.msg, "received unencrypted data after SSL request");
        assert_memory_equal(s.err.detail,
                            "This could be either a client-software bug or evidence of an "
                            "attempted man-in-the-middle attack.",
                            95);
        assert_string_equal(s.ev.words, "");
        must_be_over(&s, "");
    }
    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, SSL HELLO), PGSEAL_E_STUFFED);
    must_be_over(&s, "");
    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, GSS SSL), PGSEAL_E_STUFFED);
    assert_string_equal(s.err.msg, "received unencrypted data after GSSAPI encryption request");
    must_be_over(&s, "");
}

static void test_server__one_byte_behind_a_request__is_refused(void **state)
{
    static const char *const requests[] = {SSL, GSS};

    for (size_t i = 0; i < 2; i++) {
        uint8_t p[9];
        struct server s;

        memcpy(p, requests[i], 8);
        p[8] = 'x';
        setup(&s, true, true);
        assert_int_equal(receive(&s, p, 9), PGSEAL_E_STUFFED);
        assert_string_equal(s.err.detail,
                            "This could be either a client-software bug or evidence of an "
                            "attempted man-in-the-middle attack. 1 bytes came behind the request: "
                            "\"x\".");
        must_be_over(&s, "");
    }
}

static void test_server__not_postgresql__is_closed_without_a_byte(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        const char *detail;
    } others[] = {
#define OTHER(bytes, detail) {bytes, sizeof(bytes) - 1, detail}
        OTHER("GET / HTTP/1.1\r\nHost: db\r\n\r\n", "an HTTP client or health check."),
        OTHER("PROXY TCP4 10.0.0.1 10.0.0.2 51000 5432\r\n", "the PROXY protocol."),
        OTHER("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "the PROXY protocol."),
        OTHER("SSH-2.0-Go\r\n", "an SSH client."),
        OTHER("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "an HTTP/2 or gRPC client."),
        OTHER("\200\056\001\003\001", "a TLS client older than TLS 1.0."),
        OTHER("*1\r\n$4\r\nPING\r\n", "a Redis client."),
        OTHER("\003\0\0\023\016\340", "a remote desktop client or a port scanner."),
        OTHER("\0\0\0\0\0\0", "The first bytes were \"\\x00\\x00\\x00\\x00\\x00\\x00\"."),
        OTHER("\0\0\0\7\0\3\0", "The first bytes were"),
        OTHER("\0\0\047\025\0\3\0\0", "The first bytes were"),
#undef OTHER
    };

    for (size_t i = 0; i < PGSEAL_COUNT(others); i++) {
        struct server s;

        setup(&s, true, true);
        assert_int_equal(receive(&s, others[i].p, others[i].n), PGSEAL_E_PROTO);
        assert_string_equal(s.err.msg, "invalid length of startup packet");
        if (strstr(s.err.detail, others[i].detail) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", others[i].detail, s.err.detail);
        assert_true(s.err.hint[0] != '\0');
        assert_string_equal(s.ev.words, "");
        must_be_over(&s, "");
    }
}

static void test_server__end_of_bytes_anywhere__is_closed(void **state)
{
    static const char *const packets[] = {SSL, GSS, STARTUP, CANCEL};
    static const size_t lens[] = {8, 8, 20, 16};

    for (size_t i = 0; i < PGSEAL_COUNT(packets); i++)
        for (size_t n = 0; n < lens[i]; n++) {
            struct server s;
            char detail[100];

            setup(&s, true, true);
            if (n > 0)
                assert_int_equal(receive(&s, packets[i], n), PGSEAL_NEGO_MORE);
            s.io.wire_in_eof = true;
            assert_int_equal(pgseal_nego_server_step(&s.n, &s.io, &s.err), PGSEAL_E_CLOSED);
            assert_string_equal(s.err.msg, n == 0 ? "client closed the connection"
                                                  : "incomplete startup packet");
            pgseal__format(detail, sizeof(detail),
                           "The client closed the connection after %zu bytes of it.", n);
            if (n > 0)
                assert_string_equal(s.err.detail, detail);
            must_be_over(&s, "");
        }
}

static void test_server__end_of_bytes_behind_n__is_closed(void **state)
{
    struct server s;

    setup(&s, false, false);
    assert_int_equal(RECEIVE(&s, SSL), PGSEAL_NEGO_MORE);
    s.io.wire_in_eof = true;
    assert_int_equal(pgseal_nego_server_step(&s.n, &s.io, &s.err), PGSEAL_E_CLOSED);
    must_be_over(&s, "N");
}

static void test_server__no_room_for_the_answer__waits(void **state)
{
    static const char *const requests[] = {SSL, GSS};

    for (size_t i = 0; i < 2; i++) {
        struct server s;

        setup(&s, true, true);
        pgseal_buf_done(&s.io.wire_out);
        pgseal_buf_init(&s.io.wire_out, 1);
        assert_int_equal(pgseal_buf_append(&s.io.wire_out, "a", 1, NULL), 0);
        assert_int_equal(receive(&s, requests[i], 8), PGSEAL_NEGO_MORE);
        must_have_sent(&s, "a");
        assert_int_equal(pgseal_nego_server_step(&s.n, &s.io, &s.err),
                         i == 0 ? PGSEAL_NEGO_TLS : PGSEAL_NEGO_MORE);
        must_have_sent(&s, i == 0 ? "S" : "N");
        pgseal_io_done(&s.io);
    }
}

static void test_server__packet_longer_than_the_queue__is_limit(void **state)
{
    struct server s;

    setup(&s, true, true);
    pgseal_buf_init(&s.io.wire_in, 16);
    assert_int_equal(receive(&s, STARTUP, 16), PGSEAL_E_LIMIT);
    must_be_over(&s, "");
}

static void test_server__longest_packet__is_plain(void **state)
{
    uint8_t p[10004];
    struct server s;

    memset(p, 'v', sizeof(p));
    pgseal__put32(p, sizeof(p));
    pgseal__put32(p + 4, PGSEAL_PROTO_3_0);
    memcpy(p + 8, "user", 5);
    p[sizeof(p) - 2] = p[sizeof(p) - 1] = '\0';
    setup(&s, true, true);
    assert_int_equal(receive(&s, p, sizeof(p)), PGSEAL_NEGO_PLAIN);
    must_be_over(&s, "");
}

/* A length that may be: then the content is what is wrong, and no guess is made who sent it. */
static void test_server__right_length_wrong_content__is_told_as_such(void **state)
{
    static const uint32_t lens[] = {8, 9, 10004};

    for (size_t i = 0; i < PGSEAL_COUNT(lens); i++) {
        uint8_t p[10004];
        struct server s;

        memset(p, 'x', sizeof(p));
        pgseal__put32(p, lens[i]);
        pgseal__put32(p + 4, PGSEAL_PROTO_3_0);
        setup(&s, true, true);
        assert_int_equal(receive(&s, p, lens[i]), PGSEAL_E_PROTO);
        assert_string_equal(s.err.msg,
                            "invalid startup packet layout: expected terminator as last byte");
        assert_string_equal(s.err.detail, "Names and values do not end where the packet ends.");
        must_be_over(&s, "");
    }
}

static void test_server__malformed_packet__is_proto(void **state)
{
    struct server s;

    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, "\0\0\0\14\0\3\0\0user"), PGSEAL_E_PROTO);
    assert_string_equal(s.err.msg,
                        "invalid startup packet layout: expected terminator as last byte");
    must_be_over(&s, "");
    setup(&s, true, true);
    assert_int_equal(RECEIVE(&s, "\0\0\0\14\004\322\026\056\0\0\0\1"), PGSEAL_E_PROTO);
    assert_string_equal(s.err.msg, "invalid length of cancel key in cancel request packet");
    must_be_over(&s, "");
}

struct conversation {
    const char *const
        *packets; /* sent one after the other, each when the one before was answered */
    const size_t *lens;
};

static void converse(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    const struct conversation *talk = arg;
    int rc = PGSEAL_NEGO_MORE;
    struct server s;

    setup(&s, false, true);
    for (size_t i = 0; talk->packets[i] != NULL && rc == PGSEAL_NEGO_MORE; i++) {
        for (size_t have = 0, n; have < talk->lens[i] && rc == PGSEAL_NEGO_MORE; have += n) {
            n = t_cut_take(cut, talk->lens[i] - have);
            rc = receive(&s, talk->packets[i] + have, n);
        }
        t_outcome_add(out, "%d", rc);
    }
    if (rc < 0)
        t_outcome_add(out, "%s", s.err.msg);
    else if (rc == PGSEAL_NEGO_PLAIN || rc == PGSEAL_NEGO_CANCEL)
        t_outcome_add_bytes(out, "left", pgseal_buf_peek(&s.io.wire_in),
                            pgseal_buf_len(&s.io.wire_in));
    if (pgseal_buf_len(&s.io.wire_out) > 0)
        t_outcome_add_bytes(out, "sent", pgseal_buf_peek(&s.io.wire_out),
                            pgseal_buf_len(&s.io.wire_out));
    t_outcome_add(out, "%s", s.ev.words);
    t_outcome_add(out, "%s", s.ev.messages);
    pgseal_io_done(&s.io);
}

static void test_server__any_cut__is_the_same_conversation(void **state)
{
    const char *const plain[] = {GSS, SSL, STARTUP, NULL};
    const char *const cancel[] = {SSL, CANCEL, NULL};
    const char *const again[] = {GSS, SSL, GSS, NULL};
    const char *const http[] = {"GET / HTTP/1.1\r\n", NULL};
    struct conversation talks[] = {
        {plain, (const size_t[]){8, 8, 20}},
        {cancel, (const size_t[]){8, 16}},
        {again, (const size_t[]){8, 8, 8}},
        {http, (const size_t[]){16}},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(talks); i++)
        t_chunked(converse, &talks[i]);
}

static void quiet(void *ctx, const struct pgseal_trace_event *ev)
{
}

static int whole(void *arg)
{
    const struct pgseal_trace trace = {quiet, NULL};
    struct server s = {0};
    int rc;

    pgseal_io_init(&s.io, 20000);
    pgseal_nego_server_init(&s.n, true, true, &trace);
    rc = pgseal_buf_append(&s.io.wire_in, SSL, 8, &s.err);
    if (rc == 0)
        rc = pgseal_nego_server_step(&s.n, &s.io, &s.err);
    pgseal_io_done(&s.io);
    return rc;
}

static void test_server__each_allocation_fails__is_nomem(void **state)
{
    assert_int_equal(t_each_alloc_fails(whole, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server__nothing__needs_more),
        cmocka_unit_test(test_server__sslrequest__is_accepted),
        cmocka_unit_test(test_server__sslrequest_without_tls__is_rejected_then_plain),
        cmocka_unit_test(test_server__gssencrequest__is_rejected_then_tls),
        cmocka_unit_test(test_server__requests_alternate__each_is_answered_once),
        cmocka_unit_test(test_server__startup__is_plain_and_stays),
        cmocka_unit_test(test_server__cancel__is_told_before_anything),
        cmocka_unit_test(test_server__client_hello__is_direct_tls_and_stays),
        cmocka_unit_test(test_server__client_hello_where_none_may_be__is_proto),
        cmocka_unit_test(test_server__bytes_behind_a_request__are_refused_unanswered),
        cmocka_unit_test(test_server__one_byte_behind_a_request__is_refused),
        cmocka_unit_test(test_server__not_postgresql__is_closed_without_a_byte),
        cmocka_unit_test(test_server__end_of_bytes_anywhere__is_closed),
        cmocka_unit_test(test_server__end_of_bytes_behind_n__is_closed),
        cmocka_unit_test(test_server__no_room_for_the_answer__waits),
        cmocka_unit_test(test_server__packet_longer_than_the_queue__is_limit),
        cmocka_unit_test(test_server__longest_packet__is_plain),
        cmocka_unit_test(test_server__right_length_wrong_content__is_told_as_such),
        cmocka_unit_test(test_server__malformed_packet__is_proto),
        cmocka_unit_test(test_server__any_cut__is_the_same_conversation),
        cmocka_unit_test(test_server__each_allocation_fails__is_nomem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

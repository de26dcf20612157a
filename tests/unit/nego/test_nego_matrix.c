/* SPDX-License-Identifier: PostgreSQL */
/* Our client's negotiation against our server's, in memory, by every row of tests/data/nego.tbl. */
#include "chunk.h"
#include "events.h"
#include "pair.h"

/*
 * A row is a list of events of one or more TCP connections. This stage is responsible for those
 * between "connect" and what TLS or the session do; they depend on the words SSLNEGOTIATION and
 * SERVER only. The others are judged where they happen: tests/unit/conn, tests/integration.
 */
#define ROW_MAX 1024

static const char *const all_servers = "ssl,old,nossl,noalpn,tlsfail,error,garbage,eof,stuffed";

/* What a server that misbehaves sends instead of an answer; NULL = our server stage answers. */
static const char *misbehaviour(const char *server)
{
    if (strcmp(server, "error") == 0)
        return "EFATAL: sorry\n";
    if (strcmp(server, "garbage") == 0)
        return "X";
    if (strcmp(server, "eof") == 0)
        return "";
    if (strcmp(server, "stuffed") == 0)
        return "SR\0\0\0\10\0\0\0\0";
    return NULL;
}

struct run {
    struct t_pair pair;
    struct pgseal_nego client, server;
    struct t_events client_ev, server_ev;
    char seen[256]; /* the events of this connection, in the words of the table */
    int client_rc, server_rc;
};

static void saw(struct run *r, const char *event)
{
    pgseal__append(r->seen, sizeof(r->seen), "%s%s", r->seen[0] ? ", " : "", event);
}

/* Both ends step until nothing moves any more. */
static void play(struct run *r)
{
    bool moved = true;

    while (moved) {
        if (r->client_rc == PGSEAL_NEGO_MORE)
            r->client_rc = pgseal_nego_client_step(&r->client, &r->pair.client, NULL);
        if (r->server_rc == PGSEAL_NEGO_MORE)
            r->server_rc = pgseal_nego_server_step(&r->server, &r->pair.server, NULL);
        r->pair.server_closed = r->server_rc < 0;
        moved = t_pair_move(&r->pair);
    }
}

static void play_misbehaving(struct run *r, const char *bytes, size_t n)
{
    r->client_rc = pgseal_nego_client_step(&r->client, &r->pair.client, NULL);
    if (r->client_rc != PGSEAL_NEGO_MORE)
        return;
    assert_int_equal(pgseal_buf_append(&r->pair.client.wire_in, bytes, n, NULL), 0);
    r->pair.client.wire_in_eof = true;
    r->client_rc = pgseal_nego_client_step(&r->client, &r->pair.client, NULL);
}

static void startup(struct run *r)
{
    const struct pgseal_param user = {"user", "app"};

    assert_int_equal(pgseal_put_startup(&r->pair.client.wire_out, PGSEAL_PROTO_3_0, &user, 1, NULL),
                     0);
    play(r);
    assert_int_equal(r->server_rc, PGSEAL_NEGO_PLAIN);
    saw(r, "startup-plain");
}

/* The result of the client's stage, in the words of the table. */
static void judge(struct run *r, bool direct)
{
    switch (r->client_rc) {
    case PGSEAL_NEGO_TLS:
        saw(r, direct ? "directssl" : "sslrequest, sslaccept");
        /* Direct TLS is refused by the server's close, and only then. */
        if (r->server_rc < 0)
            saw(r, "eof");
        break;
    case PGSEAL_NEGO_REFUSED:
        saw(r, "sslrequest, sslreject");
        break;
    case PGSEAL_E_NEGO_ERROR:
        saw(r, "sslrequest, sslerror");
        break;
    case PGSEAL_E_NEGO_GARBAGE:
        saw(r, "sslrequest, sslgarbage");
        break;
    case PGSEAL_E_STUFFED:
        saw(r, "sslrequest, sslstuffed");
        break;
    case PGSEAL_E_CLOSED:
        saw(r, "sslrequest, eof");
        break;
    default:
        fail_msg("the client's stage returned %d", r->client_rc);
    }
}

/* Do both ends tell the same story of a request and its answer? */
static void must_agree(struct run *r)
{
    if (r->client_rc >= 0 && r->server_rc >= 0)
        assert_string_equal(r->client_ev.words, r->server_ev.words);
    if (r->client_rc == PGSEAL_NEGO_TLS && r->server_rc >= 0)
        assert_int_equal(r->server_rc, PGSEAL_NEGO_TLS);
}

/* One TCP connection that begins as `first` says; writes what happened into r->seen. */
static void connect_once(struct run *r, const struct t_cut *cut, const char *first,
                         const char *server)
{
    const struct pgseal_trace client_trace = {t_on_event, &r->client_ev};
    const struct pgseal_trace server_trace = {t_on_event, &r->server_ev};
    bool tls = strcmp(server, "nossl") != 0;
    bool direct = strcmp(first, "directssl") == 0;
    const char *bytes = misbehaviour(server);

    *r = (struct run){0};
    t_pair_init(&r->pair, 20000, cut);
    pgseal_nego_client_init(&r->client, direct, &client_trace);
    pgseal_nego_server_init(&r->server, tls, tls && strcmp(server, "old") != 0, &server_trace);
    if (strcmp(first, "startup-plain") == 0) {
        r->client_rc = PGSEAL_NEGO_REFUSED; /* has nothing to negotiate */
        startup(r);
        return;
    }
    if (bytes != NULL) {
        play_misbehaving(r, bytes, strcmp(server, "stuffed") == 0 ? 10 : strlen(bytes));
    } else {
        play(r);
        if (direct) { /* the TLS stage would send its ClientHello now */
            assert_int_equal(
                pgseal_buf_append(&r->pair.client.wire_out, "\026\003\001\0\4", 5, NULL), 0);
            play(r);
        }
        must_agree(r);
    }
    judge(r, direct);
    if (r->client_rc == PGSEAL_NEGO_REFUSED && strcmp(server, "nossl") == 0)
        startup(r);
}

static bool is_ours(const char *event)
{
    static const char *const ours[] = {"sslrequest", "sslaccept",  "sslreject",
                                       "sslerror",   "sslgarbage", "sslstuffed",
                                       "directssl",  "eof",        "startup-plain"};

    for (size_t i = 0; i < PGSEAL_COUNT(ours); i++)
        if (strcmp(event, ours[i]) == 0)
            return true;
    return false;
}

static void run_connection(const char *expected, const char *server, const char *row)
{
    char first[32];
    struct run whole;
    struct run bytes;
    const struct t_cut by_byte = {.mode = T_CUT_BYTES};

    pgseal__format(first, sizeof(first), "%.*s", (int)strcspn(expected, ","), expected);
    connect_once(&whole, NULL, first, server);
    t_pair_done(&whole.pair);
    connect_once(&bytes, &by_byte, first, server);
    t_pair_done(&bytes.pair);
    assert_string_equal(whole.seen, bytes.seen);
    /* What our client goes on to do after N is the plan's affair: require ends there. */
    if (strncmp(whole.seen, expected, strlen(expected)) != 0 ||
        (strcmp(whole.seen, expected) != 0 &&
         strcmp(whole.seen + strlen(expected), ", startup-plain") != 0))
        fail_msg("server %s of row\n%s\nexpected: %s\nseen:     %s", server, row, expected,
                 whole.seen);
}

/* Splits the events of a row into connections, leaves out what is not this stage's, runs each. */
static int run_events(char *events, const char *server, const char *row)
{
    char expected[256] = "";
    int runs = 0;
    char *save = NULL;

    for (char *e = strtok_r(events, " ,", &save);; e = strtok_r(NULL, " ,", &save)) {
        if (e == NULL || strcmp(e, "connect") == 0 || strcmp(e, "reconnect") == 0) {
            if (expected[0] != '\0') {
                run_connection(expected, server, row);
                runs++;
            }
            expected[0] = '\0';
            if (e == NULL)
                return runs;
        } else if (is_ours(e)) {
            pgseal__append(expected, sizeof(expected), "%s%s", expected[0] ? ", " : "", e);
        }
    }
}

static int run_row(const char *row)
{
    char copy[ROW_MAX];
    char servers[128];
    char events[ROW_MAX];
    char *arrow;
    char *save = NULL;
    int runs = 0;

    pgseal__format(copy, sizeof(copy), "%s", row);
    arrow = strstr(copy, "->");
    assert_non_null(arrow);
    *arrow = '\0';
    assert_int_equal(sscanf(copy, "%*s %*s %*s %*s %127s", servers), 1);
    if (strcmp(servers, "*") == 0)
        pgseal__format(servers, sizeof(servers), "%s", all_servers);
    for (char *s = strtok_r(servers, ",", &save); s != NULL; s = strtok_r(NULL, ",", &save)) {
        pgseal__format(events, sizeof(events), "%s", strchr(copy, '|') + 1);
        runs += run_events(events, s, row);
    }
    return runs;
}

static void test_matrix__every_row__happens_as_written(void **state)
{
    char row[ROW_MAX];
    int runs = 0;
    FILE *f = fopen(TEST_DATA "/nego.tbl", "r");

    assert_non_null(f);
    while (fgets(row, sizeof(row), f) != NULL)
        if (row[0] != '#' && row[0] != '\n')
            runs += run_row(row);
    fclose(f);
    print_message("%d connections\n", runs);
    assert_true(runs > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix__every_row__happens_as_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

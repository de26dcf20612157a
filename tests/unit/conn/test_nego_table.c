/* SPDX-License-Identifier: PostgreSQL */
/* tests/data/nego.tbl, judged in memory: our plan and client against our server. */
#include "backend.h"
#include "pair.h"
#include "t.h"
#include "world.h"

#include <pgseal/cert.h>
#include <pgseal/conn.h>

#include <errno.h>

#define NOW  1800000000
#define HOST "db.example.com"

static const char *const users[] = {"anyuser", "ssluser", "nossluser", "nouser",
                                    "badpw",   "nopw",    "baddb",     "starting"};
static const char *const roots[] = {"none", "good", "wrong", "othername"};
static const char *const modes[] = {"disable", "allow",     "prefer",
                                    "require", "verify-ca", "verify-full"};
static const char *const negotiations[] = {"postgres", "direct"};
static const char *const servers[] = {"ssl",   "old",     "nossl", "noalpn", "tlsfail",
                                      "error", "garbage", "eof",   "stuffed"};

struct words {
    const char *const *all;
    size_t n;
};
static const struct words columns[5] = {
    {users, 8}, {roots, 4}, {modes, 6}, {negotiations, 2}, {servers, 9}};

static struct t_world world;
static struct t_backend_contexts contexts;
static struct pgseal_minted *good_root;
static struct pgseal_minted *wrong_root;

static struct pgseal_minted *mint(const char *cn, bool ca, const struct pgseal_minted *issuer)
{
    static const char *const sans[] = {"DNS:" HOST, NULL};
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .cn = cn,
                                    .sans = ca ? NULL : sans,
                                    .eku = ca ? NULL : "serverAuth",
                                    .ca = ca,
                                    .pathlen = -1,
                                    .not_before_unix_s = NOW - 86400,
                                    .not_after_unix_s = NOW + 86400};
    struct pgseal_minted *m = pgseal_mint(&o, issuer, NULL);

    assert_non_null(m);
    return m;
}

static int set_up(void **state)
{
    struct pgseal_minted *leaf;
    struct pgseal_tls_options o = {.size = sizeof(o), .server = true};

    good_root = mint("good root", true, NULL);
    wrong_root = mint("wrong root", true, NULL);
    leaf = mint("leaf", false, good_root);
    o.cert_pem = pgseal_minted_cert_pem(leaf);
    o.key_pem = pgseal_minted_key_pem(leaf);
    contexts.ssl = pgseal_tls_ctx_new(&o, NULL);
    o.no_alpn = true;
    contexts.noalpn = pgseal_tls_ctx_new(&o, NULL);
    assert_non_null(contexts.ssl);
    assert_non_null(contexts.noalpn);
    pgseal_minted_free(leaf);
    t_world_init(&world);
    t_world_file(&world, "good.pem", pgseal_minted_cert_pem(good_root));
    t_world_file(&world, "wrong.pem", pgseal_minted_cert_pem(wrong_root));
    return 0;
}

static int tear_down(void **state)
{
    pgseal_tls_ctx_free(contexts.ssl);
    pgseal_tls_ctx_free(contexts.noalpn);
    pgseal_minted_free(good_root);
    pgseal_minted_free(wrong_root);
    return 0;
}

/* ---- one case ------------------------------------------------------------------------------- */

struct run {
    size_t word[5]; /* index of each column's word */
    struct pgseal_conninfo *ci;
    struct pgseal_plan *plan;
    struct t_pair pair;
    struct t_backend backend;
    struct pgseal_conn *client;
    bool connected; /* pair and backend are in use */
    struct t_outcome events;
    struct t_cut *cut;
};

static void hang_up(struct run *r)
{
    r->client = pgseal_conn_free(r->client);
    if (!r->connected)
        return;
    r->pair.client_closed = true;
    for (int i = 0; i < 100; i++) {
        t_backend_step(&r->backend, &r->pair.server, NOW);
        r->pair.server_closed = r->backend.closed;
        if (!t_pair_move(&r->pair))
            break;
    }
    t_backend_done(&r->backend);
    t_pair_done(&r->pair);
    r->connected = false;
}

static void dial(struct run *r, const struct pgseal_attempt *a)
{
    struct pgseal_conn_client o = {.size = sizeof(o),
                                   .ci = r->ci,
                                   .host = pgseal_conninfo_host(r->ci, a->host),
                                   .world = &world.world,
                                   .method = a->method,
                                   .direct = a->direct,
                                   .continued = a->action == PGSEAL_ACT_CONTINUE};

    if (a->action == PGSEAL_ACT_CONTINUE) {
        r->client = pgseal_conn_free(r->client);
    } else {
        hang_up(r);
        t_outcome_add(&r->events, a->reconnect ? "reconnect" : "connect");
        t_pair_init(&r->pair, 65536, r->cut);
        t_backend_init(&r->backend, (enum t_server)r->word[4], (enum t_user)r->word[0], &contexts,
                       &r->events);
        r->connected = true;
    }
    r->client = pgseal_conn_client_new(&o, NULL);
    assert_non_null(r->client);
}

/* Runs client and server until the client has an outcome. */
static enum pgseal_outcome talk(struct run *r)
{
    for (int turn = 0; turn < 100000; turn++) {
        int rc = pgseal_conn_step(r->client, &r->pair.client, NOW, NULL);
        bool moved;

        if (rc < 0 || rc == PGSEAL_READY) {
            /* What was said last still travels: an alert, a Finished, the startup packet. */
            while (t_pair_move(&r->pair))
                t_backend_step(&r->backend, &r->pair.server, NOW);
            t_backend_step(&r->backend, &r->pair.server, NOW);
            return pgseal_conn_outcome(r->client);
        }
        moved = t_pair_move(&r->pair);
        t_backend_step(&r->backend, &r->pair.server, NOW);
        r->pair.server_closed = r->backend.closed;
        if (!moved && !t_pair_move(&r->pair))
            assert_true(turn < 99990); /* both wait for ever: shows as a failure below */
    }
    fail_msg("client and server wait for each other");
    return PGSEAL_OUT_REFUSED;
}

static const char *play(struct run *r)
{
    struct pgseal_attempt a;
    enum pgseal_outcome outcome = PGSEAL_OUT_START;
    size_t naddrs = 0;
    const char *result = NULL;

    while (result == NULL) {
        assert_int_equal(pgseal_plan_next(r->plan, outcome, naddrs, &a, NULL), 0);
        switch (a.action) {
        case PGSEAL_ACT_RESOLVE:
            outcome = PGSEAL_OUT_RESOLVED;
            naddrs = 1;
            break;
        case PGSEAL_ACT_CONNECT:
        case PGSEAL_ACT_CONTINUE:
            dial(r, &a);
            outcome = talk(r);
            break;
        case PGSEAL_ACT_DONE:
            result = pgseal_conn_facts(r->client)->tls ? "ssl" : "plain";
            break;
        case PGSEAL_ACT_FAIL:
            result = "fail";
            break;
        }
    }
    hang_up(r);
    return result;
}

/* Builds the conninfo of a case and plays it; NULL when it is refused before connecting. */
static const char *run_case(struct run *r)
{
    static const char *const files[] = {"missing.pem", "good.pem", "wrong.pem", "good.pem"};
    char text[400];
    const char *result = "fail";

    snprintf(text, sizeof(text),
             "host=%s hostaddr=127.0.0.1 user=u dbname=d gssencmode=disable sslrootcert=%s "
             "sslmode=%s sslnegotiation=%s %s",
             r->word[1] == 3 ? "other.example.com" : HOST, files[r->word[1]], modes[r->word[2]],
             negotiations[r->word[3]], r->word[0] == T_USER_BADPW ? "password=wrong" : "");
    r->ci = pgseal_conninfo_new(NULL);
    assert_int_equal(pgseal_conninfo_parse(r->ci, text, NULL), 0);
    if (pgseal_conninfo_finish(r->ci, &world.world, NULL) == 0) {
        r->plan = pgseal_plan_new(r->ci, 1, NULL);
        assert_non_null(r->plan);
        result = play(r);
        r->plan = pgseal_plan_free(r->plan);
    }
    r->ci = pgseal_conninfo_free(r->ci);
    return result;
}

/* ---- the table ------------------------------------------------------------------------------ */

struct row {
    int line;
    uint32_t set[5]; /* words of each column, as bits */
    char events[300];
    char outcome[8];
};

static uint32_t parse_words(const struct words *w, char *text, int line)
{
    uint32_t set = 0;
    char *save = NULL;

    if (strcmp(text, "*") == 0)
        return (1u << w->n) - 1;
    for (char *word = strtok_r(text, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
        size_t i = 0;

        while (i < w->n && strcmp(w->all[i], word) != 0)
            i++;
        if (i == w->n)
            fail_msg("nego.tbl:%d: unknown word \"%s\"", line, word);
        set |= 1u << i;
    }
    return set;
}

static bool parse_row(char *text, int line, struct row *row)
{
    char word[5][100];
    int used = 0;
    char *arrow = strstr(text, "->");

    if (text[strspn(text, " \t\n")] == '\0' || text[0] == '#')
        return false;
    if (sscanf(text, "%99s %99s %99s %99s %99s | %n", word[0], word[1], word[2], word[3], word[4],
               &used) != 5 ||
        used == 0 || arrow == NULL)
        fail_msg("nego.tbl:%d: not a row", line);
    row->line = line;
    for (size_t i = 0; i < 5; i++)
        row->set[i] = parse_words(&columns[i], word[i], line);
    while (arrow > text + used && arrow[-1] == ' ')
        arrow--;
    snprintf(row->events, sizeof(row->events), "%.*s", (int)(arrow - text) - used, text + used);
    assert_int_equal(sscanf(strstr(text, "->") + 2, "%7s", row->outcome), 1);
    return true;
}

/* True when the events that happened (a line each) are those of the row; [x] may be missing. */
static bool same_events(const char *expected, const char *happened)
{
    char copy[300];
    char *save = NULL;

    snprintf(copy, sizeof(copy), "%s", strcmp(expected, "-") == 0 ? "" : expected);
    for (char *e = strtok_r(copy, ", ", &save); e != NULL; e = strtok_r(NULL, ", ", &save)) {
        bool optional = e[0] == '[';
        const char *name = e + optional;
        size_t n = strlen(name) - optional;

        if (strncmp(happened, name, n) == 0 && happened[n] == '\n')
            happened += n + 1;
        else if (!optional)
            return false;
    }
    return *happened == '\0';
}

static size_t check_row(const struct row *row, struct t_cut *cut)
{
    size_t cases = 0;
    struct run r;

    for (uint32_t i = 0; i < 8u * 4 * 6 * 2 * 9; i++) {
        uint32_t rest = i;
        bool in = true;
        const char *result;

        r = (struct run){.cut = cut};
        for (size_t c = 0; c < 5; c++) {
            r.word[c] = rest % columns[c].n;
            rest /= (uint32_t)columns[c].n;
            in = in && (row->set[c] >> r.word[c] & 1) != 0;
        }
        if (!in)
            continue;
        result = run_case(&r);
        cases++;
        if (strcmp(result, row->outcome) != 0 ||
            !same_events(row->events, r.events.text != NULL ? r.events.text : ""))
            fail_msg("nego.tbl:%d: %s %s %s %s %s\nexpected %s -> %s\nhappened -> %s:\n%s",
                     row->line, users[r.word[0]], roots[r.word[1]], modes[r.word[2]],
                     negotiations[r.word[3]], servers[r.word[4]], row->events, row->outcome, result,
                     r.events.text != NULL ? r.events.text : "");
        t_outcome_done(&r.events);
    }
    return cases;
}

static void check_table(struct t_cut *cut, size_t every)
{
    FILE *f = fopen(TEST_DATA "/nego.tbl", "r");
    char text[600];
    size_t rows = 0;
    size_t cases = 0;

    assert_non_null(f);
    for (int line = 1; fgets(text, sizeof(text), f) != NULL; line++) {
        struct row row;

        if (parse_row(text, line, &row) && rows++ % every == 0)
            cases += check_row(&row, cut);
    }
    fclose(f);
    print_message("%zu rows, %zu cases\n", rows, cases);
    assert_true(rows > 50);
}

static void test_nego_table__whole__events_and_outcome(void **state)
{
    struct t_cut cut = {.mode = T_CUT_WHOLE};

    check_table(&cut, 1);
}

static void test_nego_table__byte_by_byte__same(void **state)
{
    struct t_cut cut = {.mode = T_CUT_BYTES};

    check_table(&cut, 9);
}

static void test_nego_table__random_cuts__same(void **state)
{
    struct t_cut cut = {.mode = T_CUT_RANDOM, .state = t_seed()};

    print_message("PGSEAL_TEST_SEED=%llu\n", (unsigned long long)cut.state);
    check_table(&cut, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nego_table__whole__events_and_outcome),
        cmocka_unit_test(test_nego_table__byte_by_byte__same),
        cmocka_unit_test(test_nego_table__random_cuts__same),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

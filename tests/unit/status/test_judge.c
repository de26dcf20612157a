/* SPDX-License-Identifier: PostgreSQL */
/* Both ends of a connection -> verdict: the rows of tests/data/status.tbl, and the words for them.
 */
#include "core/base/base.h"
#include "status/status.h"
#include "t.h"

/* One row, cut. */
struct row {
    char name[64], ours[256], theirs[256], verdict[16], differs[128];
};

static bool next_row(FILE *f, struct row *r)
{
    char line[1024];

    while (fgets(line, sizeof(line), f) != NULL)
        if (line[0] != '#' && line[0] != '\n') {
            assert_int_equal(sscanf(line, "%63s | %255[^|] | %255[^|] | %15s | %127[^\n]", r->name,
                                    r->ours, r->theirs, r->verdict, r->differs),
                             5);
            return true;
        }
    return false;
}

/* "10.0.0.5:4000" */
static void read_address(char *text, struct status_address *a)
{
    char *colon = strrchr(text, ':');

    assert_non_null(colon);
    *colon = '\0';
    a->tcp = STATUS_YES;
    a->port = (int)strtol(colon + 1, NULL, 10);
    pgseal__format(a->host, sizeof(a->host), "%s", text);
}

/* What one end says, as the table has it. */
struct end {
    struct status_view view, info;
    struct status_address client, server;
    long pid;
    char file[65];
    char host[128];
    bool gss;
};

static void read_cert(char *text, struct status_view *v)
{
    char *slash = strchr(text, '/');

    assert_non_null(slash);
    *slash = '\0';
    v->cert = STATUS_YES;
    pgseal__format(v->cert_name, sizeof(v->cert_name), "%s", text);
    pgseal__format(v->cert_serial, sizeof(v->cert_serial), "%s", slash + 1);
}

static void read_word(char *w, struct end *e)
{
    char *arrow = strchr(w, '>');

    if (strcmp(w, "no") == 0) {
        e->view.tls = STATUS_NO;
    } else if (strncmp(w, "TLSv", 4) == 0) {
        e->view.tls = STATUS_YES;
        e->view.cert = e->view.cert == STATUS_UNKNOWN ? STATUS_NO : e->view.cert;
        pgseal__format(e->view.version, sizeof(e->view.version), "%s", w);
    } else if (strncmp(w, "info:", 5) == 0) {
        e->info = e->view;
        e->info.tls = strcmp(w + 5, "no") == 0 ? STATUS_NO : STATUS_YES;
        if (e->info.tls == STATUS_YES)
            pgseal__format(e->info.version, sizeof(e->info.version), "%s", w + 5);
    } else if (strncmp(w, "cert:", 5) == 0) {
        read_cert(w + 5, &e->view);
    } else if (strncmp(w, "pid:", 4) == 0) {
        e->pid = strtol(w + 4, NULL, 10);
    } else if (strncmp(w, "host:", 5) == 0) {
        pgseal__format(e->host, sizeof(e->host), "%s", w + 5);
    } else if (strncmp(w, "file:", 5) == 0) {
        pgseal__format(e->file, sizeof(e->file), "%s", w + 5);
    } else if (strcmp(w, "unix") == 0) {
        e->client.tcp = e->server.tcp = STATUS_NO;
    } else if (strcmp(w, "gss") == 0) {
        e->gss = true;
    } else if (arrow != NULL) {
        *arrow = '\0';
        read_address(w, &e->client);
        read_address(arrow + 1, &e->server);
    } else if (strspn(w, "0123456789") == strlen(w)) {
        e->view.bits = (int)strtol(w, NULL, 10);
    } else if (strcmp(w, "?") != 0) {
        pgseal__format(e->view.cipher, sizeof(e->view.cipher), "%s", w);
    }
}

static void read_end(char *text, struct end *e)
{
    char *rest = NULL;

    memset(e, 0, sizeof(*e));
    for (char *w = strtok_r(text, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
        read_word(w, e);
}

/* A row as the judge wants it. The strings of `c` lend from `ours`. */
static void stage(const struct end *ours, const struct end *theirs, struct status_client *c,
                  struct status_server *s)
{
    *c = (struct status_client){.view = ours->view,
                                .host = ours->host,
                                .user = "app",
                                .dbname = "app",
                                .auth = "none",
                                .local = ours->client,
                                .peer = ours->server,
                                .pid = (uint32_t)ours->pid,
                                .cert_sha256 = ours->file,
                                .cert_issuer = "",
                                .cert_names = ""};
    *s = (struct status_server){.answered = true,
                                .stat = theirs->view,
                                .info = theirs->info,
                                .pid = theirs->pid,
                                .client = theirs->client,
                                .self = theirs->server,
                                .gss = theirs->gss ? STATUS_YES : STATUS_NO};
    pgseal__format(s->cert_sha256, sizeof(s->cert_sha256), "%s", theirs->file);
}

static void differing(const struct status_judgement *j, char *out, size_t cap)
{
    out[0] = '\0';
    for (int i = 0; i < STATUS_POINTS; i++)
        if (j->point[i].match == STATUS_DIFFERENT)
            pgseal__append(out, cap, "%s%s", out[0] != '\0' ? " " : "",
                           status_point_row((enum status_point_id)i)->json);
    if (out[0] == '\0')
        pgseal__append(out, cap, "-");
}

static void test_judge__rows_of_the_table__verdict_and_points(void **state)
{
    static const char *const VERDICT[] = {"cannot_tell", "agree", "disagree"};
    FILE *f = fopen(TEST_DATA "/status.tbl", "r");
    bool differed[STATUS_POINTS] = {0};
    struct row r;
    int rows = 0;

    (void)state;
    assert_non_null(f);
    for (; next_row(f, &r); rows++) {
        struct status_judgement j;
        struct status_client c;
        struct status_server s;
        struct end ours, theirs;
        char differs[128], text[2048];

        read_end(r.ours, &ours);
        read_end(r.theirs, &theirs);
        stage(&ours, &theirs, &c, &s);
        status_judge(&c, &s, &j);
        differing(&j, differs, sizeof(differs));
        if (strcmp(VERDICT[j.verdict], r.verdict) != 0 || strcmp(differs, r.differs) != 0)
            fail_msg("%s: %s (%s), wanted %s (%s)", r.name, VERDICT[j.verdict], differs, r.verdict,
                     r.differs);
        for (int i = 0; i < STATUS_POINTS; i++)
            differed[i] |= j.point[i].match == STATUS_DIFFERENT;
        /* Only proof is called proof, and agreement never is; "no sign" is said when there is none.
         */
        status_verdict_text(&c, &s, &j, text, sizeof(text));
        assert_int_equal(strstr(text, "PROOF") != NULL, j.verdict == STATUS_DISAGREE);
        assert_int_equal(strstr(text, "No sign of a middlebox") != NULL,
                         j.verdict == STATUS_AGREE && c.view.tls == STATUS_YES &&
                             strcmp(differs, "-") == 0);
    }
    fclose(f);
    assert_true(rows > 40);
    for (int i = 0; i < STATUS_POINTS; i++)
        if (!differed[i])
            fail_msg("no row differs in %s", status_point_row((enum status_point_id)i)->json);
}

/* ---- words ------------------------------------------------------------------------------------
 */

static const char *words_for(struct end *ours, struct end *theirs, const char *host, bool bound)
{
    static char text[2048];
    struct status_judgement j;
    struct status_client c;
    struct status_server s;

    stage(ours, theirs, &c, &s);
    c.host = host;
    c.bound = bound;
    status_judge(&c, &s, &j);
    status_verdict_text(&c, &s, &j, text, sizeof(text));
    return text;
}

static const char *words(const char *ours, const char *theirs, const char *host, bool bound)
{
    char a[256], b[256];
    struct end here, there;

    pgseal__format(a, sizeof(a), "%s", ours);
    pgseal__format(b, sizeof(b), "%s", theirs);
    read_end(a, &here);
    read_end(b, &there);
    return words_for(&here, &there, host, bound);
}

#define TLS13 "TLSv1.3 TLS_AES_256_GCM_SHA384 256 "

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        print_error("\"%s\" is not in:\n", part);
        assert_string_equal(text, "");
    }
}

static void test_verdict__who_is_in_between__follows_from_what_differs(void **state)
{
    (void)state;
    assert_has(words(TLS13 "pid:7", "no pid:8", "db.example.com", false), "PgBouncer");
    assert_has(words(TLS13 "pid:7", "no pid:7", "db.example.com", false), "pgseal gateway");
    assert_has(words(TLS13, "no pid:7", "db.example.com", false), "a pooler, a proxy");
    assert_has(words(TLS13 "pid:7", TLS13 "pid:8",
                     "p.proxy-cx5u2qk1abcd.us-east-1.rds.amazonaws.com", false),
               "It is RDS Proxy");
    assert_has(words(TLS13 "pid:7", "no pid:8", "db.example.com", true), "holds the secret");
}

static void test_verdict__aurora_behind_a_public_certificate__is_serverless_v1(void **state)
{
    struct status_judgement j;
    struct status_client c;
    struct status_server s;
    struct end here, there;
    char ours[] = TLS13 "pid:7", theirs[] = "no pid:8", text[2048];

    (void)state;
    read_end(ours, &here);
    read_end(theirs, &there);
    stage(&here, &there, &c, &s);
    c.host = "c.cluster-cx5u2qk1abcd.us-east-1.rds.amazonaws.com";
    c.cert_issuer = "CN=Amazon RSA 2048 M02, O=Amazon, C=US";
    s.aurora = s.rds = true;
    status_judge(&c, &s, &j);
    status_verdict_text(&c, &s, &j, text, sizeof(text));
    assert_has(text, "Serverless v1, whose routers end TLS");
    c.cert_issuer = "CN=Amazon RDS us-east-1 Subordinate CA RSA2048 G1.A.3, O=Amazon Web Services, "
                    "Inc., C=US";
    status_verdict_text(&c, &s, &j, text, sizeof(text));
    assert_has(text, "PgBouncer");
}

static void test_verdict__the_hop_without_encryption__is_named(void **state)
{
    (void)state;
    assert_has(
        words(TLS13 "pid:7 10.0.0.5:1>10.0.0.9:2", "no pid:8 10.0.0.9:3>10.0.0.7:5432", "h", false),
        "Behind it nothing is encrypted");
    assert_has(words(TLS13 "pid:7 10.0.0.5:1>10.0.0.9:2", "no pid:8 127.0.0.1:3>127.0.0.1:5432",
                     "h", false),
               "loopback interface of the server's machine");
    assert_has(words(TLS13 "pid:7 10.0.0.5:1>10.0.0.9:2", "no pid:8 unix", "h", false),
               "Unix socket of the server's machine");
    assert_has(
        words("no pid:7 10.0.0.5:1>10.0.0.9:2", TLS13 "pid:8 10.0.0.9:3>10.0.0.7:5432", "h", false),
        "Between you and it nothing is encrypted");
}

#define HERE  TLS13 "pid:7 10.0.0.5:1>10.0.0.9:2"
#define PRINT "11fc1b3ea80c01d0"

static void test_verdict__agreement_with_differences__is_not_called_without_sign(void **state)
{
    (void)state;
    assert_has(words(HERE, HERE, "h", false), "No sign of a middlebox");
    assert_has(words(HERE, TLS13 "pid:7 10.0.0.6:1>10.0.0.9:2", "h", false),
               "a sign: the server sees another address than yours");
    assert_has(words(HERE, TLS13 "pid:7 10.0.0.5:1>10.0.0.8:2", "h", false),
               "a sign: the address you dialled is not the server's own");
    assert_has(words(HERE " file:" PRINT, HERE " file:" PRINT "00", "h", false),
               "a SIGN of one: the certificate you were shown is not the one in the server's file");
    /* Channel binding leaves the honest reasons. */
    assert_has(words(HERE, TLS13 "pid:7 10.0.0.6:1>10.0.0.8:2", "h", true),
               "No sign of a middlebox");
}

static void test_verdict__agreement__says_no_more_than_it_knows(void **state)
{
    const char *text;

    (void)state;
    text = words(TLS13 "pid:7", TLS13 "pid:7", "h", false);
    assert_has(text, "No sign of a middlebox");
    assert_has(text, "would look the same"); /* nothing was verified */
    text = words(TLS13 "pid:7", TLS13 "pid:7", "h", true);
    assert_has(text, "SCRAM-SHA-256-PLUS proves that TLS ends at a party that holds the secret of "
                     "role app");
    assert_has(words("no pid:7 unix", "no pid:7 unix", NULL, false), "Unix socket");
    assert_has(
        words("no pid:7 10.0.0.5:1>10.0.0.9:2", "no pid:7 10.0.0.5:1>10.0.0.9:2", "h", false),
        "NOT ENCRYPTED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge__rows_of_the_table__verdict_and_points),
        cmocka_unit_test(test_verdict__who_is_in_between__follows_from_what_differs),
        cmocka_unit_test(test_verdict__aurora_behind_a_public_certificate__is_serverless_v1),
        cmocka_unit_test(test_verdict__the_hop_without_encryption__is_named),
        cmocka_unit_test(test_verdict__agreement_with_differences__is_not_called_without_sign),
        cmocka_unit_test(test_verdict__agreement__says_no_more_than_it_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

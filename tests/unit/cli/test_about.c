/* SPDX-License-Identifier: PostgreSQL */
/* Tests of what is told about a connection: banner, verdict, warnings, tables, JSON. */
#include "t.h"

#include "cli/about_int.h"

#define NOW 1790000000 /* 2026-09-21 */

struct case_of {
    struct pgseal_conn_facts facts;
    struct pgseal_options opt;
    struct pgseal_host host;
    struct cli_about about;
};

static void tls_case(struct case_of *c, bool chain, bool name)
{
    struct pgseal_tls_facts *t;

    *c = (struct case_of){0};
    t = &c->facts.tls_facts;
    c->facts.tls = c->facts.open = true;
    c->facts.protocol = PGSEAL_PROTO_3_2;
    c->facts.cancel.pid = 77;
    c->facts.auth.method = "none";
    pgseal__format(t->version, sizeof(t->version), "TLSv1.3");
    pgseal__format(t->cipher, sizeof(t->cipher), "TLS_AES_256_GCM_SHA384");
    t->bits = 256;
    t->chain_len = 2;
    t->verified.chain = chain;
    t->verified.name = name;
    t->verified.until_unix_s = NOW + 100LL * 86400;
    t->verified.root_line = 12;
    pgseal__format(t->verified.root.subject, sizeof(t->verified.root.subject), "CN=Root");
    pgseal__format(t->verified.root_file, sizeof(t->verified.root_file), "ca.pem");
    c->opt =
        (struct pgseal_options){.sslmode = PGSEAL_SSLMODE_REQUIRE, .user = "me", .dbname = "db"};
    c->host = (struct pgseal_host){.host = "db1.example.com", .port = "5432"};
    c->about = (struct cli_about){.facts = &c->facts,
                                  .opt = &c->opt,
                                  .host = &c->host,
                                  .address = "10.0.0.1",
                                  .user = "me",
                                  .dbname = "db",
                                  .server_version = "18.4",
                                  .superuser = "on",
                                  .ssl_library = "OpenSSL 3",
                                  .now_unix_s = NOW};
}

static void expect_verdict(const struct case_of *c, const char *text)
{
    struct cli_str s = {0};

    cli_verdict(&s, &c->about);
    assert_string_equal(cli_str(&s), text);
    cli_str_done(&s);
}

static void test_verdict__each_proof__says_what_it_is(void **state)
{
    struct case_of c;

    tls_case(&c, true, true);
    expect_verdict(&c, "Verified: host name \"db1.example.com\", by root \"CN=Root\" of ca.pem:12, "
                       "until 2026-12-30 14:13:20 UTC\n");
    c.facts.auth.channel_bound = c.facts.auth.server_proved = true;
    expect_verdict(&c, "Verified: host name \"db1.example.com\", by root \"CN=Root\" of ca.pem:12, "
                       "until 2026-12-30 14:13:20 UTC; TLS ends at a holder of this role's secret "
                       "(SCRAM channel binding)\n");
    tls_case(&c, true, false);
    expect_verdict(&c, "Verified, but for the host name: by root \"CN=Root\" of ca.pem:12, until "
                       "2026-12-30 14:13:20 UTC; any other certificate of that CA would have done "
                       "as well. To check the name: sslmode=verify-full\n");
    tls_case(&c, false, false);
    expect_verdict(&c, "Not verified: encrypted, but whoever is on the way could have answered in "
                       "the server's place. To verify:\n  pgseal connect "
                       "\"host=db1.example.com user=me dbname=db sslmode=verify-full "
                       "sslrootcert=CA.pem\"\n");
    c.facts.auth.channel_bound = c.facts.auth.server_proved = true;
    expect_verdict(&c, "Not verified by a certificate, but SCRAM channel binding shows that TLS "
                       "ends at somebody who holds this role's secret. To verify:\n  pgseal "
                       "connect \"host=db1.example.com user=me dbname=db sslmode=verify-full "
                       "sslrootcert=CA.pem\"\n");
    c.facts.tls = false;
    c.host = (struct pgseal_host){.host = "x.cluster-abc.eu-west-1.rds.amazonaws.com",
                                  .hostaddr = "10.0.0.1",
                                  .port = "6000"};
    expect_verdict(&c, "Not encrypted: whoever is on the way can read and change everything. To "
                       "encrypt and verify:\n  pgseal ca fetch rds --region eu-west-1\n"
                       "  pgseal connect "
                       "\"host=x.cluster-abc.eu-west-1.rds.amazonaws.com hostaddr=10.0.0.1 "
                       "port=6000 user=me dbname=db sslmode=verify-full "
                       "sslrootcert=eu-west-1-bundle.pem\"\n");
    c.host =
        (struct pgseal_host){.host = "p.proxy-abc.eu-west-1.rds.amazonaws.com", .port = "5432"};
    expect_verdict(&c, "Not encrypted: whoever is on the way can read and change everything. To "
                       "encrypt and verify:\n  pgseal connect "
                       "\"host=p.proxy-abc.eu-west-1.rds.amazonaws.com user=me dbname=db "
                       "sslmode=verify-full sslrootcert=system\"\n");
    c.facts.is_unix = true;
    expect_verdict(&c, "Local socket: nothing leaves this machine, so there is no TLS and no "
                       "certificate; file permissions protect it.\n");
}

static void test_banner__alpn__only_when_there(void **state)
{
    struct case_of c;
    struct cli_str s = {0};

    tls_case(&c, true, true);
    cli_banner_ssl(&s, &c.about);
    assert_string_equal(cli_str(&s), "SSL connection (protocol: TLSv1.3, cipher: "
                                     "TLS_AES_256_GCM_SHA384, bits: 256, compression: off)\n");
    cli_str_cut(&s, 0);
    pgseal__format(c.facts.tls_facts.alpn, 32, "postgresql");
    cli_banner_ssl(&s, &c.about);
    assert_non_null(strstr(cli_str(&s), "compression: off, ALPN: postgresql)\n"));
    cli_str_cut(&s, 0);
    c.facts.tls = false;
    cli_banner_ssl(&s, &c.about);
    assert_string_equal(cli_str(&s), "");
    cli_str_done(&s);
}

static void collect(void *ctx, const char *text)
{
    cli_str_addf(ctx, "%s\n", text);
}

static void expect_weak(const struct case_of *c, const char *text)
{
    struct cli_str s = {0};

    cli_weaknesses(&c->about, collect, &s);
    assert_string_equal(cli_str(&s), text);
    cli_str_done(&s);
}

static void test_weaknesses__each__is_said_once(void **state)
{
    static const char REFUSES[] = "; sslmode=verify-full refuses this\n";
    struct case_of c;
    char text[512];

    tls_case(&c, true, true);
    expect_weak(&c, "");
    c.facts.tls_facts.verified.until_unix_s = NOW + 86400 + 5;
    expect_weak(&c, "the server's certificate ends 2026-09-22 14:13:25 UTC, in 1 day: connections "
                    "will then be refused\n");
    c.facts.tls_facts.verified.until_depth = 1;
    c.facts.tls_facts.verified.until_unix_s = NOW + 29LL * 86400;
    expect_weak(&c, "a CA certificate on the way to the root ends 2026-10-20 14:13:20 UTC, in 29 "
                    "days: connections will then be refused\n");
    tls_case(&c, false, false);
    expect_weak(&c, "this connection is encrypted, but the server was not verified: whoever is on "
                    "the way could have answered; use sslmode=verify-full and sslrootcert\n");
    c.facts.auth.channel_bound = c.facts.auth.server_proved = true;
    expect_weak(&c, "");
    c.opt.sslrootcert = "none.pem";
    c.about.root_missing = true;
    pgseal__format(text, sizeof(text),
                   "root certificate file \"none.pem\" does not exist, and sslmode=require goes on "
                   "without verifying%s",
                   REFUSES);
    expect_weak(&c, text);
    tls_case(&c, false, false);
    c.facts.tls = false;
    c.opt.sslmode = PGSEAL_SSLMODE_DISABLE;
    pgseal__format(text, sizeof(text), "this connection is not encrypted: sslmode=disable%s",
                   REFUSES);
    expect_weak(&c, text);
    c.opt.sslmode = PGSEAL_SSLMODE_PREFER;
    c.about.server_said_no = true;
    pgseal__format(text, sizeof(text),
                   "this connection is not encrypted: the server offered no TLS and sslmode=prefer "
                   "fell back to plaintext%s",
                   REFUSES);
    expect_weak(&c, text);
    c.about.tls_failure = "told when it happened";
    expect_weak(&c, "");
    c.facts.is_unix = true;
    expect_weak(&c, "");
}

static void test_conninfo__tls__has_psql_s_rows(void **state)
{
    struct case_of c;
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);
    struct cli_print how = {.format = CLI_CSV, .tuples_only = true};

    tls_case(&c, true, true);
    cli_conninfo_table(f, &c.about, &how, CLI_ENC_UTF8);
    fclose(f);
    assert_string_equal(got, "Database,db\nClient User,me\nHost,db1.example.com\n"
                             "Host Address,10.0.0.1\nServer Port,5432\nOptions,\n"
                             "Protocol Version,3.2\nPassword Used,false\n"
                             "GSSAPI Authenticated,false\nBackend PID,77\nSSL Connection,true\n"
                             "SSL Library,OpenSSL\nSSL Protocol,TLSv1.3\nSSL Key Bits,256\n"
                             "SSL Cipher,TLS_AES_256_GCM_SHA384\nSSL Compression,false\n"
                             "ALPN,none\nSuperuser,on\nHot Standby,unknown\n");
    free(got);
    f = open_memstream(&got, &n);
    c.facts.tls = false;
    c.facts.is_unix = true;
    c.host = (struct pgseal_host){.host = "/run/pg", .port = "5432", .is_unix = true};
    cli_conninfo_table(f, &c.about, &how, CLI_ENC_UTF8);
    fclose(f);
    assert_non_null(strstr(got, "Socket Directory,/run/pg\nServer Port,5432\n"));
    assert_non_null(strstr(got, "SSL Connection,false\nSuperuser,on\n"));
    free(got);
}

static void test_ssl_story__limits__depend_on_the_proof(void **state)
{
    struct case_of c;
    struct cli_str s = {0};

    tls_case(&c, false, false);
    cli_ssl_story(&s, &c.about);
    assert_non_null(strstr(cli_str(&s), "  who answered: nobody vouched for the certificate\n"));
    assert_non_null(strstr(cli_str(&s), "not at a proxy before it\n"));
    cli_str_cut(&s, 0);
    tls_case(&c, true, false);
    c.facts.auth.channel_bound = true;
    cli_ssl_story(&s, &c.about);
    assert_non_null(strstr(cli_str(&s), "  that it is the host asked for\n"));
    assert_non_null(strstr(cli_str(&s), "  that the certificate was not revoked"));
    assert_null(strstr(cli_str(&s), "not at a proxy before it\n"));
    cli_str_cut(&s, 0);
    c.opt.sslcrl = "gone.crl"; /* asked for, but what was done counts */
    cli_ssl_story(&s, &c.about);
    assert_non_null(strstr(cli_str(&s), "  revocation      not checked\n"));
    assert_non_null(strstr(cli_str(&s), "  that the certificate was not revoked"));
    cli_str_cut(&s, 0);
    c.facts.tls_facts.verified.revocation = true;
    cli_ssl_story(&s, &c.about);
    assert_non_null(strstr(cli_str(&s), "  revocation      checked, by CRLs\n"));
    assert_null(strstr(cli_str(&s), "  that the certificate was not revoked"));
    cli_str_done(&s);
}

static void test_json__facts_and_failure__are_one_object(void **state)
{
    struct case_of c;
    struct pgseal_err err = {.code = PGSEAL_E_NO_TLS};
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);

    tls_case(&c, true, true);
    assert_true(cli_facts_json(f, &c.about));
    fclose(f);
    assert_non_null(strstr(got, "\"proof\": \"name\""));
    assert_non_null(strstr(got, "\"until\": \"2026-12-30T14:13:20Z\""));
    assert_non_null(strstr(got, "\"root_line\": 12"));
    free(got);
    pgseal__format(err.msg, sizeof(err.msg), "two\nlines \"quoted\" \x80");
    pgseal__format(err.detail, sizeof(err.detail), "seen \"x\"\n");
    f = open_memstream(&got, &n);
    assert_true(cli_failure_json(f, &err));
    fclose(f);
    assert_non_null(strstr(got, "\"connected\": false"));
    assert_non_null(strstr(got, "\"code\": \"NO_TLS\""));
    assert_non_null(strstr(got, "\"seen\": \"seen \\\"x\\\"\\n\""));
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict__each_proof__says_what_it_is),
        cmocka_unit_test(test_banner__alpn__only_when_there),
        cmocka_unit_test(test_weaknesses__each__is_said_once),
        cmocka_unit_test(test_conninfo__tls__has_psql_s_rows),
        cmocka_unit_test(test_ssl_story__limits__depend_on_the_proof),
        cmocka_unit_test(test_json__facts_and_failure__are_one_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

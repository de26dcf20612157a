/* SPDX-License-Identifier: PostgreSQL */
/* The commands to refuse plaintext, word by word, for each kind of server; and the findings. */
#include "core/base/base.h"
#include "status/status.h"
#include "t.h"

/* A server and the plan for it. */
struct stage {
    struct status_client c;
    struct status_server s;
    struct status_judgement j;
    struct status_plaintext p;
    struct status_plan plan;
    char text[8192]; /* all commands of the plan, a blank line between steps */
};

static struct status_setting ssl_is[2][1] = {{{.name = "ssl", .value = "off"}},
                                             {{.name = "ssl", .value = "on"}}};

static void set_up(struct stage *t, const char *host, int version)
{
    memset(t, 0, sizeof(*t));
    t->c.host = host;
    t->c.user = t->c.dbname = "app";
    t->c.auth = "SCRAM-SHA-256";
    t->c.cert_names = t->c.cert_sha256 = t->c.cert_issuer = "";
    t->c.view.tls = STATUS_YES;
    t->c.chain = t->c.name = t->c.forward_secret = true;
    t->c.until_unix_s = 400 * 86400;
    t->s.answered = true;
    t->s.version = version;
    t->s.settings = ssl_is[1];
    t->s.nsettings = 1;
    t->p.refused = STATUS_NO;
    t->j.verdict = STATUS_AGREE;
}

static const char *all(const struct status_step *step, size_t n, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (step[i].command[0] != '\0')
            pgseal__append(out, cap, "%s\n\n", step[i].command);
    return out;
}

static const char *enforce(struct stage *t)
{
    status_plan(&t->c, &t->s, &t->p, &t->j, &t->plan);
    return all(t->plan.enforce, t->plan.nenforce, t->text, sizeof(t->text));
}

static const char *rollback(struct stage *t)
{
    return all(t->plan.rollback, t->plan.nrollback, t->text, sizeof(t->text));
}

#define CLUSTER "aurorapgsqlv1.cluster-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"

static void test_plan__aurora_cluster__its_own_lines(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, CLUSTER, 150004);
    t.s.aurora = t.s.rds = true;
    assert_string_equal(
        enforce(&t),
        "GROUP=$(aws rds describe-db-clusters --region ap-northeast-1 \\\n"
        "    --db-cluster-identifier aurorapgsqlv1 \\\n"
        "    --query 'DBClusters[0].DBClusterParameterGroup' --output text)\n\n"
        "GROUP=aurorapgsqlv1-tls\n"
        "aws rds create-db-cluster-parameter-group --region ap-northeast-1 \\\n"
        "    --db-cluster-parameter-group-name \"$GROUP\" \\\n"
        "    --db-parameter-group-family aurora-postgresql15 --description 'refuses plaintext'\n"
        "aws rds modify-db-cluster --region ap-northeast-1 --db-cluster-identifier aurorapgsqlv1 "
        "\\\n"
        "    --db-cluster-parameter-group-name \"$GROUP\" --apply-immediately\n"
        "aws rds reboot-db-instance --region ap-northeast-1 --db-instance-identifier INSTANCE\n\n"
        "aws rds modify-db-cluster-parameter-group --region ap-northeast-1 \\\n"
        "    --db-cluster-parameter-group-name \"$GROUP\" --parameters \\\n"
        "    ParameterName=rds.force_ssl,ParameterValue=1,ApplyMethod=immediate\n\n");
    assert_string_equal(
        rollback(&t), "GROUP=$(aws rds describe-db-clusters --region ap-northeast-1 \\\n"
                      "    --db-cluster-identifier aurorapgsqlv1 \\\n"
                      "    --query 'DBClusters[0].DBClusterParameterGroup' --output text)\n"
                      "aws rds modify-db-cluster-parameter-group --region ap-northeast-1 \\\n"
                      "    --db-cluster-parameter-group-name \"$GROUP\" --parameters \\\n"
                      "    ParameterName=rds.force_ssl,ParameterValue=0,ApplyMethod=immediate\n\n");
    assert_string_equal(t.plan.product_name, "Aurora PostgreSQL 15.4");
    assert_string_equal(t.plan.default_says,
                        "The default of rds.force_ssl is 0 here and 1 from Aurora PostgreSQL 17 "
                        "on: a major upgrade turns it on, unless the new parameter group says 0.");
}

static void test_plan__rds_instance__the_instances_group(void **state)
{
    struct stage t;
    const char *text;

    (void)state;
    set_up(&t, "shop.cx5u2qk1abcd.us-east-1.rds.amazonaws.com", 140009);
    t.s.rds = true;
    text = enforce(&t);
    assert_non_null(strstr(text, "aws rds describe-db-instances --region us-east-1 \\\n"
                                 "    --db-instance-identifier shop \\\n"
                                 "    --query 'DBInstances[0].DBParameterGroups[0]"
                                 ".DBParameterGroupName' --output text)"));
    assert_non_null(strstr(text, "--db-parameter-group-family postgres14 "));
    assert_non_null(strstr(text, "aws rds modify-db-parameter-group --region us-east-1 \\\n"
                                 "    --db-parameter-group-name \"$GROUP\" --parameters \\\n"));
    assert_non_null(strstr(text, "reboot-db-instance --region us-east-1 --db-instance-identifier "
                                 "shop"));
    assert_null(strstr(text, "cluster"));
    assert_non_null(strstr(t.plan.default_says, "0 here and 1 from RDS for PostgreSQL 15 on"));
    set_up(&t, "shop.cx5u2qk1abcd.us-east-1.rds.amazonaws.com", 150002);
    t.s.rds = true;
    enforce(&t);
    assert_non_null(strstr(t.plan.default_says, "so also here"));
}

static void test_plan__multi_az_cluster_of_rds__cluster_group_of_family_postgres(void **state)
{
    struct stage t;
    const char *text;

    (void)state;
    set_up(&t, CLUSTER, 160002);
    t.s.rds = true;
    text = enforce(&t);
    assert_non_null(strstr(text, "modify-db-cluster-parameter-group"));
    assert_non_null(strstr(text, "--db-parameter-group-family postgres16 "));
}

static void test_plan__endpoints_that_are_no_cluster__ask_for_it_first(void **state)
{
    static const struct {
        const char *host, *asks;
    } rows[] = {
        {"node1.cx5u2qk1abcd.eu-west-1.rds.amazonaws.com",
         "describe-db-instances --region eu-west-1 --db-instance-identifier node1 "},
        {"reports.cluster-custom-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com",
         "--db-cluster-endpoint-identifier reports "},
        {"world.global-cx5u2qk1abcd.global.rds.amazonaws.com",
         "describe-global-clusters --region REGION --global-cluster-identifier world "},
        {"big.shardgrp-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com",
         "--db-shard-group-identifier big "},
    };

    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct stage t;
        const char *text;

        set_up(&t, rows[i].host, 160002);
        t.s.aurora = t.s.rds = true;
        text = enforce(&t);
        if (strstr(text, rows[i].asks) == NULL)
            fail_msg("%s: no \"%s\" in:\n%s", rows[i].host, rows[i].asks, text);
        assert_non_null(strstr(text, "--db-cluster-identifier CLUSTER"));
    }
}

static void test_plan__rds_proxy__its_own_switch(void **state)
{
    struct stage t;
    const char *text;

    (void)state;
    set_up(&t, "pool.proxy-cx5u2qk1abcd.us-east-1.rds.amazonaws.com", 150002);
    t.s.rds = t.s.aurora = true;
    t.j.verdict = STATUS_DISAGREE;
    text = enforce(&t);
    assert_non_null(strstr(text, "aws rds modify-db-proxy --region us-east-1 --db-proxy-name pool "
                                 "--require-tls"));
    assert_null(strstr(text, "force_ssl"));
    assert_non_null(strstr(rollback(&t), "--db-proxy-name pool --no-require-tls"));
    set_up(&t, "ro.endpoint.proxy-cx5u2qk1abcd.us-east-1.rds.amazonaws.com", 150002);
    t.s.rds = true;
    text = enforce(&t);
    assert_non_null(strstr(text, "--db-proxy-endpoint-name ro "));
    assert_non_null(strstr(text, "--db-proxy-name PROXY --require-tls"));
}

static void test_plan__an_alias__the_certificates_names_tell_the_endpoint(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, "db.example.com", 150004);
    t.s.aurora = t.s.rds = true;
    t.c.cert_names = "DNS:other.example.com, DNS:" CLUSTER ", DNS:x";
    assert_non_null(strstr(enforce(&t), "--db-cluster-identifier aurorapgsqlv1 "));
    t.c.cert_names = "";
    assert_non_null(strstr(enforce(&t), "--region REGION \\\n    --db-cluster-identifier CLUSTER"));
}

static void test_plan__ssl_is_off__a_reboot_is_needed(void **state)
{
    struct stage t;
    const char *text;

    (void)state;
    set_up(&t, "shop.cx5u2qk1abcd.us-east-1.rds.amazonaws.com", 140009);
    t.s.rds = true;
    t.s.settings = ssl_is[0];
    text = enforce(&t);
    assert_non_null(strstr(text, "ParameterValue=1,ApplyMethod=immediate\n"
                                 "aws rds reboot-db-instance --region us-east-1 "
                                 "--db-instance-identifier shop"));
}

static void test_plan__old_families__have_two_numbers(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, CLUSTER, 90622);
    t.s.aurora = t.s.rds = true;
    assert_non_null(strstr(enforce(&t), "--db-parameter-group-family aurora-postgresql9.6 "));
    assert_string_equal(t.plan.product_name, "Aurora PostgreSQL 9.6.22");
}

static void test_plan__self_hosted__hba_and_reload(void **state)
{
    struct stage t;
    struct status_setting settings[] = {{.name = "hba_file", .value = "/etc/it's/pg_hba.conf"},
                                        {.name = "ssl", .value = "off"}};

    (void)state;
    set_up(&t, "db.example.com", 150004);
    assert_string_equal(enforce(&t),
                        "HBA=$(psql -U postgres -Atc 'show hba_file')\n"
                        "cp -p \"$HBA\" \"$HBA.before-tls\"\n"
                        "sed -i '1i hostnossl all,replication all all reject' \"$HBA\"\n"
                        "psql -U postgres -c 'select pg_reload_conf()'\n\n");
    assert_string_equal(rollback(&t), "HBA=$(psql -U postgres -Atc 'show hba_file')\n"
                                      "cp -p \"$HBA.before-tls\" \"$HBA\"\n"
                                      "psql -U postgres -c 'select pg_reload_conf()'\n\n");
    t.s.settings = settings;
    t.s.nsettings = 2;
    assert_non_null(strstr(enforce(&t), "alter system set ssl = on"));
    assert_non_null(strstr(enforce(&t), "HBA='/etc/it'\\''s/pg_hba.conf'\n"));
    assert_string_equal(t.plan.default_says, "");
}

static void test_plan__a_name_of_amazons_but_not_its_server__is_self_hosted(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, CLUSTER, 150004);
    assert_non_null(strstr(enforce(&t), "pg_reload_conf"));
    assert_string_equal(t.plan.product_name, "PostgreSQL 15.4");
    t.s.answered = false; /* then the name is all there is */
    t.s.version = 0;
    assert_non_null(strstr(enforce(&t), "--db-parameter-group-family aurora-postgresqlVERSION "));
}

static void test_plan__azure__its_parameter(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, "shop.postgres.database.azure.com", 150004);
    pgseal__format(t.s.force_setting, sizeof(t.s.force_setting), "require_secure_transport");
    assert_non_null(strstr(enforce(&t), "--server-name shop --name require_secure_transport "
                                        "--value on"));
    assert_non_null(strstr(rollback(&t), "--value off"));
}

static void test_plan__providers__every_row_has_a_switch_or_needs_none(void **state)
{
    static const char *const tails[] = {
#define PGSEAL_ROW(id, tail, product, says, text, enforce, rollback) tail,
#include "status/providers.def"
#undef PGSEAL_ROW
    };

    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(tails); i++) {
        char host[128];
        struct stage t;

        pgseal__format(host, sizeof(host), "shop%s", tails[i]);
        set_up(&t, host, 150004);
        enforce(&t);
        assert_int_equal(t.plan.product, STATUS_PROVIDER);
        assert_string_not_equal(t.plan.default_says, "");
        assert_int_equal(t.plan.nenforce, t.plan.nrollback);
        assert_true(t.plan.nenforce == 1 || strstr(t.plan.default_says, "nothing to set") != NULL);
        assert_null(strstr(enforce(&t), "{name}"));
        assert_null(strstr(t.text, "pg_hba"));
        set_up(&t, tails[i] + 1, 150004); /* the domain itself is nobody's server */
        enforce(&t);
        assert_int_equal(t.plan.product, STATUS_SELF_HOSTED);
    }
}

static void test_plan__a_host_that_is_no_name__is_not_put_into_a_command(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, "a'b.postgres.database.azure.com", 150004);
    assert_non_null(strstr(enforce(&t), "--server-name NAME "));
}

static void test_plan__dsql__has_nothing_to_set(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, "abtmtsnzt2aexample.dsql.us-east-1.on.aws", 160000);
    assert_string_equal(enforce(&t), "");
    assert_int_equal(t.plan.nrollback, 0);
    assert_non_null(strstr(t.plan.default_says, "with TLS only"));
}

static void test_plan__somebody_in_between__comes_first(void **state)
{
    struct stage t;

    (void)state;
    set_up(&t, "db.example.com", 150004);
    t.j.verdict = STATUS_DISAGREE;
    enforce(&t);
    assert_non_null(strstr(t.plan.enforce[0].text, "client_tls_sslmode = require"));
    assert_string_equal(t.plan.enforce[0].command, "");
}

/* ---- findings ---------------------------------------------------------------------------------
 */

static bool finds(struct stage *t, enum finding_id id)
{
    struct findings l = {0};
    bool found;

    status_findings(&t->c, &t->s, &t->j, &t->p, &l);
    found = findings_have(&l, id);
    for (size_t i = 0; i < l.n; i++)
        if (l.item[i].id == id) {
            assert_string_not_equal(l.item[i].seen, "");
            assert_string_not_equal(l.item[i].fix, "");
        }
    findings_done(&l);
    return found;
}

static void clean(struct stage *t)
{
    set_up(t, "db.example.com", 150004);
    t->c.local.tcp = t->c.peer.tcp = t->s.client.tcp = STATUS_YES;
    t->p.refused = STATUS_YES;
    t->s.sslinfo = STATUS_YES;
}

static void test_findings__a_clean_connection__has_none(void **state)
{
    struct findings l = {0};
    struct stage t;

    (void)state;
    clean(&t);
    status_findings(&t.c, &t.s, &t.j, &t.p, &l);
    assert_int_equal(l.n, 0);
    findings_done(&l);
}

static void test_findings__each_weakness__is_found(void **state)
{
    static struct status_setting min[] = {{.name = "ssl_min_protocol_version", .value = "TLSv1"}},
                                 md5[] = {{.name = "password_encryption", .value = "md5"}};
    struct stage t;

    (void)state;
    clean(&t);
    t.c.view.tls = STATUS_NO;
    assert_true(finds(&t, FINDING_ID_STATUS_PLAINTEXT));
    clean(&t);
    t.c.chain = t.c.name = false;
    assert_true(finds(&t, FINDING_ID_STATUS_UNVERIFIED));
    clean(&t);
    t.c.name = false;
    assert_true(finds(&t, FINDING_ID_STATUS_NAME_UNCHECKED));
    clean(&t);
    t.c.until_unix_s = 29 * 86400;
    assert_true(finds(&t, FINDING_ID_STATUS_ENDS_SOON));
    t.c.until_unix_s = 30 * 86400;
    assert_false(finds(&t, FINDING_ID_STATUS_ENDS_SOON));
    clean(&t);
    t.c.forward_secret = false;
    assert_true(finds(&t, FINDING_ID_STATUS_NO_FORWARD_SECRECY));
    clean(&t);
    t.c.auth = "md5";
    assert_true(finds(&t, FINDING_ID_STATUS_MD5));
    clean(&t);
    t.s.settings = md5;
    assert_true(finds(&t, FINDING_ID_STATUS_MD5));
    clean(&t);
    t.s.settings = min;
    assert_true(finds(&t, FINDING_ID_STATUS_OLD_TLS));
    clean(&t);
    t.p.refused = STATUS_NO;
    pgseal__format(t.p.how, sizeof(t.p.how), "Line 1.");
    assert_true(finds(&t, FINDING_ID_STATUS_PLAINTEXT_ALLOWED));
    t.p.refused = STATUS_UNKNOWN;
    assert_true(finds(&t, FINDING_ID_STATUS_REFUSAL_UNKNOWN));
    clean(&t);
    t.s.sslinfo = STATUS_NO;
    assert_true(finds(&t, FINDING_ID_STATUS_NO_SSLINFO));
}

static void test_findings__somebody_in_between__and_the_bare_hop(void **state)
{
    struct stage t;

    (void)state;
    clean(&t);
    t.c.pid = 7;
    t.s.pid = 7;
    t.s.stat.tls = STATUS_NO;
    status_judge(&t.c, &t.s, &t.j);
    assert_true(finds(&t, FINDING_ID_STATUS_MIDDLEBOX));
    assert_true(finds(&t, FINDING_ID_STATUS_HOP_PLAINTEXT));
    pgseal__format(t.s.client.host, sizeof(t.s.client.host), "127.0.0.1");
    assert_false(finds(&t, FINDING_ID_STATUS_HOP_PLAINTEXT)); /* it stays on that machine */
    t.s.client.tcp = STATUS_NO; /* a Unix socket of the server's machine */
    status_judge(&t.c, &t.s, &t.j);
    assert_true(finds(&t, FINDING_ID_STATUS_MIDDLEBOX));
    assert_false(finds(&t, FINDING_ID_STATUS_HOP_PLAINTEXT));
    clean(&t);
    t.s.answered = false;
    status_judge(&t.c, &t.s, &t.j);
    assert_true(finds(&t, FINDING_ID_STATUS_ONE_END));
    assert_false(finds(&t, FINDING_ID_STATUS_REFUSAL_UNKNOWN));
}

static void test_findings__the_grants__quote_what_is_no_plain_name(void **state)
{
    static const struct {
        const char *role, *text;
    } rows[] = {{"app", " to app;"},
                {"app_2", " to app_2;"},
                {"2app", " to \"2app\";"},
                {"App", " to \"App\";"},
                {"a; drop table x", " to \"a; drop table x\";"},
                {"a\"b", " to \"a\"\"b\";"}};

    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct findings l = {0};
        struct stage t;

        clean(&t);
        t.p.refused = STATUS_UNKNOWN;
        pgseal__format(t.s.user, sizeof(t.s.user), "%s", rows[i].role);
        status_findings(&t.c, &t.s, &t.j, &t.p, &l);
        assert_int_equal(l.n, 1);
        if (strstr(l.item[0].fix, rows[i].text) == NULL)
            fail_msg("%s: %s", rows[i].role, l.item[0].fix);
        findings_done(&l);
    }
}

static void test_findings__not_verified__the_roots_for_this_endpoint(void **state)
{
    static const struct {
        const char *host, *fix;
    } rows[] = {
        {"db.example.com", "Connect with sslmode=verify-full sslrootcert=FILE."},
        {CLUSTER,
         "sslrootcert=ap-northeast-1-bundle.pem:\n  pgseal ca fetch rds --region ap-northeast-1"},
        {"pool.proxy-cx5u2qk1abcd.us-east-1.rds.amazonaws.com", "sslrootcert=system"},
        {"abtmtsnzt2aexample.dsql.us-east-1.on.aws", "sslrootcert=system"},
    };

    (void)state;
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        struct findings l = {0};
        struct stage t;

        clean(&t);
        t.c.host = rows[i].host;
        t.c.chain = t.c.name = false;
        status_findings(&t.c, &t.s, &t.j, &t.p, &l);
        assert_int_equal(l.n, 1);
        if (strstr(l.item[0].fix, rows[i].fix) == NULL)
            fail_msg("%s: %s", rows[i].host, l.item[0].fix);
        findings_done(&l);
    }
}

static void test_findings__another_certificate_in_the_file__is_said(void **state)
{
    static struct status_setting file[] = {{.name = "ssl_cert_file", .value = "server.crt"}};
    struct stage t;

    (void)state;
    clean(&t);
    t.c.cert_sha256 = "ab";
    pgseal__format(t.s.cert_sha256, sizeof(t.s.cert_sha256), "cd");
    t.s.settings = file;
    t.s.stat.tls = STATUS_YES;
    status_judge(&t.c, &t.s, &t.j);
    assert_int_equal(t.j.verdict, STATUS_AGREE);
    assert_true(finds(&t, FINDING_ID_STATUS_OTHER_CERT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__aurora_cluster__its_own_lines),
        cmocka_unit_test(test_plan__rds_instance__the_instances_group),
        cmocka_unit_test(test_plan__multi_az_cluster_of_rds__cluster_group_of_family_postgres),
        cmocka_unit_test(test_plan__endpoints_that_are_no_cluster__ask_for_it_first),
        cmocka_unit_test(test_plan__rds_proxy__its_own_switch),
        cmocka_unit_test(test_plan__an_alias__the_certificates_names_tell_the_endpoint),
        cmocka_unit_test(test_plan__ssl_is_off__a_reboot_is_needed),
        cmocka_unit_test(test_plan__old_families__have_two_numbers),
        cmocka_unit_test(test_plan__self_hosted__hba_and_reload),
        cmocka_unit_test(test_plan__a_name_of_amazons_but_not_its_server__is_self_hosted),
        cmocka_unit_test(test_plan__azure__its_parameter),
        cmocka_unit_test(test_plan__providers__every_row_has_a_switch_or_needs_none),
        cmocka_unit_test(test_plan__a_host_that_is_no_name__is_not_put_into_a_command),
        cmocka_unit_test(test_plan__dsql__has_nothing_to_set),
        cmocka_unit_test(test_plan__somebody_in_between__comes_first),
        cmocka_unit_test(test_findings__a_clean_connection__has_none),
        cmocka_unit_test(test_findings__each_weakness__is_found),
        cmocka_unit_test(test_findings__somebody_in_between__and_the_bare_hop),
        cmocka_unit_test(test_findings__the_grants__quote_what_is_no_plain_name),
        cmocka_unit_test(test_findings__not_verified__the_roots_for_this_endpoint),
        cmocka_unit_test(test_findings__another_certificate_in_the_file__is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

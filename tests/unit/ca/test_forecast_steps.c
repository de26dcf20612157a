/* SPDX-License-Identifier: PostgreSQL */
/* The steps of a forecast: for this very server, in AWS's order, and only those that are needed. */
#include "forecast_pki.h"

/* ---- steps ------------------------------------------------------------------------------------
 */

static void expect_steps(const char *host, const char *sent, const char *roots, int64_t day,
                         const char *const *parts)
{
    char text[8192];
    const char *at = text;
    struct made m;

    make(&m, host, sent, roots, day);
    all_steps(&m.steps, text, sizeof(text));
    for (; *parts != NULL; parts++) {
        const char *found = strstr(at, *parts);

        if (found == NULL)
            fail_msg("\"%s\" is not, or not in its place, in:\n%s", *parts, text);
        at = found + strlen(*parts);
    }
    done(&m);
}
#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_steps__of_each_case__in_order_with_names(void **state)
{
    /* clients, then nothing on the server, then a check */
    expect_steps(CLUSTER, "leaf sub2048", "r2048", 30,
                 PARTS("1. Clients first", "rds-ca-rsa4096-g1, rds-ca-ecc384-g1 in " REGION,
                       "\n pgseal ca fetch rds --region " REGION " -o roots.pem\n", "2. Check",
                       "\n pgseal ca verify " CLUSTER " --with roots.pem\n"));
    /* what a download of the region would lose */
    expect_steps(CLUSTER, "leaf sub2048", "r2048 us", 30,
                 PARTS("\n pgseal ca fetch rds --global -o roots.pem\n"));
    expect_steps(CLUSTER, "leaf sub2048", "r2048 own", 30,
                 PARTS("\n pgseal ca fetch rds --region " REGION " -o " REGION "-bundle.pem\n",
                       " cat roots.pem " REGION "-bundle.pem > roots.pem.new && "
                       "mv roots.pem.new roots.pem\n"));
    expect_steps(CLUSTER, "leaf sub2048", "system:acm", 30,
                 PARTS("sslrootcert=" REGION "-bundle.pem instead of system",
                       "pgseal ca fetch rds --region " REGION " -o " REGION "-bundle.pem",
                       "--with " REGION "-bundle.pem"));
    /* an instance whose engine restarts */
    expect_steps(INSTANCE, "leaf3 sub2048", ALL3, 600,
                 PARTS("1. On the server", "for instance app-1.",
                       "describe-pending-maintenance-actions --region " REGION
                       " --resource-identifier arn:aws:rds:" REGION ":$(aws sts",
                       ":db:app-1\n", "2. Apply server-certificate-rotation",
                       "apply-pending-maintenance-action", "--opt-in-type immediate", "3. Check"));
    /* a cluster whose engine does not */
    expect_steps(CLUSTER, "leaf sub2048", ALL3, 300,
                 PARTS("for each instance of cluster app; app-1 is the one that answered",
                       "--db-cluster-identifier app ", "2. Engines that need no restart",
                       "modify-db-instance --region " REGION
                       " --db-instance-identifier app-1 --ca-certificate-identifier "
                       "rds-ca-rsa2048-g1 --apply-immediately"));
    /* the CA has ended: clients, then the CA of each instance, then a check */
    expect_steps(INSTANCE, "leaf2019 sub2019", "r2019", 0,
                 PARTS("1. Clients first",
                       "2. Then the server: change the CA from rds-ca-2019 to "
                       "rds-ca-rsa2048-g1, for instance app-1",
                       "SupportsCertificateRotationWithoutRestart",
                       "--ca-certificate-identifier rds-ca-rsa2048-g1", "3. Check"));
    /* a name that nobody can be verified by */
    expect_steps("db.internal", "leaf sub2048", ALL3, 30, PARTS("1. ", CLUSTER, "2. Check"));
    expect_steps(PROXY, "leafacm subacm", ALL3, 30,
                 PARTS("1. ", "sslrootcert=system", "2. Check", "--with system"));
    expect_steps("db.example.com", "leafown subown", "own", 340,
                 PARTS("1. Issue a new certificate", " pgseal ca issue --renew db.example.com\n",
                       "2. Check"));
    expect_steps("db.example.com", "leaflong subown", "own", 430,
                 PARTS("1. Begin to rotate", " pgseal ca rotate\n", "2. Check"));
    expect_steps(
        "db.example.com", "self", "self", 30,
        PARTS("1. Make an authority", "2. Clients first", "3. Then the server", "4. Check"));
}

/* The text for two different clusters differs, or it is wrong. */
static void test_steps__another_cluster__other_text(void **state)
{
    char a[8192], b[8192];
    struct made m;

    make(&m, CLUSTER, "leaf sub2048", "r2048", 300);
    all_steps(&m.steps, a, sizeof(a));
    done(&m);
    make(&m, "db.abc123.xx-new-1.rds.amazonaws.com", "leafnew subnew", "new", 300);
    all_steps(&m.steps, b, sizeof(b));
    done(&m);
    assert_non_null(strstr(a, "cluster app"));
    assert_non_null(strstr(a, "--region " REGION));
    assert_null(strstr(b, REGION));
    assert_null(strstr(b, "app-1"));
    assert_non_null(strstr(b, "instance db"));
    assert_non_null(strstr(b, "--region xx-new-1"));
}

static void test_steps__hostile_names__stay_words_of_the_shell(void **state)
{
    char text[8192];
    struct made m;

    make(&m, "x'; reboot; '", "leafown subown", "own", 340);
    all_steps(&m.steps, text, sizeof(text));
    assert_non_null(strstr(text, "pgseal ca issue --renew 'x'\\''; reboot; '\\'''"));
    done(&m);
}

/* Lines that are commands: what a server chose is not in them, or stands in quotes. */
static void no_command_has(const struct made *m, const char *what, const char *quoted)
{
    char text[8192];

    all_steps(&m->steps, text, sizeof(text));
    for (const char *at = text; (at = strstr(at, "\n ")) != NULL; at++) {
        char line[2048];

        pgseal__format(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
        if (strstr(line, what) != NULL && strstr(line, quoted) == NULL)
            fail_msg("%s", line);
    }
}

/* All a server says is a guess of who it is; none of it becomes a command. */
static void test_steps__hostile_authority__is_not_of_rds(void **state)
{
    struct made m;

    make(&m, "db.example.com", "leafevil evil", "r2048", 30);
    assert_int_equal(m.f.authority, CA_AUTHORITY_OWN);
    assert_string_equal(m.f.region, "");
    no_command_has(&m, "reboot", "'$(reboot).");
    done(&m);
    make(&m, "db.example.com", "leafevil evil", "evil", 30); /* trusted, and for another name */
    assert_true(m.f.verified);
    assert_false(m.f.name_ok);
    no_command_has(&m, "reboot", "'$(reboot).");
    done(&m);
    make(&m, "db.example.com", "leafbeta beta", "r2048", 30);
    assert_int_equal(m.f.authority, CA_AUTHORITY_RDS);
    assert_string_equal(m.f.region, ""); /* "Beta us-east-1" is no region for --region */
    no_command_has(&m, "Beta", "'Beta");
    no_command_has(&m, "--region ", "--region r");
    done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps__of_each_case__in_order_with_names),
        cmocka_unit_test(test_steps__another_cluster__other_text),
        cmocka_unit_test(test_steps__hostile_names__stay_words_of_the_shell),
        cmocka_unit_test(test_steps__hostile_authority__is_not_of_rds),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

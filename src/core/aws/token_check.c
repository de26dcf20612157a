/* SPDX-License-Identifier: PostgreSQL */
/* Whether a token of IAM is for this login, and how to say why not. */
#include "core/base/base.h"

#include <pgseal/aws.h>

#define SKEW_S 300 /* Signature Version 4 lets clocks differ by five minutes */

/* Without the dot at the end. */
static void plain_host(const char *host, char *out, size_t cap)
{
    size_t n = host != NULL ? strlen(host) : 0;

    if (n > 1 && host[n - 1] == '.')
        n--;
    pgseal__format(out, cap, "%.*s", (int)(n < cap ? n : cap - 1), host != NULL ? host : "");
}

static unsigned check_host(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l)
{
    struct pgseal_aws_endpoint for_whom, login;
    char host[256];
    unsigned misfits = 0;

    plain_host(l->host, host, sizeof(host));
    if (pgseal_aws_endpoint(t->host, &for_whom) == PGSEAL_AWS_NONE)
        misfits |= PGSEAL_AWS_NO_ENDPOINT;
    else if (for_whom.kind == PGSEAL_AWS_CLUSTER_CUSTOM)
        misfits |= PGSEAL_AWS_CUSTOM;
    if (host[0] != '\0' && pgseal__strcasecmp(host, t->host) != 0)
        misfits |= pgseal_aws_endpoint(host, &login) == PGSEAL_AWS_NONE ? PGSEAL_AWS_ALIAS
                                                                        : PGSEAL_AWS_OTHER_HOST;
    if (t->region[0] != '\0' && for_whom.region[0] != '\0' &&
        strcmp(t->region, for_whom.region) != 0)
        misfits |= PGSEAL_AWS_OTHER_REGION;
    return misfits;
}

static bool is_other_user(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l)
{
    if (l->user == NULL)
        return false;
    if (t->dsql) /* Aurora DSQL User Guide: admin needs an action of its own */
        return t->admin != (strcmp(l->user, "admin") == 0);
    return strcmp(t->user, l->user) != 0;
}

unsigned pgseal_aws_token_check(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l)
{
    unsigned misfits = check_host(t, l);

    if (!t->whole)
        misfits |= PGSEAL_AWS_CUT;
    if (t->port != 0 && l->port != 0 && t->port != l->port)
        misfits |= PGSEAL_AWS_OTHER_PORT;
    if (is_other_user(t, l))
        misfits |= PGSEAL_AWS_OTHER_USER;
    if (t->whole && t->until_unix_s <= l->now_unix_s)
        misfits |= PGSEAL_AWS_ENDED;
    if (t->whole && t->signed_unix_s > l->now_unix_s + SKEW_S)
        misfits |= PGSEAL_AWS_NOT_BEGUN;
    if (l->method != NULL && strcmp(l->method, "password") != 0)
        misfits |= PGSEAL_AWS_NOT_ASKED;
    return misfits;
}

/* ---- in words -------------------------------------------------------------------------------- */

static const char *span(char out[40], int64_t seconds)
{
    static const struct {
        int64_t unit;
        const char *name;
    } rows[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;

    while (i + 1 < PGSEAL_COUNT(rows) && seconds < 2 * rows[i].unit)
        i++;
    pgseal__format(out, 40, "%lld %s%s", (long long)(seconds / rows[i].unit), rows[i].name,
                   seconds / rows[i].unit == 1 ? "" : "s");
    return out;
}

static const char *shown(char out[300], const char *text)
{
    return pgseal__escape(out, 300, text, strlen(text), 128);
}

/* "The password is an IAM token for user "app" at HOST:5432, signed ... for 15 minutes." */
static void introduce(const struct pgseal_aws_token *t, char *out, size_t cap)
{
    char name[300], when[40], life[40];

    pgseal__format(out, cap, "The password is an IAM token for ");
    if (t->dsql)
        pgseal__append(out, cap, "%s of Aurora DSQL",
                       t->admin ? "the role admin" : "a role but admin");
    else
        pgseal__append(out, cap, "user \"%s\"", shown(name, t->user));
    pgseal__append(out, cap, " at %s", t->host);
    if (t->port != 0)
        pgseal__append(out, cap, ":%d", t->port);
    if (t->whole)
        pgseal__append(out, cap, ", signed %s for %s", pgseal__utc(when, t->signed_unix_s),
                       span(life, t->until_unix_s - t->signed_unix_s));
    pgseal__append(out, cap, ".");
}

/* The sentences about names. */
static void tell_names(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l,
                       unsigned misfits, char *out, size_t cap)
{
    struct pgseal_aws_endpoint e;
    char name[300];

    if ((misfits & (PGSEAL_AWS_OTHER_HOST | PGSEAL_AWS_ALIAS)) != 0) {
        pgseal__append(out, cap, " This connection goes to %s%s",
                       (misfits & PGSEAL_AWS_OTHER_HOST) != 0 ? "another endpoint, " : "",
                       shown(name, l->host));
        if (l->port != 0)
            pgseal__append(out, cap, ":%d", l->port);
        pgseal__append(out, cap, ".");
    } else if ((misfits & PGSEAL_AWS_OTHER_PORT) != 0) {
        pgseal__append(out, cap, " This connection goes to port %d.", l->port);
    }
    if ((misfits & PGSEAL_AWS_NO_ENDPOINT) != 0)
        pgseal__append(
            out, cap, " %s is no endpoint of AWS: a token for any other name is refused.", t->host);
    if ((misfits & PGSEAL_AWS_CUSTOM) != 0)
        pgseal__append(out, cap, " That is a custom endpoint, which IAM does not know.");
    if ((misfits & PGSEAL_AWS_OTHER_REGION) != 0) {
        (void)pgseal_aws_endpoint(t->host, &e);
        pgseal__append(out, cap, " It was signed for region %s, and the endpoint is in %s.",
                       shown(name, t->region), e.region);
    }
    if ((misfits & PGSEAL_AWS_OTHER_USER) != 0)
        pgseal__append(out, cap, " This login is as user \"%s\".", shown(name, l->user));
}

static void tell_rest(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l,
                      unsigned misfits, char *out, size_t cap)
{
    char text[300];

    if ((misfits & PGSEAL_AWS_CUT) != 0)
        pgseal__append(out, cap,
                       " It is not whole: of its %zu characters the signature or another part "
                       "is missing.",
                       t->len);
    if ((misfits & PGSEAL_AWS_ENDED) != 0)
        pgseal__append(out, cap, " It ended %s ago.", span(text, l->now_unix_s - t->until_unix_s));
    if ((misfits & PGSEAL_AWS_NOT_BEGUN) != 0)
        pgseal__append(out, cap, " By this machine's clock that is %s in the future.",
                       span(text, t->signed_unix_s - l->now_unix_s));
    if ((misfits & PGSEAL_AWS_NOT_ASKED) != 0)
        pgseal__append(out, cap,
                       " The server asked for %s and not for a password in clear text: it does "
                       "not know this role by IAM.",
                       shown(text, l->method));
    if (misfits == 0)
        pgseal__append(out, cap,
                       " Host, port, user, region and time in it fit this login: the reason lies "
                       "elsewhere.");
}

/* A word that needs no quotes in a shell, or what stands for it. */
static const char *word(const char *text, const char *otherwise)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%+=:,./_-";

    return text != NULL && text[0] != '\0' && strspn(text, safe) == strlen(text) ? text : otherwise;
}

/* The command for a token of this login. */
static void tell_command(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l,
                         char *out, size_t cap)
{
    struct pgseal_aws_endpoint e;
    char host[256];

    plain_host(l->host, host, sizeof(host));
    if (pgseal_aws_endpoint(host, &e) == PGSEAL_AWS_NONE)
        pgseal__format(host, sizeof(host), "%s", t->host);
    if (pgseal_aws_endpoint(host, &e) == PGSEAL_AWS_NONE || e.kind == PGSEAL_AWS_CLUSTER_CUSTOM)
        pgseal__format(host, sizeof(host), "ENDPOINT");
    if (t->dsql) {
        pgseal__append(out, cap,
                       "\n  PGPASSWORD=$(aws dsql generate-db-connect-%sauth-token "
                       "--hostname %s --region %s)",
                       l->user != NULL && strcmp(l->user, "admin") == 0 ? "admin-" : "", host,
                       word(e.region, "REGION"));
        return;
    }
    pgseal__append(out, cap,
                   "\n  PGPASSWORD=$(aws rds generate-db-auth-token --hostname %s --port %d "
                   "--region %s --username %s)",
                   host, l->port, word(e.region, "REGION"), word(l->user, "USER"));
}

static void tell_grant(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l,
                       char *out, size_t cap)
{
    char name[300];

    if (t->dsql)
        pgseal__format(out, cap,
                       "See that the policy of who signed allows dsql:%s for this cluster%s",
                       t->admin ? "DbConnectAdmin" : "DbConnect",
                       t->admin ? "" : ", and that the role was granted to it (AWS IAM GRANT)");
    else
        pgseal__format(out, cap,
                       "In the database: GRANT rds_iam TO \"%s\". Then see that IAM "
                       "authentication is enabled for the instance or cluster, and that the "
                       "policy of who signed allows rds-db:connect for this user",
                       shown(name, l->user != NULL ? l->user : "USER"));
    pgseal__append(out, cap, "%s",
                   t->temporary ? ". The credentials that signed are temporary; a token ends with "
                                  "them."
                                : ".");
}

void pgseal_aws_token_story(const struct pgseal_aws_token *t, const struct pgseal_aws_login *l,
                            unsigned misfits, char *seen, size_t seen_cap, char *fix,
                            size_t fix_cap)
{
    introduce(t, seen, seen_cap);
    tell_names(t, l, misfits, seen, seen_cap);
    tell_rest(t, l, misfits, seen, seen_cap);
    if ((misfits & ~(unsigned)PGSEAL_AWS_ALIAS) == 0 || (misfits & PGSEAL_AWS_NOT_ASKED) != 0) {
        tell_grant(t, l, fix, fix_cap);
        return;
    }
    if ((misfits & PGSEAL_AWS_NOT_BEGUN) != 0)
        pgseal__format(fix, fix_cap,
                       "Set the clock of the machine that signed, or of this one, "
                       "and sign again:");
    else
        pgseal__format(fix, fix_cap, "Sign a token for this very login, just before it:");
    tell_command(t, l, fix, fix_cap);
    if ((misfits & (PGSEAL_AWS_ALIAS | PGSEAL_AWS_NO_ENDPOINT)) != 0)
        pgseal__append(fix, fix_cap,
                       "\nand connect with that endpoint as host; where the way there is another "
                       "one, add hostaddr=ADDRESS.");
}

/* SPDX-License-Identifier: PostgreSQL */
/* Reads pg_hba.conf's rules for one question: who may come in without encryption? */
#include "status_int.h"

#include "core/base/base.h"

/* What lines above have already refused, for whoever comes without TLS. */
struct covered {
    bool v4, v6; /* every address of ... */
};

/* True when `word` stands in a list "a,b,c". */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
        if ((p == list || p[-1] == ',') && (p[n] == '\0' || p[n] == ','))
            return true;
    return false;
}

/* hostnossl is "without TLS"; hostnogssenc "without GSSAPI", which plaintext is too. */
static bool is_for_plaintext(const struct status_rule *r)
{
    return strcmp(r->type, "host") == 0 || strcmp(r->type, "hostnossl") == 0 ||
           strcmp(r->type, "hostnogssenc") == 0;
}

static bool is_reject(const struct status_rule *r)
{
    return strcmp(r->method, "reject") == 0;
}

/* "all" is every database but not replication (auth-pg-hba-conf.html). */
static bool for_databases(const struct status_rule *r)
{
    return strcmp(r->database, "replication") != 0;
}

static bool for_replication(const struct status_rule *r)
{
    return has_word(r->database, "replication");
}

bool status__is_loopback(const struct status_address *a)
{
    return a->tcp == STATUS_YES &&
           (strncmp(a->host, "127.", 4) == 0 || strcmp(a->host, "::1") == 0);
}

/* The server itself says that this very session came over the network, and bare. */
static bool is_proof_itself(const struct status_server *s)
{
    return s->client.tcp == STATUS_YES && s->stat.tls == STATUS_NO && s->gss != STATUS_YES &&
           !status__is_loopback(&s->client);
}

static bool is_loopback(const struct status_rule *r)
{
    return (strncmp(r->address, "127.", 4) == 0 && strncmp(r->netmask, "255.", 4) == 0) ||
           strcmp(r->address, "::1") == 0;
}

static bool any_v4(const struct status_rule *r)
{
    return strcmp(r->address, "all") == 0 ||
           (strcmp(r->address, "0.0.0.0") == 0 && strcmp(r->netmask, "0.0.0.0") == 0);
}

static bool any_v6(const struct status_rule *r)
{
    return strcmp(r->address, "all") == 0 ||
           (strcmp(r->address, "::") == 0 && strcmp(r->netmask, "::") == 0);
}

/* A reject line for everybody: nothing below it matters to those it is for. */
static void cover(const struct status_rule *r, struct covered *c)
{
    if (!has_word(r->user, "all"))
        return;
    c->v4 = c->v4 || any_v4(r);
    c->v6 = c->v6 || any_v6(r);
}

static bool is_v6(const struct status_rule *r)
{
    return strchr(r->address, ':') != NULL;
}

static bool is_v4(const struct status_rule *r)
{
    return r->address[0] >= '0' && r->address[0] <= '9' && !is_v6(r);
}

/* True when every address this rule is for was refused above. */
static bool is_covered(const struct status_rule *r, const struct covered *c)
{
    if (is_v4(r))
        return c->v4;
    return is_v6(r) ? c->v6 : c->v4 && c->v6;
}

static bool admits(const struct status_rule *r, const struct covered *databases,
                   const struct covered *replication)
{
    return is_for_plaintext(r) && !is_reject(r) &&
           ((for_databases(r) && !is_covered(r, databases)) ||
            (for_replication(r) && !is_covered(r, replication)));
}

void status_rules_judge(const struct status_rule *rule, size_t n, struct status_plaintext *out)
{
    struct covered databases = {0}, replication = {0};
    bool far = false;

    for (size_t i = 0; i < n; i++) {
        const struct status_rule *r = &rule[i];

        if (admits(r, &databases, &replication)) {
            if (out->nadmits < PGSEAL_COUNT(out->admits))
                out->admits[out->nadmits] = i;
            out->nadmits++;
            far = far || !is_loopback(r);
        } else if (is_for_plaintext(r) && is_reject(r) && strcmp(r->type, "hostnogssenc") != 0) {
            if (has_word(r->database, "all"))
                cover(r, &databases);
            if (for_replication(r))
                cover(r, &replication);
        }
    }
    out->refused = far ? STATUS_NO : STATUS_YES;
    out->only_loopback = !far && out->nadmits > 0;
}

/* ---- settings and rules together ------------------------------------------------------------- */

static size_t first_error(const struct status_server *s)
{
    size_t i = 0;

    while (i < s->nrules && s->rules[i].error[0] == '\0')
        i++;
    return i;
}

static void say_lines(const struct status_server *s, struct status_plaintext *p)
{
    size_t shown = p->nadmits < 5 ? p->nadmits : 5;

    if (p->refused == STATUS_YES && !p->only_loopback) {
        pgseal__format(p->how, sizeof(p->how),
                       "No line of pg_hba.conf lets a connection without TLS in over the network.");
        return;
    }
    pgseal__format(p->how, sizeof(p->how), "Line%s ", p->nadmits == 1 ? "" : "s");
    for (size_t i = 0; i < shown; i++)
        pgseal__append(p->how, sizeof(p->how), "%s%d", i == 0 ? "" : ", ",
                       s->rules[p->admits[i]].line);
    if (p->nadmits > shown)
        pgseal__append(p->how, sizeof(p->how), " and %zu more", p->nadmits - shown);
    pgseal__append(p->how, sizeof(p->how), " of pg_hba.conf let%s plaintext in%s.",
                   p->nadmits == 1 ? "s" : "",
                   p->only_loopback ? ", from the server's own machine only" : "");
}

/* One login speaks for one role, database and address: let in is let in, refused is not for all. */
static void add_try(const struct status_try *t, struct status_plaintext *out)
{
    const char *space = out->how[0] != '\0' ? " " : "";

    if (!t->done)
        return;
    if (t->refused == STATUS_NO) {
        out->refused = STATUS_NO;
        out->only_loopback = false;
        pgseal__append(out->how, sizeof(out->how), "%sTried: a login without TLS was taken (%s).",
                       space, t->said);
    } else if (t->refused == STATUS_YES) {
        pgseal__append(out->how, sizeof(out->how),
                       "%sTried: this role is refused from here without TLS (%s)%s.", space,
                       t->said, out->refused == STATUS_UNKNOWN ? "; others may be let in" : "");
    } else {
        pgseal__append(out->how, sizeof(out->how), "%sTried, without an answer: %s.", space,
                       t->said);
    }
}

static void by_settings_and_rules(const struct status_server *s, struct status_plaintext *out)
{
    const char *ssl = status_setting(s, "ssl");

    if (!s->answered)
        return;
    if (is_proof_itself(s)) {
        out->refused = STATUS_NO;
        pgseal__format(out->how, sizeof(out->how),
                       "The server took this very session without encryption.");
    } else if (s->force_setting[0] != '\0' && s->forced == STATUS_YES) {
        out->refused = STATUS_YES;
        pgseal__format(out->how, sizeof(out->how), "%s is on.", s->force_setting);
    } else if (s->rules == NULL && s->force_setting[0] != '\0') {
        out->refused = s->forced;
        pgseal__format(out->how, sizeof(out->how), "%s is off.", s->force_setting);
    } else if (s->rules == NULL) {
        pgseal__format(out->how, sizeof(out->how), "%s", s->rules_why);
    } else if (first_error(s) < s->nrules) {
        pgseal__format(out->how, sizeof(out->how),
                       "Line %d of pg_hba.conf is broken (%s): the server works with an older "
                       "version of the file.",
                       s->rules[first_error(s)].line, s->rules[first_error(s)].error);
    } else {
        status_rules_judge(s->rules, s->nrules, out);
        say_lines(s, out);
    }
    if (ssl != NULL && strcmp(ssl, "off") == 0 && out->refused != STATUS_YES)
        pgseal__append(out->how, sizeof(out->how),
                       "%sThe server does not offer TLS at all (ssl = off).",
                       out->how[0] != '\0' ? " " : "");
}

void status_plaintext(const struct status_server *s, const struct status_try *tried,
                      struct status_plaintext *out)
{
    memset(out, 0, sizeof(*out));
    by_settings_and_rules(s, out);
    add_try(tried, out);
}

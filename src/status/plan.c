/* SPDX-License-Identifier: PostgreSQL */
/* What to type so that this very server refuses plaintext, and how to go back. */
#include "status_int.h"

#include "core/base/base.h"

struct status_step *status__step(struct status_step *list, size_t cap, size_t *n, const char *fmt,
                                 ...)
{
    struct status_step *s = &list[*n < cap ? *n : cap - 1];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(s->text, sizeof(s->text), fmt, ap);
    va_end(ap);
    s->command[0] = '\0';
    *n += *n < cap;
    return s;
}

void status__command(struct status_step *s, const char *fmt, ...)
{
    char text[sizeof(s->command)];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    pgseal__append(s->command, sizeof(s->command), "%s%s", s->command[0] != '\0' ? "\n" : "", text);
}

/* Names in the certificate are the endpoint's own, also when an alias or an address was dialled. */
static void endpoint_of_cert(const char *names, struct pgseal_aws_endpoint *at)
{
    char name[256];
    const char *p = names;

    while (p != NULL && (p = strstr(p, "DNS:")) != NULL) {
        p += 4;
        pgseal__format(name, sizeof(name), "%.*s", (int)strcspn(p, ", "), p);
        if (pgseal_aws_endpoint(name, at) != PGSEAL_AWS_NONE)
            return;
    }
}

static bool ends_with(const char *host, const char *tail)
{
    size_t n = strlen(tail);

    return host != NULL && strlen(host) > n &&
           pgseal__strcasecmp(host + strlen(host) - n, tail) == 0;
}

/* A row of providers.def. */
struct provider {
    const char *tail, *product, *says, *enforce_text, *enforce, *rollback;
};
static const struct provider PROVIDERS[] = {
#define PGSEAL_ROW(id, tail, product, says, text, enforce, rollback) \
    {tail, product, says, text, enforce, rollback},
#include "providers.def"
#undef PGSEAL_ROW
};
enum provider_id {
#define PGSEAL_ROW(id, tail, product, says, text, enforce, rollback) PROVIDER_##id,
#include "providers.def"
#undef PGSEAL_ROW
};

/* By a setting that only they have, else by the name; NULL when it is nobody we know. */
static const struct provider *provider_of(const struct status_client *c,
                                          const struct status_server *s)
{
    if (strcmp(s->force_setting, "require_secure_transport") == 0)
        return &PROVIDERS[PROVIDER_AZURE];
    if (s->cloudsql)
        return &PROVIDERS[PROVIDER_CLOUD_SQL];
    for (size_t i = 0; i < PGSEAL_COUNT(PROVIDERS); i++)
        if (ends_with(c->host, PROVIDERS[i].tail))
            return &PROVIDERS[i];
    return NULL;
}

static enum status_product product_of(const struct status_client *c, const struct status_server *s,
                                      const struct pgseal_aws_endpoint *at)
{
    if (s->aurora)
        return STATUS_AURORA;
    if (s->rds || strcmp(s->force_setting, "rds.force_ssl") == 0)
        return STATUS_RDS;
    if (provider_of(c, s) != NULL)
        return STATUS_PROVIDER;
    /*
     * What did not answer is judged by its name alone: a cluster's is Aurora's in most cases. What
     * answered and has no setting of Amazon's is none of theirs, whatever name leads to it.
     */
    if (s->answered || at->kind == PGSEAL_AWS_NONE || at->kind == PGSEAL_AWS_DSQL)
        return STATUS_SELF_HOSTED;
    return at->kind == PGSEAL_AWS_INSTANCE ? STATUS_RDS : STATUS_AURORA;
}

static void name_product(struct status_plan *p, const char *name, int version)
{
    if (version == 0)
        pgseal__format(p->product_name, sizeof(p->product_name), "%s", name);
    else if (version < 100000)
        pgseal__format(p->product_name, sizeof(p->product_name), "%s %d.%d.%d", name,
                       version / 10000, version / 100 % 100, version % 100);
    else
        pgseal__format(p->product_name, sizeof(p->product_name), "%s %d.%d", name, version / 10000,
                       version % 10000);
}

/* ---- PostgreSQL of one's own ------------------------------------------------------------------
 */

/* 'TEXT' for the shell. */
static void quote(const char *text, char *out, size_t cap)
{
    out[0] = '\0';
    pgseal__append(out, cap, "'");
    for (; *text != '\0'; text++)
        pgseal__append(out, cap, *text == '\'' ? "'\\''" : "%c", *text);
    pgseal__append(out, cap, "'");
}

static void hba_variable(struct status_step *step, const struct status_server *s)
{
    const char *file = status_setting(s, "hba_file");
    char quoted[600];

    if (file == NULL) {
        status__command(step, "HBA=$(psql -U postgres -Atc 'show hba_file')");
        return;
    }
    quote(file, quoted, sizeof(quoted));
    status__command(step, "HBA=%s", quoted);
}

static void plan_self_hosted(const struct status_server *s, const struct status_plaintext *plain,
                             struct status_plan *p)
{
    const char *ssl = status_setting(s, "ssl");
    struct status_step *step;

    if (ssl != NULL && strcmp(ssl, "off") == 0) {
        step = status__enforce(p, "The server must offer TLS before it can demand it. With a "
                                  "certificate in server.crt and its key in server.key in the "
                                  "data directory (pgseal ca issue makes them), as superuser:");
        status__command(step, "psql -U postgres -c 'alter system set ssl = on' "
                              "-c 'select pg_reload_conf()'");
    }
    step = status__enforce(
        p,
        "On the server's machine, as the owner of pg_hba.conf: the first line that matches "
        "decides, so one line at the top refuses every connection over TCP that has no TLS (%s"
        "replication needs its own word: \"all\" does not mean it).",
        plain->nadmits > 0 ? "also from 127.0.0.1; " : "");
    hba_variable(step, s);
    status__command(step, "cp -p \"$HBA\" \"$HBA.before-tls\"");
    status__command(step, "sed -i '1i hostnossl all,replication all all reject' \"$HBA\"");
    status__command(step, "psql -U postgres -c 'select pg_reload_conf()'");
    step =
        status__rollback(p, "The copy that was made before, and the server told (without a copy: "
                            "take the line out by hand, or make host of hostssl again):");
    hba_variable(step, s);
    status__command(step, "cp -p \"$HBA.before-tls\" \"$HBA\"");
    status__command(step, "psql -U postgres -c 'select pg_reload_conf()'");
}

/* ---- somebody else's --------------------------------------------------------------------------
 */

/* A row's command, one line of it a time, with the name put in. */
static void provider_command(struct status_step *step, const char *text, const char *name)
{
    const char *at = strstr(text, "{name}");

    if (text[0] == '\0')
        return;
    if (at == NULL)
        status__command(step, "%s", text);
    else
        status__command(step, "%.*s%s%s", (int)(at - text), text, name, at + strlen("{name}"));
}

static void plan_provider(const struct status_client *c, const struct provider *row,
                          struct status_plan *p)
{
    char name[80] = "NAME";
    struct status_step *step;
    size_t n = c->host != NULL ? strcspn(c->host, ".") : 0;

    if (ends_with(c->host, row->tail) && n > 0 && n < sizeof(name) &&
        strspn(c->host, "abcdefghijklmnopqrstuvwxyz0123456789-") == n)
        pgseal__format(name, sizeof(name), "%.*s", (int)n, c->host);
    pgseal__format(p->default_says, sizeof(p->default_says), "%s", row->says);
    if (row->enforce_text[0] == '\0')
        return;
    step = status__enforce(p, "%s", row->enforce_text);
    provider_command(step, row->enforce, name);
    step = status__rollback(p, "The same switch, the other way.");
    provider_command(step, row->rollback, name);
}

/* ---- all --------------------------------------------------------------------------------------
 */

/* What is behind somebody who ends TLS does not protect the hop to him. */
static void plan_middlebox(const struct status_judgement *j, struct status_plan *p,
                           const struct pgseal_aws_endpoint *at)
{
    if (j->verdict != STATUS_DISAGREE || at->kind == PGSEAL_AWS_PROXY ||
        at->kind == PGSEAL_AWS_PROXY_ENDPOINT)
        return;
    status__enforce(p,
                    "Your hop ends at what is in between: refuse plaintext there first (PgBouncer: "
                    "client_tls_sslmode = require, and server_tls_sslmode = verify-full for the "
                    "hop behind it). The server's own setting below protects the hop behind it "
                    "only.");
}

void status_plan(const struct status_client *c, const struct status_server *s,
                 const struct status_plaintext *plain, const struct status_judgement *j,
                 struct status_plan *out)
{
    struct pgseal_aws_endpoint at;

    memset(out, 0, sizeof(*out));
    if (pgseal_aws_endpoint(c->host, &at) == PGSEAL_AWS_NONE)
        endpoint_of_cert(c->cert_names, &at);
    out->product = product_of(c, s, &at);
    if (at.kind == PGSEAL_AWS_DSQL) {
        name_product(out, "Aurora DSQL", 0);
        pgseal__format(out->default_says, sizeof(out->default_says),
                       "Aurora DSQL takes connections with TLS only; there is nothing to set.");
        return;
    }
    plan_middlebox(j, out, &at);
    switch (out->product) {
    case STATUS_AURORA:
        name_product(out, "Aurora PostgreSQL", s->version);
        status__plan_aws(&at, s, out);
        return;
    case STATUS_RDS:
        name_product(out, "RDS for PostgreSQL", s->version);
        status__plan_aws(&at, s, out);
        return;
    case STATUS_PROVIDER:
        name_product(out, provider_of(c, s)->product, s->version);
        plan_provider(c, provider_of(c, s), out);
        return;
    case STATUS_SELF_HOSTED:
        name_product(out, "PostgreSQL", s->version);
        plan_self_hosted(s, plain, out);
        return;
    }
}

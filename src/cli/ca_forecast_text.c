/* SPDX-License-Identifier: PostgreSQL */
/* A forecast as text and as JSON: what was seen, what will be, what to do. */
#include "ca_forecast_int.h"
#include "findings_int.h"

#define LABEL 13 /* columns of a label with its two blanks before */

struct page {
    struct cli_sheet to;
    const struct cli_forecast *c;
    const struct ca_forecast *f;
    int64_t now;
};

/* ---- what was seen --------------------------------------------------------------------------- */

static void server(const struct page *p)
{
    const struct ca_forecast *f = p->f;
    const struct pgseal_aws_endpoint *e = &f->endpoint;
    const struct cli_peer *peer = p->c->peer;

    cli_str_addf(p->to.out, "%s%s%s\n", p->to.colour ? "\033[1m" : "", peer->label,
                 p->to.colour ? "\033[0m" : "");
    if (e->kind != PGSEAL_AWS_NONE)
        cli_fact(&p->to, "endpoint", "%s \"%s\"%s%s (%s)%s%s", pgseal_aws_kind_str(e->kind),
                 e->name, e->region[0] != '\0' ? " in " : "", e->region,
                 pgseal_aws_partition_str(e->partition),
                 e->green ? ", the green side of a blue/green deployment" : "",
                 e->old ? ", the old side of a blue/green deployment" : "");
    else if (f->authority == CA_AUTHORITY_RDS)
        cli_fact(&p->to, "endpoint", "not a name of AWS; by its certificate a server of RDS in %s",
                 f->region);
    if (peer->address[0] != '\0' && strcmp(peer->address, peer->host) != 0)
        cli_fact(&p->to, "address", "%s", peer->address);
    if (f->n_instances > 0 && e->kind != PGSEAL_AWS_INSTANCE)
        cli_fact(&p->to, "instance", "%s answered, by its certificate", f->instance[0]);
    if (f->authority == CA_AUTHORITY_RDS)
        cli_fact(&p->to, "signed by", "%s%s", f->ca, f->ca_retired ? ", a CA of the past" : "");
    else if (f->authority == CA_AUTHORITY_PUBLIC)
        cli_fact(&p->to, "signed by", "%s, a public authority", f->authority_name);
    else
        cli_fact(&p->to, "signed by", "an authority of its own");
}

static void sent(const struct page *p)
{
    struct pgseal_cert_info info;

    cli_heading(&p->to, "What the server sent");
    for (size_t i = 0; pgseal_chain_describe(p->c->peer->sent, i, &info) == 0; i++)
        cli_chain_cert(p->to.out, i, &info, p->now, "");
}

static void today(const struct page *p)
{
    const struct ca_forecast *f = p->f;
    const struct pgseal_verified *v = &f->path.verified;
    const char *day = p->c->peers->o.at != NULL ? "that day" : "today";
    char until[40], when[48], what[64] = "";

    pgseal__format(what, sizeof(what), "With %s", f->system ? "the system's roots" : "the file");
    cli_heading(&p->to, what);
    if (f->system)
        cli_fact(&p->to, "trusted", "the system's roots");
    else
        cli_fact(&p->to, "trusted", "%s, %zu certificate%s", f->file, f->anchors,
                 f->anchors == 1 ? "" : "s");
    if (f->verified && v->root_line > 0)
        cli_fact(&p->to, day, "%s; the anchor is at %s:%d",
                 f->name_ok ? "verified" : "the chain is verified, the name is not", v->root_file,
                 v->root_line);
    else
        cli_fact(&p->to, day, "%s",
                 !f->verified ? "NOT verified"
                 : f->name_ok ? "verified"
                              : "the chain is verified, the name is not");
    if (f->until_unix_s != 0)
        cli_fact(&p->to, "ends", "%.10s, %s, with certificate %d",
                 pgseal__utc(until, f->until_unix_s), cli_when(when, f->until_unix_s, p->now),
                 f->until_depth);
    if (f->half_life_unix_s != 0)
        cli_fact(&p->to, "renewal", "RDS renews from %.10s on (half-life), %s",
                 pgseal__utc(until, f->half_life_unix_s),
                 f->restarts ? "with a restart: the certificate is for three years"
                             : "without a restart: the certificate is for one year");
}

/* ---- what will be ---------------------------------------------------------------------------- */

/* "FAILS", seen from afar. */
static void fails(const struct page *p, const char *why)
{
    cli_str_addf(p->to.out, "%sFAILS%s  %s", p->to.colour ? "\033[1;31m" : "",
                 p->to.colour ? "\033[0m" : "", why);
}

static void choice(const struct page *p, const struct ca_choice *c)
{
    char label[64], until[40];

    pgseal__format(label, sizeof(label), c->current ? "renewed, %s" : "changed to %s", c->id);
    cli_str_addf(p->to.out, "  %-30s", label);
    if (c->retired)
        fails(p, "this CA has ended");
    else if (c->in_file)
        cli_str_addf(p->to.out, "works  root at %s:%d, until %.10s", c->file, c->line,
                     pgseal__utc(until, c->until_unix_s));
    else if (c->offered)
        fails(p, p->f->system ? "its root is not there" : "its root is not in the file");
    else
        fails(p, "its root is not there; AWS does not offer it in this region");
    cli_str_addc(p->to.out, '\n');
}

static void will_be(const struct page *p)
{
    const struct ca_forecast *f = p->f;

    cli_heading(&p->to, "When the certificate is ...");
    for (size_t i = 0; i < f->n_choices; i++)
        choice(p, &f->choice[i]);
    if (f->n_choices > 0)
        return;
    cli_str_addf(p->to.out, "  %-30s", "renewed by the same CA");
    if (f->renewal)
        cli_str_add(p->to.out, "works");
    else
        fails(p, "the root is not there");
    cli_str_addc(p->to.out, '\n');
}

/* ---- what to do ------------------------------------------------------------------------------ */

static void steps(const struct page *p)
{
    const struct ca_forecast *f = p->f;
    char day[40];

    cli_heading(&p->to, "Steps");
    for (size_t i = 0; i < p->c->steps.n; i++) {
        char label[16];

        pgseal__format(label, sizeof(label), "%zu.", i + 1);
        cli_str_addf(p->to.out, "  %-4s", label);
        cli_paragraph(p->to.out, p->c->steps.v[i].text, 6, p->to.columns);
    }
    if (p->c->steps.n == 0 && f->next_look_unix_s != 0)
        cli_str_addf(p->to.out, "  Nothing to do. Look again by %.10s.\n",
                     pgseal__utc(day, f->next_look_unix_s));
    else if (p->c->steps.n == 0)
        cli_str_add(p->to.out, "  Nothing to do on the server.\n");
}

void cli_forecast_text(struct cli_str *out, const struct cli_forecast *c, int columns, bool colour)
{
    struct page p = {
        .to = {out, columns, colour, LABEL}, .c = c, .f = &c->f, .now = c->peers->now_unix_s};

    server(&p);
    sent(&p);
    today(&p);
    will_be(&p);
    if (c->f.findings.n > 0) {
        struct cli_str found = {0};

        cli_findings_text(&found, &c->f.findings, columns, colour);
        cli_str_addf(out, "\n%s", cli_str(&found));
        cli_str_done(&found);
    }
    steps(&p);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const char *shown(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void json_server(json_t *o, const struct cli_forecast *c)
{
    static const char *const authorities[] = {"own", "rds", "public"};
    static const char *const kinds[] = {
        NULL,     "instance", "cluster",        "cluster_ro",  "cluster_custom",
        "global", "proxy",    "proxy_endpoint", "shard_group", "dsql"};
    const struct ca_forecast *f = &c->f;
    json_t *instances = cli_json_array();

    cli_json_text(o, "server", c->peer->label);
    cli_json_text(o, "address", shown(c->peer->address));
    cli_json_text(o, "kind", kinds[f->endpoint.kind]);
    cli_json_text(o, "endpoint",
                  f->endpoint.kind != PGSEAL_AWS_NONE ? pgseal_aws_kind_str(f->endpoint.kind)
                                                      : NULL);
    cli_json_text(o, "name", shown(f->endpoint.name));
    cli_json_text(o, "region", shown(f->region));
    cli_json_text(o, "partition",
                  f->region[0] != '\0' ? pgseal_aws_partition_str(f->partition) : NULL);
    cli_json_text(o, "cluster", shown(f->cluster));
    for (size_t i = 0; i < f->n_instances; i++)
        cli_json_add(instances, cli_json_string(f->instance[i]));
    cli_json_put(o, "instances", instances);
    cli_json_text(o, "authority", authorities[f->authority]);
    cli_json_text(o, "ca", shown(f->ca));
}

static json_t *json_choice(const struct ca_choice *c)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "ca", c->id);
    cli_json_text(o, "root", c->cn);
    cli_json_bool(o, "current", c->current);
    cli_json_bool(o, "published", c->known);
    cli_json_bool(o, "offered", c->offered);
    cli_json_bool(o, "retired", c->retired);
    cli_json_bool(o, "survives", c->in_file && !c->retired);
    cli_json_text(o, "file", c->file);
    cli_json_int(o, "line", c->line);
    if (c->until_unix_s != 0)
        cli_json_time(o, "until", c->until_unix_s);
    else
        cli_json_null(o, "until");
    return o;
}

/* Sentences and commands apart, as a program wants them. */
static json_t *json_step(const struct ca_step *s)
{
    json_t *o = cli_json_object();
    json_t *commands = cli_json_array();
    struct cli_str text = {0};

    for (const char *at = s->text; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        char *line = cli_strndup(at[0] == ' ' ? at + 1 : at, at[0] == ' ' ? n - 1 : n);

        if (at[0] == ' ')
            cli_json_add(commands, cli_json_string(line));
        else
            cli_str_addf(&text, "%s%s", text.len > 0 ? " " : "", line);
        cli_free(line);
        at += n;
        at += *at == '\n';
    }
    cli_json_text(o, "text", cli_str(&text));
    cli_json_put(o, "commands", commands);
    cli_str_done(&text);
    return o;
}

static void json_time_or_null(json_t *o, const char *key, int64_t unix_s)
{
    if (unix_s != 0)
        cli_json_time(o, key, unix_s);
    else
        cli_json_null(o, key);
}

json_t *cli_forecast_json(const struct cli_forecast *c)
{
    const struct ca_forecast *f = &c->f;
    json_t *o = cli_json_object();
    json_t *choices = cli_json_array();
    json_t *list = cli_json_array();

    json_server(o, c);
    cli_json_time(o, "at", c->peers->now_unix_s);
    cli_json_text(o, "with", f->file);
    cli_json_bool(o, "chain_verified", f->verified);
    cli_json_bool(o, "verified", f->verified && f->name_ok);
    if (f->verified)
        cli_json_put(o, "by", cli_chain_path_json(&f->path));
    if (!f->verified || !f->name_ok)
        cli_json_put(o, "error", cli_json_error(&f->refusal));
    cli_json_put(o, "sent", cli_chain_sent_json(c->peer->sent));
    json_time_or_null(o, "until", f->until_unix_s);
    cli_json_int(o, "until_depth", f->until_depth);
    json_time_or_null(o, "half_life", f->half_life_unix_s);
    cli_json_bool(o, "stuck", f->stuck);
    cli_json_bool(o, "survives_renewal", f->renewal);
    for (size_t i = 0; i < f->n_choices; i++)
        cli_json_add(choices, json_choice(&f->choice[i]));
    cli_json_put(o, "choices", choices);
    cli_findings_json(o, &f->findings);
    for (size_t i = 0; i < c->steps.n; i++)
        cli_json_add(list, json_step(&c->steps.v[i]));
    cli_json_put(o, "steps", list);
    json_time_or_null(o, "next_look", f->next_look_unix_s);
    return o;
}

json_t *cli_forecast_failed_json(const struct cli_peer *peer)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "server", peer->label);
    cli_json_put(o, "error", cli_json_error(&peer->err));
    return o;
}

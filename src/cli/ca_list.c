/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca list`: roots and certificates of the own authority, and what should be renewed. */
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "out_int.h"
#include "own_int.h"

#include <unistd.h>

enum opt_id { OPT_ALL, OPT_DIR, OPT_JSON };
static const struct cli_optrow OPTS[] = {
    {0, "all", NULL, "Options", "also certificates that were replaced"},
    {0, "dir", "DIR", "Options", "the authority's directory"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    struct cli_own own;
    bool all;
    int64_t now_unix_s;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    (void)why;
    switch ((enum opt_id)row) {
    case OPT_ALL:
        a->all = true;
        return 0;
    case OPT_DIR:
        a->own.dir = arg;
        return 0;
    case OPT_JSON:
        a->own.json = true;
        return 0;
    }
    return 0;
}

static const struct cli_front FRONT = {
    .name = "ca list",
    .usage = "[OPTION]...",
    .about = "pgseal ca list shows your own authority: its roots, what it issued, what should "
             "be renewed.\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = cli_no_operands,
};

static const char *state_of(const struct app *a, const struct ca_store *s,
                            const struct ca_record *c)
{
    if (c->info.not_after_unix_s <= a->now_unix_s)
        return "ended";
    if (!c->latest)
        return "replaced";
    if (c->root != s->newest)
        return "renew: of an older root";
    return ca_record_due(s, c, a->now_unix_s) ? "renew: in its last third" : "";
}

static void print_cert(const struct app *a, const struct ca_store *s, const struct ca_record *c,
                       int width)
{
    char until[40], root[16] = "-", line[512];
    size_t n;

    if (c->root > 0)
        pgseal__format(root, sizeof(root), "%d", c->root);
    pgseal__utc(until, c->info.not_after_unix_s);
    pgseal__format(line, sizeof(line), "%-*s  %s  root %-2s  until %.10s  %s", width, c->name,
                   c->client ? "client" : "server", root, until, state_of(a, s, c));
    n = strlen(line);
    while (n > 0 && line[n - 1] == ' ')
        n--;
    printf("%.*s\n", (int)n, line);
}

static void print(const struct app *a, const struct ca_store *s, const struct findings *found)
{
    struct cli_str text = {0};
    int width = 0;

    cli_own_line("store", "%s", s->dir);
    for (int i = s->newest - s->oldest; i >= 0; i--)
        cli_own_root(s, &s->root[i]);
    if (s->newest != s->oldest)
        cli_own_line("rotation", "%s: root %d replaces root %d",
                     ca_phase_name(ca_rotate_phase(s, a->now_unix_s)), s->newest, s->oldest);
    for (size_t i = 0; i < s->ncerts; i++)
        if ((a->all || s->cert[i].latest) && (int)strlen(s->cert[i].name) > width)
            width = (int)strlen(s->cert[i].name);
    if (width > 0)
        putchar('\n');
    for (size_t i = 0; i < s->ncerts; i++)
        if (a->all || s->cert[i].latest)
            print_cert(a, s, &s->cert[i], width);
    if (found->n == 0)
        return;
    cli_findings_text(&text, found, cli_columns(STDOUT_FILENO), cli_may_colour(STDOUT_FILENO));
    printf("\n%s", cli_str(&text));
    cli_str_done(&text);
}

static json_t *as_json(const struct app *a, const struct ca_store *s, const struct findings *found)
{
    json_t *o = cli_json_object(), *roots = cli_json_array(), *certs = cli_json_array();
    char path[CA_PATH_CAP];

    for (int i = 0; i <= s->newest - s->oldest; i++)
        cli_json_add(roots, cli_own_root_json(s, &s->root[i]));
    for (size_t i = 0; i < s->ncerts; i++) {
        const struct ca_record *c = &s->cert[i];
        json_t *one;

        if (!a->all && !c->latest)
            continue;
        one = cli_json_cert(&c->info);
        cli_json_text(one, "name", c->name);
        cli_json_text(one, "kind", c->client ? "client" : "server");
        cli_json_int(one, "root", c->root);
        cli_json_bool(one, "latest", c->latest);
        cli_json_bool(one, "due", ca_record_due(s, c, a->now_unix_s));
        cli_json_add(certs, one);
    }
    cli_json_text(o, "store", s->dir);
    cli_json_text(o, "bundle", ca_store_path(s, "root.crt", path));
    cli_json_bool(o, "encrypted", s->encrypted);
    cli_json_text(o, "phase", ca_phase_name(ca_rotate_phase(s, a->now_unix_s)));
    cli_json_put(o, "roots", roots);
    cli_json_put(o, "certificates", certs);
    cli_findings_json(o, found);
    return o;
}

static int run(struct app *a)
{
    struct ca_store *s = cli_own_open(&a->own, true);
    struct findings found = {0};
    int rc;

    if (s == NULL)
        return CLI_FOUND;
    a->now_unix_s = (int64_t)time(NULL);
    ca_own_watch(s, a->now_unix_s, &found);
    if (a->own.json)
        (void)cli_json_print(stdout, as_json(a, s, &found));
    else
        print(a, s, &found);
    rc = cli_findings_exit(&found);
    findings_done(&found);
    ca_store_close(s);
    return rc;
}

int cli_ca_list(int argc, char **argv)
{
    struct app a = {0};
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    if (a.own.json && !cli_json_ready())
        return CLI_USAGE;
    return run(&a);
}

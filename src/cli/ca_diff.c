/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca diff`: how two files of roots differ, and what that means. */
#include "ca_int.h"
#include "ca_read_int.h"
#include "ca_show_int.h"
#include "front_int.h"
#include "out_int.h"

#include <time.h>
#include <unistd.h>

enum opt_id { OPT_AT, OPT_ALL, OPT_JSON };
static const struct cli_optrow OPTS[] = {
    {0, "at", "DAY", "Options", "judge as on that day: 2027-06-01, or +90 for in 90 days"},
    {'a', "all", NULL, "Options", "each certificate in a line of its own"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    bool all, json;
    int64_t now_unix_s;
    char **paths;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_AT:
        if (cli_day(arg, time(NULL), &a->now_unix_s))
            return 0;
        cli_str_addf(why, "pgseal: error: --at: \"%s\" is not a day such as 2027-06-01 or +90\n",
                     arg);
        return -1;
    case OPT_ALL:
        a->all = true;
        break;
    case OPT_JSON:
        a->json = true;
        break;
    }
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    struct app *a = ctx;

    a->paths = argv + first;
    if (argc - first == 2)
        return 0;
    cli_str_addf(why, "pgseal: error: two files are compared, not %d\n", argc - first);
    return -1;
}

static const struct cli_front FRONT = {
    .name = "ca diff",
    .usage = "[OPTION]... A B",
    .about = "pgseal ca diff compares two files of root certificates: what is gone, what is new, "
             "and whether\n"
             "every server that A verifies is verified by B. One of them may be - for standard "
             "input.\n",
    .more = "  pgseal ca diff rds-combined-ca-bundle.pem global-bundle.pem\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

/* ---- text --------------------------------------------------------------------------------------
 */

static const struct ca_item *item_of(const struct ca_change *c)
{
    return c->a != NULL ? c->a : c->b;
}

static void each(struct cli_str *out, const struct ca_change *c)
{
    const struct ca_item *it = item_of(c);
    const char *sign = c->kind == CA_GONE ? "-" : c->kind == CA_NEW ? "+" : "~";
    char until[40];

    pgseal__utc(until, it->info.not_after_unix_s);
    cli_str_addf(out, "%s %5d  %.10s  %.12s  %s\n", sign, it->line, until, it->info.sha256, it->cn);
    if (c->a == NULL || c->b == NULL)
        return;
    pgseal__utc(until, c->b->info.not_after_unix_s);
    cli_str_addf(out, "> %5d  %.10s  %.12s  %s (%s)\n", c->b->line, until, c->b->info.sha256,
                 c->b->cn, ca_change_name(c->kind));
}

static int by_region(const void *a, const void *b)
{
    const struct ca_change *x = a;
    const struct ca_change *y = b;
    int d = (int)x->kind - (int)y->kind;

    d = d != 0 ? d : strcmp(item_of(x)->region, item_of(y)->region);
    d = d != 0 ? d : strcmp(item_of(x)->generation, item_of(y)->generation);
    return d != 0 ? d : item_of(x)->line - item_of(y)->line;
}

static bool is_grouped(const struct ca_change *c)
{
    return (c->kind == CA_GONE || c->kind == CA_NEW) && item_of(c)->generation[0] != '\0';
}

/* All of one region: "- us-east-1  rds-ca-2019 (2), rds-ca-rsa2048-g1". Returns how many. */
static size_t region(struct cli_str *out, const struct ca_change *c, size_t n)
{
    const char *name = item_of(c)->region;
    const char *last = "";
    size_t of_last = 0;
    size_t i;

    cli_str_addf(out, "%s %-18s  ", c->kind == CA_GONE ? "-" : "+",
                 name[0] != '\0' ? name : "(all regions)");
    for (i = 0; i < n && is_grouped(&c[i]) && c[i].kind == c->kind &&
                strcmp(item_of(&c[i])->region, name) == 0;
         i++) {
        const char *generation = item_of(&c[i])->generation;

        if (strcmp(generation, last) == 0) {
            of_last++;
            continue;
        }
        if (of_last > 1)
            cli_str_addf(out, " (%zu)", of_last);
        cli_str_addf(out, "%s%s", last[0] != '\0' ? ", " : "", generation);
        last = generation;
        of_last = 1;
    }
    if (of_last > 1)
        cli_str_addf(out, " (%zu)", of_last);
    cli_str_addc(out, '\n');
    return i;
}

static void changes(struct cli_str *out, const struct ca_diff *d, bool all)
{
    qsort(d->v, d->n, sizeof(d->v[0]), by_region);
    if (d->n > 0)
        cli_str_addc(out, '\n');
    for (size_t i = 0; i < d->n;) {
        if (!all && is_grouped(&d->v[i])) {
            i += region(out, &d->v[i], d->n - i);
        } else {
            each(out, &d->v[i]);
            i++;
        }
    }
}

static size_t count(const struct ca_diff *d, enum ca_change_kind from, enum ca_change_kind to)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        n += d->v[i].kind >= from && d->v[i].kind <= to;
    return n;
}

static void print_text(const struct ca_file f[2], const struct ca_diff *d, bool all)
{
    struct cli_str out = {0};
    char text[1000];
    int columns = cli_columns(STDOUT_FILENO);
    bool colour = cli_may_colour(STDOUT_FILENO);
    size_t changed = count(d, CA_REISSUED, CA_TAMPERED);

    for (int i = 0; i < 2; i++) {
        ca_file_headline(&f[i], text, sizeof(text));
        cli_str_addf(&out, "%s: %s: %s\n", i == 0 ? "A" : "B", f[i].name, text);
        if (f[i].loads > 0 && cli_findings_exit(&f[i].findings) != CLI_FINE)
            cli_str_addf(&out, "   something is wrong with it: pgseal ca show %s\n", f[i].name);
    }
    if (d->n == 0 && (f[0].loads == 0 || f[1].loads == 0)) {
        cli_str_add(&out, "nothing to compare\n");
    } else if (d->n == 0) {
        cli_str_addf(&out, "the same %zu certificate%s\n", d->both, d->both == 1 ? "" : "s");
    } else {
        cli_str_addf(&out, "%zu in both, %zu only in A, %zu only in B", d->both,
                     count(d, CA_GONE, CA_GONE), count(d, CA_NEW, CA_NEW));
        if (changed > 0)
            cli_str_addf(&out, ", %zu changed", changed);
        cli_str_addc(&out, '\n');
    }
    if (d->meanings > 0)
        cli_str_addc(&out, '\n');
    for (size_t i = 0; i < d->meanings; i++)
        cli_story_part(&out, i == 0 ? "so:" : "", d->meaning[i], columns, colour);
    changes(&out, d, all);
    fputs(cli_str(&out), stdout);
    cli_str_done(&out);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static json_t *file_json(const struct ca_file *f)
{
    json_t *o = cli_json_object();
    char text[400];

    cli_json_text(o, "file", f->name);
    ca_file_headline(f, text, sizeof(text));
    cli_json_text(o, "headline", text);
    cli_json_int(o, "loads", f->loads);
    return o;
}

static int print_json(const struct ca_file f[2], const struct ca_diff *d)
{
    json_t *o = cli_json_object();
    json_t *list = cli_json_array();
    json_t *meaning = cli_json_array();

    cli_json_put(o, "a", file_json(&f[0]));
    cli_json_put(o, "b", file_json(&f[1]));
    cli_json_bool(o, "same", d->n == 0);
    cli_json_int(o, "both", (int64_t)d->both);
    for (size_t i = 0; i < d->meanings; i++)
        cli_json_add(meaning, cli_json_string(d->meaning[i]));
    cli_json_put(o, "meaning", meaning);
    for (size_t i = 0; i < d->n; i++) {
        const struct ca_change *c = &d->v[i];
        json_t *change = cli_json_object();

        cli_json_text(change, "change", ca_change_name(c->kind));
        if (c->a != NULL)
            cli_json_put(change, "a", cli_ca_item_json(c->a, f[0].now_unix_s));
        else
            cli_json_null(change, "a");
        if (c->b != NULL)
            cli_json_put(change, "b", cli_ca_item_json(c->b, f[1].now_unix_s));
        else
            cli_json_null(change, "b");
        cli_json_add(list, change);
    }
    cli_json_put(o, "changes", list);
    (void)cli_json_print(stdout, o);
    return CLI_FINE;
}

/* ------------------------------------------------------------------------------------------------
 */

static int compare(const struct app *a)
{
    struct ca_file f[2] = {{.n = 0}, {.n = 0}};
    struct ca_diff d = {.n = 0};
    struct pgseal_err err = {0};
    int rc = cli_ca_look(a->paths[0], a->now_unix_s, NULL, &f[0], &err);
    int differ = 0;

    if (rc == CLI_FINE)
        rc = cli_ca_look(a->paths[1], a->now_unix_s, NULL, &f[1], &err);
    if (rc == CLI_FINE && (differ = ca_diff(&f[0], &f[1], &d, &err)) < 0)
        rc = CLI_FOUND;
    if (rc != CLI_FINE)
        cli_failed(&err, a->json ? stdout : NULL, rc);
    else if (a->json)
        rc = print_json(f, &d);
    else
        print_text(f, &d, a->all);
    /* Two files that libpq refuses are no pair to be content with. */
    differ = differ != 0 || f[0].loads == 0 || f[1].loads == 0;
    ca_diff_done(&d);
    ca_file_done(&f[0]);
    ca_file_done(&f[1]);
    return rc != CLI_FINE ? rc : differ ? CLI_FOUND : CLI_FINE;
}

int cli_ca_diff(int argc, char **argv)
{
    struct app a = {.now_unix_s = (int64_t)time(NULL)};
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    if (a.json && !cli_json_ready())
        return CLI_USAGE;
    return compare(&a);
}

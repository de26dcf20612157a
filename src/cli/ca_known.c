/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca known`: the certificates that Amazon published for RDS, as the program knows them. */
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"

enum opt_id { OPT_ALL, OPT_JSON };
static const struct cli_optrow OPTS[] = {
    {0, "all", NULL, "Options", "also what is no longer served, and intermediates"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    bool all, json;
    const char *region;
    size_t found;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    (void)arg;
    (void)why;
    if (row == OPT_ALL)
        a->all = true;
    else if (row == OPT_JSON)
        a->json = true;
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    struct app *a = ctx;

    if (argc - first > 1) {
        cli_str_addf(why, "pgseal: error: one region, not %d\n", argc - first);
        return -1;
    }
    a->region = argc > first ? argv[first] : NULL;
    return 0;
}

static const struct cli_front FRONT = {
    .name = "ca known",
    .usage = "[OPTION]... [REGION]",
    .about =
        "pgseal ca known lists the roots that Amazon published for RDS and Aurora, by region.\n",
    .more = "  pgseal ca known ap-northeast-1\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

static bool wanted(const struct app *a, const struct pgseal_known_ca *k)
{
    return (a->all || (k->served && k->root)) &&
           (a->region == NULL || strcmp(a->region, k->region) == 0);
}

static void print(const struct pgseal_known_ca *k)
{
    char until[40];

    pgseal__utc(until, k->not_after_unix_s);
    printf("%-15s  %-22s  %-8s  %.10s  %s\n", k->region[0] != '\0' ? k->region : "(all)",
           k->generation, k->key, until, k->sha256);
}

static json_t *as_json(const struct pgseal_known_ca *k)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "sha256", k->sha256);
    cli_json_text(o, "generation", k->generation);
    cli_json_text(o, "region", k->region);
    cli_json_bool(o, "root", k->root);
    cli_json_text(o, "common_name", k->cn);
    cli_json_text(o, "key", k->key);
    cli_json_time(o, "not_before", k->not_before_unix_s);
    cli_json_time(o, "not_after", k->not_after_unix_s);
    cli_json_bool(o, "served", k->served);
    return o;
}

static int by_region(const void *a, const void *b)
{
    const struct pgseal_known_ca *x = a;
    const struct pgseal_known_ca *y = b;
    int d = strcmp(x->region, y->region);

    d = d != 0 ? d : strcmp(x->generation, y->generation);
    return d != 0 ? d : strcmp(x->sha256, y->sha256);
}

static int list(struct app *a)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    struct pgseal_known_ca *sorted = cli_alloc(n * sizeof(*sorted));
    json_t *array = a->json ? cli_json_array() : NULL;

    memcpy(sorted, rows, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_region);
    for (size_t i = 0; i < n; i++) {
        if (!wanted(a, &sorted[i]))
            continue;
        a->found++;
        if (array != NULL)
            cli_json_add(array, as_json(&sorted[i]));
        else
            print(&sorted[i]);
    }
    cli_free(sorted);
    if (array != NULL)
        (void)cli_json_print(stdout, array);
    if (a->found > 0)
        return CLI_FINE;
    fprintf(stderr,
            "pgseal: error: no root of region \"%s\" is known\n"
            "pgseal: hint: pgseal ca known\n",
            a->region);
    return CLI_FOUND;
}

int cli_ca_known(int argc, char **argv)
{
    struct app a = {0};
    int code;

    if (cli_enter(&FRONT, &a, argc, argv, &code) < 0)
        return code;
    if (a.json && !cli_json_ready())
        return CLI_USAGE;
    return list(&a);
}

/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca issue`: a certificate of the own authority for a server or a role; renewing them. */
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "own_int.h"

#include <pgseal/drive.h>

enum opt_id {
    OPT_DIR,
    OPT_OUT,
    OPT_CLIENT,
    OPT_CSR,
    OPT_RENEW,
    OPT_KEY,
    OPT_DAYS,
    OPT_PASSPHRASE_FILE,
    OPT_JSON
};
static const struct cli_optrow OPTS[] = {
    {0, "dir", "DIR", "Options", "the authority's directory"},
    {'o', "out", "DIR", "Options", "where NAME.crt and NAME.key go (default: here)"},
    {0, "client", "ROLE", "Options", "a certificate with which ROLE logs in, not a server's"},
    {0, "csr", "FILE", "Options", "sign this request: its key stays where it is"},
    {0, "renew", NULL, "Options",
     "the certificate called NAME again, for the key it has; without NAME all that are due"},
    {0, "key", "KIND", "Options",
     "P-256, P-384, RSA2048, RSA3072 or RSA4096 (default: as the root's)"},
    {0, "days", "N", "Options", "how long it lasts (default: 397, or as long as the root)"},
    {0, "passphrase-file", "FILE", "Options",
     "the passphrase of the root's key, in the first line of FILE"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

struct app {
    struct cli_own own;
    struct ca_issue_options o;
    const char *csr;
    bool renew;
    char **names;
    json_t *issued; /* with --json */
    int64_t now_unix_s;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_DIR:
        a->own.dir = arg;
        return 0;
    case OPT_OUT:
        a->o.out_dir = arg;
        return 0;
    case OPT_CLIENT:
        a->o.client = arg;
        return 0;
    case OPT_CSR:
        a->csr = arg;
        return 0;
    case OPT_RENEW:
        a->renew = true;
        return 0;
    case OPT_KEY:
        return cli_own_key(arg, true, &a->o.key, why);
    case OPT_DAYS:
        return cli_own_days(arg, &a->o.days, why);
    case OPT_PASSPHRASE_FILE:
        a->own.passphrase_file = arg;
        return 0;
    case OPT_JSON:
        a->own.json = true;
        return 0;
    }
    return 0;
}

/* Which options go together. */
static const char *contradiction(const struct app *a)
{
    if (a->renew && (a->csr != NULL || a->o.client != NULL || a->o.key != NULL))
        return "--renew keeps kind, names and key: --client, --csr and --key do not go with it";
    if (a->csr != NULL && a->o.key != NULL)
        return "--csr brings its key: --key does not go with it";
    if (a->o.client != NULL && a->names[0] != NULL)
        return "--client names the role: a host name does not go with it";
    if (!a->renew && a->csr == NULL && a->o.client == NULL && a->names[0] == NULL)
        return "for which name? Give the one that clients type in host=";
    return NULL;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    struct app *a = ctx;
    const char *odd;

    (void)argc;
    a->names = argv + first;
    a->o.names = (const char *const *)a->names;
    odd = contradiction(a);
    if (odd == NULL)
        return 0;
    cli_str_addf(why, "pgseal: error: %s\n", odd);
    return -1;
}

static const struct cli_front FRONT = {
    .name = "ca issue",
    .usage = "[OPTION]... NAME...\n"
             "       pgseal ca issue [OPTION]... --client ROLE\n"
             "       pgseal ca issue [OPTION]... --csr FILE [NAME...]\n"
             "       pgseal ca issue [OPTION]... --renew [NAME...]\n"
             "\n"
             "NAME is a host name, *.DOMAIN or an address, as clients type it in host=.",
    .about = "pgseal ca issue makes a certificate, signed by your own authority.\n",
    .more = "  pgseal ca issue db1.example.com db1 10.0.0.5\n"
            "  pgseal ca issue --client app\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

static void tell(struct app *a, const struct ca_store *s, const struct ca_issued *i, bool install)
{
    if (a->own.json) {
        cli_json_add(a->issued, cli_own_issued_json(i));
        return;
    }
    cli_own_issued(i);
    if (install)
        cli_own_install(s, i);
}

static int issue(struct app *a, struct ca_store *s)
{
    struct ca_issued i;
    struct pgseal_err err = {0};
    int rc = ca_issue(s, &a->o, a->now_unix_s, &i, &err);

    if (rc == 0)
        tell(a, s, &i, true);
    ca_issued_done(&i);
    return rc < 0 ? cli_failed(&err, NULL, CLI_FOUND) : CLI_FINE;
}

static int renew(struct app *a, struct ca_store *s, const struct ca_record *c)
{
    struct ca_issued i;
    struct pgseal_err err = {0};
    int rc = ca_renew(s, c, a->o.out_dir, a->o.days, a->now_unix_s, &i, &err);

    if (rc == 0)
        tell(a, s, &i, false);
    ca_issued_done(&i);
    return rc < 0 ? cli_failed(&err, NULL, CLI_FOUND) : CLI_FINE;
}

static int renew_named(struct app *a, struct ca_store *s)
{
    int rc = CLI_FINE;

    for (char **name = a->names; *name != NULL; name++) {
        const struct ca_record *c = ca_store_find(s, *name);

        if (c == NULL) {
            fprintf(stderr,
                    "pgseal: error: nothing was issued under the name \"%s\"\n"
                    "  fix:  pgseal ca list shows the names; without --renew a new certificate is "
                    "made\n",
                    *name);
            rc = CLI_FOUND;
        } else if (renew(a, s, c) != CLI_FINE) {
            rc = CLI_FOUND;
        }
    }
    return rc;
}

static int renew_due(struct app *a, struct ca_store *s)
{
    size_t due = 0;
    int rc = CLI_FINE;

    for (size_t i = 0; i < s->ncerts; i++) {
        if (!ca_record_due(s, &s->cert[i], a->now_unix_s))
            continue;
        due++;
        if (renew(a, s, &s->cert[i]) != CLI_FINE)
            rc = CLI_FOUND;
    }
    if (due == 0)
        fputs("Nothing is due: no certificate is in its last third or of an older root.\n", stderr);
    return rc;
}

static int run(struct app *a)
{
    struct ca_store *s = cli_own_open(&a->own, false);
    int rc;

    if (s == NULL)
        return CLI_FOUND;
    a->now_unix_s = (int64_t)time(NULL);
    if (a->own.json)
        a->issued = cli_json_array();
    if (!a->renew)
        rc = issue(a, s);
    else
        rc = a->names[0] != NULL ? renew_named(a, s) : renew_due(a, s);
    if (a->renew && rc == CLI_FINE && !a->own.json && s->ncerts > 0)
        fputs("\nInstall each .crt in the place of the one it replaces, then reload the server:\n"
              "  sudo -u postgres psql -c \"select pg_reload_conf()\"\n",
              stderr);
    if (a->own.json)
        (void)cli_json_print(stdout, a->issued);
    ca_store_close(s);
    return rc;
}

static int with_request(void *app)
{
    struct app *a = app;
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};
    int rc;

    if (a->csr == NULL)
        return run(a);
    w->read(w->ctx, a->csr, &f);
    if (f.stat_sys != 0 || f.read_sys != 0) {
        fprintf(stderr, "pgseal: error: could not read \"%s\": %s\n", a->csr,
                strerrordesc_np(f.stat_sys != 0 ? f.stat_sys : f.read_sys));
        rc = CLI_FOUND;
    } else {
        a->o.csr = f.data;
        a->o.csr_len = f.len;
        rc = run(a);
    }
    w->release(w->ctx, &f);
    return rc;
}

int cli_ca_issue(int argc, char **argv)
{
    struct app a = {0};

    return cli_own_main(&FRONT, &a, &a.own, argc, argv, with_request);
}

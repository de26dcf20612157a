/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca init`: makes an authority for servers of one's own. */
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "own_int.h"

enum opt_id {
    OPT_DIR,
    OPT_NAME,
    OPT_KEY,
    OPT_DAYS,
    OPT_PERMIT,
    OPT_PASSPHRASE,
    OPT_PASSPHRASE_FILE,
    OPT_JSON
};
static const struct cli_optrow OPTS[] = {
    {0, "dir", "DIR", "Options",
     "where to keep it (default: $PGSEAL_CA_DIR, or below ~/.local/share)"},
    {0, "name", "NAME", "Options", "the root's common name (default: \"pgseal CA on HOST\")"},
    {0, "key", "KIND", "Options", "P-256 (default), P-384, RSA3072 or RSA4096"},
    {0, "days", "N", "Options", "how long the root lasts (default: 3650)"},
    {0, "permit", "NAME", "Options",
     "sign below this domain or in this range (10.0.0.0/8) only; repeat it"},
    {0, "passphrase", NULL, "Options", "ask for a passphrase, and encrypt the root's key with it"},
    {0, "passphrase-file", "FILE", "Options", "take it from the first line of FILE"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

#define PERMITS_MAX 32

struct app {
    struct cli_own own;
    struct ca_init_options o;
    bool encrypt;
    char permit[PERMITS_MAX][CA_NAME_CAP];
    const char *permits[PERMITS_MAX + 1];
    size_t npermits;
};

static int add_permit(struct app *a, const char *arg, struct cli_str *why)
{
    struct pgseal_err err = {0};

    if (a->npermits == PERMITS_MAX) {
        cli_str_addf(why, "pgseal: error: at most %d times --permit\n", PERMITS_MAX);
        return -1;
    }
    if (ca_name_permit(arg, a->permit[a->npermits], &err) < 0) {
        cli_str_addf(why, "pgseal: error: --permit: %s\n  seen: %s\n  fix:  %s\n", err.msg,
                     err.detail, err.hint);
        return -1;
    }
    a->permits[a->npermits] = a->permit[a->npermits];
    a->npermits++;
    a->o.permit = a->permits;
    return 0;
}

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_DIR:
        a->own.dir = arg;
        return 0;
    case OPT_NAME:
        a->o.cn = arg;
        return 0;
    case OPT_KEY:
        return cli_own_key(arg, false, &a->o.key, why);
    case OPT_DAYS:
        return cli_own_days(arg, &a->o.days, why);
    case OPT_PERMIT:
        return add_permit(a, arg, why);
    case OPT_PASSPHRASE:
        a->encrypt = true;
        return 0;
    case OPT_PASSPHRASE_FILE:
        a->encrypt = true;
        a->own.passphrase_file = arg;
        return 0;
    case OPT_JSON:
        a->own.json = true;
        return 0;
    }
    return 0;
}

static const struct cli_front FRONT = {
    .name = "ca init",
    .usage = "[OPTION]...",
    .about = "pgseal ca init makes an authority: a root certificate that your clients trust, and "
             "its key.\n",
    .more = "  pgseal ca init\n"
            "  pgseal ca init --permit example.com --permit 10.0.0.0/8 --passphrase\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = cli_no_operands,
};

static void tell(const struct ca_store *s)
{
    char path[CA_PATH_CAP];

    cli_own_root(s, ca_store_issuer(s));
    cli_own_line("store", "%s", s->dir);
    cli_own_line("  clients", "%s", ca_store_path(s, "root.crt", path));
    cli_own_line("  secret", "%s", ca_store_path(s, "root-1.key", path));
    fprintf(stderr,
            "\nNext, a certificate for a server, by the name that its clients type:\n"
            "  pgseal ca issue db1.example.com\n"
            "Clients get %s (sslrootcert).\n"
            "Keep a copy of the store where only you can read it: whoever has the secret can be\n"
            "every server of yours, and without it nothing can be issued.\n",
            ca_store_path(s, "root.crt", path));
}

static json_t *as_json(const struct ca_store *s)
{
    json_t *o = cli_json_object();
    char path[CA_PATH_CAP];

    cli_json_text(o, "store", s->dir);
    cli_json_put(o, "root", cli_own_root_json(s, ca_store_issuer(s)));
    cli_json_text(o, "bundle", ca_store_path(s, "root.crt", path));
    cli_json_text(o, "key_file", ca_store_path(s, "root-1.key", path));
    cli_json_bool(o, "encrypted", s->encrypted);
    return o;
}

static int run(void *app)
{
    struct app *a = app;
    struct pgseal_err err = {0};
    struct ca_store *s;

    a->o.dir = cli_own_dir(&a->own, &err);
    if (a->o.dir == NULL)
        return cli_failed(&err, a->own.json ? stdout : NULL, CLI_USAGE);
    if (a->encrypt && cli_own_passphrase(&a->own, true, &err) < 0)
        return cli_own_failed(&a->own, &err);
    a->o.passphrase = a->own.passphrase;
    s = ca_store_init(&a->o, (int64_t)time(NULL), &err);
    if (s == NULL)
        return cli_own_failed(&a->own, &err);
    if (a->own.json)
        (void)cli_json_print(stdout, as_json(s));
    else
        tell(s);
    ca_store_close(s);
    return CLI_FINE;
}

int cli_ca_init(int argc, char **argv)
{
    static struct app a;

    return cli_own_main(&FRONT, &a, &a.own, argc, argv, run);
}

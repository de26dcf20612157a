/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca rotate`: replaces the own authority's root, one step at a time. */
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "own_int.h"

enum opt_id {
    OPT_START,
    OPT_SWITCH,
    OPT_RETIRE,
    OPT_DRY_RUN,
    OPT_FORCE,
    OPT_DIR,
    OPT_OUT,
    OPT_NAME,
    OPT_KEY,
    OPT_DAYS,
    OPT_PASSPHRASE_FILE,
    OPT_JSON
};
static const struct cli_optrow OPTS[] = {
    {0, "start", NULL, "Steps", "make the new root, signed by the old one; root.crt gets both"},
    {0, "switch", NULL, "Steps", "renew what the old root signed, for the keys in use"},
    {0, "retire", NULL, "Steps", "take the old root out of root.crt and remove its key"},
    {0, "dry-run", NULL, "Options", "only say what the step would do"},
    {0, "force", NULL, "Options", "retire although certificates in use are signed by the old root"},
    {0, "dir", "DIR", "Options", "the authority's directory"},
    {'o', "out", "DIR", "Options", "where --switch writes NAME.crt (default: here)"},
    {0, "name", "NAME", "Options",
     "the new root's common name (default: the old one's, counted on)"},
    {0, "key", "KIND", "Options",
     "its key: P-256, P-384, RSA3072 or RSA4096 (default: as the old one's)"},
    {0, "days", "N", "Options",
     "how long the new root (3650) or a renewed certificate (397) lasts"},
    {0, "passphrase-file", "FILE", "Options",
     "the passphrase of the root's key, in the first line of FILE"},
    {0, "json", NULL, "Options", "print JSON"},
    {'?', "help", NULL, "Options", "show this text"},
};

enum step { STEP_NEXT = 0, STEP_START, STEP_SWITCH, STEP_RETIRE, STEP_NONE };

struct app {
    struct cli_own own;
    enum step step;
    int steps_named;
    bool dry_run, force;
    const char *out_dir, *name, *key;
    int days;
    int64_t now_unix_s;
    json_t *issued; /* with --json */
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    switch ((enum opt_id)row) {
    case OPT_START:
    case OPT_SWITCH:
    case OPT_RETIRE:
        a->step = row == OPT_START ? STEP_START : row == OPT_SWITCH ? STEP_SWITCH : STEP_RETIRE;
        a->steps_named++;
        return 0;
    case OPT_DRY_RUN:
        a->dry_run = true;
        return 0;
    case OPT_FORCE:
        a->force = true;
        return 0;
    case OPT_DIR:
        a->own.dir = arg;
        return 0;
    case OPT_OUT:
        a->out_dir = arg;
        return 0;
    case OPT_NAME:
        a->name = arg;
        return 0;
    case OPT_KEY:
        return cli_own_key(arg, false, &a->key, why);
    case OPT_DAYS:
        return cli_own_days(arg, &a->days, why);
    case OPT_PASSPHRASE_FILE:
        a->own.passphrase_file = arg;
        return 0;
    case OPT_JSON:
        a->own.json = true;
        return 0;
    }
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    const struct app *a = ctx;

    if (cli_no_operands(ctx, argc, argv, first, why) < 0)
        return -1;
    if (a->steps_named <= 1)
        return 0;
    cli_str_add(why, "pgseal: error: one step at a time\n");
    return -1;
}

static const struct cli_front FRONT = {
    .name = "ca rotate",
    .usage = "[--start | --switch | --retire] [OPTION]...\n"
             "\n"
             "Without a step it does the next one, but for --retire, which is only announced.",
    .about = "pgseal ca rotate replaces the root of your own authority, so that no client is "
             "refused meanwhile.\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

/* ---- what is to be done --------------------------------------------------------------------- */

static const char *path_of(const struct ca_store *s, const char *file)
{
    static char path[CA_PATH_CAP];

    return ca_store_path(s, file, path);
}

/* Which certificates in use the old root signed. */
static size_t list_waiting(const struct app *a, const struct ca_store *s, FILE *f)
{
    size_t n = 0;

    for (size_t i = 0; i < s->ncerts; i++) {
        char until[40];

        if (!ca_rotate_waits_for(s, &s->cert[i], a->now_unix_s))
            continue;
        n++;
        if (f != NULL)
            fprintf(f, "      %-30s  %s, until %.10s\n", s->cert[i].name,
                    s->cert[i].client ? "client" : "server",
                    pgseal__utc(until, s->cert[i].info.not_after_unix_s));
    }
    return n;
}

/* The first name a client can type. */
static const char *host_of(const struct ca_record *c, char *out, size_t cap)
{
    const char *name = strchr(c->info.names, ':');

    pgseal__format(out, cap, "%.*s", name != NULL ? (int)strcspn(name + 1, ",") : 0,
                   name != NULL ? name + 1 : "");
    return out[0] == '\0' || out[0] == '*' ? "HOST" : out;
}

/* Replaced here, but is the new one where it is used? Nobody here can know. */
static void list_replaced(const struct app *a, const struct ca_store *s)
{
    bool any = false;
    char root[64], host[CA_NAME_CAP];

    pgseal__format(root, sizeof(root), "root-%d.crt", s->newest);
    for (size_t i = 0; i < s->ncerts; i++) {
        const struct ca_record *c = &s->cert[i];

        if (c->latest || c->client || c->root == s->newest ||
            c->info.not_after_unix_s <= a->now_unix_s)
            continue;
        if (!any)
            fputs("  - every server shows its renewed certificate, which this asks:\n", stderr);
        any = true;
        fprintf(stderr, "      pgseal ca verify %s --with %s\n", host_of(c, host, sizeof(host)),
                path_of(s, root));
    }
}

/* What must be done by people before the next step. */
static void say_next(const struct app *a, const struct ca_store *s)
{
    switch (ca_rotate_phase(s, a->now_unix_s)) {
    case CA_STEADY:
        fputs("No rotation is going on. pgseal ca rotate --start begins one.\n", stderr);
        return;
    case CA_STARTED:
        fprintf(stderr,
                "\nNext, in any order, both before --retire:\n"
                "  - give clients %s: it has both roots.\n"
                "    As ssl_ca_file it goes to servers whose clients have certificates.\n"
                "  - renew what the old root signed, and install it; the keys stay:\n"
                "      pgseal ca rotate --switch\n"
                "    It will renew:\n",
                path_of(s, "root.crt"));
        list_waiting(a, s, stderr);
        return;
    case CA_SWITCHED:
        fprintf(stderr,
                "\nNext, before --retire, make sure that\n"
                "  - every client has the new root, by %s\n",
                path_of(s, "root.crt"));
        list_replaced(a, s);
        fputs("Then:\n  pgseal ca rotate --retire\n", stderr);
        return;
    }
}

static void add_state(json_t *o, const struct app *a, const struct ca_store *s)
{
    json_t *roots = cli_json_array(), *waiting = cli_json_array();

    for (int i = 0; i <= s->newest - s->oldest; i++)
        cli_json_add(roots, cli_own_root_json(s, &s->root[i]));
    for (size_t i = 0; i < s->ncerts; i++)
        if (ca_rotate_waits_for(s, &s->cert[i], a->now_unix_s))
            cli_json_add(waiting, cli_json_string(s->cert[i].name));
    cli_json_text(o, "phase", ca_phase_name(ca_rotate_phase(s, a->now_unix_s)));
    cli_json_put(o, "roots", roots);
    if (s->cross_pem != NULL)
        cli_json_time(o, "old_root_until", s->cross_until_unix_s);
    cli_json_text(o, "bundle", path_of(s, "root.crt"));
    cli_json_put(o, "signed_by_old_root", waiting);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int start(struct app *a, struct ca_store *s)
{
    struct pgseal_err err = {0};
    char until[40];

    if (ca_rotate_start(s, a->name, a->key, a->days, a->own.passphrase, a->now_unix_s, &err) < 0)
        return cli_failed(&err, NULL, CLI_FOUND);
    if (a->own.json)
        return CLI_FINE;
    cli_own_root(s, ca_store_issuer(s));
    cli_own_line("replaces", "root %d, which has signed it: clients with either are served",
                 s->oldest);
    cli_own_line("  until", "%s for clients with the old root alone",
                 pgseal__utc(until, s->cross_until_unix_s));
    cli_own_line("bundle", "%s: both roots", path_of(s, "root.crt"));
    return CLI_FINE;
}

static int switch_all(struct app *a, struct ca_store *s)
{
    struct pgseal_err err = {0};
    int rc = CLI_FINE;

    for (size_t n = 0; n < s->ncerts; n++) {
        struct ca_issued i;

        if (!ca_rotate_waits_for(s, &s->cert[n], a->now_unix_s))
            continue;
        if (ca_renew(s, &s->cert[n], a->out_dir, a->days, a->now_unix_s, &i, &err) < 0)
            rc = cli_failed(&err, NULL, CLI_FOUND);
        else if (a->own.json)
            cli_json_add(a->issued, cli_own_issued_json(&i));
        else
            cli_own_issued(&i);
        ca_issued_done(&i);
    }
    if (ca_store_reload(s, &err) < 0)
        rc = cli_failed(&err, NULL, CLI_FOUND);
    return rc;
}

static int retire(struct app *a, struct ca_store *s)
{
    struct pgseal_err err = {0};
    int old = s->oldest;

    if (ca_rotate_retire(s, a->force, a->now_unix_s, &err) < 0) {
        cli_failed(&err, NULL, CLI_FOUND);
        list_waiting(a, s, stderr);
        return CLI_FOUND;
    }
    if (a->own.json)
        return CLI_FINE;
    cli_own_root(s, ca_store_issuer(s));
    cli_own_line("retired", "root %d: its key is removed", old);
    cli_own_line("bundle", "%s: root %d alone", path_of(s, "root.crt"), s->newest);
    return CLI_FINE;
}

static const char *step_name(enum step step)
{
    switch (step) {
    case STEP_START:
        return "start";
    case STEP_SWITCH:
        return "switch";
    case STEP_RETIRE:
        return "retire";
    case STEP_NEXT:
    case STEP_NONE:
        break;
    }
    return NULL;
}

static bool would_work(const struct app *a, const struct ca_store *s, enum step step)
{
    enum ca_phase phase = ca_rotate_phase(s, a->now_unix_s);

    if (step == STEP_START)
        return phase == CA_STEADY;
    if (step == STEP_SWITCH)
        return phase != CA_STEADY;
    return step != STEP_RETIRE || phase == CA_SWITCHED || (phase == CA_STARTED && a->force);
}

/* What a step would do, without doing it. Exit code: would it be refused? */
static int pretend(const struct app *a, const struct ca_store *s, enum step step, json_t *o)
{
    bool works = would_work(a, s, step);

    if (o != NULL) {
        cli_json_text(o, "step", step_name(step));
        cli_json_bool(o, "would_work", works);
        return works ? CLI_FINE : CLI_FOUND;
    }
    if (step == STEP_NONE) {
        say_next(a, s);
    } else if (step == STEP_START) {
        printf("--start would make root %d, have root %d sign it, and put both into %s\n",
               s->newest + 1, s->newest, path_of(s, "root.crt"));
    } else if (step == STEP_SWITCH) {
        printf("--switch would renew, by root %d and for the keys they have:\n", s->newest);
        list_waiting(a, s, stdout);
    } else {
        printf("--retire would take root %d out of %s and remove its key\n", s->oldest,
               path_of(s, "root.crt"));
    }
    if (!works) {
        fputs(ca_rotate_phase(s, a->now_unix_s) == CA_STEADY
                  ? "It would be refused: no rotation is going on.\n"
              : step == STEP_START ? "It would do nothing: a rotation is going on.\n"
                                   : "It would be refused as long as the old root has signed:\n",
              stderr);
        if (step == STEP_RETIRE)
            list_waiting(a, s, stderr);
    }
    return works ? CLI_FINE : CLI_FOUND;
}

static int perform(struct app *a, struct ca_store *s, enum step step)
{
    switch (step) {
    case STEP_START:
        return start(a, s);
    case STEP_SWITCH:
        return switch_all(a, s);
    case STEP_RETIRE:
        return retire(a, s);
    case STEP_NEXT:
    case STEP_NONE:
        break;
    }
    return CLI_FINE;
}

static enum step next_of(enum ca_phase phase)
{
    switch (phase) {
    case CA_STEADY:
        return STEP_START;
    case CA_STARTED:
        return STEP_SWITCH;
    case CA_SWITCHED:
        return STEP_NONE; /* whether all clients are ready nobody here can know */
    }
    return STEP_NONE;
}

/* A step that was done before is no error: so an interrupted one can be typed again. */
static bool done_before(const struct app *a, const struct ca_store *s, enum step step)
{
    enum ca_phase phase = ca_rotate_phase(s, a->now_unix_s);

    if (step == STEP_START)
        return phase != CA_STEADY;
    if (step == STEP_SWITCH)
        return phase == CA_SWITCHED;
    return step == STEP_RETIRE && phase == CA_STEADY && s->newest > 1;
}

static int run(void *app)
{
    struct app *a = app;
    struct ca_store *s = cli_own_open(&a->own, a->dry_run);
    enum step step;
    json_t *o = NULL;
    int rc = CLI_FINE;

    if (s == NULL)
        return CLI_FOUND;
    a->now_unix_s = (int64_t)time(NULL);
    step = a->step != STEP_NEXT ? a->step : next_of(ca_rotate_phase(s, a->now_unix_s));
    if (a->own.json) {
        o = cli_json_object();
        a->issued = cli_json_array();
    }
    if (a->dry_run)
        rc = pretend(a, s, step, o);
    else if (done_before(a, s, step))
        fputs("This step has been done.\n", stderr);
    else
        rc = perform(a, s, step);
    if (o != NULL) {
        cli_json_put(o, "issued", a->issued);
        add_state(o, a, s);
        (void)cli_json_print(stdout, o);
    } else if (rc == CLI_FINE && !a->dry_run) {
        say_next(a, s);
    }
    ca_store_close(s);
    return rc;
}

int cli_ca_rotate(int argc, char **argv)
{
    struct app a = {0};

    return cli_own_main(&FRONT, &a, &a.own, argc, argv, run);
}

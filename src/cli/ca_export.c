/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca export`: a bundle in the form that somebody else reads. */
#include "ca_int.h"
#include "ca_read_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "opts_int.h"
#include "out_int.h"
#include "run_int.h"

#include "ca/ca.h"

#include <time.h>
#include <unistd.h>

#define PASSWORD_ENV     "PGSEAL_STOREPASS"
#define PASSWORD_DEFAULT "changeit"
#define PASSWORD_MIN     6 /* keytool refuses to open a store with a shorter one */

enum opt_id {
    OPT_PEM,
    OPT_DER,
    OPT_P7B,
    OPT_PKCS12,
    OPT_JKS,
    OPT_OUTPUT,
    OPT_FORCE,
    OPT_REGION,
    OPT_VALID,
    OPT_NO_COMMENTS,
    OPT_BINARY,
    OPT_PASSWORD_FILE,
    OPT_QUIET,
    OPT_JSON
};
static const struct cli_optrow OPTS[] = {
    {0, "pem", NULL, "Form", "PEM, cleaned: what psql, libpq, OpenSSL, Go, Python and Node read"},
    {0, "der", NULL, "Form", "DER: one file, or a directory with a file for each certificate"},
    {0, "p7b", NULL, "Form", "PKCS#7, as Amazon's .p7b: what Windows reads"},
    {0, "pkcs12", NULL, "Form", "PKCS#12 truststore for Java 8u301 and later"},
    {0, "jks", NULL, "Form", "JKS truststore for any Java"},
    {'o', "output", "FILE", "Where",
     "what to write (default: FILE's name, --pem: standard output)"},
    {'f', "force", NULL, "Where", "replace FILE; what it was is kept as FILE~"},
    {0, "region", "REGION", "What", "only the roots of one region of RDS"},
    {0, "valid", NULL, "What", "only what has not ended"},
    {0, "no-comments", NULL, "How", "--pem: no names between the certificates"},
    {0, "binary", NULL, "How", "--p7b: DER, without the armour of PEM"},
    {0, "password-file", "FILE", "How",
     "password of the store (default: $" PASSWORD_ENV ", else Java's \"" PASSWORD_DEFAULT "\")"},
    {'q', "quiet", NULL, "How", "only errors"},
    {0, "json", NULL, "How", "print what was exported as JSON"},
    {'?', "help", NULL, "How", "show this text"},
};
/* What a form is called, and ends in. */
static const struct form {
    const char *name, *suffix;
} FORMS[] = {[OPT_PEM] = {"PEM", ".pem"},
             [OPT_DER] = {"DER", ".der"},
             [OPT_P7B] = {"PKCS#7", ".p7b"},
             [OPT_PKCS12] = {"PKCS#12", ".p12"},
             [OPT_JKS] = {"JKS", ".jks"}};

struct app {
    int form; /* row of FORMS, -1 none */
    bool forms_clash;
    const char *output, *password_file;
    struct ca_filter filter;
    bool force, no_comments, binary, quiet, json;
    struct cli_log log;
    struct ca_certs certs;
    struct ca_alias *aliases;
    char *password; /* ours, wiped */
    bool password_is_default;
    char name[4096]; /* of the output, "-" = standard output */
    bool is_dir;
    size_t dropped;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct app *a = ctx;

    (void)why;
    switch ((enum opt_id)row) {
    case OPT_PEM:
    case OPT_DER:
    case OPT_P7B:
    case OPT_PKCS12:
    case OPT_JKS:
        a->forms_clash = a->forms_clash || (a->form >= 0 && a->form != (int)row);
        a->form = (int)row;
        break;
    case OPT_OUTPUT:
        a->output = arg;
        break;
    case OPT_FORCE:
        a->force = true;
        break;
    case OPT_REGION:
        a->filter.region = arg;
        break;
    case OPT_VALID:
        a->filter.valid = true;
        break;
    case OPT_NO_COMMENTS:
        a->no_comments = true;
        break;
    case OPT_BINARY:
        a->binary = true;
        break;
    case OPT_PASSWORD_FILE:
        a->password_file = arg;
        break;
    case OPT_QUIET:
        a->quiet = true;
        break;
    case OPT_JSON:
        a->json = true;
        break;
    }
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    const struct app *a = ctx;

    (void)argv;
    if (argc == first)
        cli_str_add(why, "pgseal: error: name the file to export\n");
    else if (a->form < 0 || a->forms_clash)
        cli_str_add(why, "pgseal: error: name one form: --pem, --der, --p7b, --pkcs12 or --jks\n");
    return why->len > 0 ? -1 : 0;
}

static const struct cli_front FRONT = {
    .name = "ca export",
    .usage = "FILE... --pem|--der|--p7b|--pkcs12|--jks [OPTION]...",
    .about = "pgseal ca export writes a bundle of certificates in the form that others read.\n",
    .more = "  pgseal ca export global-bundle.pem --pkcs12 -o rds.p12\n"
            "  pgseal ca export global-bundle.pem company.pem --jks -o trust.jks\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = take,
    .check = check,
};

static void on_note(void *ctx, const char *text)
{
    struct app *a = ctx;

    cli_say(&a->log, CLI_WARNING, "%s", text);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* < 0, or the exit code of a file that could not be read; and err. */
static int load(struct app *a, char **files, int n, struct pgseal_err *err)
{
    for (int i = 0; i < n; i++) {
        struct cli_ca_bytes b;
        int rc = cli_ca_read(files[i], &b, err);

        if (rc != CLI_FINE)
            return rc;
        rc = ca_load(b.data, b.n, b.name, &a->certs, on_note, a, err);
        cli_ca_bytes_done(&b);
        if (rc < 0)
            return rc;
    }
    a->dropped = ca_filter(&a->certs, &a->filter);
    if (a->certs.n > 0)
        return 0;
    pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "no certificate is left to export");
    pgseal__detail(err, "%zu were read, and none of them %s%s%s.", a->dropped,
                   a->filter.region != NULL ? "is of region " : "is still valid",
                   a->filter.region != NULL ? a->filter.region : "",
                   a->filter.region != NULL && a->filter.valid ? " and still valid" : "");
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* The first line, without its end. */
static int password_from(struct app *a, struct pgseal_err *err)
{
    struct cli_ca_bytes b;
    int rc = cli_ca_read(a->password_file, &b, err);
    size_t n = 0;

    if (rc != CLI_FINE)
        return rc;
    while (n < b.n && b.data[n] != '\r' && b.data[n] != '\n' && b.data[n] != '\0')
        n++;
    a->password = cli_strndup(b.data != NULL ? (const char *)b.data : "", n);
    if (b.data != NULL)
        pgseal__wipe(b.data, b.n);
    cli_ca_bytes_done(&b);
    return 0;
}

static int find_password(struct app *a, struct pgseal_err *err)
{
    const char *env = getenv(PASSWORD_ENV);
    int rc = 0;

    if (a->form != OPT_PKCS12 && a->form != OPT_JKS)
        return 0;
    if (a->password_file != NULL) {
        rc = password_from(a, err);
    } else if (env != NULL) {
        a->password = cli_strdup(env);
    } else {
        a->password = cli_strdup(PASSWORD_DEFAULT);
        a->password_is_default = true;
    }
    if (rc != 0)
        return rc;
    if (strlen(a->password) >= PASSWORD_MIN)
        return 0;
    pgseal__fail(err, PGSEAL_E_OPTION, "the password of the store is shorter than %d characters",
                 PASSWORD_MIN);
    pgseal__detail(err, "keytool opens no store with such a password.");
    pgseal__hint(err,
                 "Put a longer one into the first line of a file: --password-file FILE. The "
                 "certificates are public; \"%s\" is what Java itself takes.",
                 PASSWORD_DEFAULT);
    return PGSEAL_E_OPTION;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

/* FILE's name with another end, in the working directory. */
static void name_output(struct app *a, const char *file)
{
    const char *base = strrchr(file, '/');
    const char *dot;

    a->is_dir = a->form == OPT_DER && a->certs.n > 1;
    if (a->output != NULL || a->form == OPT_PEM || strcmp(file, "-") == 0) {
        pgseal__format(a->name, sizeof(a->name), "%s", a->output != NULL ? a->output : "-");
        return;
    }
    base = base != NULL ? base + 1 : file;
    dot = strrchr(base, '.');
    pgseal__format(a->name, sizeof(a->name), "%.*s%s",
                   (int)(dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base)), base,
                   a->is_dir ? "-der" : FORMS[a->form].suffix);
}

static int64_t date_of_entries(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org */
    char *end = NULL;
    long long t = epoch != NULL ? strtoll(epoch, &end, 10) : 0;

    return epoch != NULL && end != epoch && *end == '\0' && t >= 0 ? t : time(NULL);
}

static int convert(struct app *a, struct ca_bytes *out, struct pgseal_err *err)
{
    switch ((enum opt_id)a->form) {
    case OPT_PEM:
        return ca_export_pem(&a->certs, !a->no_comments, out, err);
    case OPT_DER:
        return ca_export_der(&a->certs.v[0], out, err);
    case OPT_P7B:
        return ca_export_p7b(&a->certs, !a->binary, out, err);
    case OPT_PKCS12:
        return ca_export_p12(&a->certs, a->aliases, a->password, out, err);
    case OPT_JKS:
        return ca_export_jks(&a->certs, a->aliases, a->password, date_of_entries(), out, err);
    default:
        return pgseal__fail(err, PGSEAL_E_USAGE, "no form");
    }
}

static int to_stdout(const struct app *a, const struct ca_bytes *b, struct pgseal_err *err)
{
    bool text = a->form == OPT_PEM || (a->form == OPT_P7B && !a->binary);

    if (!text && isatty(STDOUT_FILENO)) {
        pgseal__fail(err, PGSEAL_E_OPTION, "a terminal cannot show %s", FORMS[a->form].name);
        pgseal__hint(err, "Name a file: -o FILE.");
        return PGSEAL_E_OPTION;
    }
    if (fwrite(b->p, 1, b->n, stdout) == b->n && fflush(stdout) == 0)
        return 0;
    return pgseal__fail(err, PGSEAL_E_FILE, "could not write to standard output");
}

static int to_file(struct app *a, const struct ca_bytes *b, struct pgseal_err *err)
{
    struct ca_place place;
    int rc = ca_place_open(a->name, &place, err);

    if (rc < 0)
        return rc;
    if (place.exists && !a->force) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is there already", a->name);
        pgseal__hint(err,
                     "Replace it by --force (what it was is kept as \"%s~\"), or name another "
                     "file: -o FILE.",
                     a->name);
        rc = PGSEAL_E_EXISTS;
    } else {
        rc = ca_place_write(&place, b->p, b->n, err);
    }
    ca_place_done(&place);
    return rc;
}

static int write_out(struct app *a, struct pgseal_err *err)
{
    struct ca_bytes b = {0};
    int rc;

    if (a->is_dir && strcmp(a->name, "-") == 0) {
        pgseal__fail(err, PGSEAL_E_OPTION, "%zu certificates in DER are as many files", a->certs.n);
        pgseal__hint(err, "Name a directory for them: -o DIR.");
        return PGSEAL_E_OPTION;
    }
    if (a->is_dir)
        return ca_export_dir(&a->certs, a->aliases, a->name, err);
    rc = convert(a, &b, err);
    if (rc == 0)
        rc = strcmp(a->name, "-") == 0 ? to_stdout(a, &b, err) : to_file(a, &b, err);
    ca_bytes_done(&b);
    return rc;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static size_t count_ended(const struct app *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->certs.n; i++)
        n += a->certs.v[i].info.not_after_unix_s < a->filter.now_unix_s;
    return n;
}

/* libpq wants a root at the end; Java takes whatever is in its store for the end. */
static size_t count_middle(const struct app *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->certs.n; i++)
        n += !a->certs.v[i].info.self_issued;
    return n;
}

static void report_java(const struct app *a, FILE *to)
{
    const char *type = a->form == OPT_JKS ? "JKS" : "PKCS12";
    const char *how = a->password_is_default     ? "-storepass " PASSWORD_DEFAULT
                      : a->password_file != NULL ? "-storepass:file "
                                                 : "-storepass:env " PASSWORD_ENV;
    char *full = realpath(a->name, NULL);

    if (count_middle(a) > 0)
        fprintf(to, "  also: %zu that are no roots; Java trusts them as if they were\n",
                count_middle(a));
    fprintf(to, "  pass: %s\n",
            a->password_is_default ? PASSWORD_DEFAULT
                " (Java's own convention; --password-file names another)"
                                   : "as given");
    fprintf(to, "  look: keytool -list -v -keystore %s -storetype %s %s%s\n", a->name, type, how,
            !a->password_is_default && a->password_file != NULL ? a->password_file : "");
    fprintf(to,
            "  use:  java -Djavax.net.ssl.trustStore=%s\n"
            "             -Djavax.net.ssl.trustStoreType=%s\n"
            "             -Djavax.net.ssl.trustStorePassword=%s\n",
            full != NULL ? full : a->name, type, a->password_is_default ? PASSWORD_DEFAULT : "...");
    free(full);
}

static void report(const struct app *a)
{
    bool to_out = strcmp(a->name, "-") == 0;
    FILE *to = to_out ? stderr : stdout;
    size_t ended = count_ended(a);

    if (a->quiet || (to_out && !isatty(STDERR_FILENO) && ended == 0 && a->dropped == 0))
        return;
    fprintf(to, "%s: %zu certificate%s as %s\n", to_out ? "standard output" : a->name, a->certs.n,
            a->certs.n == 1 ? "" : "s", FORMS[a->form].name);
    if (a->dropped > 0)
        fprintf(to, "  left: %zu that were not asked for\n", a->dropped);
    if (ended > 0)
        fprintf(to, "  past: %zu ended before today and verify nothing; --valid leaves them out\n",
                ended);
    if (!to_out && a->password != NULL)
        report_java(a, to);
}

static void report_json(const struct app *a)
{
    json_t *o = cli_json_object(), *entries = cli_json_array();

    cli_json_text(o, "file", strcmp(a->name, "-") == 0 ? NULL : a->name);
    cli_json_text(o, "form", FORMS[a->form].name);
    cli_json_int(o, "left_out", (int64_t)a->dropped);
    if (a->password != NULL)
        cli_json_text(o, "password", a->password_is_default ? "default" : "given");
    for (size_t i = 0; i < a->certs.n; i++) {
        json_t *e = cli_json_cert(&a->certs.v[i].info);

        cli_json_text(e, "alias", a->aliases[i].text);
        cli_json_add(entries, e);
    }
    cli_json_put(o, "certificates", entries);
    (void)cli_json_print(strcmp(a->name, "-") == 0 ? stderr : stdout, o);
}

/* The export itself was to go to standard output: nothing of it has, so this may. */
static int fail(const struct app *a, const struct pgseal_err *err, int rc)
{
    int code = err->code == PGSEAL_E_OPTION || err->code == PGSEAL_E_USAGE ? CLI_USAGE : CLI_FOUND;

    return cli_failed(err, a->json ? stdout : NULL, rc == CLI_UNREACHED ? rc : code);
}

static int run(struct app *a, char **files, int n)
{
    struct pgseal_err err = {0};
    int rc = find_password(a, &err);

    if (rc == 0)
        rc = load(a, files, n, &err);
    if (rc == 0) {
        name_output(a, files[0]);
        a->aliases = ca_aliases(&a->certs);
        cli_hold_ends(true);
        rc = a->aliases != NULL ? write_out(a, &err) : pgseal__nomem(&err);
        cli_hold_ends(false);
    }
    if (rc != 0)
        rc = fail(a, &err, rc);
    else if (a->json)
        report_json(a);
    else
        report(a);
    pgseal__free(a->aliases);
    ca_certs_done(&a->certs);
    pgseal__wipe_free_str(a->password);
    return rc;
}

int cli_ca_export(int argc, char **argv)
{
    struct app a = {.form = -1,
                    .filter = {.now_unix_s = time(NULL)},
                    .log = {.err = stderr, .out = stdout, .colour = cli_may_colour(2)}};
    int code;
    int first = cli_enter(&FRONT, &a, argc, argv, &code);

    if (first < 0)
        return code;
    if (a.json && !cli_json_ready())
        return CLI_USAGE;
    return run(&a, argv + first, argc - first);
}

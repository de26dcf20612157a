/* SPDX-License-Identifier: PostgreSQL */
/* What the commands of the own authority share. */
#include "findings_int.h"
#include "opts_int.h"
#include "out_int.h"
#include "own_int.h"
#include "tty_int.h"

#include <pgseal/drive.h>

#include <unistd.h>

int cli_own_main(const struct cli_front *front, void *app, struct cli_own *own, int argc,
                 char **argv, int (*run)(void *app))
{
    int code;

    if (cli_enter(front, app, argc, argv, &code) < 0)
        return code;
    if (own->json && !cli_json_ready())
        return CLI_USAGE;
    (void)pgseal_process_harden();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    code = run(app);
    pgseal__wipe_free_str(own->passphrase);
    own->passphrase = NULL;
    return code;
}

const char *cli_own_dir(struct cli_own *o, struct pgseal_err *err)
{
    if (o->dir != NULL)
        pgseal__format(o->path, sizeof(o->path), "%s", o->dir);
    else if (o->path[0] == '\0' && !ca_store_default(o->path, sizeof(o->path))) {
        pgseal__fail(err, PGSEAL_E_OPTION, "there is no home directory to keep an authority in");
        pgseal__hint(err, "Name one: --dir DIR");
        return NULL;
    }
    return o->path;
}

int cli_own_failed(const struct cli_own *o, const struct pgseal_err *err)
{
    return cli_failed(err, o->json ? stdout : NULL, CLI_FOUND);
}

/* ---- passphrase ----------------------------------------------------------------------------- */

static int refuse(struct pgseal_err *err, const char *what, const char *path, const char *fix)
{
    char shown[1024];

    pgseal__fail(err, PGSEAL_E_FILE, "%s \"%s\"", what,
                 pgseal__escape(shown, sizeof(shown), path, strlen(path), 512));
    pgseal__hint(err, "%s", fix);
    return PGSEAL_E_FILE;
}

static int from_file(struct cli_own *o, struct pgseal_err *err)
{
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};
    size_t n;
    int rc = 0;

    w->read(w->ctx, o->passphrase_file, &f);
    n = f.data != NULL ? strcspn((const char *)f.data, "\r\n") : 0;
    if (f.stat_sys != 0 || f.read_sys != 0)
        rc = refuse(err, "could not read the passphrase's file", o->passphrase_file,
                    strerrordesc_np(f.stat_sys != 0 ? f.stat_sys : f.read_sys));
    else if (f.kind == PGSEAL_FILE_REGULAR && (f.mode & 077) != 0)
        rc = refuse(err, "others can read or write the passphrase's file", o->passphrase_file,
                    "Let it be yours alone: chmod 600");
    else if (n == 0 || n > CA_PASSPHRASE_MAX)
        rc = refuse(err, "there is no passphrase in the first line of", o->passphrase_file,
                    "It has 1 to 1024 bytes.");
    else
        o->passphrase = pgseal__strndup((const char *)f.data, n);
    w->release(w->ctx, &f);
    return rc;
}

static int ask(struct cli_own *o, bool twice, struct pgseal_err *err)
{
    char *again;
    bool same;

    o->passphrase = cli_ask_secret("Passphrase of the authority's key: ");
    if (o->passphrase == NULL || o->passphrase[0] == '\0' ||
        strlen(o->passphrase) > CA_PASSPHRASE_MAX) {
        pgseal__fail(err, PGSEAL_E_NO_PASSWORD, "no passphrase was given");
        pgseal__hint(err, "Type 1 to 1024 bytes, or name a file: --passphrase-file FILE");
        return PGSEAL_E_NO_PASSWORD;
    }
    if (!twice)
        return 0;
    again = cli_ask_secret("The same again: ");
    same = again != NULL && strcmp(again, o->passphrase) == 0;
    pgseal__wipe_free_str(again);
    return same ? 0 : pgseal__fail(err, PGSEAL_E_OPTION, "the two passphrases differ");
}

int cli_own_passphrase(struct cli_own *o, bool twice, struct pgseal_err *err)
{
    if (o->passphrase != NULL)
        return 0;
    return o->passphrase_file != NULL ? from_file(o, err) : ask(o, twice, err);
}

struct ca_store *cli_own_open(struct cli_own *o, bool to_read)
{
    struct pgseal_err err = {0};
    const char *dir = cli_own_dir(o, &err);
    struct ca_store *s = dir != NULL ? ca_store_open(dir, false, &err) : NULL;

    if (s != NULL && !to_read) {
        /* A person is asked before the lock is taken, so that nobody waits for him. */
        bool ready = !s->encrypted || cli_own_passphrase(o, false, &err) == 0;

        ca_store_close(s);
        s = ready ? ca_store_open(dir, true, &err) : NULL;
        if (s != NULL && ca_store_unlock(s, o->passphrase, &err) < 0)
            s = ca_store_close(s);
    }
    if (s == NULL)
        cli_own_failed(o, &err);
    return s;
}

/* ---- options -------------------------------------------------------------------------------- */

int cli_own_days(const char *arg, int *out, struct cli_str *why)
{
    char *end;
    long n = strtol(arg, &end, 10);

    if (arg[0] >= '0' && arg[0] <= '9' && *end == '\0' && n >= 1 && n <= CA_DAYS_MAX) {
        *out = (int)n;
        return 0;
    }
    cli_str_addf(why, "pgseal: error: --days wants a whole number from 1 to %d, not \"%s\"\n",
                 CA_DAYS_MAX, arg);
    return -1;
}

int cli_own_key(const char *arg, bool leaf, const char **out, struct cli_str *why)
{
    static const char *const kinds[] = {"P-256", "P-384", "RSA3072", "RSA4096", "RSA2048"};
    size_t n = leaf ? PGSEAL_COUNT(kinds) : PGSEAL_COUNT(kinds) - 1;

    for (size_t i = 0; i < n; i++)
        if (pgseal__strcasecmp(arg, kinds[i]) == 0) {
            *out = kinds[i];
            return 0;
        }
    cli_str_addf(why, "pgseal: error: --key wants P-256, P-384, RSA3072%s, not \"%s\"\n",
                 leaf ? ", RSA4096 or RSA2048" : " or RSA4096", arg);
    return -1;
}

/* ---- telling -------------------------------------------------------------------------------- */

void cli_own_line(const char *label, const char *fmt, ...)
{
    va_list ap;

    printf("%-12s", label);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static void permits_text(const struct ca_root *r, struct cli_str *out)
{
    char permit[16][CA_NAME_CAP];
    int n = ca_root_permits(r->pem, permit, 16);

    for (int i = 0; i < n; i++)
        cli_str_addf(out, "%s%s", i > 0 ? ", " : "", strchr(permit[i], ':') + 1);
    if (n == 0)
        cli_str_add(out, "any name");
}

void cli_own_root(const struct ca_store *s, const struct ca_root *r)
{
    struct cli_str permits = {0};
    char label[24], until[40];

    permits_text(r, &permits);
    pgseal__format(label, sizeof(label), "root %d", r->number);
    cli_own_line(label, "%s", r->info.subject);
    cli_own_line("  sha256", "%s", r->info.sha256);
    if (r->number == s->newest)
        cli_own_line("  key", "%s, %s", r->info.key, s->encrypted ? "encrypted" : "not encrypted");
    cli_own_line("  signs", "%s", cli_str(&permits));
    cli_own_line("  ends", "%s", pgseal__utc(until, r->info.not_after_unix_s));
    cli_str_done(&permits);
}

json_t *cli_own_root_json(const struct ca_store *s, const struct ca_root *r)
{
    char permit[16][CA_NAME_CAP], file[CA_PATH_CAP], name[64];
    int n = ca_root_permits(r->pem, permit, 16);
    json_t *o = cli_json_cert(&r->info);
    json_t *permits = cli_json_array();

    cli_json_int(o, "number", r->number);
    pgseal__format(name, sizeof(name), "root-%d.crt", r->number);
    cli_json_text(o, "file", ca_store_path(s, name, file));
    for (int i = 0; i < n; i++)
        cli_json_add(permits, cli_json_string(strchr(permit[i], ':') + 1));
    cli_json_put(o, "permit", permits);
    return o;
}

void cli_own_issued(const struct ca_issued *i)
{
    char until[40];

    printf("%s\n", i->crt_path);
    if (i->cert.client)
        cli_own_line("  for", "role %s", i->cert.info.subject + strlen("CN="));
    else
        cli_own_line("  for", "%s", i->cert.info.names);
    cli_own_line("  ends", "%s%s", pgseal__utc(until, i->cert.info.not_after_unix_s),
                 i->shortened ? ", with its root" : "");
    cli_own_line("  signed by", "root %d%s", i->cert.root,
                 i->with_cross ? "; the cross certificate for clients with the old root is in the "
                                 "file"
                               : "");
    if (i->key_path[0] != '\0')
        printf("%s\n%-12s%s\n", i->key_path, "  key", i->key_kept ? "kept" : i->cert.info.key);
}

json_t *cli_own_issued_json(const struct ca_issued *i)
{
    json_t *o = cli_json_cert(&i->cert.info);

    cli_json_text(o, "name", i->cert.name);
    cli_json_text(o, "kind", i->cert.client ? "client" : "server");
    cli_json_int(o, "root", i->cert.root);
    cli_json_text(o, "certificate_file", i->crt_path);
    cli_json_text(o, "key_file", i->key_path[0] != '\0' ? i->key_path : NULL);
    cli_json_bool(o, "key_kept", i->key_kept);
    cli_json_bool(o, "cross_certificate", i->with_cross);
    return o;
}

static void shell(struct cli_str *out, const char *before, const char *arg, const char *after)
{
    cli_str_add(out, before);
    cli_shell_word(out, arg);
    cli_str_add(out, after);
}

/* A host that the certificate is for. */
static void host_of(const struct ca_issued *i, struct cli_str *t)
{
    const char *name = strchr(i->cert.info.names, ':');
    size_t n = name != NULL ? strcspn(name + 1, ",") : 0;

    cli_str_add(t, " host=");
    if (n > 1 && name[1] == '*')
        cli_str_add(t, "NAME");
    if (n > 0)
        cli_str_addn(t, name + 1 + (name[1] == '*'), n - (name[1] == '*'));
}

static void install_server(const struct ca_store *s, const struct ca_issued *i, struct cli_str *t)
{
    char root[CA_PATH_CAP];

    cli_str_add(t, "\nNext, on the server, as root (its key must be its user's alone):\n"
                   "  D=$(sudo -u postgres psql -Atc 'show data_directory')\n");
    if (i->key_path[0] != '\0')
        shell(t, "  install -o postgres -g postgres -m 600 ", i->key_path, " $D/server.key\n");
    shell(t, "  install -o postgres -g postgres -m 644 ", i->crt_path, " $D/server.crt\n");
    cli_str_add(t, "  sudo -u postgres psql -c \"alter system set ssl_cert_file = 'server.crt'\"\n"
                   "  sudo -u postgres psql -c \"alter system set ssl_key_file = 'server.key'\"\n"
                   "  sudo -u postgres psql -c \"alter system set ssl = on\"\n"
                   "  sudo -u postgres psql -c \"select pg_reload_conf()\"\n"
                   "Then, on a client:\n");
    shell(t,
          "  pgseal connect \"sslmode=verify-full sslrootcert=", ca_store_path(s, "root.crt", root),
          "");
    host_of(i, t);
    cli_str_add(t, "\"\n");
}

static void install_client(const struct ca_store *s, const struct ca_issued *i, struct cli_str *t)
{
    char root[CA_PATH_CAP];

    cli_str_add(t, "\nNext, for the user who connects:\n"
                   "  mkdir -p -m 700 ~/.postgresql\n");
    if (i->key_path[0] != '\0')
        shell(t, "  install -m 600 ", i->key_path, " ~/.postgresql/postgresql.key\n");
    shell(t, "  install -m 644 ", i->crt_path, " ~/.postgresql/postgresql.crt\n");
    cli_str_addf(t, "On the server, with a line \"hostssl all %s all cert\" in pg_hba.conf:\n",
                 i->cert.info.subject + strlen("CN="));
    cli_str_add(t, "  D=$(sudo -u postgres psql -Atc 'show data_directory')\n");
    shell(t, "  install -o postgres -g postgres -m 644 ", ca_store_path(s, "root.crt", root),
          " $D/root.crt\n");
    cli_str_add(t, "  sudo -u postgres psql -c \"alter system set ssl_ca_file = 'root.crt'\"\n"
                   "  sudo -u postgres psql -c \"select pg_reload_conf()\"\n");
}

void cli_own_install(const struct ca_store *s, const struct ca_issued *i)
{
    struct cli_str t = {0};

    if (i->cert.client)
        install_client(s, i, &t);
    else
        install_server(s, i, &t);
    fputs(cli_str(&t), stderr);
    cli_str_done(&t);
}

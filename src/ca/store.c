/* SPDX-License-Identifier: PostgreSQL */
/* Opens an own authority: who may read it, what is in it, what an interrupted command left. */
#include "own_int.h"

#include "name.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who may read it ------------------------------------------------------------------------ */

static int check_owner(const char *path, const struct stat *st, struct pgseal_err *err)
{
    struct passwd *pw;
    char seen[160], fix[200];

    if (st->st_uid == geteuid())
        return 0;
    pw = getpwuid(st->st_uid);
    pgseal__format(seen, sizeof(seen), "It belongs to user %s (%u), and you are user %u.",
                   pw != NULL ? pw->pw_name : "?", (unsigned)st->st_uid, (unsigned)geteuid());
    pgseal__format(fix, sizeof(fix), "Run this as its owner: sudo -u %s pgseal ca ...",
                   pw != NULL ? pw->pw_name : "OWNER");
    return ca_own_fail(err, seen, fix, "\"%s\" is somebody else's", path);
}

static int check_mode(const char *path, const struct stat *st, const char *more,
                      struct pgseal_err *err)
{
    char seen[160], fix[CA_PATH_CAP + 200];

    if ((st->st_mode & 077) == 0)
        return 0;
    pgseal__format(seen, sizeof(seen), "Its permissions are %04o.", (unsigned)st->st_mode & 07777);
    pgseal__format(fix, sizeof(fix), "chmod %s \"%s\"%s", S_ISDIR(st->st_mode) ? "700" : "600",
                   path, more);
    return ca_own_fail(err, seen, fix, "\"%s\" can be read or written by others", path);
}

static int no_store(const char *dir, struct pgseal_err *err)
{
    return ca_own_fail(err, "There is no such directory, or nothing of pgseal's in it.",
                       "Make one with pgseal ca init, or name it with --dir or PGSEAL_CA_DIR.",
                       "there is no authority in \"%s\"", dir);
}

/* The directory is ours alone. */
static int check_dir(const char *dir, struct pgseal_err *err)
{
    struct stat st;
    int rc;

    if (stat(dir, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return no_store(dir, err);
    if (stat(dir, &st) < 0)
        return pgseal__fail(err, PGSEAL_E_FILE, "could not look at \"%s\": %s", dir,
                            strerrordesc_np(errno));
    if (!S_ISDIR(st.st_mode))
        return ca_own_fail(err, NULL, "Name a directory.", "\"%s\" is no directory", dir);
    rc = check_owner(dir, &st, err);
    return rc < 0 ? rc : check_mode(dir, &st, ".", err);
}

/* So is a key. */
static int check_key(const char *path, struct pgseal_err *err)
{
    struct stat st;
    int rc;

    if (lstat(path, &st) < 0)
        return ca_own_fail(err, strerrordesc_np(errno),
                           "Bring it back from a backup; without it nothing can be issued.",
                           "the root's key \"%s\" cannot be found", path);
    if (!S_ISREG(st.st_mode))
        return ca_own_fail(err, NULL, "Put the key itself there.", "\"%s\" is no regular file",
                           path);
    rc = check_owner(path, &st, err);
    return rc < 0
               ? rc
               : check_mode(path, &st,
                            ". If somebody else had access, the key is stolen: pgseal ca rotate.",
                            err);
}

/* ---- what is in it -------------------------------------------------------------------------- */

static int load_root(struct ca_store *s, int number, struct ca_root *root, struct pgseal_err *err)
{
    char file[64], path[CA_PATH_CAP];
    int rc;

    ca_own_root_file(number, "crt", file);
    root->number = number;
    root->pem = ca_own_read(ca_store_path(s, file, path), err);
    if (root->pem == NULL)
        return PGSEAL_E_FILE;
    rc = ca_own_describe(root->pem, &root->info, err);
    if (rc < 0)
        return ca_own_fail(err, "The file holds no certificate that can be read.",
                           "Bring it back from a backup.", "the root \"%s\" is damaged", path);
    return 0;
}

/* Whether the newest root's key wants a passphrase. */
static int look_at_key(struct ca_store *s, struct pgseal_err *err)
{
    char file[64], path[CA_PATH_CAP];
    char *pem;
    int rc;

    ca_own_root_file(s->newest, "key", file);
    rc = check_key(ca_store_path(s, file, path), err);
    if (rc < 0)
        return rc;
    pem = ca_own_read(path, err);
    if (pem == NULL)
        return PGSEAL_E_FILE;
    s->encrypted = strstr(pem, "ENCRYPTED") != NULL;
    pgseal__wipe_free_str(pem);
    return 0;
}

/* Which root of the store signed it. */
static int signed_by(const struct ca_store *s, X509 *cert)
{
    int found = 0;

    for (int i = 0; i <= s->newest - s->oldest && found == 0; i++) {
        X509 *root = ca_own_cert(s->root[i].pem);

        if (root != NULL && X509_check_issued(root, cert) == X509_V_OK &&
            X509_verify(cert, X509_get0_pubkey(root)) == 1)
            found = s->root[i].number;
        X509_free(root);
    }
    ERR_clear_error();
    return found;
}

/* "NAME.SERIAL.crt": the length of NAME, or 0. */
static size_t record_name(const char *file)
{
    size_t n = strlen(file);
    size_t serial = 0;

    if (n < 6 || strcmp(file + n - 4, ".crt") != 0 || file[0] == '.')
        return 0;
    n -= 4;
    while (serial < n && strchr("0123456789abcdef", file[n - 1 - serial]) != NULL)
        serial++;
    if (serial < 8 || serial + 2 > n || file[n - 1 - serial] != '.' ||
        n - 1 - serial >= CA_NAME_CAP)
        return 0;
    return n - 1 - serial;
}

static int load_record(struct ca_store *s, const char *file, struct pgseal_err *err)
{
    struct ca_record *v = pgseal__realloc(s->cert, (s->ncerts + 1) * sizeof(*v));
    struct ca_record *c;
    char sub[CA_NAME_CAP + 100], path[CA_PATH_CAP];
    X509 *cert;

    if (v == NULL)
        return pgseal__nomem(err);
    s->cert = v;
    c = &v[s->ncerts];
    memset(c, 0, sizeof(*c));
    pgseal__format(c->name, sizeof(c->name), "%.*s", (int)record_name(file), file);
    pgseal__format(sub, sizeof(sub), "issued/%s", file);
    c->pem = ca_own_read(ca_store_path(s, sub, path), err);
    if (c->pem == NULL)
        return PGSEAL_E_FILE;
    s->ncerts++;
    cert = ca_own_cert(c->pem);
    if (cert == NULL)
        return ca_own_fail(err, "The file holds no certificate that can be read.",
                           "Bring it back from a backup, or remove it if you know that this "
                           "certificate is not in use.",
                           "the record \"%s\" is damaged", path);
    (void)pgseal__cert_describe(cert, &c->info);
    c->client = (X509_get_extended_key_usage(cert) & XKU_SSL_CLIENT) != 0 &&
                (X509_get_extended_key_usage(cert) & XKU_SSL_SERVER) == 0;
    c->root = signed_by(s, cert);
    X509_free(cert);
    return 0;
}

/* By name and kind, then the newest first. */
static int by_name(const void *a, const void *b)
{
    const struct ca_record *x = a, *y = b;
    int d = strcmp(x->name, y->name);

    if (d != 0)
        return d;
    if (x->client != y->client)
        return x->client ? 1 : -1;
    if (x->root != y->root)
        return x->root > y->root ? -1 : 1;
    if (x->info.not_before_unix_s != y->info.not_before_unix_s)
        return x->info.not_before_unix_s > y->info.not_before_unix_s ? -1 : 1;
    return strcmp(x->info.serial, y->info.serial);
}

static int load_records(struct ca_store *s, struct pgseal_err *err)
{
    char path[CA_PATH_CAP];
    DIR *d = opendir(ca_store_path(s, "issued", path));
    const struct dirent *e;
    int rc = 0;

    if (d == NULL)
        return pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s", path,
                            strerrordesc_np(errno));
    while (rc == 0 && (e = readdir(d)) != NULL)
        if (record_name(e->d_name) > 0)
            rc = load_record(s, e->d_name, err);
    closedir(d);
    if (s->ncerts > 0)
        qsort(s->cert, s->ncerts, sizeof(*s->cert), by_name);
    for (size_t i = 0; i < s->ncerts; i++)
        s->cert[i].latest = i == 0 || strcmp(s->cert[i].name, s->cert[i - 1].name) != 0 ||
                            s->cert[i].client != s->cert[i - 1].client;
    return rc;
}

static int load_cross(struct ca_store *s, struct pgseal_err *err)
{
    char file[64], path[CA_PATH_CAP];
    struct pgseal_cert_info info;

    ca_own_cross_file(s->newest, s->oldest, file);
    s->cross_pem = ca_own_read(ca_store_path(s, file, path), err);
    if (s->cross_pem == NULL)
        return PGSEAL_E_FILE;
    if (ca_own_describe(s->cross_pem, &info, err) < 0)
        return ca_own_fail(err, "The file holds no certificate that can be read.",
                           "Bring it back from a backup.",
                           "the cross certificate \"%s\" is damaged", path);
    s->cross_until_unix_s = info.not_after_unix_s;
    return 0;
}

int ca_own_load(struct ca_store *s, const struct ca_own_state *state, struct pgseal_err *err)
{
    int rc;

    s->oldest = state->oldest;
    s->newest = state->newest;
    rc = load_root(s, s->oldest, &s->root[0], err);
    if (rc == 0 && s->newest != s->oldest) {
        rc = load_root(s, s->newest, &s->root[1], err);
        if (rc == 0)
            rc = load_cross(s, err);
    }
    if (rc == 0)
        rc = look_at_key(s, err);
    return rc < 0 ? rc : load_records(s, err);
}

static void forget(struct ca_store *s)
{
    for (size_t i = 0; i < PGSEAL_COUNT(s->root); i++) {
        pgseal__free(s->root[i].pem);
        s->root[i].pem = NULL;
    }
    for (size_t i = 0; i < s->ncerts; i++)
        pgseal__free(s->cert[i].pem);
    pgseal__free(s->cert);
    pgseal__free(s->cross_pem);
    s->cert = NULL;
    s->ncerts = 0;
    s->cross_pem = NULL;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int read_state(const struct ca_store *s, struct ca_own_state *state, struct pgseal_err *err)
{
    char path[CA_PATH_CAP];
    char *text;
    int rc;

    if (!ca_own_exists(ca_store_path(s, "store", path)))
        return no_store(s->dir, err);
    text = ca_own_read(path, err);
    if (text == NULL)
        return PGSEAL_E_FILE;
    rc = ca_own_state_parse(text, strlen(text), state, err);
    pgseal__free(text);
    return rc;
}

static int open_store(struct ca_store *s, bool to_write, struct pgseal_err *err)
{
    struct ca_own_state state = {0};
    char path[CA_PATH_CAP];
    int rc = check_dir(s->dir, err);

    if (rc == 0)
        rc =
            read_state(s, &state, err); /* before a lock file is made in a place that is no store */
    if (rc == 0 && to_write) {
        rc = ca_own_lock(s, err);
        if (rc == 0)
            rc = read_state(s, &state, err);
    }
    if (rc == 0)
        rc = ca_own_load(s, &state, err);
    if (rc == 0 && to_write) {
        ca_own_sweep(s->dir, NULL);
        ca_own_sweep(ca_store_path(s, "issued", path), NULL);
        rc = ca_own_settle(s, &state, err);
    }
    return rc;
}

struct ca_store *ca_store_open(const char *dir, bool to_write, struct pgseal_err *err)
{
    struct ca_store *s = pgseal__alloc(sizeof(*s));

    if (s == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    s->lock = -1;
    pgseal__format(s->dir, sizeof(s->dir), "%s", dir);
    return open_store(s, to_write, err) < 0 ? ca_store_close(s) : s;
}

struct ca_store *ca_store_close(struct ca_store *s)
{
    if (s == NULL)
        return NULL;
    forget(s);
    pgseal_minted_free(s->signer);
    if (s->lock >= 0)
        close(s->lock);
    pgseal__free(s);
    return NULL;
}

int ca_store_reload(struct ca_store *s, struct pgseal_err *err)
{
    struct ca_own_state state = {0};
    int rc = read_state(s, &state, err);

    if (rc < 0)
        return rc;
    forget(s);
    return ca_own_load(s, &state, err);
}

const struct ca_root *ca_store_issuer(const struct ca_store *s)
{
    return &s->root[s->newest - s->oldest];
}

int ca_store_unlock(struct ca_store *s, const char *passphrase, struct pgseal_err *err)
{
    struct pgseal_err why = {0};
    char file[64], path[CA_PATH_CAP];
    char *key;

    if (s->signer != NULL)
        return 0;
    ca_own_root_file(s->newest, "key", file);
    key = ca_own_read(ca_store_path(s, file, path), err);
    if (key == NULL)
        return PGSEAL_E_FILE;
    s->signer =
        pgseal_minted_load(ca_store_issuer(s)->pem, key, s->encrypted ? passphrase : NULL, &why);
    pgseal__wipe_free_str(key);
    if (s->signer != NULL)
        return 0;
    if (why.code == PGSEAL_E_NOMEM)
        return pgseal__nomem(err);
    return ca_own_fail(err, why.msg,
                       !s->encrypted        ? "Bring the key back from a backup."
                       : passphrase == NULL ? "Name a file with the passphrase: "
                                              "--passphrase-file FILE."
                                            : "Try again with the passphrase that was set by "
                                              "pgseal ca init.",
                       "the root's key \"%s\" cannot be used", path);
}

const struct ca_record *ca_store_find(const struct ca_store *s, const char *name)
{
    size_t n = strlen(name);
    char file[CA_NAME_CAP];

    if (n > 4 && strcmp(name + n - 4, ".crt") == 0)
        n -= 4;
    pgseal__format(file, sizeof(file), "%.*s", (int)n, name);
    for (size_t i = 0; i < s->ncerts; i++)
        if (s->cert[i].latest && strcmp(s->cert[i].name, file) == 0)
            return &s->cert[i];
    ca_name_file(name, file); /* as it was typed for issuing: *.example.com */
    for (size_t i = 0; i < s->ncerts; i++)
        if (s->cert[i].latest && strcmp(s->cert[i].name, file) == 0)
            return &s->cert[i];
    return NULL;
}

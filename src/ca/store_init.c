/* SPDX-License-Identifier: PostgreSQL */
/* Makes an own authority, and brings its files to what its state says. */
#include "own_int.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many certificates may stand between a root and a server's: one, a cross certificate. */
#define ROOT_PATHLEN 1

bool ca_store_default(char *out, size_t cap)
{
    const char *dir = getenv("PGSEAL_CA_DIR");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");

    if (dir != NULL && dir[0] != '\0')
        pgseal__format(out, cap, "%s", dir);
    else if (data != NULL && data[0] == '/') /* others are to be ignored: XDG Base Directory 0.8 */
        pgseal__format(out, cap, "%s/pgseal/ca", data);
    else if (home != NULL && home[0] != '\0')
        pgseal__format(out, cap, "%s/.local/share/pgseal/ca", home);
    else
        return false;
    return true;
}

const char *ca_own_key_option(const char *key_text)
{
    static const struct {
        const char *text, *option;
    } kinds[] = {{"EC P-256", "P-256"},   {"EC P-384", "P-384"},   {"EC P-521", "P-521"},
                 {"RSA 3072", "RSA3072"}, {"RSA 4096", "RSA4096"}, {"RSA 2048", "RSA2048"}};

    for (size_t i = 0; i < PGSEAL_COUNT(kinds); i++)
        if (strcmp(key_text, kinds[i].text) == 0)
            return kinds[i].option;
    return NULL;
}

const char *ca_own_digest(const char *key_text)
{
    return strcmp(key_text, "EC P-384") == 0 ? "SHA384" : "SHA256";
}

/* Directories on the way are made too, for us alone. */
static int make_dirs(const char *dir, struct pgseal_err *err)
{
    char path[CA_PATH_CAP];

    pgseal__format(path, sizeof(path), "%s", dir);
    for (char *p = path + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST) {
            int sys = errno;

            pgseal__fail(err, PGSEAL_E_FILE, "could not make directory \"%s\": %s", path,
                         strerrordesc_np(sys));
            if (err != NULL)
                err->sys = sys;
            return PGSEAL_E_FILE;
        }
        *p = c;
        if (c == '\0')
            return 0;
    }
}

/* What an interrupted init may have left, and nothing else. */
static bool is_ours(const char *file)
{
    static const char *const names[] = {".",        "..",         "lock",      "issued",
                                        "root.crt", "root-1.crt", "root-1.key"};
    size_t n = strlen(file);

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++)
        if (strcmp(file, names[i]) == 0)
            return true;
    return n > 8 && file[0] == '.' && file[n - 7] == '.' &&
           (strncmp(file, ".root", 5) == 0 || strncmp(file, ".store.", 7) == 0);
}

static int check_free(const struct ca_store *s, struct pgseal_err *err)
{
    char path[CA_PATH_CAP];
    DIR *d;
    const struct dirent *e;
    struct stat st;
    int rc = 0;

    if (ca_own_exists(ca_store_path(s, "store", path)))
        return ca_own_fail(err,
                           "It has a file \"store\": a second init would replace its root, "
                           "and with it everything it signed.",
                           "Use it as it is (pgseal ca list), replace its root with pgseal ca "
                           "rotate, or make another one elsewhere: --dir DIR.",
                           "there is an authority in \"%s\" already", s->dir);
    if (stat(s->dir, &st) < 0 || (d = opendir(s->dir)) == NULL)
        return pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s", s->dir,
                            strerrordesc_np(errno));
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        char seen[120];

        pgseal__format(seen, sizeof(seen), "Its permissions are %04o and its owner is user %u.",
                       (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
        rc = ca_own_fail(err, seen, "Give it to yourself alone (chmod 700), or name another one.",
                         "\"%s\" can be read or written by others", s->dir);
    }
    while (rc == 0 && (e = readdir(d)) != NULL)
        if (!is_ours(e->d_name)) {
            char shown[100], seen[200];

            pgseal__format(seen, sizeof(seen), "It holds \"%s\".",
                           pgseal__escape(shown, sizeof(shown), e->d_name, strlen(e->d_name), 80));
            rc = ca_own_fail(err, seen, "Name an empty directory or one that is not there yet.",
                             "\"%s\" is in use for something else", s->dir);
        }
    closedir(d);
    return rc;
}

struct pgseal_minted *ca_own_mint_root(const struct ca_init_options *o, const char *cn,
                                       int64_t now_unix_s, struct pgseal_err *err)
{
    const char *key = o->key != NULL ? o->key : "P-256";
    struct pgseal_mint_options m = {
        .size = sizeof(m),
        .cn = cn,
        .key = key,
        .digest = strcmp(key, "P-384") == 0 ? "SHA384" : "SHA256",
        .ca = true,
        .pathlen = ROOT_PATHLEN,
        .permit = o->permit,
        .passphrase = o->passphrase,
        .not_before_unix_s = now_unix_s - CA_BACKDATE_S,
        .not_after_unix_s = now_unix_s + (o->days > 0 ? o->days : CA_ROOT_DAYS) * CA_DAY_S,
    };

    return pgseal_mint(&m, NULL, err);
}

int ca_own_put_root(const struct ca_store *s, int n, const struct pgseal_minted *root,
                    struct pgseal_err *err)
{
    char file[64];
    int rc;

    ca_own_root_file(n, "key", file);
    rc = ca_own_put(s, file, pgseal_minted_key_pem(root), 0600, err);
    if (rc < 0)
        return rc;
    ca_own_root_file(n, "crt", file);
    return ca_own_put(s, file, pgseal_minted_cert_pem(root), 0644, err);
}

/* root.crt: the newest first, because a client that reads only one needs that one. */
static int settle_bundle(const struct ca_store *s, const struct ca_own_state *state,
                         struct pgseal_err *err)
{
    char *text[2] = {NULL, NULL};
    char *bundle = NULL, *old = NULL;
    char path[CA_PATH_CAP], file[64];
    size_t n = 0, cap = 1;
    int rc = 0;

    for (int i = state->newest; i >= state->oldest && rc == 0; i--, n++) {
        ca_own_root_file(i, "crt", file);
        text[n] = ca_own_read(ca_store_path(s, file, path), err);
        if (text[n] == NULL)
            rc = PGSEAL_E_FILE;
        else
            cap += strlen(text[n]);
    }
    if (rc == 0 && (bundle = pgseal__alloc(cap)) == NULL)
        rc = pgseal__nomem(err);
    if (rc == 0) {
        pgseal__format(bundle, cap, "%s%s", text[0], text[1] != NULL ? text[1] : "");
        if (ca_own_exists(ca_store_path(s, "root.crt", path)))
            old = ca_own_read(path, NULL);
        if (old == NULL || strcmp(old, bundle) != 0)
            rc = ca_own_put(s, "root.crt", bundle, 0644, err);
    }
    pgseal__free(text[0]);
    pgseal__free(text[1]);
    pgseal__free(bundle);
    pgseal__free(old);
    return rc;
}

/* "root-12.key": 12; what is no key of a root: 0. */
static int key_number(const char *file)
{
    char *end;
    long n;

    if (strncmp(file, "root-", 5) != 0 || file[5] < '1' || file[5] > '9')
        return 0;
    n = strtol(file + 5, &end, 10);
    return strcmp(end, ".key") == 0 && n < 1000000 ? (int)n : 0;
}

/* Keys that sign for nobody any more: of retired roots, and of one that never came to be. */
static int settle_keys(const struct ca_store *s, const struct ca_own_state *state,
                       struct pgseal_err *err)
{
    DIR *d = opendir(s->dir);
    const struct dirent *e;
    int rc = 0;

    if (d == NULL)
        return pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s", s->dir,
                            strerrordesc_np(errno));
    while (rc == 0 && (e = readdir(d)) != NULL) {
        int n = key_number(e->d_name);

        if (n > 0 && (n < state->oldest || n > state->newest) &&
            unlinkat(dirfd(d), e->d_name, 0) < 0)
            rc = pgseal__fail(err, PGSEAL_E_FILE, "could not remove \"%s/%s\": %s", s->dir,
                              e->d_name, strerrordesc_np(errno));
    }
    closedir(d);
    return rc;
}

int ca_own_settle(const struct ca_store *s, const struct ca_own_state *state,
                  struct pgseal_err *err)
{
    int rc = settle_bundle(s, state, err);

    return rc < 0 ? rc : settle_keys(s, state, err);
}

/* The state is the commit: before it nothing has changed, behind it the rest only follows. */
int ca_own_commit(struct ca_store *s, const struct ca_own_state *state, struct pgseal_err *err)
{
    char text[64];
    int rc;

    ca_own_state_format(state, text);
    rc = ca_own_put(s, "store", text, 0600, err);
    return rc < 0 ? rc : ca_own_settle(s, state, err);
}

/* "pgseal CA on bastion" */
static void default_cn(char out[65])
{
    char host[256] = "";

    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
        pgseal__format(host, sizeof(host), "localhost");
    host[strcspn(host, ".")] = '\0';
    pgseal__format(out, 65, "pgseal CA on %.40s", host);
}

static int check_options(const struct ca_init_options *o, struct pgseal_err *err)
{
    if (o->days < 0 || o->days > CA_DAYS_MAX)
        return ca_own_refuse(err, NULL, "Take 1 to 36500; 3650 is usual for a root.",
                             "a root of %d days cannot be made", o->days);
    if (o->cn != NULL && (o->cn[0] == '\0' || strlen(o->cn) > 64))
        return ca_own_refuse(err, "A common name has 1 to 64 bytes.", "Take a shorter name.",
                             "a root cannot have this name");
    if (strlen(o->dir) > CA_PATH_CAP - 400)
        return ca_own_refuse(err, NULL, "Take a shorter path.", "the directory's name is too long");
    return 0;
}

static int build(struct ca_store *s, const struct ca_init_options *o, int64_t now_unix_s,
                 struct pgseal_err *err)
{
    const struct ca_own_state state = {.oldest = 1, .newest = 1};
    struct pgseal_minted *root = NULL;
    char cn[65], path[CA_PATH_CAP];
    int rc = make_dirs(s->dir, err);

    if (rc == 0)
        rc = check_free(s, err);
    if (rc == 0)
        rc = ca_own_lock(s, err);
    if (rc == 0)
        rc = check_free(s, err); /* another init may have been faster */
    if (rc == 0 && mkdir(ca_store_path(s, "issued", path), 0700) < 0 && errno != EEXIST)
        rc = pgseal__fail(err, PGSEAL_E_FILE, "could not make directory \"%s\": %s", path,
                          strerrordesc_np(errno));
    if (rc < 0)
        return rc;
    ca_own_sweep(s->dir, NULL);
    default_cn(cn);
    root = ca_own_mint_root(o, o->cn != NULL ? o->cn : cn, now_unix_s, err);
    if (root == NULL)
        return PGSEAL_E_CA_REQUEST;
    rc = ca_own_put_root(s, 1, root, err);
    if (rc == 0)
        rc = ca_own_settle(s, &state, err); /* nobody may find a store without root.crt */
    if (rc == 0)
        rc = ca_own_commit(s, &state, err);
    if (rc == 0)
        rc = ca_own_load(s, &state, err);
    pgseal_minted_free(root);
    return rc;
}

struct ca_store *ca_store_init(const struct ca_init_options *o, int64_t now_unix_s,
                               struct pgseal_err *err)
{
    struct ca_store *s;

    if (check_options(o, err) < 0)
        return NULL;
    s = pgseal__alloc(sizeof(*s));
    if (s == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    s->lock = -1;
    pgseal__format(s->dir, sizeof(s->dir), "%s", o->dir);
    return build(s, o, now_unix_s, err) < 0 ? ca_store_close(s) : s;
}

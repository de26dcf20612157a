/* SPDX-License-Identifier: PostgreSQL */
/* Reading and writing in the own authority's directory: texts, lock, what killed runs left. */
#include "own_int.h"

#include "host/files.h"

#include <pgseal/drive.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TRIES   100
#define LOCK_WAIT_NS 100000000L /* 0.1 s */

static int vfail(struct pgseal_err *err, int code, const char *detail, const char *hint,
                 const char *fmt, va_list ap) PGSEAL_PRINTF(5, 0);
static int vfail(struct pgseal_err *err, int code, const char *detail, const char *hint,
                 const char *fmt, va_list ap)
{
    char msg[1024];

    pgseal__vformat(msg, sizeof(msg), fmt, ap);
    pgseal__fail(err, code, "%s", msg);
    if (detail != NULL)
        pgseal__detail(err, "%s", detail);
    if (hint != NULL)
        pgseal__hint(err, "%s", hint);
    return code;
}

int ca_own_fail(struct pgseal_err *err, const char *detail, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(err, PGSEAL_E_CA_STORE, detail, hint, fmt, ap);
    va_end(ap);
    return PGSEAL_E_CA_STORE;
}

int ca_own_refuse(struct pgseal_err *err, const char *detail, const char *hint, const char *fmt,
                  ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(err, PGSEAL_E_CA_REQUEST, detail, hint, fmt, ap);
    va_end(ap);
    return PGSEAL_E_CA_REQUEST;
}

char *ca_store_path(const struct ca_store *s, const char *file, char out[CA_PATH_CAP])
{
    pgseal__format(out, CA_PATH_CAP, "%s/%s", s->dir, file);
    return out;
}

void ca_own_root_file(int n, const char *suffix, char out[64])
{
    pgseal__format(out, 64, "root-%d.%s", n, suffix);
}

void ca_own_cross_file(int newer, int older, char out[64])
{
    pgseal__format(out, 64, "root-%d-by-%d.crt", newer, older);
}

char *ca_own_read(const char *path, struct pgseal_err *err)
{
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};
    char *text = NULL;
    int sys;

    w->read(w->ctx, path, &f);
    sys = f.stat_sys != 0 ? f.stat_sys : f.read_sys;
    if (sys != 0) {
        pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s", path, strerrordesc_np(sys));
        if (err != NULL)
            err->sys = sys;
    } else {
        text = pgseal__strndup((const char *)f.data, f.len);
        if (text == NULL)
            pgseal__nomem(err);
    }
    w->release(w->ctx, &f);
    return text;
}

int ca_own_put(const struct ca_store *s, const char *file, const char *text, mode_t mode,
               struct pgseal_err *err)
{
    char path[CA_PATH_CAP];

    return host_replace_file(ca_store_path(s, file, path), text, strlen(text), mode, err);
}

bool ca_own_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/*
 * ".NAME.XXXXXX", as host_replace_file() calls what is not finished. In a directory of others'
 * files (`name` is given) a person's ".db1.key.backup" must stay: small letters alone are left.
 */
static bool is_leftover(const char *file, const char *name)
{
    size_t n = strlen(file);
    bool odd = name == NULL;

    if (n < 9 || file[0] != '.' || file[n - 7] != '.')
        return false;
    for (const char *p = file + n - 6; *p != '\0'; p++) {
        if (strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", *p) != NULL)
            odd = true;
        else if (*p < 'a' || *p > 'z')
            return false;
    }
    return odd && (name == NULL || (strlen(name) == n - 8 && strncmp(file + 1, name, n - 8) == 0));
}

void ca_own_sweep(const char *dir, const char *name)
{
    DIR *d = opendir(dir);
    const struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (is_leftover(e->d_name, name))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
}

X509 *ca_own_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

int ca_own_describe(const char *pem, struct pgseal_cert_info *out, struct pgseal_err *err)
{
    X509 *cert = ca_own_cert(pem);
    int rc;

    if (cert != NULL)
        rc = pgseal__cert_describe(cert, out);
    else
        rc = pgseal__fail(err, PGSEAL_E_CERT, "there is no certificate");
    X509_free(cert);
    ERR_clear_error();
    return rc;
}

/* Held until the descriptor is closed, so also when we are killed. */
int ca_own_lock(struct ca_store *s, struct pgseal_err *err)
{
    struct timespec pause = {.tv_nsec = LOCK_WAIT_NS};
    char path[CA_PATH_CAP];

    ca_store_path(s, "lock", path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) {
        int sys = errno;

        pgseal__fail(err, PGSEAL_E_FILE, "could not open \"%s\": %s", path, strerrordesc_np(sys));
        if (sys == EROFS || sys == EACCES)
            pgseal__hint(err, "The authority's directory must be writable for this.");
        return PGSEAL_E_FILE;
    }
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return pgseal__fail(err, PGSEAL_E_FILE, "could not lock \"%s\": %s", path,
                                strerrordesc_np(errno));
        nanosleep(&pause, NULL);
    }
    return ca_own_fail(err, "It has held the lock for 10 seconds.",
                       "Let it finish, then try again.",
                       "the authority in \"%s\" is being changed by another process", s->dir);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Atomic writing of files: beside, then renamed, then the directory is synced. */
#include "files.h"

#include "host_int.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file on its way. */
struct replacement {
    char *target; /* where it goes: links followed */
    char *dir;    /* its directory */
    char *temp;   /* beside it, while there is one */
    int fd;
};

static int failed(struct pgseal_err *err, const char *what, const char *path)
{
    int sys = errno;

    pgseal__fail(err, PGSEAL_E_FILE, "could not %s \"%s\": %s", what, path, host__strerror(sys));
    if (err != NULL)
        err->sys = sys;
    if (sys == ENOSPC || sys == EDQUOT)
        pgseal__hint(err, "Free some space; nothing was changed.");
    else if (sys == EACCES || sys == EPERM || sys == EROFS)
        pgseal__hint(err, "Name a file in a directory you may write to; nothing was changed.");
    else if (sys == ENOENT)
        pgseal__hint(err, "Make the directory first, or name another one.");
    return PGSEAL_E_FILE;
}

static int write_all(int fd, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    while (n > 0) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

static void done(struct replacement *r)
{
    if (r->fd >= 0)
        close(r->fd);
    if (r->temp != NULL)
        unlink(r->temp);
    pgseal__free(r->temp);
    pgseal__free(r->dir);
    free(r->target);
}

/* Where the bytes go: what a link points at, else the path itself. */
static int locate(struct replacement *r, const char *path, struct pgseal_err *err)
{
    char *copy;
    size_t n;

    r->target = realpath(path, NULL);
    if (r->target == NULL && errno == ENOENT)
        r->target = strdup(path);
    if (r->target == NULL)
        return failed(err, "write to", path);
    copy = pgseal__strdup(r->target);
    if (copy == NULL)
        return pgseal__nomem(err);
    r->dir = pgseal__strdup(dirname(copy));
    pgseal__free(copy);
    n = strlen(r->target) + 10;
    r->temp = pgseal__alloc(n);
    if (r->dir == NULL || r->temp == NULL)
        return pgseal__nomem(err);
    copy = strrchr(r->target, '/');
    if (copy == NULL)
        pgseal__format(r->temp, n, ".%s.XXXXXX", r->target);
    else
        pgseal__format(r->temp, n, "%.*s/.%s.XXXXXX", (int)(copy - r->target), r->target, copy + 1);
    return 0;
}

/* The bytes are on the disk under the temporary name. */
static int stage(struct replacement *r, const void *bytes, size_t n, mode_t mode,
                 struct pgseal_err *err)
{
    r->fd = mkostemp(r->temp, O_CLOEXEC); /* 0600 */
    if (r->fd < 0) {
        pgseal__free(r->temp);
        r->temp = NULL;
        return failed(err, "create a file beside", r->target);
    }
    if (write_all(r->fd, bytes, n) < 0 || fchmod(r->fd, mode) < 0 || fsync(r->fd) < 0)
        return failed(err, "write", r->target);
    return 0;
}

static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* Some file systems cannot sync a directory; the rename has happened all the same. */
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* A device or a pipe cannot be replaced, only written to. */
static bool is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int write_special(const char *path, const void *bytes, size_t n, struct pgseal_err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    int rc = 0;

    if (fd < 0)
        return failed(err, "open", path);
    if (write_all(fd, bytes, n) < 0)
        rc = failed(err, "write", path);
    if (close(fd) < 0 && rc == 0)
        rc = failed(err, "write", path);
    return rc;
}

static int put(const char *path, const void *bytes, size_t n, mode_t mode, bool replace,
               struct pgseal_err *err)
{
    struct replacement r = {.fd = -1};
    int rc;

    if (replace && is_special(path))
        return write_special(path, bytes, n, err);
    rc = locate(&r, path, err);
    if (rc == 0)
        rc = stage(&r, bytes, n, mode, err);
    if (rc == 0 && replace && rename(r.temp, r.target) < 0)
        rc = failed(err, "replace", r.target);
    /* link() is the rename that refuses an existing name. */
    if (rc == 0 && !replace && link(r.temp, r.target) < 0)
        rc = failed(err, "create", r.target);
    if (rc == 0) {
        if (replace) {
            pgseal__free(r.temp);
            r.temp = NULL;
        }
        sync_dir(r.dir);
    }
    done(&r);
    return rc;
}

int host_replace_file(const char *path, const void *bytes, size_t n, mode_t mode,
                      struct pgseal_err *err)
{
    return put(path, bytes, n, mode, true, err);
}

int host_create_file(const char *path, const void *bytes, size_t n, mode_t mode,
                     struct pgseal_err *err)
{
    return put(path, bytes, n, mode, false, err);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Atomic writing of files: beside, then renamed, then the directory is synced. */
#include "files.h"

#include "host_int.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file on its way. */
struct replacement {
    char *target; /* where it goes: links followed */
    char *dir;    /* its directory */
    char *temp;   /* beside it, while there is one */
    int fd;
    bool replace; /* what is there */
    bool follow;  /* a link to what it points at */
    bool placed;  /* it is there already */
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

/* Where the bytes go: what a link points at, if it is to be followed, else the path itself. */
static int locate(struct replacement *r, const char *path, struct pgseal_err *err)
{
    char *copy;
    size_t n;

    r->target = r->follow ? realpath(path, NULL) : strdup(path);
    if (r->target == NULL && errno == ENOENT)
        r->target = strdup(path);
    if (r->target == NULL) {
        failed(err, "write to", path);
        return PGSEAL_E_FILE;
    }
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

/* The bytes are on the disk. 0, or -1 and errno. */
static int fill(int fd, const void *bytes, size_t n, mode_t mode)
{
    return write_all(fd, bytes, n) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -1 : 0;
}

/* Gives a file without a name one. 0, or -1 and errno. */
static int link_fd(int fd, const char *path)
{
    char link[40];

    pgseal__format(link, sizeof(link), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* The same with a temporary one, of which the last six letters are free. */
static int link_temp(int fd, char *temp)
{
    char *x = temp + strlen(temp) - 6;

    for (int tries = 0; tries < 100; tries++) {
        uint32_t bits;

        if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
            return -1;
        for (int i = 0; i < 6; i++, bits >>= 5)
            x[i] = "abcdefghijklmnopqrstuvwxyz012345"[bits & 31];
        if (link_fd(fd, temp) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

/*
 * Writes to a file that has no name yet, so that a kill -9 in the middle leaves nothing: open(2)
 * O_TMPFILE. 1 done, 0 this file system (or a root without /proc) cannot, -1 and errno.
 */
static int stage_unnamed(struct replacement *r, const void *bytes, size_t n, mode_t mode)
{
    int fd = open(r->dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    int sys;

    if (fd < 0)
        return 0;
    r->fd = fd;
    if (fill(fd, bytes, n, mode) < 0)
        return -1;
    if (r->replace ? link_temp(fd, r->temp) == 0 : link_fd(fd, r->target) == 0) {
        r->placed = !r->replace;
        return 1;
    }
    sys = errno;
    if (!r->replace && sys == EEXIST)
        return -1;
    close(fd);
    r->fd = -1;
    memcpy(r->temp + strlen(r->temp) - 6, "XXXXXX", 6);
    return 0;
}

static void forget_temp(struct replacement *r)
{
    pgseal__free(r->temp);
    r->temp = NULL;
}

/* The bytes are on the disk under the temporary name, or already in their place. */
static int stage(struct replacement *r, const void *bytes, size_t n, mode_t mode,
                 struct pgseal_err *err)
{
    int rc = stage_unnamed(r, bytes, n, mode);

    if (rc < 0) {
        failed(err, errno == EEXIST ? "create" : "write", r->target);
        forget_temp(r);
        return PGSEAL_E_FILE;
    }
    if (rc > 0) {
        if (r->placed)
            forget_temp(r);
        return 0;
    }
    r->fd = mkostemp(r->temp, O_CLOEXEC); /* 0600 */
    if (r->fd < 0) {
        failed(err, "create a file beside", r->target);
        forget_temp(r);
        return PGSEAL_E_FILE;
    }
    if (fill(r->fd, bytes, n, mode) == 0)
        return 0;
    failed(err, "write", r->target);
    return PGSEAL_E_FILE;
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
               bool follow, struct pgseal_err *err)
{
    struct replacement r = {.fd = -1, .replace = replace, .follow = follow};
    int rc;

    if (replace && follow && is_special(path))
        return write_special(path, bytes, n, err);
    rc = locate(&r, path, err);
    if (rc == 0)
        rc = stage(&r, bytes, n, mode, err);
    if (rc == 0 && replace && rename(r.temp, r.target) < 0)
        rc = failed(err, "replace", r.target);
    /* link() is the rename that refuses an existing name. */
    if (rc == 0 && !replace && !r.placed && link(r.temp, r.target) < 0)
        rc = failed(err, "create", r.target);
    if (rc == 0) {
        if (replace)
            forget_temp(&r);
        sync_dir(r.dir);
    }
    done(&r);
    return rc;
}

int host_replace_file(const char *path, const void *bytes, size_t n, mode_t mode,
                      struct pgseal_err *err)
{
    return put(path, bytes, n, mode, true, true, err);
}

int host_replace_name(const char *path, const void *bytes, size_t n, mode_t mode,
                      struct pgseal_err *err)
{
    return put(path, bytes, n, mode, true, false, err);
}

int host_create_file(const char *path, const void *bytes, size_t n, mode_t mode,
                     struct pgseal_err *err)
{
    return put(path, bytes, n, mode, false, true, err);
}

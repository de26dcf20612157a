/* SPDX-License-Identifier: PostgreSQL */
/* Preloaded into a program: counts what it does to files, and at the Nth kills it or lets it fail.
 *
 * FAULT_LOG=FILE     a line for each: "NUMBER call path mode"
 * FAULT_AT=N         ... which one
 * FAULT_HOW=kill     SIGKILL before it; a write writes half of it first
 * FAULT_HOW=ERRNO    the call fails with that number; a write writes half of it first
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static int count;

static void note(const char *call, const char *path, unsigned mode)
{
    const char *log = getenv("FAULT_LOG");
    char line[1200];
    int fd, n;

    if (log == NULL)
        return;
    n = snprintf(line, sizeof(line), "%d %s %s %04o\n", count, call, path, mode);
    fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && REAL(write)(fd, line, (size_t)n) != n)
        abort();
    REAL(close)(fd);
}

/* True when this one is to fail: errno is set. */
static int fault(const char *call, const char *path, unsigned mode)
{
    const char *at = getenv("FAULT_AT"), *how = getenv("FAULT_HOW");

    count++;
    note(call, path, mode);
    if (at == NULL || how == NULL || atoi(at) != count)
        return 0;
    if (strcmp(how, "kill") == 0)
        raise(SIGKILL);
    errno = atoi(how);
    return 1;
}

static int creates(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static int vopen(int dir, const char *path, int flags, unsigned mode)
{
    if (creates(flags) && fault("open", path, mode))
        return -1;
    return REAL(openat)(dir, path, flags, mode);
}

#define MODE(flags)                  \
    unsigned mode = 0;               \
    va_list ap;                      \
    va_start(ap, flags);             \
    if (creates(flags))              \
        mode = va_arg(ap, unsigned); \
    va_end(ap)

int open(const char *path, int flags, ...)
{
    MODE(flags);
    return vopen(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags);
    return vopen(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE(flags);
    return vopen(dir, path, flags, mode);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return fault("link", to, 0) ? -1 : REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int mkostemp64(char *template, int flags)
{
    return fault("temp", template, 0600) ? -1 : REAL(mkostemp64)(template, flags);
}

int mkostemp(char *template, int flags)
{
    return fault("temp", template, 0600) ? -1 : REAL(mkostemp)(template, flags);
}

ssize_t write(int fd, const void *p, size_t n)
{
    struct stat st;
    int sys;

    if (REAL(fstat)(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd <= 2)
        return REAL(write)(fd, p, n);
    if (getenv("FAULT_AT") != NULL && atoi(getenv("FAULT_AT")) == count + 1 &&
        REAL(write)(fd, p, n / 2) < 0)
        abort();
    if (!fault("write", "-", st.st_mode & 07777))
        return REAL(write)(fd, p, n);
    sys = errno;
    errno = sys;
    return -1;
}

int fsync(int fd)
{
    return fault("fsync", "-", 0) ? -1 : REAL(fsync)(fd);
}

int fchmod(int fd, mode_t mode)
{
    return fault("fchmod", "-", mode) ? -1 : REAL(fchmod)(fd, mode);
}

int chmod(const char *path, mode_t mode)
{
    return fault("chmod", path, mode) ? -1 : REAL(chmod)(path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fault("mkdir", path, mode) ? -1 : REAL(mkdir)(path, mode);
}

int rename(const char *from, const char *to)
{
    return fault("rename", to, 0) ? -1 : REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
    return fault("link", to, 0) ? -1 : REAL(link)(from, to);
}

int unlink(const char *path)
{
    return fault("unlink", path, 0) ? -1 : REAL(unlink)(path);
}

int unlinkat(int dir, const char *path, int flags)
{
    return fault("unlink", path, 0) ? -1 : REAL(unlinkat)(dir, path, flags);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The real world for the core: environment, files, the user's name and home, the locale. */
#include "core/base/base.h"

#include <pgseal/drive.h>

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX        (64u * 1024 * 1024)
#define PIPE_TIMEOUT_MS 10000

static const char *world_env(void *ctx, const char *name)
{
    return getenv(name);
}

static void fill(struct pgseal_file *f, const struct stat *st)
{
    f->kind = S_ISREG(st->st_mode)   ? PGSEAL_FILE_REGULAR
              : S_ISDIR(st->st_mode) ? PGSEAL_FILE_DIRECTORY
                                     : PGSEAL_FILE_OTHER;
    f->mode = st->st_mode & 07777;
    f->uid = st->st_uid;
}

static void world_stat(void *ctx, const char *path, struct pgseal_file *f)
{
    struct stat st;

    *f = (struct pgseal_file){0};
    if (stat(path, &st) == 0)
        fill(f, &st);
    else
        f->stat_sys = f->read_sys = errno;
}

/* A pipe whose writer takes its time, such as <(command) of a shell: not for ever. */
static bool wait_input(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, PIPE_TIMEOUT_MS) > 0;
}

/* Reads to the end. Pipes and devices are read too, as stdio does. 0 or an errno. */
static int slurp(int fd, size_t expected, struct pgseal_file *f)
{
    size_t cap = expected + 1;

    f->data = pgseal__alloc(cap);
    while (f->data != NULL) {
        ssize_t n = read(fd, f->data + f->len, cap - f->len);

        if (n == 0) {
            uint8_t *whole = f->len < cap ? f->data : pgseal__realloc(f->data, cap + 1);

            if (whole == NULL)
                break;
            f->data = whole;
            f->data[f->len] = '\0';
            return 0;
        }
        if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_input(fd))))
            continue;
        if (n < 0)
            return errno;
        f->len += (size_t)n;
        if (f->len > FILE_MAX)
            return EFBIG;
        if (f->len == cap) {
            uint8_t *larger = pgseal__alloc(cap * 2);

            if (larger == NULL)
                break;
            memcpy(larger, f->data, f->len);
            pgseal__wipe_free(f->data, f->len);
            f->data = larger;
            cap *= 2;
        }
    }
    return ENOMEM;
}

static void world_release(void *ctx, struct pgseal_file *f)
{
    pgseal__wipe_free(f->data, f->len);
    f->data = NULL;
    f->len = 0;
}

/* A FIFO nobody writes to must not stop us for ever: opened without waiting, and refused. */
static void world_read(void *ctx, const char *path, struct pgseal_file *f)
{
    struct stat st;
    int fd = -1;

    world_stat(ctx, path, f);
    if (f->stat_sys != 0)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        f->read_sys = errno;
    } else {
        fill(f, &st);
        if (S_ISDIR(st.st_mode))
            f->read_sys = EISDIR;
        else
            f->read_sys = slurp(
                fd, S_ISREG(st.st_mode) && st.st_size < (off_t)FILE_MAX ? (size_t)st.st_size : 4096,
                f);
    }
    if (fd >= 0)
        close(fd);
    if (f->read_sys != 0)
        world_release(ctx, f);
}

/* fe-secure-openssl.c SSL_CTX_keylog_cb: appended, created for the owner only. */
static int world_append(void *ctx, const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    size_t n = strlen(line);
    int sys = 0;

    if (fd < 0)
        return errno;
    if (write(fd, line, n) != (ssize_t)n)
        sys = errno != 0 ? errno : EIO;
    close(fd);
    return sys;
}

static char home[4096];
static char user[256];
static char user_err[128];
static struct pgseal_world world = {.size = sizeof(world),
                                    .env = world_env,
                                    .stat = world_stat,
                                    .read = world_read,
                                    .release = world_release,
                                    .append = world_append};

/* "UTF-8" is "utf8" in a locale's name, and a modifier may follow ("@euro"). */
static void bare(const char *name, char *out, size_t n)
{
    size_t len = 0;

    for (; *name != '\0' && *name != '@' && len + 1 < n; name++)
        if (*name != '-' && *name != '_')
            out[len++] = *name;
    out[len] = '\0';
}

static bool same_codeset(const char *a, const char *b)
{
    char bare_a[32];
    char bare_b[32];

    bare(a, bare_a, sizeof(bare_a));
    bare(b, bare_b, sizeof(bare_b));
    return pgseal__strcasecmp(bare_a, bare_b) == 0;
}

/* PG18 src/port/chklocale.c: what glibc calls a codeset and PostgreSQL an encoding. */
static const char *encoding_of(const char *name)
{
    static const char *const NAMES[][2] = {
        {"UTF-8", "UTF8"},
        {"EUC-JP", "EUC_JP"},
        {"EUC-KR", "EUC_KR"},
        {"GB2312", "EUC_CN"},
        {"EUC-TW", "EUC_TW"},
        {"BIG5", "BIG5"},
        {"GBK", "GBK"},
        {"GB18030", "GB18030"},
        {"SHIFT_JIS", "SJIS"},
        {"SJIS", "SJIS"},
        {"ISO-8859-1", "LATIN1"},
        {"ISO-8859-2", "LATIN2"},
        {"ISO-8859-3", "LATIN3"},
        {"ISO-8859-4", "LATIN4"},
        {"ISO-8859-9", "LATIN5"},
        {"ISO-8859-10", "LATIN6"},
        {"ISO-8859-13", "LATIN7"},
        {"ISO-8859-14", "LATIN8"},
        {"ISO-8859-15", "LATIN9"},
        {"ISO-8859-16", "LATIN10"},
        {"ISO-8859-5", "ISO_8859_5"},
        {"ISO-8859-6", "ISO_8859_6"},
        {"ISO-8859-7", "ISO_8859_7"},
        {"ISO-8859-8", "ISO_8859_8"},
        {"KOI8-R", "KOI8R"},
        {"KOI8-U", "KOI8U"},
        {"CP1251", "WIN1251"},
        {"CP1255", "WIN1255"},
        {"CP1256", "WIN1256"},
        {"TIS-620", "WIN874"},
    };

    for (size_t i = 0; name != NULL && i < PGSEAL_COUNT(NAMES); i++)
        if (same_codeset(name, NAMES[i][0]))
            return NAMES[i][1];
    return "SQL_ASCII";
}

/*
 * The codeset of the locale. A static program finds no locale where its distribution's are not
 * installed; what the environment says of the terminal's codeset is still true.
 */
static const char *codeset(void)
{
#ifdef PGSEAL_STATIC
    static const char *const NAMES[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < PGSEAL_COUNT(NAMES); i++) {
        const char *value = getenv(NAMES[i]);
        const char *dot = value != NULL ? strchr(value, '.') : NULL;

        if (value == NULL || *value == '\0')
            continue;
        if (dot != NULL)
            return dot + 1;
        break;
    }
#endif
    return nl_langinfo(CODESET);
}

/*
 * Users of a directory service are in no file a static program reads; login(1) and sshd name them
 * in the environment. It is only the default of user=: PGUSER is believed as much.
 */
static const char *user_of_environment(void)
{
    const char *name = NULL;

#ifdef PGSEAL_STATIC
    name = getenv("LOGNAME");
    if (name == NULL || *name == '\0')
        name = getenv("USER");
#endif
    return name != NULL && *name != '\0' ? name : NULL;
}

/* fe-connect.c pqGetHomeDirectory, fe-auth.c pg_fe_getusername. */
static void look(void)
{
    const char *from_env = getenv("HOME");
    struct passwd pw;
    struct passwd *found = NULL;
    char room[8192];
    const char *name;
    int rc = getpwuid_r(geteuid(), &pw, room, sizeof(room), &found);

    if (from_env != NULL && *from_env != '\0')
        pgseal__format(home, sizeof(home), "%s", from_env);
    else if (found != NULL)
        pgseal__format(home, sizeof(home), "%s", pw.pw_dir);
    if (home[0] != '\0')
        world.home = home;
    name = found != NULL ? pw.pw_name : user_of_environment();
    if (name != NULL) {
        pgseal__format(user, sizeof(user), "%s", name);
        world.user = user;
    } else {
        if (rc != 0)
            pgseal__format(user_err, sizeof(user_err), "could not look up local user ID %ld: %s",
                           (long)geteuid(), strerrordesc_np(rc));
        else
            pgseal__format(user_err, sizeof(user_err), "local user with ID %ld does not exist",
                           (long)geteuid());
        world.user_err = user_err;
    }
    world.encoding = encoding_of(codeset());
}

const struct pgseal_world *pgseal_world_host(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, look);
    return &world;
}

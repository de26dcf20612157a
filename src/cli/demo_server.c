/* SPDX-License-Identifier: PostgreSQL */
/* The demo's throw-away PostgreSQL: found, made, started, reloaded, stopped, removed. */
#include "demo_int.h"

#include <pgseal/drive.h>

#include <openssl/rand.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 30000
#define STOP_TIMEOUT_MS  10000
#define CANNOT_ENTER     126 /* exit status of a child that could not become the server */

static void nap_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

static bool has_programs(const char *dir)
{
    char path[600];

    pgseal__format(path, sizeof(path), "%s/initdb", dir);
    if (access(path, X_OK) != 0)
        return false;
    pgseal__format(path, sizeof(path), "%s/postgres", dir);
    return access(path, X_OK) == 0;
}

/* The newest version directory that matches, such as /usr/lib/postgresql/15/bin. */
static bool find_by_pattern(const char *pattern, char *out, size_t cap)
{
    glob_t g;
    bool found = false;
    double best = -1;

    if (glob(pattern, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *digits = strpbrk(g.gl_pathv[i], "0123456789");
        double version = digits != NULL ? strtod(digits, NULL) : 0;

        if (version > best && has_programs(g.gl_pathv[i])) {
            pgseal__format(out, cap, "%s", g.gl_pathv[i]);
            best = version;
            found = true;
        }
    }
    globfree(&g);
    return found;
}

static bool find_in_path(char *out, size_t cap)
{
    const char *path = getenv("PATH");

    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");

        pgseal__format(out, cap, "%.*s", (int)n, path);
        if (n > 0 && has_programs(out))
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

static int read_version(struct demo_server *s, struct pgseal_err *err)
{
    static struct demo_output out;
    char program[600];
    const char *argv[] = {program, "--version", NULL};
    const char *text;

    pgseal__format(program, sizeof(program), "%s/postgres", s->bindir);
    if (demo_run(argv, NULL, NULL, NULL, 10, &out, err) < 0)
        return -1;
    text = strstr(out.text, ") ");
    if (out.status != 0 || text == NULL)
        return pgseal__fail(err, PGSEAL_E_IO, "\"%s --version\" did not answer as PostgreSQL does",
                            program);
    pgseal__format(s->version, sizeof(s->version), "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
    return 0;
}

int demo_server_find(struct demo_server *s, const char *bindir, struct pgseal_err *err)
{
    static const char *const usual[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
                                        "/usr/libexec/postgresql*", "/usr/local/pgsql/bin",
                                        "/opt/homebrew/opt/postgresql@*/bin"};
    bool found = false;

    if (bindir != NULL) {
        pgseal__format(s->bindir, sizeof(s->bindir), "%s", bindir);
        found = has_programs(bindir);
    }
    for (size_t i = 0; bindir == NULL && !found && i < PGSEAL_COUNT(usual); i++)
        found = find_by_pattern(usual[i], s->bindir, sizeof(s->bindir));
    if (bindir == NULL && !found)
        found = find_in_path(s->bindir, sizeof(s->bindir));
    if (found)
        return read_version(s, err);
    if (bindir != NULL)
        pgseal__fail(err, PGSEAL_E_OPTION, "no PostgreSQL server programs in \"%s\"", bindir);
    else
        pgseal__fail(err, PGSEAL_E_OPTION, "no PostgreSQL server programs found on this machine");
    pgseal__detail(err, "The demo starts a server of its own and needs initdb and postgres.");
    pgseal__hint(err, "Install them (Debian: apt-get install postgresql-15), or name their "
                      "directory: pgseal demo --pgbin DIR.");
    return -1;
}

/* PostgreSQL refuses to run as root, and so do we: another user then. */
static int choose_user(struct demo_server *s, struct pgseal_err *err)
{
    const struct passwd *pw;

    s->uid = geteuid();
    s->gid = getegid();
    if (s->uid != 0)
        return 0;
    pw = getpwnam("postgres");
    if (pw == NULL)
        pw = getpwnam("nobody");
    if (pw == NULL) {
        pgseal__fail(err, PGSEAL_E_OPTION, "PostgreSQL cannot run as root");
        pgseal__hint(err, "Run the demo as another user, or create a user \"postgres\".");
        return -1;
    }
    s->uid = pw->pw_uid;
    s->gid = pw->pw_gid;
    return 0;
}

/*
 * As root, also in directories that belong to the server's user, who may put a symbolic link there
 * and have any file of the system overwritten and given away: so each file is a new one.
 */
int demo_write(struct demo_server *s, const char *path, const char *text, int mode, bool servers,
               struct pgseal_err *err)
{
    char fresh[500];
    size_t n = strlen(text);
    int fd;
    bool ok;

    pgseal__format(fresh, sizeof(fresh), "%s.new", path);
    if (unlink(fresh) != 0 && errno != ENOENT)
        return pgseal__fail(err, PGSEAL_E_IO, "could not write \"%s\": %m", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, (mode_t)mode) == 0 &&
         (!servers || fchown(fd, s->uid, s->gid) == 0);

    if (fd >= 0 && close(fd) != 0)
        ok = false;
    ok = ok && rename(fresh, path) == 0; /* replaces a link, does not follow it */
    return ok ? 0 : pgseal__fail(err, PGSEAL_E_IO, "could not write \"%s\": %m", path);
}

static int make_dir(struct demo_server *s, const char *path, bool servers, struct pgseal_err *err)
{
    if (mkdir(path, 0700) != 0 || (servers && chown(path, s->uid, s->gid) != 0))
        return pgseal__fail(err, PGSEAL_E_IO, "could not make directory \"%s\": %m", path);
    return 0;
}

static int make_dirs(struct demo_server *s, struct pgseal_err *err)
{
    const char *tmp = getenv("TMPDIR");

    pgseal__format(s->dir, sizeof(s->dir), "%s/pgseal-demo-XXXXXX",
                   tmp != NULL && *tmp == '/' ? tmp : "/tmp");
    if (mkdtemp(s->dir) == NULL) {
        pgseal__fail(err, PGSEAL_E_IO, "could not make a directory \"%s\": %m", s->dir);
        s->dir[0] = '\0';
        return -1;
    }
    /* The server's user must get through to its own directories. */
    if (s->uid != geteuid() && chmod(s->dir, 0711) != 0)
        return pgseal__fail(err, PGSEAL_E_IO, "could not open \"%s\" for the server: %m", s->dir);
    pgseal__format(s->client, sizeof(s->client), "%s/client", s->dir);
    pgseal__format(s->data, sizeof(s->data), "%s/data", s->dir);
    pgseal__format(s->sock, sizeof(s->sock), "%s/sock", s->dir);
    pgseal__format(s->log, sizeof(s->log), "%s/sock/server.log", s->dir);
    if (make_dir(s, s->client, false, err) < 0 || make_dir(s, s->data, true, err) < 0)
        return -1;
    return make_dir(s, s->sock, true, err);
}

/* In the child: what a server needs and no more. Passwords and tokens of whoever plays the demo
 * are nothing for the server's user, who could read them from /proc. */
static void clean_environment(void)
{
    static const char *const kept[] = {"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ"};
    char *values[PGSEAL_COUNT(kept)] = {0};

    for (size_t i = 0; i < PGSEAL_COUNT(kept); i++) {
        const char *value = getenv(kept[i]);

        values[i] = value != NULL ? strdup(value) : NULL;
    }
    clearenv();
    for (size_t i = 0; i < PGSEAL_COUNT(kept); i++)
        if (values[i] != NULL)
            setenv(kept[i], values[i], 1);
}

/* In the child: root becomes the server's user. */
static void step_down(const struct demo_server *s)
{
    if (geteuid() == 0 &&
        (setgroups(1, &s->gid) != 0 || setgid(s->gid) != 0 || setuid(s->uid) != 0))
        _exit(CANNOT_ENTER);
}

/* Starts a program as the server's user with its output in the log. */
static pid_t spawn(struct demo_server *s, const char *const *argv, bool dies_with_us)
{
    pid_t pid = fork();
    char *args[32];
    size_t n = 0;
    int fd;

    if (pid != 0)
        return pid;
    clean_environment();
    step_down(s);
    if (dies_with_us)
        prctl(PR_SET_PDEATHSIG, SIGINT); /* behind setuid(), which clears it */
    setsid();
    fd = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    fd = open("/dev/null", O_RDONLY);
    dup2(fd, 0);
    if (chdir(s->data) != 0)
        _exit(CANNOT_ENTER);
    for (; argv[n] != NULL && n + 1 < PGSEAL_COUNT(args); n++)
        args[n] = strdup(argv[n]);
    args[n] = NULL;
    if (n > 0)
        execv(args[0], args);
    _exit(127);
}

/* Waits for a child up to a deadline. Its exit status, or -1 when it still runs. */
static int wait_for(pid_t pid, int timeout_ms)
{
    for (int waited = 0; waited <= timeout_ms; waited += 20) {
        int status;
        pid_t got = waitpid(pid, &status, WNOHANG);

        if (got == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (got < 0 && errno != EINTR)
            return 0;
        nap_ms(20);
    }
    return -1;
}

static int fail_with_log(struct demo_server *s, struct pgseal_err *err, const char *what)
{
    char tail[1200] = "";
    int fd = open(s->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char text[1000];
    ssize_t n = 0;

    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END);

        lseek(fd, size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) : 0, SEEK_SET);
        n = read(fd, text, sizeof(text));
        close(fd);
    }
    if (n > 0)
        pgseal__escape(tail, sizeof(tail), text, (size_t)n, sizeof(text));
    pgseal__fail(err, PGSEAL_E_IO, "%s", what);
    pgseal__detail(err, "The end of the server's log: %s", tail);
    pgseal__hint(err, "Try another PostgreSQL: pgseal demo --pgbin DIR.");
    return -1;
}

static int run_initdb(struct demo_server *s, struct pgseal_err *err)
{
    char program[600];
    char pwfile[400];
    const char *argv[] = {
        program,    "-D",   s->data, "-U",   "postgres",   "-A",        "scram-sha-256",
        "--pwfile", pwfile, "-E",    "UTF8", "--locale=C", "--no-sync", "--no-instructions",
        NULL};
    uint8_t random[16];
    pid_t pid;
    int rc;

    if (RAND_bytes(random, sizeof(random)) != 1)
        return pgseal__fail(err, PGSEAL_E_IO, "could not get random bytes");
    for (size_t i = 0; i < sizeof(random); i++)
        pgseal__format(s->password + 2 * i, 3, "%02x", random[i]);
    pgseal__format(program, sizeof(program), "%s/initdb", s->bindir);
    pgseal__format(pwfile, sizeof(pwfile), "%s/password", s->sock);
    rc = demo_write(s, pwfile, s->password, 0600, true, err);
    if (rc < 0)
        return rc;
    pid = spawn(s, argv, true);
    rc = pid < 0 ? -1 : wait_for(pid, START_TIMEOUT_MS * 2);
    unlink(pwfile);
    if (rc == -1 && pid > 0) {
        kill(pid, SIGKILL);
        wait_for(pid, STOP_TIMEOUT_MS);
    }
    if (rc == CANNOT_ENTER) {
        pgseal__fail(err, PGSEAL_E_IO, "the server's user cannot enter \"%s\"", s->data);
        pgseal__detail(err,
                       "PostgreSQL does not run as root, so the demo runs it as the user with "
                       "ID %d, and a directory above is closed to others.",
                       (int)s->uid);
        pgseal__hint(err, "Use a directory that others may enter: TMPDIR=/tmp pgseal demo");
        return -1;
    }
    return rc == 0 ? 0 : fail_with_log(s, err, "initdb failed");
}

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = -1;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
        getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        port = ntohs(a.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static int write_hba(struct demo_server *s, bool force_ssl, struct pgseal_err *err)
{
    char path[400];
    char text[300];

    pgseal__format(path, sizeof(path), "%s/pg_hba.conf", s->data);
    pgseal__format(text, sizeof(text),
                   "local   all all              trust\n%s all all 127.0.0.1/32 scram-sha-256\n",
                   force_ssl ? "hostssl" : "host   ");
    return demo_write(s, path, text, 0600, true, err);
}

static int write_conf(struct demo_server *s, const char *identity, struct pgseal_err *err)
{
    char path[400];
    char text[900];

    pgseal__format(path, sizeof(path), "%s/postgresql.conf", s->data);
    pgseal__format(text, sizeof(text),
                   "listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = '%s'\n"
                   "ssl = on\nssl_cert_file = '%s.pem'\nssl_key_file = '%s.key'\n"
                   "password_encryption = 'scram-sha-256'\nfsync = off\nshared_buffers = 16MB\n"
                   "max_connections = 20\nlogging_collector = off\nlc_messages = 'C'\n",
                   s->port, s->sock, identity, identity);
    return demo_write(s, path, text, 0600, true, err);
}

/* Until a session over the Unix socket works, or the server is gone. */
static int wait_ready(struct demo_server *s, struct pgseal_err *err)
{
    char value[32];

    for (int waited = 0; waited < START_TIMEOUT_MS && !demo_interrupted; waited += 50) {
        int status;

        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            return fail_with_log(s, err, "the server ended while it started");
        }
        if (demo_server_sql(s, "select 1", value, sizeof(value), NULL) == 0)
            return 0;
        nap_ms(50);
    }
    return fail_with_log(s, err, "the server did not become ready");
}

int demo_server_start(struct demo_server *s, struct pgseal_err *err)
{
    char program[600];
    const char *argv[] = {program, "-D", s->data, NULL};
    char path[400];
    char text[128];

    pgseal__format(program, sizeof(program), "%s/postgres", s->bindir);
    if (choose_user(s, err) < 0 || make_dirs(s, err) < 0 || run_initdb(s, err) < 0 ||
        demo_pki_write(s, err) < 0)
        return -1;
    pgseal__format(path, sizeof(path), "%s/pgpass", s->client);
    pgseal__format(text, sizeof(text), "*:*:*:postgres:%s\n", s->password);
    if (demo_write(s, path, text, 0600, false, err) < 0)
        return -1;
    s->port = free_port();
    if (s->port < 0)
        return pgseal__fail(err, PGSEAL_E_IO, "could not find a free port on 127.0.0.1: %m");
    if (write_conf(s, "current", err) < 0 || write_hba(s, false, err) < 0)
        return -1;
    s->pid = spawn(s, argv, !s->keep);
    if (s->pid < 0) {
        s->pid = 0;
        return pgseal__fail(err, PGSEAL_E_IO, "could not start the server: %m");
    }
    return wait_ready(s, err);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

/* Root does not walk through directories of another user, who could turn one into a link. */
static void remove_servers(struct demo_server *s)
{
    pid_t pid = fork();

    if (pid == 0) {
        step_down(s);
        nftw(s->data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        nftw(s->sock, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        _exit(0);
    }
    if (pid > 0)
        wait_for(pid, STOP_TIMEOUT_MS);
    rmdir(s->data);
    rmdir(s->sock);
    nftw(s->client, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    rmdir(s->dir);
}

void demo_server_stop(struct demo_server *s)
{
    if (s->keep && s->pid > 0)
        return;
    if (s->pid > 0) {
        kill(s->pid, SIGINT); /* fast shutdown */
        if (wait_for(s->pid, STOP_TIMEOUT_MS) == -1) {
            kill(s->pid, SIGQUIT);
            if (wait_for(s->pid, STOP_TIMEOUT_MS) == -1)
                kill(s->pid, SIGKILL);
        }
        s->pid = 0;
    }
    if (s->dir[0] != '\0' && s->uid != geteuid())
        remove_servers(s);
    else if (s->dir[0] != '\0')
        nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    s->dir[0] = '\0';
    pgseal__wipe(s->password, sizeof(s->password));
}

/* Reads the answer of one simple query: the first value of the first row, and any error. */
static int read_answer(struct pgseal_session *session, char *out, size_t cap,
                       struct pgseal_err *err)
{
    int rc = 0;

    out[0] = '\0';
    for (;;) {
        struct pgseal_frame f;
        int got = pgseal_session_read(session, 0, &f, err);

        if (got <= 0)
            return got < 0 ? got : PGSEAL_E_CLOSED;
        if (f.type == 'Z')
            return rc;
        if (f.type == 'E')
            rc = pgseal__fail(err, PGSEAL_E_SERVER, "the demo's own statement failed");
        if (f.type == 'D' && out[0] == '\0') {
            struct pgseal_reader r = pgseal_reader(f.body, f.len);
            uint16_t columns = pgseal_read_u16(&r);
            uint32_t n = columns > 0 ? pgseal_read_u32(&r) : 0;
            const uint8_t *p = n < cap ? pgseal_read_bytes(&r, n) : NULL;

            if (p != NULL)
                pgseal__format(out, cap, "%.*s", (int)n, (const char *)p);
        }
    }
}

int demo_server_sql(struct demo_server *s, const char *sql, char *out, size_t cap,
                    struct pgseal_err *err)
{
    struct pgseal_session_options o = {.size = sizeof(o), .default_timeout_s = 10};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(err);
    struct pgseal_session *session = NULL;
    char text[800];
    int rc = -1;

    pgseal__format(text, sizeof(text),
                   "host='%s' hostaddr='' port=%d user=postgres dbname=postgres sslmode=disable "
                   "gssencmode=disable",
                   s->sock, s->port);
    if (ci != NULL && pgseal_conninfo_parse(ci, text, err) == 0 &&
        pgseal_conninfo_finish(ci, pgseal_world_host(), err) == 0)
        session = pgseal_session_open(ci, &o, err);
    if (session != NULL && pgseal_session_write(session, 'Q', sql, strlen(sql) + 1, err) == 0)
        rc = read_answer(session, out, cap, err);
    pgseal_session_close(session);
    pgseal_conninfo_free(ci);
    return rc;
}

/* Tells the server to read its files again and waits until it has. */
static int reload(struct demo_server *s, struct pgseal_err *err)
{
    char before[64];
    char after[64];

    if (demo_server_sql(s, "select pg_conf_load_time()", before, sizeof(before), err) < 0)
        return -1;
    kill(s->pid, SIGHUP);
    for (int waited = 0; waited < STOP_TIMEOUT_MS && !demo_interrupted; waited += 20) {
        nap_ms(20);
        if (demo_server_sql(s, "select pg_conf_load_time()", after, sizeof(after), err) < 0)
            return -1;
        if (strcmp(before, after) != 0)
            return 0;
    }
    return pgseal__fail(err, PGSEAL_E_TIMEOUT, "the server did not reload its configuration");
}

int demo_server_force_ssl(struct demo_server *s, bool on, struct pgseal_err *err)
{
    return write_hba(s, on, err) < 0 ? -1 : reload(s, err);
}

int demo_server_certificate(struct demo_server *s, const char *name, struct pgseal_err *err)
{
    return write_conf(s, name, err) < 0 ? -1 : reload(s, err);
}

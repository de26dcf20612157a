/* SPDX-License-Identifier: PostgreSQL */
/* Drives pgseal_session_* from the command line, so that tests can play with real servers.
 *
 * session_driver [OPTION]... CONNINFO ACTION...
 *   --strict  --timeout S  --password P  --ask P  --interrupt MS
 *   query SQL           prints "row A|B", "notice TEXT", "sqlstate CODE MESSAGE"
 *   ask SQL             the same by pgseal_session_query(), "(null)" for NULL; "rows N"
 *   copyin SQL BYTES    sends that many bytes of rows, prints the command tag
 *   flood N SQL         sends N queries before it reads the first answer; prints "rows N"
 *   slow N SQL          reads the first N messages with a pause behind each, then the rest
 *   cancel MS SQL       cancels the query after MS milliseconds
 *   idle MS             does nothing for MS milliseconds
 *   param NAME  facts  events  rss  address  socket
 * A failure prints "error CODE" and the message to stderr; exit 2 without a connection, else 1.
 */
#include "core/base/base.h"

#include <pgseal/drive.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int interrupted;
static char events[8192];
static const char *to_type;
static int asked;

static void on_alarm(int sig)
{
    interrupted = 1;
}

static void listen_to(void *ctx, const struct pgseal_trace_event *ev)
{
    if (ev->ev != PGSEAL_EV_MESSAGE)
        pgseal__append(events, sizeof(events), "%s ", pgseal_event_str(ev->ev));
}

static void warn(void *ctx, const char *text)
{
    fprintf(stderr, "warning: %s\n", text);
}

static char *ask(void *ctx, const char *user)
{
    asked++;
    fprintf(stderr, "asked for %s\n", user);
    return to_type != NULL ? strdup(to_type) : NULL;
}

static int report(const struct pgseal_err *err)
{
    fprintf(stderr, "error %s\n%s\ndetail: %s\nhint: %s\n", pgseal_err_id(err), err->msg,
            err->detail, err->hint);
    return 1;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static int send_query(struct pgseal_session *s, const char *sql, struct pgseal_err *err)
{
    return pgseal_session_write(s, 'Q', sql, strlen(sql) + 1, err);
}

static void print_row(const struct pgseal_frame *f)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    uint16_t n = pgseal_read_u16(&r);

    printf("row ");
    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = pgseal_read_u32(&r);
        const uint8_t *p = len == UINT32_MAX ? NULL : pgseal_read_bytes(&r, len);

        printf("%s%.*s", i > 0 ? "|" : "", p != NULL ? (int)len : 4,
               p != NULL ? (const char *)p : "null");
    }
    printf("\n");
}

static void print_notice(const struct pgseal_frame *f)
{
    struct pgseal_notice n;

    if (pgseal_notice_parse(f->body, f->len, &n, NULL) < 0)
        printf("not a notice\n");
    else if (f->type == 'N')
        printf("notice %s\n", n.message);
    else
        printf("sqlstate %s %s\n", n.sqlstate, n.message);
}

/* Reads answers until `queries` of them are complete; quiet counts rows only. */
static long answers(struct pgseal_session *s, long queries, bool quiet, long pauses,
                    struct pgseal_err *err)
{
    long rows = 0;

    while (queries > 0) {
        struct pgseal_frame f;
        int rc = pgseal_session_read(s, 0, &f, err);

        if (rc < 0)
            return rc;
        if (rc == 0)
            return pgseal__fail(err, PGSEAL_E_CLOSED, "the server closed");
        if (f.type == 'Z')
            queries--;
        if (f.type == 'D')
            rows++;
        if (f.type == 'D' && !quiet)
            print_row(&f);
        if (f.type == 'E' || f.type == 'N')
            print_notice(&f);
        if (f.type == 'C' && !quiet)
            printf("tag %s\n", (const char *)f.body);
        if (pauses-- > 0)
            pause_ms(1);
    }
    return rows;
}

static void print_values(void *ctx, const struct pgseal_row *row)
{
    printf("row ");
    for (size_t i = 0; i < row->n; i++)
        printf("%s%s", i > 0 ? "|" : "", row->value[i] != NULL ? row->value[i] : "(null)");
    putchar('\n');
}

static int ask_sql(struct pgseal_session *s, const char *sql, struct pgseal_err *err)
{
    long rows = pgseal_session_query(s, sql, print_values, NULL, err);

    if (rows == PGSEAL_E_SERVER) {
        printf("sqlstate %s %s\n", err->sqlstate, err->msg);
        return 0;
    }
    if (rows >= 0)
        printf("rows %ld\n", rows);
    return rows < 0 ? (int)rows : 0;
}

static int copy_in(struct pgseal_session *s, const char *sql, long bytes, struct pgseal_err *err)
{
    char line[8192];
    int rc = send_query(s, sql, err);

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (; rc == 0 && bytes > 0; bytes -= (long)sizeof(line))
        rc = pgseal_session_write(s, 'd', line, sizeof(line), err);
    if (rc == 0)
        rc = pgseal_session_write(s, 'c', NULL, 0, err);
    return rc < 0 ? rc : (int)answers(s, 1, false, 0, err);
}

static int flood(struct pgseal_session *s, long n, const char *sql, struct pgseal_err *err)
{
    long rows;

    for (long i = 0; i < n; i++) {
        int rc = send_query(s, sql, err);

        if (rc < 0)
            return rc;
    }
    rows = answers(s, n, true, 0, err);
    printf("rows %ld\n", rows);
    return rows < 0 ? (int)rows : 0;
}

static int slow(struct pgseal_session *s, long n, const char *sql, struct pgseal_err *err)
{
    long rows = send_query(s, sql, err);

    if (rows == 0)
        rows = answers(s, 1, true, n, err);
    printf("rows %ld\n", rows);
    return rows < 0 ? (int)rows : 0;
}

static int cancel(struct pgseal_session *s, long ms, const char *sql, struct pgseal_err *err)
{
    int rc = send_query(s, sql, err);

    if (rc == 0)
        rc = pgseal_session_flush(s, err);
    pause_ms(ms);
    if (rc == 0)
        rc = pgseal_session_cancel(s, err);
    printf("cancel %d\n", rc);
    return rc < 0 ? rc : (int)answers(s, 1, false, 0, err);
}

static void print_facts(const struct pgseal_session *s)
{
    const struct pgseal_conn_facts *f = pgseal_session_facts(s);

    printf("tls=%d open=%d unix=%d txn=%c version=%s method=%s proved=%d bound=%d password=%d "
           "asked=%d\n",
           f->tls, f->open, f->is_unix, f->txn, f->tls ? f->tls_facts.version : "-", f->auth.method,
           f->auth.server_proved, f->auth.channel_bound, f->auth.password_used, asked);
}

static void print_socket(int fd)
{
    static const struct {
        const char *label;
        int level, name;
    } rows[] = {{"nodelay", IPPROTO_TCP, TCP_NODELAY}, {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
                {"idle", IPPROTO_TCP, TCP_KEEPIDLE},   {"interval", IPPROTO_TCP, TCP_KEEPINTVL},
                {"count", IPPROTO_TCP, TCP_KEEPCNT},   {"timeout", IPPROTO_TCP, TCP_USER_TIMEOUT}};

    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        int value = -1;
        socklen_t n = sizeof(value);

        if (getsockopt(fd, rows[i].level, rows[i].name, &value, &n) == 0)
            printf("%s=%d ", rows[i].label, value);
    }
    printf("cloexec=%d\n", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static int print_one(struct pgseal_session *s, const char *what)
{
    struct rusage u;

    if (strcmp(what, "facts") == 0) {
        print_facts(s);
    } else if (strcmp(what, "events") == 0) {
        printf("%s\n", events);
    } else if (strcmp(what, "address") == 0) {
        printf("%s\n", pgseal_session_address(s));
    } else if (strcmp(what, "socket") == 0) {
        print_socket(pgseal_session_fd(s));
    } else if (strcmp(what, "rss") == 0) {
        getrusage(RUSAGE_SELF, &u);
        printf("rss %ld\n", u.ru_maxrss);
    } else {
        fprintf(stderr, "unknown action %s\n", what);
        return PGSEAL_E_USAGE;
    }
    return 0;
}

/* Runs one action; *i is its place and becomes that of its last word. */
static int act(struct pgseal_session *s, char **argv, int *i, struct pgseal_err *err)
{
    const char *what = argv[*i];
    long rows;

    if (strcmp(what, "query") == 0) {
        int rc = send_query(s, argv[++*i], err);

        rows = rc < 0 ? rc : answers(s, 1, false, 0, err);
        return rows < 0 ? (int)rows : 0;
    }
    if (strcmp(what, "ask") == 0)
        return ask_sql(s, argv[++*i], err);
    if (strcmp(what, "param") == 0) {
        const char *value = pgseal_session_param(s, argv[++*i]);

        printf("%s\n", value != NULL ? value : "(none)");
        return 0;
    }
    if (strcmp(what, "idle") == 0) {
        pause_ms(strtol(argv[++*i], NULL, 10));
        return 0;
    }
    *i += 2;
    if (strcmp(what, "copyin") == 0)
        return copy_in(s, argv[*i - 1], strtol(argv[*i], NULL, 10), err);
    if (strcmp(what, "flood") == 0)
        return flood(s, strtol(argv[*i - 1], NULL, 10), argv[*i], err);
    if (strcmp(what, "slow") == 0)
        return slow(s, strtol(argv[*i - 1], NULL, 10), argv[*i], err);
    if (strcmp(what, "cancel") == 0)
        return cancel(s, strtol(argv[*i - 1], NULL, 10), argv[*i], err);
    *i -= 2;
    return print_one(s, what);
}

static void interrupt_after(long ms)
{
    struct itimerval t = {{0, 0}, {ms / 1000, ms % 1000 * 1000}};
    struct sigaction sa = {.sa_handler = on_alarm};

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
}

static int options(char **argv, struct pgseal_session_options *o)
{
    int i = 1;

    for (; argv[i] != NULL && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--strict") == 0)
            o->strict = true;
        else if (strcmp(argv[i], "--timeout") == 0)
            o->default_timeout_s = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--password") == 0)
            o->password = argv[++i];
        else if (strcmp(argv[i], "--ask") == 0) {
            to_type = argv[++i];
            o->ask_password = ask;
        } else if (strcmp(argv[i], "--interrupt") == 0)
            interrupt_after(strtol(argv[++i], NULL, 10));
    }
    return i;
}

int main(int argc, char **argv)
{
    struct pgseal_session_options o = {
        .size = sizeof(o), .trace = {listen_to, NULL}, .warn = warn, .interrupted = &interrupted};
    struct pgseal_err err = {0};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    struct pgseal_session *s = NULL;
    int i = options(argv, &o);
    int rc = 0;

    if (pgseal_process_harden() < 0)
        return 3;
    if (ci != NULL && i < argc && pgseal_conninfo_parse(ci, argv[i], &err) == 0 &&
        pgseal_conninfo_finish(ci, pgseal_world_host(), &err) == 0)
        s = pgseal_session_open(ci, &o, &err);
    if (s == NULL) {
        report(&err);
        fprintf(stderr, "events: %s\n", events);
    }
    while (s != NULL && ++i < argc && rc >= 0) {
        rc = act(s, argv, &i, &err);
        fflush(stdout);
    }
    if (rc < 0)
        report(&err);
    if (s == NULL)
        rc = -2;
    pgseal_session_close(s);
    pgseal_conninfo_free(ci);
    return rc == -2 ? 2 : rc < 0 ? 1 : 0;
}

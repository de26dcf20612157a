/* SPDX-License-Identifier: PostgreSQL */
/* Sockets: connecting with a deadline, keepalives, who owns a Unix socket. */
#include "host_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

int64_t host__now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t host__now_unix_s(void)
{
    return (int64_t)time(NULL);
}

bool host__interrupted(const struct pgseal_session *s)
{
    return s->o.interrupted != NULL && *s->o.interrupted != 0;
}

const char *host__strerror(int sys)
{
    const char *text = strerrordesc_np(sys);

    return text != NULL ? text : "unrecognized error";
}

static int fail_timeout(const struct pgseal_session *s, struct pgseal_err *err)
{
    if (host__interrupted(s)) {
        pgseal__fail(err, PGSEAL_E_TIMEOUT, "interrupted");
        pgseal__detail(err, "Waiting was ended by a signal.");
        return PGSEAL_E_TIMEOUT;
    }
    pgseal__fail(err, PGSEAL_E_TIMEOUT, "timeout expired");
    if (s->timeout_is_ours) {
        pgseal__detail(err,
                       "Nothing came from the server within %d seconds, pgseal's own limit because "
                       "connect_timeout is not set (libpq would wait for ever).",
                       s->timeout_s);
        pgseal__hint(err, "Check host, port and firewall; a slower server needs "
                          "connect_timeout=SECONDS.");
    } else {
        pgseal__detail(err, "Nothing came from the server within connect_timeout=%d seconds.",
                       s->timeout_s);
        pgseal__hint(err, "Check host, port and firewall, or raise connect_timeout.");
    }
    return PGSEAL_E_TIMEOUT;
}

int host__wait(const struct pgseal_session *s, int fd, short events, struct pgseal_err *err)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = s->deadline_ms != 0 ? s->deadline_ms - host__now_ms() : 1000;
        int n;

        if (host__interrupted(s) || (s->deadline_ms != 0 && left <= 0))
            return fail_timeout(s, err);
        /* In slices, so that a signal between the test above and poll() is not lost for long. */
        n = poll(&p, 1, (int)(left < 1000 ? left : 1000));
        if (n > 0)
            return p.revents & (POLLIN | POLLOUT | POLLHUP | POLLERR);
        if (n < 0 && errno != EINTR)
            return pgseal__fail(err, PGSEAL_E_IO, "%s() failed: %s", "poll", host__strerror(errno));
    }
}

/* fe-connect.c useKeepalives and friends: only what was set; failures are errors as in libpq, which
 * gives an explicit 0 to the kernel, and the kernel refuses it. */
static int set_tcp(const struct pgseal_session *s, int fd, struct pgseal_err *err)
{
    const struct pgseal_options *o = pgseal_conninfo_options(s->ci);
    const struct {
        int level, name, value;
        const char *label;
        bool wanted;
    } settings[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY", true},
        {SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE", o->keepalives},
        {IPPROTO_TCP, TCP_KEEPIDLE, o->keepalives_idle_s, "TCP_KEEPIDLE",
         o->keepalives && o->keepalives_idle_s >= 0},
        {IPPROTO_TCP, TCP_KEEPINTVL, o->keepalives_interval_s, "TCP_KEEPINTVL",
         o->keepalives && o->keepalives_interval_s >= 0},
        {IPPROTO_TCP, TCP_KEEPCNT, o->keepalives_count, "TCP_KEEPCNT",
         o->keepalives && o->keepalives_count >= 0},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, o->tcp_user_timeout_ms, "TCP_USER_TIMEOUT",
         o->tcp_user_timeout_ms > 0},
    };

    int rc = pgseal_conninfo_check_tcp(s->ci, err);

    for (size_t i = 0; rc == 0 && i < PGSEAL_COUNT(settings); i++) {
        if (!settings[i].wanted || setsockopt(fd, settings[i].level, settings[i].name,
                                              &settings[i].value, sizeof(int)) == 0)
            continue;
        if (i == 0)
            return pgseal__fail(err, PGSEAL_E_CONNECT,
                                "could not set socket to TCP no delay mode: %s",
                                host__strerror(errno));
        return pgseal__fail(err, PGSEAL_E_CONNECT, "%s(%s) failed: %s", "setsockopt",
                            settings[i].label, host__strerror(errno));
    }
    return rc;
}

/* fe-connect.c connectFailureMessage. */
static int fail_connect(const struct pgseal_session *s, int sys, struct pgseal_err *err)
{
    bool is_unix = s->host->is_unix;

    pgseal__fail(err, PGSEAL_E_CONNECT, "%s\n\t%s", host__strerror(sys),
                 is_unix ? "Is the server running locally and accepting connections on that socket?"
                         : "Is the server running on that host and accepting TCP/IP connections?");
    if (err != NULL)
        err->sys = sys;
    if (is_unix)
        pgseal__detail(err, "The socket \"%s\" could not be connected to.", s->address->text);
    else
        pgseal__detail(err, "%s port %d %s.", s->address->text, s->host->port_number,
                       sys == ECONNREFUSED ? "refused the connection: nothing listens there"
                                           : "could not be reached");
    pgseal__hint(err, is_unix
                          ? "Start the server, or name its socket directory or a host: -h HOST."
                          : "Check host, port and, on AWS, the security group: it must let this "
                            "machine in on the port.");
    return PGSEAL_E_CONNECT;
}

static int finish_connect(const struct pgseal_session *s, int fd, struct pgseal_err *err)
{
    int sys = 0;
    socklen_t n = sizeof(sys);
    int rc = host__wait(s, fd, POLLOUT, err);

    if (rc < 0)
        return rc;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &n) != 0)
        sys = errno;
    return sys == 0 ? 0 : fail_connect(s, sys, err);
}

/* requirepeer, Unix sockets only: the name of the user who listens there. */
static int check_peer(const struct pgseal_session *s, int fd, struct pgseal_err *err)
{
    const char *want = pgseal_conninfo_options(s->ci)->requirepeer;
    struct ucred peer;
    socklen_t n = sizeof(peer);
    struct passwd pw;
    struct passwd *found = NULL;
    char room[4096];

    if (!s->host->is_unix || want == NULL || *want == '\0')
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return pgseal__fail(err, PGSEAL_E_PEER, "could not get peer credentials: %s",
                            host__strerror(errno));
    if (getpwuid_r(peer.uid, &pw, room, sizeof(room), &found) != 0 || found == NULL)
        return pgseal__fail(err, PGSEAL_E_PEER, "local user with ID %d does not exist",
                            (int)peer.uid);
    if (strcmp(pw.pw_name, want) == 0)
        return 0;
    pgseal__fail(err, PGSEAL_E_PEER,
                 "requirepeer specifies \"%s\", but actual peer user name is \"%s\"", want,
                 pw.pw_name);
    pgseal__detail(err, "The process that listens on \"%s\" runs as \"%s\".", s->address->text,
                   pw.pw_name);
    pgseal__hint(err, "If that is the server you mean, use requirepeer=%s.", pw.pw_name);
    return PGSEAL_E_PEER;
}

int host__connect(struct pgseal_session *s, struct pgseal_err *err)
{
    const struct sockaddr *sa = (const struct sockaddr *)&s->address->sa;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc = 0;

    if (fd < 0)
        return pgseal__fail(err, PGSEAL_E_CONNECT, "could not create socket: %s",
                            host__strerror(errno));
    if (sa->sa_family != AF_UNIX)
        rc = set_tcp(s, fd, err);
    if (rc == 0 && connect(fd, sa, s->address->len) != 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            rc = finish_connect(s, fd, err);
        else
            rc = fail_connect(s, errno, err);
    }
    if (rc == 0)
        rc = check_peer(s, fd, err);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    s->fd = fd;
    return 0;
}

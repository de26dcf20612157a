/* SPDX-License-Identifier: PostgreSQL */
/* Addresses of a host entry: sockets, numeric addresses, and names looked up with a deadline. */
#include "host_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * getaddrinfo() cannot be interrupted, so it runs on a thread of its own and the caller waits on
 * a pipe. Whoever is second, the thread or a caller that gave up, frees the look-up.
 */
struct lookup {
    char *name;
    char port[8];
    struct addrinfo *found;
    int rc;
    int sys;
    int pipe[2];
    atomic_int owners;
};

static void drop(struct lookup *l)
{
    if (atomic_fetch_sub(&l->owners, 1) != 1)
        return;
    if (l->found != NULL)
        freeaddrinfo(l->found);
    close(l->pipe[0]);
    close(l->pipe[1]);
    pgseal__free(l->name);
    pgseal__free(l);
}

static void look_up(struct lookup *l)
{
    /* fe-connect.c: any family, stream sockets. */
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    l->rc = getaddrinfo(l->name, l->port, &hints, &l->found);
    l->sys = errno;
}

static void *run(void *arg)
{
    struct lookup *l = arg;
    ssize_t n;

    look_up(l);
    n = write(l->pipe[1], "", 1); /* an empty pipe has room */
    (void)n;
    drop(l);
    return NULL;
}

static struct lookup *start(const char *name, int port, struct pgseal_err *err)
{
    struct lookup *l = pgseal__alloc(sizeof(*l));
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    if (l == NULL || (l->name = pgseal__strdup(name)) == NULL || pipe2(l->pipe, O_CLOEXEC) != 0) {
        if (l != NULL)
            pgseal__free(l->name);
        pgseal__free(l);
        pgseal__nomem(err);
        return NULL;
    }
    pgseal__format(l->port, sizeof(l->port), "%d", port);
    atomic_init(&l->owners, 2);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, run, l);
    pthread_attr_destroy(&attr);
    if (rc != 0) /* no thread to be had: look up here, however long it takes */
        run(l);
    return l;
}

static int fail_lookup(const char *name, int rc, int sys, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_RESOLVE, "could not translate host name \"%s\" to address: %s", name,
                 gai_strerror(rc));
    if (err != NULL && rc == EAI_SYSTEM)
        err->sys = sys;
    if (rc == EAI_SYSTEM)
        pgseal__detail(err, "The resolver of this machine failed: %s.", host__strerror(sys));
    else
        pgseal__detail(err, "The resolver of this machine %s.",
                       rc == EAI_AGAIN ? "did not answer" : "knows no address for the name");
    pgseal__hint(err,
                 "Check the spelling (getent ahosts %s); with a known address, keep the name "
                 "and add hostaddr=ADDRESS.",
                 name);
    return PGSEAL_E_RESOLVE;
}

/* fe-connect.c getHostaddr: without the zone of a link-local address, unlike getnameinfo(3). */
static void numeric(struct address *a)
{
    const void *at = a->sa.ss_family == AF_INET
                         ? (const void *)&((const struct sockaddr_in *)&a->sa)->sin_addr
                         : (const void *)&((const struct sockaddr_in6 *)&a->sa)->sin6_addr;

    if (inet_ntop(a->sa.ss_family, at, a->text, sizeof(a->text)) == NULL)
        pgseal__format(a->text, sizeof(a->text), "???");
}

static int keep(struct pgseal_session *s, const struct addrinfo *ai)
{
    for (; ai != NULL && s->naddresses < ADDRESSES_MAX; ai = ai->ai_next) {
        struct address *a = &s->addresses[s->naddresses];

        if (ai->ai_addrlen > sizeof(a->sa))
            continue;
        memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
        a->len = ai->ai_addrlen;
        numeric(a);
        s->order[s->naddresses] = s->naddresses;
        s->naddresses++;
    }
    return 0;
}

/* libpq has no limit here: getaddrinfo() blocks it for as long as the resolver likes. */
static int fail_late(const struct pgseal_session *s, struct pgseal_err *err)
{
    if (host__interrupted(s))
        return PGSEAL_E_TIMEOUT;
    pgseal__fail(err, PGSEAL_E_TIMEOUT,
                 "could not translate host name \"%s\" to address: timeout expired", s->host->host);
    pgseal__detail(
        err, "The resolver of this machine did not answer within %s%d seconds.",
        s->timeout_is_ours ? "pgseal's own limit of " : "connect_timeout=", s->timeout_s);
    pgseal__hint(err, "Check the name servers in /etc/resolv.conf; with a known address, keep the "
                      "name and add hostaddr=ADDRESS.");
    return PGSEAL_E_TIMEOUT;
}

static int resolve_name(struct pgseal_session *s, struct pgseal_err *err)
{
    struct lookup *l;
    int rc;

    pgseal__emit(&s->o.trace, PGSEAL_EV_RESOLVE, s->host->host);
    l = start(s->host->host, s->host->port_number, err);
    if (l == NULL)
        return PGSEAL_E_NOMEM;
    rc = host__wait(s, l->pipe[0], POLLIN, err);
    if (rc >= 0)
        rc = l->rc != 0 ? fail_lookup(s->host->host, l->rc, l->sys, err) : keep(s, l->found);
    else if (rc == PGSEAL_E_TIMEOUT)
        rc = fail_late(s, err);
    drop(l);
    return rc;
}

static int resolve_numeric(struct pgseal_session *s, struct pgseal_err *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    char port[8];
    int rc;

    pgseal__format(port, sizeof(port), "%d", s->host->port_number);
    rc = getaddrinfo(s->host->hostaddr, port, &hints, &found);

    if (rc != 0) {
        pgseal__fail(err, PGSEAL_E_RESOLVE, "could not parse network address \"%s\": %s",
                     s->host->hostaddr, gai_strerror(rc));
        pgseal__detail(err, "hostaddr must be a numeric IPv4 or IPv6 address.");
        pgseal__hint(err, "Put the name into host=, or the address of the server into hostaddr=.");
        return PGSEAL_E_RESOLVE;
    }
    keep(s, found);
    freeaddrinfo(found);
    return 0;
}

/* host is a directory, or '@' and a name in the abstract namespace. */
static int resolve_unix(struct pgseal_session *s)
{
    struct address *a = &s->addresses[0];
    struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;
    int n;

    memset(a, 0, sizeof(*a));
    un->sun_family = AF_UNIX;
    n = snprintf(un->sun_path, sizeof(un->sun_path), "%s/.s.PGSQL.%d", s->host->host,
                 s->host->port_number);
    pgseal__format(a->text, sizeof(a->text), "%s", un->sun_path);
    if (un->sun_path[0] == '@')
        un->sun_path[0] = '\0';
    /* pgseal_host_check() refused paths that do not fit. An abstract name has no NUL at its end. */
    a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n +
                         (a->text[0] != '@' ? 1 : 0));
    s->order[0] = 0;
    s->naddresses = 1;
    return 0;
}

int host__resolve(struct pgseal_session *s, struct pgseal_err *err)
{
    s->naddresses = 0;
    if (s->host->is_unix)
        return resolve_unix(s);
    if (s->host->hostaddr != NULL && s->host->hostaddr[0] != '\0')
        return resolve_numeric(s, err);
    return resolve_name(s, err);
}

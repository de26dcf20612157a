/* SPDX-License-Identifier: PostgreSQL */
/* getaddrinfo() and its family for a static program: c-ares where glibc would load NSS modules. */
#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What resolv.conf(5) says when it says nothing. */
#define TIMEOUT_S 5
#define ATTEMPTS  2
/* Not among the errors of getaddrinfo(3), which are negative. */
#define NOT_NUMERIC 1

/* An entry of the list with what it points to, so that one free() is enough. */
struct entry {
    struct addrinfo ai;
    struct sockaddr_storage sa;
    char canonical[];
};

struct list {
    struct addrinfo *first;
    struct addrinfo **end;
    const struct addrinfo *hints;
    uint16_t port;
};

static bool add(struct list *l, const struct sockaddr *sa, const char *canonical)
{
    bool four = sa->sa_family == AF_INET;
    size_t n = canonical != NULL ? strlen(canonical) + 1 : 0;
    struct entry *e = calloc(1, sizeof(*e) + n);

    if (e == NULL)
        return false;
    /* Who looks up here goes on to connect by TCP: without a wish, that is the kind of socket. */
    e->ai.ai_socktype = l->hints->ai_socktype != 0 ? l->hints->ai_socktype : SOCK_STREAM;
    e->ai.ai_protocol = l->hints->ai_protocol;
    if (e->ai.ai_protocol == 0 && e->ai.ai_socktype == SOCK_STREAM)
        e->ai.ai_protocol = IPPROTO_TCP;
    e->ai.ai_family = sa->sa_family;
    e->ai.ai_addrlen = four ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    e->ai.ai_addr = (struct sockaddr *)&e->sa;
    memcpy(&e->sa, sa, e->ai.ai_addrlen);
    if (four)
        ((struct sockaddr_in *)&e->sa)->sin_port = htons(l->port);
    else
        ((struct sockaddr_in6 *)&e->sa)->sin6_port = htons(l->port);
    if (n > 0)
        e->ai.ai_canonname = memcpy(e->canonical, canonical, n);
    *l->end = &e->ai;
    l->end = &e->ai.ai_next;
    return true;
}

void freeaddrinfo(struct addrinfo *ai)
{
    while (ai != NULL) {
        struct addrinfo *next = ai->ai_next;

        free(ai); /* the first field of its entry */
        ai = next;
    }
}

/* glibc's inet/inet6_scopeid_pton.c: "%eth0" for an address of one link, "%2" for any. */
static bool scope_of(const struct in6_addr *at, const char *text, uint32_t *scope)
{
    char *end;
    unsigned long n;

    if (IN6_IS_ADDR_LINKLOCAL(at) || IN6_IS_ADDR_MC_LINKLOCAL(at)) {
        *scope = if_nametoindex(text);
        if (*scope != 0)
            return true;
    }
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    n = strtoul(text, &end, 10);
    *scope = (uint32_t)n;
    return *end == '\0' && errno == 0 && n <= UINT32_MAX;
}

/* With IPv4 wanted, glibc takes it out of ::ffff:1.2.3.4. */
static int numeric_six(const char *text, const char *scope, int family, struct sockaddr_storage *sa)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};

    if (inet_pton(AF_INET6, text, &six.sin6_addr) != 1)
        return NOT_NUMERIC;
    if (family == AF_INET) {
        if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
            return EAI_ADDRFAMILY;
        memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[12], sizeof(four.sin_addr));
        memcpy(sa, &four, sizeof(four));
        return 0;
    }
    if (scope != NULL && !scope_of(&six.sin6_addr, scope, &six.sin6_scope_id))
        return EAI_NONAME;
    memcpy(sa, &six, sizeof(six));
    return 0;
}

/*
 * As glibc, IPv4 in any of the forms of inet_aton(3), which itself overlooks what follows a blank.
 * 0 and the address, NOT_NUMERIC, or an error of getaddrinfo(3).
 */
static int numeric(const char *node, int family, struct sockaddr_storage *sa)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    const char *percent = strchr(node, '%');
    char text[INET6_ADDRSTRLEN];
    size_t n = percent != NULL ? (size_t)(percent - node) : strlen(node);

    if (node[strspn(node, "0123456789abcdefABCDEFxX.")] == '\0' &&
        inet_aton(node, &four.sin_addr) != 0) {
        memcpy(sa, &four, sizeof(four));
        return family == AF_INET6 ? EAI_ADDRFAMILY : 0;
    }
    if (n >= sizeof(text))
        return NOT_NUMERIC;
    memcpy(text, node, n);
    text[n] = '\0';
    return numeric_six(text, percent != NULL ? percent + 1 : NULL, family, sa);
}

/* Names of services would need a file, and nobody here has one for a port. */
static int port_of(const char *service, int flags, uint16_t *port)
{
    char *end;
    unsigned long n;

    *port = 0;
    if (service == NULL || *service == '\0')
        return 0;
    errno = 0;
    n = strtoul(service, &end, 10);
    if (end == service || *end != '\0' || errno != 0 || n > UINT16_MAX)
        return (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
    *port = (uint16_t)n;
    return 0;
}

/* Any address to listen on, or this machine; in glibc's order. */
static int nobody(struct list *l, bool any)
{
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                               .sin6_addr = any ? in6addr_any : in6addr_loopback};
    const struct sockaddr *order[] = {(const struct sockaddr *)&six,
                                      (const struct sockaddr *)&four};

    for (size_t i = 0; i < 2; i++) {
        const struct sockaddr *sa = order[any ? 1 - i : i];

        if ((l->hints->ai_family == AF_UNSPEC || l->hints->ai_family == sa->sa_family) &&
            !add(l, sa, NULL))
            return EAI_MEMORY;
    }
    return 0;
}

/* ---- the question to c-ares ---- */

struct question {
    struct list *list;
    const char *node;
    int rc;
    bool done;
};

/* In the words of getaddrinfo(3), chosen as glibc chooses them. */
static int rc_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENODATA:
        return EAI_NODATA;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
        return EAI_NONAME;
    case ARES_ENOMEM:
        return EAI_MEMORY;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_EBADRESP:
        return EAI_AGAIN;
    default:
        return EAI_FAIL;
    }
}

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct question *q = arg;
    bool canonical = (q->list->hints->ai_flags & AI_CANONNAME) != 0;

    (void)timeouts;
    q->done = true;
    q->rc = rc_of(status);
    for (struct ares_addrinfo_node *n = found != NULL ? found->nodes : NULL;
         n != NULL && q->rc == 0; n = n->ai_next) {
        if (n->ai_family != AF_INET && n->ai_family != AF_INET6)
            continue;
        if (!add(q->list, n->ai_addr, canonical ? q->node : NULL))
            q->rc = EAI_MEMORY;
        canonical = false;
    }
    if (q->rc == 0 && q->list->first == NULL)
        q->rc = EAI_NODATA;
    if (found != NULL)
        ares_freeaddrinfo(found);
}

/* The number behind "name:" among the words of an options line, between 1 and most. */
static void option(const char *line, const char *name, int most, int *value)
{
    const char *at = strstr(line, name);

    if (at != NULL && (at[-1] == ' ' || at[-1] == '\t')) {
        long n = strtol(at + strlen(name), NULL, 10);

        *value = n < 1 ? 1 : n > most ? most : (int)n;
    }
}

/* Debian 12's c-ares does not know glibc's names of these two. Bounds: resolv.conf(5). */
static void patience(int *timeout_s, int *attempts)
{
    FILE *f = fopen("/etc/resolv.conf", "re");
    const char *env = getenv("RES_OPTIONS");
    char line[1024] = " ";

    *timeout_s = TIMEOUT_S;
    *attempts = ATTEMPTS;
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "options", 7) != 0)
            continue;
        option(line, "timeout:", 30, timeout_s);
        option(line, "attempts:", 5, attempts);
    }
    if (f != NULL)
        fclose(f);
    if (env != NULL && snprintf(line, sizeof(line), " %s", env) > 0) {
        option(line, "timeout:", 30, timeout_s);
        option(line, "attempts:", 5, attempts);
    }
}

/* Waits for sockets and timers of c-ares until the question is answered. */
static void await(ares_channel channel, const struct question *q)
{
    while (!q->done) {
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        struct pollfd polled[ARES_GETSOCK_MAXNUM];
        int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
        struct timeval room;
        const struct timeval *next = ares_timeout(channel, NULL, &room);
        nfds_t n = 0;

        for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            short events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                                   (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));

            if (events != 0)
                polled[n++] = (struct pollfd){.fd = sockets[i], .events = events};
        }
        if (next == NULL && n == 0) { /* nothing under way: it would never be answered */
            ares_cancel(channel);
            return;
        }
        poll(polled, n, next != NULL ? (int)(next->tv_sec * 1000 + next->tv_usec / 1000 + 1) : -1);
        for (nfds_t i = 0; i < n; i++)
            if (polled[i].revents != 0)
                ares_process_fd(
                    channel, (polled[i].revents & ~POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD,
                    (polled[i].revents & POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD);
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what timed out */
    }
}

static void init_library(void)
{
    (void)ares_library_init(ARES_LIB_INIT_ALL);
}

static int ask_ares(const char *node, struct list *l)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ares_addrinfo_hints hints = {.ai_family = l->hints->ai_family,
                                        .ai_socktype = SOCK_STREAM};
    struct question q = {.list = l, .node = node, .rc = EAI_FAIL};
    struct ares_options options = {0};
    ares_channel channel;
    int timeout_s;
    int rc;

    pthread_once(&once, init_library);
    patience(&timeout_s, &options.tries);
    options.timeout = timeout_s * 1000;
    rc = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (rc != ARES_SUCCESS)
        return rc_of(rc);
    ares_getaddrinfo(channel, node, NULL, &hints, answered, &q);
    await(channel, &q);
    ares_destroy(channel);
    return q.rc;
}

static int ask(const char *node, struct list *l)
{
    int rc = ask_ares(node, l);

    /* RFC 6761 6.3: where nothing says otherwise, localhost is this machine. */
    return rc != 0 && strcasecmp(node, "localhost") == 0 ? nobody(l, false) : rc;
}

/* An address as text, or a name. */
static int somebody(const char *node, struct list *l)
{
    struct sockaddr_storage sa = {0};
    int flags = l->hints->ai_flags;
    int rc = numeric(node, l->hints->ai_family, &sa);

    if (rc == NOT_NUMERIC)
        return (flags & AI_NUMERICHOST) != 0 ? EAI_NONAME : ask(node, l);
    if (rc != 0)
        return rc;
    return add(l, (const struct sockaddr *)&sa, (flags & AI_CANONNAME) != 0 ? node : NULL)
               ? 0
               : EAI_MEMORY;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    static const struct addrinfo NO_HINTS = {.ai_family = AF_UNSPEC};
    struct list l = {.hints = hints != NULL ? hints : &NO_HINTS};
    int family = l.hints->ai_family;
    int rc = port_of(service, l.hints->ai_flags, &l.port);

    l.end = &l.first;
    if (rc != 0)
        return rc;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return EAI_FAMILY;
    if (node == NULL && service == NULL)
        return EAI_NONAME;
    rc = node != NULL ? somebody(node, &l) : nobody(&l, (l.hints->ai_flags & AI_PASSIVE) != 0);
    if (rc == 0)
        *found = l.first;
    else
        freeaddrinfo(l.first);
    return rc;
}

/* ---- the rest of the family, which OpenSSL and c-ares mention and nobody calls ---- */

/* Numbers alone: no address is looked up backwards. */
int getnameinfo(const struct sockaddr *restrict sa, socklen_t n, char *restrict host,
                socklen_t host_n, char *restrict service, socklen_t service_n, int flags)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;
    bool is_four = sa->sa_family == AF_INET;
    const void *at = is_four ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr;

    if (!is_four && sa->sa_family != AF_INET6)
        return EAI_FAMILY;
    if (n < (is_four ? sizeof(*four) : sizeof(*six)))
        return EAI_FAMILY;
    if ((flags & NI_NAMEREQD) != 0)
        return EAI_NONAME;
    if (host != NULL && host_n > 0 && inet_ntop(sa->sa_family, at, host, host_n) == NULL)
        return EAI_OVERFLOW;
    if (service != NULL && service_n > 0 &&
        (size_t)snprintf(service, service_n, "%u",
                         ntohs(is_four ? four->sin_port : six->sin6_port)) >= service_n)
        return EAI_OVERFLOW;
    return 0;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    h_errno = NO_RECOVERY;
    return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    (void)name;
    (void)protocol;
    return NULL;
}

int getservbyport_r(int port, const char *protocol, struct servent *service, char *room, size_t n,
                    struct servent **found)
{
    (void)port;
    (void)protocol;
    (void)service;
    (void)room;
    (void)n;
    *found = NULL;
    return ENOENT;
}

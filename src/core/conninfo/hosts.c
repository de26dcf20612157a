/* SPDX-License-Identifier: PostgreSQL */
/* Splits host, hostaddr and port into one entry per host (PG18 fe-connect.c pqConnectOptions2). */
#include "conninfo_int.h"

size_t pgseal__list_count(const char *list)
{
    size_t n = 1;

    for (; *list != '\0'; list++)
        n += *list == ',';
    return n;
}

char *pgseal__list_next(const char **list)
{
    const char *start = *list;
    size_t n = strcspn(start, ",");

    *list = start[n] == ',' ? start + n + 1 : NULL;
    return pgseal__strndup(start, n);
}

bool pgseal__is_socket_dir(const char *host)
{
    return host[0] == '/' || host[0] == '@';
}

static int mismatch(const struct pgseal_conninfo *ci, int param, const char *text, const char *hint,
                    struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_OPTION, "%s", text);
    pgseal__say_source(ci, param, err);
    pgseal__hint(err, "%s", hint);
    return PGSEAL_E_OPTION;
}

/* Gives each host its element of a list; the list must have as many. */
static int split_hosts(struct pgseal_conninfo *ci, int param, size_t offset, struct pgseal_err *err)
{
    const char *list = pgseal__given(ci, param);
    char text[128];

    if (list == NULL)
        return 0;
    if (pgseal__list_count(list) != ci->nhosts) {
        pgseal__format(text, sizeof(text), "could not match %zu host names to %zu hostaddr values",
                       pgseal__list_count(list), ci->nhosts);
        return mismatch(ci, param, text,
                        "Give each host its hostaddr, in the same order; an empty one looks its "
                        "host up.",
                        err);
    }
    for (size_t i = 0; i < ci->nhosts && list != NULL; i++) {
        char **slot = (char **)((char *)&ci->hosts[i] + offset);

        *slot = pgseal__list_next(&list);
        if (*slot == NULL)
            return pgseal__nomem(err);
    }
    return 0;
}

/* One port for all hosts, or one for each. */
static int split_ports(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    const char *list = pgseal__given(ci, PGSEAL_P_port);
    const char *all = list;
    size_t n = list != NULL ? pgseal__list_count(list) : 1;
    char text[128];

    if (n != 1 && n != ci->nhosts) {
        pgseal__format(text, sizeof(text), "could not match %zu port numbers to %zu hosts", n,
                       ci->nhosts);
        return mismatch(ci, PGSEAL_P_port, text,
                        "Give one port for all hosts, or one for each in the same order.", err);
    }
    for (size_t i = 0; i < ci->nhosts; i++) {
        struct pgseal__host *h = &ci->hosts[i];

        if (n == 1)
            list = all;
        h->port = list != NULL ? pgseal__list_next(&list) : pgseal__strdup("");
        if (h->port == NULL)
            return pgseal__nomem(err);
    }
    return 0;
}

/* Fills in what the outside sees, with the default for a host that names nothing. */
static int describe_host(struct pgseal_conninfo *ci, struct pgseal__host *h, struct pgseal_err *err)
{
    struct pgseal_host *pub = &h->pub;
    int port = 0;

    if (h->hostaddr != NULL && h->hostaddr[0] != '\0')
        pub->hostaddr = h->hostaddr;
    if (h->host != NULL && h->host[0] != '\0')
        pub->host = h->host;
    if (pub->host == NULL && pub->hostaddr == NULL) {
        pgseal__free(h->host);
        h->host = pgseal__strdup(PGSEAL_DEFAULT_SOCKET_DIR);
        if (h->host == NULL)
            return pgseal__nomem(err);
        pub->host = h->host;
    }
    pub->is_unix = pub->hostaddr == NULL && pgseal__is_socket_dir(pub->host);
    pub->port = h->port[0] != '\0' ? h->port : PGSEAL_DEFAULT_PORT;
    if (!pgseal__int(pub->port, &port))
        pub->port_number = -1;
    else if (port >= 1 && port <= 65535)
        pub->port_number = port;
    /* A number tells nobody much, and most "@" behind one belong to a query parameter. */
    pub->port_hidden = ci->v[PGSEAL_P_port].hidden && pub->port_number < 0;
    return 0;
}

int pgseal__hosts(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    const char *list = pgseal__given(ci, PGSEAL_P_hostaddr);
    int rc;

    if (list == NULL)
        list = pgseal__given(ci, PGSEAL_P_host);
    size_t n = list != NULL ? pgseal__list_count(list) : 1;

    ci->hosts = pgseal__alloc(n * sizeof(*ci->hosts));
    if (ci->hosts == NULL)
        return pgseal__nomem(err);
    ci->nhosts = n;
    rc = split_hosts(ci, PGSEAL_P_hostaddr, offsetof(struct pgseal__host, hostaddr), err);
    if (rc == 0)
        rc = split_hosts(ci, PGSEAL_P_host, offsetof(struct pgseal__host, host), err);
    if (rc == 0)
        rc = split_ports(ci, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = describe_host(ci, &ci->hosts[i], err);
    return rc;
}

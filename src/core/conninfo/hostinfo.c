/* SPDX-License-Identifier: PostgreSQL */
/* What is said and checked about one host when its turn comes (PG18 fe-connect.c PQconnectPoll). */
#include "conninfo_int.h"

#define SOCKET_PATH_MAX 107 /* sizeof(sun_path) - 1 on Linux */

static void socket_path(const struct pgseal_host *h, char *out, size_t cap)
{
    pgseal__format(out, cap, "%s/.s.PGSQL.%d", h->host, h->port_number);
}

/* A misread URI makes the head of a password a part of the host: what stands before "@". */
static const char *shown_host(const char *host)
{
    const char *at = strrchr(host, '@');

    return at != NULL && at != host && host[0] != '/' ? at : host;
}

void pgseal_host_prefix(const struct pgseal_host *h, const char *address, char *out, size_t cap)
{
    char path[1024];
    const char *host = h->hostaddr != NULL ? h->hostaddr : h->host;
    const char *mask = "";

    if (h->is_unix) {
        socket_path(h, path, sizeof(path));
        pgseal__format(out, cap, "connection to server on socket \"%s\" failed: ", path);
        return;
    }
    if (shown_host(host) != host) {
        host = shown_host(host);
        mask = PGSEAL_MASK;
    }
    if (h->hostaddr == NULL && address != NULL && address[0] != '\0' && strcmp(host, address) != 0)
        pgseal__format(out, cap, "connection to server at \"%s%s\" (%s), port %s failed: ", mask,
                       host, address, h->port);
    else
        pgseal__format(out, cap, "connection to server at \"%s%s\", port %s failed: ", mask, host,
                       h->port);
}

static void bad_port(const struct pgseal_host *h, struct pgseal_err *err)
{
    const char *shown = h->port_hidden ? PGSEAL_MASK : h->port;

    if (h->port_number < 0)
        pgseal__fail(err, PGSEAL_E_OPTION,
                     "invalid integer value \"%s\" for connection option \"port\"", shown);
    else
        pgseal__fail(err, PGSEAL_E_OPTION, "invalid port number: \"%s\"", shown);
    if (h->port_hidden) {
        pgseal__detail(err, "The value is not shown because it may be a piece of a password.");
        pgseal__hint(err,
                     "In a password of a URI write \"/\" as %%2F, \":\" as %%3A, \"@\" as %%40.");
    } else {
        pgseal__hint(err, "A port is a number from 1 to 65535.");
    }
}

enum pgseal_outcome pgseal_host_check(const struct pgseal_host *h, struct pgseal_err *err)
{
    char path[1024];

    if (h->port_number < 1) {
        bad_port(h, err);
        return h->port_number < 0 ? PGSEAL_OUT_REFUSED : PGSEAL_OUT_UNRESOLVED;
    }
    if (!h->is_unix)
        return PGSEAL_OUT_RESOLVED;
    socket_path(h, path, sizeof(path));
    if (strlen(path) <= SOCKET_PATH_MAX)
        return PGSEAL_OUT_RESOLVED;
    pgseal__fail(err, PGSEAL_E_OPTION,
                 "Unix-domain socket path \"%s\" is too long (maximum %d bytes)", path,
                 SOCKET_PATH_MAX);
    return PGSEAL_OUT_UNRESOLVED;
}

/* One number that libpq reads only now; negative ones count as 0. */
static int late_int(const struct pgseal_conninfo *ci, int param, struct pgseal_err *err)
{
    const char *keyword = pgseal_conninfo_param((size_t)param)->keyword;
    const char *text = ci->v[param].val;
    int value;

    if (text == NULL || pgseal__int(text, &value))
        return 0;
    pgseal__fail(err, PGSEAL_E_OPTION, "invalid integer value \"%s\" for connection option \"%s\"",
                 pgseal__shown(ci, param), keyword);
    pgseal__say_source(ci, param, err);
    pgseal__hint(err, "Write a whole number without a unit.");
    return PGSEAL_E_OPTION;
}

int pgseal_conninfo_check_timeout(const struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    return late_int(ci, PGSEAL_P_connect_timeout, err);
}

int pgseal_conninfo_check_tcp(const struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    int rc = late_int(ci, PGSEAL_P_keepalives, err);

    if (rc < 0 || !ci->opt.keepalives)
        return rc;
    rc = late_int(ci, PGSEAL_P_keepalives_idle, err);
    if (rc == 0)
        rc = late_int(ci, PGSEAL_P_keepalives_interval, err);
    if (rc == 0)
        rc = late_int(ci, PGSEAL_P_keepalives_count, err);
    return rc == 0 ? late_int(ci, PGSEAL_P_tcp_user_timeout, err) : rc;
}

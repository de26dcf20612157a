/* SPDX-License-Identifier: PostgreSQL */
/* Asks the system for both ends of a connected socket. */
#include "ends.h"

#include "core/base/base.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void fill(const struct sockaddr_storage *sa, struct host_end *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

    memset(out, 0, sizeof(*out));
    if (sa->ss_family == AF_INET &&
        inet_ntop(AF_INET, &v4->sin_addr, out->host, sizeof(out->host)) != NULL)
        out->port = ntohs(v4->sin_port);
    else if (sa->ss_family == AF_INET6 &&
             inet_ntop(AF_INET6, &v6->sin6_addr, out->host, sizeof(out->host)) != NULL)
        out->port = ntohs(v6->sin6_port);
    out->tcp = out->port != 0;
}

void host_socket_ends(int fd, struct host_end *local, struct host_end *peer)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t n = sizeof(here), m = sizeof(there);

    if (getsockname(fd, (struct sockaddr *)&here, &n) < 0)
        here.ss_family = AF_UNSPEC;
    if (getpeername(fd, (struct sockaddr *)&there, &m) < 0)
        there.ss_family = AF_UNSPEC;
    fill(&here, local);
    fill(&there, peer);
}

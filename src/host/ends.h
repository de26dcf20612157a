/* SPDX-License-Identifier: PostgreSQL */
/* Both ends of a connected socket as numbers. */
#ifndef PGSEAL_HOST_ENDS_H
#define PGSEAL_HOST_ENDS_H

#include <stdbool.h>

/** One end of a socket. */
struct host_end {
    bool tcp;      /**< false: a Unix socket, or not known; the rest is empty */
    char host[64]; /**< numeric, without the zone of a link-local address */
    int port;
};
/** Fills both ends of a connected socket. */
void host_socket_ends(int fd, struct host_end *local, struct host_end *peer);

#endif

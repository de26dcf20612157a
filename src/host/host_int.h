/* SPDX-License-Identifier: PostgreSQL */
/* The session object and what its files share. Private to this folder. */
#ifndef PGSEAL_HOST_INT_H
#define PGSEAL_HOST_INT_H

#include "core/base/base.h"

#include <pgseal/drive.h>

#include <netdb.h>
#include <sys/socket.h>

/* A message of the server may be as long as PostgreSQL's own limit. */
#define MESSAGE_MAX   0x3fffffffu
#define WIRE_MAX      65536u   /* bytes read from the socket at once */
#define SEND_MAX      262144u  /* bytes queued before they are sent */
#define READ_AHEAD    1048576u /* bytes kept while we only want to send */
#define ADDRESSES_MAX 64u

/* One address to try. */
struct address {
    struct sockaddr_storage sa;
    socklen_t len;
    char text[160]; /* numeric address, or the socket's path */
};

/* A ParameterStatus kept for the session. */
struct setting {
    char *name;
    char *value;
};

struct pgseal_session {
    const struct pgseal_conninfo *ci;
    struct pgseal_session_options o;
    const struct pgseal_world *world;
    char *password; /* asked for; wiped */
    bool look;      /* pgseal_session_look(): the handshake is all */

    /* the attempt at hand */
    const struct pgseal_host *host;
    struct address addresses[ADDRESSES_MAX];
    size_t order[ADDRESSES_MAX];
    size_t naddresses;
    const struct address *address;
    bool was_tls;        /* an attempt by TLS at this address failed */
    int64_t deadline_ms; /* monotonic; 0 = none */
    int timeout_s;       /* what the deadline was made from */
    bool timeout_is_ours;
    bool timeout_checked;

    /* the connection */
    int fd;
    struct pgseal_io io;
    struct pgseal_conn *conn;
    int send_sys; /* sending failed; what the server said may still be read */
    size_t lent;  /* bytes of plain_out lent to the caller */

    /* the story so far */
    char *messages; /* every failed attempt, a line each */
    struct pgseal_err story;

    struct setting *settings;
    size_t nsettings;
};

int64_t host__now_ms(void);
int64_t host__now_unix_s(void);
/* True once the caller wants to stop waiting. */
bool host__interrupted(const struct pgseal_session *s);

/* dns.c: fills addresses of a host entry. 0, or RESOLVE, with libpq's text without prefix. */
int host__resolve(struct pgseal_session *s, struct pgseal_err *err);

/* socket.c */
/* A connected socket to one address before the deadline; err is libpq's text without prefix. */
int host__connect(struct pgseal_session *s, struct pgseal_err *err);
/* Waits for the socket. Bits of POLLIN and POLLOUT that are ready, or < 0: TIMEOUT. */
int host__wait(const struct pgseal_session *s, int fd, short events, struct pgseal_err *err);
/* libpq's text of a system error ("Connection refused"). */
const char *host__strerror(int sys);

/* pump.c: moves bytes between socket and conn once, without waiting. */
enum { PUMP_NOTHING = 0, PUMP_MOVED = 1 };
int host__pump_send(struct pgseal_session *s);
int host__pump_recv(struct pgseal_session *s, struct pgseal_err *err);
/* Steps the conn, tells warnings, sends what it wants to send. As pgseal_conn_step(). */
int host__pump_step(struct pgseal_session *s, struct pgseal_err *err);

/* session.c: ends the connection at hand; the session can dial again. */
void host__hang_up(struct pgseal_session *s, bool politely);

/* attrs.c: is this the kind of server that was asked for? 1 yes, 0 no and err, < 0. */
int host__check_session(struct pgseal_session *s, enum pgseal_session_attrs want,
                        struct pgseal_err *err);

/* settings.c */
int host__note_setting(struct pgseal_session *s, const char *name, const char *value,
                       struct pgseal_err *err);
void host__settings_done(struct pgseal_session *s);

#endif

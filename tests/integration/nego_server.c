/* SPDX-License-Identifier: PostgreSQL */
/* Our server role on a real socket, for libpq to judge: the server of tests/support with a loop. */
#include "backend.h"
#include "core/base/base.h"
#include "t.h"

#include <pgseal/cert.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Usage: nego_server CHAIN.pem KEY.pem. Prints its port. Then, a line each on standard input:
 *
 *   behave KIND USER   the numbers of enum t_server and enum t_user; forgets earlier events
 *   take               prints the events so far on one line, once no connection is open
 */
static struct t_backend_contexts contexts;
static struct t_outcome events;
static enum t_server kind;
static enum t_user user;
static bool connected_before;

static char *read_file(const char *path)
{
    static char text[2][65536];
    static size_t which;
    FILE *f = fopen(path, "r");
    size_t n;

    if (f == NULL)
        exit(2);
    n = fread(text[which], 1, sizeof(text[which]) - 1, f);
    fclose(f);
    text[which][n] = '\0';
    return text[which++];
}

static int listen_somewhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        exit(2);
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void print_events(void)
{
    for (const char *c = events.text; c != NULL && *c != '\0'; c++)
        putchar(*c == '\n' ? ' ' : *c);
    putchar('\n');
    fflush(stdout);
}

/* Sends what is queued; false when nobody takes it. */
static bool flush_out(int fd, struct pgseal_io *io)
{
    while (pgseal_buf_len(&io->wire_out) > 0) {
        ssize_t n =
            send(fd, pgseal_buf_peek(&io->wire_out), pgseal_buf_len(&io->wire_out), MSG_NOSIGNAL);

        if (n < 0)
            return errno == EINTR;
        pgseal_buf_consume(&io->wire_out, (size_t)n);
    }
    return true;
}

/* One connection from accept to close; a client is waited for, for ten seconds at most. */
static void serve(int fd)
{
    struct t_backend b;
    struct pgseal_io io;
    bool alive = true;

    t_outcome_add(&events, connected_before ? "reconnect" : "connect");
    connected_before = true;
    pgseal_io_init(&io, 65536);
    t_backend_init(&b, kind, user, &contexts, &events);
    while (alive && !(b.closed && pgseal_buf_len(&io.wire_out) == 0)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint8_t chunk[4096];
        ssize_t n;

        if (poll(&p, 1, 10000) <= 0)
            break;
        n = recv(fd, chunk, sizeof(chunk), 0);
        if (n > 0)
            assert_int_equal(pgseal_buf_append(&io.wire_in, chunk, (size_t)n, NULL), 0);
        else
            io.wire_in_eof = true;
        t_backend_step(&b, &io, time(NULL));
        alive = flush_out(fd, &io) && n > 0;
    }
    /* What the client still sends is read, so that closing does not destroy what we said. */
    shutdown(fd, SHUT_WR);
    while (alive) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint8_t chunk[4096];
        ssize_t n = poll(&p, 1, 10000) > 0 ? recv(fd, chunk, sizeof(chunk), 0) : 0;

        if (n > 0 && pgseal_buf_append(&io.wire_in, chunk, (size_t)n, NULL) == 0)
            t_backend_step(&b, &io, time(NULL));
        alive = n > 0;
    }
    t_backend_done(&b);
    pgseal_io_done(&io);
    close(fd);
}

/* A client whose connection still waits to be accepted belongs to the events asked for. */
static void command(struct pollfd *listener)
{
    char line[64];
    int k, u;

    if (fgets(line, sizeof(line), stdin) == NULL)
        exit(0);
    if (sscanf(line, "behave %d %d", &k, &u) == 2) {
        kind = (enum t_server)k;
        user = (enum t_user)u;
        connected_before = false;
        t_outcome_done(&events);
        return;
    }
    while (poll(listener, 1, 0) > 0)
        serve(accept(listener->fd, NULL, NULL));
    print_events();
}

int main(int argc, char **argv)
{
    struct pgseal_tls_options o = {.size = sizeof(o), .server = true};
    struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};

    if (argc != 3)
        return 2;
    o.cert_pem = read_file(argv[1]);
    o.key_pem = read_file(argv[2]);
    contexts.ssl = pgseal_tls_ctx_new(&o, NULL);
    o.no_alpn = true;
    contexts.noalpn = pgseal_tls_ctx_new(&o, NULL);
    if (contexts.ssl == NULL || contexts.noalpn == NULL)
        return 2;
    setvbuf(stdin, NULL, _IONBF, 0);
    p[1].fd = listen_somewhere();
    for (;;) {
        if (poll(p, 2, -1) < 0)
            continue;
        if (p[0].revents != 0)
            command(&p[1]);
        else
            serve(accept(p[1].fd, NULL, NULL));
    }
}

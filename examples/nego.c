/* SPDX-License-Identifier: PostgreSQL */
/* nego.h: the bytes before TLS, both roles, with nothing but memory between them. */
#include <pgseal/nego.h>

#include <stdio.h>

/* What one end wrote is what the other end reads. */
static int carry(struct pgseal_io *from, struct pgseal_io *to)
{
    return pgseal_buf_move(&to->wire_in, &from->wire_out, NULL);
}

static void play(bool server_has_tls)
{
    static const char *const results[] = {"more", "TLS", "plain", "cancel", "refused"};
    struct pgseal_nego client, server;
    struct pgseal_io c, s;
    struct pgseal_err err;
    int rc, sent;

    pgseal_io_init(&c, 4096);
    pgseal_io_init(&s, 4096);
    pgseal_nego_client_init(&client, false, NULL);
    pgseal_nego_server_init(&server, server_has_tls, true, NULL);
    rc = pgseal_nego_client_step(&client, &c, &err); /* writes SSLRequest */
    sent = (int)pgseal_buf_len(&c.wire_out);
    if (rc == PGSEAL_NEGO_MORE && carry(&c, &s) == 0)
        rc = pgseal_nego_server_step(&server, &s, &err); /* writes S or N */
    printf("client sends %d bytes, server answers %c: server %s, ", sent,
           *pgseal_buf_peek(&s.wire_out), results[rc]);
    if (carry(&s, &c) == 0)
        rc = pgseal_nego_client_step(&client, &c, &err);
    printf("client %s\n", rc < 0 ? err.msg : results[rc]);
    pgseal_io_done(&c);
    pgseal_io_done(&s);
}

int main(void)
{
    play(true);
    play(false);
    return 0;
}

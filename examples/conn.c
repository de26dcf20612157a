/* SPDX-License-Identifier: PostgreSQL */
/* conn.h: a whole connection from its first byte until it is open, without a socket. */
#include <pgseal/conn.h>

#include <stdio.h>

/* AuthenticationOk, one ParameterStatus, BackendKeyData, ReadyForQuery. */
static const char answer[] = "R\0\0\0\10\0\0\0\0"
                             "S\0\0\0\30server_version\00018.4\0"
                             "K\0\0\0\14\0\0\20\41keys"
                             "Z\0\0\0\5I";

static const char *nothing(void *ctx, const char *name)
{
    return NULL;
}

static void no_file(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.stat_sys = 2, .read_sys = 2};
}

static void release(void *ctx, struct pgseal_file *f)
{
}

static void talk(const struct pgseal_conninfo *ci, const struct pgseal_world *world)
{
    struct pgseal_conn_client o = {.size = sizeof(o),
                                   .ci = ci,
                                   .host = pgseal_conninfo_host(ci, 0),
                                   .world = world,
                                   .method = PGSEAL_METHOD_PLAIN};
    struct pgseal_err err;
    struct pgseal_conn *c = pgseal_conn_client_new(&o, &err);
    struct pgseal_io io;
    int rc;

    pgseal_io_init(&io, 65536);
    rc = c != NULL ? pgseal_conn_step(c, &io, 0, &err) : -1;
    printf("%zu bytes to send\n", pgseal_buf_len(&io.wire_out));
    pgseal_buf_consume(&io.wire_out, pgseal_buf_len(&io.wire_out));
    /* A byte at a time: how the bytes are cut does not matter. */
    for (size_t i = 0; rc == PGSEAL_MORE && i < sizeof(answer) - 1; i++) {
        rc = pgseal_buf_append(&io.wire_in, &answer[i], 1, &err);
        if (rc == 0)
            rc = pgseal_conn_step(c, &io, 0, &err);
    }
    if (rc == PGSEAL_READY)
        printf("open: server %s, backend %u, TLS %s\n", pgseal_conn_param(c, "server_version"),
               pgseal_conn_facts(c)->cancel.pid, pgseal_conn_facts(c)->tls ? "on" : "off");
    else
        printf("%s\n", err.msg);
    pgseal_conn_free(c);
    pgseal_io_done(&io);
}

int main(void)
{
    struct pgseal_world world = {.size = sizeof(world),
                                 .env = nothing,
                                 .stat = no_file,
                                 .read = no_file,
                                 .release = release,
                                 .user = "me"};
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);

    if (ci == NULL || pgseal_conninfo_parse(ci, "host=db1 sslmode=disable", &err) < 0 ||
        pgseal_conninfo_finish(ci, &world, &err) < 0)
        return 1;
    talk(ci, &world);
    pgseal_conninfo_free(ci);
    return 0;
}

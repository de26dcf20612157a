/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes both roles of the negotiation, and that cuts of the bytes do not change its outcome. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/nego.h>

struct flags {
    bool server, tls_ok, direct;
};

static int step(const struct flags *f, struct pgseal_nego *n, struct pgseal_io *io,
                struct pgseal_err *err)
{
    return f->server ? pgseal_nego_server_step(n, io, err) : pgseal_nego_client_step(n, io, err);
}

static void check_client(const struct flags *f, int rc, struct pgseal_io *io, const uint8_t *p,
                         size_t n)
{
    if (f->direct) {
        must(rc == PGSEAL_NEGO_TLS && pgseal_buf_len(&io->wire_out) == 0);
        return;
    }
    must(pgseal_buf_len(&io->wire_out) == 8);
    must((rc == PGSEAL_NEGO_REFUSED) == (n > 0 && p[0] == 'N'));
    must((rc == PGSEAL_E_NEGO_ERROR) == (n > 0 && p[0] == 'E'));
    must(rc != PGSEAL_NEGO_TLS || (p[0] == 'S' && pgseal_buf_len(&io->wire_in) == 0));
    must(rc != PGSEAL_E_CLOSED || n == 0);
}

static void check_server(const struct flags *f, int rc, const struct pgseal_nego *n,
                         struct pgseal_io *io, const uint8_t *p)
{
    size_t sent = pgseal_buf_len(&io->wire_out);
    const uint8_t *out = pgseal_buf_peek(&io->wire_out);
    struct pgseal_startup s;

    must(sent <= 2);
    for (size_t i = 0; i < sent; i++)
        must(out[i] == 'N' || (out[i] == 'S' && i + 1 == sent && f->tls_ok));
    if (rc == PGSEAL_NEGO_TLS && n->direct)
        must(f->direct && p[0] == 0x16 && sent == 0);
    else if (rc == PGSEAL_NEGO_TLS)
        must(sent > 0 && out[sent - 1] == 'S' && pgseal_buf_len(&io->wire_in) == 0);
    if (rc == PGSEAL_NEGO_PLAIN || rc == PGSEAL_NEGO_CANCEL) {
        must(pgseal_startup_next(pgseal_buf_peek(&io->wire_in), pgseal_buf_len(&io->wire_in), &s,
                                 NULL) > 0);
        must(s.kind == (rc == PGSEAL_NEGO_PLAIN ? PGSEAL_FIRST_STARTUP : PGSEAL_FIRST_CANCEL));
    }
}

/* Feeds the bytes in pieces of `piece` (0 = whole) and then the end of bytes. */
static int run(const struct flags *f, const uint8_t *p, size_t n, size_t piece)
{
    struct pgseal_nego nego;
    struct pgseal_io io;
    struct pgseal_err err = {0};
    int rc = PGSEAL_NEGO_MORE;

    pgseal_io_init(&io, 20000);
    if (f->server)
        pgseal_nego_server_init(&nego, f->tls_ok, f->direct, NULL);
    else
        pgseal_nego_client_init(&nego, f->direct, NULL);
    for (size_t done = 0; done < n && rc == PGSEAL_NEGO_MORE;) {
        size_t part = piece == 0 || piece > n - done ? n - done : piece;

        must(pgseal_buf_append(&io.wire_in, p + done, part, NULL) == 0);
        done += part;
        rc = step(f, &nego, &io, &err);
    }
    if (rc == PGSEAL_NEGO_MORE) {
        io.wire_in_eof = true;
        rc = step(f, &nego, &io, &err);
    }
    must(rc != PGSEAL_NEGO_MORE);
    must(rc > 0 || (err.code == rc && err.msg[0] != '\0'));
    if (f->server)
        check_server(f, rc, &nego, &io, p);
    else
        check_client(f, rc, &io, p, n);
    must(step(f, &nego, &io, NULL) == PGSEAL_E_USAGE);
    pgseal_io_done(&io);
    return rc;
}

/* Input: one byte of flags, one byte length of the pieces, then what the other side sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flags f;
    int whole;
    int cut;

    if (size < 2 || size > 12000)
        return 0;
    f = (struct flags){data[0] & 1, data[0] & 2, data[0] & 4};
    whole = run(&f, data + 2, size - 2, 0);
    cut = run(&f, data + 2, size - 2, data[1]);
    /* Bytes that come with a request or an answer are refused; later ones are TLS's to refuse. */
    must(whole == cut || whole == PGSEAL_E_STUFFED);
    return 0;
}

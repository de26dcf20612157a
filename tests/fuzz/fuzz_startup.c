/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes the first packet of a client: what is accepted can be written again, byte for byte. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/wire.h>

/* The pairs of a packet, as the encoder wants them; at most 5000 fit into one. */
static size_t list_pairs(const struct pgseal_startup *s, struct pgseal_param *params)
{
    struct pgseal_reader r = pgseal_reader(s->pairs, s->pairs_len);
    size_t n = 0;

    for (;;) {
        params[n].name = pgseal_read_str(&r);
        if (params[n].name[0] == '\0')
            break;
        params[n++].value = pgseal_read_str(&r);
    }
    must(!r.bad && r.n == 0);
    return n;
}

static void write_again(const struct pgseal_startup *s, struct pgseal_buf *out)
{
    static struct pgseal_param params[5001];
    int rc = -1;

    switch (s->kind) {
    case PGSEAL_FIRST_STARTUP:
        rc = pgseal_put_startup(out, s->version, params, list_pairs(s, params), NULL);
        break;
    case PGSEAL_FIRST_SSLREQUEST:
        rc = pgseal_put_request(out, PGSEAL_CODE_SSLREQUEST, NULL);
        break;
    case PGSEAL_FIRST_GSSENC:
        rc = pgseal_put_request(out, PGSEAL_CODE_GSSENC, NULL);
        break;
    case PGSEAL_FIRST_CANCEL:
        rc = pgseal_put_cancel(out, s->pid, s->key, s->key_len, NULL);
        break;
    }
    must(rc == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_startup s;
    struct pgseal_err err = {0};
    struct pgseal_buf out;
    long n = pgseal_startup_next(data, size, &s, &err);

    if (n < 0) {
        must(n == PGSEAL_E_PROTO && err.code == n && err.msg[0] != '\0');
        return 0;
    }
    must((size_t)n <= size);
    if (n == 0) {
        must(size < 4 || size < pgseal__get32(data));
        return 0;
    }
    /* No packet is whole before its last byte, and what follows it does not matter. */
    for (long part = 0; part < n; part++) {
        struct pgseal_startup unused;

        must(pgseal_startup_next(data, (size_t)part, &unused, NULL) == 0);
    }
    if (s.kind == PGSEAL_FIRST_STARTUP && s.version >> 16 != 3) {
        must(s.pairs_len == 0 && pgseal_startup_get(&s, "user") == NULL);
        return 0;
    }
    pgseal_buf_init(&out, 20000);
    write_again(&s, &out);
    must(pgseal_buf_len(&out) == (size_t)n);
    must(memcmp(pgseal_buf_peek(&out), data, (size_t)n) == 0);
    pgseal_buf_done(&out);
    return 0;
}

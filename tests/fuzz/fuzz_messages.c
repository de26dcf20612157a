/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes the frame walker, the decoders of fields and the trace printer. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/wire.h>

/* What may reach a terminal: lines of text without anything that commands it. */
static void must_be_tame(const uint8_t *p, size_t n)
{
    must(n > 0 && p[n - 1] == '\n');
    for (size_t i = 0; i < n; i++)
        must((p[i] >= 0x20 && p[i] != 0x7f) || p[i] == '\n' || p[i] == '\t');
}

/* A masked line: "F\t13\tPasswordMessage\t ****\n" and its two sisters. */
static void must_be_masked(const uint8_t *p, size_t n)
{
    static const char *const names[] = {"PasswordMessage\t ****\n", "SASLResponse\t ****\n"};
    const uint8_t *name = memchr(p + 2, '\t', n - 2);

    must(name != NULL);
    n -= (size_t)(++name - p);
    for (size_t i = 0; i < PGSEAL_COUNT(names); i++)
        if (n == strlen(names[i]) && memcmp(name, names[i], n) == 0)
            return;
    must(n < 70 && memcmp(name, "SASLInitialResponse\t \"", 22) == 0);
}

static void print(bool from_frontend, uint8_t type, const uint8_t *body, size_t n)
{
    struct pgseal_buf out;
    size_t len;
    int rc;

    pgseal_buf_init(&out, 1 << 24);
    must(pgseal_trace_print(&out, from_frontend, type, body, n, NULL) == 0);
    len = pgseal_buf_len(&out);
    must_be_tame(pgseal_buf_peek(&out), len);
    if (type == 'p')
        must_be_masked(pgseal_buf_peek(&out), len);
    pgseal_buf_done(&out);
    /* All or nothing, also when the last byte does not fit. */
    pgseal_buf_init(&out, len - 1);
    rc = pgseal_trace_print(&out, from_frontend, type, body, n, NULL);
    must(rc == PGSEAL_E_LIMIT && pgseal_buf_len(&out) == 0);
    pgseal_buf_done(&out);
}

static void decode(const struct pgseal_frame *f)
{
    struct pgseal_notice notice;
    struct pgseal_negotiate nv;
    struct pgseal_err err = {0};

    if (pgseal_notice_parse(f->body, f->len, &notice, &err) < 0)
        must(err.code == PGSEAL_E_PROTO);
    else if (notice.message != NULL)
        must(strlen(notice.message) < f->len);
    if (pgseal_negotiate_parse(f->body, f->len, &nv, &err) < 0)
        must(err.code == PGSEAL_E_PROTO);
    else
        must(nv.options_len == f->len - 8);
}

/* Input: one byte of flags (1 = frontend, 2 = a first packet's body), then messages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_frame f;
    struct pgseal_err err;
    bool front;
    long n;

    if (size < 1)
        return 0;
    front = data[0] & 1;
    if (data[0] & 2) {
        print(true, 0, data + 1, size - 1);
        return 0;
    }
    for (data++, size--; (n = pgseal_frame_next(data, size, 30000, &f, &err)) > 0;
         data += n, size -= (size_t)n) {
        must((size_t)n <= size && f.len == (size_t)n - 5 && f.body == data + 5);
        if (f.type != 0)
            print(front, f.type, f.body, f.len);
        decode(&f);
    }
    must(n == 0 || n == PGSEAL_E_PROTO || n == PGSEAL_E_LIMIT);
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Prints the messages of a recorded conversation with pgseal_trace_print(), for the parity tests.
 */
#include "core/base/base.h"

#include <pgseal/wire.h>

/*
 * trace_print session     pieces of a conversation as they travelled; it begins with a first packet
 * trace_print messages    one message each: type byte (0 = none) and body
 *
 * stdin: any number of: side (F or B), length (4 bytes), that many bytes.
 */
#define MESSAGE_MAX (1u << 24)

struct talk {
    struct pgseal_buf side[2]; /* B, F */
    struct pgseal_buf out;
    bool started; /* the StartupMessage was seen */
    bool asked;   /* a request waits for its one byte */
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "trace_print: %s\n", what);
        exit(3);
    }
}

static void print(struct talk *t, bool from_frontend, uint8_t type, const uint8_t *body, size_t n)
{
    must(pgseal_trace_print(&t->out, from_frontend, type, body, n, NULL) == 0, "cannot print");
    fwrite(pgseal_buf_peek(&t->out), 1, pgseal_buf_len(&t->out), stdout);
    pgseal_buf_consume(&t->out, pgseal_buf_len(&t->out));
}

/* Bytes of the next thing that is whole, printed; 0 when there is none. */
static size_t next(struct talk *t, bool front)
{
    const uint8_t *p = pgseal_buf_peek(&t->side[front]);
    size_t n = pgseal_buf_len(&t->side[front]);
    struct pgseal_startup s;
    struct pgseal_frame f;
    long size;

    if (!front && t->asked) {
        if (n == 0)
            return 0;
        print(t, false, 0, p, 1);
        t->asked = false;
        return 1;
    }
    if (front && !t->started) {
        size = pgseal_startup_next(p, n, &s, NULL);
        must(size >= 0, "no first packet");
        if (size == 0)
            return 0;
        print(t, true, 0, p + 4, (size_t)size - 4);
        t->started = s.kind == PGSEAL_FIRST_STARTUP;
        t->asked = !t->started;
        return (size_t)size;
    }
    size = pgseal_frame_next(p, n, MESSAGE_MAX, &f, NULL);
    must(size >= 0, "no message");
    if (size > 0)
        print(t, front, f.type, f.body, f.len);
    return (size_t)size;
}

int main(int argc, char **argv)
{
    static struct talk t;
    bool session = argc == 2 && strcmp(argv[1], "session") == 0;
    uint8_t head[5];

    must(session || (argc == 2 && strcmp(argv[1], "messages") == 0),
         "usage: trace_print session|messages");
    pgseal_buf_init(&t.side[0], 2 * MESSAGE_MAX);
    pgseal_buf_init(&t.side[1], 2 * MESSAGE_MAX);
    pgseal_buf_init(&t.out, 8 * MESSAGE_MAX);
    while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
        bool front = head[0] == 'F';
        uint32_t n = pgseal__get32(head + 1);
        uint8_t *p = pgseal_buf_reserve(&t.side[front], n, NULL);
        size_t done;

        must(p != NULL && fread(p, 1, n, stdin) == n, "stdin ends early");
        pgseal_buf_commit(&t.side[front], n);
        if (!session) {
            print(&t, front, p[0], p + 1, n - 1);
            pgseal_buf_consume(&t.side[front], n);
        } else {
            while ((done = next(&t, front)) > 0)
                pgseal_buf_consume(&t.side[front], done);
        }
    }
    pgseal_buf_done(&t.side[0]);
    pgseal_buf_done(&t.side[1]);
    pgseal_buf_done(&t.out);
    return 0;
}

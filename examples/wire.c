/* SPDX-License-Identifier: PostgreSQL */
/* wire.h: writes messages, walks over others, prints both as PQtrace() does. */
#include <pgseal/wire.h>

#include <stdio.h>

int main(void)
{
    static const uint8_t answer[] = "C\0\0\0\15SELECT 1\0Z\0\0\0\5I";
    struct pgseal_buf out, text;
    struct pgseal_err err;
    const uint8_t *p;
    size_t left;
    long n;

    pgseal_buf_init(&out, 4096);
    pgseal_buf_init(&text, 4096);
    if (pgseal_put_message(&out, 'Q', "select 1", 9, &err) < 0 ||
        pgseal_buf_append(&out, answer, sizeof(answer) - 1, &err) < 0)
        return 1;
    p = pgseal_buf_peek(&out);
    left = pgseal_buf_len(&out);
    while (left > 0) {
        struct pgseal_frame f;

        n = pgseal_frame_next(p, left, 1000, &f, &err); /* no body over 1000 bytes */
        if (n <= 0 || pgseal_trace_print(&text, f.type == 'Q', f.type, f.body, f.len, &err) < 0)
            return 1;
        p += n;
        left -= (size_t)n;
    }
    printf("%.*s", (int)pgseal_buf_len(&text), (const char *)pgseal_buf_peek(&text));
    pgseal_buf_done(&out);
    pgseal_buf_done(&text);
    return 0;
}

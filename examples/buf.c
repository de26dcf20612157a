/* SPDX-License-Identifier: PostgreSQL */
/* buf.h: a queue of bytes with a limit: append at the tail, consume at the head. */
#include <pgseal/buf.h>

#include <stdio.h>

int main(void)
{
    struct pgseal_buf b;
    struct pgseal_err err;
    uint8_t *room;

    pgseal_buf_init(&b, 16);
    b.secret = true; /* what is consumed is wiped */
    if (pgseal_buf_append(&b, "hello, ", 7, &err) < 0)
        return 1;
    room = pgseal_buf_reserve(&b, 5, &err); /* fill in place, as recv() would */
    if (room == NULL)
        return 1;
    for (int i = 0; i < 5; i++)
        room[i] = (uint8_t) "world"[i];
    pgseal_buf_commit(&b, 5);
    printf("%.*s, room for %zu more\n", (int)pgseal_buf_len(&b), (const char *)pgseal_buf_peek(&b),
           pgseal_buf_room(&b));
    if (pgseal_buf_append(&b, "too much", 8, &err) != PGSEAL_E_LIMIT)
        return 1;
    printf("all or nothing: %s, still %zu bytes\n", pgseal_err_id(&err), pgseal_buf_len(&b));
    pgseal_buf_consume(&b, 7);
    printf("%.*s\n", (int)pgseal_buf_len(&b), (const char *)pgseal_buf_peek(&b));
    pgseal_buf_done(&b);
    return 0;
}

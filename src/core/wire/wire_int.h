/* SPDX-License-Identifier: PostgreSQL */
/* The table of messages, for the files of this folder. */
#ifndef PGSEAL_WIRE_INT_H
#define PGSEAL_WIRE_INT_H

#include <stddef.h>
#include <stdint.h>

/* The columns of messages.def. */
enum pgseal__message_kind {
    PGSEAL__MESSAGE_F,
    PGSEAL__MESSAGE_B,
    PGSEAL__MESSAGE_AUTH,
    PGSEAL__MESSAGE_FIRST,
    PGSEAL__MESSAGE_REPLY
};

struct pgseal__message {
    const char *name;
    enum pgseal__message_kind kind;
    uint32_t key;
    const char *shape;
};

/* The row of that kind and key, or NULL. */
const struct pgseal__message *pgseal__message_find(enum pgseal__message_kind kind, uint32_t key);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Walks the messages in a queue, names them, and reads the values in a body. */
#include "wire_int.h"

#include "core/base/base.h"

#include <pgseal/wire.h>

static const struct pgseal__message messages[] = {
#define PGSEAL_ROW(name, kind, key, shape) {#name, PGSEAL__MESSAGE_##kind, key, shape},
#include "messages.def"
#undef PGSEAL_ROW
};

const struct pgseal__message *pgseal__message_find(enum pgseal__message_kind kind, uint32_t key)
{
    for (size_t i = 0; i < PGSEAL_COUNT(messages); i++)
        if (messages[i].kind == kind && messages[i].key == key)
            return &messages[i];
    return NULL;
}

const char *pgseal_message_name(bool from_frontend, uint8_t type)
{
    const struct pgseal__message *m =
        pgseal__message_find(from_frontend ? PGSEAL__MESSAGE_F : PGSEAL__MESSAGE_B, type);

    return m ? m->name : NULL;
}

const char *pgseal_auth_name(uint32_t request)
{
    const struct pgseal__message *m = pgseal__message_find(PGSEAL__MESSAGE_AUTH, request);

    return m ? m->name : NULL;
}

/* libpq fe-protocol3.c handleSyncLoss(): the one thing to say about an impossible length. */
static int lost_sync(struct pgseal_err *err, int code, uint8_t type, uint32_t len)
{
    char shown[8];

    return pgseal__fail(err, code,
                        "lost synchronization with server: got message type \"%s\", length %d",
                        pgseal__escape(shown, sizeof(shown), &type, 1, 1), (int32_t)len);
}

long pgseal_frame_next(const uint8_t *p, size_t n, size_t max, struct pgseal_frame *out,
                       struct pgseal_err *err)
{
    uint32_t len;

    if (n < 5)
        return 0;
    len = pgseal__get32(p + 1);
    if (len < 4) {
        lost_sync(err, PGSEAL_E_PROTO, p[0], len);
        pgseal__detail(err, "A length word counts itself and cannot be below 4.");
        return PGSEAL_E_PROTO;
    }
    /* The length word is an Int32; the limit is judged before a byte of the body is waited for. */
    if (len > INT32_MAX || len - 4 > max) {
        lost_sync(err, PGSEAL_E_LIMIT, p[0], len);
        pgseal__detail(err, "At most %zu bytes are accepted at this point.", max);
        return PGSEAL_E_LIMIT;
    }
    if (n - 1 < len)
        return 0;
    *out = (struct pgseal_frame){.type = p[0], .body = p + 5, .len = len - 4};
    return 1 + (long)len;
}

struct pgseal_reader pgseal_reader(const uint8_t *p, size_t n)
{
    return (struct pgseal_reader){.p = p, .n = n};
}

const uint8_t *pgseal_read_bytes(struct pgseal_reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (r->bad || n > r->n) {
        r->bad = true;
        return NULL;
    }
    /* NULL + 0 is undefined, and an empty body may be NULL. */
    if (n > 0) {
        r->p += n;
        r->n -= n;
    }
    return p ? p : (const uint8_t *)"";
}

uint8_t pgseal_read_u8(struct pgseal_reader *r)
{
    const uint8_t *p = pgseal_read_bytes(r, 1);

    return p ? *p : 0;
}

uint16_t pgseal_read_u16(struct pgseal_reader *r)
{
    const uint8_t *p = pgseal_read_bytes(r, 2);

    return p ? pgseal__get16(p) : 0;
}

uint32_t pgseal_read_u32(struct pgseal_reader *r)
{
    const uint8_t *p = pgseal_read_bytes(r, 4);

    return p ? pgseal__get32(p) : 0;
}

const char *pgseal_read_str(struct pgseal_reader *r)
{
    const uint8_t *nul = r->bad || r->n == 0 ? NULL : memchr(r->p, '\0', r->n);

    if (nul == NULL) {
        r->bad = true;
        return "";
    }
    return (const char *)pgseal_read_bytes(r, (size_t)(nul - r->p) + 1);
}

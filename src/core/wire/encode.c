/* SPDX-License-Identifier: PostgreSQL */
/* Encodes messages: typed ones, the requests before a session, StartupMessage. */
#include "core/base/base.h"

#include <pgseal/wire.h>

/* Room for n bytes, or NULL with the code in *rc: err may be NULL. */
static uint8_t *room_for(struct pgseal_buf *out, size_t n, int *rc, struct pgseal_err *err)
{
    uint8_t *p = pgseal_buf_reserve(out, n, err);

    *rc = p != NULL ? 0 : n > pgseal_buf_room(out) ? PGSEAL_E_LIMIT : PGSEAL_E_NOMEM;
    return p;
}

int pgseal_put_message(struct pgseal_buf *out, uint8_t type, const void *body, size_t n,
                       struct pgseal_err *err)
{
    uint8_t *p;
    int rc;

    if (n > INT32_MAX - 4) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "message of %zu bytes is too long", n);
        pgseal__detail(err, "The length of a message is a 32-bit number.");
        return PGSEAL_E_LIMIT;
    }
    p = room_for(out, 5 + n, &rc, err);
    if (p == NULL)
        return rc;
    p[0] = type;
    pgseal__put32(p + 1, (uint32_t)(4 + n));
    if (n > 0)
        memcpy(p + 5, body, n);
    pgseal_buf_commit(out, 5 + n);
    return 0;
}

int pgseal_put_request(struct pgseal_buf *out, uint32_t code, struct pgseal_err *err)
{
    int rc;
    uint8_t *p = room_for(out, 8, &rc, err);

    if (p == NULL)
        return rc;
    pgseal__put32(p, 8);
    pgseal__put32(p + 4, code);
    pgseal_buf_commit(out, 8);
    return 0;
}

int pgseal_put_cancel(struct pgseal_buf *out, uint32_t pid, const uint8_t *key, size_t key_len,
                      struct pgseal_err *err)
{
    uint8_t *p;
    int rc;

    if (key_len < 1 || key_len > PGSEAL_CANCEL_KEY_MAX) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "cancel key of %zu bytes cannot be sent", key_len);
        pgseal__detail(err, "A cancel key has 1 to %u bytes.", PGSEAL_CANCEL_KEY_MAX);
        return PGSEAL_E_LIMIT;
    }
    p = room_for(out, 12 + key_len, &rc, err);
    if (p == NULL)
        return rc;
    pgseal__put32(p, (uint32_t)(12 + key_len));
    pgseal__put32(p + 4, PGSEAL_CODE_CANCEL);
    pgseal__put32(p + 8, pid);
    memcpy(p + 12, key, key_len);
    pgseal_buf_commit(out, 12 + key_len);
    return 0;
}

static uint8_t *put_str(uint8_t *p, const char *s)
{
    size_t n = strlen(s) + 1;

    memcpy(p, s, n);
    return p + n;
}

int pgseal_put_startup(struct pgseal_buf *out, uint32_t version, const struct pgseal_param *params,
                       size_t n, struct pgseal_err *err)
{
    size_t len = 4 + 1; /* version, final NUL */
    uint8_t *p;
    int rc;

    for (size_t i = 0; i < n && len <= PGSEAL_STARTUP_MAX; i++)
        if (params[i].value != NULL)
            len += strlen(params[i].name) + strlen(params[i].value) + 2;
    if (len > PGSEAL_STARTUP_MAX) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "startup packet is too long");
        pgseal__detail(err, "A server accepts at most %u bytes of user, database and options.",
                       PGSEAL_STARTUP_MAX);
        return PGSEAL_E_LIMIT;
    }
    p = room_for(out, 4 + len, &rc, err);
    if (p == NULL)
        return rc;
    pgseal__put32(p, (uint32_t)(4 + len));
    pgseal__put32(p + 4, version);
    p += 8;
    for (size_t i = 0; i < n; i++)
        if (params[i].value != NULL)
            p = put_str(put_str(p, params[i].name), params[i].value);
    *p = '\0';
    pgseal_buf_commit(out, 4 + len);
    return 0;
}

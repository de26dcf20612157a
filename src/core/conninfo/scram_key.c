/* SPDX-License-Identifier: PostgreSQL */
/* scram_client_key and scram_server_key: 32 bytes in base64 (PG18 src/common/base64.c). */
#include "conninfo_int.h"

#define KEY_LEN 32

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes as PostgreSQL does: no blanks, padding needed, anything goes behind the padding. Counts
 * all bytes and keeps the first KEY_LEN. -1 when it is not base64. */
static int decode(const char *text, uint8_t out[KEY_LEN])
{
    uint32_t group = 0;
    int filled = 0; /* characters of the group */
    int kept = 3;   /* bytes a group gives, fewer once padding began */
    int n = 0;

    for (; *text != '\0'; text++) {
        int value = digit(*text);

        if (*text == '=') {
            if (kept == 3 && filled < 2)
                return -1;
            if (kept == 3)
                kept = filled - 1;
            value = 0;
        }
        if (value < 0)
            return -1;
        group = group << 6 | (uint32_t)value;
        if (++filled < 4)
            continue;
        for (int i = 0; i < kept; i++, n++) {
            if (n < KEY_LEN)
                out[n] = (uint8_t)(group >> (16 - 8 * i));
        }
        group = 0;
        filled = 0;
    }
    return filled == 0 ? n : -1;
}

static int take_key(struct pgseal_conninfo *ci, int param, const char *what, uint8_t key[KEY_LEN],
                    const uint8_t **out, struct pgseal_err *err)
{
    const char *text = ci->v[param].val;
    int n;

    if (text == NULL)
        return 0;
    n = decode(text, key);
    if (n == KEY_LEN) {
        *out = key;
        return 0;
    }
    if (n < 0)
        pgseal__fail(err, PGSEAL_E_OPTION, "invalid SCRAM %s key", what);
    else
        pgseal__fail(err, PGSEAL_E_OPTION, "invalid SCRAM %s key length: %d", what, n);
    pgseal__say_source(ci, param, err);
    pgseal__hint(err, "The key is 32 bytes in base64: 44 characters, the last one \"=\".");
    return PGSEAL_E_OPTION;
}

int pgseal__scram_keys(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    int rc = take_key(ci, PGSEAL_P_scram_client_key, "client", ci->client_key,
                      &ci->opt.scram_client_key, err);

    if (rc < 0)
        return rc;
    return take_key(ci, PGSEAL_P_scram_server_key, "server", ci->server_key,
                    &ci->opt.scram_server_key, err);
}

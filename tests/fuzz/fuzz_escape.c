/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes pgseal__escape(): whatever a peer sends, what is shown is short, terminated and tame. */
#include "core/base/base.h"
#include "fuzz.h"

/* Input: one byte capacity of the output, one byte the number of bytes to show, then what the peer
 * sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t cap = data[0], max = data[1], len;
    char *out = malloc(cap + 1); /* one guard byte: malloc(0) may be NULL */

    must(out != NULL);
    out[cap] = 'g';
    must(pgseal__escape(out, cap, data + 2, size - 2, max) == out);
    must(out[cap] == 'g');
    if (cap > 0) {
        len = strnlen(out, cap);
        must(len < cap);
        for (size_t i = 0; i < len; i++)
            must((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
        /* A short text without anything odd is shown as it is. */
        if (size - 2 <= max && size + 6 < cap && memchr(data + 2, '\\', size - 2) == NULL) {
            bool plain = true;
            for (size_t i = 2; i < size; i++)
                plain = plain && data[i] >= 0x20 && data[i] < 0x7f;
            must(!plain || (len == size - 2 && memcmp(out, data + 2, len) == 0));
        }
    }
    free(out);
    return 0;
}

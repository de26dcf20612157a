/* SPDX-License-Identifier: PostgreSQL */
/* What every harness has: its entry, and what must hold of whatever it was given. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool ok)
{
    if (!ok)
        abort();
}

/* Text for people: ended within cap, no control character of a stranger in it but those in `but`.
 */
static inline void must_be_text(const char *s, size_t cap, const char *but)
{
    must(memchr(s, '\0', cap) != NULL);
    for (; *s != '\0'; s++)
        must(((uint8_t)*s >= 0x20 && *s != 0x7f) || strchr(but, *s) != NULL);
}

#endif

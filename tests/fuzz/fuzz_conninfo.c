/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes keyword/value strings: what was understood can be written down and is understood again. */
#include "one_file_world.h"

/* Writes all values as a string that says the same. */
static char *write_down(const struct pgseal_conninfo *ci)
{
    const struct pgseal_param_info *p;
    size_t cap = 1;
    char *out;
    char *to;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        const char *value = pgseal_conninfo_get(ci, p->keyword);

        cap += value != NULL ? strlen(p->keyword) + 2 * strlen(value) + 5 : 0;
    }
    to = out = malloc(cap);
    must(out != NULL);
    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        const char *value = pgseal_conninfo_get(ci, p->keyword);

        if (value == NULL)
            continue;
        to += snprintf(to, cap - (size_t)(to - out), "%s='", p->keyword);
        for (; *value != '\0'; value++) {
            if (*value == '\'' || *value == '\\')
                *to++ = '\\';
            *to++ = *value;
        }
        *to++ = '\'';
    }
    *to = '\0';
    return out;
}

static void must_say_the_same(const struct pgseal_conninfo *a, const struct pgseal_conninfo *b)
{
    const struct pgseal_param_info *p;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        const char *va = pgseal_conninfo_get(a, p->keyword);
        const char *vb = pgseal_conninfo_get(b, p->keyword);

        must((va == NULL) == (vb == NULL));
        must(va == NULL || strcmp(va, vb) == 0);
    }
}

/* Input: the string; what follows a NUL is the content of every file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    long live = pgseal__alloc_live();
    size_t n = size > 0 ? strnlen((const char *)data, size) : 0;
    char *text = malloc(n + 1);
    struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
    struct pgseal_err err = {0};
    struct one_file w;

    must(text != NULL && ci != NULL);
    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    one_file_init(&w, n < size ? data + n + 1 : data, n < size ? size - n - 1 : 0);
    if (pgseal_conninfo_parse(ci, text, &err) == 0) {
        struct pgseal_conninfo *again = pgseal_conninfo_new(NULL);
        char *written = write_down(ci);

        must(again != NULL && pgseal_conninfo_parse(again, written, NULL) == 0);
        must_say_the_same(ci, again);
        free(written);
        pgseal_conninfo_free(again);
        if (pgseal_conninfo_finish(ci, &w.world, &err) == 0)
            must_be_sound(ci);
        else
            must(err.code < 0 && err.msg[0] != '\0');
    } else {
        must(err.code < 0 && err.msg[0] != '\0');
    }
    pgseal_conninfo_free(ci);
    free(text);
    must(pgseal__alloc_live() == live);
    return 0;
}

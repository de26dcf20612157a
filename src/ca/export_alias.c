/* SPDX-License-Identifier: PostgreSQL */
/* Names for certificates in a keystore and for files: the common name in lower case, each once. */
#include "export_int.h"

#include "core/base/base.h"

#include <ctype.h>

uint32_t ca_utf8_next(const char **text)
{
    const uint8_t *b = (const uint8_t *)*text;
    size_t n = b[0] < 0xc0 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4, used = 1;
    uint32_t cp = n == 1 ? b[0] : b[0] & (0x7fu >> n);

    while (used < n && (b[used] & 0xc0) == 0x80)
        cp = cp << 6 | (b[used++] & 0x3fu);
    *text += used;
    return cp;
}

static size_t encode(uint32_t cp, char out[4])
{
    static const uint8_t LEAD[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)(n == 1 ? cp : LEAD[n] | cp);
    return n;
}

/*
 * Small letters of the alphabets that have two kinds, up to Vietnamese and full width: no locale,
 * so that every machine gives the same alias. Every `step`th from the first to the last.
 */
static const struct {
    uint16_t first, last, step;
    int16_t small;
} SMALL[] = {
    {0x00c0, 0x00d6, 1, 32},    {0x00d8, 0x00de, 1, 32},  {0x0100, 0x012e, 2, 1},
    {0x0132, 0x0136, 2, 1},     {0x0139, 0x0147, 2, 1},   {0x014a, 0x0176, 2, 1},
    {0x0178, 0x0178, 1, -121},  {0x0179, 0x017d, 2, 1},   {0x0370, 0x0372, 2, 1},
    {0x0376, 0x0376, 1, 1},     {0x037f, 0x037f, 1, 116}, {0x0386, 0x0386, 1, 38},
    {0x0388, 0x038a, 1, 37},    {0x038c, 0x038c, 1, 64},  {0x038e, 0x038f, 1, 63},
    {0x0391, 0x03a1, 1, 32},    {0x03a3, 0x03ab, 1, 32},  {0x03cf, 0x03cf, 1, 8},
    {0x03d8, 0x03ee, 2, 1},     {0x03f4, 0x03f4, 1, -60}, {0x03f7, 0x03f7, 1, 1},
    {0x03f9, 0x03f9, 1, -7},    {0x03fa, 0x03fa, 1, 1},   {0x03fd, 0x03ff, 1, -130},
    {0x0400, 0x040f, 1, 80},    {0x0410, 0x042f, 1, 32},  {0x0460, 0x0480, 2, 1},
    {0x048a, 0x04be, 2, 1},     {0x04c0, 0x04c0, 1, 15},  {0x04c1, 0x04cd, 2, 1},
    {0x04d0, 0x052e, 2, 1},     {0x0531, 0x0556, 1, 48},  {0x1e00, 0x1e94, 2, 1},
    {0x1e9e, 0x1e9e, 1, -7615}, {0x1ea0, 0x1efe, 2, 1},   {0xff21, 0xff3a, 1, 32},
};

uint32_t ca_small_letter(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    for (size_t i = 0; i < PGSEAL_COUNT(SMALL); i++)
        if (cp >= SMALL[i].first && cp <= SMALL[i].last &&
            (cp - SMALL[i].first) % SMALL[i].step == 0)
            return (uint32_t)((int32_t)cp + SMALL[i].small);
    return cp;
}

/*
 * Keystores look an alias up in lower case (JavaKeyStore.convertAlias: toLowerCase of Locale
 * ENGLISH), so that one with a capital in the file would never be found.
 */
static void lower(const char *text, char *out, size_t cap)
{
    size_t at = 0;

    while (*text != '\0' && at + 5 < cap)
        at += encode(ca_small_letter(ca_utf8_next(&text)), out + at);
    out[at] = '\0';
}

static bool taken(const struct ca_alias *a, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i].text, text) == 0)
            return true;
    return false;
}

struct ca_alias *ca_aliases(const struct ca_certs *l)
{
    struct ca_alias *a = pgseal__alloc((l->n + 1) * sizeof(*a));

    for (size_t i = 0; a != NULL && i < l->n; i++) {
        const struct ca_cert *c = &l->v[i];
        char base[270];

        if (c->cn[0] != '\0')
            lower(c->cn, base, sizeof(base));
        else
            pgseal__format(base, sizeof(base), "certificate %.12s", c->info.sha256);
        pgseal__format(a[i].text, sizeof(a[i].text), "%s", base);
        for (int k = 2; taken(a, i, a[i].text); k++)
            pgseal__format(a[i].text, sizeof(a[i].text), "%s (%d)", base, k);
    }
    return a;
}

void ca_alias_file(const struct ca_alias *a, char *out, size_t cap)
{
    size_t at = 0;

    for (const char *p = a->text; *p != '\0' && at + 6 < cap && at < 200; p++) {
        bool plain = isalnum((unsigned char)*p) || *p == '.' || *p == '_';

        if (plain && !(at == 0 && *p == '.'))
            out[at++] = *p;
        else if (at > 0 && out[at - 1] != '-')
            out[at++] = '-';
    }
    while (at > 0 && out[at - 1] == '-')
        at--;
    if (at == 0) {
        pgseal__format(out, cap, "certificate");
        at = strlen(out);
    }
    pgseal__format(out + at, cap - at, ".der");
}

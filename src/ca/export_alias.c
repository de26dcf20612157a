/* SPDX-License-Identifier: PostgreSQL */
/* Names for certificates in a keystore and for files: the common name in lower case, each once. */
#include "export_int.h"

#include "core/base/base.h"

#include <ctype.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

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
 * Keystores look an alias up in lower case (JavaKeyStore.convertAlias: toLowerCase of Locale
 * ENGLISH), so that one with a capital in the file would never be found.
 */
static void lower(const char *text, char *out, size_t cap, locale_t utf8)
{
    size_t at = 0;

    while (*text != '\0' && at + 5 < cap) {
        uint32_t cp = ca_utf8_next(&text);

        if (cp < 0x80)
            cp = (uint32_t)tolower((int)cp);
        else if (utf8 != (locale_t)0)
            cp = (uint32_t)towlower_l((wint_t)cp, utf8);
        at += encode(cp, out + at);
    }
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
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    for (size_t i = 0; a != NULL && i < l->n; i++) {
        const struct ca_cert *c = &l->v[i];
        char base[270];

        if (c->cn[0] != '\0')
            lower(c->cn, base, sizeof(base), utf8);
        else
            pgseal__format(base, sizeof(base), "certificate %.12s", c->info.sha256);
        pgseal__format(a[i].text, sizeof(a[i].text), "%s", base);
        for (int k = 2; taken(a, i, a[i].text); k++)
            pgseal__format(a[i].text, sizeof(a[i].text), "%s (%d)", base, k);
    }
    if (utf8 != (locale_t)0)
        freelocale(utf8);
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

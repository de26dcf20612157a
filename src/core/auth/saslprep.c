/* SPDX-License-Identifier: PostgreSQL */
/* SASLprep of passwords exactly as libpq and the server do it, out of libidn's parts. */
#include "auth_int.h"

#include <stringprep.h>

/*
 * Why not libidn's own saslprep profile: PostgreSQL's pg_saslprep (src/common/saslprep.c) maps,
 * then checks for prohibited, unassigned and bidirectional characters, then normalizes, and
 * returns the normalized string without checking it again; RFC 3454 section 2 checks what comes
 * out of the normalization. The stored secret was made by PostgreSQL's rules, so with any others
 * some passwords would never be accepted. U+0340, U+0341 are prohibited before they normalize to
 * allowed U+0300, U+0301; U+FB1D and the like are judged as they were typed.
 */
static bool in_table(const Stringprep_table_element *t, uint32_t c)
{
    for (; t->start != 0 || t->end != 0; t++) {
        if (c >= t->start && c <= (t->end != 0 ? t->end : t->start))
            return true;
    }
    return false;
}

static bool forbidden(uint32_t c)
{
    static const Stringprep_table_element *const tables[] = {
        stringprep_rfc3454_C_1_2, stringprep_rfc3454_C_2_1, stringprep_rfc3454_C_2_2,
        stringprep_rfc3454_C_3,   stringprep_rfc3454_C_4,   stringprep_rfc3454_C_5,
        stringprep_rfc3454_C_6,   stringprep_rfc3454_C_7,   stringprep_rfc3454_C_8,
        stringprep_rfc3454_C_9,   stringprep_rfc3454_A_1,
    };

    for (size_t i = 0; i < PGSEAL_COUNT(tables); i++) {
        if (in_table(tables[i], c))
            return true;
    }
    return false;
}

/* RFC 3629: shortest form, no surrogates, up to U+10FFFF. Bytes of the character, or 0. */
static size_t decode(const uint8_t *p, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    uint32_t c = n == 1 ? *p : n > 0 ? *p & (0x7fu >> n) : 0;

    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) /* also the NUL at the end */
            return 0;
        c = c << 6 | (p[i] & 63);
    }
    if (c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return 0;
    *out = c;
    return n;
}

/* Decodes and maps (RFC 4013 2.1). Number of code points, or -1 when it is not UTF-8. */
static long map(const char *password, uint32_t *out)
{
    const uint8_t *p = (const uint8_t *)password;
    long n = 0;

    while (*p != '\0') {
        uint32_t c = 0;
        size_t len = decode(p, &c);

        if (len == 0)
            return -1;
        p += len;
        /* U+200B is in both tables; libpq looks for blanks first. */
        if (in_table(stringprep_rfc3454_C_1_2, c))
            out[n++] = ' ';
        else if (!in_table(stringprep_rfc3454_B_1, c))
            out[n++] = c;
    }
    return n;
}

/* RFC 3454 section 6, requirements 2 and 3. */
static bool bidi_fine(const uint32_t *p, long n)
{
    bool rtl = false, ltr = false;

    for (long i = 0; i < n; i++) {
        rtl |= in_table(stringprep_rfc3454_D_1, p[i]);
        ltr |= in_table(stringprep_rfc3454_D_2, p[i]);
    }
    return !rtl || (!ltr && in_table(stringprep_rfc3454_D_1, p[0]) &&
                    in_table(stringprep_rfc3454_D_1, p[n - 1]));
}

static bool allowed(const uint32_t *p, long n)
{
    for (long i = 0; i < n; i++) {
        if (forbidden(p[i]))
            return false;
    }
    return n > 0 && bidi_fine(p, n);
}

/*
 * libidn normalizes by Unicode 3.2. Two corrections came later, and PostgreSQL has them:
 * Corrigendum #4, five ideographs whose decomposition was wrong ...
 */
static uint32_t corrected(uint32_t c)
{
    switch (c) {
    case 0x2f868:
        return 0x36fc;
    case 0x2f874:
        return 0x5f53;
    case 0x2f91f:
        return 0x243ab;
    case 0x2f95f:
        return 0x7aee;
    case 0x2f9bf:
        return 0x45d7;
    default:
        return c;
    }
}

/*
 * ... and Corrigendum #5 (PR-29): behind a mark no starter composes with what is before the mark.
 * So the text is normalized in pieces that end there. libidn tells a mark only by reordering it:
 * all classes but 0 are below that of U+0345, 240. 1, 0, or -1 when memory is out.
 */
static int is_mark(uint32_t c)
{
    const uint32_t pair[2] = {0x345, c};
    uint32_t *out;
    int rc;

    if (c < 0x300 || c == 0x345)
        return c == 0x345;
    out = stringprep_ucs4_nfkc_normalize(pair, 2);
    if (out == NULL)
        return -1;
    rc = out[0] != 0x345;
    free(out);
    return rc;
}

/* Normalizes one piece into UTF-8. Length, or < 0 when it does not fit or memory is out. */
static int normalize_piece(const uint32_t *p, size_t n, char *out, size_t cap)
{
    uint32_t *nfkc = stringprep_ucs4_nfkc_normalize(p, (ssize_t)n);
    size_t len = 0, count = 0;
    char *text;
    int rc = PGSEAL_E_NOMEM;

    if (nfkc == NULL)
        return rc;
    while (nfkc[count] != 0)
        count++;
    text = stringprep_ucs4_to_utf8(nfkc, (ssize_t)count, NULL, &len);
    if (text != NULL)
        rc = len < cap ? (int)len : PGSEAL_E_LIMIT;
    if (rc >= 0)
        memcpy(out, text, len + 1);
    pgseal__wipe(nfkc, count * sizeof(*nfkc));
    pgseal__wipe(text, len);
    free(nfkc);
    free(text);
    return rc;
}

static int normalize(uint32_t *p, long n, char *out, size_t cap)
{
    long from = 0;
    int len = 0, was_mark = 0;

    for (long i = 0; i <= n; i++) {
        int mark = i < n ? is_mark(p[i]) : 0;

        if (mark < 0)
            return PGSEAL_E_NOMEM;
        if (i == n || (was_mark && !mark)) {
            int rc = normalize_piece(p + from, (size_t)(i - from), out + len, cap - (size_t)len);

            if (rc < 0)
                return rc;
            len += rc;
            from = i;
        }
        was_mark = mark;
        if (i < n)
            p[i] = corrected(p[i]);
    }
    return len;
}

static bool is_ascii(const char *p)
{
    for (; *p != '\0'; p++) {
        if ((uint8_t)*p >= 0x80)
            return false;
    }
    return true;
}

int pgseal_saslprep(const char *password, char *out, size_t cap)
{
    size_t len = strlen(password);
    uint32_t *points;
    long n;
    int rc = -1;

    if (len >= cap || len > PGSEAL_PASSWORD_MAX)
        return PGSEAL_E_LIMIT;
    memcpy(out, password, len + 1);
    if (is_ascii(password))
        return (int)len;
    points = pgseal__alloc((len + 1) * sizeof(*points));
    if (points == NULL)
        return PGSEAL_E_NOMEM;
    n = map(password, points);
    if (n >= 0 && allowed(points, n))
        rc = normalize(points, n, out, cap);
    else
        rc = (int)len; /* as it is: RFC 5802 would refuse, PostgreSQL uses the bytes */
    pgseal__wipe_free(points, (len + 1) * sizeof(*points));
    return rc;
}

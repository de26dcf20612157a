/* SPDX-License-Identifier: PostgreSQL */
/* Client encodings: bytes of a character and the columns it takes, as libpq counts them. */
#include "text_int.h"

struct range {
    uint32_t first, last;
};
#include "width_tab.h"

#define SS2 0x8e
#define SS3 0x8f

/* PG15 src/common/encnames.c: only the encodings that are not one byte a character. */
static const struct {
    const char *name;
    enum cli_enc enc;
} ENCODINGS[] = {
    {"UTF8", CLI_ENC_UTF8},
    {"EUC_JP", CLI_ENC_EUC_JP},
    {"EUC_JIS_2004", CLI_ENC_EUC_JP},
    {"EUC_KR", CLI_ENC_EUC_KR},
    {"JOHAB", CLI_ENC_EUC_KR},
    {"EUC_CN", CLI_ENC_EUC_CN},
    {"EUC_TW", CLI_ENC_EUC_TW},
    {"SJIS", CLI_ENC_SJIS},
    {"SHIFT_JIS_2004", CLI_ENC_SJIS},
    {"BIG5", CLI_ENC_TWO},
    {"GBK", CLI_ENC_TWO},
    {"UHC", CLI_ENC_TWO},
    {"GB18030", CLI_ENC_GB18030},
    {"MULE_INTERNAL", CLI_ENC_MULE},
};

enum cli_enc cli_enc_find(const char *name)
{
    if (name != NULL)
        for (size_t i = 0; i < PGSEAL_COUNT(ENCODINGS); i++)
            if (pgseal__strcasecmp(ENCODINGS[i].name, name) == 0)
                return ENCODINGS[i].enc;
    return CLI_ENC_SINGLE;
}

bool cli_enc_unsafe(enum cli_enc enc)
{
    return enc == CLI_ENC_SJIS || enc == CLI_ENC_TWO || enc == CLI_ENC_GB18030;
}

static size_t utf8_len(uint8_t c)
{
    if ((c & 0x80) == 0)
        return 1;
    if ((c & 0xe0) == 0xc0)
        return 2;
    if ((c & 0xf0) == 0xe0)
        return 3;
    return (c & 0xf8) == 0xf0 ? 4 : 1;
}

/* Leading bytes of MULE_INTERNAL: LC1, private LC1, LC2, private LC2 (pg_wchar.h). */
static size_t mule_len(uint8_t c)
{
    if (c >= 0x81 && c <= 0x8d)
        return 2;
    if (c == 0x9a || c == 0x9b)
        return 3;
    if (c >= 0x90 && c <= 0x99)
        return 3;
    return c == 0x9c || c == 0x9d ? 4 : 1;
}

size_t cli_enc_len(enum cli_enc enc, const uint8_t *p, size_t n)
{
    uint8_t c = p[0];

    switch (enc) {
    case CLI_ENC_SINGLE:
        return 1;
    case CLI_ENC_UTF8:
        return utf8_len(c);
    case CLI_ENC_EUC_JP:
    case CLI_ENC_EUC_KR:
        return c == SS3 ? 3 : c & 0x80 ? 2 : 1;
    case CLI_ENC_EUC_CN:
        return c & 0x80 ? 2 : 1;
    case CLI_ENC_EUC_TW:
        return c == SS2 ? 4 : c == SS3 ? 3 : c & 0x80 ? 2 : 1;
    case CLI_ENC_SJIS:
        return c >= 0xa1 && c <= 0xdf ? 1 : c & 0x80 ? 2 : 1;
    case CLI_ENC_TWO:
        return c & 0x80 ? 2 : 1;
    case CLI_ENC_GB18030:
        if ((c & 0x80) == 0)
            return 1;
        return n > 1 && p[1] >= 0x30 && p[1] <= 0x39 ? 4 : 2;
    case CLI_ENC_MULE:
        return mule_len(c);
    }
    return 1;
}

static int ascii_width(uint8_t c)
{
    if (c == 0)
        return 0;
    return c < 0x20 || c == 0x7f ? -1 : 1;
}

static bool in_ranges(const struct range *r, size_t n, uint32_t cp)
{
    size_t lo = 0;

    if (cp < r[0].first || cp > r[n - 1].last)
        return false;
    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;

        if (cp > r[mid].last)
            lo = mid + 1;
        else if (cp < r[mid].first)
            n = mid;
        else
            return true;
    }
    return false;
}

int cli_ucs_width(uint32_t cp)
{
    if (cp == 0)
        return 0;
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp > 0x10ffff)
        return -1;
    if (cp < 0x300)
        return 1;
    if (in_ranges(zero_width, PGSEAL_COUNT(zero_width), cp))
        return 0;
    return in_ranges(double_width, PGSEAL_COUNT(double_width), cp) ? 2 : 1;
}

/* No check of what follows the first byte: libpq does none either. */
static uint32_t utf8_decode(const uint8_t *p)
{
    switch (utf8_len(p[0])) {
    case 2:
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    case 3:
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    case 4:
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    default:
        return p[0] < 0x80 ? p[0] : 0xffffffffu;
    }
}

int cli_enc_width(enum cli_enc enc, const uint8_t *p, size_t n)
{
    uint8_t c = p[0];

    switch (enc) {
    case CLI_ENC_SINGLE:
        break;
    case CLI_ENC_UTF8:
        return n < utf8_len(c) ? -1 : cli_ucs_width(utf8_decode(p));
    case CLI_ENC_EUC_JP:
        if (c == SS2)
            return 1;
        return c & 0x80 ? 2 : ascii_width(c);
    case CLI_ENC_EUC_KR:
    case CLI_ENC_EUC_CN:
    case CLI_ENC_EUC_TW:
    case CLI_ENC_TWO:
    case CLI_ENC_GB18030:
        return c & 0x80 ? 2 : ascii_width(c);
    case CLI_ENC_SJIS:
        return c >= 0xa1 && c <= 0xdf ? 1 : c & 0x80 ? 2 : ascii_width(c);
    case CLI_ENC_MULE:
        if (c >= 0x81 && c <= 0x8d)
            return 1;
        if (c == 0x9a || c == 0x9b)
            return 1;
        return mule_len(c) > 1 ? 2 : 1;
    }
    return ascii_width(c);
}

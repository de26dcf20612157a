/* SPDX-License-Identifier: PostgreSQL */
/* Text that is safe to show: bounded formatting, escaping of a peer's bytes, times. */
#include "core/base/base.h"

#include <inttypes.h>

int pgseal__vformat(char *out, size_t cap, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, cap, fmt, ap);

    if (n < 0) {
        if (cap > 0)
            out[0] = '\0';
        return 0;
    }
    if ((size_t)n >= cap && cap >= 4)
        memcpy(out + cap - 4, "...", 4);
    return n;
}

int pgseal__format(char *out, size_t cap, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = pgseal__vformat(out, cap, fmt, ap);
    va_end(ap);
    return n;
}

void pgseal__append(char *out, size_t cap, const char *fmt, ...)
{
    size_t used = strnlen(out, cap);
    va_list ap;

    if (used + 1 >= cap)
        return;
    va_start(ap, fmt);
    pgseal__vformat(out + used, cap - used, fmt, ap);
    va_end(ap);
}

static bool is_bidi_or_invisible(uint32_t cp)
{
    return (cp >= 0x80 && cp <= 0x9f) || cp == 0x061c || (cp >= 0x200b && cp <= 0x200f) ||
           (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x2069) || cp == 0xfeff ||
           (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe007f);
}

/* Unicode 3.9, table 3-7. */
size_t pgseal__shown_utf8(const uint8_t *p, size_t n)
{
    size_t len;
    uint32_t cp;
    uint32_t least;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2, cp = p[0] & 0x1fu, least = 0x80;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3, cp = p[0] & 0x0fu, least = 0x800;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4, cp = p[0] & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        cp = (cp << 6) | (p[i] & 0x3fu);
    }
    if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff) || is_bidi_or_invisible(cp))
        return 0;
    return len;
}

char *pgseal__escape(char *out, size_t cap, const void *data, size_t n, size_t max)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *p = data;
    bool cut = n > max;
    size_t used = 0;

    if (cap == 0)
        return out;
    if (cut)
        n = max;
    for (size_t i = 0; i < n;) {
        size_t len =
            p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\' ? 1 : pgseal__shown_utf8(p + i, n - i);
        size_t need = len > 0 ? len : 4;

        if (used + need + 4 > cap) {
            cut = true;
            break;
        }
        if (len > 0) {
            memcpy(out + used, p + i, len);
        } else {
            const char code[4] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};

            memcpy(out + used, code, sizeof(code));
            len = 1;
        }
        used += need;
        i += len;
    }
    if (cut && used + 4 <= cap) {
        memcpy(out + used, "...", 3);
        used += 3;
    }
    out[used] = '\0';
    return out;
}

/* Days since 1970-01-01 to year, month, day in the proleptic Gregorian calendar. */
static void civil(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468; /* from 0000-03-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2 ? 1 : 0);
}

char *pgseal__utc(char out[40], int64_t unix_s)
{
    int64_t days = unix_s / 86400;
    int rest = (int)(unix_s % 86400);
    int64_t year;
    int month;
    int day;

    if (rest < 0) {
        rest += 86400;
        days--;
    }
    civil(days, &year, &month, &day);
    snprintf(out, 40, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d UTC", year, month, day, rest / 3600,
             rest / 60 % 60, rest % 60);
    return out;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

int pgseal__strcasecmp(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) - lower(*b);
}

bool pgseal__is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

uint16_t pgseal__get16(const uint8_t *p)
{
    return (uint16_t)((p[0] << 8) | p[1]);
}

uint32_t pgseal__get32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

void pgseal__put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void pgseal__put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

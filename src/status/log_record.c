/* SPDX-License-Identifier: PostgreSQL */
/* One record of a log that is text: time, process and address out of whatever prefix it has. */
#include "log_int.h"

#include "core/base/base.h"

#include <arpa/inet.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* "2026-11-23 17:21:57", 19 bytes. */
static bool stamp(const char *p)
{
    static const char SHAPE[] = "0000-00-00 00:00:00";

    for (size_t i = 0; i < sizeof(SHAPE) - 1; i++)
        if (SHAPE[i] == '0' ? !digit(p[i]) : p[i] != SHAPE[i])
            return false;
    return true;
}

/* Letters of a zone ("UTC", "CEST") or "+09", "-03", "+05:30"; 0 when there is none. */
static size_t zone(struct status_span s)
{
    size_t n = 0;

    if (s.n > 0 && (s.p[0] == '+' || s.p[0] == '-')) {
        n = 1;
        while (n < s.n && n < 6 && (digit(s.p[n]) || (s.p[n] == ':' && n == 3)))
            n++;
        return n > 2 ? n : 0;
    }
    while (n < s.n && n < 8 && upper(s.p[n]))
        n++;
    return n > 1 ? n : 0;
}

size_t status__time(struct status_span s, bool fraction)
{
    size_t n = 19, z;

    if (s.n < n || !stamp(s.p))
        return 0;
    if (n < s.n && s.p[n] == '.') {
        n++;
        while (n < s.n && n < 27 && digit(s.p[n]))
            n++;
    } else if (fraction) {
        return 0;
    }
    if (n >= s.n || s.p[n] != ' ')
        return n;
    z = zone(status__behind(s, n + 1));
    return z > 0 ? n + 1 + z : n;
}

/* The words elog.c puts between prefix and text: error_severity() and send_message_to_server_log().
 */
static bool is_severity(const char *p, size_t n)
{
    static const char *const WORDS[] = {
        "LOG",     "FATAL",  "STATEMENT", "ERROR",  "DETAIL",   "HINT",      "WARNING",
        "CONTEXT", "NOTICE", "PANIC",     "INFO",   "QUERY",    "DEBUG",     "DEBUG1",
        "DEBUG2",  "DEBUG3", "DEBUG4",    "DEBUG5", "LOCATION", "BACKTRACE",
    };

    for (size_t i = 0; i < PGSEAL_COUNT(WORDS); i++)
        if (strlen(WORDS[i]) == n && memcmp(WORDS[i], p, n) == 0)
            return true;
    return false;
}

/*
 * The first severity of the line ends the prefix: what is behind it may quote others
 * (log_statement), and only a name in the prefix could come before it.
 */
static bool find_severity(struct status_span line, size_t *word, size_t *text)
{
    size_t from = 0;

    for (;;) {
        struct status_span rest = status__behind(line, from);
        size_t at = status__find(rest, ":  ");
        size_t n = 0;

        if (at == SIZE_MAX)
            return false;
        at += from;
        while (n < at - from && (upper(line.p[at - n - 1]) || digit(line.p[at - n - 1])))
            n++;
        while (n > 0 && digit(line.p[at - n])) /* "... 12345LOG:" of "%p" without a blank */
            n--;
        if (n > 0 && is_severity(line.p + at - n, n)) {
            *word = at - n;
            *text = at + 3;
            return true;
        }
        from = at + 3;
    }
}

static bool name_char(char c)
{
    return digit(c) || upper(c) || (c >= 'a' && c <= 'z') || c == '.' || c == ':' || c == '%' ||
           c == '-' || c == '_';
}

/* ":::1" is a separator and "::1"; ":10.0.0.5" a separator and an address; "::1" itself. */
static struct status_span without_separator(struct status_span s)
{
    if (s.n > 1 && s.p[0] == ':' && (s.p[1] != ':' || (s.n > 2 && s.p[2] == ':')))
        return status__behind(s, 1);
    return s;
}

/* %r: "10.0.0.5(51234)". */
static bool address_and_port(struct status_span s, struct status_span *out)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t from = i, to = i + 1;

        if (s.p[i] != '(')
            continue;
        while (from > 0 && name_char(s.p[from - 1]))
            from--;
        while (to < s.n && digit(s.p[to]))
            to++;
        if (from < i && to > i + 1 && to < s.n && s.p[to] == ')') {
            *out = without_separator((struct status_span){s.p + from, i - from});
            return out->n > 0;
        }
    }
    return false;
}

static bool is_address(struct status_span s)
{
    char text[INET6_ADDRSTRLEN + 1];
    uint8_t bytes[16];

    if (s.n < 2 || s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (strlen(text) != s.n)
        return false;
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* %h: a word of the prefix that is an address. */
static bool bare_address(struct status_span s, struct status_span *out)
{
    static const char BETWEEN[] = " \t,;=<>|[]()@/";
    size_t from = 0;

    for (size_t i = 0; i <= s.n; i++) {
        struct status_span word;

        if (i < s.n && strchr(BETWEEN, s.p[i]) == NULL)
            continue;
        word = without_separator((struct status_span){s.p + from, i - from});
        if (word.n > 0 && word.p[word.n - 1] == ':' && !status__ends(word, "::"))
            word.n--;
        if (is_address(word)) {
            *out = word;
            return true;
        }
        from = i + 1;
    }
    return false;
}

static void find_address(struct status_span prefix, struct status_span *out)
{
    size_t at;

    if (address_and_port(prefix, out))
        return;
    at = status__find(prefix, "[local]");
    if (at != SIZE_MAX) {
        *out = (struct status_span){prefix.p + at, strlen("[local]")};
        return;
    }
    (void)bare_address(prefix, out);
}

static int hex(char c)
{
    if (digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %c: "6b047635.7eee", time of start and process in hexadecimal. */
static uint32_t session_pid(struct status_span s)
{
    for (size_t i = 8; i + 1 < s.n; i++) {
        size_t n = 0;
        uint64_t v = 0;
        bool ok = s.p[i] == '.' && (i == 8 || hex(s.p[i - 9]) < 0);

        for (size_t k = 1; ok && k <= 8; k++)
            ok = hex(s.p[i - k]) >= 0;
        while (ok && n < 9 && i + 1 + n < s.n && hex(s.p[i + 1 + n]) >= 0)
            v = v * 16 + (uint64_t)hex(s.p[i + 1 + n++]);
        if (ok && n > 0 && v > 0 && v <= UINT32_MAX)
            return (uint32_t)v;
    }
    return 0;
}

/*
 * %p: "[32565]"; syslog has it too. `continued` is set by syslog's "[7-2]": the second piece of a
 * message that was cut, which begins anywhere in it.
 */
static uint32_t find_pid(struct status_span s, bool *continued)
{
    uint32_t pid = 0, v = 0;

    for (size_t i = 0; i < s.n; i++) {
        struct status_span inside;
        size_t n = 0, dash;

        if (s.p[i] != '[')
            continue;
        inside = status__behind(s, i + 1);
        while (n < inside.n && (digit(inside.p[n]) || inside.p[n] == '-'))
            n++;
        if (n == inside.n || inside.p[n] != ']')
            continue;
        inside = status__before(inside, n);
        if (pid == 0 && status__number(inside, &v))
            pid = v;
        dash = status__find(inside, "-");
        if (dash != SIZE_MAX && status__number(status__behind(inside, dash + 1), &v) && v > 1)
            *continued = true;
    }
    return pid != 0 ? pid : session_pid(s);
}

/* log_error_verbosity = verbose: "00000: " before the text. */
static struct status_span without_state(struct status_span s)
{
    if (s.n < 7 || s.p[5] != ':' || s.p[6] != ' ')
        return s;
    for (size_t i = 0; i < 5; i++)
        if (!digit(s.p[i]) && !upper(s.p[i]))
            return s;
    return status__behind(s, 7);
}

bool status__record_text(struct status_span line, struct status_record *r)
{
    struct status_span rest, severity;
    size_t word, text, n, at;
    bool continued = false;

    *r = (struct status_record){0};
    /* elog.c append_with_tabs(): a line that begins with a tab goes on with the record before. */
    if (line.n == 0 || line.p[0] == '\t' || !find_severity(line, &word, &text))
        return false;
    severity = (struct status_span){line.p + word, text - 3 - word};
    if (!status__severity(severity, r))
        return false;
    r->message = without_state(status__behind(line, text));
    at = status__find(r->message, "\t"); /* aws logs --output text has more columns */
    if (at != SIZE_MAX)
        r->message.n = at;
    r->prefix = status__before(line, word);
    rest = r->prefix;
    for (at = 0; at < rest.n && at < 200; at++) { /* "<%t ...", syslog's own stamp */
        n = status__time(status__behind(rest, at), false);
        if (n > 0) {
            r->when = (struct status_span){rest.p + at, n};
            rest = status__behind(rest, at + n);
            break;
        }
    }
    if (!r->fatal && !status__tells(r->message)) /* most lines: statements */
        return true;
    r->pid = find_pid(r->prefix, &continued);
    find_address(rest, &r->address);
    return !continued;
}

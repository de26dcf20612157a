/* SPDX-License-Identifier: PostgreSQL */
/* Prints messages as libpq 18's PQtrace() does, secrets masked. */
#include "wire_int.h"

#include "core/base/base.h"

#include <pgseal/wire.h>

/* One message on its way to the queue. A field that does not fit sets r.bad and ends the line. */
struct printer {
    struct pgseal_buf *out;
    struct pgseal_reader r;
    struct pgseal_err *err;
    int rc;
};

static void put(struct printer *o, const void *p, size_t n)
{
    if (o->rc == 0)
        o->rc = pgseal_buf_append(o->out, p, n, o->err);
}

static void put_text(struct printer *o, const char *s)
{
    put(o, s, strlen(s));
}

static void put_f(struct printer *o, const char *fmt, ...) PGSEAL_PRINTF(2, 3);

static void put_f(struct printer *o, const char *fmt, ...)
{
    char text[96];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    put_text(o, text);
}

/* Bytes with \xNN for each one that `plain` does not let pass, in as few pieces as possible. */
static void put_escaped(struct printer *o, const uint8_t *p, size_t n,
                        size_t (*plain)(const uint8_t *p, size_t n))
{
    static const char hex[] = "0123456789abcdef";
    size_t done = 0;

    for (size_t i = 0; i < n;) {
        size_t len = plain(p + i, n - i);

        if (len == 0) {
            const char code[4] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};

            put(o, p + done, i - done);
            put(o, code, sizeof(code));
            done = ++i;
        } else {
            i += len;
        }
    }
    put(o, p + done, n - done);
}

/* isprint() of the C locale: how libpq prints binary data. */
static size_t plain_byte(const uint8_t *p, size_t n)
{
    return *p >= 0x20 && *p < 0x7f;
}

/*
 * libpq prints a string as it is. Here what commands a terminal is not let through: control
 * characters but newline and tab, what is no UTF-8, and what reorders or hides text.
 */
static size_t plain_text(const uint8_t *p, size_t n)
{
    if (*p >= 0x80)
        return pgseal__shown_utf8(p, n);
    return *p == '\n' || *p == '\t' || (*p >= 0x20 && *p != 0x7f);
}

static void field_string(struct printer *o)
{
    const char *s = pgseal_read_str(&o->r);

    if (o->r.bad)
        return;
    put(o, " \"", 2);
    put_escaped(o, (const uint8_t *)s, strlen(s), plain_text);
    put(o, "\"", 1);
}

static uint8_t field_byte(struct printer *o)
{
    uint8_t c = pgseal_read_u8(&o->r);

    if (!o->r.bad)
        put_f(o, plain_byte(&c, 1) ? " %c" : " \\x%02x", c);
    return c;
}

/* Printed unsigned: -1, as in a type length, is 65535. */
static uint16_t field_int16(struct printer *o)
{
    uint16_t v = pgseal_read_u16(&o->r);

    if (!o->r.bad)
        put_f(o, " %u", v);
    return v;
}

static int32_t field_int32(struct printer *o)
{
    int32_t v = (int32_t)pgseal_read_u32(&o->r);

    if (!o->r.bad)
        put_f(o, " %d", v);
    return v;
}

static void field_bytes(struct printer *o, size_t n)
{
    const uint8_t *p = pgseal_read_bytes(&o->r, n);

    if (p == NULL)
        return;
    put(o, " '", 2);
    put_escaped(o, p, n, plain_byte);
    put(o, "'", 1);
}

static void field_counted(struct printer *o)
{
    int32_t n = field_int32(o);

    if (o->r.bad || n == -1)
        return;
    if (n < 0)
        o->r.bad = true;
    else
        field_bytes(o, (size_t)n);
}

static void field_secret(struct printer *o)
{
    pgseal_read_bytes(&o->r, o->r.n);
    put_text(o, " ****");
}

/* Byte1 and String, up to a zero byte, which is printed. */
static void fields_notice(struct printer *o)
{
    while (field_byte(o) != '\0')
        field_string(o);
}

static bool at_empty_string(struct printer *o)
{
    return o->r.n > 0 && *o->r.p == '\0';
}

static void print_shape(struct printer *o, const char *s, const char *end);

/* The group that begins at s, as often as the count in the body says. */
static void print_group(struct printer *o, const char *s, const char *end)
{
    int32_t count = *s == '[' ? field_int16(o) : field_int32(o);

    for (int32_t i = 0; i < count && !o->r.bad; i++)
        print_shape(o, s + 1, end);
}

static void print_field(struct printer *o, char shape)
{
    switch (shape) {
    case 'c':
        field_byte(o);
        break;
    case 'h':
        field_int16(o);
        break;
    case 'i':
        field_int32(o);
        break;
    case 's':
        field_string(o);
        break;
    case 'n':
        field_counted(o);
        break;
    case 'b':
        field_bytes(o, o->r.n);
        break;
    case 'w':
        while (o->r.n >= 2 && o->rc == 0)
            field_int16(o);
        break;
    case 'f':
        fields_notice(o);
        break;
    case 'l':
        while (!at_empty_string(o) && !o->r.bad)
            field_string(o);
        field_string(o);
        break;
    case 'p':
        while (!at_empty_string(o) && !o->r.bad) {
            field_string(o);
            field_string(o);
        }
        break;
    case '*':
        field_secret(o);
        break;
    }
}

static void print_shape(struct printer *o, const char *s, const char *end)
{
    for (; s < end && !o->r.bad && o->rc == 0; s++) {
        if (*s == '[' || *s == '{') {
            const char *close = strchr(s, *s == '[' ? ']' : '}');

            print_group(o, s, close);
            s = close;
        } else {
            print_field(o, *s);
        }
    }
}

static void print_row(struct printer *o, const struct pgseal__message *m)
{
    put_text(o, m->name);
    if (m->shape[0] != '\0')
        put(o, "\t", 1);
    print_shape(o, m->shape, m->shape + strlen(m->shape));
}

static void print_auth(struct printer *o)
{
    uint32_t request = pgseal_read_u32(&o->r);
    const struct pgseal__message *m = pgseal__message_find(PGSEAL__MESSAGE_AUTH, request);

    if (o->r.bad)
        put_text(o, "Authentication");
    else if (m == NULL || m->shape[0] == '~')
        put_f(o, "Unknown authentication message %d", (int32_t)request);
    else
        print_row(o, m);
}

static bool mechanism_is_public(const char *name)
{
    return strcmp(name, "SCRAM-SHA-256") == 0 || strcmp(name, "SCRAM-SHA-256-PLUS") == 0 ||
           strcmp(name, "OAUTHBEARER") == 0;
}

/*
 * The four messages that share 'p' have no mark of their own; libpq remembers what it was asked. A
 * string of a known mechanism, a length and as many bytes is SASLInitialResponse; a lone string is
 * PasswordMessage; the rest is SASLResponse (GSS is never answered by pgseal). A wrong guess gives
 * a wrong name and shows nothing.
 */
static void print_password(struct printer *o)
{
    struct pgseal_reader r = o->r;
    const char *s = pgseal_read_str(&r);
    bool lone = !r.bad && r.n == 0;
    uint32_t len = pgseal_read_u32(&r);

    if (!r.bad && mechanism_is_public(s) && (len == r.n || (len == UINT32_MAX && r.n == 0))) {
        put_text(o, "SASLInitialResponse\t");
        field_string(o);
        field_int32(o);
        if (o->r.n > 0)
            field_secret(o);
        return;
    }
    put_text(o, lone ? "PasswordMessage\t" : "SASLResponse\t");
    field_secret(o);
}

/* As libpq, a message from the wrong side is printed as what its type byte says. */
static void print_typed(struct printer *o, bool from_frontend, uint8_t type)
{
    const enum pgseal__message_kind kinds[2] = {PGSEAL__MESSAGE_B, PGSEAL__MESSAGE_F};
    const struct pgseal__message *m = pgseal__message_find(kinds[from_frontend], type);

    if (m == NULL)
        m = pgseal__message_find(kinds[!from_frontend], type);
    if (m == NULL)
        put_f(o, "Unknown message: %02x", (unsigned)(int)(int8_t)type);
    else if (type == 'p')
        print_password(o);
    else if (type == 'R')
        print_auth(o);
    else
        print_row(o, m);
}

static void print_untyped(struct printer *o, bool from_frontend)
{
    struct pgseal_reader r = o->r;
    uint32_t code = pgseal_read_u32(&r);
    const struct pgseal__message *m;

    if (!from_frontend) {
        m = pgseal__message_find(PGSEAL__MESSAGE_REPLY, 0);
    } else if (r.bad) {
        put_text(o, "Unknown message");
        return;
    } else {
        m = pgseal__message_find(PGSEAL__MESSAGE_FIRST, code);
        if (m == NULL)
            m = pgseal__message_find(PGSEAL__MESSAGE_FIRST, 0);
    }
    print_row(o, m);
}

/* libpq's second line; messages without type byte get none there. */
static void print_mismatch(struct printer *o, size_t n)
{
    if (o->r.bad)
        put_f(o, "mismatched message length: consumed all %zu, more expected\n", n + 4);
    else if (o->r.n > 0)
        put_f(o, "mismatched message length: consumed %zu, expected %zu\n", n - o->r.n + 4, n + 4);
}

int pgseal_trace_print(struct pgseal_buf *out, bool from_frontend, uint8_t type,
                       const uint8_t *body, size_t n, struct pgseal_err *err)
{
    struct printer o = {.out = out, .r = pgseal_reader(body, n), .err = err};
    size_t before = pgseal_buf_len(out);
    bool reply = type == 0 && !from_frontend;

    put_f(&o, "%c\t%zu\t", from_frontend ? 'F' : 'B', reply ? n : n + 4);
    if (type == 0)
        print_untyped(&o, from_frontend);
    else
        print_typed(&o, from_frontend, type);
    put(&o, "\n", 1);
    if (type != 0 || o.r.bad)
        print_mismatch(&o, n);
    if (o.rc < 0)
        pgseal_buf_unappend(out, pgseal_buf_len(out) - before);
    return o.rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* A hostile server authenticates us: any requests in any order, under any requirement. */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/auth.h>
#include <pgseal/wire.h>

static int binding(void *ctx, uint8_t out[64], struct pgseal_err *err)
{
    memset(out, 0xb1, 32);
    return 32;
}

/* PBKDF2 over many iterations would only cost time. */
static bool asks_for_much(const uint8_t *p, size_t n)
{
    size_t digits = 0;

    for (; n > 0 && digits < 4; p++, n--)
        digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
    return digits >= 4;
}

/* What must never happen, whatever the server says. */
static void judge(int rc, const struct pgseal_options *opt, const struct pgseal_auth *a,
                  const struct pgseal_auth_options *o)
{
    struct pgseal_auth_facts f;

    pgseal_auth_facts(a, &f);
    if (rc == PGSEAL_READY && opt->channel_binding == PGSEAL_REQUIRE && !f.channel_bound)
        abort();
    if (rc == PGSEAL_READY && opt->require_auth == PGSEAL_AUTH_SCRAM && !f.server_proved)
        abort();
    if (f.password_used && o->strict && !o->verified)
        abort();
}

/* The answers are whole `p` messages. */
static void check_reply(struct pgseal_buf *reply)
{
    while (pgseal_buf_len(reply) > 0) {
        struct pgseal_frame f;
        long n =
            pgseal_frame_next(pgseal_buf_peek(reply), pgseal_buf_len(reply), 1 << 20, &f, NULL);

        if (n <= 0 || f.type != 'p')
            abort();
        pgseal_buf_consume(reply, (size_t)n);
    }
}

/* Input: one byte of settings, then requests: two bytes of length, the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t required[] = {0, PGSEAL_AUTH_SCRAM, PGSEAL_AUTH_PASSWORD,
                                        ~(uint32_t)PGSEAL_AUTH_PASSWORD};
    struct pgseal_options opt = {.user = "u"};
    struct pgseal_auth_options o = {.size = sizeof(o), .opt = &opt, .INSECURE_test_nonce = "nonce"};
    struct pgseal_buf reply;
    struct pgseal_auth *a;
    int rc = PGSEAL_MORE;

    if (size < 1 || asks_for_much(data, size))
        return 0;
    o.tls = (data[0] & 1) != 0;
    o.binding = o.tls ? binding : NULL;
    o.verified = (data[0] & 2) != 0;
    o.strict = (data[0] & 4) != 0;
    o.password = (data[0] & 8) != 0 ? "p\xc3\xa4ss" : NULL;
    opt.channel_binding = data[0] >> 4 & 1 ? PGSEAL_REQUIRE : PGSEAL_ALLOW_OR_PREFER;
    opt.sslcertmode = data[0] >> 5 & 1 ? PGSEAL_DISABLE : PGSEAL_ALLOW_OR_PREFER;
    opt.require_auth = required[data[0] >> 6];
    opt.require_auth_text = opt.require_auth != 0 ? "x" : NULL;
    a = pgseal_auth_new(&o, NULL);
    pgseal_buf_init(&reply, 1 << 16);
    data++;
    size--;
    while (a != NULL && rc == PGSEAL_MORE && size >= 2) {
        size_t n = (size_t)data[0] << 8 | data[1];
        struct pgseal_err err;

        n = n < size - 2 ? n : size - 2;
        rc = pgseal_auth_step(a, data + 2, n, &reply, &err);
        judge(rc, &opt, a, &o);
        check_reply(&reply);
        (void)pgseal_auth_warning(a);
        data += n + 2;
        size -= n + 2;
    }
    pgseal_buf_done(&reply);
    pgseal_auth_free(a);
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Runs a scenario whole, byte by byte and in random cuts, and compares the outcomes. */
#include "chunk.h"

#include "t.h"

#include <sys/random.h>

uint64_t t_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t t_seed(void)
{
    const char *given = getenv("PGSEAL_TEST_SEED");
    uint64_t seed = 1;

    if (given)
        return strtoull(given, NULL, 0);
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = 1;
    return seed;
}

size_t t_cut_take(struct t_cut *cut, size_t n)
{
    uint64_t r;
    size_t most;

    if (n == 0 || cut->mode == T_CUT_WHOLE)
        return n;
    if (cut->mode == T_CUT_BYTES)
        return 1;
    /* The logarithm is uniform: short pieces are as frequent as long ones. */
    r = t_random(&cut->state);
    most = (size_t)1 << (r & 15);
    if (most > n)
        most = n;
    return 1 + (size_t)((r >> 4) % most);
}

static void grow(struct t_outcome *o, size_t n)
{
    if (o->len + n <= o->cap)
        return;
    o->cap = (o->len + n) * 2;
    o->text = realloc(o->text, o->cap);
    assert_non_null(o->text);
}

void t_outcome_add(struct t_outcome *o, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert_true(n >= 0);
    grow(o, (size_t)n + 2);
    va_start(ap, fmt);
    vsnprintf(o->text + o->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    o->len += (size_t)n;
    o->text[o->len++] = '\n';
    o->text[o->len] = '\0';
}

void t_outcome_add_bytes(struct t_outcome *o, const char *label, const void *p, size_t n)
{
    const unsigned char *b = p;
    char *hex = malloc(2 * n + 1);
    size_t i;

    assert_non_null(hex);
    hex[0] = '\0';
    for (i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", b[i]);
    t_outcome_add(o, "%s %s", label, hex);
    free(hex);
}

void t_outcome_done(struct t_outcome *o)
{
    free(o->text);
    *o = (struct t_outcome){0};
}

void t_chunked(t_scenario fn, void *arg)
{
    struct t_outcome whole = {0};
    struct t_cut cut = {.mode = T_CUT_WHOLE};
    uint64_t seed = t_seed();
    int run;

    print_message("t_chunked: PGSEAL_TEST_SEED=%#llx repeats these cuts\n",
                  (unsigned long long)seed);
    fn(&cut, &whole, arg);
    /* A scenario that tells nothing would agree with everything. */
    assert_true(whole.len > 0);
    for (run = 0; run <= 20; run++) {
        struct t_outcome out = {0};

        cut.mode = run == 0 ? T_CUT_BYTES : T_CUT_RANDOM;
        cut.state = seed + (uint64_t)run;
        fn(&cut, &out, arg);
        if (!out.text || strcmp(whole.text, out.text) != 0) {
            print_error("outcome depends on the cut (%s, run %d, seed %#llx)\n"
                        "--- whole\n%s--- cut\n%s",
                        run == 0 ? "single bytes" : "random", run, (unsigned long long)seed,
                        whole.text, out.text ? out.text : "");
            t_outcome_done(&out);
            t_outcome_done(&whole);
            fail();
        }
        t_outcome_done(&out);
    }
    t_outcome_done(&whole);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Reads a log in a unit test, cut in every way, and compares what came of it. */
#ifndef LOG_EXPECT_H
#define LOG_EXPECT_H

#include "chunk.h"
#include "core/base/base.h"
#include "status/log.h"
#include "t.h"

#define TLS13 " SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"

/* What a sum knows, a line a group: "FATE user/database/address/application plain=1 ...". */
static void dump(struct status_sum *sum, struct t_outcome *out)
{
    static const char *const FATE[] = {"BREAKS", "MAYBE", "REFUSED", "RETRIES",
                                       "HIDDEN", "GSS",   "LOCAL",   "FINE"};

    status_sum_judge(sum);
    for (size_t i = 0; i < sum->n; i++) {
        const struct status_group *g = sum->group[i];
        char counts[256] = "";

        if (g->replication)
            pgseal__append(counts, sizeof(counts), " replication");
        if (g->plain > 0)
            pgseal__append(counts, sizeof(counts), " plain=%d", (int)g->plain);
        if (g->tls > 0)
            pgseal__append(counts, sizeof(counts), " tls=%d,%s,%s", (int)g->tls, g->version,
                           g->cipher);
        if (g->gss > 0)
            pgseal__append(counts, sizeof(counts), " gss=%d", (int)g->gss);
        if (g->refused > 0 || g->refused_encrypted > 0)
            pgseal__append(counts, sizeof(counts), " refused=%d+%d", (int)g->refused,
                           (int)g->refused_encrypted);
        t_outcome_add(out, "%s %s/%s/%s/%s%s", FATE[g->fate], g->user.p, g->database.p,
                      g->address.p, g->application.p, counts);
    }
}

struct log_text {
    const char *p;
    size_t n;
    struct status_log_facts facts;
    bool facts_too; /* they count the pieces' outcome as well */
};

static void scenario(struct t_cut *cut, struct t_outcome *out, void *arg)
{
    struct log_text *t = arg;
    struct status_sum sum;
    struct status_log *l;

    status_sum_init(&sum, 0);
    l = status_log_new(&sum, NULL);
    assert_non_null(l);
    for (size_t at = 0, piece; at < t->n; at += piece) {
        piece = t_cut_take(cut, t->n - at);
        assert_int_equal(status_log_feed(l, t->p + at, piece, NULL), 0);
    }
    assert_int_equal(status_log_end(l, NULL), 0);
    dump(&sum, out);
    t->facts = *status_log_facts(l);
    if (t->facts_too)
        t_outcome_add_bytes(out, "facts", &t->facts, sizeof(t->facts));
    status_log_free(l);
    status_sum_done(&sum);
}

/* Reads the log whole, byte by byte and in random pieces: all must give the same sum and facts. */
static void expect_n(const char *log, size_t n, const char *want, struct status_log_facts *facts)
{
    struct log_text t = {.p = log, .n = n, .facts_too = true};
    struct t_cut cut = {T_CUT_WHOLE, 0};
    struct t_outcome got = {0};

    t_chunked(scenario, &t);
    t.facts_too = false;
    scenario(&cut, &got, &t);
    assert_string_equal(got.text != NULL ? got.text : "", want);
    t_outcome_done(&got);
    if (facts != NULL)
        *facts = t.facts;
}

static void expect(const char *log, const char *want)
{
    expect_n(log, strlen(log), want, NULL);
}

#endif

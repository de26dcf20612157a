/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes reading a server's log: cut anywhere it gives the same sums, and sums are sums of its
 * lines. */
#include "core/base/base.h"
#include "fuzz.h"
#include "status/log.h"

/* Reads in pieces of `step` bytes (0: whole). */
static void read_log(const uint8_t *data, size_t size, size_t step, struct status_sum *sum,
                     struct status_log_facts *facts)
{
    struct status_log *l;

    status_sum_init(sum, 16); /* few, so that folding is met */
    l = status_log_new(sum, NULL);
    must(l != NULL);
    for (size_t at = 0; at < size;) {
        size_t n = step > 0 && step < size - at ? step : size - at;

        must(status_log_feed(l, data + at, n, NULL) == 0);
        at += n;
    }
    must(status_log_end(l, NULL) == 0);
    *facts = *status_log_facts(l);
    status_log_free(l);
    status_sum_judge(sum);
}

static uint64_t sessions(const struct status_sum *sum)
{
    uint64_t n = sum->internal;

    for (size_t i = 0; i < sum->n; i++) {
        const struct status_group *g = sum->group[i];

        must(strlen(g->user.p) == g->user.n && strlen(g->application.p) == g->application.n);
        must(g->user.n <= STATUS_NAME_MAX && g->address.n <= STATUS_NAME_MAX);
        must(i == 0 || sum->group[i - 1]->fate <= g->fate);
        must((g->fate == STATUS_FATE_BREAKS) == (g->plain > 0 && g->from == STATUS_FROM_NETWORK));
        n += g->plain + g->tls + g->gss;
    }
    return n;
}

/* Input: the log. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    long live = pgseal__alloc_live();
    struct status_log_facts whole, pieces;
    struct status_sum sum, other;
    size_t lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    read_log(data, size, 0, &sum, &whole);
    read_log(data, size, 7, &other, &pieces);
    must(memcmp(&whole, &pieces, sizeof(whole)) == 0);
    must(whole.bytes == size);
    must(whole.lines == lines || whole.lines == lines + 1);
    /* A login is a line of its own, counted once. */
    must(whole.plain + whole.tls + whole.gss + whole.local <= whole.lines);
    must(sessions(&sum) == whole.plain + whole.tls + whole.gss + whole.local);
    must(sum.n == other.n && sum.n <= 40);
    for (size_t i = 0; i < sum.n; i++)
        must(sum.group[i]->plain == other.group[i]->plain &&
             sum.group[i]->fate == other.group[i]->fate);
    status_sum_done(&sum);
    status_sum_done(&other);
    must(pgseal__alloc_live() == live);
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Sums sessions by user, database, address and application, and judges who would break. */
#include "status/candidates.h"

#include "log_int.h"

#include "core/base/base.h"

#include <search.h>

#define GROUPS_MAX 100000u

struct status_span status_span(const char *text)
{
    return (struct status_span){text, text != NULL ? strlen(text) : 0};
}

bool status_span_is(struct status_span s, const char *text)
{
    return s.n == strlen(text) && (s.n == 0 || memcmp(s.p, text, s.n) == 0);
}

static int compare_spans(struct status_span a, struct status_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* Without the application, which the message of a refused login does not have. */
static int compare_origins(const struct status_group *a, const struct status_group *b)
{
    int c = compare_spans(a->user, b->user);

    if (c == 0)
        c = compare_spans(a->database, b->database);
    if (c == 0)
        c = compare_spans(a->address, b->address);
    if (c == 0)
        c = (int)a->replication - (int)b->replication;
    return c;
}

static int compare_keys(const void *x, const void *y)
{
    const struct status_group *a = x, *b = y;
    int c = compare_origins(a, b);

    if (c == 0)
        c = compare_spans(a->application, b->application);
    if (c == 0)
        c = (int)a->from - (int)b->from;
    if (c == 0)
        c = (int)a->folded - (int)b->folded;
    return c;
}

void status_sum_init(struct status_sum *sum, size_t max)
{
    *sum = (struct status_sum){.max = max > 0 ? max : GROUPS_MAX};
}

/* tdestroy() is glibc's and musl's alike; the groups themselves are freed from the array. */
static void keep(void *node)
{
    (void)node;
}

void status_sum_done(struct status_sum *sum)
{
    tdestroy(sum->tree, keep);
    for (size_t i = 0; i < sum->n; i++)
        pgseal__free(sum->group[i]);
    pgseal__free(sum->group);
    *sum = (struct status_sum){0};
}

static struct status_span cut(struct status_span s)
{
    if (s.n > STATUS_NAME_MAX)
        s.n = STATUS_NAME_MAX;
    return s;
}

static struct status_span put(char **at, struct status_span s)
{
    struct status_span mine = {*at, s.n};

    for (size_t i = 0; i < s.n; i++)
        (*at)[i] = s.p[i] != '\0' ? s.p[i] : '?';
    (*at)[s.n] = '\0';
    *at += s.n + 1;
    return mine;
}

/* A copy of the key that stays, with its texts behind it. */
static struct status_group *copy_of(const struct status_group *key)
{
    size_t texts = key->user.n + key->database.n + key->address.n + key->application.n + 4;
    struct status_group *g = pgseal__alloc(sizeof(*g) + texts);
    char *at;

    if (g == NULL)
        return NULL;
    *g = *key;
    at = (char *)(g + 1);
    g->user = put(&at, key->user);
    g->database = put(&at, key->database);
    g->address = put(&at, key->address);
    g->application = put(&at, key->application);
    return g;
}

static bool room(struct status_sum *sum)
{
    struct status_group **more;
    size_t cap = sum->cap > 0 ? sum->cap * 2 : 64;

    if (sum->n < sum->cap)
        return true;
    more = pgseal__realloc(sum->group, cap * sizeof(struct status_group *));
    if (more == NULL)
        return false;
    sum->group = more;
    sum->cap = cap;
    return true;
}

static struct status_group *insert(struct status_sum *sum, const struct status_group *key)
{
    struct status_group *g;

    if (!room(sum))
        return NULL;
    g = copy_of(key);
    if (g == NULL)
        return NULL;
    if (tsearch(g, &sum->tree, compare_keys) == NULL) {
        pgseal__free(g);
        return NULL;
    }
    sum->group[sum->n++] = g;
    return g;
}

static struct status_group *find(struct status_sum *sum, const struct status_group *key)
{
    struct status_group *const *node = tfind(key, &sum->tree, compare_keys);

    return node != NULL ? *node : NULL;
}

static struct status_group *find_or_insert(struct status_sum *sum, struct status_group *key)
{
    struct status_group *g = find(sum, key);

    if (g != NULL)
        return g;
    if (sum->n >= sum->max) {
        /* Only what a person must know stays apart: who, and whether it is over the network. */
        key->folded = true;
        key->database = key->address = key->application = (struct status_span){"", 0};
        g = find(sum, key);
        if (g == NULL && sum->n >= sum->max + sum->max / 10 + 10) {
            key->user = key->database;
            g = find(sum, key);
        }
    }
    return g != NULL ? g : insert(sum, key);
}

static void count(struct status_group *g, const struct status_seen *seen)
{
    if (seen->refused && seen->by == STATUS_BY_PLAIN) {
        g->refused++;
        return;
    }
    if (seen->refused) {
        g->refused_encrypted++;
        return;
    }
    switch (seen->by) {
    case STATUS_BY_PLAIN:
        g->plain++;
        break;
    case STATUS_BY_TLS:
        g->tls++;
        break;
    case STATUS_BY_GSS:
        g->gss++;
        break;
    case STATUS_BY_HIDDEN:
        g->hidden++;
        break;
    }
}

static bool is_stamp(const char *time)
{
    return strlen(time) > 19 && time[4] == '-' && time[13] == ':';
}

/* Rotated logs may be read in any order; times of one shape and zone can be compared. */
void status__times(char first[STATUS_TIME_MAX], char last[STATUS_TIME_MAX], struct status_span when)
{
    char now[STATUS_TIME_MAX] = "";
    bool stamps;

    if (when.n == 0)
        return;
    pgseal__escape(now, sizeof(now), when.p, when.n, when.n);
    stamps = is_stamp(now);
    if (first[0] == '\0' || (stamps && is_stamp(first) && strncmp(now, first, 19) < 0))
        memcpy(first, now, sizeof(now));
    if (last[0] == '\0' || !stamps || !is_stamp(last) || strncmp(now, last, 19) >= 0)
        memcpy(last, now, sizeof(now));
}

static void note(struct status_group *g, const struct status_seen *seen)
{
    if (seen->by == STATUS_BY_TLS && !seen->refused) {
        pgseal__escape(g->version, sizeof(g->version), seen->version.p, seen->version.n,
                       sizeof(g->version));
        pgseal__escape(g->cipher, sizeof(g->cipher), seen->cipher.p, seen->cipher.n,
                       sizeof(g->cipher));
    }
    status__times(g->first, g->last, seen->when);
}

int status_sum_add(struct status_sum *sum, const struct status_seen *seen,
                   struct status_group **out, struct pgseal_err *err)
{
    struct status_group key = {.user = cut(seen->user),
                               .database = cut(seen->database),
                               .address = cut(seen->address),
                               .application = cut(seen->application),
                               .from = seen->from,
                               .replication = seen->replication};
    struct status_group *g;

    if (out != NULL)
        *out = NULL;
    if (status_span_is(seen->user, "rdsadmin")) {
        sum->internal += !seen->old && !seen->refused;
        return 0;
    }
    g = find_or_insert(sum, &key);
    if (g == NULL)
        return pgseal__nomem(err);
    sum->folded = sum->folded || g->folded;
    if (!seen->old)
        count(g, seen);
    g->samples += seen->sampled;
    note(g, seen);
    if (out != NULL)
        *out = g;
    return 0;
}

void status_sum_undo(struct status_group *g, enum status_by by)
{
    uint64_t *const n[] = {&g->plain, &g->tls, &g->gss, &g->hidden};

    if (*n[by] > 0)
        --*n[by];
}

static enum status_fate fate_of(const struct status_group *g, bool came_encrypted)
{
    if (g->from == STATUS_FROM_LOCAL)
        return STATUS_FATE_LOCAL;
    if (g->plain > 0)
        return g->from == STATUS_FROM_NETWORK ? STATUS_FATE_BREAKS : STATUS_FATE_MAYBE;
    if (g->hidden > 0)
        return STATUS_FATE_HIDDEN;
    /* With sslmode=prefer a login that pg_hba.conf refuses is refused twice, with TLS and without:
     * then it is not the missing encryption that it was refused for. */
    if (g->refused > g->refused_encrypted && g->tls == 0)
        return came_encrypted ? STATUS_FATE_RETRIES : STATUS_FATE_REFUSED;
    return g->gss > 0 && g->tls == 0 ? STATUS_FATE_GSS : STATUS_FATE_FINE;
}

static int by_origin(const void *x, const void *y)
{
    const struct status_group *const *a = x, *const *b = y;

    return compare_keys(*a, *b);
}

static int by_fate(const void *x, const void *y)
{
    const struct status_group *const *a = x, *const *b = y;

    if ((*a)->fate != (*b)->fate)
        return (int)(*a)->fate - (int)(*b)->fate;
    if ((*a)->plain != (*b)->plain)
        return (*a)->plain < (*b)->plain ? 1 : -1;
    if ((*a)->refused != (*b)->refused)
        return (*a)->refused < (*b)->refused ? 1 : -1;
    return compare_keys(*a, *b);
}

static bool empty(const struct status_group *g)
{
    return g->plain + g->tls + g->gss + g->hidden + g->refused + g->refused_encrypted == 0;
}

static void drop_empty(struct status_sum *sum)
{
    size_t n = 0;

    for (size_t i = 0; i < sum->n; i++) {
        if (empty(sum->group[i])) {
            tdelete(sum->group[i], &sum->tree, compare_keys);
            pgseal__free(sum->group[i]);
        } else {
            sum->group[n++] = sum->group[i];
        }
    }
    sum->n = n;
}

void status_sum_judge(struct status_sum *sum)
{
    drop_empty(sum);
    memset(sum->fate, 0, sizeof(sum->fate));
    if (sum->n == 0)
        return;
    qsort(sum->group, sum->n, sizeof(struct status_group *), by_origin);
    for (size_t from = 0, to; from < sum->n; from = to) {
        bool encrypted = false;

        for (to = from; to < sum->n && compare_origins(sum->group[from], sum->group[to]) == 0; to++)
            encrypted = encrypted || sum->group[to]->tls > 0;
        for (size_t i = from; i < to; i++) {
            sum->group[i]->fate = fate_of(sum->group[i], encrypted);
            sum->fate[sum->group[i]->fate]++;
        }
    }
    qsort(sum->group, sum->n, sizeof(struct status_group *), by_fate);
}

/* SPDX-License-Identifier: PostgreSQL */
/* The plan of attempts: hosts x addresses x methods, as PG18 fe-connect.c PQconnectPoll() has it.
 */
#include "conninfo_int.h"

enum state {
    BEFORE,    /* nothing was asked for yet */
    RESOLVING, /* a host is looked up */
    TRYING,    /* an address is connected to */
    OVER
};

enum { BIT_PLAIN = 1u << PGSEAL_METHOD_PLAIN, BIT_TLS = 1u << PGSEAL_METHOD_TLS };

struct pgseal_plan {
    const struct pgseal_conninfo *ci;
    size_t *order; /* hosts in the order to try */
    size_t nhosts;
    size_t host; /* place in order[] */
    size_t naddrs, addr;
    enum state state;
    bool second_pass; /* prefer-standby found no standby: now any server will do */
    unsigned allowed, failed;
    enum pgseal_method method;
    bool unnamed; /* this address gets no application_name any more */
    uint64_t random;
};

static uint64_t next_random(struct pgseal_plan *plan) /* splitmix64 */
{
    uint64_t z = plan->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number in 0..n, each as likely as the others. */
static size_t random_upto(struct pgseal_plan *plan, size_t n)
{
    uint64_t range = (uint64_t)n + 1;
    uint64_t usable = UINT64_MAX - UINT64_MAX % range;
    uint64_t r;

    do {
        r = next_random(plan);
    } while (r >= usable);
    return (size_t)(r % range);
}

void pgseal_plan_shuffle(struct pgseal_plan *plan, size_t n, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = i;
    if (!plan->ci->opt.load_balance)
        return;
    for (size_t i = 1; i < n; i++) { /* Fisher-Yates, inside-out */
        size_t j = random_upto(plan, i);
        size_t other = out[j];

        out[j] = out[i];
        out[i] = other;
    }
}

struct pgseal_plan *pgseal_plan_new(const struct pgseal_conninfo *ci, uint64_t seed,
                                    struct pgseal_err *err)
{
    struct pgseal_plan *plan;

    if (!ci->finished) {
        pgseal__fail(err, PGSEAL_E_USAGE, "connection settings are not finished");
        return NULL;
    }
    plan = pgseal__alloc(sizeof(*plan));
    if (plan != NULL)
        plan->order = pgseal__alloc(ci->nhosts * sizeof(*plan->order));
    if (plan == NULL || plan->order == NULL) {
        pgseal__nomem(err);
        return pgseal_plan_free(plan);
    }
    plan->ci = ci;
    plan->nhosts = ci->nhosts;
    plan->random = seed;
    pgseal_plan_shuffle(plan, plan->nhosts, plan->order);
    return plan;
}

struct pgseal_plan *pgseal_plan_free(struct pgseal_plan *plan)
{
    if (plan != NULL)
        pgseal__free(plan->order);
    pgseal__free(plan);
    return NULL;
}

static void fill(const struct pgseal_plan *plan, enum pgseal_action action,
                 struct pgseal_attempt *out)
{
    enum pgseal_session_attrs session = plan->ci->opt.session;

    *out = (struct pgseal_attempt){.action = action,
                                   .host = plan->order[plan->host],
                                   .addr = plan->addr,
                                   .method = plan->method,
                                   .unnamed = plan->unnamed,
                                   .session = plan->second_pass ? PGSEAL_SESSION_ANY : session};
    if (action == PGSEAL_ACT_CONNECT || action == PGSEAL_ACT_CONTINUE)
        out->direct = plan->method == PGSEAL_METHOD_TLS && plan->ci->opt.direct;
}

static void end(struct pgseal_plan *plan, enum pgseal_action action, struct pgseal_attempt *out)
{
    plan->state = OVER;
    fill(plan, action, out);
}

/* Chooses the next method that is allowed and has not failed (select_next_encryption_method). */
static bool next_method(struct pgseal_plan *plan)
{
    unsigned left = plan->allowed & ~plan->failed;
    bool plain_first = plan->ci->opt.sslmode == PGSEAL_SSLMODE_ALLOW;

    if (left == 0)
        return false;
    if (left == (BIT_PLAIN | BIT_TLS))
        plan->method = plain_first ? PGSEAL_METHOD_PLAIN : PGSEAL_METHOD_TLS;
    else
        plan->method = left == BIT_PLAIN ? PGSEAL_METHOD_PLAIN : PGSEAL_METHOD_TLS;
    return true;
}

/* A new address begins with all its methods (init_allowed_encryption_methods). */
static void start_addr(struct pgseal_plan *plan, struct pgseal_attempt *out)
{
    const struct pgseal_host *h = pgseal_conninfo_host(plan->ci, plan->order[plan->host]);
    enum pgseal_sslmode mode = plan->ci->opt.sslmode;

    plan->failed = 0;
    plan->allowed = 0;
    plan->unnamed = false;
    if (h->is_unix || mode < PGSEAL_SSLMODE_REQUIRE)
        plan->allowed |= BIT_PLAIN;
    if (!h->is_unix && mode != PGSEAL_SSLMODE_DISABLE)
        plan->allowed |= BIT_TLS;
    next_method(plan);
    plan->state = TRYING;
    fill(plan, PGSEAL_ACT_CONNECT, out);
}

static void start_host(struct pgseal_plan *plan, size_t host, struct pgseal_attempt *out)
{
    plan->host = host;
    plan->naddrs = plan->addr = 0;
    plan->unnamed = false;
    plan->method = PGSEAL_METHOD_PLAIN;
    plan->state = RESOLVING;
    fill(plan, PGSEAL_ACT_RESOLVE, out);
}

static void next_host(struct pgseal_plan *plan, struct pgseal_attempt *out)
{
    if (plan->host + 1 < plan->nhosts) {
        start_host(plan, plan->host + 1, out);
    } else if (plan->ci->opt.session == PGSEAL_SESSION_PREFER_STANDBY && !plan->second_pass) {
        plan->second_pass = true;
        start_host(plan, 0, out);
    } else {
        end(plan, PGSEAL_ACT_FAIL, out);
    }
}

static void next_addr(struct pgseal_plan *plan, struct pgseal_attempt *out)
{
    if (plan->addr + 1 < plan->naddrs) {
        plan->addr++;
        start_addr(plan, out);
    } else {
        next_host(plan, out);
    }
}

/* The method failed on this address: another one, or it is over. Never another address. */
static void failed_method(struct pgseal_plan *plan, bool connection_usable,
                          struct pgseal_attempt *out)
{
    plan->failed |= 1u << plan->method;
    if (!next_method(plan)) {
        end(plan, PGSEAL_ACT_FAIL, out);
    } else if (connection_usable) {
        fill(plan, PGSEAL_ACT_CONTINUE, out);
    } else {
        fill(plan, PGSEAL_ACT_CONNECT, out);
        out->reconnect = true;
    }
}

static bool can_follow(const struct pgseal_plan *plan, enum pgseal_outcome outcome)
{
    bool tls = plan->method == PGSEAL_METHOD_TLS;

    switch (outcome) {
    case PGSEAL_OUT_START:
        return plan->state == BEFORE;
    case PGSEAL_OUT_RESOLVED:
    case PGSEAL_OUT_UNRESOLVED:
        return plan->state == RESOLVING;
    case PGSEAL_OUT_REFUSED:
        return plan->state == RESOLVING || plan->state == TRYING;
    case PGSEAL_OUT_NO_TLS:
        return plan->state == TRYING && tls && !plan->ci->opt.direct;
    case PGSEAL_OUT_TLS_FAILED:
        return plan->state == TRYING && tls;
    case PGSEAL_OUT_UNREACHED:
    case PGSEAL_OUT_SERVER_ERROR:
    case PGSEAL_OUT_BUSY:
    case PGSEAL_OUT_WRONG_SESSION:
    case PGSEAL_OUT_OPEN:
        return plan->state == TRYING;
    case PGSEAL_OUT_NAME_REFUSED:
        return plan->state == TRYING && !plan->unnamed && plan->ci->opt.application_name != NULL;
    }
    return false;
}

static void act(struct pgseal_plan *plan, enum pgseal_outcome outcome, size_t naddrs,
                struct pgseal_attempt *out)
{
    switch (outcome) {
    case PGSEAL_OUT_START:
        start_host(plan, 0, out);
        break;
    case PGSEAL_OUT_RESOLVED:
        plan->naddrs = naddrs;
        if (naddrs > 0)
            start_addr(plan, out);
        else
            next_host(plan, out);
        break;
    case PGSEAL_OUT_UNREACHED:
        next_addr(plan, out);
        break;
    case PGSEAL_OUT_NO_TLS:
        failed_method(plan, true, out);
        break;
    case PGSEAL_OUT_TLS_FAILED:
    case PGSEAL_OUT_SERVER_ERROR:
        failed_method(plan, false, out);
        break;
    case PGSEAL_OUT_UNRESOLVED:
    case PGSEAL_OUT_BUSY:
    case PGSEAL_OUT_WRONG_SESSION:
        next_host(plan, out);
        break;
    case PGSEAL_OUT_REFUSED:
        end(plan, PGSEAL_ACT_FAIL, out);
        break;
    case PGSEAL_OUT_OPEN:
        end(plan, PGSEAL_ACT_DONE, out);
        break;
    case PGSEAL_OUT_NAME_REFUSED: /* the method has not failed: once more, without the name */
        plan->unnamed = true;
        fill(plan, PGSEAL_ACT_CONNECT, out);
        out->reconnect = true;
        break;
    }
}

int pgseal_plan_next(struct pgseal_plan *plan, enum pgseal_outcome outcome, size_t naddrs,
                     struct pgseal_attempt *out, struct pgseal_err *err)
{
    if (!can_follow(plan, outcome))
        return pgseal__fail(err, PGSEAL_E_USAGE, "outcome %d cannot follow the last action",
                            (int)outcome);
    act(plan, outcome, naddrs, out);
    return 0;
}

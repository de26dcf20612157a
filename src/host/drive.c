/* SPDX-License-Identifier: PostgreSQL */
/* Runs the plan: look-ups, connections, fallbacks; collects what failed as libpq does. */
#include "host_int.h"

#include <openssl/rand.h>

#include <poll.h>

/* libpq waits for ever; a person in front of a silent port would rather know. */
#define DEFAULT_TIMEOUT_S 60

/* ---- the story so far ------------------------------------------------------------------------ */

static int append(char **text, const char *more, struct pgseal_err *err)
{
    size_t old = *text != NULL ? strlen(*text) : 0;
    size_t n = strlen(more);
    char *longer = pgseal__realloc(*text, old + n + 1);

    if (longer == NULL)
        return pgseal__nomem(err);
    memcpy(longer + old, more, n + 1);
    *text = longer;
    return 0;
}

/*
 * Notes a failed attempt. Its story is the one to tell, unless this was only the plaintext retry
 * after TLS had failed at the same address: then the first reason matters.
 */
static void note_failure(struct pgseal_session *s, const struct pgseal_err *failure, bool prefix,
                         bool plain_retry)
{
    char where[1400] = "";

    if (prefix)
        pgseal_host_prefix(s->host, s->address != NULL ? s->address->text : NULL, where,
                           sizeof(where));
    if (append(&s->messages, where, NULL) == 0 && append(&s->messages, failure->msg, NULL) == 0)
        append(&s->messages, "\n", NULL);
    if (!plain_retry || s->story.code == 0)
        s->story = *failure;
}

/* The whole story: libpq's complete message, the reasons of the failure that matters. */
static void tell(struct pgseal_session *s, struct pgseal_err *err)
{
    size_t n;

    if (err == NULL)
        return;
    *err = s->story;
    if (s->messages == NULL)
        return;
    pgseal__format(err->msg, sizeof(err->msg), "%s", s->messages);
    n = strlen(err->msg);
    while (n > 0 && err->msg[n - 1] == '\n')
        err->msg[--n] = '\0';
}

/* ---- one attempt ----------------------------------------------------------------------------- */

/* The clock of an address: connect_timeout, or ours. A retry at the same address goes on. */
static void start_clock(struct pgseal_session *s)
{
    int asked = pgseal_conninfo_options(s->ci)->connect_timeout_s;

    s->timeout_is_ours = asked <= 0;
    s->timeout_s = asked > 0                    ? asked
                   : s->o.default_timeout_s > 0 ? s->o.default_timeout_s
                                                : DEFAULT_TIMEOUT_S;
    s->deadline_ms = asked <= 0 && s->o.default_timeout_s < 0
                         ? 0
                         : host__now_ms() + (int64_t)s->timeout_s * 1000;
}

static int dial(struct pgseal_session *s, const struct pgseal_attempt *a, struct pgseal_err *err)
{
    int rc;

    if (!a->reconnect)
        start_clock(s);
    host__hang_up(s, false);
    rc = host__connect(s, err);
    if (rc < 0)
        return rc;
    pgseal_io_init(&s->io, WIRE_MAX);
    s->io.plain_out.max = (size_t)MESSAGE_MAX + 8;
    s->io.plain_in.max = SEND_MAX;
    s->io.plain_in.secret = s->io.wire_out.secret = true; /* passwords pass through, wiped behind */
    pgseal__emit(&s->o.trace, a->reconnect ? PGSEAL_EV_RECONNECT : PGSEAL_EV_CONNECT,
                 s->address->text);
    return 0;
}

static int make_conn(struct pgseal_session *s, const struct pgseal_attempt *a,
                     struct pgseal_err *err)
{
    struct pgseal_conn_client o = {.size = sizeof(o),
                                   .ci = s->ci,
                                   .host = s->host,
                                   .world = s->world,
                                   .method = a->method,
                                   .direct = a->direct,
                                   .continued = a->action == PGSEAL_ACT_CONTINUE,
                                   .password = s->password != NULL ? s->password : s->o.password,
                                   .strict = s->o.strict,
                                   .unnamed = a->unnamed,
                                   .look = s->look,
                                   .trace = s->o.trace};

    pgseal_conn_free(s->conn);
    s->conn = pgseal_conn_client_new(&o, err);
    return s->conn == NULL ? PGSEAL_E_NOMEM : 0;
}

/* Steps and waits until the connection is open or has failed. */
static int run_conn(struct pgseal_session *s, struct pgseal_err *err)
{
    for (;;) {
        int rc = host__pump_step(s, err);

        /* Open, and the server has said goodbye behind it: who reads next finds out, as in libpq.
         * Waiting would spin, for the end of the bytes is always ready to be read. */
        if (rc < 0 || rc == PGSEAL_CLOSED)
            return rc;
        if (rc == PGSEAL_READY && pgseal_buf_len(&s->io.wire_out) == 0)
            return rc;
        rc =
            host__wait(s, s->fd, POLLIN | (pgseal_buf_len(&s->io.wire_out) > 0 ? POLLOUT : 0), err);
        if (rc < 0)
            return rc;
        host__pump_send(s);
        rc = host__pump_recv(s, err);
        if (rc < 0)
            return rc;
    }
}

/* fe-connect.c pgpassfileWarning. */
static void mention_passfile(const struct pgseal_session *s, struct pgseal_err *failure)
{
    if (s->host->passfile == NULL || s->o.password != NULL || s->password != NULL ||
        strcmp(failure->sqlstate, "28P01") != 0)
        return;
    pgseal__append(failure->msg, sizeof(failure->msg), "\npassword retrieved from file \"%s\"",
                   s->host->passfile);
}

/* Prefer falls back to plaintext without a word; we say it. */
static void warn_fallback(const struct pgseal_session *s, const struct pgseal_err *failure)
{
    char text[700];

    if (s->o.warn == NULL)
        return;
    pgseal__format(text, sizeof(text),
                   "%s (%.*s), so the connection is tried again WITHOUT encryption: sslmode=prefer "
                   "allows that, sslmode=verify-full does not",
                   failure->code == PGSEAL_E_SERVER ? "the server refused the login over TLS"
                                                    : "TLS failed",
                   (int)strcspn(failure->msg, "\n"), failure->msg);
    s->o.warn(s->o.ctx, text);
}

static bool timeout_is_bad(struct pgseal_session *s, struct pgseal_err *failure)
{
    if (s->timeout_checked)
        return false;
    s->timeout_checked = true;
    return pgseal_conninfo_check_timeout(s->ci, failure) < 0;
}

/* Connects and talks as the plan says; what happened, in its words. */
static enum pgseal_outcome attempt(struct pgseal_session *s, const struct pgseal_attempt *a,
                                   struct pgseal_err *failure)
{
    enum pgseal_outcome outcome;
    int rc = 0;

    /* libpq reads connect_timeout once connect() has begun: a TCP one is then still under way. */
    if (a->action == PGSEAL_ACT_CONNECT && !s->host->is_unix &&
        pgseal_conninfo_check_tcp(s->ci, NULL) == 0 && timeout_is_bad(s, failure))
        return PGSEAL_OUT_REFUSED;
    if (a->action == PGSEAL_ACT_CONNECT) {
        rc = dial(s, a, failure);
        if (rc == PGSEAL_E_PEER)
            return PGSEAL_OUT_REFUSED;
        if (rc < 0)
            return PGSEAL_OUT_UNREACHED;
    }
    if (timeout_is_bad(s, failure))
        return PGSEAL_OUT_REFUSED;
    rc = make_conn(s, a, failure);
    if (rc >= 0)
        rc = run_conn(s, failure);
    if (rc == PGSEAL_E_TIMEOUT)
        return host__interrupted(s) ? PGSEAL_OUT_REFUSED : PGSEAL_OUT_UNREACHED;
    outcome = s->conn != NULL ? pgseal_conn_outcome(s->conn) : PGSEAL_OUT_REFUSED;
    if (rc < 0) {
        mention_passfile(s, failure);
        return outcome == PGSEAL_OUT_START || outcome == PGSEAL_OUT_OPEN ? PGSEAL_OUT_REFUSED
                                                                         : outcome;
    }
    rc = host__check_session(s, a->session, failure);
    return rc == 1 ? PGSEAL_OUT_OPEN : PGSEAL_OUT_WRONG_SESSION;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum pgseal_outcome resolve(struct pgseal_session *s, const struct pgseal_attempt *a,
                                   struct pgseal_plan *plan)
{
    static const struct pgseal_err none;
    struct pgseal_err failure = none;
    enum pgseal_outcome outcome;

    s->host = pgseal_conninfo_host(s->ci, a->host);
    s->address = NULL;
    s->naddresses = 0;
    outcome = pgseal_host_check(s->host, &failure);
    if (outcome == PGSEAL_OUT_RESOLVED) {
        start_clock(s);
        if (host__resolve(s, &failure) < 0)
            outcome = host__interrupted(s) ? PGSEAL_OUT_REFUSED : PGSEAL_OUT_UNRESOLVED;
    }
    if (outcome == PGSEAL_OUT_RESOLVED)
        pgseal_plan_shuffle(plan, s->naddresses, s->order);
    else
        note_failure(s, &failure, false, false);
    return outcome;
}

static enum pgseal_outcome try_one(struct pgseal_session *s, const struct pgseal_attempt *a)
{
    struct pgseal_err failure;
    enum pgseal_outcome outcome;
    bool plain_retry;

    failure.code = 0;
    s->address = &s->addresses[s->order[a->addr]];
    if (a->action == PGSEAL_ACT_CONNECT && !a->reconnect)
        s->was_tls = false;
    plain_retry = s->was_tls && a->method == PGSEAL_METHOD_PLAIN;
    if (plain_retry && a->reconnect)
        warn_fallback(s, &s->story);
    outcome = attempt(s, a, &failure);
    if (outcome == PGSEAL_OUT_OPEN)
        return outcome;
    s->was_tls = s->was_tls || a->method == PGSEAL_METHOD_TLS;
    /* A polite N is a failure only when nothing else is left: see run_plan(). */
    if (outcome == PGSEAL_OUT_NO_TLS)
        s->story = failure;
    else
        note_failure(s, &failure, true, plain_retry);
    return outcome;
}

/* 1 = connected, 0 = failed, < 0 = our own error. */
static int run_plan(struct pgseal_session *s, struct pgseal_plan *plan, struct pgseal_err *err)
{
    enum pgseal_outcome outcome = PGSEAL_OUT_START;

    for (;;) {
        struct pgseal_attempt a;
        int rc = pgseal_plan_next(plan, outcome, s->naddresses, &a, err);

        if (rc < 0)
            return rc;
        if (outcome == PGSEAL_OUT_NO_TLS) {
            struct pgseal_err no_tls = s->story;

            s->story.code = 0;
            s->was_tls = false;
            if (a.action != PGSEAL_ACT_CONTINUE)
                note_failure(s, &no_tls, true, false);
        }
        switch (a.action) {
        case PGSEAL_ACT_RESOLVE:
            outcome = resolve(s, &a, plan);
            break;
        case PGSEAL_ACT_CONNECT:
        case PGSEAL_ACT_CONTINUE:
            if (outcome == PGSEAL_OUT_WRONG_SESSION)
                host__hang_up(s, true);
            outcome = try_one(s, &a);
            break;
        case PGSEAL_ACT_DONE:
            return 1;
        case PGSEAL_ACT_FAIL:
            return 0;
        }
    }
}

/* Asks for a password once, when the server wanted one and none was given. */
static bool ask_password(struct pgseal_session *s)
{
    const struct pgseal_options *o = pgseal_conninfo_options(s->ci);
    char *typed;

    if (s->o.ask_password == NULL || s->password != NULL || s->conn == NULL ||
        !pgseal_conn_facts(s->conn)->auth.needs_password)
        return false;
    typed = s->o.ask_password(s->o.ctx, o->user);
    if (typed == NULL)
        return false;
    s->password = pgseal__strdup(typed);
    pgseal__wipe(typed, strlen(typed));
    free(typed);
    return s->password != NULL;
}

static struct pgseal_session *new_session(const struct pgseal_conninfo *ci,
                                          const struct pgseal_session_options *o,
                                          struct pgseal_err *err)
{
    struct pgseal_session *s;

    if (o->size != sizeof(*o) || pgseal_conninfo_options(ci) == NULL) {
        pgseal__fail(err, PGSEAL_E_USAGE, "a session needs finished settings and options");
        return NULL;
    }
    s = pgseal__alloc(sizeof(*s));
    if (s == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    s->ci = ci;
    s->o = *o;
    s->world = o->world != NULL ? o->world : pgseal_world_host();
    s->fd = -1;
    return s;
}

struct pgseal_session *pgseal_session_open(const struct pgseal_conninfo *ci,
                                           const struct pgseal_session_options *o,
                                           struct pgseal_err *err)
{
    struct pgseal_session *s = new_session(ci, o, err);
    int rc = 0;

    while (s != NULL && rc == 0) {
        struct pgseal_plan *plan;
        uint64_t seed = 0;

        if (pgseal_conninfo_options(ci)->load_balance)
            RAND_bytes((unsigned char *)&seed, sizeof(seed));
        plan = pgseal_plan_new(ci, seed, err);
        rc = plan == NULL ? PGSEAL_E_NOMEM : run_plan(s, plan, err);
        pgseal_plan_free(plan);
        if (rc != 0 || !ask_password(s))
            break;
        pgseal__free(s->messages);
        s->messages = NULL;
        s->story.code = 0;
        s->was_tls = false;
    }
    if (s == NULL || rc == 1) {
        if (s != NULL) {
            s->deadline_ms = 0;
            s->was_tls = false;
        }
        return s;
    }
    if (rc == 0)
        tell(s, err);
    return pgseal_session_close(s);
}

/* The addresses of a host in order, until one shows what it has. 1, or 0 with a story. */
static int look_at(struct pgseal_session *s, size_t host, struct pgseal_plan *plan)
{
    struct pgseal_attempt a = {.action = PGSEAL_ACT_RESOLVE, .host = host};
    enum pgseal_outcome outcome = resolve(s, &a, plan);

    a = (struct pgseal_attempt){.action = PGSEAL_ACT_CONNECT,
                                .host = host,
                                .method = PGSEAL_METHOD_TLS,
                                .direct = pgseal_conninfo_options(s->ci)->direct,
                                .session = PGSEAL_SESSION_ANY};
    if (outcome != PGSEAL_OUT_RESOLVED)
        return 0;
    for (a.addr = 0; a.addr < s->naddresses; a.addr++) {
        outcome = try_one(s, &a);
        if (outcome == PGSEAL_OUT_OPEN)
            return 1;
        if (outcome == PGSEAL_OUT_NO_TLS)
            note_failure(s, &s->story, true, false);
        if (outcome != PGSEAL_OUT_UNREACHED)
            break;
    }
    return 0;
}

static int no_tls_there(const struct pgseal_conninfo *ci, size_t host, struct pgseal_err *err)
{
    if (host >= pgseal_conninfo_hosts(ci))
        return pgseal__fail(err, PGSEAL_E_USAGE, "there is no host number %zu", host);
    if (!pgseal_conninfo_host(ci, host)->is_unix)
        return 0;
    pgseal__fail(err, PGSEAL_E_NO_TLS, "a Unix-domain socket has no TLS: \"%s\"",
                 pgseal_conninfo_host(ci, host)->host);
    pgseal__detail(err, "The settings name a directory of sockets, or no host at all.");
    pgseal__hint(err, "Name the server: host=NAME");
    return PGSEAL_E_NO_TLS;
}

struct pgseal_session *pgseal_session_look(const struct pgseal_conninfo *ci, size_t host,
                                           const struct pgseal_session_options *o,
                                           struct pgseal_err *err)
{
    struct pgseal_session *s = new_session(ci, o, err);
    struct pgseal_plan *plan;
    int rc;

    if (s == NULL || no_tls_there(ci, host, err) < 0)
        return pgseal_session_close(s);
    s->look = true;
    plan = pgseal_plan_new(ci, 0, err);
    rc = plan != NULL ? look_at(s, host, plan) : PGSEAL_E_NOMEM;
    pgseal_plan_free(plan);
    s->deadline_ms = 0;
    if (rc == 0)
        tell(s, err);
    return rc == 1 ? s : pgseal_session_close(s);
}

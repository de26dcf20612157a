/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status --sessions` and `--watch`: everybody's sessions, once or sampled over a time. */
#include "about_int.h"
#include "run_int.h"
#include "status_sum_int.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

/* How long before a lost server is tried again, whatever the interval. */
#define AGAIN_MS 1000
/* A server that is there answers in this time; one behind a dead network never does. */
#define ANSWER_S 20

struct looker {
    struct cli_target *t;
    const struct cli_sum_opts *o;
    struct status_watch watch;
    struct status_snapshot snap;
    struct cli_progress progress;
    int64_t start_ms, end_ms;
    int64_t lost_ms;  /* since when there is no connection; 0 = there is one */
    const char *host; /* lends from the session's host entry, which the settings keep */
    bool pooled;
    char where[320];
};

static int failed(const struct looker *l, const struct pgseal_err *err)
{
    if (l->o->json)
        (void)cli_failure_json(stdout, err);
    cli_target_failed(l->t, err);
    return err->code == PGSEAL_E_CONNINFO || err->code == PGSEAL_E_OPTION ? CLI_USAGE
                                                                          : CLI_UNREACHED;
}

static void name_target(struct looker *l)
{
    const struct pgseal_host *h = pgseal_session_host(l->t->session);
    const char *host =
        h->host != NULL && h->host[0] != '\0' ? h->host : pgseal_session_address(l->t->session);
    char name[256];

    l->host = h->host;
    pgseal__escape(name, sizeof(name), host, strlen(host), sizeof(name));
    pgseal__format(l->where, sizeof(l->where), "%s:%s", name, h->port);
}

/* One sample into the sums. < 0: PGSEAL_E_SERVER when the session goes on, others when not. */
static int sample(struct looker *l, struct pgseal_err *err)
{
    int rc = status_sessions_ask(l->t->session, &l->snap, err);
    uint32_t pid = pgseal_session_facts(l->t->session)->cancel.pid;

    l->pooled = l->pooled || (rc >= 0 && pid != 0 && (long)pid != l->snap.pid);
    return rc < 0 ? rc : status_watch_add(&l->watch, &l->snap, err);
}

static int report(struct looker *l, enum status_way way)
{
    struct status_report r = {.way = way,
                              .watch = &l->watch,
                              .snapshot = way == STATUS_WAY_SNAPSHOT ? &l->snap : NULL,
                              .host = l->host,
                              .pooled = l->pooled,
                              .where = l->where};

    return cli_status_report(&r, &l->watch.sum, &l->t->log, l->o);
}

/* ---- over a time -----------------------------------------------------------------------------
 */

static void on_end(int sig)
{
    (void)sig;
    __atomic_store_n(&cli_interrupted, 1, __ATOMIC_RELAXED);
}

/* timeout(1) and a closed terminal end it as Ctrl-C does: with what was seen. */
static void catch_end(void)
{
    struct sigaction act = {.sa_handler = on_end};

    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

static volatile sig_atomic_t too_late;

static void on_alarm(int sig)
{
    too_late = 1;
    on_end(sig);
}

/* Waiting for the server ends after a while, and soon after the time is over. */
static unsigned patience_s(const struct looker *l)
{
    int64_t left = (l->end_ms - cli_now_ms()) / 1000 + 2;

    return left < 1 ? 1 : left < ANSWER_S ? (unsigned)left : ANSWER_S;
}

static void set_alarm(const struct looker *l)
{
    struct sigaction act = {.sa_handler = on_alarm};

    sigemptyset(&act.sa_mask);
    too_late = 0;
    sigaction(SIGALRM, &act, NULL);
    alarm(patience_s(l));
}

/* The alarm is off. True when it rang: then it was nobody's Ctrl-C that ended the waiting. */
static bool was_alarm(void)
{
    alarm(0);
    if (too_late)
        cli_interrupt_clear();
    return too_late;
}

static void sleep_until(int64_t ms)
{
    int64_t left;

    while (!cli_was_interrupted() && (left = ms - cli_now_ms()) > 0) {
        int64_t part = left < 500 ? left : 500; /* a signal just before is not lost for long */
        struct timespec t = {.tv_sec = part / 1000, .tv_nsec = part % 1000 * 1000000};

        nanosleep(&t, NULL);
    }
}

static size_t breaking(const struct status_sum *sum)
{
    size_t n = 0;

    for (size_t i = 0; i < sum->n; i++)
        n += sum->group[i]->plain > 0 && sum->group[i]->from == STATUS_FROM_NETWORK;
    return n;
}

static void show_progress(struct looker *l)
{
    int64_t now = cli_now_ms();

    if (!cli_progress_due(&l->progress))
        return;
    cli_progress(
        &l->progress, "%lld s of %lld: sample %llu, sessions %llu, clients %zu, would break %zu%s",
        (long long)(now - l->start_ms) / 1000, (long long)(l->end_ms - l->start_ms) / 1000,
        (unsigned long long)l->watch.samples, (unsigned long long)l->watch.sessions, l->watch.sum.n,
        breaking(&l->watch.sum), l->lost_ms != 0 ? "; no connection, trying again" : "");
}

/* Says it once, closes what is left. What was seen stays. */
static void lose(struct looker *l, const struct pgseal_err *err)
{
    int64_t now = cli_now_ms();

    cli_progress_clear(&l->progress);
    cli_say(&l->t->log, CLI_WARNING,
            "the connection was lost after %lld s, and is tried again until the time is over: %s",
            (long long)(now - l->start_ms) / 1000, err->msg);
    l->t->session = pgseal_session_close(l->t->session);
    l->lost_ms = now;
    status_watch_lost(&l->watch);
}

static void find_again(struct looker *l)
{
    struct pgseal_err err = {0};

    set_alarm(l);
    if (cli_target_open(l->t, &err) < 0) {
        (void)was_alarm();
        return;
    }
    (void)was_alarm();
    cli_progress_clear(&l->progress);
    cli_say(&l->t->log, CLI_PLAIN, "connected again after %lld s",
            (long long)(cli_now_ms() - l->lost_ms + 500) / 1000);
    l->lost_ms = 0;
}

/* One turn. False when there is no going on: err says why. */
static bool turn(struct looker *l, struct pgseal_err *err)
{
    int rc;

    if (l->lost_ms != 0) {
        find_again(l);
        if (l->lost_ms != 0)
            return true;
    }
    set_alarm(l);
    rc = sample(l, err);
    if (was_alarm() && rc < 0)
        rc = pgseal__fail(err, PGSEAL_E_TIMEOUT, "the server does not answer");
    if (rc >= 0 || cli_was_interrupted())
        return true;
    if (rc == PGSEAL_E_SERVER || rc == PGSEAL_E_NOMEM)
        return false;
    lose(l, err);
    return true;
}

static int watch(struct looker *l)
{
    struct pgseal_err err = {0};
    int64_t next = cli_now_ms();

    catch_end();
    l->start_ms = next;
    l->end_ms = next + l->o->watch_ms;
    l->t->quiet = true; /* its warnings were said when it was opened first */
    while (!cli_was_interrupted()) {
        int64_t now;

        if (!turn(l, &err))
            break;
        show_progress(l);
        now = cli_now_ms();
        next += l->lost_ms != 0 && l->o->interval_ms < AGAIN_MS ? AGAIN_MS : l->o->interval_ms;
        if (next < now) /* slower than the interval: no burst to catch up */
            next = now;
        if (next > l->end_ms)
            break;
        sleep_until(next);
    }
    cli_progress_clear(&l->progress);
    if (l->watch.samples == 0 && cli_was_interrupted())
        return CLI_UNREACHED;
    if (err.code == PGSEAL_E_SERVER || err.code == PGSEAL_E_NOMEM || l->watch.samples == 0) {
        if (l->watch.samples == 0)
            return failed(l, &err);
        cli_target_failed(l->t, &err);
    } else if (l->lost_ms != 0) {
        cli_say(&l->t->log, CLI_WARNING, "the server did not come back");
    }
    if (cli_was_interrupted())
        cli_say(&l->t->log, CLI_PLAIN, "ended early: this is what was seen so far");
    return report(l, STATUS_WAY_WATCH);
}

/* ---- the verb ---------------------------------------------------------------------------------
 */

static int look(struct looker *l)
{
    struct pgseal_err err = {0};

    if (cli_target_settings(l->t, &err) < 0 || cli_target_open(l->t, &err) < 0)
        return failed(l, &err);
    name_target(l);
    if (l->o->watch_ms > 0)
        return watch(l);
    if (sample(l, &err) < 0)
        return failed(l, &err);
    return report(l, STATUS_WAY_SNAPSHOT);
}

int cli_status_sessions(struct cli_target *t, const struct cli_sum_opts *o)
{
    struct looker l = {.t = t, .o = o, .progress = {.on = isatty(STDERR_FILENO) == 1}};
    int code;

    status_watch_init(&l.watch);
    code = look(&l);
    status_watch_done(&l.watch);
    status_snapshot_done(&l.snap);
    return code;
}

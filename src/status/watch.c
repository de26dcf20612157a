/* SPDX-License-Identifier: PostgreSQL */
/* Sums snapshots over a time: which sessions are new, and how many nobody saw. */
#include "core/base/base.h"
#include "status/sessions.h"

void status_watch_init(struct status_watch *w)
{
    *w = (struct status_watch){.opened = -1, .count = -1};
    status_sum_init(&w->sum, 0);
}

void status_watch_done(struct status_watch *w)
{
    status_sum_done(&w->sum);
    pgseal__free(w->mark);
    *w = (struct status_watch){0};
}

/* A pid is used again, its start is not. */
static int compare(const void *x, const void *y)
{
    const struct status_mark *a = x, *b = y;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return strcmp(a->key, b->key);
}

static bool was_there(const struct status_watch *w, const struct status_session *s)
{
    struct status_mark m = {.pid = s->pid};

    memcpy(m.key, s->key, sizeof(m.key));
    return w->marks > 0 && bsearch(&m, w->mark, w->marks, sizeof(m), compare) != NULL;
}

static int remember(struct status_watch *w, const struct status_snapshot *snap,
                    struct pgseal_err *err)
{
    if (snap->n > w->cap) {
        struct status_mark *more = pgseal__realloc(w->mark, snap->n * sizeof(*more));

        if (more == NULL)
            return pgseal__nomem(err);
        w->mark = more;
        w->cap = snap->n;
    }
    for (size_t i = 0; i < snap->n; i++) {
        w->mark[i].pid = snap->session[i].pid;
        memcpy(w->mark[i].key, snap->session[i].key, sizeof(w->mark[i].key));
    }
    w->marks = snap->n;
    if (w->marks > 0)
        qsort(w->mark, w->marks, sizeof(*w->mark), compare);
    return 0;
}

/* The server counts a session when it ends or reports, so that a difference may come late. */
static void count_opened(struct status_watch *w, const struct status_snapshot *snap)
{
    if (snap->opened < 0)
        return;
    if (w->opened < 0 && w->samples == 0)
        w->opened = 0;
    if (w->count >= 0 && w->opened >= 0 && snap->opened > w->count)
        w->opened += snap->opened - w->count;
    w->count = snap->opened;
}

static int add_one(struct status_watch *w, const struct status_session *s, const char *when,
                   struct pgseal_err *err)
{
    struct status_seen seen = {.user = status_span(s->user),
                               .database = status_span(s->database),
                               .address = status_span(s->address),
                               .application = status_span(s->application),
                               .version = status_span(s->version),
                               .cipher = status_span(s->cipher),
                               .when = status_span(when),
                               .by = s->by,
                               .from = s->from,
                               .replication = s->replication,
                               .old = was_there(w, s),
                               .sampled = true};

    if (!seen.old) {
        w->sessions++;
        w->hidden += s->by == STATUS_BY_HIDDEN;
    }
    return status_sum_add(&w->sum, &seen, NULL, err);
}

int status_watch_add(struct status_watch *w, struct status_snapshot *snap, struct pgseal_err *err)
{
    int rc = 0;

    count_opened(w, snap);
    memcpy(w->last, snap->when, sizeof(w->last));
    if (w->samples == 0) {
        memcpy(w->first, snap->when, sizeof(w->first));
        w->sees_all = snap->sees_all;
        w->at_first = snap->n;
    }
    w->sees_all = w->sees_all && snap->sees_all;
    w->ssl = snap->ssl;
    w->version = snap->version;
    w->pid = snap->pid;
    memcpy(w->role, snap->role, sizeof(w->role));
    for (size_t i = 0; i < snap->n && rc == 0; i++)
        rc = add_one(w, &snap->session[i], snap->when, err);
    if (rc == 0)
        rc = remember(w, snap, err);
    w->samples++;
    w->sum.internal = snap->internal;
    return rc;
}

void status_watch_lost(struct status_watch *w)
{
    w->lost++;
    w->count = -1;
    w->opened = -1;
}

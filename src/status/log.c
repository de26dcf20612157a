/* SPDX-License-Identifier: PostgreSQL */
/* A server log as a stream of bytes: lines, records, and what each adds to the sum. */
#include "log_int.h"

#include "core/base/base.h"

/* A connection's messages are shorter: names come in a startup packet of at most 10000 bytes
 * (PG18 backend_startup.c MAX_STARTUP_PACKET_LENGTH), JSON makes six of one. */
#define KEEP  131072u
#define SLOTS 16384u /* processes between "received" and "authorized" at the same time */

/* What a process said so far. */
struct slot {
    uint32_t pid;
    char address[STATUS_NAME_MAX + 1];
    struct status_group *group; /* its login was counted here */
    enum status_by by;
};

struct status_log {
    struct status_sum *sum;
    struct status_log_facts facts;
    struct slot *slot;
    char *buf;     /* a record that is not whole: KEEP bytes */
    char *store;   /* its texts without escapes: KEEP bytes */
    size_t record; /* bytes of earlier lines of an open csvlog record */
    size_t len;    /* all bytes in buf */
    bool cut;      /* the line at hand is longer than buf */
    bool odd;      /* it had an odd number of quotes in what was dropped */
    bool open;     /* a csvlog record goes on behind this line: inside quotes */
    bool dropped;  /* that record is longer than buf */
    bool begun;    /* behind the first line of a file */
};

struct status_log *status_log_free(struct status_log *l)
{
    if (l == NULL)
        return NULL;
    pgseal__free(l->slot);
    pgseal__free(l->buf);
    pgseal__free(l->store);
    pgseal__free(l);
    return NULL;
}

struct status_log *status_log_new(struct status_sum *sum, struct pgseal_err *err)
{
    struct status_log *l = pgseal__alloc(sizeof(*l));

    if (l != NULL) {
        l->sum = sum;
        l->slot = pgseal__alloc(SLOTS * sizeof(*l->slot));
        l->buf = pgseal__alloc(KEEP);
        l->store = pgseal__alloc(KEEP);
    }
    if (l == NULL || l->slot == NULL || l->buf == NULL || l->store == NULL) {
        pgseal__nomem(err);
        return status_log_free(l);
    }
    return l;
}

const struct status_log_facts *status_log_facts(const struct status_log *l)
{
    return &l->facts;
}

bool status_log_tells(const struct status_log_facts *f)
{
    return f->plain + f->tls + f->gss + f->local > 0;
}

enum status_packed status_log_packed(const void *p, size_t n)
{
    static const struct {
        const char *magic;
        size_t n;
        enum status_packed what;
    } MAGIC[] = {
        {"\x1f\x8b", 2, STATUS_PACKED_GZIP},
        {"BZh", 3, STATUS_PACKED_BZIP2},
        {"\xfd"
         "7zXZ",
         5, STATUS_PACKED_XZ},
        {"\x28\xb5\x2f\xfd", 4, STATUS_PACKED_ZSTD},
        {"PK\x03\x04", 4, STATUS_PACKED_ZIP},
        {"\xff\xfe", 2, STATUS_PACKED_UTF16},
        {"\xfe\xff", 2, STATUS_PACKED_UTF16},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(MAGIC); i++)
        if (n >= MAGIC[i].n && memcmp(p, MAGIC[i].magic, MAGIC[i].n) == 0)
            return MAGIC[i].what;
    /* aws rds download-db-log-file-portion without --output text. */
    if (n > 0 && memmem(p, n < 64 ? n : 64, "\"LogFileData\"", 13) != NULL)
        return STATUS_PACKED_AWS_JSON;
    return STATUS_PACKED_NOT;
}

/* ---- what a record adds --------------------------------------------------------------------- */

static struct slot *slot_of(struct status_log *l, uint32_t pid)
{
    return pid != 0 ? &l->slot[pid % SLOTS] : NULL;
}

static void received(struct status_log *l, uint32_t pid, struct status_span address)
{
    struct slot *s = slot_of(l, pid);

    l->facts.received++;
    if (s == NULL)
        return;
    *s = (struct slot){.pid = pid};
    if (address.n > STATUS_NAME_MAX)
        address.n = STATUS_NAME_MAX;
    if (address.n > 0)
        memcpy(s->address, address.p, address.n);
}

static uint64_t *counter(struct status_log_facts *f, enum status_by by, enum status_from from)
{
    if (from == STATUS_FROM_LOCAL)
        return &f->local;
    return by == STATUS_BY_TLS ? &f->tls : by == STATUS_BY_GSS ? &f->gss : &f->plain;
}

static enum status_from from_of(struct status_span address)
{
    if (address.n == 0)
        return STATUS_FROM_UNKNOWN;
    return status_span_is(address, "[local]") ? STATUS_FROM_LOCAL : STATUS_FROM_NETWORK;
}

static int authorized(struct status_log *l, const struct status_record *r,
                      const struct status_message *m, struct pgseal_err *err)
{
    struct slot *s = slot_of(l, r->pid);
    struct status_seen seen = {.user = m->user,
                               .database = m->database,
                               .application = m->application,
                               .version = m->version,
                               .cipher = m->cipher,
                               .when = r->when,
                               .address = r->address,
                               .by = m->by,
                               .replication = m->replication};
    struct status_group *g;
    int rc;

    /* What the server said when the connection came is not mixed with names, as the prefix is. */
    if (s != NULL && s->pid == r->pid && s->address[0] != '\0')
        seen.address = status_span(s->address);
    seen.from = from_of(seen.address);
    rc = status_sum_add(l->sum, &seen, &g, err);
    if (rc < 0)
        return rc;
    ++*counter(&l->facts, seen.by, seen.from);
    l->facts.replication += seen.replication;
    l->facts.unplaced += seen.by == STATUS_BY_PLAIN && seen.from == STATUS_FROM_UNKNOWN;
    if (s != NULL) {
        *s = (struct slot){.pid = r->pid, .group = g, .by = seen.by};
        if (seen.from == STATUS_FROM_LOCAL)
            s->group = NULL; /* nothing is said about these: nothing to take back */
    }
    return 0;
}

static int refused(struct status_log *l, const struct status_record *r,
                   const struct status_message *m, struct pgseal_err *err)
{
    struct status_seen seen = {.user = m->user,
                               .database = m->database,
                               .address = m->address,
                               .when = r->when,
                               .by = m->by,
                               .from = from_of(m->address),
                               .replication = m->replication,
                               .refused = true};

    if (m->by == STATUS_BY_HIDDEN || seen.from != STATUS_FROM_NETWORK) {
        l->facts.failed++;
        return 0;
    }
    if (m->by == STATUS_BY_PLAIN)
        l->facts.refused++;
    else
        l->facts.refused_encrypted++;
    return status_sum_add(l->sum, &seen, NULL, err);
}

/* "authorized" is said before role and database are looked up: PG18 postinit.c InitPostgres(). */
static void failed(struct status_log *l, uint32_t pid)
{
    struct slot *s = slot_of(l, pid);

    l->facts.failed++;
    if (s == NULL || s->pid != pid || s->group == NULL)
        return;
    status_sum_undo(s->group, s->by);
    --*counter(&l->facts, s->by, s->group->from);
    l->facts.replication -= s->group->replication;
    l->facts.unplaced -= s->by == STATUS_BY_PLAIN && s->group->from == STATUS_FROM_UNKNOWN;
    s->group = NULL;
}

static void over(struct status_log *l, uint32_t pid)
{
    struct slot *s = slot_of(l, pid);

    if (s != NULL && s->pid == pid)
        s->pid = 0;
}

static int take_record(struct status_log *l, const struct status_record *r, struct pgseal_err *err)
{
    struct status_message m;

    if (!status_span_is(r->when, l->facts.last))
        status__times(l->facts.first, l->facts.last, r->when);
    status__message(r, &m);
    switch (m.event) {
    case STATUS_EVENT_NONE:
        break;
    case STATUS_EVENT_RECEIVED:
        received(l, r->pid, m.address);
        break;
    case STATUS_EVENT_AUTHORIZED:
        return authorized(l, r, &m, err);
    case STATUS_EVENT_REFUSED:
        return refused(l, r, &m, err);
    case STATUS_EVENT_FAILED:
        failed(l, r->pid);
        break;
    case STATUS_EVENT_HANDSHAKE:
        l->facts.handshakes++;
        break;
    case STATUS_EVENT_OVER:
        over(l, r->pid);
        break;
    }
    return 0;
}

/* ---- records out of lines ------------------------------------------------------------------- */

static bool odd_quotes(struct status_span s)
{
    bool odd = false;
    const char *end = s.n > 0 ? s.p + s.n : NULL;

    for (const char *p = s.p; s.n > 0 && (p = memchr(p, '"', (size_t)(end - p))) != NULL; p++)
        odd = !odd;
    return odd;
}

static int csv_record(struct status_log *l, struct status_span record, struct pgseal_err *err)
{
    struct status_record r;

    l->facts.csv++;
    return status__record_csv(record, l->store, &r) ? take_record(l, &r, err) : 0;
}

/* A line that begins a record. `odd`: its quotes are not all closed. */
static int first_line(struct status_log *l, struct status_span line, bool odd,
                      struct pgseal_err *err)
{
    struct status_record r;

    if (odd && status__csv_begins(line)) {
        l->open = true;
        l->dropped = l->cut;
        return 0;
    }
    if (l->cut) {
        l->facts.cut++;
        return 0;
    }
    if (status__csv_begins(line))
        return csv_record(l, line, err);
    if (status__json_begins(line)) {
        enum status_json kind = status__record_json(line, l->store, &r);

        l->facts.json += kind != STATUS_JSON_NOT;
        if (kind == STATUS_JSON_RECORD)
            return take_record(l, &r, err);
        if (kind == STATUS_JSON_OTHER)
            return 0;
    }
    if (!status__record_text(line, &r))
        return 0;
    l->facts.text++;
    return take_record(l, &r, err);
}

static struct status_span trimmed(struct status_log *l, struct status_span line)
{
    if (!l->begun && status__starts(line, "\xef\xbb\xbf"))
        line = status__behind(line, 3);
    /* Where a crash left a hole in the file. */
    while (line.n > 0 && line.p[0] == '\0')
        line = status__behind(line, 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/*
 * A whole line: `line` is the line alone, and in buf behind l->record unless nothing is open. On
 * return buf holds what an open record must remember.
 */
static int take_line(struct status_log *l, struct status_span line, struct pgseal_err *err)
{
    bool odd = false;
    int rc = 0;

    if (l->open || status__csv_begins(line)) /* nobody else asks */
        odd = odd_quotes(line) != l->odd;

    l->facts.lines++;
    if (!l->open || status__csv_again(line)) {
        struct status_span t = trimmed(l, line);

        l->facts.cut += l->open; /* it never ended: the server stopped in the middle */
        l->open = l->dropped = false;
        rc = first_line(l, t, odd, err);
        l->record = 0;
        l->dropped = l->dropped || t.n >= KEEP;
        if (l->open && !l->dropped) {
            memmove(l->buf, t.p, t.n);
            l->buf[t.n] = '\n';
            l->record = t.n + 1;
        }
    } else {
        size_t all = l->len;

        l->dropped = l->dropped || l->cut;
        l->record = 0;
        l->open = !odd;
        if (odd && l->dropped)
            l->facts.cut++;
        else if (odd)
            rc = csv_record(l, (struct status_span){l->buf, all}, err);
        l->dropped = l->dropped || all >= KEEP;
        if (l->open && !l->dropped) {
            l->buf[all] = '\n';
            l->record = all + 1;
        }
    }
    l->begun = true;
    l->cut = l->odd = false;
    l->len = l->record;
    return rc;
}

/* Adds a piece of a line to buf, forgetting what is too much. */
static void keep_piece(struct status_log *l, struct status_span piece)
{
    size_t room = KEEP - l->len;

    if (piece.n > room && l->record > 0) {
        /* The record is too long: only the line at hand matters, where a new one may begin. */
        memmove(l->buf, l->buf + l->record, l->len - l->record);
        l->len -= l->record;
        l->record = 0;
        l->dropped = true;
        room = KEEP - l->len;
    }
    if (piece.n > room) {
        l->cut = true;
        if (odd_quotes(status__behind(piece, room)))
            l->odd = !l->odd;
        piece.n = room;
    }
    if (piece.n > 0)
        memcpy(l->buf + l->len, piece.p, piece.n);
    l->len += piece.n;
}

int status_log_feed(struct status_log *l, const void *p, size_t n, struct pgseal_err *err)
{
    struct status_span rest = {p, n};

    l->facts.bytes += n;
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct status_span piece = rest;
        int rc;

        if (end != NULL)
            piece.n = (size_t)(end - rest.p);
        rest = status__behind(rest, end != NULL ? piece.n + 1 : piece.n);
        if (end == NULL || l->len > 0 || l->cut || l->open || piece.n > KEEP) {
            keep_piece(l, piece);
            if (end == NULL)
                break;
            piece = (struct status_span){l->buf + l->record, l->len - l->record};
        }
        rc = take_line(l, piece, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int status_log_end(struct status_log *l, struct pgseal_err *err)
{
    int rc = 0;

    if (l->len > l->record || l->cut)
        rc = take_line(l, (struct status_span){l->buf + l->record, l->len - l->record}, err);
    l->facts.cut += l->open;
    l->open = l->dropped = l->begun = false;
    l->record = l->len = 0;
    return rc;
}

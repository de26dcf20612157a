/* SPDX-License-Identifier: PostgreSQL */
/* Findings as a list: rows of the table with evidence, in the order they were made. */
#include "finding.h"

#include "core/base/base.h"

static const struct finding_row ROWS[] = {
#define PGSEAL_ROW(id, severity, title, why) {#id, FINDING_##severity, title, why},
#include "findings.def"
#undef PGSEAL_ROW
};

const struct finding_row *finding_row(enum finding_id id)
{
    return &ROWS[id];
}

const char *finding_severity_name(enum finding_severity severity)
{
    switch (severity) {
    case FINDING_INFO:
        return "info";
    case FINDING_NOTICE:
        return "notice";
    case FINDING_WARNING:
        return "warning";
    case FINDING_ERROR:
        return "error";
    }
    return "info";
}

static bool grow(struct findings *l)
{
    size_t cap = l->cap > 0 ? l->cap * 2 : 8;
    struct finding *item;

    if (l->n < l->cap)
        return true;
    item = pgseal__realloc(l->item, cap * sizeof(*item));
    if (item == NULL)
        return false;
    l->item = item;
    l->cap = cap;
    return true;
}

struct finding *finding_add(struct findings *l, enum finding_id id, const char *where, ...)
{
    static _Thread_local struct finding scrap;
    struct finding *f = &scrap;
    va_list ap;

    if (grow(l))
        f = &l->item[l->n++];
    else
        l->nomem = true;
    f->id = id;
    f->seen[0] = f->fix[0] = '\0';
    va_start(ap, where);
    pgseal__vformat(f->where, sizeof(f->where), where, ap);
    va_end(ap);
    return f;
}

static void add_text(char *out, size_t cap, const char *fmt, va_list ap) PGSEAL_PRINTF(3, 0);
static void add_text(char *out, size_t cap, const char *fmt, va_list ap)
{
    size_t used = strlen(out);

    pgseal__vformat(out + used, cap - used, fmt, ap);
}

void finding_seen(struct finding *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_text(f->seen, sizeof(f->seen), fmt, ap);
    va_end(ap);
}

void finding_fix(struct finding *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_text(f->fix, sizeof(f->fix), fmt, ap);
    va_end(ap);
}

enum finding_severity findings_worst(const struct findings *l)
{
    enum finding_severity worst = FINDING_INFO;

    for (size_t i = 0; i < l->n; i++)
        if (finding_row(l->item[i].id)->severity > worst)
            worst = finding_row(l->item[i].id)->severity;
    return worst;
}

bool findings_have(const struct findings *l, enum finding_id id)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->item[i].id == id)
            return true;
    return false;
}

void findings_done(struct findings *l)
{
    pgseal__free(l->item);
    *l = (struct findings){0};
}

/* SPDX-License-Identifier: PostgreSQL */
/* What a look at a connection, a file or a server can tell: rows of findings.def, with evidence. */
#ifndef PGSEAL_FINDING_FINDING_H
#define PGSEAL_FINDING_FINDING_H

#include <pgseal/export.h>

#include <stdbool.h>
#include <stddef.h>

/** How much a finding matters. NOTICE and above end a verb with exit code 1. */
enum finding_severity {
    FINDING_INFO = 0, /**< good to know, nothing to do */
    FINDING_NOTICE,   /**< weaker than it should be, or will be a problem */
    FINDING_WARNING,  /**< somebody can read, tamper or break it, or it breaks soon */
    FINDING_ERROR     /**< it is broken or attacked now */
};

enum finding_id {
#define PGSEAL_ROW(id, severity, title, why) FINDING_ID_##id,
#include "findings.def"
#undef PGSEAL_ROW
    FINDING_IDS
};

/** A row of findings.def. Static. */
struct finding_row {
    const char *id; /**< "CA_EXPIRED": the name of its page in docs/findings */
    enum finding_severity severity;
    const char *title; /**< what it is, no full stop */
    const char *why;   /**< why it matters, one sentence */
};
const struct finding_row *finding_row(enum finding_id id);
/** "info", "notice", "warning", "error". */
const char *finding_severity_name(enum finding_severity severity);

/** One finding. Texts may hold what a peer said: they are escaped already. */
struct finding {
    enum finding_id id;
    char where[512]; /**< "FILE:LINE", "HOST:PORT", "user app", or "" */
    char seen[2048]; /**< what was seen, whole sentences */
    char fix[2048];  /**< what to type or edit; a line that begins with a blank is a command */
};

/** Findings in the order they were made. {0} is empty. */
struct findings {
    struct finding *item; /**< ours */
    size_t n, cap;
    bool nomem; /**< one could not be added: the list is not the whole truth */
};
/**
 * Adds a finding with an empty seen and fix.
 *
 * @return  lends, until the next one is added; never NULL: without memory it is a scrap that is
 *          forgotten, and `nomem` is set.
 */
struct finding *finding_add(struct findings *l, enum finding_id id, const char *where, ...)
    PGSEAL_PRINTF(3, 4);
/** Appends to f->seen. */
void finding_seen(struct finding *f, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/** Appends to f->fix. */
void finding_fix(struct finding *f, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/** The most severe one; FINDING_INFO when there is none. */
enum finding_severity findings_worst(const struct findings *l);
/** True when `id` is among them. */
bool findings_have(const struct findings *l, enum finding_id id);
/** Frees; the list is empty and can be used again. */
void findings_done(struct findings *l);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* What every module shares: failing, allocating, secrets, text that is safe to show, events. */
#ifndef PGSEAL_CORE_BASE_H
#define PGSEAL_CORE_BASE_H

#include "core/base/banned.h"

#include <pgseal/err.h>
#include <pgseal/trace.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Failing. All return the code, so that a function ends with `return pgseal__fail(...)`.
 * err may be NULL. The first specific error wins: callers do not overwrite what a callee said.
 */
int pgseal__fail(struct pgseal_err *err, int code, const char *fmt, ...) PGSEAL_PRINTF(3, 4);
/** Out of memory, in libpq's words. */
int pgseal__nomem(struct pgseal_err *err);
#ifdef __clang_analyzer__
/* clang-tidy sees one file at a time: tell it what every caller relies on, that the code comes
 * back. */
#    define pgseal__fail(err, code, ...) ((void)pgseal__fail(err, code, __VA_ARGS__), (code))
#    define pgseal__nomem(err)           ((void)pgseal__nomem(err), (int)PGSEAL_E_NOMEM)
#endif
/** Sets what was seen, or what to type. Behind pgseal__fail(); err may be NULL. */
void pgseal__detail(struct pgseal_err *err, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
void pgseal__hint(struct pgseal_err *err, const char *fmt, ...) PGSEAL_PRINTF(2, 3);

/*
 * Memory. Everything of ours is allocated here, so that tests can let every Nth call fail.
 * free functions accept NULL.
 */
void *pgseal__alloc(size_t n);            /* zeroed */
void *pgseal__realloc(void *p, size_t n); /* not zeroed behind the old size */
void pgseal__free(void *p);
void pgseal__wipe_free(void *p, size_t n); /* wipes n bytes, then frees */
char *pgseal__strdup(const char *s);
char *pgseal__strndup(const char *s, size_t n);
void pgseal__wipe(void *p, size_t n);
/** Wipes and frees a NUL-terminated secret. */
void pgseal__wipe_free_str(char *s);
/** Tests only: the call after `n` more successful ones fails (then all succeed); < 0 = never. */
void pgseal__alloc_fail_after(long n);
/** Tests only: number of calls so far, and of blocks not freed. */
long pgseal__alloc_calls(void);
long pgseal__alloc_live(void);

/*
 * Text. Always terminates `out`, cuts what does not fit and marks the cut with "...".
 */
int pgseal__format(char *out, size_t cap, const char *fmt, ...) PGSEAL_PRINTF(3, 4);
int pgseal__vformat(char *out, size_t cap, const char *fmt, va_list ap) PGSEAL_PRINTF(3, 0);
/** Appends to what is already in `out`. */
void pgseal__append(char *out, size_t cap, const char *fmt, ...) PGSEAL_PRINTF(3, 4);
/**
 * Makes bytes of a peer safe to show: control characters, DEL, invalid UTF-8, bidi controls and
 * backslash become \xNN; at most `max` input bytes are shown, then "...". Returns out.
 */
char *pgseal__escape(char *out, size_t cap, const void *p, size_t n, size_t max);
/** Bytes (n >= 1 are there) of the UTF-8 sequence at p above ASCII that is safe to show, or 0. */
size_t pgseal__shown_utf8(const uint8_t *p, size_t n);
/** "2024-08-22 17:08:50 UTC" for any 64-bit time (years to 9999 and beyond). Returns out. */
char *pgseal__utc(char out[40], int64_t unix_s);
/** ASCII only, no locale. */
int pgseal__strcasecmp(const char *a, const char *b);
bool pgseal__is_space(char c); /* as C locale isspace() */

/* Numbers on the wire. */
uint16_t pgseal__get16(const uint8_t *p);
uint32_t pgseal__get32(const uint8_t *p);
void pgseal__put16(uint8_t *p, uint16_t v);
void pgseal__put32(uint8_t *p, uint32_t v);

/* Events. */
void pgseal__emit(const struct pgseal_trace *t, enum pgseal_event ev, const char *text);
void pgseal__emit_message(const struct pgseal_trace *t, bool from_frontend, uint8_t type,
                          const uint8_t *body, size_t n);

/* What is known of each of OpenSSL's verification errors (x509.def). */
struct pgseal__x509_row {
    int error;       /* X509_V_ERR_* */
    const char *id;  /* "X509_CERT_HAS_EXPIRED" */
    const char *why; /* why it matters: one sentence */
    const char *fix; /* what to do when nothing more is known: one sentence */
};
/** The row of an X509_V_ERR. Never NULL: errors of a newer OpenSSL have a row of their own. */
const struct pgseal__x509_row *pgseal__x509_row(int error);

#define PGSEAL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Text of the command line: memory that does not fail, growing strings, encodings, cells. */
#ifndef PGSEAL_CLI_TEXT_INT_H
#define PGSEAL_CLI_TEXT_INT_H

#include "core/base/base.h"

#include <stdio.h>

/*
 * Memory of the program. When there is none it says so and ends with 1, as psql does: nothing
 * between a query and its table could go on without it.
 */
void *cli_alloc(size_t n);
void *cli_realloc(void *p, size_t n);
char *cli_strdup(const char *s);
char *cli_strndup(const char *s, size_t n);
void cli_free(void *p);

/** A growing string, always NUL-terminated once something was added. {0} is empty. */
struct cli_str {
    char *p; /**< NULL as long as nothing was added */
    size_t len, cap;
};
void cli_str_add(struct cli_str *s, const char *text);
void cli_str_addn(struct cli_str *s, const void *p, size_t n);
void cli_str_addc(struct cli_str *s, char c);
void cli_str_addf(struct cli_str *s, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
void cli_str_pad(struct cli_str *s, size_t n); /* n blanks */
void cli_str_cut(struct cli_str *s, size_t len);
void cli_str_done(struct cli_str *s);
/** The text, "" when empty. */
const char *cli_str(const struct cli_str *s);

/** Which of PostgreSQL's rules of lengths and widths an encoding follows. */
enum cli_enc {
    CLI_ENC_SINGLE = 0, /**< one byte a character: SQL_ASCII, LATIN1, WIN1252, KOI8R, ... */
    CLI_ENC_UTF8,
    CLI_ENC_EUC_JP, /**< and EUC_JIS_2004 */
    CLI_ENC_EUC_KR, /**< and JOHAB */
    CLI_ENC_EUC_CN,
    CLI_ENC_EUC_TW,
    CLI_ENC_SJIS, /**< and SHIFT_JIS_2004 */
    CLI_ENC_TWO,  /**< BIG5, GBK, UHC: a high byte and one more */
    CLI_ENC_GB18030,
    CLI_ENC_MULE
};
/** Rules for the name of a client_encoding; SINGLE for one we do not know. */
enum cli_enc cli_enc_find(const char *name);
/** Bytes of the character at p by its first byte (>= 1); may be more than n. n >= 1. */
size_t cli_enc_len(enum cli_enc enc, const uint8_t *p, size_t n);
/** Columns of the character at p, whose bytes are all there; -1 for a control character. */
int cli_enc_width(enum cli_enc enc, const uint8_t *p, size_t n);
/** Columns of a Unicode code point by PostgreSQL 15's tables (Unicode 14). */
int cli_ucs_width(uint32_t cp);
/** True when a backslash or a quote may be the second byte of a character. */
bool cli_enc_unsafe(enum cli_enc enc);

/** One line of a value as it is shown. */
struct cli_line {
    size_t off; /**< into struct cli_lines.text */
    size_t len;
    int width;
};
/** A value cut into lines, control characters made visible. {0} to begin; reuse it. */
struct cli_lines {
    struct cli_str text;
    struct cli_line *line;
    size_t n, cap;
};
/** Width of the widest line and number of lines of a value, as psql counts them. */
void cli_cell_size(enum cli_enc enc, const uint8_t *p, size_t n, int *width, int *height);
/** Cuts a value into its lines. `out->n` >= 1. */
void cli_cell_lines(enum cli_enc enc, const uint8_t *p, size_t n, struct cli_lines *out);
void cli_lines_done(struct cli_lines *l);
/** Deletes what is not UTF-8 in psql's eyes. Returns the new length; other encodings: n. */
size_t cli_cell_validate(enum cli_enc enc, uint8_t *p, size_t n);

#endif

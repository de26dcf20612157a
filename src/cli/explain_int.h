/* SPDX-License-Identifier: PostgreSQL */
/* The pages of docs/ inside of the program: finding the right one, and showing it. */
#ifndef PGSEAL_CLI_EXPLAIN_INT_H
#define PGSEAL_CLI_EXPLAIN_INT_H

#include "cli/text_int.h"

/** Where a page is from; pages are listed in this order. */
enum cli_page_kind { CLI_PAGE_TOPIC = 0, CLI_PAGE_PARAMETER, CLI_PAGE_FINDING, CLI_PAGE_ERROR };
#define CLI_PAGE_KINDS (CLI_PAGE_ERROR + 1)

/** One page, as tools/gen_explain.py took it from docs/. */
struct cli_page {
    enum cli_page_kind kind;
    const char *name;    /**< of the file, without .md */
    const char *summary; /**< its first sentence */
    const char *names;   /**< what else means this page; each with its NUL, an empty one behind */
    const char
        *messages;    /**< the same; folded, * is any text; a ! in front: it is about this one */
    const char *text; /**< the file, byte for byte */
};
extern const struct cli_page cli_pages[];
extern const size_t cli_pages_n;

/** "topic", "parameter", "finding", "error". */
const char *cli_page_kind_str(enum cli_page_kind kind);

/** How what was asked for led to pages. */
enum cli_found {
    CLI_FOUND_NOTHING = 0,
    CLI_FOUND_NAME,    /**< by a name; several pages may have it */
    CLI_FOUND_CODE,    /**< by the line "code: NAME" of a pasted story */
    CLI_FOUND_MESSAGE, /**< it is, or holds, a message; the best page first */
};
/** A page and how well it fits. */
struct cli_hit {
    const struct cli_page *page;
    unsigned long score;
};

/**
 * Finds the pages for a name, a code, a number of OpenSSL's, a setting or a pasted message.
 *
 * @param hits  room for n; gets the pages, best first.
 * @param found gets their number.
 */
enum cli_found cli_explain_find(const struct cli_page *pages, size_t n, const char *asked,
                                struct cli_hit *hits, size_t *found);
/** Finds the pages that have every one of the words. Returns their number, best first. */
size_t cli_explain_search(const struct cli_page *pages, size_t n, const char *words,
                          struct cli_hit *hits);
/** Names like `asked`, nearest first. Returns their number, at most max. */
size_t cli_explain_near(const struct cli_page *pages, size_t n, const char *asked,
                        const struct cli_page **near, size_t max);
/** Small letters, no quotes, blanks and hyphens are one blank: how messages are compared. */
void cli_explain_fold(struct cli_str *out, const char *text);

/**
 * Appends a page for people: wrapped at `columns`, code blocks whole. Without colour `code` keeps
 * its backticks; comments (stage, also) are left out.
 */
void cli_markdown(struct cli_str *out, const char *text, int columns, bool colour);

#endif

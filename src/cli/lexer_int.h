/* SPDX-License-Identifier: PostgreSQL */
/* Where a statement ends: quotes, comments, parentheses and function bodies, line by line. */
#ifndef PGSEAL_CLI_LEXER_INT_H
#define PGSEAL_CLI_LEXER_INT_H

#include "text_int.h"

/** What the next prompt has to show. */
enum cli_prompt {
    CLI_PROMPT_READY = 0,
    CLI_PROMPT_CONTINUE,
    CLI_PROMPT_SINGLE_QUOTE,
    CLI_PROMPT_DOUBLE_QUOTE,
    CLI_PROMPT_DOLLAR_QUOTE,
    CLI_PROMPT_COMMENT,
    CLI_PROMPT_PAREN,
    CLI_PROMPT_COPY
};

/** What ended a scan. */
enum cli_lex_result {
    CLI_LEX_SEMICOLON = 0, /**< the query is complete, its semicolon included */
    CLI_LEX_BACKSLASH,     /**< a command begins at cli_lex_rest() */
    CLI_LEX_END            /**< the line is used up */
};

/** State between lines. {0} is a fresh lexer for a server with standard strings. */
struct cli_lex {
    int state;         /**< private: enum in lexer.c */
    int comment_depth; /**< private */
    int paren_depth;
    int begin_depth;       /**< BEGIN ATOMIC ... END of a function body */
    char words[4];         /**< private: first letters of the words of CREATE OR REPLACE FUNCTION */
    unsigned nwords;       /**< private */
    struct cli_str tag;    /**< private: the open dollar quote */
    bool backslash_quotes; /**< standard_conforming_strings is off */
    const char *line;      /**< borrowed until the line is used up */
    const char *seen;      /**< private: the line, as the rules see it */
    struct cli_str masked; /**< private: for encodings whose second byte may be a quote */
    size_t len, pos;
};
/** Begins a line (without its newline); borrows it until the scan says END. */
void cli_lex_line(struct cli_lex *l, enum cli_enc enc, const char *line, size_t n);
/** Moves text of the line to `query` up to the next thing that matters. */
enum cli_lex_result cli_lex_scan(struct cli_lex *l, struct cli_str *query, enum cli_prompt *prompt);
/** True inside of a quoted string or a comment, where an empty line is text. */
bool cli_lex_in_quote(const struct cli_lex *l);
/** What is left of the line. */
const char *cli_lex_rest(const struct cli_lex *l, size_t *n);
/** Drops n bytes of what is left. */
void cli_lex_skip(struct cli_lex *l, size_t n);
/** Forgets everything, as after Ctrl-C. */
void cli_lex_reset(struct cli_lex *l);
void cli_lex_done(struct cli_lex *l);

#endif

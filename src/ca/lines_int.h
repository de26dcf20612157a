/* SPDX-License-Identifier: PostgreSQL */
/* A walk over the lines of a PEM file, and the base64 between them. Private to this folder. */
#ifndef PGSEAL_CA_LINES_INT_H
#define PGSEAL_CA_LINES_INT_H

#include "core/base/base.h"

struct ca_lines {
    const uint8_t *next, *end;
    const uint8_t *p; /* the line at hand, without its end and blanks before that */
    size_t n;
    int number;
};
/* Goes to the next line. False: there is none. */
bool ca_lines_next(struct ca_lines *l);
/* True when the line is exactly this. */
bool ca_lines_is(const struct ca_lines *l, const char *text);
/* True when the line holds nothing but the letters of base64. */
bool ca_lines_base64(const struct ca_lines *l);

#endif

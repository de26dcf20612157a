/* SPDX-License-Identifier: PostgreSQL */
/* A walk over the lines of a PEM file, and the base64 between them. Private to this folder. */
#ifndef PGSEAL_CA_TEXT_INT_H
#define PGSEAL_CA_TEXT_INT_H

#include "core/base/base.h"

struct ca_text {
    const uint8_t *next, *end;
    const uint8_t *p; /* the line at hand, without its end and blanks before that */
    size_t n;
    int number;
};
/* Goes to the next line. False: there is none. */
bool ca_text_next(struct ca_text *l);
/* True when the line is exactly this. */
bool ca_text_is(const struct ca_text *l, const char *text);
/* True when the line holds nothing but the letters of base64. */
bool ca_text_base64(const struct ca_text *l);

#endif

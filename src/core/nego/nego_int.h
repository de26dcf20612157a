/* SPDX-License-Identifier: PostgreSQL */
/* What both roles of the negotiation share. */
#ifndef PGSEAL_NEGO_INT_H
#define PGSEAL_NEGO_INT_H

#include <pgseal/nego.h>

/* Values of struct pgseal_nego.state. {0} is a negotiation nobody has begun. */
enum pgseal__nego_state {
    PGSEAL__NEGO_NONE,
    PGSEAL__NEGO_CLIENT_BEGIN,  /* nothing sent */
    PGSEAL__NEGO_CLIENT_ANSWER, /* SSLRequest sent */
    PGSEAL__NEGO_SERVER,        /* waits for a first packet, or for another one after N */
    PGSEAL__NEGO_OVER           /* a result or an error was returned */
};

enum pgseal__peer_side { PGSEAL__PEER_SERVER, PGSEAL__PEER_CLIENT };

/*
 * Fills err->detail with what was seen, escaped and cut, and with what it looks like; err->hint
 * with what to do. err may be NULL.
 */
void pgseal__peer_explain(struct pgseal_err *err, enum pgseal__peer_side side, const uint8_t *p,
                          size_t n);

/* The stage is used up: what is asked of it now is the caller's mistake. */
int pgseal__nego_over(struct pgseal_err *err);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Shared by the planners of status. */
#ifndef PGSEAL_STATUS_INT_H
#define PGSEAL_STATUS_INT_H

#include "status.h"

/** 127.0.0.0/8 or ::1: it never left the machine. */
bool status__is_loopback(const struct status_address *a);

/** Adds a step to a list of `cap`; the last one is written over when there is no room. */
struct status_step *status__step(struct status_step *list, size_t cap, size_t *n, const char *fmt,
                                 ...) PGSEAL_PRINTF(4, 5);
#define status__enforce(plan, ...) \
    status__step((plan)->enforce, PGSEAL_COUNT((plan)->enforce), &(plan)->nenforce, __VA_ARGS__)
#define status__rollback(plan, ...) \
    status__step((plan)->rollback, PGSEAL_COUNT((plan)->rollback), &(plan)->nrollback, __VA_ARGS__)
/** Adds a line to a step's command. */
void status__command(struct status_step *s, const char *fmt, ...) PGSEAL_PRINTF(2, 3);

/** The aws lines for an endpoint; kind NONE leaves names to be put in. */
void status__plan_aws(const struct pgseal_aws_endpoint *at, const struct status_server *s,
                      struct status_plan *p);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* One step of the demo. */
#ifndef PGSEAL_CLI_DEMO_STEPS_INT_H
#define PGSEAL_CLI_DEMO_STEPS_INT_H

#include "core/base/base.h"

/** What the demo does to its server before a step. */
enum demo_before {
    DEMO_NOTHING = 0,
    DEMO_FORCE_SSL,   /**< pg_hba.conf: hostssl */
    DEMO_ALLOW_PLAIN, /**< pg_hba.conf: host */
    DEMO_EXPIRED,     /**< present the expired leaf */
    DEMO_EXPIRED_SUB, /**< present a leaf whose subordinate CA has expired */
    DEMO_CURRENT      /**< present the current leaf */
};

struct demo_step {
    const char *chapter; /**< printed above, or NULL */
    const char *note;    /**< printed above the command, or NULL */
    enum demo_before before;
    const char *env[4];   /**< "NAME=value" typed in front of the command */
    const char *args[12]; /**< behind `pgseal connect`; $HOST is the endpoint */
    const char *typed;    /**< lines typed at the prompt; NULL = not interactive */
    int exit;             /**< expected exit status */
    const char *needs[6]; /**< words the output must have; '!' in front: must not */
    const char *why;      /**< one sentence */
};

extern const struct demo_step demo_steps[];
extern const size_t demo_step_count;

#endif

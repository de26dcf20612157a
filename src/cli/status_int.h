/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status`: one connection seen from both ends, as people and programs read it. */
#ifndef PGSEAL_CLI_STATUS_INT_H
#define PGSEAL_CLI_STATUS_INT_H

#include "about_int.h"
#include "findings_int.h"
#include "status_sum_int.h"
#include "target_int.h"

#include "status/status.h"

/** What was typed. Strings lend from argv. */
struct cli_status_opts {
    struct cli_target_opts target;
    struct cli_sum_opts sum;
    bool try_plaintext, all, json;
};

/** Everything there is to tell of one connection. */
struct cli_status {
    struct cli_about about;
    struct status_client client;
    struct status_server server;
    struct status_judgement judgement;
    struct status_try tried;
    struct status_plaintext plaintext;
    struct status_plan plan;
    struct findings findings;
    char verdict[2048];
    char because[512]; /**< of client.plain_because */
};

/** Appends all of it for a terminal of `columns`. */
void cli_status_text(struct cli_str *out, const struct cli_status *s, bool all, int columns,
                     bool colour);
/** Prints the same as JSON. False when writing failed. */
bool cli_status_json(FILE *f, const struct cli_status *s);

#endif

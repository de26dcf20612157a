/* SPDX-License-Identifier: PostgreSQL */
/* A forecast as people and programs read it. */
#ifndef PGSEAL_CLI_CA_FORECAST_INT_H
#define PGSEAL_CLI_CA_FORECAST_INT_H

#include "ca_chain_int.h"

#include "ca/ca.h"

/** Everything about one server. */
struct cli_forecast {
    const struct cli_peers *peers;
    const struct cli_peer *peer;
    struct ca_forecast f;
    struct ca_steps steps;
};
/** Appends the forecast: server, what it sent, what clients trust, what changes would do, steps. */
void cli_forecast_text(struct cli_str *out, const struct cli_forecast *f, int columns, bool colour);
/** The same facts. */
json_t *cli_forecast_json(const struct cli_forecast *f);
/** A server that was not reached. */
json_t *cli_forecast_failed_json(const struct cli_peer *peer);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* JSON for --json: jansson behind names that say what is put where. */
#ifndef PGSEAL_CLI_JSON_INT_H
#define PGSEAL_CLI_JSON_INT_H

#include "lazy_int.h"

#include <pgseal/conn.h>

#include <stdio.h>

/** Loads the library; false (and it is said on standard error) when it is not there. */
bool cli_json_ready(void);
json_t *cli_json_object(void);
json_t *cli_json_array(void);
/** Puts a value, whose owner becomes `o`. */
void cli_json_put(json_t *o, const char *key, json_t *value);
/** NULL, and what is no UTF-8, is null. */
void cli_json_text(json_t *o, const char *key, const char *text);
void cli_json_int(json_t *o, const char *key, int64_t n);
void cli_json_bool(json_t *o, const char *key, bool b);
void cli_json_null(json_t *o, const char *key);
/** "2026-11-23T17:00:00Z". */
void cli_json_time(json_t *o, const char *key, int64_t unix_s);
/** Appends a value to an array, who becomes its owner. */
void cli_json_add(json_t *array, json_t *value);
/** A string as a value of its own. */
json_t *cli_json_string(const char *text);
/** A certificate's facts. */
json_t *cli_json_cert(const struct pgseal_cert_info *c);
/** What a handshake agreed on and what was verified (facts_json.c). */
json_t *cli_json_tls(const struct pgseal_tls_facts *t);
/** How the login went (facts_json.c). */
json_t *cli_json_auth(const struct pgseal_auth_facts *f);
/** The error of a story: code, message, seen, why, fix, sqlstate. */
json_t *cli_json_error(const struct pgseal_err *err);
/**
 * Tells a failure and its story on standard error, and as {"error": ...} to `json` unless that is
 * NULL. Returns `code`, which the verb ends with.
 */
int cli_failed(const struct pgseal_err *err, FILE *json, int code);
/** Prints the value with a newline behind it, and frees it. False when writing failed. */
bool cli_json_print(FILE *f, json_t *value);

#endif

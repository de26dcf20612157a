/* SPDX-License-Identifier: PostgreSQL */
/* Libraries that only some runs need: loaded when they are, never at start. */
#ifndef PGSEAL_CLI_LAZY_INT_H
#define PGSEAL_CLI_LAZY_INT_H

#include "host/lazy.h"

#include <histedit.h>
#include <jansson.h>

/** libedit's functions, by its own names and types. */
struct cli_edit_api {
    HOST_LAZY_FUNCTION(el_init)
    HOST_LAZY_FUNCTION(el_end)
    HOST_LAZY_FUNCTION(el_set)
    HOST_LAZY_FUNCTION(el_get)
    HOST_LAZY_FUNCTION(el_gets)
    HOST_LAZY_FUNCTION(el_resize)
    HOST_LAZY_FUNCTION(history_init)
    HOST_LAZY_FUNCTION(history_end)
    HOST_LAZY_FUNCTION(history)
};
/** Loads libedit. NULL when it is not there: lines are then read without editing. */
const struct cli_edit_api *cli_edit_api(void);

/** jansson's functions. */
struct cli_json_api {
    HOST_LAZY_FUNCTION(json_object)
    HOST_LAZY_FUNCTION(json_array)
    HOST_LAZY_FUNCTION(json_string)
    HOST_LAZY_FUNCTION(json_integer)
    HOST_LAZY_FUNCTION(json_true)
    HOST_LAZY_FUNCTION(json_false)
    HOST_LAZY_FUNCTION(json_null)
    HOST_LAZY_FUNCTION(json_object_set_new)
    HOST_LAZY_FUNCTION(json_array_append_new)
    HOST_LAZY_FUNCTION(json_dumpf)
    HOST_LAZY_FUNCTION(json_delete)
};
/** Loads jansson. NULL when it is not there. */
const struct cli_json_api *cli_json_api(void);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Libraries that only some runs need: loaded when they are, never at start. */
#ifndef PGSEAL_CLI_LAZY_INT_H
#define PGSEAL_CLI_LAZY_INT_H

#include <histedit.h>
#include <jansson.h>

/** libedit's functions, by its own names and types. */
struct cli_edit_api {
#define PGSEAL_FUNCTION(name) __typeof__(name) *(name);
    PGSEAL_FUNCTION(el_init)
    PGSEAL_FUNCTION(el_end)
    PGSEAL_FUNCTION(el_set)
    PGSEAL_FUNCTION(el_get)
    PGSEAL_FUNCTION(el_gets)
    PGSEAL_FUNCTION(el_resize)
    PGSEAL_FUNCTION(history_init)
    PGSEAL_FUNCTION(history_end)
    PGSEAL_FUNCTION(history)
};
/** Loads libedit. NULL when it is not there: lines are then read without editing. */
const struct cli_edit_api *cli_edit_api(void);

/** jansson's functions. */
struct cli_json_api {
    PGSEAL_FUNCTION(json_object)
    PGSEAL_FUNCTION(json_array)
    PGSEAL_FUNCTION(json_string)
    PGSEAL_FUNCTION(json_integer)
    PGSEAL_FUNCTION(json_true)
    PGSEAL_FUNCTION(json_false)
    PGSEAL_FUNCTION(json_null)
    PGSEAL_FUNCTION(json_object_set_new)
    PGSEAL_FUNCTION(json_dumpf)
    PGSEAL_FUNCTION(json_delete)
#undef PGSEAL_FUNCTION
};
/** Loads jansson. NULL when it is not there. */
const struct cli_json_api *cli_json_api(void);

#endif

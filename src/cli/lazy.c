/* SPDX-License-Identifier: PostgreSQL */
/* Loading libedit and jansson: a one-shot `connect -c` pays for neither. */
#include "lazy_int.h"

const struct cli_edit_api *cli_edit_api(void)
{
    static struct cli_edit_api api;
    void *lib = host_lazy_open("libedit.so.2");

    if (lib == NULL)
        return NULL;
    return HOST_LAZY_FIND(&api, lib, el_init) && HOST_LAZY_FIND(&api, lib, el_end) &&
                   HOST_LAZY_FIND(&api, lib, el_set) && HOST_LAZY_FIND(&api, lib, el_get) &&
                   HOST_LAZY_FIND(&api, lib, el_gets) && HOST_LAZY_FIND(&api, lib, el_resize) &&
                   HOST_LAZY_FIND(&api, lib, history_init) &&
                   HOST_LAZY_FIND(&api, lib, history_end) && HOST_LAZY_FIND(&api, lib, history)
               ? &api
               : NULL;
}

const struct cli_json_api *cli_json_api(void)
{
    static struct cli_json_api api;
    void *lib = host_lazy_open("libjansson.so.4");

    if (lib == NULL)
        return NULL;
    return HOST_LAZY_FIND(&api, lib, json_object) && HOST_LAZY_FIND(&api, lib, json_array) &&
                   HOST_LAZY_FIND(&api, lib, json_string) &&
                   HOST_LAZY_FIND(&api, lib, json_integer) &&
                   HOST_LAZY_FIND(&api, lib, json_true) && HOST_LAZY_FIND(&api, lib, json_false) &&
                   HOST_LAZY_FIND(&api, lib, json_null) &&
                   HOST_LAZY_FIND(&api, lib, json_object_set_new) &&
                   HOST_LAZY_FIND(&api, lib, json_array_append_new) &&
                   HOST_LAZY_FIND(&api, lib, json_dumpf) && HOST_LAZY_FIND(&api, lib, json_delete)
               ? &api
               : NULL;
}

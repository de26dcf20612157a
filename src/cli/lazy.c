/* SPDX-License-Identifier: PostgreSQL */
/* Loading libedit and jansson: a one-shot `connect -c` pays for neither. */
#include "lazy_int.h"

#include "core/base/base.h"

#include <dlfcn.h>

/* POSIX: a function's address fits an object pointer; memcpy says so without a cast. */
static bool find(void *lib, const char *name, void *to, size_t n)
{
    void *p = dlsym(lib, name);

    memcpy(to, &p, n);
    return p != NULL;
}

#define FIND(api, lib, name) find(lib, #name, &(api)->name, sizeof((api)->name))

const struct cli_edit_api *cli_edit_api(void)
{
    static struct cli_edit_api api;
    void *lib = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);

    if (lib == NULL)
        return NULL;
    return FIND(&api, lib, el_init) && FIND(&api, lib, el_end) && FIND(&api, lib, el_set) &&
                   FIND(&api, lib, el_get) && FIND(&api, lib, el_gets) &&
                   FIND(&api, lib, el_resize) && FIND(&api, lib, history_init) &&
                   FIND(&api, lib, history_end) && FIND(&api, lib, history)
               ? &api
               : NULL;
}

const struct cli_json_api *cli_json_api(void)
{
    static struct cli_json_api api;
    void *lib = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);

    if (lib == NULL)
        return NULL;
    return FIND(&api, lib, json_object) && FIND(&api, lib, json_array) &&
                   FIND(&api, lib, json_string) && FIND(&api, lib, json_integer) &&
                   FIND(&api, lib, json_true) && FIND(&api, lib, json_false) &&
                   FIND(&api, lib, json_null) && FIND(&api, lib, json_object_set_new) &&
                   FIND(&api, lib, json_dumpf) && FIND(&api, lib, json_delete)
               ? &api
               : NULL;
}

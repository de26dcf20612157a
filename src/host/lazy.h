/* SPDX-License-Identifier: PostgreSQL */
/* Libraries that only some runs need: loaded when they are; a static program has them linked. */
#ifndef PGSEAL_HOST_LAZY_H
#define PGSEAL_HOST_LAZY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A library is a struct of function pointers with the library's own names and types, a member each
 * by HOST_LAZY_FUNCTION(name), filled once by
 *
 *     void *lib = host_lazy_open("libx.so.2");
 *     return lib != NULL && HOST_LAZY_FIND(&api, lib, x_new) && ... ? &api : NULL;
 *
 * With -DPGSEAL_STATIC the very same lines name the linked functions.
 */
#define HOST_LAZY_FUNCTION(name) __typeof__(name) *(name);

/** Loads a shared library by its soname. NULL when it is not there. Never unloaded. */
void *host_lazy_open(const char *soname);
/** Copies the address of a function into the pointer at `to` (n bytes). False: there is none. */
bool host_lazy_find(void *lib, const char *name, void *to, size_t n);

#ifdef PGSEAL_STATIC
#    define HOST_LAZY_FIND(api, lib, name) ((void)(lib), (api)->name = (name), true)
#else
#    define HOST_LAZY_FIND(api, lib, name) \
        host_lazy_find(lib, #name, &(api)->name, sizeof((api)->name))
#endif

#endif

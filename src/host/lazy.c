/* SPDX-License-Identifier: PostgreSQL */
/* Loading a library when a run needs it, and only then. */
#include "lazy.h"

#include <string.h>

#ifdef PGSEAL_STATIC

void *host_lazy_open(const char *soname)
{
    static char linked;

    (void)soname;
    return &linked;
}

bool host_lazy_find(void *lib, const char *name, void *to, size_t n)
{
    return false; /* HOST_LAZY_FIND names the function itself */
}

#else

#    include <dlfcn.h>

void *host_lazy_open(const char *soname)
{
    return dlopen(soname, RTLD_NOW | RTLD_LOCAL);
}

/* POSIX: a function's address fits an object pointer; memcpy says so without a cast. */
bool host_lazy_find(void *lib, const char *name, void *to, size_t n)
{
    void *p = dlsym(lib, name);

    memcpy(to, &p, n);
    return p != NULL;
}

#endif

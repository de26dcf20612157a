/* SPDX-License-Identifier: PostgreSQL */
/* A static program loads no shared object: it could only load those of the glibc it was linked
 * with. */
#include <dlfcn.h>
#include <stddef.h>

/*
 * OpenSSL asks for engines and providers by these, and does without what is not there. With them
 * here the linker leaves glibc's out.
 */

void *dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char text[] = "a statically linked program loads no shared objects";

    return text;
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address;
    (void)info;
    return 0;
}

/*
 * glibc's own way to load (elf/dl-libc.c), by which iconv's modules would come into the program for
 * a locale that is not UTF-8. Without them such a locale counts as ASCII where glibc converts.
 */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): glibc's names */
void *__libc_dlopen_mode(const char *file, int mode);
void *__libc_dlsym(void *map, const char *name);
void *__libc_dlvsym(void *map, const char *name, const char *version);
int __libc_dlclose(void *map);

void *__libc_dlopen_mode(const char *file, int mode)
{
    return dlopen(file, mode);
}

void *__libc_dlsym(void *map, const char *name)
{
    return dlsym(map, name);
}

void *__libc_dlvsym(void *map, const char *name, const char *version)
{
    (void)version;
    return dlsym(map, name);
}

int __libc_dlclose(void *map)
{
    return dlclose(map);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* SPDX-License-Identifier: PostgreSQL */
/* A world in memory: files and variables that a test lists. */
#ifndef T_WORLD_H
#define T_WORLD_H

#include <pgseal/world.h>

#define T_WORLD_MAX 32

/* One file. text NULL: a directory. */
struct t_file {
    const char *path;
    const char *text;
    uint32_t mode; /* 0 = 0600 */
    uint32_t uid;
    int read_sys; /* errno of reading it, or 0 */
};

struct t_world {
    struct pgseal_world world; /* give &w.world to the code under test */
    struct t_file files[T_WORLD_MAX];
    size_t nfiles;
    const char *env[T_WORLD_MAX][2];
    size_t nenv;
    char appended[8192]; /* what `append` wrote, all files together */
};

/* An empty world with home "/home/u" and user "u". */
void t_world_init(struct t_world *w);
/* Adds a file; strings are kept by the caller. */
void t_world_file(struct t_world *w, const char *path, const char *text);
void t_world_env(struct t_world *w, const char *name, const char *value);

#endif

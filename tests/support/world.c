/* SPDX-License-Identifier: PostgreSQL */
/* A world in memory. */
#include "world.h"

#include "t.h"

#include <errno.h>

static const char *world_env(void *ctx, const char *name)
{
    const struct t_world *w = ctx;

    for (size_t i = 0; i < w->nenv; i++)
        if (strcmp(w->env[i][0], name) == 0)
            return w->env[i][1];
    return NULL;
}

static const struct t_file *find(const struct t_world *w, const char *path)
{
    for (size_t i = 0; i < w->nfiles; i++)
        if (strcmp(w->files[i].path, path) == 0)
            return &w->files[i];
    return NULL;
}

static void world_stat(void *ctx, const char *path, struct pgseal_file *f)
{
    const struct t_file *file = find(ctx, path);

    *f = (struct pgseal_file){0};
    if (file == NULL) {
        f->stat_sys = f->read_sys = ENOENT;
        return;
    }
    f->kind = file->text != NULL ? PGSEAL_FILE_REGULAR : PGSEAL_FILE_DIRECTORY;
    f->mode = file->mode != 0 ? file->mode : 0600;
    f->uid = file->uid;
}

static void world_read(void *ctx, const char *path, struct pgseal_file *f)
{
    const struct t_file *file = find(ctx, path);

    world_stat(ctx, path, f);
    if (file == NULL)
        return;
    f->read_sys = file->text == NULL ? EISDIR : file->read_sys;
    if (f->read_sys != 0)
        return;
    f->len = strlen(file->text);
    f->data = malloc(f->len + 1);
    assert_non_null(f->data);
    memcpy(f->data, file->text, f->len + 1);
}

static void world_release(void *ctx, struct pgseal_file *f)
{
    free(f->data);
    *f = (struct pgseal_file){0};
}

static int world_append(void *ctx, const char *path, const char *line)
{
    struct t_world *w = ctx;
    size_t used = strlen(w->appended);

    snprintf(w->appended + used, sizeof(w->appended) - used, "%s", line);
    return 0;
}

void t_world_init(struct t_world *w)
{
    *w = (struct t_world){.world = {.size = sizeof(w->world),
                                    .ctx = w,
                                    .env = world_env,
                                    .stat = world_stat,
                                    .read = world_read,
                                    .release = world_release,
                                    .append = world_append,
                                    .home = "/home/u",
                                    .user = "u"}};
}

void t_world_file(struct t_world *w, const char *path, const char *text)
{
    assert_true(w->nfiles < T_WORLD_MAX);
    w->files[w->nfiles++] = (struct t_file){.path = path, .text = text};
}

void t_world_env(struct t_world *w, const char *name, const char *value)
{
    assert_true(w->nenv < T_WORLD_MAX);
    w->env[w->nenv][0] = name;
    w->env[w->nenv++][1] = value;
}

/* SPDX-License-Identifier: PostgreSQL */
/* world.h: the core asks for environment and files; here a world of one variable and one file. */
#include <pgseal/conninfo.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char passfile[] = "db1:*:*:app:tops3cret\n";

static const char *env(void *ctx, const char *name)
{
    return strcmp(name, "PGSSLMODE") == 0 ? "verify-full" : NULL;
}

static void look(void *ctx, const char *path, struct pgseal_file *f)
{
    memset(f, 0, sizeof(*f));
    if (strcmp(path, "/home/app/.pgpass") == 0)
        f->mode = 0600;
    else
        f->stat_sys = f->read_sys = ENOENT;
}

static void read_file(void *ctx, const char *path, struct pgseal_file *f)
{
    look(ctx, path, f);
    if (f->stat_sys != 0)
        return;
    f->len = sizeof(passfile) - 1;
    f->data = malloc(sizeof(passfile));
    if (f->data == NULL)
        f->read_sys = ENOMEM;
    else
        memcpy(f->data, passfile, sizeof(passfile));
}

static void release(void *ctx, struct pgseal_file *f)
{
    free(f->data);
    f->data = NULL;
}

static int append(void *ctx, const char *path, const char *line)
{
    return EROFS;
}

int main(void)
{
    static const char *const shown[] = {"host", "port", "sslmode", "user"};
    struct pgseal_world world = {.size = sizeof(world),
                                 .env = env,
                                 .stat = look,
                                 .read = read_file,
                                 .release = release,
                                 .append = append,
                                 .home = "/home/app",
                                 .user = "app"};
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    const struct pgseal_host *h;

    if (ci == NULL || pgseal_conninfo_parse(ci, "host=db1 dbname=shop", &err) < 0 ||
        pgseal_conninfo_finish(ci, &world, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        printf("%-8s %-12s from %s\n", shown[i], pgseal_conninfo_get(ci, shown[i]),
               pgseal_conninfo_origin(ci, shown[i]));
    h = pgseal_conninfo_host(ci, 0);
    printf("password for %s: %zu characters from %s\n", h->host, strlen(h->password), h->passfile);
    pgseal_conninfo_free(ci);
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* A world for harnesses: whatever is read holds the fuzzed bytes; variables are those listed. */
#ifndef ONE_FILE_WORLD_H
#define ONE_FILE_WORLD_H

#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/conninfo.h>

struct one_file {
    struct pgseal_world world;
    const uint8_t *data;
    size_t size;
    const char *env[4][2];
};

static const char *one_file_env(void *ctx, const char *name)
{
    const struct one_file *w = ctx;

    for (size_t i = 0; i < PGSEAL_COUNT(w->env) && w->env[i][0] != NULL; i++) {
        if (strcmp(w->env[i][0], name) == 0)
            return w->env[i][1];
    }
    return NULL;
}

static void one_file_stat(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.kind = PGSEAL_FILE_REGULAR, .mode = 0600};
}

static void one_file_read(void *ctx, const char *path, struct pgseal_file *f)
{
    const struct one_file *w = ctx;

    one_file_stat(ctx, path, f);
    f->data = malloc(w->size + 1);
    if (f->data == NULL)
        abort();
    if (w->size > 0)
        memcpy(f->data, w->data, w->size);
    f->data[w->size] = '\0';
    f->len = w->size;
}

static void one_file_release(void *ctx, struct pgseal_file *f)
{
    free(f->data);
    *f = (struct pgseal_file){0};
}

static void one_file_init(struct one_file *w, const uint8_t *data, size_t size)
{
    *w = (struct one_file){.world = {.size = sizeof(w->world),
                                     .ctx = w,
                                     .env = one_file_env,
                                     .stat = one_file_stat,
                                     .read = one_file_read,
                                     .release = one_file_release,
                                     .home = "/home/u",
                                     .user = "u",
                                     .encoding = "UTF8"},
                           .data = data,
                           .size = size};
}

/* What holds of finished settings, whatever they were made of. */
static void must_be_sound(const struct pgseal_conninfo *ci)
{
    const struct pgseal_options *o = pgseal_conninfo_options(ci);
    const struct pgseal_param_info *p;
    struct pgseal_err err;
    char prefix[4096];

    must(o != NULL && pgseal_conninfo_hosts(ci) > 0);
    must(o->user != NULL && o->user[0] != '\0' && o->dbname != NULL && o->dbname[0] != '\0');
    must(!o->direct || o->sslmode >= PGSEAL_SSLMODE_REQUIRE);
    must(o->proto_min <= o->proto_max);
    must(o->sslrootcert == NULL || strcmp(o->sslrootcert, "system") != 0 ||
         o->sslmode == PGSEAL_SSLMODE_VERIFY_FULL);
    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++)
        must((pgseal_conninfo_get(ci, p->keyword) == NULL) ==
             (pgseal_conninfo_origin(ci, p->keyword) == NULL));
    for (size_t i = 0; i < pgseal_conninfo_hosts(ci); i++) {
        const struct pgseal_host *h = pgseal_conninfo_host(ci, i);

        must(h->port != NULL && (h->host != NULL || h->hostaddr != NULL));
        must(h->port_number >= -1 && h->port_number <= 65535);
        must(h->password == NULL || h->password[0] != '\0');
        pgseal_host_prefix(h, "192.0.2.1", prefix, sizeof(prefix));
        (void)pgseal_host_check(h, &err);
    }
    (void)pgseal_conninfo_check_tcp(ci, &err);
    (void)pgseal_conninfo_check_timeout(ci, &err);
}

#endif

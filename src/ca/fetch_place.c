/* SPDX-License-Identifier: PostgreSQL */
/* Puts a bundle in its place: what was there is kept beside it, and whole in every failure. */
#include "core/base/base.h"
#include "fetch.h"
#include "host/files.h"

#include <pgseal/drive.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Public certificates: whoever runs a client must be able to read them. */
#define MODE_NEW 0644

static int cannot_read(const char *path, int sys, struct pgseal_err *err)
{
    char text[128] = "";

    pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s", path,
                 strerror_r(sys, text, sizeof(text)));
    if (err != NULL)
        err->sys = sys;
    pgseal__hint(err, "What is in it must be known before it is replaced. Name another file: -o "
                      "FILE.");
    return PGSEAL_E_FILE;
}

/* Making the file that somebody's link points at could be what that somebody wants. */
static int dangling(const char *path, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is a link to a file that is not there", path);
    pgseal__hint(err, "Remove the link, or name the file itself: -o FILE.");
    return PGSEAL_E_EXISTS;
}

int ca_place_open(const char *path, struct ca_place *out, struct pgseal_err *err)
{
    const struct pgseal_world *world = pgseal_world_host();
    struct ca_place p = {.mode = MODE_NEW};
    struct pgseal_file f;
    char *target = NULL;
    struct stat st;

    /* What Linux does in /tmp with protected_symlinks, everywhere: a link that somebody else put
     * here would make us write where he says. */
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is a link that belongs to somebody else", path);
        pgseal__hint(err, "Name the file that it leads to, if that is what you want: -o FILE.");
        return PGSEAL_E_EXISTS;
    }
    /* Opening follows links as far as the system's own rules let us (protected_symlinks). */
    world->read(world->ctx, path, &f);
    if (f.stat_sys == 0 && f.kind != PGSEAL_FILE_REGULAR) {
        world->release(world->ctx, &f);
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is %s", path,
                     f.kind == PGSEAL_FILE_DIRECTORY ? "a directory" : "no regular file");
        pgseal__hint(err, "Name a file: -o FILE. For standard output: -o -");
        return PGSEAL_E_EXISTS;
    }
    if (f.stat_sys != 0 && f.stat_sys != ENOENT)
        return cannot_read(path, f.stat_sys, err);
    if (f.stat_sys == 0 && f.read_sys != 0)
        return cannot_read(path, f.read_sys, err);
    if (f.stat_sys == 0) {
        p.exists = true;
        p.mode = f.mode & 0777;
        p.old = f.data;
        p.old_n = f.len;
    }
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        target = realpath(path, NULL);
        if (target == NULL) {
            ca_place_done(&p);
            return dangling(path, err);
        }
    }
    if (strlen(path) >= sizeof(p.name) || (target != NULL && strlen(target) >= sizeof(p.path))) {
        free(target);
        ca_place_done(&p);
        return pgseal__fail(err, PGSEAL_E_FILE, "the name of the file is too long");
    }
    pgseal__format(p.name, sizeof(p.name), "%s", path);
    pgseal__format(p.path, sizeof(p.path), "%s", target != NULL ? target : path);
    pgseal__format(p.backup, sizeof(p.backup), "%s~", p.path);
    free(target);
    *out = p;
    return 0;
}

int ca_place_write(const struct ca_place *p, const uint8_t *bytes, size_t n, struct pgseal_err *err)
{
    /* First: whatever happens next, what was there is under one of the two names. Links were
     * followed when it was looked at; one that somebody put there since, or as FILE~, is not. */
    if (p->exists) {
        int rc = host_replace_name(p->backup, p->old, p->old_n, p->mode, err);

        if (rc < 0)
            return rc;
    }
    return host_replace_name(p->path, bytes, n, p->mode, err);
}

void ca_place_done(struct ca_place *p)
{
    const struct pgseal_world *world = pgseal_world_host();
    struct pgseal_file f = {.data = p->old, .len = p->old_n};

    world->release(world->ctx, &f);
    p->old = NULL;
    p->old_n = 0;
}

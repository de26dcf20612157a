/* SPDX-License-Identifier: PostgreSQL */
/* A directory with one DER file for each certificate: made beside its place, then renamed. */
#include "core/base/base.h"
#include "export.h"
#include "host/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct pgseal_err *err, const char *what, const char *path)
{
    int sys = errno;
    char text[128] = "";

    if (sys == ENOTEMPTY || sys == EEXIST || sys == ENOTDIR) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is there already", path);
        pgseal__hint(err, "Name a directory that is not there yet, or is empty: -o DIR.");
        return PGSEAL_E_EXISTS;
    }
    pgseal__fail(err, PGSEAL_E_FILE, "could not %s \"%s\": %s", what, path,
                 strerror_r(sys, text, sizeof(text)));
    if (err != NULL)
        err->sys = sys;
    return PGSEAL_E_FILE;
}

/* Removes what was made so far. There is nothing in it but our own files. */
static void undo(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    (void)rmdir(dir);
}

/* Two aliases may be one name for files: the second is numbered. */
static int one(const struct ca_cert *c, const struct ca_alias *a, const char *dir,
               struct pgseal_err *err)
{
    struct ca_bytes der = {0};
    char name[260], path[4800];
    int rc = ca_export_der(c, &der, err);

    ca_alias_file(a, name, sizeof(name));
    for (int k = 2; rc == 0; k++) {
        pgseal__format(path, sizeof(path), "%s/%s", dir, name);
        rc = host_create_file(path, der.p, der.n, 0644, err);
        if (rc == 0 || err == NULL || err->sys != EEXIST)
            break;
        ca_alias_file(a, name, sizeof(name));
        pgseal__format(name + strlen(name) - 4, sizeof(name) - strlen(name) + 4, "-%d.der", k);
        rc = 0;
    }
    ca_bytes_done(&der);
    return rc;
}

int ca_export_dir(const struct ca_certs *l, const struct ca_alias *aliases, const char *path,
                  struct pgseal_err *err)
{
    struct pgseal_err scrap;
    char temp[4300];
    size_t n = strlen(path);
    int rc = 0;

    if (err == NULL)
        err = &scrap;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n > 4096)
        return pgseal__fail(err, PGSEAL_E_FILE, "the name of the directory is too long");
    pgseal__format(temp, sizeof(temp), "%.*s.XXXXXX", (int)n, path);
    if (mkdtemp(temp) == NULL)
        return failed(err, "make a directory beside", path);
    for (size_t i = 0; i < l->n && rc == 0; i++)
        rc = one(&l->v[i], &aliases[i], temp, err);
    if (rc == 0 && chmod(temp, 0755) < 0)
        rc = failed(err, "make", path);
    /* An empty directory is replaced, one with something in it never: rename(2). */
    if (rc == 0 && rename(temp, path) < 0)
        rc = failed(err, "make", path);
    if (rc < 0)
        undo(temp);
    return rc;
}

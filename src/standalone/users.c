/* SPDX-License-Identifier: PostgreSQL */
/* Users for a static program: the lines of /etc/passwd, where glibc would load NSS modules. */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct wanted {
    const char *name; /* or, when NULL: */
    uid_t uid;
};

/* As getpwnam_r(3): 0 with *found NULL when there is no such user, else an errno. */
static int find(const struct wanted *w, struct passwd *pw, char *room, size_t n,
                struct passwd **found)
{
    FILE *f = fopen("/etc/passwd", "re");
    int rc;

    *found = NULL;
    if (f == NULL)
        return errno == ENOENT ? 0 : errno;
    while ((rc = fgetpwent_r(f, pw, room, n, found)) == 0)
        if (w->name != NULL ? strcmp(pw->pw_name, w->name) == 0 : pw->pw_uid == w->uid)
            break;
    fclose(f);
    if (rc != 0)
        *found = NULL;
    return rc == ENOENT ? 0 : rc; /* ENOENT: the end of the file */
}

int getpwuid_r(uid_t uid, struct passwd *restrict pw, char *restrict room, size_t n,
               struct passwd **restrict found)
{
    const struct wanted w = {.uid = uid};

    return find(&w, pw, room, n, found);
}

int getpwnam_r(const char *restrict name, struct passwd *restrict pw, char *restrict room, size_t n,
               struct passwd **restrict found)
{
    const struct wanted w = {.name = name};

    return find(&w, pw, room, n, found);
}

/* These two answer in storage of their own, as they do everywhere. */
static struct passwd *in_storage(const struct wanted *w)
{
    static struct passwd pw;
    static char room[4096];
    struct passwd *found;
    int rc = find(w, &pw, room, sizeof(room), &found);

    if (rc != 0)
        errno = rc;
    return found;
}

struct passwd *getpwuid(uid_t uid)
{
    const struct wanted w = {.uid = uid};

    return in_storage(&w);
}

struct passwd *getpwnam(const char *name)
{
    const struct wanted w = {.name = name};

    return in_storage(&w);
}

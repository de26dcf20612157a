/* SPDX-License-Identifier: PostgreSQL */
/* The passfile: host:port:database:user:password lines (PG18 fe-connect.c passwordFromFile). */
#include "conninfo_int.h"

#include <errno.h>

/* Matches one field at `p` and returns what follows its ":", or NULL (libpq's
 * pwdfMatchesString). "*" alone matches all; a backslash takes the next character as it is. */
static const char *match_field(const char *p, const char *want)
{
    if (p[0] == '*' && p[1] == ':')
        return p + 2;
    while (*p != '\0') {
        bool escaped = *p == '\\';

        if (escaped)
            p++;
        if (*p == ':' && *want == '\0' && !escaped)
            return p + 1;
        if (*want == '\0' || *p != *want)
            return NULL;
        p++;
        want++;
    }
    return NULL;
}

/* The password behind the fourth ":", up to a bare ":" or the end, without its escapes. */
static void unescape(const char *p, char *out)
{
    while (*p != ':' && *p != '\0') {
        if (*p == '\\' && p[1] != '\0')
            p++;
        *out++ = *p++;
    }
    *out = '\0';
}

static bool match_line(char *line, const char *const field[4], char **password)
{
    const char *p = line;
    size_t n = strlen(line);

    if (line[0] == '#')
        return false;
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        line[--n] = '\0';
    if (n == 0)
        return false;
    for (int i = 0; i < 4 && p != NULL; i++)
        p = match_field(p, field[i]);
    if (p == NULL)
        return false;
    *password = pgseal__alloc(strlen(p) + 1);
    if (*password != NULL)
        unescape(p, *password);
    return true;
}

int pgseal__passfile_text(const uint8_t *text, size_t n, const char *const field[4],
                          char **password, struct pgseal_err *err)
{
    char *line = pgseal__alloc(n + 1);
    size_t used = 0;
    bool found = false;

    *password = NULL;
    if (line == NULL)
        return pgseal__nomem(err);
    /* A NUL drops the rest of its line and joins the next one, as fgets() with strlen() does. */
    for (size_t at = 0; at < n && !found;) {
        const uint8_t *newline = memchr(text + at, '\n', n - at);
        size_t len = newline != NULL ? (size_t)(newline - text) + 1 - at : n - at;
        size_t shown = strnlen((const char *)text + at, len);

        memcpy(line + used, text + at, shown);
        used += shown;
        line[used] = '\0';
        at += len;
        if (used == 0 || (line[used - 1] != '\n' && newline != NULL))
            continue;
        found = match_line(line, field, password);
        used = 0;
    }
    pgseal__wipe_free(line, n + 1);
    if (found && *password == NULL)
        return pgseal__nomem(err);
    return found ? 1 : 0;
}

/* Looks up one host. libpq opens the file for each host, and so warns for each. */
static int look_up(struct pgseal_conninfo *ci, const struct pgseal_file *f, const char *path,
                   struct pgseal__host *h, struct pgseal_err *err)
{
    const char *key = h->pub.host != NULL ? h->pub.host : h->pub.hostaddr;
    const char *field[4] = {key, h->pub.port, ci->v[PGSEAL_P_dbname].val, ci->v[PGSEAL_P_user].val};
    int rc;

    if (f->kind != PGSEAL_FILE_REGULAR)
        return pgseal__warn(&ci->warn, err, "password file \"%s\" is not a plain file", path);
    if ((f->mode & 077) != 0)
        return pgseal__warn(&ci->warn, err,
                            "password file \"%s\" has group or world access; permissions should be "
                            "u=rw (0600) or less",
                            path);
    if (f->data == NULL)
        return 0;
    if (key == NULL || strcmp(key, PGSEAL_DEFAULT_SOCKET_DIR) == 0)
        field[0] = "localhost";
    rc = pgseal__passfile_text(f->data, f->len, field, &h->password, err);
    if (rc > 0 && h->password[0] != '\0') {
        h->pub.password = h->password;
        h->pub.passfile = path;
    }
    return rc < 0 ? rc : 0;
}

/* The path of the passfile, set as the value of "passfile" when it is the default one. */
static int passfile_path(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                         struct pgseal_err *err)
{
    char *path;
    int rc;

    if (pgseal__given(ci, PGSEAL_P_passfile) != NULL || world->home == NULL)
        return 0;
    path = pgseal__text("%s/.pgpass", world->home);
    if (path == NULL)
        return pgseal__nomem(err);
    rc = pgseal__value_set(&ci->v[PGSEAL_P_passfile], path, "default", NULL, err);
    pgseal__free(path);
    return rc;
}

int pgseal__passfile(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                     struct pgseal_err *err)
{
    const char *password = pgseal__given(ci, PGSEAL_P_password);
    struct pgseal_file f = {0};
    const char *path;
    int rc = 0;

    for (size_t i = 0; i < ci->nhosts; i++)
        ci->hosts[i].pub.password = password;
    if (password != NULL || world == NULL)
        return 0;
    rc = passfile_path(ci, world, err);
    path = pgseal__given(ci, PGSEAL_P_passfile);
    if (rc < 0 || path == NULL)
        return rc;
    world->read(world->ctx, path, &f);
    /* What cannot be opened is ignored without a word; a directory can be opened. */
    if (f.stat_sys == 0 && f.read_sys != EACCES && f.read_sys != EPERM) {
        for (size_t i = 0; i < ci->nhosts && rc == 0; i++)
            rc = look_up(ci, &f, path, &ci->hosts[i], err);
    }
    world->release(world->ctx, &f);
    return rc;
}

/* SPDX-License-Identifier: PostgreSQL */
/* The service file: named sections of parameters (PG18 fe-connect.c parseServiceInfo and -File). */
#include "conninfo_int.h"

#define LINE_MAX_LEN 1023 /* libpq reads lines into 1024 bytes with their NUL */

struct section {
    struct pgseal__value *v;
    const char *file;
    const char *service;
    int line;
    bool found;
    bool over; /* the next section began behind the one that was asked for */
};

static int syntax_error(const struct section *s, const char *why, const char *hint,
                        struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_SERVICE, "syntax error in service file \"%s\", line %d", s->file,
                 s->line);
    pgseal__detail(err, "%s", why);
    pgseal__hint(err, "%s", hint);
    return PGSEAL_E_SERVICE;
}

static int unknown_key(const struct section *s, const char *key, struct pgseal_err *err)
{
    const char *near = pgseal__param_near(key);
    char hint[160] = "Names are those of a connection string.";

    if (near != NULL && strpbrk(key, " \t") != NULL)
        pgseal__format(hint, sizeof(hint), "Write %s=VALUE without blanks around the \"=\".", near);
    else if (near != NULL)
        pgseal__format(hint, sizeof(hint), "Did you mean \"%s\"?", near);
    return syntax_error(s, "What stands before the \"=\" is not the name of a parameter.", hint,
                        err);
}

/* key=value, split at the first "=" without trimming; what is set already stays. */
static int take_setting(struct section *s, char *line, struct pgseal_err *err)
{
    char *value = strchr(line, '=');
    char *origin;
    int param;

    if (value == NULL)
        return syntax_error(s, "The line has no \"=\".", "Write NAME=VALUE.", err);
    *value++ = '\0';
    if (strcmp(line, "service") == 0) {
        pgseal__fail(err, PGSEAL_E_SERVICE,
                     "nested service specifications not supported in service file \"%s\", line %d",
                     s->file, s->line);
        pgseal__hint(err, "Copy the lines of that section here, without service=.");
        return PGSEAL_E_SERVICE;
    }
    param = pgseal__param_find(line);
    if (param < 0)
        return unknown_key(s, line, err);
    if (s->v[param].val != NULL)
        return 0;
    origin = pgseal__text("service %s in %s:%d", s->service, s->file, s->line);
    if (origin == NULL)
        return pgseal__nomem(err);
    return pgseal__value_set(&s->v[param], value, NULL, origin, err);
}

static int take_line(struct section *s, char *line, size_t n, struct pgseal_err *err)
{
    size_t len = strlen(s->service);

    while (n > 0 && pgseal__is_space(line[n - 1]))
        line[--n] = '\0';
    while (pgseal__is_space(*line))
        line++;
    if (*line == '\0' || *line == '#')
        return 0;
    if (*line == '[') {
        s->over = s->found;
        if (!s->over)
            s->found = strncmp(line + 1, s->service, len) == 0 && line[len + 1] == ']';
        return 0;
    }
    return s->found ? take_setting(s, line, err) : 0;
}

/* The next line as fgets() into 1024 bytes and strlen() see it. Returns bytes consumed. */
static size_t next_line(const uint8_t *p, size_t n, char line[LINE_MAX_LEN + 1], size_t *len)
{
    size_t most = n < LINE_MAX_LEN ? n : LINE_MAX_LEN;
    const uint8_t *end = memchr(p, '\n', most);
    size_t used = end != NULL ? (size_t)(end - p) + 1 : most;

    memcpy(line, p, used);
    line[used] = '\0';
    *len = strlen(line);
    return used;
}

int pgseal__service_text(struct pgseal__value v[PGSEAL_P_COUNT], const char *file,
                         const uint8_t *text, size_t n, const char *service, bool *found,
                         struct pgseal_err *err)
{
    struct section s = {.v = v, .file = file, .service = service};
    char line[LINE_MAX_LEN + 1];
    int rc = 0;

    for (size_t at = 0; at < n && rc == 0 && !s.over;) {
        size_t len;

        at += next_line(text + at, n - at, line, &len);
        s.line++;
        if (len >= LINE_MAX_LEN) {
            rc = pgseal__fail(err, PGSEAL_E_SERVICE, "line %d too long in service file \"%s\"",
                              s.line, file);
            pgseal__detail(err, "A line may have at most %d bytes.", LINE_MAX_LEN - 2);
            break;
        }
        rc = take_line(&s, line, len, err);
    }
    pgseal__wipe(line, sizeof(line));
    *found = s.found;
    return rc;
}

static int read_file(struct pgseal_conninfo *ci, const struct pgseal_world *world, const char *path,
                     const char *service, bool *found, struct pgseal_err *err)
{
    struct pgseal_file f = {0};
    int rc = 0;

    world->read(world->ctx, path, &f);
    if (f.stat_sys != 0 || (f.read_sys != 0 && f.kind != PGSEAL_FILE_DIRECTORY)) {
        rc = pgseal__fail(err, PGSEAL_E_SERVICE, "service file \"%s\" not found", path);
        if (err != NULL)
            err->sys = f.stat_sys != 0 ? f.stat_sys : f.read_sys;
    } else if (f.data != NULL) {
        rc = pgseal__service_text(ci->v, path, f.data, f.len, service, found, err);
    }
    world->release(world->ctx, &f);
    return rc;
}

static bool exists(const struct pgseal_world *world, const char *path)
{
    struct pgseal_file f = {0};

    world->stat(world->ctx, path, &f);
    return f.stat_sys == 0;
}

/* PGSERVICEFILE, else ~/.pg_service.conf if it is there. NULL: neither. */
static int first_file(const struct pgseal_world *world, char **path, struct pgseal_err *err)
{
    const char *env = pgseal__env(world, "PGSERVICEFILE");

    *path = NULL;
    if (env != NULL)
        *path = pgseal__strdup(env);
    else if (world->home != NULL)
        *path = pgseal__text("%s/.pg_service.conf", world->home);
    else
        return 0;
    if (*path == NULL)
        return pgseal__nomem(err);
    if (env == NULL && !exists(world, *path)) {
        pgseal__free(*path);
        *path = NULL;
    }
    return 0;
}

static int system_file(const struct pgseal_world *world, char **path, struct pgseal_err *err)
{
    const char *dir = pgseal__env(world, "PGSYSCONFDIR");

    *path = pgseal__text("%s/pg_service.conf", dir != NULL ? dir : PGSEAL_PG_SYSCONFDIR);
    return *path != NULL ? 0 : pgseal__nomem(err);
}

static int not_found(const char *service, const char *first, const char *second,
                     struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_SERVICE, "definition of service \"%s\" not found", service);
    pgseal__detail(err, "Looked for a section [%s] in %s%s%s.", service, first != NULL ? first : "",
                   first != NULL ? " and " : "", second);
    pgseal__hint(err, "Add the section, or name the right file in PGSERVICEFILE.");
    return PGSEAL_E_SERVICE;
}

int pgseal__service(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                    struct pgseal_err *err)
{
    const char *service = ci->v[PGSEAL_P_service].val;
    char *first = NULL;
    char *second = NULL;
    bool found = false;
    int rc;

    if (service == NULL)
        service = pgseal__env(world, "PGSERVICE");
    if (service == NULL)
        return 0;
    if (world == NULL)
        return not_found(service, NULL, PGSEAL_PG_SYSCONFDIR "/pg_service.conf", err);
    rc = first_file(world, &first, err);
    if (rc == 0 && first != NULL)
        rc = read_file(ci, world, first, service, &found, err);
    if (rc == 0 && !found)
        rc = system_file(world, &second, err);
    if (rc == 0 && !found && exists(world, second))
        rc = read_file(ci, world, second, service, &found, err);
    if (rc == 0 && !found)
        rc = not_found(service, first, second, err);
    pgseal__free(first);
    pgseal__free(second);
    return rc;
}

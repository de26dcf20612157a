/* SPDX-License-Identifier: PostgreSQL */
/* Says what pgseal makes of connection strings, in the words of tests/integration/libpq18_driver.c.
 */
#include "core/base/base.h"
#include "json_words.h"

#include <pgseal/conninfo.h>

#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * conninfo_dump defaults       the table of parameters, as JSON
 * conninfo_dump parse < FILE   each NUL-terminated string of FILE, one JSON line each
 * conninfo_dump merge < FILE   the same with service file, environment and defaults, validated
 */

static const char *world_env(void *ctx, const char *name)
{
    return getenv(name);
}

static void world_stat(void *ctx, const char *path, struct pgseal_file *f)
{
    struct stat st;

    *f = (struct pgseal_file){0};
    if (stat(path, &st) != 0) {
        f->stat_sys = errno;
        return;
    }
    f->kind = S_ISREG(st.st_mode)   ? PGSEAL_FILE_REGULAR
              : S_ISDIR(st.st_mode) ? PGSEAL_FILE_DIRECTORY
                                    : PGSEAL_FILE_OTHER;
    f->mode = st.st_mode & 07777;
    f->uid = st.st_uid;
}

static void world_read(void *ctx, const char *path, struct pgseal_file *f)
{
    FILE *in;

    world_stat(ctx, path, f);
    if (f->stat_sys != 0 || f->kind != PGSEAL_FILE_REGULAR)
        return;
    in = fopen(path, "r");
    if (in == NULL) {
        f->read_sys = errno;
        return;
    }
    f->data = calloc(1, 1 << 20);
    f->len = f->data != NULL ? fread(f->data, 1, (1 << 20) - 1, in) : 0;
    fclose(in);
}

static void world_release(void *ctx, struct pgseal_file *f)
{
    free(f->data);
    *f = (struct pgseal_file){0};
}

static const struct pgseal_world *world(void)
{
    static struct pgseal_world w = {
        .size = sizeof(w),
        .env = world_env,
        .stat = world_stat,
        .read = world_read,
        .release = world_release,
        .encoding = "SQL_ASCII", /* of the C locale, which the test sets */
    };
    const struct passwd *me = getpwuid(geteuid());

    w.user = me != NULL ? me->pw_name : NULL;
    w.home = getenv("HOME");
    return &w;
}

static int run_defaults(void)
{
    const struct pgseal_param_info *p;

    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        fputs(i > 0 ? ",\n {" : "[{", stdout);
        put_member("keyword", p->keyword);
        put_member("envvar", p->env);
        put_member("compiled", p->fallback);
        put_member("label", p->label);
        put_member("dispchar", p->display);
        put_member("since", p->since);
        put_member("text", p->text);
        printf("\"acts\":%s}", p->acts ? "true" : "false");
    }
    puts("]");
    return 0;
}

static void put_hosts(const struct pgseal_conninfo *ci)
{
    for (size_t i = 0; i < pgseal_conninfo_hosts(ci); i++) {
        const struct pgseal_host *h = pgseal_conninfo_host(ci, i);

        fputs(i > 0 ? ",{" : "{", stdout);
        put_member("host", h->host);
        put_member("hostaddr", h->hostaddr);
        put_member("port", h->port);
        fputs("\"password\":", stdout);
        put_string(h->password);
        putchar('}');
    }
}

static void put_conninfo(const struct pgseal_conninfo *ci)
{
    const struct pgseal_param_info *p;
    const char *warning;

    fputs("{\"options\":{", stdout);
    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
        if (i > 0)
            putchar(',');
        put_string(p->keyword);
        putchar(':');
        put_string(pgseal_conninfo_get(ci, p->keyword));
    }
    fputs("},\"warnings\":[", stdout);
    for (size_t i = 0; (warning = pgseal_conninfo_warning(ci, i)) != NULL; i++) {
        if (i > 0)
            putchar(',');
        put_string(warning);
    }
    fputs("],\"hosts\":[", stdout);
    put_hosts(ci);
    puts("]}");
}

static void one(const char *text, bool merge)
{
    struct pgseal_err err = {0};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    int rc;

    if (!merge || pgseal_conninfo_is_string(text))
        rc = pgseal_conninfo_parse(ci, text, &err);
    else
        rc = pgseal_conninfo_set(ci, "dbname", text, "command line", &err);
    if (rc == 0 && merge)
        rc = pgseal_conninfo_finish(ci, world(), &err);
    if (rc < 0) {
        putchar('{');
        put_member("error", err.msg);
        put_member("detail", err.detail);
        put_member("hint", err.hint);
        fputs("\"code\":", stdout);
        put_string(pgseal_code_str(err.code));
        puts("}");
    } else {
        put_conninfo(ci);
    }
    pgseal_conninfo_free(ci);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t size = 0;

    if (argc == 2 && strcmp(argv[1], "defaults") == 0)
        return run_defaults();
    if (argc != 2 || (strcmp(argv[1], "parse") != 0 && strcmp(argv[1], "merge") != 0)) {
        fputs("usage: conninfo_dump defaults | parse | merge\n", stderr);
        return 2;
    }
    while (getdelim(&line, &size, '\0', stdin) >= 0)
        one(line, argv[1][0] == 'm');
    free(line);
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* Says what pgseal makes of connection strings, for comparison with libpq: one line in, one out. */
#include "core/base/base.h"

#include <pgseal/conninfo.h>
#include <pgseal/drive.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * In:  a verb, a blank, a string in hexadecimal digits.
 *      parse STRING     what the string says (PQconninfoParse)
 *      finish STRING    with service file, environment and defaults, validated
 *      params -         the table of parameters
 * Out: "ok" and NAME=HEX for each value that is set, or "error" and the message in hex, the code's
 *      name behind it.
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
        .user = "osuser",
    };

    w.home = getenv("HOME");
    return &w;
}

static void put_hex(const char *text)
{
    for (; *text != '\0'; text++)
        printf("%02x", (unsigned char)*text);
}

static size_t from_hex(char *text)
{
    size_t n = 0;

    for (const char *p = text; p[0] != '\0' && p[1] != '\0'; p += 2) {
        char pair[3] = {p[0], p[1], '\0'};

        text[n++] = (char)strtoul(pair, NULL, 16);
    }
    text[n] = '\0';
    return n;
}

static void put_params(void)
{
    const struct pgseal_param_info *p;

    printf("ok");
    for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++)
        printf(" %s,%s,%s,%s,%s,%s", p->keyword, p->env != NULL ? p->env : "-",
               p->fallback != NULL ? p->fallback : "-", p->label, p->display, p->since);
    printf("\n");
}

static void put_hosts(const struct pgseal_conninfo *ci)
{
    for (size_t i = 0; i < pgseal_conninfo_hosts(ci); i++) {
        const struct pgseal_host *h = pgseal_conninfo_host(ci, i);

        printf(" @host=");
        put_hex(h->host != NULL ? h->host : "");
        printf(" @hostaddr=");
        put_hex(h->hostaddr != NULL ? h->hostaddr : "");
        printf(" @port=");
        put_hex(h->port);
        printf(" @password=");
        put_hex(h->password != NULL ? h->password : "");
    }
    for (size_t i = 0; pgseal_conninfo_warning(ci, i) != NULL; i++) {
        printf(" @warning=");
        put_hex(pgseal_conninfo_warning(ci, i));
    }
}

static void run(const char *verb, const char *text)
{
    struct pgseal_err err = {0};
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    const struct pgseal_param_info *p;
    int rc = pgseal_conninfo_parse(ci, text, &err);

    if (rc == 0 && strcmp(verb, "finish") == 0)
        rc = pgseal_conninfo_finish(ci, world(), &err);
    if (rc < 0) {
        printf("error ");
        put_hex(err.msg);
        printf(" %s\n", pgseal_code_str(err.code));
    } else {
        printf("ok");
        for (size_t i = 0; (p = pgseal_conninfo_param(i)) != NULL; i++) {
            const char *value = pgseal_conninfo_get(ci, p->keyword);

            if (value == NULL)
                continue;
            printf(" %s=", p->keyword);
            put_hex(value);
        }
        put_hosts(ci);
        printf("\n");
    }
    pgseal_conninfo_free(ci);
}

int main(void)
{
    static char line[1 << 18];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *text = strchr(line, ' ');

        line[strcspn(line, "\n")] = '\0';
        if (text == NULL)
            return 2;
        *text++ = '\0';
        if (strcmp(line, "params") == 0) {
            put_params();
        } else {
            from_hex(text);
            run(line, text);
        }
        fflush(stdout);
    }
    return 0;
}

/* SPDX-License-Identifier: PostgreSQL */
/* A referee: connects as psql does through the libpq it is told to load, and says what came of it.
 *
 * libpq_driver LIBPQ connect CONNINFO SQL
 *     as psql -X -w -c SQL CONNINFO; success prints the session's facts as one JSON line
 * libpq_driver LIBPQ defaults
 *     PQconndefaults() as JSON
 * libpq_driver LIBPQ parse < FILE
 *     PQconninfoParse() of each NUL-terminated string of FILE, one JSON line each
 * libpq_driver LIBPQ merge < FILE
 *     the same through PQconnectStartParams() and PQconninfo(), so with service file, environment
 *     and defaults; it begins to connect, so name an address where nobody listens
 *
 * The types are declared here so that no libpq header, and so no version, is built in. Exit codes
 * are psql's: 0, 1 (SQL error), 2 (no connection); 3 is this program's own trouble.
 */
#include "../support/json_words.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

/* libpq-fe.h: the layout is libpq's ABI since 8.0 */
struct option_row {
    char *keyword;
    char *envvar;
    char *compiled;
    char *val;
    char *label;
    char *dispchar;
    int dispsize;
};

enum { CONNECTION_OK = 0, PGRES_COMMAND_OK = 1, PGRES_TUPLES_OK = 2 };

struct libpq {
    PGconn *(*connect_params)(const char *const *, const char *const *, int);
    PGconn *(*start_params)(const char *const *, const char *const *, int);
    struct option_row *(*conninfo)(PGconn *);
    struct option_row *(*parse)(const char *, char **);
    struct option_row *(*defaults)(void);
    void (*free_options)(struct option_row *);
    void (*free_mem)(void *);
    int (*status)(const PGconn *);
    char *(*error)(const PGconn *);
    void (*finish)(PGconn *);
    PGresult *(*exec)(PGconn *, const char *);
    int (*result_status)(const PGresult *);
    int (*ntuples)(const PGresult *);
    int (*nfields)(const PGresult *);
    char *(*value)(const PGresult *, int, int);
    int (*isnull)(const PGresult *, int, int);
    char *(*user)(const PGconn *);
    char *(*pass)(const PGconn *);
    char *(*db)(const PGconn *);
    char *(*host)(const PGconn *);
    char *(*port)(const PGconn *);
    char *(*hostaddr)(const PGconn *); /* 12+ */
    int (*ssl_in_use)(PGconn *);
    const char *(*ssl_attribute)(PGconn *, const char *);
    const char *const *(*ssl_names)(PGconn *);
    int (*protocol)(const PGconn *);
    int (*full_protocol)(const PGconn *); /* 18+ */
    int (*used_password)(const PGconn *);
    int (*needs_password)(const PGconn *);
    int (*server_version)(const PGconn *);
    int (*lib_version)(void);
};

struct symbol {
    const char *name;
    size_t offset;
    bool optional;
};

#define SYM(field, name, optional)                    \
    {                                                 \
        name, offsetof(struct libpq, field), optional \
    }

static const struct symbol symbols[] = {
    SYM(connect_params, "PQconnectdbParams", false),
    SYM(start_params, "PQconnectStartParams", false),
    SYM(conninfo, "PQconninfo", false),
    SYM(parse, "PQconninfoParse", false),
    SYM(defaults, "PQconndefaults", false),
    SYM(free_options, "PQconninfoFree", false),
    SYM(free_mem, "PQfreemem", false),
    SYM(status, "PQstatus", false),
    SYM(error, "PQerrorMessage", false),
    SYM(finish, "PQfinish", false),
    SYM(exec, "PQexec", false),
    SYM(result_status, "PQresultStatus", false),
    SYM(ntuples, "PQntuples", false),
    SYM(nfields, "PQnfields", false),
    SYM(value, "PQgetvalue", false),
    SYM(isnull, "PQgetisnull", false),
    SYM(user, "PQuser", false),
    SYM(pass, "PQpass", false),
    SYM(db, "PQdb", false),
    SYM(host, "PQhost", false),
    SYM(port, "PQport", false),
    SYM(hostaddr, "PQhostaddr", true),
    SYM(ssl_in_use, "PQsslInUse", false),
    SYM(ssl_attribute, "PQsslAttribute", false),
    SYM(ssl_names, "PQsslAttributeNames", false),
    SYM(protocol, "PQprotocolVersion", false),
    SYM(full_protocol, "PQfullProtocolVersion", true),
    SYM(used_password, "PQconnectionUsedPassword", false),
    SYM(needs_password, "PQconnectionNeedsPassword", false),
    SYM(server_version, "PQserverVersion", false),
    SYM(lib_version, "PQlibVersion", false),
};

static int load(struct libpq *pq, const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        fprintf(stderr, "libpq_driver: %s\n", dlerror());
        return -1;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *p = dlsym(handle, symbols[i].name);

        if (p == NULL && !symbols[i].optional) {
            fprintf(stderr, "libpq_driver: %s has no %s\n", path, symbols[i].name);
            return -1;
        }
        memcpy((char *)pq + symbols[i].offset, &p, sizeof p);
    }
    return 0;
}

/* libpq's messages end with a newline; psql's logger strips exactly one */
static void put_error(const char *message)
{
    size_t n = strlen(message);

    if (n > 0 && message[n - 1] == '\n')
        n--;
    fprintf(stderr, "psql: error: %.*s\n", (int)n, message);
}

static void put_options(const struct option_row *rows)
{
    const char *comma = "";

    putchar('{');
    for (const struct option_row *o = rows; o->keyword != NULL; o++) {
        fputs(comma, stdout);
        put_string(o->keyword);
        fputs(":", stdout);
        put_string(o->val);
        comma = ",";
    }
    putchar('}');
}

static int run_defaults(const struct libpq *pq)
{
    struct option_row *rows = pq->defaults();

    if (rows == NULL)
        return 3;
    fputs("[", stdout);
    for (struct option_row *o = rows; o->keyword != NULL; o++) {
        if (o != rows)
            fputs(",\n ", stdout);
        putchar('{');
        put_member("keyword", o->keyword);
        put_member("envvar", o->envvar);
        put_member("compiled", o->compiled);
        put_member("val", o->val);
        put_member("label", o->label);
        put_member("dispchar", o->dispchar);
        printf("\"dispsize\":%d}", o->dispsize);
    }
    puts("]");
    pq->free_options(rows);
    return 0;
}

static void parse_one(const struct libpq *pq, const char *text)
{
    char *error = NULL;
    struct option_row *rows = pq->parse(text, &error);

    if (rows != NULL) {
        fputs("{\"options\":", stdout);
        put_options(rows);
        puts("}");
        pq->free_options(rows);
    } else {
        fputs("{\"error\":", stdout);
        put_string(error);
        puts("}");
        pq->free_mem(error);
    }
}

static void merge_one(const struct libpq *pq, const char *text)
{
    const char *keys[] = {"dbname", NULL};
    const char *values[] = {text, NULL};
    PGconn *conn = pq->start_params(keys, values, 1);
    struct option_row *rows = pq->conninfo(conn);
    const char *error = pq->error(conn);

    fputs("{\"options\":", stdout);
    put_options(rows);
    fputs(",\"password\":", stdout); /* of the first host, from wherever */
    put_string(pq->pass(conn));
    fputs(",\"error\":", stdout);
    put_string(pq->status(conn) == 1 ? error : NULL);
    puts("}");
    pq->free_options(rows);
    pq->finish(conn);
}

static int each_string(const struct libpq *pq, void (*one)(const struct libpq *, const char *))
{
    char *line = NULL;
    size_t size = 0;

    while (getdelim(&line, &size, '\0', stdin) >= 0)
        one(pq, line);
    free(line);
    return 0;
}

static void put_rows(const struct libpq *pq, const PGresult *res)
{
    fputs("\"rows\":[", stdout);
    for (int r = 0; r < pq->ntuples(res); r++) {
        fputs(r > 0 ? ",[" : "[", stdout);
        for (int c = 0; c < pq->nfields(res); c++) {
            if (c > 0)
                putchar(',');
            put_string(pq->isnull(res, r, c) ? NULL : pq->value(res, r, c));
        }
        putchar(']');
    }
    fputs("]}\n", stdout);
}

static void put_session(const struct libpq *pq, PGconn *conn)
{
    const char *const *names = pq->ssl_names(conn);

    putchar('{');
    put_member("user", pq->user(conn));
    put_member("dbname", pq->db(conn));
    put_member("host", pq->host(conn));
    put_member("port", pq->port(conn));
    if (pq->hostaddr != NULL)
        put_member("hostaddr", pq->hostaddr(conn));
    printf("\"ssl\":%s,\"attributes\":{", pq->ssl_in_use(conn) ? "true" : "false");
    for (int i = 0; pq->ssl_in_use(conn) && names[i] != NULL; i++) {
        if (i > 0)
            putchar(',');
        put_string(names[i]);
        putchar(':');
        put_string(pq->ssl_attribute(conn, names[i]));
    }
    printf("},\"protocol\":%d,",
           pq->full_protocol != NULL ? pq->full_protocol(conn) : pq->protocol(conn) * 10000);
    printf("\"password_used\":%s,", pq->used_password(conn) ? "true" : "false");
    printf("\"server_version\":%d,\"library\":%d,", pq->server_version(conn), pq->lib_version());
}

static int run_connect(const struct libpq *pq, const char *conninfo, const char *sql)
{
    /* psql's order (bin/psql/startup.c), without what was not given on its command line */
    const char *keys[] = {"dbname", "fallback_application_name", NULL};
    const char *values[] = {conninfo, "psql", NULL};
    PGconn *conn = pq->connect_params(keys, values, 1);
    PGresult *res;
    int status;

    if (conn == NULL || pq->status(conn) != CONNECTION_OK) {
        put_error(conn != NULL ? pq->error(conn) : "out of memory\n");
        pq->finish(conn);
        return 2;
    }
    res = pq->exec(conn, sql);
    status = pq->result_status(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fputs(pq->error(conn), stderr);
        status = pq->status(conn) == CONNECTION_OK ? 1 : 2;
    } else {
        put_session(pq, conn);
        put_rows(pq, res);
        status = 0;
    }
    pq->finish(conn);
    return status;
}

int main(int argc, char **argv)
{
    struct libpq pq;

    if (argc < 3 || load(&pq, argv[1]) < 0)
        return 3;
    if (strcmp(argv[2], "connect") == 0 && argc == 5)
        return run_connect(&pq, argv[3], argv[4]);
    if (strcmp(argv[2], "defaults") == 0 && argc == 3)
        return run_defaults(&pq);
    if (strcmp(argv[2], "parse") == 0 && argc == 3)
        return each_string(&pq, parse_one);
    if (strcmp(argv[2], "merge") == 0 && argc == 3)
        return each_string(&pq, merge_one);
    fputs("usage: libpq_driver LIBPQ connect CONNINFO SQL | defaults | parse | merge\n", stderr);
    return 3;
}

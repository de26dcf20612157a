/* SPDX-License-Identifier: PostgreSQL */
/* What the files of the conninfo module share: values with their origin, parsing, sources, hosts.
 */
#ifndef PGSEAL_CONNINFO_INT_H
#define PGSEAL_CONNINFO_INT_H

#include "core/base/base.h"

#include <pgseal/conninfo.h>

#define PGSEAL_DEFAULT_PORT "5432"

/* Index of a parameter: PGSEAL_P_sslmode, ... in the order of params.def. */
enum pgseal__param {
#define PGSEAL_ROW(keyword, env, fallback, since, label, display, acts, text) PGSEAL_P_##keyword,
#include "core/conninfo/params.def"
#undef PGSEAL_ROW
    PGSEAL_P_COUNT
};

/* ---- params.c --------------------------------------------------------------------------- */

/* Index of a keyword (compared exactly, as libpq does), or -1. */
int pgseal__param_find(const char *keyword);
/* Its value must never be shown. More than libpq's dispchar "*": SCRAM keys are secrets too. */
bool pgseal__param_is_secret(int param);
/* A keyword that `text` may be a misspelling of, or NULL. */
const char *pgseal__param_near(const char *text);

/* ---- conninfo.c ------------------------------------------------------------------------- */

/* One value. All are wiped when they are released: any of them may hold a secret by mistake. */
struct pgseal__value {
    char *val;          /* NULL = not set */
    const char *origin; /* points to static text or to origin_own */
    char *origin_own;
    bool hidden; /* may be a piece of a password in a misread URI: not for error texts */
};

struct pgseal__warnings {
    char **text;
    size_t n;
};

/* What a string says, before it is taken over whole. */
struct pgseal__parsed {
    struct pgseal__value v[PGSEAL_P_COUNT];
    struct pgseal__warnings warn;
};

struct pgseal__host {
    struct pgseal_host pub;
    char *host, *hostaddr, *port, *password;
};

#define PGSEAL_ENV_GUCS 3

struct pgseal_conninfo {
    struct pgseal__value v[PGSEAL_P_COUNT];
    struct pgseal__warnings warn;
    bool tried_finish, finished;
    struct pgseal_options opt;
    struct pgseal__host *hosts;
    size_t nhosts;
    char *env_guc[PGSEAL_ENV_GUCS]; /* values of PGDATESTYLE, PGTZ, PGGEQO, or NULL */
    uint8_t client_key[32], server_key[32];
};

/* Replaces a value by a copy of `val`. `origin` keeps; `origin_own` takes, also on failure. */
int pgseal__value_set(struct pgseal__value *v, const char *val, const char *origin,
                      char *origin_own, struct pgseal_err *err);
void pgseal__value_done(struct pgseal__value *v);
void pgseal__parsed_done(struct pgseal__parsed *p);
int pgseal__warn(struct pgseal__warnings *w, struct pgseal_err *err, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);
/* The value of a parameter, NULL when not set or empty. */
const char *pgseal__given(const struct pgseal_conninfo *ci, int param);
/* The value of a parameter that is set, or the mask: for error texts. */
const char *pgseal__shown(const struct pgseal_conninfo *ci, int param);
/* printf into memory of its own; NULL when there is none. */
char *pgseal__text(const char *fmt, ...) PGSEAL_PRINTF(1, 2);

/* ---- parse.c, uri.c --------------------------------------------------------------------- */

#define PGSEAL_ORIGIN_STRING "connection string"

/* Stores one pair as libpq's conninfo_storeval(): requiressl is translated. Returns the parameter
 * or < 0; an unknown keyword is PGSEAL_E_OPTION without a message. */
int pgseal__parsed_store(struct pgseal__parsed *out, const char *keyword, const char *value,
                         struct pgseal_err *err);
int pgseal__parse_pairs(const char *text, struct pgseal__parsed *out, struct pgseal_err *err);
int pgseal__parse_uri(const char *text, struct pgseal__parsed *out, struct pgseal_err *err);
/* Length of "postgresql://" or "postgres://" at the start of `text`, or 0. */
size_t pgseal__uri_prefix(const char *text);

/* ---- mask.c ----------------------------------------------------------------------------- */

#define PGSEAL_MASK "***"

/* What to show of a token that may be a piece of a password: itself when it is a keyword or looks
 * like a misspelled one, else the mask. */
const char *pgseal__show(const char *token, bool maybe_secret);
/* A copy of a URI that may be shown. NULL when out of memory. */
char *pgseal__mask_uri(const char *uri);
/* Where in a URI a password may be: from the first ":" behind the scheme to the last "@". Both are
 * offsets; from == to when there is nothing to hide. */
void pgseal__uri_secret(const char *uri, size_t *from, size_t *to);

/* ---- sources ---------------------------------------------------------------------------- */

/* Fills what is not set from the service file, if a service is asked for. */
int pgseal__service(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                    struct pgseal_err *err);
/* Reads one service file's text. found: the section was there. */
int pgseal__service_text(struct pgseal__value v[PGSEAL_P_COUNT], const char *file,
                         const uint8_t *text, size_t n, const char *service, bool *found,
                         struct pgseal_err *err);
/* Fills the passwords of all hosts from the passfile. */
int pgseal__passfile(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                     struct pgseal_err *err);
/* The password for host, port, dbname and user in a passfile's text: a copy, wiped by whoever
 * frees it. 1 found, 0 not found, < 0 out of memory. */
int pgseal__passfile_text(const uint8_t *text, size_t n, const char *const field[4],
                          char **password, struct pgseal_err *err);
/* World without a callback behaves like a world without anything. */
const char *pgseal__env(const struct pgseal_world *world, const char *name);

/* ---- finish.c and its parts ------------------------------------------------------------- */

int pgseal__hosts(struct pgseal_conninfo *ci, struct pgseal_err *err);
int pgseal__options(struct pgseal_conninfo *ci, struct pgseal_err *err);
int pgseal__require_auth(struct pgseal_conninfo *ci, struct pgseal_err *err);
int pgseal__scram_keys(struct pgseal_conninfo *ci, struct pgseal_err *err);
int pgseal__startup_env(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                        struct pgseal_err *err);
/* Sets err's detail: where a parameter's value comes from. */
void pgseal__say_source(const struct pgseal_conninfo *ci, int param, struct pgseal_err *err);
/* `invalid KEYWORD value: "VALUE"`, with where it came from and what is allowed. */
int pgseal__bad_value(const struct pgseal_conninfo *ci, int param, const char *value,
                      const char *allowed, struct pgseal_err *err);
/* As libpq's pqParseIntParam(): blanks around a decimal int, nothing else. */
bool pgseal__int(const char *text, int *out);
/* Elements of a comma list, at least 1. */
size_t pgseal__list_count(const char *list);
/* A copy of the next element; *list moves behind its comma or to NULL. NULL when out of memory. */
char *pgseal__list_next(const char **list);
bool pgseal__is_socket_dir(const char *host);

#endif

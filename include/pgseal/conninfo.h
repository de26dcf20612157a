/* SPDX-License-Identifier: PostgreSQL */
/* Connection strings and URIs, their sources in libpq's order, typed options, plan of attempts. */
#ifndef PGSEAL_CONNINFO_H
#define PGSEAL_CONNINFO_H

#include <pgseal/err.h>
#include <pgseal/world.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Keyword/value settings, each with where it came from. */
struct pgseal_conninfo;

PGSEAL_API struct pgseal_conninfo *pgseal_conninfo_new(struct pgseal_err *err);
/** Wipes secrets and frees. NULL is a no-op. Returns NULL. */
PGSEAL_API struct pgseal_conninfo *pgseal_conninfo_free(struct pgseal_conninfo *ci);

/**
 * Sets one parameter, as an element of PQconnectdbParams(): an empty value is skipped.
 *
 * @param origin  keeps (static text): who said so, such as "-h", "connection string"; for people.
 * Errors: PGSEAL_E_OPTION  invalid connection option
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_conninfo_set(struct pgseal_conninfo *ci, const char *keyword,
                                                   const char *value, const char *origin,
                                                   struct pgseal_err *err);

/**
 * Sets what a string says: keyword/value or URI; each later value overrides earlier ones.
 *
 * The grammar and the texts of errors are libpq 18's. A text that is neither (no "=", no scheme)
 * is an error; callers that allow a plain database name ask pgseal_conninfo_is_string() first.
 *
 * Errors:
 *   PGSEAL_E_CONNINFO  libpq's text; passwords in it are masked
 *   PGSEAL_E_OPTION    invalid connection option / invalid URI query parameter
 * Source: PG18 libpq-connect.html#LIBPQ-CONNSTRING, fe-connect.c.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_conninfo_parse(struct pgseal_conninfo *ci, const char *text,
                                                     struct pgseal_err *err);

/** True when libpq would take `dbname` as a connection string. */
PGSEAL_API bool pgseal_conninfo_is_string(const char *dbname);

/**
 * Adds what was not set yet, in libpq's order: service file, environment, compiled defaults, then
 * passfile per host; then validates everything and builds options and hosts.
 *
 * @param world  borrows. Environment and files are asked for through it.
 *
 * Errors: every error that libpq reports before it connects, with libpq's text.
 *   PGSEAL_E_OPTION, PGSEAL_E_SERVICE
 *   PGSEAL_E_UNSUPPORTED  a GSS, SSPI or OAuth setting that would have to act
 * Source: fe-connect.c conninfo_add_defaults, pqConnectOptions2.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_conninfo_finish(struct pgseal_conninfo *ci,
                                                      const struct pgseal_world *world,
                                                      struct pgseal_err *err);

/** Lends the value of a parameter or NULL, until the next change. */
PGSEAL_API const char *pgseal_conninfo_get(const struct pgseal_conninfo *ci, const char *keyword);
/** Where that value came from: "connection string", "environment PGSSLMODE", "service db in
 * FILE:LINE", "default", "-h". NULL when the parameter is not set. Lends. */
PGSEAL_API const char *pgseal_conninfo_origin(const struct pgseal_conninfo *ci,
                                              const char *keyword);
/** Warnings libpq prints on stderr while it reads files (passfile permissions). i-th or NULL. */
PGSEAL_API const char *pgseal_conninfo_warning(const struct pgseal_conninfo *ci, size_t i);

/** One row of params.def. */
struct pgseal_param_info {
    const char *keyword;
    const char *env;      /**< or NULL */
    const char *fallback; /**< compiled default or NULL */
    const char *since;    /**< first PostgreSQL major whose libpq has it, such as "9.1" */
    const char *label;    /**< libpq's label, such as "SSL-Mode" */
    const char *display;  /**< libpq's dispchar: "" show, "*" secret, "D" debug */
    const char *text;     /**< one sentence of help */
    bool acts;            /**< pgseal acts on it */
};
/** The i-th parameter in libpq's order, or NULL behind the last. */
PGSEAL_API const struct pgseal_param_info *pgseal_conninfo_param(size_t i);

enum pgseal_sslmode { /* order of strength */
                      PGSEAL_SSLMODE_DISABLE = 0,
                      PGSEAL_SSLMODE_ALLOW = 1,
                      PGSEAL_SSLMODE_PREFER = 2,
                      PGSEAL_SSLMODE_REQUIRE = 3,
                      PGSEAL_SSLMODE_VERIFY_CA = 4,
                      PGSEAL_SSLMODE_VERIFY_FULL = 5
};
enum pgseal_tristate { /* channel_binding, sslcertmode */
                       PGSEAL_DISABLE = 0,
                       PGSEAL_ALLOW_OR_PREFER = 1,
                       PGSEAL_REQUIRE = 2
};
enum pgseal_session_attrs {
    PGSEAL_SESSION_ANY = 0,
    PGSEAL_SESSION_READ_WRITE,
    PGSEAL_SESSION_READ_ONLY,
    PGSEAL_SESSION_PRIMARY,
    PGSEAL_SESSION_STANDBY,
    PGSEAL_SESSION_PREFER_STANDBY
};
/** Bits of require_auth; AUTH_NONE = the server need not ask anything. */
enum pgseal_auth_bits {
    PGSEAL_AUTH_NONE = 1u << 0,
    PGSEAL_AUTH_PASSWORD = 1u << 1,
    PGSEAL_AUTH_MD5 = 1u << 2,
    PGSEAL_AUTH_GSS = 1u << 3,
    PGSEAL_AUTH_SSPI = 1u << 4,
    PGSEAL_AUTH_SCRAM = 1u << 5,
    PGSEAL_AUTH_OAUTH = 1u << 6,
    PGSEAL_AUTH_OTHER = 1u << 7 /**< any method without a name; only in lists of "!method" */
};

/** The validated settings. Strings lend from the conninfo; NULL = not set. */
struct pgseal_options {
    enum pgseal_sslmode sslmode;
    bool direct; /**< sslnegotiation=direct */
    bool sslsni;
    enum pgseal_tristate channel_binding;
    enum pgseal_tristate sslcertmode;
    uint32_t require_auth;         /**< allowed enum pgseal_auth_bits, when the text is set */
    const char *require_auth_text; /**< as typed; NULL = not given: anything goes */
    int tls_min, tls_max;          /**< 0x0301..0x0304, 0 = library's own */
    const char *tls_min_text, *tls_max_text;
    uint32_t proto_min, proto_max; /**< PGSEAL_PROTO_*; what to ask for and the least to accept */
    enum pgseal_session_attrs session;
    bool load_balance;
    int connect_timeout_s; /**< per address; 0 = none asked for (1 is 1 since libpq 17) */
    bool keepalives;
    int keepalives_idle_s, keepalives_interval_s, keepalives_count; /**< < 0 = system's */
    int tcp_user_timeout_ms;                                        /**< 0 = system's */
    const char *sslrootcert, *sslcrl, *sslcrldir, *sslcert, *sslkey, *sslpassword, *sslkeylogfile;
    const char *requirepeer, *user, *dbname, *replication, *options, *application_name;
    const char *client_encoding;
    const uint8_t *scram_client_key, *scram_server_key; /**< 32 bytes each, or NULL */
};
/** Lends the validated options; NULL before pgseal_conninfo_finish(). */
PGSEAL_API const struct pgseal_options *pgseal_conninfo_options(const struct pgseal_conninfo *ci);

/** One host entry. Strings lend from the conninfo. */
struct pgseal_host {
    const char *host;     /**< as typed: name, address or socket directory; NULL if only hostaddr */
    const char *hostaddr; /**< or NULL */
    const char *port;     /**< never NULL; decimal */
    int port_number;      /**< 1..65535; 0 and -1: pgseal_host_check() says what is wrong */
    bool is_unix;         /**< host is a socket directory */
    const char *password; /**< from string, environment or passfile; NULL = none */
    const char *passfile; /**< file the password came from, or NULL */
    bool port_hidden;     /**< the port may be a piece of a password (URI): do not show it */
};
PGSEAL_API size_t pgseal_conninfo_hosts(const struct pgseal_conninfo *ci);
/** Lends the i-th host in the order of the string (the plan may visit them in another order). */
PGSEAL_API const struct pgseal_host *pgseal_conninfo_host(const struct pgseal_conninfo *ci,
                                                          size_t i);

/* ---- startup packet --------------------------------------------------------------------- */

struct pgseal_param;
/**
 * Lists the startup parameters as libpq 18 sends them, in its order (user, database, replication,
 * options, application_name, client_encoding, then PGDATESTYLE, PGTZ, PGGEQO).
 *
 * @return  the number of pairs written to `out` (at most `cap`), strings lend from the conninfo.
 */
PGSEAL_API size_t pgseal_conninfo_startup(const struct pgseal_conninfo *ci,
                                          struct pgseal_param *out, size_t cap);

/* ---- the plan: pure ----------------------------------------------------------------------- */

/** How a connection is protected. GSS is not offered. */
enum pgseal_method { PGSEAL_METHOD_PLAIN = 0, PGSEAL_METHOD_TLS = 1 };

/** What just happened to the last attempt. */
enum pgseal_outcome {
    PGSEAL_OUT_START = 0,     /**< nothing yet */
    PGSEAL_OUT_RESOLVED,      /**< naddrs addresses of the host are known */
    PGSEAL_OUT_UNRESOLVED,    /**< the host name could not be resolved */
    PGSEAL_OUT_UNREACHED,     /**< no TCP or Unix connection (also: timed out) */
    PGSEAL_OUT_NO_TLS,        /**< the server said N; the connection is still usable */
    PGSEAL_OUT_TLS_FAILED,    /**< anything from the handshake to the verdict, or our own files */
    PGSEAL_OUT_SERVER_ERROR,  /**< ErrorResponse before AuthenticationOk */
    PGSEAL_OUT_BUSY,          /**< ErrorResponse 57P03 (cannot connect now) */
    PGSEAL_OUT_REFUSED,       /**< we refused, or an error behind AuthenticationOk: final */
    PGSEAL_OUT_WRONG_SESSION, /**< connected, but target_session_attrs is not met */
    PGSEAL_OUT_OPEN,          /**< connected and wanted */
    PGSEAL_OUT_NAME_REFUSED   /**< 42704 behind AuthenticationOk, and application_name was sent */
};

/** What to do next. */
enum pgseal_action {
    PGSEAL_ACT_RESOLVE = 0,  /**< look up host `host`, then RESOLVED or UNRESOLVED */
    PGSEAL_ACT_CONNECT = 1,  /**< new connection to address `addr` of `host` by `method` */
    PGSEAL_ACT_CONTINUE = 2, /**< same connection, now by `method` */
    PGSEAL_ACT_DONE = 3,     /**< keep this connection */
    PGSEAL_ACT_FAIL = 4      /**< give up; the collected messages are the error */
};
struct pgseal_attempt {
    enum pgseal_action action;
    size_t host; /**< index for pgseal_conninfo_host() */
    size_t addr; /**< index into the addresses, in the order to try */
    enum pgseal_method method;
    bool direct;    /**< TLS without SSLRequest */
    bool reconnect; /**< CONNECT to an address that was already connected to */
    /** What this connection must be. prefer-standby: in the second pass it is ANY, and the server
     * is not asked; until then WRONG_SESSION is a server that is not a standby. */
    enum pgseal_session_attrs session;
    /** Send no application_name: servers before 9.0 refuse it by 42704 (undefined object). Newer
     * ones say that of any setting in `options` they do not know, so libpq tries twice then. */
    bool unnamed;
};

struct pgseal_plan;
/**
 * Makes the plan of attempts for finished settings.
 *
 * @param ci    keeps.
 * @param seed  for load_balance_hosts=random; the same seed gives the same plan.
 */
PGSEAL_API struct pgseal_plan *pgseal_plan_new(const struct pgseal_conninfo *ci, uint64_t seed,
                                               struct pgseal_err *err);
PGSEAL_API struct pgseal_plan *pgseal_plan_free(struct pgseal_plan *plan);
/**
 * Tells what to do after `outcome`. Pure: no I/O, no clock.
 *
 * @param naddrs  with RESOLVED: how many addresses there are (1 for sockets and hostaddr).
 * @param out     the next action.
 * @return        0 or < 0 (NOMEM, USAGE for an outcome that cannot follow the last action).
 * Source: PG18 fe-connect.c PQconnectPoll, select_next_encryption_method.   Since: 0.1
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_plan_next(struct pgseal_plan *plan,
                                                enum pgseal_outcome outcome, size_t naddrs,
                                                struct pgseal_attempt *out, struct pgseal_err *err);
/** Permutes nothing or the order of n addresses (load_balance_hosts=random). out[i] = index. */
PGSEAL_API void pgseal_plan_shuffle(struct pgseal_plan *plan, size_t n, size_t *out);

/*
 * Some values libpq looks at only when it needs them, so that a later host's wrong port does not
 * matter when an earlier host answers. These say what is wrong, with libpq's texts.
 */

/**
 * Checks a host before it is looked up: its port and the length of its socket path.
 *
 * @param err  filled with PGSEAL_E_OPTION when the result is not RESOLVED; libpq's text has no
 *             prefix then.
 * @return     PGSEAL_OUT_RESOLVED: go on; UNRESOLVED: try the next host; REFUSED: it is over.
 *             The last two are what pgseal_plan_next() wants to hear.
 * Source: PG18 fe-connect.c PQconnectPoll.   Since: 0.1
 */
PGSEAL_API enum pgseal_outcome pgseal_host_check(const struct pgseal_host *h,
                                                 struct pgseal_err *err);
/** Checks keepalives* and tcp_user_timeout once a TCP socket is there (libpq's text follows the
 * prefix; the next address is tried: UNREACHED). 0 or PGSEAL_E_OPTION. */
PGSEAL_API int pgseal_conninfo_check_tcp(const struct pgseal_conninfo *ci, struct pgseal_err *err);
/** Checks connect_timeout, once, when the first connect() has begun or succeeded (libpq's text
 * follows the prefix; it is over: REFUSED). 0 or PGSEAL_E_OPTION. */
PGSEAL_API int pgseal_conninfo_check_timeout(const struct pgseal_conninfo *ci,
                                             struct pgseal_err *err);

/**
 * Writes libpq's prefix of a connection failure, such as
 * `connection to server at "db" (10.0.0.1), port 5432 failed: `.
 *
 * @param address  numeric address connected to; NULL when not known.
 */
PGSEAL_API void pgseal_host_prefix(const struct pgseal_host *h, const char *address, char *out,
                                   size_t cap);

#ifdef __cplusplus
}
#endif
#endif

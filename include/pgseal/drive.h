/* SPDX-License-Identifier: PostgreSQL */
/* Optional convenience: runs a plan over real sockets with poll(2), then a blocking session. */
#ifndef PGSEAL_DRIVE_H
#define PGSEAL_DRIVE_H

#include <pgseal/conn.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The real world: environment, files, home directory. Static; never NULL. */
PGSEAL_API const struct pgseal_world *pgseal_world_host(void);

/**
 * Keeps passwords and keys of this process out of core dumps and from the debugger of another
 * process: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0. A program calls it first thing in main().
 *
 * @return  0, or PGSEAL_E_IO when the system refused one of the two.
 * Source: prctl(2), getrlimit(2).   Since: 0.1
 */
PGSEAL_API int pgseal_process_harden(void);

/** An open connection with a blocking face. One thread at a time. */
struct pgseal_session;

/** How to open. {0} = no trace, no prompt, our default timeout. */
struct pgseal_session_options {
    size_t size;
    const struct pgseal_world *world; /**< keeps. NULL = pgseal_world_host() */
    bool strict;                      /**< --strict */
    struct pgseal_trace trace;
    void (*warn)(void *ctx, const char *text); /**< warnings, as they happen; or NULL */
    /** Asks a person for a password. Gives (malloc'ed) or NULL. Called at most once, when the
     * server wants one and none was given. NULL = never ask. */
    char *(*ask_password)(void *ctx, const char *user);
    void *ctx;             /**< for warn and ask_password */
    const char *password;  /**< keeps. Overrides every other source; NULL = none */
    int default_timeout_s; /**< per host when connect_timeout is not set; 0 = 60, < 0 = none */
    const volatile int
        *interrupted; /**< keeps. Waiting ends with PGSEAL_E_TIMEOUT once *it != 0; or NULL */
};

/**
 * Runs the whole plan: look-ups, connections, fallbacks, target_session_attrs.
 *
 * @param ci   keeps, until the session is closed. Finished settings.
 * @param err  msg holds libpq's complete message: every attempt with its prefix, a line each; the
 *             other fields tell the story of the failure that matters (the last, except that a
 *             TLS failure is told rather than the plaintext retry that followed it).
 * @return     gives (pgseal_session_close()), or NULL.
 */
PGSEAL_API struct pgseal_session *pgseal_session_open(const struct pgseal_conninfo *ci,
                                                      const struct pgseal_session_options *o,
                                                      struct pgseal_err *err);
/**
 * Looks at one host of the settings: connects to its addresses in order, asks for TLS whatever
 * sslmode says, and takes the handshake to its end without judging what the server shows. No login:
 * neither user nor password is sent, and no query can be.
 *
 * @param ci    keeps, until the session is closed. Finished settings.
 * @param host  which of pgseal_conninfo_hosts(); SNI is as its name asks for.
 * @param err   as for pgseal_session_open(). A Unix socket has no TLS: PGSEAL_E_NO_TLS.
 * @return      gives (pgseal_session_close()), or NULL. pgseal_session_facts() has `tls` when the
 *              handshake was completed; pgseal_session_sent() has the certificates in any case.
 */
PGSEAL_API struct pgseal_session *pgseal_session_look(const struct pgseal_conninfo *ci, size_t host,
                                                      const struct pgseal_session_options *o,
                                                      struct pgseal_err *err);
/** Gives the certificates the server sent (pgseal_chain_free()); NULL without TLS or memory. */
PGSEAL_API struct pgseal_chain *pgseal_session_sent(const struct pgseal_session *s);
/** Sends Terminate and close_notify, closes, frees. NULL is a no-op. Returns NULL. */
PGSEAL_API struct pgseal_session *pgseal_session_close(struct pgseal_session *s);

/** Lends the connection's facts. */
PGSEAL_API const struct pgseal_conn_facts *pgseal_session_facts(const struct pgseal_session *s);
/** Lends a ParameterStatus value, kept up to date for the whole session; NULL if unknown. */
PGSEAL_API const char *pgseal_session_param(const struct pgseal_session *s, const char *name);
/** Lends the body of the next NoticeResponse that came before the session was open, or NULL. */
PGSEAL_API const uint8_t *pgseal_session_notice(struct pgseal_session *s, size_t *n);
/** Lends the host entry connected to. */
PGSEAL_API const struct pgseal_host *pgseal_session_host(const struct pgseal_session *s);
/** Lends the numeric address connected to, or the socket's path. */
PGSEAL_API const char *pgseal_session_address(const struct pgseal_session *s);
PGSEAL_API int pgseal_session_fd(const struct pgseal_session *s);

/**
 * Lends the next message from the server, blocking until it is whole.
 *
 * ParameterStatus and ReadyForQuery are noted and returned like the others.
 *
 * @param max  most bytes of a body; 0 = 1 GB.
 * @return     1 and out, 0 when the server closed the connection cleanly, or < 0.
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_session_read(struct pgseal_session *s, size_t max,
                                                   struct pgseal_frame *out,
                                                   struct pgseal_err *err);
/** Queues one message. Sent by flush, read, or when the queue is large. 0 or < 0. */
PGSEAL_API PGSEAL_MUST_USE int pgseal_session_write(struct pgseal_session *s, uint8_t type,
                                                    const void *body, size_t n,
                                                    struct pgseal_err *err);
/** Sends everything queued, reading (and keeping) what arrives meanwhile. 0 or < 0. */
PGSEAL_API PGSEAL_MUST_USE int pgseal_session_flush(struct pgseal_session *s,
                                                    struct pgseal_err *err);
/** One row of an answer. Lent until the callback returns. */
struct pgseal_row {
    size_t n; /**< columns */
    const char *const
        *value; /**< as text, NUL-terminated, as the server sent it; NULL = SQL NULL */
};
typedef void (*pgseal_row_fn)(void *ctx, const struct pgseal_row *row);
/**
 * Runs one SQL text (simple query) and waits for its end. For questions with small answers.
 *
 * @param fn  called for each row, or NULL.
 * @return    number of rows, or < 0.
 *
 * Errors:
 *   PGSEAL_E_SERVER  the server's message, escaped, and err->sqlstate; the session goes on
 *   others           the session is over
 */
PGSEAL_API PGSEAL_MUST_USE long pgseal_session_query(struct pgseal_session *s, const char *sql,
                                                     pgseal_row_fn fn, void *ctx,
                                                     struct pgseal_err *err);
/**
 * Sends a CancelRequest for this session on a new connection protected like the session's own
 * (TLS and verification as the session has them; plain only if the session is plain).
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_session_cancel(struct pgseal_session *s,
                                                     struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

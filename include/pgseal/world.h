/* SPDX-License-Identifier: PostgreSQL */
/* What the core must ask the outside world for: environment and files, through callbacks. */
#ifndef PGSEAL_WORLD_H
#define PGSEAL_WORLD_H

#include <pgseal/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pgseal_file_kind { PGSEAL_FILE_REGULAR = 0, PGSEAL_FILE_DIRECTORY = 1, PGSEAL_FILE_OTHER = 2 };

/** What the world says of one path. Symbolic links are followed. */
struct pgseal_file {
    int stat_sys;               /**< 0, or the errno of stat(2): the fields below are 0 then. */
    int read_sys;               /**< 0, or the errno of opening or reading it. */
    enum pgseal_file_kind kind; /**< Regular, directory or anything else. */
    uint32_t mode;              /**< Permission bits, 07777. */
    uint32_t uid;               /**< Owner. */
    uint8_t *data;              /**< Bytes, NUL behind them; NULL when not read. */
    size_t len;                 /**< Number of bytes without that NUL. */
};

/**
 * The outside world as the core sees it. The host layer has the real one (pgseal_world_host());
 * tests make their own. Pointers and ctx must live as long as what was built with them.
 */
struct pgseal_world {
    size_t size; /**< sizeof(struct pgseal_world) */
    void *ctx;   /**< Passed to every callback. */
    /** Value of an environment variable or NULL. Lends, until the environment changes. */
    const char *(*env)(void *ctx, const char *name);
    /** Looks at `path` without reading it. Always fills `f`; data stays NULL. */
    void (*stat)(void *ctx, const char *path, struct pgseal_file *f);
    /** Looks at and reads `path`, at most 64 MB. Always fills `f`; end with `release`. */
    void (*read)(void *ctx, const char *path, struct pgseal_file *f);
    /** Wipes and frees what `read` gave. {0} is fine. */
    void (*release)(void *ctx, struct pgseal_file *f);
    /** Appends a line, which ends with its newline, to the key log file, created 0600. 0 or an
     * errno. */
    int (*append)(void *ctx, const char *path, const char *line);
    const char *home;     /**< $HOME, else the passwd entry of the effective user; NULL unknown. */
    const char *user;     /**< Name of the effective user; NULL unknown. */
    const char *user_err; /**< Why `user` is NULL, in libpq's words, or NULL. */
    /** PostgreSQL's name of the locale's encoding ("UTF8"), for client_encoding=auto. */
    const char *encoding;
};

#ifdef __cplusplus
}
#endif
#endif

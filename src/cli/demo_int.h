/* SPDX-License-Identifier: PostgreSQL */
/* The demo: a throw-away PostgreSQL, and a story played on it by this very program. */
#ifndef PGSEAL_CLI_DEMO_INT_H
#define PGSEAL_CLI_DEMO_INT_H

#include "core/base/base.h"

#include <pgseal/cert.h>

#include <sys/types.h>

/* A cluster endpoint as Aurora names it; reached through hostaddr, so no DNS is asked. */
#define DEMO_HOST     "demo.cluster-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"
#define DEMO_HOST_RO  "demo.cluster-ro-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"
#define DEMO_INSTANCE "demo-instance-1.cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"

/** The throw-away server and where its things are. Caller's storage. */
struct demo_server {
    char bindir[512];
    char version[128]; /**< "15.18 (Debian 15.18-0+deb12u1)" */
    char dir[256];     /**< everything lives below; removed at the end */
    char client[300];  /**< files a client has: root.pem, dummy.pem, ... */
    char data[300];    /**< PGDATA */
    char sock[300];    /**< Unix socket directory */
    char log[300];
    char password[40]; /**< of role postgres. Secret */
    int port;
    pid_t pid; /**< postmaster; 0 = not running */
    uid_t uid; /**< user it runs as */
    gid_t gid;
    bool keep; /**< leave it running */
};

/** Finds PostgreSQL's programs; `bindir` NULL = look in the usual places. 0 or -1 and err. */
int demo_server_find(struct demo_server *s, const char *bindir, struct pgseal_err *err);
/** Makes directories, certificates and a cluster; starts it on a free port of 127.0.0.1. */
int demo_server_start(struct demo_server *s, struct pgseal_err *err);
/** Stops it and removes its directory; with `keep` and a running server does nothing. */
void demo_server_stop(struct demo_server *s);
/** Runs one statement as superuser over the Unix socket; `out` gets the first value. */
int demo_server_sql(struct demo_server *s, const char *sql, char *out, size_t cap,
                    struct pgseal_err *err);
/** pg_hba.conf with `host` or `hostssl` lines: what rds.force_ssl switches. Waits for the reload.
 */
int demo_server_force_ssl(struct demo_server *s, bool on, struct pgseal_err *err);
/** Gives the server the certificate in FILE.pem / FILE.key of its certs. Waits for the reload. */
int demo_server_certificate(struct demo_server *s, const char *name, struct pgseal_err *err);

/** Mints root, subordinate, leaf, and the wrong ones; writes them where they belong. */
int demo_pki_write(struct demo_server *s, struct pgseal_err *err);
/** Writes a file of the server's (owned by its user) or the client's, with these permissions. */
int demo_write(struct demo_server *s, const char *path, const char *text, int mode, bool servers,
               struct pgseal_err *err);

/** What a child printed and how it ended. */
struct demo_output {
    char text[32768]; /**< stdout and stderr together, as a terminal shows them */
    size_t len;
    int status; /**< exit status, or 128 + signal */
    bool timed_out;
};
/**
 * Runs a program and collects what it prints.
 *
 * @param argv   NULL-terminated.
 * @param env    NULL-terminated "NAME=value" to add; "NAME" to remove.
 * @param cwd    directory to run in, or NULL.
 * @param typed  NULL: no terminal, stdin empty. Else lines typed at each prompt on a terminal.
 * @return       0, or -1 and err when it could not be started.
 */
int demo_run(const char *const *argv, const char *const *env, const char *cwd, const char *typed,
             int timeout_s, struct demo_output *out, struct pgseal_err *err);
/** Set by a signal handler: everything stops soon. */
extern volatile int demo_interrupted;

#endif

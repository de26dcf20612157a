/* SPDX-License-Identifier: PostgreSQL */
/* Fetching Amazon's bundle of roots: where from, over HTTPS, what it must be, and putting it there.
 */
#ifndef PGSEAL_CA_FETCH_H
#define PGSEAL_CA_FETCH_H

#include "ca/show.h"

#include <pgseal/aws.h>

/* ---- where from ------------------------------------------------------------------------------ */

/** A bundle and where it comes from. */
struct ca_source {
    enum pgseal_aws_partition partition; /**< whose roots it must have */
    char region[64];                     /**< ... of this region; "" = the whole partition */
    char from[1024];                     /**< https:// URL, or the path of a file */
    char shown[1024];                    /**< the same without a password, for texts */
    char name[128];                      /**< AWS's own name of the file */
    bool is_file;                        /**< `from` is a path */
    bool official;                       /**< `from` is AWS's own URL */
};
/**
 * Plans a fetch.
 *
 * @param region  as AWS writes it; NULL or "" = the global bundle of `partition`, else the
 *                partition is the region's own.
 * @param from    https:// URL or path instead of AWS's; NULL = AWS's.
 * @return        0, or PGSEAL_E_OPTION: no such way to write a region, http:// or another scheme.
 */
int ca_source_plan(const char *region, enum pgseal_aws_partition partition, const char *from,
                   struct ca_source *out, struct pgseal_err *err);
/**
 * The regions that are known, each once.
 *
 * @param out  lends static texts; room for `cap`.
 * @return     how many there are.
 */
size_t ca_known_regions(const char **out, size_t cap);

/* ---- over HTTPS ------------------------------------------------------------------------------ */

/** How to download. {0} but the URL: the system's roots, no bar. */
struct ca_download_options {
    const char *url;    /**< https:// */
    const char *shown;  /**< the same for texts */
    const char *cacert; /**< PEM file of authorities for this download, or NULL */
    int timeout_s;      /**< for all of it */
    /** Called often. Returns true to stop. `total` is 0 while it is not known. */
    bool (*progress)(void *ctx, uint64_t now, uint64_t total);
    void *ctx;
};
/** What came. */
struct ca_download {
    uint8_t *bytes; /**< ours; pgseal__free() */
    size_t n;
};
/** Bytes that are accepted at most: the real bundle has 165 thousand. */
#define CA_DOWNLOAD_MAX (4u * 1024 * 1024)

/**
 * Downloads one file over HTTPS: TLS 1.2 or later, the server's certificate and name verified,
 * no redirect followed, status 200, the whole announced length. Proxies by libcurl's environment
 * variables. libcurl is loaded here and nowhere else.
 *
 * @return  0, or < 0; `out` is empty then.
 *
 * Errors:
 *   PGSEAL_E_UNSUPPORTED    libcurl is not there, or knows no HTTPS
 *   PGSEAL_E_RESOLVE, _CONNECT, _TIMEOUT, _CLOSED, _IO, _TLS  the host could not be reached
 *   PGSEAL_E_CERT, PGSEAL_E_CERT_NAME                         it is not the host it should be
 *   PGSEAL_E_ROOT_UNUSABLE  `cacert` has no certificate
 *   PGSEAL_E_HTTP           another status than 200; err->sys = EAGAIN when it is temporary
 *   PGSEAL_E_LIMIT          the body has no end
 *   PGSEAL_E_USAGE          stopped by `progress`
 */
int ca_download(const struct ca_download_options *o, struct ca_download *out,
                struct pgseal_err *err);

/* ---- what it must be ------------------------------------------------------------------------- */

/** A certificate of the file that is replaced. */
struct ca_gone {
    char cn[256];
    char sha256[65];
    int64_t not_after_unix_s;
    bool needed; /**< a genuine root that has not ended: somebody's server may hang on it */
};

/** A certificate that Amazon publishes. */
struct ca_missing {
    const struct pgseal_known_ca *row;
};

/** What a bundle is, and how it differs from the file that it replaces. {0} = nothing judged. */
struct ca_fetched {
    struct ca_file file; /**< what `pgseal ca show` would say of it */
    bool *added;         /**< ours; for each of file.item: not in the file before */
    size_t certs;        /**< different ones */
    size_t published, vouched, unknown, foreign; /**< ... by enum ca_standing */
    size_t twins, ended, regions, nadded;
    struct ca_gone *gone; /**< ours; in the file before, not any more */
    size_t ngone;
    struct ca_missing *missing; /**< ours; published today, yet not in it */
    size_t nmissing;
    int64_t until_unix_s; /**< the earliest end among those that have not ended */
    bool had_file;
    size_t before;     /**< certificates of the file before */
    char instead[400]; /**< what the file before was, when it had none */
    bool same_bytes;
    char sha256[65]; /**< of the bytes */
};

/** What is judged. */
struct ca_judge_options {
    const struct ca_source *source;
    const char *output; /**< name of the file, for texts */
    const char *path;   /**< ... links followed: what `mv` is told */
    const uint8_t *bytes;
    size_t n;
    bool has_old; /**< there is a file already: */
    const uint8_t *old;
    size_t old_n;
    int64_t now_unix_s;
    bool allow_foreign; /**< authorities that are not RDS's may come in */
    bool allow_gone;    /**< roots that have not ended may go */
};

/**
 * Judges a bundle, in memory. Refused is what is not exactly certificates of authorities: text
 * between them, other blocks, and all that ca_inspect() finds wrong, such as what was altered, what
 * has nothing for the region or partition, what has ended altogether. Refused is also to replace a
 * file that would lose a key, another partition's roots, authorities of others, or that is no
 * bundle at all; and, unless allowed, authorities of others that the file has not, and a bundle
 * that lacks roots of the file that have not ended.
 *
 * @param why  gets the findings it was refused for, in addition to `err`; may stay empty.
 * @return     0; PGSEAL_E_ROOT_UNUSABLE, PGSEAL_E_EXISTS (the file at `output`), PGSEAL_E_NOMEM.
 *             `out` is filled on success only.
 */
int ca_judge(const struct ca_judge_options *o, struct ca_fetched *out, struct findings *why,
             struct pgseal_err *err);
void ca_fetched_done(struct ca_fetched *f);
/** Adds what a person should look at: CA_FETCH_ rows of findings.def, and some of ca_inspect()'s.
 */
void ca_fetch_findings(const struct ca_judge_options *o, const struct ca_fetched *f,
                       struct findings *l);
/** The exit code of a fetch that ended with `err`: 1 refused, 2 usage, 3 not reached. */
int ca_fetch_exit(const struct pgseal_err *err);

/* ---- putting it there ------------------------------------------------------------------------ */

/** Where a bundle is written to. */
struct ca_place {
    char name[4096];   /**< as it was asked for */
    char path[4096];   /**< the file itself: the name, or what a link of this name points at */
    char backup[4100]; /**< path and "~" */
    bool exists;
    uint32_t mode; /**< of the file that exists, else 0644 */
    uint8_t *old;  /**< ours: what is in it */
    size_t old_n;
};
/** Looks at the place and reads what is there. 0, PGSEAL_E_FILE, PGSEAL_E_EXISTS (no file). */
int ca_place_open(const char *path, struct ca_place *out, struct pgseal_err *err);
/**
 * Keeps what is there as `backup`, then replaces it. On failure the file is what it was.
 *
 * @return  0, or PGSEAL_E_FILE.
 */
int ca_place_write(const struct ca_place *p, const uint8_t *bytes, size_t n,
                   struct pgseal_err *err);
void ca_place_done(struct ca_place *p);

#endif

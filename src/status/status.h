/* SPDX-License-Identifier: PostgreSQL */
/* One connection seen from both ends: what is gathered, how it is judged, what there is to do. */
#ifndef PGSEAL_STATUS_STATUS_H
#define PGSEAL_STATUS_STATUS_H

#include "finding/finding.h"
#include "status/report.h"

#include <pgseal/aws.h>
#include <pgseal/drive.h>

/* ---- what each end says --------------------------------------------------------------------- */

/** What is known of a question. {0} is "nobody said". */
enum status_truth { STATUS_UNKNOWN = 0, STATUS_NO, STATUS_YES };

/** One party's view of the session's TLS. */
struct status_view {
    enum status_truth tls;
    char version[32];       /**< "TLSv1.3"; "" = not known */
    char cipher[96];        /**< OpenSSL's name; "" = not known */
    int bits;               /**< 0 = not known */
    enum status_truth cert; /**< a client certificate was presented */
    char cert_name[256];    /**< its subject, for people */
    char cert_serial[64];   /**< decimal, as pg_stat_ssl has it; "" = not known */
};

/** A socket's end: numeric address and port. A Unix socket has neither. */
struct status_address {
    enum status_truth tcp; /**< NO = a Unix socket */
    char host[64];
    int port;
};

/** This end: what our handshake, login and socket say. Texts are lent. */
struct status_client {
    struct status_view view;
    const char *host, *user, *dbname; /**< as asked for; host may be NULL */
    struct status_address local, peer;
    uint32_t pid;              /**< of BackendKeyData; 0 = none came */
    bool chain, name;          /**< what was verified */
    bool bound;                /**< SCRAM-SHA-256-PLUS, and the server proved itself */
    bool forward_secret;       /**< the key exchange was (EC)DHE */
    const char *auth;          /**< "SCRAM-SHA-256", "md5", "none", ... */
    const char *cert_sha256;   /**< of the certificate we were shown; "" = none */
    const char *cert_issuer;   /**< its issuer; "" = none */
    const char *cert_names;    /**< its subject alternative names; "" = none */
    const char *plain_because; /**< why there is no TLS, a sentence; or NULL */
    const char *root_missing;  /**< sslrootcert names no file, and nothing was verified; or NULL */
    int64_t until_unix_s;      /**< when the verified path ends */
    int64_t now_unix_s;
};

/** Fills this end from an open session, whose texts it lends. */
void status_client(const struct pgseal_session *s, const struct pgseal_options *o,
                   struct status_client *out);

/** One line of pg_hba.conf as pg_hba_file_rules shows it. */
struct status_rule {
    int line;
    char file[256]; /**< "" before PostgreSQL 16 */
    char type[16];
    char database[128], user[128]; /**< lists, comma between */
    char address[128], netmask[64];
    char method[32], options[128];
    char error[256]; /**< the line is broken; "" = it is not */
};

/** One row of pg_settings. */
struct status_setting {
    char name[64], value[512], what[160];
};

/** Kinds of servers, as far as it matters for the commands that change them. */
enum status_product { STATUS_SELF_HOSTED = 0, STATUS_AURORA, STATUS_RDS, STATUS_PROVIDER };

/** The server's end: what it answers when asked. {0} = it was not asked. */
struct status_server {
    bool answered;                      /**< everything below is from its views */
    char refused[512];                  /**< why it did not answer, its own words; escaped */
    int version;                        /**< server_version_num: 150018; 0 = not known */
    long pid;                           /**< pg_backend_pid() */
    struct status_view stat;            /**< pg_stat_ssl of that backend */
    struct status_view info;            /**< sslinfo; tls UNKNOWN = the extension is not there */
    enum status_truth gss;              /**< GSSAPI encryption; UNKNOWN before 12 */
    struct status_address client, self; /**< inet_client_addr(), inet_server_addr() */
    char user[128], dbname[128];
    enum status_truth sslinfo;           /**< installed in this database */
    enum status_truth sslinfo_available; /**< create extension would find it */
    bool superuser;
    bool aurora;               /**< it has aurora_version() */
    bool rds;                  /**< it has settings named rds.* */
    bool cloudsql;             /**< it has settings named cloudsql.* */
    char force_setting[64];    /**< "rds.force_ssl", "require_secure_transport", or "" */
    enum status_truth forced;  /**< its value */
    struct status_rule *rules; /**< ours; NULL = not readable */
    size_t nrules;
    char rules_why[256];             /**< why they are not readable */
    struct status_setting *settings; /**< ours: names with "ssl", and the few we need */
    size_t nsettings;
    char cert_sha256[65]; /**< first certificate of ssl_cert_file; "" = not readable */
};

/**
 * Asks the server about this very session. Reads only, in one transaction that is rolled back: a
 * pooler cannot spread it over several backends, and nothing of it stays.
 *
 * @param out  filled as far as the server answers; status_server_done() in any case.
 * @return     0 (also when the server refuses to answer: out->answered is false), or < 0 when the
 *             connection failed.
 */
int status_ask(struct pgseal_session *s, struct status_server *out, struct pgseal_err *err);
void status_server_done(struct status_server *s);
/** Lends the value of one of its settings, NULL when it was not shown to us. */
const char *status_setting(const struct status_server *s, const char *name);

/* ---- the judge ------------------------------------------------------------------------------ */

enum status_weight { STATUS_PROOF = 0, STATUS_HINT };
enum status_point_id {
#define PGSEAL_ROW(id, json, label, weight, same, different) STATUS_POINT_##id,
#include "points.def"
#undef PGSEAL_ROW
    STATUS_POINTS
};
/** A row of points.def. Static. */
struct status_point_row {
    const char *json, *label;
    enum status_weight weight;
    const char *same, *different;
};
const struct status_point_row *status_point_row(enum status_point_id id);

enum status_match { STATUS_NOT_COMPARED = 0, STATUS_SAME, STATUS_DIFFERENT };
struct status_point {
    enum status_match match;
    char ours[160], theirs[160]; /**< for people; "" = not known */
};

enum status_verdict {
    STATUS_CANNOT_TELL = 0, /**< the server's end is not known */
    STATUS_AGREE,           /**< no sign of anybody in between: never more than that */
    STATUS_DISAGREE         /**< proof that somebody is */
};
struct status_judgement {
    enum status_verdict verdict;
    struct status_point point[STATUS_POINTS];
};
/** Compares both ends. Pure. */
void status_judge(const struct status_client *c, const struct status_server *s,
                  struct status_judgement *out);
/** The verdict in one or a few sentences, and who may be in between when somebody is. */
void status_verdict_text(const struct status_client *c, const struct status_server *s,
                         const struct status_judgement *j, char *out, size_t cap);

/* ---- is plaintext refused? ------------------------------------------------------------------ */

/** What the server does with a connection that is not encrypted. */
struct status_plaintext {
    enum status_truth refused;
    char how[1024];     /**< by which setting or lines we know, whole sentences */
    size_t admits[32];  /**< places in rules of lines that let plaintext in */
    size_t nadmits;     /**< may be more than the array holds */
    bool only_loopback; /**< refused but for connections from the server's own machine */
};
/** What a second connection without TLS was told. {0} = not tried. */
struct status_try {
    bool done;
    enum status_truth refused; /**< for this role, database and address */
    char said[512];            /**< the server's words, or what it did */
};
/**
 * Begins a second login at the same address without TLS, and without a password: role and database
 * go over the network in the clear. Over a Unix socket nothing is tried.
 *
 * @param interrupted  keeps. Ends the waiting; or NULL.
 */
void status_try(const struct pgseal_session *s, const struct pgseal_options *o,
                const volatile int *interrupted, struct status_try *out);
/** Reads the end of such a login; err->code 0 is a session. Pure. */
void status_try_read(const struct pgseal_err *err, struct status_try *out);
/** Reads the answer out of settings, rules and the try. Pure. */
void status_plaintext(const struct status_server *s, const struct status_try *tried,
                      struct status_plaintext *out);
/** Lines that let plaintext in, by pg_hba.conf's own order. Pure. */
void status_rules_judge(const struct status_rule *rule, size_t n, struct status_plaintext *out);

/* ---- what to type --------------------------------------------------------------------------- */

/** One step: a sentence, and commands (whole lines) or "". */
struct status_step {
    char text[384];
    char command[768];
};
struct status_plan {
    enum status_product product;
    char product_name[64];  /**< "Aurora PostgreSQL 15" */
    char default_says[256]; /**< what the product does by default, "" = nothing to say */
    struct status_step enforce[8], rollback[4];
    size_t nenforce, nrollback;
};
/** The commands to refuse plaintext and to go back, for this very server. Pure. */
void status_plan(const struct status_client *c, const struct status_server *s,
                 const struct status_plaintext *p, const struct status_judgement *j,
                 struct status_plan *out);

/** Adds what there is to find. Pure. */
void status_findings(const struct status_client *c, const struct status_server *s,
                     const struct status_judgement *j, const struct status_plaintext *p,
                     struct findings *out);

#endif

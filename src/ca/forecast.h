/* SPDX-License-Identifier: PostgreSQL */
/* What will become of clients with this bundle when the server's certificate or CA changes. Pure.
 */
#ifndef PGSEAL_CA_FORECAST_H
#define PGSEAL_CA_FORECAST_H

#include "finding/finding.h"

#include <pgseal/aws.h>
#include <pgseal/tls.h>

/** Who signed what the server sent, by the names in it. */
enum ca_authority {
    CA_AUTHORITY_OWN = 0, /**< nobody we know: an own CA, or another provider's */
    CA_AUTHORITY_RDS,     /**< Amazon RDS's own authorities */
    CA_AUTHORITY_PUBLIC   /**< a public one, such as Amazon Trust Services */
};

/** One of the CAs that a server of the region can be signed by. */
struct ca_choice {
    char id[32]; /**< AWS's name of it: "rds-ca-rsa2048-g1" */
    char cn[96]; /**< common name of its root */
    bool current;
    bool known;           /**< its root is in the table of published ones */
    bool offered;         /**< AWS offers it in this region, as far as is documented */
    bool retired;         /**< of a generation that has ended */
    bool in_file;         /**< its root is among the anchors, and valid */
    const char *file;     /**< where; lends from the trust set */
    int line;             /**< ... */
    int64_t until_unix_s; /**< the root's last second, where it is known or in the file; else 0 */
};
#define CA_CHOICES_MAX 4

/** What a forecast is made from. */
struct ca_forecast_in {
    const char *host;      /**< as clients type it; "" = none */
    const char *target;    /**< the server as `pgseal ca verify` takes it */
    const char *file;      /**< name of what clients trust: a file, or "system" */
    bool system;           /**< it is the system's store */
    const uint8_t *bundle; /**< the file's bytes, for what is wrong in it; or NULL */
    size_t bundle_n;
    struct pgseal_tls_ctx *ctx;          /**< verifies with it; NULL: it cannot be used ... */
    const struct pgseal_err *unusable;   /**< ... and why */
    const struct pgseal_chain *sent;     /**< what the server sent, at least one certificate */
    const struct pgseal_known_ca *known; /**< table of published roots */
    size_t n_known;
    int64_t now_unix_s;
};

/** Names of instances a certificate can be for. */
#define CA_INSTANCES_MAX 8

/** A forecast. Ends with ca_forecast_done(). */
struct ca_forecast {
    /* the server */
    const char *host, *target;           /**< lend from the input, as `file` does */
    struct pgseal_aws_endpoint endpoint; /**< what its name says */
    enum ca_authority authority;
    char authority_name[64]; /**< of a public one: "Amazon" */
    char region[64];         /**< by the chain, else by the name; "" = none */
    enum pgseal_aws_partition partition;
    char ca[32];                         /**< "rds-ca-rsa2048-g1"; "" = not of RDS, or not known */
    bool ca_retired;                     /**< a generation that has ended everywhere */
    char cluster[64];                    /**< its cluster by name or certificate; "" = unknown */
    char instance[CA_INSTANCES_MAX][64]; /**< instances the certificate is for */
    size_t n_instances;
    size_t n_sent;
    struct pgseal_cert_info leaf;
    int life_days;            /**< of the leaf */
    int64_t half_life_unix_s; /**< RDS renews from here on; 0 = does not apply */
    bool restarts;            /**< a leaf of three years: this engine restarts for a new one */
    bool stuck;               /**< two weeks past half-life, and not renewed */

    /* what clients trust */
    const char *file;
    bool system;
    size_t anchors;            /**< certificates in it */
    bool other_regions;        /**< roots of other regions are among them, in force */
    bool foreign;              /**< ... and others than RDS's */
    bool verified;             /**< the chain is, today */
    bool name_ok;              /**< ... and the name */
    struct pgseal_err refusal; /**< why one of them is not */
    struct pgseal_path path;   /**< when verified */

    /* what will be */
    bool renewal;         /**< the next certificate under the same CA will verify */
    int64_t until_unix_s; /**< first end on the path, or of what was sent; 0 = unknown */
    int until_depth;
    struct ca_choice choice[CA_CHOICES_MAX];
    size_t n_choices;
    int64_t next_look_unix_s; /**< look again by then; 0 = now: there is something to do */
    struct findings findings;
};

/**
 * Makes a forecast.
 *
 * @return  0, or PGSEAL_E_NOMEM, PGSEAL_E_USAGE (no certificate); then `out` needs no end.
 */
int ca_forecast_make(const struct ca_forecast_in *in, struct ca_forecast *out,
                     struct pgseal_err *err);
void ca_forecast_done(struct ca_forecast *f);

/** One step of what is to be done. A line that begins with a blank is a command. */
struct ca_step {
    char text[2048];
};
#define CA_STEPS_MAX 8
struct ca_steps {
    struct ca_step v[CA_STEPS_MAX];
    size_t n;
};
/**
 * The steps for this very case in AWS's order: clients first, then the server, then a check. Only
 * those that are needed; none when there is nothing to do.
 */
void ca_forecast_steps(const struct ca_forecast *f, struct ca_steps *out);

/** The instance to name in a command: one of the certificate, else "INSTANCE". */
const char *ca_forecast_instance(const struct ca_forecast *f);
/** True when a root that AWS may sign with tomorrow is not in the file. */
bool ca_forecast_lacks(const struct ca_forecast *f);

#endif

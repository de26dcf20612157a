/* SPDX-License-Identifier: PostgreSQL */
/* What a host name of Amazon's databases says: kind of endpoint, identifier, region, partition. */
#ifndef PGSEAL_AWS_H
#define PGSEAL_AWS_H

#include <pgseal/err.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of endpoints. By the name alone: Aurora Serverless v1 and Multi-AZ clusters are called
 * like an Aurora cluster, and an instance may belong to a cluster or not. */
enum pgseal_aws_kind {
    PGSEAL_AWS_NONE = 0,           /**< no name of an Amazon database */
    PGSEAL_AWS_INSTANCE = 1,       /**< NAME.ID.REGION...: one instance */
    PGSEAL_AWS_CLUSTER = 2,        /**< NAME.cluster-ID...: the writer of a cluster */
    PGSEAL_AWS_CLUSTER_RO = 3,     /**< NAME.cluster-ro-ID...: the readers of a cluster */
    PGSEAL_AWS_CLUSTER_CUSTOM = 4, /**< NAME.cluster-custom-ID...: chosen instances of a cluster */
    PGSEAL_AWS_GLOBAL = 5,         /**< NAME.global-ID.global...: the writer of a global database */
    PGSEAL_AWS_PROXY = 6,          /**< NAME.proxy-ID...: RDS Proxy */
    PGSEAL_AWS_PROXY_ENDPOINT = 7, /**< NAME.endpoint.proxy-ID...: another endpoint of one */
    PGSEAL_AWS_SHARD_GROUP = 8,    /**< NAME.shardgrp-ID...: Aurora Limitless */
    PGSEAL_AWS_DSQL = 9            /**< ID.dsql.REGION.on.aws: Aurora DSQL */
};

/** Parts of AWS that share nothing: each has bundles and roots of its own. */
enum pgseal_aws_partition {
    PGSEAL_AWS_COMMERCIAL = 0,
    PGSEAL_AWS_GOV = 1,   /**< us-gov-*: GovCloud (US) */
    PGSEAL_AWS_CHINA = 2, /**< amazonaws.com.cn */
    PGSEAL_AWS_ISO = 3,   /**< c2s.ic.gov, sc2s.sgov.gov */
    PGSEAL_AWS_EUSC = 4   /**< amazonaws.eu: European Sovereign Cloud */
};

/** What one host name says. Texts are in lower case, as AWS stores them. */
struct pgseal_aws_endpoint {
    enum pgseal_aws_kind kind;
    enum pgseal_aws_partition partition;
    char name[64];   /**< instance, cluster, endpoint, proxy; the cluster's id for DSQL */
    char id[64];     /**< what is behind "cluster-": the same for one account and region */
    char region[64]; /**< "ap-northeast-1"; "" for PGSEAL_AWS_GLOBAL */
    bool fips;       /**< "rds-fips" in the name */
    bool green;      /**< ends in -green-XXXXXX: the new side of a blue/green deployment */
    bool old;        /**< ends in -old1: what a switchover left behind */
};

/**
 * Reads a host name. Letters of any case; one dot at the end is allowed, as in DNS.
 *
 * @param host  borrows. NULL is no name.
 * @param out   filled in any case; {0} when it is no such name.
 * @return      out->kind.
 * Source: the patterns of AWS's own drivers (RdsUtils); Aurora DSQL User Guide.   Since: 0.1
 */
PGSEAL_API enum pgseal_aws_kind pgseal_aws_endpoint(const char *host,
                                                    struct pgseal_aws_endpoint *out);

/** "Aurora cluster endpoint (writer)": for people. Static. */
PGSEAL_API const char *pgseal_aws_kind_str(enum pgseal_aws_kind kind);
/** "AWS", "AWS GovCloud (US)", "AWS China" ... Static. */
PGSEAL_API const char *pgseal_aws_partition_str(enum pgseal_aws_partition partition);
/** The partition a region belongs to. */
PGSEAL_API enum pgseal_aws_partition pgseal_aws_partition_of(const char *region);
/**
 * Whether an endpoint has a certificate of the public Amazon Trust Services rather than of RDS's
 * own authorities: RDS Proxy, Aurora DSQL. sslrootcert=system verifies them, and never the others.
 */
PGSEAL_API bool pgseal_aws_public_roots(enum pgseal_aws_kind kind);

#ifdef __cplusplus
}
#endif
#endif

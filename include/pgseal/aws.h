/* SPDX-License-Identifier: PostgreSQL */
/* What names of Amazon's databases and tokens of IAM say, by their text alone. */
#ifndef PGSEAL_AWS_H
#define PGSEAL_AWS_H

#include <pgseal/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* ---- tokens of IAM -------------------------------------------------------------------------- */

/**
 * What stands in a token that is used in place of a password: `aws rds generate-db-auth-token`,
 * `aws dsql generate-db-connect-auth-token`. It is an address signed by Signature Version 4; all
 * but the signature can be read by everybody who has it. No secret of it is kept here.
 */
struct pgseal_aws_token {
    char host[254];        /**< signed for, in lower case, without a dot at the end */
    int port;              /**< signed for; 0 when none is written (DSQL) */
    char user[256];        /**< DBUser, decoded; "" for DSQL, whose tokens are for an action */
    char region[64];       /**< of the credentials' scope */
    int64_t signed_unix_s; /**< X-Amz-Date */
    int64_t until_unix_s;  /**< and X-Amz-Expires behind it */
    bool dsql;             /**< for Aurora DSQL, not for RDS */
    bool admin;            /**< DSQL: for the role admin, and for no other */
    bool temporary;        /**< the credentials that signed end by themselves (session token) */
    bool whole;            /**< everything is there, up to the last digit of the signature */
    size_t len;            /**< of the token */
};

/**
 * Reads a password that may be a token.
 *
 * @param password  borrows. NULL is none.
 * @param out       filled in any case; {0} when it is no token.
 * @return          whether it is a token, also one that was cut.
 * Source: AWS Signature Version 4, query parameters; botocore generate_db_auth_token. Since: 0.1
 */
PGSEAL_API bool pgseal_aws_token(const char *password, struct pgseal_aws_token *out);

/** A login that a token is meant for. */
struct pgseal_aws_login {
    const char *host;   /**< as in the connection string; NULL = not known */
    int port;           /**< 1..65535 */
    const char *user;   /**< or NULL */
    const char *method; /**< what the server asked for: "password", "md5", ...; NULL = not yet */
    int64_t now_unix_s;
};

/** In what a token and a login differ. A token without any of these may still be refused. */
enum pgseal_aws_misfit {
    PGSEAL_AWS_FITS = 0,
    PGSEAL_AWS_CUT = 1,            /**< it is not whole */
    PGSEAL_AWS_OTHER_HOST = 2,     /**< signed for another endpoint than the login's */
    PGSEAL_AWS_ALIAS = 4,          /**< the login's host is no endpoint: it may lead there or not */
    PGSEAL_AWS_NO_ENDPOINT = 8,    /**< signed for a name that is no endpoint of AWS */
    PGSEAL_AWS_CUSTOM = 16,        /**< signed for a custom endpoint: IAM does not know those */
    PGSEAL_AWS_OTHER_PORT = 32,    /**< signed for another port */
    PGSEAL_AWS_OTHER_USER = 64,    /**< signed for another user; DSQL: for admin, or not for it */
    PGSEAL_AWS_OTHER_REGION = 128, /**< the credentials' scope is not the endpoint's region */
    PGSEAL_AWS_ENDED = 256,        /**< its time is over */
    PGSEAL_AWS_NOT_BEGUN = 512,    /**< signed in the future, by more than clocks may differ */
    PGSEAL_AWS_NOT_ASKED = 1024    /**< the server asked for no password in clear text */
};

/** Compares a token with a login. Gives PGSEAL_AWS_FITS or the sum of what does not fit. */
PGSEAL_API unsigned pgseal_aws_token_check(const struct pgseal_aws_token *token,
                                           const struct pgseal_aws_login *login);
/**
 * Tells it in sentences. Never the token.
 *
 * @param misfits  what pgseal_aws_token_check() gave.
 * @param seen     gets what the token is for and what does not fit; NUL-terminated.
 * @param fix      gets what to do; may have a command on a line of its own.
 */
PGSEAL_API void pgseal_aws_token_story(const struct pgseal_aws_token *token,
                                       const struct pgseal_aws_login *login, unsigned misfits,
                                       char *seen, size_t seen_cap, char *fix, size_t fix_cap);

#ifdef __cplusplus
}
#endif
#endif

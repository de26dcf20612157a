/* SPDX-License-Identifier: PostgreSQL */
/* The error story: one value per failure, with what happened, what was seen and what to do. */
#ifndef PGSEAL_ERR_H
#define PGSEAL_ERR_H

#include <pgseal/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What went wrong. Values are stable; new ones are only added. Grouped by who can fix it.
 *
 * To add one: a value here, a case in src/core/base/err.c, a page docs/errors/NAME.md.
 */
enum pgseal_code {
    PGSEAL_OK = 0,

    /* The program or its caller. */
    PGSEAL_E_NOMEM = -1, /**< Out of memory. */
    PGSEAL_E_LIMIT = -2, /**< A size limit was reached; err->detail names it. */
    PGSEAL_E_USAGE = -3, /**< The caller broke the contract of the function. */

    /* What was asked for: connection string, environment, files. */
    PGSEAL_E_CONNINFO = -10,     /**< A connection string or URI does not follow the grammar. */
    PGSEAL_E_OPTION = -11,       /**< A parameter has a value that cannot be used. */
    PGSEAL_E_SERVICE = -12,      /**< The service file or the service in it cannot be used. */
    PGSEAL_E_UNSUPPORTED = -13,  /**< A known parameter that pgseal does not act on would matter. */
    PGSEAL_E_ROOT_MISSING = -14, /**< The root certificate file does not exist. */
    PGSEAL_E_ROOT_UNUSABLE = -15, /**< The root certificate file has no usable certificate. */
    PGSEAL_E_CLIENT_CERT = -16,   /**< The client certificate file cannot be used. */
    PGSEAL_E_CLIENT_KEY = -17,    /**< The client key file cannot be used. */
    PGSEAL_E_EXISTS = -18,        /**< Something is there that must not be replaced. */
    PGSEAL_E_FILE = -19,          /**< A file could not be read or written; err->sys. */

    /* Reaching the server. */
    PGSEAL_E_RESOLVE = -30, /**< A host name could not be turned into an address. */
    PGSEAL_E_CONNECT = -31, /**< No TCP or Unix connection; err->sys. */
    PGSEAL_E_TIMEOUT = -32, /**< A deadline passed. */
    PGSEAL_E_CLOSED = -33,  /**< The peer closed the connection where it must not. */
    PGSEAL_E_IO = -34,      /**< Reading or writing the socket failed; err->sys. */
    PGSEAL_E_SESSION = -35, /**< No server fits target_session_attrs. */
    PGSEAL_E_PEER = -36,    /**< The owner of the Unix socket is not the one asked for. */
    PGSEAL_E_HTTP = -37,    /**< A web server answered something else than the file. */

    /* Negotiation and protocol. */
    PGSEAL_E_NO_TLS = -40,       /**< The server answered N: no TLS, politely. */
    PGSEAL_E_NEGO_ERROR = -41,   /**< The server answered E: an error nobody may trust. */
    PGSEAL_E_NEGO_GARBAGE = -42, /**< The server answered something else. */
    PGSEAL_E_STUFFED = -43,      /**< Plain bytes arrived where only TLS may follow. */
    PGSEAL_E_ALPN = -44,         /**< The peer chose no or another application protocol. */
    PGSEAL_E_PROTO = -45,        /**< The peer broke the PostgreSQL protocol. */

    /* TLS and certificates. */
    PGSEAL_E_TLS = -60,         /**< The TLS layer failed; err->alert, err->ossl. */
    PGSEAL_E_TLS_VERSION = -61, /**< No TLS version or cipher in common. */
    PGSEAL_E_TLS_ALERT = -62,   /**< The peer refused with an alert; err->alert. */
    PGSEAL_E_CERT = -63,        /**< The peer's certificate did not verify; err->x509. */
    PGSEAL_E_CERT_NAME = -64,   /**< The certificate is for another host name. */
    PGSEAL_E_CERT_NAMES = -65,  /**< The names in the certificate cannot be used at all. */

    /* Authentication. */
    PGSEAL_E_AUTH_METHOD = -80,   /**< The server wants a method that pgseal has not. */
    PGSEAL_E_AUTH_REQUIRED = -81, /**< require_auth forbids what the server wants. */
    PGSEAL_E_BINDING = -82,       /**< Channel binding was required and not achieved. */
    PGSEAL_E_SCRAM = -83,         /**< The SCRAM exchange was malformed or refused by us. */
    PGSEAL_E_SERVER_PROOF = -84,  /**< The server does not know the password's secret. */
    PGSEAL_E_NO_PASSWORD = -85,   /**< A password is needed and none was given. */
    PGSEAL_E_PASSWORD_RISK = -86, /**< Strict: the password would go to an unverified peer. */
    PGSEAL_E_CERT_REQUIRED = -87, /**< sslcertmode=require was not met. */
    PGSEAL_E_SERVER = -90,        /**< The server said no; err->sqlstate. */

    /* The own authority (pgseal ca init, issue, rotate). */
    PGSEAL_E_CA_STORE = -100,  /**< Its directory or its key cannot be used. */
    PGSEAL_E_CA_REQUEST = -101 /**< What it was asked for must not be certified or done. */
};

/** The story of one failure. Lives in the caller, never owns memory, safe to copy. {0} = none. */
struct pgseal_err {
    int code;           /**< enum pgseal_code, or 0 when nothing failed. */
    int sys;            /**< errno at the time, or 0. */
    int x509;           /**< X509_V_ERR_*, or 0. */
    int depth;          /**< With x509: the certificate's place, 0 = the peer's own. */
    int alert;          /**< TLS alert number, or 0. Sent or received: see detail. */
    unsigned long ossl; /**< OpenSSL error, or 0. */
    char sqlstate[6];   /**< From the server's ErrorResponse, or "". */
    char msg[4096];     /**< What failed, in libpq's words where libpq has them. May have lines. */
    char detail[2048];  /**< What was seen. Whole sentences, or "". */
    char hint[2048];    /**< What to type or edit. Whole sentences, or "". */
};

/** Name of `code` such as "CERT_NAME"; "UNRECOGNIZED" if there is none. Never NULL. */
PGSEAL_API const char *pgseal_code_str(int code);

/** Why failures of this kind matter: one sentence for people. "" if there is none. Never NULL. */
PGSEAL_API const char *pgseal_code_why(int code);

/**
 * Gives the stable identifier of a failure, the name of its page under docs/errors.
 *
 * @param err  borrows.
 * @return     pgseal_code_str(err->code); for PGSEAL_E_CERT "X509_" and OpenSSL's own name of
 *             err->x509, such as "X509_CERT_HAS_EXPIRED". Static storage, never NULL.
 */
PGSEAL_API const char *pgseal_err_id(const struct pgseal_err *err);

/** As pgseal_code_why(), but per X509_V_ERR for PGSEAL_E_CERT. Never NULL. */
PGSEAL_API const char *pgseal_err_why(const struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

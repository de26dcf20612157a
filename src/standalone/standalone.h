/* SPDX-License-Identifier: PostgreSQL */
/* What a static program does before anything else. */
#ifndef PGSEAL_STANDALONE_H
#define PGSEAL_STANDALONE_H

/**
 * Gives OpenSSL this machine's openssl.cnf, as far as an OpenSSL without its distribution's patches
 * can obey it. What it cannot is said on standard error. Call it before OpenSSL is used.
 */
void standalone_start(void);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Names an own certificate may have, by libpq's rules, and what their files are called. */
#ifndef PGSEAL_CA_NAME_H
#define PGSEAL_CA_NAME_H

#include "own.h"

/**
 * Reads a host name or address as typed: "DNS:db1.example.com" or "IP:10.0.0.5" in `out`, in the
 * form a certificate has it. 0, or CA_REQUEST with what is wrong and what to type instead.
 */
int ca_name_san(const char *typed, char out[CA_NAME_CAP], struct pgseal_err *err);
/** Reads what a root may be limited to: a domain or 10.0.0.0/8. As ca_name_san(). */
int ca_name_permit(const char *typed, char out[CA_NAME_CAP], struct pgseal_err *err);
/** What the files for it are called: "*.example.com" is "_wildcard.example.com"; what a file name
 * should not have is %XX. `text` is a host name, an address or a role. */
void ca_name_file(const char *text, char out[CA_NAME_CAP]);
/** 0, or CA_REQUEST: what cannot be the name of a role in a certificate. */
int ca_name_role(const char *typed, struct pgseal_err *err);

#endif

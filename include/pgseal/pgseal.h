/* SPDX-License-Identifier: PostgreSQL */
/* Everything of libpgseal, and the conventions its headers share. */
#ifndef PGSEAL_PGSEAL_H
#define PGSEAL_PGSEAL_H

/*
 * Conventions
 *
 * Results   int: >= 0 as documented, < 0 is enum pgseal_code. Constructors return NULL on failure.
 * Errors    the last parameter, may be NULL. Filled on failure only. On failure outputs are
 *           untouched, except wire_out, which must still be sent.
 * Owners    borrows (this call), keeps (caller keeps it alive until free), takes (ours now, also on
 *           failure), gives (caller frees it), lends (until the next call), shares (counted).
 * free      X_free(NULL) is a no-op and returns NULL: x = pgseal_x_free(x).
 * {0}       of every options struct is the strictest choice; weaker ones carry INSECURE. Set
 *           `size` to sizeof where there is one.
 * Time      comes in as an argument: *_unix_s for validity. The core never reads a clock.
 * Threads   one thread per object; trust sets and tls contexts are immutable and counted.
 */
#include <pgseal/auth.h>
#include <pgseal/aws.h>
#include <pgseal/buf.h>
#include <pgseal/cert.h>
#include <pgseal/conn.h>
#include <pgseal/conninfo.h>
#include <pgseal/drive.h>
#include <pgseal/err.h>
#include <pgseal/nego.h>
#include <pgseal/tls.h>
#include <pgseal/trace.h>
#include <pgseal/wire.h>
#include <pgseal/world.h>

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Writing files so that nobody ever sees half of one. */
#ifndef PGSEAL_HOST_FILES_H
#define PGSEAL_HOST_FILES_H

#include <pgseal/err.h>

#include <stddef.h>
#include <sys/types.h>

/**
 * Replaces a file by new bytes, whole or not at all: a temporary file beside it, fsync, rename,
 * fsync of the directory. In every failure the old file is what it was and the temporary one gone
 * (a kill -9 may leave ".NAME.XXXXXX" behind: between two system calls, or anywhere where a file
 * cannot be without a name). A symbolic link is followed: what it points at is replaced. What is
 * there and is no regular file (/dev/stdout, a pipe) is written to.
 *
 * @param mode  permission bits of the new file from its first byte on, whatever the umask: 0600
 *              for keys. An existing file's own bits are not kept.
 * @return      0, or PGSEAL_E_FILE: err->sys, msg names path and reason.
 * Source: rename(2), fsync(2).
 */
int host_replace_file(const char *path, const void *bytes, size_t n, mode_t mode,
                      struct pgseal_err *err);

/**
 * As host_replace_file(), but what is there under this very name is replaced, also a link or a
 * device: for names that nobody has chosen, such as that of a backup, and for those that were
 * looked at before.
 */
int host_replace_name(const char *path, const void *bytes, size_t n, mode_t mode,
                      struct pgseal_err *err);

/**
 * As host_replace_file(), but fails with PGSEAL_E_FILE and err->sys = EEXIST when there is
 * something of this name already.
 */
int host_create_file(const char *path, const void *bytes, size_t n, mode_t mode,
                     struct pgseal_err *err);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* The allocation law: whichever allocation of ours fails, the work fails cleanly. */
#ifndef T_ALLOC_H
#define T_ALLOC_H

/* Does the whole work and releases everything. Returns >= 0 for success, < 0 for failure. */
typedef int (*t_work)(void *arg);

/*
 * Runs the work with its first, second, ... allocation failing until it needs no more, and fails
 * the running cmocka test when a run whose allocation failed succeeds, when one leaves memory
 * behind, or when the last, undisturbed one fails. Returns how many allocations were failed.
 */
long t_each_alloc_fails(t_work fn, void *arg);

#endif

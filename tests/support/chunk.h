/* SPDX-License-Identifier: PostgreSQL */
/* The chunking law: the same bytes give the same outcome, however they are cut on their way. */
#ifndef T_CHUNK_H
#define T_CHUNK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum t_cut_mode { T_CUT_WHOLE, T_CUT_BYTES, T_CUT_RANDOM };

/* How bytes are cut. {0} = not at all. */
struct t_cut {
    enum t_cut_mode mode;
    uint64_t state; /* of the generator, T_CUT_RANDOM only */
};

/* How many of the n bytes at hand go in the next piece: 1..n, or 0 when n is 0. */
size_t t_cut_take(struct t_cut *cut, size_t n);
/* The next number of a small generator (splitmix64); tests need no better one. */
uint64_t t_random(uint64_t *state);
/* PGSEAL_TEST_SEED when it is set, else a new seed. */
uint64_t t_seed(void);

/* What a run of a scenario has to show: lines of text, in the order they happened. */
struct t_outcome {
    char *text;
    size_t len, cap;
};

/* Appends a line. */
void t_outcome_add(struct t_outcome *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends bytes as a line of hexadecimal digits behind `label`. */
void t_outcome_add_bytes(struct t_outcome *o, const char *label, const void *p, size_t n);
void t_outcome_done(struct t_outcome *o);

/* Plays a scenario, handing out bytes in the pieces `cut` decides, and tells what came of it. */
typedef void (*t_scenario)(struct t_cut *cut, struct t_outcome *out, void *arg);

/*
 * Runs a scenario whole, byte by byte and in 20 random cuts, and fails the running cmocka test
 * when an outcome differs from that of the whole run. The seed is printed; PGSEAL_TEST_SEED
 * repeats it.
 */
void t_chunked(t_scenario fn, void *arg);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* tests/data/scram.tbl: its rows, and the server that plays their messages. */
#ifndef AUTH_TABLE_H
#define AUTH_TABLE_H

#include <pgseal/auth.h>

enum { ROW_MESSAGES_MAX = 12 };

struct row {
    int line;
    char settings[256];
    bool tls;
    char messages[ROW_MESSAGES_MAX][256];
    size_t count;
    char outcome[512]; /* "ready", "waiting" or the client's message */
};

/* Reads the next row; false at the end. Fails the test when a line is not understood. */
bool table_next(FILE *f, int *line, struct row *out);

/* The client's options for a row; everything in it lends from `o` or is static. */
struct row_options {
    struct pgseal_options opt;
    struct pgseal_auth_options auth;
    char words[256];
};
void table_options(const struct row *r, struct row_options *o);

/* A server in the middle of a row. */
struct player {
    char nonce[128], bare[256], server_first[512], without_proof[512];
};
/* Writes the body of the AuthenticationRequest a message stands for; returns its length. */
size_t table_request(struct player *p, const char *message, uint8_t out[4096]);
/* Takes the client's answer (a whole `p` message). */
void table_answer(struct player *p, const char *message, const uint8_t *reply, size_t n);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* Rows in memory: the bytes of the wire in large chunks, one length word before each row. */
#include "table_int.h"

/*
 * psql keeps 16 bytes and a NUL beside each value. Here a row costs what it cost on the wire and
 * four bytes, because rows are only ever walked from the first to the last.
 */
#define CHUNK_FIRST 4096u
#define CHUNK_MAX   (1024u * 1024u)

struct cli_chunk {
    struct cli_chunk *next;
    size_t used, size;
    uint8_t bytes[];
};

static struct cli_chunk *room(struct cli_rows *rows, size_t n)
{
    struct cli_chunk *c = rows->last;
    size_t size;

    if (c != NULL && c->size - c->used >= n)
        return c;
    size = c == NULL ? CHUNK_FIRST : c->size * 4 < CHUNK_MAX ? c->size * 4 : CHUNK_MAX;
    if (size < n)
        size = n;
    c = cli_alloc(sizeof(*c) + size);
    c->size = size;
    if (rows->last != NULL)
        rows->last->next = c;
    else
        rows->first = c;
    rows->last = c;
    return c;
}

/* A value's length word. -1 (all ones) is NULL. */
static bool fields_fit(size_t ncols, const uint8_t *p, size_t n)
{
    for (; ncols > 0; ncols--) {
        uint32_t len;

        if (n < 4)
            return false;
        len = pgseal__get32(p);
        p += 4;
        n -= 4;
        if (len == UINT32_MAX)
            continue;
        if (len > n)
            return false;
        p += len;
        n -= len;
    }
    return n == 0;
}

/* True when psql would print these bytes as they are. */
static bool is_clean(const uint8_t *p, size_t n)
{
    uint64_t high = 0;
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        uint64_t w;

        memcpy(&w, p + i, 8);
        high |= w;
    }
    for (; i < n; i++)
        high |= p[i];
    return (high & 0x8080808080808080u) == 0 && memchr(p, '\0', n) == NULL;
}

/*
 * Makes the values of a copied row what psql would print: up to a NUL, which a server never sends,
 * and without what is not a character. Returns the bytes of the row.
 */
static size_t clean(enum cli_enc enc, size_t ncols, uint8_t *row, size_t n)
{
    uint8_t *from = row, *to = row;

    for (; ncols > 0; ncols--) {
        uint32_t len = pgseal__get32(from);
        size_t kept;

        memmove(to, from, 4);
        from += 4;
        to += 4;
        if (len == UINT32_MAX)
            continue;
        kept = len;
        if (!is_clean(from, len)) {
            kept = strnlen((const char *)from, len);
            kept = cli_cell_validate(enc, from, kept);
        }
        if (to != from)
            memmove(to, from, kept);
        pgseal__put32(to - 4, (uint32_t)kept);
        from += len;
        to += kept;
    }
    return n - (size_t)(from - to);
}

int cli_rows_add(struct cli_rows *rows, enum cli_enc enc, size_t ncols, const uint8_t *p, size_t n)
{
    struct cli_chunk *c;

    if (n > UINT32_MAX - 4 || !fields_fit(ncols, p, n))
        return -1;
    c = room(rows, n + 4);
    if (n > 0) {
        memcpy(c->bytes + c->used + 4, p, n);
        n = clean(enc, ncols, c->bytes + c->used + 4, n);
    }
    pgseal__put32(c->bytes + c->used, (uint32_t)n);
    c->used += n + 4;
    rows->count++;
    return 0;
}

void cli_rows_done(struct cli_rows *rows)
{
    struct cli_chunk *c = rows->first;

    while (c != NULL) {
        struct cli_chunk *next = c->next;

        cli_free(c);
        c = next;
    }
    *rows = (struct cli_rows){0};
}

bool cli_rows_next(const struct cli_rows *rows, struct cli_rows_iter *it, struct cli_row *row)
{
    if (!it->started)
        *it = (struct cli_rows_iter){.chunk = rows->first, .started = true};
    while (it->chunk != NULL && it->off == it->chunk->used) {
        it->chunk = it->chunk->next;
        it->off = 0;
    }
    if (it->chunk == NULL)
        return false;
    row->p = it->chunk->bytes + it->off + 4;
    row->end = row->p + pgseal__get32(row->p - 4);
    it->off += 4 + (size_t)(row->end - row->p);
    return true;
}

struct cli_value cli_row_value(struct cli_row *row)
{
    uint32_t len = pgseal__get32(row->p);
    struct cli_value v = {NULL, 0};

    row->p += 4;
    if (len == UINT32_MAX)
        return v;
    v.p = row->p;
    v.len = len;
    row->p += len;
    return v;
}

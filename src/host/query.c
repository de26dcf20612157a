/* SPDX-License-Identifier: PostgreSQL */
/* One SQL text on an open session: rows as text, errors as a story. */
#include "core/base/base.h"

#include <pgseal/drive.h>

#define ROW_MAX     16777216u /* bytes of one answer row */
#define COLUMNS_MAX 1664u     /* PostgreSQL's own limit of a target list */

/* One query under way. */
struct query {
    const char *sql;
    pgseal_row_fn fn;
    void *ctx;
    char *text; /* the values, each with a NUL behind it */
    const char *value[COLUMNS_MAX];
    size_t rows;
};

/* DataRow: the number of columns, then length and bytes of each. */
static int give_row(struct query *q, const struct pgseal_frame *f, struct pgseal_err *err)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    size_t n = pgseal_read_u16(&r);
    struct pgseal_row row = {.n = n, .value = q->value};
    char *text, *to;

    if (n > COLUMNS_MAX)
        return pgseal__fail(err, PGSEAL_E_PROTO, "\"%s\" gave %zu columns", q->sql, n);
    text = pgseal__realloc(q->text, f->len + n + 1);
    if (text == NULL)
        return pgseal__nomem(err);
    q->text = to = text;
    for (size_t i = 0; i < n; i++) {
        uint32_t len = pgseal_read_u32(&r);
        const uint8_t *p = len == UINT32_MAX ? NULL : pgseal_read_bytes(&r, len);

        if (r.bad)
            return pgseal__fail(err, PGSEAL_E_PROTO, "a row of \"%s\" ends too early", q->sql);
        q->value[i] = p != NULL ? to : NULL;
        if (p == NULL)
            continue;
        memcpy(to, p, len);
        to[len] = '\0';
        to += len + 1;
    }
    q->rows++;
    if (q->fn != NULL)
        q->fn(q->ctx, &row);
    return 0;
}

static void server_said(const struct pgseal_frame *f, struct pgseal_err *err)
{
    struct pgseal_notice n;
    char text[1024];

    if (pgseal_notice_parse(f->body, f->len, &n, NULL) < 0)
        memset(&n, 0, sizeof(n));
    if (n.message == NULL)
        n.message = "(an error without a message)";
    pgseal__escape(text, sizeof(text), n.message, strlen(n.message), sizeof(text));
    pgseal__fail(err, PGSEAL_E_SERVER, "%s", text);
    if (err != NULL && n.sqlstate != NULL)
        pgseal__format(err->sqlstate, sizeof(err->sqlstate), "%s", n.sqlstate);
}

/* One message of the answer. 1 = it was the last, 0 = go on, < 0 = the session is over. */
static int take(struct query *q, struct pgseal_session *s, const struct pgseal_frame *f,
                struct pgseal_err *said, struct pgseal_err *err)
{
    switch (f->type) {
    case 'Z':
        return 1;
    case 'D':
        return give_row(q, f, err);
    case 'E':
        if (said->code == 0)
            server_said(f, said);
        return 0;
    case 'G':
    case 'W': /* nobody asked for COPY: nothing of ours is sent */
        return pgseal_session_write(s, 'f', "", 1, err);
    default:
        return 0;
    }
}

long pgseal_session_query(struct pgseal_session *s, const char *sql, pgseal_row_fn fn, void *ctx,
                          struct pgseal_err *err)
{
    struct query q = {.sql = sql, .fn = fn, .ctx = ctx};
    struct pgseal_err said = {0};
    int rc = pgseal_session_write(s, 'Q', sql, strlen(sql) + 1, err);

    while (rc == 0) {
        struct pgseal_frame f;

        rc = pgseal_session_read(s, ROW_MAX, &f, err);
        if (rc == 0)
            rc = pgseal__fail(err, PGSEAL_E_CLOSED,
                              "the server closed the connection during \"%s\"", sql);
        else if (rc > 0)
            rc = take(&q, s, &f, &said, err);
    }
    pgseal__free(q.text);
    if (rc < 0)
        return rc;
    if (said.code != 0) {
        if (err != NULL)
            *err = said;
        return said.code;
    }
    return (long)q.rows;
}

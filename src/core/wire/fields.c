/* SPDX-License-Identifier: PostgreSQL */
/* Decodes the fields of ErrorResponse and NoticeResponse. */
#include "core/base/base.h"

#include <pgseal/wire.h>

/* PG18 protocol-error-fields.html. NULL for a field that is not known, which is ignored. */
static const char **field_of(struct pgseal_notice *n, uint8_t type)
{
    switch (type) {
    case 'S':
        return &n->severity;
    case 'V':
        return &n->severity_v;
    case 'C':
        return &n->sqlstate;
    case 'M':
        return &n->message;
    case 'D':
        return &n->detail;
    case 'H':
        return &n->hint;
    case 'P':
        return &n->position;
    case 'p':
        return &n->int_position;
    case 'q':
        return &n->int_query;
    case 'W':
        return &n->where;
    case 's':
        return &n->schema;
    case 't':
        return &n->table;
    case 'c':
        return &n->column;
    case 'd':
        return &n->datatype;
    case 'n':
        return &n->constraint;
    case 'F':
        return &n->file;
    case 'L':
        return &n->line;
    case 'R':
        return &n->routine;
    default:
        return NULL;
    }
}

int pgseal_notice_parse(const uint8_t *body, size_t n, struct pgseal_notice *out,
                        struct pgseal_err *err)
{
    struct pgseal_reader r = pgseal_reader(body, n);
    struct pgseal_notice notice = {0};
    uint8_t type;

    while ((type = pgseal_read_u8(&r)) != 0) {
        const char *value = pgseal_read_str(&r);
        const char **field = field_of(&notice, type);

        if (field != NULL)
            *field = value;
    }
    if (r.bad || r.n > 0) {
        pgseal__fail(err, PGSEAL_E_PROTO, "received invalid error message");
        pgseal__detail(err, r.bad ? "Its fields do not end where the message ends."
                                  : "More bytes follow the end of its fields.");
        return PGSEAL_E_PROTO;
    }
    *out = notice;
    return 0;
}

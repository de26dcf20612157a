/* SPDX-License-Identifier: PostgreSQL */
/* PostgreSQL messages: walking frames, encoding, startup packets, error fields, F/B trace. */
#ifndef PGSEAL_WIRE_H
#define PGSEAL_WIRE_H

#include <pgseal/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PGSEAL_CODE_CANCEL     80877102u /**< CancelRequest, 1234.5678 */
#define PGSEAL_CODE_SSLREQUEST 80877103u /**< SSLRequest, 1234.5679 */
#define PGSEAL_CODE_GSSENC     80877104u /**< GSSENCRequest, 1234.5680 */
#define PGSEAL_PROTO_3_0       196608u
#define PGSEAL_PROTO_3_2       196610u
#define PGSEAL_STARTUP_MAX     10000u /**< The server's limit behind the length word. */
#define PGSEAL_CANCEL_KEY_MAX  256u   /**< Longest key either side accepts. */

/** One message lent from a queue. */
struct pgseal_frame {
    uint8_t type;        /**< Type byte. */
    const uint8_t *body; /**< Behind the length word; lent. */
    size_t len;          /**< Bytes of body. */
};

/**
 * Looks at the message at the head of `p` without consuming it.
 *
 * @param p    borrows. The bytes at hand; may hold a part of a message only.
 * @param max  most bytes a body may have. A larger length is an error before it is waited for.
 * @param out  the message when it is complete; pointers lend from p.
 * @param err  filled on failure; may be NULL.
 * @return     bytes of the whole message (type, length, body), 0 when more are needed, or < 0.
 *
 * Errors:
 *   PGSEAL_E_PROTO  the length word is below 4
 *   PGSEAL_E_LIMIT  the body would be longer than max
 * Source: PG18 protocol-message-formats.html.   Since: 0.1
 */
PGSEAL_API long pgseal_frame_next(const uint8_t *p, size_t n, size_t max, struct pgseal_frame *out,
                                  struct pgseal_err *err);

/** Name of a message such as "RowDescription" by type byte and sender; NULL if unknown. */
PGSEAL_API const char *pgseal_message_name(bool from_frontend, uint8_t type);

/** Name of an Authentication request such as "AuthenticationSASL" by its number; NULL if unknown.
 */
PGSEAL_API const char *pgseal_auth_name(uint32_t request);

/** A cursor over a body. `bad` stays set once a read went over the end or a string had no NUL. */
struct pgseal_reader {
    const uint8_t *p; /**< next byte */
    size_t n;         /**< bytes left */
    bool bad;         /**< something did not fit; all further reads give 0 */
};

PGSEAL_API struct pgseal_reader pgseal_reader(const uint8_t *p, size_t n);
PGSEAL_API uint8_t pgseal_read_u8(struct pgseal_reader *r);
PGSEAL_API uint16_t pgseal_read_u16(struct pgseal_reader *r);
PGSEAL_API uint32_t pgseal_read_u32(struct pgseal_reader *r);
/** Lends a NUL-terminated string; "" and bad when there is none. Never NULL. */
PGSEAL_API const char *pgseal_read_str(struct pgseal_reader *r);
/** Lends `n` bytes; NULL and bad when there are fewer. */
PGSEAL_API const uint8_t *pgseal_read_bytes(struct pgseal_reader *r, size_t n);

/*
 * Encoders append one whole message to a queue or nothing. All return 0 or < 0 (LIMIT, NOMEM).
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_put_message(struct pgseal_buf *out, uint8_t type,
                                                  const void *body, size_t n,
                                                  struct pgseal_err *err);
PGSEAL_API PGSEAL_MUST_USE int pgseal_put_request(struct pgseal_buf *out, uint32_t code,
                                                  struct pgseal_err *err);
PGSEAL_API PGSEAL_MUST_USE int pgseal_put_cancel(struct pgseal_buf *out, uint32_t pid,
                                                 const uint8_t *key, size_t key_len,
                                                 struct pgseal_err *err);

/** One startup parameter. */
struct pgseal_param {
    const char *name;
    const char *value;
};

/**
 * Appends a StartupMessage.
 *
 * @param version  PGSEAL_PROTO_3_0 or PGSEAL_PROTO_3_2, or any other to provoke negotiation.
 * @param params   borrows. n pairs in the order to send; a NULL value skips the pair.
 * Errors: PGSEAL_E_LIMIT  longer than PGSEAL_STARTUP_MAX.
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_put_startup(struct pgseal_buf *out, uint32_t version,
                                                  const struct pgseal_param *params, size_t n,
                                                  struct pgseal_err *err);

/** What the first packet of a client is. */
enum pgseal_first {
    PGSEAL_FIRST_STARTUP = 1,
    PGSEAL_FIRST_SSLREQUEST = 2,
    PGSEAL_FIRST_GSSENC = 3,
    PGSEAL_FIRST_CANCEL = 4
};

/** The first packet of a client, decoded; pointers lend from the input. */
struct pgseal_startup {
    enum pgseal_first kind;
    uint32_t version;     /**< STARTUP: protocol asked for. */
    const uint8_t *pairs; /**< STARTUP: name NUL value NUL ... NUL; walk with a reader. */
    size_t pairs_len;     /**< bytes of pairs, final NUL included */
    uint32_t pid;         /**< CANCEL */
    const uint8_t *key;   /**< CANCEL */
    size_t key_len;       /**< CANCEL: 1..256 */
};

/**
 * Decodes the first packet of a client.
 *
 * @return  bytes of the packet, 0 when more are needed, or < 0: PROTO (bad length, pairs that do
 *          not end where they must, a cancel key of impossible length).
 * Source: PG18 src/backend/tcop/backend_startup.c ProcessStartupPacket.
 */
PGSEAL_API long pgseal_startup_next(const uint8_t *p, size_t n, struct pgseal_startup *out,
                                    struct pgseal_err *err);

/** Value of a startup parameter or NULL; lends from the startup. */
PGSEAL_API const char *pgseal_startup_get(const struct pgseal_startup *s, const char *name);

/** A NegotiateProtocolVersion message; `options` lends. */
struct pgseal_negotiate {
    uint32_t version;       /**< newest minor the server supports, as a whole version */
    uint32_t noptions;      /**< unsupported options */
    const uint8_t *options; /**< their names, each with its NUL */
    size_t options_len;
};
/**
 * Decodes a NegotiateProtocolVersion body. The names are there only when noptions <= INT32_MAX.
 *
 * @return  0, or PROTO in libpq's words when it is not well formed.
 */
PGSEAL_API int pgseal_negotiate_parse(const uint8_t *body, size_t n, struct pgseal_negotiate *out,
                                      struct pgseal_err *err);

/** The fields of an ErrorResponse or NoticeResponse; strings lend from the body, or NULL. */
struct pgseal_notice {
    const char *severity;   /**< S, localized */
    const char *severity_v; /**< V, not localized */
    const char *sqlstate;   /**< C */
    const char *message;    /**< M */
    const char *detail;     /**< D */
    const char *hint;       /**< H */
    const char *position;   /**< P */
    const char *int_position, *int_query, *where;
    const char *schema, *table, *column, *datatype, *constraint;
    const char *file, *line, *routine;
};

/** Decodes an ErrorResponse or NoticeResponse. 0, or PROTO when it is not well formed. */
PGSEAL_API int pgseal_notice_parse(const uint8_t *body, size_t n, struct pgseal_notice *out,
                                   struct pgseal_err *err);

/**
 * Formats one message in the format of libpq 18's PQtrace() (fe-trace.c), without time stamp.
 *
 * Type 0 is a message without type byte: of a frontend a first packet (body = what stands behind
 * the length word), of a backend the one byte that answers SSLRequest (body = that byte).
 *
 * Differences from libpq, all on purpose: passwords and SASL data (`p`), the proof in
 * AuthenticationSASLFinal (a password can be tried against it) and the key of a CancelRequest are
 * printed as ****, always; in strings control characters except newline and tab,
 * bytes that are no UTF-8, and characters that reorder or hide text are printed as \xNN; a message
 * that ends too early is printed as far as it goes, and the line behind it says so, where libpq
 * reads over its end. As in libpq a string may have newlines, and the line "mismatched message
 * length" follows bytes that the format does not account for, which is so for
 * AuthenticationMD5Password and for the long keys of protocol 3.2.
 *
 * @param out  appends one line with its newline, and perhaps a second about the length.
 * @return     0, or < 0 (LIMIT, NOMEM) and nothing is appended.
 */
PGSEAL_API PGSEAL_MUST_USE int pgseal_trace_print(struct pgseal_buf *out, bool from_frontend,
                                                  uint8_t type, const uint8_t *body, size_t n,
                                                  struct pgseal_err *err);

#ifdef __cplusplus
}
#endif
#endif

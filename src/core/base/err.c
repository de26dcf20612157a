/* SPDX-License-Identifier: PostgreSQL */
/* Names of failures, why each kind matters, and how a failure is written down. */
#include "core/base/base.h"

/* Their definitions are here; base.h has macros of these names for clang-tidy. */
#undef pgseal__fail
#undef pgseal__nomem

/* Every code with its name and the one sentence that says why people should care. */
#define CODES(X)                                                                                   \
    X(NOMEM, "Without memory nothing can be checked, so nothing was accepted.")                    \
    X(LIMIT, "A peer or file that sends more than any honest one would is not trusted.")           \
    X(USAGE, "The program called the library in a way it does not allow.")                         \
    X(CONNINFO, "A connection string read differently than it was meant can reach the wrong "      \
                "server with the wrong protection.")                                               \
    X(OPTION, "A setting that cannot be obeyed must not be ignored: it may be the one that "       \
              "protects you.")                                                                     \
    X(SERVICE, "The service file may hold the settings that protect the connection.")              \
    X(UNSUPPORTED, "Ignoring a setting silently would promise something that is not done.")        \
    X(ROOT_MISSING, "Without root certificates nobody can tell the real server from an impostor.") \
    X(ROOT_UNUSABLE, "A file without a usable root certificate verifies nothing.")                 \
    X(CLIENT_CERT, "The server may refuse the login, or know you by another identity.")            \
    X(CLIENT_KEY, "A key that others can read or that does not fit proves nothing about you.")     \
    X(EXISTS, "What is there may be the only copy.")                                               \
    X(FILE, "What cannot be read cannot be judged, and what was not written is not there.")        \
    X(RESOLVE, "Without an address there is nothing to connect to.")                               \
    X(CONNECT, "No server was reached, so nothing was sent.")                                      \
    X(TIMEOUT, "A server that never answers is down, blocked by a firewall, or not PostgreSQL.")   \
    X(CLOSED, "A connection that ends early may have been cut by somebody in between.")            \
    X(IO, "The network failed; what was sent last may or may not have arrived.")                   \
    X(SESSION, "A session on the wrong kind of server reads stale data or cannot write.")          \
    X(PEER, "A socket owned by another user may belong to an impostor on this machine.")           \
    X(HTTP, "What a web server sends instead of a file is no file.")                               \
    X(NO_TLS, "Without TLS everybody on the path reads the data and the login, and can change "    \
              "them.")                                                                             \
    X(NEGO_ERROR, "An answer given before TLS is not authenticated: it may come from anybody, so " \
                  "its text is not read.")                                                         \
    X(NEGO_GARBAGE, "Whatever answered does not speak PostgreSQL's protocol.")                     \
    X(STUFFED, "Bytes put in front of the TLS handshake are how an attacker injects commands or "  \
               "answers (CVE-2021-23222, CVE-2021-23214).")                                        \
    X(ALPN, "Without the agreed protocol name a TLS server of another kind could be made to "      \
            "answer (ALPACA attack).")                                                             \
    X(PROTO, "A peer that breaks the protocol is broken, hostile, or not PostgreSQL.")             \
    X(TLS, "Without a complete handshake nothing is encrypted or authenticated.")                  \
    X(TLS_VERSION, "Both sides must share a TLS version and cipher that is still safe.")           \
    X(TLS_ALERT, "The other side refused the handshake and only its alert says why.")              \
    X(CERT, "The server did not prove who it is.")                                                 \
    X(CERT_NAME, "Anybody with a certificate for another name from the same authority could "      \
                 "stand in the middle.")                                                           \
    X(CERT_NAMES, "Names that cannot be read safely are how a certificate is made to look like "   \
                  "another's (CVE-2009-4034).")                                                    \
    X(AUTH_METHOD, "A login method that is not understood cannot be answered safely.")             \
    X(AUTH_REQUIRED, "The server asked for something that you forbade, or let you in without "     \
                     "asking: an impostor would do the same.")                                     \
    X(BINDING, "Without channel binding nobody proves that TLS ends at the server that knows the " \
               "password's secret.")                                                               \
    X(SCRAM, "A SCRAM exchange that breaks its rules may be an attack on the password.")           \
    X(SERVER_PROOF, "The server could not prove that it knows the password's secret: it is an "    \
                    "impostor or somebody is in between.")                                         \
    X(NO_PASSWORD, "The server wants a password and none was given.")                              \
    X(PASSWORD_RISK, "Whoever answered could be anybody, and would receive the password or "       \
                     "something to guess it from.")                                                \
    X(CERT_REQUIRED, "You asked that the server should want your certificate, and it did not.")    \
    X(SERVER, "The server was reached and said no.")                                               \
    X(CA_STORE, "Whoever can read an authority's key can be every server of yours, and whoever "   \
                "can change its files decides whom your clients trust.")                           \
    X(CA_REQUEST, "What an authority signs is believed for as long as it lasts: a mistake cannot " \
                  "be taken back.")

const char *pgseal_code_str(int code)
{
    if (code == PGSEAL_OK)
        return "OK";
    switch ((enum pgseal_code)code) {
    case PGSEAL_OK:
        break;
#define X(name, why)      \
    case PGSEAL_E_##name: \
        return #name;
        CODES(X)
#undef X
    }
    return "UNRECOGNIZED";
}

const char *pgseal_code_why(int code)
{
    switch ((enum pgseal_code)code) {
    case PGSEAL_OK:
        break;
#define X(name, why)      \
    case PGSEAL_E_##name: \
        return why;
        CODES(X)
#undef X
    }
    return "";
}

int pgseal__fail(struct pgseal_err *err, int code, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return code;
    memset(err, 0, sizeof(*err));
    err->code = code;
    va_start(ap, fmt);
    pgseal__vformat(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    return code;
}

int pgseal__nomem(struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_NOMEM, "out of memory");
}

void pgseal__detail(struct pgseal_err *err, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return;
    va_start(ap, fmt);
    pgseal__vformat(err->detail, sizeof(err->detail), fmt, ap);
    va_end(ap);
}

void pgseal__hint(struct pgseal_err *err, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return;
    va_start(ap, fmt);
    pgseal__vformat(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Emitting events, and their names. */
#include "core/base/base.h"

const char *pgseal_event_str(enum pgseal_event ev)
{
    switch (ev) {
    case PGSEAL_EV_RESOLVE:
        return "resolve";
    case PGSEAL_EV_CONNECT:
        return "connect";
    case PGSEAL_EV_RECONNECT:
        return "reconnect";
    case PGSEAL_EV_SSLREQUEST:
        return "sslrequest";
    case PGSEAL_EV_GSSENCREQUEST:
        return "gssencrequest";
    case PGSEAL_EV_SSLACCEPT:
        return "sslaccept";
    case PGSEAL_EV_SSLREJECT:
        return "sslreject";
    case PGSEAL_EV_DIRECTSSL:
        return "directssl";
    case PGSEAL_EV_TLS:
        return "tls";
    case PGSEAL_EV_TLS_FAIL:
        return "tlsfail";
    case PGSEAL_EV_STARTUP:
        return "startup";
    case PGSEAL_EV_CANCEL:
        return "cancel";
    case PGSEAL_EV_AUTH:
        return "auth";
    case PGSEAL_EV_AUTHOK:
        return "authok";
    case PGSEAL_EV_AUTHFAIL:
        return "authfail";
    case PGSEAL_EV_MESSAGE:
        return "message";
    case PGSEAL_EV_CLOSE:
        return "close";
    }
    return "unrecognized";
}

void pgseal__emit(const struct pgseal_trace *t, enum pgseal_event ev, const char *text)
{
    struct pgseal_trace_event e = {.ev = ev, .text = text};

    if (t != NULL && t->fn != NULL)
        t->fn(t->ctx, &e);
}

void pgseal__emit_message(const struct pgseal_trace *t, bool from_frontend, uint8_t type,
                          const uint8_t *body, size_t n)
{
    struct pgseal_trace_event e = {.ev = PGSEAL_EV_MESSAGE,
                                   .from_frontend = from_frontend,
                                   .type = type,
                                   .data = body,
                                   .len = n};

    if (t != NULL && t->fn != NULL)
        t->fn(t->ctx, &e);
}

/* SPDX-License-Identifier: PostgreSQL */
/* Recognises what speaks on the other side when it is not PostgreSQL, for the people who read
 * errors. */
#include "nego_int.h"

#include "core/base/base.h"

static const struct peer {
    enum pgseal__peer_side side;
    const char *bytes;
    size_t n;
    const char *what;
    const char *hint;
} peers[] = {
#define PGSEAL_ROW(name, side, bytes, what, hint) \
    {PGSEAL__PEER_##side, bytes, sizeof(bytes) - 1, what, hint},
#include "peers.def"
#undef PGSEAL_ROW
};

static bool begins_with(const uint8_t *p, size_t n, const struct peer *peer)
{
    if (n < peer->n)
        return false;
    for (size_t i = 0; i < peer->n; i++)
        if (peer->bytes[i] != '?' && (uint8_t)peer->bytes[i] != p[i])
            return false;
    return true;
}

static const struct peer *recognise(enum pgseal__peer_side side, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < PGSEAL_COUNT(peers); i++)
        if (peers[i].side == side && begins_with(p, n, &peers[i]))
            return &peers[i];
    return NULL;
}

void pgseal__peer_explain(struct pgseal_err *err, enum pgseal__peer_side side, const uint8_t *p,
                          size_t n)
{
    const struct peer *peer = recognise(side, p, n);
    char shown[300];

    pgseal__escape(shown, sizeof(shown), p, n, 48);
    if (peer != NULL)
        pgseal__detail(err, "The first bytes were \"%s\". This looks like %s.", shown, peer->what);
    else
        pgseal__detail(err, "The first bytes were \"%s\".", shown);
    if (peer != NULL && peer->hint != NULL)
        pgseal__hint(err, "%s", peer->hint);
    else if (side == PGSEAL__PEER_SERVER)
        pgseal__hint(err, "Check host and port: PostgreSQL listens on 5432 unless told otherwise.");
    else
        pgseal__hint(err, "Check where that client was meant to connect.");
}

int pgseal__nego_over(struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_USAGE, "the negotiation is over or was not begun");
}

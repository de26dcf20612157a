/* SPDX-License-Identifier: PostgreSQL */
/* A forecast while it is being made. Private to its files. */
#ifndef PGSEAL_CA_FORECAST_INT_H
#define PGSEAL_CA_FORECAST_INT_H

#include "ca/forecast.h"
#include "ca/show.h"
#include "core/base/base.h"
#include "core/cert/cert.h"

#define CA_DAY_S INT64_C(86400)
/* RDS renews at half-life, in the next maintenance window: what has not happened two weeks later
 * waits for somebody. */
#define CA_SLACK_S (14 * CA_DAY_S)
/* How long before its end a certificate is worth a warning: a server's own, an authority's. */
#define CA_SOON_S    (30 * CA_DAY_S)
#define CA_SOON_CA_S (180 * CA_DAY_S)

/* What is kept of an anchor. */
struct ca_root {
    const char *file;
    int line;
    char subject[256];
    char sha256[65];
    int64_t from_unix_s, until_unix_s;
    bool self_issued;
};

struct ca_making {
    const struct ca_forecast_in *in;
    struct ca_forecast *f;
    struct ca_root *root; /* ours: the anchors */
    size_t n;
};

/* The common name in a subject as struct pgseal_cert_info has it, or all of it. */
void ca_cn_of(const char *subject, char *out, size_t cap);
/* True when its common name is exactly this. */
bool ca_has_cn(const char *subject, const char *cn);
/* A root in force at this time. */
bool ca_in_force(const struct ca_root *r, int64_t now_unix_s);

/* forecast_server.c: who the server is, by its name and by what it sent. */
void ca_forecast_server(struct ca_making *m);
/* forecast_choices.c: which CAs it can have, and whether the file has their roots. */
void ca_forecast_choices(struct ca_making *m);
/* forecast_findings.c: what is worth saying. */
void ca_forecast_findings(struct ca_making *m);

#endif

/* SPDX-License-Identifier: PostgreSQL */
/* What `pgseal ca` can do, for the command line: one header for each thing. */
#ifndef PGSEAL_CA_CA_H
#define PGSEAL_CA_CA_H

#include "ca/diff.h"
#include "ca/export.h"
#include "ca/fetch.h"
#include "ca/forecast.h"
#include "ca/name.h"
#include "ca/own.h"
#include "ca/show.h"

#endif

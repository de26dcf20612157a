#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Makes src/core/cert/known.def: the certificates that Amazon published for RDS, by fingerprint.

usage: tools/gen_known.py [FINGERPRINTS.TSV] > src/core/cert/known.def

The table of facts (default ../shared/data/rds/fingerprints.tsv, PGSEAL_SHARED overrides ../shared) has one line a
certificate: generation, region, kind, common name, key, hash, validity, SHA-256 of the DER, files it was seen in.
"""
import calendar
import os
import pathlib
import sys
import time

CURVES = {"EC-secp256r1": "EC P-256", "EC-secp384r1": "EC P-384"}
# The bundles as they are served now; what is in one of them is published, the rest is history.
SERVED = {"global-bundle.pem", "us-gov-global-bundle.pem", "related/amazon-trust-services-roots.pem"}


def unix(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def key(text):
    return CURVES.get(text) or text.replace("RSA", "RSA ")


def row(fields):
    generation, region, kind, name, algorithm, digest, start, end, sha256, files = fields
    served = bool(SERVED & set(files.split(",")))
    return 'PGSEAL_ROW("%s", "%s", "%s", %s, "%s", "%s", "%s", %d, %d, %s)' % (
        sha256, generation, "" if region == "-" else region, str(kind == "root").lower(), name, key(algorithm), digest,
        unix(start), unix(end), str(served).lower())


def main():
    root = pathlib.Path(__file__).resolve().parents[1]
    shared = pathlib.Path(os.environ.get("PGSEAL_SHARED", root.parent / "shared"))
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else shared / "data/rds/fingerprints.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    print("/* SPDX-License-Identifier: PostgreSQL */")
    print("/* Certificates that Amazon published for RDS, by fingerprint. Made by tools/gen_known.py. */")
    print("/* PGSEAL_ROW(SHA-256 of the DER, generation, region, root, CN, key, hash, from, until, served now) */")
    for fields in sorted((line.split("\t") for line in lines), key=lambda f: f[8]):
        print(row(fields))


if __name__ == "__main__":
    main()

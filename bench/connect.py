#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""pgseal connect beside psql: what one `select 1` costs, on the same server, in the same minute.

usage: bench/connect.py PROGRAM MEASURE [--runs N] [--with NAME=PATH ...]

Every scenario runs the two in turns (A B A B ...) after a warm-up and prints medians and their ratio. All runs
are in bench/out/connect.csv. sslmode=verify-full trusts the 108 RDS roots plus the test's own.
"""
import argparse
import csv
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))

import installs  # noqa: E402
from cluster import Cluster  # noqa: E402
from pki import HOST, Pki  # noqa: E402

SCENARIOS = {
    "verify-full, SCRAM": "user=scramuser password=secret sslmode=verify-full sslrootcert={bundle}",
    "verify-full, trust": "user=anyuser sslmode=verify-full sslrootcert={bundle}",
    "require, trust": "user=anyuser sslmode=require sslrootcert=/nonexistent",
    "disable, trust": "user=anyuser sslmode=disable",
}


def bundle(where, pki):
    """The 108 RDS roots and ours; without ../shared as many minted ones."""
    real = pathlib.Path(os.environ.get("PGSEAL_SHARED", ROOT / "../shared")) / "data/rds/global-bundle.pem"
    if real.is_file():
        text = real.read_text()
    else:
        print(f"{real} is not there: one minted root repeated 108 times instead, which is easier to load")
        text = pki.pem("other") * 108
    path = where / "bundle.pem"
    path.write_text(text + pki.pem("root"))
    return path


def server(where, pki):
    cluster = Cluster(installs.find(15), str(where / "pg")).start()
    chain, key = pki.server("good")
    cluster.configure("host all scramuser all scram-sha-256\nhost all all all trust\n",
                      {"ssl": "on", "ssl_cert_file": "s.crt", "ssl_key_file": "s.key"}, [(chain, "s.crt"), (key, "s.key")])
    return cluster


def measure(stopwatch, runs, commands):
    """[[(wall, cpu, memory) ...] per command]; the process ends when one fails."""
    argv = [stopwatch, str(runs)]
    for n, command in enumerate(commands):
        argv += (["--"] if n else []) + command
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    if done.returncode != 0:
        sys.exit(f"a run failed:\n{done.stderr[-2000:]}")
    result = [[] for _ in commands]
    for row in csv.reader(done.stdout.splitlines()):
        result[int(row[1])].append((int(row[2]), int(row[3]), int(row[4])))
    return result


def report(name, names, results, out):
    """One table: medians, and the ratio of each to the first."""
    print(f"\n{name}")
    print(f"  {'':14}{'CPU ms':>9}{'wall ms':>9}{'peak kB':>9}")
    base = [statistics.median(r[k] for r in results[0]) for k in (1, 0, 2)]
    ok = True
    for label, rows in zip(names, results):
        mid = [statistics.median(r[k] for r in rows) for k in (1, 0, 2)]
        print(f"  {label:14}{mid[0] / 1000:9.2f}{mid[1] / 1000:9.2f}{mid[2]:9.0f}", end="")
        if rows is not results[0]:
            print("   of pgseal's: " + " ".join(f"{m / b:.2f}x" for m, b in zip(mid, base)), end="")
            ok = ok and all(m > b for m, b in zip(mid, base))
        print()
        for n, r in enumerate(rows):
            out.writerow([name, label, n, *r])
    return ok


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("program")
    ap.add_argument("stopwatch")
    ap.add_argument("--runs", type=int, default=60)
    ap.add_argument("--with", action="append", default=[], dest="others", metavar="NAME=PATH",
                    help="another build of pgseal to put beside")
    args = ap.parse_args()
    names, programs = ["pgseal"], [[os.path.abspath(args.program), "connect"]]
    for other in args.others:
        label, _, path = other.partition("=")
        names.append(label)
        programs.append([os.path.abspath(path), "connect"])
    names.append("psql")
    programs.append([installs.find(15).psql])

    where = pathlib.Path(tempfile.mkdtemp(prefix="pgseal-bench-"))
    where.chmod(0o755)
    (where / "pki").mkdir()
    (ROOT / "bench/out").mkdir(exist_ok=True)
    pki, ok, cluster = Pki(str(where / "pki")), True, None
    try:
        roots, cluster = bundle(where, pki), server(where, pki)
        with (ROOT / "bench/out/connect.csv").open("w", newline="") as f:
            out = csv.writer(f)
            out.writerow(["scenario", "program", "run", "wall_us", "cpu_us", "maxrss_kb"])
            for name, text in SCENARIOS.items():
                conninfo = f"host={HOST} hostaddr=127.0.0.1 port={cluster.port} dbname=postgres " + text.format(bundle=roots)
                commands = [p + ["-X", "-c", "select 1", conninfo] for p in programs]
                measure(args.stopwatch, 5, commands)
                ok = report(name, names, measure(args.stopwatch, args.runs, commands), out) and ok
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(where, ignore_errors=True)
    print(f"\n{args.runs} runs each, in turns; medians. All runs: bench/out/connect.csv")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Runs every libFuzzer program of a build for a bounded time, from its seeds, and names what it found.

usage: tools/run_fuzz.py BUILD SECONDS [-j N] [NAME...]

The growing corpus stays in BUILD/corpus/NAME, what crashes, leaks or hangs in BUILD/found/NAME. A file found
belongs into tests/fuzz/seeds/NAME together with the fix: ./dev test replays it from then on.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "tests/fuzz"


def run(build, name, seconds):
    """(text to print, found anything) of one harness."""
    corpus, found = build / "corpus" / name, build / "found" / name
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    words = FUZZ / f"{name}.dict"
    cmd = [build / f"tests/fuzz/fuzz_{name}", corpus, FUZZ / "seeds" / name, f"-max_total_time={seconds}", "-timeout=10",
           "-rss_limit_mb=2048", f"-artifact_prefix={found}/", "-print_final_stats=1"]
    if words.exists():
        cmd.append(f"-dict={words}")
    env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_stack_use_after_return=0"}
    log = build / "found" / f"{name}.log"
    with log.open("wb") as out:
        code = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False, env=env,
                              timeout=seconds + 300).returncode
    text = log.read_text(errors="replace")
    runs = re.search(r"number_of_executed_units:\s*(\d+)", text)
    cover = re.findall(r"cov: (\d+)", text)
    line = f"{name}: {runs.group(1) if runs else '?'} runs, {cover[-1] if cover else '?'} edges"
    new = sorted(set(found.iterdir()) - before)
    if code == 0 and not new:
        return line, False
    tail = "".join(f"    | {t}\n" for t in text.splitlines()[-40:])
    return f"{line}, FOUND (exit {code}): {', '.join(str(p) for p in new)}\n{tail}    all of it: {log}", True


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("build", type=pathlib.Path)
    ap.add_argument("seconds", type=int)
    ap.add_argument("names", nargs="*")
    ap.add_argument("-j", type=int, default=2, dest="jobs")
    args = ap.parse_intermixed_args()
    build = args.build.resolve()
    names = args.names or sorted(p.name[len("fuzz_"):] for p in (build / "tests/fuzz").glob("fuzz_*")
                                 if p.is_file() and os.access(p, os.X_OK))
    if not names:
        print("no harness was built", file=sys.stderr)
        return 2
    rounds = -(-len(names) // args.jobs)
    print(f"{len(names)} harnesses, {args.seconds} s each, {args.jobs} at a time: about {rounds * args.seconds} s", flush=True)
    bad, start = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = {pool.submit(run, build, name, args.seconds) for name in names}
        while waiting:
            done, waiting = concurrent.futures.wait(waiting, timeout=1, return_when=concurrent.futures.FIRST_COMPLETED)
            for line, found in (f.result() for f in done):
                bad += found
                print(f"\r\033[K{line}" if sys.stdout.isatty() else line, flush=True)
            if sys.stdout.isatty():
                print(f"\r\033[K{len(waiting)} to go, {time.monotonic() - start:.0f} s", end="", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="")
    print(f"{len(names) - bad} clean, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

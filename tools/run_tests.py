#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Runs every test of a build, counts real cases, and ends with one line: N passed, N failed.

usage: tools/run_tests.py run|full [-j N] [--unit-only] [pytest argument...]

run   what CI runs: the unit programs of build-asan, then pytest over tests/tools and tests/integration.
full  the same with PGSEAL_FULL=1 (set by ./dev), after the unit programs of build-valgrind under valgrind.

A unit program is counted by its cmocka cases. A program that dies, hangs, leaks or fails without naming a
case counts as one failed case, so that a crash can never look like fewer tests.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASE = re.compile(r"^\[\s*(RUN|OK|FAILED|SKIPPED|ERROR)\s*\] (\S+)\s*$")
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
            "--child-silent-after-fork=no", f"--suppressions={ROOT}/tests/valgrind.supp"]


class Tally:
    """Counts, and the reasons of what was skipped."""

    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = collections.Counter()

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped.update(skipped)


def count_cases(output, code):
    """(passed, names of failed cases, names of skipped ones) of one cmocka program."""
    passed, failed, skipped, running = 0, [], [], None
    for line in output.splitlines():
        m = CASE.match(line)
        if not m:
            continue
        what, name = m.groups()
        if what == "RUN":
            if running:
                failed.append(running)
            running = name
        elif running == name:  # the summary at the end names failed cases again
            running = None
            if what == "OK":
                passed += 1
            elif what == "SKIPPED":
                skipped.append(name)
            else:
                failed.append(name)
    if running:
        failed.append(f"{running} (the program ended inside it)")
    if code != 0 and not failed:
        failed.append(f"(exit {code} with no failed case: a crash, a leak or a hang)")
    return passed, failed, skipped


def excerpt(output, failed):
    """The lines that tell why: those of the failed cases, or the end."""
    lines, keep = output.splitlines(), []
    for name in failed:
        start = next((i for i, line in enumerate(lines) if CASE.match(line) and line.split()[-1] == name), None)
        if start is not None:
            end = next((i for i in range(start + 1, len(lines)) if CASE.match(lines[i])), len(lines))
            keep += lines[start:end + 1][-30:]
    return keep or lines[-40:]


def run_program(test, wrapper, build=ROOT):
    """Runs one program of `meson introspect --tests`, in the build's directory as `meson test` does."""
    start = time.monotonic()
    cmd = test["cmd"]
    try:
        p = subprocess.run(wrapper + cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={**os.environ, **test["env"]}, cwd=test["workdir"] or build,
                           timeout=test["timeout"] * (20 if wrapper else 1), check=False)
        out, code = p.stdout, p.returncode
    except subprocess.TimeoutExpired as e:
        out, code = (e.stdout or b"") + f"\nno end after {e.timeout:.0f} s\n".encode(), 124
    except OSError as e:
        out, code = f"could not run: {e}\n".encode(), 127
    return test, out.decode("utf-8", "replace"), code, time.monotonic() - start


def run_unit(build, jobs, tally, wrapper=()):
    """Every test that meson knows in `build`; programs named test_* are cmocka's, others pass or fail as one."""
    text = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, check=True, cwd=ROOT).stdout
    tests = json.loads(text)
    if wrapper:  # what runs a program of ours from a script is not looked at
        tests = [t for t in tests if pathlib.Path(t["cmd"][0]).is_relative_to(ROOT / build)]
    logs = ROOT / build / "test-logs"
    logs.mkdir(exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, out, code, seconds in pool.map(lambda t: run_program(t, list(wrapper), ROOT / build), tests):
            name = f"{test['suite'][0].split(':')[-1]}/{test['name']}" if test["suite"] else test["name"]
            if pathlib.Path(test["cmd"][0]).name.startswith("test_"):
                passed, failed, skipped = count_cases(out, code)
                if not passed and not failed and not skipped:
                    failed = ["(no case was run)"]
            else:
                passed, failed, skipped = int(code == 0), [name] * int(code != 0), []
            tally.add(passed, len(failed), [f"{name}: {s}" for s in skipped])
            print(f"{name}: {passed} passed, {len(failed)} failed, {seconds:.1f} s", flush=True)
            if failed:
                log = logs / (name.replace("/", "-") + ".log")
                log.write_text(out)
                print("".join(f"    FAILED {f}\n" for f in failed), end="")
                print("".join(f"    | {line}\n" for line in excerpt(out, failed)), end="")
                print(f"    all of it: {log.relative_to(ROOT)}", flush=True)


def run_pytest(jobs, tally, args):
    """tests/tools and tests/integration; the count is read from the JUnit file."""
    report = ROOT / "build-asan/pytest.xml"
    report.unlink(missing_ok=True)
    args = args or [d for d in ("tests/tools", "tests/integration") if (ROOT / d).is_dir()]
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", "--tb=short", "-n", str(jobs), "-p", "no:cacheprovider",
                           f"--junitxml={report}", *args], cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode
    if not report.exists():
        print(f"pytest ended with {code} and no report")
        tally.add(0, 1, [])
        return
    failed = 0
    for case in ET.parse(report).iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        skip = case.find("skipped")
        failed += bad
        if not bad and skip is not None:
            tally.add(0, 0, [skip.get("message") or "no reason given"])
        else:
            tally.add(int(not bad), int(bad), [])
    if code != 0 and not failed:
        print(f"pytest ended with {code} though no case failed")
        tally.add(0, 1, [])


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("mode", choices=["run", "full"])
    ap.add_argument("-j", type=int, default=2, dest="jobs")
    ap.add_argument("--unit-only", action="store_true")
    args, pytest_args = ap.parse_known_args()
    tally, start = Tally(), time.monotonic()
    os.environ.setdefault("PGSEAL", str(ROOT / "build-asan/pgseal"))
    os.environ.setdefault("PGSEAL_RELEASE", str(ROOT / "build/pgseal"))

    print("== unit tests under ASan and UBSan", flush=True)
    run_unit("build-asan", args.jobs, tally)
    if args.mode == "full":
        print("== unit tests under valgrind", flush=True)
        run_unit("build-valgrind", args.jobs, tally, VALGRIND)
    if not args.unit_only:
        print("== pytest: the tools, then the program against real servers", flush=True)
        run_pytest(args.jobs, tally, pytest_args)

    for reason, n in sorted(tally.skipped.items()):
        print(f"skipped {n}: {reason}")
    print(f"{time.monotonic() - start:.0f} s, {sum(tally.skipped.values())} skipped")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: PostgreSQL
"""Runs an example and compares what it prints with the file beside its source: run.py PROGRAM EXPECTED"""
import difflib
import subprocess
import sys

program, expected = sys.argv[1:]
done = subprocess.run([program], capture_output=True, text=True, timeout=30)
with open(expected) as f:
    want = f.read()
if done.returncode != 0 or done.stdout != want:
    sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), done.stdout.splitlines(True), expected, program))
    sys.exit("%s: exit %d\n%s" % (program, done.returncode, done.stderr))

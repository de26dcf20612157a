# SPDX-License-Identifier: PostgreSQL
"""A failure is told to programs too: with --json it is an object with "error", and the story stays on standard error."""
import json
import subprocess

import pytest

MISSING = "nothere.pem"
# Arguments, exit code, error code.
FAILURES = [
    (("diff", MISSING, MISSING), 3, "FILE"),
    (("diff", "text.pem", MISSING), 3, "FILE"),
    (("export", MISSING, "--pem"), 3, "FILE"),
    (("export", "text.pem", "--pem"), 1, "ROOT_UNUSABLE"),
    (("export", "text.pem", "--jks", "--password-file", MISSING), 3, "FILE"),
    (("fetch", "rds", "--from", MISSING), 3, "FILE"),
    (("verify", "localhost", "--with", MISSING), 3, "ROOT_MISSING"),
    (("verify", "./" + MISSING), 3, "FILE"),
    (("forecast", "localhost", "--with", MISSING), 3, "ROOT_MISSING"),
    (("init", "--dir", "there"), 1, "CA_STORE"),
    (("issue", "db.example.com", "--dir", "none"), 1, "CA_STORE"),
    (("list", "--dir", "none"), 1, "CA_STORE"),
    (("rotate", "--dir", "none"), 1, "CA_STORE"),
    (("init", "--dir", "new", "--passphrase-file", MISSING), 1, "FILE"),
]


@pytest.fixture(scope="module")
def place(program, tmp_path_factory):
    at = tmp_path_factory.mktemp("failures")
    (at / "text.pem").write_text("no certificate\n")
    subprocess.run([program, "ca", "init", "--dir", "there"], cwd=at, check=True, capture_output=True, timeout=30)
    return at


@pytest.mark.parametrize("args, status, code", FAILURES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else str(v))
def test_failure__json__is_told(program, place, args, status, code):
    text = subprocess.run([program, "ca", *args], cwd=place, capture_output=True, text=True, check=False, timeout=30)
    both = subprocess.run([program, "ca", *args, "--json"], cwd=place, capture_output=True, text=True, check=False,
                          timeout=30)
    error = json.loads(both.stdout)["error"]
    assert (text.returncode, both.returncode) == (status, status)
    assert text.stdout == "" and both.stderr == text.stderr
    assert error["code"] == code
    assert error["message"] in both.stderr and f"code: {error['code']}" in " ".join(both.stderr.split())

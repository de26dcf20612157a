# SPDX-License-Identifier: PostgreSQL
"""examples/drive.c against real servers; the other examples need none and are Meson tests."""
import glob
import os
import re
import subprocess

import pytest

import installs
import referee
from pki import HOST

TLS = {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key"}
HBA = "host all anyuser 127.0.0.1/32 trust\n"


def drive(home, conninfo):
    built = glob.glob(os.path.join(installs.ROOT, "build*/examples/drive"))
    if not built:
        pytest.skip("the examples are not built: run ./dev build with -Dtests=true")
    return subprocess.run([max(built, key=os.path.getmtime), conninfo], capture_output=True, text=True, timeout=25,
                          env=referee.environment(home))


@pytest.fixture
def where(clusters, pki):
    cluster = clusters(15)
    cert, key = pki.server("good")
    cluster.configure(HBA, TLS, [(cert, "good.crt"), (key, "good.key")])
    return "host=%s hostaddr=127.0.0.1 port=%d user=anyuser dbname=postgres " % (HOST, cluster.port)


def test_drive_verified(where, files, home):
    got = drive(home, where + "sslmode=verify-full sslrootcert=" + files.roots["good"])
    assert got.returncode == 0, got.stderr
    assert re.fullmatch('TLSv1.3, verified by "CN=.*"\n1\n', got.stdout)


def test_drive_unverified(where, home):
    assert drive(home, where + "sslmode=require").stdout == "TLSv1.3, but nobody knows with whom\n1\n"
    assert drive(home, where + "sslmode=disable").stdout == "not encrypted\n1\n"


def test_drive_tells_what_is_wrong(where, files, home):
    got = drive(home, where + "sslmode=verify-full sslrootcert=" + files.roots["other"])
    assert got.returncode == 1
    assert "SSL error: certificate verify failed\n  code: X509_" in got.stderr
    assert re.search("^  fix:  .+", got.stderr, re.M)


def test_every_public_header_has_an_example():
    headers = {os.path.basename(p)[:-2] for p in glob.glob(os.path.join(installs.ROOT, "include/pgseal/*.h"))}
    examples = {os.path.basename(p)[:-2] for p in glob.glob(os.path.join(installs.ROOT, "examples/*.c"))}
    assert headers - {"export"} == examples

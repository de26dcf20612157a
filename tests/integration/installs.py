# SPDX-License-Identifier: PostgreSQL
"""Finds what the tests referee with: PostgreSQL 15 of Debian, 17 and 18 unpacked by ./dev, our own program."""
import glob
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Install:
    """One PostgreSQL: programs, shared directory and libpq."""

    def __init__(self, major, bindir, libpq, psql=None):
        self.major, self.bindir, self.libpq, self.psql = major, bindir, libpq, psql

    def program(self, name):
        return os.path.join(self.bindir, name)


def _debian():
    config = shutil.which("pg_config")
    bindir = None
    if config:
        bindir = subprocess.run([config, "--bindir"], capture_output=True, text=True,
                                timeout=30).stdout.strip()
    if not bindir or not os.path.exists(os.path.join(bindir, "postgres")):
        bindir = "/usr/lib/postgresql/15/bin"
    if not os.path.exists(os.path.join(bindir, "postgres")):
        return None
    libs = glob.glob("/usr/lib/*/libpq.so.5")
    return Install(15, bindir, libs[0] if libs else None, os.path.join(bindir, "psql"))


def _npm(major):
    deps = os.environ.get("PGSEAL_DEPS", os.path.join(ROOT, ".deps"))
    for place in filter(None, (os.environ.get("PGSEAL_PG%d" % major), os.path.join(deps, "pg%d" % major))):
        if os.path.exists(os.path.join(place, "bin", "postgres")):
            return Install(major, os.path.join(place, "bin"), os.path.join(place, "lib", "libpq.so.5"))
    return None


def find(major):
    """The Install of that major version, or None."""
    return _debian() if major == 15 else _npm(major)


def missing(major):
    """The sentence a skipped test says."""
    if major == 15:
        return "PostgreSQL 15 of Debian is not installed (apt-get install postgresql-15)"
    return "PostgreSQL %d is not there: run ./dev setup, or set PGSEAL_PG%d" % (major, major)


def pgseal():
    """Our program: $PGSEAL, else the newest of build*/pgseal, else None. None too if it has no connect."""
    path = os.environ.get("PGSEAL")
    if not path:
        built = glob.glob(os.path.join(ROOT, "build*", "pgseal"))
        path = max(built, key=os.path.getmtime) if built else None
    if path is None:
        return None
    asked = subprocess.run([path, "connect", "-w", "host=127.0.0.1 port=1"], capture_output=True, timeout=20)
    return os.path.abspath(path) if b"connection to server" in asked.stderr else None


def is_sanitized(path):
    """Whether a program was linked with AddressSanitizer."""
    with open(path, "rb") as f:
        return b"__asan_init" in f.read()

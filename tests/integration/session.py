# SPDX-License-Identifier: PostgreSQL
"""Runs session_driver and takes its output apart."""
import dataclasses
import glob
import os
import subprocess
import time

import pytest

import installs
import referee


@dataclasses.dataclass
class Ran:
    status: int
    out: list       # lines
    err: str
    seconds: float

    @property
    def code(self):
        """The identifier of the failure, "" if there was none."""
        for line in self.err.splitlines():
            if line.startswith("error "):
                return line[6:]
        return ""

    @property
    def message(self):
        """libpq's complete message."""
        return self.err.split("error %s\n" % self.code, 1)[1].split("\ndetail: ")[0] if self.code else ""

    @property
    def detail(self):
        return self.err.split("\ndetail: ", 1)[1].split("\nhint: ")[0]

    @property
    def warnings(self):
        return [line[9:] for line in self.err.splitlines() if line.startswith("warning: ")]

    @property
    def facts(self):
        for line in self.out:
            if line.startswith("tls="):
                return dict(word.split("=", 1) for word in line.split())
        raise AssertionError("no facts in %r" % self.out)


def program():
    built = glob.glob(os.path.join(installs.ROOT, "build*/tests/integration/session_driver"))
    if os.environ.get("PGSEAL_SESSION_DRIVER"):
        return os.environ["PGSEAL_SESSION_DRIVER"]
    if not built:
        pytest.skip("session_driver is not built: run ./dev build with -Dtests=true")
    return max(built, key=os.path.getmtime)


def run(home, conninfo, *actions, options=(), timeout=25, env=None):
    start = time.monotonic()
    done = subprocess.run([program(), *options, conninfo, *actions], capture_output=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env=referee.environment(home, env))
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace").splitlines(),
               done.stderr.decode("utf-8", "replace"), time.monotonic() - start)

# SPDX-License-Identifier: PostgreSQL
"""Runs `pgseal ca init, issue, rotate, list` in a directory of its own, as a person would type them."""
import json
import os
import pathlib
import shutil
import subprocess

import referee

HOST = "db1.example.com"


class Store:
    """An authority below `place`; certificates go to place/out."""

    def __init__(self, program, place, env=None):
        self.program, self.place = program, pathlib.Path(place)
        self.place.mkdir(exist_ok=True)
        self.dir, self.out = self.place / "ca", self.place / "out"
        self.out.mkdir(exist_ok=True)
        self.env = referee.environment(str(place), dict(env or {}, PGSEAL_CA_DIR=str(self.dir)))

    def run(self, *args, umask=0o022, stdin=None, env=None, cwd=None):
        """One command in the out directory; the finished process."""
        return subprocess.run([self.program, "ca", *args], cwd=cwd or self.out, env=dict(self.env, **(env or {})),
                              stdin=subprocess.DEVNULL if stdin is None else None, input=stdin,
                              capture_output=True, text=True, timeout=60, check=False, umask=umask)

    def ok(self, *args, **more):
        """As run(), and it must end well; its standard output."""
        done = self.run(*args, **more)
        assert done.returncode == 0, (args, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *args):
        return json.loads(self.ok(*args, "--json"))

    def json_any(self, *args):
        """As json(), whatever the exit code."""
        return json.loads(self.run(*args, "--json").stdout)

    def file(self, name):
        return str(self.out / name)

    def trust(self, kind):
        """A client's trust file: "old", "new" or "both"."""
        return str({"old": self.place / "old.pem", "new": self.dir / "root-2.crt",
                    "both": self.dir / "root.crt"}[kind])

    def keep_old_root(self):
        shutil.copyfile(self.dir / "root.crt", self.place / "old.pem")


def listing(directory):
    """{relative path: permission bits} of everything below."""
    found = {}
    for folder, _, files in os.walk(directory):
        for name in [""] + files:
            path = os.path.join(folder, name) if name else folder
            found[os.path.relpath(path, directory)] = os.lstat(path).st_mode & 0o7777
    return found


def openssl_verdict(trust, chain, host=HOST, purpose="sslserver"):
    """What `openssl verify` says of a chain file: "" is fine."""
    check = ["-verify_ip" if host[0].isdigit() else "-verify_hostname", host] if host else []
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-auth_level", "2", "-purpose", purpose, *check,
                           "-CAfile", trust, "-no-CApath", "-no-CAstore", "-untrusted", chain, chain],
                          capture_output=True, text=True, timeout=20, check=False)
    return "" if done.returncode == 0 else done.stderr

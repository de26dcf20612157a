# SPDX-License-Identifier: PostgreSQL
"""What the tests of `pgseal ca fetch` share: a server, a directory with a file to replace, and what must not change."""
import os
import subprocess

import pytest

import rds_bundle
from https_server import Web
from rds_bundle import Minted

OLD = b"".join(rds_bundle.rds("eu-before-1", a).pem for a in ("RSA2048", "ECC384"))
AWS = "truststore.pki.rds.amazonaws.com"


@pytest.fixture(scope="module")
def web_ca():
    return Minted("pgseal test web authority")


def serve(directory, ca, sans, name, body=None, **how):
    """A server with a certificate for these names."""
    leaf = Minted("a web server", issuer=ca, ca=False, days=how.pop("days", (-2, 30)), sans=sans)
    cert, key = directory / f"{name}.crt", directory / f"{name}.key"
    cert.write_bytes(leaf.pem)
    key.write_bytes(leaf.key_pem)
    return Web(cert, key, body or rds_bundle.bundle(), **how)


@pytest.fixture(scope="module")
def web(web_ca, tmp_path_factory):
    server = serve(tmp_path_factory.mktemp("web"), web_ca, rds_bundle.LOOPBACK, "good")
    yield server
    server.stop()


class Place:
    """A directory with a file to replace, and the program in it."""

    def __init__(self, directory, program, ca):
        self.dir, self.program = directory, program
        self.file = directory / "bundle.pem"
        self.ca = directory.parent / "web-ca.pem"
        self.ca.write_bytes(ca.pem)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if "ASAN_OPTIONS" in os.environ:
            self.env["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"]

    def command(self, *args):
        return [self.program, "ca", "fetch", "rds", *args]

    def fetch(self, *args, env=None, timeout=30, **how):
        return subprocess.run(self.command(*args), cwd=self.dir, env={**self.env, **(env or {})}, capture_output=True, text=True,
                              check=False, timeout=timeout, **how)

    def from_web(self, url, *args, allow=("--allow-gone",), **how):
        """OLD has roots of another region: whoever is not about that allows them to go."""
        return self.fetch("--region", "eu-minted-1", "--from", url, "--cacert", str(self.ca), "-o", "bundle.pem", *allow, *args,
                          **how)

    def files(self):
        return sorted(p.name for p in self.dir.iterdir())


@pytest.fixture
def place(tmp_path, program, web_ca):
    directory = tmp_path / "client"
    directory.mkdir()
    return Place(directory, program, web_ca)


@pytest.fixture
def old(place):
    """The same with a file of former days in it."""
    place.file.write_bytes(OLD)
    os.utime(place.file, (1000000000, 1000000000))
    return place


def untouched(place):
    assert place.file.read_bytes() == OLD
    assert place.file.stat().st_mtime == 1000000000
    assert place.files() == ["bundle.pem"]


def refused(p, code, exit_code):
    """The error's id, and its story."""
    assert p.returncode == exit_code, p.stderr
    assert p.stdout == ""
    assert f"\n  code: {code}\n" in p.stderr
    for label in ("seen", "why", "fix", "file"):
        assert f"\n  {label}:" in p.stderr, label

# SPDX-License-Identifier: PostgreSQL
"""Fixtures: the tarball unpacked, empty and less empty roots to run it in, a real PostgreSQL on the host's loopback."""
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests/integration")]

import installs  # noqa: E402
from cluster import Cluster  # noqa: E402
from name_server import NameServer  # noqa: E402
from pki import Pki  # noqa: E402


@pytest.fixture(scope="session")
def tarball():
    """The archive under test: PGSEAL_DIST, or the one of ./dev dist."""
    found = [os.environ["PGSEAL_DIST"]] if "PGSEAL_DIST" in os.environ else sorted((ROOT / "dist").glob("pgseal-*-linux-*.tar.gz"))
    if not found:
        pytest.skip("there is no tarball: ./dev dist makes it")
    return pathlib.Path(found[-1])


@pytest.fixture(scope="session")
def unpacked(tarball, tmp_path_factory):
    """The one folder that the archive holds."""
    where = tmp_path_factory.mktemp("dist")
    with tarfile.open(tarball) as tar:
        tar.extractall(where)
    (folder,) = where.iterdir()
    return folder


@pytest.fixture(scope="session")
def client(unpacked):
    return unpacked / "bin/pgseal"


CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")


class Jail:
    """A root directory with the program and what a test puts there."""

    def __init__(self, path, client):
        self.path = path
        path.chmod(0o755)
        shutil.copy(client, path / "pgseal")

    def put(self, name, text):
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return self

    def link(self, name, target):
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        return self

    def run(self, *args, env=None, timeout=30, stdin=subprocess.DEVNULL, **more):
        return subprocess.run([CHROOT, self.path, "/pgseal", *map(str, args)], env={"PATH": "/", **(env or {})},
                              capture_output=True, text=True, check=False, timeout=timeout, stdin=stdin, **more)

    def files(self):
        return sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*") if not p.is_dir())


@pytest.fixture
def jail(tmp_path, client):
    """An empty root but for the program."""
    if os.geteuid() != 0:
        pytest.skip("chroot is root's alone: run as root (CI does)")
    path = tmp_path / "root"
    path.mkdir()
    return Jail(path, client)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(str(tmp_path_factory.mktemp("pki")))


@pytest.fixture(scope="session")
def server(pki):
    """PostgreSQL on 127.0.0.1 and ::1 with the good certificate; anybody may log in, by TLS or without."""
    install = installs.find(15)
    if install is None:
        pytest.skip(installs.missing(15))
    directory = pathlib.Path("/tmp") / f"pgseal-dist-{os.getpid()}"
    cluster = Cluster(install, str(directory), listen="127.0.0.1,::1").start()
    cert, key = pki.server("good")
    cluster.configure("host all all 127.0.0.1/32 trust\nhost all all ::1/128 trust\n",
                      {"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key"},
                      [(cert, "server.crt"), (key, "server.key")])
    yield cluster
    cluster.stop()


@pytest.fixture
def name_server():
    """name_server(zone, address) starts one; a resolver knows no port but 53, so the address is what differs."""
    running = []

    def start(zone, address="127.0.53.1"):
        try:
            running.append(NameServer(address, zone))
        except OSError as e:
            pytest.skip(f"port 53 of {address} cannot be had here: {e}")
        return running[-1]

    yield start
    for server in running:
        server.stop()

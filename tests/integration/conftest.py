# SPDX-License-Identifier: PostgreSQL
"""Fixtures: one directory, one set of certificates, and servers that start when first asked for."""
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import installs  # noqa: E402
import pki_files  # noqa: E402
from cluster import Cluster  # noqa: E402
from fake_server import FakeServer  # noqa: E402
from pki import Pki  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="session")
def workdir():
    """A directory that servers with another user may enter; removed at the end."""
    path = tempfile.mkdtemp(prefix="pgseal-it-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def pki(workdir):
    path = os.path.join(workdir, "pki")
    os.mkdir(path)
    return Pki(path)


class Files:
    """The client's files by name: roots, crls, crldirs (paths), clients (certificate, key)."""

    def __init__(self, pki):
        self.roots = pki_files.write_roots(pki)
        self.crls, self.crldirs = pki_files.write_crls(pki)
        self.clients = pki_files.write_clients(pki)


@pytest.fixture(scope="session")
def files(pki):
    return Files(pki)


@pytest.fixture(scope="session")
def home(workdir):
    """An empty home directory for the programs under test."""
    path = os.path.join(workdir, "home")
    os.mkdir(path)
    return path


@pytest.fixture(scope="session")
def weak_openssl(workdir):
    """An openssl.cnf that lets a server serve what OpenSSL's default level refuses."""
    path = os.path.join(workdir, "level0.cnf")
    with open(path, "w") as f:
        f.write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                "CipherString = DEFAULT@SECLEVEL=0\nMinProtocol = TLSv1\n")
    return path


@pytest.fixture(scope="session")
def clusters(workdir, weak_openssl):
    """clusters(major) is a running server of that major version, or skips the test."""
    running = {}

    def get(major):
        if major not in running:
            install = installs.find(major)
            if install is None:
                pytest.skip(installs.missing(major))
            running[major] = Cluster(install, os.path.join(workdir, "pg%d" % major),
                                     env={"OPENSSL_CONF": weak_openssl}).start()
        return running[major]

    yield get
    for cluster in running.values():
        cluster.stop()


@pytest.fixture(scope="session")
def fake(pki):
    server = FakeServer(pki)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def driver(workdir):
    """The C program that connects through whichever libpq it is given."""
    binary = os.path.join(workdir, "libpq_driver")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1",
                    "-o", binary, os.path.join(HERE, "libpq18_driver.c"), "-ldl"], check=True, timeout=60)
    return binary


@pytest.fixture(scope="session")
def pg15():
    install = installs.find(15)
    if install is None:
        pytest.skip(installs.missing(15))
    return install


@pytest.fixture(scope="session")
def pg18():
    install = installs.find(18)
    if install is None:
        pytest.skip(installs.missing(18))
    return install


@pytest.fixture(scope="session")
def libpq18(workdir):
    """libpq 18 linked again with the OpenSSL pgseal runs on (see libpq18_shim.c); None without npm's package."""
    install = installs.find(18)
    if install is None:
        return None
    lib = os.path.join(os.path.dirname(install.libpq), "")
    made = os.path.join(workdir, "libpq18-openssl3.so")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", made,
                    os.path.join(HERE, "libpq18_shim.c"), "-Wl,--whole-archive", lib + "libpq.a",
                    "-Wl,--no-whole-archive", lib + "libpgcommon_shlib.a", lib + "libpgport_shlib.a",
                    "-lssl", "-lcrypto", "-lm", "-Wl,-z,defs"], check=True, timeout=60)
    return made


@pytest.fixture(scope="session")
def program():
    path = installs.pgseal()
    if path is None:
        pytest.skip("pgseal with connect is not built: run ./dev build, or set PGSEAL")
    return path


@pytest.fixture(scope="session")
def unsanitized(program):
    """The program without sanitizers, for tests that preload a library into it or limit its memory."""
    path = os.environ.get("PGSEAL_RELEASE", os.path.join(installs.ROOT, "build", "pgseal"))
    for candidate in (program, path):
        if os.path.exists(candidate) and not installs.is_sanitized(candidate):
            return candidate
    pytest.skip("only a sanitized program is here: ./dev build makes the other")


def pytest_terminal_summary(terminalreporter):
    """The worst bug this project can have is counted on its own."""
    failed = [str(report.longrepr) for report in terminalreporter.stats.get("failed", [])]
    if "test_parity" in str(terminalreporter.config.args) or any("parity" in text for text in failed):
        terminalreporter.write_line("%d wrong accepts, %d wrong refusals" % (
            sum("WRONG ACCEPT" in text for text in failed), sum("WRONG REFUSAL" in text for text in failed)))

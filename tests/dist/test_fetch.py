# SPDX-License-Identifier: PostgreSQL
"""ca fetch of the static client: its own libcurl, names by DNS, HTTPS verified by the roots of the system it runs on."""
import pytest

import rds_bundle
from ca_stage import serve
from rds_bundle import Minted
from test_places import LAYOUTS

NAME = "truststore.pgseal.test"


@pytest.fixture(scope="module", name="authority")
def _authority():
    return Minted("pgseal test web authority")


@pytest.fixture(scope="module", name="web")
def _web(authority, tmp_path_factory):
    import pki
    server = serve(tmp_path_factory.mktemp("web"), authority, pki.dns(NAME), "good")
    yield server
    server.stop()


def fetch(jail, web, kind="good", *more, **run):
    return jail.run("ca", "fetch", "rds", "--region", "eu-minted-1", "--from", f"https://{NAME}:{web.port}/{kind}/bundle.pem",
                    "-o", "/bundle.pem", *more, **run)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_fetch__by_the_roots_of_the_system__is_what_was_served(jail, web, authority, name_server, layout):
    name_server({NAME: [("A", "127.0.0.1")]})
    layout(jail.put("etc/resolv.conf", "nameserver 127.0.53.1\n"), authority.pem.decode())
    p = fetch(jail, web)
    assert (jail.path / "bundle.pem").read_bytes() == rds_bundle.bundle(), p.stderr
    assert (jail.path / "bundle.pem").stat().st_mode & 0o777 == 0o644


def test_fetch__without_roots__is_refused_and_writes_nothing(jail, web):
    p = fetch(jail.put("etc/hosts", f"127.0.0.1 {NAME}\n"), web)
    assert p.returncode in (1, 3)
    assert not (jail.path / "bundle.pem").exists()
    assert "certificate" in p.stderr


def test_fetch__another_name__is_refused(jail, authority, tmp_path):
    import pki
    web = serve(tmp_path, authority, pki.dns("other.pgseal.test"), "other")
    try:
        jail.put("etc/hosts", f"127.0.0.1 {NAME}\n").put("etc/ssl/cert.pem", authority.pem)
        p = fetch(jail, web)
    finally:
        web.stop()
    assert p.returncode in (1, 3)
    assert not (jail.path / "bundle.pem").exists()


def test_fetch__unknown_name__could_not_reach(jail, web, name_server):
    name_server({})
    p = fetch(jail.put("etc/resolv.conf", "nameserver 127.0.53.1\n"), web)
    assert p.returncode == 3
    assert NAME in p.stderr

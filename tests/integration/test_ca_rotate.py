# SPDX-License-Identifier: PostgreSQL
"""The own authority with real servers: whom psql, libpq 18, pgseal and openssl believe at each step of a rotation."""
import itertools
import os
import subprocess

import pytest

import own_ca
import referee
from own_ca import HOST

ALL = ("old", "new", "both")
HBA = "hostssl all certuser 127.0.0.1/32 cert\nhostssl all anyuser 127.0.0.1/32 trust\n"


class Site:
    """A server of the wanted version with files of an own authority, and clients of every kind."""

    def __init__(self, store, cluster, pg15, driver, libpq18):
        self.store, self.cluster, self.pg15 = store, cluster, pg15
        self.driver, self.libpq18 = driver, libpq18
        self.loads = itertools.count()

    def serve(self, ca="both"):
        """What the README says after `issue`: the files where the server reads them, and a reload."""
        n = next(self.loads)
        files = [(self.store.file(HOST + ".crt"), f"own{n}.crt"), (self.store.file(HOST + ".key"), f"own{n}.key"),
                 (self.store.trust(ca), f"own{n}-ca.crt")]
        self.cluster.configure(HBA, {"ssl": "on", "ssl_cert_file": f"own{n}.crt", "ssl_key_file": f"own{n}.key",
                                     "ssl_ca_file": f"own{n}-ca.crt"}, files)

    def verdicts(self, trust, host=HOST, user="anyuser", more=""):
        """{who: True, or what it said} for verify-full with that trust file."""
        where = f"host={host}" + ("" if host[0].isdigit() else " hostaddr=127.0.0.1")
        conninfo = (f"{where} port={self.cluster.port} user={user} dbname=postgres connect_timeout=10 "
                    f"sslmode=verify-full sslrootcert={self.store.trust(trust)} {more}")
        env = self.store.env
        said = {"psql 15": referee.psql(self.pg15, conninfo, env),
                "pgseal": referee.pgseal(self.store.program, conninfo, env)}
        if self.libpq18 is not None:
            said["libpq 18"] = referee.libpq(self.driver, self.libpq18, conninfo, env)
        said = {who: o.status == 0 or o.text for who, o in said.items()}
        if user == "anyuser":
            said["openssl"] = own_ca.openssl_verdict(self.store.trust(trust), self.store.file(HOST + ".crt"),
                                                     host) == "" or "verify failed"
        return said

    def expect(self, step, passing, refused=()):
        for trust in passing:
            for host in (HOST, "127.0.0.1"):
                said = self.verdicts(trust, host)
                assert all(v is True for v in said.values()), (step, trust, host, said)
        for trust in refused:
            said = self.verdicts(trust)
            assert all("verify failed" in str(v) for v in said.values()), (step, trust, said)

    def expect_client(self, step, trust="both"):
        """The role's certificate is believed by the server."""
        said = self.verdicts(trust, user="certuser", more="sslcert={0}.crt sslkey={0}.key".format(
            self.store.file("certuser-client")))
        assert all(v is True for v in said.values()), (step, said)


@pytest.fixture(params=[15, 18], ids=lambda m: f"pg{m}")
def site(request, clusters, pg15, driver, libpq18, program, tmp_path):
    tmp_path.chmod(0o755)
    return Site(own_ca.Store(program, tmp_path / "site"), clusters(request.param), pg15, driver, libpq18)


@pytest.mark.parametrize("old, new", [("P-256", None), ("RSA3072", None), ("RSA3072", "P-384"), ("P-384", "RSA4096")])
def test_rotation__each_step__who_holds_which_root_is_served(site, old, new):
    store = site.store
    store.ok("init", "--key", old)
    store.keep_old_root()
    store.ok("issue", HOST, "127.0.0.1")
    store.ok("issue", "--client", "certuser")
    site.serve(ca="old")
    site.expect("issued", ["old"])
    site.expect_client("issued", "old")

    store.ok("rotate", "--start", *(["--key", new] if new else []))
    site.expect("started", ["old", "both"], refused=["new"])  # the server still shows what the old root signed
    site.expect_client("started", "both")

    store.ok("rotate", "--switch")
    site.serve(ca="old")  # a server that knows the old root believes the client's new certificate through the cross
    site.expect("switched", ALL)
    site.expect_client("switched", "old")
    site.serve(ca="new")
    site.expect_client("switched", "new")

    store.ok("rotate", "--retire")
    site.serve(ca="both")  # root.crt, by now the new root alone
    site.expect("retired", ALL)
    site.expect_client("retired", "new")

    store.ok("issue", "--renew", HOST)
    site.serve(ca="new")
    site.expect("renewed", ["new", "both"], refused=["old"])


def test_rotation__a_server_new_since_the_start__all_are_served(site):
    store = site.store
    store.ok("init")
    store.keep_old_root()
    store.ok("rotate")
    store.ok("issue", HOST, "127.0.0.1")
    site.serve()
    site.expect("new server", ALL)


def test_rotation__twice__the_second_starts_from_the_second_root(site):
    store = site.store
    store.ok("init", "--name", "Databases")
    store.ok("issue", HOST, "127.0.0.1")
    for number in (2, 3):
        store.keep_old_root()
        store.ok("rotate")
        store.ok("rotate")
        site.serve(ca="old")
        assert all(v is True for v in site.verdicts("old").values())
        assert all(v is True for v in site.verdicts("both").values())
        store.ok("rotate", "--retire")
        assert store.json("rotate", "--dry-run")["roots"][0]["subject"] == f"CN=Databases G{number}"


def test_rotation__with_permit__the_new_root_is_limited_too(site):
    store = site.store
    store.ok("init", "--permit", "example.com", "--permit", "127.0.0.0/8")
    store.keep_old_root()
    store.ok("issue", HOST, "127.0.0.1")
    store.ok("rotate")
    store.ok("rotate")
    site.serve(ca="old")
    site.expect("switched", ALL)
    # What the step says to ask the server, with where this one is.
    said = store.run("rotate").stderr
    assert f"pgseal ca verify {HOST} --with {store.trust('new')}" in said
    verified = store.run("verify", f"host={HOST} hostaddr=127.0.0.1 port={site.cluster.port}", "--with",
                         store.trust("new"))
    assert verified.returncode == 0, verified.stderr
    refused = store.run("issue", "db1.example.org")
    assert refused.returncode == 1
    assert "permitted subtree violation" in refused.stderr
    assert not store.out.joinpath("db1.example.org.crt").exists()
    assert not store.out.joinpath("db1.example.org.key").exists()


def test_csr__the_key_stays_with_the_server__it_serves(site):
    store = site.store
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", store.file(HOST + ".key"),
                    "-out", store.file("r.csr"), "-subj", "/CN=ignored", "-addext",
                    f"subjectAltName=DNS:{HOST},IP:127.0.0.1"], check=True, capture_output=True, timeout=30)
    store.ok("init")
    store.keep_old_root()
    before = store.out.joinpath(HOST + ".key").read_bytes()
    store.ok("issue", "--csr", "r.csr")
    assert store.out.joinpath(HOST + ".key").read_bytes() == before
    site.serve(ca="old")
    site.expect("csr", ["old"])


@pytest.mark.skipif(os.geteuid() != 0, reason="what is told is for root to type")
def test_issue__what_it_says_to_type__is_a_verified_connection(clusters, pg15, program, tmp_path):
    """The lines behind "Next", as they are; only sudo, the port and the address are of this test."""
    tmp_path.chmod(0o755)
    cluster = clusters(15)
    store = own_ca.Store(program, tmp_path / "site")
    cluster.configure("host all all 127.0.0.1/32 trust\n", {"ssl": "off"})
    store.ok("init")
    told = store.run("issue", HOST).stderr.replace("\n  pgseal connect ", "\n  pgseal connect -Atc 'show ssl' ")
    script = "sudo() { shift 2; \"$@\"; }\n" + "\n".join(
        line for line in told.split("\n") if line.startswith("  "))
    env = dict(store.env, PATH=f"{os.path.dirname(program)}:{pg15.bindir}:/usr/bin:/bin", PGPORT=str(cluster.port),
               PGUSER="postgres", PGDATABASE="postgres")
    server, client = script.split("  pgseal connect", 1)
    try:
        done = subprocess.run(["bash", "-ec", server], env=dict(env, PGHOST=cluster.dir), cwd=store.out,
                              capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        done = subprocess.run(["bash", "-c", "for i in 1 2 3 4 5 6 7 8 9; do pgseal connect" + client + " && exit; "
                               "sleep 0.3; done"], env=dict(env, PGHOSTADDR="127.0.0.1"), cwd=store.out,
                              capture_output=True, text=True, timeout=30, check=False)
        assert done.stdout == "on\n", done.stderr
    finally:
        cluster.sql("alter system reset all")
        cluster.current = None
        cluster.configure("", {"ssl": "off"})

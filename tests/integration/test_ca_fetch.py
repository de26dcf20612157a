# SPDX-License-Identifier: PostgreSQL
"""`pgseal ca fetch` against an HTTPS server that behaves well and badly; the file that is there survives everything."""
import hashlib
import json
import os
import socket
import time

import pytest

import ca_stage
import rds_bundle
from ca_stage import AWS, OLD, refused, serve, untouched
from https_server import Proxy, Web
from rds_bundle import Minted

web_ca, web, place, old = ca_stage.web_ca, ca_stage.web, ca_stage.place, ca_stage.old  # fixtures

# ---- what is fetched -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["good", "chunked"])
def test_fetch__new_file__is_what_was_served(place, web, kind):
    p = place.from_web(web.url(kind))
    assert place.file.read_bytes() == rds_bundle.bundle()
    assert place.file.stat().st_mode & 0o7777 == 0o644
    assert place.files() == ["bundle.pem"]
    assert p.stdout.startswith("bundle.pem: written\n")
    # Minted roots have names like Amazon's and came from elsewhere: that is a finding, each with its fingerprint.
    assert p.returncode == 1
    assert "code: CA_FETCH_UNKNOWN" in p.stdout
    assert p.stdout.count("\n          sha256 ") == 3
    assert "aws rds describe-certificates --region eu-minted-1" in p.stdout
    assert p.stderr == f"pgseal: fetching {web.url(kind)}\n"


def test_fetch__umask__does_not_hide_the_file(place, web):
    place.from_web(web.url("good"), preexec_fn=lambda: os.umask(0o077))
    assert place.file.stat().st_mode & 0o7777 == 0o644


def test_fetch__file_before__is_kept_beside_it_and_compared(old, web):
    old.file.chmod(0o640)
    p = old.from_web(web.url("good"))
    assert old.file.read_bytes() == rds_bundle.bundle()
    assert (old.dir / "bundle.pem~").read_bytes() == OLD
    assert [f.stat().st_mode & 0o7777 for f in (old.file, old.dir / "bundle.pem~")] == [0o640, 0o640]
    assert old.files() == ["bundle.pem", "bundle.pem~"]
    assert "  new:  3 that the file did not have\n" in p.stdout
    assert "  gone: 2 that the file had\n" in p.stdout
    assert "  kept: bundle.pem~ is the file as it was\n" in p.stdout
    assert "code: CA_FETCH_GONE" in p.stdout


def test_fetch__nothing_new__leaves_the_file_alone(old, web):
    old.file.write_bytes(rds_bundle.bundle())
    os.utime(old.file, (1000000000, 1000000000))
    inode = old.file.stat().st_ino
    p = old.from_web(web.url("good"))
    assert p.stdout.startswith("bundle.pem: unchanged\n")
    assert (old.file.stat().st_ino, old.file.stat().st_mtime) == (inode, 1000000000)
    assert old.files() == ["bundle.pem"]


def test_fetch__check__compares_and_writes_nothing(old, web):
    p = old.from_web(web.url("good"), "--check")
    assert (p.returncode, p.stdout.split("\n")[0]) == (1, "bundle.pem: differs")
    assert "  new:  3 that the file did not have\n" in p.stdout and "kept:" not in p.stdout
    untouched(old)
    old.file.unlink()
    p = old.from_web(web.url("good"), "--check", "--json")
    assert (p.returncode, json.loads(p.stdout)["status"], old.files()) == (1, "differs", [])
    old.file.write_bytes(rds_bundle.bundle())
    p = old.from_web(web.url("good"), "--check", "--json")
    assert json.loads(p.stdout)["status"] == "unchanged"


def test_fetch__symbolic_link__is_followed_and_stays_one(old, web):
    real = old.dir / "real"
    real.mkdir()
    old.file.rename(real / "roots.pem")
    old.file.symlink_to("real/roots.pem")
    p = old.from_web(web.url("good"))
    assert old.file.is_symlink()
    assert (real / "roots.pem").read_bytes() == rds_bundle.bundle()
    assert (real / "roots.pem~").read_bytes() == OLD
    assert f"  link: to {real}/roots.pem\n" in p.stdout


def test_fetch__standard_output__has_the_bundle_and_nothing_else(place, web):
    p = place.from_web(web.url("good"), "-o", "-")
    assert p.stdout.encode() == rds_bundle.bundle()
    assert "standard output: written\n" in p.stderr
    assert place.files() == []


def test_fetch__json__has_every_certificate(old, web):
    p = old.from_web(web.url("good"), "--json")
    facts = json.loads(p.stdout)
    assert (facts["status"], facts["official"], facts["kept"]) == ("written", False, str(old.file.name) + "~")
    assert facts["sha256"] == hashlib.sha256(rds_bundle.bundle()).hexdigest()
    assert [(c["standing"], c["new"], c["region"]) for c in facts["certificates"]] == [("unknown", True, "eu-minted-1")] * 3
    assert len(facts["gone"]) == 2
    assert {f["id"] for f in facts["findings"]} == {"CA_FETCH_UNKNOWN", "CA_FETCH_GONE"}


def test_fetch__quiet__says_only_findings(place, web):
    p = place.from_web(web.url("good"), "-q")
    assert p.stderr == ""
    assert p.stdout.startswith("warning: bundle.pem: roots that nobody vouches for\n")


# ---- who is asked --------------------------------------------------------------------------------------------------------


def behind_proxy(place, ca, directory, body):
    """What leads Amazon's own name to a server of ours, verified for that name: (server, proxy, environment)."""
    server = serve(directory, ca, rds_bundle.dns(AWS), "aws", body=body)
    proxy = Proxy(server.port)
    return server, proxy, {"https_proxy": f"http://127.0.0.1:{proxy.port}"}


def test_fetch__from_amazons_own_name__through_a_proxy(place, web_ca, tmp_path):
    server, proxy, env = behind_proxy(place, web_ca, tmp_path, rds_bundle.bundle())
    try:
        p = place.fetch("--region", "eu-minted-1", "--cacert", str(place.ca), env=env)
    finally:
        proxy.stop()
        server.stop()
    assert proxy.asked == [f"CONNECT {AWS}:443 HTTP/1.1"]
    assert server.seen[0][0] == "/eu-minted-1/eu-minted-1-bundle.pem"
    assert server.seen[0][1]["User-Agent"].startswith("pgseal/")
    assert (place.dir / "eu-minted-1-bundle.pem").read_bytes() == rds_bundle.bundle()
    # From Amazon's own host a new root is news, no alarm.
    assert "info: eu-minted-1-bundle.pem: roots that this version of pgseal does not know yet" in p.stdout
    assert p.returncode == 0


@pytest.mark.parametrize("region,words", [("ap-northest-1", "; did you mean ap-northeast-1?"), ("eu-minted-1", "")])
def test_fetch__region_nobody_knows__is_doubted_and_tried(place, web_ca, tmp_path, region, words):
    server, proxy, env = behind_proxy(place, web_ca, tmp_path, rds_bundle.rds(region).pem)
    try:
        p = place.fetch("--region", region, "--cacert", str(place.ca), env=env)
    finally:
        proxy.stop()
        server.stop()
    assert p.stderr.startswith(f'pgseal: warning: region "{region}" is not known to this version of pgseal{words}\n')
    assert p.stdout.startswith(f"{region}-bundle.pem: written\n")


def test_fetch__real_bundle__every_root_is_known(place, web_ca, tmp_path):
    body = rds_bundle.real("global-bundle.pem")
    if body is None:
        pytest.skip("the real bundles are not beside the project")
    server, proxy, env = behind_proxy(place, web_ca, tmp_path, body)
    try:
        p = place.fetch("--cacert", str(place.ca), env=env)
        again = place.fetch("--cacert", str(place.ca), env=env)
    finally:
        proxy.stop()
        server.stop()
    assert server.seen[0][0] == "/global/global-bundle.pem"
    assert "  has:  108 certificates of 36 regions, 165408 bytes; known by fingerprint: all\n" in p.stdout
    assert (p.returncode, again.returncode) == (0, 0)
    assert "findings" not in p.stdout and "code:" not in p.stdout
    assert again.stdout.startswith("global-bundle.pem: unchanged\n")


def test_fetch__passwords_of_url_and_proxy__are_used_and_not_shown(old, web):
    proxy = Proxy(web.port, refuse=b"407 Proxy Authentication Required")
    try:
        url = web.url("404").replace("https://", "https://me:secret1@")
        p = old.from_web(url, env={"https_proxy": f"http://you:secret2@127.0.0.1:{proxy.port}"})
    finally:
        proxy.stop()
    assert b"Proxy-Authorization: Basic eW91OnNlY3JldDI=" in proxy.heads[0]
    q = old.from_web(url)
    assert web.seen[-1][1]["Authorization"] == "Basic bWU6c2VjcmV0MQ=="
    assert (p.returncode, q.returncode) == (3, 1)
    assert "https://***@127.0.0.1" in q.stderr
    for text in (p.stdout, p.stderr, q.stdout, q.stderr):
        assert "secret" not in text
    untouched(old)


@pytest.mark.parametrize("refuse,code", [(b"407 Proxy Authentication Required", 3), (b"403 Forbidden", 3)])
def test_fetch__proxy_refuses__is_named(old, web, refuse, code):
    proxy = Proxy(web.port, refuse=refuse)
    try:
        p = old.from_web(web.url("good"), env={"https_proxy": f"http://127.0.0.1:{proxy.port}"})
    finally:
        proxy.stop()
    assert p.returncode == code
    assert refuse[:3].decode() in p.stderr
    assert "https_proxy names" in " ".join(p.stderr.split())
    untouched(old)


def test_fetch__no_proxy__goes_directly(place, web):
    p = place.from_web(web.url("good"), env={"https_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"})
    assert p.stdout.startswith("bundle.pem: written\n")


# ---- who answers ---------------------------------------------------------------------------------------------------------


def test_fetch__wrong_host__is_refused(old, web_ca, tmp_path):
    server = serve(tmp_path, web_ca, rds_bundle.dns("another.example"), "other")
    try:
        refused(old.from_web(server.url("good")), "CERT_NAME", 1)
    finally:
        server.stop()
    assert server.seen == []
    untouched(old)


def test_fetch__self_signed__is_refused(old, web_ca, tmp_path):
    cert = Minted("a web server", sans=rds_bundle.LOOPBACK)
    (tmp_path / "self.crt").write_bytes(cert.pem)
    (tmp_path / "self.key").write_bytes(cert.key_pem)
    server = Web(tmp_path / "self.crt", tmp_path / "self.key", rds_bundle.bundle())
    try:
        refused(old.from_web(server.url("good")), "X509_DEPTH_ZERO_SELF_SIGNED_CERT", 1)
    finally:
        server.stop()
    assert server.seen == []
    untouched(old)


def test_fetch__unknown_authority__is_refused(old, web):
    p = old.fetch("--region", "eu-minted-1", "--from", web.url("good"), "-o", "bundle.pem")
    refused(p, "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", 1)
    untouched(old)


def test_fetch__expired_web_certificate__is_refused(old, web_ca, tmp_path):
    server = serve(tmp_path, web_ca, rds_bundle.LOOPBACK, "late", days=(-30, -1))
    try:
        refused(old.from_web(server.url("good")), "X509_CERT_HAS_EXPIRED", 1)
    finally:
        server.stop()
    untouched(old)


def test_fetch__tls_1_1__is_refused(old, web_ca, tmp_path):
    server = serve(tmp_path, web_ca, rds_bundle.LOOPBACK, "elder", maximum=rds_bundle.TLS_1_1)
    try:
        refused(old.from_web(server.url("good")), "TLS", 3)
    finally:
        server.stop()
    untouched(old)


def test_fetch__cacert_without_certificate__is_refused(old, web):
    (old.dir.parent / "text.pem").write_text("hello\n")
    p = old.from_web(web.url("good"), "--cacert", str(old.dir.parent / "text.pem"))
    refused(p, "ROOT_UNUSABLE", 1)
    untouched(old)


def test_fetch__ssl_cert_file__vouches_too(place, web):
    p = place.fetch("--region", "eu-minted-1", "--from", web.url("good"), "-o", "bundle.pem", env={"SSL_CERT_FILE": str(place.ca)})
    assert p.stdout.startswith("bundle.pem: written\n")


# ---- what is answered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind,code,exit_code,words", [
    ("xml", "CA_S3_ERROR", 1, "S3 error page (XML)"),
    ("html", "CA_HTML", 1, "HTML"),
    ("empty", "CA_EMPTY", 1, "empty"),
    ("cut", "CA_DAMAGED_END", 1, ""),
    ("unbounded", "CLOSED", 3, "whether the file came whole is not known"),
    ("unbounded-whole", "CLOSED", 3, "neither Content-Length nor chunks"),
    ("short", "CLOSED", 3, "the file ended too early"),
    ("short-whole", "CLOSED", 3, "the file ended too early"),
    ("chunked-cut", "CLOSED", 3, ""),
    ("endless", "LIMIT", 1, "which no bundle has"),
    ("redirect", "HTTP", 1, "It sends us to https://elsewhere.example/global-bundle.pem."),
    ("redirect-http", "HTTP", 1, "It sends us to http://truststore.example/global-bundle.pem."),
    ("404", "HTTP", 1, "status 404"),
    ("xml-403", "HTTP", 1, "AccessDenied"),
    ("503", "HTTP", 3, "status 503"),
])
def test_fetch__bad_answer__replaces_nothing(old, web, kind, code, exit_code, words):
    p = old.from_web(web.url(kind))
    assert p.returncode == exit_code, p.stderr
    assert f"\n  code: {code}\n" in p.stderr
    assert words in " ".join(p.stderr.split())
    assert "  file: bundle.pem is as it was.\n" in p.stderr
    untouched(old)


@pytest.mark.parametrize("kind", ["hang", "mute"])
def test_fetch__silence__ends_by_the_timeout(old, web, kind):
    start = time.monotonic()
    p = old.from_web(web.url(kind), "--timeout", "1")
    assert time.monotonic() - start < 10
    assert p.returncode == 3
    assert "\n  code: TIMEOUT\n" in p.stderr
    untouched(old)


def test_fetch__nobody_there__could_not_reach(old):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    p = old.from_web(f"https://127.0.0.1:{port}/bundle.pem")
    assert p.returncode == 3
    assert "\n  code: CONNECT\n" in p.stderr
    untouched(old)

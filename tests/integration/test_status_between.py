# SPDX-License-Identifier: PostgreSQL
"""pgseal status with something in between: what both ends say then, and what is made of it."""
import json
import os
import re
import subprocess

import pytest

import parity
import referee
from parity import Pg
from pki import HOST
from pooler import Bouncer, Ender


@pytest.fixture(scope="module")
def world(clusters, fake, pki, files, workdir):
    return parity.World(clusters, fake, pki, files, workdir)


class Between:
    """A server, something in front of it, and pgseal status through it."""

    def __init__(self, program, world, pki, directory):
        self.program, self.world, self.pki, self.dir = program, world, pki, directory
        self.running = []

    def server(self, major=15, **given):
        """A running server; its connection string for a pooler."""
        port = self.world.serve(Pg(major, **given))
        return "host=127.0.0.1 port=%d dbname=postgres" % port

    def bouncer(self, server, **settings):
        files = []
        if settings.get("client_tls_sslmode"):
            cert, key = self.pki.server("good")
            files = [(cert, "front.crt"), (key, "front.key")]
            settings.update(client_tls_cert_file=os.path.join(self.dir, "front.crt"),
                            client_tls_key_file=os.path.join(self.dir, "front.key"))
        self.running.append(Bouncer(self.dir))
        return self.running[-1].start(server, settings, files)

    def ender(self, **given):
        self.running.append(Ender(**given))
        return self.running[-1]

    def status(self, port, *args, code=1, **words):
        given = dict(host=HOST, hostaddr="127.0.0.1", port=port, user="anyuser", dbname="postgres",
                     sslrootcert=self.world.files.roots["good"], sslmode="verify-full")
        given.update(words)
        text = " ".join("%s=%s" % (k, parity.quote(str(v))) for k, v in given.items() if v is not None)
        done = subprocess.run([self.program, "status", *args, text], capture_output=True, text=True, timeout=25,
                              stdin=subprocess.DEVNULL, env=referee.environment(str(self.dir)))
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def json(self, port, code=1, **words):
        facts = json.loads(self.status(port, "--json", code=code, **words))
        facts["ids"] = {f["id"] for f in facts["findings"]}
        facts["point"] = {p["point"]: p for p in facts["compared"]}
        return facts

    def stop(self):
        for thing in self.running:
            thing.stop()


@pytest.fixture
def between(program, world, pki, workdir, request):
    made = Between(program, world, pki, os.path.join(workdir, re.sub(r"\W", "_", request.node.name)[:40]))
    yield made
    made.stop()


@pytest.mark.parametrize("major", [15, 18])
def test_tls_to_us_plaintext_behind(between, major):
    bouncer = between.bouncer(between.server(major), client_tls_sslmode="require", server_tls_sslmode="disable")
    facts = between.json(bouncer.port)
    assert facts["verdict"] == "disagree" and facts["says"].startswith("PROOF that something ends TLS")
    assert facts["this_end"]["encrypted"] and facts["server_end"]["pg_stat_ssl"]["encrypted"] is False
    assert "STATUS_MIDDLEBOX" in facts["ids"] and "STATUS_PLAINTEXT" not in facts["ids"]
    assert "loopback interface of the server's machine, bare" in facts["says"] and "PgBouncer" in facts["says"]
    assert "STATUS_HOP_PLAINTEXT" not in facts["ids"]  # nothing of it leaves that machine
    text = between.status(bouncer.port)
    assert re.match(r"PROOF that something ends TLS between you and the server\. Your handshake ended\nin TLSv1\.3", text)
    assert re.search(r"^! encrypted +yes +no$", text, re.M)
    assert "client_tls_sslmode" in text


def test_plaintext_to_us_tls_behind(between):
    bouncer = between.bouncer(between.server(), client_tls_sslmode="disable", server_tls_sslmode="require")
    facts = between.json(bouncer.port, sslmode="disable")
    assert facts["verdict"] == "disagree" and facts["says"].startswith("PROOF that something stands between")
    assert "Between you and it nothing is encrypted" in facts["says"]
    assert {"STATUS_MIDDLEBOX", "STATUS_PLAINTEXT"} <= facts["ids"]
    assert facts["server_end"]["pg_stat_ssl"]["version"] == "TLSv1.3"
    assert facts["point"]["encrypted"]["match"] == "different"


def test_tls_on_both_hops_with_another_version(between):
    bouncer = between.bouncer(between.server(), client_tls_sslmode="require", server_tls_sslmode="require",
                              server_tls_protocols="tlsv1.2")
    facts = between.json(bouncer.port)
    assert facts["verdict"] == "disagree" and facts["point"]["encrypted"]["match"] == "same"
    assert facts["point"]["protocol"]["match"] == facts["point"]["cipher"]["match"] == "different"
    assert facts["point"]["protocol"]["server_end"] == "TLSv1.2"
    assert "STATUS_HOP_PLAINTEXT" not in facts["ids"]


def test_tls_on_both_hops_with_another_cipher(between):
    server = between.server(settings=(("ssl_max_protocol_version", "TLSv1.2"),
                                      ("ssl_ciphers", "ECDHE-RSA-AES128-GCM-SHA256")))
    bouncer = between.bouncer(server, client_tls_sslmode="require", client_tls_protocols="tlsv1.2",
                              client_tls_ciphers="ECDHE-RSA-AES256-GCM-SHA384", server_tls_sslmode="require")
    facts = between.json(bouncer.port)
    assert facts["verdict"] == "disagree"
    assert facts["point"]["protocol"]["match"] == "same" and facts["point"]["cipher"]["match"] == "different"
    assert facts["point"]["bits"]["this_end"] == "256" and facts["point"]["bits"]["server_end"] == "128"


def test_the_same_tls_on_both_hops_is_betrayed_by_the_backends_number(between):
    bouncer = between.bouncer(between.server(), client_tls_sslmode="require", server_tls_sslmode="require")
    facts = between.json(bouncer.port)
    same = ("encrypted", "protocol", "cipher", "bits")
    assert [facts["point"][p]["match"] for p in same] == ["same"] * 4
    assert facts["point"]["backend_pid"]["match"] == "different" and facts["verdict"] == "disagree"


def test_a_pooler_with_a_certificate_of_its_own(between, pki, files):
    """The same TLS on both hops; the server's peer proved another identity than we did."""
    cluster = between.world.clusters(15)
    chain, key = pki.server("good")
    ca = pki.write("ca-clientroot.pem", pki.pem("clientroot"))
    cluster.configure("hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n",
                      {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key", "ssl_ca_file": "ca.pem"},
                      [(chain, "good.crt"), (key, "good.key"), (ca, "ca.pem")])
    own = dict(zip(("cert", "key"), files.clients["client"]))
    for name, path in own.items():
        with open(path) as f, open(os.path.join(pki.dir, "pooler." + name), "w") as copy:
            copy.write(f.read())
        os.chmod(copy.name, 0o644)
    bouncer = between.bouncer("host=127.0.0.1 port=%d dbname=postgres" % cluster.port, client_tls_sslmode="require",
                              server_tls_sslmode="require", server_tls_cert_file=os.path.join(pki.dir, "pooler.cert"),
                              server_tls_key_file=os.path.join(pki.dir, "pooler.key"))
    point = between.json(bouncer.port)["point"]["client_certificate"]
    assert (point["match"], point["this_end"]) == ("different", "none") and "CN=certuser" in point["server_end"]


def test_a_unix_socket_behind(between):
    between.server()
    cluster = between.world.clusters(15)
    cluster.configure("host all all 127.0.0.1/32 trust\nlocal all all trust\n", {"ssl": "off"})
    bouncer = between.bouncer("host=%s port=%d dbname=postgres" % (cluster.dir, cluster.port),
                              client_tls_sslmode="require")
    facts = between.json(bouncer.port)
    assert facts["point"]["transport"]["server_end"] == "Unix socket" and facts["verdict"] == "disagree"
    assert "a Unix socket of the server's machine" in facts["says"]
    assert "STATUS_HOP_PLAINTEXT" not in facts["ids"]


def test_a_unix_socket_in_front(between):
    bouncer = between.bouncer(between.server(), server_tls_sslmode="disable")
    facts = between.json(bouncer.port, host=bouncer.dir, hostaddr=None)
    assert facts["point"]["transport"]["match"] == "different" and facts["verdict"] == "disagree"
    assert "STATUS_PLAINTEXT" not in facts["ids"]  # nothing of ours went over a network


def test_an_rds_proxy_is_known_by_its_name(between):
    """Its pooler is PgBouncer here; the name is what leads to a proxy of Amazon's, and what its own switch is for."""
    server = between.server(settings=(("rds.force_ssl", "0"),))
    bouncer = between.bouncer(server, client_tls_sslmode="require", server_tls_sslmode="require")
    facts = between.json(bouncer.port, host="pool.proxy-cx5u2qk1abcd.us-east-1.rds.amazonaws.com", sslmode="require",
                         sslrootcert=None)
    assert facts["verdict"] == "disagree" and "It is RDS Proxy" in facts["says"]
    assert facts["point"]["endpoint"]["match"] == "different"
    assert "--db-proxy-name pool --require-tls" in facts["enforce"][0]["command"]
    fix = [f["fix"] for f in facts["findings"] if f["id"] == "STATUS_UNVERIFIED"][0]
    assert "sslrootcert=system" in fix  # a public certificate; RDS's own roots cannot verify it


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pool_modes_answer_alike(between, mode):
    bouncer = between.bouncer(between.server(), server_tls_sslmode="disable", pool_mode=mode)
    facts = between.json(bouncer.port, sslmode="disable")
    assert facts["verdict"] == "disagree" and facts["point"]["backend_pid"]["match"] == "different"
    # What was set for the question did not stay on the pooled connection.
    with_settings = subprocess.run(
        [between.program, "connect", "-Atc", "show search_path", "-c", "show statement_timeout",
         "host=127.0.0.1 port=%d user=anyuser dbname=postgres sslmode=disable" % bouncer.port],
        capture_output=True, text=True, timeout=20, env=referee.environment(str(between.dir)))
    assert with_settings.stdout == '"$user", public\n0\n'


def test_statement_pooling_still_gives_a_verdict(between):
    """It ends a connection that begins a transaction; what the verdict rests on was asked before."""
    bouncer = between.bouncer(between.server(), server_tls_sslmode="disable", pool_mode="statement")
    facts = between.json(bouncer.port, sslmode="disable")
    assert facts["verdict"] == "disagree" and facts["plaintext"]["refused"] is None
    assert "a pooler that pools by statement does that" in facts["plaintext"]["how"]


def test_console_of_a_pooler(between):
    bouncer = between.bouncer(between.server(), server_tls_sslmode="disable")
    facts = between.json(bouncer.port, sslmode="disable", dbname="pgbouncer")
    assert facts["verdict"] == "cannot_tell" and "STATUS_ONE_END" in facts["ids"]
    assert facts["server_end"]["answered"] is False and facts["server_end"]["error"]
    text = between.status(bouncer.port, sslmode="disable", dbname="pgbouncer")
    assert text.startswith("Only this end is known: NOT ENCRYPTED.")


# ---- what ends TLS and forwards everything else ----

def test_a_relay_with_plaintext_behind(between, pki):
    between.server()
    relay = between.ender(server_port=between.world.clusters(15).port, front=pki.server("good"))
    facts = between.json(relay.port)
    assert facts["verdict"] == "disagree" and facts["point"]["backend_pid"]["match"] == "same"
    assert "It forwards the server's messages as they are" in facts["says"] and "pgseal gateway" in facts["says"]


def test_a_relay_with_the_same_tls_behind_leaves_hints_only(between, pki):
    """Nothing contradicts: honestly no proof. The certificate in the server's file is what gives it away."""
    between.server(cert="good")
    relay = between.ender(server_port=between.world.clusters(15).port, front=pki.server("byroot"), back=True)
    facts = between.json(relay.port, code=0, user="anyuser")
    assert facts["verdict"] == "agree" and "PROOF" not in facts["says"] and "No sign" not in facts["says"]
    assert "a sign: the server sees another address than yours" in facts["says"]
    assert facts["point"]["client_address"]["match"] == "different"
    assert facts["point"]["server_certificate"]["match"] == "not_compared"  # anyuser may not read it
    facts = between.json(relay.port, user="postgres")
    assert facts["verdict"] == "agree" and "STATUS_OTHER_CERT" in facts["ids"]
    assert "a SIGN of one: the certificate you were shown is not the one" in facts["says"]
    assert facts["point"]["server_certificate"]["match"] == "different"


def test_channel_binding_does_not_pass_a_relay(between, pki, world):
    world.serve(Pg(15, hba="mixed"))
    relay = between.ender(server_port=world.clusters(15).port, front=pki.server("byroot"), back=True)
    words = ("host=%s hostaddr=127.0.0.1 port=%d user=scramuser password=secret dbname=postgres sslmode=verify-full "
             "sslrootcert=%s" % (HOST, relay.port, world.files.roots["good"]))
    done = subprocess.run([between.program, "status", words], capture_output=True, text=True, timeout=20,
                          env=referee.environment(str(between.dir)))
    assert done.returncode == 3 and "channel binding check failed" in done.stderr

# SPDX-License-Identifier: PostgreSQL
"""`pgseal ca verify`: the verdict and story of connect without a login, on real and hostile servers, and on files."""
import json
import socket
import subprocess

import pytest
from fake_server import Behaviour
from pki import HOST
from referee import environment

RULES = "hostssl all all all scram-sha-256\n"  # nobody can log in without a password


def run(program, home, *args, cwd=None, stdin=None, env=None):
    """(exit code, standard output, standard error)."""
    done = subprocess.run([program, "ca", "verify", *args], capture_output=True, text=True, timeout=25, cwd=cwd,
                          input=stdin, stdin=None if stdin else subprocess.DEVNULL, env=environment(home, env), check=False)
    return done.returncode, done.stdout, done.stderr


def serve(clusters, pki, cert, major=15):
    """A server with that certificate; its port."""
    cluster = clusters(major)
    chain, key = pki.server(cert)
    cluster.configure(RULES, {"ssl": "on", "ssl_cert_file": cert + ".crt", "ssl_key_file": cert + ".key"},
                      [(chain, cert + ".crt"), (key, cert + ".key")])
    return cluster.port


def at(port, host=HOST, more=""):
    return f"host={host} hostaddr=127.0.0.1 port={port} {more}"


@pytest.mark.parametrize("major", [15, 18])
def test_verify__good_chain__path_anchor_and_end(program, home, pki, files, clusters, major):
    port = serve(clusters, pki, "good", major)
    mark = clusters(major).log_size()
    code, out, err = run(program, home, at(port), "--with", files.roots["bundle"])
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{HOST}:{port} (127.0.0.1) is verified by {files.roots['bundle']}"
    assert lines[1] == "  0  CN=db1"
    assert lines[3] == "  1  CN=pgseal test RSA2048 G1 Subordinate CA"
    assert lines[5] == "  2  CN=pgseal test Root CA RSA2048 G1"
    with open(files.roots["bundle"]) as f:  # the anchor is the fourth of the file
        begins = [n for n, line in enumerate(f, 1) if line.startswith("-----BEGIN")]
    assert lines[6].endswith(f", anchor {files.roots['bundle']}:{begins[3]}")
    end = pki.leaf("good").not_valid_after.strftime("%Y-%m-%d %H:%M:%S")
    assert lines[7].startswith(f"Until {end} UTC, in 36") and lines[7].endswith(": then certificate 0 ends.")
    assert "FATAL" not in clusters(major).read_log(mark)  # no login was tried


# row of LEAVES, file of roots, words of the code connect gives
REFUSED = [("good", "other", "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), ("good", "sub", "X509_UNABLE_TO_GET_ISSUER_CERT"),
           ("expired", "good", "X509_CERT_HAS_EXPIRED"), ("expiredsub", "good", "X509_CERT_HAS_EXPIRED"),
           ("nochain", "good", "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), ("selfsigned", "good", "X509_DEPTH_ZERO_SELF_SIGNED_CERT"),
           ("sanother", "good", "CERT_NAME"), ("clientonly", "good", "X509_INVALID_PURPOSE"), ("good", "html", "ROOT_UNUSABLE")]


@pytest.mark.parametrize("cert, root, code_name", REFUSED, ids=[f"{c}-{r}" for c, r, _ in REFUSED])
def test_verify__refused__the_story_of_connect(program, home, pki, files, clusters, cert, root, code_name):
    port = serve(clusters, pki, cert)
    code, out, err = run(program, home, at(port), "--with", files.roots[root])
    assert (code, out) == (1, "")
    told = subprocess.run([program, "connect", at(port, more=f"sslmode=verify-full sslrootcert={files.roots[root]} user=anyuser dbname=postgres"),
                           "-w", "-c", "select 1"], capture_output=True, text=True, timeout=25, env=environment(home), check=False)
    assert told.returncode == 2
    assert f"  code: {code_name}\n" in err
    # Everything behind the first line is the same; the first has another beginning.
    assert err.partition("\n")[2] == told.stderr.partition("\n")[2]
    assert err.partition("\n")[0].split(": ", 3)[-1] == told.stderr.partition("\n")[0].partition(" failed: ")[2] or code_name == "ROOT_UNUSABLE"


def test_verify__sslmode_and_login_settings__do_not_matter(program, home, pki, files, clusters):
    port = serve(clusters, pki, "good")
    root = files.roots["good"]
    for more in ("sslmode=disable", "sslmode=require user=nobody password=wrong", f"sslmode=verify-ca sslrootcert={root}",
                 "sslcert=missing.crt sslkey=missing.key", "target_session_attrs=standby"):
        assert run(program, home, at(port, more=more), "--with", root)[0] == 0, more
    assert run(program, home, at(port, more=f"sslrootcert={root}"))[0] == 0  # what the settings say is the default
    code, _, err = run(program, home, at(port))
    assert code == 3 and "/.postgresql/root.crt\" does not exist" in err


def test_verify__name_of_host__is_compared(program, home, pki, files, clusters):
    port = serve(clusters, pki, "good")
    code, _, err = run(program, home, "-h", "127.0.0.1", "-p", str(port), "--with", files.roots["good"])
    assert code == 1 and "code: CERT_NAME" in err
    code, _, err = run(program, home, f"127.0.0.1:{port}", "--with", files.roots["good"])
    assert code == 1 and 'does not match host name "127.0.0.1"' in err
    port = serve(clusters, pki, "sanip")
    assert run(program, home, f"127.0.0.1:{port}", "--with", files.roots["good"])[0] == 0


def test_verify__crl__as_connect(program, home, pki, files, clusters):
    port = serve(clusters, pki, "good")
    crl = files.crls["leafrevoked"]
    code, _, err = run(program, home, at(port, more=f"sslcrl={crl}"), "--with", files.roots["good"])
    assert code == 1 and "code: X509_CERT_REVOKED" in err
    assert run(program, home, at(port, more=f"sslcrl={files.crls['good']}"), "--with", files.roots["good"])[0] == 0


def test_verify__another_day__is_judged_as_then(program, home, pki, files, clusters):
    port = serve(clusters, pki, "good")
    assert run(program, home, at(port), "--with", files.roots["good"], "--at", "+300")[0] == 0
    code, _, err = run(program, home, at(port), "--with", files.roots["good"], "--at", "+400")
    assert code == 1 and "X509_CERT_HAS_EXPIRED" in err and " ago. " in err
    code, _, err = run(program, home, at(port), "--with", files.roots["good"], "--at", "2001-01-01")
    assert code == 1 and "X509_CERT_NOT_YET_VALID" in err


def test_verify__several_hosts__each_is_judged(program, home, pki, files, clusters):
    port = serve(clusters, pki, "good")
    two = f"host={HOST},other.pgseal.test hostaddr=127.0.0.1,127.0.0.1 port={port},{port}"
    code, out, err = run(program, home, two, "--with", files.roots["good"])
    assert code == 1
    assert f"{HOST}:{port} (127.0.0.1) is verified" in out
    assert f'other.pgseal.test:{port}: server certificate for "{HOST}"' in err
    closed = f"host={HOST},{HOST} hostaddr=127.0.0.1,127.0.0.1 port=1,{port}"
    code, out, err = run(program, home, closed, "--with", files.roots["good"])
    assert code == 3 and "Connection refused" in err and "is verified" in out




def test_verify__server_that_wants_a_client_certificate__is_judged_all_the_same(program, home, pki, files, fake):
    for tls in ("TLSv1_2", ""):
        fake.behave(Behaviour(client_ca="clientroot", client_must=True, tls_max=tls))
        code, out, err = run(program, home, at(fake.port), "--with", files.roots["good"])
        assert (code, err) == (0, ""), tls
        assert "is verified" in out


@pytest.mark.parametrize("answer, code", [("N", 1), ("E", 1), ("X", 1), ("eof", 3)])
def test_verify__no_tls__says_why(program, home, files, fake, answer, code):
    fake.behave(Behaviour(answer=answer))
    got, out, err = run(program, home, at(fake.port), "--with", files.roots["good"])
    assert (got, out) == (code, "")
    assert err.startswith(f'pgseal: error: connection to server at "127.0.0.1", port {fake.port} failed: ')
    assert "  fix:  " in err


def test_verify__silent_server__gives_up(program, home, files):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        code, _, err = run(program, home, at(silent.getsockname()[1], more="connect_timeout=2"), "--with", files.roots["good"])
    assert code == 3 and "timeout expired" in err


def test_verify__json__same_facts(program, home, pki, files, clusters):
    port = serve(clusters, pki, "withroot")
    code, out, err = run(program, home, at(port), "--with", files.roots["good"], "--json")
    assert (code, err) == (0, "")
    o = json.loads(out)
    one, = o["looked_at"]
    assert o["verified"] is one["verified"] is one["name_compared"] is True
    assert (one["server"], one["address"], one["with"]) == (f"{HOST}:{port}", "127.0.0.1", files.roots["good"])
    assert [c["subject"].split(",")[0] for c in one["sent"]] == \
        ["CN=db1", "CN=pgseal test RSA2048 G1 Subordinate CA", "CN=pgseal test Root CA RSA2048 G1"]
    assert one["by"]["anchor_file"] == files.roots["good"] and one["by"]["anchor_line"] == 1
    assert one["by"]["until"] == pki.leaf("withroot").not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(one["by"]["path"]) == 3 and one["by"]["until_depth"] == 0
    code, out, _ = run(program, home, at(port), "--with", files.roots["other"], "--json")
    one, = json.loads(out)["looked_at"]
    assert code == 1 and one["verified"] is False and one["error"]["code"] == "X509_SELF_SIGNED_CERT_IN_CHAIN"
    assert len(one["sent"]) == 3 and "by" not in one


# ---- files -------------------------------------------------------------------------------------

def test_verify__certificate_file__every_encoding(program, home, pki, files, tmp_path):
    chain, _ = pki.server("good")
    root = files.roots["good"]
    code, out, err = run(program, home, chain, "--host", HOST, "--with", root)
    assert (code, err) == (0, "") and out.startswith(f"{chain} is verified by {root}\n")
    code, out, _ = run(program, home, chain, "--with", root)
    assert code == 0 and "no name was compared: add --host NAME" in out
    code, _, err = run(program, home, chain, "--host", "other.test", "--with", root)
    assert code == 1 and err.startswith(f'pgseal: error: {chain}: server certificate for "{HOST}" does not match host name "other.test"')
    p7 = tmp_path / "chain.p7b"
    subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", chain, "-outform", "DER", "-out", p7], check=True, timeout=20)
    assert run(program, home, str(p7), "--host", HOST, "--with", root)[0] == 0
    der = tmp_path / "leaf.der"
    subprocess.run(["openssl", "x509", "-in", chain, "-outform", "DER", "-out", der], check=True, timeout=20)
    code, _, err = run(program, home, str(der), "--host", HOST, "--with", root)
    assert code == 1 and "X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY" in err  # its intermediate is not in it
    with open(chain) as f:
        assert run(program, home, "-", "--host", HOST, "--with", root, stdin=f.read())[0] == 0


def test_verify__no_certificate_in_the_file__says_what_is(program, home, pki, files, tmp_path):
    _, key = pki.server("good")
    code, out, err = run(program, home, key, "--with", files.roots["good"])
    assert (code, out) == (1, "")
    assert err.startswith(f'pgseal: error: could not read certificate file "{key}": no certificate found\n')
    assert "private key" in err and "Name a file with the server's certificate" in err
    missing = str(tmp_path / "missing.crt")
    code, _, err = run(program, home, missing, "--with", files.roots["good"])
    assert code == 3 and "No such file or directory" in err
    code, _, err = run(program, home, pki.server("good")[0], "--with", missing)
    assert code == 3 and f'root certificate file "{missing}" does not exist' in err


@pytest.mark.parametrize("args", [[], ["a", "b"], ["h", "--at", "soon"], ["-h", "a", "b"], [":5432"], ["--nope"],
                                  ["/var/run/x=y", "--with"], ["host=h sslmode=nope"]])
def test_verify__wrong_command_line__usage(program, home, args):
    code, out, err = run(program, home, *args)
    assert (code, out) == (2, "") and err.startswith("pgseal: error: ")


def test_verify__connection_string__hides_its_password(program, home):
    code, _, err = run(program, home, "host=127.0.0.1 port=1 password=hunter2 nonsense=1", "--with", "x")
    assert code == 2 and "hunter2" not in err


def test_verify__stored_certificate_of_postgresql__until_it_ends(program, home, pki, files):
    """What a cron job asks: is the file of ssl_cert_file good for three more months?"""
    chain, _ = pki.server("endssoon")
    assert run(program, home, chain, "--host", HOST, "--with", files.roots["good"])[0] == 0
    assert run(program, home, chain, "--host", HOST, "--with", files.roots["good"], "--at", "+90")[0] == 1



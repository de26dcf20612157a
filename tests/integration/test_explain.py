# SPDX-License-Identifier: PostgreSQL
"""pgseal explain: every page is in the program, and is found by what people have in their hands."""
import json
import os
import pathlib
import re
import subprocess

import pytest

import messages
from terminal import Terminal

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = {"topics": "topic", "params": "parameter", "findings": "finding", "errors": "error"}
PAGES = [p for folder in FOLDERS for p in sorted(ROOT.glob(f"docs/{folder}/*.md")) if p.name != "README.md"]
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PAGER": "", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}


@pytest.fixture(scope="module")
def explain(program):
    def run(*args, stdin=""):
        done = subprocess.run([program, "explain", *args], input=stdin, capture_output=True, text=True, env=ENV,
                              timeout=20, check=False)
        return done.returncode, done.stdout, done.stderr
    return run


def words(markdown):
    """What a reader must see of a page: its text without Markdown's signs."""
    text = re.sub(r"^<!--.*-->$|^```.*$|^\|[-| ]+\|$", "", markdown, flags=re.M)
    text = re.sub(r"\[([^\]]+)\]\((?:[^)]*/)?\1\.md\)", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\((?:[^)]*/)?([^)/]+)\.md\)", r"\1 (\2)", text)
    text = re.sub(r"^#+ |^\||\|$", "", text, flags=re.M)
    text = re.sub(r"(`[^`]*`|^      .*|\"\*\*\*\")|\*\*", lambda m: m.group(1) or "", text)
    return re.sub(r"[\s|-]", "", text)


def title_of(out):
    return out.split("\n", 1)[0]


@pytest.mark.parametrize("page", PAGES, ids=[f"{p.parent.name}/{p.stem}" for p in PAGES])
def test_explain__page__is_reached_and_whole(explain, page):
    source = page.read_text(encoding="utf-8")
    code, out, err = explain("--json", page.stem)
    assert (code, err) == (0, "")
    got = json.loads(out)
    assert got["text"] == source
    assert (got["name"], got["kind"]) == (page.stem, FOLDERS[page.parent.name])
    code, out, err = explain(page.stem)
    assert (code, err) == (0, "")
    shown, wanted = re.sub(r"[\s|-]", "", out), words(source)
    # The cells of a table stand beside each other: the same letters in another order.
    assert sorted(shown) == sorted(wanted) and ("\n|" in source or shown == wanted)
    if "\n|" not in source:
        assert max(len(line) for line in out.split("\n") if not line.startswith("      ")) <= 80


def test_explain__alone__lists_every_page_once(explain):
    code, out, err = explain()
    assert (code, err) == (0, "")
    listed = re.findall(r"^  (\S+) ", out, re.M)
    assert sorted(listed) == sorted(p.stem for p in PAGES)
    assert re.findall(r"^(\w+)$", out, re.M) == ["Topics", "Parameters", "Findings", "Errors"]
    pages = json.loads(explain("--json")[1])["pages"]
    assert [p["name"] for p in pages] == listed
    assert all(p["summary"] and "text" not in p for p in pages)


def rows(name):
    """Names of the rows of a table."""
    text = next((ROOT / "src").rglob(name)).read_text(encoding="utf-8")
    return re.findall(r'^PGSEAL_ROW\("?(\w+)"?,(?:\s*"(PG\w+)")?', text, re.M)


def test_explain__every_parameter_and_variable__has_its_page(explain):
    assert len(rows("params.def")) > 40
    for name, variable in rows("params.def"):
        for asked in filter(None, (name, name.upper() if name != "service" else "", variable, name + "=x")):
            assert title_of(explain(asked)[1]) == name, asked


def test_explain__every_code_of_a_story__has_its_page(explain):
    header = (ROOT / "include/pgseal/err.h").read_text(encoding="utf-8")
    codes = re.findall(r"^\s*PGSEAL_E_(\w+) =", header, re.M)
    assert len(codes) > 30
    for code in codes:
        assert title_of(explain("PGSEAL_E_" + code)[1]) == code
        assert title_of(explain("pgseal: error: x\n  code: %s\n  seen: y" % code)[1]) == code
    for name, _ in rows("findings.def"):
        assert title_of(explain(name)[1]) == name


def test_explain__openssls_names_and_numbers(explain):
    """By the header of the OpenSSL we are built with: X509_V_ERR_X is N."""
    text = (pathlib.Path("/usr/include/openssl/x509_vfy.h")).read_text(encoding="utf-8")
    known = {name for name, _ in rows("x509.def")}
    numbers = {int(n): name for name, n in re.findall(r"define X509_V_ERR_(\w+)\s+(\d+)$", text, re.M)}
    assert len(numbers) > 80
    for number, name in numbers.items():
        assert name in known
        for asked in ("X509_V_ERR_" + name, name.lower(), str(number), f"num={number}"):
            assert title_of(explain(asked)[1]) == "X509_" + name, asked


def test_explain__every_refusal_of_the_pages__leads_back(explain):
    """A story that a page of an error shows, pasted, gives this page; its first line at least names it."""
    stories = 0
    for page in PAGES:
        if page.parent.name != "errors":
            continue
        for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
            story = re.search(r"^pgseal: error: (.*?)\n  code: (\w+)", block, re.M | re.S)
            if not story:
                continue
            stories += 1
            assert title_of(explain("-", stdin=block)[1]) == story.group(2)
    assert stories > 30


# What people paste -> the page, or the pages that a list begins with.
PASTED = [
    ('psql: error: connection to server at "db" (10.1.2.3), port 5432 failed: SSL error: certificate verify failed',
     ["certificate-verify-failed"]),
    ("SSL error: certificate verify failed", ["certificate-verify-failed"]),
    ('FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "app", database "app", no encryption', ["force-ssl"]),
    ('FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "app", database "app", SSL off', ["force-ssl"]),
    ('FATAL:  password authentication failed for user "app"', ["SERVER"]),
    ('FATAL:  PAM authentication failed for user "app"', ["iam"]),
    ('psycopg2.OperationalError: FATAL:  role "nobody" does not exist', ["SERVER"]),
    ("FATAL: sorry, too many clients already", ["SERVER"]),
    ('server certificate for "a.example.com" does not match host name "b.example.com"', ["CERT_NAME"]),
    ('server certificate for "a.example.com" (and 2 other names) does not match host name "localhost"', ["CERT_NAME"]),
    ('could not read root certificate file "/etc/ssl/rds.pem": no certificate or crl found', ["ROOT_UNUSABLE"]),
    ('root certificate file "/root/.postgresql/root.crt" does not exist', ["ROOT_MISSING"]),
    ("server does not support SSL, but SSL was required", ["NO_TLS"]),
    ("invalid sslmode value: \"enable\"", ["OPTION"]),
    ("fe_sendauth: no password supplied", ["NO_PASSWORD"]),
    ("server closed the connection unexpectedly", ["CLOSED"]),
    ('could not translate host name "nosuch" to address: Name or service not known', ["RESOLVE"]),
    ("SSL error: tlsv1 alert protocol version", ["TLS_VERSION"]),
    ("channel binding required but not supported by server's authentication request", ["BINDING"]),
    ("received unencrypted data after SSL response", ["STUFFED"]),
    ('private key file "client.key" has group or world access; file must have permissions u=rw (0600) or less',
     ["CLIENT_KEY"]),
    # OpenSSL, and those who print its reason.
    ("verify error:num=20:unable to get local issuer certificate", ["X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]),
    ("error 10 at 0 depth lookup: certificate has expired", ["X509_CERT_HAS_EXPIRED"]),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain "
     "(_ssl.c:992)", ["X509_SELF_SIGNED_CERT_IN_CHAIN"]),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate in certificate chain",
     ["X509_SELF_SIGNED_CERT_IN_CHAIN"]),
    ("Error: unable to verify the first certificate", ["X509_UNABLE_TO_VERIFY_LEAF_SIGNATURE"]),
    ("SELF_SIGNED_CERT_IN_CHAIN", ["X509_SELF_SIGNED_CERT_IN_CHAIN"]),
    # Other drivers.
    ("sun.security.validator.ValidatorException: PKIX path building failed: sun.security.provider.certpath."
     "SunCertPathBuilderException: unable to find valid certification path to requested target",
     ["X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]),
    ("x509: certificate signed by unknown authority", ["X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]),
    ("x509: certificate has expired or is not yet valid: current time 2026-11-23T17:00:00Z is after 2026-01-01T00:00:00Z",
     ["X509_CERT_HAS_EXPIRED"]),
    ("x509: certificate is valid for db1.example.com, not db2.example.com", ["CERT_NAME"]),
    ("Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: localhost. is not "
     "in the cert's altnames: DNS:db1.example.com", ["CERT_NAME"]),
    ("The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot",
     ["certificate-verify-failed"]),
    ("org.postgresql.util.PSQLException: The server does not support SSL.", ["NO_TLS"]),
    ("pq: SSL is not enabled on the server", ["NO_TLS"]),
    ("failed to connect to `host=db user=app`: tls error (server refused TLS connection)", ["NO_TLS"]),
    ("curl: (60) SSL certificate problem: unable to get local issuer certificate",
     ["X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]),
    ("error:0A000086:SSL routines::certificate verify failed", ["certificate-verify-failed"]),
    ("what is verify-full", ["verify-modes"]),
    # Names of other kinds.
    ("28P01", ["SERVER"]),
    ("rds.force_ssl", ["force-ssl"]),
    ("force_ssl", ["force-ssl"]),
    ("PGSSLROOTCERT", ["sslrootcert"]),
    ("PGSERVICEFILE", ["service"]),
    ("PGREQUIRESSL", ["sslmode"]),
    ("SSL_CERT_FILE", ["sslrootcert"]),
    ("~/.pgpass", ["passfile"]),
    ("ssl_ciphers", ["server-settings"]),
    ("@SECLEVEL", ["security-level"]),
    ("OCSP", ["revocation"]),
    ("verify-full", ["verify-modes", "sslmode"]),
    ("generate-db-auth-token", ["iam"]),
    ("rds-combined-ca-bundle.pem", ["trust-files"]),
]


@pytest.mark.parametrize("asked, wanted", PASTED, ids=[re.sub(r"\W+", "-", a)[:40] for a, _ in PASTED])
def test_explain__what_people_paste__finds_its_page(explain, asked, wanted):
    code, out, err = explain(asked)
    assert (code, err) == (0, "")
    found = [title_of(out)]
    if found[0].startswith("Several pages"):
        found = re.findall(r"^  (\S+) ", out, re.M)
    assert found == wanted
    # Without quotes for the shell, and from a pipe, it is the same.
    assert explain(*asked.split()) == (code, out, err)
    assert explain("-", stdin="\n  " + asked + "\n") == (code, out, err)


# Class of a message of libpq's -> pages that are about it. What has no words of its own leads nowhere.
ABOUT = {
    "chain": "certificate-verify-failed", "name": "CERT_NAME CERT_NAMES", "rootfile": "ROOT_MISSING ROOT_UNUSABLE",
    "clientcert": "CLIENT_CERT CLIENT_KEY CERT_REQUIRED UNSUPPORTED", "version": "TLS_VERSION OPTION",
    "handshake": "TLS CLOSED IO ROOT_UNUSABLE", "protocol": "PROTO", "scram": "SCRAM SERVER_PROOF", "binding": "BINDING",
    "negotiation": "ALPN IO NEGO_ERROR NEGO_GARBAGE NO_TLS STUFFED TLS gssencmode",
    "auth": "AUTH_METHOD NO_PASSWORD PROTO SCRAM passfile", "requirement": "AUTH_REQUIRED", "service": "SERVICE",
    "option": "OPTION UNSUPPORTED hostaddr port min_protocol_version", "conninfo": "CONNINFO OPTION",
    "reach": "CLOSED CONNECT IO OPTION PEER RESOLVE SESSION TIMEOUT"}
NOBODYS = {"bad-value", "bad-version", "server", "server-old", "ssl-code", "ssl-reason"}


@pytest.mark.parametrize("key", sorted(messages.MESSAGES.keys() - NOBODYS))
def test_explain__every_message_of_libpq__leads_to_its_page(explain, key):
    kind, text = messages.MESSAGES[key][:2]
    filled = re.sub(r"%(?:zu|lu|[a-z])", lambda m: "7" if m.group() in ("%zu", "%lu", "%u", "%d") else "xyz", text)
    code, out, err = explain(filled.replace("%%", "%"))
    assert (code, err) == (0, "")
    first = re.search(r"^  (\S+) ", out, re.M).group(1) if out.startswith("Several pages") else title_of(out)
    assert first in ABOUT[kind].split()


def test_explain__unknown__near_names_and_exit_1(explain):
    code, out, err = explain("sslmoed")
    assert (code, out) == (1, "")
    assert err.startswith('pgseal: error: no page about "sslmoed"\n  fix:  Did you mean sslmode')
    code, out, err = explain("x509_cert_has_expird")
    assert code == 1 and "Did you mean X509_CERT_HAS_EXPIRED" in err
    code, out, err = explain("X509_UNABLE_TO_GET_ISSUER_CERT_LOCALY")
    assert code == 1 and "Did you mean X509_UNABLE_TO_GET_ISSUER_CERT_LOCALLY" in err
    code, out, err = explain("quite\x1b[31m\nunknown")
    assert code == 1 and "\x1b" not in err and '"quite\\x1b[31m"' in err
    code, out, err = explain("expired")
    assert (code, out) == (1, "") and re.search(r"Pages that speak of it: .*\band \d+ more\. ", " ".join(err.split()))
    assert json.loads(explain("--json", "nosuchpage")[1]) == {"pages": []}
    assert explain("--json", "nosuchpage")[0] == 1


def test_explain__search__every_word(explain):
    code, out, err = explain("--search", "hostaddr", "tunnel")
    assert (code, err) == (0, "")
    names = re.findall(r"^  (\S+) ", out, re.M)
    texts = {p.stem: p.read_text(encoding="utf-8").lower() for p in PAGES}
    assert set(names) == {n for n, text in texts.items() if "hostaddr" in text and "tunnel" in text}
    assert [p["name"] for p in json.loads(explain("--json", "--search", "hostaddr", "tunnel")[1])["pages"]] == names
    code, out, err = explain("--search", "nosuchword")
    assert (code, out) == (1, "") and 'no page has the words "nosuchword"' in err


def test_explain__usage(explain):
    code, out, err = explain("--help")
    assert (code, err) == (0, "") and out.startswith("pgseal explain shows the page")
    for wrong in (["--serach", "x"], ["--search"], ["-x"], ["--json=x"]):
        code, out, err = explain(*wrong)
        assert (code, out) == (2, "") and err.startswith("pgseal: error: ")
    assert "--search" in explain("--serach", "x")[2]


def test_explain__terminal__colours_and_pager(program, tmp_path):
    """Longer than the screen: the pager, with its lines; shorter: none. Colours without backticks."""
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho 'PAGER BEGINS'\ncat\necho 'PAGER ENDS'\n")
    pager.chmod(0o755)
    env = dict(ENV, PAGER=str(pager))
    with Terminal([program, "explain", "sslmode"], env, columns=80, rows=24) as t:
        t.wait("PAGER BEGINS\n")
        assert t.wait("PAGER ENDS").startswith("sslmode\n\n  Whether the connection is encrypted")
        assert t.end() == 0
        assert "`" not in t.seen
    with Terminal([program, "explain", "sslmode"], env, columns=80, rows=200) as t:
        t.wait("name is verified")
        assert t.end() == 0
        assert "PAGER" not in t.seen
    with Terminal([program, "explain", "user"], dict(env, NO_COLOR="1"), columns=60, rows=200) as t:
        assert "`PGUSER`" in t.wait("Try")
        assert t.end() == 0
        assert all(len(line) <= 60 for line in t.seen.split("\n") if not line.startswith("      "))

# SPDX-License-Identifier: PostgreSQL
"""`pgseal ca export`: every form read back by whoever it is for: keytool, openssl, libpq's OpenSSL, Python."""
import base64
import hashlib
import json
import os
import re
import resource
import shutil
import ssl
import struct
import subprocess

import pytest

import rds_bundle
from rds_bundle import Minted

PASSWORD = "changeit"


class Desk:
    """A directory with a bundle in it, and the program."""

    def __init__(self, directory, program):
        self.dir, self.program = directory, program
        self.bundle = directory / "bundle.pem"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def export(self, *args, env=None, text=True, **how):
        return subprocess.run([self.program, "ca", "export", *map(str, args)], cwd=self.dir, env={**self.env, **(env or {})},
                              capture_output=True, text=text, check=False, timeout=30, **how)

    def tool(self, *command, data=None):
        p = subprocess.run(list(map(str, command)), cwd=self.dir, env=self.env, capture_output=True, input=data, check=False,
                           timeout=60)
        assert p.returncode == 0, p.stdout + p.stderr
        return p.stdout.decode()

    def files(self):
        return sorted(p.name for p in self.dir.iterdir())


@pytest.fixture(name="desk")
def _desk(tmp_path, program):
    return Desk(tmp_path, program)


def fingerprints(text):
    """SHA-256 of every certificate in a PEM text, in order."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)
    return [hashlib.sha256(base64.b64decode(b)).hexdigest() for b in blocks]


BUNDLES = {"minted": rds_bundle.bundle, "global": lambda: rds_bundle.real("global-bundle.pem"),
           "former": lambda: rds_bundle.real("history/global-bundle.2022-115.pem")}


@pytest.fixture(name="full", params=sorted(BUNDLES))
def _full(request, desk):
    """A desk with a bundle: the real ones have 108 and 115 certificates, of which most end in 2121 and later."""
    body = BUNDLES[request.param]()
    if body is None:
        pytest.skip("the real bundles are not beside the project")
    desk.bundle.write_bytes(body)
    return desk


def keytool():
    if shutil.which("keytool") is None:
        pytest.skip("keytool is not there: install openjdk-17-jre-headless")
    return "keytool"


# ---- Java --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form,store", [("--jks", "JKS"), ("--pkcs12", "PKCS12")])
def test_export__truststore__keytool_reads_every_root_as_trusted(full, form, store):
    wanted = fingerprints(full.bundle.read_text())
    p = full.export("bundle.pem", form, "-o", "trust.store")
    assert (p.returncode, p.stderr) == (0, "")
    assert p.stdout.startswith(f"trust.store: {len(wanted)} certificates as ")
    assert f"  pass: {PASSWORD} (Java's own convention" in p.stdout
    listed = full.tool(keytool(), "-list", "-keystore", "trust.store", "-storetype", store, "-storepass", PASSWORD)
    assert f"Your keystore contains {len(wanted)} entries" in listed
    assert listed.count("trustedCertEntry") == len(wanted)
    again = full.tool("keytool", "-list", "-rfc", "-keystore", "trust.store", "-storetype", store, "-storepass", PASSWORD)
    assert sorted(fingerprints(again)) == sorted(wanted)
    # Aliases are common names in lower case, each once.
    aliases = re.findall(r"^Alias name: (.*)$", again, re.M)
    assert len(set(aliases)) == len(aliases) == len(wanted)
    facts = json.loads(full.export("bundle.pem", form, "-o", "again.store", "--json").stdout)
    names = {c["sha256"]: c["alias"] for c in facts["certificates"]}
    assert set(names) == set(wanted)
    assert set(names.values()) == set(aliases)
    for c in facts["certificates"]:
        cn = re.match(r"CN=([^,]*)", c["subject"]).group(1).lower()
        assert re.fullmatch(re.escape(cn) + r"( \(\d+\))?", c["alias"])


@pytest.mark.parametrize("form", ["--jks", "--pkcs12"])
def test_export__truststore__expiry_of_each_alias_is_listed(desk, form):
    """What Amazon's own page does in a loop of keytool commands: list aliases with their last day."""
    body = rds_bundle.real("ap-northeast-1-bundle.pem")
    if body is None:
        pytest.skip("the real bundles are not beside the project")
    desk.bundle.write_bytes(body)
    desk.export("bundle.pem", form, "-o", "trust.store")
    listed = desk.tool(keytool(), "-list", "-v", "-keystore", "trust.store", "-storepass", PASSWORD)
    found = dict(re.findall(r"^Alias name: (.*?)$.*?until: \w+ (\w+ \d+ [\d:]+ UTC \d+)$", listed, re.M | re.S))
    assert found == {"amazon rds ap-northeast-1 root ca rsa2048 g1": "May 25 22:54:58 UTC 2061",
                     "amazon rds ap-northeast-1 root ca rsa4096 g1": found["amazon rds ap-northeast-1 root ca rsa4096 g1"],
                     "amazon rds ap-northeast-1 root ca ecc384 g1": found["amazon rds ap-northeast-1 root ca ecc384 g1"]}
    assert all(when.endswith(" 2121") for name, when in found.items() if "rsa2048" not in name)


@pytest.mark.parametrize("form", ["--jks", "--pkcs12"])
def test_export__aliases__of_one_name_and_of_capitals_beyond_ascii(desk, form):
    names = ["Same Name", "SAME name", "ÜBER Root Ω", "東京 Root CA", "\U0001f512 Lock", "x" * 64]
    desk.bundle.write_bytes(b"".join(Minted(n).pem for n in names))
    assert desk.export("bundle.pem", form, "-o", "trust.store").returncode == 0
    listed = desk.tool(keytool(), "-list", "-v", "-keystore", "trust.store", "-storepass", PASSWORD)
    assert set(re.findall(r"^Alias name: (.*)$", listed, re.M)) == {
        "same name", "same name (2)", "über root ω", "東京 root ca", "\U0001f512 lock", "x" * 64}
    for alias in ("ÜBER ROOT Ω", "X" * 64):  # looked up in small letters
        shown = desk.tool(keytool(), "-list", "-keystore", "trust.store", "-storepass", PASSWORD, "-alias", alias)
        assert "trustedCertEntry" in shown


@pytest.mark.parametrize("form", ["--jks", "--pkcs12"])
@pytest.mark.parametrize("how", ["file", "env"])
def test_export__password__is_what_opens_it(desk, form, how):
    desk.bundle.write_bytes(rds_bundle.bundle())
    secret = "pässwört 東 \U0001f512"
    (desk.dir / "secret").write_text(secret + "\nsecond line\n")
    given = {"args": ("--password-file", "secret")} if how == "file" else {"args": (), "env": {"PGSEAL_STOREPASS": secret}}
    p = desk.export("bundle.pem", form, "-o", "trust.store", *given["args"], env=given.get("env"))
    assert p.returncode == 0
    assert "pass: as given" in p.stdout and secret not in p.stdout
    # The command that the report shows works.
    look = re.search(r"look: (.*)", p.stdout).group(1)
    shown = subprocess.run(["sh", "-c", look], cwd=desk.dir, env={**desk.env, "PGSEAL_STOREPASS": secret}, capture_output=True,
                           text=True, check=False, timeout=60) if keytool() else None
    if form == "--jks":  # keytool reads a password for PKCS#12 from a file as ASCII only
        assert shown.returncode == 0, shown.stdout
        assert shown.stdout.count("trustedCertEntry") == 3
    wrong = subprocess.run(["keytool", "-list", "-keystore", "trust.store", "-storepass", PASSWORD], cwd=desk.dir, env=desk.env,
                           capture_output=True, text=True, check=False, timeout=60)
    assert wrong.returncode != 0
    assert "password was incorrect" in wrong.stdout or "Failed PKCS12 integrity checking" in wrong.stdout


def test_export__short_password__is_refused(desk):
    desk.bundle.write_bytes(rds_bundle.bundle())
    p = desk.export("bundle.pem", "--jks", env={"PGSEAL_STOREPASS": "short"})
    assert p.returncode == 2
    assert "shorter than 6 characters" in p.stderr
    assert desk.files() == ["bundle.pem"]


def test_export__jks__is_the_documented_form(desk):
    """Read once more without Java: magic, version, entries, and SHA-1 over all of it."""
    desk.bundle.write_bytes(rds_bundle.bundle())
    desk.export("bundle.pem", "--jks", env={"SOURCE_DATE_EPOCH": "1700000000"})
    data = (desk.dir / "bundle.jks").read_bytes()
    assert struct.unpack_from(">III", data) == (0xfeedfeed, 2, 3)
    at, found = 12, []
    for _ in range(3):
        tag, n = struct.unpack_from(">IH", data, at)
        alias = data[at + 6:at + 6 + n].decode()
        at += 6 + n
        date, n = struct.unpack_from(">QH", data, at)
        kind = data[at + 10:at + 10 + n]
        at += 10 + n
        (n,) = struct.unpack_from(">I", data, at)
        found.append(hashlib.sha256(data[at + 4:at + 4 + n]).hexdigest())
        at += 4 + n
        assert (tag, date, kind) == (2, 1700000000000, b"X.509")
        assert alias.startswith("amazon rds eu-minted-1 root ca ")
    assert found == fingerprints(rds_bundle.bundle().decode())
    assert data[at:] == hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + data[:at]).digest()
    desk.export("bundle.pem", "--jks", "-o", "same.jks", env={"SOURCE_DATE_EPOCH": "1700000000"})
    assert (desk.dir / "same.jks").read_bytes() == data


# ---- the others ----------------------------------------------------------------------------------------------------------


def test_export__pkcs12__openssl_reads_it(full):
    full.export("bundle.pem", "--pkcs12")
    shown = full.tool("openssl", "pkcs12", "-in", "bundle.p12", "-passin", "pass:" + PASSWORD, "-nokeys")
    assert fingerprints(shown) == fingerprints(full.bundle.read_text())
    assert shown.count("    2.16.840.1.113894.746875.1.1: ") == len(fingerprints(shown))


@pytest.mark.parametrize("options,form", [((), "PEM"), (("--binary",), "DER")])
def test_export__p7b__openssl_reads_it(full, options, form):
    p = full.export("bundle.pem", "--p7b", *options)
    assert p.returncode == 0
    data = (full.dir / "bundle.p7b").read_bytes()
    assert data.startswith(b"-----BEGIN PKCS7-----\n" if form == "PEM" else b"\x30")
    shown = full.tool("openssl", "pkcs7", "-in", "bundle.p7b", "-inform", form, "-print_certs")
    assert sorted(fingerprints(shown)) == sorted(fingerprints(full.bundle.read_text()))


def test_export__p7b__of_amazon_comes_back_as_pem(desk):
    """Amazon serves the same 115 certificates in both forms."""
    p7b, pem = (rds_bundle.real("history/global-bundle.2022-115." + s) for s in ("p7b", "pem"))
    if p7b is None:
        pytest.skip("the real bundles are not beside the project")
    (desk.dir / "aws.p7b").write_bytes(p7b)
    p = desk.export("aws.p7b", "--pem")
    assert p.returncode == 0
    assert sorted(fingerprints(p.stdout)) == sorted(fingerprints(pem.decode()))


def test_export__pem__is_clean_and_loads_everywhere(full):
    p = full.export("bundle.pem", "--pem", "-o", "clean.pem")
    assert p.returncode == 0
    text = (full.dir / "clean.pem").read_text()
    wanted = fingerprints(full.bundle.read_text())
    assert fingerprints(text) == wanted
    assert re.findall(r"^# sha256 (\w+)$", text, re.M) == wanted
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(full.dir / "clean.pem")
    assert len(context.get_ca_certs()) == len(wanted)
    bare = full.export("bundle.pem", "--pem", "--no-comments").stdout
    assert "#" not in bare and fingerprints(bare) == wanted
    # Java reads certificates out of PEM too, comments or not.
    shown = full.tool(keytool(), "-printcert", "-file", "clean.pem")
    assert shown.count("Certificate fingerprints:") == len(wanted)


def test_export__der__one_file_for_each(full):
    wanted = fingerprints(full.bundle.read_text())
    p = full.export("bundle.pem", "--der", "-o", "all")
    assert (p.returncode, p.stderr) == (0, "")
    found = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (full.dir / "all").iterdir()}
    assert sorted(found.values()) == sorted(wanted)
    assert all(re.fullmatch(r"[a-z0-9.-]+\.der", name) for name in found)
    assert full.files() == ["all", "bundle.pem"]
    assert (full.dir / "all").stat().st_mode & 0o777 == 0o755


def test_export__der__of_one_is_one_file(desk):
    root = rds_bundle.rds("eu-minted-1")
    desk.bundle.write_bytes(root.pem)
    assert desk.export("bundle.pem", "--der").returncode == 0
    assert hashlib.sha256((desk.dir / "bundle.der").read_bytes()).hexdigest() == root.sha256
    # And back.
    assert fingerprints(desk.export("bundle.der", "--pem").stdout) == [root.sha256]


def test_export__der__two_of_one_name_are_two_files(desk):
    desk.bundle.write_bytes(Minted("A b").pem + Minted("a-B").pem + Minted("...").pem + Minted("東京").pem)
    desk.export("bundle.pem", "--der", "-o", "all")
    assert sorted(f.name for f in (desk.dir / "all").iterdir()) == ["a-b-2.der", "a-b.der", "certificate-2.der", "certificate.der"]


# ---- what is left out, and what is refused ---------------------------------------------------------------------------------


def test_export__several_files__are_one_store_without_doubles(desk):
    company = Minted("A company's own authority")
    desk.bundle.write_bytes(rds_bundle.bundle())
    (desk.dir / "company.pem").write_bytes(company.pem + rds_bundle.bundle())
    p = desk.export("bundle.pem", "company.pem", "--pem")
    assert fingerprints(p.stdout) == fingerprints(rds_bundle.bundle().decode()) + [company.sha256]


def test_export__region_and_valid__choose(desk):
    ended = rds_bundle.rds("eu-minted-1", "RSA1024", days=(-900, -1))
    other = rds_bundle.rds("eu-minted-2")
    desk.bundle.write_bytes(rds_bundle.bundle() + ended.pem + other.pem)
    p = desk.export("bundle.pem", "--pem", "-o", "all.pem")
    assert "  past: 1 ended before today" in p.stdout
    p = desk.export("bundle.pem", "--pem", "--region", "eu-minted-1", "--valid")
    assert fingerprints(p.stdout) == fingerprints(rds_bundle.bundle().decode())
    p = desk.export("bundle.pem", "--pem", "--region", "eu-minted-3")
    assert p.returncode == 1
    assert "no certificate is left to export" in p.stderr


def test_export__text_keys_and_indents__are_cleaned_and_told(desk):
    a, b, c = (rds_bundle.rds("eu-minted-1", x) for x in ("RSA2048", "RSA4096", "ECC384"))
    indented = "".join("    " + line + "\n" for line in b.pem.decode().splitlines())
    desk.bundle.write_text("\ufeffSome words\n" + a.pem.decode().replace("\n", "\r\n") + "Certificate:\n  Data:\n" + indented +
                           a.key_pem.decode() + c.pem.decode().rstrip("\n"))
    p = desk.export("bundle.pem", "--pem")
    assert fingerprints(p.stdout) == [a.sha256, b.sha256, c.sha256]
    assert 'a block "PRIVATE KEY" was left out' in p.stderr
    assert "blanks before BEGIN hide this block from OpenSSL; it is taken" in p.stderr
    assert "PRIVATE" not in p.stdout and "\r" not in p.stdout


@pytest.mark.parametrize("path,words", [
    ("wild/altered-2019-root.pem", "does not fit its own key"),
    ("wild/one-letter-lowercased.pem", "was not signed by the key of the authority"),
    ("wild/wrong-ca-and-broken-der.pem", "no whole certificate"),
    ("wild/placeholder-xxxx.pem", "no whole certificate"),
    ("wild/placeholder-comment.pem", "is no base64"),
    ("wild/s3-access-denied.pem", "S3 error page (XML)"),
])
def test_export__real_bad_file__is_refused(desk, path, words):
    if rds_bundle.real(path) is None:
        pytest.skip("the real bundles are not beside the project")
    p = desk.export(rds_bundle.REAL / path, "--jks", "-o", "trust.jks")
    assert p.returncode == 1
    assert "\n  code: ROOT_UNUSABLE\n" in p.stderr
    assert words in " ".join(p.stderr.split())
    assert desk.files() == []


@pytest.mark.parametrize("cut", [30, 400, 900])
def test_export__cut_file__is_refused(desk, cut):
    desk.bundle.write_bytes(rds_bundle.bundle()[:-cut])
    p = desk.export("bundle.pem", "--pem")
    assert (p.returncode, p.stdout) == (1, "")
    assert "the file was cut off" in " ".join(p.stderr.split())


# ---- files ----------------------------------------------------------------------------------------------------------------


def test_export__existing_file__only_by_force_and_kept(desk):
    desk.bundle.write_bytes(rds_bundle.bundle())
    (desk.dir / "trust.jks").write_bytes(b"somebody's keys")
    p = desk.export("bundle.pem", "--jks", "-o", "trust.jks")
    assert p.returncode == 1
    assert "\n  code: EXISTS\n" in p.stderr
    assert (desk.dir / "trust.jks").read_bytes() == b"somebody's keys"
    p = desk.export("bundle.pem", "--jks", "-o", "trust.jks", "--force")
    assert p.returncode == 0
    assert (desk.dir / "trust.jks").read_bytes().startswith(b"\xfe\xed\xfe\xed")
    assert (desk.dir / "trust.jks~").read_bytes() == b"somebody's keys"


def test_export__directory_with_something_in_it__stays(desk):
    desk.bundle.write_bytes(rds_bundle.bundle())
    (desk.dir / "all").mkdir()
    (desk.dir / "all" / "mine").write_text("precious")
    p = desk.export("bundle.pem", "--der", "-o", "all", "--force")
    assert p.returncode == 1
    assert "\n  code: EXISTS\n" in p.stderr
    assert [f.name for f in (desk.dir / "all").iterdir()] == ["mine"]
    assert desk.files() == ["all", "bundle.pem"]
    (desk.dir / "all" / "mine").unlink()
    assert desk.export("bundle.pem", "--der", "-o", "all/").returncode == 0
    assert len(list((desk.dir / "all").iterdir())) == 3


@pytest.mark.parametrize("form", ["--jks", "--der"])
def test_export__file_size_limit__leaves_nothing(desk, form):
    desk.bundle.write_bytes(rds_bundle.bundle())
    p = desk.export("bundle.pem", form, "-o", "out", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)))
    assert p.returncode == 1
    assert "File too large" in p.stderr
    assert desk.files() == ["bundle.pem"]


def test_export__intermediates_in_a_truststore__are_told(desk):
    """libpq wants a root at the end of a chain; Java takes whatever is in its store."""
    root = rds_bundle.rds("eu-minted-1")
    desk.bundle.write_bytes(root.pem + Minted("Amazon RDS eu-minted-1 Subordinate CA ECC384 G1.A.1", issuer=root).pem)
    assert "  also: 1 that are no roots" in desk.export("bundle.pem", "--jks").stdout
    assert "also:" not in desk.export("bundle.pem", "--p7b").stdout


def test_export__standard_input_and_output__form_a_pipe(desk):
    p = subprocess.run([desk.program, "ca", "export", "-", "--p7b"], cwd=desk.dir, env=desk.env, input=rds_bundle.bundle(),
                       capture_output=True, check=False, timeout=30)
    assert (p.returncode, p.stderr) == (0, b"")
    assert p.stdout.startswith(b"-----BEGIN PKCS7-----\n")
    p = subprocess.run([desk.program, "ca", "export", "-", "--der"], cwd=desk.dir, env=desk.env, input=rds_bundle.bundle(),
                       capture_output=True, check=False, timeout=30)
    assert p.returncode == 2
    assert b"Name a directory for them: -o DIR." in p.stderr


@pytest.mark.parametrize("args,words", [
    ((), "name the file to export"), (("bundle.pem",), "name one form"), (("bundle.pem", "--pem", "--jks"), "name one form"),
    (("bundle.pem", "--jsk"), "--jks"),
])
def test_export__wrong_usage__is_2(desk, args, words):
    p = desk.export(*args)
    assert p.returncode == 2
    assert words in p.stderr


@pytest.mark.parametrize("mark,refused", [
    ("-addreject serverAuth", True), ("-addreject clientAuth", True), ("-addreject anyExtendedKeyUsage", True),
    ("-addtrust clientAuth", True), ("-addtrust serverAuth", False)])
@pytest.mark.parametrize("form", ["--pem", "--jks"])
@pytest.mark.parametrize("plain_first", [False, True])
def test_export__distrust_mark__is_never_lost(desk, mark, refused, form, plain_first):
    """A mark that takes trust away has no place in any form that is written: the copy would be trusted."""
    root = rds_bundle.rds("eu-minted-1")
    desk.bundle.write_bytes(root.pem)
    desk.tool("openssl", "x509", "-in", "bundle.pem", "-trustout", *mark.split(), "-out", "marked.pem")
    files = ("bundle.pem", "marked.pem") if plain_first else ("marked.pem",)
    p = desk.export(*files, form, "-o", "out")
    assert p.returncode == (1 if refused else 0), p.stderr
    assert desk.files() == sorted(["bundle.pem", "marked.pem"] + ([] if refused else ["out"]))
    if refused:
        assert '"marked.pem" is not exported: line 1' in p.stderr
        assert "is not to be trusted" in " ".join(p.stderr.split())

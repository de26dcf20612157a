# SPDX-License-Identifier: PostgreSQL
"""pgseal ca show and ca diff as programs: real and minted files, judged by OpenSSL and by python's cryptography."""
import csv
import datetime
import hashlib
import json
import os
import pathlib
import re
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import NameOID

ROOT = pathlib.Path(__file__).resolve().parents[2]
RDS = pathlib.Path(os.environ.get("PGSEAL_SHARED", ROOT.parent / "shared")) / "data/rds"
TODAY = "2026-11-23"  # the day of tests/data/bundles.tbl
NOW = datetime.datetime(2026, 11, 23)
real_files = pytest.mark.skipif(not RDS.is_dir(), reason="shared data (PGSEAL_SHARED) is not there")


def run(program, *args, cwd=None, stdin=None):
    return subprocess.run([program, "ca", *args], cwd=cwd, input=stdin, capture_output=True, timeout=30, check=False)


def show(program, *args, cwd=None, stdin=None):
    """(the files of --json, exit code)"""
    done = run(program, "show", "--json", "--at", TODAY, *args, cwd=cwd, stdin=stdin)
    assert done.stderr == b""
    return json.loads(done.stdout)["files"], done.returncode


def table():
    for line in (ROOT / "tests/data/bundles.tbl").read_text().split("\n"):
        if line and not line.startswith("#"):
            what, numbers, ids = line.split(" | ")
            words = what.split()
            yield words[0], words[2], words[4] if len(words) > 3 else None, [int(n) for n in numbers.split()], ids.split()


def openssl_loads(path):
    """What OpenSSL's own program finds in a PEM file, and whether it minds; the fingerprints, in order."""
    done = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", path], capture_output=True, check=False)
    if done.returncode != 0:
        return []
    done = subprocess.run(["openssl", "pkcs7", "-print_certs"], input=done.stdout, capture_output=True, check=True)
    return [hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
            for pem in re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout.decode(), re.S)]


def expected_exit(ids):
    info = {"CA_CRL", "CA_DUPLICATE", "CA_EXPIRED", "CA_INTERMEDIATE", "CA_OTHER_REGION", "CA_REGION_MISSING"}
    return int(bool({i.partition(":")[0] for i in ids} - info - {"-"}))


@real_files
@pytest.mark.parametrize("file, name, meant, numbers, ids", table(),
                         ids=[f"{t[0]}-as-{t[1]}{'-for-' + t[2] if t[2] else ''}" for t in table()])
def test_show__real_file__as_openssl_and_the_facts_say(program, tmp_path, file, name, meant, numbers, ids):
    path = tmp_path / name
    path.write_bytes((RDS / file).read_bytes())
    [found], code = show(program, *(["--for", meant] if meant else []), name, cwd=tmp_path)
    with open(RDS / "fingerprints.tsv", encoding="utf-8") as f:
        facts = {row["sha256_of_der"]: row for row in csv.DictReader(f, delimiter="\t")}
    certs, loads, published = numbers

    # The table itself is judged: OpenSSL loads this many, and exactly those that are said to be loaded.
    loaded = openssl_loads(path)
    assert len(loaded) == loads
    assert [c["sha256"] for c in found["certificates"] if c["loaded"]] == loaded
    assert len(found["certificates"]) == certs
    # python's ssl makes the very call that libpq makes; it counts what is an authority, and each once.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if loads == 0:
        with pytest.raises(ssl.SSLError):
            context.load_verify_locations(path)
    else:
        context.load_verify_locations(path)
        assert {hashlib.sha256(c).hexdigest() for c in context.get_ca_certs(True)} == set(loaded)
    # Each certificate is the one that stands at its line, and cryptography reads the same out of it.
    lines = path.read_bytes().split(b"\n")
    known = 0
    for cert in found["certificates"]:
        text = b"\n".join(line.strip() for line in lines[cert["line"] - 1:]).partition(b"-----END CERTIFICATE-----")
        parsed = x509.load_pem_x509_certificate(text[0] + text[1] + b"\n")
        assert cert["sha256"] == parsed.fingerprint(hashes.SHA256()).hex()
        assert cert["not_after"] == parsed.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert cert["ended"] == (parsed.not_valid_after < NOW)
        fact = facts.get(cert["sha256"])
        assert cert["published"] == (fact is not None)
        known += fact is not None or cert["standing"] == "vouched"
        if fact:
            assert cert["generation"] == fact["generation"]
            assert cert["region"] == (None if fact["region"] == "-" else fact["region"])
            assert cert["kind"] == fact["kind"]
            assert cert["common_name"] == fact["common_name"]
            assert cert["signature_fits"] is not False
    assert known == published

    wanted = sorted(f"{i.partition(':')[0]} {name}{i[len(i.partition(':')[0]):]}" for i in ids if i != "-")
    assert sorted(f"{f['id']} {f['where']}" for f in found["findings"]) == wanted
    assert code == expected_exit(ids)
    # The text says the same.
    text = run(program, "show", "--at", TODAY, *(["--for", meant] if meant else []), name, cwd=tmp_path)
    assert text.returncode == code
    shown = text.stdout.decode()
    assert shown.startswith(f"{name}: {found['headline']}\n")
    assert re.findall(r"^  code: (\w+)$", shown, re.M) == [f["id"] for f in found["findings"]]
    for cert in found["certificates"]:
        assert re.search(rf"(?<!\d){cert['line']}(?!\d)", shown), f"line {cert['line']} is not shown"
    assert all(len(line) <= 100 for line in shown.split("\n"))


# ---- minted files --------------------------------------------------------------------------------------------------


def mint(cn, issuer=None, ca=True, days=3650, start=-1, key=None):
    """(certificate, key)"""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
    builder = (x509.CertificateBuilder().subject_name(subject)
               .issuer_name(issuer[0].subject if issuer else subject).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(NOW + datetime.timedelta(days=start))
               .not_valid_after(NOW + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def pem(*certs):
    return b"".join(c[0].public_bytes(serialization.Encoding.PEM) for c in certs)


@pytest.fixture(scope="module")
def minted():
    root = mint("Test Root")
    return {"root": root, "other": mint("Other Root"), "sub": mint("Test Sub", root),
            "leaf": mint("db.example.com", root, ca=False), "old": mint("Old Root", days=-100, start=-900)}


def ids_of(found):
    return sorted(f["id"] for f in found["findings"])


def test_show__good_file__exit_0_and_nothing_found(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"], minted["other"]))
    [found], code = show(program, "a.pem", cwd=tmp_path)
    assert (code, found["findings"], found["loads"]) == (0, [], 2)
    done = run(program, "show", "a.pem", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"a.pem: libpq loads all 2 certificates\n" in done.stdout


@pytest.mark.parametrize("end", ["\r\n", "\n\n"], ids=["crlf", "blank-lines-between"])
def test_show__other_line_ends__are_fine(program, minted, end):
    text = pem(minted["root"], minted["other"]).decode()
    text = text.replace("\n", end) if end == "\r\n" else text.replace("-----END CERTIFICATE-----\n",
                                                                       "-----END CERTIFICATE-----\n\n\n")
    for data in (text, text.rstrip("\r\n")):
        [found], code = show(program, "-", stdin=data.encode())
        assert (code, found["findings"], found["loads"]) == (0, [], 2)


def test_show__standard_input__is_named(program):
    [found], code = show(program, "-", stdin=b"dummy\n")
    assert code == 1
    assert [(f["id"], f["where"]) for f in found["findings"]] == [("CA_NOT_PEM", "standard input:1")]


def test_show__several_files__each_its_part_and_a_sum(program, minted, tmp_path):
    (tmp_path / "good.pem").write_bytes(pem(minted["root"]))
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "old.pem").write_bytes(pem(minted["old"], minted["root"]))
    done = run(program, "show", "--at", TODAY, "good.pem", "empty.pem", "old.pem", cwd=tmp_path)
    lines = done.stdout.decode().split("\n")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in lines if ": libpq " in line] == ["good.pem", "empty.pem", "old.pem"]
    assert lines[-2] == "3 files, 1 with problems: 1 error"


def test_show__missing_file__exit_3_and_the_others_are_shown(program, minted, tmp_path):
    (tmp_path / "good.pem").write_bytes(pem(minted["root"]))
    done = run(program, "show", "nothere.pem", "good.pem", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(b'pgseal: error: could not read "nothere.pem": No such file or directory\n')
    assert b"good.pem: libpq loads its one certificate" in done.stdout


def test_show__directory__is_a_finding(program, tmp_path):
    (tmp_path / "certs").mkdir()
    [found], code = show(program, "certs", cwd=tmp_path)
    assert code == 1
    assert ids_of(found) == ["CA_NOT_PEM"]
    assert "directory" in found["findings"][0]["seen"]


@pytest.mark.parametrize("args, says", [
    ([], "which file?"),
    (["--for", "mars", "x"], '--for: "mars" is not a region that is known'),
    (["--at", "tomorrow", "x"], '--at: "tomorrow" is not a day'),
    (["--at", "2027-02-30", "x"], '--at: "2027-02-30" is not a day'),
    (["--jsn", "x"], "--jsn"),
])
def test_show__wrong_command_line__exit_2(program, args, says):
    done = run(program, "show", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()


def test_show__days_from_now__and_names_of_others(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"]))
    for days, ids in (("+0", []), ("+9999", ["CA_ALL_EXPIRED"])):
        done = run(program, "show", "--json", "--at", days, "a.pem", cwd=tmp_path)
        assert ids_of(json.loads(done.stdout)["files"][0]) == ids, days
    for wrong in ("+", "+-1", "+1x", "+99999999"):
        assert run(program, "show", "--at", wrong, "a.pem", cwd=tmp_path).returncode == 2
    done = run(program, "show", "gone\x1b[31m.pem", cwd=tmp_path)
    assert done.returncode == 3 and b"\x1b" not in done.stderr


def test_show__time_travel__ends_what_has_ended(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"]))
    wanted = {"2026-11-01": ["CA_NOT_YET_VALID"], "2030-01-01": [], "2036-10-01": ["CA_ENDS_SOON"],
              "2040-01-01": ["CA_ALL_EXPIRED"]}
    for day, ids in wanted.items():
        done = run(program, "show", "--json", "--at", day, "a.pem", cwd=tmp_path)
        assert ids_of(json.loads(done.stdout)["files"][0]) == ids, day


@pytest.mark.parametrize("mark, ids", [("-addreject serverAuth", ["CA_DISTRUSTED"]), ("-addtrust clientAuth", ["CA_DISTRUSTED"]),
                                       ("-addreject anyExtendedKeyUsage", ["CA_DISTRUSTED"]), ("-addtrust serverAuth", []),
                                       ("-addreject clientAuth", [])])
def test_show__root_marked_for_other_uses__is_no_root_for_servers(program, minted, tmp_path, mark, ids):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"]))
    subprocess.run(["openssl", "x509", "-in", "a.pem", "-trustout", *mark.split(), "-out", "b.pem"], cwd=tmp_path, check=True,
                   timeout=20)
    done = run(program, "show", "--json", "b.pem", cwd=tmp_path)
    assert ids_of(json.loads(done.stdout)["files"][0]) == ids and done.returncode == (1 if ids else 0)
    # The referee: OpenSSL's own judgement of the root as a server's anchor.
    judged = subprocess.run(["openssl", "verify", "-purpose", "sslserver", "-CAfile", "b.pem", "-no-CApath", "-no-CAstore",
                             "a.pem"], cwd=tmp_path, capture_output=True, check=False, timeout=20)
    assert (judged.returncode != 0) == bool(ids)


def containers(root):
    cert, key = root
    yield "p7b-der", pkcs7.serialize_certificates([cert], serialization.Encoding.DER), "CA_PKCS7"
    yield "p7b-pem", pkcs7.serialize_certificates([cert], serialization.Encoding.PEM), "CA_PKCS7"
    yield "der", cert.public_bytes(serialization.Encoding.DER), "CA_DER"
    yield "p12", pkcs12.serialize_key_and_certificates(b"x", None, cert, None,
                                                       serialization.BestAvailableEncryption(b"secret")), "CA_KEYSTORE"
    pkcs8 = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    yield "key-pem", key.private_bytes(serialization.Encoding.PEM, *pkcs8), "CA_PRIVATE_KEY"
    yield "key-der", key.private_bytes(serialization.Encoding.DER, *pkcs8), "CA_PRIVATE_KEY"
    yield "key-encrypted", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.BestAvailableEncryption(b"secret")), "CA_PRIVATE_KEY"
    request = x509.CertificateSigningRequestBuilder().subject_name(cert.subject).sign(key, hashes.SHA256())
    yield "csr-pem", request.public_bytes(serialization.Encoding.PEM), "CA_CSR"
    yield "csr-der", request.public_bytes(serialization.Encoding.DER), "CA_CSR"


def test_show__containers__recognised_and_the_fix_works(program, minted, tmp_path):
    for name, data, wanted in containers(minted["root"]):
        (tmp_path / name).write_bytes(data)
        [found], code = show(program, name, cwd=tmp_path)
        assert (code, ids_of(found)) == (1, [wanted]), name
        # Where the fix is a command that needs no password, it makes a file that is fine.
        command = re.search(r"^ (pgseal ca export .*)$", found["findings"][0]["fix"], re.M)
        assert (command is not None) == (wanted in ("CA_PKCS7", "CA_DER")), name
        if command:
            (tmp_path / "new.pem").unlink(missing_ok=True)
            subprocess.run(command[1].replace("pgseal", program, 1), shell=True, cwd=tmp_path, check=True,
                           capture_output=True, timeout=20)
            [made], code = show(program, "new.pem", cwd=tmp_path)
            assert (code, made["loads"]) == (0, 1), name


BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


@pytest.mark.parametrize("damage, wanted", [
    (lambda text: b"   " + text, "CA_HIDDEN_BEGIN"),
    (lambda text: text[1:], "CA_HIDDEN_BEGIN"),
    (lambda text: text.replace(BEGIN, BEGIN.lower()), "CA_HIDDEN_BEGIN"),
    (lambda text: text.replace(BEGIN + b"\n", BEGIN), "CA_HIDDEN_BEGIN"),
    (lambda text: text.replace(b"\n", b"") + b"\n", "CA_HIDDEN_BEGIN"),
    (lambda text: text.replace(b"CERTIFICATE", b"CERTIFCATE"), "CA_HIDDEN_BEGIN"),
    (lambda text: text.replace(BEGIN, b"-----BEGIN CERTIFCATE-----"), "CA_DAMAGED_BEGIN"),
    (lambda text: text.replace(BEGIN, BEGIN + b"-"), "CA_DAMAGED_BEGIN"),
    (lambda text: text.rstrip(b"\n"), "CA_DAMAGED_END"),
], ids=["indented", "dash", "small", "glued", "one-line", "typos", "typo", "six", "end-and-begin"])
def test_show__damaged_armour__the_fix_works(program, minted, tmp_path, damage, wanted):
    (tmp_path / "a.pem").write_bytes(pem(minted["other"]) + damage(pem(minted["root"])) + pem(minted["other"]))
    [found], code = show(program, "a.pem", cwd=tmp_path)
    [finding] = [f for f in found["findings"] if f["severity"] == "error"]
    assert (code, finding["id"]) == (1, wanted)
    assert found["loads"] == 0 or "Test Root" in finding["seen"]
    command = re.search(r"^ sed .*$", finding["fix"], re.M)
    subprocess.run(command[0], shell=True, cwd=tmp_path, check=True, timeout=20)
    [mended], code = show(program, "a.pem", cwd=tmp_path)
    assert (code, mended["loads"], [c["loaded"] for c in mended["certificates"]]) == (0, 3, [True] * 3)


def test_show__damage_of_any_byte__loads_what_openssl_loads(program, minted, tmp_path):
    """One character of the armour lines changed, each in turn: what is said to be loaded is what OpenSSL loads."""
    text = pem(minted["root"], minted["other"], minted["old"])
    begin = text.index(b"-----BEGIN", 10)
    end = text.index(b"-----END", begin)
    places = list(range(begin, begin + 28)) + list(range(end - 2, end + 26))
    names = []
    for i, at in enumerate(places):
        for j, with_ in enumerate((b"", b" ", b"x")):
            name = f"{i}-{j}.pem"
            (tmp_path / name).write_bytes(text[:at] + with_ + text[at + 1:])
            names.append(name)
    files, _ = show(program, *names, cwd=tmp_path)
    for found in files:
        loaded = openssl_loads(tmp_path / found["file"])
        assert [c["sha256"] for c in found["certificates"] if c["loaded"]] == loaded, found["file"]
        assert found["loads"] == len(loaded)
        # Who loses something is told so.
        assert len(loaded) == 3 or any(f["severity"] == "error" for f in found["findings"]), found["file"]


def test_show__names_in_certificates__are_escaped(program, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(mint("Evil\x1b[2J\nRoot")))
    done = run(program, "show", "a.pem", cwd=tmp_path)
    assert b"\x1b" not in done.stdout
    assert b"\nRoot" not in done.stdout


# ---- diff ----------------------------------------------------------------------------------------------------------


def test_diff__same_certificates__exit_0(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"], minted["other"]))
    (tmp_path / "b.pem").write_bytes(b"# other order\n" + pem(minted["other"], minted["root"], minted["root"]))
    done = run(program, "diff", "a.pem", "b.pem", cwd=tmp_path)
    assert done.returncode == 0
    assert b"the same 2 certificates\n" in done.stdout


def test_diff__text_and_json__say_the_same(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"], minted["old"]))
    (tmp_path / "b.pem").write_bytes(pem(minted["root"], minted["other"]))
    text = run(program, "diff", "--at", TODAY, "a.pem", "b.pem", cwd=tmp_path)
    made = run(program, "diff", "--at", TODAY, "--json", "a.pem", "b.pem", cwd=tmp_path)
    facts = json.loads(made.stdout)
    assert (text.returncode, made.returncode) == (1, 1)
    assert (facts["both"], facts["same"]) == (1, False)
    assert [(c["change"], (c["a"] or c["b"])["common_name"]) for c in facts["changes"]] == [
        ("gone", "Old Root"), ("new", "Other Root")]
    flat = re.sub(r"\s+", " ", text.stdout.decode())
    assert facts["meaning"]
    for sentence in facts["meaning"]:
        assert sentence in flat
    assert re.search(r"^- +\d+ .* Old Root$", text.stdout.decode(), re.M)
    assert re.search(r"^\+ +\d+ .* Other Root$", text.stdout.decode(), re.M)


def test_diff__standard_input_and_missing_file(program, minted, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(minted["root"]))
    assert run(program, "diff", "-", "a.pem", cwd=tmp_path, stdin=pem(minted["root"])).returncode == 0
    done = run(program, "diff", "a.pem", "nothere.pem", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    # Two error pages are no pair to be content with.
    (tmp_path / "x.pem").write_bytes(b"<html>")
    done = run(program, "diff", "x.pem", "x.pem", cwd=tmp_path)
    assert done.returncode == 1 and b"nothing to compare" in done.stdout
    done = run(program, "diff", "a.pem", cwd=tmp_path)
    assert done.returncode == 2 and b"two files are compared, not 1" in done.stderr


@real_files
@pytest.mark.parametrize("a, b, both, says", [
    ("history/global-bundle.2024-124.pem", "global-bundle.pem", 96,
     ["B drops rds-ca-2019 (28 certificates), which ended by 2025-06-01",
      "B has 4 regions more: ap-east-2, ap-southeast-6, ap-southeast-7, mx-central-1.", "B can take A's place"]),
    ("history/rds-combined-ca-bundle.2018-18.pem", "history/rds-combined-ca-bundle.2020-04-26.pem", 0,
     ["B drops rds-ca-2015 (18 certificates), which ended by 2020-03-05", "A has no root that is valid today"]),
    ("rds-combined-ca-bundle.pem", "global-bundle.pem", 0,
     ["B drops rds-ca-2019 (30 certificates)",
      "B adds rds-ca-ecc384-g1, rds-ca-rsa2048-g1, rds-ca-rsa4096-g1 (108 certificates)"]),
    ("global-bundle.pem", "us-gov-global-bundle.pem", 0, ["A is for AWS, B for AWS GovCloud (US)"]),
    ("us-east-1-bundle.pem", "wild/indented-first-begin.pem", 2,
     ["B drops rds-ca-rsa2048-g1 (1 certificate): clients of servers still on it break."]),
    ("rds-ca-2019-root.pem", "wild/altered-2019-root.pem", 0, ["was altered: the signature in B does not fit"]),
    ("global-bundle.pem", "wild/s3-access-denied.pem", 0, ["B cannot be used: The file is an S3 error page"]),
    ("wild/crlf-us-east-1.pem", "history/us-east-1-bundle.2021-5.pem", 5, []),
])
def test_diff__real_files__the_numbers_are_those_of_the_facts(program, a, b, both, says):
    done = run(program, "diff", "--json", "--at", TODAY, str(RDS / a), str(RDS / b))
    facts = json.loads(done.stdout)
    in_a, in_b = set(openssl_loads(RDS / a)), set(openssl_loads(RDS / b))
    assert len(in_a & in_b) == both == facts["both"]
    assert {c["a"]["sha256"] for c in facts["changes"] if c["a"]} == in_a - in_b
    assert {c["b"]["sha256"] for c in facts["changes"] if c["b"]} == in_b - in_a
    assert done.returncode == int(in_a != in_b)
    for text in says:
        assert any(text in sentence for sentence in facts["meaning"]), facts["meaning"]

# SPDX-License-Identifier: PostgreSQL
"""The own authority as people use it: files, passphrases, requests, two at once; and what they get wrong."""
import fcntl
import json
import os
import pathlib
import pwd
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import own_ca
from own_ca import HOST
from terminal import Terminal


@pytest.fixture
def store(program, tmp_path):
    return own_ca.Store(program, tmp_path / "s")


def refused(done, *words):
    """It said no, and said these words; texts are wrapped, so blanks are one."""
    said = " ".join(done.stderr.split())
    assert done.returncode == 1, (done.returncode, done.stdout, said)
    for word in words:
        assert word in said, (word, said)
    assert "seen:" in said or "fix:" in said, said


def load(path):
    """The certificates of a file."""
    mark = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(part + mark) for part in open_bytes(path).split(mark)[:-1]]


def spki(thing):
    """The public key of a certificate or request, as bytes."""
    return thing.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def ext(cert, kind):
    return cert.extensions.get_extension_for_class(kind)


# ---- what is made


def test_init__root__is_what_rfc_5280_wants(store):
    told = store.json("init", "--name", "Databases", "--days", "1000")
    root, = load(store.dir / "root.crt")
    assert told["root"]["sha256"] == root.fingerprint(hashes.SHA256()).hex()
    assert told["key_file"] == str(store.dir / "root-1.key") and told["encrypted"] is False
    basic, usage = ext(root, x509.BasicConstraints), ext(root, x509.KeyUsage)
    assert basic.critical and (basic.value.ca, basic.value.path_length) == (True, 1)
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign and not usage.value.digital_signature
    assert root.subject == root.issuer == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Databases")])
    assert 999 < (root.not_valid_after - root.not_valid_before).days < 1002
    assert root.serial_number.bit_length() > 64


def test_issue__server__names_of_the_right_kind_and_nothing_more(store):
    store.ok("init")
    store.ok("issue", "DB1.example.com", "*.db.example.com", "10.0.0.5", "fd00:0::1", "db1.EXAMPLE.com")
    leaf, = load(store.file(HOST + ".crt"))
    sans = ext(leaf, x509.SubjectAlternativeName).value
    assert [str(n.value) for n in sans] == [HOST, "*.db.example.com", "10.0.0.5", "fd00::1"]
    assert list(ext(leaf, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert ext(leaf, x509.BasicConstraints).value.ca is False
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == HOST
    for host in (HOST, "x.db.example.com", "10.0.0.5", "fd00::1"):
        kind = "-verify_ip" if host[0].isdigit() or ":" in host else "-verify_hostname"
        done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", kind, host, "-CAfile",
                               store.dir / "root.crt", store.file(HOST + ".crt")], capture_output=True, timeout=20,
                              check=False)
        assert done.returncode == 0, (host, done.stderr)


def test_issue__long_name__has_no_common_name(store):
    long = "a" * 60 + ".example.com"
    store.ok("init")
    store.ok("issue", long)
    leaf, = load(store.file(long + ".crt"))
    assert len(leaf.subject) == 0 and ext(leaf, x509.SubjectAlternativeName).critical


def test_issue__client__common_name_is_the_role(store):
    store.ok("init")
    store.ok("issue", "--client", "Joe User")
    leaf, = load(store.file("Joe%20User-client.crt"))
    assert leaf.subject.rfc4514_string() == "CN=Joe User"
    assert list(ext(leaf, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert own_ca.openssl_verdict(str(store.dir / "root.crt"), store.file("Joe%20User-client.crt"), None,
                                  "sslclient") == ""


@pytest.mark.parametrize("root, leaf", [("P-256", "EC P-256"), ("P-384", "EC P-256"), ("RSA3072", "RSA 3072")])
def test_issue__key__as_the_roots_kind(store, root, leaf):
    store.ok("init", "--key", root)
    issued, = store.json("issue", HOST)
    assert issued["key"] == leaf
    issued, = store.json("issue", "--key", "rsa2048", "db2.example.com")
    assert issued["key"] == "RSA 2048"


def test_issue__days__never_beyond_the_root(store):
    store.ok("init", "--days", "100")
    issued, = store.json("issue", HOST)  # 397 by default
    root, = load(store.dir / "root.crt")
    leaf, = load(store.file(HOST + ".crt"))
    assert leaf.not_valid_after == root.not_valid_after
    refused(store.run("issue", "--days", "101", "db2.example.com"), "longer than the root has", "or less, or replace the root")
    assert not os.path.exists(store.file("db2.example.com.crt"))
    store.ok("issue", "--days", "99", "db2.example.com")
    assert issued["kind"] == "server"


def test_renew__names_key_and_kind_are_kept(store):
    store.ok("init")
    store.ok("issue", HOST, "10.0.0.5")
    store.ok("issue", "--client", "app")
    before, key = load(store.file(HOST + ".crt"))[0], open_bytes(store.file(HOST + ".key"))
    os.unlink(store.file("app-client.key"))  # not needed, nor here
    renewed = store.json("issue", "--renew", HOST, "app-client.crt")
    assert [(r["name"], r["kind"], r["key_kept"]) for r in renewed] == [(HOST, "server", True),
                                                                       ("app-client", "client", True)]
    after = load(store.file(HOST + ".crt"))[0]
    assert open_bytes(store.file(HOST + ".key")) == key
    assert after.serial_number != before.serial_number and spki(after) == spki(before)
    assert ext(after, x509.SubjectAlternativeName).value == ext(before, x509.SubjectAlternativeName).value
    assert own_ca.openssl_verdict(str(store.dir / "root.crt"), store.file(HOST + ".crt")) == ""
    listed = store.json("list", "--all")["certificates"]
    assert [(c["name"], c["latest"]) for c in listed] == [
        ("app-client", True), ("app-client", False), (HOST, True), (HOST, False)]
    assert [int(c["serial"], 16) for c in listed if c["name"] == HOST] == [after.serial_number, before.serial_number]
    assert "Nothing is due" in store.run("issue", "--renew").stderr


def open_bytes(path):
    with open(path, "rb") as f:
        return f.read()


def test_names__a_role_and_a_host_of_one_file_name__are_two(store):
    other = store.place / "other"
    other.mkdir()
    store.ok("init")
    store.ok("issue", "--client", "app")
    store.ok("issue", "app-client", "--out", str(other))
    assert [(c["kind"], c["latest"]) for c in store.json("list", "--all")["certificates"]] == [
        ("server", True), ("client", True)]


def test_renew__what_is_in_the_way__stays(store):
    store.ok("init")
    store.ok("issue", HOST)
    other = store.place / "other"
    other.mkdir()
    store.ok("issue", "--out", str(other), "db2.example.com")
    os.rename(other / "db2.example.com.crt", other / (HOST + ".crt"))
    before = open_bytes(other / (HOST + ".crt"))
    refused(store.run("issue", "--renew", HOST, "--out", str(other)), "is in the way", "of another key")
    assert open_bytes(other / (HOST + ".crt")) == before
    refused(store.run("issue", "--renew", "db3.example.com"), "nothing was issued under the name")


# ---- requests


def request(names=(HOST,), key=None, ca=False):
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cn.example.com")]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), False)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
    return builder.sign(key, hashes.SHA256())


def write_request(store, csr, encoding=serialization.Encoding.PEM):
    with open(store.file("r.csr"), "wb") as f:
        f.write(csr.public_bytes(encoding))


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER], ids=["pem", "der"])
def test_csr__its_names_its_key_and_nothing_else(store, encoding):
    csr = request([x509.DNSName(HOST)], ca=True)
    write_request(store, csr, encoding)
    store.ok("init")
    store.ok("issue", "--csr", "r.csr")
    leaf, = load(store.file(HOST + ".crt"))
    assert spki(leaf) == spki(csr)
    assert ext(leaf, x509.BasicConstraints).value.ca is False
    assert not os.path.exists(store.file(HOST + ".key"))
    store.ok("issue", "--csr", "r.csr", "db9.example.com")  # the command line's names count
    assert [n.value for n in ext(load(store.file("db9.example.com.crt"))[0],
                                 x509.SubjectAlternativeName).value] == ["db9.example.com"]


def test_csr__without_names__the_common_name(store):
    write_request(store, request(()))
    store.ok("init")
    store.ok("issue", "--csr", "r.csr")
    assert os.path.exists(store.file("cn.example.com.crt"))


def test_csr__that_cannot_be_signed__says_why(store):
    store.ok("init")
    write_request(store, request([x509.DNSName(HOST)], rsa.generate_private_key(65537, 1024)))
    refused(store.run("issue", "--csr", "r.csr"), "too weak a key", "RSA 1024")
    write_request(store, request([x509.DNSName("a b")]))
    refused(store.run("issue", "--csr", "r.csr"), '"a b" is no host name')
    write_request(store, request([x509.RFC822Name("dba@example.com")]))
    refused(store.run("issue", "--csr", "r.csr"), "is no host name")
    good = request([x509.DNSName(HOST)]).public_bytes(serialization.Encoding.DER)
    with open(store.file("r.csr"), "wb") as f:
        f.write(good.replace(b"cn.example.com", b"xx.example.com"))
    refused(store.run("issue", "--csr", "r.csr"), "cannot be used", "not signed by its own key")
    with open(store.file("r.csr"), "wb") as f:
        f.write(b"no request")
    refused(store.run("issue", "--csr", "r.csr"), "cannot be used", "openssl req -new")
    assert store.run("issue", "--csr", "missing.csr").returncode == 1
    assert [f for f in os.listdir(store.out) if f.endswith(".crt")] == []
    assert os.listdir(store.dir / "issued") == []


# ---- passphrases


def secret(store, text="open sesame\n", mode=0o600):
    path = store.place / "passphrase"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_passphrase__from_a_file__for_every_command_that_signs(store):
    word = ["--passphrase-file", secret(store)]
    assert store.json("init", *word)["encrypted"] is True
    store.ok("issue", HOST, *word)
    store.ok("rotate", "--start", *word)
    for number in (1, 2):
        key = open_bytes(store.dir / f"root-{number}.key")
        assert key.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        serialization.load_pem_private_key(key, b"open sesame")
    store.ok("rotate", "--switch", *word)
    store.ok("rotate", "--retire", *word)
    assert store.run("list").returncode == 0  # needs none


def test_passphrase__wrong_missing_or_open_to_others__says_so(store):
    store.ok("init", "--passphrase-file", secret(store))
    refused(store.run("issue", HOST, "--passphrase-file", secret(store, "other\n")), "passphrase is wrong")
    refused(store.run("issue", HOST), "no passphrase was given")
    refused(store.run("issue", HOST, "--passphrase-file", secret(store, mode=0o640)), "others can read or write")
    refused(store.run("issue", HOST, "--passphrase-file", secret(store, "\n")), "no passphrase in the first line")
    refused(store.run("issue", HOST, "--passphrase-file", "/nonexistent/x"), "No such file or directory")
    assert os.listdir(store.out) == []
    unexpected = store.run("init", "--dir", str(store.place / "other"), "--passphrase", "open sesame")
    assert unexpected.returncode == 2 and "unexpected argument" in unexpected.stderr


def test_passphrase__typed__hidden_and_compared(store):
    def typed(*words):
        with Terminal([store.program, "ca", "init", "--passphrase"], store.env, cwd=store.out) as t:
            for prompt, word in zip(("Passphrase of the authority's key: ", "The same again: "), words):
                t.wait(prompt)
                t.type(word + "\n")
            status = t.end()
            assert "sesam" not in t.seen
            return status, t.seen

    status, seen = typed("open sesame", "open sesam")
    assert status == 1 and "the two passphrases differ" in seen
    assert not os.path.exists(store.dir)
    assert typed("")[0] == 1
    assert typed("open sesame", "open sesame")[0] == 0
    with Terminal([store.program, "ca", "issue", HOST], store.env, cwd=store.out) as t:
        t.wait("Passphrase of the authority's key: ")
        t.type("open sesame\n")
        assert t.end() == 0, t.seen


# ---- who may do what, and two at once


def test_store__open_to_others__refused(store):
    store.ok("init")
    for path, mode, bad in ((store.dir, 0o700, 0o750), (store.dir, 0o700, 0o701), (store.dir, 0o700, 0o770),
                            (store.dir / "root-1.key", 0o600, 0o640), (store.dir / "root-1.key", 0o600, 0o602)):
        path.chmod(bad)
        refused(store.run("issue", HOST), "can be read or written by others", "chmod %o" % mode)
        path.chmod(mode)
    assert os.listdir(store.out) == []
    store.ok("issue", HOST)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_store__of_somebody_else__refused(store):
    store.ok("init")
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(store.dir, nobody, -1)
    refused(store.run("issue", HOST), "is somebody else's", "user nobody", "sudo -u nobody")
    os.chown(store.dir, 0, -1)
    os.chown(store.dir / "root-1.key", nobody, -1)
    refused(store.run("issue", HOST), "is somebody else's")


def test_store__that_is_none__nothing_is_made_there(store):
    refused(store.run("issue", HOST), "there is no authority", "pgseal ca init")
    assert not os.path.exists(store.dir)
    store.dir.mkdir(mode=0o700)
    for command in (["issue", HOST], ["rotate"], ["list"]):
        refused(store.run(*command), "there is no authority")
    assert os.listdir(store.dir) == []
    (store.dir / "diary.txt").write_text("mine")
    refused(store.run("init"), "in use for something else", "diary.txt")
    assert os.listdir(store.dir) == ["diary.txt"]


def test_store__later_version_or_damaged__says_so_and_changes_nothing(store):
    store.ok("init")
    store.ok("issue", HOST)
    record = os.listdir(store.dir / "issued")[0]
    before = own_ca.listing(store.place)
    for file, text, words in (("store", "pgseal-ca 2\nroots 1 1\n", "later version"),
                              ("store", "pgseal-ca 1\nroots 1 2\n", "root-2.crt"),
                              ("store", "garbage", "damaged"),
                              ("root-1.crt", "garbage", "damaged"),
                              ("issued/" + record, "garbage", "damaged")):
        whole = (store.dir / file).read_text()
        (store.dir / file).write_text(text)
        for command in (["issue", "db2.example.com"], ["rotate"], ["list"]):
            done = store.run(*command)
            assert done.returncode == 1 and words in done.stderr, (file, text, done.stderr)
        (store.dir / file).write_text(whole)
        assert own_ca.listing(store.place) == before
    os.rename(store.dir / "root-1.key", store.place / "hidden")
    refused(store.run("issue", "db2.example.com"), "cannot be found")
    os.rename(store.place / "hidden", store.dir / "root-1.key")
    with open(store.dir / "root-1.key", "wb") as f:
        f.write(ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    refused(store.run("issue", "db2.example.com"), "cannot be used", "not the key of the certificate")


def test_files__in_the_way__are_not_touched(store):
    store.ok("init")
    store.ok("issue", HOST)
    before = {n: open_bytes(store.file(n)) for n in os.listdir(store.out)}
    refused(store.run("issue", HOST), "is there already", "--renew " + HOST)
    assert {n: open_bytes(store.file(n)) for n in os.listdir(store.out)} == before
    for text, mode, words in (("mine", 0o600, "in the way"), (before[HOST + ".key"].decode(), 0o644, "is not taken")):
        with open(store.file("db2.example.com.key"), "w") as f:
            f.write(text)
        os.chmod(store.file("db2.example.com.key"), mode)
        refused(store.run("issue", "db2.example.com"), words)
        assert not os.path.exists(store.file("db2.example.com.crt"))
    os.chmod(store.file("db2.example.com.key"), 0o600)  # as a run leaves it that was interrupted behind the key
    store.ok("issue", "db2.example.com")
    assert open_bytes(store.file("db2.example.com.key")) == before[HOST + ".key"]
    refused(store.run("issue", "db3.example.com", "--out", "/nonexistent"), "No such file or directory")


def test_out__that_cannot_be_written__leaves_no_record_of_what_nobody_has(store, tmp_path):
    store.ok("init")
    store.ok("issue", HOST)
    before = store.json("list"), sorted(os.listdir(store.dir / "issued"))
    file = tmp_path / "file"
    file.write_text("x")
    csr = tmp_path / "a.csr"
    csr.write_bytes(request([x509.DNSName("db2.example.com")]).public_bytes(serialization.Encoding.PEM))
    # Root may write everywhere, says access(2), until it tries to in /proc.
    for out, words in (("/proc", ""), (str(file), "Not a directory"), (str(tmp_path / "none"), "No such file")):
        for command in (["db2.example.com"], ["--csr", str(csr)], ["--client", "app"], ["--renew", HOST]):
            done = store.run("issue", *command, "--out", out)
            assert done.returncode != 0 and words in " ".join(done.stderr.split()), (out, command, done.stderr)
            assert (store.json("list"), sorted(os.listdir(store.dir / "issued"))) == before, (out, command)
    store.ok("issue", "db2.example.com")
    store.ok("issue", "--renew", HOST)


def test_key__that_somebody_else_put_there__is_not_certified(store, tmp_path):
    """In a directory where others may write: a file of theirs, a link to one, one more name of one."""
    store.ok("init")
    store.ok("issue", HOST)
    theirs = tmp_path / "theirs.key"
    theirs.write_bytes(open_bytes(store.file(HOST + ".key")))
    theirs.chmod(0o600)
    planted = pathlib.Path(store.file("db2.example.com.key"))
    planted.symlink_to(theirs)
    refused(store.run("issue", "db2.example.com"), "is not taken", "no file that can be read")
    planted.unlink()
    os.link(theirs, planted)
    refused(store.run("issue", "db2.example.com"), "is not taken", "others can read or write it")
    theirs.unlink()
    if os.geteuid() == 0:
        os.chown(planted, 65534, 65534)
        refused(store.run("issue", "db2.example.com"), "is not taken", "belongs to somebody else")
        os.chown(planted, 0, 0)
    assert not os.path.exists(store.file("db2.example.com.crt"))
    store.ok("issue", "db2.example.com")  # ours alone: as an interrupted run leaves it


def test_files__of_people_with_dots__stay(store):
    store.ok("init")
    for name in (".db1.example.com.key.backup", ".db1.example.com.key", ".profile"):
        with open(store.file(name), "w") as f:
            f.write("mine")
    with open(store.file(".db1.example.com.key.aX3bYz"), "w") as f:
        f.write("left by a run that was killed")
    store.ok("issue", HOST)
    assert sorted(os.listdir(store.out)) == [".db1.example.com.key", ".db1.example.com.key.backup", ".profile",
                                             HOST + ".crt", HOST + ".key"]


def test_lock__held__is_waited_for(store):
    store.ok("init")
    with open(store.dir / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen([store.program, "ca", "issue", HOST], cwd=store.out, env=store.env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        assert waiting.poll() is None
        assert store.run("list").returncode == 0  # reading needs no lock
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert waiting.wait(20) == 0
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(store.run("issue", "db2.example.com"), "is being changed by another process")


def test_lock__ten_at_once__each_has_its_certificate(store):
    store.ok("init")
    running = [subprocess.Popen([store.program, "ca", "issue", f"db{n}.example.com"], cwd=store.out, env=store.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in range(10)]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert len(store.json("list")["certificates"]) == 10


def test_init__five_at_once__one_root(store):
    running = [subprocess.Popen([store.program, "ca", "init"], cwd=store.out, env=store.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(5)]
    assert sorted(p.wait(60) for p in running) == [0, 1, 1, 1, 1]
    store.ok("issue", HOST)
    assert own_ca.openssl_verdict(str(store.dir / "root.crt"), store.file(HOST + ".crt")) == ""


# ---- rotation, refused


def test_rotate__what_is_too_early_or_too_late__is_refused(store):
    store.ok("init")
    store.ok("issue", HOST)
    refused(store.run("rotate", "--retire"), "there is no old root to retire")
    assert store.run("rotate", "--switch", "--dry-run").returncode == 1
    store.ok("rotate", "--start")
    assert "has been done" in store.run("rotate", "--start").stderr
    refused(store.run("rotate", "--retire"), "1 certificate in use is signed by it", HOST, "--force")
    assert os.path.exists(store.dir / "root-1.key")
    store.ok("rotate", "--retire", "--force")
    assert not os.path.exists(store.dir / "root-1.key")
    due = store.json_any("list")
    assert due["findings"][0]["id"] == "CA_OWN_DUE"


def test_rotate__alone__never_retires(store):
    store.ok("init")
    store.ok("issue", HOST)
    seen = []
    for _ in range(4):
        store.ok("rotate")
        seen.append(store.json("rotate", "--dry-run")["phase"])
    assert seen == ["started", "switched", "switched", "switched"]
    assert "--retire" in store.run("rotate").stderr


def test_rotate__dry_run__changes_nothing(store):
    store.ok("init")
    store.ok("issue", HOST)
    for step in ([], ["--switch"], ["--retire"]):
        before = {p: open_bytes(store.dir / p) for p in own_ca.listing(store.dir) if os.path.isfile(store.dir / p)}
        store.run("rotate", "--dry-run", *step)
        assert before == {p: open_bytes(store.dir / p) for p in own_ca.listing(store.dir)
                          if os.path.isfile(store.dir / p)}
        store.ok("rotate", *step)
        if step == ["--retire"]:
            assert store.json("list")["phase"] == "steady"


# ---- usage


@pytest.mark.parametrize("command, words", [
    (["issue"], "for which name?"),
    (["issue", "--days", "0", HOST], "--days wants"),
    (["issue", "--days", "1x", HOST], "--days wants"),
    (["issue", "--days", "36501", HOST], "--days wants"),
    (["issue", "--key", "RSA1024", HOST], "--key wants"),
    (["issue", "--client", "app", HOST], "does not go with it"),
    (["issue", "--renew", "--key", "P-256", HOST], "do not go with it"),
    (["issue", "--csr", "x", "--key", "P-256"], "does not go with it"),
    (["issue", "--ney", HOST], "did you mean --key"),
    (["init", "here"], "unexpected argument"),
    (["init", "--key", "ED25519"], "--key wants"),
    (["init", "--permit", "10.0.0.1/8"], "bits behind its mask"),
    (["rotate", "--start", "--retire"], "one step at a time"),
    (["list", "x"], "unexpected argument"),
])
def test_usage__wrong_command_line__2_and_nothing_made(store, command, words):
    done = store.run(*command)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert not os.path.exists(store.dir)


def test_json__same_facts_as_text(store):
    text, data = store.ok("init"), None
    data = store.json("list")
    assert data["roots"][0]["sha256"] in text and data["store"] in text
    issued = json.loads(store.ok("issue", HOST, "--json"))
    assert issued[0]["certificate_file"] == HOST + ".crt"
    listed = store.ok("list")
    assert issued[0]["not_after"][:10] in listed and HOST in listed

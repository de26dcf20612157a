# SPDX-License-Identifier: PostgreSQL
"""The own authority killed at every change of a file, and with a full or failing disk: the store stays whole."""
import errno
import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

import own_ca
from own_ca import HOST

HERE = os.path.dirname(os.path.abspath(__file__))

# What is done before, then what is interrupted. Each is typed again, and must end well.
COMMANDS = {
    "init": ([], ["init"]),
    "issue": ([["init"]], ["issue", HOST]),
    "renew": ([["init"], ["issue", HOST]], ["issue", "--renew", HOST]),
    "start": ([["init"], ["issue", HOST]], ["rotate", "--start"]),
    "switch": ([["init"], ["issue", HOST], ["issue", "--client", "app"], ["rotate", "--start"]],
               ["rotate", "--switch"]),
    "retire": ([["init"], ["issue", HOST], ["rotate", "--start"], ["rotate", "--switch"]], ["rotate", "--retire"]),
}
FAULTS = {"killed": "kill", "disk-full": str(errno.ENOSPC), "read-only": str(errno.EROFS), "io-error": str(errno.EIO)}
# Where nothing new can happen, in the long run alone (PGSEAL_FULL).
LONG = [(name, how) for name in COMMANDS for how in FAULTS
        if how in ("read-only", "io-error") or (how == "disk-full" and name not in ("issue", "start"))]
CASES = [(name, how) for name in COMMANDS for how in FAULTS if os.environ.get("PGSEAL_FULL") or (name, how) not in LONG]


@pytest.fixture(scope="module")
def shim(workdir):
    made = os.path.join(workdir, "fault_shim.so")
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-shared", "-fPIC", "-O1", "-Wall", "-Werror",
                    "-D_GNU_SOURCE", "-o", made, os.path.join(HERE, "fault_shim.c"), "-ldl"], check=True, timeout=60)
    return made


@pytest.fixture
def prepared(unsanitized, tmp_path, shim):
    """make(command): a store just before it; reset() brings it back."""
    store = own_ca.Store(unsanitized, tmp_path / "s")

    def make(name):
        before, command = COMMANDS[name]
        for step in before:
            store.ok(*step)
        shutil.copytree(store.place, tmp_path / "saved", symlinks=True)

        def reset():
            shutil.rmtree(store.place)
            shutil.copytree(tmp_path / "saved", store.place, symlinks=True)
            return store

        return command, reset

    return make


def no_secret_is_open(store):
    """Whatever holds a private key, whole or in part, under whatever name, is its owner's alone."""
    for path, mode in own_ca.listing(store.place).items():
        full = os.path.join(store.place, path)
        if stat.S_ISREG(os.lstat(full).st_mode) and b"PRIVATE" in pathlib.Path(full).read_bytes():
            assert mode == 0o600, (path, oct(mode))
    if os.path.exists(store.dir):
        assert stat.S_IMODE(os.lstat(store.dir).st_mode) == 0o700


def pieces(store):
    """Every finished certificate file and key is whole, and pairs fit."""
    for name in os.listdir(store.out):
        path = store.file(name)
        if name.startswith("."):
            continue
        if name.endswith(".crt"):
            assert own_ca.openssl_verdict(str(store.dir / "root.crt"), path, host=None, purpose="any") == "", name
            key = path[:-4] + ".key"
            if os.path.exists(key):
                assert public_key(path, "x509", "-noout", "-pubkey") == public_key(key, "pkey", "-pubout"), name
        elif name.endswith(".key"):
            public_key(path, "pkey", "-pubout")


def public_key(path, *command):
    return subprocess.run(["openssl", *command, "-in", path], capture_output=True, check=True, timeout=20).stdout


def leftovers(folder):
    return [os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f.startswith(".")]


def finished(name, store):
    """What the command, when it was not interrupted, leaves."""
    told = store.run("list", "--json")
    assert told.returncode in (0, 1), told.stderr
    assert "CA_STORE" not in told.stderr
    facts = json.loads(told.stdout)
    names = {c["name"] for c in facts["certificates"]}
    roots = [r["number"] for r in facts["roots"]]
    want = {"init": ("steady", [1], set()), "issue": ("steady", [1], {HOST}), "renew": ("steady", [1], {HOST}),
            "start": ("started", [1, 2], {HOST}), "switch": ("switched", [1, 2], {HOST, "app-client"}),
            "retire": ("steady", [2], {HOST})}[name]
    assert (facts["phase"], roots, names) == want
    bundle = (store.dir / "root.crt").read_text()
    assert bundle == "".join((store.dir / f"root-{n}.crt").read_text() for n in reversed(roots))
    keys = sorted(f for f in os.listdir(store.dir) if f.endswith(".key"))
    assert keys == [f"root-{n}.key" for n in roots]
    assert leftovers(store.dir) == []


def count_changes(store, command, shim, tmp_path):
    log = tmp_path / "log"
    store.ok(*command, env={"LD_PRELOAD": shim, "FAULT_LOG": str(log)})
    return log.read_text().splitlines()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name, fault", CASES, ids=lambda word: word)
def test_store__a_fault_at_every_change__stays_whole_and_goes_on(name, fault, prepared, shim, tmp_path):
    command, reset = prepared(name)
    how = FAULTS[fault]
    changes = count_changes(reset(), command, shim, tmp_path)
    assert len(changes) > 5, changes
    refused = 0
    for n in range(1, len(changes) + 1):
        store = reset()
        done = store.run(*command, env={"LD_PRELOAD": shim, "FAULT_AT": str(n), "FAULT_HOW": how})
        where = (changes[n - 1], done.returncode, done.stderr)
        no_secret_is_open(store)
        if how == "kill":
            assert done.returncode == -9, where
        elif done.returncode != 0:  # some faults matter to nobody: an fsync of a directory, a leftover
            refused += 1
            assert done.returncode == 1 and os.strerror(int(how)) in done.stderr, where
            assert leftovers(store.out) == [] or changes[n - 1].split()[1] == "unlink", where
            if name == "issue":  # what nobody has is not on record
                records = own_ca.listing(store.dir / "issued")
                assert any(r.endswith(".crt") for r in records) == os.path.exists(store.file(HOST + ".crt")), where
        if name != "init":
            told = store.run("list")
            assert told.returncode in (0, 1) and "error" not in told.stderr, (where, told.stderr)
            pieces(store)
        again = store.run(*command)
        if done.returncode == 0 or (again.returncode == 1 and name in ("init", "issue")):
            # It was done already: the fault came when all was written.
            assert "already" in again.stderr or again.returncode == 0, (where, again.stderr)
        else:
            assert again.returncode == 0, (where, again.stderr)
        if again.returncode != 0:
            store.run("issue", "--renew", "no-such-name")  # any command that writes completes what is left
        finished(name, store)
        no_secret_is_open(store)
    if how != "kill":
        assert refused > len(changes) // 3


@pytest.mark.parametrize("name", COMMANDS)
def test_keys__every_file_under_umask_0__created_for_the_owner_alone(name, prepared, shim, tmp_path):
    command, reset = prepared(name)
    store, log = reset(), tmp_path / "log"
    store.ok(*command, umask=0, env={"LD_PRELOAD": shim, "FAULT_LOG": str(log)})
    for line in log.read_text().splitlines():
        _, call, path, mode = line.split()
        if call in ("open", "temp"):
            assert mode == "0600", line
        elif call == "mkdir":
            assert mode == "0700", line
        elif call in ("fchmod", "chmod"):
            assert mode in ("0600", "0644"), line
    no_secret_is_open(store)
    for path, mode in own_ca.listing(store.dir).items():
        want = 0o700 if os.path.isdir(store.dir / path) else 0o644 if path.endswith(".crt") else 0o600
        assert mode == want, (path, oct(mode))

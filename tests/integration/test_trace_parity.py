# SPDX-License-Identifier: PostgreSQL
"""Our trace printer beside libpq's PQtrace(): the same sessions, the same bytes, the same lines."""
import glob
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys
import threading

import pytest

import installs

HERE = os.path.dirname(os.path.abspath(__file__))
TRACES = os.path.join(installs.ROOT, "tests/data/traces")
HBA = "host all scramuser 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"


@pytest.fixture(scope="module")
def printer():
    named = os.environ.get("PGSEAL_TRACE_PRINT")
    built = [named] if named else glob.glob(os.path.join(installs.ROOT, "build*/tests/integration/trace_print"))
    if not built:
        pytest.skip("trace_print is not built: run ./dev build with -Dtests=true")
    newest = max(built, key=os.path.getmtime)

    def run(mode, pieces):
        """pieces: [(side, bytes)]; what is printed, as text."""
        data = b"".join(side.encode() + struct.pack("!I", len(p)) + p for side, p in pieces)
        done = subprocess.run([newest, mode], input=data, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape")
    return run


def libpq_prints(install, *args, data=b"", may_miss=False):
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
           "LD_LIBRARY_PATH": os.path.dirname(install.libpq)}
    done = subprocess.run([sys.executable, os.path.join(HERE, "libpq_trace.py"), install.libpq, *args], input=data,
                          capture_output=True, timeout=60, env=env)
    if may_miss and done.returncode == 4:
        pytest.skip("this libpq has no symbol table")
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


class Recorder:
    """Relays one connection and keeps the pieces in the order they travelled."""

    def __init__(self, port):
        self.to, self.pieces = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        front, _ = self.listener.accept()
        with front, socket.create_connection(("127.0.0.1", self.to), timeout=20) as back:
            other = threading.Thread(target=self._pump, args=("B", back, front), daemon=True)
            other.start()
            self._pump("F", front, back)
            other.join(20)

    def _pump(self, side, source, target):
        try:
            while piece := source.recv(65536):
                self.pieces.append((side, piece))
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def finish(self):
        self.thread.join(20)
        self.listener.close()
        return self.pieces


def entries(text):
    """{'F': [...], 'B': [...]}: a message's lines together. The sides are compared each for itself: libpq prints
    an answer when it is parsed, which may be long after it came."""
    out = {"F": [], "B": []}
    side = None
    for line in text.split("\n")[:-1]:
        if re.match(r"[FB]\t\d+\t", line):
            side = line[0]
            out[side].append(line)
        else:
            out[side][-1] += "\n" + line
    return out


def mask(entry):
    """What we never print, as we print it."""
    entry = re.sub(r"^([FB]\t\d+\t(?:PasswordMessage|SASLResponse|AuthenticationSASLFinal)\t) .*", r"\1 ****", entry,
                   flags=re.S)
    return re.sub(r"^(F\t\d+\tSASLInitialResponse\t \"[^\"]*\" -?\d+) .*", r"\1 ****", entry, flags=re.S)


# libpq knows how to print it and does not: it traces authentication where it answers, and this has no answer.
UNTRACED = "B\t8\tAuthenticationOk"


def as_15(entry):
    """The messages that libpq 15 prints otherwise, as both see them: side, length and nothing else."""
    m = re.match(r"([FB]\t\d+\t)(Authentication|Unknown message: |PasswordMessage|SASL|CopyData|StartupMessage|\nmismatched|$)",
                 entry)
    return m.group(1) if m else entry


def both(printer, install, cluster, more):
    recorder = Recorder(cluster.port)
    conninfo = "host=127.0.0.1 port=%d dbname=postgres gssencmode=disable %s" % (recorder.port, more)
    theirs = libpq_prints(install, "session", conninfo)
    return entries(theirs), entries(printer("session", recorder.finish())), recorder.pieces


# conninfo, least number of messages of the backend
SESSIONS = {
    "trust": "user=anyuser sslmode=disable",
    "scram": "user=scramuser password=secret sslmode=disable",
    "refused-tls": "user=anyuser sslmode=prefer",
    "protocol-3.2": "user=anyuser sslmode=disable max_protocol_version=3.2",
}


@pytest.mark.parametrize("server", [15, 18])
@pytest.mark.parametrize("name", SESSIONS)
def test_session__libpq_18__line_for_line(printer, pg18, clusters, server, name):
    cluster = clusters(server)
    cluster.configure(HBA, {"ssl": "off"})
    theirs, ours, pieces = both(printer, pg18, cluster, SESSIONS[name])
    for side in "FB":
        assert [e for e in ours[side] if e != UNTRACED] == [mask(e) for e in theirs[side]]
    assert UNTRACED in ours["B"]
    assert len(ours["F"]) > 60 and len(ours["B"]) > 110
    assert any("PasswordMessage" in e or "SASL" in e for e in ours["F"]) == (name == "scram")
    assert any("SSLResponse" in e for e in ours["B"]) == (name == "refused-tls")
    if os.environ.get("PGSEAL_WRITE_TRACES") and (server, name) == (18, "scram"):
        write_golden(pieces, ours)


def test_session__libpq_15__line_for_line(printer, pg15, clusters):
    cluster = clusters(15)
    cluster.configure(HBA, {"ssl": "off"})
    theirs, ours, _ = both(printer, pg15, cluster, "user=scramuser password=secret sslmode=disable")
    # Authentication requests and COPY data that is read are printed by 18 only.
    silent = re.compile(r"B\t\d+\t(Authentication|CopyData|\n|$)")
    for side in "FB":
        assert [as_15(e) for e in ours[side] if not silent.match(e)] == \
            [as_15(e) for e in theirs[side] if not silent.match(e)]


def rows(path, until=None):
    """[(side, type, body, printed)] of a golden file."""
    out = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines(keepends=True):
        if until and line.startswith("# --- " + until):
            break
        m = re.match(r"([FB]) (\S+) (\S+)$", line)
        if m:
            side, kind, body = m.groups()
            kind = 0 if kind == "-" else ord(kind) if len(kind) == 1 else int(kind[2:], 16)
            out.append([side, kind, b"" if body == "-" else bytes.fromhex(body), ""])
        elif line.startswith("="):
            out[-1][3] += line[1:]
    return out


def test_golden_rows__are_what_libpq_18_prints(pg18):
    wanted = rows(os.path.join(TRACES, "rows.trace"), until="what is masked")
    assert len(wanted) > 80
    data = b"".join(side.encode() + struct.pack("!I", len(body) + 1) + bytes([kind]) + body
                    for side, kind, body, _ in wanted)
    printed = libpq_prints(pg18, "messages", data=data, may_miss=True)
    assert printed == "".join(text for _, _, _, text in wanted)


class Maker:
    """Makes messages at random from the shapes of messages.def."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def text(self):
        return "".join(self.r.choice("abcXYZ 09\"\\'\n\té日あ") for _ in range(self.r.randrange(12))).encode() + b"\0"

    def raw(self):
        return bytes(self.r.randrange(256) for _ in range(self.r.randrange(20)))

    def int16(self):
        return struct.pack("!H", self.r.choice([0, 1, 65535, self.r.randrange(65536)]))

    def int32(self):
        return struct.pack("!I", self.r.choice([0, 1, 2**32 - 1, self.r.randrange(2**32)]))

    def counted(self):
        body = self.raw()
        return struct.pack("!i", -1) if self.r.random() < 0.2 else struct.pack("!i", len(body)) + body

    def words(self, prefix, each):
        return b"".join(prefix + b"".join(self.text() for _ in range(each)) for _ in range(self.r.randrange(4))) + b"\0"

    def fields(self):
        return b"".join(bytes([self.r.choice(b"SVCMDHPpqWstcdnFLR")]) + self.text()
                        for _ in range(self.r.randrange(6))) + b"\0"

    def formats(self):
        n = self.r.randrange(4)
        return struct.pack("!H", n) + b"".join(self.int16() for _ in range(n))

    def group(self, count, shape):
        n = self.r.randrange(5)
        return struct.pack(count, n) + b"".join(self.body(shape) for _ in range(n))

    def body(self, shape):
        one = {"c": lambda: bytes([self.r.randrange(256)]), "h": self.int16, "i": self.int32, "s": self.text,
               "n": self.counted, "b": self.raw, "~": self.raw, "f": self.fields, "w": self.formats,
               "l": lambda: self.words(b"M", 1), "p": lambda: self.words(b"n", 2)}
        out, i = b"", 0
        while i < len(shape):
            if shape[i] in "[{":
                end = shape.index("]" if shape[i] == "[" else "}", i)
                out += self.group("!H" if shape[i] == "[" else "!i", shape[i + 1:end])
                i = end
            else:
                out += one[shape[i]]()
            i += 1
        return out

    def message(self, kind, key, shape):
        if kind in "FB":
            body = self.body(shape)
            # Bytes that the shape does not account for: libpq complains in a second line.
            if not set(shape) & set("bw~") and self.r.random() < 0.1:
                body += self.raw()
            return kind, bytes([ord(key[1])]) + body
        if kind == "AUTH":
            return "B", b"R" + struct.pack("!I", int(key)) + self.body(shape)
        version = int(key) or self.r.choice([196608, 196610, 131072])
        return "F", b"\0" + struct.pack("!I", version) + self.body(shape[2:])


def table():
    """Rows of messages.def that libpq prints whole."""
    text = pathlib.Path(installs.ROOT, "src/core/wire/messages.def").read_text()
    found = re.findall(r'^PGSEAL_ROW\((\w+), (\w+), (.+?), "(.*)"\)', text, re.M)
    return [r for r in found if "*" not in r[3] and r[1] != "REPLY" and r[0] != "Authentication"]


def test_random_messages__are_printed_as_libpq_18_does(printer, pg18):
    seed = int(os.environ.get("PGSEAL_TEST_SEED", random.randrange(2**32)))
    print("PGSEAL_TEST_SEED=%d repeats this" % seed)
    maker = Maker(seed)
    pieces = [maker.message(kind, key, shape) for _ in range(60) for _, kind, key, shape in table()]
    # Every type byte from both sides; 'p' is masked, 'R' needs its number.
    pieces += [(side, bytes([kind]) + bytes(12)) for kind in range(1, 256) for side in "FB" if kind not in b"pR"]
    data = b"".join(side.encode() + struct.pack("!I", len(p)) + p for side, p in pieces)
    theirs = libpq_prints(pg18, "messages", data=data, may_miss=True)
    assert printer("messages", pieces).split("\n") == theirs.split("\n")
    assert len(pieces) > 3000


def write_golden(pieces, ours):
    """tests/data/traces/session.trace, when PGSEAL_WRITE_TRACES is set."""
    streams = {side: b"".join(p for s, p in pieces if s == side) for side in "FB"}
    with open(os.path.join(TRACES, "session.trace"), "w", encoding="utf-8") as f:
        f.write("# SPDX-License-Identifier: PostgreSQL\n"
                "# A session of libpq 18 with PostgreSQL 18, both sides one after the other; the form is that of rows.trace.\n"
                "# Written by tests/integration/test_trace_parity.py with PGSEAL_WRITE_TRACES=1, after libpq's PQtrace() printed\n"
                "# the same.\n")
        for side in "FB":
            f.write("\n# --- %s\n" % side)
            stream, at = streams[side], 0
            for number, entry in enumerate(ours[side]):
                first = side == "F" and number == 0
                head = 0 if first else 1
                n = struct.unpack("!I", stream[at + head:at + head + 4])[0]
                body = stream[at + head + 4:at + head + n]
                kind = "-" if first else chr(stream[at])
                at += head + n
                if len(body) > 2000:
                    continue
                f.write("%s %s %s\n" % (side, kind, body.hex() or "-"))
                f.writelines("=%s\n" % line for line in entry.split("\n"))

# SPDX-License-Identifier: PostgreSQL
"""Reads tests/data/scram.tbl and plays its messages as a server."""
import base64
import dataclasses
import hashlib
import hmac
import os
import re

import fake_auth
from fake_auth import Gone, auth

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "scram.tbl")
PASSWORD = b"secret"
SALT = b"0123456789abcdef"
CODES = {"ok": 0, "krb4": 1, "krb5": 2, "password": 3, "crypt": 4, "scm": 6, "gss": 7, "gsscont": 8, "sspi": 9}


@dataclasses.dataclass
class Row:
    line: int
    settings: list
    tls: bool
    messages: list
    outcome: str
    own: bool


def _mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def keys():
    """{CK} and {SK} of the table."""
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, 4096)
    return {"{CK}": base64.b64encode(_mac(salted, b"Client Key")).decode(),
            "{SK}": base64.b64encode(_mac(salted, b"Server Key")).decode()}


def rows():
    found = []
    with open(TABLE, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            settings, transport, rest = line.split(" | ", 2)
            messages, outcome = rest.split(" -> ", 1)
            own = outcome.startswith("own: ")
            outcome = outcome[5:] if own else outcome
            if outcome.startswith('"'):
                outcome = outcome[1:-1].replace("\\n", "\n")
            words = settings.split()
            found.append(Row(number, [] if words == ["-"] else words, transport.strip() == "tls",
                             re.findall(r"[a-z0-9]+(?:\([^)]*\))?", messages), outcome, own))
    return found


class Player:
    """Sends a row's messages; remembers what the client said."""

    def __init__(self, row):
        self.row, self.nonce, self.bare, self.server_first, self.without = row, b"", b"", b"", b""
        self.waiting = False

    def text(self, template):
        values = {"{N-}": self.nonce[:-1], "{N}": self.nonce, "{S}": base64.b64encode(SALT),
                  "{X}": base64.b64encode(bytes(32))}
        if "{V" in template:
            values["{V}"] = base64.b64encode(self.signature())
            values["{V8}"] = base64.b64encode(self.signature()[:8])
        data = template.encode()
        data = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), data)
        for name, value in values.items():
            data = data.replace(name.encode(), value)
        return data

    def signature(self):
        fields = dict(p.split(b"=", 1) for p in self.server_first.split(b",") if b"=" in p)
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
        covered = self.bare + b"," + self.server_first + b"," + self.without
        return _mac(_mac(salted, b"Server Key"), covered)

    def request(self, word):
        name, _, inside = word.partition("(")
        inside = inside[:-1]
        if name in CODES:
            return auth(CODES[name])
        if name == "md5":
            return auth(5, b"salt")
        if name == "auth":
            return auth(int(inside))
        if name == "long":
            return auth(99, bytes(int(inside) - 4))
        if name == "raw":
            return fake_auth.message(b"R", bytes.fromhex(inside))
        if name == "sasl":
            return auth(10, b"".join(m.encode() + b"\0" for m in inside.split(",") if m) + b"\0")
        data = self.text(inside)
        if name == "cont" and not self.server_first:
            self.server_first = data
        return auth({"cont": 11, "final": 12}[name], data)

    def answer(self, io, name):
        """Reads what the client says to a message that asks for an answer."""
        kind, body = io.typed()
        if kind != b"p":
            raise Gone("no answer")
        if name == "sasl":
            first = body.split(b"\0", 1)[1][4:]
            self.bare = first.split(b",", 2)[2]
            self.nonce = self.bare.split(b"r=", 1)[1]
        elif name == "cont":
            self.without = body.rsplit(b",p=", 1)[0]

    def play(self, io):
        proved = False
        for word in self.row.messages:
            name = word.split("(")[0]
            self.waiting = False
            io.write(self.request(word))
            if name == "ok":
                return True
            if name in ("password", "md5", "sasl", "cont", "final", "raw") and not proved:
                if name == "final" or name == "cont" and self.without:
                    continue  # the last word of an exchange is not answered
                self.answer(io, name)
                self.waiting = True
            proved = False
        if not self.waiting:
            io.typed()
        return False

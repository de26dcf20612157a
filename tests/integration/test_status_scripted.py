# SPDX-License-Identifier: PostgreSQL
"""pgseal status with servers that cannot be had or trusted: every old version, and one that answers what it likes."""
import json
import re
import shlex
import struct
import subprocess

import pytest

import referee
from listener import Listener

# What a server of a version knows: (first major, first without it, words). A query with a word it does not know fails.
SINCE = [(12, None, r"\bclient_dn\b|\bclient_serial\b|pg_stat_gssapi"), (0, 12, r"\bclientdn\b"),
         (9.6, None, r"current_setting\('[a-z_.]+', true\)"), (10, None, r"pg_hba_file_rules"),
         (16, None, r"\bfile_name\b|\brule_number\b"), (9.5, None, r"pg_stat_ssl")]


class Scripted(Listener):
    """Speaks the protocol without TLS, logs everybody in, answers a status's queries from `answers`."""

    def __init__(self, version_num, **answers):
        self.version_num, self.asked = version_num, []
        self.major = version_num // 10000 if version_num >= 100000 else version_num // 10000 + version_num // 100 % 100 / 10
        self.answers = {"session": [str(4711), "10.0.0.5", "4000", "10.0.0.9", "5432", "app", "app", "off",
                                 "f", None, None, None, None, None, None, "4000"],
                        "things": [None, "t", "f", "f", None, None, "t" if self.major >= 10 else "f", "f", "f"],
                        "settings": [["hba_file", "/data/pg_hba.conf", ""], ["ssl", "on", "Enables SSL connections."]],
                        "rules": [["1", None, "host", "all", "all", "all", None, "md5", None, None]]}
        self.answers.update(answers)
        super().__init__()

    def welcome(self, sock):
        return [(self._serve, (sock,))]

    def _serve(self, sock):
        try:
            with sock, sock.makefile("rb") as reader:
                size = struct.unpack("!I", reader.read(4))[0]
                reader.read(size - 4)
                sock.sendall(_message(b"R", struct.pack("!I", 0)) + _message(b"K", struct.pack("!II", 4711, 1)) +
                             _message(b"S", b"server_version\0old\0") + _message(b"Z", b"I"))
                while reader.read(1) == b"Q":
                    body = reader.read(struct.unpack("!I", reader.read(4))[0] - 4)
                    sock.sendall(self._answer(body[:-1].decode()) + _message(b"Z", b"I"))
        except (OSError, struct.error):
            pass

    def _answer(self, sql):
        self.asked.append(sql)
        for first, gone, words in SINCE:
            if re.search(words, sql) and (self.major < first or (gone and self.major >= gone)):
                return _error("no such thing before %s or from %s on: %s" % (first, gone, words))
        return b"".join(_message(b"D", struct.pack("!H", len(row)) + b"".join(_value(v) for v in row))
                        for row in self._rows(sql)) + _message(b"C", b"SELECT 1\0")

    def _rows(self, sql):
        if sql == "show server_version_num":
            return [[str(self.version_num)]]
        for start, name in (("select me.pid", "session"), ("select (select quote_ident", "things")):
            if sql.startswith(start):
                return [self.answers[name]]
        for start, name in (("select name, setting", "settings"), ("select line_number", "rules")):
            if sql.startswith(start):
                return self.answers[name]
        return []


def _message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def _value(text):
    return struct.pack("!i", -1) if text is None else struct.pack("!I", len(text.encode())) + text.encode()


def _error(text):
    return _message(b"E", b"SERROR\0VERROR\0C42703\0M" + text.encode() + b"\0\0")


def status(program, server, home, *args):
    done = subprocess.run([program, "status", *args, "host=127.0.0.1 port=%d user=app dbname=app sslmode=disable"
                           % server.port], capture_output=True, text=True, timeout=20, env=referee.environment(home))
    server.stop()
    return done


@pytest.mark.parametrize("version", [90500, 90524, 90624, 100023, 110022, 120022, 130014, 140000, 150018, 160002, 170000,
                                     180006, 190000])
def test_every_version_is_asked_for_what_it_knows(program, tmp_path, version):
    server = Scripted(version)
    done = status(program, server, str(tmp_path), "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 1 and facts["verdict"] == "agree" and facts["server_end"]["answered"], done.stdout
    assert facts["server_end"]["error"] is None, facts["server_end"]["error"]
    known = {"rules": version >= 100000}
    assert (facts["server_end"]["hba_rules"] is not None) == known["rules"]
    assert facts["plaintext"]["refused"] is False
    number = "%d.%d" % (version // 10000, version % 10000) if version >= 100000 else "9.%d.%d" % (
        version // 100 % 100, version % 100)
    assert facts["server_end"]["product"] == "PostgreSQL " + number
    assert sum(sql.startswith("select me.pid") for sql in server.asked) == 1


def test_cloud_sql_is_known_by_its_settings(program, tmp_path):
    server = Scripted(150000)
    server.answers["things"][8] = "t"
    facts = json.loads(status(program, server, str(tmp_path), "--json").stdout)
    assert facts["server_end"]["product"] == "Cloud SQL for PostgreSQL 15.0"
    assert facts["enforce"][0]["command"] == "gcloud sql instances patch INSTANCE --ssl-mode=ENCRYPTED_ONLY"


def test_before_9_5_there_is_no_view(program, tmp_path):
    done = status(program, Scripted(90426), str(tmp_path), "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 1 and facts["verdict"] == "cannot_tell"
    assert "pg_stat_ssl" in facts["server_end"]["error"] and "STATUS_ONE_END" in {f["id"] for f in facts["findings"]}


def test_what_a_server_says_commands_neither_terminal_nor_shell(program, tmp_path):
    evil = "/data/'; touch /tmp/owned; '\n\x1b]0;owned\x07"
    server = Scripted(150000, settings=[["hba_file", evil, "\x1b[31m"], ["ssl", "on\x1b[2J", "x\ny"]],
                      rules=[["1", None, "host", "all\x1b[2J", "all", "all", None, "md5", None, None]])
    server.answers["session"][5] = 'app"; drop table x; --'
    done = status(program, server, str(tmp_path), "--all")
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout and done.returncode == 1
    line = next(line.strip() for line in done.stdout.split("\n") if line.strip().startswith("HBA="))
    assert shlex.split(line) == ["HBA=/data/'; touch /tmp/owned; '\\x0a\\x1b]0;owned\\x07"]


@pytest.mark.parametrize("answers", [{"session": []}, {"session": ["1"]}, {"session": ["x"] * 16}, {"session": [None] * 16},
                                     {"things": []}, {"things": ["x"] * 9}, {"settings": [[]]}, {"rules": [["1"]]},
                                     {"rules": [[None] * 10]}, {"settings": [[None] * 3]}])
def test_rows_of_another_shape_prove_nothing(program, tmp_path, answers):
    done = status(program, Scripted(150000, **answers), str(tmp_path), "--json")
    facts = json.loads(done.stdout)
    different = [p["point"] for p in facts["compared"] if p["weight"] == "proof" and p["match"] == "different"]
    # "x" is no number: a backend 0 is not compared, and nothing else contradicts what we know.
    assert done.returncode == 1 and not different and facts["verdict"] != "disagree"
    if "session" in answers:
        assert facts["verdict"] == "cannot_tell"


class Leaving(Scripted):
    """Closes instead of answering the question the verdict rests on."""

    def _rows(self, sql):
        if sql.startswith("select me.pid"):
            raise OSError("left")
        return super()._rows(sql)


def test_a_server_that_leaves_is_not_reached(program, tmp_path):
    done = status(program, Leaving(150000), str(tmp_path))
    assert done.returncode == 3 and done.stdout == "" and "code: CLOSED" in done.stderr

# SPDX-License-Identifier: PostgreSQL
"""Lets a libpq print: a program of its own, because two libpqs or OpenSSLs in one process do not mix.

libpq_trace.py LIBPQ session CONNINFO    plays a session with PQtrace() on from its first byte; prints the trace
libpq_trace.py LIBPQ messages            prints the messages on stdin (trace_print.c's form) by libpq's own
                                         pqTraceOutputMessage(), found by the library's symbol table; exit code 4
                                         when it has none
"""
import ctypes
import os
import select
import struct
import subprocess
import sys
import tempfile
import time

CONNECTION_OK, CONNECTION_BAD = 0, 1
POLL_FAILED, POLL_READING, POLL_WRITING, POLL_OK = 0, 1, 2, 3
SUPPRESS_TIMESTAMPS = 1
COPY_OUT, COPY_IN, PIPELINE_SYNC = 3, 4, 10


class Libpq:
    def __init__(self, path):
        self.path, self.lib, self.libc = path, ctypes.CDLL(path), ctypes.CDLL(None)
        for name in ("PQconnectStart", "PQexec", "PQexecParams", "PQprepare", "PQexecPrepared", "PQdescribePrepared",
                     "PQdescribePortal", "PQgetResult", "PQfn", "PQerrorMessage", "PQnotifies"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.libc.fopen.restype = ctypes.c_void_p
        for name in ("fflush", "rewind", "fileno"):
            getattr(self.libc, name).argtypes = [ctypes.c_void_p]
        self.libc.ftruncate.argtypes = [ctypes.c_int, ctypes.c_long]

    def has(self, name):
        return hasattr(self.lib, name)

    def start(self, conninfo, trace):
        self.conn = ctypes.c_void_p(self.lib.PQconnectStart(conninfo.encode()))
        self.file = ctypes.c_void_p(self.libc.fopen(trace.encode(), b"w+"))
        self.lib.PQtrace(self.conn, self.file)
        self.lib.PQsetTraceFlags(self.conn, SUPPRESS_TIMESTAMPS)

    def call(self, name, *args):
        return getattr(self.lib, name)(self.conn, *args)

    def clear(self, result):
        self.lib.PQclear(ctypes.c_void_p(result))


def connect(pq):
    deadline = time.monotonic() + 15
    state = POLL_WRITING
    while state != POLL_OK:
        fd = pq.call("PQsocket")
        reading = [fd] if state == POLL_READING else []
        select.select(reading, [] if reading else [fd], [], max(0, deadline - time.monotonic()))
        state = pq.call("PQconnectPoll")
        if state == POLL_FAILED or time.monotonic() > deadline:
            message = ctypes.string_at(pq.call("PQerrorMessage"))
            sys.exit("no connection: " + message.decode(errors="replace"))


def strings(*values):
    return (ctypes.c_char_p * len(values))(*values)


def drain(pq):
    """All results until NULL; what a pipeline or a COPY leaves."""
    while True:
        result = pq.call("PQgetResult")
        if not result:
            return
        pq.clear(result)


def simple(pq):
    for sql in (b"select 1, null, 'x', '\xe6\x97\xa5\xe6\x9c\xac'::text", b"",
                b"select\n\t1/0 -- two lines", b"select * from no_such_table",
                b"do $$begin raise notice 'one\ntwo' using hint = 'three'; end$$",
                b"set application_name = 'trace'", b"begin", b"select generate_series(1, 3)", b"rollback",
                b"create temp table t (a int, b text)", b"insert into t values (1, 'x'), (2, null)",
                b"listen channel", b"notify channel, 'payload'",
                b"select repeat('y', 20000)", b"select a, b, 1.5::numeric(6,2), 'z'::char(3) from t"):
        pq.clear(pq.call("PQexec", sql))
    notify = pq.call("PQnotifies")
    assert notify
    pq.lib.PQfreemem(ctypes.c_void_p(notify))


def extended(pq):
    types = (ctypes.c_uint * 2)(23, 25)
    lengths, formats = (ctypes.c_int * 2)(4, 0), (ctypes.c_int * 2)(1, 0)
    binary = b"\0\0\0\x07"
    for result_format in (0, 1):
        pq.clear(pq.call("PQexecParams", b"select $1::int + 1, $2", 2, types, strings(binary, None), lengths, formats,
                         result_format))
    pq.clear(pq.call("PQprepare", b"s1", b"select $1::text where $1 <> ''", 1, types))
    pq.clear(pq.call("PQdescribePrepared", b"s1"))
    pq.clear(pq.call("PQexecPrepared", b"s1", 1, strings(b"it's"), None, None, 0))
    pq.clear(pq.call("PQexecPrepared", b"no such", 0, None, None, None, 0))
    pq.clear(pq.call("PQexec", b"begin; declare c cursor for select 1"))
    pq.clear(pq.call("PQdescribePortal", b"c"))
    pq.clear(pq.call("PQexec", b"commit"))
    pq.clear(pq.call("PQprepare", b"s2", b"create temp table n ()", 0, None))
    pq.clear(pq.call("PQdescribePrepared", b"s2"))
    if pq.has("PQclosePrepared"):
        pq.lib.PQclosePrepared.restype = ctypes.c_void_p
        pq.clear(pq.call("PQclosePrepared", b"s2"))


def copy(pq):
    pq.clear(pq.call("PQexec", b"copy t to stdout"))
    line = ctypes.c_void_p()
    while pq.call("PQgetCopyData", ctypes.byref(line), 0) > 0:
        pq.lib.PQfreemem(line)
    drain(pq)
    for error in (None, b"out of paper"):
        pq.clear(pq.call("PQexec", b"copy t from stdin"))
        pq.call("PQputCopyData", b"3\tthree\n", 8)
        pq.call("PQputCopyEnd", error)
        drain(pq)


def function_call(pq):
    class Arg(ctypes.Structure):
        class Value(ctypes.Union):
            _fields_ = [("ptr", ctypes.c_void_p), ("integer", ctypes.c_int)]
        _fields_ = [("len", ctypes.c_int), ("isint", ctypes.c_int), ("u", Value)]
    args = (Arg * 2)()
    for i, value in enumerate((40, 2)):
        args[i].len, args[i].isint, args[i].u.integer = 4, 1, value
    result, length = ctypes.c_int(), ctypes.c_int()
    int4pl = 177
    pq.clear(pq.call("PQfn", int4pl, ctypes.byref(result), ctypes.byref(length), 1, args, 2))
    assert result.value == 42


def pipeline(pq):
    pq.call("PQenterPipelineMode")
    for sql in (b"select 1", b"select 1/0", b"select 2"):
        pq.call("PQsendQueryParams", sql, 0, None, None, None, None, 0)
    pq.call("PQsendFlushRequest")
    pq.call("PQpipelineSync")
    while True:
        result = pq.call("PQgetResult")
        if result:
            status = pq.lib.PQresultStatus(ctypes.c_void_p(result))
            pq.clear(result)
            if status == PIPELINE_SYNC:
                break
    drain(pq)
    pq.call("PQexitPipelineMode")


def session(pq, conninfo):
    trace = tempfile.NamedTemporaryFile(suffix=".trace")
    quiet = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)(lambda ctx, text: None)
    pq.start(conninfo, trace.name)
    pq.call("PQsetNoticeProcessor", quiet, None)
    connect(pq)
    for part in (simple, extended, copy, pipeline):
        part(pq)
    # libpq 15 forgets to trace the ReadyForQuery that ends PQfn().
    if pq.lib.PQlibVersion() >= 180000:
        function_call(pq)
    pq.call("PQfinish")
    pq.libc.fflush(pq.file)
    sys.stdout.buffer.write(open(trace.name, "rb").read())


def messages(pq):
    table = subprocess.run(["nm", pq.path], capture_output=True, text=True, timeout=30).stdout.split("\n")
    at = {line.split()[2]: int(line.split()[0], 16) for line in table if len(line.split()) == 3}
    if "pqTraceOutputMessage" not in at or "PQtrace" not in at:
        sys.exit(4)
    base = ctypes.cast(pq.lib.PQtrace, ctypes.c_void_p).value - at["PQtrace"]
    typed = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_bool)(
        base + at["pqTraceOutputMessage"])
    untyped = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(base + at["pqTraceOutputNoTypeByteMessage"])
    trace = tempfile.NamedTemporaryFile(suffix=".trace")
    pq.start("this is no connection string", trace.name)
    stdin = sys.stdin.buffer
    while True:
        head = stdin.read(5)
        if len(head) < 5:
            break
        body = stdin.read(struct.unpack("!I", head[1:])[0])
        raw = struct.pack("!I", len(body) + 3) + body[1:] + bytes(64)
        if body[0]:
            typed(pq.conn, ctypes.create_string_buffer(body[:1] + raw), head[:1] == b"F")
        else:
            untyped(pq.conn, ctypes.create_string_buffer(raw))
    pq.libc.fflush(pq.file)
    sys.stdout.buffer.write(open(trace.name, "rb").read())
    sys.stdout.flush()
    os._exit(0)


def main():
    pq = Libpq(sys.argv[1])
    if sys.argv[2] == "session":
        session(pq, sys.argv[3])
    else:
        messages(pq)


if __name__ == "__main__":
    main()

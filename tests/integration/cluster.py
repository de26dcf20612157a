# SPDX-License-Identifier: PostgreSQL
"""A throw-away PostgreSQL server: own directory and user, free port, loopback only, reconfigured by reload."""
import hashlib
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import time

CONF = """
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = '{dir}'
fsync = off
max_connections = 40
shared_buffers = 8MB
dynamic_shared_memory_type = mmap
autovacuum = off
max_wal_senders = 0
wal_level = minimal
log_connections = on
log_line_prefix = 'PORT=%r '
lc_messages = 'C'
timezone = 'UTC'
include = 'test.conf'
"""
# Everybody the tests log in as. The superuser comes through the Unix socket.
ROLES = """
create role anyuser login; create role ssluser login; create role nossluser login;
create role certuser login; create role nouser login;
create role scramuser login password 'secret';
create role badpw login password 'secret'; create role nopw login password 'secret';
create role pwuser login password 'secret';
create role md5user login password '{md5}';
""".format(md5="md5" + hashlib.md5(b"secretmd5user").hexdigest())


def unprivileged():
    """The name of the user a server may run as, None if we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise RuntimeError("root cannot run PostgreSQL and there is neither a user postgres nor nobody")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """start(), then configure() as often as wanted, stop() at the end."""

    def __init__(self, install, directory, listen="127.0.0.1", env=None):
        self.install, self.dir, self.listen = install, directory, listen
        self.data = os.path.join(directory, "data")
        self.log = os.path.join(directory, "log")
        self.port = free_port()
        self.user = unprivileged()
        self.env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.env.update(env or {})
        self.process, self.current, self.loaded = None, None, None

    def _command(self, *args):
        if self.user is None:
            return list(args)
        ids = pwd.getpwnam(self.user)
        return ["setpriv", "--reuid=%d" % ids.pw_uid, "--regid=%d" % ids.pw_gid, "--clear-groups",
                "--", *args]

    def _give(self, path):
        if self.user is not None:
            ids = pwd.getpwnam(self.user)
            os.chown(path, ids.pw_uid, ids.pw_gid)

    def start(self):
        try:
            return self._start()
        except BaseException:  # a test's time limit included: the next one begins anew
            self.stop()
            raise

    def _start(self):
        os.makedirs(self.dir, mode=0o755)
        self._give(self.dir)
        subprocess.run(self._command(self.install.program("initdb"), "-D", self.data, "-U", "postgres",
                                     "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
                                     "--no-instructions"),
                       check=True, capture_output=True, timeout=120, env=self.env, cwd=self.dir)
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write(CONF.format(listen=self.listen, port=self.port, dir=self.dir))
            if self.install.major >= 17:
                f.write("trace_connection_negotiation = on\n")
        self._write({}, "")
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.process = subprocess.Popen(self._command(self.install.program("postgres"), "-D", self.data),
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env,
                                        cwd=self.dir)
        os.close(log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.sql("select 1")
                break
            except (OSError, RuntimeError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError("PostgreSQL %d did not start:\n%s"
                                       % (self.install.major, open(self.log).read()[-2000:])) from None
                time.sleep(0.02)
        for statement in ROLES.strip().split(";"):
            if statement.strip():
                self.sql(statement)
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(20)
        shutil.rmtree(self.dir, ignore_errors=True)

    def _write(self, settings, hba):
        path = os.path.join(self.data, "test.conf")
        with open(path, "w") as f:
            for name, value in settings.items():
                f.write("%s = '%s'\n" % (name, value))
        self._give(path)
        path = os.path.join(self.data, "pg_hba.conf")
        with open(path, "w") as f:
            f.write("local all postgres trust\n" + hba)
        self._give(path)

    def install_file(self, source, name):
        """Copies a file to where the server may read it; the name it has there."""
        path = os.path.join(self.data, name)
        shutil.copyfile(source, path)
        os.chmod(path, 0o600)
        self._give(path)
        return name

    def configure(self, hba, settings, files=()):
        """Gives the server these settings, pg_hba lines and files [(source, name)]; waits until it uses them."""
        wanted = (hba, tuple(sorted(settings.items())), tuple(files))
        if wanted == self.current:
            return
        for source, name in files:
            self.install_file(source, name)
        before = self.sql("select pg_conf_load_time()")
        mark = os.path.getsize(self.log)
        self._write(settings, hba)
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while self.sql("select pg_conf_load_time()") == before:
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not reload")
            time.sleep(0.005)
        with open(self.log) as f:
            f.seek(mark)
            news = f.read()
        for sign in ("was not reloaded", "could not load", "contains errors", "was not applied"):
            if sign in news:
                raise RuntimeError("PostgreSQL %d refused its new configuration:\n%s"
                                   % (self.install.major, news))
        self.current = wanted

    def read_log(self, mark=0):
        with open(self.log, errors="replace") as f:
            f.seek(mark)
            return f.read()

    def log_size(self):
        return os.path.getsize(self.log)

    def sql(self, statement, user="postgres", database="postgres"):
        """Runs one statement through the Unix socket; the first column of the first row, or None."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(os.path.join(self.dir, ".s.PGSQL.%d" % self.port))
            body = struct.pack("!I", 196608) + ("user\0%s\0database\0%s\0\0" % (user, database)).encode()
            s.sendall(struct.pack("!I", len(body) + 4) + body)
            reader = s.makefile("rb")
            _until_ready(reader)
            s.sendall(b"Q" + struct.pack("!I", len(statement.encode()) + 5) + statement.encode() + b"\0")
            value = _until_ready(reader)
            s.sendall(b"X\0\0\0\4")
            return value


def _until_ready(reader):
    value = error = None
    while True:
        head = reader.read(5)
        if len(head) < 5:
            raise RuntimeError(error or "the server closed the connection")
        body = reader.read(struct.unpack("!I", head[1:])[0] - 4)
        if head[:1] == b"D" and value is None:
            length = struct.unpack("!i", body[2:6])[0]
            value = None if length < 0 else body[6:6 + length].decode()
        elif head[:1] == b"E":
            error = body.replace(b"\0", b" ").decode(errors="replace")
        elif head[:1] == b"Z":
            if error:
                raise RuntimeError(error)
            return value

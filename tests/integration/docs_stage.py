# SPDX-License-Identifier: PostgreSQL
"""What the commands in the pages find around them: files, names, a server; docs/design/docs-are-tested.md says it."""
import os
import pathlib
import re
import shutil
import subprocess

import pki as pki_module
from pki import pem_key

# Pages speak of these; the certificates are minted for the name on the right.
HOST_IN_PAGES, PORT_IN_PAGES, HOME_IN_PAGES = "db1.example.com", "5432", "/home/you"
pki_module.CLIENTS.setdefault("app", dict(cn="app"))

AUTH = {"scram": "scram-sha-256", "md5": "md5", "password": "password", "trust": "trust", "cert": "cert", "reject": "reject"}
# tls= -> pg_hba lines for {auth}, settings
TLS = {
    "on": ("hostssl all all all {auth}\nhostnossl all all all {plain}\n", {"ssl": "on"}),
    "only": ("hostssl all all all {auth}\n", {"ssl": "on"}),
    "off": ("host all all all {plain}\n", {"ssl": "off"}),
    "v1.2": ("hostssl all all all {auth}\nhostnossl all all all {plain}\n",
             {"ssl": "on", "ssl_max_protocol_version": "TLSv1.2"}),
}
# Files of authorities that are called as those of RDS are.
RDS_FILES = {"rds-all.pem": ["rds2048", "rds4096", "rds384"], "rds-one.pem": ["rds2048"], "amazon.pem": ["acm"],
             "rds-with-intermediate.pem": ["rds2048", "rds4096", "rds384", "rdssub"]}
BLOCK = re.compile(r"^(?:<!-- stage:(?P<stage>[^\n]*)-->\n)?```console\n(?P<body>.*?)^```$", re.M | re.S)


class Command:
    """One `$` of a block: what to type, the lines it must print, its exit code."""

    def __init__(self, text):
        self.text, self.expected, self.code = text, [], 0

    def finish(self):
        if self.expected and re.fullmatch(r"\[\d+\]", self.expected[-1]):
            self.code = int(self.expected.pop()[1:-1])
        return self

    def matches(self, lines):
        """Do these output lines fit? `...` stands for any lines, or inside a line for any text."""
        pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else
                          ".*".join(re.escape(part) for part in line.split("...")) + "\n" for line in self.expected)
        return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


def parse_block(body):
    """The commands of a console block."""
    commands = []
    for line in body.split("\n")[:-1]:
        if line.startswith("$ "):
            commands.append(Command(line[2:]))
        elif line.startswith("> ") and not commands[-1].expected:
            commands[-1].text += "\n" + line[2:]
        else:
            commands[-1].expected.append(line)
    return [c.finish() for c in commands]


def options(stage):
    """{option: value} of a stage comment, or None when no server is wanted."""
    words = (stage or "").split()
    return dict(w.split("=", 1) for w in words[1:]) if words[:1] == ["server"] else None


class Stage:
    """Prepared once; run() gives each block its own directory."""

    def __init__(self, directory, pki, files, clusters, program):
        self.dir = pathlib.Path(directory)
        self.pki, self.files, self.clusters, self.program = pki, files, clusters, program
        self.dir.mkdir(exist_ok=True)
        self.count, self.role = 0, None

    def _copy_files(self, where):
        roots, crls = self.files.roots, self.files.crls
        names = {"root.pem": roots["good"], "intermediate.pem": roots["sub"], "other-root.pem": roots["other"],
                 "ec-root.pem": roots["ecroot"], "server.pem": roots["selfsigned"],
                 "same-name-root.pem": roots["imposter"], "empty.pem": roots["empty"], "text.pem": roots["text"],
                 "broken.pem": roots["badder"], "html.pem": roots["html"], "root.crl": crls["good"],
                 "revoked.crl": crls["leafrevoked"], "expired.crl": crls["expired"], "future.crl": crls["future"]}
        for name, source in names.items():
            shutil.copyfile(source, where / name)
        for name, authorities in RDS_FILES.items():
            (where / name).write_text("".join(self.pki.pem(ca) for ca in authorities))
        key = self.pki.key(self.pki.leaf_key("app", True))
        (where / "client.pem").write_bytes(pki_module.pem_of(self.pki.leaf("app", True)))
        for name, mode, data in (("client.key", 0o600, pem_key(key)), ("client-open.key", 0o644, pem_key(key)),
                                 ("client-encrypted.key", 0o600, pem_key(key, "secret")),
                                 ("other-client.key", 0o600, pem_key(self.pki.key("p256-b")))):
            (where / name).write_bytes(data)
            (where / name).chmod(mode)

    def _server(self, opts):
        """A running server with these options; its port."""
        cluster = self.clusters(15)
        auth = opts.get("auth", "scram")
        if self.role is None:
            cluster.sql("create role app login")
            cluster.sql("create database app owner app")
        stored = "md5" if auth == "md5" else "scram-sha-256"
        if self.role != stored:
            cluster.sql(f"set password_encryption = '{stored}'; alter role app password 'secret'")
            self.role = stored
        hba, settings = TLS[opts.get("tls", "on")]
        settings = dict(settings)
        files = []
        if settings["ssl"] == "on":
            cert = opts.get("cert", "good")
            chain, key = self.pki.server(cert)
            ca = self.pki.write("docs-clientroot.pem", self.pki.pem("clientroot"))
            files = [(chain, f"docs-{cert}.crt"), (key, f"docs-{cert}.key"), (ca, "docs-clientroot.pem")]
            settings.update(ssl_cert_file=f"docs-{cert}.crt", ssl_key_file=f"docs-{cert}.key",
                            ssl_ca_file="docs-clientroot.pem")
        # "cert" needs TLS; a plain line beside it asks for the password.
        plain = "scram-sha-256" if auth == "cert" else AUTH[auth]
        cluster.configure(hba.format(auth=AUTH[auth], plain=plain), settings, files)
        return cluster.port

    def run(self, stage, commands):
        """[(command, output lines, exit code)] as a page would show them."""
        self.count += 1
        where, home = self.dir / f"block{self.count}", self.dir / f"home{self.count}"
        where.mkdir()
        home.mkdir()
        self._copy_files(where)
        opts = options(stage)
        env = {"PATH": f"{os.path.dirname(self.program)}:/usr/bin:/bin", "HOME": str(home), "TZ": "UTC",
               "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
               "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}
        port = None
        if opts is not None:
            port = self._server(opts)
            env.update(PGHOSTADDR="127.0.0.1", PGPORT=str(port), PGUSER="app", PGPASSWORD="secret", PGDATABASE="app")
        results = []
        for command in commands:
            typed = command.text.replace(HOST_IN_PAGES, pki_module.HOST).replace(HOME_IN_PAGES, str(home))
            done = subprocess.run(["bash", "-c", typed], cwd=where, env=env, stdin=subprocess.DEVNULL, timeout=25,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            out = done.stdout.decode("utf-8", "replace").replace(pki_module.HOST, HOST_IN_PAGES)
            out = out.replace(str(home), HOME_IN_PAGES)
            if port is not None:
                out = re.sub(rf"\b{port}\b", PORT_IN_PAGES, out)
            results.append((command, out.splitlines(), done.returncode))
        return results

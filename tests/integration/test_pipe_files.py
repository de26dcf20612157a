# SPDX-License-Identifier: PostgreSQL
"""Files that are pipes: a shell's <(command) is read like a file, and one nobody writes to does not hang."""
import os
import subprocess
import time

import referee
from pki import HOST


def connect(program, cluster, env, root):
    text = ("host=%s hostaddr=127.0.0.1 port=%d user=anyuser dbname=postgres sslmode=verify-full sslrootcert="
            % (HOST, cluster.port))
    return subprocess.run(["bash", "-c", '"$0" connect "$1"%s -At -c "select 8"' % root, program, text], env=env,
                          capture_output=True, text=True, timeout=25)


def test_root_certificates_from_a_pipe(program, clusters, files, pki, home, tmp_path):
    cluster = clusters(15)
    cert, key = pki.server("good")
    cluster.configure("host all anyuser 127.0.0.1/32 trust\n",
                      {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key"},
                      [(cert, "good.crt"), (key, "good.key")])
    env = referee.environment(home)
    done = connect(program, cluster, env, "<(sleep 0.3; cat %s)" % files.roots["good"])
    assert (done.returncode, done.stdout) == (0, "8\n"), done.stderr
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    began = time.monotonic()
    done = connect(program, cluster, env, str(fifo))
    assert done.returncode == 2 and "no certificate or crl found" in done.stderr, done.stderr
    assert time.monotonic() - began < 20

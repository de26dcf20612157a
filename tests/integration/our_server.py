# SPDX-License-Identifier: PostgreSQL
"""Our own server role on a socket (nego_server.c), with the face of the fake server."""
import glob
import os
import subprocess

import nego_table
from installs import ROOT


def program():
    """The newest build of it, or None."""
    built = glob.glob(os.path.join(ROOT, "build*", "tests", "integration", "nego_server"))
    return max(built, key=os.path.getmtime) if built else None


class OurServer:
    def __init__(self, path, cert, key):
        self.child = subprocess.Popen([path, cert, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())

    def _say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def behave(self, server, user):
        self._say("behave %d %d" % (nego_table.WORDS["server"].index(server), nego_table.WORDS["user"].index(user)))

    def events(self):
        self._say("take")
        return self.child.stdout.readline().split()

    def stop(self):
        self.child.stdin.close()
        self.child.wait(timeout=15)
        self.child.stdout.close()

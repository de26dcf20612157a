# SPDX-License-Identifier: PostgreSQL
"""Reads tests/data/nego.tbl."""
import itertools
import os
import re

from installs import ROOT

PATH = os.path.join(ROOT, "tests", "data", "nego.tbl")
WORDS = {
    "user": "anyuser ssluser nossluser nouser badpw nopw baddb starting".split(),
    "root": "none good wrong othername".split(),
    "sslmode": "disable allow prefer require verify-ca verify-full".split(),
    "sslnegotiation": "postgres direct".split(),
    "server": "ssl old nossl noalpn tlsfail error garbage eof stuffed".split(),
}
EVENTS = set("""connect reconnect sslrequest sslaccept sslreject sslerror sslgarbage sslstuffed directssl tlsok
    tlsfail startup-plain startup-tls authask authok authfail backenderror eof""".split())


class Row:
    """One line: cases() are its combinations, matches() compares a trace."""

    def __init__(self, line, number):
        left, right = line.split("|")
        events, self.outcome = (part.strip() for part in right.split("->"))
        self.number = number
        self.events = [] if events == "-" else [e.strip() for e in events.split(",")]
        fields = left.split()
        assert len(fields) == len(WORDS), "nego.tbl:%d: %d columns" % (number, len(fields))
        self.columns = []
        for (name, words), field in zip(WORDS.items(), fields):
            chosen = words if field == "*" else field.split(",")
            assert set(chosen) <= set(words), "nego.tbl:%d: %s %s" % (number, name, field)
            self.columns.append(chosen)
        assert {e.strip("[]") for e in self.events} <= EVENTS, "nego.tbl:%d: events" % number
        assert self.outcome in ("plain", "ssl", "fail"), "nego.tbl:%d: outcome" % number

    def cases(self):
        for values in itertools.product(*self.columns):
            yield dict(zip(WORDS, values))

    def matches(self, trace):
        pattern = "".join("(?:%s,)?" % re.escape(e[1:-1]) if e[0] == "[" else re.escape(e) + ","
                          for e in self.events)
        return re.fullmatch(pattern, "".join(e + "," for e in trace)) is not None


def rows():
    with open(PATH) as f:
        return [Row(line, n) for n, line in enumerate(f, 1) if line.strip() and line[0] != "#"]

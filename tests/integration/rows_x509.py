# SPDX-License-Identifier: PostgreSQL
"""Parity rows: chains, root files, revocation and names, on PostgreSQL 15 with the certificate in question."""
import name_rules
from parity import Pg, row
from pki import HOST, LEAVES

STRICT = ("verify-ca", "verify-full")
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

# certificate: does its chain verify with its own root?
CHAINS = {
    "good": True, "ec": True, "ed25519": True, "edkey": True, "sha384": True, "sha512": True, "rsapss": True,
    "byroot": True, "withroot": True, "noeku": True, "anyeku": False,
    "nochain": False, "wrongchain": False, "expired": False, "future": False, "expiredsub": False,
    "futuresub": False, "sha1": False, "sha1sub": False, "weakkey": False, "weaksub": False, "notca": False,
    "pathlen": False, "nokeysign": False, "constrained": False, "clientonly": False, "critical": False,
    "oldroot": False, "selfsigned": False,
}
ROOT_OF = {"ec": "ecroot", "ed25519": "edroot", "oldroot": "oldroot"}
# sslrootcert file: usable (the chain of "good" verifies), other (readable, but does not), bad (cannot be read)
ROOTS = {
    "good": "usable", "bundle": "usable", "both": "usable", "rootsub": "usable", "comments": "usable",
    "crlf": "usable", "trusted": "usable", "withkey": "usable", "withcrl": "usable", "twice": "usable",
    "ecroot": "other", "edroot": "other", "other": "other", "imposter": "other", "sub": "other", "leaf": "other",
    "selfsigned": "other", "oldroot": "other", "distrusted": "other",
    "indented": "bad", "empty": "bad", "text": "bad", "html": "bad", "der": "bad", "keyonly": "bad",
    "crlonly": "other", "badbase64": "bad", "badder": "bad", "truncated": "bad", "noend": "bad",
    "secondbroken": "bad", "directory": "bad",
}


def chains():
    for cert, good in CHAINS.items():
        root = ROOT_OF.get(cert, "good")
        for mode in ("require",) + STRICT:
            yield row("chain-%s-%s" % (cert, mode), Pg(cert=cert), "verified" if good else "verify-failed",
                      sslmode=mode, root=root)
        yield row("chain-%s-noroot" % cert, Pg(cert=cert), "tls", sslmode="require")
        for mode in ("prefer", "allow"):
            want = "plain" if mode == "allow" or not good else "verified"
            yield row("chain-%s-%s" % (cert, mode), Pg(cert=cert), want, sslmode=mode, root=root)
    for root in ("selfsigned", "good"):
        yield row("chain-selfsigned-by-%s" % root, Pg(cert="selfsigned"),
                  "verified" if root == "selfsigned" else "verify-failed", sslmode="verify-full", root=root)


def roots():
    for root, kind in ROOTS.items():
        for mode in MODES:
            if mode in ("disable", "allow"):
                want = "plain"
            elif kind == "usable":
                want = "verified"
            elif mode == "prefer":
                want = "plain"
            else:
                want = "verify-failed" if kind == "other" else "root-bad"
            yield row("root-%s-%s" % (root, mode), Pg(), want, sslmode=mode, root=root)
    for mode in MODES:
        want = {"disable": "plain", "allow": "plain", "prefer": "tls", "require": "tls"}.get(mode, "root-missing")
        yield row("root-missing-%s" % mode, Pg(), want, sslmode=mode, root="missing")
        yield row("root-none-%s" % mode, Pg(), want, sslmode=mode)
        yield row("root-empty-word-%s" % mode, Pg(), want, sslmode=mode, sslrootcert="")


# CRL file: None (not there or unusable: no check at all), True (verifies), False (fails)
CRLS = {"good": True, "leafrevoked": False, "subrevoked": False, "subonly": False, "rootonly": False,
        "foreign": False, "expired": False, "future": False, "withroot": True, "empty": None, "text": None,
        "missing": None}
CRLDIRS = {"good": True, "leafrevoked": False, "subonly": False, "rootonly": False, "withroot": True,
           "empty": False, "missing": False}


def revocation():
    def want(ok, mode):
        if mode == "allow" or not ok and mode == "prefer":
            return "plain"
        return "verified" if ok else "verify-failed"

    def judged(ok, mode):
        w = want(ok, mode)
        return dict(want=w, cls="revocation" if w == "verify-failed" else "")

    for crl, ok in CRLS.items():
        for mode in ("prefer", "require") + STRICT:
            yield row("crl-%s-%s" % (crl, mode), Pg(), sslmode=mode, root="good", crl=crl,
                      **judged(ok in (True, None), mode))
    for crl, ok in CRLDIRS.items():
        for mode in ("prefer", "require") + STRICT:
            yield row("crldir-%s-%s" % (crl, mode), Pg(), sslmode=mode, root="good", crldir=crl, **judged(ok, mode))
    # both: an unusable file drops the directory too
    for crl in ("good", "leafrevoked", "subonly", "rootonly", "text", "missing"):
        for crldir in ("good", "leafrevoked", "subonly", "rootonly", "missing"):
            if CRLS[crl] is None:
                ok = True
            elif "leafrevoked" in (crl, crldir):
                # an issuer's CRL from the file hides the one in the directory
                ok = crl in ("good", "subonly")
            else:
                ok = CRLS[crl] or CRLDIRS[crldir] or {crl, crldir} == {"subonly", "rootonly"}
            yield row("crlboth-%s-%s" % (crl, crldir), Pg(), sslmode="verify-ca", root="good", crl=crl,
                      crldir=crldir, **judged(ok, "verify-ca"))
    # CRLs are not looked at without a root; they can bring a root along
    yield row("crl-noroot", Pg(), "tls", sslmode="require", crl="leafrevoked")
    for root in ("other", "sub"):
        for kind in ("crl", "crldir"):
            yield row("crl-brings-root-%s-%s" % (kind, root), Pg(), "verified", sslmode="verify-full", root=root,
                      **{kind: "withroot"})
    for mode in ("require", "verify-full"):
        yield row("crl-default-%s" % mode, Pg(), "verify-failed", cls="revocation", sslmode=mode, root="good",
                  files=[("{home}/.postgresql/root.crl", "{crltext:leafrevoked}", 0o644)])



HOSTS = {
    "host": HOST, "upper": HOST.upper(), "dot": HOST + ".", "short": HOST.split(".")[0], "other": "elsewhere.test",
    "deep": "a." + HOST, "localhost": "localhost", "ip": "127.0.0.1", "ip3": "127.0.1", "ipint": "2130706433",
    "iphex": "0x7f.0.0.1", "ip6": "::1", "ipother": "127.0.0.2",
}
NAMES = ("cn", "cncase", "cnwild", "cntwo", "cnother", "cnip", "nocn", "cnnul", "cnbmp", "san", "sanother", "santwo",
         "santhree", "sanlast", "sanwild", "sanpart", "sanmid", "sandeep", "sanstar", "santld", "sannul", "sandot",
         "sanempty", "sanip", "sanipother", "sanip6", "sanmapped", "sanipbad", "sanipdns", "sanwildip", "sanmail",
         "sanuri", "sanlong", "good")


def names():
    for cert in NAMES:
        for kind, host in HOSTS.items():
            if kind in ("short", "deep", "ip3", "iphex", "ipother") and cert not in NARROW.get(kind, ()):
                continue
            yield row("name-%s-%s" % (cert, kind), Pg(cert=cert), name_rules.expected(LEAVES[cert], host),
                      sslmode="verify-full", root="good", host=host)
        for mode in ("require", "verify-ca"):
            yield row("name-%s-%s" % (cert, mode), Pg(cert=cert), "verified", sslmode=mode, root="good")
    for mode in MODES:
        want = {"disable": "plain", "allow": "plain", "verify-full": "name-nohost"}.get(mode, "verified")
        yield row("name-nohost-%s" % mode, Pg(), want, sslmode=mode, root="good", host=None)
    # hostaddr is never verified, host without hostaddr is looked up and verified as typed
    for host in ("127.0.0.1", "localhost"):
        for cert in ("sanip", "good", "cnip", "sanipdns"):
            yield row("name-lookup-%s-%s" % (cert, host), Pg(cert=cert),
                      name_rules.expected(LEAVES[cert], host), sslmode="verify-full", root="good", host=host,
                      hostaddr=None)


# hosts that only say something for these certificates
NARROW = {"short": ("cn", "good", "sanwild"), "deep": ("cnwild", "sanwild", "sandeep", "good"),
          "ip3": ("sanip", "cnip", "sanipdns", "good"), "iphex": ("sanip", "cnip", "sanipdns", "good"),
          "ipother": ("sanip", "cnip", "sanipdns", "sanwildip", "good")}


def rows():
    yield from chains()
    yield from roots()
    yield from revocation()
    yield from names()

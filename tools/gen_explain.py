#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes the pages of docs/ as a table of C for `pgseal explain`.

usage: tools/gen_explain.py ROOT OUT.c DEPFILE

A page goes in as it is. What it can be found by is taken from it: its name, the environment variable and the values of
a parameter, the names in `<!-- also: ... -->`, and the messages: what stands between backticks or behind "failed:" of
a command's output, and for an error what the program says with its code: pgseal__fail(err, PGSEAL_E_CODE, "message").
A folder's page is a row; a new page needs no line anywhere else.
"""
import pathlib
import re
import sys

# Kind (enum cli_page_kind), folder. This is also the order in which pages are listed.
KINDS = [("TOPIC", "docs/topics"), ("PARAMETER", "docs/params"), ("FINDING", "docs/findings"), ("ERROR", "docs/errors")]
ALSO = re.compile(r"^<!-- also: (.*) -->$", re.M)
# Words in capitals that are part of a message; any other stands for something: `host "NAME"`, REASON, N.
WORDS = set("ALPN CA CRL DN EC ECC EOF ERROR FATAL GSSAPI I IP LOS MD OAUTH OCSP PAM PASSWORD PEM PKCS PKIX PQ S SAN SASL "
            "SCRAM SCT SHA SQL SSL SSPI SYSCALL TCP TLS URI WARNING".split())
SPAN = re.compile(r"`([^`]+)`")
# What is typed and not read.
TYPED = re.compile(r"(?:[a-z]+ )?(?:openssl|pgseal|psql|chmod|ssh|getent|aws|curl|keytool|ALTER|SELECT|GRANT|SHOW|SET)\b|.*[=$]|.*;$")
LITERAL_MIN = 10  # letters a message must have, or every text would fit it
SAID_MIN = 15  # and what the program says, where more is left open


FAIL = re.compile(r"pgseal__fail\(\s*&?\w+(?:->\w+)?,\s*PGSEAL_E_(\w+),([^;]*);")
LITERALS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
FORMAT = re.compile(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z]")


def fold(text):
    """As cli_explain_fold() does: small letters, no quotes, blanks and hyphens are one blank."""
    text = re.sub(r"[\"'`\u2018\u2019\u201c\u201d]", "", text).lower()
    return re.sub(r"[\s-]+", " ", text).strip()


def pattern(message, least=LITERAL_MIN):
    """A message with * for what differs from case to case, or None when too little is left."""
    message = re.sub(r'"[^"]*"', "*", message)
    message = message.replace("...", "*")
    message = re.sub(r"\b[A-Z]+\b", lambda m: m.group(0) if m.group(0) in WORDS or "_" in m.group(0) else "*", message)
    message = re.sub(r"\b\d+(\.\d+)*\b", "*", message)
    message = re.sub(r"\*(\W*\*)+", "*", fold(message)).strip("* ;:,.(")
    words = [word for word in message.replace("*", " ").split() if re.search("[a-z]", word)]
    return message if len(words) >= 2 and sum(map(len, words)) >= least else None


def messages(text):
    """What of a page is somebody's message."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    found = [re.sub(r"^Besides, \.\.\.: ", "", m) for m in SPAN.findall(re.sub(r"\s+", " ", prose))]
    found += re.findall(r" failed: (?:FATAL: +)?(.+)$", text, re.M)
    return [m for m in found if " " in m and not TYPED.match(m) and not m.startswith("connection to server at")]


def said(root):
    """{code: messages} of what the program can say."""
    found = {}
    for path in sorted((root / "src").rglob("*.c")):
        for code, rest in FAIL.findall(path.read_text(encoding="utf-8")):
            for literals in LITERALS.findall(rest):
                text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).partition("\\n")[0]
                text = FORMAT.sub("...", text.replace('\\"', '"').replace("%%", "%"))
                found.setdefault(code, []).append(text)
    return found


def names(kind, page, text):
    """Words that mean this page and no other."""
    found = []
    if kind == "PARAMETER":
        found += re.findall(r"Environment: `(\w+)`", text)
        table = re.search(r"^\| value .*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.M)
        found += re.findall(r"^\| `([^`]+)` \|", table.group(1), re.M) if table else []
    if kind == "ERROR":
        found += ["PGSEAL_E_" + page] if not page.startswith("X509_") else ["X509_V_ERR_" + page[5:], page[5:]]
    return found


def sentence(text):
    """The first sentence below the title, without marks."""
    intro = re.sub(r"<!--.*?-->", "", text.partition("\n")[2].partition("\n## ")[0]).strip().split("\n\n")[0]
    first = re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", intro))[0]
    return re.sub(r"[`*]", "", first).rstrip(".:")


def literal(text):
    """A C string literal, a line for each line."""
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}
    return "\n     ".join('"' + "".join(escapes.get(c, c) for c in line) + '"' for line in lines) or '""'


def packed(texts):
    """Texts with a NUL behind each; the literal's own NUL ends the list. One pointer, not one for each."""
    return " ".join(literal(t)[:-1] + '\\0"' for t in texts) or '""'


def unique(texts):
    return list(dict.fromkeys(t for t in texts if t))


def pages(root):
    """(kind, name, summary, names, messages, text) of every page."""
    by_code = said(root)
    for kind, folder in KINDS:
        for path in sorted((root / folder).glob("*.md")):
            if path.name == "README.md":
                continue
            text = path.read_text(encoding="utf-8")
            also = [a.strip() for line in ALSO.findall(text) for a in line.split(";")]
            # What a page says of itself counts for more (!) than what it happens to mention.
            found = ["!" + p for p in map(pattern, also) if p] + [pattern(m) for m in messages(text)]
            found += [pattern(m, SAID_MIN) for m in by_code.get(path.stem, [])] if kind == "ERROR" else []
            yield kind, path.stem, sentence(text), unique(names(kind, path.stem, text) + also), unique(found), text


def main():
    root, out, depfile = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    rows = []
    for kind, name, summary, also, found, text in pages(root):
        rows.append(f"    {{CLI_PAGE_{kind}, {literal(name)}, {literal(summary)},\n     {packed(also)},\n"
                    f"     {packed(found)},\n     {literal(text)}}},")
    out.write_text("/* SPDX-License-Identifier: PostgreSQL */\n"
                   "/* The pages of docs/, made by tools/gen_explain.py: do not edit. */\n"
                   '#include "cli/explain_int.h"\n\n'
                   "const struct cli_page cli_pages[] = {\n" + "\n".join(rows)
                   + "\n};\nconst size_t cli_pages_n = sizeof(cli_pages) / sizeof(cli_pages[0]);\n", encoding="utf-8")
    # A folder too: a page more or less changes it.
    folders = [root / folder for _, folder in KINDS if (root / folder).is_dir()]
    read = [root / "docs"] + folders + [path for folder in folders for path in sorted(folder.glob("*.md"))]
    read += sorted(p for p in (root / "src").rglob("*") if p.is_dir() or p.suffix == ".c")
    depfile.write_text(f"{out}: " + " \\\n  ".join(str(p).replace(" ", "\\ ") for p in read) + "\n")


if __name__ == "__main__":
    main()

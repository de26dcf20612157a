# SPDX-License-Identifier: PostgreSQL
"""README.ja.md is README.md in Japanese: chapter by chapter the same commands, names and links."""
import collections
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def chapters(name):
    """The text of each chapter; the first is what stands before them."""
    return re.split(r"(?m)^## ", (ROOT / name).read_text(encoding="utf-8"))


def commands(text):
    """What can be typed or looked up: fenced blocks, indented lines without their comments, code, links."""
    found = collections.Counter(re.findall(r"```console\n.*?```", text, re.S))
    text = re.sub(r"```console\n.*?```", "", text, flags=re.S)
    for line in re.findall(r"(?m)^ {4}(.*)$", text):
        found[re.sub(r" +# .*", "", line)] += 1
    found.update(re.findall(r"`([^`]+)`", text))
    found.update(link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("README"))
    return found


def test_readme_ja__has_the_same_chapters():
    assert len(chapters("README.ja.md")) == len(chapters("README.md")) > 5


@pytest.mark.parametrize("n", range(len(chapters("README.md"))), ids=[c.split("\n")[0] for c in chapters("README.md")])
def test_readme_ja__chapter__has_the_same_commands(n):
    english, japanese = commands(chapters("README.md")[n]), commands(chapters("README.ja.md")[n])
    assert english - japanese == collections.Counter(), "missing in README.ja.md"
    assert japanese - english == collections.Counter(), "in README.ja.md only"

# SPDX-License-Identifier: PostgreSQL
"""What the pages show is what happens: every tested block of docs/ and the README is typed and compared."""
import os
import pathlib

import docs_stage
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks():
    """One parameter per block. A page of a row: all blocks of Try. Elsewhere: those with a stage comment."""
    pages = [p for folder in ("params", "errors", "findings", "topics") for p in sorted(ROOT.glob(f"docs/{folder}/*.md"))]
    for page in pages + sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")):
        text = page.read_text(encoding="utf-8")
        of_row = page in pages
        if of_row:
            text = text.partition("\n## Try\n")[2]
        for n, m in enumerate(docs_stage.BLOCK.finditer(text), 1):
            if of_row or m["stage"] is not None:
                yield pytest.param(m["stage"], m["body"], id=f"{page.relative_to(ROOT)}-{n}")


@pytest.fixture(scope="session")
def stage(workdir, pki, files, clusters, program):
    return docs_stage.Stage(os.path.join(workdir, "docs"), pki, files, clusters, program)


@pytest.mark.parametrize("wanted, body", blocks())
def test_page__command__prints_what_the_page_shows(stage, wanted, body):
    for command, lines, code in stage.run(wanted, docs_stage.parse_block(body)):
        shown = "\n".join(command.expected) + f"\n[{command.code}]"
        printed = "\n".join(lines) + f"\n[{code}]"
        assert command.matches(lines) and code == command.code, \
            f"$ {command.text}\n--- the page shows\n{shown}\n--- it printed\n{printed}"


@pytest.mark.parametrize("expected, lines, fits", [
    (["a", "b"], ["a", "b"], True),
    (["a"], ["a", "b"], False),
    (["a", "b"], ["a"], False),
    (["a...c"], ["abc"], True),
    (["a...c"], ["ac"], True),
    (["a...c"], ["a", "c"], False),
    (["a", "...", "d"], ["a", "b", "c", "d"], True),
    (["a", "  ...", "d"], ["a", "d"], True),
    (["a", "...", "d"], ["a", "b"], False),
    (["a.c"], ["abc"], False),
    ([], ["words"], False),
])
def test_matching__dots_stand_for_anything__else_is_literal(expected, lines, fits):
    command = docs_stage.Command("x")
    command.expected = expected
    assert command.matches(lines) is fits


def test_parsing__commands_continuations_codes():
    first, second = docs_stage.parse_block("$ one \\\n> two\nout\n> not a continuation\n[2]\n$ three\n")
    assert (first.text, first.expected, first.code) == ("one \\\ntwo", ["out", "> not a continuation"], 2)
    assert (second.text, second.expected, second.code) == ("three", [], 0)

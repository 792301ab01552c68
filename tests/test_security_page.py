"""Each sentence of docs/security.md names the test that holds it, and that test is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
SENTENCES = [
    " ".join(item.split())
    for item in re.split(r"^- ", re.sub(r"^#.*$", "", PAGE, flags=re.M), flags=re.M)[1:]
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_sentences():
    assert len(SENTENCES) > 25


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence[:40])
def test_a_sentence_has_its_test(sentence):
    named = TEST.findall(sentence)
    assert named
    assert [name for file, name in named if name not in functions_of(file)] == []


def test_nothing_stands_beside_the_sentences():
    """Only the first lines, which say what the page is, need no test."""
    prose = [line for line in PAGE.splitlines()[1:] if re.match(r"[A-Za-z]", line)]
    assert len(prose) == 1
    assert prose[0].startswith("What the package trusts, what it checks, and what you should not open.")

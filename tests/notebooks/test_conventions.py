"""How our notebooks are made: each row of the conventions is a test."""

import ast
import base64
import importlib.util
import io
import itertools
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from tflhelpers.address import colab_badge, pip_source, setup_cell

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_LINES = 15
WITH_PICTURE = {"00", "01", "02", "03", "04", "05", "06", "07"}  # under the title: what one will have made
FORBIDDEN = {
    r"^\s*[!%]": "shell and magic lines",
    r"\bwget\b|\bcurl\b": "downloads by hand",
    r"[Uu]ncomment": "'uncomment this'",
    r"\bTESTING\b|\bCI\b": "branches for tests",
    r"if .*\bcolab\b": "branches for Colab",
    r"[\"'(]/(?!content/)\w+/": "paths of one machine",
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def story(notebook):
    """The code cells after Setup."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id != "setup"]


@pytest.fixture(scope="module")
def write_address():
    spec = importlib.util.spec_from_file_location("write_address", ROOT / "tools" / "write_address.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_notebooks():
    assert [path.stem[:2] for path in NOTEBOOKS] == sorted({path.stem[:2] for path in NOTEBOOKS})
    assert len(NOTEBOOKS) >= 4


def test_it_is_a_valid_notebook_with_colabs_metadata(notebook, path):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    assert notebook.metadata.colab.name == path.name


def test_it_is_stored_without_outputs(notebook):
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


def test_ids_are_names(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z-]*", each) for each in ids), ids


def test_it_opens_with_title_badge_and_three_lines(notebook, path):
    title, badge, *lines = notebook.cells[0].source.split("\n\n")
    assert title.startswith("# ")
    assert badge == colab_badge(path.name)
    if path.stem[:2] in WITH_PICTURE:
        assert re.fullmatch(r"!\[.{20,}\]\(data:image/\S+ \"results/\S+\"\)", lines.pop(0)), "what it makes"
    starts = [line.split("**")[1] for line in "\n".join(lines).splitlines()]
    assert starts == ["You make", "You need", "It takes"]


def test_pictures_are_in_the_notebook_and_as_in_results(notebook):
    """What is outside is not shown: by Colab never, by Jupyter where the notebooks' folder is all that it serves."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = re.findall(r"!\[[^\]]*\]\((?!https:)([^)]*)\)", "\n".join(sources))
    for each in shown:
        kind, content, file = re.fullmatch(r'data:image/(\w+);base64,(\S+) "(results/[^"]+)"', each).groups()
        picture = Image.open(io.BytesIO(base64.b64decode(content)))
        assert (picture.format.lower(), len(content) < 450_000) == (kind, True), file
        tiny = [
            np.asarray(one.convert("RGB").resize((24, 24)), float)
            for one in (picture, Image.open(ROOT / file))
        ]
        assert np.abs(tiny[0] - tiny[1]).mean() < 8, f"{file} has changed: python -m tools.embed_pictures"


def test_setup_comes_second_hidden_and_the_same_in_all(notebook):
    setup = notebook.cells[1]
    assert (setup.id, setup.metadata.cellView) == ("setup", "form")
    assert setup.metadata.jupyter == {"source_hidden": True}
    assert setup.source == setup_cell()


def test_one_cell_of_parameters_comes_third(notebook):
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.id for cell in tagged] == ["parameters"]
    assert notebook.cells[2] is tagged[0]
    lines = tagged[0].source.splitlines()
    assert lines[0].startswith("# @title")
    assert all("# @param" in line for line in lines[1:])


def test_cells_are_short_and_hold_no_logic(story):
    for cell in story:
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.id
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, (ast.ClassDef, ast.If, ast.While, ast.Try)), (
                f"{cell.id}: {ast.unparse(node)}"
            )
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 2, (
                    f"{cell.id}: def {node.name} belongs in the package"
                )


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_nothing_of_that_kind(notebook, pattern):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not re.search(pattern, cell.source, re.M), f"{cell.id}: {FORBIDDEN[pattern]}"


def test_text_stands_before_code(notebook):
    """After the settings: sentence, cell, result."""
    kinds = [cell.cell_type for cell in notebook.cells[3:]]
    assert kinds[0] == kinds[-1] == "markdown"
    assert ("code", "code") not in itertools.pairwise(kinds)


def test_it_uses_only_public_names(story):
    import tflhelpers

    used = {name for cell in story for name in re.findall(r"\btfl\.(\w+)", cell.source)}
    assert used <= set(tflhelpers._HOMES)


def test_it_ends_with_what_comes_next_and_that_exists(notebook, path):
    end = notebook.cells[-1]
    assert end.source.startswith("## What you have, and what comes next")
    for cell in notebook.cells:
        named = re.findall(r"\*\*(\d\d_\w+)\*\*", cell.source) if cell.cell_type == "markdown" else []
        assert set(named) <= {each.stem for each in NOTEBOOKS}, (
            f"{path.name} names a notebook that is not there"
        )


def test_the_readme_has_every_badge(write_address):
    text = (ROOT / "README.md").read_text("utf-8")
    assert write_address.readme_text(text) == text
    assert sorted(re.findall(r"<!-- (\S+\.ipynb) -->", text)) == [path.name for path in NOTEBOOKS]
    assert "colab-badge" not in write_address.readme_text(text, ""), "no badge that leads nowhere"
    published = write_address.readme_text(text, "someone/tflhelpers")
    for path in NOTEBOOKS:
        assert f"{colab_badge(path.name, 'someone/tflhelpers')} <!-- {path.name} -->" in published
    assert write_address.readme_text(published, "") == write_address.readme_text(text, "")


def test_writing_the_address_reaches_badges_and_setup(write_address, path):
    text = path.read_text("utf-8")
    assert write_address.notebook_text(text, path.name) == text
    published = write_address.notebook_text(text, path.name, "someone/tflhelpers")
    cells = nbformat.reads(published, as_version=4).cells
    assert cells[0].source.split("\n\n")[1] == colab_badge(path.name, "someone/tflhelpers")
    assert cells[1].source == setup_cell("someone/tflhelpers")
    assert pip_source("someone/tflhelpers") in cells[1].source
    assert write_address.notebook_text(published, path.name, "") == write_address.notebook_text(
        text, path.name, ""
    )

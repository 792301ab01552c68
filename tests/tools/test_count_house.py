"""The counts of the house, on a house of four rooms that can be counted by hand."""

from __future__ import annotations

import pytest

from tools.count_house import counts, equal_pairs, read_house

FILES = {
    "__init__.py": '"""Front."""\n_HOMES = {"fine_tune": "training.fine_tune", "Box": "data.box", "names": "names"}',
    "names.py": "__all__ = ['one', 'two']\n",
    "data/__init__.py": "",
    "data/box.py": '"""A box.\n\nTwo lines."""\n# why\n\nclass Box:\n    """Of a picture."""\n\n    size = 1\n',
    "data/file.py": (
        "import os\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from tflhelpers.data import shelf\n\n\n"
        "def save(path, part):\n    os.replace(part, path)\n\n\ndef _text(text):\n    return text.replace('a', 'b')\n"
    ),
    "data/shelf.py": (
        "from tflhelpers.data.file import save\n\n\n"
        "def keep(new, folder):\n    shutil.rmtree(folder)\n    new.rename(folder)\n"
    ),
    "model/__init__.py": "from tflhelpers.data.box import Box as Other\n\n\nclass Box:\n    pass\n",
    "training/__init__.py": "",
    "training/fine_tune.py": "from .. import model\n\n\ndef late():\n    from ..data import file\n",
}


@pytest.fixture
def house(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "tflhelpers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_house(tmp_path)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("public names", ["fine_tune", "Box", "names"]),
        ("names one call away", ["names.one", "names.two"]),
        ("import circles, at the top", []),
        (
            "import circles, with imports for type checkers",
            [["tflhelpers.data.file", "tflhelpers.data.shelf"]],
        ),
        (
            "modules behind",
            [
                *("tflhelpers", "tflhelpers.data", "tflhelpers.data.box", "tflhelpers.model"),
                *("tflhelpers.training", "tflhelpers.training.fine_tune"),
            ],
        ),
        ("modules that put", ["tflhelpers.data.file: save", "tflhelpers.data.shelf: keep"]),
        ("types of one name", ["Box: tflhelpers.data.box, tflhelpers.model"]),
    ],
)
def test_what_is_counted(house, what, expected):
    assert [things for name, things in counts(house).items() if name.startswith(what)] == [expected]


def test_lines_are_those_of_code(house):
    assert house["tflhelpers.data.box"].code == [(6, "class Box:"), (9, "size = 1")]


def test_equal_lines_are_found_once_at_their_longest(tmp_path):
    for name in "ab":
        path = tmp_path / "tflhelpers" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"import os\n{name} = 0\n" + "".join(f"\n# {name}\nx{i} = {i}\n" for i in range(6)))
    house = read_house(tmp_path)
    assert equal_pairs(house, 5) == ["tflhelpers.a:5 = tflhelpers.b:5"]
    assert equal_pairs(house, 7) == []

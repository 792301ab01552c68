"""Imports between rooms point one way only, as `ls tflhelpers` is meant to be read."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tflhelpers"

# Room -> what it may import from inside the package. A module allowed is a module with all below it.
MAY_SEE = {
    # One network can serve both: the bundled detector's backbone, how its pictures are prepared and its weights kept.
    # Also what is no detector's own: the engine of trainings, states on disk, budgets in words, intervals of shares,
    # lines of text on white.
    "classification": [
        "data",
        "model",
        "training.loop",
        "training.budget",
        "training.resume",
        "training.same_training",
        "training.recipe",
        "evaluation.certainty",
        "sharing.draw",
        "sharing.captions",
        "sharing.palette",
        "sharing.export",
        "folders",
    ],
    "explaining": ["data", "model", "training", "evaluation", "sharing"],  # it shows what they compute
    "sharing": ["model", "data"],  # an export takes a detector apart
    "evaluation": ["data"],
    "training": ["model", "data"],
    # What of data knows no annotations: the value types and pictures.
    "model": [
        "data.boxes",
        "data.images",
        "data.resizing",
    ],
    "annotator": ["data"],
    "data": [],
    "files": [],
    "drive": [],
    "folders": [],
    "public_names": [],
    "samples": ["data", "public_names"],
    "formats": ["data", "classification", "detecting_files", "public_names"],
    "interop": ["model", "sharing", "detecting_on_ray", "public_names"],
    # It hands out what all rooms make.
    "project": [
        "ready_made",
        "classification",
        "annotator",
        "data",
        "model",
        "evaluation",
        "sharing",
        "drive",
        "folders",
    ],
    "address": [],
    "progress": [],
    "quiet": [],
    "demo": ["data", "project", ""],  # "" is the front door
    "doctor": ["evaluation", "data"],
    "detecting_files": ["model", "data"],
    "detecting_on_ray": ["detecting_files", "model", "data"],
    "holding_out": ["evaluation", "training", "model", "data"],
    "ready_made": ["data", "annotator", "model", "training", "evaluation", "sharing", "folders"],
    # The shell's front door: public names, and what they hand out.
    "command_line": [
        "",
        "demo",
        "data",
        "model",
        "training.history",
        "training.record",
        "ready_made.detectors",
    ],
    "__main__": ["command_line"],
    "__init__": None,  # the front door: names every room, imports none until asked
}
EVERYBODY_MAY_SEE = ["files", "progress", "quiet"]


def imports_of(source: str, module: str) -> set[str]:
    """The tflhelpers modules that a source imports, without ``tflhelpers.``; "" is the package itself.

    Imports under ``if TYPE_CHECKING`` count as well: a room that needs another's types sees it.
    """
    package = module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [_as_module(base, alias.name) for alias in node.names]
        else:
            continue
        found |= {name.partition(".")[2] for name in names if name.split(".")[0] == "tflhelpers"}
    return found


def _as_module(base: str, name: str) -> str:
    """``from base import name``: the module meant, which is base.name when that is a file or folder."""
    path = PACKAGE.parent.joinpath(*base.split("."), name)
    return f"{base}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else base


def offences(imported: set[str], room: str) -> list[str]:
    """Those of the imported modules that the room may not see."""
    allowed = [room, *EVERYBODY_MAY_SEE, *MAY_SEE[room]]
    return sorted(name for name in imported if not any(_is_below(name, each) for each in allowed))


def _is_below(name: str, allowed: str) -> bool:
    return name == allowed or (bool(allowed) and name.startswith(f"{allowed}."))


def all_modules() -> list[tuple[str, Path]]:
    return [
        (".".join(path.relative_to(PACKAGE).with_suffix("").parts), path) for path in PACKAGE.rglob("*.py")
    ]


@pytest.mark.parametrize(
    ("name", "path"), all_modules(), ids=lambda value: str(value) if "/" not in str(value) else ""
)
def test_imports_point_down(name, path):
    room = name.split(".")[0]
    assert room in MAY_SEE, f"{room} is a new room: say in MAY_SEE what it may import"
    if MAY_SEE[room] is None:
        return
    found = offences(imports_of(path.read_text("utf-8"), f"tflhelpers.{name}"), room)
    assert not found, f"tflhelpers/{room} may not import {found}; it may import {MAY_SEE[room]}"


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Modules that import each other, directly or by way of others; imports inside functions count."""
    sees = {name: set(found) for name, found in imports.items()}
    for between in imports:
        for name in imports:
            if between in sees[name]:
                sees[name] |= sees[between]
    rings = {tuple(sorted(m for m in sees[name] if name in sees.get(m, ()))) for name in sees}
    return sorted(list(ring) for ring in rings if ring)


def test_no_modules_import_each_other():
    imports = {
        name.removesuffix(".__init__"): imports_of(path.read_text("utf-8"), f"tflhelpers.{name}")
        for name, path in all_modules()
        if name != "__init__"  # the front door leads everywhere
    }
    assert circles(imports) == []


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ({}, []),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"a"}}, [["a"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
        ({"d": {"c"}, "c": {"b"}, "b": {"d", "a"}, "a": {"outside"}}, [["b", "c", "d"]]),
    ],
)
def test_circles_are_found(imports, expected):
    assert circles(imports) == expected


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("tflhelpers.data.boxes", "", []),
        ("tflhelpers.data.boxes", "import numpy", []),
        ("tflhelpers.data.boxes", "from tflhelpers.model import anchors", ["model.anchors"]),
        ("tflhelpers.data.boxes", "from ..model.anchors import make", ["model.anchors"]),
        ("tflhelpers.data.annotations", "from .boxes import Boxes", []),
        ("tflhelpers.model.anchors", "from tflhelpers.data.boxes import Boxes", []),
        (
            "tflhelpers.model.anchors",
            "from tflhelpers.data.annotations import Annotations",
            ["data.annotations"],
        ),
        (
            "tflhelpers.evaluation.scores",
            "def f():\n    import tflhelpers.model.detector",
            ["model.detector"],
        ),
        ("tflhelpers.sharing.draw", "from tflhelpers.model.detector import Detector", []),
        ("tflhelpers.sharing.draw", "from tflhelpers.training import losses", ["training.losses"]),
        ("tflhelpers.data.boxes", "import tflhelpers as tfl", [""]),
        ("tflhelpers.data.boxes", "from tflhelpers.progress import progress_bar", []),
    ],
)
def test_the_rule_catches_what_it_should(module, source, expected):
    assert offences(imports_of(source, module), module.split(".")[1]) == expected

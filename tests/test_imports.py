"""`import tflhelpers` is light, and the front door shows what is inside."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tflhelpers

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "tensorflow",
    "keras",
    "matplotlib",
    "ipywidgets",
    "anywidget",
    "imageio",
    "pycocotools",
    "IPython",
    "jax",
)

PROBE = """
import json, sys, time
started = time.perf_counter()
import tflhelpers
dir(tflhelpers)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "modules": sorted(sys.modules)}))
"""


def test_import_is_light_and_quick():
    runs = [json.loads(_python(PROBE)) for _ in range(2)]
    assert min(run["seconds"] for run in runs) < 1.0
    assert [name for name in HEAVY if name in runs[0]["modules"]] == []


@pytest.mark.parametrize(
    "use",
    [
        "tflhelpers.Boxes([[1, 2, 3, 4]], [0])",
        "tflhelpers.Annotations",
        "tflhelpers.read_image",
        "tflhelpers.draw_boxes",
        "tflhelpers.evaluate",
        "tflhelpers.find_mistakes",
        "tflhelpers.diagnose",
        "tflhelpers.gallery",
        "tflhelpers.open_project",
        "tflhelpers.zoo_models()",
        "tflhelpers.photos_for",
        "tflhelpers.Annotator",
    ],
)
def test_names_that_need_no_network_load_none(use):
    """Reading, checking and drawing must not wait for TensorFlow."""
    loaded = json.loads(
        _python(f"import json, sys, tflhelpers\n{use}\nprint(json.dumps(sorted(sys.modules)))")
    )
    assert [name for name in ("tensorflow", "keras", "jax") if name in loaded] == []


@pytest.mark.parametrize("name", sorted(tflhelpers._HOMES))
def test_every_public_name_is_where_the_table_says(name):
    value = getattr(tflhelpers, name)
    assert value.__name__.rpartition(".")[2] == name
    assert name in dir(tflhelpers)
    assert value.__doc__, f"{name} has no docstring"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'Detektor'.*Detector.*write_gif"):
        tflhelpers.Detektor  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "tflhelpers" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    homes = tflhelpers._HOMES | {"collect": "data"}  # a module: imported from the package that it is in
    assert seen == {name: f"tflhelpers.{home}" for name, home in homes.items()}


def test_the_docstring_is_a_table_of_contents():
    """Its rooms are those on the disk, and below each stand the names that live there."""
    entries = dict(re.findall(r"^    (\w+(?:/|\.py)) +.*\n((?: {22}.*\n?)*)", tflhelpers.__doc__, re.M))
    on_disk = {f"{path.name}/" for path in (ROOT / "tflhelpers").iterdir() if (path / "__init__.py").exists()}
    assert {name for name in entries if name.endswith("/")} == on_disk
    for name, home in tflhelpers._HOMES.items():
        room = home.split(".")[0]
        names = entries.get(f"{room}/", entries.get(f"{room}.py", ""))
        assert name in re.findall(r"\w+", names), f"{name} is not listed under {room}"


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()[-1]

"""`import tflhelpers` is light, and the front door shows what is inside."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tflhelpers
from tflhelpers.public_names import MOVED, unknown_name

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
        "tflhelpers.interop.zoo_models()",
        "import pathlib, tflhelpers.project as p; p.Project(pathlib.Path('nowhere')).photos()",
        "tflhelpers.samples.duck_photos()",
        "tflhelpers.formats.combine",
        "dir(tflhelpers.interop)",
        "tflhelpers.Annotator",
    ],
)
def test_names_that_need_no_network_load_none(use):
    """Reading, checking and drawing must not wait for TensorFlow."""
    loaded = json.loads(
        _python(f"import json, sys, tflhelpers\n{use}\nprint(json.dumps(sorted(sys.modules)))")
    )
    assert [name for name in ("tensorflow", "keras", "jax") if name in loaded] == []


# The names of the flat front door, all of which went somewhere.
GONE = re.findall(
    r"\w+",
    """
    Project History Scores ImportReport ImportRefused duck_photos duck_clip thing_photos write_tfrecords combine
    class_counts labelled_photos zoo_models write_pipeline_config detector_from_pipeline off_the_shelf iou_matrix
    export_onnx export_saved_model TFLiteDetector
    confusion_table what_to_photograph_next shared_scenes photo_folder_for photos_for
    scoring_photos_for detector_for
    training_folder_for keep_for threshold_for proposer_for clip_for brought_for upload_for film_frames_for heic_for
    first_look_for labelled_photos_for web_demo_for write_results_page
    """,
)
VALUES = {
    "boxes": "data.boxes.Boxes",
    "mistakes": "evaluation.mistakes.Mistakes",
    "trained_on": "data.annotations.Annotations",
    "project": "project.Project",
}


def test_the_front_door_is_small():
    assert len(tflhelpers._HOMES) <= 32


@pytest.mark.parametrize("name", GONE)
def test_a_name_that_moved_says_where_it_went_and_it_is_there(name):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'. Write .* instead\.") as caught:
        getattr(tflhelpers, name)
    written = re.search(r"Write (.*) instead", str(caught.value))[1]
    first, *rest = written.partition("(")[0].split(".")
    found = _value(VALUES[first]) if first in VALUES else importlib.import_module("tflhelpers")
    if first == "tflhelpers":
        found, rest = _value(".".join(rest)), []
    for each in rest:
        found = getattr(found, each)
    assert found.__doc__, written
    assert name not in tflhelpers.__all__


def test_all_that_moved_are_known():
    assert sorted(MOVED) == sorted(GONE)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Detektor", "Did you mean Detector"),
        ("fine_tunes", "Did you mean fine_tune"),
        ("photo_for", "Did you mean project.photos()"),
        ("duck_photo", "Did you mean tfl.samples.duck_photos()"),
        ("xyz", "has no attribute 'xyz'. It has: open_project, "),
    ],
)
def test_what_is_spelt_alike_is_named(name, near):
    assert near in unknown_name("tflhelpers", name, tflhelpers._HOMES)


@pytest.mark.parametrize(
    ("space", "names"),
    [
        ("samples", ["duck_clip", "duck_photos", "thing_photos"]),
        (
            "formats",
            [
                *("ImportRefused", "ImportReport", "class_counts", "combine", "labelled_photos"),
                *("write_coco_results", "write_tfrecords"),
            ],
        ),
        (
            "interop",
            [
                "TFLiteDetector",
                "detect_files_on_ray",
                "detector_from_pipeline",
                "export_onnx",
                "export_saved_model",
                "load_saved_model",
                "write_pipeline_config",
                "zoo_models",
            ],
        ),
    ],
)
def test_names_one_call_away(space, names):
    module = getattr(tflhelpers, space)
    assert sorted(module.__all__) == names
    assert set(names) <= set(dir(module))
    assert [name for name in names if not getattr(module, name).__doc__] == []
    with pytest.raises(AttributeError, match=rf"{space}' has no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("space", "name", "told"),
    [
        ("formats", "import_annotations", r"Write tfl\.import_annotations instead\."),
        ("formats", "duck_photos", r"Write tfl\.samples\.duck_photos\(\) instead\."),
        (
            "samples",
            "duck_photo",
            r"Did you mean duck_photos, duck_clip.*It has: duck_clip, duck_photos, thing_photos\.",
        ),
        ("interop", "Detector", r"Write tfl\.Detector instead\."),
    ],
)
def test_a_name_of_another_place_says_where_it_is(space, name, told):
    with pytest.raises(
        AttributeError, match=rf"module 'tflhelpers\.{space}' has no attribute '{name}'\. {told}"
    ):
        getattr(getattr(tflhelpers, space), name)


@pytest.mark.parametrize("name", sorted(tflhelpers._HOMES))
def test_every_public_name_is_where_the_table_says(name):
    value = getattr(tflhelpers, name)
    assert value.__name__.rpartition(".")[2] == name
    assert name in dir(tflhelpers)
    assert value.__doc__, f"{name} has no docstring"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'Detektor'.*Detector.*write_gif"):
        tflhelpers.Detektor  # noqa: B018


@pytest.mark.parametrize("module", ["__init__", "interop"])
def test_type_checkers_see_the_same_names(module):
    tree = ast.parse((ROOT / "tflhelpers" / f"{module}.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    homes = (tflhelpers if module == "__init__" else tflhelpers.interop)._HOMES
    parents = {"collect": "data"} | dict.fromkeys(["samples", "formats", "interop"], "")  # of modules
    homes = {**homes, **{name: parent for name, parent in parents.items() if name in homes}}
    assert seen == {name: f"tflhelpers.{home}".rstrip(".") for name, home in homes.items()}


def test_the_docstring_is_a_table_of_contents():
    """Its rooms are those on the disk, and below each stand the names that live there."""
    entries = dict(re.findall(r"^    (\w+(?:/|\.py)) +.*\n((?: {22}.*\n?)*)", tflhelpers.__doc__, re.M))
    on_disk = {f"{path.name}/" for path in (ROOT / "tflhelpers").iterdir() if (path / "__init__.py").exists()}
    assert {name for name in entries if name.endswith("/")} == on_disk
    for name, home in tflhelpers._HOMES.items():
        room = home.split(".")[0]
        names = entries.get(f"{room}/", entries.get(f"{room}.py", ""))
        assert name in re.findall(r"\w+", names), f"{name} is not listed under {room}"


def _value(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"tflhelpers.{module}"), name)


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()[-1]

"""Every notebook runs from top to bottom: in a stand-in for Colab, and (slow) outside it.

In the stand-in all share one Drive, so each finds what those before it have left, as a person's would.
Outside each runs alone in an empty folder.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import nbclient
import nbformat
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).parent / "stand_in"
NO_NETWORK = "http://127.0.0.1:9"  # where nobody answers: notebooks get to their end without a network
NOTES = re.compile(r"^([IWEF]\d{4} |WARNING: All log|20\d\d-.*tensorflow/)", re.M)

DETECTOR = 'detector_name = "auto"\nstart = "embedded"'
# Notebook -> its parameters here, and the files that it must leave in the project folder.
RUNS = {
    "00_quickstart": ("steps = 2\nframes_per_second = 10", ["results/duck.gif"]),
    "01_set_up_project": ('project_name = "transfer_learning_project"\nheic = False\nfilm = ""', []),
    "02_annotate_images": (
        'class_names = "duck"\npropose = True\nstart = "embedded"\nsteps = 2',
        ["data/practice/pool.jpg", "results/annotate.html"],
    ),
    "03_fine_tune_detector": (
        'start = "embedded"\ndetector_name = "detector"\nsteps = 2\ntrainable = "auto"\nseed = 1',
        ["models/practice", "results/learning.gif"],
    ),
    "04_evaluate_detector": (
        f"{DETECTOR}\nwanted_precision = None\npictures_shown = 2\nsteps = 2",
        ["results/gallery.jpg", "models/practice"],
    ),
    "05_detection_gif": (
        f"{DETECTOR}\nthreshold = 0.3\nframes_per_second = 10\ngif_megabytes = 2.0\nsteps = 2",
        ["results/detection.gif"],
    ),
    "06_export_and_share": (
        f'{DETECTOR}\nthreshold = None\ngif_megabytes = 2.0\ntitle = "Ducks"\nkinds = ["int8"]\nsteps = 2',
        [
            "results/shared.gif",
            "results/shared.mp4",
            "results/results.html",
            "models/saved_model/saved_model.pb",
            "models/detector_int8.tflite",
        ],
    ),
    "07_bring_your_dataset": (
        'start = "embedded"\nrename = {"Duck": "duck"}\nheld_out = 0.3\nsteps = 2',
        ["models/practice_several_classes", "results/dataset/coco.json", "results/dataset/photos.record"],
    ),
    "08_classify_images": (
        'backbone = "embedded"\ndrawn_pictures = 12\nepochs = 1\npictures_shown = 4',
        [
            "models/classifier",
            "models/classifier.tflite",
            "results/where_it_looks.png",
            "results/wrong_pictures.png",
        ],
    ),
    "09_how_it_works": ("photo = 2\nsteps = 1\nbudget = None", ["results/transfer.png"]),
}

# Left to `pytest -m slow`: exports take their time, so does compiling three trainings; neither needs those before it.
LONG = {"06_export_and_share", "09_how_it_works"}


@pytest.fixture(scope="module")
def colab_machine(tmp_path_factory):
    return tmp_path_factory.mktemp("colab")


def test_every_notebook_is_run():
    assert sorted(RUNS) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in RUNS])
def test_in_colab(name, colab_machine):
    drive, content = colab_machine / "drive", colab_machine / "content"
    content.mkdir(exist_ok=True)
    paths = os.pathsep.join([str(ROOT), str(STAND_IN)])
    texts = execute(name, content, {"PYTHONPATH": paths, "STAND_IN_DRIVE": str(drive)})
    assert "Mounted at /content/drive" in texts
    check_what_is_left(name, drive / "MyDrive" / "transfer_learning_project")
    assert list(content.iterdir()) == [], "everything belongs on Drive"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RUNS)
def test_elsewhere(name, tmp_path):
    texts = execute(name, tmp_path, {"PYTHONPATH": str(ROOT)})
    assert "Mounted" not in texts
    check_what_is_left(name, tmp_path / "transfer_learning_project")


def execute(
    name: str,
    folder: Path,
    environment: dict[str, str],
    *,
    change: Callable[[str], str] = str,
    after_setup: str = "",
) -> str:
    """Run a notebook in a folder with this test's parameters, changed; return all it printed."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    settings = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    assert _names(RUNS[name][0]) == _names(settings.source), "the test must set what the notebook does"
    settings.source = change(RUNS[name][0])
    notebook.cells[1].source += f"\n{after_setup}"
    quiet = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    quiet |= {"https_proxy": NO_NETWORK, "HTTPS_PROXY": NO_NETWORK, "npm_config_offline": "true"}
    client = nbclient.NotebookClient(notebook, timeout=480, kernel_name="python3")
    # Without nbclient's stand-in for the widget that sliders draw in, which writes to the socket that it waits on and
    # once in ten runs or so never hears that the cell has ended. What they show stands in the cell instead.
    client.widget_registry = {}
    client.execute(cwd=str(folder), env={**os.environ, **quiet, **environment})
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    # Sliders show what went wrong in their function, and the cell goes on.
    assert [output.evalue for output in outputs if output.output_type == "error"] == []
    streams = [output for output in outputs if output.output_type == "stream"]
    red = "".join(output.text for output in streams if output.name == "stderr")
    assert NOTES.search(red) is None, "TensorFlow's notes, which people take for errors"
    return "".join(output.text for output in streams)


def check_what_is_left(name: str, project: Path) -> None:
    for file in RUNS[name][1]:
        assert (project / file).exists(), f"{file} is missing; there is {sorted(project.rglob('*'))}"
    for gif in project.glob("results/*.gif"):
        with Image.open(gif) as picture:
            assert picture.info["loop"] == 0
            if gif.stem == "learning":
                assert picture.n_frames == 2, "before the first step, and after the last"
            else:
                assert picture.n_frames > 24, "48 frames, of which equal neighbours may be one"


def _names(source: str) -> list[str]:
    return [line.split(" = ")[0] for line in source.splitlines() if " = " in line]

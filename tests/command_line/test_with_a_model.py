"""The commands that run a model, in this process: one loading of TensorFlow serves them all."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl
from tests.command_line.shell import run
from tests.command_line.small import furnish
from tflhelpers.command_line import inputs
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.detect_video import VideoReport
from tflhelpers.training.history import History
from tflhelpers.training.record import training_record


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    furnish(folder)
    return folder


@pytest.fixture(scope="module")
def small(shop):
    return Detector.load(shop / "models" / "small")


@pytest.fixture(autouse=True)
def there(shop, small, monkeypatch):
    """Whoever opens `models/small` gets the one that is traced already, or the tests would take a minute."""
    monkeypatch.chdir(shop)
    load = inputs._READERS["detector.json"]
    known = shop / "models" / "small"
    reader = lambda path: small if path.resolve() == known.resolve() else load(path)  # noqa: E731
    monkeypatch.setitem(inputs._READERS, "detector.json", reader)


def answer(capsys, *words):
    """What `--json` printed."""
    code = run(*words, "--json")
    said = capsys.readouterr()
    assert code == 0, said.err
    return json.loads(said.out)


# ------------------------------------------------------------------------------------------------- train


@pytest.fixture
def given(monkeypatch):
    """What `fine_tune` is given, in its place: it learns at once, or is stopped by Ctrl-C."""
    calls = []

    def fine_tune(detector, annotations, **settings):
        calls.append((detector, settings))
        (settings["resume_dir"] / "training_state.npz").write_bytes(b"steps")
        if settings["steps"] is None:
            raise KeyboardInterrupt
        detector.trained_on = training_record(annotations)
        losses = np.linspace(2, 1, settings["steps"]).tolist()
        tiles = settings["tiles"]
        return History(losses, losses, losses, losses, 1.5, ("heads",), notes=("A note.",), tiles=tiles)

    monkeypatch.setattr("tflhelpers.fine_tune", fine_tune, raising=False)
    return calls


TRAIN = "train photos --out models/new --start models/small --steps 3 --seed 4 --tiles 2x3 --batch-size 2"


def test_training_says_what_it_did_and_leaves_a_detector(given, shop, capsys):
    assert run(*TRAIN.split(), "--validation", "photos/annotations.json") == 0
    detector, settings = given.pop()
    resume_dir, validation = settings.pop("resume_dir"), settings.pop("validation")
    wanted = {"steps": 3, "seed": 4, "tiles": (2, 3), "budget": None, "batch_size": 2, "progress": False}
    assert (settings, len(validation), detector.class_names) == (wanted, 5, ("red", "blue"))
    assert resume_dir.parent == Path("models/new/training")
    assert sorted(path.name for path in Path("models/new").iterdir()) == ["detector.json", "weights.npz"]
    saved = json.loads(Path("models/new/detector.json").read_text("utf-8"))
    assert len(saved["trained_on"]["images"]) == 5
    assert capsys.readouterr().out.splitlines() == [
        "3 steps in 2 s, loss 2.00 to 1.00.",
        f"The detector is in {Path('models/new')}. It looks in 2x3 tiles.",
    ]


def test_training_tells_programs(given, capsys):
    said = answer(capsys, "train", "photos", "--out", "models/new", "--start", "models/small", "--steps", "2")
    assert said == {
        "model": str(Path("models/new")),
        "class_names": ["red", "blue"],
        "threshold": 0.2,
        "steps": 2,
        "seconds": 1.5,
        "loss": [2.0, 1.0],
        "validation_loss": None,
        "tiles": "auto",
        "notes": ["A note."],
    }


def test_a_training_that_was_stopped_goes_on_and_another_one_begins(given, shop, capsys):
    mine = shop / "models" / "stopped" / "training" / "my own photos"
    mine.mkdir(parents=True)
    Annotations(["duck", "cup"], list(Annotations.load("photos/annotations.json"))).save("photos/other.json")
    words = "train photos/other.json --out models/stopped --start models/small"
    for more in ("", "", " --seed 9", " --batch-size 2"):
        assert run(*(words + more).split()) == 130
        said = "tflhelpers train: Stopped. The same command goes on from the last state that was kept.\n"
        assert capsys.readouterr().err == said
    first, again, other_seed, other_batches = [settings["resume_dir"] for _, settings in given]
    assert first == again
    assert len({first, other_seed, other_batches}) == 3
    assert not first.exists(), "of trainings the two last ones are kept"
    assert mine.exists(), "what is no training is left alone"
    assert given[0][0].class_names == ("duck", "cup")


def test_photos_without_boxes_are_refused(capsys):
    empty = [(path, Boxes.empty()) for path, _ in Annotations.load("photos/annotations.json")]
    Annotations(["red", "blue"], empty).save("photos/empty.json")
    assert run("train", "photos/empty.json", "--out", "models/none", "--start", "models/small") == 1
    said = capsys.readouterr()
    told = "The annotations must hold at least one box, got none on 5 pictures. Draw some first."
    assert (said.out, said.err) == ("", f"tflhelpers train: {told}\n")
    assert not Path("models/none/detector.json").exists()


# ---------------------------------------------------------------------------------------------- evaluate


def test_figures_are_those_of_the_function(small, capsys):
    said = answer(capsys, "evaluate", "models/small", "photos")
    annotations = Annotations.load("photos/annotations.json")
    found = small.detect_all(annotations.image_paths, threshold=0.01, progress=False)
    wanted = evaluate(found, annotations)
    assert (said["ap"], said["ap50"], said["ar100"]) == (wanted.ap, wanted.ap50, wanted.ar100)
    assert (said["n_pictures"], said["n_truth"], said["n_trained_on"]) == (5, 5, 0)
    assert list(said["per_class"]) == ["red", "blue"]
    assert said["per_class"]["blue"]["ap"] == wanted.per_class["blue"].ap
    assert said["ap_large"] is None, "no object is so large: not NaN, which is no JSON"


def test_figures_for_people_say_how_far_to_trust_them(small, monkeypatch, capsys):
    assert run("evaluate", "models/small", "photos/annotations.json") == 0
    said = capsys.readouterr().out
    assert re.search(r"^all classes +\d\.\d{3}", said, re.M)
    assert "flattering" not in said
    seen = Annotations.load("photos/annotations.json")[:2]
    monkeypatch.setattr(small, "trained_on", training_record(seen))
    assert run("evaluate", "models/small", "photos/annotations.json") == 0
    told = "It was trained on 2 of these pictures, so the figures are flattering.\n"
    assert capsys.readouterr().out == f"{said}{told}"


# ------------------------------------------------------------------------------------------------ detect


def test_the_boxes_alone(shop, small, capsys):
    before = sorted(shop.rglob("*"))
    said = answer(capsys, "detect", "models/small", "photos/1.png", "photos")
    assert [Path(each["image"]).name for each in said["images"]] == [
        "1.png",
        "0.png",
        "2.png",
        "3.png",
        "4.png",
    ]
    (wanted,) = small.detect_all(["photos/1.png"], progress=False)
    boxes = said["images"][0]["boxes"]
    assert len(boxes) == len(wanted) > 0
    np.testing.assert_allclose([box["xyxy"] for box in boxes], wanted.xyxy, atol=0.01)
    np.testing.assert_allclose([box["score"] for box in boxes], wanted.scores, atol=1e-4)
    assert [box["class"] for box in boxes] == [wanted.class_names[label] for label in wanted.labels]
    assert said["images"][0]["size"] == [70, 91]
    assert sorted(shop.rglob("*")) == before


def test_a_threshold_and_tiles_are_handed_on(small, monkeypatch, capsys):
    assert (
        answer(capsys, "detect", "models/small", "photos/1.png", "--threshold", "1")["images"][0]["boxes"]
        == []
    )
    asked = []

    def detect_all(images, **how):
        asked.append((how["threshold"], small.tiles))
        return [Boxes.empty(with_scores=True)] * len(list(images))

    monkeypatch.setattr(small, "detect_all", detect_all)
    answer(capsys, "detect", "models/small", "photos/1.png", "--threshold", "0", "--tiles", "2x1")
    answer(capsys, "evaluate", "models/small", "photos", "--tiles", "1x3")
    answer(capsys, "evaluate", "models/small", "photos")
    answer(capsys, "evaluate", "models/small", "photos", "--tiles", "none")
    assert asked == [(0.0, (2, 1)), (0.01, (1, 3)), (0.01, (1, 3)), (0.01, None)]


def test_marked_copies_and_what_cannot_be_read(shop, capsys):
    mixed = shop / "mixed"
    mixed.mkdir()
    shutil.copy("photos/0.png", mixed)
    Image.fromarray(read_image("photos/1.png")).save(mixed / "b.JPG", "JPEG", quality=95)
    Image.fromarray(read_image("photos/2.png")).save(mixed / "c.bmp")
    (mixed / "broken.jpg").write_bytes((mixed / "b.JPG").read_bytes()[:300])
    (mixed / "empty.png").touch()
    (mixed / "folder.jpg").mkdir()
    assert run("detect", "models/small", "mixed", "--out", "marked") == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    places = [Path("marked", name) for name in ("0.png", "b.JPG", "c.bmp.png")]
    assert [line.rpartition(": ")[0] for line in lines] == [str(place) for place in places]
    assert re.fullmatch(r"\d+ of (red|blue)(, \d+ of (red|blue))?", lines[0].rpartition(": ")[2])
    first, *others = said.err.splitlines()
    assert first == "tflhelpers detect: 3 of 6 pictures could not be read:"
    assert [line.split(": ")[0].strip() for line in others] == [
        str(Path("mixed", name)) for name in ("broken.jpg", "empty.png", "folder.jpg")
    ]
    assert sorted(path.name for path in Path("marked").iterdir()) == [place.name for place in places]
    assert read_image(places[0]).shape == (70, 91, 3)
    assert (read_image(places[0]) != read_image("photos/0.png")).any()
    code = run("detect", "models/small", "mixed", "--json")
    images = json.loads(capsys.readouterr().out)["images"]
    assert (code, ["error" in each for each in images]) == (1, [False, False, True, False, True, True])


def test_one_picture_under_a_name_of_its_own(capsys):
    said = answer(capsys, "detect", "models/small", "photos/2.png", "--out", "one/found.jpg")
    assert said["images"][0]["written"] == str(Path("one/found.jpg"))
    with Image.open("one/found.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (91, 70))


def test_a_broken_picture_alone_is_its_own_sentence(shop, capsys):
    (shop / "text.jpg").write_text("<html>")
    assert run("detect", "models/small", "text.jpg", "--out", "marked_one") == 1
    said = capsys.readouterr()
    assert said.err.startswith("tflhelpers detect: text.jpg: expected")
    assert said.out == ""


@pytest.fixture
def clip(shop):
    """A file called like a video."""
    (shop / "clip.mov").write_bytes(b"frames")


@pytest.fixture
def films(monkeypatch):
    """What `detect_video` is asked for, in its place."""
    calls = []

    def detect_video(detector, source, path, **how):
        calls.append((source, path, how))
        boxes = Path(f"{path}.boxes.jsonl")
        return VideoReport(path, boxes, 6, 1.0, (70, 91), 900_000, {"red": 3, "blue": 0}, ("A note.",))

    monkeypatch.setattr("tflhelpers.detect_video", detect_video, raising=False)
    return calls


def test_a_video_and_a_picture_into_a_folder(clip, films, capsys):
    said = answer(capsys, "detect", "models/small", "clip.mov", "photos/0.png", "--out", "both")
    place = Path("both/clip.mp4")
    assert films == [(Path("clip.mov"), place, {"threshold": None, "progress": False})]
    assert said["videos"] == [
        {
            "video": "clip.mov",
            "written": str(place),
            "frames": 6,
            "boxes": {"red": 3, "blue": 0},
            "boxes_file": f"{place}.boxes.jsonl",
            "notes": ["A note."],
        }
    ]
    assert [each["written"] for each in said["images"]] == [str(Path("both/0.png"))]


@pytest.mark.parametrize(
    ("source", "count"), [("clip.mov", 0), ("photos", 5), ("photos/0.png photos/1.png", 2)]
)
def test_one_film(clip, films, source, count, capsys):
    words = ["detect", "models/small", *source.split(), "--out", "film.gif", "--threshold", "0.6"]
    assert run(*words) == 0
    assert capsys.readouterr().out.startswith(
        "film.gif: 6 frames, 1.0 s, 91x70, 0.90 MB. Boxes: 3 of red. A note."
    )
    ((given, path, how),) = films
    assert (path, how["threshold"]) == (Path("film.gif"), 0.6)
    assert given == (Path("clip.mov") if not count else [Path("photos", f"{n}.png") for n in range(count)])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("clip.mov --json", 2, "a video needs --out, a folder or a name ending in .mp4 or .gif"),
        (
            "photos --parquet r --out r2",
            2,
            "--parquet keeps boxes and --out draws them. Leave one of them out",
        ),
        ("photos --out r --shard 0/2", 2, "--shard is for --parquet. Say where the Parquet files go"),
        ("clip.mov photos --out r.gif", 2, "r.gif is made of one video or of pictures, got more"),
        ("photos --out r.jpg", 2, "--out r.jpg is one picture, got 5 sources. Give a folder"),
        (
            "photos/0.png more/0.png --out r",
            1,
            "would both be written to r/0.png. Detect them into two folders.",
        ),
        ("photos/0.png --out photos", 1, "0.png is a source, and would be overwritten. Give another --out."),
        ("photos/0.png --out photos/0.png", 1, "0.png is a source, and would be overwritten"),
    ],
)
def test_what_does_not_go_together(clip, shop, words, code, told, capsys):
    (shop / "more").mkdir(exist_ok=True)
    shutil.copy("photos/1.png", "more/0.png")
    before = Path("photos/0.png").read_bytes()
    assert run("detect", "models/small", *words.split()) == code
    said = capsys.readouterr()
    assert told.replace("r/0", str(Path("r/0"))) in said.err
    assert not list(shop.glob("r*"))
    assert Path("photos/0.png").read_bytes() == before


def test_parts_of_any_number_of_pictures_are_kept_as_parquet(small, shop, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    words = ["detect", "models/small", "photos", "--parquet", str(tmp_path), "--threshold", "0.3"]
    first = answer(capsys, *words, "--shard", "0/2")
    assert (first["folder"], first["unreadable"]) == (str(tmp_path), 0)
    assert answer(capsys, *words)["images"] == 5
    found = tfl.read_detections(tmp_path)
    wanted = small.detect_all([Path(path) for path in found.paths], threshold=0.3, progress=False)
    assert [len(boxes) for boxes in found.boxes] == [len(boxes) for boxes in wanted]
    assert sum(map(len, wanted)) > 0


# ----------------------------------------------------------------------------------------- export and page


@dataclass(frozen=True)
class Written:
    path: Path
    size_bytes: int = 12

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return f"{self.path}: written."


@pytest.fixture
def writers(monkeypatch):
    """In place of those that export; they take long, and have tests of their own."""
    calls = []

    def writer(name):
        def write(model, path, **how):
            how.pop("progress")
            calls.append((name, type(model).__name__, str(path), how))
            return Written(path)

        return write

    for name in ("export_tflite", "interop.export_saved_model", "interop.export_onnx"):
        monkeypatch.setattr(f"tflhelpers.{name}", writer(name.split(".")[-1]), raising=False)
    return calls


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--format tflite", ("export_tflite", "models/small.tflite", {})),
        ("--format saved_model", ("export_saved_model", "models/small_saved_model", {})),
        ("--format onnx --out a/b.onnx", ("export_onnx", "a/b.onnx", {})),
        (
            "--format tflite --quantize float16 --head raw",
            (
                "export_tflite",
                "models/small.tflite",
                {
                    "quantize": "float16",
                    "head": "raw",
                },
            ),
        ),
    ],
)
def test_exports_go_to_the_function_of_their_format(writers, capsys, words, expected):
    name, path, how = expected
    said = answer(capsys, "export", "models/small", *words.split())
    assert writers == [(name, "Detector", str(Path(path)), {"images": None, **how})]
    assert said == {"written": str(Path(path)), "format": words.split()[1], "size_bytes": 12}


def test_pictures_to_export_with(writers, capsys):
    for images in ("photos", "photos/annotations.json"):
        assert (
            run("export", "models/small/", "--format", "tflite", "--quantize", "int8", "--images", images)
            == 0
        )
    (_, _, path, folder), (_, _, _, file) = writers
    assert path == str(Path("models/small.tflite"))
    assert [each.name for each in folder["images"]] == [f"{number}.png" for number in range(5)]
    assert list(file["images"].image_paths) == folder["images"]
    assert capsys.readouterr().out == f"{path}: written.\n" * 2


def test_a_page_is_written(monkeypatch, capsys, shop):
    from tflhelpers.sharing.web_demo import WebDemoInfo

    given = {}

    def export_web_demo(model, folder, **how):
        given.update(model=model, **how)
        return WebDemoInfo(Path(folder), 30, 20)

    monkeypatch.setattr("tflhelpers.export_web_demo", export_web_demo, raising=False)
    words = ["page", "models/small", "--out", "page", "--title", "Ducks", "--runtime", "litert.tgz"]
    assert answer(capsys, *words) == {"written": "page", "size_bytes": 30, "model_bytes": 20}
    assert (given["title"], given["runtime"], given["progress"]) == ("Ducks", "litert.tgz", False)
    assert given["model"].class_names == ("red", "blue")


# ------------------------------------------------------------------------------------------------ doctor


def test_the_doctor_ends_with_1_where_something_is_wrong(capsys):
    annotations = Annotations.load("photos/annotations.json")
    fractions = [(path, boxes.scale(1 / 91, 1 / 70)) for path, boxes in annotations]
    Annotations(["red", "blue"], fractions).save("photos/fractions.json")
    assert run("doctor", "models/small", "photos/fractions.json", "--max-images", "3", "--json") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["healthy"], "fractions" in found["causes"][0]["name"]) == (False, True)
    assert said.err.startswith(f"tflhelpers doctor: something is wrong: {found['causes'][0]['name']}")


def test_a_healthy_detector_ends_with_0(monkeypatch, capsys):
    from tflhelpers.evaluation.diagnosis import Diagnosis

    monkeypatch.setattr(
        "tflhelpers.diagnose", lambda *a, **k: Diagnosis((), "All were found."), raising=False
    )
    assert run("doctor", "models/small", "photos") == 0
    assert capsys.readouterr().out == "Nothing wrong was found. All were found.\n"


# ------------------------------------------------------------------------------------------------ models


def test_the_detector_that_a_name_means_is_said(small, monkeypatch, capsys):
    monkeypatch.setattr(small, "origin", "The small detector that ships inside the package (embedded).")
    monkeypatch.setattr(Detector, "pretrained", lambda name, names, progress: small)
    assert run("detect", "embedded", "photos/0.png", "--json") == 0
    assert capsys.readouterr().err == f"{small.origin}\n"


def test_a_classifier_finds_no_boxes(monkeypatch, shop, capsys):
    (shop / "classifier").mkdir(exist_ok=True)
    (shop / "classifier" / "classifier.json").write_text("{}")

    class Classifier:
        @staticmethod
        def load(path):
            return object()

    monkeypatch.setattr("tflhelpers.Classifier", Classifier, raising=False)
    assert run("evaluate", "classifier", "photos") == 1
    assert (
        "classifier: expected a detector, got a classifier, which finds no boxes." in capsys.readouterr().err
    )


@pytest.mark.parametrize(("name", "content"), [("a.tflite", b"nothing"), ("detector.json", b"{}")])
def test_damaged_models_are_a_sentence(shop, name, content, capsys):
    folder = shop / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    assert (
        run("detect", str(folder / name if name.endswith("tflite") else folder), "photos", "--out", "r") == 1
    )
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tflhelpers detect: ")
    assert "should not have happened" not in said.err

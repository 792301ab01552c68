"""The notebooks where the model zoo answers, where there is a GPU, where only the hub has it, and after earlier visits.

The zoo's host is a server of our own: archives in the zoo's layout, weights by formula. A stand-in GPU is a CPU that is
taken for one. What is printed says which world it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

import tflhelpers as tfl
from tests.model.synthetic_checkpoints import formula_tensors, write_checkpoint, zoo_archive
from tests.model.synthetic_saved_models import original_names, write_saved_model
from tests.model.unsteady_server import Unsteady, unsteady_server
from tests.notebooks.test_execution import ROOT, execute
from tests.ready_made.own_photos import as_if_trained
from tflhelpers.sharing.video_file import write_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Weights by formula are not the genuine ones, whose figures would be compared.
HOST = """
import tflhelpers.model.zoo as zoo
zoo.BASE_URL, zoo.FIGURES_FOLDER = {url!r}, zoo.Path("no figures")"""
GPU = "\nimport tflhelpers.model.pretrained as pretrained\npretrained.has_gpu = lambda: True"
HUB = """
import sys, types
sys.modules["kagglehub"] = types.SimpleNamespace(model_download=lambda handle: {folder!r})"""
NAMES = {
    "mobilenet": "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
    "resnet50": "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Network -> the archive that the zoo's host has of it, made once."""
    made: dict[str, bytes] = {}

    def archive(network):
        if network not in made:
            prefix = tmp_path_factory.mktemp(network) / "ckpt-0"
            made[network] = zoo_archive(write_checkpoint(prefix, formula_tensors(network)), NAMES[network])
        return made[network]

    return archive


def run(notebook, folder, after_setup="", start="auto", name="auto", steps="2"):
    environment = {"PYTHONPATH": str(ROOT), "no_proxy": "*"}

    def change(text):
        text = text.replace('detector_name = "auto"', f'detector_name = "{name}"')
        text = text.replace("steps = 2", f"steps = {steps}")
        return text.replace('start = "embedded"', f'start = "{start}"')

    return execute(notebook, folder, environment, change=change, after_setup=after_setup)


def of_host(server):
    return HOST.format(url=server.url.rsplit("/", 1)[0])


def test_the_zoos_host_answers(packed, tmp_path):
    """It is asked once for all notebooks of the project, since what it gave is kept there."""
    with unsteady_server(Unsteady(packed("mobilenet"))) as server:
        told = run("03_fine_tune_detector", tmp_path, of_host(server))
        assert "SSD MobileNetV2 FPNLite 320 (mobilenet_320), because there is no GPU: about 20 MB" in told
        assert "from 127.0.0.1, kept in" in told
        told = run("07_bring_your_dataset", tmp_path, of_host(server))
        assert "nothing to download." in told
        told = run("00_quickstart", tmp_path, of_host(server))
        assert "It recognises nothing here" in told or "It sees: " in told
        assert len(server.requests) == 1
    told = run("04_evaluate_detector", tmp_path)
    assert "The detector for duck saved in" in told
    assert "trained on 5 photos with 5 boxes of duck" in told
    assert "You can choose these in the settings too: practice_several_classes." in told
    told = run("04_evaluate_detector", tmp_path, name="practice_several_classes")
    assert "The detector for duck, lighthouse, penguin saved in" in told
    assert "that 07_bring_your_dataset held out, none of which it was trained on." in told


def test_a_gpu(packed, tmp_path):
    with unsteady_server(Unsteady(packed("resnet50"))) as server:
        told = run("03_fine_tune_detector", tmp_path, of_host(server) + GPU)
    assert "SSD ResNet50 V1 FPN 640 (retinanet_resnet50_640), because there is a GPU: about 245 MB" in told


def test_the_host_refuses_and_the_hub_has_it(tmp_path):
    saved = write_saved_model(tmp_path / "client", formula_tensors("mobilenet"), original_names("mobilenet"))
    with unsteady_server(Unsteady(b"", statuses=[403] * 9)) as server:
        told = run("03_fine_tune_detector", tmp_path, of_host(server) + HUB.format(folder=str(saved)))
    assert "from Kaggle or TensorFlow Hub, kept in" in told
    assert "the server refuses it (403)" in told


def test_no_network(tmp_path):
    told = run(
        "03_fine_tune_detector",
        tmp_path,
        "import tflhelpers.model.zoo as zoo\nzoo.BASE_URL = 'http://127.0.0.1:9'",
    )
    assert "The small detector that ships inside the package (embedded), because SSD MobileNetV2" in told
    assert "to use it without a network, put ssd_mobilenet_v2" in told


@pytest.fixture
def visited(tmp_path):
    """A project with two photos and their boxes, of which one has been added since, a film, and a stale detector."""
    project = tfl.open_project(parent=tmp_path)
    items = [(_copied(path, project.data), boxes) for path, boxes in tfl.samples.duck_clip()[:12:6]]
    photos = tfl.Annotations.from_items(["duck"], items)
    as_if_trained(photos[:1]).save(project.models / "detector")
    photos.save(project.data / "annotations.json")
    (project.data / "clip").mkdir()
    write_video(
        tfl.samples.duck_clip().image_paths[:30], project.data / "clip" / "walk.mp4", fps=12, progress=False
    )
    return project


def _copied(path: Path, folder: Path) -> Path:
    """As a file of one's own: another format has other bytes."""
    own = folder / f"{path.stem}.png"
    Image.fromarray(tfl.read_image(path)).save(own)
    return own


def test_an_earlier_visit(visited, tmp_path):
    told = run("05_detection_gif", tmp_path, start="embedded")
    assert (
        "It was trained on 1 of your 2 photos. To train on what is there now, run 03_fine_tune_detector."
        in told
    )
    assert f"Your video {visited.data / 'clip' / 'walk.mp4'}." in told
    told = run("03_fine_tune_detector", tmp_path, start="embedded")
    assert "Your own 2 photos with 2 boxes" in told
    assert f"The detector is saved in {visited.models / 'detector'}. It was trained on 2 photos" in told
    told = run("04_evaluate_detector", tmp_path, start="embedded")
    assert "Measured on the same 2 photos that it was trained on, so the numbers are flattering" in told
    assert "The threshold stays 0.50" in told


def test_an_earlier_visit_without_boxes(visited, tmp_path):
    (visited.data / "annotations.json").unlink()
    told = run("02_annotate_images", tmp_path, start="embedded")
    assert f"Your own 2 photos, in {visited.data}." in told
    assert "have no boxes yet: draw them in 02_annotate_images" in told
    with pytest.raises(Exception, match="The annotations must hold at least one box, got none on 2 pictures"):
        run("03_fine_tune_detector", tmp_path, start="embedded")


def test_five_real_photos_from_a_detector_that_has_seen_photos(shared_data, tmp_path):
    """A detector of hands stands for the zoo's, and what 03 and 04 do by default is enough for a duck."""
    project = tfl.open_project(parent=tmp_path)
    ducky = shared_data / "ducky"
    for part, file, folder in (
        ("train", "annotations_train.json", project.data),
        ("test", "annotations_test_reflections.json", project.data / "test"),
    ):
        shutil.copytree(ducky / part, folder, dirs_exist_ok=True)
        tfl.Annotations.load(ducky / file, images=folder).save(folder / "annotations.json")
    archive = zoo_archive(shared_data / "handtrack_320" / "checkpoint" / "ckpt-0", NAMES["mobilenet"])
    with unsteady_server(Unsteady(archive)) as server:
        told = run("03_fine_tune_detector", tmp_path, of_host(server), steps="None")
    assert "SSD MobileNetV2 FPNLite 320 (mobilenet_320), because there is no GPU" in told
    assert "Measured on 49 photos" in told
    detector = tfl.Detector.load(project.models / "detector")
    exam = tfl.Annotations.load(project.data / "test" / "annotations.json")
    scores = tfl.evaluate(detector.detect_all(exam.image_paths, threshold=0.0, progress=False), exam)
    assert scores.ap50 >= 0.99
    assert scores.ap >= 0.85

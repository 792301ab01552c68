"""What the real Object Detection API exports is read weight by weight, and our network then has its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.model.formula import formula_weight
from tests.training.tiny import start_anew
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME
from tflhelpers.data.images import read_image
from tflhelpers.data.samples import duck_photos
from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_config import write_pipeline_config
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.saved_model_file import SavedModelFile
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import is_class_head, variables_by_key

pytestmark = [pytest.mark.peers, pytest.mark.timeout(1500)]

ATOL = 1e-4
NETWORKS = {  # short name in the zoo → family, side, arguments, weights
    "mobilenet_320": ("ssd_mobilenet_v2_fpnlite", 320, {}, 384),
    "retinanet_resnet50_640": ("ssd_resnet_fpn", 640, {"depth": 50}, 463),
}


@dataclass
class Export:
    """A folder as the zoo's archives hold it, what its SavedModel says to pictures, and the number of its weights."""

    name: str
    folder: Path
    answers: dict[str, np.ndarray]
    pictures: list[Path]
    count: int


@pytest.fixture(scope="module", params=NETWORKS)
def export(request, tmp_path_factory, ask_api):
    family, side, arguments, count = NETWORKS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    detector = Detector(Architecture(family, (side, side), arguments), COCO_CLASS_NAMES)
    start_anew(detector)
    checkpoint = detector.save_zoo_checkpoint(folder / "ours" / "ckpt-0")
    config = write_pipeline_config(
        detector,
        folder / "pipeline.config",
        train_records=[folder / "none.tfrecord"],
        label_map=folder / LABEL_MAP_NAME,
        checkpoint=checkpoint,
    )
    pictures = [folder / "photo.npy", folder / "noise.npy"]
    np.save(pictures[0], read_image(next(iter(duck_photos().image_paths))))
    np.save(pictures[1], np.random.RandomState(0).randint(0, 256, (480, 601, 3)).astype(np.uint8))
    job = {
        "job": "export",
        "config": str(config),
        "checkpoint_folder": str(checkpoint.parent),
        "folder": str(folder / "exported"),
        "pictures": [str(picture) for picture in pictures],
        "out": str(folder / "answers.npz"),
    }
    ask_api(folder, [job])
    with np.load(folder / "answers.npz") as file:
        answers = {key: file[key] for key in file.files}
    return Export(request.param, folder / "exported", answers, pictures, count)


def test_each_weight_lies_in_a_numbered_list_and_is_found_by_its_name(export):
    file = SavedModelFile(export.folder / "saved_model")
    assert len(file.entries) == export.count
    for key, entry in file.entries.items():
        np.testing.assert_array_equal(file.read(key), formula_weight(key, entry.shape), err_msg=key)


def test_our_network_has_the_saved_models_outputs(export):
    detector = Detector.from_zoo(export.name, checkpoint=export.folder / "saved_model")
    report = detector.restore_report
    assert (len(report.restored), report.missing, report.surplus) == (export.count, (), ())
    for number, path in enumerate(export.pictures):
        boxes, scores = _outputs(detector, np.load(path))
        theirs = {name: export.answers[f"{number}/raw_detection_{name}"] for name in ("boxes", "scores")}
        assert np.isfinite(theirs["boxes"]).all()
        np.testing.assert_allclose(boxes, theirs["boxes"], rtol=0, atol=ATOL, err_msg=path.name)
        np.testing.assert_allclose(scores, theirs["scores"], rtol=0, atol=ATOL, err_msg=path.name)


def test_the_zoos_whole_folder_gives_its_checkpoint_and_other_classes_a_fresh_head(export):
    """An archive of the zoo holds both; without `checkpoint/` the SavedModel is taken."""
    whole = Detector.from_zoo(export.name, class_names=["duck"], checkpoint=export.folder)
    assert Path(whole.restore_report.prefix).name == "ckpt-0"
    ours = Detector.from_zoo(export.name, class_names=["duck"], checkpoint=export.folder / "saved_model")
    assert all(is_class_head(key) for key in ours.restore_report.skipped)
    theirs = variables_by_key(whole.network)
    for key, variable in variables_by_key(ours.network).items():
        np.testing.assert_array_equal(np.asarray(variable), np.asarray(theirs[key]), err_msg=key)


def _outputs(detector: Detector, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Decoded boxes (A, 4) and scores (A, 91) with the background's, as the API's SavedModels give them."""
    found = detector.network(network_input(picture, detector.image_size)[None], training=False)
    boxes = keras.ops.convert_to_numpy(decode_boxes(found["box_encodings"], detector.anchors_rel_yxyx))
    return boxes[0], keras.ops.convert_to_numpy(keras.ops.sigmoid(found["class_logits"]))[0]

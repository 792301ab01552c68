"""`export_saved_model`: the signature, what runs it, what it refuses, and that it proves itself."""

from __future__ import annotations

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.golden_case import ATOL, MOBILENET, picture
from tests.sharing.export.conftest import TINY
from tests.sharing.export.conftest import TINY_ANCHORS as ANCHORS
from tflhelpers.data.formats.label_map import read_label_map
from tflhelpers.data.images import read_image
from tflhelpers.model.detector import Detector
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.settings import Architecture
from tflhelpers.sharing.export import saved_model
from tflhelpers.sharing.export.equality import ExportMismatch, Limits, prove_equal
from tflhelpers.sharing.export.saved_model import export_saved_model
from tflhelpers.sharing.export.saved_model_detector import load_saved_model
from tflhelpers.sharing.export.tflite import export_tflite

NUMPY = tuple(int(part) for part in np.__version__.split(".")[:2])
LOCAL = Limits(pixels=1.0, score=1e-3, min_score=0.001)


@pytest.fixture(scope="module")
def info(tiny, pictures, tmp_path_factory):
    return export_saved_model(tiny, tmp_path_factory.mktemp("exports") / "saved_model", images=pictures)


@pytest.fixture(scope="module")
def loaded(info):
    return tf.saved_model.load(str(info.folder))


def test_it_says_what_it_wrote(info):
    assert info.size_bytes == sum(file.stat().st_size for file in info.folder.rglob("*") if file.is_file())
    assert str(info).startswith(f"{info.folder}: SavedModel, ")
    assert "300 boxes in 3 pictures" in str(info)


def test_the_weights_are_in_it_once(info, tiny):
    """Of a Keras model inside a tf.Module TensorFlow saves all weights twice, or none."""
    shapes = tf.train.load_checkpoint(
        str(info.folder / "variables" / "variables")
    ).get_variable_to_shape_map()
    stored = sorted(tuple(shape) for name, shape in shapes.items() if name.endswith("VARIABLE_VALUE"))
    assert stored == sorted(tuple(variable.shape) for variable in tiny.network.variables)


def test_the_signature_is_the_zoos(loaded):
    signature = loaded.signatures["serving_default"]
    (taken,) = signature.structured_input_signature[1].items()
    assert taken == ("input_tensor", tf.TensorSpec((1, None, None, 3), tf.uint8, "input_tensor"))
    given = {name: tuple(spec.shape) for name, spec in signature.structured_outputs.items()}
    assert given == {
        "detection_boxes": (1, 100, 4),
        "detection_scores": (1, 100),
        "detection_classes": (1, 100),
        "num_detections": (1,),
        "detection_anchor_indices": (1, 100),
        "detection_multiclass_scores": (1, 100, 4),
        "raw_detection_boxes": (1, ANCHORS, 4),
        "raw_detection_scores": (1, ANCHORS, 4),
    }
    assert {spec.dtype for spec in signature.structured_outputs.values()} == {tf.float32}


def test_its_outputs_belong_together(loaded, tiny, pictures):
    outputs = {name: value[0].numpy() for name, value in loaded(pictures[0][None]).items()}
    network = tiny.network(network_input(pictures[0], tiny.image_size)[None], training=False)
    logits = keras.ops.convert_to_numpy(network["class_logits"])[0]
    np.testing.assert_allclose(outputs["raw_detection_scores"], 1 / (1 + np.exp(-logits)), atol=1e-5)
    anchors = outputs["detection_anchor_indices"].astype(int)
    classes = outputs["detection_classes"].astype(int)
    raw_boxes, raw_scores = outputs["raw_detection_boxes"][anchors], outputs["raw_detection_scores"][anchors]
    np.testing.assert_array_equal(outputs["detection_boxes"], np.clip(raw_boxes, 0, 1))
    np.testing.assert_array_equal(outputs["detection_multiclass_scores"], raw_scores)
    np.testing.assert_array_equal(outputs["detection_scores"], raw_scores[np.arange(100), classes])
    assert set(classes) <= {1, 2, 3}
    assert outputs["num_detections"] == 100


def test_the_code_of_the_inference_tutorial(info, tiny, pictures):
    """Written as the Object Detection API's tutorial has it, from a picture to a dict of arrays."""
    detect_fn = tf.saved_model.load(str(info.folder))
    image_np = np.array(pictures[1])
    input_tensor = tf.convert_to_tensor(image_np)
    input_tensor = input_tensor[tf.newaxis, ...]
    detections = detect_fn(input_tensor)
    number = detections.pop("num_detections")
    num_detections = int(
        number if NUMPY < (2, 4) else number[0]
    )  # the tutorial's int() of (1,) ended with 2.4
    detections = {key: value[0, :num_detections].numpy() for key, value in detections.items()}
    detections["num_detections"] = num_detections
    detections["detection_classes"] = detections["detection_classes"].astype(np.int64)

    found = tiny.detect(pictures[1], threshold=0)
    rows, columns = image_np.shape[:2]
    xyxy = detections["detection_boxes"][:, [1, 0, 3, 2]] * np.array([columns, rows, columns, rows])
    assert num_detections == len(found) == 100
    np.testing.assert_allclose(xyxy, found.xyxy, atol=1e-3)
    np.testing.assert_allclose(detections["detection_scores"], found.scores, atol=1e-6)
    np.testing.assert_array_equal(detections["detection_classes"], found.labels + 1)


def test_the_code_of_the_older_tutorial(loaded, tiny, pictures):
    model_fn = loaded.signatures["serving_default"]
    output_dict = model_fn(tf.convert_to_tensor(pictures[0])[tf.newaxis, ...])
    scores = output_dict["detection_scores"][0].numpy()
    np.testing.assert_allclose(scores, tiny.detect(pictures[0], threshold=0).scores, atol=1e-6)


def test_tensorflow_hub_loads_it(info, tiny, pictures):
    hub = pytest.importorskip("tensorflow_hub", exc_type=ImportError)
    results = hub.load(str(info.folder))(pictures[0][None])
    np.testing.assert_allclose(
        results["detection_scores"][0], tiny.detect(pictures[0], threshold=0).scores, atol=1e-6
    )


def test_the_class_names_travel_along(info, tiny):
    assert read_label_map(info.folder / "assets" / "label_map.pbtxt").class_names == tiny.class_names


def test_a_detector_that_finds_nothing(pictures, tmp_path):
    images = keras.Input((64, 96, 3))
    nothing = keras.layers.Flatten()(keras.layers.AveragePooling2D((64, 96))(images))

    def constant(width, value):  # the same for every picture
        weights = {"kernel_initializer": "zeros", "bias_initializer": keras.initializers.Constant(value)}
        return keras.layers.Reshape((ANCHORS, width))(keras.layers.Dense(ANCHORS * width, **weights)(nothing))

    outputs = {"box_encodings": constant(4, 0.0), "class_logits": constant(2, -100.0)}
    silent = Detector(TINY, ["duck"], network=keras.Model(images, outputs))
    info = export_saved_model(silent, tmp_path / "out", images=pictures)
    given = tf.saved_model.load(str(info.folder))(pictures[0][None])
    assert int(given["num_detections"][0]) == 0
    assert not given["detection_boxes"].numpy().any()
    assert not given["detection_scores"].numpy().any()


def test_a_wrong_export_is_refused(tiny, pictures, tmp_path, monkeypatch):
    """A resize that is right for other networks: half a pixel beside ours."""

    def half_pixel(images, image_size):
        return tf.image.resize(tf.cast(images, tf.float32), image_size)

    monkeypatch.setattr(saved_model, "network_input_graph", half_pixel)
    (tmp_path / "out").mkdir()
    with pytest.raises(
        ExportMismatch, match=r"edges within 1\.0 px and scores within 0\.001 .* got \d+ boxes"
    ):
        export_saved_model(tiny, tmp_path / "out", images=pictures)
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_tensorflow_says_nothing(tiny, pictures, tmp_path):
    """In a notebook it would say of each temporary folder that something was written to it."""
    logger, said = logging.getLogger("tensorflow"), []
    before, handler = logger.level, logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        export_saved_model(tiny, tmp_path / "out", images=pictures[:1])
        export_tflite(tiny, tmp_path / "a.tflite", images=pictures[:1])
        assert logger.level == logging.INFO
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert said == []


def test_a_saved_model_is_replaced(info, tiny, pictures):
    (info.folder / "left_over.txt").write_text("of the one before")
    again = export_saved_model(tiny, info.folder, images=pictures[:1])
    assert again.equality.pictures == 1
    assert not (info.folder / "left_over.txt").exists()
    assert [path.name for path in info.folder.parent.iterdir()] == [info.folder.name]


def test_one_whose_program_was_killed_while_it_was_replaced_is_finished(info, pictures):
    """Killed between the two renamings: the old one has gone, the new one has not come."""
    expected = load_saved_model(info).detect(pictures[0])
    info.folder.rename(info.folder.with_name(f".{info.folder.name}.coming"))
    info.folder.with_name(f".{info.folder.name}.going").mkdir()
    found = load_saved_model(info).detect(pictures[0])
    np.testing.assert_array_equal(found.xyxy, expected.xyxy)
    assert [path.name for path in info.folder.parent.iterdir()] == [info.folder.name]


def test_other_things_are_left_alone(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"got .*, a folder with notes\.txt\. Name another one"):
        export_saved_model(tiny, tmp_path)
    with pytest.raises(FileExistsError, match=r"notes\.txt, a file\. Name another one"):
        export_saved_model(tiny, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_another_backend_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"Keras computes with jax.*KERAS_BACKEND=tensorflow"):
        export_saved_model(tiny, tmp_path / "out")


@pytest.mark.slow
def test_the_detections_are_those_of_the_original(tmp_path):
    """Ninety classes on golden data: best boxes with their anchors, classes from 1, as the original's own exporter."""
    detector = Detector(Architecture(MOBILENET.family, (320, 320), {}), [f"class {i}" for i in range(90)])
    detector.network.set_weights(MOBILENET.network(90).get_weights())
    info = export_saved_model(detector, tmp_path / "out", images=[picture(0, 320, 320)])
    model = tf.saved_model.load(str(info.folder))
    for i, image in enumerate((picture(0, 320, 320), picture(1, 480, 601))):
        given = {name: value[0].numpy() for name, value in model(image[None]).items()}
        golden = {
            name: MOBILENET.arrays[f"n90/detection_{name}"][i]
            for name in ("boxes", "scores", "classes", "anchor_indices")
        }
        np.testing.assert_array_equal(given["detection_anchor_indices"], golden["anchor_indices"])
        np.testing.assert_array_equal(given["detection_classes"], golden["classes"] + 1)
        np.testing.assert_allclose(given["detection_boxes"], golden["boxes"], rtol=0, atol=ATOL)
        np.testing.assert_allclose(given["detection_scores"], golden["scores"], rtol=0, atol=ATOL)
        assert given["num_detections"] == 100


@pytest.mark.slow
def test_hands_and_ducks(hands, shared_data, tmp_path):
    """A really trained detector, on the picture of its makers and on all frames of another clip."""
    picture_paths = sorted((shared_data / "ducky" / "test").glob("*.jpg"))
    picture_paths.append(shared_data / "handtrack_320" / "golden" / "hands.png")
    pictures = [read_image(path) for path in picture_paths]
    info = export_saved_model(hands, tmp_path / "hands", images=pictures[-1:])
    equality = prove_equal(hands, load_saved_model(info.folder), pictures, LOCAL)
    print(equality)
    assert equality.boxes >= 50 * len(pictures)
    assert sorted(load_saved_model(info.folder).detect(pictures[-1]).labels.tolist()) == [0, 0, 0]

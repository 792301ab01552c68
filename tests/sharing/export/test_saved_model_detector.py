"""`load_saved_model` reads SavedModels of others, and says what is wrong with those that it cannot."""

from __future__ import annotations

import functools
import http.server
import sys
import tarfile
import threading

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.label_map import write_label_map
from tflhelpers.sharing.export import saved_model_detector
from tflhelpers.sharing.export.saved_model_detector import load_saved_model

PICTURE = np.zeros((50, 200, 3), np.uint8)
ROWS = (  # box ymin, xmin, ymax, xmax; score; class counted from 1
    ((0.0, 0.5, 1.0, 1.0), 0.6, 2.0),
    ((0.2, 0.1, 0.4, 0.3), 0.9, 1.0),
    ((-0.5, -0.5, 0.2, 0.1), 0.7, 3.0),  # is clipped
    ((0.3, 0.3, 0.3, 0.6), 0.95, 1.0),  # no height
    ((0.2, 0.2, 0.4, 0.4), 0.97, 9.0),  # no class has this number
    ((0.0, 0.0, 0.0, 0.0), 0.0, 1.0),  # padding
)


def save_like_others(folder, *, outputs=ROWS, taken="input_tensor", dtype=tf.uint8, drop=()):
    """A SavedModel of the Object Detection API's kind that finds the same in every picture."""
    boxes, scores, classes = (tf.constant([column], tf.float32) for column in zip(*outputs, strict=True))
    given = {
        "detection_boxes": boxes,
        "detection_scores": scores,
        "detection_classes": classes,
        "num_detections": tf.constant([float(len(outputs))]),
    }
    given = {name: value for name, value in given.items() if name not in drop}

    def run(images):
        silent = 0.0 * tf.reduce_sum(tf.cast(images, tf.float32))
        return {name: value + silent for name, value in given.items()}

    module = tf.Module()
    module.run = tf.function(run, input_signature=[tf.TensorSpec((1, None, None, 3), dtype, name=taken)])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.run})
    return folder


@pytest.mark.parametrize("taken", ["input_tensor", "inputs"])
def test_boxes_labels_and_scores(tmp_path, taken):
    detector = load_saved_model(
        save_like_others(tmp_path, taken=taken), class_names=["duck", "boat", "goose"]
    )
    found = detector.detect(PICTURE)
    wanted = Boxes([[20, 10, 60, 20], [0, 0, 20, 10], [100, 0, 200, 50]], [0, 2, 1], [0.9, 0.7, 0.6])
    np.testing.assert_allclose(found.xyxy, wanted.xyxy, atol=1e-4)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    np.testing.assert_array_equal(found.scores, wanted.scores)
    assert detector.image_size is None
    assert len(detector.detect(PICTURE, max_boxes=2)) == 2
    assert len(detector.detect(PICTURE, threshold=0.65)) == 2
    both = detector.detect_all([PICTURE, PICTURE[:, :100]], progress=False)
    assert both[0] == found
    np.testing.assert_allclose(both[1].xyxy[:, ::2] * 2, found.xyxy[:, ::2], atol=1e-4)


@pytest.mark.parametrize("given", [None, ["a", "b"]])
def test_where_class_names_come_from(tmp_path, given):
    folder = save_like_others(tmp_path / "saved_model").parent  # as the zoo's archives are laid out
    assert load_saved_model(folder, class_names=given).class_names[:2] == tuple(
        given or ("person", "bicycle")
    )
    write_label_map(["duck", "boat", "goose"], folder / "saved_model" / "assets" / "label_map.pbtxt")
    names = load_saved_model(folder, class_names=given).class_names
    assert names == tuple(given or ("duck", "boat", "goose"))


def test_numbers_that_a_label_map_leaves_out(tmp_path):
    folder = save_like_others(tmp_path)
    (folder / "assets" / "label_map.pbtxt").write_text('item { id: 3 name: "duck" }')
    assert load_saved_model(folder).class_names == ("unused id 1", "unused id 2", "duck")


def test_a_number_that_would_ask_for_billions_of_names_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_model_detector, "_HIGHEST_ID", 5)
    folder = save_like_others(tmp_path)
    label_map = folder / "assets" / "label_map.pbtxt"
    label_map.write_text('item { id: 1 name: "duck" } item { id: 5 name: "boat" }')
    assert len(load_saved_model(folder).class_names) == 5
    label_map.write_text('item { id: 1 name: "duck" } item { id: 6 name: "boat" }')
    with pytest.raises(
        ValueError, match=r"label_map\.pbtxt: expected ids up to 5, got id 6 \('boat'\)\. Correct it, or"
    ):
        load_saved_model(folder)
    assert load_saved_model(folder, class_names=["duck"]).class_names == ("duck",)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"dtype": tf.float32}, r"one uint8 picture in.*\['input_tensor'\] in"),
        (
            {"drop": ["detection_classes"]},
            r"detection_classes out\), got .* \['detection_boxes', 'detection_sc",
        ),
    ],
)
def test_other_signatures_are_refused(tmp_path, how, message):
    with pytest.raises(ValueError, match=message):
        load_saved_model(save_like_others(tmp_path, **how))


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"got .*nowhere, which is no folder"):
        load_saved_model(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"which holds none.*Detector\.load"):
        load_saved_model(tmp_path)


def test_an_address_without_tensorflow_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(ImportError, match=r"pip install tensorflow-hub"):
        load_saved_model("https://tfhub.dev/tensorflow/ssd_mobilenet_v2/2")


def save_with(folder, act):
    """A detector of others that does something besides, with a text of its own."""
    module = tf.Module()
    boxes, scores, classes = (tf.constant([column], tf.float32) for column in zip(*ROWS, strict=True))

    def run(images):
        act(tf.reduce_max(images))
        silent = 0.0 * tf.reduce_sum(tf.cast(images, tf.float32))
        return {"detection_boxes": boxes + silent, "detection_scores": scores, "detection_classes": classes}

    signature = [tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")]
    module.run = tf.function(run, input_signature=signature)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.run})
    return folder


def _deep(act):
    """The same two functions and a branch further in."""

    def act_and_count(value):
        act(value)
        return 1

    @tf.function
    def inner(value):
        return tf.cond(value > 200, lambda: act_and_count(value), lambda: 0)

    return tf.function(lambda value: inner(value))


ACTS = {
    "WriteFile": lambda value: tf.io.write_file("written.txt", "text"),
    "ReadFile": lambda value: tf.io.read_file("read.txt"),
    "MatchingFiles": lambda value: tf.io.matching_files("*"),
    "PrintV2": lambda value: tf.print("text", output_stream="file://written.txt"),
    "SaveV2": lambda value: tf.raw_ops.SaveV2(
        prefix="written", tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)]
    ),
    "RestoreV2": lambda value: tf.raw_ops.RestoreV2(
        prefix="read", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "TextLineDataset": lambda value: tf.data.TextLineDataset("read.txt").reduce(0, lambda n, _: n + 1),
    "EagerPyFunc": lambda value: tf.py_function(lambda v: v, [value], tf.uint8),
    "InitializeTableFromTextFileV2": lambda value: tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64),
        filename="read.txt",
        key_index=-2,
        value_index=-1,
    ),
    "DebugIdentityV2": lambda value: tf.raw_ops.DebugIdentityV2(input=value, debug_urls=["file:///tmp/none"]),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("deep", [False, True])
def test_a_model_that_works_with_files_is_refused(tmp_path, monkeypatch, name, deep):
    """Before TensorFlow loads it: nothing of it has run."""
    folder = save_with(tmp_path / "model", _deep(ACTS[name]) if deep else ACTS[name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tf.saved_model, "load", None)
    with pytest.raises(
        ValueError, match=rf"model: expected a detector that only computes.*{name}.*trust=True"
    ):
        load_saved_model(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def save_of_version_1(folder, collection, target, *, restores=False):
    """A detector of TensorFlow 1 that writes a file when it is loaded, or when its weights are restored."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        weight = v1.get_variable("weight", initializer=0.0, use_resource=True)
        session.run(v1.global_variables_initializer())
        images = v1.placeholder(tf.uint8, (1, None, None, 3), name="input_tensor")
        silent = weight * tf.reduce_sum(tf.cast(images, tf.float32))
        columns = (tf.constant([column], tf.float32) + silent for column in zip(*ROWS, strict=True))
        names = ("detection_boxes", "detection_scores", "detection_classes")
        write = tf.raw_ops.SaveV2(
            prefix=str(target), tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)]
        )
        signature = v1.saved_model.predict_signature_def(
            {"input_tensor": images}, dict(zip(names, columns, strict=True))
        )
        builder = v1.saved_model.builder.SavedModelBuilder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        (meta,) = builder._saved_model.meta_graphs
        if restores:
            restore = meta.saver_def.restore_op_name
            next(node for node in meta.graph_def.node if node.name == restore).input.append(f"^{write.name}")
        elif collection:
            meta.collection_def[collection].node_list.value.append(write.name)
        builder.save()
    return folder


@pytest.mark.parametrize("collection", ["saved_model_main_op", "legacy_init_op", "table_initializer"])
def test_what_a_model_of_version_1_does_when_it_is_loaded_is_looked_at(tmp_path, collection):
    folder = save_of_version_1(tmp_path / "model", collection, tmp_path / "written")
    with pytest.raises(ValueError, match=r"only computes.*SaveV2.*trust=True"):
        load_saved_model(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_model_of_version_1_does_when_it_is_restored_is_looked_at(tmp_path):
    folder = save_of_version_1(tmp_path / "model", "", tmp_path / "written", restores=True)
    with pytest.raises(ValueError, match=r"only computes.*SaveV2.*trust=True"):
        load_saved_model(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_of_version_1_with_a_saver_of_its_own_is_run(tmp_path):
    folder = save_of_version_1(tmp_path / "model", "", tmp_path / "written")
    assert len(load_saved_model(folder).detect(PICTURE, threshold=0.65)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_that_is_trusted_may_work_with_files(tmp_path):
    folder = save_with(
        tmp_path / "model", lambda value: tf.io.write_file(str(tmp_path / "written.txt"), "text")
    )
    assert len(load_saved_model(folder, trust=True).detect(PICTURE, threshold=0.65)) == 3
    assert (tmp_path / "written.txt").read_text() == "text"


def test_a_model_whose_program_cannot_be_looked_into_is_refused(tmp_path):
    """TensorFlow would take that file instead of the one beside it."""
    folder = save_like_others(tmp_path)
    (folder / "saved_model.cpb").write_bytes(b"")
    with pytest.raises(ValueError, match=r"saved_model\.cpb, which cannot be looked into.*trust=True"):
        load_saved_model(folder)


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: b"hello" * 9])
def test_a_damaged_model_is_named(tmp_path, damage):
    folder = save_like_others(tmp_path)
    (folder / "saved_model.pb").write_bytes(damage((folder / "saved_model.pb").read_bytes()))
    with pytest.raises(ValueError, match="expected a SavedModel, got a damaged one"):
        load_saved_model(folder)


def test_a_model_in_text_form_is_looked_into_too(tmp_path):
    folder = save_with(tmp_path / "model", ACTS["WriteFile"])
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (folder / "saved_model.pbtxt").write_text(text_format.MessageToString(model))
    (folder / "saved_model.pb").unlink()
    with pytest.raises(ValueError, match=r"WriteFile"):
        load_saved_model(folder)


@pytest.fixture
def server(tmp_path):
    """The address of a folder "hub"."""
    (tmp_path / "hub").mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "hub"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_model_at_an_address(tmp_path, server, monkeypatch):
    """tensorflow-hub fetches archives from any address, and asks for them as for those of TensorFlow Hub."""
    pytest.importorskip("tensorflow_hub", exc_type=ImportError)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    folder = save_like_others(tmp_path / "model")
    with tarfile.open(tmp_path / "hub" / "ssd.tar.gz", "w:gz") as archive:
        archive.add(folder, arcname=".")
    save_with(tmp_path / "writes", ACTS["WriteFile"])
    with tarfile.open(tmp_path / "hub" / "writes.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "writes", arcname=".")
    with pytest.raises(ValueError, match=r"WriteFile.*trust=True"):
        load_saved_model(f"{server}/writes.tar.gz")
    detector = load_saved_model(f"{server}/ssd.tar.gz")
    assert detector.class_names[:2] == ("person", "bicycle")
    assert detector.detect(PICTURE, threshold=0.65).scores.tolist() == pytest.approx([0.97, 0.9, 0.7])

"""SavedModels of the original's exporter: read by name, refused with a reason."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from tests.model.formula import SUFFIX, formula_weight
from tests.model.synthetic_checkpoints import formula_tensors, stand_ins, weight_shapes, write_checkpoint
from tests.model.synthetic_saved_models import original_names, write_saved_model
from tflhelpers.model.checkpoint import CheckpointError, restore, verify_tensors
from tflhelpers.model.saved_model_file import SavedModelFile, open_weights, saved_model_folder

COUNTS = {"mobilenet": 384, "resnet50": 463}
HEAD = "model/_box_predictor/_prediction_heads/class_predictions_with_background/_class_predictor_layers/0"
CONV1 = f"model/_feature_extractor/classification_backbone/layer_with_weights-0/kernel{SUFFIX}"


@pytest.fixture(scope="module", params=COUNTS)
def exported(request, tmp_path_factory):
    """The name of a network and a SavedModel of it with the formula's weights."""
    folder = tmp_path_factory.mktemp("zoo") / "saved_model"
    return request.param, write_saved_model(
        folder, formula_tensors(request.param), original_names(request.param)
    )


def test_each_weight_is_restored_by_its_name(exported):
    model, folder = exported
    variables = stand_ins(weight_shapes(model))
    report = restore(variables, folder)
    assert (len(report.restored), report.missing, report.surplus) == (COUNTS[model], (), ())
    for key, variable in variables.items():
        np.testing.assert_array_equal(variable.value, formula_weight(key, variable.shape), err_msg=key)


def test_the_weights_lie_in_another_order_than_ours(exported):
    """Else a reader that goes by the numbers would pass as well."""
    _, folder = exported
    file = SavedModelFile(folder)
    assert list(file.entries) != sorted(file.entries)
    by_shape = [entry.shape for entry in file.entries.values()]
    assert len(set(by_shape)) < len(by_shape) / 2  # nor would shapes do


def test_the_number_of_classes_is_told(exported):
    model, folder = exported
    with pytest.raises(
        CheckpointError, match=r"SavedModel .* trained on 90 classes, the network has 1"
    ) as raised:
        restore(stand_ins(weight_shapes(model, 1)), folder)
    assert HEAD in str(raised.value)
    report = restore(stand_ins(weight_shapes(model, 1)), folder, skip="class_predictor")
    assert len(report.restored) == COUNTS[model] - len(report.skipped)


def test_another_network_is_refused(exported):
    model, folder = exported
    other = {"mobilenet": "resnet50", "resnet50": "mobilenet"}[model]
    with pytest.raises(CheckpointError, match=r"SavedModel .* is of another architecture: .* looks like SSD"):
        restore(stand_ins(weight_shapes(other)), folder)


SMALL = {
    CONV1: np.arange(6, dtype=np.float32).reshape(2, 3),
    f"{HEAD}/bias{SUFFIX}": np.float32([1, 2, 3, 4]),
}
NAMES = {
    CONV1: "Conv1/kernel",
    f"{HEAD}/bias{SUFFIX}": "any/WeightSharedConvolutionalClassHead/ClassPredictor/bias",
}


@pytest.fixture
def small(tmp_path):
    return write_saved_model(tmp_path / "net" / "saved_model", SMALL, NAMES)


@pytest.mark.parametrize(
    "given",
    [
        "net/saved_model",
        "net/saved_model/saved_model.pb",
        "net/saved_model/variables",
        "net/saved_model/variables/variables",
        "net/saved_model/variables/variables.index",
        "net",
    ],
)
def test_what_a_path_means(small, tmp_path, given):
    assert saved_model_folder(tmp_path / given) == small
    assert {
        key: SavedModelFile(small).read(key).tolist() for key in open_weights(tmp_path / given).entries
    } == {
        CONV1: [[0, 1, 2], [3, 4, 5]],
        f"{HEAD}/bias{SUFFIX}": [1, 2, 3, 4],
    }


def test_a_checkpoint_goes_before_the_saved_model_beside_it(small, tmp_path):
    prefix = write_checkpoint(tmp_path / "net" / "checkpoint" / "ckpt-0", SMALL)
    assert saved_model_folder(tmp_path / "net") is None
    assert open_weights(tmp_path / "net").prefix == prefix


@pytest.mark.parametrize("given", ["nowhere", "net/saved_model/variables/ckpt-0"])
def test_what_means_no_saved_model(small, tmp_path, given):
    assert saved_model_folder(tmp_path / given) is None


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def _change_a_weight(path):
    data = path.read_bytes()
    assert data.count(np.float32(5).tobytes()) == 1
    path.write_bytes(data.replace(np.float32(5).tobytes(), np.float32(6).tobytes()))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: _cut(f / "saved_model.pb"), r"saved_model\.pb is no SavedModel .* cut short\. Fetch or copy"),
        (lambda f: (f / "saved_model.pb").write_bytes(b""), "names no objects"),
        (lambda f: shutil.rmtree(f / "variables"), r"weights of the SavedModel .* are missing: expected .*index"),
        (lambda f: (f / "variables" / "variables.data-00000-of-00001").unlink(), "data file .* is missing"),
        (lambda f: _cut(f / "variables" / "variables.data-00000-of-00001"), "cut short: expected"),
        (lambda f: _cut(f / "variables" / "variables.index"), "no complete checkpoint index"),
        (lambda f: _change_a_weight(f / "variables" / "variables.data-00000-of-00001"), "is damaged: the checksum"),
    ],
)  # fmt: skip
def test_damage_is_told_apart(small, change, sentence):
    change(small)
    with pytest.raises(CheckpointError, match=sentence):
        verify_tensors(small)


def test_a_graph_and_weights_of_two_exports_are_refused(tmp_path):
    folder = write_saved_model(tmp_path, SMALL, NAMES, graph_shapes={CONV1: (3, 2)})
    with pytest.raises(
        CheckpointError,
        match=r"do not belong together: .*variables/0 expected .*\(2, 3\), got Conv1/kernel of .*\(3, 2\)",
    ):
        SavedModelFile(folder)


def test_a_weight_that_the_graph_does_not_know_is_refused(small, tmp_path):
    more = write_saved_model(tmp_path / "more", SMALL | {f"{HEAD}/kernel{SUFFIX}": np.ones(2, np.float32)}, {
        **NAMES, f"{HEAD}/kernel{SUFFIX}": "any/WeightSharedConvolutionalClassHead/ClassPredictor/kernel"
    })  # fmt: skip
    shutil.copy(small / "saved_model.pb", more)
    with pytest.raises(CheckpointError, match=r"variables/1 expected a variable of shape \(2,\), got none"):
        SavedModelFile(more)


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["Conv1/kernel", "Conv1/kernel"], "classification_backbone/layer_with_weights-0/kernel"),
        (["conv_pw_1/kernel", "conv_pw_1/kernel"], "model/conv_pw_1/kernel"),
        (["", ""], "model/"),
        (["a/top_down/projection_3/bias", "b/top_down/projection_3/bias"], "top_layers/0/bias"),
    ],
)
def test_names_that_mean_two_variables_are_refused(tmp_path, names, first):
    folder = write_saved_model(tmp_path, SMALL, dict(zip(SMALL, names, strict=True)))
    with pytest.raises(
        CheckpointError, match=rf"1 names in .* mean more than one variable, first .*{first},"
    ):
        SavedModelFile(folder)


def test_unknown_variables_and_missing_weights_are_both_listed(tmp_path):
    folder = write_saved_model(tmp_path, SMALL, NAMES | {CONV1: "conv_pw_7/kernel"})
    with pytest.raises(CheckpointError, match="nothing was restored") as raised:
        restore(stand_ins({key: value.shape for key, value in SMALL.items()}), folder)
    report = raised.value.report
    assert (report.missing, report.surplus) == ((CONV1,), (f"model/conv_pw_7/kernel{SUFFIX}",))
    assert "in the file only (1):\n  model/conv_pw_7/kernel" in str(raised.value)


def test_points_and_slashes_in_object_names(tmp_path):
    """TensorFlow writes them as ".." and ".S" in keys."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved_model = SavedModel()
    graph = saved_model.meta_graphs.add().object_graph_def
    root, variable = graph.nodes.add(), graph.nodes.add()
    root.children.add(node_id=1, local_name="a.b/c.S")
    variable.variable.name = "Conv1/kernel"
    variable.variable.shape.dim.add(size=2)
    write_checkpoint(tmp_path / "variables" / "variables", {f"a..b.Sc..S{SUFFIX}": np.float32([7, 8])})
    (tmp_path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    assert SavedModelFile(tmp_path).read(CONV1).tolist() == [7, 8]


def test_nothing_is_run_to_read_it(small, monkeypatch):
    """A SavedModel is a program; its weights are read without TensorFlow, which alone could run it."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    file = open_weights(small)
    assert all(file.read(key).shape == entry.shape for key, entry in file.entries.items())

"""Restore: everything or nothing, and a report of it. Files written by TensorFlow, and real trained ones."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.model.formula import SUFFIX, formula_weight
from tests.model.synthetic_checkpoints import (
    CLASS_HEAD,
    data_file,
    stand_ins,
    weight_shapes,
    write_checkpoint,
    zoo_release,
)
from tflhelpers.model.checkpoint import CheckpointError, restore, verify_tensors
from tflhelpers.model.checkpoint_file import CheckpointFile
from tflhelpers.model.zoo import zoo_model

M_NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
R_NAME = "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8"
WEIGHTS = {"mobilenet": 384, "resnet50": 463}


@pytest.fixture(scope="module")
def zoo_files(tmp_path_factory):
    """(model, classes) → prefix of a checkpoint as the zoo releases it, with formula weights."""
    folder = tmp_path_factory.mktemp("zoo")
    cases = [(model, classes) for model in WEIGHTS for classes in (90, 1)]
    return {case: write_checkpoint(folder / "{}-{}".format(*case), zoo_release(*case)) for case in cases}


@pytest.mark.parametrize("case", [(model, classes) for model in WEIGHTS for classes in (90, 1)])
def test_restores_every_weight_bit_by_bit(zoo_files, case):
    variables = stand_ins(weight_shapes(*case))
    report = restore(variables, zoo_files[case])
    assert len(report.restored) == WEIGHTS[case[0]]
    assert report.bookkeeping == ("_CHECKPOINTABLE_OBJECT_GRAPH", f"save_counter{SUFFIX}")
    assert not report.skipped + report.missing + report.surplus + report.shape_mismatch
    for key, variable in variables.items():
        assert np.array_equal(variable.value, formula_weight(key, variable.shape)), key


def test_agrees_with_tensorflows_reader(zoo_files):
    import tensorflow as tf

    prefix = zoo_files["mobilenet", 1]
    file, reader = CheckpointFile(prefix), tf.train.load_checkpoint(str(prefix))
    for key in weight_shapes("mobilenet", 1):
        assert np.array_equal(file.read(key), reader.get_tensor(key)), key


def test_other_class_count_says_so_and_assigns_nothing(zoo_files):
    variables = stand_ins(weight_shapes("mobilenet", 1))
    with pytest.raises(
        CheckpointError, match=r"trained on 90 classes, the network has 1: with skip="
    ) as raised:
        restore(variables, zoo_files["mobilenet", 90])
    assert all(variable.value is None for variable in variables.values())
    leaves = [
        (key.split("/")[-3], ours[-1], theirs[-1]) for key, ours, theirs in raised.value.report.shape_mismatch
    ]
    assert leaves == [("bias", 12, 546), ("pointwise_kernel", 12, 546)]


def test_the_advice_is_in_words_of_the_persons_own_call(zoo_files):
    variables = stand_ins(weight_shapes("mobilenet", 90))
    with pytest.raises(
        CheckpointError, match=r"trained on 1 class, the network has 90: 90 is not 1\."
    ) as raised:
        restore(variables, zoo_files["mobilenet", 1], class_advice="{} is not {}".format)
    assert "skip" not in str(raised.value)


@pytest.mark.parametrize("skip", ["class_predictor", ("class_predictor",), ["_prediction_heads/"]])
def test_skipped_class_head_stays_as_it_is(zoo_files, skip):
    variables = stand_ins(weight_shapes("mobilenet", 1))
    report = restore(variables, zoo_files["mobilenet", 90], skip=skip)
    untouched = sorted(key for key, variable in variables.items() if variable.value is None)
    assert list(report.skipped) == untouched
    assert [key.split("/")[-3] for key in untouched] == ["bias", "depthwise_kernel", "pointwise_kernel"]
    assert (
        report.summary()
        == "mobilenet-90: restored 381 of 384 weights, skipped 3, ignored 2 bookkeeping entries"
    )
    assert "skipped as asked (3):" in str(report)


def test_wrong_architecture_is_named_both_ways(zoo_files):
    for ours, theirs, sentence in [
        (
            "mobilenet",
            "resnet50",
            r"network is SSD MobileNetV2 FPNLite, the file looks like SSD ResNet-50 FPN\.",
        ),
        ("resnet50", "mobilenet", r"network is my network, the file looks like SSD MobileNetV2 FPNLite\."),
    ]:
        variables = stand_ins(weight_shapes(ours))
        with pytest.raises(CheckpointError, match=sentence):
            restore(variables, zoo_files[theirs, 90], expected="my network" if ours == "resnet50" else None)
        assert all(variable.value is None for variable in variables.values())


# A small network of two layers, for everything that does not need a large file.
A, B, BIAS = (f"model/{name}{SUFFIX}" for name in ("first/kernel", "second/kernel", "second/bias"))
SMALL = {
    A: np.full((2, 3), 1.5, np.float32),
    B: np.full((4,), -2.0, np.float32),
    BIAS: np.zeros((), np.float32),
}
SMALL_SHAPES = {key: tensor.shape for key, tensor in SMALL.items()}


@pytest.mark.parametrize(
    ("file", "skip", "expected"),
    [
        (SMALL, (), ((A, BIAS, B), (), (), ())),
        (SMALL, ("second",), ((A,), (BIAS, B), (), ())),
        ({A: SMALL[A]}, ("second",), ((A,), (BIAS, B), (), ())),
        (
            SMALL | {f"model/third{SUFFIX}": SMALL[A]},
            ("third",),
            ((A, BIAS, B), (), (f"model/third{SUFFIX}",), ()),
        ),
        (SMALL | {f"ema/first{SUFFIX}": SMALL[A]}, (), ((A, BIAS, B), (), (f"ema/first{SUFFIX}",), ())),
        (
            SMALL
            | {
                f"step{SUFFIX}": np.array(9, np.int64),
                f"optimizer/decay{SUFFIX}": np.array(0, np.float32),
                f"model/first/kernel/.OPTIMIZER_SLOT/optimizer/momentum{SUFFIX}": SMALL[A] + 1,
            },
            (),
            (
                (A, BIAS, B),
                (),
                (),
                (
                    f"model/first/kernel/.OPTIMIZER_SLOT/optimizer/momentum{SUFFIX}",
                    f"optimizer/decay{SUFFIX}",
                    f"step{SUFFIX}",
                ),
            ),
        ),
    ],
    ids=[
        "all",
        "skip one layer",
        "skipped need not be there",
        "surplus skipped",
        "surplus elsewhere",
        "training run",
    ],
)
def test_report_of_what_fits(tmp_path, file, skip, expected):
    variables = stand_ins(SMALL_SHAPES)
    report = restore(variables, write_checkpoint(tmp_path / "ckpt", file), skip=skip)
    assert (report.restored, report.skipped, report.surplus, report.bookkeeping) == expected
    for key, variable in variables.items():
        restored = variable.value is not None and np.array_equal(variable.value, SMALL[key])
        assert restored == (key in report.restored)


@pytest.mark.parametrize(
    ("file", "skip", "lines"),
    [
        (
            {"other": SMALL[B]},
            (),
            ["missing in the file (3):", "  model/first/kernel"],
        ),
        ({A: SMALL[A], B: SMALL[B]}, (), ["missing in the file (1):", "  model/second/bias"]),
        (
            SMALL | {A: SMALL[A].T},
            (),
            ["shape mismatch (1):", "  model/first/kernel: network (2, 3), file (3, 2)"],
        ),
        (SMALL | {f"model/third{SUFFIX}": SMALL[A]}, (), ["in the file only (1):", "  model/third"]),
        ({A: SMALL[A].T}, ("second",), ["shape mismatch (1):", "skipped as asked (2):"]),
    ],
    ids=["nothing in it", "missing", "shape", "surplus", "skip does not cover the shape"],
)
def test_everything_else_raises_with_lists_and_assigns_nothing(tmp_path, file, skip, lines):
    variables = stand_ins(SMALL_SHAPES)
    with pytest.raises(CheckpointError, match="does not fit; nothing was restored") as raised:
        restore(variables, write_checkpoint(tmp_path / "ckpt", file), skip=skip)
    assert "Give a checkpoint of this network, or build the network" in str(raised.value)
    assert set(lines) <= set(str(raised.value).splitlines())
    assert all(variable.value is None for variable in variables.values())


@pytest.mark.parametrize(
    ("skip", "close"),
    [("secnod", r"Close to it: second"), ("kernels", r"Close to it: kernel"), ("", r"skip names ''")],
)
def test_a_skip_that_names_nothing_is_refused(tmp_path, skip, close):
    prefix = write_checkpoint(tmp_path / "ckpt", SMALL)
    with pytest.raises(CheckpointError, match=close):
        restore(stand_ins(SMALL_SHAPES), prefix, skip=(skip,))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_diverged_training_is_refused(tmp_path, bad):
    variables = stand_ins(SMALL_SHAPES)
    prefix = write_checkpoint(tmp_path / "ckpt", SMALL | {BIAS: np.array(bad, np.float32)})
    with pytest.raises(
        CheckpointError, match=r"1 weights .* NaN or infinite numbers, first model/second/bias"
    ):
        restore(variables, prefix)
    assert all(variable.value is None for variable in variables.values())


def test_damage_is_noticed_before_anything_is_assigned(tmp_path):
    variables = stand_ins(SMALL_SHAPES)
    prefix = write_checkpoint(tmp_path / "ckpt", SMALL)
    data = data_file(prefix).read_bytes()
    data_file(prefix).write_bytes(data[:-1] + bytes([data[-1] ^ 128]))
    with pytest.raises(CheckpointError, match="is damaged"):
        restore(variables, prefix)
    assert all(variable.value is None for variable in variables.values())


@pytest.mark.parametrize(
    ("keys", "looks_like"),
    [
        (["FeatureExtractor/MobilenetV2/Conv/weights"], "a TensorFlow 1 Object Detection model"),
        (["model/_feature_extractor/_bifpn_stage/node/kernel"], "EfficientDet"),
        (["model/_first_stage_box_predictor/kernel"], "Faster R-CNN"),
        (["model/_prediction_head_dict/center/kernel"], "CenterNet"),
        (
            ["model/_feature_extractor/classification_backbone/layer_with_weights-103/gamma"],
            "SSD MobileNetV2 without a feature pyramid",
        ),
        (["layer_with_weights-0/kernel"], r"something else \(its first key is layer_with_weights-0/kernel\)"),
    ],
)
def test_other_peoples_checkpoints_are_recognised(tmp_path, keys, looks_like):
    prefix = write_checkpoint(tmp_path / "ckpt", dict.fromkeys(keys, SMALL[B]))
    with pytest.raises(CheckpointError, match=f"the file looks like {looks_like}"):
        restore(stand_ins(weight_shapes("mobilenet")), prefix)


def _figures(tensors_file: CheckpointFile) -> dict:
    entries = {k: {"size": e.size, "masked_crc32c": e.masked_crc32c} for k, e in tensors_file.entries.items()}
    return {"data_file_bytes": tensors_file.data_file_bytes, "entries": entries}


def test_verify_accepts_the_genuine_file_as_dict_and_as_files(tmp_path):
    prefix = write_checkpoint(tmp_path / "ckpt", SMALL)
    figures = _figures(CheckpointFile(prefix))
    (tmp_path / "figures.json").write_text(json.dumps(figures))
    for genuine in (None, figures, tmp_path / "figures.json", str(tmp_path / "figures.json")):
        verify_tensors(prefix, genuine)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            SMALL | {B: SMALL[B] + 1},
            r"not the genuine model zoo file: 1 of 3 tensors differ, first model/second/kernel\.",
        ),
        (
            SMALL | {f"z{SUFFIX}": SMALL[B]},
            r"not the genuine model zoo file: 1 of 3 tensors differ, first z\.",
        ),
        (
            {A: SMALL[A], B: SMALL[B]},
            r"not the genuine model zoo file: 1 of 3 tensors differ, first model/second/bias",
        ),
    ],
    ids=["other values of the same size", "one more", "one less"],
)
def test_verify_notices_an_intact_other_file(tmp_path, file, sentence):
    figures = _figures(CheckpointFile(write_checkpoint(tmp_path / "genuine", SMALL)))
    prefix = write_checkpoint(tmp_path / "ckpt", file)
    verify_tensors(prefix)
    with pytest.raises(CheckpointError, match=sentence):
        verify_tensors(prefix, figures, read_data=False)


def test_verify_notices_a_flipped_byte_and_surplus_bytes(tmp_path):
    prefix = write_checkpoint(tmp_path / "ckpt", SMALL)
    figures, data = _figures(CheckpointFile(prefix)), data_file(prefix).read_bytes()
    data_file(prefix).write_bytes(bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(CheckpointError, match="is damaged"):
        verify_tensors(prefix, figures)
    data_file(prefix).write_bytes(data + b"\0")
    with pytest.raises(CheckpointError, match="has 45 bytes, expected 44"):
        verify_tensors(prefix, figures)


def test_formula_weights_are_not_the_genuine_zoo_file(zoo_files):
    with pytest.raises(CheckpointError, match="not the genuine model zoo file: 386 of 386 tensors differ"):
        verify_tensors(zoo_files["mobilenet", 90], zoo_model(M_NAME).figures)


@pytest.mark.parametrize(("name", "model"), [(M_NAME, "mobilenet"), (R_NAME, "resnet50")])
def test_figures_name_the_weights_of_the_network(name, model):
    figures = json.loads(zoo_model(name).figures.read_text())
    for key, shape in weight_shapes(model).items():
        assert figures["entries"][key]["size"] == 4 * np.prod(shape)


def test_real_hand_detector_restores_completely_into_the_builder(shared_data):
    from tflhelpers.model.ssd import ssd_mobilenet_v2_fpnlite, variables_by_key

    variables = variables_by_key(ssd_mobilenet_v2_fpnlite((320, 320), num_classes=7))
    prefix = shared_data / "handtrack_320" / "checkpoint"
    report = restore(variables, prefix)
    assert report.summary() == "ckpt-0: restored 384 of 384 weights"
    file = CheckpointFile(prefix)
    for key, variable in variables.items():
        assert np.array_equal(np.asarray(variable), file.read(key)), key


def test_real_extractor_alone_restores_when_the_predictor_is_skipped(shared_data):
    variables = stand_ins(weight_shapes("mobilenet"))
    prefix = shared_data / "coco_fpnlite_extractor" / "checkpoint_feature_extractor" / "ckpt-0"
    with pytest.raises(CheckpointError) as raised:
        restore(variables, prefix)
    assert len(raised.value.report.missing) == 94
    report = restore(variables, prefix, skip=("_box_predictor",))
    assert (len(report.restored), len(report.skipped), report.surplus) == (290, 94, ())


def test_reads_without_tensorflow(zoo_files):
    """The JAX backend can load a checkpoint where TensorFlow is not installed."""
    program = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from tflhelpers.model.checkpoint_file import CheckpointFile\n"
        f"file = CheckpointFile({str(zoo_files['mobilenet', 1])!r})\n"
        "import tflhelpers.model.checkpoint\n"
        f"print(sum({CLASS_HEAD!r} in key for key in file.entries), 'keras' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]

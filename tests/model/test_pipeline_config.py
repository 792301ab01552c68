"""`pipeline.config` of our detectors, and of others; that the API understands it is proved in tests/peers."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import formula_tensors, write_checkpoint
from tflhelpers.files.text_proto import parse_text_proto
from tflhelpers.model import pipeline_config
from tflhelpers.model.checkpoint_file import CheckpointError
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_config import write_pipeline_config
from tflhelpers.model.pipeline_reader import PipelineConfigError, detector_from_pipeline, read_pipeline_config
from tflhelpers.model.settings import Architecture

MOBILENET = Architecture("ssd_mobilenet_v2_fpnlite", (320, 320), {})
RESNET = Architecture("ssd_resnet_fpn", (640, 512), {"depth": 101})
SMALL = Architecture(
    "ssd_mobilenet_v2_fpnlite", (256, 256), {"alpha": 0.5, "fpn_depth": 64, "tower_layers": 3}
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Only the shape of the class head is looked at; a network of formula tensors would take minutes."""
    shapes = formula_tensors("mobilenet", 2)
    monkeypatch.setattr(
        pipeline_config,
        "variables_by_key",
        lambda network: {k: SimpleNamespace(shape=v.shape) for k, v in shapes.items()},
    )


def _write(tmp_path, architecture=MOBILENET, **changes) -> Path:
    detector = SimpleNamespace(architecture=architecture, class_names=("duck", "penguin"), network=None)
    arguments = {
        "train_records": tmp_path / "train.record",
        "label_map": tmp_path / "label_map.pbtxt",
    } | changes
    return write_pipeline_config(detector, tmp_path / "new" / "pipeline.config", **arguments)


def _fields(path: Path) -> dict:
    return parse_text_proto(path.read_text("utf-8"))


def _last(message, *names):
    for name in names:
        message = message[name][-1]
    return message


@pytest.mark.parametrize("architecture", [MOBILENET, RESNET, SMALL])
def test_what_is_written_comes_back(tmp_path, architecture):
    config = read_pipeline_config(_write(tmp_path, architecture))
    assert (config.architecture, config.num_classes) == (architecture, 2)
    assert config.label_map == (tmp_path / "label_map.pbtxt").as_posix()


def test_the_values_by_hand(tmp_path):
    fields = _fields(_write(tmp_path, batch_size=64, steps=5000))
    rate = _last(
        fields,
        "train_config",
        "optimizer",
        "momentum_optimizer",
        "learning_rate",
        "cosine_decay_learning_rate",
    )
    assert rate == {  # half the zoo's 0.08, which is for 128 pictures
        "learning_rate_base": [0.04],
        "total_steps": [5000],
        "warmup_learning_rate": [0.013333333],
        "warmup_steps": [500],
    }
    assert (fields["train_config"][0]["batch_size"], fields["train_config"][0]["num_steps"]) == ([64], [5000])
    assert "fine_tune_checkpoint" not in fields["train_config"][0]
    assert _last(fields, "model", "ssd", "freeze_batchnorm") == "true"
    record = (tmp_path / "train.record").as_posix()
    for reader in ("train_input_reader", "eval_input_reader"):
        assert _last(fields, reader, "tf_record_input_reader")["input_path"] == [record]


@pytest.mark.parametrize(
    ("train", "evaluate", "expected"),
    [
        ("a.record-?????-of-?????", None, (["a.record-?????-of-?????"], ["a.record-?????-of-?????"])),
        (["a", "b"], "c", (["a", "b"], ["c"])),
        ([Path('it\'s "x".record')], None, (['it\'s "x".record'],) * 2),
    ],
)
def test_records_are_named_in_full(tmp_path, monkeypatch, train, evaluate, expected):
    monkeypatch.chdir(tmp_path)
    fields = _fields(_write(tmp_path, train_records=train, eval_records=evaluate))
    readers = ("train_input_reader", "eval_input_reader")
    found = tuple(_last(fields, reader, "tf_record_input_reader")["input_path"] for reader in readers)
    assert found == tuple([(tmp_path / name).as_posix() for name in names] for names in expected)


@pytest.mark.parametrize(("num_classes", "kind"), [(2, "full"), (90, "detection")])
def test_the_class_head_is_restored_where_it_fits(tmp_path, num_classes, kind):
    write_checkpoint(tmp_path / "ckpt-0", formula_tensors("mobilenet", num_classes))
    fields = _fields(_write(tmp_path, checkpoint=tmp_path))["train_config"][0]
    assert fields["fine_tune_checkpoint"] == [(tmp_path / "ckpt-0").as_posix()]
    assert fields["fine_tune_checkpoint_type"] == [kind]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size and steps must be at least 1"),
        ({"steps": 0}, "batch_size and steps must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate above 0"),
        ({"learning_rate": np.nan}, "learning_rate above 0"),
        ({"train_records": []}, "must name at least one record file"),
    ],
)
def test_impossible_settings_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        _write(tmp_path, **changes)
    assert not (tmp_path / "new").exists()


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        _write(tmp_path, checkpoint=tmp_path / "ckpt-0")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model {", "modl {", "expected a model of the kind ssd, got no model"),
        ("  ssd {", "  faster_rcnn {", "expected a model of the kind ssd, got faster_rcnn"),
        (
            "fixed_shape_resizer",
            "keep_aspect_ratio_resizer",
            "must be a fixed_shape_resizer, got keep_aspect_ratio_resizer",
        ),
        (
            "ssd_mobilenet_v2_fpn_keras",
            "ssd_mobilenet_v1_fpn_keras",
            "feature_extractor.type must be one of ssd_mobilenet_v2",
        ),
        (
            "override_base_feature_extractor_hyperparams: true",
            "",
            "override_base_feature_extractor_hyperparams must be true",
        ),
        ("share_prediction_tower: true", "", "share_prediction_tower must be true, got false"),
        ("anchor_scale: 4.0", "anchor_scale: 3.0", r"anchor_scale must be 4\.0, got 3\.0"),
        ("aspect_ratios: [1.0, 2.0, 0.5]", "aspect_ratios: [1.0]", r"aspect_ratios must be .*, got \[1\.0\]"),
        ("activation: RELU_6", "activation: SWISH", "activation must be RELU_6, got SWISH"),
        ("epsilon: 0.001", "epsilon: 0.01", r"epsilon must be 0\.001, got 0\.01"),
        ("additional_layer_depth: 128", "", "must be the box predictor's depth 128, got 256"),
        (
            "depth_multiplier: 1.0",
            "depth_multiplier: 0.5",
            "min_depth must be at most 8 where depth_multiplier is 0.5, got 16",
        ),
        ("num_classes: 2", "num_classes: 0", "num_classes must be at least 1, got 0"),
        ("num_layers_before_predictor: 4", "", "num_layers_before_predictor must be at least 1, got 0"),
        ("}", "", r"expected a pipeline\.config, got something else \(line"),
    ],
)
def test_other_networks_are_refused_by_name(tmp_path, old, new, message):
    path = _write(tmp_path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(PipelineConfigError, match=message):
        read_pipeline_config(path)


def test_names_must_fit_the_config(tmp_path):
    path = _write(tmp_path)
    with pytest.raises(PipelineConfigError, match="expected names of its 2 classes, got 1: duck"):
        detector_from_pipeline(path, tmp_path, ["duck"])


def _replaced(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epsilon: 0.001", "epsilon: 0.0010000000474974513"),
        ("epsilon: 0.001", "epsilon: 1e-3f"),
        ("iou_threshold: 0.6", "iou_threshold: 0.6000000238418579"),
        ("anchor_scale: 4.0", "anchor_scale: 4"),
        ("aspect_ratios: [1.0, 2.0, 0.5]", "aspect_ratios: 1 aspect_ratios: 2 aspect_ratios: 0.5"),
        ("use_depthwise: true", "use_depthwise: True"),
        ("share_prediction_tower: true", "share_prediction_tower: t"),
        (
            "override_base_feature_extractor_hyperparams: true",
            "override_base_feature_extractor_hyperparams: 1",
        ),
        ("scale: true", "scale: true center: True train: 0"),
        ("kernel_size: 3", "kernel_size: 0x3 score_converter: 0"),
        ("activation: RELU_6", "activation: 2"),
        ("score_threshold: 1e-8", "score_threshold: 0.3 use_static_shapes: False change_coordinate_frame: f"),
        ("encode_background_as_zeros: true", "encode_background_as_zeros: false add_background_class: t"),
        ("max_total_detections: 100", "max_total_detections: 300 use_class_agnostic_nms: 0"),
        ("height: 320", "height: 320 resize_method: BILINEAR convert_to_grayscale: False"),
        ("min_depth: 16", "min_depth: 8 pad_to_multiple: 32"),
    ],
)
def test_a_value_is_compared_by_the_type_of_its_field(tmp_path, old, new):
    config = read_pipeline_config(_replaced(_write(tmp_path), (old, new)))
    assert (config.architecture, config.num_classes) == (MOBILENET, 2)


@pytest.mark.parametrize("architecture", [MOBILENET, RESNET, SMALL])
def test_every_float_may_have_the_digits_of_a_float32(tmp_path, architecture):
    """So the API itself writes its files."""
    path = _write(tmp_path, architecture)
    text = re.sub(r"\d+\.\d+|1e-8", lambda found: repr(float(np.float32(found[0]))), path.read_text("utf-8"))
    assert "0.0010000000474974513" in text
    path.write_text(text, "utf-8")
    assert read_pipeline_config(path).architecture == architecture


def test_a_followed_float_is_the_float32_that_is_meant(tmp_path):
    path = _write(tmp_path, SMALL)
    digits = ("depth_multiplier: 0.5", "depth_multiplier: 0.3499999940395355")
    depth = ("additional_layer_depth: 128", "additional_layer_depth: 183")
    config = read_pipeline_config(_replaced(path, digits, depth))
    assert config.architecture.arguments["alpha"] == 0.35


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "score_converter: SIGMOID",
            "score_converter: SOFTMAX",
            "score_converter must be SIGMOID, got SOFTMAX",
        ),
        ("score_converter: SIGMOID", "", "score_converter must be SIGMOID, got IDENTITY"),
        ("score_converter: SIGMOID", "score_converter: 2", "score_converter must be SIGMOID, got 2"),
        (
            "score_converter: SIGMOID",
            "score_converter: SIGMOID logit_scale: 2",
            "logit_scale must be 1.0, got 2.0",
        ),
        (
            "score_converter: SIGMOID",
            "score_converter: SIGMOID calibration_config { }",
            r"post_processing\.calibration_config \(line \d+\) is no field that our networks can follow",
        ),
        ("y_scale: 10.0", "y_scale: 1.0", "faster_rcnn_box_coder.y_scale must be 10.0, got 1.0"),
        (
            "faster_rcnn_box_coder {",
            "square_box_coder {",
            "box_coder must be a faster_rcnn_box_coder, got square_box",
        ),
        (
            "box_coder { faster_rcnn_box_coder {",
            "box_coder { mean_stddev_box_coder { } faster_rcnn_box_coder {",
            "box_coder must be a faster_rcnn_box_coder, got mean_stddev_box_coder",
        ),
        (
            "height: 320",
            "convert_to_grayscale: 1 height: 320",
            "convert_to_grayscale must be false, got true",
        ),
        ("height: 320", "height: 320 resize_method: AREA", "resize_method must be BILINEAR, got AREA"),
        ("height: 320", "height: 320.0", "fixed_shape_resizer.height must be a whole number, got 320.0"),
        ("height: 320", "", "fixed_shape_resizer must have a height and a width above 0"),
        ("iou_threshold: 0.6", "iou_threshold: 0.5", "iou_threshold must be 0.6, got 0.5"),
        ("iou_threshold: 0.6", "soft_nms_sigma: 0.5", "soft_nms_sigma must be 0.0, got 0.5"),
        ("iou_threshold: 0.6", "use_class_agnostic_nms: t", "use_class_agnostic_nms must be false, got true"),
        (
            "aspect_ratios: [1.0, 2.0, 0.5]",
            "aspect_ratios: [1.0, 2.0, 0.5] normalize_coordinates: False",
            "normalize_coordinates must be true, got false",
        ),
        (
            "num_classes: 2",
            "num_classes: 2 add_background_class: f",
            "add_background_class must be true, got false",
        ),
        (
            "num_classes: 2",
            "num_classes: 2 explicit_background_class: 1",
            "explicit_background_class must be false",
        ),
        ("num_classes: 2", "num_classes: 2 mask_head_config { }", r"mask_head_config \(line 4\) is no field"),
        ("num_classes: 2", "num_classes: []", "num_classes must be at least 1, got None"),
        ("num_classes: 2", "num_classes: 2 mask_head_config: []", r"mask_head_config \(line 4\) is no field"),
        ("num_classes: 2", "num_class: 2", r"num_class \(line 4\) is no field"),
        ("num_classes: 2", "num_classes: '2'", "num_classes must be a whole number, got '2'"),
        ("scale: true", "scale: true center: false", "batch_norm.center must be true, got false"),
        ("scale: true", "", "batch_norm.scale must be true, got false"),
        (
            "activation: RELU_6",
            "activation: RELU_6 force_use_bias: true",
            "force_use_bias must be false, got true",
        ),
        ("use_depthwise: true", "use_depthwise: yes", "use_depthwise must be true, got yes"),
        ("use_depthwise: true", "use_depthwise: 'true'", "use_depthwise must be true, got 'true'"),
        (
            "min_depth: 16",
            "min_depth: 16 use_explicit_padding: true",
            "use_explicit_padding must be false, got true",
        ),
        (
            "min_depth: 16",
            "min_depth: 16 pad_to_multiple: 128",
            r"pad_to_multiple must be a divisor .*, got 128",
        ),
        (
            "min_depth: 16",
            "min_depth: 64",
            "min_depth must be at most 16 where depth_multiplier is 1.0, got 64",
        ),
        ("min_depth: 16", "min_depth: 16 bifpn { }", r"feature_extractor\.bifpn \(line \d+\) is no field"),
        ("depth_multiplier: 1.0", "depth_multiplier: inf", "depth_multiplier must be above 0, got inf"),
        ("depth_multiplier: 1.0", "depth_multiplier: 1e99", "depth_multiplier must be above 0, got inf"),
        ("depth_multiplier: 1.0", "depth_multiplier: nan", "depth_multiplier must be above 0, got nan"),
        ("kernel_size: 3", "box_code_size: 6", "box_code_size must be 4, got 6"),
        ("kernel_size: 3", "conv_hyperparams: 3", r"conv_hyperparams is given 2 times, on lines \d+ and \d+"),
        (
            "box_coder {",
            "matcher: 3 loss: 3 box_coder: 3 x {",
            "box_coder must be a message in braces, got 3",
        ),
        (
            "num_classes: 2",
            "num_classes: 2\n num_classes: 3",
            "num_classes is given 2 times, on lines 4 and 5. Keep one",
        ),
        ("model {", "model { ssd { } }\nmodel {", "model is given 2 times, on lines 2 and 3. Keep one"),
        (
            "label_map_path:",
            "label_map_path: 'a'\nlabel_map_path:",
            r"label_map_path is given 2 times, on lines",
        ),
        (
            "depth: 128\n",
            "depth: 128\n depth: 128\n",
            r"predictor\.depth is given 2 times, on lines \d+ and \d+",
        ),
    ],
)
def test_what_changes_the_outputs_is_refused_by_name(tmp_path, old, new, message):
    with pytest.raises(PipelineConfigError, match=message):
        read_pipeline_config(_replaced(_write(tmp_path), (old, new)))


def test_a_narrower_resnet_is_refused(tmp_path):
    path = _replaced(_write(tmp_path, RESNET), ("depth_multiplier: 1.0", "depth_multiplier: 0.5"))
    with pytest.raises(PipelineConfigError, match=r"depth_multiplier must be 1\.0, got 0\.5"):
        read_pipeline_config(path)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["a"],
            "the config says 1 class, the checkpoint has 2. Give the pipeline.config and the checkpoint of one",
        ),
        (["a", "b", "c"], "the config says 3 classes, the checkpoint has 2"),
    ],
)
def test_a_checkpoint_of_other_classes_is_named_in_the_configs_words(tmp_path, names, message):
    Detector(SMALL, ["duck", "penguin"]).save_zoo_checkpoint(tmp_path / "ckpt-0")
    path = _replaced(_write(tmp_path, SMALL), ("num_classes: 2", f"num_classes: {len(names)}"))
    with pytest.raises(CheckpointError) as raised:
        detector_from_pipeline(path, tmp_path / "ckpt-0", names)
    assert message in str(raised.value)
    assert "skip" not in str(raised.value)

"""`pipeline.config` of our detectors, and of others; that the API understands it is proved in tests/peers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import formula_tensors, write_checkpoint
from tflhelpers.files.text_proto import parse_text_proto
from tflhelpers.model import pipeline_config
from tflhelpers.model.checkpoint_file import CheckpointError
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

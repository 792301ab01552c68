"""The original implementation's golden data, and proofs that our code reproduces it.

tests/data/golden holds what the original computed on weights, pictures and boxes given by formula (`formula.py` and
below), so that equality can be proved without a trained file. Each `prove_*` raises AssertionError where we differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from tests.model.formula import formula_weight
from tflhelpers.model import box_coding, nms, preprocess, ssd
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.training import losses, matching
from tflhelpers.training.trainer import DetectorTrainer

FOLDER = Path(__file__).resolve().parent.parent / "data" / "golden"
ATOL = 1e-3
BOXES = (  # ymin, xmin, ymax, xmax; drawn into the pictures
    ((0.10, 0.15, 0.55, 0.60), (0.42, 0.33, 0.97, 0.91), (0.703, 0.047, 0.806, 0.158)),
    ((0.256, 0.444, 0.484, 0.629), (0.02, 0.60, 0.35, 0.99)),
)
CLASSES_90 = ((0, 17, 89), (43, 17, 0))
PREDICTOR = "WeightSharedConvolutionalBoxPredictor/WeightSharedConvolutional"
HEAD_VARIABLES = {
    "box_head": f"{PREDICTOR}BoxHead/BoxPredictor",
    "class_head": f"{PREDICTOR}ClassHead/ClassPredictor",
}
PYRAMID = ("fpn_smooth3_relu", "fpn_smooth4_relu", "fpn_lateral5", "fpn_coarse6_relu", "fpn_coarse7_relu")


@dataclass(frozen=True)
class GoldenCase:
    """One of the two models on both pictures; `name` is "mobilenet" or "resnet50"."""

    name: str
    size: int
    family: str
    backbone_layers: tuple[str, ...]

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(FOLDER / f"golden_{self.name}.npz") as file:
            return {key: file[key] for key in file.files}

    @cached_property
    def numbers(self) -> dict:
        return json.loads((FOLDER / f"golden_{self.name}.json").read_text())

    def network(self, num_classes: int) -> keras.Model:
        """A fresh network with the formula's weights."""
        network = ssd.FAMILIES[self.family]((self.size, self.size), num_classes)
        for key, variable in ssd.variables_by_key(network).items():
            variable.assign(formula_weight(key, tuple(variable.shape)))
        return network

    def inputs(self) -> np.ndarray:
        """float32 (2, S, S, 3): picture 0 has the network's size, picture 1 goes through the resizer."""
        pictures = picture(0, self.size, self.size), picture(1, 480, 601)
        return np.stack([preprocess.network_input(p, (self.size, self.size)) for p in pictures])

    def truth(self, num_classes: int) -> dict[str, np.ndarray]:
        """Boxes (2, 3, 4) and labels (2, 3). Picture 1's last box overlaps no anchor by half: it matches by force."""
        centre = int(0.9 * self.size) // 8 * 8 + 4
        thin = np.array([centre - 5, centre - 20, centre + 5, centre + 20]) / self.size
        boxes = np.array([BOXES[0], (*BOXES[1], tuple(thin))], np.float32)
        labels = CLASSES_90 if num_classes == 90 else np.zeros((2, 3))
        return {"boxes_rel_yxyx": boxes, "labels": np.asarray(labels, np.int32)}

    def check_samples(self, tag: str, values, atol: float = ATOL) -> None:
        """Compares the sampled entries of one tensor, stored as flat indices and values."""
        ours = np.asarray(values).ravel()[self.arrays[f"{tag}/index"]]
        np.testing.assert_allclose(ours, self.arrays[f"{tag}/value"], rtol=0, atol=atol, err_msg=tag)


MOBILENET = GoldenCase(
    "mobilenet", 320, "ssd_mobilenet_v2_fpnlite", ("block_2_add", "block_5_add", "block_12_add", "out_relu")
)
RESNET50 = GoldenCase(
    "resnet50",
    640,
    "ssd_resnet_fpn",
    ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
)


def picture(index: int, height: int, width: int) -> np.ndarray:
    """uint8 (height, width, 3) by integer arithmetic: two triangle waves, hashed noise, and the coloured BOXES."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    waves = _triangle(x * (c + 1) + y + 31 * index, 64) + _triangle(y * (3 - c) + 2 * x + 17 * index, 90)
    noise = ((73856093 * x) ^ (19349663 * y) ^ (83492791 * (c + 1))) & 15
    values = np.minimum(waves // 2 + noise, 255)
    for k, (top, left, bottom, right) in enumerate(BOXES[index]):
        colour = (60 + 90 * k) % 256, (200 - 70 * k) % 256, (20 + 50 * k + 40 * index) % 256
        values[int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = colour
    return values.astype(np.uint8)


def _triangle(n: np.ndarray, period: int) -> np.ndarray:
    return np.abs(n % (2 * period) - period) * 255 // period


def outputs_of(case: GoldenCase, network: keras.Model) -> dict[str, np.ndarray]:
    """The network's outputs for both pictures, with the maps inside it, as numpy arrays."""
    layers = ("preprocess", *case.backbone_layers, *PYRAMID)
    taps = {name: network.get_layer(name).output for name in layers} | network.output
    values = keras.Model(network.input, taps)(case.inputs(), training=False)
    return {name: keras.ops.convert_to_numpy(value) for name, value in values.items()}


def prove_tensors(case: GoldenCase, outputs: dict, num_classes: int) -> None:
    """Preprocessing, backbone, pyramid, raw outputs and decoded boxes are the original's."""
    for i in range(2):
        case.check_samples(f"preprocessed/{i}", outputs["preprocess"][i])
    for i, name in enumerate(case.backbone_layers):
        case.check_samples(f"backbone/{i}", outputs[name])
    for level, name in enumerate(PYRAMID, start=3):
        case.check_samples(f"feature_map/{level}", outputs[name])
    case.check_samples("box_encodings", outputs["box_encodings"])
    case.check_samples(f"n{num_classes}/class_predictions_with_background", outputs["class_logits"])
    case.check_samples("raw_detection_boxes", decoded_boxes(case, outputs))


def decoded_boxes(case: GoldenCase, outputs: dict) -> np.ndarray:
    anchors = anchors_rel_yxyx((case.size, case.size))
    return keras.ops.convert_to_numpy(box_coding.decode_boxes(outputs["box_encodings"], anchors))


def prove_detections(case: GoldenCase, outputs: dict, num_classes: int) -> None:
    """The best hundred (anchor, class) pairs are the original's, with their boxes and scores."""
    boxes = decoded_boxes(case, outputs)
    scores = keras.ops.convert_to_numpy(keras.ops.sigmoid(outputs["class_logits"][..., 1:]))
    for i in range(2):
        anchors, labels = nms.select_detections(boxes[i], scores[i])
        golden = {key: case.arrays[f"n{num_classes}/detection_{key}"][i] for key in _DETECTION_KEYS}
        wanted = list(
            zip(golden["anchor_indices"].tolist(), golden["classes"].astype(int).tolist(), strict=True)
        )
        found = list(zip(anchors.tolist(), labels.tolist(), strict=True))
        assert set(found) == set(wanted)
        assert len(found) == case.arrays[f"n{num_classes}/num_detections"][i]
        order = [found.index(pair) for pair in wanted]
        np.testing.assert_allclose(
            np.clip(boxes[i][anchors[order]], 0, 1), golden["boxes"], rtol=0, atol=ATOL
        )
        np.testing.assert_allclose(scores[i][anchors, labels][order], golden["scores"], rtol=0, atol=ATOL)


_DETECTION_KEYS = ("anchor_indices", "classes", "boxes", "scores")


def prove_matches(case: GoldenCase) -> None:
    """Every anchor answers for the same box, with the same codes, as in the original."""
    anchors, truth = anchors_rel_yxyx((case.size, case.size)), case.truth(1)
    match = keras.ops.convert_to_numpy(
        matching.match_anchors(anchors, truth["boxes_rel_yxyx"], truth["labels"])
    )
    targets = matching.encode_targets(anchors, truth["boxes_rel_yxyx"], truth["labels"], 1)
    codes = keras.ops.convert_to_numpy(targets["box_encodings"])
    for i in range(2):
        matched = np.flatnonzero(match[i] >= 0)
        np.testing.assert_array_equal(matched, case.arrays[f"match/{i}/anchor"])
        np.testing.assert_array_equal(match[i][matched], case.arrays[f"match/{i}/gt"])
        np.testing.assert_allclose(
            codes[i][matched], case.arrays[f"match/{i}/reg_targets"], rtol=0, atol=ATOL
        )


def prove_losses(case: GoldenCase, outputs: dict, num_classes: int) -> None:
    """Both losses of the batch, and of each picture alone, are the original's to a relative 1e-5."""
    anchors, truth = anchors_rel_yxyx((case.size, case.size)), case.truth(num_classes)
    for tag, rows in (
        ("loss_batch", slice(0, 2)),
        ("loss_image0", slice(0, 1)),
        ("loss_image1", slice(1, 2)),
    ):
        targets = matching.encode_targets(
            anchors, *(truth[k][rows] for k in ("boxes_rel_yxyx", "labels")), num_classes
        )
        predictions = {name: outputs[name][rows] for name in ("box_encodings", "class_logits")}
        ours = [float(loss) for loss in losses.detection_losses(predictions, targets)]
        golden = case.numbers[f"n{num_classes}/{tag}"]
        wanted = [golden[f"Loss/{part}_loss"] for part in ("localization", "classification")]
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, err_msg=tag)


def prove_training(case: GoldenCase) -> None:
    """Four steps of the heads, as in the original's few-shot notebook: losses, gradients and weights."""
    network = case.network(1)
    for layer in network.layers:
        layer.trainable = layer.name in HEAD_VARIABLES
    trainer = DetectorTrainer(network, anchors_rel_yxyx((case.size, case.size)), 1)
    rate = case.numbers["train/learning_rate"]
    optimizer = keras.optimizers.SGD(rate, momentum=case.numbers["train/momentum"])
    trainer.compile(optimizer=optimizer, jit_compile=False)
    inputs, truth = case.inputs(), case.truth(1)
    for step, (total, localization, classification) in enumerate(case.numbers["train/steps"]):
        trainer.reset_metrics()
        logs = trainer.train_on_batch(inputs, truth, return_dict=True)
        ours = [float(logs[name]) for name in ("loss", "box_loss", "class_loss")]
        np.testing.assert_allclose(
            ours, [total, localization, classification], rtol=1e-4, err_msg=f"step {step}"
        )
        if step == 0:
            _check_head_values(case, "grad0", network, [-np.asarray(m) / rate for m in optimizer.momentums])
    _check_head_values(case, "after4", network, [np.asarray(v) for v in network.trainable_variables])


def _check_head_values(case: GoldenCase, tag: str, network: keras.Model, values: list) -> None:
    by_path = dict(zip([v.path for v in network.trainable_variables], values, strict=True))
    for layer, prefix in HEAD_VARIABLES.items():
        for variable in network.get_layer(layer).trainable_variables:
            name = f"train/{tag}/{prefix}/{variable.name}:0"
            wanted = case.arrays[f"{name}/value"]
            ours = by_path[variable.path].ravel()[case.arrays[f"{name}/index"]]
            np.testing.assert_allclose(
                ours, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max(), err_msg=name
            )

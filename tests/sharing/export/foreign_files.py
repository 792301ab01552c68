"""LiteRT files as other programs write them: detectors of one box a channel, whose score is that channel's mean."""

from __future__ import annotations

import io
import tempfile
import zipfile

import numpy as np
import tensorflow as tf

from tflhelpers.sharing.export.network import quiet_tensorflow
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_file import opened, packed, set_metadata
from tflhelpers.sharing.export.tflite_metadata import BOX, METADATA_NAME, _Byte, _Maker

HEIGHT, WIDTH = 8, 12
IMAGE = {"image": tf.TensorSpec((1, HEIGHT, WIDTH, 3), tf.float32)}
BOXES = np.array([[0.1, 0.2, 0.5, 0.6], [0.6, 0.55, 0.8, 0.85], [0.25, 0.0, 1.0, 0.125]], np.float32)  # yxyx
ROLES = ("boxes", "classes", "scores", "count")


def values(image, *, mean=127.5, std=127.5, classes=(2, 0, 1), dtype=tf.float32) -> dict:
    """What a detector gives of a picture that was normalised so; rows beyond the third hold nonsense."""
    scores = (tf.reduce_mean(image, axis=(1, 2)) * std + mean) / 255.0
    return {
        "boxes": tf.concat([BOXES[None], tf.fill([1, 1, 4], 1e27) * (1 + 0 * scores[0, 0])], axis=1),
        "classes": tf.concat([tf.constant([classes], dtype), tf.fill([1, 1], tf.cast(77, dtype))], axis=1),
        "scores": tf.concat([scores, tf.fill([1, 1], 0.99)], axis=1),
        "count": tf.constant([3.0]) + 0 * scores[0, :1],
    }


def detector_file(names: dict[str, str], *, taken=IMAGE, given=values) -> bytes:
    """A detector with outputs of these names, in the order of the names, as converters sort them."""
    content = converted(lambda image: {names[role]: value for role, value in given(image).items()}, taken)
    model = opened(content)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    for entry in signature.outputs:
        graph.tensors[entry.tensorIndex].name = entry.name
    graph.outputs = [entry.tensorIndex for entry in sorted(signature.outputs, key=lambda entry: entry.name)]
    return packed(model)


def metadata(outputs, *, mean=(127.5,), std=(127.5,), labels="labelmap.txt", box_type=1) -> bytes:
    """Metadata as the Task Library's writers make it, `outputs` being names in the file's order."""
    make = _Maker()
    normal = make.table({0: make.floats(mean), 1: make.floats(std)})
    unit = make.table({0: _Byte(1), 1: normal})
    picture = make.tensor("image", make.content(2), units=[unit])
    order = make._vector((1, 0, 3, 2), make._builder.PrependUint32)
    box = make.content(BOX, make.table({0: order, 1: _Byte(box_type), 2: _Byte(0)}))
    tensors = [
        make.tensor(name, box if at == 0 else make.content(1), files=[make.labels(labels)] if at == 1 else ())
        for at, name in enumerate(outputs)
    ]
    graph = make.table({2: make.vector([picture]), 3: make.vector(tensors)})
    return make.finished({0: make.text("SSD"), 3: make.vector([graph])})


def with_metadata(content: bytes, said: bytes, files: dict[str, bytes]) -> bytes:
    """A file with metadata, and small files at its end, compressed as some tools do it."""
    model = opened(content)
    set_metadata(model, METADATA_NAME, said)
    whole = io.BytesIO(packed(model))
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return whole.getvalue()


_POSTPROCESS = 'name: "TFLite_Detection_PostProcess" ' + " ".join(
    f'attr {{ key: "{name}" value {{ {kind}: {value} }} }}'
    for name, kind, value in (
        ("max_detections", "i", 5),
        ("max_classes_per_detection", "i", 1),
        ("detections_per_class", "i", 5),
        ("use_regular_nms", "b", "true"),
        ("nms_score_threshold", "f", 0.001),
        ("nms_iou_threshold", "f", 0.6),
        ("num_classes", "i", 3),
        ("y_scale", "f", 10),
        ("x_scale", "f", 10),
        ("h_scale", "f", 5),
        ("w_scale", "f", 5),
    )
)


@tf.function(experimental_implements=_POSTPROCESS)
def _postprocess(box_encodings, scores, anchors):
    return tf.zeros([1, 5, 4]), tf.zeros([1, 5]), tf.zeros([1, 5]), tf.zeros([1])


def ssd_file() -> bytes:
    """An SSD as the Object Detection API exports it, with the real operation; its outputs bear no telling names."""
    yxyx = BOXES
    anchors = np.concatenate([(yxyx[:, :2] + yxyx[:, 2:]) / 2, yxyx[:, 2:] - yxyx[:, :2]], axis=1)

    def run(image) -> dict:
        means = (tf.reduce_mean(image, axis=(1, 2)) + 1) / 2
        scores = tf.linalg.diag(means)[:, :, ::-1]  # box 0 is of class 2, box 2 of class 0
        scores = tf.pad(scores, [[0, 0], [0, 0], [1, 0]])  # background
        boxes, classes, scores, count = _postprocess(tf.zeros([1, 3, 4]) * means[0, 0], scores, anchors)
        return {"output_0": scores, "output_1": boxes, "output_2": count, "output_3": classes}

    module = tf.Module()
    (spec,) = IMAGE.values()
    module.run = tf.function(
        run, input_signature=[tf.TensorSpec(spec.shape, spec.dtype, "image")], autograph=False
    )
    with tempfile.TemporaryDirectory() as folder, quiet_tensorflow():
        tf.saved_model.save(module, folder, signatures={"serving_default": module.run})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        converter.allow_custom_ops = True
        return converter.convert()

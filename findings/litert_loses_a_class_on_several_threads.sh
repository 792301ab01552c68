#!/usr/bin/env bash
# tensorflow 2.21.0 (ai-edge-litert has the same operation): TFLite_Detection_PostProcess with use_regular_nms=true.
#
# Guess: the number of threads changes how long a detector takes, not what it finds.
# Seen: on n threads, n > 1, class n (counted from 0) is never found: its scores are not looked at. With one thread, with
#       more threads than classes, and with use_regular_nms=false all classes are. A program that asks for four threads loses class 4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tensorflow==2.21.0
cd "$folder"
CUDA_VISIBLE_DEVICES=-1 TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import numpy as np
import tensorflow as tf

CLASSES = 6
centres = np.linspace(0.1, 0.9, CLASSES)
anchors = np.array([[y, 0.5, 0.1, 0.3] for y in centres], np.float32)  # apart from each other: none suppresses another


def postprocess(regular: bool):
    attributes = {
        "max_detections": ("i", 10),
        "max_classes_per_detection": ("i", 1),
        "detections_per_class": ("i", 10),
        "use_regular_nms": ("b", str(regular).lower()),
        "nms_score_threshold": ("f", 0.01),
        "nms_iou_threshold": ("f", 0.6),
        "num_classes": ("i", CLASSES),
        "y_scale": ("f", 10.0),
        "x_scale": ("f", 10.0),
        "h_scale": ("f", 5.0),
        "w_scale": ("f", 5.0),
    }
    words = (f'attr {{ key: "{name}" value {{ {kind}: {value} }} }}' for name, (kind, value) in attributes.items())

    @tf.function(experimental_implements='name: "TFLite_Detection_PostProcess" ' + " ".join(words))
    def operation(boxes, scores, anchors):
        return tf.zeros([1, 10, 4]), tf.zeros([1, 10]), tf.zeros([1, 10]), tf.zeros([1])

    return operation


def model(regular: bool) -> bytes:
    operation = postprocess(regular)
    module = tf.Module()

    def run(scores):
        background = tf.pad(scores, [[0, 0], [0, 0], [1, 0]])
        boxes, classes, best, number = operation(tf.zeros([1, CLASSES, 4]) * scores[0, 0, 0], background, anchors)
        return {"classes": classes, "number": number}

    module.run = tf.function(run, input_signature=[tf.TensorSpec([1, CLASSES, CLASSES], tf.float32, "scores")])
    tf.saved_model.save(module, "saved", signatures={"serving_default": module.run})
    converter = tf.lite.TFLiteConverter.from_saved_model("saved")
    converter.allow_custom_ops = True
    return converter.convert()


def found(content: bytes, threads: int) -> list[int]:
    """The classes that are found where each anchor shows one of them, with score 0.9."""
    run = tf.lite.Interpreter(model_content=content, num_threads=threads).get_signature_runner()
    given = run(scores=np.eye(CLASSES, dtype=np.float32)[None] * 0.9)
    return sorted(int(label) for label in given["classes"][0, : int(given["number"][0])])


everything = list(range(CLASSES))
for regular in (False, True):
    content = model(regular)
    for threads in (1, 2, 3, 4, 5, 8):
        classes = found(content, threads)
        lost = sorted(set(everything) - set(classes))
        print(f"use_regular_nms={regular}, {threads} threads: classes {classes}, lost {lost}", flush=True)
        assert lost == ([threads] if regular and 1 < threads < CLASSES else []), "it loses other classes now, or none"
PYTHON
# Output of 2026-11-30:
# ...
# use_regular_nms=True, 1 threads: classes [0, 1, 2, 3, 4, 5], lost []
# use_regular_nms=True, 2 threads: classes [0, 1, 3, 4, 5], lost [2]
# use_regular_nms=True, 3 threads: classes [0, 1, 2, 4, 5], lost [3]
# use_regular_nms=True, 4 threads: classes [0, 1, 2, 3, 5], lost [4]
# use_regular_nms=True, 5 threads: classes [0, 1, 2, 3, 4], lost [5]
# use_regular_nms=True, 8 threads: classes [0, 1, 2, 3, 4, 5], lost []

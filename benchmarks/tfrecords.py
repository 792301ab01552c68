"""How quickly are TFRecords written and read, beside TensorFlow's own loops on the same bytes?

python benchmarks/tfrecords.py
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from children import machine
from PIL import Image
from report import markdown_table, paired_ratio, write_json

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats import tfrecord
from tflhelpers.data.formats.assemble import assemble
from tflhelpers.data.formats.record_boxes import raw_boxes
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.example_proto import split_example
from tflhelpers.files.record_file import read_records, write_record

KILOBYTES = (5, 20, 100, 400)
MEGABYTES = 64  # a run
PICTURES = 400


def record_jobs(folder: Path, kilobytes: int) -> dict[str, tuple[Callable, Callable]]:
    """What is timed on records of random bytes: name -> (ours, TensorFlow's)."""
    import tensorflow as tf

    count = MEGABYTES * 1000 // kilobytes
    records = [os.urandom(kilobytes * 1000) for _ in range(min(count, 50))]
    ours, theirs = folder / "ours.record", folder / "theirs.record"

    def write_ours() -> None:
        with atomic_file(ours) as file:
            for number in range(count):
                write_record(file, records[number % len(records)])

    def write_theirs() -> None:
        with tf.io.TFRecordWriter(str(theirs)) as writer:
            for number in range(count):
                writer.write(records[number % len(records)])
        with theirs.open("rb") as file:
            os.fsync(file.fileno())  # as ours: a file that is not on the disk is not written

    def read_ours() -> int:
        return sum(len(record.data) for record in read_records(theirs, print))

    def read_theirs() -> int:
        return sum(len(record.numpy()) for record in tf.data.TFRecordDataset(str(theirs)))

    return {
        f"write records of {kilobytes} kB": (write_ours, write_theirs),
        f"read records of {kilobytes} kB": (read_ours, read_theirs),
    }


def set_jobs(folder: Path) -> dict[str, tuple[Callable, Callable]]:
    """What is timed on a set of photos with boxes."""
    import tensorflow as tf

    annotations = photo_set(folder / "photos")
    ours, theirs = folder / "photos.record", folder / "theirs_photos.record"

    def write_theirs() -> None:
        with tf.io.TFRecordWriter(str(theirs)) as writer:
            for path, boxes in annotations:
                writer.write(tensorflow_example(tf, path, boxes))
        with theirs.open("rb") as file:
            os.fsync(file.fileno())

    def read_ours() -> int:
        examples = (split_example(record.data) for record in read_records(ours, print))
        return sum(len(raw_boxes(example, (480, 640), None)[0]) for example in examples)

    def read_theirs() -> int:
        examples = (
            tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(ours))
        )
        return sum(len(tensorflow_boxes(example)) for example in examples)

    return {
        f"write a set of {PICTURES} photos": (
            lambda: write_tfrecords(annotations, ours, progress=False),
            write_theirs,
        ),
        "read its boxes": (read_ours, read_theirs),
        "import it, with a look at each picture's head (TensorFlow: without)": (
            lambda: imported(ours),
            read_theirs,
        ),
    }


def tensorflow_boxes(example) -> list[tuple]:
    """The class and the edges of each box in an example."""
    feature = example.features.feature
    edges = [
        feature[f"image/object/bbox/{name}"].float_list.value for name in ("xmin", "ymin", "xmax", "ymax")
    ]
    names = [text.decode() for text in feature["image/object/class/text"].bytes_list.value]
    return list(zip(names, *edges, strict=True))


def photo_set(folder: Path) -> Annotations:
    """Noisy photos of 640x480, some 90 kB each, with three boxes."""
    folder.mkdir()
    random, items = np.random.default_rng(0), []
    for number in range(PICTURES):
        noise = random.integers(0, 256, (60, 80, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(noise).resize((640, 480)).save(file, "JPEG", quality=90)
        (folder / f"{number}.jpg").write_bytes(file.getvalue())
        corners = np.sort(random.integers(0, 480, (3, 2, 2)), axis=1) + [[[0, 0]], [[1, 1]], [[2, 2]]]
        corners[:, 1] += 1
        items.append((folder / f"{number}.jpg", Boxes(corners.reshape(3, 4).clip(0, 480), [0, 1, 0])))
    return Annotations(["duck", "penguin"], items)


def tensorflow_example(tf, path: Path, boxes: Boxes) -> bytes:
    """One record as the API's own scripts make it."""
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size

    def of_bytes(*values: bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    def of_ints(*values: int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def of_floats(values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    feature = {
        "image/height": of_ints(height),
        "image/width": of_ints(width),
        "image/filename": of_bytes(path.name.encode()),
        "image/source_id": of_bytes(path.name.encode()),
        "image/key/sha256": of_bytes(hashlib.sha256(data).hexdigest().encode()),
        "image/format": of_bytes(b"jpeg"),
        "image/encoded": of_bytes(data),
        "image/object/bbox/xmin": of_floats(boxes.xyxy[:, 0] / width),
        "image/object/bbox/xmax": of_floats(boxes.xyxy[:, 2] / width),
        "image/object/bbox/ymin": of_floats(boxes.xyxy[:, 1] / height),
        "image/object/bbox/ymax": of_floats(boxes.xyxy[:, 3] / height),
        "image/object/class/text": of_bytes(
            *(b"duck" if label == 0 else b"penguin" for label in boxes.labels)
        ),
        "image/object/class/label": of_ints(*(boxes.labels + 1)),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def imported(path: Path) -> Annotations:
    """The annotations of a record file."""
    report = ReportBuilder()
    raw = tfrecord.read(path, report)
    return assemble(raw, report, folders=raw.folders)


def timed(jobs: dict[str, tuple[Callable, Callable]], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each job, ours and TensorFlow's taking turns; a first round is not counted."""
    figures: dict[str, dict[str, list[float]]] = {}
    for name, (ours, theirs) in jobs.items():
        kept = figures[name] = {"ours": [], "tensorflow": []}
        for turn in range(rounds + 1):
            for side, work in (("ours", ours), ("tensorflow", theirs)):
                began = time.perf_counter()
                work()
                if turn:
                    kept[side].append(time.perf_counter() - began)
    return figures


def rows_of(figures: dict[str, dict[str, list[float]]]) -> list[list[str]]:
    """The table's rows; the last column is how many times TensorFlow's speed ours is."""
    return [
        [
            name,
            *(f"{statistics.median(runs[side]):.3f}" for side in ("ours", "tensorflow")),
            f"{speed(runs):.2f}",
        ]
        for name, runs in figures.items()
    ]


def speed(runs: dict[str, list[float]]) -> float:
    """Our speed as a multiple of TensorFlow's."""
    return paired_ratio(runs["tensorflow"], runs["ours"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kilobytes in KILOBYTES:
            figures |= timed(record_jobs(Path(folder), kilobytes), arguments.rounds)
        figures |= timed(set_jobs(Path(folder)), arguments.rounds)
    header = ["", "ours, seconds", "TensorFlow, seconds", "our speed / TensorFlow's"]
    print(markdown_table(header, rows_of(figures)))
    write_json(arguments.out, {"machine": machine(), "seconds": figures})


if __name__ == "__main__":
    main()

"""The formats of other annotation tools that are read, each in a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.formats import (
    createml,
    cvat,
    datumaro,
    ground_truth,
    label_studio,
    label_texts,
    labelme,
    row_tables,
    supervisely,
    via,
    vott,
)
from tflhelpers.data.formats.raw import RawSet
from tflhelpers.data.formats.report import ReportBuilder


class Tool(NamedTuple):
    """What a file is, for messages; how it is read; whether a folder may hold only one such file; how it is written."""

    what: str
    read: Callable[[Path, ReportBuilder], RawSet]
    is_file: bool = True
    write: Callable[[Annotations, Path], list[Path]] | None = None


TOOLS = {
    "cvat": Tool("CVAT for images or for video 1.1: an .xml file", cvat.read, write=cvat.write),
    "label_studio": Tool("Label Studio: a .json file, JSON or JSON-MIN", label_studio.read),
    "labelme": Tool("LabelMe: a folder of .json files", labelme.read, is_file=False, write=labelme.write),
    "via": Tool("VIA 2: a .json or .csv file", via.read, write=via.write),
    "createml": Tool("Create ML: a .json file", createml.read, write=createml.write),
    "vott": Tool("VoTT: an exported .json file or a folder of assets", vott.read, is_file=False),
    "datumaro": Tool("Datumaro: a folder with annotations/*.json", datumaro.read, is_file=False),
    "supervisely": Tool("Supervisely: a folder with ann/*.json", supervisely.read, is_file=False),
    "ground_truth": Tool("SageMaker Ground Truth: an output .manifest", ground_truth.read),
    "open_images": Tool("Open Images: a .csv file", row_tables.read_open_images),
    "retinanet": Tool("keras-retinanet: a .csv file without header", row_tables.read_retinanet),
    "automl": Tool("AutoML, Vertex AI: a .csv file", row_tables.read_automl),
    "kitti": Tool("KITTI: a folder of .txt files", label_texts.read_kitti, is_file=False),
    "dota": Tool("DOTA: a folder of .txt files", label_texts.read_dota, is_file=False),
}

"""How public names are found: each is imported from its home when it is first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches

# A name that notebooks and scripts may still use -> what to write instead.
MOVED = {
    "Project": "tflhelpers.project.Project",
    "History": "tflhelpers.training.history.History",
    "Scores": "tflhelpers.evaluation.scores.Scores",
    "ImportReport": "tfl.formats.ImportReport",
    "ImportRefused": "tfl.formats.ImportRefused",
    "duck_photos": "tfl.samples.duck_photos()",
    "duck_clip": "tfl.samples.duck_clip()",
    "thing_photos": "tfl.samples.thing_photos()",
    "write_tfrecords": "tfl.formats.write_tfrecords(...)",
    "combine": "tfl.formats.combine(...)",
    "class_counts": "tfl.formats.class_counts(...)",
    "labelled_photos": "tfl.formats.labelled_photos(...)",
    "zoo_models": "tfl.interop.zoo_models()",
    "write_pipeline_config": "tfl.interop.write_pipeline_config(...)",
    "detector_from_pipeline": "tfl.interop.detector_from_pipeline(...)",
    "off_the_shelf": "tfl.interop.load_saved_model(...)",
    "export_onnx": "tfl.interop.export_onnx(...)",
    "export_saved_model": "tfl.interop.export_saved_model(...)",
    "TFLiteDetector": "tfl.interop.TFLiteDetector(...)",
    "iou_matrix": "boxes.iou(other)",
    "confusion_table": "mistakes.confusion_table()",
    "what_to_photograph_next": "mistakes.what_to_photograph_next(trained_on)",
    "shared_scenes": "trained_on.shared_scenes(measured_on)",
    "photo_folder_for": "project.photo_folder()",
    "photos_for": "project.photos()",
    "scoring_photos_for": "project.scoring_photos()",
    "detector_for": "project.detector()",
    "training_folder_for": "project.training_folder(detector, annotations)",
    "keep_for": "project.keep(detector)",
    "threshold_for": "project.threshold(detector, calibration, measured_on)",
    "proposer_for": "project.proposer(annotator)",
    "clip_for": "project.clip()",
    "brought_for": "project.brought()",
    "upload_for": "project.upload()",
    "film_frames_for": "project.film_frames(film)",
    "heic_for": "project.heic()",
    "first_look_for": "project.first_look()",
    "labelled_photos_for": "project.labelled_photos()",
    "web_demo_for": "project.web_demo(model)",
    "write_results_page": "project.results_page(detector, title=...)",
}


def importer(module: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` (PEP 562) of a module whose names are imported when they are first used.

    Args:
        module: The module that hands the names out.
        homes: Name -> the module that it lives in, below `tflhelpers`. A name may be that of its home.
    """

    def import_name(name: str) -> object:
        if name not in homes:
            raise AttributeError(unknown_name(module, name, homes))
        home = importlib.import_module(f"tflhelpers.{homes[name]}")
        value = getattr(home, name, home)
        setattr(sys.modules[module], name, value)
        return value

    return import_name


def unknown_name(module: str, name: str, homes: Mapping[str, str]) -> str:
    """Return the message about a name that a module lacks: where it went, or what is spelt alike."""
    first = f"module {module!r} has no attribute {name!r}."
    if name in MOVED:
        return f"{first} Write {MOVED[name]} instead."
    if module != "tflhelpers" and name in importlib.import_module("tflhelpers").__all__:
        return f"{first} Write tfl.{name} instead."
    near = get_close_matches(name, dict.fromkeys([*homes, *MOVED]))
    meant = (
        f" Did you mean {', '.join(each if each in homes else MOVED[each] for each in near)}?" if near else ""
    )
    return f"{first}{meant} It has: {', '.join(homes)}."

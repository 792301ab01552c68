"""Five photos of your own thing, a detector for it, and a GIF to share.

``import tflhelpers as tfl`` is light: TensorFlow, Keras and matplotlib are loaded when a name that needs
them is used. The rooms, in the order of the story that the notebooks tell:

    project.py        where things live: Google Drive in Colab, a folder elsewhere
                      open_project, Project
    data/             pictures and the boxes on them
                      Boxes, iou_matrix, read_image, Annotations, import_annotations, export_annotations,
                      ImportReport, ImportRefused, write_tfrecords, combine, class_counts, collect, duck_photos,
                      duck_clip, thing_photos
    annotator/        drawing boxes on your pictures, in the notebook
                      Annotator
    model/            the detectors and their trained weights
                      Detector, zoo_models, write_pipeline_config, detector_from_pipeline
    training/         teaching a detector your own thing
                      fine_tune, History
    evaluation/       how good is it
                      evaluate, Scores, calibrate_threshold, find_mistakes, confusion_table,
                      what_to_photograph_next, shared_scenes
    sharing/          something to show
                      draw_boxes, contact_sheet, gallery, write_gif, write_video, detect_video, LivePicture,
                      write_results_page, export_saved_model, export_tflite, TFLiteDetector, off_the_shelf,
                      export_web_demo
    classification/   which of several things a whole picture shows
                      labelled_photos, labelled_photos_for, Classifier, fit_classifier, evaluate_classifier
    explaining/       how it works, in figures: ``from tflhelpers import explaining``
    holding_out.py    how good is it, without photos to spare
                      leave_one_out
    doctor.py         why does it find nothing, or everything
                      diagnose
    ready_made/       what a notebook works on while you have not made your own
                      photo_folder_for, photos_for, scoring_photos_for, detector_for, training_folder_for,
                      keep_for, threshold_for, proposer_for, clip_for, brought_for, upload_for, film_frames_for,
                      heic_for, first_look_for, web_demo_for
    demo.py           all of it once: ``python -m tflhelpers``
    files/            under all rooms: files and folders that are written whole, checked, fetched

Example:
    >>> import tflhelpers as tfl
    >>> len(tfl.Boxes([[10, 20, 50, 80]], [0]))
    1
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tflhelpers.quiet import quiet_backends

__version__ = "0.1.0"

quiet_backends()

# Public name -> the module it lives in. The block for type checkers below says the same; a test compares.
_HOMES = {
    "open_project": "project",
    "Project": "project",
    "Boxes": "data.boxes",
    "iou_matrix": "data.boxes",
    "read_image": "data.images",
    "Annotations": "data.annotations",
    "import_annotations": "data.importing",
    "export_annotations": "data.importing",
    "ImportReport": "data.importing",
    "ImportRefused": "data.importing",
    "write_tfrecords": "data.formats.tfrecord_writer",
    "collect": "data.collect",
    "duck_photos": "data.samples",
    "duck_clip": "data.samples",
    "thing_photos": "data.samples",
    "combine": "data.combining",
    "class_counts": "data.class_counts",
    "Annotator": "annotator.widget",
    "Detector": "model.detector",
    "zoo_models": "model.zoo",
    "write_pipeline_config": "model.pipeline_config",
    "detector_from_pipeline": "model.pipeline_reader",
    "fine_tune": "training.fine_tune",
    "History": "training.fine_tune",
    "evaluate": "evaluation.scores",
    "Scores": "evaluation.scores",
    "calibrate_threshold": "evaluation.thresholds",
    "find_mistakes": "evaluation.mistakes",
    "confusion_table": "evaluation.confusion",
    "what_to_photograph_next": "evaluation.next_photos",
    "shared_scenes": "evaluation.scenes",
    "draw_boxes": "sharing.draw",
    "contact_sheet": "sharing.contact_sheet",
    "gallery": "sharing.gallery",
    "write_gif": "sharing.gif",
    "write_video": "sharing.video_file",
    "detect_video": "sharing.detect_video",
    "LivePicture": "sharing.live",
    "write_results_page": "sharing.results_page",
    "export_saved_model": "sharing.export.saved_model",
    "export_tflite": "sharing.export.tflite",
    "TFLiteDetector": "sharing.export.tflite_detector",
    "off_the_shelf": "sharing.export.off_the_shelf",
    "export_web_demo": "sharing.web_demo",
    "labelled_photos": "classification.labelled",
    "labelled_photos_for": "classification.own_or_drawn",
    "Classifier": "classification.classifier",
    "fit_classifier": "classification.fitting",
    "evaluate_classifier": "classification.judgement",
    "leave_one_out": "holding_out",
    "diagnose": "doctor",
    "photo_folder_for": "ready_made.photos",
    "photos_for": "ready_made.photos",
    "scoring_photos_for": "ready_made.photos",
    "detector_for": "ready_made.detectors",
    "training_folder_for": "ready_made.detectors",
    "keep_for": "ready_made.detectors",
    "threshold_for": "ready_made.detectors",
    "proposer_for": "ready_made.detectors",
    "clip_for": "ready_made.clips",
    "brought_for": "ready_made.brought",
    "upload_for": "ready_made.bring",
    "film_frames_for": "ready_made.bring",
    "heic_for": "ready_made.bring",
    "first_look_for": "ready_made.first_look",
    "web_demo_for": "ready_made.pages",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from tflhelpers.annotator.widget import Annotator as Annotator
    from tflhelpers.classification.classifier import Classifier as Classifier
    from tflhelpers.classification.fitting import fit_classifier as fit_classifier
    from tflhelpers.classification.judgement import evaluate_classifier as evaluate_classifier
    from tflhelpers.classification.labelled import labelled_photos as labelled_photos
    from tflhelpers.classification.own_or_drawn import labelled_photos_for as labelled_photos_for
    from tflhelpers.data import collect as collect
    from tflhelpers.data.annotations import Annotations as Annotations
    from tflhelpers.data.boxes import Boxes as Boxes
    from tflhelpers.data.boxes import iou_matrix as iou_matrix
    from tflhelpers.data.class_counts import class_counts as class_counts
    from tflhelpers.data.combining import combine as combine
    from tflhelpers.data.formats.tfrecord_writer import write_tfrecords as write_tfrecords
    from tflhelpers.data.images import read_image as read_image
    from tflhelpers.data.importing import ImportRefused as ImportRefused
    from tflhelpers.data.importing import ImportReport as ImportReport
    from tflhelpers.data.importing import export_annotations as export_annotations
    from tflhelpers.data.importing import import_annotations as import_annotations
    from tflhelpers.data.samples import duck_clip as duck_clip
    from tflhelpers.data.samples import duck_photos as duck_photos
    from tflhelpers.data.samples import thing_photos as thing_photos
    from tflhelpers.doctor import diagnose as diagnose
    from tflhelpers.evaluation.confusion import confusion_table as confusion_table
    from tflhelpers.evaluation.mistakes import find_mistakes as find_mistakes
    from tflhelpers.evaluation.next_photos import what_to_photograph_next as what_to_photograph_next
    from tflhelpers.evaluation.scenes import shared_scenes as shared_scenes
    from tflhelpers.evaluation.scores import Scores as Scores
    from tflhelpers.evaluation.scores import evaluate as evaluate
    from tflhelpers.evaluation.thresholds import calibrate_threshold as calibrate_threshold
    from tflhelpers.holding_out import leave_one_out as leave_one_out
    from tflhelpers.model.detector import Detector as Detector
    from tflhelpers.model.pipeline_config import write_pipeline_config as write_pipeline_config
    from tflhelpers.model.pipeline_reader import detector_from_pipeline as detector_from_pipeline
    from tflhelpers.model.zoo import zoo_models as zoo_models
    from tflhelpers.project import Project as Project
    from tflhelpers.project import open_project as open_project
    from tflhelpers.ready_made.bring import film_frames_for as film_frames_for
    from tflhelpers.ready_made.bring import heic_for as heic_for
    from tflhelpers.ready_made.bring import upload_for as upload_for
    from tflhelpers.ready_made.brought import brought_for as brought_for
    from tflhelpers.ready_made.clips import clip_for as clip_for
    from tflhelpers.ready_made.detectors import detector_for as detector_for
    from tflhelpers.ready_made.detectors import keep_for as keep_for
    from tflhelpers.ready_made.detectors import proposer_for as proposer_for
    from tflhelpers.ready_made.detectors import threshold_for as threshold_for
    from tflhelpers.ready_made.detectors import training_folder_for as training_folder_for
    from tflhelpers.ready_made.first_look import first_look_for as first_look_for
    from tflhelpers.ready_made.pages import web_demo_for as web_demo_for
    from tflhelpers.ready_made.photos import photo_folder_for as photo_folder_for
    from tflhelpers.ready_made.photos import photos_for as photos_for
    from tflhelpers.ready_made.photos import scoring_photos_for as scoring_photos_for
    from tflhelpers.sharing.contact_sheet import contact_sheet as contact_sheet
    from tflhelpers.sharing.detect_video import detect_video as detect_video
    from tflhelpers.sharing.draw import draw_boxes as draw_boxes
    from tflhelpers.sharing.export.off_the_shelf import off_the_shelf as off_the_shelf
    from tflhelpers.sharing.export.saved_model import export_saved_model as export_saved_model
    from tflhelpers.sharing.export.tflite import export_tflite as export_tflite
    from tflhelpers.sharing.export.tflite_detector import TFLiteDetector as TFLiteDetector
    from tflhelpers.sharing.gallery import gallery as gallery
    from tflhelpers.sharing.gif import write_gif as write_gif
    from tflhelpers.sharing.live import LivePicture as LivePicture
    from tflhelpers.sharing.results_page import write_results_page as write_results_page
    from tflhelpers.sharing.video_file import write_video as write_video
    from tflhelpers.sharing.web_demo import export_web_demo as export_web_demo
    from tflhelpers.training.fine_tune import History as History
    from tflhelpers.training.fine_tune import fine_tune as fine_tune


def __getattr__(name: str) -> object:
    """Import the home of a public name when the name is first used (PEP 562)."""
    if name not in _HOMES:
        known = ", ".join(_HOMES)
        raise AttributeError(f"module 'tflhelpers' has no attribute {name!r}. It has: {known}.")
    home = importlib.import_module(f"tflhelpers.{_HOMES[name]}")
    value = getattr(home, name, home)  # `collect` is its home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

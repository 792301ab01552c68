"""Five photos of your own thing, a detector for it, and a GIF to share.

``import tflhelpers as tfl`` is light: TensorFlow, Keras and matplotlib are loaded when a name that needs
them is used. The rooms, in the order of the story that the notebooks tell:

    project.py        where things live, and what a notebook works on until you have made your own
                      open_project
    data/             pictures and the boxes on them
                      Boxes, read_image, Annotations, import_annotations, export_annotations, collect
    annotator/        drawing boxes on your pictures, in the notebook
                      Annotator
    model/            the detectors and their trained weights
                      Detector
    training/         teaching a detector your own thing
                      fine_tune
    evaluation/       how good is it
                      evaluate, calibrate_threshold, find_mistakes
    sharing/          something to show
                      draw_boxes, contact_sheet, gallery, write_gif, write_video, detect_video, LivePicture,
                      export_tflite, export_web_demo
    classification/   which of several things a whole picture shows
                      Classifier, fit_classifier, evaluate_classifier
    explaining/       how it works, in figures: ``from tflhelpers import explaining``
    detecting_files.py  a million pictures, and going on where it was stopped
                      detect_files, read_detections
    holding_out.py    how good is it, without photos to spare
                      leave_one_out
    doctor.py         why does it find nothing, or everything
                      diagnose
    samples.py        pictures with boxes to try things on
                      samples
    formats.py        joining, counting, labelling and recording sets
                      formats
    interop.py        the model zoo, pipeline.config and SavedModels of the Object Detection API; LiteRT, ONNX, Ray
                      interop
    ready_made/       what a project hands out while you have not made your own
    demo.py           all of it once: ``python -m tflhelpers``
    command_line/     the same for a shell: ``tflhelpers --help``
    files/            under all rooms: files and folders that are written whole, checked, fetched

Example:
    >>> import tflhelpers as tfl
    >>> len(tfl.Boxes([[10, 20, 50, 80]], [0]))
    1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tflhelpers.public_names import importer
from tflhelpers.quiet import quiet_backends

__version__ = "0.1.0"

quiet_backends()

# Public name -> the module it lives in. The block for type checkers below says the same; a test compares.
_HOMES = {
    "open_project": "project",
    "Boxes": "data.boxes",
    "read_image": "data.images",
    "Annotations": "data.annotations",
    "import_annotations": "data.importing",
    "export_annotations": "data.importing",
    "collect": "data.collect",
    "Annotator": "annotator.widget",
    "Detector": "model.detector",
    "fine_tune": "training.fine_tune",
    "evaluate": "evaluation.scores",
    "calibrate_threshold": "evaluation.thresholds",
    "find_mistakes": "evaluation.mistakes",
    "draw_boxes": "sharing.draw",
    "contact_sheet": "sharing.contact_sheet",
    "gallery": "sharing.gallery",
    "write_gif": "sharing.gif",
    "write_video": "sharing.video_file",
    "detect_video": "sharing.detect_video",
    "LivePicture": "sharing.live",
    "export_tflite": "sharing.export.tflite",
    "export_web_demo": "sharing.web_demo",
    "Classifier": "classification.classifier",
    "fit_classifier": "classification.fitting",
    "evaluate_classifier": "classification.judgement",
    "detect_files": "detecting_files",
    "read_detections": "detecting_files",
    "leave_one_out": "holding_out",
    "diagnose": "doctor",
    "samples": "samples",
    "formats": "formats",
    "interop": "interop",
}

__all__ = ["__version__", *_HOMES]
__getattr__ = importer(__name__, _HOMES)

if TYPE_CHECKING:
    from tflhelpers import formats as formats
    from tflhelpers import interop as interop
    from tflhelpers import samples as samples
    from tflhelpers.annotator.widget import Annotator as Annotator
    from tflhelpers.classification.classifier import Classifier as Classifier
    from tflhelpers.classification.fitting import fit_classifier as fit_classifier
    from tflhelpers.classification.judgement import evaluate_classifier as evaluate_classifier
    from tflhelpers.data import collect as collect
    from tflhelpers.data.annotations import Annotations as Annotations
    from tflhelpers.data.boxes import Boxes as Boxes
    from tflhelpers.data.images import read_image as read_image
    from tflhelpers.data.importing import export_annotations as export_annotations
    from tflhelpers.data.importing import import_annotations as import_annotations
    from tflhelpers.detecting_files import detect_files as detect_files
    from tflhelpers.detecting_files import read_detections as read_detections
    from tflhelpers.doctor import diagnose as diagnose
    from tflhelpers.evaluation.mistakes import find_mistakes as find_mistakes
    from tflhelpers.evaluation.scores import evaluate as evaluate
    from tflhelpers.evaluation.thresholds import calibrate_threshold as calibrate_threshold
    from tflhelpers.holding_out import leave_one_out as leave_one_out
    from tflhelpers.model.detector import Detector as Detector
    from tflhelpers.project import open_project as open_project
    from tflhelpers.sharing.contact_sheet import contact_sheet as contact_sheet
    from tflhelpers.sharing.detect_video import detect_video as detect_video
    from tflhelpers.sharing.draw import draw_boxes as draw_boxes
    from tflhelpers.sharing.export.tflite import export_tflite as export_tflite
    from tflhelpers.sharing.gallery import gallery as gallery
    from tflhelpers.sharing.gif import write_gif as write_gif
    from tflhelpers.sharing.live import LivePicture as LivePicture
    from tflhelpers.sharing.video_file import write_video as write_video
    from tflhelpers.sharing.web_demo import export_web_demo as export_web_demo
    from tflhelpers.training.fine_tune import fine_tune as fine_tune


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

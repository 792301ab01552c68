"""What goes with importing and exporting: sets joined, counted, labelled or written as records, the report, results.

`tfl.import_annotations` and `tfl.export_annotations` do the reading and writing.
"""

from tflhelpers.classification.labelled import labelled_photos
from tflhelpers.data.class_counts import class_counts
from tflhelpers.data.combining import combine
from tflhelpers.data.formats.report import ImportRefused, ImportReport
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.detecting_files import write_coco_results
from tflhelpers.public_names import importer

__all__ = [
    "ImportRefused",
    "ImportReport",
    "class_counts",
    "combine",
    "labelled_photos",
    "write_coco_results",
    "write_tfrecords",
]

__getattr__ = importer(__name__, dict.fromkeys(__all__, ""))  # says where other names are

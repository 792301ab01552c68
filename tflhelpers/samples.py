"""Pictures with boxes that ship with the package, to try things on: `tfl.samples.duck_photos()`."""

from tflhelpers.data.samples import duck_clip, duck_photos, thing_photos
from tflhelpers.public_names import importer

__all__ = ["duck_clip", "duck_photos", "thing_photos"]

__getattr__ = importer(__name__, dict.fromkeys(__all__, ""))  # says where other names are

"""Pictures with boxes that ship with the package, to try things on: `tfl.samples.duck_photos()`."""

from tflhelpers.data.samples import duck_clip, duck_photos, thing_photos

__all__ = ["duck_clip", "duck_photos", "thing_photos"]

"""What a detector of the model zoo finds before anybody teaches it anything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in
from tflhelpers.ready_made.places import own_folder

if TYPE_CHECKING:
    import numpy as np

    from tflhelpers.folders import ProjectFolders

LONGEST = 1024  # pixels of the picture that is shown


def first_look_for(
    project: ProjectFolders, *, start: str = "auto", threshold: float = 0.4, progress: bool = True
) -> tuple[np.ndarray, str]:
    """Return a photo as a COCO detector sees it and the sentence about it: see `Project.first_look`."""
    from tflhelpers.data.images import fit_within, read_image
    from tflhelpers.data.samples import duck_photos
    from tflhelpers.model.detector import Detector
    from tflhelpers.model.pretrained import EMBEDDED
    from tflhelpers.sharing.draw import draw_boxes

    own = pictures_in(own_folder(project))
    photo = fit_within(read_image(own[0] if own else duck_photos().image_paths[0]), LONGEST)
    detector = Detector.pretrained(start, progress=progress)
    origin = detector.origin
    if origin is None or origin.name == EMBEDDED:
        return photo, f"Skipped: this needs a detector that knows COCO's 90 things. {origin}"
    boxes = detector.detect(photo, threshold=threshold)
    names = Counter(detector.class_names[label] for label in boxes.labels)
    found = ", ".join(f"{count} × {name}" for name, count in names.most_common())
    told = (
        f"It sees: {found}."
        if found
        else f"It recognises nothing here, at least not with a score of {threshold}."
    )
    return draw_boxes(photo, boxes, detector.class_names), f"{told} {origin}"

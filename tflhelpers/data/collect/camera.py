"""`from_camera`: photos with the camera of the computer or phone that shows the notebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.collect.photo_store import PhotoStore

if TYPE_CHECKING:
    from tflhelpers.data.collect.camera_widget import Camera


def from_camera(folder: str | os.PathLike[str], *, max_side: int = 1600) -> Camera:
    """Show a camera in the notebook: each click, or the space bar, is a photo in the folder.

    Make it the last line of a cell. The notebook goes on while it is open, and each photo is on the disk before it is
    counted. Photos are JPEG files without EXIF data. Run it again to take more.

    Args:
        folder: Where the photos go; made where missing.
        max_side: Pixels of the longer side of a photo from a camera that has more.

    Returns:
        The widget. Its `paths` are the photos taken so far, `report` says the same as the other collectors do.

    Raises:
        ValueError: If `max_side` is below 16.

    Example:
        `collect.from_camera("photos")`
    """
    from tflhelpers.data.collect.camera_widget import Camera

    if max_side < 16:
        raise ValueError(f"max_side must be at least 16 pixels, got {max_side}.")
    return Camera(PhotoStore(Path(folder)), longest=max_side)

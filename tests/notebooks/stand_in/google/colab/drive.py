"""Google Drive as a folder: drive.mount makes it appear where STAND_IN_DRIVE says."""

import os
from pathlib import Path


def mount(mountpoint):
    """Show My Drive at STAND_IN_DRIVE instead of /content/drive, which only root could make."""
    assert mountpoint == "/content/drive", f"Drive must be mounted at /content/drive, not {mountpoint}"
    place = Path(os.environ["STAND_IN_DRIVE"])
    (place / "MyDrive").mkdir(parents=True, exist_ok=True)
    print(f"Mounted at {mountpoint}")
    if "STAND_IN_WITHOUT_PACKAGE" not in os.environ:
        from tflhelpers import drive

        drive.MOUNT_POINT = place

"""Collecting pictures into one folder: from addresses, videos, folders, the camera, an upload.

    from tflhelpers import collect

    collect.from_csv("urls.csv", project.data)          # a list of addresses
    collect.from_video("clip.mp4", project.data)        # sharp frames that differ
    collect.from_folder("phone_dump", project.data)     # HEIC, turned, 12 megapixels
    collect.from_camera(project.data)                   # one click a photo, in the notebook
    collect.upload(project.data)                        # from the computer that shows the notebook
    collect.download("results/duck.gif")                # and back

Each can be run again to continue, drops what the folder has already, and says in a `CollectReport` what it kept,
what it left out and why.
"""

from __future__ import annotations

from tflhelpers.data.collect.camera import from_camera
from tflhelpers.data.collect.folders import from_folder
from tflhelpers.data.collect.report import CollectReport, Skipped
from tflhelpers.data.collect.transfer import download, upload
from tflhelpers.data.collect.videos import VideoError, from_video
from tflhelpers.data.collect.web import from_csv

__all__ = [
    "CollectReport",
    "Skipped",
    "VideoError",
    "download",
    "from_camera",
    "from_csv",
    "from_folder",
    "from_video",
    "upload",
]

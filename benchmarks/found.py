"""Reads what a run has found, and scores it: all sides with the same code."""

from __future__ import annotations

import json
from pathlib import Path

import tflhelpers as tfl


def read_detections(path: Path) -> list[tfl.Boxes]:
    """The boxes of each picture that `same_job.write_detections` kept."""
    rows = json.loads(path.read_text("utf-8"))
    return [tfl.Boxes(row["xyxy"], row["labels"], row["scores"]) for row in rows]


def scored(run: dict, path: Path, truth: tfl.Annotations) -> dict:
    """The run's figures with the scores of the detections in `path`."""
    scores = tfl.evaluate(read_detections(path), truth)
    return {**run, "ap": scores.ap, "ap50": scores.ap50, "ap75": scores.ap75}


def write_clip(
    path: Path,
    detections: Path,
    frames: tfl.Annotations,
    *,
    threshold: float,
    fps: float,
    max_bytes: int | None = None,
) -> str:
    """A GIF of the frames with the boxes that reach the threshold; returns what was written."""
    pictures = (
        tfl.draw_boxes(image, boxes[boxes.scores >= threshold], frames.class_names)
        for image, boxes in zip(frames.image_paths, read_detections(detections), strict=True)
    )
    return str(tfl.write_gif(pictures, path, fps=fps, max_bytes=max_bytes))

"""Pages to share: one to try a detector on, one that shows what it can do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflhelpers.model.training_record import counted
from tflhelpers.ready_made.photos import scoring_photos_for

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.folders import ProjectFolders
    from tflhelpers.model.detector import Detector
    from tflhelpers.sharing.export.classifier import ImageClassifier
    from tflhelpers.sharing.web_demo import WebDemoInfo

LOWEST_SCORE = 0.01  # of boxes that the scores are made of; below it they cost time and change no digit shown


def web_demo_for(
    project: ProjectFolders,
    model: Detector | ImageClassifier,
    *,
    name: str = "web_demo",
    title: str | None = None,
    progress: bool = True,
) -> tuple[WebDemoInfo | None, str]:
    """Return the web page, or None, and the sentence about it: see `Project.web_demo`."""
    from tflhelpers.files.download import FetchError
    from tflhelpers.sharing.web_demo import export_web_demo

    archive = next(iter(sorted(project.folder.glob("litertjs-core-*.tgz"))), None)
    try:
        info = export_web_demo(model, project.results / name, title=title, runtime=archive, progress=progress)
    except FetchError as error:
        where = f"Or put the file into {project.folder} and run this again."
        return None, f"The page was not written. {error} {where}"
    return info, str(info)


def results_page_for(
    project: ProjectFolders,
    detector: Detector,
    annotations: Annotations | None = None,
    *,
    title: str,
    name: str = "results.html",
    progress: bool = True,
    **shown: Any,
) -> tuple[Path, str]:
    """Write the page that shows what a detector can do, and say where it is: see `Project.results_page`.

    Args:
        project: Whose ``results`` the page is written to.
        detector: The one to show.
        annotations: The photos to measure it on; None for those of the project.
        title: What the detector is of.
        name: The file to write.
        progress: Show a bar while the photos are looked at.
        **shown: What else the page shows, as for `write_results_page`.
    """
    from tflhelpers.evaluation.mistakes import find_mistakes
    from tflhelpers.evaluation.scores import evaluate
    from tflhelpers.sharing.results_page import write_results_page

    measured_on = f"Measured on {counted(len(annotations or ()), 'photo')}."
    if annotations is None:
        annotations, measured_on = scoring_photos_for(project, detector)
    found = detector.detect_all(annotations.image_paths, threshold=LOWEST_SCORE, progress=progress)
    classes = ", ".join(detector.class_names)
    exam = measured_on.replace(f"{project.folder}{os.sep}", "")  # others need not know where it lies here
    page = write_results_page(
        project.results / name,
        title=title,
        scores=evaluate(found, annotations),
        mistakes=find_mistakes(found, annotations, threshold=detector.threshold),
        settings={"threshold": detector.threshold, "classes": classes, "exam": exam},
        **shown,
    )
    return page, f"The page is {page}. {measured_on}"

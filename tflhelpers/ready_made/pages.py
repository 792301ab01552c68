"""The web page to try a detector on, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tflhelpers.model.detector import Detector
    from tflhelpers.project import Project
    from tflhelpers.sharing.export.classifier import ImageClassifier
    from tflhelpers.sharing.web_demo import WebDemoInfo


def web_demo_for(
    project: Project, model: Detector | ImageClassifier, *, name: str = "web_demo", title: str | None = None
) -> tuple[WebDemoInfo | None, str]:
    """The web page of :func:`tflhelpers.export_web_demo`, or the reason why there is none.

    Args:
        project: From :func:`tflhelpers.open_project`.
        model: The detector or classifier to show.
        name: The folder in ``project.results`` to write.
        title: Of the page; None for one made of the class names.

    Returns:
        What was written, and what to do with it; without a network None, and how to go on: the program that runs
        models in browsers has to be fetched once. An archive of it in the project folder is used instead.
    """
    from tflhelpers.files.download import FetchError
    from tflhelpers.sharing.web_demo import export_web_demo

    archive = next(iter(sorted(project.folder.glob("litertjs-core-*.tgz"))), None)
    try:
        info = export_web_demo(model, project.results / name, title=title, runtime=archive)
    except FetchError as error:
        where = f"Or put the file into {project.folder} and run this again."
        return None, f"The page was not written. {error} {where}"
    return info, str(info)

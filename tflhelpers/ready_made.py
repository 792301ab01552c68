"""What a notebook works on while you have not made your own: functions that return a thing and a sentence.

With these, "Run all" gets to the end in every notebook: your own photos, detector and clip are used when they
are in the project folder, ready-made ones when they are not, and the sentence says which.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in, videos_in

if TYPE_CHECKING:
    from tflhelpers.annotator.widget import Annotator
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.model.detector import Detector
    from tflhelpers.project import Project
    from tflhelpers.sharing.web_demo import WebClassifier, WebDemoInfo

CLIP_FPS = 12  # of the drawn clip as a video


def photo_folder_for(project: Project) -> tuple[Path, str]:
    """The folder of photos to draw boxes on.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        ``project.data`` if there are photos in it, otherwise ``project.data/practice``, into which the five
        drawn photos of a toy duck are copied, without their boxes; and the sentence that says which. Practice
        lies apart, so that its boxes never mix with those of your own photos.
    """
    from tflhelpers.data.samples import duck_photos

    own = pictures_in(project.data)
    if own:
        return project.data, f"Your own {len(own)} photos, in {project.data}."
    practice = _practice(project)
    practice.mkdir(parents=True, exist_ok=True)
    for path in duck_photos().image_paths:
        if not (practice / path.name).exists():
            shutil.copyfile(path, practice / path.name)
    return practice, (
        f"There are no photos in {project.data} yet, so you can practise on five drawn ones, in {practice}."
    )


def proposer_for(
    annotator: Annotator, *, wanted: bool = True, photos: int = 2, steps: int | None = None
) -> tuple[Detector | None, str]:
    """A detector that proposes boxes on the pictures that have none yet: give it to ``annotator.suggest``.

    Args:
        annotator: The annotator that is to get it.
        wanted: False trains nothing and says so: training keeps the kernel busy for a minute or two.
        photos: How many photos must have boxes before it is worth training on them.
        steps: Training steps; None lets ``fine_tune`` choose.

    Returns:
        The embedded detector, fine-tuned now on what is drawn so far; None where that is too little, or where
        no picture is left to propose on; and the sentence that says which.
    """
    if not wanted:
        return (
            None,
            f"Proposals are off. Draw on {photos} photos, tick propose in the settings, and come back.",
        )
    drawn = annotator.annotations
    ready = sum(len(boxes) > 0 for _, boxes in drawn)
    if ready < photos:
        return None, f"{ready} photos have boxes so far. Draw on {photos}, then run this cell again."
    if "t" not in annotator.states:
        return None, "No photo is left to do, so nothing is proposed."
    from tflhelpers.model.detector import Detector  # below, since most calls end before TensorFlow is needed
    from tflhelpers.training.fine_tune import fine_tune

    detector = Detector.embedded(drawn.class_names)
    fine_tune(detector, drawn, steps=steps)
    return detector, f"A detector trained on your {ready} photos proposes boxes on the others, dashed."


def photos_for(project: Project) -> tuple[Annotations, str]:
    """The annotated photos to train on.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The photos of ``project.data/annotations.json`` if it has boxes, otherwise those of
        ``project.data/practice`` if you drew boxes on them, otherwise the five drawn photos of a toy duck with
        the boxes that ship with the package; and the sentence that says which.
    """
    from tflhelpers.data.samples import duck_photos

    file = project.data / "annotations.json"
    own = _annotated_photos(file)
    if own is not None:
        return own, f"Your own {len(own)} photos with {_count_boxes(own)} boxes, from {file}."
    practice = _annotated_photos(_practice(project) / "annotations.json")
    if practice is not None:
        count = f"{len(practice)} drawn photos with {_count_boxes(practice)} boxes of your own"
        return practice, f"{count}, from {_practice(project)}."
    sample = duck_photos()
    reason = f"{file} has no boxes yet" if file.exists() else f"There is no {file}"
    return sample, f"{reason}, so these are the {len(sample)} drawn photos of a toy duck."


def scoring_photos_for(project: Project) -> tuple[Annotations, str]:
    """The annotated photos to measure with.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The photos of ``project.data/test/annotations.json`` if it has boxes; otherwise, if what is trained on
        is the drawn duck, the drawn clip; otherwise the training photos themselves; and the sentence that
        says which, and what that means for the numbers.
    """
    from tflhelpers.data.samples import duck_clip

    file = project.data / "test" / "annotations.json"
    unseen = _annotated_photos(file)
    if unseen is not None:
        return unseen, f"Measured on {len(unseen)} photos that were not trained on, from {file}."
    own, clip = photos_for(project)[0], duck_clip()
    if _annotated_photos(project.data / "annotations.json") is None and own.class_names == clip.class_names:
        return clip, f"Measured on the {len(clip)} frames of the drawn clip, which were not trained on."
    return own, (
        f"Measured on the {len(own)} training photos, so the numbers flatter. "
        f"For honest ones put other annotated photos into {file.parent}."
    )


@dataclass(frozen=True)
class Brought:
    """What you bring from other tools.

    Attributes:
        folders: With photos and their boxes: of LabelImg, or as YOLO, COCO, CSV or TFRecord.
        url_lists: Lists of addresses of photos; they are to be fetched into the folder of the list.
        exports: Of Labelbox.
        is_practice: Whether it is ready-made: then the addresses are those of this machine.
    """

    folders: tuple[Path, ...] = ()
    url_lists: tuple[Path, ...] = ()
    exports: tuple[Path, ...] = ()
    is_practice: bool = False


def brought_for(project: Project) -> tuple[Brought, str]:
    """The photos and boxes that come from other tools, to import.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        What is in ``project.data/boxes`` (photos with their boxes) and ``project.data/labelbox`` (a list of addresses
        ``*.csv`` and an export ``*.json`` or ``*.ndjson``); if both are empty, drawn photos of three things in both
        ways, written to ``project.data/practice``; and the sentence that says which.
    """
    from tflhelpers.data.practice_sets import practice_labelbox, practice_labelimg

    boxes, labelbox = project.data / "boxes", project.data / "labelbox"
    exports = [file for pattern in ("*.json", "*.ndjson") for file in sorted(labelbox.glob(pattern))]
    exports = [file for file in exports if not file.name.startswith("collected_from_")]
    own = Brought(
        (boxes,) if boxes.is_dir() and any(boxes.iterdir()) else (),
        tuple(sorted(labelbox.glob("*.csv"))),
        tuple(exports),
    )
    if own.folders or own.exports:
        places = [*own.folders, *own.url_lists, *own.exports]
        return own, f"What you brought: {', '.join(str(place) for place in places)}."
    practice = _practice(project)
    urls, export = practice_labelbox(practice / "labelbox")
    ready = Brought((practice_labelimg(practice / "boxes"),), (urls,), (export,), is_practice=True)
    return ready, (
        f"There is nothing in {boxes} and {labelbox} yet, so you can practise on drawn photos of a duck, a penguin "
        f"and a lighthouse, in {practice}."
    )


def detector_for(
    project: Project, *, name: str = "detector", steps: int | None = None
) -> tuple[Detector, str]:
    """The detector to use.

    Args:
        project: From :func:`tflhelpers.open_project`.
        name: The folder in ``project.models`` to look for.
        steps: Training steps when there is no saved detector; None lets ``fine_tune`` choose.

    Returns:
        The detector saved in ``project.models/<name>``, otherwise the embedded one, fine-tuned now on
        :func:`photos_for` and saved there; and the sentence that says which.
    """
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.fine_tune import fine_tune

    folder = project.models / name
    if folder.is_dir() and any(folder.iterdir()):
        detector = Detector.load(folder)
        return detector, f"The detector for {_listed(detector.class_names)} saved in {folder}."
    photos, origin = photos_for(project)
    detector = Detector.embedded(photos.class_names)
    fine_tune(detector, photos, steps=steps)
    detector.save(folder)
    return (
        detector,
        f"There was no detector in {folder}, so one was trained just now and saved there. {origin}",
    )


def clip_for(project: Project) -> tuple[list[Path], str]:
    """The pictures to make a GIF of, in order.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The pictures in ``project.data/clip`` (``frame2`` before ``frame10``), otherwise those in
        ``project.data``, otherwise the 48 frames of a drawn toy duck; and the sentence that says which.
    """
    from tflhelpers.data.samples import duck_clip

    for folder in (project.data / "clip", project.data):
        pictures = pictures_in(folder)
        if pictures:
            return pictures, f"The {len(pictures)} pictures in {folder}."
    frames = list(duck_clip().image_paths)
    missing = project.data / "clip"
    return (
        frames,
        f"There are no pictures in {missing}, so these are {len(frames)} frames of a drawn toy duck.",
    )


def video_for(project: Project) -> tuple[Path, str]:
    """The video to find things in.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The first video in ``project.data`` or ``project.data/clip``, otherwise four seconds of the drawn toy duck,
        written to ``project.data/practice/duck.mp4``; and the sentence that says which.
    """
    for folder in (project.data, project.data / "clip"):
        videos = videos_in(folder)
        if videos:
            others = f" (of {len(videos)} videos there)" if len(videos) > 1 else ""
            return videos[0], f"Your own video, {videos[0]}{others}."
    from tflhelpers.data.samples import duck_clip
    from tflhelpers.sharing.video_file import write_video

    drawn = _practice(project) / "duck.mp4"
    if not drawn.exists():
        write_video(duck_clip().image_paths, drawn, fps=CLIP_FPS, progress=False)
    return drawn, f"There is no video in {project.data}, so this is a drawn one of a toy duck, {drawn}."


def web_demo_for(
    project: Project, model: Detector | WebClassifier, *, name: str = "web_demo", title: str | None = None
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
    from tflhelpers.model.download import FetchError
    from tflhelpers.sharing.web_demo import export_web_demo

    archive = next(iter(sorted(project.folder.glob("litertjs-core-*.tgz"))), None)
    try:
        info = export_web_demo(model, project.results / name, title=title, runtime=archive)
    except FetchError as error:
        where = f"Or put the file into {project.folder} and run this again."
        return None, f"The page was not written. {error} {where}"
    return info, str(info)


def _practice(project: Project) -> Path:
    return project.data / "practice"


def _annotated_photos(file: Path) -> Annotations | None:
    """What the file holds; None if there is no file or no box in it."""
    from tflhelpers.data.annotations import Annotations

    if not file.exists():
        return None
    annotations = Annotations.load(file)
    return annotations if _count_boxes(annotations) else None


def _count_boxes(annotations: Annotations) -> int:
    return sum(len(boxes) for _, boxes in annotations)


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"

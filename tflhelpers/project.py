"""The project: one folder for photos, detectors and results, and what a notebook works on in it.

Your own photos, detectors and clips come first; samples stand in until you have some. The project tells you which of
them it took. `ready_made` and `classification.own_or_drawn` do the choosing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tflhelpers import drive
from tflhelpers.classification.own_or_drawn import DRAWN_IMAGES, labelled_photos_for
from tflhelpers.data.annotations import check_annotations
from tflhelpers.files.kinds import check_detector, check_kind, check_text
from tflhelpers.folders import ProjectFolders
from tflhelpers.ready_made import bring, brought, clips, detectors, first_look, pages, photos

if TYPE_CHECKING:
    import os

    import numpy as np

    from tflhelpers.annotator.widget import Annotator
    from tflhelpers.classification.labelled import LabelledPictures
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.evaluation.thresholds import Calibration
    from tflhelpers.model.detector import Detector
    from tflhelpers.ready_made.brought import Brought
    from tflhelpers.sharing.export.classifier import ImageClassifier
    from tflhelpers.sharing.web_demo import WebDemoInfo

_log = logging.getLogger(__name__)
_Thing = TypeVar("_Thing")


class Project(ProjectFolders):
    """The folders of one project, and what a notebook works on in them.

    Each method returns one thing and prints a sentence that says which one it took and why: your own if you have one,
    a sample otherwise. So every notebook runs to its end, even before you have made anything.

    Attributes:
        folder: The project folder.
        in_colab: Whether this runs in Google Colab.
        on_drive: Whether the folder is on Google Drive, where it outlives the session.
        notes: What you should know, one sentence each; empty when all went well.
    """

    # ------------------------------------------------------------------------------------------ photos in

    def upload(self) -> Any:
        """Offer a way to bring photos from your computer into ``data``.

        Returns:
            A button; make it the last line of a cell to show it. In Colab, where a window keeps the notebook waiting,
            it asks only while there are no photos yet, and returns what was uploaded. None if there is nothing to show.
        """
        return _tell(bring.upload_for(self))

    def film_frames(self, film: str = "", *, max_frames: int = bring.FRAMES, progress: bool = True) -> None:
        """Take sharp, differing frames from a video and put them into ``data``, to draw boxes on.

        Args:
            film: The video's name in the project folder or in its ``data``, or its path; "" takes nothing and says
                which videos are there.
            max_frames: Take at most this many.
            progress: Show a bar.

        Raises:
            FileNotFoundError: There is no such video; the message lists those that are there.
        """
        check_kind(
            isinstance(film, str | Path), film, "film must be a name or a path", 'Write film="clip.mp4"'
        )
        _tell((None, bring.film_frames_for(self, film, max_frames=max_frames, progress=progress)))

    def heic(self, *, install: bool = False) -> None:
        """Make iPhone photos (HEIC) readable, and say whether there are any.

        Args:
            install: Install the package that reads them, if it is missing.
        """
        _tell((None, bring.heic_for(self, install=install)))

    def brought(self) -> Brought:
        """Return the photos and boxes that come from other tools, to import.

        Returns:
            What is in ``data/boxes`` (photos with their boxes) and ``data/labelbox`` (a list of URLs ``*.csv`` and an
            export ``*.json`` or ``*.ndjson``). If both are empty, drawn photos of three things, one set for each of the
            two folders, are written to ``data/practice``.
        """
        return _tell(brought.brought_for(self))

    # ------------------------------------------------------------------------------------------ photos to work on

    def photo_folder(self) -> Path:
        """Return the folder of photos to draw boxes on.

        Returns:
            ``data`` if it has photos; or the one folder inside it that has some; otherwise ``data/practice``, with a
            copy of the five drawn photos of a toy duck, without their boxes.
        """
        return _tell(photos.photo_folder_for(self))

    def photos(self, detector: Detector | None = None) -> Annotations:
        """Return the annotated photos to train on.

        Args:
            detector: The one you want to measure. If your photos have other classes than it has, the photos that
                07_bring_your_dataset kept are taken instead, if their classes fit.

        Returns:
            Your own photos, if you have any, with the boxes in the ``annotations.json`` next to them. If you have
            drawn no boxes yet, they come without: no sample takes their place. Without photos of your own,
            ``data/practice`` if you drew boxes there, otherwise the five drawn photos of a toy duck with the boxes that
            ship with the package. The sentence also says what you should fix.
        """
        if detector is not None:
            check_detector(detector, "project.photos(detector)", "trained_on")
        return _tell(photos.photos_for(self, detector))

    def scoring_photos(self, detector: Detector | None = None) -> Annotations:
        """Return the annotated photos to measure with, and say what that means for the numbers.

        Args:
            detector: The one to be measured; it knows what it was trained on.

        Returns:
            The first of these that is there and has the detector's classes: the photos of
            ``data/test/annotations.json``, if it has boxes; those that 07_bring_your_dataset held out; the drawn clip,
            if you train on the drawn duck; the training photos themselves.

        Raises:
            ValueError: No annotated photos have the detector's classes; the message says what to do.
        """
        if detector is not None:
            check_detector(detector, "project.scoring_photos(detector)", "trained_on")
        return _tell(photos.scoring_photos_for(self, detector))

    def labelled_photos(
        self, *, folder: str = "classes", count: int = DRAWN_IMAGES, progress: bool = True
    ) -> LabelledPictures:
        """Return the pictures to sort into classes.

        Args:
            folder: The folder in ``data`` that holds one folder of pictures for each class.
            count: How many pictures to draw of each class if you have none of your own.
            progress: Show a bar where it takes longer than two seconds.

        Returns:
            Your pictures in ``data/<folder>`` if there are any; otherwise clothes in camouflage and in normal
            patterns, drawn into ``data/practice_clothes_<count>``.
        """
        check_text(folder, "folder", "classes")
        return _tell(labelled_photos_for(self, folder=folder, count=count, progress=progress))

    def clip(self) -> Path | list[Path]:
        """Return what to find things in: give it to :func:`tflhelpers.detect_video`.

        Returns:
            The path of your video, or the paths of your pictures in order (``frame2`` before ``frame10``), from
            ``data/clip`` or, if that is empty, from the folder with your photos. A video comes before pictures. If you
            have neither, the 48 frames of a drawn toy duck.
        """
        return _tell(clips.clip_for(self))

    # ------------------------------------------------------------------------------------------ detectors

    def detector(
        self,
        name: str = detectors.AUTO,
        *,
        start: str = detectors.AUTO,
        steps: int | None = None,
        progress: bool = True,
    ) -> Detector:
        """Return the detector to use, and say what it was trained on and whether your photos have changed since.

        Args:
            name: A folder in ``models``; "auto" takes the detector that was saved last, preferring your own to one for
                practice, and one with the classes of your photos to others.
            start: What to train a new one from if none is saved, see :meth:`tflhelpers.Detector.pretrained`.
            steps: Training steps if none is saved; None lets ``fine_tune`` choose.
            progress: Show bars while a detector is downloaded and trained.

        Returns:
            The saved detector; if there is none, one that is now fine-tuned on :meth:`photos` and saved by
            :meth:`keep`.

        Raises:
            FileNotFoundError: There is no detector of that name; the message lists those that are there.
        """
        check_text(name, "name", "detector")
        return _tell(detectors.detector_for(self, name, start=start, steps=steps, progress=progress))

    def training_folder(self, detector: Detector, annotations: Annotations, **settings: object) -> Path:
        """Return where a training is kept while it runs: give it to ``fine_tune`` as ``resume_dir``.

        The same photos, start and settings get the same folder, so running the cell again continues where it stopped.
        Anything else gets a new folder. The last two folders are kept.

        Args:
            detector: What the training starts from.
            annotations: What it learns from.
            **settings: What else is given to ``fine_tune``.
        """
        call = "project.training_folder(detector, annotations)"
        check_detector(detector, call, "trained_on", "network")
        check_annotations(annotations, call)
        return detectors.training_folder_for(self, detector, annotations, **settings)

    def keep(self, detector: Detector, name: str = detectors.OWN) -> Path:
        """Save a detector in the project folder: under its name, or as "practice" if it learned only drawn samples.

        Args:
            detector: A fine-tuned one.
            name: The folder in ``models``.

        Returns:
            The folder. A practice detector never overwrites yours.
        """
        check_detector(detector, "project.keep(detector)", "trained_on", "save")
        check_text(name, "name", "detector")
        return _tell(detectors.keep_for(self, detector, name))

    def threshold(self, detector: Detector, calibration: Calibration, measured_on: Annotations) -> float:
        """Return the threshold that a detector should keep as its own.

        Args:
            detector: The one that was measured.
            calibration: From :func:`tflhelpers.calibrate_threshold`.
            measured_on: The photos that it was measured on.

        Returns:
            The calibrated threshold. But if the detector was trained on these photos, the one it has: a threshold that
            suits photos it knows by heart is too high for others.
        """
        call = "project.threshold(detector, calibration, measured_on)"
        check_detector(detector, call, "trained_on", "threshold")
        is_calibration = hasattr(calibration, "threshold") and not hasattr(calibration, "detect")
        wanted = "calibration must be what calibrate_threshold returned"
        check_kind(is_calibration, calibration, wanted, f"The call is {call}")
        check_annotations(measured_on, call)
        return _tell(detectors.threshold_for(detector, calibration, measured_on))

    def proposer(
        self,
        annotator: Annotator,
        *,
        wanted: bool = True,
        min_photos: int = 2,
        start: str = detectors.AUTO,
        steps: int | None = None,
        progress: bool = True,
    ) -> Detector | None:
        """Return a detector that proposes boxes on the pictures that have none yet: set ``annotator.suggest`` to it.

        Args:
            annotator: The annotator to train it from.
            wanted: False trains nothing and says so; training keeps the kernel busy for a minute or two.
            min_photos: How many photos need boxes before training on them is worth it.
            start: What it starts from, see :meth:`tflhelpers.Detector.pretrained`.
            steps: Training steps; None lets ``fine_tune`` choose.
            progress: Show bars while a detector is downloaded and trained.

        Returns:
            The detector, fine-tuned now on what you have drawn so far; None if that is too little, or if no picture is
            left without boxes.
        """
        fits = hasattr(annotator, "annotations") and hasattr(annotator, "states")
        check_kind(
            fits, annotator, "annotator must be an Annotator", "The call is project.proposer(annotator)"
        )
        return _tell(
            detectors.proposer_for(
                annotator, wanted=wanted, min_photos=min_photos, start=start, steps=steps, progress=progress
            )
        )

    def first_look(
        self, *, start: str = detectors.AUTO, threshold: float = 0.4, progress: bool = True
    ) -> np.ndarray:
        """Return a photo with the boxes that a detector trained on COCO's 90 classes finds in it.

        Args:
            start: See :meth:`tflhelpers.Detector.pretrained`.
            threshold: Lowest score to show, 0 to 1.
            progress: Show bars while the detector is downloaded.

        Returns:
            Your first photo, or a drawn one, with boxes, RGB uint8 (H, W, 3). If no such detector is available, the
            photo without boxes, and the sentence says why.
        """
        return _tell(first_look.first_look_for(self, start=start, threshold=threshold, progress=progress))

    # ------------------------------------------------------------------------------------------ pages to share

    def web_demo(
        self,
        model: Detector | ImageClassifier,
        *,
        name: str = "web_demo",
        title: str | None = None,
        progress: bool = True,
    ) -> WebDemoInfo | None:
        """Write the web page of :func:`tflhelpers.export_web_demo`, or say why there is none.

        Args:
            model: The detector or classifier to show.
            name: The folder in ``results`` to write.
            title: The page's title; None makes one from the class names.
            progress: Show bars while the program is downloaded and the model converted.

        Returns:
            What was written. The program that runs models in browsers has to be downloaded once, unless its archive is
            in the project folder; without it and without a network, None, and the sentence says what to do.
        """
        check_text(name, "name", "web_demo")
        return _tell(pages.web_demo_for(self, model, name=name, title=title, progress=progress))

    def results_page(
        self,
        detector: Detector,
        annotations: Annotations | None = None,
        *,
        title: str,
        name: str = "results.html",
        gif: str | os.PathLike[str] | None = None,
        history: Any = None,
        command: str | None = None,
        notes: Sequence[str] = (),
        max_images: int = 9,
        progress: bool = True,
    ) -> Path:
        """Measure a detector and write one self-contained HTML page that shows what it can do.

        Args:
            detector: The one to show.
            annotations: The photos to measure it on; None for :meth:`scoring_photos`. The page says which they were.
            title: The page's title.
            name: The file in ``results`` to write.
            gif: A GIF or picture file to show first; it is put into the page.
            history: What :func:`tflhelpers.fine_tune` returned, to show its loss curves and notes.
            command: The command that repeats this, for the reader of the page.
            notes: Sentences to add, such as those of ``mistakes.what_to_photograph_next``.
            max_images: Pictures in each gallery at most.
            progress: Show a bar while the detector runs.

        Returns:
            The page's path.

        Raises:
            FileNotFoundError: There is no such GIF.
            ValueError: Browsers cannot show `gif` as a picture, or there is nothing to measure on.
        """
        call = "project.results_page(detector, annotations, title=...)"
        check_detector(detector, call, "trained_on", "detect_all")
        if annotations is not None:
            check_annotations(annotations, call)
        check_text(title, "title", "My duck")
        check_text(name, "name", "results.html")
        return _tell(
            pages.results_page_for(
                self,
                detector,
                annotations,
                title=title,
                name=name,
                gif=gif,
                history=history,
                command=command,
                notes=notes,
                max_images=max_images,
                progress=progress,
            )
        )


def _tell(told: tuple[_Thing, str]) -> _Thing:
    """Print the sentence of a pair (thing, sentence), and return the thing.

    The only place of the package that prints what nobody asked to be printed. A project exists for notebooks, and
    whoever reads one must see which photos or which detector a cell went on with; a sentence that is returned has
    to be taken apart and printed in every cell, and is forgotten in one.
    """
    thing, sentence = told
    if sentence:
        print(sentence)
    return thing


def open_project(name: str = "transfer_learning_project", *, parent: str | Path | None = None) -> Project:
    """Find or make the project folder with ``data``, ``models`` and ``results`` in it.

    In Colab this mounts Google Drive, and the folder is in My Drive. If mounting fails, ``notes`` says why (and it is
    logged once), and a local folder is used instead. Elsewhere the folder is in the current directory, which in Jupyter
    is the notebook's own.

    Args:
        name: The folder's name.
        parent: A folder to put it in, instead of My Drive or the current directory.

    Returns:
        The project; shown in a notebook, it lists where things are.

    Raises:
        TypeError: If ``name`` is no text.
        ValueError: If ``name`` is not a plain folder name.
        OSError: If the folder cannot be made; the message says where and what to do.
    """
    check_text(name, "name", "ducks")
    if name in ("", "..") or Path(name).name != name:
        raise ValueError(
            f"name must be a plain folder name, got {name!r}. Give the folder above it as parent=."
        )
    in_colab = drive.in_colab()
    problem = drive.mount_drive() if in_colab and parent is None else ""
    on_drive = in_colab and parent is None and not problem
    if parent is None:
        parent = drive.my_drive() if on_drive else Path.cwd()
    notes = (f"Google Drive is not mounted: {problem} A local folder is used instead.",) if problem else ()
    for note in notes:
        _log.warning(note)
    project = Project(Path(parent).expanduser().resolve() / name, in_colab, on_drive, notes)
    project.make()
    return project

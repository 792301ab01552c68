"""The project: one folder for photos, detectors and results, and what a notebook works on in it.

What is yours comes first; what is ready-made fills in until you have made your own. Which of them was taken is
told by the project itself. The choosing is done in `ready_made` and `classification.own_or_drawn`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tflhelpers import drive
from tflhelpers.classification.own_or_drawn import DRAWN_IMAGES, labelled_photos_for
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

    Each method returns the thing alone and prints a sentence that says which one was taken and why: your own where
    there is one, a ready-made one otherwise. So every notebook runs to its end before you have made anything.

    Attributes:
        folder: The project folder.
        in_colab: Whether this runs in Google Colab.
        on_drive: Whether the folder is on Google Drive, where it outlives the session.
        notes: What a person should know, one sentence each; empty when all went well.
    """

    # ------------------------------------------------------------------------------------------ photos in

    def upload(self) -> Any:
        """Offer a way to bring photos from your computer into ``data``.

        Returns:
            A button to show, as the last line of a cell. In Colab, whose window would keep the notebook waiting, what
            was uploaded if there was no photo yet; None where there is nothing to show.
        """
        return _tell(bring.upload_for(self))

    def film_frames(self, film: str = "", *, max_frames: int = bring.FRAMES, progress: bool = True) -> None:
        """Take sharp frames that differ from a film into ``data``, to draw boxes on.

        Args:
            film: The film's name in the project folder or in its ``data``, or its path; "" takes nothing and says
                which films are there.
            max_frames: How many at most.
            progress: Show a bar.

        Raises:
            FileNotFoundError: There is no such film; the message lists those that are there.
        """
        _tell((None, bring.film_frames_for(self, film, max_frames=max_frames, progress=progress)))

    def heic(self, *, install: bool = False) -> None:
        """Make photos of iPhones readable, and say whether there are any.

        Args:
            install: Install what they need, if it is missing.
        """
        _tell((None, bring.heic_for(self, install=install)))

    def brought(self) -> Brought:
        """Return the photos and boxes that come from other tools, to import.

        Returns:
            What is in ``data/boxes`` (photos with their boxes) and ``data/labelbox`` (a list of addresses ``*.csv``
            and an export ``*.json`` or ``*.ndjson``); if both are empty, drawn photos of three things in both ways,
            written to ``data/practice``.
        """
        return _tell(brought.brought_for(self))

    # ------------------------------------------------------------------------------------------ photos to work on

    def photo_folder(self) -> Path:
        """Return the folder of photos to draw boxes on.

        Returns:
            ``data`` if there are photos in it, the only folder in it that has some, otherwise ``data/practice``,
            into which the five drawn photos of a toy duck are copied, without their boxes.
        """
        return _tell(photos.photo_folder_for(self))

    def photos(self, detector: Detector | None = None) -> Annotations:
        """Return the annotated photos to train on.

        Args:
            detector: One that is to be judged: where your photos have other classes than it, those that
                07_bring_your_dataset has kept are taken if they have the same.

        Returns:
            Your own photos with the boxes in the ``annotations.json`` beside them, if there are photos. They come
            without boxes where you have drawn none: nothing drawn takes their place. Without photos of your own,
            ``data/practice`` if you drew boxes there, otherwise the five drawn photos of a toy duck with the boxes
            that ship with the package. What is to be put right is said as well.
        """
        return _tell(photos.photos_for(self, detector))

    def scoring_photos(self, detector: Detector | None = None) -> Annotations:
        """Return the annotated photos to measure with, and say what that means for the numbers.

        Args:
            detector: The one to be measured; it knows what it was trained on.

        Returns:
            The photos of ``data/test/annotations.json`` if it has boxes, of the detector's classes; otherwise those
            that 07_bring_your_dataset held out, if they are; otherwise, if what is trained on is the drawn duck, the
            drawn clip; otherwise the training photos themselves.

        Raises:
            ValueError: No annotated photos have the detector's classes; the message says what to do.
        """
        return _tell(photos.scoring_photos_for(self, detector))

    def labelled_photos(
        self, *, folder: str = "classes", count: int = DRAWN_IMAGES, progress: bool = True
    ) -> LabelledPictures:
        """Return the pictures to sort into classes.

        Args:
            folder: In ``data``, with a folder of pictures for each class.
            count: Of drawn pictures of each class, where there are none of your own.
            progress: Show a bar where it takes longer than two seconds.

        Returns:
            Your pictures in ``data/<folder>`` if there are any; otherwise clothes in camouflage and in normal
            patterns, drawn into ``data/practice_clothes_<count>``.
        """
        return _tell(labelled_photos_for(self, folder=folder, count=count, progress=progress))

    def clip(self) -> Path | list[Path]:
        """Return what to find things in: give it to :func:`tflhelpers.detect_video`.

        Returns:
            Your film or pictures, in ``data/clip`` or else with your photos, a film before pictures; the path of a
            film, or the paths of pictures in order (``frame2`` before ``frame10``). Without any, the 48 frames of a
            drawn toy duck.
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
            name: A folder in ``models``; "auto" takes the one that was saved last, of your own where there is one, and
                of those with the classes of your photos where there is one.
            start: What a new one starts from where none is saved, see :meth:`tflhelpers.Detector.pretrained`.
            steps: Training steps when there is no saved detector; None lets ``fine_tune`` choose.
            progress: Show bars while one is fetched and trained.

        Returns:
            The saved detector, otherwise one that is fine-tuned now on :meth:`photos` and saved as :meth:`keep` does.

        Raises:
            FileNotFoundError: There is no detector of that name; the message lists those that are there.
        """
        return _tell(detectors.detector_for(self, name, start=start, steps=steps, progress=progress))

    def training_folder(self, detector: Detector, annotations: Annotations, **settings: object) -> Path:
        """Return where a training is kept while it runs: give it to ``fine_tune`` as ``resume_dir``.

        The same photos, start and settings get the same folder, so that running the cell again goes on where it
        stopped; anything else begins in a new one. The last two are kept.

        Args:
            detector: What the training starts from.
            annotations: What it learns from.
            **settings: What else is given to ``fine_tune``.
        """
        return detectors.training_folder_for(self, detector, annotations, **settings)

    def keep(self, detector: Detector, name: str = detectors.OWN) -> Path:
        """Save a detector in the project folder: under its name, or apart if it has learned only drawn things.

        Args:
            detector: A fine-tuned one.
            name: The folder in ``models``.

        Returns:
            The folder. A detector for practice never takes the place of yours.
        """
        return _tell(detectors.keep_for(self, detector, name))

    def threshold(self, detector: Detector, calibration: Calibration, measured_on: Annotations) -> float:
        """Return the threshold that a detector is to keep as its own.

        Args:
            detector: The one that was measured.
            calibration: From :func:`tflhelpers.calibrate_threshold`.
            measured_on: The photos that it was measured on.

        Returns:
            The calibrated one; but the one that the detector has where it was trained on these photos, as a threshold
            that suits what it has learned by heart is too high elsewhere.
        """
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
        """Return a detector that proposes boxes on the pictures that have none yet: give it to ``annotator.suggest``.

        Args:
            annotator: The annotator that is to get it.
            wanted: False trains nothing and says so: training keeps the kernel busy for a minute or two.
            min_photos: How many photos must have boxes before it is worth training on them.
            start: What it starts from, see :meth:`tflhelpers.Detector.pretrained`.
            steps: Training steps; None lets ``fine_tune`` choose.
            progress: Show bars while one is fetched and trained.

        Returns:
            The detector, fine-tuned now on what is drawn so far; None where that is too little, or where no picture is
            left to propose on.
        """
        return _tell(
            detectors.proposer_for(
                annotator, wanted=wanted, min_photos=min_photos, start=start, steps=steps, progress=progress
            )
        )

    def first_look(
        self, *, start: str = detectors.AUTO, threshold: float = 0.4, progress: bool = True
    ) -> np.ndarray:
        """Return a photo with what a detector trained on COCO sees in it, by COCO's 90 names.

        Args:
            start: See :meth:`tflhelpers.Detector.pretrained`.
            threshold: Lowest score that is shown, 0 to 1.
            progress: Show bars while the detector is fetched.

        Returns:
            Your first photo, or a drawn one, with boxes, RGB uint8 (H, W, 3); where no such detector can be had the
            photo alone, and the reason is said.
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
            title: Of the page; None for one made of the class names.
            progress: Show bars while the program is fetched and the model made.

        Returns:
            What was written; without a network None, and how to go on is said: the program that runs models in
            browsers has to be fetched once. An archive of it in the project folder is used instead.
        """
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
            title: What the detector is of.
            name: The file in ``results`` to write.
            gif: A GIF or picture file to show first; it is put into the page.
            history: Of :func:`tflhelpers.fine_tune`: the loss curves and its notes.
            command: What somebody else types to repeat it.
            notes: Sentences to add, such as those of ``mistakes.what_to_photograph_next``.
            max_images: Pictures in each gallery at most.
            progress: Show a bar while the photos are looked at.

        Returns:
            The page's path.

        Raises:
            FileNotFoundError: There is no such GIF.
            ValueError: `gif` is of a kind that browsers do not show as a picture, or there is nothing to measure on.
        """
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

    In Colab Google Drive is mounted and the folder lies in My Drive. Where that fails, the reason is
    explained in ``notes`` (and logged once) and work goes on in a local folder. Elsewhere the folder lies in
    the current directory, which in Jupyter is the notebook's own.

    Args:
        name: The folder's name.
        parent: A folder to put it in, instead of My Drive or the current directory.

    Returns:
        The project; shown in a notebook, it lists where things are.

    Raises:
        ValueError: If ``name`` is not a plain folder name.
        OSError: If the folder cannot be made; the message says where and what to do.
    """
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

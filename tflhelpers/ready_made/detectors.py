"""The detector of a project: yours if it is saved there, one trained now if not; and what it was trained on."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.files.lock import locked
from tflhelpers.ready_made.photos import count_boxes, photos_for
from tflhelpers.ready_made.places import practice_folder

if TYPE_CHECKING:
    from tflhelpers.annotator.widget import Annotator
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.evaluation.thresholds import Calibration
    from tflhelpers.folders import ProjectFolders
    from tflhelpers.model.detector import Detector
    from tflhelpers.model.training_record import TrainingRecord

AUTO = "auto"
OWN, PRACTICE = "detector", "practice"
SETTINGS = "detector.json"
TRAINING = "training"  # folder in `models` of trainings that are not done
MOST_TRAININGS = 2
_TRAINING = re.compile("[0-9a-f]{8}")


def detector_for(
    project: ProjectFolders,
    name: str = AUTO,
    *,
    start: str = AUTO,
    steps: int | None = None,
    progress: bool = True,
) -> tuple[Detector, str]:
    """Return the detector to use and the sentences about it: see `Project.detector`."""
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.fine_tune import fine_tune

    saved = saved_detectors(project)
    if name != AUTO and name not in saved:
        known = f"There are: {', '.join(saved)}." if saved else "There is none yet."
        raise FileNotFoundError(
            f"{project.models} has no detector {name!r}. {known} Choose one of them, or {AUTO!r}, or train one in "
            "03_fine_tune_detector."
        )
    photos, origin = photos_for(project)
    settings_of, damaged = _all_settings(project, [name] if name != AUTO else saved)
    suiting = [
        each
        for each, settings in settings_of.items()
        if set(settings["class_names"]) == set(photos.class_names)
    ]
    for each in dict.fromkeys([*suiting, *settings_of]):
        if (
            name == AUTO
            and is_practice(project, settings_of[each]["trained_on"])
            and (each not in suiting or not _are_practice(project, photos))
        ):
            continue  # a drawn duck's detector does not stand in for your own
        detector = Detector.load(project.models / each)
        others = [other for other in saved if other != each and other not in damaged]
        told = [*_history(project, detector, photos), _others(others), _left_out(damaged)]
        return detector, " ".join(filter(None, told))
    for error in damaged.values():  # a new one might be saved in its place
        raise error
    detector = Detector.pretrained(start, photos.class_names, progress=progress)
    fine_tune(detector, photos, steps=steps, progress=progress)
    folder, _ = keep_for(project, detector)
    return detector, (
        f"There was no detector for these photos in {project.models}, so one was trained just now and saved in "
        f"{folder.name}. {origin} It started from: {detector.origin}"
    )


def saved_detectors(project: ProjectFolders) -> list[str]:
    """The names of all detectors in ``project.models``, the one that was saved last first, practice at the end."""
    folders = [file.parent for file in project.models.glob(f"*/{SETTINGS}")]
    folders.sort(key=lambda folder: (folder / SETTINGS).stat().st_mtime, reverse=True)
    folders.sort(key=lambda folder: folder.name.startswith(PRACTICE))
    return [folder.name for folder in folders]


def _all_settings(
    project: ProjectFolders, names: Iterable[str]
) -> tuple[dict[str, dict], dict[str, ValueError]]:
    """What saved detectors say of themselves, without weights, which take a second to load; and why some do not."""
    from tflhelpers.model.settings import SETTINGS_FILE, read_settings

    settings, damaged = {}, {}
    for name in names:
        try:
            settings[name] = read_settings(project.models / name / SETTINGS_FILE)[1]
        except ValueError as error:
            damaged[name] = error
    return settings, damaged


def keep_for(project: ProjectFolders, detector: Detector, name: str = OWN) -> tuple[Path, str]:
    """Save a detector; return its folder and the sentence about it: see `Project.keep`."""
    practice = is_practice(project, detector.trained_on)
    name = name if not practice else PRACTICE if name == OWN else f"{PRACTICE}_{name}"
    folder = detector.save(project.models / name)
    about = f" It was trained on {detector.trained_on}." if detector.trained_on else ""
    kind = "The detector for practice" if practice else "The detector"
    return folder, f"{kind} is saved in {folder}.{about}"


def is_practice(project: ProjectFolders, record: TrainingRecord | None) -> bool:
    """Whether a detector has learned nothing but drawn photos that come with the package."""
    return record is not None and bool(record.images) and record.images.keys() <= _practice_keys(project)


def training_folder_for(
    project: ProjectFolders, detector: Detector, annotations: Annotations, **settings: object
) -> Path:
    """Return where a training is kept while it runs: see `Project.training_folder`."""
    return training_folder_in(project.models / TRAINING, detector, annotations, **settings)


def training_folder_in(
    parent: Path, detector: Detector, annotations: Annotations, **settings: object
) -> Path:
    """Return the folder in `parent` of a training with these photos, start and settings; older ones are removed.

    Args:
        parent: made if absent. What lies there under other names than these folders have is left alone.
        detector: what the training starts from.
        annotations: what it learns from.
        **settings: what else is given to `fine_tune`.
    """
    from tflhelpers.training.fine_tune import fingerprint, given_weights
    from tflhelpers.training.record import contents_mark, training_record
    from tflhelpers.training.same_training import start_mark

    weights = given_weights(detector)
    photos = f"{fingerprint(annotations)} {contents_mark(training_record(annotations))}"

    def folder_from(start: str) -> Path:
        described = json.dumps([start, photos, settings], sort_keys=True, default=str)
        return parent / f"{zlib.crc32(described.encode()):08x}"

    parent.mkdir(parents=True, exist_ok=True)
    gone_on_with = [
        each for each in parent.iterdir() if folder_from(start_mark(detector, weights, each)) == each
    ]
    folder = gone_on_with[0] if gone_on_with else folder_from(start_mark(detector, weights, parent))
    folder.mkdir(exist_ok=True)
    _remove_older(parent, folder)
    return folder


def _remove_older(parent: Path, folder: Path) -> None:
    """Keep the trainings used last, this one among them."""
    from tflhelpers.training.resume import STATE_FILE

    trainings = [each for each in parent.iterdir() if each.is_dir() and _TRAINING.fullmatch(each.name)]
    others = sorted((each for each in trainings if each != folder), key=lambda each: each.stat().st_mtime)
    for each in others[: max(0, len(others) - MOST_TRAININGS + 1)]:
        with suppress(OSError):  # Locked: one that runs keeps its folder
            with locked(each / STATE_FILE, wait=0):
                pass  # Windows removes no folder with an open file in it, such as the lock's
            shutil.rmtree(each, ignore_errors=True)


def threshold_for(
    detector: Detector, calibration: Calibration, measured_on: Annotations
) -> tuple[float, str]:
    """Return the threshold to keep and the sentence about it: see `Project.threshold`."""
    from tflhelpers.training.record import training_record

    record = detector.trained_on
    if record is not None and record.shares(training_record(measured_on)):
        return detector.threshold, (
            f"The threshold stays {detector.threshold:.2f}: {calibration.threshold:.2f} was measured on photos that it "
            "was trained on, and there it is surer than on new ones."
        )
    return calibration.threshold, f"The detector's own threshold is {calibration.threshold:.2f} from now on."


def proposer_for(
    annotator: Annotator,
    *,
    wanted: bool = True,
    min_photos: int = 2,
    start: str = AUTO,
    steps: int | None = None,
    progress: bool = True,
) -> tuple[Detector | None, str]:
    """Return a detector that proposes boxes, or None, and the sentence about it: see `Project.proposer`."""
    if not wanted:
        return (
            None,
            f"Proposals are off. Draw on {min_photos} photos, tick propose in the settings, and come back.",
        )
    drawn = annotator.annotations
    ready = sum(len(boxes) > 0 for _, boxes in drawn)
    if ready < min_photos:
        return None, f"Photos with boxes so far: {ready}. Draw on {min_photos}, then run this cell again."
    if "t" not in annotator.states:
        return None, "All photos are done, so there is nothing left to propose."
    from tflhelpers.model.detector import Detector  # below, since most calls end before TensorFlow is needed
    from tflhelpers.training.fine_tune import fine_tune

    detector = Detector.pretrained(start, drawn.class_names, progress=progress)
    fine_tune(detector, drawn, steps=steps, progress=progress)
    told = f"A detector trained on your {ready} photos proposes boxes on the others, with dashed lines."
    return detector, f"{told} It started from: {detector.origin}"


def _history(project: ProjectFolders, detector: Detector, photos: Annotations) -> list[str]:
    """What a saved detector was trained on, and what has changed since."""
    from tflhelpers.model.training_record import listed
    from tflhelpers.training.record import training_record

    first = f"The detector for {listed(detector.class_names)} saved in {detector.folder}"
    if detector.trained_on is None:
        return [f"{first}; what it was trained on is not known."]
    for_practice, only_drawn = is_practice(project, detector.trained_on), _are_practice(project, photos)
    if for_practice and not only_drawn:
        return [
            f"{first}, trained on {detector.trained_on}.",
            "These were drawn photos for practice, not yours: run 03_fine_tune_detector.",
        ]
    comparable = count_boxes(photos) and for_practice == only_drawn
    now = _ordered(photos, detector.trained_on.class_names)
    changes = detector.trained_on.differences(training_record(now)) if comparable else []
    advice = ["To train on what is there now, run 03_fine_tune_detector."] if changes else []
    return [f"{first}, trained on {detector.trained_on}.", *changes, *advice]


def _ordered(photos: Annotations, class_names: tuple[str, ...]) -> Annotations:
    """The same photos with their classes in this order, where they are the same classes."""
    from tflhelpers.data.annotations import Annotations

    if set(photos.class_names) != set(class_names):
        return photos
    named = [(path, boxes.with_classes(photos.class_names)) for path, boxes in photos]
    return Annotations.from_items(class_names, named)


def _left_out(damaged: Mapping[str, ValueError]) -> str:
    return f"Left out, as they cannot be read: {' '.join(map(str, damaged.values()))}" if damaged else ""


def _others(names: list[str]) -> str:
    return f"You can choose these in the settings too: {', '.join(names)}." if names else ""


def _are_practice(project: ProjectFolders, photos: Annotations) -> bool:
    from tflhelpers.data.samples import duck_photos

    folders = {practice_folder(project).resolve(), *(path.parent for path in duck_photos().image_paths)}
    return all(path.parent.resolve() in folders for path in photos.image_paths)


def _practice_keys(project: ProjectFolders) -> set[str]:
    """The keys of all drawn photos, in the package and in the project's folder for practice."""
    from tflhelpers.data.picture_files import PICTURE_ENDINGS
    from tflhelpers.data.samples import duck_clip, duck_photos
    from tflhelpers.training.record import image_key

    drawn = [*duck_photos().image_paths, *duck_clip().image_paths]
    drawn += [path for path in practice_folder(project).rglob("*") if path.suffix.lower() in PICTURE_ENDINGS]
    return {image_key(path) for path in drawn}

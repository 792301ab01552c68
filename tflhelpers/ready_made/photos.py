"""The photos to draw on, to train on and to score with: yours if they are there, drawn ones if not."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in
from tflhelpers.model.training_record import counted, listed
from tflhelpers.ready_made.places import ANNOTATIONS, found_elsewhere, own_folder, practice_folder

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.folders import ProjectFolders
    from tflhelpers.model.detector import Detector

_MOST_NAMED = 3
DATASET, HELD_OUT = (
    "dataset/coco.json",
    "dataset/held_out.json",
)  # what 07_bring_your_dataset keeps in `results`


def photo_folder_for(project: ProjectFolders) -> tuple[Path, str]:
    """Return the folder of photos to draw on and the sentence about it: see `Project.photo_folder`."""
    from tflhelpers.data.samples import duck_photos

    folder = own_folder(project)
    own = pictures_in(folder)
    if own:
        return folder, _joined(
            f"Your own {counted(len(own), 'photo')}, in {folder}.", found_elsewhere(project)
        )
    practice = practice_folder(project)
    practice.mkdir(parents=True, exist_ok=True)
    for path in duck_photos().image_paths:
        if not (practice / path.name).exists():
            shutil.copyfile(path, practice / path.name)
    first = (
        f"There are no photos in {project.data} yet, so you can practise on five drawn ones, in {practice}."
    )
    return practice, _joined(first, found_elsewhere(project))


def photos_for(project: ProjectFolders, detector: Detector | None = None) -> tuple[Annotations, str]:
    """Return the photos to train on and the sentences about them: see `Project.photos`."""
    photos, told = _own_or_drawn(project)
    brought = None if _fits(photos, detector) else _brought_before(project, detector, DATASET)
    if brought is None:
        return photos, told
    count = counted(len(brought), "photo")
    return brought, f"The {count} of 07_bring_your_dataset, from {project.results / DATASET}."


def _own_or_drawn(project: ProjectFolders) -> tuple[Annotations, str]:
    from tflhelpers.data.samples import duck_photos

    own, told = _own_photos(own_folder(project))
    if own is not None:
        return own, _joined(told, found_elsewhere(project))
    practice, _ = _own_photos(practice_folder(project))
    if practice is not None and count_boxes(practice):
        drawn = f"{counted(len(practice), 'drawn photo')} with {_boxes(practice)} of your own"
        return practice, _joined(f"{drawn}, from {practice_folder(project)}.", found_elsewhere(project))
    sample = duck_photos()
    first = (
        f"There are no photos in {project.data} yet, so these are the {len(sample)} drawn ones of a toy duck."
    )
    return sample, _joined(first, found_elsewhere(project))


def scoring_photos_for(project: ProjectFolders, detector: Detector | None = None) -> tuple[Annotations, str]:
    """Return the photos to measure with and the sentence about them: see `Project.scoring_photos`."""
    from tflhelpers.data.samples import duck_clip

    file = project.data / "test" / ANNOTATIONS
    measured = "Measured on" if detector is not None else "Scores will be measured on"
    unseen, _ = _own_photos(file.parent)
    if unseen is not None and count_boxes(unseen) and _fits(unseen, detector):
        return (
            unseen,
            f"{measured} {counted(len(unseen), 'photo')} from {file}{_trained_on(detector, unseen)}.",
        )
    held_out = _brought_before(project, detector, HELD_OUT)
    if held_out is not None:
        first = f"{measured} the {counted(len(held_out), 'photo')} that 07_bring_your_dataset held out"
        return held_out, f"{first}{_trained_on(detector, held_out)}."
    own, clip = photos_for(project, detector)[0], duck_clip()
    if detector is not None and not _fits(own, detector):
        raise ValueError(
            f"This detector's classes are {', '.join(detector.class_names)}, and no annotated photos have these: yours "
            f"have {', '.join(own.class_names)}. Put photos of its classes into {file.parent}, with their "
            f"{ANNOTATIONS}, or choose another detector."
        )
    if not pictures_in(own_folder(project)) and own.class_names == clip.class_names:
        drawn = f"{measured} the {len(clip)} frames of the drawn clip"
        return clip, f"{drawn}{_trained_on(detector, clip)}."
    return own, (
        f"{measured} the same {counted(len(own), 'photo')} that {_learned_from(detector, own)}. "
        f"For honest numbers put other annotated photos into {file.parent}."
    )


def count_boxes(annotations: Annotations) -> int:
    return sum(len(boxes) for _, boxes in annotations)


def _fits(photos: Annotations, detector: Detector | None) -> bool:
    """Whether photos have a detector's classes, in any order; nobody asks for any without a detector."""
    return detector is None or set(photos.class_names) == set(detector.class_names)


def _brought_before(project: ProjectFolders, detector: Detector | None, name: str) -> Annotations | None:
    """What 07_bring_your_dataset has kept under a name, where it suits the detector."""
    from tflhelpers.data.annotations import Annotations

    file = project.results / name
    if detector is None or not file.is_file():
        return None
    photos = Annotations.load(file)
    there = [picture for picture in photos.pictures if picture.path.is_file()]
    return Annotations.from_items(photos.class_names, there) if there and _fits(photos, detector) else None


def _own_photos(folder: Path) -> tuple[Annotations | None, str]:
    """The photos of a folder with what `annotations.json` says of them, and what there is to know; None without any."""
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.data.boxes import Boxes

    pictures, file = pictures_in(folder), folder / ANNOTATIONS
    if not pictures and not file.exists():
        return None, ""
    if not file.exists():
        bare = Annotations.from_items(["thing"], [(path, Boxes.empty()) for path in pictures])
        return bare, f"Your own {counted(len(bare), 'photo')} in {folder} {_no_boxes_yet(len(bare))}"
    known = Annotations.load(file)
    there = [picture for picture in known.pictures if picture.path.is_file()]
    missing = [picture.path.name for picture in known.pictures if not picture.path.is_file()]
    listed = {picture.path.resolve() for picture in there}
    forgotten = [path for path in pictures if path.resolve() not in listed]
    if not there and not pictures:
        return None, ""
    own = Annotations.from_items(known.class_names, there)
    if count_boxes(own):
        first = f"Your own {counted(len(own), 'photo')} with {_boxes(own)}, from {file}."
        return own, _joined(first, _renamed_or_forgotten(missing, forgotten), _alike(known.class_names))
    own = Annotations.from_items(known.class_names, [*there, *((path, Boxes.empty()) for path in forgotten)])
    first = f"Your own {counted(len(own), 'photo')} in {folder} {_no_boxes_yet(len(own))}"
    return own, _joined(first, _renamed_or_forgotten(missing, []))


def _no_boxes_yet(count: int) -> str:
    has = "has" if count == 1 else "have"
    return f"{has} no boxes yet: draw them in 02_annotate_images, and run this cell again."


def _renamed_or_forgotten(missing: list[str], forgotten: list[Path]) -> str:
    """A sentence about names in the file that are no photos, and photos that are not in the file."""
    names = [path.name for path in forgotten]
    if missing and names:
        return (
            f"{_few(missing)} with boxes {_is(missing)} not there any more, and {_few(names)} {_has(names)} none. "
            "If you renamed a photo, give it its old name back; otherwise draw its boxes in 02_annotate_images."
        )
    if missing:
        return f"{_few(missing)} {_is(missing)} not there any more, so {_its(missing)} boxes are left out."
    if names:
        it = "it" if len(names) == 1 else "them"
        return (
            f"Not trained on: {_few(names)}, not annotated yet. Draw boxes on {it}, or mark {it} as nothing here, "
            "in 02_annotate_images."
        )
    return ""


def _alike(class_names: tuple[str, ...]) -> str:
    """A sentence about classes that differ only in upper and lower case or in spaces."""
    same = Counter(_plain(name) for name in class_names)
    alike = [name for name in class_names if same[_plain(name)] > 1]
    if not alike:
        return ""
    rename = json.dumps({name: alike[-1] for name in alike[:-1] if _plain(name) == _plain(alike[-1])})
    return (
        f"The classes {' and '.join(alike)} look like one, and are learned as {len(alike)}. To make them one: "
        f"photos = tfl.formats.combine([photos], rename={rename})."
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _trained_on(detector: Detector | None, measured_on: Annotations) -> str:
    """The end of a sentence: whether these are photos that it has learned by heart."""
    if detector is None or detector.trained_on is None:
        return ""
    from tflhelpers.training.record import training_record

    shared = detector.trained_on.shares(training_record(measured_on))
    if not shared:
        return ", none of which it was trained on"
    return f", of which it was trained on {shared}, so the numbers are flattering"


def _learned_from(detector: Detector | None, own: Annotations) -> str:
    """The end of a sentence about the photos to train on: who learned from them, and what that does to scores."""
    from tflhelpers.training.record import training_record

    record = None if detector is None else detector.trained_on
    if record is not None and record.shares(training_record(own)) == len(own):
        return "it was trained on, so the numbers are flattering"
    return f"you train on{_trained_on(detector, own) or ', so the numbers are flattering'}"


def _boxes(annotations: Annotations) -> str:
    return counted(count_boxes(annotations), "box", "boxes")


def _few(names: list[str]) -> str:
    return listed(names, _MOST_NAMED)


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _its(names: list[str]) -> str:
    return "its" if len(names) == 1 else "their"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)

"""`tflhelpers detect`: marked pictures, videos and GIFs, the boxes alone, or those of any number of pictures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command, WrongUse, sentence
from tflhelpers.command_line.inputs import add_model, add_tiles, open_detector, shard, share
from tflhelpers.progress import progress_bar

if TYPE_CHECKING:
    import numpy as np

    from tflhelpers.data.boxes import Boxes

FILMS = (".mp4", ".gif")
_WRITTEN_AS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_QUALITY = 92
_BATCH = 8  # pictures in memory, and through the network, at once
_SHOWN = 10


def _add_arguments(parser: ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("source", metavar="SOURCE", nargs="+", help="pictures, videos, or folders of them")
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="a folder for marked copies; or one file: .mp4 or .gif for a film of a video or of all pictures, .jpg or "
        ".png for one picture. May be left out with --json",
    )
    parser.add_argument(
        "--parquet",
        metavar="FOLDER",
        help="keep the boxes of any number of pictures in Parquet files instead, and go on where it was stopped; "
        "SOURCE and FOLDER may be addresses such as s3://bucket/photos, SOURCE also a .csv or .parquet file of paths",
    )
    parser.add_argument(
        "--shard", type=shard, metavar="I/N", help="with --parquet: only the I-th of N parts, I from 0"
    )
    parser.add_argument(
        "--threshold", type=share, metavar="SCORE", help="lowest score, 0 to 1 (default: the detector's own)"
    )
    add_tiles(parser)


def _run(arguments: Namespace) -> Answer:
    """What `--out` ends in says which job it is, unless it is Parquet."""
    if arguments.parquet is not None:
        return _any_number(arguments)
    if arguments.shard is not None:
        raise WrongUse("--shard is for --parquet. Say where the Parquet files go, or leave it out")
    out = None if arguments.out is None else Path(arguments.out)
    if out is None and not arguments.as_json:
        raise WrongUse(
            "say where the marked pictures go, with --out results, or ask for the boxes alone, with --json"
        )
    if out is not None and out.suffix.lower() in FILMS:
        return _one_film(arguments, out)
    return _each(arguments, out)


def _any_number(arguments: Namespace) -> Answer:
    if arguments.out is not None:
        raise WrongUse("--parquet keeps boxes and --out draws them. Leave one of them out")
    source = arguments.source[0] if len(arguments.source) == 1 else arguments.source
    report = tfl.detect_files(
        open_detector(arguments.model, arguments.tiles),
        source,
        arguments.parquet,
        shard=arguments.shard,
        threshold=arguments.threshold,
        progress=arguments.progress,
    )
    return Answer(str(report), asdict(report))


# ---------------------------------------------------------------------------------------- what to look at


def _sources(given: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The pictures and the videos, each once."""
    from tflhelpers.data.picture_files import VIDEO_ENDINGS

    found = {path.resolve(): path for source in given for path in _files_of(source)}
    videos = [path for path in found.values() if path.suffix.lower() in VIDEO_ENDINGS]
    return [path for path in found.values() if path not in videos], videos


def _files_of(source: str) -> list[Path]:
    from tflhelpers.data.picture_files import pictures_in, videos_in

    path = Path(source)
    if "://" in source:
        raise ValueError(f"{source}: expected a file on this machine, got an address. Fetch it first.")
    if path.is_dir():
        if not (files := [*pictures_in(path), *videos_in(path)]):
            raise FileNotFoundError(f"{source}: expected pictures or videos in this folder, got none.")
        return files
    if not path.exists():
        raise FileNotFoundError(
            f"{source}: expected a picture, a video or a folder of them, got nothing there."
        )
    return [path]


def _places(sources: Sequence[Path], videos: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Where the marked copy of each goes.

    Raises:
        ValueError: If two would go to the same place, or one over a source.
    """
    if out.suffix.lower() in _WRITTEN_AS and not out.is_dir():
        if len(sources) > 1 or videos:
            raise WrongUse(f"--out {out} is one picture, got {len(sources)} sources. Give a folder")
        _refuse_sources(sources, [out])
        return {sources[0]: out}
    places = {path: out / _copy_name(path, path in videos) for path in sources}
    by_place: dict[Path, Path] = {}
    for source, place in places.items():
        if (other := by_place.setdefault(place, source)) != source:
            raise ValueError(
                f"{other} and {source} would both be written to {place}. Detect them into two folders."
            )
    _refuse_sources(sources, places.values())
    return places


def _refuse_sources(sources: Sequence[Path], places: Any) -> None:
    known = {path.resolve() for path in sources}
    over = next((place for place in places if place.resolve() in known), None)
    if over is not None:
        raise ValueError(f"{over} is a source, and would be overwritten. Give another --out.")


def _copy_name(path: Path, is_video: bool) -> str:
    if is_video:
        return f"{path.stem}.mp4"
    return path.name if path.suffix.lower() in _WRITTEN_AS else f"{path.name}.png"


# ------------------------------------------------------------------------------------------------ films


def _one_film(arguments: Namespace, out: Path) -> Answer:
    pictures, videos = _sources(arguments.source)
    if len(videos) > 1 or (videos and pictures):
        raise WrongUse(f"{out.name} is made of one video or of pictures, got more. Give a folder as --out")
    detector = open_detector(arguments.model, arguments.tiles)
    told = _film(arguments, detector, videos[0] if videos else pictures, out)
    return Answer(told.pop("text"), {"images": [], "videos": [told]})


def _film(arguments: Namespace, detector: Any, source: Path | list[Path], out: Path) -> dict[str, Any]:
    report = tfl.detect_video(
        detector, source, out, threshold=arguments.threshold, progress=arguments.progress
    )
    return {
        "text": str(report),
        "video": str(source) if isinstance(source, Path) else [str(path) for path in source],
        "written": str(report.path),
        "frames": report.frames,
        "boxes": report.boxes,
        "boxes_file": str(report.boxes_path),
        "notes": list(report.notes),
    }


# --------------------------------------------------------------------------------------------- pictures


def _each(arguments: Namespace, out: Path | None) -> Answer:
    pictures, videos = _sources(arguments.source)
    if videos and out is None:
        raise WrongUse("a video needs --out, a folder or a name ending in .mp4 or .gif")
    places = {} if out is None else _places([*pictures, *videos], videos, out)
    detector = open_detector(arguments.model, arguments.tiles)
    images = list(_look_at(arguments, detector, pictures, places)) if pictures else []
    films = [_film(arguments, detector, video, places[video]) for video in videos]
    texts = [_text_of(image) for image in images if "error" not in image]
    texts += [film.pop("text") for film in films]
    failed = [image["error"] for image in images if "error" in image]
    return Answer("\n".join(texts), {"images": images, "videos": films}, _failure(failed, len(images)))


def _look_at(
    arguments: Namespace, detector: Any, pictures: list[Path], places: Mapping[Path, Path]
) -> Iterator[dict[str, Any]]:
    """What is found in each picture, in order; a bad one ends nothing."""
    from tflhelpers.files.prefetch import READERS, prefetch_each

    how = {"threshold": arguments.threshold, "progress": False}
    reading = prefetch_each(tfl.read_image, pictures, ahead=_BATCH, threads=READERS)
    with closing(reading), progress_bar(len(pictures), "Detecting", enabled=arguments.progress) as bar:
        while batch := [(path, _read(result)) for path, result in islice(reading, _BATCH)]:
            good = [(path, image) for path, image in batch if not isinstance(image, Exception)]
            found = iter(detector.detect_all([image for _, image in good], **how) if good else [])
            for path, image in batch:
                yield _told(path, image, found, detector, places.get(path))
                bar.update()


def _read(result: Callable[[], np.ndarray]) -> np.ndarray | Exception:
    try:
        return result()
    except (ValueError, OSError) as error:  # ImageError, and what the system says of a file
        return error


def _told(
    path: Path, image: Any, found: Iterator[Boxes], detector: Any, place: Path | None
) -> dict[str, Any]:
    if isinstance(image, Exception):
        return {"image": str(path), "error": sentence(image)}
    boxes = next(found)
    if place is not None:
        _save(tfl.draw_boxes(image, boxes, detector.class_names), place)
    written = {} if place is None else {"written": str(place)}
    return {"image": str(path), "size": list(image.shape[:2]), "boxes": _rows(boxes, detector), **written}


def _rows(boxes: Boxes, detector: Any) -> list[dict[str, Any]]:
    scores = boxes.scores if boxes.scores is not None else [1.0] * len(boxes)
    return [
        {
            "class": detector.class_names[label],
            "score": round(float(score), 4),
            "xyxy": [round(x, 2) for x in xyxy],
        }
        for xyxy, label, score in zip(boxes.xyxy.tolist(), boxes.labels.tolist(), scores, strict=True)
    ]


def _save(image: np.ndarray, place: Path) -> None:
    from PIL import Image

    from tflhelpers.files.atomic_file import atomic_path

    with atomic_path(place) as part:
        Image.fromarray(image).save(part, _WRITTEN_AS[place.suffix.lower()], quality=_QUALITY)


def _text_of(image: Mapping[str, Any]) -> str:
    counts = Counter(row["class"] for row in image["boxes"])
    found = ", ".join(f"{number} of {name}" for name, number in counts.items()) or "nothing"
    return f"{image.get('written', image['image'])}: {found}"


def _failure(failed: Sequence[str], total: int) -> str:
    if not failed:
        return ""
    if total == 1:
        return failed[0]
    more = [f"and {len(failed) - _SHOWN} more"] if len(failed) > _SHOWN else []
    return "\n  ".join([f"{len(failed)} of {total} pictures could not be read:", *failed[:_SHOWN], *more])


COMMAND = Command(
    "detect",
    "Find things in pictures and videos, and write copies with boxes around them.",
    "tflhelpers detect models/duck clip.mp4 photos/ --out results/\n"
    "tflhelpers detect models/duck clip.mp4 --out duck.gif --threshold 0.6\n"
    "tflhelpers detect models/duck photo.jpg --json\n"
    "tflhelpers detect models/duck s3://bucket/photos --parquet found",
    _add_arguments,
    _run,
    "Stopped. What is written is whole. The same command begins with the pictures again, and goes on with a video.",
)

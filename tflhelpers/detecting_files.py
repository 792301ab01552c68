"""The job for many images: `detect_files` goes on where it was stopped; `read_detections` and COCO results of it.

A folder holds `_manifest.parquet`, the sorted list of all images, and a `part-000000.parquet` for each of its row
groups (chunks). The manifest is written once, a part when its chunk is done. Whoever has the folder, the detector and
numbers of chunks can do them, in any order, on any machine: what is done twice is the same.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_writer import to_xywh
from tflhelpers.data.images import ImageError, decode_image, read_image
from tflhelpers.data.picture_sources import Source, image_source
from tflhelpers.files.any_folder import AnyFolder, folder_at, is_address, read_address
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.json_file import BadJson, Check, check_fields, is_count, parse_json, read_json
from tflhelpers.files.prefetch import prefetch_each
from tflhelpers.files.words import counted, listed
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.tiles import Tiles
from tflhelpers.progress import progress_bar

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MANIFEST = "_manifest.parquet"  # readers of Parquet folders pass over names that begin so
CHUNK_SIZE = 512
_KEY = b"tflhelpers"  # of the manifest's settings
_VERSION = 1
_FETCHERS, _FETCHED_AHEAD = 16, 32  # threads that ask a store, which answers after a while; files in memory
_FIELDS: dict[str, Check] = {  # that reading needs; the others are only compared
    "version": (is_count, "a whole number"),
    "class_names": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "a list of names",
    ),
}
_WORDS = {
    "source": "source",
    "weights": "weights of the detector",
    "class_names": "classes",
    "threshold": "threshold",
    "max_boxes": "max_boxes",
    "tiles": "tiles",
}


@dataclass(frozen=True)
class FilesReport:
    """What a call of `detect_files` has done; `str(report)` is a sentence.

    Attributes:
        folder: Where the detections are.
        images: How many were this call's to see to.
        new: Of how many it wrote the detections; of the others they were there.
        unreadable: How many of the new ones have an error instead of boxes.
    """

    folder: str
    images: int
    new: int
    unreadable: int

    def __str__(self) -> str:
        bad = f", {self.unreadable} of them unreadable" if self.unreadable else ""
        return (
            f"{counted(self.images, 'image')}: {self.new} looked at now{bad}, {self.images - self.new} before. "
            f"In {self.folder}."
        )


class Detections(NamedTuple):
    """What `read_detections` read: three lists of one length, in the order of the paths.

    Attributes:
        paths: Of the images, sorted; those of this machine absolute.
        boxes: One `Boxes` for each, in pixels of the upright image; no boxes where it could not be read.
        errors: Why an image could not be read; None for those that could.
    """

    paths: list[str]
    boxes: list[Boxes]
    errors: list[str | None]


def detect_files(
    detector: ImageDetector,
    source: Source,
    folder: str | PathLike[str],
    *,
    shard: tuple[int, int] | None = None,
    column: str | None = None,
    threshold: float | None = None,
    max_boxes: int = 100,
    tiles: Tiles | str | None = "auto",
    batch_size: int = 8,
    chunk_size: int = CHUNK_SIZE,
    retry_errors: bool = False,
    progress: bool = True,
) -> FilesReport:
    """Detect in any number of files and keep the boxes in a folder of Parquet files, in flat memory.

    Call it again to go on where it was stopped, killed too: at most a chunk's work is lost. An image that cannot be
    read has an error in its row and stops nothing. A row holds `path`, `width`, `height`, `boxes` (x1, y1, x2, y2 in
    pixels), `scores`, `class_names` and `error`; pandas, DuckDB and Spark read the folder as one table.

    The first call lists the images. Later ones go by that list: for new images take another folder.

    Args:
        detector: A `Detector`, `TFLiteDetector` or other `ImageDetector`.
        source: A folder (with all visible ones below), a glob, a .csv, .tsv or .parquet file with a column of paths, an
            address that fsspec knows of one of these, such as "s3://bucket/photos", or a list of paths and addresses.
        folder: Where the detections go, a path or an address; made where missing.
        shard: (i, n) to do the i-th of n parts of the work, i from 0: n machines that see one folder share it.
        column: The column of paths of a table; default one that is called so, or the only one. Relative paths in it are
            relative to the table.
        threshold, max_boxes, tiles, batch_size: As for `detector.detect_all`.
        chunk_size: Images a Parquet file; the first call's counts.
        retry_errors: Look again at images that could not be read before.
        progress: Show a bar.

    Returns:
        How many images were looked at, and how many of them could not be read.

    Raises:
        FileNotFoundError: There is no such source.
        ValueError: The source holds no image; or the folder holds detections of another source, detector or threshold.
        ImportError: pyarrow is missing, or what an address needs; the message says what to install.

    Example:
        `print(tfl.detect_files(detector, "photos", "found"))`
    """
    checked_shard = _checked_shard(shard)
    how = {"threshold": threshold, "max_boxes": max_boxes, "tiles": tiles, "batch_size": batch_size}
    job = FileJob.begin(detector, source, folder, how, column=column, chunk_size=chunk_size)
    mine = job.chunks(checked_shard)
    missing = job.missing(mine, retry_errors)
    total, new = job.images_in(mine), job.images_in(missing)
    with progress_bar(total, "Detecting", enabled=progress) as bar:
        bar.resume(total - new)
        unreadable = sum(job.detect_chunk(chunk, bar.counted) for chunk in missing)
    return FilesReport(job.folder.address, total, new, unreadable)


def read_detections(folder: str | PathLike[str]) -> Detections:
    """Return the detections that `detect_files` wrote, all in memory.

    Where some are not there yet, those that are come back, with a warning.

    Args:
        folder: A path or an address.

    Raises:
        FileNotFoundError: `detect_files` has begun nothing there.
        ValueError: A file there is damaged, or of another job.
        ImportError: pyarrow is missing, or what an address needs; the message says what to install.

    Example:
        `paths, boxes, errors = tfl.read_detections("found")`
    """
    detections = Detections([], [], [])
    for path, boxes, error in _rows(folder_at(folder)):
        detections.paths.append(path)
        detections.boxes.append(boxes)
        detections.errors.append(error)
    return detections


def write_coco_results(
    folder: str | PathLike[str],
    path: str | PathLike[str],
    annotations: str | PathLike[str] | None = None,
) -> Path:
    """Write the detections of `detect_files` as COCO results: a JSON list of boxes with their scores.

    pycocotools' `loadRes` and other judges read it. It goes through the folder in flat memory.

    Args:
        folder: Of the detections.
        path: The JSON file to write.
        annotations: The COCO file with the true boxes, which numbers images and classes; images are found in it by
            their names, with as much of the folders as it has. None numbers both from 1, images in the order of
            `read_detections`, and adds `file_name`.

    Returns:
        `path`.

    Raises:
        ValueError: An image or a class with boxes is not in `annotations`, or that is no COCO file.
    """
    image_ids, class_ids = (None, None) if annotations is None else _coco_ids(Path(annotations))
    with atomic_file(Path(path)) as file:
        separator = b"[\n"
        for number, (image_path, boxes, _) in enumerate(_rows(folder_at(folder)), 1):
            if not len(boxes):
                continue
            of_image = (
                {"image_id": number, "file_name": image_path}
                if image_ids is None
                else {"image_id": _id_by_name(image_path, image_ids, annotations)}
            )
            for entry in _coco_entries(boxes, class_ids, annotations):
                file.write(separator + json.dumps({**of_image, **entry}).encode())
                separator = b",\n"
        file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")
    return Path(path)


@dataclass(frozen=True)
class FileJob:
    """A detector at work on the images of a folder's manifest, chunk by chunk.

    Attributes:
        detector: What looks at the images.
        folder: Where manifest and parts lie.
        manifest: The list of images, a row group each chunk.
        how: Arguments of `detect_all`.
    """

    detector: ImageDetector
    folder: AnyFolder
    manifest: pq.ParquetFile
    how: dict[str, Any]

    @classmethod
    def begin(
        cls,
        detector: ImageDetector,
        source: Source,
        folder: str | PathLike[str],
        how: dict[str, Any],
        *,
        column: str | None = None,
        chunk_size: int = CHUNK_SIZE,
    ) -> FileJob:
        """Return the job of a folder, whose manifest is written unless it is there; see `detect_files`."""
        _parquet()
        _check_detector(detector, how, chunk_size)
        images, its_folder = image_source(source, column), folder_at(folder)
        settings = {"source": images.mark, **_settings(detector, how)}
        names = its_folder.names()
        if MANIFEST not in names:
            _refuse_parts(its_folder, names)
            its_folder.create(MANIFEST, _manifest_bytes(images.paths(), settings, chunk_size))
        return cls._joined(detector, its_folder, how, settings)

    @classmethod
    def join(cls, detector: ImageDetector, folder: str | PathLike[str], how: dict[str, Any]) -> FileJob:
        """Return the job of a folder that has its manifest, for one of several workers.

        Raises:
            ValueError: It was begun with another detector.
        """
        return cls._joined(detector, folder_at(folder), how, _settings(detector, how))

    @classmethod
    def _joined(
        cls, detector: ImageDetector, folder: AnyFolder, how: dict[str, Any], settings: dict[str, Any]
    ) -> FileJob:
        manifest = _manifest(folder)
        _refuse_other(folder, _settings_of(manifest, folder), settings)
        return cls(detector, folder, manifest, how)

    def chunks(self, shard: tuple[int, int] = (0, 1)) -> range:
        """Return the numbers of the chunks of a shard."""
        return range(shard[0], self.manifest.num_row_groups, shard[1])

    def missing(self, chunks: Iterable[int], retry_errors: bool = False) -> list[int]:
        """Return those of some chunks that are not done; with `retry_errors` also those with an unreadable image."""
        names = self.folder.names()
        return [
            chunk
            for chunk in chunks
            if part_name(chunk) not in names or (retry_errors and _has_errors(self.folder, chunk))
        ]

    def images_in(self, chunks: Iterable[int]) -> int:
        """Return how many images some chunks hold."""
        return sum(self.manifest.metadata.row_group(chunk).num_rows for chunk in chunks)

    def detect_chunk(self, chunk: int, counted: Callable[[Any], Any] = lambda image: image) -> int:
        """Write the part of a chunk; return how many of its images could not be read.

        Args:
            chunk: Its number.
            counted: Is told of each image that is taken in hand, and gives it back.
        """
        table = detect_table(self.detector, _paths(self.manifest, chunk), counted=counted, **self.how)
        self.folder.write(part_name(chunk), _parquet_bytes(table))
        return table.num_rows - table["error"].null_count


def detect_table(
    detector: ImageDetector,
    paths: Sequence[str],
    *,
    counted: Callable[[Any], Any] = lambda image: image,
    **how: Any,
) -> pa.Table:
    """Return the rows of some images, as `detect_files` writes them: for engines that keep rows themselves.

    Args:
        detector: What looks at them.
        paths: And addresses.
        counted: Is told of each image that is taken in hand, and gives it back.
        how: Arguments of `detect_all`.
    """
    images = [_Image(path) for path in paths]
    with closing(_fetched_ahead(images)) as ready:
        found = detector.detect_all(map(counted, ready), progress=False, on_error="skip", **how)
    return _table(detector.class_names, images, found)


def part_name(chunk: int) -> str:
    """Return what the file of a chunk is called."""
    return f"part-{chunk:06d}.parquet"


class _Image:
    """An image that is read when `detect_all` asks for its pixels, in its threads; it knows its size or its fault."""

    def __init__(self, path: str) -> None:
        self.path, self._bytes = path, b""
        self.size: tuple[int | None, int | None] = (None, None)  # height, width
        self.error: str | None = None

    def fetch(self) -> None:
        """Get the bytes of one behind an address; what is wrong is found when it is read."""
        self._bytes = read_address(self.path) if is_address(self.path) else b""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        try:
            pixels = self._pixels()
        except Exception as error:  # whatever a store's own library raises
            self.error = str(error) or type(error).__name__
            raise ImageError(self.error) from error
        self.size = pixels.shape[:2]
        return pixels

    def _pixels(self) -> np.ndarray:
        if not is_address(self.path):
            return read_image(self.path)
        data, self._bytes = self._bytes or read_address(self.path), b""
        return decode_image(data, self.path)


def _fetched_ahead(images: Sequence[_Image]) -> Generator[_Image, None, None]:
    if not any(is_address(image.path) for image in images):
        yield from images
        return
    with closing(prefetch_each(_Image.fetch, images, ahead=_FETCHED_AHEAD, threads=_FETCHERS)) as ready:
        for image, _ in ready:
            yield image


def _table(class_names: Sequence[str], images: Sequence[_Image], found: Sequence[Boxes]) -> pa.Table:
    import pyarrow as pa

    names = np.array(class_names, object)
    columns = {
        "path": pa.array([_storable(image.path) for image in images], pa.string()),
        "width": pa.array([image.size[1] for image in images], pa.int32()),
        "height": pa.array([image.size[0] for image in images], pa.int32()),
        "boxes": pa.array([list(boxes.xyxy) for boxes in found], pa.list_(pa.list_(pa.float32()))),
        "scores": pa.array([boxes.scores for boxes in found], pa.list_(pa.float32())),
        "class_names": pa.array([names[boxes.labels].tolist() for boxes in found], pa.list_(pa.string())),
        "error": pa.array([image.error and _storable(image.error) for image in images], pa.string()),
    }
    return pa.table(columns)


def _storable(text: str) -> str:
    """Text as UTF-8 can hold it: names of files may have bytes that are no letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _rows(folder: AnyFolder) -> Iterator[tuple[str, Boxes, str | None]]:
    """What is there of each image, in the order of the manifest."""
    manifest, names = _manifest(folder), folder.names()
    class_names = tuple(_settings_of(manifest, folder)["class_names"])
    chunks = range(manifest.num_row_groups)
    if missing := [chunk for chunk in chunks if part_name(chunk) not in names]:
        warnings.warn(
            f"{folder.address}: {len(missing)} of {counted(len(chunks), 'part')} are not there yet "
            f"({listed([part_name(chunk) for chunk in missing], 3)}). Call detect_files again to go on.",
            stacklevel=3,
        )
    for chunk in chunks:
        if part_name(chunk) in names:
            yield from _rows_of_part(folder, chunk, _paths(manifest, chunk), class_names)


def _rows_of_part(
    folder: AnyFolder, chunk: int, paths: list[str], class_names: tuple[str, ...]
) -> Iterator[tuple[str, Boxes, str | None]]:
    table = _part(folder, chunk)
    label_of = {name: label for label, name in enumerate(class_names)}
    its_names = set(table["class_names"].combine_chunks().flatten().to_pylist())
    if table["path"].to_pylist() != paths or not its_names <= label_of.keys():
        raise ValueError(
            f"{folder.address}/{part_name(chunk)}: expected the images and classes that the manifest names, got "
            "others. Remove it and call detect_files again."
        )
    for row in zip(
        *(table[name].to_pylist() for name in ("path", "boxes", "scores", "class_names", "error")),
        strict=True,
    ):
        path, xyxy, scores, names, error = row
        boxes = (
            Boxes(xyxy, np.array([label_of[name] for name in names]), scores)
            if names
            else Boxes.empty(with_scores=True)
        )
        yield path, replace(boxes, class_names=class_names), error


def _has_errors(folder: AnyFolder, chunk: int) -> bool:
    error = _part(folder, chunk, ["error"])["error"]
    return bool(error.null_count < len(error))


def _part(folder: AnyFolder, chunk: int, columns: list[str] | None = None) -> pa.Table:
    name = part_name(chunk)
    try:
        return _parquet().ParquetFile(folder.opened(name)).read(columns)
    except (ValueError, KeyError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise ValueError(
            f"{folder.address}/{name}: expected a part that detect_files wrote, but it is damaged ({error}). "
            "Remove it and call detect_files again."
        ) from error


def _manifest_bytes(paths: list[str], settings: dict[str, Any], chunk_size: int) -> bytes:
    import pyarrow as pa

    said = json.dumps({"version": _VERSION, **settings}, ensure_ascii=True).encode()
    schema = pa.schema([("path", pa.string())], metadata={_KEY: said})
    table = pa.table({"path": pa.array(map(_storable, paths), pa.string())}, schema=schema)
    return _parquet_bytes(table, chunk_size)


def _parquet_bytes(table: pa.Table, row_group_size: int | None = None) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    _parquet().write_table(table, sink, row_group_size=row_group_size)
    return sink.getvalue().to_pybytes()


def _manifest(folder: AnyFolder) -> pq.ParquetFile:
    try:
        return _parquet().ParquetFile(folder.opened(MANIFEST))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{folder.address}: expected a folder that detect_files has begun, got none with a {MANIFEST}."
        ) from None
    except ValueError as error:
        raise _no_manifest(folder, str(error)) from error


def _settings_of(manifest: pq.ParquetFile, folder: AnyFolder) -> dict[str, Any]:
    try:
        said = (manifest.schema_arrow.metadata or {})[_KEY].decode()
        settings = check_fields(parse_json(said), _FIELDS)
    except (KeyError, ValueError) as error:  # a text that is none, or has other fields
        raise _no_manifest(folder, "it says nothing of a detector") from error
    if settings["version"] > _VERSION:
        raise _no_manifest(folder, "a newer version of tflhelpers wrote it")
    return settings


def _no_manifest(folder: AnyFolder, why: str) -> ValueError:
    return ValueError(
        f"{folder.address}/{MANIFEST}: expected a list of images that detect_files wrote, but {why}. Give "
        "another folder."
    )


def _paths(manifest: pq.ParquetFile, chunk: int) -> list[str]:
    return manifest.read_row_group(chunk, ["path"])["path"].to_pylist()


def _settings(detector: ImageDetector, how: dict[str, Any]) -> dict[str, Any]:
    """What the boxes of a folder are of, as JSON would have it."""
    threshold, tiles = how["threshold"], detector.tiles_or_own(how["tiles"])
    return {
        "weights": detector.fingerprint(),
        "class_names": list(detector.class_names),
        "threshold": detector.threshold if threshold is None else threshold,
        "max_boxes": how["max_boxes"],
        "tiles": None if tiles is None else list(tiles),
    }


def _refuse_other(folder: AnyFolder, there: dict[str, Any], ours: dict[str, Any]) -> None:
    for key, mine in ours.items():
        if there.get(key) != mine:
            shown = (str(each)[:60] for each in (there.get(key), mine))
            raise ValueError(
                f"{folder.address} holds detections with {_WORDS[key]} {next(shown)}, got {next(shown)}. "
                "Give another folder, or what it was begun with."
            )


def _refuse_parts(folder: AnyFolder, names: Iterable[str]) -> None:
    if parts := sorted(name for name in names if name.startswith("part-")):
        raise ValueError(
            f"{folder.address}: expected a new folder or one with a {MANIFEST}, got {listed(parts, 2)} without it. "
            "Give another folder."
        )


def _check_detector(detector: Any, how: dict[str, Any], chunk_size: int) -> None:
    if not isinstance(detector, ImageDetector):
        raise TypeError(
            f"detector must be a Detector, got {type(detector).__name__}. The call is "
            "detect_files(detector, source, folder)."
        )
    if not (isinstance(chunk_size, int) and chunk_size >= 1):
        raise ValueError(f"chunk_size must be a whole number from 1, got {chunk_size!r}.")
    detector.detect_all([], progress=False, **how)  # which refuses what it cannot take


def _checked_shard(shard: Any) -> tuple[int, int]:
    if shard is None:
        return 0, 1
    good = (
        isinstance(shard, (tuple, list)) and len(shard) == 2 and all(isinstance(each, int) for each in shard)
    )
    if not good or not 0 <= shard[0] < shard[1]:
        raise ValueError(
            f"shard must be (i, n) with i from 0 to n - 1, got {shard!r}. Of 8 the last is (7, 8)."
        )
    return shard[0], shard[1]


def _coco_ids(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ids of images by their `file_name`, and of classes by name."""
    try:
        document = read_json(path)
        images = {PurePosixPath(each["file_name"]).as_posix(): each["id"] for each in document["images"]}
        return images, {each["name"]: each["id"] for each in document["categories"]}
    except (BadJson, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected a COCO file with images and categories, got another ({error})."
        ) from error


def _id_by_name(path: str, ids: dict[str, Any], annotations: Any) -> Any:
    parts = path.replace("\\", "/").split("/")
    for first in range(len(parts)):
        if (name := "/".join(parts[first:])) in ids:
            return ids[name]
    raise ValueError(f"{annotations}: expected each image with boxes, got none called {path}.")


def _coco_entries(
    boxes: Boxes, class_ids: dict[str, Any] | None, annotations: Any
) -> Iterator[dict[str, Any]]:
    assert boxes.class_names is not None
    assert boxes.scores is not None
    for xyxy, label, score in zip(boxes.xyxy, boxes.labels.tolist(), boxes.scores.tolist(), strict=True):
        name = boxes.class_names[label]
        if class_ids is not None and name not in class_ids:
            raise ValueError(f"{annotations}: expected all classes with boxes, got none called {name!r}.")
        key = label + 1 if class_ids is None else class_ids[name]
        yield {"category_id": key, "bbox": to_xywh(xyxy), "score": score}


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            'Detections are kept as Parquet, for which an extra is needed: pip install "tflhelpers[files]".'
        ) from error
    return pyarrow.parquet

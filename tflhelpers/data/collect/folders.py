"""`from_folder`: pictures as a phone or a camera hands them over, brought to a working size."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tflhelpers.data.collect.collector import Collector, LeftOut, Prepared
from tflhelpers.data.collect.jpeg_file import save_jpeg
from tflhelpers.data.collect.names import safe_name, stem_of_file
from tflhelpers.data.collect.perceptual_hash import PerceptualHash
from tflhelpers.data.collect.picture_kinds import heic_is_readable, is_video_name, kind_of
from tflhelpers.data.collect.report import CollectReport
from tflhelpers.data.images import HEAD_BYTES, ImageError
from tflhelpers.data.picture_files import PICTURE_ENDINGS, in_counting_order
from tflhelpers.data.previews import read_preview
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.kinds import check_number
from tflhelpers.files.prefetch import AHEAD_A_THREAD, prefetch_each
from tflhelpers.progress import progress_bar

_THREADS = 2  # each holds one decoded photo


def from_folder(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    max_side: int = 1600,
    distinct: bool = True,
    retry_skipped: bool = False,
    progress: bool = True,
) -> CollectReport:
    """Copy the pictures of a folder and all folders in it into one, upright and at a working size.

    They become JPEG files of quality 95 without EXIF data, so they tell nobody where they were taken. The source is
    only read. Run it again to go on, or after adding photos to the source. HEIC needs the extra `heic`.

    Args:
        source: A folder with photos; or one photo.
        folder: Where the copies go. It may lie in `source`.
        max_side: Pixels of the longer side of larger pictures afterwards; smaller ones are not enlarged.
        distinct: Leave out copies, at whatever size, quality or format, of a picture that is there already.
        retry_skipped: Also try what an earlier run has left out for good, and what you removed since.
        progress: Show a bar.

    Returns:
        What was kept, and for each file that was not, why.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If `max_side` is below 1, or the two folders are one.
        BusyFolder: If another program is collecting into the folder.

    Example:
        `print(collect.from_folder("DCIM", "photos"))`
    """
    check_number(max_side, "max_side", 1280)
    if max_side < 1:
        raise ValueError(f"max_side must be at least 1 pixel, got {max_side}.")
    start, target = Path(source), Path(folder)
    if not start.exists():
        raise FileNotFoundError(f"{start}: expected a folder with photos, got nothing there. Check the path.")
    if start.is_dir() and start.resolve() == target.resolve():
        raise ValueError(f"{target}: expected another folder than the one with the photos. Choose a new one.")
    base = start if start.is_dir() else start.parent
    with Collector(
        target,
        str(source),
        settings=f"folder {max_side} {heic_is_readable()}",
        distinct=distinct,
        retry_skipped=retry_skipped,
        progress=progress,
    ) as collector:
        files = list(_files_below(start, target)) if start.is_dir() else [start]
        copier = _Copier(collector, base, max_side)
        copier.learn_stems(files)
        pictures = [path for path in files if copier.is_picture(path)]
        with progress_bar(len(pictures), "Copying pictures", enabled=progress) as bar:
            for _ in copier.all_of(pictures):
                bar.update()
        return collector.report()


@dataclass
class _Copier:
    """Prepares pictures of a folder in threads, and settles them in their order."""

    collector: Collector
    base: Path
    max_side: int
    _first: dict[str, Path] = field(default_factory=dict)

    def learn_stems(self, paths: list[Path]) -> None:
        """Remember which file has each name first, so that names do not depend on what an earlier run did."""
        for path in paths:
            self._first.setdefault(stem_of_file(path.name).lower(), path)

    def is_picture(self, path: Path) -> bool:
        """Whether to copy a file; what is none is reported."""
        name = path.relative_to(self.base).as_posix()
        if is_video_name(path.name):
            self.collector.mention(name, name, "video", "collect.from_video takes frames of it")
            return False
        if path.suffix.lower() in PICTURE_ENDINGS or _starts_like_a_picture(path):
            return True
        self.collector.mention(name, name, "no picture", "neither its name nor its beginning is a picture's")
        return False

    def all_of(self, paths: list[Path]) -> Iterator[None]:
        """Settle every picture; yields after each."""
        stop = threading.Event()
        jobs = [(path, _key(path)) for path in paths]
        results = prefetch_each(
            self._prepare, jobs, ahead=AHEAD_A_THREAD * _THREADS, threads=_THREADS, stop=stop
        )
        try:
            for (path, key), result in results:
                self._settle(path, key, result)
                yield
        finally:
            results.close()

    def _prepare(self, job: tuple[Path, str]) -> Prepared | None:
        """Make the copy of one picture; None where an earlier run has settled it. Runs in a thread."""
        path, key = job
        if self.collector.is_settled(key):
            return None
        file = self.collector.staged(key)
        try:
            origin = sha256_of(path)
            image, _ = read_preview(path, self.max_side)
        except ImageError as error:
            raise LeftOut("not a picture", str(error).removeprefix(f"{path}: ")) from None
        except OSError as error:
            raise LeftOut("unreadable", f"it cannot be read ({error.strerror})", passing=True) from None
        sha256 = save_jpeg(image, file)
        return Prepared(file, self._stem(path), ".jpg", sha256, PerceptualHash.of(image), origin)

    def _stem(self, path: Path) -> str:
        """IMG_0001 comes in each folder of a phone anew: the second one bears the folder's name too."""
        stem = stem_of_file(path.name)
        folder = path.parent
        if folder == self.base or not self._has_twin(path):
            return stem
        return safe_name(f"{folder.relative_to(self.base).as_posix().replace('/', '_')}_{stem}")

    def _has_twin(self, path: Path) -> bool:
        return self._first[stem_of_file(path.name).lower()] != path

    def _settle(self, path: Path, key: str, result: Callable[[], Prepared | None]) -> None:
        name = path.relative_to(self.base).as_posix()
        try:
            prepared = result()
        except LeftOut as left_out:
            self.collector.leave(key, name, name, left_out)
            return
        if prepared is None:
            self.collector.settle_again(key, name, name)
        else:
            self.collector.settle(key, name, name, prepared)


def _key(path: Path) -> str:
    """Which file this is: changed since, it is another."""
    try:
        status = path.stat()
    except OSError:
        return f"file {path.resolve()}"
    return f"file {path.resolve()} {status.st_size} {status.st_mtime_ns}"


def _files_below(start: Path, target: Path) -> Iterator[Path]:
    """All files, folder by folder in counting order; without hidden ones and those of the folder of the copies."""
    own = target.resolve()
    for folder, names, files in os.walk(start):
        here = Path(folder)
        names[:] = [
            path.name
            for path in in_counting_order(here / name for name in names)
            if not path.name.startswith((".", "__MACOSX")) and path.resolve() != own
        ]
        yield from in_counting_order(here / name for name in files if not name.startswith("."))


def _starts_like_a_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False

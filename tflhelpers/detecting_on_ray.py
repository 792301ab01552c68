"""`detect_files_on_ray`: the job of `detect_files` on a Ray cluster, by Ray Data's pool of actors."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from tflhelpers.data.picture_sources import Source
from tflhelpers.detecting_files import CHUNK_SIZE, FileJob, FilesReport
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.tiles import Tiles
from tflhelpers.progress import progress_bar

Detecting = str | PathLike[str] | Callable[[], ImageDetector]


def detect_files_on_ray(
    detector: Detecting,
    source: Source,
    folder: str | PathLike[str],
    *,
    workers: int = 2,
    gpus: float = 0,
    address: str | None = None,
    column: str | None = None,
    threshold: float | None = None,
    max_boxes: int = 100,
    tiles: Tiles | str | None = "auto",
    batch_size: int = 8,
    chunk_size: int = CHUNK_SIZE,
    retry_errors: bool = False,
    progress: bool = True,
) -> FilesReport:
    """Do the job of `detect_files` with several processes, on this machine or a Ray cluster.

    Each worker loads the detector once and takes chunk after chunk; what a worker that died had in hand is given to
    another. The rows are those that `detect_files` writes, and either goes on with the other's folder.

    Args:
        detector: The folder that `Detector.save` wrote, which all machines see, or a function that makes a detector.
        source, folder: As for `detect_files`, seen by all machines.
        workers: Processes that detect.
        gpus: GPUs for each of them; 0.5 lets two share one.
        address: Of a Ray cluster, such as "auto" or "ray://head:10001"; None for this machine alone. A Ray that is
            connected already is used.
        column, threshold, max_boxes, tiles, batch_size, chunk_size, retry_errors, progress: As for `detect_files`.

    Returns:
        How many images were looked at, and how many of them could not be read.

    Raises:
        ImportError: Ray is missing; the message says what to install.
        FileNotFoundError: There is no such source or detector.
        ValueError: The source holds no image; or the folder holds detections of another source, detector or threshold.

    Example:
        `tfl.interop.detect_files_on_ray("ducks", "s3://bucket/photos", "s3://bucket/found", workers=8, gpus=1)`
    """
    ray = _ray()
    how = {"threshold": threshold, "max_boxes": max_boxes, "tiles": tiles, "batch_size": batch_size}
    job = FileJob.begin(_made(detector), source, folder, how, column=column, chunk_size=chunk_size)
    missing = job.missing(job.chunks(), retry_errors)
    total, new = job.images_in(job.chunks()), job.images_in(missing)
    unreadable = 0
    with progress_bar(total, "Detecting", enabled=progress) as bar:
        bar.resume(total - new)
        if missing and not ray.is_initialized():
            ray.init(address, log_to_driver=False)
        for done in _done(ray, missing, workers, gpus, (detector, job.folder.address, how)):
            unreadable += int(done["unreadable"])
            bar.update(job.images_in([int(done["chunk"])]))
    return FilesReport(job.folder.address, total, new, unreadable)


class ChunkWorker:
    """An actor's work: a detector, loaded once, that does the chunks it is given.

    Args:
        detector: As for `detect_files_on_ray`.
        folder: Of the job, which has its manifest.
        how: Arguments of `detect_all`.
    """

    def __init__(self, detector: Detecting, folder: str, how: dict[str, Any]) -> None:
        self._job = FileJob.join(_made(detector), folder, how)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the chunks numbered `batch["chunk"]`, and say how many of their images were unreadable."""
        return {**batch, "unreadable": [self._job.detect_chunk(int(chunk)) for chunk in batch["chunk"]]}


def _done(ray: Any, chunks: list[int], workers: int, gpus: float, given: tuple[Any, ...]) -> Any:
    if not chunks:
        return ()
    blocks = ray.data.from_items([{"chunk": chunk} for chunk in chunks], override_num_blocks=len(chunks))
    return blocks.map_batches(
        ChunkWorker,
        fn_constructor_args=given,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(chunks)), max_tasks_in_flight_per_actor=2),
        num_gpus=gpus,
    ).iter_rows()


def _made(detector: Detecting) -> ImageDetector:
    if isinstance(detector, (str, PathLike)):
        from tflhelpers.model.detector import Detector

        return Detector.load(Path(detector))
    if not callable(detector):
        raise TypeError(
            "detector must be the folder of a saved one or a function that makes it, since each worker loads its own, "
            f"got {type(detector).__name__}. Write detector.save(folder)."
        )
    return detector()


def _ray() -> Any:
    try:
        import ray.data
    except ImportError as error:
        raise ImportError(
            'Ray is an extra: pip install "tflhelpers[ray]". Without it, detect_files(..., shard=(i, n)) shares work.'
        ) from error
    return ray

"""What a backbone makes of each picture, computed once: in one pass, a few pictures in memory at a time.

With a folder the results are kept there under the content of each picture, so that a run that died goes on where it
was, and pictures added later are the only ones looked at.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tflhelpers.classification.classifier import Classifier, run_padded
from tflhelpers.classification.labelled import LabelledPicture
from tflhelpers.data.collect.perceptual_hash import PerceptualHash
from tflhelpers.data.images import ImageError
from tflhelpers.files.checksums import sha256_of
from tflhelpers.model.preprocess import network_input, prefetch_batches
from tflhelpers.model.weights import DamagedFile, read_npz, write_npz
from tflhelpers.progress import progress_bar

logger = logging.getLogger(__name__)

BATCH = 16
SHARD = 256  # pictures whose results are written to one file of the cache


@dataclass(frozen=True)
class Embeddings:
    """What was seen in the pictures that could be read.

    Attributes:
        rows: which of the pictures, int64 (n,).
        features: float32 (n, V, D): of each picture as it is and, where V is 2, of its mirror image.
        cells: what they look like, small, uint8 (n, 8, 9, 3); see `data.collect.perceptual_hash`.
        left_out: a sentence for each picture that could not be decoded.
        reused: how many came from the cache.
    """

    rows: np.ndarray
    features: np.ndarray
    cells: np.ndarray
    left_out: tuple[str, ...] = ()
    reused: int = 0


@dataclass
class _Seen:
    """One picture on its way: a fault, what the cache had, or what is to go through the network."""

    key: str = ""
    fault: str = ""
    cells: np.ndarray | None = None
    inputs: np.ndarray | None = None
    features: np.ndarray | None = field(default=None)


def embed(
    classifier: Classifier,
    pictures: Sequence[LabelledPicture],
    *,
    cache: Path | None = None,
    mirrored: bool = False,
    progress: bool = True,
) -> Embeddings:
    """The features of all pictures, `4 * V * D + 216` bytes each; a picture that cannot be decoded is left out.

    Args:
        classifier: its backbone is used as it is now.
        pictures: any number.
        cache: folder to keep the results in; made if absent.
        mirrored: look at the mirror image of each picture too.
        progress: show a bar.
    """
    kept = _Cache(None if cache is None else cache / _fingerprint(classifier, mirrored))
    found: list[_Seen] = []
    batches = prefetch_batches(lambda each: _prepared(each, classifier, kept, mirrored), pictures, BATCH)
    with progress_bar(len(pictures), "Embeddings", enabled=progress) as bar, closing(batches), closing(kept):
        for batch in batches:
            _through_network(classifier, batch, kept)
            found += batch
            bar.update(len(batch))
    rows = [row for row, seen in enumerate(found) if not seen.fault]
    faults = tuple(seen.fault for seen in found if seen.fault)
    for fault in faults:
        logger.warning(fault)
    if not rows:
        raise ValueError(f"none of the {len(pictures)} pictures could be read. {faults[0] if faults else ''}")
    features = np.stack([seen.features for seen in found if seen.features is not None])
    cells = np.stack([seen.cells for seen in found if seen.cells is not None])
    return Embeddings(np.array(rows), features, cells, faults, kept.reused)


def _prepared(picture: LabelledPicture, classifier: Classifier, kept: _Cache, mirrored: bool) -> _Seen:
    try:
        key = content_key(picture) if kept.folder is not None else ""
        if (known := kept.get(key)) is not None:
            return _Seen(key, features=known[0], cells=known[1])
        image = np.ascontiguousarray(picture.read())
    except (ImageError, OSError) as error:
        return _Seen(fault=f"Left out: {error}")
    inputs = network_input(image, classifier.image_size)
    views = [inputs, inputs[:, ::-1]] if mirrored else [inputs]
    return _Seen(key, cells=PerceptualHash.of(image).cells, inputs=np.stack(views))


def _through_network(classifier: Classifier, batch: list[_Seen], kept: _Cache) -> None:
    fresh = [seen for seen in batch if seen.inputs is not None]
    if not fresh:
        return
    inputs = np.concatenate([seen.inputs for seen in fresh if seen.inputs is not None])
    starts = range(0, len(inputs), BATCH)
    features = [run_padded(classifier, inputs[i : i + BATCH], "features", BATCH) for i in starts]
    for seen, views in zip(fresh, np.split(np.concatenate(features), len(fresh)), strict=True):
        seen.features, seen.inputs = views.astype(np.float32), None
        kept.add(seen)


def content_key(picture: LabelledPicture) -> str:
    """Equal for pictures whose files hold the same bytes and whose boxes are the same."""
    if picture.path.is_file():
        digest = sha256_of(picture.path)
    else:  # inside a record
        digest = hashlib.sha256(np.ascontiguousarray(picture.read()).tobytes()).hexdigest()
    return f"{digest} {picture.box}"


def _fingerprint(classifier: Classifier, mirrored: bool) -> str:
    """Differs for backbones that make other features (name, size, weights), and for other views."""
    crc = zlib.crc32(f"{classifier.backbone} {classifier.image_size} {mirrored}".encode())
    for layer in classifier.backbone_layers:
        for variable in layer.weights:
            crc = zlib.crc32(np.asarray(variable).tobytes(), crc)
    return f"embeddings-{classifier.backbone}-{crc:08x}"


class _Cache:
    """Features and looks by content, in files of `SHARD` pictures, each written whole."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.reused = folder, 0
        self._known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._fresh: list[_Seen] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for key, features, cells in self._stored():
                self._known[key] = features, cells

    def get(self, key: str) -> tuple[np.ndarray, np.ndarray] | None:
        found = self._known.get(key) if key else None
        self.reused += found is not None
        return found

    def add(self, seen: _Seen) -> None:
        if self.folder is not None:
            self._fresh.append(seen)
            if len(self._fresh) == SHARD:
                self.close()

    def close(self) -> None:
        """Writes what is not written yet."""
        if self.folder is None or not self._fresh:
            return
        arrays = {
            "keys": np.array([seen.key for seen in self._fresh]),
            "features": np.stack([seen.features for seen in self._fresh if seen.features is not None]),
            "cells": np.stack([seen.cells for seen in self._fresh if seen.cells is not None]),
        }
        numbers = [int(path.stem) for path in self.folder.glob("*.npz") if path.stem.isdecimal()]
        try:
            write_npz(self.folder / f"{max(numbers, default=-1) + 1:06d}.npz", np.savez, arrays)
        except OSError as error:
            logger.warning(
                "Features cannot be kept in %s (%s): they are computed again next time.", self.folder, error
            )
        self._fresh = []

    def _stored(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        assert self.folder is not None
        for path in sorted(self.folder.glob("[0-9]*.npz")):
            try:
                arrays = read_npz(path)
                yield from zip(arrays["keys"].tolist(), arrays["features"], arrays["cells"], strict=True)
            except (DamagedFile, KeyError, ValueError) as error:
                logger.warning("%s is damaged (%s): its pictures are looked at again.", path, error)

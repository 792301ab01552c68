"""Where the zoo's detectors can be had, in this order: the cache, the zoo's host, and Kaggle or TensorFlow Hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tflhelpers.model.fetch import FetchError
from tflhelpers.model.hub import fetch_from_hub
from tflhelpers.model.pins import told_of_pin
from tflhelpers.model.zoo import ZooModel, default_cache, fetch_zoo_model

PATIENCE = {"attempts": 2, "timeout_s": 10.0}  # with the zoo's host, since there is another source
HUB = "Kaggle or TensorFlow Hub"
OWN_CHECKSUMS = "held against its own checksums only, as nobody has published those of this export"


@dataclass(frozen=True)
class Fetched:
    """A detector's weights on the disk.

    Attributes:
        path: of the checkpoint or SavedModel, for `restore`.
        source: where they were downloaded from just now; "" where they were in the cache.
        failures: a line for each source that was asked before in vain.
        trust: against what it was held, for the restore report.
    """

    path: Path
    source: str = ""
    failures: tuple[str, ...] = ()
    trust: str = field(default="", compare=False)


class NotFetched(FetchError):
    """No source has the detector; `failures` has a line for each."""

    def __init__(self, reason: str, advice: str, failures: tuple[str, ...]):
        super().__init__(reason, advice)
        self.failures = failures


def fetch_weights(model: ZooModel, *, cache: str | Path | None = None, progress: bool = True) -> Fetched:
    """Fetches a detector from the first source that has it, and keeps it in the cache.

    Args:
        model: of the zoo's table.
        cache: folder for downloads; `default_cache()` if None.
        progress: show a bar.

    Raises:
        NotFetched: (a FetchError) none has it; the message has a line for each, and the last sentence says where to
            put the file by hand.
        CheckpointError: what lies in the cache, or what the zoo's host has, is damaged or not the genuine file.
    """
    folder = Path(cache).expanduser() if cache is not None else default_cache()
    if (folder / model.name).is_dir():
        path = fetch_zoo_model(model.name, cache=folder, progress=progress)
        return Fetched(path, trust=_trust(model, path, folder))
    host = urlsplit(model.url).hostname or "the model zoo"
    try:
        path = fetch_zoo_model(model.name, cache=folder, progress=progress, **PATIENCE)
        return Fetched(path, host, trust=_trust(model, path, folder))
    except FetchError as error:
        failures: tuple[str, ...] = (f"{host}: {error.reason}",)
        advice = error.advice
    try:
        return Fetched(fetch_from_hub(model, folder), HUB, failures, OWN_CHECKSUMS)
    except FetchError as error:
        failures += (f"{HUB}: {error.reason}",)
    raise _not_fetched(model, folder, failures, advice)


def _trust(model: ZooModel, path: Path, folder: Path) -> str:
    if path.is_dir():
        return OWN_CHECKSUMS
    if model.figures is not None:
        return "each tensor has the size and checksum of the genuine one"
    return told_of_pin(model.name, folder)


def _not_fetched(model: ZooModel, folder: Path, failures: tuple[str, ...], advice: str) -> NotFetched:
    lines = "\n  ".join(
        [f"{model.title} ({model.short_name}) could not be downloaded from any source:", *failures]
    )
    return NotFetched(lines, advice or f"To go on without the network, {by_hand(model, folder)}.", failures)


def by_hand(model: ZooModel, folder: Path) -> str:
    """How to do without a network, as the end of a sentence."""
    return f"put {model.name}.tar.gz by hand into {folder.resolve()} and run this again"

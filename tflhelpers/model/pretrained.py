"""Which trained detector to start from on this machine, and the sentence that says so.

`Detector.pretrained` takes a `Start` of here, and leaves an `Origin` in the detector.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import keras

from tflhelpers.model.checkpoint_file import CheckpointError
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.sources import Fetched, NotFetched, by_hand, fetch_weights
from tflhelpers.model.zoo import ZooModel, default_cache, zoo_model
from tflhelpers.quiet import startup_notes_aside

AUTO, EMBEDDED = "auto", "embedded"
ON_GPU, ON_CPU = "retinanet_resnet50_640", "mobilenet_320"
EMBEDDED_TITLE = "The small detector that ships inside the package"
MBIT_PER_S = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """Which detector was taken, why, and from where; `str()` makes a sentence of it.

    Attributes:
        name: "embedded", or the short name of a zoo's detector.
        title: the detector's name for people.
        why: the reason why it was this one.
        source: what was downloaded and from where, or that nothing was.
        failures: a line for each source that was asked in vain.
    """

    name: str
    title: str
    why: str
    source: str
    failures: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.title} ({self.name}), {self.why}: {self.source}."


@dataclass(frozen=True)
class Start:
    """The choice of a detector, before anything is fetched; `str()` says what is to be expected.

    Attributes:
        model: of the zoo's table, None for the embedded detector.
        why: the reason for the choice.
        cache: folder that downloads are kept in.
        is_automatic: nobody named it, so that the embedded detector may take its place.
    """

    model: ZooModel | None
    why: str
    cache: Path
    is_automatic: bool = False

    def __str__(self) -> str:
        return str(
            self.taken() if self.model is None else self._as_origin(self.model, self._to_expect(self.model))
        )

    def fetch(self, *, progress: bool = True) -> Fetched:
        """Fetches the weights of `model`; raises as `fetch_weights` does."""
        assert self.model is not None
        _log.info("%s", self)
        return fetch_weights(self.model, cache=self.cache, progress=progress)

    def taken(self, fetched: Fetched | None = None) -> Origin:
        """Where the detector comes from, once it is there."""
        if self.model is None or fetched is None:
            return Origin(EMBEDDED, EMBEDDED_TITLE, self.why, "nothing to download")
        if not fetched.source:
            return self._as_origin(self.model, f"read from {self.cache}, nothing to download")
        source = f"{_size(self.model)} from {fetched.source}, kept in {self.cache} for the next time"
        source += f" ({_joined(fetched.failures)})" if fetched.failures else ""
        return self._as_origin(self.model, source, fetched.failures)

    def not_taken(self, error: FetchError | CheckpointError) -> Origin:
        """The embedded detector in its place, and why."""
        assert self.model is not None
        failures = error.failures if isinstance(error, NotFetched) else (str(error).partition("\n")[0],)
        wanted = f"{self.model.title} ({self.model.short_name})"
        why = f"because {wanted} could not be loaded"
        source = f"to use it without a network, {by_hand(self.model, self.cache)} ({_joined(failures)})"
        return Origin(EMBEDDED, EMBEDDED_TITLE, why, source, failures)

    def _as_origin(self, model: ZooModel, source: str, failures: tuple[str, ...] = ()) -> Origin:
        return Origin(model.short_name, model.title, self.why, source, failures)

    def _to_expect(self, model: ZooModel) -> str:
        if (self.cache / model.name).is_dir():
            return f"is in {self.cache}, nothing to download"
        return f"{_size(model)} to download once"


def choose_start(name: str = AUTO, *, cache: str | Path | None = None) -> Start:
    """The detector that a name means on this machine; nothing is fetched.

    Args:
        name: "auto", "embedded", or a name in the zoo's table, in full or short.
        cache: folder for downloads; `default_cache()` if None.

    Raises:
        ValueError: an unknown name; the message lists the known ones.
    """
    folder = Path(cache).expanduser() if cache is not None else default_cache()
    if name == EMBEDDED:
        return Start(None, "as asked for", folder)
    if name != AUTO:
        return Start(_named(name), "as asked for", folder)
    if has_gpu():
        return Start(zoo_model(ON_GPU), "because there is a GPU", folder, is_automatic=True)
    return Start(zoo_model(ON_CPU), "because there is no GPU", folder, is_automatic=True)


def has_gpu() -> bool:
    """Whether Keras' backend, TensorFlow or JAX, computes on something faster than a CPU."""
    if keras.backend.backend() == "jax":
        import jax

        return any(device.platform != "cpu" for device in jax.devices())
    import tensorflow as tf

    with startup_notes_aside():  # with CUDA and without a GPU, the first look for one complains
        return bool(tf.config.list_physical_devices("GPU"))


def _named(name: str) -> ZooModel:
    try:
        return zoo_model(name)
    except ValueError as error:
        raise ValueError(f"{error} Or give {AUTO!r} or {EMBEDDED!r}.") from None


def _size(model: ZooModel) -> str:
    """What to download, and how long that takes on a plain home connection; Colab's is faster."""
    minutes = round(model.download_mb * 8 / MBIT_PER_S / 60)
    time = f"{minutes} minutes" if minutes > 1 else "about a minute" if minutes else "under a minute"
    return f"about {model.download_mb} MB ({time} at {MBIT_PER_S} Mbit/s)"


def _joined(lines: tuple[str, ...]) -> str:
    return "; ".join(line.rstrip(".") for line in lines)

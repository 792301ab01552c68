"""TensorFlow and LiteRT without their notes on the screen, which notebooks show in red."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

STANDARD_ERROR = 2
_NOISY = {"keras", "tensorflow", "jax"}


@contextmanager
def startup_notes_aside() -> Iterator[None]:
    """Keep from the screen what is written to file descriptor 2; if the block fails, write it after all.

    TensorFlow says there that it found no GPU, or that CUDA's libraries were registered twice, before it looks at
    TF_CPP_MIN_LOG_LEVEL. Where the descriptor is closed nothing is done.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        screen = os.dup(STANDARD_ERROR)
    except OSError:
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), STANDARD_ERROR)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(screen, notes.read())
            raise
        finally:
            os.dup2(screen, STANDARD_ERROR)
            os.close(screen)


class _QuietFinder:
    """Finds Keras and its backends as Python does, and lets them load with their notes aside."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _NOISY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _quietly(spec.loader.exec_module)  # type: ignore[assignment, method-assign]
        return spec


def _quietly(load: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def load_quietly(module: ModuleType) -> None:
        with startup_notes_aside():
            load(module)

    return load_quietly


def quiet_backends() -> None:
    """From now on, whoever imports Keras, TensorFlow or JAX first, their notes stay off the screen."""
    if not any(isinstance(finder, _QuietFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())

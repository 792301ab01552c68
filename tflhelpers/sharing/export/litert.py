"""The program that runs LiteRT files: Google's small one where it is installed, else the one inside TensorFlow."""

from __future__ import annotations

import os
import warnings

from tflhelpers.quiet import startup_notes_aside

MOST_THREADS = 4  # more do not make networks of this size faster


def interpreter(path: str | os.PathLike, threads: int | None = None):
    """An interpreter that has read the file and has its memory.

    Args:
        path: of the file.
        threads: None for as many as there are cores, at most four.

    Raises:
        ImportError: neither ai-edge-litert nor TensorFlow is installed.
        ValueError: the file is damaged, or holds operations that this version does not know.
    """
    threads = threads or min(os.cpu_count() or 1, MOST_THREADS)
    with warnings.catch_warnings(), startup_notes_aside():
        warnings.simplefilter("ignore", UserWarning)  # TensorFlow announces that its own will go
        try:
            ready = _interpreter_class()(model_path=os.fspath(path), num_threads=threads)
            ready.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)} cannot be run: {error}. Update ai-edge-litert, or export the file again."
            ) from error
    return ready


def _interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return _of_tensorflow()
    return Interpreter


def _of_tensorflow():
    try:
        import tensorflow as tf

        return tf.lite.Interpreter
    except (ImportError, AttributeError) as error:
        raise ImportError(
            "LiteRT files are run by ai-edge-litert, which is not installed. "
            "Install it with: pip install 'tflhelpers[litert]' (or pip install ai-edge-litert)."
        ) from error

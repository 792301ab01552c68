"""Loading TensorFlow without its notes on the screen, which notebooks show in red."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2


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

"""Feeds a reader with spoiled files, each made from a number, so that what fails can be made again.

    python -m tests.data.formats.fuzzer voc 60 --first 1000

Prints a line of JSON for each seed that fails, and at the end how many were tried. A reader may raise
`AnnotationError` with a sentence in it, and nothing else; it must not take 5 seconds of the processor or grow by
more than 300 MB; and what it returns must be sound, and can be written by each writer.
"""

from __future__ import annotations

import argparse
import errno
import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.data.formats.fuzz_inputs import FILES, picture
from tests.data.formats.fuzz_mutations import spoiled
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.formats.label_map import label_map_text, read_label_map
from tflhelpers.data.importing import export_annotations, import_annotations

LONGEST_S = 5.0  # of the processor's time, so that a busy machine does not count
MOST_GROWTH = 300  # MB
_MOST_FAULTS = 20
_OUTPUTS = {
    "cvat": "out.xml",
    "labelme": "out",
    "createml": "out.json",
    "via": "out.json",
    "voc": "out",
    "csv": "out.csv",
    "coco": "out.json",
    "yolo": "out",
    "tfrecord": "out.record",
}


class Fault(Exception):
    """Something that a reader must not do."""


def make_files(reader: str, seed: int, folder: Path) -> random.Random:
    """Write the files of a seed into an empty folder; return the generator, which decides about the rest."""
    rng = random.Random(f"{reader} {seed}")
    chosen = rng.choice(FILES[reader])
    for name, content in chosen.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if len(chosen) > 1 and rng.random() < 0.3 else spoiled(rng, name, content))
    if reader not in ("label_map", "zip"):
        for name in ("a.png", "images/b.png"):
            if rng.random() < 0.8:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(picture())
    return rng


def try_seed(reader: str, seed: int, folder: Path) -> bool:
    """Read the files of a seed; return whether anything was taken.

    Raises:
        Fault: If the reader did what it must not.
    """
    rng = make_files(reader, seed, folder)
    with _watched():
        try:
            if reader == "label_map":
                label_map_text(read_label_map(folder / "label_map.pbtxt").class_names)
                return True
            _import(reader, rng, folder)
        except AnnotationError as error:
            if len(str(error).split()) < 4:
                raise Fault(f"no sentence: {error!r}") from error
            return False
    return True


def _import(reader: str, rng: random.Random, folder: Path) -> None:
    path = folder / "set.zip" if reader == "zip" else folder
    format = rng.choice(["auto", reader]) if reader != "zip" else "auto"
    path = folder / "a.record" if reader == "tfrecord" and rng.random() < 0.5 else path
    annotations, report = import_annotations(path, format=format, frame=rng.choice(["auto", "stored"]))
    json.loads(report.to_json().encode("utf-8", "surrogatepass"))
    if len(str(report).splitlines()) > 14:
        raise Fault(f"a summary of {len(str(report).splitlines())} lines")
    _check_sound(annotations)
    if rng.random() < 0.2:
        _write_all(annotations, folder)


def _check_sound(annotations: Annotations) -> None:
    for path, boxes in annotations:
        if not np.isfinite(boxes.xyxy).all() or (boxes.xyxy[:, 2:] <= boxes.xyxy[:, :2]).any():
            raise Fault(f"{path}: boxes without area or numbers: {boxes.xyxy.tolist()}")


def _write_all(annotations: Annotations, folder: Path) -> None:
    for format, name in _OUTPUTS.items():
        try:
            export_annotations(annotations, folder / "written" / format / name, format)
        except (
            AnnotationError,
            FileNotFoundError,
        ):  # names that it cannot hold; no picture to put in a record
            pass
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:  # a name that was just short enough, and an ending more
                raise
        except ValueError as error:
            if "expected" not in str(error) and "must" not in str(error):
                raise


@contextmanager
def _watched():
    """Turn what is neither ours nor quick and small into a `Fault`."""
    before = _peak_mb()
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        yield
    except (Fault, AnnotationError):
        raise
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error}"[:300]
        raise Fault(f"{told} ({Path(place.filename).name}:{place.lineno} {place.name})") from error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    growth = _peak_mb() - before
    if growth > MOST_GROWTH:
        raise Fault(f"it grew by {growth:.0f} MB")


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {LONGEST_S:g} s")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fuzz(reader: str, seconds: float, first: int) -> int:
    """Try seeds from `first` on, for so long; print those that fail. Returns how many failed."""
    end, seed, taken, failed = time.monotonic() + seconds, first, 0, 0
    memory_disk = Path("/dev/shm")  # ten times as quick, where there is one
    root = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory_disk if memory_disk.is_dir() else None))
    while time.monotonic() < end and failed < _MOST_FAULTS:
        folder = root / "files"
        folder.mkdir()
        try:
            taken += try_seed(reader, seed, folder)
        except Fault as fault:
            failed += 1
            print(json.dumps({"reader": reader, "seed": seed, "fault": str(fault)}), flush=True)
        shutil.rmtree(folder)
        seed += 1
    shutil.rmtree(root)
    print(json.dumps({"reader": reader, "tried": seed - first, "taken": taken, "failed": failed}))
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", choices=FILES)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    memory = 4 * 2**30  # what asks for more gets a MemoryError instead of the machine's last
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    return min(fuzz(arguments.reader, arguments.seconds, arguments.first), 1)


if __name__ == "__main__":
    sys.exit(main())

"""A kernel that draws: it adds boxes to pictures of a folder, and says which are saved.

    python -m tests.annotator.kernel FILE FIRST CHANGES LOCKS

Box number k, from FIRST on, begins k pixels from the left; LOCKS is "yes", "elsewhere" for a file system
that has none, or "no" for another machine, which no lock keeps out.
"""

from __future__ import annotations

import errno
import fcntl
import sys
from pathlib import Path

from tflhelpers.annotator.label_store import LabelStore

PICTURES = 3
TODO = {"boxes": [], "nothing_here": False}


def main() -> None:
    file, first, changes, locks = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if locks != "yes":
        flock = fcntl.flock
        fcntl.flock = lambda opened, how: no_locks(opened, locks) or flock(opened, how)
    paths = [file.with_name(f"{number}.jpg") for number in range(PICTURES)]
    store = LabelStore(file, paths, ["duck"])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(first, first + changes):
        index = number % PICTURES
        seen = store.content(index)
        box = {"xyxy": [number, 2.0, number + 9, 40.0], "class": "duck", "crowd": False}
        store.change(index, {"boxes": [*seen["boxes"], box]}, [seen], (100, 9999))
        print(number, flush=True)


def no_locks(opened, locks: str) -> None:
    if locks == "no" or opened.name.endswith(".json.lock"):
        raise OSError(errno.ENOTSUP, "no locks here")


if __name__ == "__main__":
    main()

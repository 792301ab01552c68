"""`CollectReport`: what a collection kept, what it left out and why."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.files.atomic_file import write_text
from tflhelpers.files.words import counted

_SHOWN = 6  # kinds of skipped things that the summary names


@dataclass(frozen=True)
class Skipped:
    """One thing that was left out.

    Attributes:
        where: The place in the source: "line 17", "IMG_0042.MOV", "frame 310".
        name: The address or the path.
        kind: A few words that equal reasons share: "near duplicate", "not found".
        reason: A sentence.
    """

    where: str
    name: str
    kind: str
    reason: str


@dataclass(frozen=True, repr=False)
class CollectReport:
    """What a collection kept and left out. Prints as a short summary; `path` holds all of it.

    Attributes:
        source: What was collected from.
        folder: Where the pictures lie.
        kept: The pictures of this source, in its order; also those that an earlier run had kept.
        skipped: What was left out.
        notes: What a person should know besides, one sentence each.
        new: How many of `kept` came with this run.
    """

    source: str
    folder: Path
    kept: tuple[Path, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    new: int = 0

    @property
    def path(self) -> Path:
        """The JSON file in the folder that says the same."""
        name = re.sub(r"[^\w.-]+", "_", Path(self.source).name).strip("._") or "source"
        return self.folder / f"collected_from_{name[:80]}.json"

    @property
    def counts(self) -> dict[str, int]:
        """How many things were left out for each kind of reason, the most frequent first."""
        return dict(Counter(each.kind for each in self.skipped).most_common())

    def __str__(self) -> str:
        before = len(self.kept) - self.new
        here = f" ({self.new} new, {before} from before)" if before else ""
        lines = [
            f"{counted(len(self.kept), 'picture')} from {Path(self.source).name} in {self.folder}{here}."
        ]
        if self.skipped:
            lines.append(f"{len(self.skipped)} left out, all listed in {self.path.name}:")
            lines += self._kinds()
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__

    def _kinds(self) -> list[str]:
        first = {each.kind: each for each in reversed(self.skipped)}
        lines = [
            f"  {number} × {kind}, e.g. {first[kind].where}: {first[kind].reason}"
            for kind, number in list(self.counts.items())[:_SHOWN]
        ]
        more = len(self.counts) - _SHOWN
        return [*lines, f"  and {more} other kinds"] if more > 0 else lines

    def to_json(self) -> str:
        """All of it as JSON; paths of pictures are as seen from the folder."""
        document = {
            "source": self.source,
            "new": self.new,
            "kept": [path.relative_to(self.folder).as_posix() for path in self.kept],
            "skipped": [vars(each) for each in self.skipped],
            "notes": list(self.notes),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        return text.encode("utf-8", "backslashreplace").decode(
            "utf-8"
        )  # names that are no UTF-8, as JSON escapes

    def save(self) -> Path:
        """Write `path`, atomically, and return it."""
        write_text(self.path, self.to_json())
        return self.path

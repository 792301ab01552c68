"""`ImportReport`: what an import took, what it repaired and how, what it refused and why."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.files.atomic_file import write_text
from tflhelpers.files.words import counted

_SHOWN_KINDS = 3  # of each outcome: the summary stays within a dozen lines
_SHOWN_MISTAKES = 10
_MOST_ENTRIES = 1_000_000  # files of nothing but faults must not fill the memory; they are still counted
_HEADINGS = {"repaired": "Repaired", "refused": "Refused", "note": "Notes"}


class ImportRefused(AnnotationError):
    """An import with `strict=True` that met something to repair or refuse, or one that found nothing to take.

    Attributes:
        report: The `ImportReport` of all that was met.
    """

    def __init__(self, message: str, report: ImportReport | None = None) -> None:
        super().__init__(message)
        self.report = report


class ReportEntry(NamedTuple):
    """One line of a report.

    Attributes:
        outcome: "taken" (a picture), "repaired", "refused" (a box, a picture or a file) or "note".
        where: The file, and the entry in it.
        what: How, why or how many: the kind of thing, and behind a colon its particulars.
    """

    outcome: str
    where: str
    what: str

    @property
    def kind(self) -> str:
        """`what` without its particulars: equal for things of one kind."""
        return self.what.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, repr=False)
class ImportReport:
    """What an import did; printed it is a short summary, `save` keeps all of it as JSON.

    Attributes:
        entries: One `ReportEntry` for each picture taken and each thing repaired, refused or worth knowing, as met; of
            more than a million the first million.
        counts: How many "pictures" and "boxes" were taken, things "repaired" and "refused", and "notes".

    Example:
        >>> report = ReportBuilder()
        >>> report.taken("a.xml", boxes=2)
        >>> report.refused("a.xml, object 3", "no area: x from 5 to 5")
        >>> print(report.build())
        1 picture and 2 boxes taken, 0 things repaired, 1 refused.
        Refused:
          1 × no area (a.xml, object 3: x from 5 to 5)
    """

    entries: tuple[ReportEntry, ...]
    counts: Mapping[str, int]

    def of(self, outcome: str) -> tuple[ReportEntry, ...]:
        """Return the entries with one outcome: "taken", "repaired", "refused" or "note"."""
        return tuple(entry for entry in self.entries if entry.outcome == outcome)

    def to_json(self) -> str:
        """Return the whole report as JSON: `{"counts": {...}, "entries": [{"outcome", "where", "what"}]}`."""
        entries = [entry._asdict() for entry in self.entries]
        return json.dumps({"counts": dict(self.counts), "entries": entries}, ensure_ascii=False, indent=1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole report as a JSON file, atomically; its folder is made where missing."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, self.to_json() + "\n")

    def __str__(self) -> str:
        return "\n".join([_headline(self.counts), *self._details()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def _details(self) -> list[str]:
        lines: list[str] = []
        for outcome, heading in _HEADINGS.items():
            kinds = _by_kind(self.of(outcome))
            lines += [f"{heading}:"] if kinds else []
            lines += [f"  {line}" for line in kinds]
        return lines


class ReportBuilder:
    """Collects the lines of an `ImportReport` while readers work.

    The texts begin with the kind of thing, in the same words each time, and go on behind a colon with the
    particulars ("outside the picture: cut from 12 to 10"): the summary counts by kind.
    """

    def __init__(self) -> None:
        self._entries: list[ReportEntry] = []
        self._counts = {"pictures": 0, "boxes": 0, "repaired": 0, "refused": 0, "notes": 0}

    def taken(self, where: str, boxes: int) -> None:
        """Tell that a picture was taken, with so many boxes."""
        self._counts["pictures"] += 1
        self._counts["boxes"] += boxes
        self._add("taken", where, counted(boxes, "box", "boxes"))

    def repaired(self, where: str, how: str) -> None:
        """Tell that something was changed to be usable; the result differs from the file."""
        self._counts["repaired"] += 1
        self._add("repaired", where, how)

    def refused(self, where: str, why: str) -> None:
        """Tell that a box, a picture or a file was left out, and why."""
        self._counts["refused"] += 1
        self._add("refused", where, why)

    def note(self, where: str, what: str) -> None:
        """Tell something worth knowing that changed nothing."""
        self._counts["notes"] += 1
        self._add("note", where, what)

    def not_utf8(self, where: str) -> None:
        """Tell that a text was read in `text.FALLBACK`."""
        self.note(where, "not UTF-8: read as Western European text (cp1252); look at the names")

    @property
    def refusals(self) -> int:
        """How many things were refused so far."""
        return self._counts["refused"]

    def build(self) -> ImportReport:
        """Return the report of all that was told so far."""
        return ImportReport(tuple(self._entries), dict(self._counts))

    def _add(self, outcome: str, where: str, what: str) -> None:
        if len(self._entries) < _MOST_ENTRIES:
            self._entries.append(ReportEntry(outcome, where, what))


def refuse_unless_clean(report: ImportReport) -> None:
    """Raise if anything was repaired or refused: what `strict=True` asks for.

    Raises:
        ImportRefused: Naming the first of them.
    """
    faults = [entry for entry in report.entries if entry.outcome in ("repaired", "refused")]
    if faults:
        raise ImportRefused(
            "strict=True: expected nothing to repair or refuse, got "
            f"{counted(len(faults), 'thing', 'things')}. Fix the files, or import without strict.\n"
            + shown_mistakes(faults),
            report,
        )


def shown_mistakes(entries: list[ReportEntry]) -> str:
    """Return the first entries, one a line, and how many more there are."""
    lines = [f"  {entry}" for entry in entries[:_SHOWN_MISTAKES]]
    if len(entries) > _SHOWN_MISTAKES:
        lines.append(f"  and {len(entries) - _SHOWN_MISTAKES} more")
    return "\n".join(lines)


def _headline(counts: Mapping[str, int]) -> str:
    pictures = counted(counts["pictures"], "picture")
    boxes = counted(counts["boxes"], "box", "boxes")
    repaired = counted(counts["repaired"], "thing")
    return f"{pictures} and {boxes} taken, {repaired} repaired, {counts['refused']} refused."


def _by_kind(entries: tuple[ReportEntry, ...]) -> list[str]:
    """Return a line for each of the most frequent kinds, with its first example."""
    frequent = Counter(entry.kind for entry in entries).most_common()
    examples: dict[str, ReportEntry] = {}
    for entry in entries:
        examples.setdefault(entry.kind, entry)
    shown = frequent if len(frequent) <= _SHOWN_KINDS else frequent[: _SHOWN_KINDS - 1]
    lines = [f"{count} × {_example(examples[kind])}" for kind, count in shown]
    if len(shown) < len(frequent):
        rest = sum(count for _, count in frequent[len(shown) :])
        lines.append(f"{rest} × other kinds: see report.save(...)")
    return lines


def _example(entry: ReportEntry) -> str:
    particulars = entry.what.partition(":")[2].strip()
    where = f"{entry.where}: {particulars}" if particulars else entry.where
    return " ".join(
        f"{entry.kind} ({where})".splitlines()
    )  # names of files and classes may have several lines

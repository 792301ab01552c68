"""`Collector`: takes prepared pictures into the folder, one after the other, each once.

A picture is prepared under a passing name in `folder/.collecting`. First the journal says under which name it is kept,
then it is moved there; whenever the process dies, the next one sees how far it came.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.collect.journal import JOURNAL_NAME, Entry, Journal
from tflhelpers.data.collect.names import free_name
from tflhelpers.data.collect.perceptual_hash import HashIndex, PerceptualHash
from tflhelpers.data.collect.report import CollectReport, Skipped
from tflhelpers.data.images import ImageError
from tflhelpers.data.picture_files import PICTURE_ENDINGS
from tflhelpers.data.previews import read_preview
from tflhelpers.files.atomic_file import move_into_place
from tflhelpers.files.checksums import sha256_of
from tflhelpers.progress import progress_bar

STAGING_NAME = ".collecting"
_PREVIEW = 160  # pixels that are enough to see what a picture looks like


class LeftOut(Exception):
    """A thing that is not kept.

    Args:
        kind: A few words that equal reasons share.
        reason: A sentence for a person.
        passing: Whether it may go well when it is tried again.
    """

    def __init__(self, kind: str, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.passing = kind, reason, passing


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready to be kept.

    Attributes:
        file: Its file in the staging folder.
        stem: The name wanted, without ending, safe.
        ending: ".jpg".
        sha256: Of the file.
        look: What it looks like.
        origin: SHA-256 of the file it was made from, where that is another.
        subfolder: The folder in the folder where it belongs, safe; "" for the folder itself.
    """

    file: Path
    stem: str
    ending: str
    sha256: str
    look: PerceptualHash
    origin: str | None = None
    subfolder: str = ""


class Collector:
    """Takes pictures into a folder. Use it as a context; call `settle` and `leave` from one thread, in order.

    Args:
        folder: Where the pictures go; made where missing.
        source: What is collected from, for the report.
        settings: A text of all that decides what is left out: with another text, what was left out is tried anew.
        distinct: Whether files that are there already are left out.
        near: Whether, beyond that, pictures that look the same as one that is there are.
        retry_skipped: Try also what an earlier run has left out for good.
        progress: Show a bar where looking at what is there takes longer than two seconds.

    Raises:
        BusyFolder: If another program is collecting into the folder.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        *,
        settings: str = "",
        distinct: bool = True,
        near: bool = True,
        retry_skipped: bool = False,
        progress: bool = True,
    ) -> None:
        self.folder = folder
        self.staging = folder / STAGING_NAME
        self.notes: list[str] = []
        self._progress = progress
        self._source, self._settings = source, f"{settings}|{distinct}"
        self._distinct, self._near, self._retry = distinct, distinct and near, retry_skipped
        self._journal = Journal(folder)
        self._kept: list[Path] = []
        self._skipped: list[Skipped] = []
        self._new = 0
        self._taken: set[str] = set()
        self._by_bytes: dict[str, str] = {}
        self._unclaimed: set[str] = set()
        self._looks = HashIndex()

    def __enter__(self) -> Collector:
        self._journal.__enter__()
        self._tell_strange()
        if self.staging.is_symlink():  # else what lies where it leads would be thrown away
            self.staging.unlink()
        self.staging.mkdir(exist_ok=True)
        self._finish_moves()
        self._learn_what_is_there()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.report().save()
            with contextlib.suppress(OSError):  # a thread that was interrupted may still hold one
                self._clear_staging()
                self.staging.rmdir()
        finally:
            self._journal.__exit__()

    def report(self) -> CollectReport:
        """What was settled so far."""
        return CollectReport(
            self._source, self.folder, tuple(self._kept), tuple(self._skipped), tuple(self.notes), self._new
        )

    def staged(self, key: str) -> Path:
        """Where the picture of a key is to be prepared."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.staging / f"{digest[:24]}.part"

    def is_settled(self, key: str) -> bool:
        """Whether an earlier run has decided about a key, so that nothing needs to be prepared."""
        entry = self._journal.entries.get(key)
        if entry is None:
            return False
        if "kept" in entry:
            return True
        same = entry.get("settings") == self._settings
        return same and not entry.get("passing") and not self._retry

    def settle_again(self, key: str, where: str, name: str) -> Path | None:
        """Report what an earlier run has decided; return the picture's path if it is kept and still there."""
        entry = self._journal.entries[key]
        if "kept" not in entry:
            self._skipped.append(Skipped(where, name, str(entry.get("kind")), str(entry.get("reason"))))
            return None
        path = self.folder / entry["kept"]
        if not path.exists():
            reason = f"{entry['kept']} was removed from the folder since; retry_skipped=True brings it back"
            self._skipped.append(Skipped(where, name, "removed by you", reason))
            return None
        self._kept.append(path)
        return path

    def settle(self, key: str, where: str, name: str, prepared: Prepared) -> Path | None:
        """Keep a prepared picture, or leave it out as a duplicate; return its path if it is kept."""
        same = self._by_bytes.get(prepared.origin or prepared.sha256) or self._by_bytes.get(prepared.sha256)
        if same is not None and same in self._unclaimed:
            return self._claim(key, same, prepared)
        if self._distinct and same is not None:
            prepared.file.unlink(missing_ok=True)
            self.leave(key, where, name, LeftOut("duplicate", f"the same file as {same}"))
            return None
        copy_of = self._looks.find_copy(prepared.look) if self._near else None
        if copy_of is not None:
            prepared.file.unlink(missing_ok=True)
            self.leave(key, where, name, LeftOut("near duplicate", f"looks the same as {copy_of}"))
            return None
        return self._keep(key, prepared)

    def leave(self, key: str, where: str, name: str, left_out: LeftOut) -> None:
        """Leave a thing out, and remember that."""
        entry: Entry = {"kind": left_out.kind, "reason": left_out.reason, "settings": self._settings}
        if left_out.passing:
            entry["passing"] = True
        if self._journal.entries.get(key) != entry:
            self._journal.add(key, entry)
        self._skipped.append(Skipped(where, name, left_out.kind, left_out.reason))

    def mention(self, where: str, name: str, kind: str, reason: str) -> None:
        """Report a thing that needs no memory."""
        self._skipped.append(Skipped(where, name, kind, reason))

    # ---- keeping

    def _keep(self, key: str, prepared: Prepared) -> Path:
        stem = f"{prepared.subfolder}/{prepared.stem}" if prepared.subfolder else prepared.stem
        name = free_name(stem, prepared.ending, self._taken)
        while (self.folder / name).exists():  # came while we were at work
            self._taken.add(name.lower())
            name = free_name(stem, prepared.ending, self._taken)
        entry = {"kept": name, "sha256": prepared.sha256, "look": prepared.look.to_text()}
        if prepared.origin:
            entry["origin"] = prepared.origin
        entry["staged"] = prepared.file.name
        self._journal.add(key, entry)
        target = self.folder / name
        move_into_place(prepared.file, target)
        self._remember(entry)
        self._kept.append(target)
        self._new += 1
        return target

    def _claim(self, key: str, name: str, prepared: Prepared) -> Path:
        """The very file is there already, and no entry says from where: it was kept, or is the person's own."""
        prepared.file.unlink(missing_ok=True)
        entry = {"kept": name, "sha256": prepared.sha256, "look": prepared.look.to_text()}
        if prepared.origin:
            entry["origin"] = prepared.origin
        self._journal.add(key, entry)
        self._remember(entry)
        self._unclaimed.discard(name)
        self._kept.append(self.folder / name)
        return self.folder / name

    def _remember(self, entry: Entry) -> None:
        name = entry["kept"]
        self._taken.add(name.lower())
        for field in ("sha256", "origin"):
            if field in entry:
                self._by_bytes.setdefault(entry[field], name)
        with contextlib.suppress(ValueError, KeyError):
            self._looks.add(name, PerceptualHash.from_text(entry["look"]))

    # ---- what an earlier run left

    def _tell_strange(self) -> None:
        if count := self._journal.strange:
            self.notes.append(
                f"Left out {count} {'line' if count == 1 else 'lines'} of {JOURNAL_NAME} that no collection writes. "
                "Does the folder come from somebody else?"
            )

    def _finish_moves(self) -> None:
        """Move what the journal has under its name; throw away what was being prepared."""
        for entry in self._journal.entries.values():
            if "kept" not in entry:
                continue
            staged, target = self.staging / entry.get("staged", " "), self.folder / entry["kept"]
            whole = staged.is_file() and not staged.is_symlink()
            if whole and not target.exists() and self._is_ours(target.parent):
                move_into_place(staged, target)
        self._clear_staging()

    def _is_ours(self, place: Path) -> bool:
        """Whether a place lies in the folder, links followed."""
        return place.resolve().is_relative_to(self.folder.resolve())

    def _clear_staging(self) -> None:
        for leftover in self.staging.glob("*.part"):
            leftover.unlink(missing_ok=True)

    def _learn_what_is_there(self) -> None:
        if self._retry:
            self._forget_removed()
        kept = [entry for entry in self._journal.entries.values() if "kept" in entry]
        for entry in kept:
            self._remember(entry)
        known = {entry["kept"] for entry in kept}
        others = [path for path in _pictures_below(self.folder) if self._name(path) not in known]
        with progress_bar(len(others), "Looking at what is there", enabled=self._progress, delay=2) as bar:
            for path in others:
                self._learn_one(path)
                bar.update()

    def _forget_removed(self) -> None:
        entries = self._journal.entries
        for key in [key for key, entry in entries.items() if "kept" in entry]:
            if not (self.folder / entries[key]["kept"]).exists():
                del entries[key]

    def _learn_one(self, path: Path) -> None:
        """A picture that no entry is about: the person's own, or of a run whose journal is gone."""
        name = self._name(path)
        self._taken.add(name.lower())
        with contextlib.suppress(OSError, ImageError):
            self._by_bytes.setdefault(sha256_of(path), name)
            self._unclaimed.add(name)
            if self._near:
                self._looks.add(name, PerceptualHash.of(read_preview(path, _PREVIEW)[0]))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def _pictures_below(folder: Path) -> list[Path]:
    """Pictures in the folder and one level below, hidden ones left out, in a fixed order."""
    found = [*folder.glob("*"), *folder.glob("*/*")]
    return sorted(
        path
        for path in found
        if path.suffix.lower() in PICTURE_ENDINGS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )

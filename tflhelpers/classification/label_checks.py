"""What may not be learned from: fewer than two classes, empty ones, files that are no pictures, contradictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.images import ImageError, image_size
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.json_file import is_name
from tflhelpers.files.words import listed
from tflhelpers.progress import progress_bar

MOST_NAMED = 5


@dataclass(frozen=True)
class Candidate:
    """What may become a labelled picture. `where` is what a person looks for: the path, or the line of a file."""

    path: Path
    label: int
    where: str
    box: tuple[int, int, int, int] | None = None


def check_class_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names, if there are at least two, all different, that a file can hold.

    Raises:
        ValueError: they are not.
    """
    names = tuple(names) if not isinstance(names, str) else (names,)
    if nameless := [name for name in names if not is_name(name)]:
        raise ValueError(
            f"each class needs a name that a file can hold, got {nameless[0]!r}. Give it another, or rename its folder."
        )
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(
            f"a classifier needs at least 2 different classes to tell apart, got {list(names)}. For one kind of thing, "
            'add a class of what it is not, such as "other".'
        )
    return names


def without_unreadable(
    candidates: Sequence[Candidate], *, progress: bool = True
) -> tuple[list[Candidate], list[str]]:
    """Those whose beginning is that of a picture, and a sentence for each other one. Each file is looked at once."""
    good, left_out, verdict = [], [], dict[Path, str | None]()
    with progress_bar(len(candidates), "Looking at files", enabled=progress, delay=2) as bar:
        for candidate in candidates:
            if candidate.path not in verdict:
                verdict[candidate.path] = _fault(candidate.path)
            fault = verdict[candidate.path]
            if fault is None:
                good.append(candidate)
            else:
                left_out.append(fault)
            bar.update()
    return good, list(dict.fromkeys(left_out))


def _fault(path: Path) -> str | None:
    try:
        image_size(path)
    except ImageError as error:
        return f"Left out: {error}"
    except FileNotFoundError:
        return f"Left out: there is no file {path}."
    except OSError as error:
        return f"Left out: {path} cannot be read ({error.strerror})."
    return None


def refuse_empty_classes(
    names: Sequence[str], candidates: Iterable[Candidate], left_out: Sequence[str]
) -> None:
    """Raises ValueError where a class has no picture, with what was left out."""
    counts = Counter(candidate.label for candidate in candidates)
    empty = [name for label, name in enumerate(names) if not counts[label]]
    if not empty:
        return
    lack = f"{listed(list(map(repr, empty)), MOST_NAMED)} {'has' if len(empty) == 1 else 'have'}"
    because = f" Of the files, {len(left_out)} could not be used: {left_out[0]}" if left_out else ""
    raise ValueError(
        f"each class needs at least one picture, but {lack} none. Add pictures, or remove the class.{because}"
    )


def refuse_two_classes(
    names: Sequence[str], candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[str]]:
    """The candidates without further copies in a class, and a sentence for each copy.

    Two files are the same picture if they hold the same bytes; only files of equal length are read for it.

    Raises:
        ValueError: the same picture is in two classes; both places are named.
    """
    firsts: dict[object, Candidate] = {}
    kept, copies, clashes = [], [], []
    keys = _content_keys(candidates)
    for candidate, key in zip(candidates, keys, strict=True):
        first = firsts.setdefault(key, candidate)
        if first is candidate:
            kept.append(candidate)
        elif first.label == candidate.label:
            copies.append(f"Left out: {candidate.where} is the same picture as {first.where}.")
        else:
            clashes.append(
                f"{first.where} ({names[first.label]}) and {candidate.where} ({names[candidate.label]})"
            )
    if clashes:
        more = f"; and {len(clashes) - MOST_NAMED} more" if len(clashes) > MOST_NAMED else ""
        raise ValueError(
            "each picture must be in one class, but these are the same picture in two: "
            f"{'; '.join(clashes[:MOST_NAMED])}{more}. Delete the wrong one of each."
        )
    return kept, copies


def _content_keys(candidates: Sequence[Candidate]) -> list[tuple]:
    """A key for each that is equal where the content is: the path alone where no other file is as long."""
    paths = {candidate.path for candidate in candidates}
    of_length = defaultdict(list)
    for path in paths:
        if path.is_file():
            of_length[path.stat().st_size].append(path)
    digests = {path: sha256_of(path) for alike in of_length.values() if len(alike) > 1 for path in alike}
    return [(digests.get(candidate.path, candidate.path), candidate.box) for candidate in candidates]

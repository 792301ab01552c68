"""From runs to a table: means with their spread, ratios, markdown, and a JSON file of everything."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table with the first column to the left and the others to the right."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def mean_and_spread(values: Sequence[float], digits: int = 3) -> str:
    """The mean and, in brackets, the lowest and the highest of several: `0.500 (0.400–0.600)`."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of ours[i] / theirs[i]: pairs were measured one after the other, so slow minutes cancel out.

    Raises:
        ValueError: there are no pairs, or not as many of ours as of theirs.
    """
    return statistics.median(ours_i / theirs_i for ours_i, theirs_i in zip(ours, theirs, strict=True))


def write_json(path: Path | None, content: dict) -> None:
    """Keep all figures, if a path was given."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")

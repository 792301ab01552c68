"""`gallery`: the pictures that went well, so-so or wrong, side by side, each box with its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import letterbox, read_image
from tflhelpers.progress import progress_bar
from tflhelpers.sharing.captions import PAPER, legend, text_line
from tflhelpers.sharing.draw import draw_boxes
from tflhelpers.sharing.palette import OKABE_ITO, VARIANTS, class_colour

# The colour of each name, as a row of the palette.
COLOUR_OF = {
    "found": 2,  # bluish green
    "missed": 5,  # vermillion
    "loose box": 0,  # orange
    "wrong class": 6,  # reddish purple
    "duplicate": 3,  # yellow
    "background": 1,  # sky blue
}
VERDICTS = ("good", "so-so", "missed")
_ROUND = VARIANTS * len(OKABE_ITO)  # after so many labels the palette's colours repeat
_GAP = 8  # pixels between pictures


class NamedBox(Protocol):
    """A box and its name, as `tflhelpers.find_mistakes` gives it."""

    @property
    def kind(self) -> str: ...
    @property
    def prediction(self) -> int | None: ...
    @property
    def truth(self) -> int | None: ...


class Judged(Protocol):
    """A picture and its named boxes."""

    @property
    def path(self) -> Path: ...
    @property
    def verdict(self) -> str: ...
    @property
    def findings(self) -> Sequence[NamedBox]: ...
    @property
    def true(self) -> Boxes: ...
    @property
    def predicted(self) -> Boxes: ...


class JudgedSet(Protocol):
    """All pictures, as `tflhelpers.find_mistakes` judges them."""

    @property
    def pictures(self) -> Sequence[Judged]: ...
    @property
    def class_names(self) -> Sequence[str]: ...


def gallery(
    mistakes: JudgedSet,
    verdict: str | None = None,
    *,
    max_images: int = 12,
    columns: int = 3,
    width: int = 1200,
    progress: bool = True,
) -> np.ndarray:
    """Lay out the pictures of one verdict, or of all three one below the other, with their boxes named.

    Predicted boxes have full lines; the true box is dashed where it was missed or the box on it is loose.

    Args:
        mistakes: of `tflhelpers.find_mistakes`.
        verdict: "good", "so-so" or "missed"; None for all three.
        max_images: pictures of each verdict at most. Of those that are wrong the ones with most mistakes are shown,
            of the good ones some from beginning to end.
        columns: pictures a row.
        width: of the sheet, in pixels.
        progress: show a bar where drawing takes longer than two seconds.

    Returns:
        uint8 (height, width, 3). A verdict that no picture has is a line of text.

    Raises:
        ValueError: an unknown verdict, or no room.

    Example:
        `Image.fromarray(gallery(find_mistakes(found, annotations), "missed"))`
    """
    if not all(hasattr(picture, "verdict") for picture in getattr(mistakes, "pictures", [None])):
        got = type(mistakes).__name__
        raise TypeError(
            f"mistakes must be of find_mistakes, got {got}. Give find_mistakes(found, annotations)."
        )
    if verdict is not None and verdict not in VERDICTS:
        raise ValueError(f"verdict must be one of {', '.join(VERDICTS)} or None, got {verdict!r}.")
    if max_images < 1 or columns < 1 or width < 80 * columns:
        raise ValueError(
            f"gallery needs at least one picture and column, and 80 pixels of width for each column, got "
            f"max_images={max_images}, columns={columns}, width={width}."
        )
    chosen = {
        each: _choose(mistakes.pictures, each, max_images) for each in ([verdict] if verdict else VERDICTS)
    }
    colours = [(kind, class_colour(COLOUR_OF[kind])) for kind in _kinds_of(chosen.values())]
    parts = [legend(colours, width, _letters(width))]
    with progress_bar(sum(map(len, chosen.values())), "Drawing", enabled=progress, delay=2) as bar:
        for each, pictures in chosen.items():
            parts.append(text_line(_title(mistakes.pictures, each, len(pictures)), width, _letters(width)))
            cells = []
            for picture in pictures:
                cells.append(_cell(picture, mistakes.class_names, (width - _GAP * (columns - 1)) // columns))
                bar.update()
            parts += _rows(cells, columns, width)
    return np.concatenate(parts)


def _title(pictures: Sequence[Judged], verdict: str, shown: int) -> str:
    having = sum(picture.verdict == verdict for picture in pictures)
    if not having:
        return f"{verdict}: none of {len(pictures)} pictures"
    return f"{verdict}: {having} of {len(pictures)} pictures" + (f", {shown} shown" if shown < having else "")


def _letters(width: int) -> int:
    """Size in pixels of the letters beside pictures of this width."""
    return max(13, min(20, width // 48))


def _choose(pictures: Sequence[Judged], verdict: str, max_images: int) -> list[Judged]:
    having = [picture for picture in pictures if picture.verdict == verdict]
    if len(having) <= max_images:
        return having
    if verdict == "good":
        return [having[row] for row in np.linspace(0, len(having) - 1, max_images).round().astype(int)]
    worst = sorted(range(len(having)), key=lambda row: -_n_mistakes(having[row]))[:max_images]
    return [having[row] for row in sorted(worst)]


def _n_mistakes(picture: Judged) -> int:
    return sum(finding.kind not in ("found", "ignored") for finding in picture.findings)


def _kinds_of(groups: Iterable[list[Judged]]) -> list[str]:
    there = {finding.kind for pictures in groups for picture in pictures for finding in picture.findings}
    return [kind for kind in COLOUR_OF if kind in there]


def _rows(cells: list[np.ndarray], columns: int, width: int) -> Iterator[np.ndarray]:
    """Cells side by side, each row as high as its highest, with a gap below."""
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        strip = np.full((max(map(len, row)) + _GAP, width, 3), PAPER, np.uint8)
        for column, cell in enumerate(row):
            left = column * (cell.shape[1] + _GAP)
            strip[: len(cell), left : left + cell.shape[1]] = cell
        yield strip


def _cell(picture: Judged, class_names: Sequence[str], width: int) -> np.ndarray:
    """The picture at the width it is shown at, its boxes with letters of that size, and its name below."""
    image = read_image(picture.path)
    size = (max(1, round(width * min(1.0, image.shape[0] / image.shape[1]))), width)
    small, placement = letterbox(image, size, PAPER)
    boxes, names = _named_boxes(picture, class_names)
    letters = max(11, width // 28)
    drawn = draw_boxes(
        small, placement.apply(boxes), names, line_width=max(2, width // 160), font_size=letters
    )
    return np.concatenate([drawn, text_line(_caption(picture), width, letters)])


def _caption(picture: Judged) -> str:
    kinds = [finding.kind for finding in picture.findings]
    wrong = [kind for kind in COLOUR_OF if kind in kinds and kind != "found"]
    counted = [kind if kinds.count(kind) == 1 else f"{kinds.count(kind)} × {kind}" for kind in wrong]
    return picture.path.name + (f": {', '.join(counted)}" if counted else "")


def _named_boxes(picture: Judged, class_names: Sequence[str]) -> tuple[Boxes, list[str]]:
    """The boxes to draw, and the name of each label. A label stands for the colour of a kind and for a text."""
    lines = [
        (COLOUR_OF[finding.kind], *line)
        for finding in picture.findings
        if finding.kind in COLOUR_OF
        for line in _lines(finding, picture, class_names)
    ]
    labels = [_ROUND * number + colour for number, (colour, *_) in enumerate(lines)]
    texts = [""] * (_ROUND * len(lines))
    for label, (_, _, text, _) in zip(labels, lines, strict=True):
        texts[label] = text
    edges = np.reshape([xyxy for _, xyxy, _, _ in lines], (-1, 4))
    dashed = np.array([dashed for *_, dashed in lines], bool)
    return Boxes(edges, np.array(labels, np.int64), crowd=dashed), texts


def _lines(
    finding: NamedBox, picture: Judged, class_names: Sequence[str]
) -> Iterator[tuple[np.ndarray, str, bool]]:
    """(edges, text, dashed) of what is drawn for one finding; one class need not be named."""
    true = "" if finding.truth is None else class_names[int(picture.true.labels[finding.truth])]
    several = len(class_names) > 1
    if finding.truth is not None and finding.kind in ("missed", "loose box"):
        words = "missed" if finding.kind == "missed" else "truth"
        yield picture.true.xyxy[finding.truth], f"{words} {true}" if several else words, True
    if finding.prediction is None:
        return
    said = class_names[int(picture.predicted.labels[finding.prediction])]
    words = {"found": said, "wrong class": f"{said} for {true}"}.get(finding.kind, finding.kind)
    if finding.kind == "background" and several:
        words = f"{finding.kind} {said}"
    scores = picture.predicted.scores
    score = "" if scores is None else f" {scores[finding.prediction]:.2f}"
    yield picture.predicted.xyxy[finding.prediction], words + score, False

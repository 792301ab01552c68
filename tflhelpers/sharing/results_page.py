"""`write_results_page`: one HTML file that shows what a detector can do, to send to somebody or to keep."""

from __future__ import annotations

import base64
import datetime
import html
import io
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from tflhelpers.data.picture_files import PICTURE_FORMATS
from tflhelpers.files.atomic_file import write_text
from tflhelpers.sharing.gallery import VERDICTS, JudgedSet, gallery

TEMPLATE = Path(__file__).with_name("results_page.html")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_MOVING = {
    ".gif": "image/gif",
    ".png": "image/png",
    **dict.fromkeys(PICTURE_FORMATS["JPEG"], "image/jpeg"),
    ".webp": "image/webp",
    ".avif": "image/avif",
}
_PHOTO_QUALITY = 88


class Judgement(Protocol):
    """Scores, as `tflhelpers.evaluate` gives them."""

    @property
    def ap(self) -> float: ...
    @property
    def ap50(self) -> float: ...
    @property
    def ap75(self) -> float: ...
    @property
    def n_truth(self) -> int: ...
    @property
    def per_class(self) -> Mapping[str, Any]: ...
    def plot(self, axes: Any = None) -> Any: ...


def write_results_page(
    path: str | os.PathLike,
    *,
    title: str,
    gif: str | os.PathLike | None = None,
    scores: Judgement | None = None,
    mistakes: JudgedSet | None = None,
    history: Any = None,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
    notes: Sequence[str] = (),
    max_images: int = 9,
) -> Path:
    """Write one self-contained HTML file: nothing in it is loaded from elsewhere. What is None is left out.

    Args:
        path: of the page; its folder is made where missing. Whoever looks finds the old page or the new, whole.
        title: what the detector is of.
        gif: a GIF or picture file to show first; it is put into the page.
        scores: of `tflhelpers.evaluate`: the table and the precision-recall curves.
        mistakes: of `tflhelpers.find_mistakes`: the galleries of good, so-so and missed pictures.
        history: of `tflhelpers.fine_tune`: the loss curves and its notes.
        settings: names and values, such as the threshold or the steps.
        command: what somebody else types to repeat it.
        notes: sentences to add, such as those of `Mistakes.what_to_photograph_next`.
        max_images: pictures in each gallery at most.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: there is no such GIF.
        ValueError: `gif` is of a kind that browsers do not show as a picture.
    """
    path = Path(path)
    told = [*notes, *getattr(history, "notes", ())]
    sections = [
        *([_figure(_file_url(Path(gif)), f"{title}, at work")] if gif is not None else []),
        *_scores(scores),
        *_galleries(mistakes, max_images),
        *(
            [_titled("How it learned", _plot(history, "The losses over the steps"))]
            if history is not None
            else []
        ),
        *([_titled("Notes", _list(told))] if told else []),
        *([_titled("Settings", _table((), settings.items(), "settings"))] if settings else []),
        *([_titled("To repeat it", f"<pre>{html.escape(command)}</pre>")] if command else []),
    ]
    parts = {
        "title": html.escape(title),
        "made": f"Made on {datetime.date.today():%d %B %Y}.",
        "sections": "\n".join(sections),
    }
    page = _PLACE.sub(lambda place: parts[place[1]], TEMPLATE.read_text("utf-8"))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page)
    return path


def _scores(scores: Judgement | None) -> Iterator[str]:
    if scores is None:
        return
    header = ("class", "AP", "AP50", "AP75", "objects")
    everything = ("all", *(_shown(v) for v in (scores.ap, scores.ap50, scores.ap75)), str(scores.n_truth))
    rows = [
        (name, *(_shown(v) for v in (s.ap, s.ap50, s.ap75)), str(s.n_truth))
        for name, s in scores.per_class.items()
    ]
    rows = rows if len(rows) == 1 else [everything, *rows]
    yield _titled("How good it is", _table(header, rows) + _plot(scores, "Precision against recall"))


def _galleries(mistakes: JudgedSet | None, max_images: int) -> Iterator[str]:
    if mistakes is None:
        return
    for verdict in VERDICTS:
        if any(picture.verdict == verdict for picture in mistakes.pictures):
            sheet = gallery(mistakes, verdict, max_images=max_images)
            yield _titled(
                f"{verdict.capitalize()} pictures",
                _figure(_photo_url(sheet), f"{verdict} pictures with their boxes"),
            )


def _plot(thing: Any, words: str) -> str:
    """What `thing.plot` draws, as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    thing.plot(figure.add_subplot())
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=140)
    return _figure(_data_url(stream.getvalue(), "image/png"), words, "plot")


def _photo_url(picture: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=_PHOTO_QUALITY, subsampling=0)
    return _data_url(stream.getvalue(), "image/jpeg")


def _file_url(path: Path) -> str:
    kind = _MOVING.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"gif must be one of {', '.join(_MOVING)}, got {path.name}. Make a GIF of it with write_gif."
        )
    return _data_url(path.read_bytes(), kind)


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _figure(url: str, words: str, kind: str = "") -> str:
    return f'<img class="{kind}" src="{url}" alt="{html.escape(words, quote=True)}">'


def _titled(title: str, content: str) -> str:
    return f"<h2>{html.escape(title)}</h2>\n{content}"


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _table(header: Sequence[str], rows: Any, kind: str = "") -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table class="{kind}">{f"<tr>{head}</tr>" if head else ""}{body}</table></div>'
    )


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"

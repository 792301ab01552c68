"""Draw docs/architecture.svg, the picture of the rooms: ``python tools/draw_architecture.py``.

All letters stand on boxes of their own colour and the arrows are of a middle gray, so that the picture can be
read on a light page and on a dark one. It is narrow enough for a phone.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "architecture.svg"
WIDTH, HEIGHT = 640, 944
COLUMNS = (10, 222, 434)
ROOM_WIDTH, ROOM_HEIGHT = 196, 92
ARROW = "#7f8894"
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"

# Room -> column, top edge, colour, and what it does in two lines.
ROOMS = {
    "data": (0, 92, "#17677f", ("pictures, boxes,", "imports, collecting")),
    "annotator": (1, 92, "#7d3f90", ("drawing boxes in", "the notebook")),
    "training": (0, 284, "#2a5aa5", ("teaching a detector", "your own thing")),
    "model": (1, 284, "#2a5aa5", ("networks and their", "trained weights")),
    "classification": (2, 284, "#47672b", ("whole pictures,", "without boxes")),
    "evaluation": (0, 476, "#86550f", ("scores, mistakes,", "thresholds")),
    "sharing": (1, 476, "#9c3636", ("GIFs, pages, files", "for phones")),
}
# What goes from room to room: column, top edge, width in columns, words.
THINGS = (
    (0, 10, 3, "photos, videos, lists of addresses, files of other tools"),
    (0, 216, 2, "annotations.json: photos and boxes"),
    (2, 216, 1, "folders of photos"),
    (0, 408, 2, "Boxes: where, which class, how sure"),
    (2, 502, 1, "probabilities"),
)
# What looks at all rooms, or is under all of them: top edge, colour, name, words.
FLOORS = (
    (600, "#5a4a8a", "explaining", "figures of what happens in the rooms"),
    (668, "#3f6b5b", "ready_made", "yours if it is there, drawn things if not"),
    (736, "#4a5160", "project", "the folder where all this is kept"),
    (804, "#7a4f2b", "command_line", "the same for a shell"),
    (872, "#3b4048", "files", "written whole, fetched, checked"),
)
# Arrows: points, and whether both ends have a head.
ARROWS = (
    ((108, 50, 108, 88), False),
    ((532, 50, 532, 212), False),
    ((206, 138, 222, 138), True),
    ((108, 184, 108, 212), False),
    ((320, 184, 320, 212), False),
    ((108, 256, 108, 280), False),
    ((532, 256, 532, 280), False),
    ((206, 330, 222, 330), True),
    ((418, 330, 430, 330), False),
    ((320, 376, 320, 404), False),
    ((108, 448, 108, 472), False),
    ((320, 448, 320, 472), False),
    ((532, 376, 532, 498), False),
    ((434, 522, 422, 522), False),
)


def svg() -> str:
    """The whole picture."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="title" font-family="{FONT}" text-anchor="middle">',
        '<title id="title">How pictures become boxes, and boxes become something to share</title>',
        f'<g stroke="{ARROW}" stroke-width="3" fill="{ARROW}">',
        *(arrow(points, both) for points, both in ARROWS),
        "</g>",
        *(room(name, *what) for name, what in ROOMS.items()),
        *(thing(*what) for what in THINGS),
        *(floor(*what) for what in FLOORS),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def room(name: str, column: int, top: int, colour: str, lines: tuple[str, str]) -> str:
    """A box with a room's name and what it does."""
    left, middle = COLUMNS[column], COLUMNS[column] + ROOM_WIDTH // 2
    return "\n".join(
        [
            f'<rect x="{left}" y="{top}" width="{ROOM_WIDTH}" height="{ROOM_HEIGHT}" rx="10" fill="{colour}"/>',
            text(middle, top + 32, name, "#ffffff", size=22, weight=700),
            text(middle, top + 57, lines[0], "#ffffff"),
            text(middle, top + 78, lines[1], "#ffffff"),
        ]
    )


def thing(column: int, top: int, columns: int, words: str) -> str:
    """A pale box with what is handed on."""
    left, right = COLUMNS[column], COLUMNS[column + columns - 1] + ROOM_WIDTH
    return "\n".join(
        [
            f'<rect x="{left}" y="{top}" width="{right - left}" height="40" rx="20" fill="#e6e9ef" '
            f'stroke="{ARROW}" stroke-width="1.5"/>',
            text((left + right) // 2, top + 26, words, "#1d2430"),
        ]
    )


def floor(top: int, colour: str, name: str, words: str) -> str:
    """A box below all rooms, with its name and what it does in one line."""
    return "\n".join(
        [
            f'<rect x="10" y="{top}" width="620" height="52" rx="10" fill="{colour}"/>',
            text(COLUMNS[0] + ROOM_WIDTH // 2, top + 33, name, "#ffffff", size=22, weight=700),
            text((COLUMNS[1] + WIDTH) // 2, top + 32, words, "#ffffff"),
        ]
    )


def text(x: int, y: int, words: str, colour: str, *, size: int = 18, weight: int = 400) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'


def arrow(points: tuple[int, int, int, int], both: bool) -> str:
    """A straight arrow, level or plumb; with `both` it has a head at either end."""
    x1, y1, x2, y2 = points
    heads = head(x2, y2, x2 - x1, y2 - y1) + (head(x1, y1, x1 - x2, y1 - y2) if both else "")
    return f'<path d="M{x1} {y1}L{x2} {y2}"/>{heads}' if not _short(points) else heads


def _short(points: tuple[int, int, int, int]) -> bool:
    return abs(points[2] - points[0]) + abs(points[3] - points[1]) < 18  # two heads fill it


def head(x: int, y: int, dx: int, dy: int) -> str:
    """A triangle with its tip at (x, y), pointing along (dx, dy), one of which is 0."""
    along_x, along_y = (dx > 0) - (dx < 0), (dy > 0) - (dy < 0)
    back_x, back_y = x - 7 * along_x, y - 7 * along_y
    side_x, side_y = 6 * along_y, 6 * along_x
    return (
        f'<path d="M{x} {y}L{back_x - side_x} {back_y - side_y}L{back_x + side_x} {back_y + side_y}Z" '
        f'stroke="none"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(svg(), "utf-8")

"""Puts the pictures of `results/` into the notebooks themselves: ``python -m tools.embed_pictures``.

A notebook travels alone: uploaded to Colab, or opened by ``jupyter lab notebooks/``, whose server shows nothing outside
that folder, it cannot reach ``../results``. Colab shows no attachments either; all programs show a picture whose bytes
stand in the text. The title in the text names the file that it was made of.

Run it after the pictures have changed; `tests/notebooks/test_conventions.py` compares them.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from pathlib import Path

from PIL import Image, ImageSequence

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = re.compile(
    r'!\[(?P<alt>[^\]]*)\]\((?:data:[^)\s]*|\S*?) ?"?(?:\.\./)?(?P<file>results/[^")\s]+)"?\)'
)
KEPT_BYTES, GIF_BYTES = 60_000, 300_000
WIDTH, QUALITY = 800, 82
GIF_WIDTH, MOST_FRAMES = 400, 18


def picture_of(file: str) -> str:
    """The text that shows a file of `results/`: itself if it is small, else a smaller one."""
    path = ROOT / file
    content, kind = path.read_bytes(), path.suffix.lstrip(".")
    if len(content) > KEPT_BYTES:
        content, kind = (_small_gif(path), "gif") if kind == "gif" else (_small_jpeg(path), "jpeg")
    kind = "jpeg" if kind == "jpg" else kind
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()} "{file}"'


def _small_jpeg(path: Path) -> bytes:
    image = Image.open(path).convert("RGB")
    image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, optimize=True)
    return stream.getvalue()


def _small_gif(path: Path) -> bytes:
    from tflhelpers.sharing.gif import write_gif

    gif = Image.open(path)
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)]
    seconds = sum(frame.info.get("duration", 100) for frame in ImageSequence.Iterator(gif)) / 1000
    kept = frames[:: -(-len(frames) // MOST_FRAMES)]
    size = (GIF_WIDTH, round(gif.height * GIF_WIDTH / gif.width))
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / path.name
        resized = [frame.resize(size, Image.Resampling.LANCZOS) for frame in kept]
        write_gif(resized, small, fps=len(kept) / seconds, max_bytes=GIF_BYTES)
        return small.read_bytes()


def embedded(source: str) -> str:
    """Markdown with each picture of `results/` in it."""
    return EMBEDDED.sub(lambda found: f"![{found['alt']}]({picture_of(found['file'])})", source)


def main() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = embedded("".join(cell["source"])).splitlines(keepends=True)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()

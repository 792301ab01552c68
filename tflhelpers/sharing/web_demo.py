"""`export_web_demo`: a folder that shows a detector or classifier at work in any browser, phones' too."""

from __future__ import annotations

import hashlib
import html
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.annotations import Annotations
from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.model.detector import Detector
from tflhelpers.model.nms import IOU_THRESHOLD, MIN_SCORE
from tflhelpers.model.preprocess import HUGE
from tflhelpers.sharing.palette import class_colour, contrast_colour
from tflhelpers.sharing.runtime_download import FILES, PACKAGE, VERSION, fetch_runtime

if TYPE_CHECKING:
    from tflhelpers.sharing.export.classifier import ImageClassifier

WEB = Path(__file__).with_name("web")
MODEL_FILE, SETTINGS_FILE, KEPT_FILE = "model.bin", "model.json", "kept_files.js"
FORMAT_VERSION = 2
MAX_BOXES = 100
SHORT_NAME = 12  # letters that a home screen shows
_COMPANION = '"@litertjs/wasm-utils"'  # what LiteRT.js imports; js/wasm_loader.js stands for it
_NOTICE = f"""LiteRT.js {VERSION} ({PACKAGE}), by Google, under the Apache License, Version 2.0:
https://www.apache.org/licenses/LICENSE-2.0
Source: https://github.com/google-ai-edge/LiteRT
Changed here: index.js imports js/wasm_loader.js in place of the package @litertjs/wasm-utils.
"""


@dataclass(frozen=True)
class WebDemoInfo:
    """What `export_web_demo` wrote. Usable wherever a path is.

    Attributes:
        folder: to open through a server, or to put on one.
        size_bytes: of all its files.
        model_bytes: of the model. A browser loads this, half of the runtime's 19 MB, and little else.
    """

    folder: Path
    size_bytes: int
    model_bytes: int

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        return (
            f"{self.folder}: web page, {self.size_bytes / 1e6:.1f} MB (model {self.model_bytes / 1e6:.1f} MB). "
            f'To open it here: python -m http.server --directory "{self.folder}", then http://localhost:8000. '
            "For a phone's camera, put the folder on a host with https, such as GitHub Pages."
        )


def export_web_demo(
    model: Detector | ImageClassifier,
    folder: str | os.PathLike,
    *,
    title: str | None = None,
    quantize: str | None = "float16",
    images: Annotations | Iterable | None = None,
    runtime: str | os.PathLike | None = None,
    progress: bool = True,
) -> WebDemoInfo:
    """Writes a static web page that finds things in the camera's view and in pictures, on the device itself.

    The folder works from any static host and from `python -m http.server`; nothing is loaded from elsewhere. It can be
    put on a phone's home screen and then works without network. The page finds what `detect` finds.

    Args:
        model: stays as it is.
        folder: made if absent; a page in it is replaced when the new one is whole.
        title: of the page; None for one made of the class names.
        quantize: of `export_tflite`; None is twice as large to load as "float16", and no quicker: small weights are
            made float32 once, when the page is opened.
        images: of `export_tflite`, for a detector: what it is compared on, and for "int8" calibrated on.
        runtime: a folder or .tgz with LiteRT.js, for those without network; see `fetch_runtime`.
        progress: show bars while the runtime is fetched and the model is made.

    Raises:
        FetchError: the runtime could not be had; the message says how to go on without network.
        FileExistsError: the folder holds something else.
        TypeError: `model` is neither a detector nor a classifier, or `title` no text.
        ValueError: `quantize` is none of those that the model can be written in.
        ExportMismatch: the model would not find what the detector finds; nothing was written.
    """
    from tflhelpers.sharing.export.tflite import check_tflite

    folder = Path(folder)
    _check_replaceable(folder)
    if images is not None:
        images = list(images.image_paths if isinstance(images, Annotations) else images)
    check_tflite(model, quantize, "raw", images)
    if not isinstance(title, str | None):
        raise TypeError(f'title must be text, got {type(title).__name__}. Write title="Find my duck".')
    program = fetch_runtime(runtime, progress=progress)
    with scratch_beside(folder) as new:
        shutil.copytree(WEB, new, ignore=shutil.ignore_patterns("__pycache__", ".*"), dirs_exist_ok=True)
        _write_model(model, new, quantize, images, progress)
        _copy_runtime(program, new / "runtime")
        _set_title(new, title or _default_title(model))
        _list_kept(new)
        replace_folder(new, folder)
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    return WebDemoInfo(folder, sum(sizes.values()), sizes[folder / MODEL_FILE])


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / KEPT_FILE).is_file()):
        raise FileExistsError(
            f"{folder} holds something else than a page that export_web_demo wrote. Choose another folder, or empty it."
        )


def _write_model(
    model: Detector | ImageClassifier, folder: Path, quantize: str | None, images, progress: bool
) -> None:
    from tflhelpers.sharing.export.network import warn_of_tiles
    from tflhelpers.sharing.export.tflite import export_tflite
    from tflhelpers.sharing.export.tflite_web import for_browsers

    path = folder / MODEL_FILE
    if isinstance(model, Detector):
        export_tflite(model, path, head="raw", quantize=quantize, images=images, progress=progress)
        warn_of_tiles(model, "The page")
        found = {
            "kind": "detector",
            "threshold": model.threshold,
            "nms": {"iou_threshold": IOU_THRESHOLD, "min_score": MIN_SCORE, "max_boxes": MAX_BOXES},
        }
    else:
        export_tflite(model, path, quantize=quantize, progress=progress)
        found = {"kind": "classifier"}
    travels, packing = for_browsers(path.read_bytes())
    path.write_bytes(travels)
    settings = {
        "format": FORMAT_VERSION,
        **found,
        "class_names": list(model.class_names),
        "colours": [_colours(label) for label in range(len(model.class_names))],
        "image_size": list(model.image_size),
        "resize": {"kernel": "legacy_bilinear", "huge": HUGE},
        "model": {"file": MODEL_FILE, **packing},
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=1, ensure_ascii=False), "utf-8")


def _colours(label: int) -> dict[str, str]:
    fill = class_colour(label)
    return {
        name: "#" + bytes(rgb).hex() for name, rgb in (("fill", fill), ("contrast", contrast_colour(fill)))
    }


def _copy_runtime(program: Path, folder: Path) -> None:
    for name in FILES:
        target = folder / Path(name).relative_to("dist") if name.startswith("dist/") else folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(program / name, target)
    index = folder / "index.js"
    lines = index.read_text("utf-8").replace(_COMPANION, '"../js/wasm_loader.js"').splitlines()
    kept = [line for line in lines if not line.startswith("//# sourceMappingURL")]  # a file that is not there
    index.write_text("\n".join(kept) + "\n", "utf-8")
    (folder / "NOTICE.txt").write_text(_NOTICE, "utf-8")


def _default_title(model: Detector | ImageClassifier) -> str:
    names = list(model.class_names)
    listed = ", ".join(names[:2]) + (" and more" if len(names) > 2 else "")
    return f"Find: {listed}" if isinstance(model, Detector) else f"Which is it: {listed}?"


def _set_title(folder: Path, title: str) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text("utf-8").replace("{{title}}", html.escape(title)), "utf-8")
    path = folder / "manifest.webmanifest"
    manifest = json.loads(path.read_text("utf-8"))
    short = title if len(title) <= SHORT_NAME else f"{title[: SHORT_NAME - 1].rstrip(' ,:')}…"
    manifest |= {"name": title, "short_name": short}
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")


def _list_kept(folder: Path) -> None:
    """Writes the list of what a device keeps, with a version that any change of any file changes."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + hashlib.sha256((folder / name).read_bytes()).digest())
    kept = [
        "./",
        *(name for name in names if not name.startswith("runtime/wasm/") and not name.endswith(".txt")),
    ]
    kept.remove("service_worker.js")  # the browser keeps it itself
    text = json.dumps({"version": digest.hexdigest()[:16], "files": kept}, indent=1)
    (folder / KEPT_FILE).write_text(f"self.KEPT = {text};\n", "utf-8")

"""`Camera`: the widget of `from_camera`. Loaded only when it is used, since it needs anywidget.

The page sends photos as messages `{"kind": "photo", "id": ..., "data": "data:image/jpeg;base64,..."}`, text only: Colab
drops binary parts. Each is answered with its id once it is on the disk; what is not answered the page sends again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tflhelpers.data.collect.photo_store import NotAPhoto, PhotoStore
from tflhelpers.data.collect.report import CollectReport

_HERE = Path(__file__).resolve().parent


class Camera(anywidget.AnyWidget):
    """A camera in the notebook; see `from_camera`."""

    _esm = (_HERE / "camera.js").read_text("utf-8")
    _css = (_HERE / "camera.css").read_text("utf-8")

    kept_where = traitlets.Unicode().tag(sync=True)
    count = traitlets.Int(0).tag(sync=True)
    longest = traitlets.Int(1600).tag(sync=True)

    def __init__(self, store: PhotoStore, *, longest: int) -> None:
        self._store = store
        super().__init__(kept_where=str(store.folder), count=len(store.paths), longest=longest)
        self.on_msg(self._on_message)

    @property
    def paths(self) -> list[Path]:
        """The photos taken so far, those of earlier cameras in this folder first."""
        return self._store.paths

    @property
    def report(self) -> CollectReport:
        """The photos, as the other collectors report theirs."""
        return self._store.report

    def __repr__(self) -> str:
        return f"Camera({len(self.paths)} photos in {self.kept_where})"

    def _on_message(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Do what the page asks. Whatever goes wrong, the page is told, and the kernel goes on."""
        kind = message.get("kind") if isinstance(message, dict) else None
        if kind not in ("photo", "delete_last"):
            return
        photo_id = str(message.get("id"))
        try:
            answer = self._save(message, photo_id) if kind == "photo" else self._delete_last()
        except (NotAPhoto, OSError) as error:
            answer = {"kind": "failed", "reason": f"Not saved: {error}"}
        self.count = len(self.paths)
        self.send({**answer, "id": photo_id})

    def _save(self, message: dict[str, Any], photo_id: str) -> dict[str, Any]:
        return {"kind": "saved", "name": self._store.save(photo_id, str(message.get("data", "")))}

    def _delete_last(self) -> dict[str, Any]:
        return {"kind": "deleted", "name": self._store.delete_last()}

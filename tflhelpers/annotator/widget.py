"""`Annotator`: the widget that a notebook shows, and its side of the conversation with the page.

The page asks with messages `{"kind": ..., "ticket": ...}`, JSON only, and each answer repeats the ticket. What is
small and concerns the whole set is in synchronised traits, which only this side writes, but for `position`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tflhelpers.annotator import contents
from tflhelpers.annotator.label_store import LabelStore, NotSaved
from tflhelpers.annotator.modules import style, widget_module
from tflhelpers.annotator.page import write_page
from tflhelpers.annotator.picture_feed import PictureFeed
from tflhelpers.annotator.picture_list import list_pictures, name_pictures
from tflhelpers.annotator.proposals import Proposals, Suggester
from tflhelpers.annotator.worker import Worker
from tflhelpers.data.annotations import Annotations
from tflhelpers.progress import progress_bar

Message = dict[str, Any]


class Annotator(anywidget.AnyWidget):
    """Draw boxes on pictures, in the notebook. Every change is saved to `path` automatically.

    To show it, make it the last line of a cell. It shows the boxes that are already in `path`. Pictures, classes and
    fields of that file that it does not show are kept. In the widget, `?` lists the keys.

    Args:
        images: A folder, a pattern like `"photos/*.jpg"`, a list of picture files, or `Annotations`. The boxes of
            `Annotations` are used for pictures that `path` does not mention.
        class_names: The classes, as a list or like `"duck, cup"`; None for those of `path` or of the `Annotations`.
            You can add more while drawing.
        path: The COCO JSON file to keep boxes in; `Annotations.load` reads it. The first change creates it.
        suggest: A detector that proposes boxes (with dashed lines) on pictures without any; you can set it later, too.

    Raises:
        ValueError: If there is no picture or no class, or if you give anything but files, such as arrays.
        AnnotationError: If `path` cannot be used and no classes are given.

    Example:
        >>> annotator = Annotator(tfl.samples.duck_photos(), path="annotations.json")  # doctest: +SKIP
        >>> annotator.annotations  # doctest: +SKIP
        Annotations(1 class, 5 pictures, 5 boxes)
    """

    _esm = widget_module()
    _css = style()

    set_name = traitlets.Unicode().tag(sync=True)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    states = traitlets.Unicode().tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)
    can_suggest = traitlets.Bool(False).tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        images: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Annotations,
        class_names: Sequence[str] | str | None = None,
        path: str | os.PathLike[str] = "annotations.json",
        *,
        suggest: Suggester | None = None,
    ) -> None:
        file = Path(os.path.abspath(path))
        self._paths = list_pictures(images)
        self._names = name_pictures(self._paths, file.parent)
        start = images if isinstance(images, Annotations) else None
        self._store = LabelStore(file, self._paths, _checked_names(class_names), start=start)
        self._feed = PictureFeed(self._paths)
        self._background = Worker("tflhelpers pictures")
        self._proposals = Proposals(self._paths, self._tell)
        self._proposals.detector = suggest
        self._kept_where = str(path)
        self._broken: set[int] = set()
        self._sync_lock = threading.RLock()
        super().__init__(
            set_name=f"{file.name}-{hashlib.sha256(str(file).encode()).hexdigest()[:8]}",
            class_names=self._store.class_names,
            states=self._store.states(),
            can_suggest=suggest is not None,
            notice=self._store.notice,
        )
        self.on_msg(self._on_message)

    @property
    def annotations(self) -> Annotations:
        """The pictures labelled so far: those with boxes, and those marked "nothing here"."""
        self._store.refresh()
        return self._store.labelled()

    @property
    def suggest(self) -> Suggester | None:
        """The detector that proposes boxes; None proposes none. Set it any time."""
        return self._proposals.detector

    @suggest.setter
    def suggest(self, detector: Suggester | None) -> None:
        self._proposals.detector = detector
        self._set(can_suggest=detector is not None)
        index = self.position
        if (
            detector is not None
            and 0 <= index < len(self._paths)
            and contents.is_todo(self._store.content(index))
        ):
            self._propose(index, ticket=None)

    def to_html(self, path: str | os.PathLike[str], *, progress: bool = True) -> Path:
        """Write the annotator as one self-contained web page, for places where no widget can run.

        The page holds the pictures (at most 1280 pixels on the long side) and the boxes drawn so far. Its button
        downloads `annotations.json`, which `Annotations.load` reads.

        Args:
            path: Where to write the page.
            progress: Show a bar where it takes longer than two seconds.

        Returns:
            The page's path.
        """
        self._store.refresh()
        total = len(self._paths)
        with progress_bar(total, "Writing the page", enabled=progress, delay=2) as bar:
            return write_page(
                Path(path),
                self._set_description(),
                (bar.counted(self._picture(index)) for index in range(total)),
                file=self._store.document(),
                file_names=self._store.file_names(),
            )

    def __repr__(self) -> str:
        done = sum(state != "t" for state in self._store.states())
        return f"Annotator({done} of {len(self._paths)} pictures done, kept in {self._kept_where})"

    # ---- the conversation

    def _on_message(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Answer a message of the page. Whatever goes wrong, the page is told, and the kernel goes on."""
        kind = message.get("kind") if isinstance(message, dict) else None
        handler = getattr(self, f"_on_{kind}", None) if kind in _KINDS else None
        if handler is None:
            return
        try:
            answer = handler(message)
        except NotSaved as error:
            answer = _not_saved(message, str(error))
        except Exception as error:
            answer = _not_saved(message, f"{type(error).__name__}: {error}")
            self._tell(f"Something went wrong in the kernel: {error}")
        if answer is not None:
            self._answer(message, answer)
        self._show_state()

    def _on_hello(self, message: Message) -> Message:
        self._store.refresh()
        return {"kind": "welcome", "set": self._set_description()}

    def _on_open(self, message: Message) -> Message:
        index = self._index(message["index"])
        self._store.refresh()
        picture = self._picture(index)
        following = message.get("next")
        if isinstance(following, int) and 0 <= following < len(self._paths):
            self._background.do(lambda: self._fetch(following))
        return {"kind": "picture", "picture": picture}

    def _on_thumbnail(self, message: Message) -> None:
        index = self._index(message["index"])
        self._background.do(lambda: self._send_thumbnail(index, message))

    def _on_change(self, message: Message) -> Message:
        name = message.get("name")
        if name not in self._names:
            return _not_saved(message, f"{name} is not among the pictures of this annotator.")
        index = self._names.index(name)
        try:
            saved = self._store.change(
                index, message.get("content"), message.get("bases") or [], self._feed.size(index)
            )
        except ValueError as error:
            return _not_saved(message, str(error))
        return {
            "kind": "saved",
            "name": name,
            "content": saved.content,
            "merged": saved.merged,
            "notice": saved.notice,
        }

    def _on_classes(self, message: Message) -> Message:
        try:
            if "rename" in message:
                old, new = message["rename"]
                self._store.rename_class(old, new)
            else:
                self._store.add_class(message.get("add"))
        except ValueError as error:
            return _not_saved(message, str(error))
        return {"kind": "classes_saved", "class_names": self._store.class_names}

    def _on_propose(self, message: Message) -> None:
        self._propose(self._index(message["index"]), message.get("ticket"))

    # ---- what is told

    def _set_description(self) -> dict[str, Any]:
        return {
            "name": self.set_name,
            "class_names": self._store.class_names,
            "names": self._names,
            "states": self._states(),
            "position": self.position,
            "can_suggest": self.suggest is not None,
            "kept_where": self._kept_where,
        }

    def _picture(self, index: int) -> dict[str, Any]:
        shown = self._feed.open(index)
        self._mark(index, broken=shown.error is not None)
        height, width = shown.size
        return {
            "index": index,
            "name": self._names[index],
            "url": shown.url,
            "width": width,
            "height": height,
            "content": self._store.content(index),
            "error": shown.error,
        }

    def _propose(self, index: int, ticket: Any) -> None:
        def answer(boxes: list[dict[str, Any]]) -> None:
            self._answer({"ticket": ticket}, {"kind": "proposals", "index": index, "boxes": boxes})

        self._proposals.ask(index, self._store.class_names, answer)

    def _fetch(self, index: int) -> None:
        self._mark(index, broken=self._feed.open(index).error is not None)

    def _send_thumbnail(self, index: int, message: Message) -> None:
        url = self._feed.thumbnail(index)
        self._mark(index, broken=url is None)
        self._answer(message, {"kind": "thumbnail", "url": url})
        with self._sync_lock:
            self._set(states=self._states())

    def _answer(self, message: Message, answer: Message) -> None:
        ticket = message.get("ticket")
        self.send(answer if ticket is None else {**answer, "ticket": ticket})

    def _tell(self, sentence: str) -> None:
        self._set(notice=sentence)

    def _mark(self, index: int, *, broken: bool) -> None:
        with self._sync_lock:
            (self._broken.add if broken else self._broken.discard)(index)

    def _states(self) -> str:
        with self._sync_lock:
            states = enumerate(self._store.states())
            return "".join("x" if index in self._broken else state for index, state in states)

    def _show_state(self) -> None:
        with self._sync_lock:  # whoever comes last shows what is true last
            notice, self._store.notice = self._store.notice, ""
            self._set(class_names=self._store.class_names, states=self._states())
            if notice:
                self._set(notice=notice)

    def _set(self, **values: Any) -> None:
        """Set traits; the threads do so too, and notebook programs may handle messages in threads."""
        with self._sync_lock:
            for name, value in values.items():
                setattr(self, name, value)

    def _index(self, index: Any) -> int:
        if not isinstance(index, int) or not 0 <= index < len(self._paths):
            raise ValueError(f"expected a picture from 0 to {len(self._paths) - 1}, got {index!r}")
        return index


_KINDS = ("hello", "open", "thumbnail", "change", "classes", "propose")


def _not_saved(message: Message, reason: str) -> Message:
    return {"kind": "not_saved", "name": message.get("name"), "reason": reason}


def _checked_names(class_names: Sequence[str] | str | None) -> list[str] | None:
    """Return the names as `Annotations` takes them, or None.

    Raises:
        ValueError: If one is empty or comes twice.
    """
    if isinstance(class_names, str):
        class_names = [name.strip() for name in class_names.split(",")]
    return None if class_names is None else list(Annotations.from_items(class_names, ()).class_names)

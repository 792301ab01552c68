"""One progress bar for the whole package: tqdm's.

Every loop that may take longer than two seconds wears one::

    with progress_bar(len(paths), "Detecting") as bar:
        for path in paths:
            ...
            bar.update()
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Value = TypeVar("Value")


class ProgressBar:
    """What `progress_bar` hands out. It counts also when nothing is shown."""

    def __init__(self, bar: Any | None = None) -> None:
        self.count = 0
        self._bar: Any = None if bar is None or bar.disable else bar  # TQDM_DISABLE=1
        self._began = 0.0 if self._bar is None else self._bar.start_t
        self._counts_time = False
        self._earlier = 0

    def update(self, n: int = 1) -> None:
        """Count `n` more steps as done.

        The time left is judged from the second call on: before the first one networks are compiled.
        """
        self.count += n
        if self._bar is not None and self._counts_time:
            self._bar.update(n)
        elif self._bar is not None:
            self._bar.unpause()
            self._show_untimed(n)
        self._counts_time = True

    def counted(self, value: Value) -> Value:
        """Count one more step as done, and return `value`: for steps that are an expression."""
        self.update()
        return value

    def resume(self, n: int) -> None:
        """Show `n` steps as done in an earlier call, which say nothing of the time left."""
        self.count += n
        self._earlier += n
        if self._bar is not None:
            self._show_untimed(n)

    def _show_untimed(self, n: int) -> None:
        self._bar.n += n
        self._bar.initial += n
        self._bar.last_print_n += n
        if n and self._bar.last_print_t >= self._began + self._bar.delay:
            self._bar.refresh()

    def finish(self) -> None:
        """Let the bar end with the time and the speed of all steps of this call, the first ones too."""
        if self._bar is not None:
            self._bar.start_t = self._began
            self._bar.initial = self._earlier

    def set_total(self, total: int | None) -> None:
        """Say how many steps there will be, where that was not known at first."""
        if self._bar is not None and self._bar.total != total:
            self._bar.total = total
            _make_room_for_total(self._bar)
            self._bar.refresh()

    def set_text(self, **postfix: Any) -> None:
        """Show values behind the bar, e.g. `bar.set_text(loss=0.31, matched=12)`."""
        if self._bar is not None:
            self._bar.set_postfix(**postfix)


@contextmanager
def progress_bar(
    total: int | None, description: str, *, enabled: bool = True, delay: float = 0.0
) -> Iterator[ProgressBar]:
    """Show a bar while the block runs; close it also when the block raises.

    Args:
        total: number of steps, None if nobody knows.
        description: what is being done, a few words.
        enabled: False shows nothing.
        delay: seconds before the bar appears; work that ends sooner shows none.

    Yields:
        A `ProgressBar`; `update` and `set_text` always work, also when nothing is shown.
    """
    if not enabled:
        yield ProgressBar()
        return
    with _tqdm()(total=total, desc=description, delay=delay) as bar:
        shown = ProgressBar(bar)
        try:
            yield shown
        finally:
            shown.finish()


def _make_room_for_total(bar: Any) -> None:
    """A notebook's bar that began without a total is short, and full from its first step on."""
    if hasattr(bar, "container"):
        _, shown, _ = bar.container.children
        shown.max, shown.layout.width = bar.total, None


def _tqdm() -> type:
    """The bar that fits the place, notebook or terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "IProgress not found": the text bar does as well
        from tqdm.auto import tqdm
    return tqdm

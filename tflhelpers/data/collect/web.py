"""`from_csv`: pictures from a list of addresses."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.collect.collector import Collector, LeftOut, Prepared
from tflhelpers.data.collect.http_get import Fetcher, FetchLimits, Unavailable
from tflhelpers.data.collect.names import safe_name, stem_of_address, stem_of_file
from tflhelpers.data.collect.perceptual_hash import PerceptualHash
from tflhelpers.data.collect.picture_kinds import heic_is_readable
from tflhelpers.data.collect.report import CollectReport
from tflhelpers.data.collect.url_list import BadRow, Row, read_url_list
from tflhelpers.data.images import ImageError, image_size, read_image
from tflhelpers.files.prefetch import AHEAD_A_THREAD, prefetch_each
from tflhelpers.progress import progress_bar

_DECODERS = 2  # pictures that are decoded at a time: each may need some hundred megabytes


def from_csv(
    urls_csv: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    url_column: str | int | None = None,
    name_column: str | int | None = None,
    class_column: str | int | None = None,
    distinct: bool = True,
    max_bytes: int = 30_000_000,
    max_megapixels: float = 64.0,
    min_side: int = 32,
    allow_private: bool = False,
    threads: int = 8,
    timeout_s: float = 20.0,
    attempts: int = 4,
    retry_skipped: bool = False,
    progress: bool = True,
) -> CollectReport:
    """Fetch the pictures of a list of addresses into a folder, as they are.

    Run it again to go on where it was stopped: what is there is not fetched again, what failed on the way is.
    A server's word about a file counts for nothing: each is decoded. Addresses on your own network are refused,
    also behind redirects. Proxies that the environment names are not used.

    Args:
        urls_csv: A CSV with a column of addresses, or a text file with one a line.
        folder: Where the pictures go.
        url_column: The column of addresses, by name or number from 0; default the one that holds most.
        name_column: The column of file names; default one that is called so; else names come from the addresses.
        class_column: A column of classes: each picture goes into a folder of that name. Default: no such folders.
        distinct: Leave out copies, at whatever size, quality or format, of a picture that is there already.
        max_bytes: Larger files are left out.
        max_megapixels: Larger pictures are left out.
        min_side: Pictures with a side below so many pixels are left out.
        allow_private: Also ask machines on your own network.
        threads: How many are fetched at a time.
        timeout_s: Longest silence of a server.
        attempts: How often an address is tried.
        retry_skipped: Also try what an earlier run has left out for good, and what you removed since.
        progress: Show a bar.

    Returns:
        What was kept, and for each line that was not, why.

    Raises:
        FileNotFoundError: If there is no such list.
        ValueError: If it holds no address or has no such column.
        BusyFolder: If another program is collecting into the folder.

    Example:
        `print(collect.from_csv("urls.csv", "photos"))`
    """
    rows = read_url_list(
        Path(urls_csv), url_column=url_column, name_column=name_column, class_column=class_column
    )
    limits = FetchLimits(max_bytes, timeout_s, attempts=attempts, allow_private=allow_private)
    settings = f"csv {max_bytes} {max_megapixels:g} {min_side} {allow_private} {heic_is_readable()}"
    with Collector(
        Path(folder),
        str(urls_csv),
        settings=settings,
        distinct=distinct,
        retry_skipped=retry_skipped,
        progress=progress,
    ) as collector:
        gather = _Gatherer(collector, Fetcher(limits), max_megapixels, min_side)
        with progress_bar(len(rows), "Fetching pictures", enabled=progress) as bar:
            for _ in gather.all_of(rows, threads):
                bar.update()
        return collector.report()


@dataclass
class _Gatherer:
    """Fetches rows in threads, and settles them in their order."""

    collector: Collector
    fetcher: Fetcher
    max_megapixels: float
    min_side: int

    def __post_init__(self) -> None:
        self._decoding = threading.Semaphore(_DECODERS)

    def all_of(self, rows: list[Row | BadRow], threads: int) -> Iterator[None]:
        """Settle every row; yields after each."""
        jobs, stop = _first_of_each(rows), self.fetcher.stop
        results = prefetch_each(
            self._prepare, jobs, ahead=AHEAD_A_THREAD * threads, threads=threads, stop=stop
        )
        try:
            for (row, first), result in results:
                self._settle(row, first, result)
                yield
        finally:
            results.close()

    def _prepare(self, job: tuple[Row | BadRow, int]) -> Prepared | None:
        """Fetch and check one picture; None where there is nothing to fetch. Runs in a thread."""
        row, first = job
        if isinstance(row, BadRow) or first != row.line or self.collector.is_settled(_key(row)):
            return None
        file = self.collector.staged(_key(row))
        for attempt in itertools.count():
            if self.fetcher.stop.is_set():
                raise LeftOut("interrupted", "stopped by you", passing=True)
            try:
                return self._fetch_and_check(row, file)
            except LeftOut as left_out:
                if self.fetcher.stop.is_set():
                    raise  # the file may by now be that of the next run
                file.unlink(missing_ok=True)
                if not left_out.passing:
                    raise
                if attempt + 1 >= self.fetcher.attempts_for(row.url):
                    self.fetcher.give_up(row.url, left_out)
                    raise
                self.fetcher.wait(attempt, left_out.wait_s if isinstance(left_out, Unavailable) else None)
        raise AssertionError("not reached")

    def _fetch_and_check(self, row: Row, file: Path) -> Prepared:
        fetched = self.fetcher.fetch(row.url, file)
        try:
            with self._decoding:
                look = self._check(file)
        except ImageError as error:
            reason = str(error).removeprefix(f"{file}: ")
            # Where nobody said how long the file is, a picture that is cut may be a connection that was.
            raise LeftOut("not a picture", reason, passing=not fetched.whole) from None
        stem = stem_of_file(row.name) if row.name else stem_of_address(row.url)
        subfolder = safe_name(row.class_name) if row.class_name else ""
        return Prepared(file, stem, fetched.ending, fetched.sha256, look, subfolder=subfolder)

    def _check(self, file: Path) -> PerceptualHash:
        height, width = image_size(file)
        if height * width > self.max_megapixels * 1e6:
            reason = f"{width} x {height} pixels; max_megapixels= allows more than {self.max_megapixels:g}"
            raise LeftOut("too large", reason)
        if min(height, width) < self.min_side:
            raise LeftOut(
                "too small", f"{width} x {height} pixels; min_side= allows less than {self.min_side}"
            )
        return PerceptualHash.of(read_image(file))

    def _settle(self, row: Row | BadRow, first: int, result: Callable[[], Prepared | None]) -> None:
        where = f"line {row.line}"
        if isinstance(row, BadRow):
            self.collector.mention(where, row.cell, "bad row", row.reason)
            return
        if first != row.line:
            reason = f"the same address as line {first}"
            self.collector.mention(where, row.url, "repeated address", reason)
            return
        try:
            prepared = result()
        except LeftOut as left_out:
            self.collector.leave(_key(row), where, row.url, left_out)
            return
        if prepared is None:
            self.collector.settle_again(_key(row), where, row.url)
        else:
            self.collector.settle(_key(row), where, row.url, prepared)


def _first_of_each(rows: list[Row | BadRow]) -> Iterator[tuple[Row | BadRow, int]]:
    """Pairs (row, line where its address stands first)."""
    seen: dict[str, int] = {}
    for row in rows:
        yield row, row.line if isinstance(row, BadRow) else seen.setdefault(row.url, row.line)


def _key(row: Row) -> str:
    return f"url {row.url}"

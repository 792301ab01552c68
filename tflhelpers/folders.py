"""The folders of a project: where photos, trained models and results lie."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProjectFolders:
    """The folders of one project.

    Attributes:
        folder: The project folder.
        in_colab: Whether this runs in Google Colab.
        on_drive: Whether the folder is on Google Drive, where it outlives the session.
        notes: What a person should know, one sentence each; empty when all went well.
    """

    folder: Path
    in_colab: bool = False
    on_drive: bool = False
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        """Where GIFs, pictures and tables go."""
        return self.folder / "results"

    @property
    def data(self) -> Path:
        """Where your photos and their ``annotations.json`` lie."""
        return self.folder / "data"

    @property
    def models(self) -> Path:
        """Where trained detectors are kept, a folder each."""
        return self.folder / "models"

    def make(self) -> None:
        """Make the folders that are missing.

        Raises:
            OSError: If one cannot be made; the message says where and what to do.
        """
        for folder in (self.data, self.models, self.results):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise type(error)(
                    f"The project folder cannot be made: {folder} ({error.strerror or error}). "
                    "Start from a folder that you may write in, or give one as open_project(parent=...)."
                ) from error

    def __str__(self) -> str:
        rows = [f"{name:8} {what}" for name, what in self._table()]
        return "\n".join([*rows, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        cell = "<td style='text-align:left'>"
        rows = "".join(
            f"<tr>{cell}<b>{name}</b></td>{cell}{html.escape(what)}</td></tr>" for name, what in self._table()
        )
        notes = "".join(f"<p><b>Note:</b> {html.escape(note)}</p>" for note in self.notes)
        return f"<table>{rows}</table>{notes}"

    def _table(self) -> list[tuple[str, str]]:
        kept = "on Google Drive, kept when the session ends" if self.on_drive else "on this machine"
        if self.in_colab and not self.on_drive:
            kept = "on Colab's own disk: gone when the session ends, so download what you want to keep"
        return [
            ("project", f"{self.folder} ({kept})"),
            ("data", f"{self.data} (photos and annotations.json)"),
            ("models", f"{self.models} (trained detectors)"),
            ("results", f"{self.results} (GIFs, pictures, tables)"),
        ]

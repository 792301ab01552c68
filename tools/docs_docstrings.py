"""Reads our docstrings for the documentation site: `Example:` with code, and Sphinx' roles as plain names.

Griffe, which mkdocstrings reads the package with, calls `on_package` (see `extensions` in mkdocs.yml).
"""

from __future__ import annotations

import re

import griffe

EXAMPLE = re.compile(r"^(\s*)Example:[ ]*$", re.M)
ROLE = re.compile(r":(?:func|class|meth|mod|data):`~?([\w.]+)`")


class OurDocstrings(griffe.Extension):
    """Turns every docstring of the package into what Griffe's parser knows."""

    def on_package(self, *, pkg: griffe.Module, **_) -> None:
        self._turn(pkg)

    def _turn(self, found: griffe.Object) -> None:
        if found.docstring:
            found.docstring.value = as_griffe_knows_it(found.docstring.value)
        for member in found.members.values():
            if not member.is_alias:
                self._turn(member)


def as_griffe_knows_it(docstring: str) -> str:
    """The docstring with `Examples:` for `Example:`, and names in backquotes for roles.

    Example:
        >>> as_griffe_knows_it("From :func:`tflhelpers.open_project`.")
        'From `tflhelpers.open_project`.'
    """
    return ROLE.sub(r"`\1`", EXAMPLE.sub(r"\1Examples:", docstring))

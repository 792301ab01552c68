"""Joins the annotator's JavaScript modules into one, for places that load one text only.

The modules in `js/` are plain ES modules, and a browser can load them as they are. A widget hands its front
end a single text, and a page that opens from disk may not load files beside it: both get the modules one after
the other, what is imported before what imports it, without import lines and the word `export`. That is only
right because the modules keep to a few forms, which are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WIDGET_ENTRY = "annotator.js"
PAGE_ENTRY = "page_main.js"

_IMPORT = re.compile(r'^import \{\s*((?:[\w$]+,\s*)*[\w$]+),?\s*\} from "\./([\w.]+\.js)";\n?', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.M)
_DEFAULT = re.compile(r"^export default \{", re.M)
_OTHER_FORM = re.compile(r"^(?:import|export)\b.*", re.M)
_TOP_LEVEL = re.compile(r"^(export )?(?:async )?(?:function\*?|class|const|let|var)\s+([\w$]+|[{\[].*)", re.M)


@lru_cache(maxsize=1)
def widget_module() -> str:
    """The JavaScript of the widget as one ES module, whose default export has `render`."""
    return join_modules(FOLDER / "js", WIDGET_ENTRY)


@lru_cache(maxsize=1)
def page_module() -> str:
    """The JavaScript of the self-contained page as one ES module, which starts by itself."""
    return join_modules(FOLDER / "js", PAGE_ENTRY)


@lru_cache(maxsize=1)
def style() -> str:
    """The annotator's CSS."""
    return (FOLDER / "annotator.css").read_text("utf-8")


def join_modules(folder: Path, entry: str) -> str:
    """Return one ES module that does what `entry` and all it imports do.

    Args:
        folder: Where the modules lie.
        entry: The file name of the module to begin with; only this one may have `export default {`.

    Raises:
        ValueError: If a module is missing or uses a form that cannot be joined, modules import each other in
            a circle, a name is imported that is not exported, or two modules define the same name.
    """
    sources = _load_in_order(folder, entry)
    _check_forms(sources, entry)
    _check_names(sources)
    parts = [
        f"// ---- {name} ----\n{_EXPORT.sub('', _IMPORT.sub('', text))}" for name, text in sources.items()
    ]
    return "\n".join(parts)


def _load_in_order(folder: Path, entry: str) -> dict[str, str]:
    """Return the text of each module needed, what is imported before what imports it."""
    found: dict[str, str] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " -> ".join([*above[above.index(name) :], name])
            raise ValueError(
                f"expected imports that point one way, got a circle: {circle}. Move what both need."
            )
        if name in found:
            return
        path = folder / name
        if not path.is_file():
            raise ValueError(
                f"{above[-1] if above else folder}: expected the module {name}, found no such file."
            )
        text = path.read_text("utf-8")
        for match in _IMPORT.finditer(text):
            visit(match[2], (*above, name))
        found[name] = text

    visit(entry, ())
    return found


def _check_forms(sources: dict[str, str], entry: str) -> None:
    for name, text in sources.items():
        rest = _EXPORT.sub("", _IMPORT.sub("", text))
        if name == entry:
            rest = _DEFAULT.sub("", rest, count=1)
        other = _OTHER_FORM.search(rest)
        if other:
            raise ValueError(
                f'{name}: expected `import {{ a, b }} from "./x.js";` or `export function|const|class`, '
                f"got `{other[0]}`. Other forms cannot be joined."
            )


def _check_names(sources: dict[str, str]) -> None:
    home: dict[str, str] = {}
    exported: dict[str, set[str]] = {}
    for name, text in sources.items():
        exported[name] = set()
        for match in _TOP_LEVEL.finditer(text):
            word = match[2]
            if word[0] in "{[":
                raise ValueError(f"{name}: expected one name a top-level declaration, got `{word}`.")
            if word in home:
                raise ValueError(f"{name}: the name {word} is taken by {home[word]}. Rename one of the two.")
            home[word] = name
            if match[1]:
                exported[name].add(word)
    for name, text in sources.items():
        for match in _IMPORT.finditer(text):
            _check_imported(name, _words(match[1]), match[2], exported[match[2]])


def _words(listed: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", listed) if word]


def _check_imported(name: str, wanted: Iterable[str], source: str, exported: set[str]) -> None:
    missing = sorted(set(wanted) - exported)
    if missing:
        known = ", ".join(sorted(exported)) or "nothing"
        raise ValueError(f"{name}: {source} does not export {', '.join(missing)}; it exports {known}.")

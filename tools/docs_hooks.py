"""What the documentation site does that MkDocs does not: the reference's names, and links to files outside docs/.

MkDocs calls the functions `on_...` (see `hooks` in mkdocs.yml). What is wrong is logged as a warning, which
`mkdocs build --strict` counts as an error.
"""

from __future__ import annotations

import ast
import logging
import os
import posixpath
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tflhelpers  # noqa: E402
from tflhelpers.address import BRANCH, REPOSITORY  # noqa: E402

log = logging.getLogger("mkdocs.hooks.docs")

API = re.compile(r"<!-- api: ([\w ]+) -->")
NAMES = "<!-- all names -->"
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
SHOWN = {
    ".gif",
    ".png",
    ".jpg",
    ".svg",
}  # files outside docs/ that the site takes along when a page shows them


def homes() -> Mapping[str, str]:
    """Public name -> its module, in the order of `tflhelpers/__init__.py`."""
    return tflhelpers._HOMES


def room_of(module: str) -> str:
    """The room that a module lies in.

    Example:
        >>> room_of("data.formats.voc")
        'data'
    """
    return module.partition(".")[0]


def reference_of(rooms: list[str]) -> str:
    """The directives of mkdocstrings for all public names of some rooms."""
    parts = []
    named = {room_of(module) for module in homes().values()}
    for room in rooms:
        if room not in named:  # a room without names at the front door is described as a whole
            parts.append(module_with_names(room))
    for name, module in homes().items():
        if room_of(module) not in rooms:
            continue
        if is_its_home(name, module):
            parts.append(module_with_names(module))
        else:
            parts.append(f"::: tflhelpers.{module}.{name}\n")
    return "\n".join(parts)


def module_with_names(module: str) -> str:
    """The directives for a package's own docstring and all that its `__all__` names."""
    inner = [f"::: {path}\n    options:\n      heading_level: 3\n" for path in exported_by(module)]
    return "\n".join([f"::: tflhelpers.{module}\n    options:\n      members: false\n", *inner])


def is_its_home(name: str, module: str) -> bool:
    """Whether a public name is a module of functions itself, as `collect` and `samples` are."""
    return module == name or (module.endswith(f".{name}") and _source(module).name == "__init__.py")


def _source(module: str) -> Path:
    """The file of a module or package."""
    path = ROOT / "tflhelpers" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def exported_by(module: str) -> list[str]:
    """Where that lives which a package's `__all__` names, in its order; the package is read, not imported.

    A name may be that of a file, too, so that it is looked up where it comes from.
    """
    tree = ast.parse(_source(module).read_text("utf-8"))
    for_checkers = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    imports = [node for node in (*tree.body, *for_checkers) if isinstance(node, ast.ImportFrom)]
    homes_of = {alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    tables = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return [homes_of[name] for name in ast.literal_eval(tables.get("_HOMES", tables["__all__"]))]


def table_of_names(pages: Mapping[str, str]) -> str:
    """All public names with the first sentence of each, linked to the page of its room."""
    rows = ["| name | what it is |", "|---|---|"]
    for name, module in homes().items():
        anchor = f"tflhelpers.{module}" if is_its_home(name, module) else f"tflhelpers.{module}.{name}"
        shown = name.replace("_", "_<wbr>")  # on a phone a long name may go on in the next line
        page = f"{pages[room_of(module)]}#{anchor}"
        rows.append(f"| [<code>{shown}</code>]({page}) | {first_sentence(module, name)} |")
    return "\n".join(rows)


def first_sentence(module: str, name: str) -> str:
    """The first sentence of a docstring, as a table's cell."""
    import griffe

    found = _package(griffe)[module if is_its_home(name, module) else f"{module}.{name}"]
    text = found.docstring.value if found.docstring else ""
    sentence = " ".join(text.split("\n\n")[0].split())
    if not sentence:
        log.warning("%s.%s has no docstring", module, name)
    return sentence.replace("|", "\\|")


_loaded: list = []


def _package(griffe):
    if not _loaded:
        _loaded.append(griffe.load("tflhelpers", search_paths=[str(ROOT)]))
    return _loaded[0]


def pages_of_rooms(docs: Path) -> dict[str, str]:
    """Room -> the page of docs/reference that describes it."""
    found = {}
    for page in sorted((docs / "reference").glob("*.md")):
        for rooms in API.findall(page.read_text("utf-8")):
            found.update(dict.fromkeys(rooms.split(), page.name))
    return found


def linked_from(markdown: str, page_uri: str, docs: Path, shown: set[str]) -> str:
    """Turn links to files of the repository outside docs/ into ones that work on the site.

    Args:
        markdown: of the page.
        page_uri: where the page lies in docs/, such as `how_to/batman.md`.
        docs: the folder docs/.
        shown: gathers the pictures outside docs/ that the site has to take along, as paths from the root.
    """

    def turned(found: re.Match) -> str:
        is_picture, text, target = found.groups()
        address = urlsplit(target)
        if address.scheme or address.netloc or not address.path:
            return found[0]
        file = Path(os.path.normpath((docs / page_uri).parent / address.path))
        if file.is_relative_to(docs):
            return found[0]  # MkDocs checks these
        if not file.exists():
            log.warning("%s links to %s, which is not in the repository", page_uri, target)
            return found[0]
        inside = file.relative_to(docs.parent).as_posix()
        if file.suffix in SHOWN:
            shown.add(inside)
            return f"{is_picture}[{text}]({posixpath.relpath(inside, posixpath.dirname(page_uri) or '.')})"
        if not REPOSITORY:
            if text.startswith("`") or text == file.stem:  # says already what it is called
                return f"`{text.strip('`')}`"
            return f"{text} (`{inside}`)"
        return f"[{text}](https://github.com/{REPOSITORY}/blob/{BRANCH}/{inside})"

    return LINK.sub(turned, markdown)


# ------------------------------------------------------------------------------------------ what MkDocs calls


def on_files(files, *, config):
    """Take along the pictures outside docs/ that pages show, and see that every room has its page."""
    from mkdocs.structure.files import File

    docs = Path(config.docs_dir)
    shown: set[str] = set()
    for file in files.documentation_pages():
        linked_from(Path(file.abs_src_path).read_text("utf-8"), file.src_uri, docs, shown)
    for path in sorted(shown):
        files.append(File(path, str(docs.parent), config.site_dir, config.use_directory_urls))
    described = pages_of_rooms(docs)
    for name, module in homes().items():
        if room_of(module) not in described:
            log.warning(
                "tfl.%s is not in the reference: write <!-- api: %s --> into a page of docs/reference.",
                name,
                room_of(module),
            )
    return files


def on_page_markdown(markdown, *, page, config, files):
    """Put the reference's names into their places, and turn links to files outside docs/."""
    docs = Path(config.docs_dir)
    if NAMES in markdown:
        markdown = markdown.replace(NAMES, table_of_names(pages_of_rooms(docs)))
    markdown = API.sub(lambda found: reference_of(found[1].split()), markdown)
    return linked_from(markdown, page.file.src_uri, docs, set())

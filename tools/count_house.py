"""Counts what should be few in the package: names, lines, circles, engines of one kind, copies.

    python tools/count_house.py             # a table, one count a line
    python tools/count_house.py --list      # below each count what was counted
    python tools/count_house.py --of DIR    # the package of another checkout

Everything is read from the sources; the package is not imported.
"""

from __future__ import annotations

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
ENTRANCE = "tflhelpers.training.fine_tune"
EQUAL_LINES = 12
_RENAMES = {"os.replace", "os.rename", "os.renames", "shutil.move"}
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, *_Function)


@dataclass(frozen=True)
class Import:
    """One module that a module imports, and when: always, for type checkers only, or late, in a function."""

    module: str
    when: str


@dataclass
class Module:
    """One file of the package."""

    name: str
    source: str
    is_package: bool
    imports: list[Import] = field(default_factory=list)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def room(self) -> str:
        return self.name.split(".")[1] if "." in self.name else self.name

    @cached_property
    def code(self) -> list[tuple[int, str]]:
        """(Line number, stripped line) of each line that is neither blank, comment nor docstring."""
        left_out = set(_docstring_lines(self.tree))
        lines = enumerate(self.source.splitlines(), start=1)
        return [
            (number, line.strip())
            for number, line in lines
            if number not in left_out and line.strip() and not line.strip().startswith("#")
        ]


def read_house(home: Path) -> dict[str, Module]:
    """Name -> module of the package `tflhelpers` below `home`."""
    house = {}
    for path in sorted((home / "tflhelpers").rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        house[name] = Module(name, path.read_text("utf-8"), is_package)
    for module in house.values():
        module.imports = list(_imports(module, house))
    return house


def public_names(house: dict[str, Module]) -> list[str]:
    """The names that `tflhelpers` hands out: the keys of the table that its `__all__` is made of."""
    homes = _homes(house["tflhelpers"])
    if homes is None:
        raise SystemExit("tflhelpers/__init__.py has no table of names.")
    return list(homes)


def _homes(module: Module) -> dict[str, str] | None:
    """The table of a module that imports its names late: name -> module."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return ast.literal_eval(node.value)
    return None


def _listed(module: Module) -> list[str]:
    """What a module's `__all__` names."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def names_of_modules(house: dict[str, Module]) -> list[str]:
    """The names that the modules at the front door hand out, such as `samples.duck_photos`."""
    homes = _homes(house["tflhelpers"]) or {}
    found = []
    for name, home in homes.items():
        module = house.get(f"tflhelpers.{home}")
        if module and home.split(".")[-1] == name and not _defines(module, name):
            found += [f"{name}.{each}" for each in _homes(module) or _listed(module)]
    return found


def _defines(module: Module, name: str) -> bool:
    return any(getattr(node, "name", None) == name for node in module.tree.body)


def circles(house: dict[str, Module], *kinds: str) -> list[list[str]]:
    """Groups of modules that import one another, by imports of these kinds."""
    graph = {
        name: {each.module for each in module.imports if each.when in kinds}
        for name, module in house.items()
        if not module.is_package
    }
    reach = {name: _reached(graph, name) for name in graph}
    found = {frozenset(each for each in reach[name] if name in reach.get(each, ())) for name in graph}
    return sorted(sorted(group) for group in found if len(group) > 1)


def modules_behind(house: dict[str, Module], entrance: str) -> list[str]:
    """The modules, the entrance and packages among them, that importing `entrance` runs."""
    graph = {
        name: {
            part for each in module.imports if each.when == "always" for part in _with_packages(each.module)
        }
        for name, module in house.items()
    }
    starts = _with_packages(entrance)
    return sorted(set(starts).union(*(_reached(graph, start) for start in starts)))


def renamers(house: dict[str, Module]) -> list[str]:
    """The modules that rename files or folders, most of them to put there what was written beside, and where."""
    found = defaultdict(list)
    for module in house.values():
        for function in (node for node in ast.walk(module.tree) if isinstance(node, _Function)):
            if any(isinstance(node, ast.Call) and _is_rename(node) for node in _own_nodes(function)):
                found[module.name].append(function.name)
    return [f"{name}: {', '.join(functions)}" for name, functions in found.items()]


def types_in_two_rooms(house: dict[str, Module]) -> list[str]:
    """Public classes of one name that stand in more than one room."""
    where = defaultdict(list)
    for module in house.values():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(module)
    return [
        f"{name}: {', '.join(module.name for module in modules)}"
        for name, modules in sorted(where.items())
        if len({module.room for module in modules}) > 1
    ]


def equal_pairs(house: dict[str, Module], length: int = EQUAL_LINES) -> list[str]:
    """Pairs of places with at least `length` equal lines of code on end, imports left out."""
    lines, places = [], []
    for module in house.values():
        left_out = _import_lines(module.tree)
        for number, line in (each for each in module.code if each[0] not in left_out):
            lines.append(line)
            places.append(f"{module.name}:{number}")
        lines.append(f"end of {module.name}")
        places.append("")
    starts = defaultdict(list)
    for at in range(len(lines) - length + 1):
        starts[tuple(lines[at : at + length])].append(at)
    return [
        f"{places[first]} = {places[second]}"
        for same in starts.values()
        for index, second in enumerate(same)
        for first in same[:index]
        if first == 0 or lines[first - 1] != lines[second - 1]
    ]


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        first = node.body[0] if isinstance(node, _WITH_DOCSTRING) and node.body else None
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if is_text and first is not None and isinstance(first.value.value, str):  # type: ignore[attr-defined]
            yield from _lines(first)


def _import_lines(tree: ast.Module) -> set[int]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {line for node in nodes for line in _lines(node)}


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _imports(module: Module, house: dict[str, Module]) -> Iterator[Import]:
    for node, when in _with_time(module.tree, "always"):
        for name in _named(node, module):
            while name and name not in house:  # a class or function: the module that holds it
                name = name.rpartition(".")[0]
            if name and name != module.name:
                yield Import(name, when)


def _with_time(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, when
        elif isinstance(child, _Function):
            yield from _with_time(child, "late")
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _with_time(child, "typing")
        else:
            yield from _with_time(child, when)


def _named(node: ast.Import | ast.ImportFrom, module: Module) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    parts = module.name.split(".")
    above = parts[: len(parts) - node.level + module.is_package] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def _with_packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return reached


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, _Function):
            yield child
            yield from _own_nodes(child)


def _is_rename(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    one_argument = len(call.args) == 1 and not call.keywords
    return name in _RENAMES or (one_argument and name.endswith((".replace", ".rename")))


def counts(house: dict[str, Module]) -> dict[str, list]:
    """What is counted -> the things counted."""
    return {
        "public names of tflhelpers": public_names(house),
        "names one call away, in modules of functions": names_of_modules(house),
        "package lines of Python, without blank, comment and docstring lines": [
            line for module in house.values() for line in module.code
        ],
        "modules": list(house),
        "import circles, at the top of modules": circles(house, "always"),
        "import circles, with imports for type checkers": circles(house, "always", "typing"),
        "import circles, with late imports as well": circles(house, "always", "typing", "late"),
        f"modules behind {ENTRANCE}": modules_behind(house, ENTRANCE),
        "modules that put files or folders in place by renaming": renamers(house),
        "types of one name in two rooms": types_in_two_rooms(house),
        f"pairs of {EQUAL_LINES} and more equal lines": equal_pairs(house),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--of", type=Path, default=HOME, help="the checkout whose package is counted")
    parser.add_argument("--list", action="store_true", help="list what was counted, lines of code left out")
    options = parser.parse_args()
    for what, things in counts(read_house(options.of)).items():
        print(f"{len(things):6,}  {what}")
        for thing in things if options.list and "lines of Python" not in what else ():
            print(f"          {thing if isinstance(thing, str) else ' <-> '.join(thing)}")


if __name__ == "__main__":
    main()

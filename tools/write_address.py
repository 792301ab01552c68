"""Write the repository's address from tflhelpers/address.py into the notebooks and the README.

Run it after changing the address: ``python tools/write_address.py``. The tests fail while the two disagree.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tflhelpers.address import REPOSITORY, colab_badge, setup_cell  # noqa: E402

BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
README_BADGE = re.compile(rf"(?:{BADGE.pattern} )?<!-- (\S+\.ipynb) -->")


def notebook_text(text: str, name: str, repository: str = REPOSITORY) -> str:
    """A notebook's file with its badge and the Setup cell set to the address."""
    notebook = json.loads(BADGE.sub(lambda _: colab_badge(name, repository), text))
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "setup")
    cell["source"] = setup_cell(repository).splitlines(keepends=True)
    cell["metadata"] = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def readme_text(text: str, repository: str = REPOSITORY) -> str:
    """The README with a badge before each comment that names a notebook; none while there is no address."""

    def with_badge(found: re.Match) -> str:
        badge = f"{colab_badge(found[1], repository)} " if repository else ""
        return f"{badge}<!-- {found[1]} -->"

    return README_BADGE.sub(with_badge, text)


def main() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        path.write_text(notebook_text(path.read_text("utf-8"), path.name), "utf-8")
    readme = ROOT / "README.md"
    readme.write_text(readme_text(readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

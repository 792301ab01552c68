"""The repository's public address: the one place that knows it.

Badges in the notebooks and the README are checked against this module by
``tests/notebooks/test_conventions.py``, and ``python tools/write_address.py`` rewrites them after a change.
While the address is empty, a badge opens Colab itself, where one uploads the notebook, and the Setup cell
finds the package in an uploaded zip or in the project folder on Drive.
"""

from __future__ import annotations

REPOSITORY = ""
"""``owner/name`` on GitHub; empty until the repository is public."""

BRANCH = "main"

_COLAB = "https://colab.research.google.com/"
_BADGE_PICTURE = "https://colab.research.google.com/assets/colab-badge.svg"


def colab_url(notebook: str, repository: str = REPOSITORY) -> str:
    """The address that opens a notebook in Colab.

    Args:
        notebook: The file's name, such as ``"00_quickstart.ipynb"``.
        repository: ``owner/name`` on GitHub, or empty.

    Returns:
        The notebook in Colab; with no repository, Colab's own front page, whose dialog has "Upload".

    Example:
        >>> colab_url("00_quickstart.ipynb", "someone/tflhelpers")
        'https://colab.research.google.com/github/someone/tflhelpers/blob/main/notebooks/00_quickstart.ipynb'
    """
    if not repository:
        return _COLAB
    return f"{_COLAB}github/{repository}/blob/{BRANCH}/notebooks/{notebook}"


def colab_badge(notebook: str, repository: str = REPOSITORY) -> str:
    """The "Open in Colab" badge of a notebook, as Markdown."""
    return f"[![Open in Colab]({_BADGE_PICTURE})]({colab_url(notebook, repository)})"


def pip_source(repository: str = REPOSITORY) -> str:
    """What pip installs the package from; empty while there is no public address.

    Example:
        >>> pip_source("someone/tflhelpers")
        'https://github.com/someone/tflhelpers/archive/refs/heads/main.zip'
    """
    return f"https://github.com/{repository}/archive/refs/heads/{BRANCH}.zip" if repository else ""


def setup_cell(repository: str = REPOSITORY) -> str:
    """The Setup cell of all notebooks, which finds the package or installs it.

    It is there already, installed or in the checkout that the notebook lies in; or it comes from the public address;
    or, while there is none, from the repository's zip, whatever that is called, beside the notebook or on Drive.
    """
    return _FROM_ADDRESS.format(source=pip_source(repository)) if repository else _FROM_ZIP


_FROM_ADDRESS = """\
# @title Setup {{ display-mode: "form" }}
import importlib.util, sys

sys.path += ["..", "../.."]
if not importlib.util.find_spec("tflhelpers"):
    get_ipython().run_line_magic("pip", "install -q {source}")
import tflhelpers as tfl"""

# Drive is mounted only where the package is nowhere else: then its folders are looked into.
_FROM_ZIP = """\
# @title Setup { display-mode: "form" }
import glob, importlib.util, sys, zipfile

sys.path += ["..", "../.."]
if not importlib.util.find_spec("tflhelpers"):
    zips = [z for p in ("", ("google.colab" in sys.modules and not glob.glob("*.zip") and importlib.import_module("google.colab.drive").mount("/content/drive")) or "/content/drive/MyDrive/", "/content/drive/MyDrive/*/") for z in glob.glob(p + "*.zip") if zipfile.is_zipfile(z) and any(n.endswith("tflhelpers/__init__.py") for n in zipfile.ZipFile(z).namelist())]  # fmt: skip
    get_ipython().run_line_magic("pip", f'install -q "{zips[0]}"') if zips else print("tflhelpers was not found. Upload the repository's zip beside this notebook or to My Drive, and run this cell again.")  # fmt: skip
import tflhelpers as tfl"""

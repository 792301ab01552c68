"""The Setup cell finds the package wherever it may be. Run in a Python with neither the package nor pip."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from tflhelpers.address import setup_cell

ROOT = Path(__file__).resolve().parents[2]
SETUP = nbformat.read(ROOT / "notebooks" / "00_quickstart.ipynb", as_version=4).cells[1].source

# pip is not run: what would be installed is printed, and the package becomes importable as it would.
AS_IN_IPYTHON = """
import sys
class IPython:
    def run_line_magic(self, name, line):
        print("pip runs", line)
        sys.path.append({package!r})
get_ipython = IPython
if {colab}:
    import google.colab
"""
WHERE = "\nprint('found in', tfl.__file__)"


@pytest.fixture
def run_setup(tmp_path):
    """Run the cell in a folder; Drive is tmp_path/drive."""

    def run(folder, *, colab=False, cell=SETUP):
        folder.mkdir(parents=True, exist_ok=True)
        drive = tmp_path / "drive"
        cell = cell.replace("/content/drive/MyDrive", str(drive / "MyDrive"))
        stand_in = str(Path(__file__).parent / "stand_in") if colab else ""
        before = AS_IN_IPYTHON.format(package=str(_package_in(tmp_path / "installed-by-pip")), colab=colab)
        env = {"STAND_IN_DRIVE": str(drive), "STAND_IN_WITHOUT_PACKAGE": "1", "PYTHONPATH": stand_in}
        # -S leaves out site-packages, where the package under test is installed.
        command = [sys.executable, "-S", "-c", before + cell + WHERE]
        return subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True)

    return run


def _package_in(folder):
    """A small package tflhelpers in a folder."""
    (folder / "tflhelpers").mkdir(parents=True, exist_ok=True)
    (folder / "tflhelpers" / "__init__.py").write_text("")
    return folder


def _zip(path, package="tflhelpers-main/tflhelpers/__init__.py"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(package, "")
    return path


def test_it_is_short():
    assert len(SETUP.splitlines()) <= 8
    assert len(setup_cell("someone/tflhelpers").splitlines()) <= 8


@pytest.mark.parametrize("below", ["", "notebooks", "notebooks/deeper"])
def test_in_the_checkout(run_setup, tmp_path, below):
    checkout = _package_in(tmp_path / "checkout")
    done = run_setup(checkout / below)
    found = done.stdout.removeprefix("found in ").strip()
    assert Path(found).resolve() == (checkout / "tflhelpers" / "__init__.py").resolve(), done.stderr


@pytest.mark.parametrize("where", ["content", "drive/MyDrive", "drive/MyDrive/transfer_learning_project"])
@pytest.mark.parametrize("name", ["tflhelpers-main.zip", "Kopie von main (1).zip"])
def test_a_zip_whatever_its_name(run_setup, tmp_path, where, name):
    _zip(tmp_path / where / name)
    _zip(tmp_path / where / "a holiday.zip", "photos/beach.jpg")
    (tmp_path / where / "broken.zip").write_bytes(b"no zip")
    done = run_setup(tmp_path / "content", colab=True)
    place = name if where == "content" else tmp_path / where / name
    assert f'pip runs install -q "{place}"\n' in done.stdout, done.stderr
    assert "installed-by-pip" in done.stdout


def test_drive_is_left_alone_where_the_zip_lies_beside(run_setup, tmp_path):
    _zip(tmp_path / "content" / "main.zip")
    assert "Mounted" not in run_setup(tmp_path / "content", colab=True).stdout


def test_a_public_address_needs_no_zip_and_no_drive(run_setup, tmp_path):
    done = run_setup(tmp_path / "content", colab=True, cell=setup_cell("someone/tflhelpers"))
    address = "https://github.com/someone/tflhelpers/archive/refs/heads/main.zip"
    assert done.stdout.startswith(f"pip runs install -q {address}\n"), done.stderr


@pytest.mark.parametrize("colab", [True, False])
def test_nowhere_is_a_sentence(run_setup, tmp_path, colab):
    done = run_setup(tmp_path / "content", colab=colab)
    assert done.returncode == 1
    assert "tflhelpers was not found. Upload the repository's zip beside this notebook" in done.stdout
    assert ("Mounted at /content/drive" in done.stdout) is colab


@pytest.mark.slow
def test_pip_installs_the_repositorys_zip(tmp_path):
    """What a person uploads, made as the repository's host makes it: one folder in the zip."""
    archive = tmp_path / "tflhelpers.zip"
    subprocess.run(
        ["git", "archive", "--prefix=tflhelpers-main/", "-o", archive, "HEAD"], cwd=ROOT, check=True
    )
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, str(archive)], check=True)
    assert (target / "tflhelpers" / "data" / "samples").is_dir()
    shutil.rmtree(target)

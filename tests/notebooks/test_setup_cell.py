"""The Setup cell finds the package wherever it may be. Run in a Python with neither the package nor pip."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = nbformat.read(ROOT / "notebooks" / "00_quickstart.ipynb", as_version=4).cells[1].source

# pip is not run: what would be installed is printed, and the package becomes importable as it would.
WITHOUT_PIP = """
import subprocess, sys
def run(command, check):
    assert command[:5] == [sys.executable, "-m", "pip", "install", "--quiet"] and check
    print("pip installs", command[5])
    sys.path.append({package!r})
subprocess.run = run
"""
WHERE = "\nprint('found in', tfl.__file__)"


@pytest.fixture
def run_setup(tmp_path):
    """Run the cell in a folder; Drive is tmp_path/drive."""

    def run(folder, *, colab=False, source="", published=""):
        folder.mkdir(parents=True, exist_ok=True)
        drive = tmp_path / "drive"
        cell = SETUP.replace("/content/drive/MyDrive", str(drive / "MyDrive"))
        cell = cell.replace('package_source = ""', f"package_source = {source!r}", 1)
        cell = cell.replace('published_source = ""', f"published_source = {published!r}", 1)
        code = WITHOUT_PIP.format(package=str(_package_in(tmp_path / "installed-by-pip"))) + cell + WHERE
        stand_in = str(Path(__file__).parent / "stand_in") if colab else ""
        env = {"STAND_IN_DRIVE": str(drive), "STAND_IN_WITHOUT_PACKAGE": "1", "PYTHONPATH": stand_in}
        # -S leaves out site-packages, where the package under test is installed.
        command = [sys.executable, "-S", "-c", code]
        return subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True)

    return run


def _package_in(folder):
    """A small package tflhelpers in a folder."""
    (folder / "tflhelpers").mkdir(parents=True, exist_ok=True)
    (folder / "tflhelpers" / "__init__.py").write_text("")
    return folder


@pytest.mark.parametrize("below", ["", "notebooks", "notebooks/deeper"])
def test_in_the_checkout(run_setup, tmp_path, below):
    checkout = _package_in(tmp_path / "checkout")
    done = run_setup(checkout / below)
    assert done.stdout == f"found in {checkout / 'tflhelpers' / '__init__.py'}\n", done.stderr


@pytest.mark.parametrize("shape", ["package", "checkout"])
def test_in_the_project_folder_on_drive(run_setup, tmp_path, shape):
    project = tmp_path / "drive" / "MyDrive" / "transfer_learning_project"
    place = _package_in(project if shape == "package" else project / "tflhelpers-main")
    done = run_setup(tmp_path / "content", colab=True)
    assert f"found in {place / 'tflhelpers' / '__init__.py'}" in done.stdout, done.stderr
    assert "pip installs" not in done.stdout


@pytest.mark.parametrize("where", ["content", "drive/MyDrive/transfer_learning_project"])
@pytest.mark.parametrize("name", ["tflhelpers.zip", "tflhelpers-main.zip"])
def test_as_a_zip(run_setup, tmp_path, where, name):
    (tmp_path / where).mkdir(parents=True)
    (tmp_path / where / name).write_bytes(b"")
    done = run_setup(tmp_path / "content", colab=True)
    assert f"pip installs {tmp_path / where / name}\n" in done.stdout, done.stderr
    assert "installed-by-pip" in done.stdout


def test_a_source_in_the_form_wins(run_setup, tmp_path):
    checkout = _package_in(tmp_path / "checkout")
    done = run_setup(checkout, source="git+https://example.org/x")
    assert done.stdout.startswith("pip installs git+https://example.org/x\n"), done.stderr


def test_a_published_address_needs_no_drive(run_setup, tmp_path):
    done = run_setup(tmp_path / "content", colab=True, published="https://example.org/main.zip")
    assert done.stdout.startswith("pip installs https://example.org/main.zip\n"), done.stderr


@pytest.mark.parametrize("colab", [True, False])
def test_nowhere_is_a_sentence(run_setup, tmp_path, colab):
    done = run_setup(tmp_path / "content", colab=colab)
    assert done.returncode == 1
    assert "ImportError: tflhelpers was not found. Upload the repository's zip" in done.stderr
    assert ("Google Drive is not there: No module named 'google" in done.stdout) is not colab


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

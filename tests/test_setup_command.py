"""start.py on machines that are not as they should be, and setup.py's promises."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLD_PYTHONS = [name for name in ("python2.7", "python3.6", "python3.8", "python3.9") if shutil.which(name)]

COLAB = (ROOT / ".ci" / "colab.txt").read_text("utf-8")
IN_COLAB = dict(line.split("==") for line in COLAB.splitlines() if "==" in line)


@pytest.fixture
def start(monkeypatch, tmp_path):
    """start.py as a module, in a folder of its own with a copy of setup.py."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copy(ROOT / "setup.py", tmp_path)
    venv = tmp_path / ".venv"
    for name, value in (("HERE", tmp_path), ("VENV", venv), ("MADE_BY_US", venv / "made-by-start-py.json")):
        monkeypatch.setattr(module, name, str(value))
    return module


@pytest.fixture
def commands(start, monkeypatch):
    """The commands that start.py would run; making the environment really makes its folder."""
    calls = []

    def record(title, command):
        calls.append((title, command[1:]))
        if title.startswith("Making"):
            python = Path(start.venv_python())
            python.parent.mkdir(parents=True)
            python.write_text("")

    monkeypatch.setattr(start, "run_with_spinner", record)
    monkeypatch.setattr(start, "progress_style", lambda: "off")
    monkeypatch.setattr(start, "answers", lambda python: True)
    monkeypatch.setattr(start, "check_disk", lambda: None)
    return calls


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ((2, 7, 18), "This is Python 2.7, which is too old: Python 3.10 to 3.13 is needed."),
        ((3, 9, 1), "This is Python 3.9, which is too old"),
        ((3, 10, 0), None),
        ((3, 13, 9), None),
        ((3, 14, 0), "This is Python 3.14, which is too new (TensorFlow has no build for it yet)"),
    ],
)
def test_python_versions(start, monkeypatch, version, words):
    monkeypatch.setattr(start, "find_other_python", lambda: None)
    if words is None:
        assert start.check_python(version) is None
        return
    with pytest.raises(start.CannotGoOn, match=re.escape(words)):
        start.check_python(version)


def test_a_fitting_python_on_the_path_is_named(start, monkeypatch, tmp_path):
    python = tmp_path / "python3.12"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["start.py", "demo"])
    with pytest.raises(start.CannotGoOn, match=r"You have one: python3\.12 start\.py demo"):
        start.check_python((3, 8, 0))


@pytest.mark.skipif(not OLD_PYTHONS, reason="no old Python on this machine")
@pytest.mark.parametrize("name", OLD_PYTHONS)
def test_old_pythons_print_a_sentence(name):
    if subprocess.run([name, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"{name} is on the PATH but does not start")
    done = subprocess.run([name, "start.py", "demo"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "which is too old: Python 3.10 to 3.13 is needed." in done.stdout
    assert "Error" not in done.stdout + done.stderr


def test_its_text_is_understood_by_old_pythons():
    """Where no old Python is at hand: nothing in it is newer than Python 2.7."""
    text = (ROOT / "start.py").read_text("utf-8")
    assert text.isascii()
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef, ast.Starred)
    nodes = list(ast.walk(ast.parse(text)))
    found = [node for node in nodes if isinstance(node, too_new) and not isinstance(node, ast.Starred)]
    found += [node for node in nodes if isinstance(node, ast.Raise) and node.cause]
    found += [node for node in nodes if isinstance(node, ast.arg) and node.annotation]
    assert [f"line {node.lineno}: {type(node).__name__}" for node in found] == []


@pytest.mark.parametrize(("free", "enough"), [(0, False), (3.9e9, False), (4.1e9, True)])
def test_disk(start, monkeypatch, free, enough):
    monkeypatch.setattr(
        start.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1e12, 1e12 - free, free)
    )
    if enough:
        assert start.check_disk() is None
        return
    with pytest.raises(start.CannotGoOn, match=rf"has {free / 1e9:.1f} GB free; about 4 GB are needed"):
        start.check_disk()


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv(start, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(start.CannotGoOn, match=r"sudo apt install python3\.\d+-venv"):
        start.check_venv_module()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "The installation failed"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('...')'\n"
            "ERROR: No matching distribution found for setuptools>=64",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for setuptools>=64", "cannot be reached"),
        ("Failed: Temporary failure in name resolution", "cannot be reached"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "HTTPS_PROXY"),
        (
            "ERROR: No matching distribution found for tensorflow>=2.18",
            "has no tensorflow>=2.18 for this Python",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
    ],
)
def test_pips_failures_are_explained(start, output, words):
    assert words in start.explain_pip(output)


def test_it_installs_once(start, commands, capsys):
    start.install("demo")
    assert [title for title, _ in commands] == ["Making a virtual environment", "Updating pip", "Installing"]
    assert commands[-1][1][-2:] == ["--editable", start.HERE]
    commands.clear()
    start.install("demo")
    assert commands == []


def test_the_tests_need_more_than_the_demo(start, commands, capsys):
    start.install("demo")
    commands.clear()
    start.install("test")
    assert [title for title, _ in commands] == ["Updating pip", "Installing"]
    assert commands[-1][1][-1] == start.HERE + "[heic,jax,notebooks,test]"
    commands.clear()
    start.install("demo")
    assert commands == []


def test_it_installs_again_when_setup_py_changed(start, commands, capsys):
    start.install("test")
    commands.clear()
    with open(Path(start.HERE) / "setup.py", "a") as file:
        file.write("# changed\n")
    start.install("demo")
    assert commands[-1][1][-1] == start.HERE + "[heic,jax,notebooks,test]", (
        "what was there is kept up to date"
    )


def test_it_goes_on_after_a_failed_installation(start, commands, monkeypatch, capsys):
    def fail(title, arguments):
        raise start.CannotGoOn("no network")

    with monkeypatch.context() as patch:
        patch.setattr(start, "pip", fail)
        with pytest.raises(start.CannotGoOn):
            start.install("demo")
    assert [title for title, _ in commands] == ["Making a virtual environment"]
    commands.clear()
    start.install("demo")
    assert [title for title, _ in commands] == ["Updating pip", "Installing"]


def test_another_pythons_environment_is_made_anew(start, commands, monkeypatch, capsys):
    start.install("demo")
    commands.clear()
    monkeypatch.setattr(start, "python_now", lambda: "3.99")
    start.install("demo")
    assert [title for title, _ in commands] == ["Making a virtual environment", "Updating pip", "Installing"]


def test_a_venv_that_is_not_ours_is_left_alone(start, commands):
    (Path(start.VENV) / "bin").mkdir(parents=True)
    (Path(start.VENV) / "bin" / "precious").write_text("mine")
    with pytest.raises(start.CannotGoOn, match="did not make, so it is left alone"):
        start.install("demo")
    assert (Path(start.VENV) / "bin" / "precious").read_text() == "mine"
    assert commands == []


def test_the_moving_line(start, capsys):
    start.run_with_spinner("Counting", [sys.executable, "-c", "print('Progress 5 of 10')\nprint('one')"])
    assert re.fullmatch(r"Counting: done, \d s\.\n", capsys.readouterr().out)
    assert start.draw_bar({"done": 5, "total": 10}, width=4) == "[##..]  50%  "
    assert start.draw_bar({}) == ""
    assert start.shorten("Installing collected packages: a, b, c") == "unpacking 3 packages"
    assert start.shorten("  Downloading  https://host/path/a.whl (2 MB)") == "Downloading a.whl (2 MB)"


def test_a_failing_command_shows_its_end(start, capsys):
    code = "import sys\nfor i in range(30): print('line', i)\nsys.exit('No space left on device')"
    with pytest.raises(start.CannotGoOn, match="disk is full"):
        start.run_with_spinner("Installing", [sys.executable, "-u", "-c", code])
    said = capsys.readouterr().out
    assert "line 29" in said
    assert "line 3\n" not in said


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["-h"], 0), (["--help"], 0), (["dance"], 2)])
def test_without_a_known_word_it_explains_itself(start, capsys, arguments, status):
    assert start.main(arguments) == status
    assert "python start.py demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["test"], ["-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]),
        (["test", "-k", "boxes"], ["-m", "pytest", "-k", "boxes"]),
        (["demo"], ["-m", "tflhelpers"]),
        (["demo", "--help"], ["-m", "tflhelpers", "--help"]),
    ],
)
def test_what_is_run_in_the_end(start, monkeypatch, words, expected):
    ran = []
    monkeypatch.setattr(start, "install", lambda command: None)
    monkeypatch.setattr(start.subprocess, "call", lambda line, **how: ran.append(line) or 3)
    assert start.main(words) == 3
    assert ran == [[start.venv_python(), *expected]]


def test_hard_dependencies_are_in_colab_with_lower_bounds_only():
    for line in _assigned("INSTALL_REQUIRES"):
        name, bound = re.fullmatch(r"([A-Za-z0-9-]+)>=([\d.]+)", line).groups()
        assert _version(bound) <= _version(IN_COLAB[name]), (
            f"Colab's {name} {IN_COLAB[name]} is older than {bound}"
        )
    assert len(_assigned("INSTALL_REQUIRES")) == len(IN_COLAB)


def test_requirements_agree_with_setup_py():
    listed = [
        line
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert set(_assigned("INSTALL_REQUIRES")) <= set(listed)
    assert not {"object-detection", "google-colab"} & {re.split("[<>=]", line)[0] for line in listed}


@pytest.mark.slow
def test_no_network_for_packages_is_a_sentence(tmp_path):
    """The whole command, with a registry that nobody answers at."""
    _copy_of_the_package(tmp_path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    nobody = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, "start.py", "demo"],
        cwd=tmp_path,
        env={**clean, **nobody, "PIP_NO_CACHE_DIR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "The package registry cannot be reached." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_wheel_carries_what_the_package_reads(tmp_path):
    """Everything under tflhelpers/ that git knows is in the wheel."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT],
        check=True,
    )
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if name.startswith("tflhelpers/")}
    known = subprocess.run(
        ["git", "ls-files", "tflhelpers"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(known.stdout.split()) - inside == set()


def _copy_of_the_package(folder):
    """What an installation needs, apart from the checkout, which stays as it is."""
    for name in ("start.py", "setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tflhelpers", folder / "tflhelpers")
    return folder


def _assigned(name):
    """The list that setup.py assigns to a name."""
    tree = ast.parse((ROOT / "setup.py").read_text("utf-8"))
    value = next(
        node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == name
    )
    return ast.literal_eval(value)


def _version(text):
    return tuple(int(part) for part in text.split("."))

"""Where the project folder goes, and what is said when Google Drive is not to be had."""

import logging
import sys
import types

import pytest

from tflhelpers import drive
from tflhelpers.drive import explain_mount_failure
from tflhelpers.project import Project, open_project


@pytest.fixture
def colab(monkeypatch, tmp_path):
    """A Colab whose drive.mount does what the test says; Drive appears at tmp_path/drive."""
    mount_point = tmp_path / "drive"
    monkeypatch.setattr(drive, "MOUNT_POINT", mount_point)
    monkeypatch.setattr(drive, "_has_module", lambda name: name == "google.colab")
    monkeypatch.chdir(tmp_path)

    def install(mount):
        package = types.ModuleType("google.colab")
        package.drive = types.SimpleNamespace(mount=mount)
        monkeypatch.setitem(sys.modules, "google.colab", package)
        return mount_point

    return install


def test_elsewhere_it_is_a_local_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    project = open_project()
    assert project.folder == tmp_path.resolve() / "transfer_learning_project"
    assert [path.name for path in sorted(project.folder.iterdir())] == ["data", "models", "results"]
    assert (project.data, project.models, project.results) == tuple(
        project.folder / name for name in ("data", "models", "results")
    )
    assert (project.in_colab, project.on_drive, project.notes) == (False, False, ())


def test_opening_again_keeps_what_is_there(tmp_path):
    first = open_project("ducks", parent=tmp_path)
    (first.results / "duck.gif").write_bytes(b"GIF89a")
    again = open_project("ducks", parent=tmp_path)
    assert again == first
    assert (again.results / "duck.gif").read_bytes() == b"GIF89a"


@pytest.mark.parametrize("name", ["", "a/b", "..", "/tmp", "."])
def test_a_name_that_is_a_path_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="plain folder name"):
        open_project(name, parent=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "ducks").write_text("a file in the way")
    with pytest.raises(OSError, match=r"cannot be made: .*ducks.data.*parent="):
        open_project("ducks", parent=tmp_path)


def test_in_colab_it_is_on_drive(colab):
    calls = []

    def mount(where):
        calls.append(where)
        (mount_point / "MyDrive").mkdir(parents=True)

    mount_point = colab(mount)
    project = open_project()
    assert calls == [str(mount_point)]
    assert project.folder == (mount_point / "MyDrive" / "transfer_learning_project").resolve()
    assert (project.in_colab, project.on_drive, project.notes) == (True, True, ())
    open_project()
    assert len(calls) == 1, "Drive that is there already is not mounted again"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("Mountpoint must not already contain files"), "already holds files"),
        (ValueError("Mountpoint must not contain a space."), "a space in its path"),
        (ValueError("Mountpoint must not be a symlink"), "symbolic link"),
        (ValueError("mount failed"), "VS Code"),
        (ValueError("mount failed: timeout during initial read of root folder"), "did not answer in time"),
        (ValueError("mount failed: invalid oauth code"), "allow access"),
        (ValueError("The domain policy has disabled Drive File Stream: https://x"), "administrator"),
        (NotImplementedError("Mounting drive is unsupported in this environment."), "cannot mount Drive"),
        (RuntimeError("Error: credential propagation was unsuccessful"), "not granted"),
        (OSError(107, "Transport endpoint is not connected"), "connection broke"),
        (
            AttributeError("'NoneType' object has no attribute 'kernel'"),
            "Colab said \"AttributeError: 'NoneType'",
        ),
        (KeyboardInterrupt(), "was stopped"),
    ],
)
def test_each_mount_failure_is_explained_once_and_work_goes_on(colab, caplog, tmp_path, error, words):
    def mount(where):
        raise error

    colab(mount)
    with caplog.at_level(logging.WARNING):
        project = open_project()
    assert len(project.notes) == len(caplog.records) == 1
    assert words in project.notes[0]
    assert project.notes[0].startswith("Google Drive is not mounted: ")
    assert project.notes[0].endswith(". A local folder is used instead.")
    assert project.folder == tmp_path.resolve() / "transfer_learning_project"
    assert project.results.is_dir()
    assert (project.in_colab, project.on_drive) == (True, False)


def test_a_mount_that_brings_nothing_is_noticed(colab):
    colab(lambda where: None)
    assert "MyDrive is not there" in open_project().notes[0]


def test_in_colab_a_parent_means_no_drive(colab, tmp_path):
    def mount(where):
        raise AssertionError("mounted without need")

    colab(mount)
    assert open_project("ducks", parent=tmp_path / "here").folder == (tmp_path / "here" / "ducks").resolve()


def test_an_unknown_failure_keeps_colabs_words():
    assert explain_mount_failure(RuntimeError("moon phase")) == "Colab said 'RuntimeError: moon phase'."


def test_it_shows_where_things_are(tmp_path):
    project = Project(tmp_path / "a<b", in_colab=True, notes=("Drive & co.",))
    assert (
        str(project)
        .splitlines()[0]
        .startswith(f"project  {tmp_path / 'a<b'} (on Colab's own disk: gone when")
    )
    assert str(project).splitlines()[-1] == "Note: Drive & co."
    shown = project._repr_html_()
    assert "a&lt;b" in shown
    assert "Drive &amp; co." in shown
    assert "a<b" not in shown

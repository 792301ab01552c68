"""Photos in: what an upload, a film and iPhone photos say."""

import importlib.util
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest

import tflhelpers as tfl
from tests.ready_made.own_photos import save_photos
from tflhelpers.ready_made.bring import film_frames_for, heic_for, upload_for
from tflhelpers.sharing.video_file import write_video


def test_colabs_window_opens_only_where_there_are_no_photos(project, monkeypatch):
    opened = []
    monkeypatch.setattr("tflhelpers.data.collect.upload", lambda folder: opened.append(folder) or "shown")
    assert upload_for(project) == ("shown", "")
    save_photos(project.data, [[], []])
    assert upload_for(project) == ("shown", ""), "a button keeps nobody waiting"
    assert opened == [project.data] * 2
    assert upload_for(replace(project, in_colab=True)) == (
        None,
        "You have 2 photos. To add more, run tfl.collect.upload(project.data) in a new cell.",
    )


def test_a_window_that_does_not_open_stops_nothing(project, monkeypatch):
    def refuse(folder):
        raise RuntimeError("Colab's upload window did not open.")

    monkeypatch.setattr("tflhelpers.data.collect.upload", refuse)
    assert upload_for(project) == (None, "Colab's upload window did not open.")


def test_frames_of_a_film(project):
    assert film_frames_for(project) == (
        "No film is named in the settings, so no frames are taken. There is none yet."
    )
    write_video(tfl.samples.duck_clip().image_paths, project.folder / "walk.mp4", fps=12, progress=False)
    assert film_frames_for(project).endswith("There are: walk.mp4.")
    told = film_frames_for(project, "walk.mp4", max_frames=4)
    assert "4" in told
    assert len(list(project.data.glob("*.jpg"))) == 4
    with pytest.raises(
        FileNotFoundError, match=r"wlak.mp4: expected a film .* There are: walk.mp4\. Put it there"
    ):
        film_frames_for(project, "wlak.mp4")


@pytest.mark.parametrize(
    ("readable", "photos", "install", "told"),
    [
        (True, 0, False, "There are no HEIC photos. They can be read here."),
        (False, 0, False, "There are no HEIC photos."),
        (
            False,
            2,
            False,
            "HEIC photos in {data}: 2. To read them, tick heic in the settings: it installs pillow-heif.",
        ),
        (False, 2, True, "HEIC photos in {data}: 2. pillow-heif was installed, so they can be read now."),
    ],
)
def test_iphone_photos(project, monkeypatch, readable, photos, install, told):
    commands = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if readable else None)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: commands.append(command) or SimpleNamespace(returncode=0)
    )
    for number in range(photos):
        (project.data / f"IMG_{number}.HEIC").write_bytes(b"")
    assert heic_for(project, install=install) == told.format(data=project.data)
    assert [command[-1] for command in commands] == ["pillow-heif"] * install


def test_an_extra_that_cannot_be_installed_says_why(project, monkeypatch):
    failed = SimpleNamespace(returncode=1, stderr="a\nERROR: no network\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: failed)
    assert heic_for(project, install=True).endswith(
        "could not be installed: ERROR: no network Save the photos as JPEG instead."
    )

"""Files from the person's computer to the notebook's machine and back; and the photos of its camera."""

from __future__ import annotations

import base64
import datetime
import io
import subprocess
import sys
import types
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.data.collect.picture_server import picture_bytes
from tflhelpers.data import collect
from tflhelpers.data.collect.photo_store import NotAPhoto, PhotoStore
from tflhelpers.data.collect.transfer import _files_of, write_new


@pytest.fixture
def colab(monkeypatch):
    """A stand-in of google.colab whose `files` has `given` and `fetched`; its upload writes to the working folder."""
    files = types.ModuleType("google.colab.files")
    files.given, files.fetched = {}, []

    def upload():
        for name, content in files.given.items():
            with open(name, "wb") as file:
                file.write(content)
        return dict(files.given)

    files.upload, files.download = upload, files.fetched.append
    package = types.ModuleType("google.colab")
    package.files = files
    google = types.ModuleType("google")
    google.colab = package
    for name, module in (("google", google), ("google.colab", package), ("google.colab.files", files)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("tflhelpers.data.collect.transfer._in_colab", lambda: True)
    return files


def test_in_colab_uploads_go_into_the_folder_only(colab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.JPG").write_bytes(b"mine")
    colab.given = {"a.jpg": b"one", "clip.mov": b"two"}
    paths = collect.upload("photos")
    assert [path.as_posix() for path in paths] == ["photos/a_2.jpg", "photos/clip.mov"]
    assert [(tmp_path / path).read_bytes() for path in paths] == [b"one", b"two"]
    assert (tmp_path / "photos" / "a.JPG").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_where_colabs_window_does_not_open_it_is_said(colab, tmp_path, monkeypatch):
    def fails(*_):
        raise TypeError("'NoneType' object is not subscriptable")

    monkeypatch.chdir(tmp_path)
    colab.upload = colab.download = fails
    with pytest.raises(RuntimeError, match=r"In VS Code's Colab extension it does not work.*Google Drive"):
        collect.upload(tmp_path / "photos")
    (tmp_path / "a.gif").write_bytes(b"x")
    with pytest.raises(RuntimeError, match=r"did not hand over a\.gif.*In VS Code's Colab extension"):
        collect.download(tmp_path / "a.gif")


def test_downloads_in_colab_a_folder_as_a_zip(colab, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "detector.json").write_text("{}")
    (tmp_path / "duck.gif").write_bytes(b"GIF")
    assert collect.download(tmp_path / "duck.gif") == tmp_path / "duck.gif"
    collect.download(tmp_path / "model")
    assert colab.fetched == [str(tmp_path / "duck.gif"), str(tmp_path / "model.zip")]
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert "model/detector.json" in archive.namelist()


def test_elsewhere_a_download_is_a_link(tmp_path, monkeypatch):
    pytest.importorskip("IPython")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "duck.gif").write_bytes(b"GIF")
    assert "href='results/duck.gif'" in collect.download(tmp_path / "results" / "duck.gif")._repr_html_()
    with pytest.raises(FileNotFoundError, match="expected a file to download"):
        collect.download("gone.gif")


def test_elsewhere_an_upload_is_a_button_that_writes_at_once(tmp_path):
    ipywidgets = pytest.importorskip("ipywidgets")
    button = collect.upload(tmp_path / "photos")
    if int(ipywidgets.__version__.split(".")[0]) < 8:
        button.set_trait("value", {"a.jpg": {"metadata": {}, "content": b"one"}})
    else:
        changed = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        item = {"name": "a.jpg", "type": "image/jpeg", "size": 3, "content": memoryview(b"one")}
        button.value = ({**item, "last_modified": changed},)
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == b"one"
    assert button.paths == [tmp_path / "photos" / "a.jpg"]
    assert button.description == "1 file in photos"


@pytest.mark.parametrize(
    "value",
    [
        {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"one"}},  # ipywidgets 7
        ({"name": "a.jpg", "content": memoryview(b"one")},),  # ipywidgets 8
    ],
)
def test_files_of_both_generations_of_widgets(value):
    assert list(_files_of(value)) == [("a.jpg", b"one")]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.jpg", "a_2.jpg"),
        ("A.JPG", "A_2.JPG"),
        ("../../b.jpg", "b.jpg"),
        ("C:\\Users\\me\\c.png", "c.png"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("d.tar.gz", "d.tar.gz"),
        ("e.j<p>g", "e.jpg"),
    ],
)
def test_names_of_uploads(tmp_path, name, written):
    (tmp_path / "a.jpg").write_bytes(b"mine")
    assert write_new(tmp_path, name, b"content").name == written
    assert (tmp_path / "a.jpg").read_bytes() == b"mine"
    assert (tmp_path / written).read_bytes() == b"content"
    assert len(list(tmp_path.iterdir())) == 2


def data_url(content, kind="image/jpeg"):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_photos_are_saved_once_and_the_last_can_be_deleted(tmp_path):
    store = PhotoStore(tmp_path / "photos")
    (tmp_path / "photos" / "photo_0007.png").write_bytes(b"mine")
    names = [store.save(key, data_url(picture_bytes(n))) for key, n in (("a", 1), ("b", 2), ("a", 1))]
    assert names == ["photo_0008.jpg", "photo_0009.jpg", "photo_0008.jpg"]
    assert (tmp_path / "photos" / "photo_0008.jpg").read_bytes() == picture_bytes(1)
    assert str(store.report) == f"2 pictures from camera in {tmp_path / 'photos'}."
    assert store.delete_last() == "photo_0009.jpg"
    assert [path.name for path in store.paths] == ["photo_0008.jpg"]
    again = PhotoStore(tmp_path / "photos")  # the cell is run again
    assert [path.name for path in again.paths] == ["photo_0008.jpg"]
    assert again.delete_last() is None  # it deletes none but its own
    again.save("c", data_url(picture_bytes(3)))
    assert [path.name for path in again.paths] == ["photo_0008.jpg", "photo_0009.jpg"]
    assert again.report.new == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        data_url(b"\xff\xd8\xff nothing"),
        data_url(picture_bytes(1)[:900]),
        data_url(picture_bytes(1), "text/html"),
        data_url(picture_bytes(1, kind="PNG")),
        "data:image/jpeg;base64,%%%",
    ],
)
def test_what_is_no_photo_is_not_saved(tmp_path, text):
    store = PhotoStore(tmp_path)
    with pytest.raises(NotAPhoto, match="from the page"):
        store.save("a", text)
    assert list(tmp_path.iterdir()) == []


def test_the_widget_answers_and_counts(tmp_path):
    pytest.importorskip("anywidget")
    camera = collect.from_camera(tmp_path / "photos", max_side=800)
    answers = []
    camera.send = answers.append
    photo = {"kind": "photo", "id": "x1", "data": data_url(picture_bytes(1))}
    for message in (
        photo,
        photo,
        {"kind": "photo", "id": "x2", "data": "?"},
        {"kind": "other"},
        "text",
        None,
    ):
        camera._handle_custom_msg(message, [])
    assert answers[:2] == [{"kind": "saved", "name": "photo_0001.jpg", "id": "x1"}] * 2
    assert answers[2]["kind"] == "failed"
    assert answers[2]["reason"].startswith("Not saved: expected a JPEG picture")
    assert len(answers) == 3
    assert (camera.count, camera.longest) == (1, 800)
    assert [path.name for path in camera.paths] == ["photo_0001.jpg"]
    camera._handle_custom_msg({"kind": "delete_last", "id": "d"}, [])
    assert answers[-1] == {"kind": "deleted", "name": "photo_0001.jpg", "id": "d"}
    assert camera.count == 0
    assert repr(camera) == f"Camera(0 photos in {tmp_path / 'photos'})"


def test_collect_is_light():
    heavy = ("anywidget", "ipywidgets", "imageio", "imageio_ffmpeg", "IPython", "tensorflow", "matplotlib")
    code = f"import sys\nfrom tflhelpers.data import collect\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_photo_as_large_as_cameras_make_them():
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", quality=95)
    assert len(data_url(buffer.getvalue())) < 10_000_000  # what a notebook server takes in one message


def test_a_file_of_the_zips_name_is_left_as_it_is(colab, tmp_path):
    photos, own = tmp_path / "photos", tmp_path / "photos.zip"
    photos.mkdir()
    (photos / "1.jpg").write_bytes(b"one")
    with zipfile.ZipFile(own, "w") as archive:
        archive.writestr("photos/only_here.jpg", b"precious")
    before = own.read_bytes()
    made = [collect.download(photos) for _ in range(2)]
    (photos / "2.jpg").write_bytes(b"two")
    made.append(collect.download(photos))
    assert made == [tmp_path / "photos_2.zip"] * 3, "its own zip is replaced"
    with zipfile.ZipFile(made[0]) as archive:
        assert {"photos/1.jpg", "photos/2.jpg"} <= set(archive.namelist())
    assert own.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos.zip", "photos_2.zip"]

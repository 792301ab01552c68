"""The zoo's table, and fetching from it with a local stand-in for its server."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import (
    data_file,
    formula_tensors,
    stand_ins,
    weight_shapes,
    write_checkpoint,
    zoo_archive,
    zoo_release,
)
from tests.model.unsteady_server import Unsteady, unsteady_server
from tflhelpers.model import pins, zoo
from tflhelpers.model.checkpoint import CheckpointError, restore
from tflhelpers.model.checkpoint_file import CheckpointFile
from tflhelpers.model.detector import Detector
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.sources import fetch_weights
from tflhelpers.model.zoo import default_cache, fetch_zoo_model, zoo_model, zoo_models

M_NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
M_640_NAME = "ssd_mobilenet_v2_fpnlite_640x640_coco17_tpu-8"
R_NAME = "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8"


@pytest.mark.parametrize(
    ("name", "family", "depth", "side", "coco_map", "speed_ms"),
    [
        (R_NAME, "ssd_resnet_fpn", 50, 640, 34.3, 46),
        ("ssd_resnet50_v1_fpn_1024x1024_coco17_tpu-8", "ssd_resnet_fpn", 50, 1024, 38.3, 87),
        ("ssd_resnet101_v1_fpn_640x640_coco17_tpu-8", "ssd_resnet_fpn", 101, 640, 35.6, 57),
        ("ssd_resnet101_v1_fpn_1024x1024_coco17_tpu-8", "ssd_resnet_fpn", 101, 1024, 39.5, 104),
        ("ssd_resnet152_v1_fpn_640x640_coco17_tpu-8", "ssd_resnet_fpn", 152, 640, 35.4, 80),
        ("ssd_resnet152_v1_fpn_1024x1024_coco17_tpu-8", "ssd_resnet_fpn", 152, 1024, 39.6, 111),
        (M_NAME, "ssd_mobilenet_v2_fpnlite", None, 320, 22.2, 22),
        (M_640_NAME, "ssd_mobilenet_v2_fpnlite", None, 640, 28.2, 39),
    ],
)
def test_table_is_the_zoos_page(name, family, depth, side, coco_map, speed_ms):
    model = zoo_models()[name]
    assert (model.family, model.depth, model.input_size) == (family, depth, (side, side))
    assert (model.coco_map, model.speed_ms) == (coco_map, speed_ms)
    assert model.url == f"https://download.tensorflow.org/models/object_detection/tf2/20200711/{name}.tar.gz"


@pytest.mark.parametrize(
    ("name", "short", "title"),
    [
        (R_NAME, "retinanet_resnet50_640", "SSD ResNet50 V1 FPN 640"),
        (
            "ssd_resnet152_v1_fpn_1024x1024_coco17_tpu-8",
            "retinanet_resnet152_1024",
            "SSD ResNet152 V1 FPN 1024",
        ),
        (M_NAME, "mobilenet_320", "SSD MobileNetV2 FPNLite 320"),
        (M_640_NAME, "mobilenet_640", "SSD MobileNetV2 FPNLite 640"),
    ],
)
def test_short_names(name, short, title):
    assert zoo_model(short) == zoo_model(name) == zoo_models()[name]
    assert (zoo_model(name).short_name, zoo_model(name).title) == (short, title)
    assert len({model.short_name for model in zoo_models().values()}) == 8


def test_table_has_nothing_else_and_families_have_builders():
    from tflhelpers.model.ssd import FAMILIES

    assert len(zoo_models()) == 8
    assert {model.family for model in zoo_models().values()} == set(FAMILIES)


@pytest.mark.parametrize(
    ("name", "data_file_bytes", "count"), [(M_NAME, 10_752_177, 386), (R_NAME, 131_768_450, 465)]
)
def test_genuine_figures(name, data_file_bytes, count):
    figures = json.loads(zoo_model(name).figures.read_text())
    assert (figures["data_file_bytes"], len(figures["entries"])) == (data_file_bytes, count)
    assert sum(entry["size"] for entry in figures["entries"].values()) == data_file_bytes
    assert [n for n, model in zoo_models().items() if model.figures] == [R_NAME, M_NAME]


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=rf"Did you mean {M_NAME}\? Known: {R_NAME}, ") as raised:
        zoo_model("ssd_mobilenet_v2_fpnlite_320")
    assert all(name in str(raised.value) for name in zoo_models())
    assert all(model.short_name in str(raised.value) for model in zoo_models().values())


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Two zoo archives of formula weights, alike but for one value."""
    return [_archive(tmp_path_factory.mktemp("archive"), added) for added in (0.0, 1.0)]


def _archive(folder, added: float) -> bytes:
    tensors = zoo_release("mobilenet")
    last = max(formula_tensors("mobilenet"))
    prefix = write_checkpoint(folder / "ckpt-0", tensors | {last: tensors[last] + np.float32(added)})
    return zoo_archive(prefix, M_NAME)


@pytest.fixture
def zoo_server(archives, tmp_path, monkeypatch):
    """A server with the first archive; while the test runs, its own figures are the genuine ones."""
    monkeypatch.setenv("no_proxy", "*")
    figures = tmp_path / "figures"
    figures.mkdir()
    monkeypatch.setattr(zoo, "FIGURES_FOLDER", figures)
    with unsteady_server(Unsteady(archives[0])) as server:
        monkeypatch.setattr(zoo, "BASE_URL", server.url.rsplit("/", 1)[0])
        file = CheckpointFile(fetch_zoo_model(M_NAME, cache=tmp_path / "genuine", progress=False))
        entries = {k: {"size": e.size, "masked_crc32c": e.masked_crc32c} for k, e in file.entries.items()}
        genuine = {"data_file_bytes": file.data_file_bytes, "entries": entries}
        (figures / f"{M_NAME}.json").write_text(json.dumps(genuine))
        server.requests.clear()
        yield server


def test_fetches_verifies_and_restores(zoo_server, tmp_path):
    prefix = fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)
    assert prefix == tmp_path / "cache" / M_NAME / "checkpoint" / "ckpt-0"
    assert fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False) == prefix
    assert len(zoo_server.requests) == 1
    variables = stand_ins(weight_shapes("mobilenet"))
    assert len(restore(variables, prefix).restored) == 384


def test_an_intact_archive_with_other_weights_is_not_taken_for_the_genuine_one(
    zoo_server, archives, tmp_path
):
    zoo_server.body = archives[1]
    for _ in range(2):  # the second time from the cache
        with pytest.raises(
            CheckpointError,
            match=r"not the genuine model zoo file: 1 of 386 .* To fetch it again, delete .*cache",
        ):
            fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)
    assert len(zoo_server.requests) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[:-1], "is cut short"),
        (lambda data: data + b"\0", r"bytes, expected .* delete the folder .*cache"),
    ],
)
def test_damage_in_the_cache_is_noticed(zoo_server, tmp_path, change, sentence):
    prefix = fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)
    data_file(prefix).write_bytes(change(data_file(prefix).read_bytes()))
    with pytest.raises(CheckpointError, match=sentence):
        fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)


def test_formula_weights_under_the_real_figures_are_refused(archives, tmp_path):
    (tmp_path / f"{M_NAME}.tar.gz").write_bytes(archives[0])
    with pytest.raises(CheckpointError, match="not the genuine model zoo file"):
        fetch_zoo_model(M_NAME, cache=tmp_path, progress=False)


def test_without_network_the_archive_can_be_placed_by_hand(zoo_server, archives, tmp_path, monkeypatch):
    zoo_server.statuses = [404] * 9
    place = tmp_path / "cache" / f"{M_NAME}.tar.gz"
    with pytest.raises(FetchError) as raised:
        fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)
    assert str(place) in str(raised.value)
    place.write_bytes(archives[0])
    assert fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False).name == "ckpt-0"


@pytest.fixture
def unpublished(zoo_server, tmp_path, monkeypatch):
    """The same server, of a detector whose genuine figures nobody has published."""
    monkeypatch.setattr(zoo, "FIGURES_FOLDER", tmp_path / "none")
    return zoo_server


def test_what_is_fetched_first_is_pinned_and_said(unpublished, tmp_path, caplog):
    cache = tmp_path / "cache"
    first = fetch_weights(zoo_model(M_NAME), cache=cache, progress=False)
    assert "No figures of the genuine ssd_mobilenet" in caplog.text
    pin = json.loads((cache / f"{M_NAME}.pinned.json").read_text())
    assert {name: len(digest) for name, digest in pin["sha256"].items()} == {
        "ckpt-0.index": 64,
        "ckpt-0.data-00000-of-00001": 64,
    }
    caplog.clear()
    again = fetch_weights(zoo_model(M_NAME), cache=cache, progress=False)
    assert not caplog.text
    assert (
        first.trust
        == again.trust
        == (f"no genuine figures are published; the same as first fetched on {pin['first_fetched']}")
    )


def test_a_cache_that_is_read_only_is_used_all_the_same(unpublished, tmp_path, monkeypatch, caplog):
    cache = tmp_path / "cache"
    fetch_zoo_model(M_NAME, cache=cache, progress=False)
    (cache / f"{M_NAME}.pinned.json").unlink()

    def refuses(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pins, "write_text", refuses)
    fetched = fetch_weights(zoo_model(M_NAME), cache=cache, progress=False)
    assert fetched.trust == f"no genuine figures are published, and it could not be pinned in {cache}"
    assert "could not be pinned" in caplog.text


def test_another_one_than_was_fetched_first_is_refused(unpublished, archives, tmp_path):
    """The folder may be deleted or replaced in between: the pin lies beside it."""
    cache = tmp_path / "cache"
    fetch_zoo_model(M_NAME, cache=cache, progress=False)
    shutil.rmtree(cache / M_NAME)
    unpublished.body = archives[1]
    for _ in range(2):  # the second time from the cache
        with pytest.raises(
            CheckpointError, match=r"is not the ssd_mobilenet.* that was fetched first .*pinned\.json"
        ):
            fetch_zoo_model(M_NAME, cache=cache, progress=False)
    (cache / f"{M_NAME}.pinned.json").unlink()
    assert fetch_zoo_model(M_NAME, cache=cache, progress=False).name == "ckpt-0"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"first_fetched": 5, "sha256": {}}', '{"first_fetched": "", "sha256": {"a": 1}}']
)
def test_a_pin_that_is_damaged_is_named(unpublished, tmp_path, text):
    cache = tmp_path / "cache"
    fetch_zoo_model(M_NAME, cache=cache, progress=False)
    (cache / f"{M_NAME}.pinned.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"pinned\.json is damaged .* Delete it"):
        fetch_zoo_model(M_NAME, cache=cache, progress=False)


def test_the_restore_report_tells_against_what_the_file_was_held(zoo_server, tmp_path, monkeypatch):
    detector = Detector.from_zoo(M_NAME, cache=tmp_path / "cache")
    assert "the file: each tensor has the size and checksum of the genuine one" in str(
        detector.restore_report
    )
    monkeypatch.setattr(zoo, "FIGURES_FOLDER", tmp_path / "none")
    detector = Detector.from_zoo(M_NAME, cache=tmp_path / "other")
    assert "the file: no genuine figures are published; the same as first fetched on" in str(
        detector.restore_report
    )
    own = Detector.from_zoo(M_NAME, checkpoint=tmp_path / "cache" / M_NAME)
    assert own.restore_report.trust == ""


def test_a_zoo_archive_of_twice_its_size_is_refused(zoo_server, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "_model", lambda *row: replace(_MODEL(*row), download_mb=1))
    with pytest.raises(FetchError, match="is too large: expected at most 2,000,000 bytes"):
        fetch_zoo_model(M_NAME, cache=tmp_path / "cache", progress=False)


_MODEL = zoo._model


def test_cache_is_in_the_project_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_cache() == tmp_path / "home" / ".cache" / "tflhelpers" / "zoo"
    (tmp_path / "transfer_learning_project").mkdir()
    assert default_cache() == tmp_path / "transfer_learning_project" / "models"

"""The order of the sources, and what is said when none answers. The zoo's host is a server of our own."""

from __future__ import annotations

import re
import socket

import pytest

from tests.model.synthetic_checkpoints import write_checkpoint, zoo_archive
from tests.model.test_saved_model_file import SMALL
from tests.model.unsteady_server import Unsteady, unsteady_server
from tflhelpers.model import sources, zoo
from tflhelpers.model.checkpoint import CheckpointError
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.sources import Fetched, fetch_weights
from tflhelpers.model.zoo import zoo_model

NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The hub's place is taken by a function that has nothing; the list says when it was asked."""
    calls: list[str] = []

    def fetch_from_hub(model, cache):
        calls.append(model.name)
        raise FetchError("kagglehub: no connection")

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(sources, "fetch_from_hub", fetch_from_hub)
    monkeypatch.setattr(sources, "PATIENCE", {"attempts": 2, "timeout_s": 0.3, "backoff_s": 0.01})
    monkeypatch.setattr(zoo, "FIGURES_FOLDER", tmp_path / "no figures")
    return calls


@pytest.fixture
def host(monkeypatch, tmp_path):
    """The zoo's host, which has the archive."""
    archive = zoo_archive(write_checkpoint(tmp_path / "packed" / "ckpt-0", SMALL), NAME)
    with unsteady_server(Unsteady(archive)) as server:
        monkeypatch.setattr(zoo, "BASE_URL", server.url.rsplit("/", 1)[0])
        yield server


def test_the_zoos_host_comes_first_and_the_cache_before_it(host, asked, tmp_path):
    cache = tmp_path / "cache"
    path = cache / NAME / "checkpoint" / "ckpt-0"
    assert fetch_weights(zoo_model(NAME), cache=cache, progress=False) == Fetched(path, "127.0.0.1")
    assert fetch_weights(zoo_model(NAME), cache=cache, progress=False) == Fetched(path)
    assert (len(host.requests), asked) == (1, [])


def test_then_the_hub(host, monkeypatch, asked, tmp_path):
    host.statuses = [403]
    monkeypatch.setattr(sources, "fetch_from_hub", lambda model, cache: cache / model.name / "saved_model")
    found = fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False)
    assert (found.path, found.source) == (tmp_path / NAME / "saved_model", "Kaggle or TensorFlow Hub")
    assert len(found.failures) == 1
    assert re.fullmatch(
        r"127\.0\.0\.1: Could not download http://.*: the server refuses it \(403\)\.", found.failures[0]
    )


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ([403], r"the server refuses it \(403\)"),
        ([404], r"the server does not have it \(404\)"),
        ([503, 503], "the server keeps answering 503"),
    ],
)
def test_when_none_has_it_each_has_a_line_and_the_last_says_what_to_do(
    host, asked, tmp_path, statuses, reason
):
    host.statuses = statuses
    cache = tmp_path / "cache"
    with pytest.raises(FetchError) as raised:
        fetch_weights(zoo_model(NAME), cache=cache, progress=False)
    first, zoo_line, hub_line, last = str(raised.value).splitlines()
    assert first == "SSD MobileNetV2 FPNLite 320 (mobilenet_320) could not be downloaded from any source:"
    assert re.fullmatch(rf"  127\.0\.0\.1: Could not download http://.*: {reason}\.", zoo_line)
    assert hub_line == "  Kaggle or TensorFlow Hub: kagglehub: no connection"
    place = cache / f"{NAME}.tar.gz"
    assert last.startswith("To go on without the network, put the file ")
    assert last.endswith(f"by hand at {place} (as it is, not unpacked) and run this again.")
    place.write_bytes(host.body)  # what it says can be done
    assert fetch_weights(zoo_model(NAME), cache=cache, progress=False).path.name == "ckpt-0"


def _silent_port() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_no_answer_is_not_waited_for_long(monkeypatch, asked, tmp_path):
    with _silent_port() as listener:
        monkeypatch.setattr(zoo, "BASE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(FetchError, match=r"127\.0\.0\.1: Could not download .*timed out"):
            fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False)
    assert asked == [NAME]


def test_nobody_there(monkeypatch, asked, tmp_path):
    with _silent_port() as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(zoo, "BASE_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(FetchError, match=r"127\.0\.0\.1: Could not download .*no connection"):
        fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False)
    assert asked == [NAME]


def test_a_page_in_the_archives_place_is_a_failure_too(host, asked, tmp_path):
    """Such as the sign-in page of a network in a hotel."""
    host.body = b"<html>Sign in</html>"
    with pytest.raises(
        FetchError, match=r"is damaged or no tar archive(?s:.*)To go on without the network, put"
    ):
        fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False)
    assert asked == [NAME]


def test_damage_in_the_cache_is_told_not_hidden(host, asked, tmp_path):
    path = fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False).path
    path.with_name("ckpt-0.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(CheckpointError, match=f"cut short.* To fetch it again, delete the folder .*{NAME}"):
        fetch_weights(zoo_model(NAME), cache=tmp_path, progress=False)
    assert asked == []

"""The web page, or the sentence why there is none."""

import os
from types import SimpleNamespace

import tflhelpers as tfl
from tests.ready_made.own_photos import save_photos
from tflhelpers.model.fetch import FetchError
from tflhelpers.ready_made.pages import results_page_for, web_demo_for


def test_without_a_network_the_page_is_a_sentence(project, monkeypatch):
    def unreachable(runtime=None, **_):
        raise FetchError(f"LiteRT.js could not be fetched, asked for {runtime}.")

    monkeypatch.setattr("tflhelpers.sharing.web_demo.fetch_runtime", unreachable)
    detector = tfl.Detector.embedded(["cup"])
    info, sentence = web_demo_for(project, detector)
    assert info is None
    assert sentence == (
        "The page was not written. LiteRT.js could not be fetched, asked for None. "
        f"Or put the file into {project.folder} and run this again."
    )
    archive = project.folder / "litertjs-core-2.5.3.tgz"
    archive.write_bytes(b"")
    assert f"asked for {archive}." in web_demo_for(project, detector)[1]
    assert not (project.results / "web_demo").exists()


def test_the_results_page_does_not_say_where_things_lie_on_this_machine(project):
    save_photos(project.data, [[[1, 2, 30, 20]]])
    found = [tfl.Boxes([[1, 2, 30, 20]], [0], [0.9], class_names=("cup",))]
    detector = SimpleNamespace(
        class_names=("cup",), threshold=0.5, trained_on=None, detect_all=lambda paths, **_: found
    )
    page, told = results_page_for(project, detector, title="Cups")
    assert told.endswith(f"For honest numbers put other annotated photos into {project.data / 'test'}.")
    text = page.read_text("utf-8")
    assert f"For honest numbers put other annotated photos into {os.path.join('data', 'test')}." in text
    assert str(project.folder) not in text

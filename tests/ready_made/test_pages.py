"""The web page, or the sentence why there is none."""

from tflhelpers.model.fetch import FetchError
from tflhelpers.ready_made.pages import web_demo_for


def test_without_a_network_the_page_is_a_sentence(project, monkeypatch):
    def unreachable(runtime=None, **_):
        raise FetchError(f"LiteRT.js could not be fetched, asked for {runtime}.")

    monkeypatch.setattr("tflhelpers.sharing.web_demo.fetch_runtime", unreachable)
    info, sentence = web_demo_for(project, None)
    assert info is None
    assert sentence == (
        "The page was not written. LiteRT.js could not be fetched, asked for None. "
        f"Or put the file into {project.folder} and run this again."
    )
    archive = project.folder / "litertjs-core-2.5.3.tgz"
    archive.write_bytes(b"")
    assert f"asked for {archive}." in web_demo_for(project, None)[1]
    assert not (project.results / "web_demo").exists()

"""What comes from other tools, and drawn photos where there is nothing."""

from tests.ready_made.own_photos import save_photos
from tflhelpers.ready_made.brought import Brought, brought_for


def test_what_is_brought_comes_before_practice(project):
    ready, origin = brought_for(project)
    practice = project.data / "practice"
    assert ready == Brought(
        (practice / "boxes",),
        (practice / "labelbox" / "urls.csv",),
        (practice / "labelbox" / "export.ndjson",),
        is_practice=True,
    )
    assert "so you can practise on drawn photos" in origin
    labelbox = project.data / "labelbox"
    labelbox.mkdir()
    for name in ("a.ndjson", "b.json", "collected_from_urls.csv.json", "urls.csv", "a.jpg"):
        (labelbox / name).write_bytes(b"")
    own, origin = brought_for(project)
    assert own == Brought((), (labelbox / "urls.csv",), (labelbox / "b.json", labelbox / "a.ndjson"))
    assert (
        origin
        == f"What you brought: {labelbox / 'urls.csv'}, {labelbox / 'b.json'}, {labelbox / 'a.ndjson'}."
    )
    save_photos(project.data / "boxes", [[[1, 2, 30, 20]]])
    assert brought_for(project)[0].folders == (project.data / "boxes",)

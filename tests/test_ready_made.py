"""Your own things if they are in the project folder, ready-made ones if not, and the sentence that says which."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl
from tflhelpers.data.video_reading import read_video
from tflhelpers.model.download import FetchError
from tflhelpers.ready_made import Brought, brought_for


@pytest.fixture
def project(tmp_path):
    return tfl.open_project("ducks", parent=tmp_path)


def save_photos(folder, boxes_of_each):
    """Write black photos of 40 x 60 pixels and an annotations.json with the given boxes of class "cup"."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number, xyxy in enumerate(boxes_of_each):
        path = folder / f"photo{number}.png"
        Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(path)
        items.append((path, tfl.Boxes(xyxy, [0] * len(xyxy)) if xyxy else tfl.Boxes.empty()))
    tfl.Annotations.from_items(["cup"], items).save(folder / "annotations.json")


def test_without_photos_the_drawn_ones_are_used_and_it_is_said(project):
    photos, origin = tfl.photos_for(project)
    assert photos.class_names == tfl.duck_photos().class_names
    assert (
        origin
        == f"There is no {project.data / 'annotations.json'}, so these are the 5 drawn photos of a toy duck."
    )


def test_photos_without_a_single_box_do_not_count(project):
    save_photos(project.data, [[], []])
    photos, origin = tfl.photos_for(project)
    assert len(photos) == 5
    assert "annotations.json has no boxes yet, so these are the 5 drawn photos" in origin


def test_own_photos_come_first(project):
    save_photos(project.data, [[[1, 2, 30, 20], [5, 5, 9, 9]], []])
    photos, origin = tfl.photos_for(project)
    assert (photos.class_names, len(photos)) == (("cup",), 2)
    assert origin == f"Your own 2 photos with 2 boxes, from {project.data / 'annotations.json'}."


def test_without_photos_one_practises_on_the_drawn_ones(project):
    folder, origin = tfl.photo_folder_for(project)
    assert folder == project.data / "practice"
    names = [path.name for path in tfl.duck_photos().image_paths]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names), "photos only, no boxes"
    assert "There are no photos in" in origin
    (folder / names[0]).write_bytes(b"mine")
    tfl.photo_folder_for(project)
    assert (folder / names[0]).read_bytes() == b"mine", "what is there is left alone"


def test_own_photos_are_drawn_on_in_their_place(project):
    save_photos(project.data, [[], []])
    assert tfl.photo_folder_for(project) == (project.data, f"Your own 2 photos, in {project.data}.")
    assert not (project.data / "practice").exists()


def test_boxes_drawn_for_practice_come_before_the_ready_made_ones(project):
    folder, _ = tfl.photo_folder_for(project)
    save_photos(folder, [[[1, 2, 30, 20]]])
    photos, origin = tfl.photos_for(project)
    assert (photos.class_names, len(photos)) == (("cup",), 1)
    assert origin == f"1 drawn photos with 1 boxes of your own, from {folder}."
    assert tfl.scoring_photos_for(project)[0] == photos, "cups cannot be measured on ducks"
    save_photos(project.data, [[[5, 5, 9, 9]], []])
    assert tfl.photos_for(project)[1].startswith("Your own 2 photos")


def test_boxes_around_the_drawn_duck_are_measured_on_its_clip(project):
    folder, _ = tfl.photo_folder_for(project)
    photo, boxes = tfl.duck_photos()[0]
    tfl.Annotations(["duck"], [(folder / photo.name, boxes)]).save(folder / "annotations.json")
    assert len(tfl.scoring_photos_for(project)[0]) == 48


@pytest.mark.parametrize(
    ("with_boxes", "states", "note"),
    [
        (0, "ttttt", "0 photos have boxes so far. Draw on 2, then run this cell again."),
        (1, "btttt", "1 photos have boxes so far. Draw on 2, then run this cell again."),
        (5, "bbbbb", "No photo is left to do, so nothing is proposed."),
    ],
)
def test_nothing_is_proposed_before_it_is_worth_it(with_boxes, states, note):
    ducks = tfl.duck_photos()
    annotator = SimpleNamespace(annotations=ducks[:with_boxes], states=states)
    assert tfl.proposer_for(annotator) == (None, note)


def test_proposals_that_are_not_wanted_cost_nothing():
    annotator = SimpleNamespace(annotations=tfl.duck_photos()[:2], states="bbttt")
    detector, note = tfl.proposer_for(annotator, wanted=False)
    assert detector is None
    assert note == "Proposals are off. Draw on 2 photos, tick propose in the settings, and come back."


def test_two_photos_train_a_detector_that_proposes():
    annotator = SimpleNamespace(annotations=tfl.duck_photos()[:2], states="bbttt")
    detector, note = tfl.proposer_for(annotator, steps=1)
    assert detector.class_names == ("duck",)
    assert note == "A detector trained on your 2 photos proposes boxes on the others, dashed."


@pytest.mark.parametrize(
    ("own", "test", "count", "words"),
    [
        (None, None, 48, "drawn clip, which were not trained on"),
        ([[[1, 2, 30, 20]]], None, 1, "1 training photos, so the numbers flatter"),
        ([[[1, 2, 30, 20]]], [[[1, 2, 30, 20]], [[3, 3, 9, 9]]], 2, "2 photos that were not trained on"),
        (None, [[]], 48, "drawn clip"),
    ],
)
def test_what_scores_are_measured_on(project, own, test, count, words):
    if own is not None:
        save_photos(project.data, own)
    if test is not None:
        save_photos(project.data / "test", test)
    photos, origin = tfl.scoring_photos_for(project)
    assert len(photos) == count
    assert words in origin


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


def test_pictures_of_a_clip_come_in_counting_order(project):
    clip = project.data / "clip"
    clip.mkdir()
    for name in ("frame10.png", "frame2.PNG", "frame1.jpg", "notes.txt", "frame02b.png"):
        (clip / name).write_bytes(b"")
    pictures, origin = tfl.clip_for(project)
    assert [path.name for path in pictures] == ["frame1.jpg", "frame2.PNG", "frame02b.png", "frame10.png"]
    assert origin == f"The 4 pictures in {clip}."


def test_without_a_clip_the_photos_and_then_the_drawn_clip(project):
    frames, origin = tfl.clip_for(project)
    assert len(frames) == 48
    assert "48 frames of a drawn toy duck" in origin
    save_photos(project.data, [[[1, 2, 30, 20]]])
    assert [path.name for path in tfl.clip_for(project)[0]] == ["photo0.png"]


def test_a_video_of_ones_own_comes_before_the_drawn_one(project):
    drawn, origin = tfl.video_for(project)
    assert drawn == project.data / "practice" / "duck.mp4"
    assert origin == f"There is no video in {project.data}, so this is a drawn one of a toy duck, {drawn}."
    frames = list(read_video(drawn))
    assert (len(frames), frames[0].image.shape) == (48, (360, 480, 3))
    truth = tfl.read_image(tfl.duck_clip().image_paths[7]).astype(int)
    assert np.abs(frames[7].image - truth).mean() < 5
    written = drawn.stat().st_mtime_ns
    assert tfl.video_for(project)[0].stat().st_mtime_ns == written, "it is written once"
    for name in ("film10.MOV", "film2.mp4", "._film1.mp4", "notes.txt"):
        (project.data / name).write_bytes(b"")
    own = project.data / "film2.mp4"
    assert tfl.video_for(project) == (own, f"Your own video, {own} (of 2 videos there).")


def test_without_a_network_the_page_is_a_sentence(project, monkeypatch):
    def unreachable(runtime=None, **_):
        raise FetchError(f"LiteRT.js could not be fetched, asked for {runtime}.")

    monkeypatch.setattr("tflhelpers.sharing.web_demo.fetch_runtime", unreachable)
    info, sentence = tfl.web_demo_for(project, None)
    assert info is None
    assert sentence == (
        "The page was not written. LiteRT.js could not be fetched, asked for None. "
        f"Or put the file into {project.folder} and run this again."
    )
    archive = project.folder / "litertjs-core-2.5.3.tgz"
    archive.write_bytes(b"")
    assert f"asked for {archive}." in tfl.web_demo_for(project, None)[1]
    assert not (project.results / "web_demo").exists()


def test_the_detector_is_trained_once_and_then_found(project):
    trained, origin = tfl.detector_for(project, steps=1)
    folder = project.models / "detector"
    assert origin.startswith(
        f"There was no detector in {folder}, so one was trained just now and saved there."
    )
    assert origin.endswith("drawn photos of a toy duck.")
    loaded, origin = tfl.detector_for(project)
    assert origin == f"The detector for {', '.join(trained.class_names)} saved in {folder}."
    picture = tfl.duck_photos().image_paths[0]
    ours, theirs = trained.detect(picture, threshold=0.0), loaded.detect(picture, threshold=0.0)
    np.testing.assert_allclose(ours.xyxy, theirs.xyxy, atol=1e-3)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-5)

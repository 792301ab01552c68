"""The detector of a project: what it was trained on is known, and drawn ducks never stand in for one's own things."""

from types import SimpleNamespace

import numpy as np
import pytest

import tflhelpers as tfl
from tests.ready_made.own_photos import as_if_trained, save_photos
from tflhelpers.ready_made.detectors import (
    detector_for,
    keep_for,
    proposer_for,
    threshold_for,
    training_folder_for,
)
from tflhelpers.ready_made.photos import photos_for, scoring_photos_for
from tflhelpers.training.fine_tune import given_weights
from tflhelpers.training.record import training_record
from tflhelpers.training.resume import alone_in
from tflhelpers.training.same_training import remember_start, start_mark

OWN = [[[1, 2, 30, 20]], [[5, 5, 39, 29]], []]


@pytest.mark.parametrize(
    ("with_boxes", "states", "note"),
    [
        (0, "ttttt", "Photos with boxes so far: 0. Draw on 2, then run this cell again."),
        (1, "btttt", "Photos with boxes so far: 1. Draw on 2, then run this cell again."),
        (5, "bbbbb", "All photos are done, so there is nothing left to propose."),
    ],
)
def test_nothing_is_proposed_before_it_is_worth_it(with_boxes, states, note):
    ducks = tfl.samples.duck_photos()
    annotator = SimpleNamespace(annotations=ducks[:with_boxes], states=states)
    assert proposer_for(annotator) == (None, note)


def test_proposals_that_are_not_wanted_cost_nothing():
    annotator = SimpleNamespace(annotations=tfl.samples.duck_photos()[:2], states="bbttt")
    detector, note = proposer_for(annotator, wanted=False)
    assert detector is None
    assert note == "Proposals are off. Draw on 2 photos, tick propose in the settings, and come back."


def test_two_photos_train_a_detector_that_proposes(small_embedded):
    annotator = SimpleNamespace(annotations=tfl.samples.duck_photos()[:2], states="bbttt")
    detector, note = proposer_for(annotator, start="embedded", steps=1)
    assert detector.class_names == ("duck",)
    told = "A detector trained on your 2 photos proposes boxes on the others, with dashed lines. It started from: "
    assert note.startswith(told)
    assert note.endswith("(embedded), as asked for: nothing to download.")


def test_a_detector_for_practice_is_trained_once_and_then_found(project, small_embedded):
    first, origin = detector_for(project, start="embedded", steps=1)
    assert first.folder == project.models / "practice"
    assert origin.startswith(
        f"There was no detector for these photos in {project.models}, so one was trained just now"
    )
    assert "5 drawn ones of a toy duck." in origin
    assert origin.endswith("(embedded), as asked for: nothing to download.")
    loaded, origin = detector_for(project)
    told = f"The detector for duck saved in {first.folder}, trained on 5 photos with 5 boxes of duck, on "
    assert origin.startswith(told)
    assert "not" not in origin
    picture = tfl.samples.duck_photos().image_paths[0]
    ours, theirs = first.detect(picture, threshold=0.0), loaded.detect(picture, threshold=0.0)
    np.testing.assert_allclose(ours.xyxy, theirs.xyxy, atol=1e-3)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-5)


def test_a_detector_for_practice_never_takes_the_name_of_yours(project):
    for name, folder in (("detector", "practice"), ("several_classes", "practice_several_classes")):
        kept, told = keep_for(project, as_if_trained(tfl.samples.duck_photos()), name)
        assert kept == project.models / folder
        assert told.startswith(f"The detector for practice is saved in {kept}. It was trained on 5 photos")
    save_photos(project.data, OWN)
    kept, told = keep_for(project, as_if_trained(photos_for(project)[0]))
    assert kept == project.models / "detector"
    assert told.startswith(
        f"The detector is saved in {kept}. It was trained on 3 photos with 2 boxes of cup, on "
    )


def test_practice_does_not_stand_in_for_photos_of_ones_own(project, small_embedded):
    keep_for(project, as_if_trained(tfl.samples.duck_photos()))
    save_photos(project.data, OWN)
    detector, told = detector_for(project, start="embedded", steps=1)
    assert detector.class_names == ("cup",)
    assert detector.folder == project.models / "detector"
    assert "so one was trained just now" in told
    detector, told = detector_for(project, "practice")
    assert told.endswith(
        "These were drawn photos for practice, not yours: run 03_fine_tune_detector. "
        "You can choose these in the settings too: detector."
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: None, ""),
        (lambda folder: save_photos(folder, [*OWN, [[1, 1, 9, 9]]]), "It was trained on 3 of your 4 photos."),
        (
            lambda folder: save_photos(folder, [[[2, 2, 30, 20]], *OWN[1:]]),
            "The boxes on 1 photo have changed since.",
        ),
        (lambda folder: save_photos(folder, OWN, ["mug"]), "Its classes are cup, those of your boxes mug."),
        (lambda folder: save_photos(folder, OWN, first=5), "It was trained on none of your 3 photos."),
        (
            lambda folder: (folder / "photo0.png").unlink(),
            "1 photo that it was trained on is not there any more.",
        ),
    ],
)
def test_it_says_what_has_changed_since(project, change, told):
    save_photos(project.data, OWN)
    keep_for(project, as_if_trained(photos_for(project)[0]))
    change(project.data)
    sentences = detector_for(project)[1]
    assert told in sentences
    assert ("To train on what is there now, run 03_fine_tune_detector." in sentences) is bool(told)


def test_a_renamed_photo_is_known_again(project):
    save_photos(project.data, OWN)
    before = training_record(photos_for(project)[0])
    (project.data / "photo1.png").rename(project.data / "cup.png")
    text = (project.data / "annotations.json").read_text("utf-8")
    (project.data / "annotations.json").write_text(text.replace("photo1.png", "cup.png"), "utf-8")
    assert before.differences(training_record(photos_for(project)[0])) == []


def test_the_one_saved_last_is_taken_and_others_by_their_names(project):
    save_photos(project.data, OWN)
    photos = photos_for(project)[0]
    for name in ("detector", "several_classes"):
        keep_for(project, as_if_trained(photos), name)
    detector, told = detector_for(project)
    assert detector.folder.name == "several_classes"
    assert told.endswith("You can choose these in the settings too: detector.")
    assert detector_for(project, "detector")[0].folder.name == "detector"
    known = r"no detector 'duck'\. There are: several_classes, detector\. Choose one"
    with pytest.raises(FileNotFoundError, match=known):
        detector_for(project, "duck")


def test_classes_in_another_order_are_the_same_classes(project):
    save_photos(project.data, OWN, ["cup", "mug"])
    detector = as_if_trained(photos_for(project)[0])
    keep_for(project, detector)
    path = project.data / "annotations.json"
    pictures = [(each, boxes.with_classes(["cup", "mug"])) for each, boxes in photos_for(project)[0]]
    tfl.Annotations.from_items(["mug", "cup"], pictures).save(path)
    assert photos_for(project)[0].class_names == ("mug", "cup")
    keep_for(project, as_if_trained(tfl.Annotations(["spoon"], pictures[2:])), "spoons")
    found, told = detector_for(project)
    assert (found.folder.name, found.class_names) == ("detector", ("cup", "mug"))
    assert "Its classes are" not in told
    assert "changed" not in told
    assert scoring_photos_for(project, detector)[0].class_names == ("mug", "cup")


@pytest.mark.parametrize("text", ["{}", '{"format": 9, "family": "of the future"}', '{"format":'])
def test_a_damaged_detector_does_not_stand_in_the_way_of_others_and_is_not_replaced(project, text):
    save_photos(project.data, OWN)
    settings = project.models / "detector" / "detector.json"
    settings.parent.mkdir()
    settings.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"models.detector.detector\.json (is damaged|must have format)"):
        detector_for(project)
    assert settings.read_text("utf-8") == text
    keep_for(project, as_if_trained(photos_for(project)[0]), "other")
    found, told = detector_for(project)
    assert found.folder.name == "other"
    assert f"Left out, as they cannot be read: {settings} " in told
    assert "Also there" not in told


def test_a_detector_of_an_older_version_says_that_it_does_not_know(project):
    detector = as_if_trained(tfl.samples.duck_photos())
    detector.trained_on = None
    detector.save(project.models / "detector")
    assert "what it was trained on is not known." in detector_for(project)[1]


def test_a_threshold_found_on_training_photos_is_not_kept():
    photos, clip = tfl.samples.duck_photos(), tfl.samples.duck_clip()
    detector, calibration = as_if_trained(photos), SimpleNamespace(threshold=0.83)
    assert threshold_for(detector, calibration, clip) == (
        0.83,
        "The detector's own threshold is 0.83 from now on.",
    )
    kept, told = threshold_for(detector, calibration, photos)
    assert kept == 0.5
    assert told.startswith("The threshold stays 0.50: 0.83 was measured on photos that it was trained on")


def test_a_training_goes_on_in_its_own_folder_only(project):
    photos, detector = tfl.samples.duck_photos(), tfl.Detector.embedded(["duck"])
    first = training_folder_for(project, detector, photos, steps=2, seed=0)
    assert first.parent == project.models / "training"
    assert training_folder_for(project, detector, photos, seed=0, steps=2) == first
    others = [
        training_folder_for(project, detector, photos[:4], steps=2, seed=0),
        training_folder_for(project, detector, photos, steps=3, seed=0),
    ]
    assert len({first, *others}) == 3
    assert len(list(first.parent.iterdir())) == 2, "the last two are kept"
    assert others[1].is_dir()


def test_a_cell_run_again_goes_on_in_its_folder_and_a_detector_that_knows_more_does_not(project):
    photos, detector = tfl.samples.duck_photos(), tfl.Detector.embedded(["duck"])
    first = training_folder_for(project, detector, photos, steps=2)
    began = start_mark(detector, given_weights(detector), first)
    bias = given_weights(detector)[-1]
    bias.assign(bias + 1)
    remember_start(detector, given_weights(detector), first, began)  # as a training in `first` ends
    assert training_folder_for(project, detector, photos, steps=2) == first
    longer = training_folder_for(project, detector, photos, steps=3)
    assert longer != training_folder_for(project, tfl.Detector.embedded(["duck"]), photos, steps=3)


def test_the_folder_of_a_training_that_runs_is_kept(project):
    photos, detector = tfl.samples.duck_photos(), as_if_trained(tfl.samples.duck_photos())
    running = training_folder_for(project, detector, photos, seed=0)
    (running / "kept.txt").write_text("a state")
    with alone_in(running):
        others = [training_folder_for(project, detector, photos, seed=seed) for seed in (1, 2, 3)]
        assert (running / "kept.txt").exists()
    assert [other.is_dir() for other in others] == [False, True, True]

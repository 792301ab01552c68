"""Your own things if they are in the project folder, ready-made ones if not, and the sentence that says which."""

import pytest
from PIL import Image

import tflhelpers as tfl
from tests.ready_made.own_photos import as_if_trained, save_photos
from tflhelpers.ready_made.detectors import detector_for
from tflhelpers.ready_made.photos import photo_folder_for, photos_for, scoring_photos_for


def test_own_photos_come_first(project):
    save_photos(project.data, [[[1, 2, 30, 20], [5, 5, 9, 9]], []])
    photos, origin = photos_for(project)
    assert (photos.class_names, len(photos)) == (("cup",), 2)
    assert origin == f"Your own 2 photos with 2 boxes, from {project.data / 'annotations.json'}."


def test_without_photos_one_practises_on_the_drawn_ones(project):
    folder, origin = photo_folder_for(project)
    assert folder == project.data / "practice"
    names = [path.name for path in tfl.samples.duck_photos().image_paths]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names), "photos only, no boxes"
    assert "There are no photos in" in origin
    (folder / names[0]).write_bytes(b"mine")
    photo_folder_for(project)
    assert (folder / names[0]).read_bytes() == b"mine", "what is there is left alone"


def test_own_photos_are_drawn_on_in_their_place(project):
    save_photos(project.data, [[], []])
    assert photo_folder_for(project) == (project.data, f"Your own 2 photos, in {project.data}.")
    assert not (project.data / "practice").exists()


def test_boxes_drawn_for_practice_come_before_the_ready_made_ones(project):
    folder, _ = photo_folder_for(project)
    save_photos(folder, [[[1, 2, 30, 20]]])
    photos, origin = photos_for(project)
    assert (photos.class_names, len(photos)) == (("cup",), 1)
    assert origin == f"1 drawn photo with 1 box of your own, from {folder}."
    assert scoring_photos_for(project)[0] == photos, "cups cannot be measured on ducks"
    save_photos(project.data, [[[5, 5, 9, 9]], []])
    assert photos_for(project)[1].startswith("Your own 2 photos")


def test_boxes_around_the_drawn_duck_are_measured_on_its_clip(project):
    folder, _ = photo_folder_for(project)
    photo, boxes = tfl.samples.duck_photos()[0]
    tfl.Annotations(["duck"], [(folder / photo.name, boxes)]).save(folder / "annotations.json")
    assert len(scoring_photos_for(project)[0]) == 48


@pytest.mark.parametrize(
    ("own", "test", "count", "words"),
    [
        (None, None, 48, "48 frames of the drawn clip."),
        ([[[1, 2, 30, 20]]], None, 1, "on the same 1 photo that you train on, so the numbers are flattering"),
        (
            [[[1, 2, 30, 20]]],
            [[[1, 2, 30, 20]], [[3, 3, 9, 9]]],
            2,
            "Scores will be measured on 2 photos from ",
        ),
        (None, [[]], 48, "drawn clip"),
    ],
)
def test_what_scores_are_measured_on(project, own, test, count, words):
    if own is not None:
        save_photos(project.data, own)
    if test is not None:
        save_photos(project.data / "test", test)
    photos, origin = scoring_photos_for(project)
    assert len(photos) == count
    assert words in origin


NO_PHOTOS = "There are no photos in {data} yet, so these are the 5 drawn ones of a toy duck."


def test_without_photos_the_drawn_ones_are_used_and_it_is_said(project):
    photos, origin = photos_for(project)
    assert photos.class_names == tfl.samples.duck_photos().class_names
    assert origin == NO_PHOTOS.format(data=project.data)


def test_nothing_drawn_takes_the_place_of_photos_without_boxes(project, small_embedded):
    save_photos(project.data, [[], []])
    photos, origin = photos_for(project)
    told = f"Your own 2 photos in {project.data} have no boxes yet: draw them in 02_annotate_images"
    assert [path.name for path in photos.image_paths] == ["photo0.png", "photo1.png"]
    assert sum(len(boxes) for _, boxes in photos) == 0
    assert origin == f"{told}, and run this cell again."
    (project.data / "annotations.json").unlink()
    assert photos_for(project)[1] == f"{told}, and run this cell again."
    with pytest.raises(ValueError, match="must hold at least one box, got none on 2 pictures"):
        detector_for(project, start="embedded", steps=1)


def test_a_renamed_photo_is_named(project):
    save_photos(project.data, [[[1, 2, 30, 20]], [[5, 5, 9, 9]]])
    (project.data / "photo1.png").rename(project.data / "cup.png")
    photos, origin = photos_for(project)
    assert [path.name for path in photos.image_paths] == ["photo0.png"]
    assert origin.endswith(
        "photo1.png with boxes is not there any more, and cup.png has none. If you renamed a photo, give it its old "
        "name back; otherwise draw its boxes in 02_annotate_images."
    )


def test_a_removed_photo_is_named(project):
    save_photos(project.data, [[[1, 2, 30, 20]], [[5, 5, 9, 9]]])
    (project.data / "photo1.png").unlink()
    assert photos_for(project)[1].endswith("photo1.png is not there any more, so its boxes are left out.")


def test_forgotten_photos_are_named(project):
    save_photos(project.data, [[[1, 2, 30, 20]], []])
    for name in ("a2.png", "a10.png"):
        Image.new("RGB", (60, 40)).save(project.data / name)
    photos, origin = photos_for(project)
    assert len(photos) == 2
    assert origin.endswith(
        "Not trained on: a2.png, a10.png, not annotated yet. Draw boxes on them, or mark them as nothing here, "
        "in 02_annotate_images."
    )


@pytest.mark.parametrize(
    ("class_names", "told"),
    [
        (
            ("Duck", "duck"),
            "look like one, and are learned as 2. To make them one: photos = tfl.formats.combine([photos], "
            'rename={"Duck": "duck"}).',
        ),
        (("toy duck", "toy  Duck", "cup"), "The classes toy duck and toy  Duck look like one"),
        (("duck", "ducks"), ""),
    ],
)
def test_classes_that_differ_by_case_are_named(project, class_names, told):
    save_photos(project.data, [[[1, 2, 30, 20]]], class_names)
    origin = photos_for(project)[1]
    assert told in origin
    assert ("look like one" in origin) is bool(told)


def test_the_one_folder_with_photos_is_taken_and_several_are_named(project):
    save_photos(project.data / "phone", [[[1, 2, 30, 20]]])
    assert photo_folder_for(project) == (
        project.data / "phone",
        f"Your own 1 photo, in {project.data / 'phone'}. They are in a folder of their own; put more photos there "
        f"too, not into {project.data}.",
    )
    assert photos_for(project)[1].startswith("Your own 1 photo with 1 box, from ")
    save_photos(project.data / "camera", [[], []])
    folder, told = photo_folder_for(project)
    assert folder == project.data / "practice"
    assert told.endswith(
        f"There are photos in folders that this project ignores: 2 in {project.data / 'camera'}, 1 in "
        f"{project.data / 'phone'}. Move those you want into {project.data}."
    )
    save_photos(project.data, [[]])
    assert photo_folder_for(project)[0] == project.data


def test_scores_say_whether_the_pictures_were_trained_on(project):
    save_photos(project.data, [[[1, 2, 30, 20]], [[5, 5, 9, 9]]])
    detector = as_if_trained(photos_for(project)[0][:1])
    assert (
        ", of which it was trained on 1, so the numbers are flattering."
        in scoring_photos_for(project, detector)[1]
    )
    save_photos(project.data / "test", [[[1, 2, 30, 20]], [[5, 5, 9, 9]]], first=5)
    told = scoring_photos_for(project, detector)[1]
    assert told.endswith("annotations.json, none of which it was trained on.")
    assert ", none of which" not in scoring_photos_for(project)[1]


def test_a_detector_is_scored_on_photos_of_its_classes(project):
    save_photos(project.data, [[[1, 2, 30, 20]]])
    save_photos(project.data / "test", [[[1, 2, 30, 20]]], first=3)
    save_photos(project.results / "dataset", [[[1, 2, 30, 20]], []], ["cup", "mug"], first=6)
    (project.results / "dataset" / "annotations.json").rename(project.results / "dataset" / "held_out.json")
    cups = as_if_trained(photos_for(project)[0])
    assert "Measured on 1 photo from " in scoring_photos_for(project, cups)[1]
    several = as_if_trained(tfl.Annotations(["cup", "mug"], photos_for(project)[0].pictures))
    photos, told = scoring_photos_for(project, several)
    assert (len(photos), photos.class_names) == (2, ("cup", "mug"))
    assert (
        told
        == "Measured on the 2 photos that 07_bring_your_dataset held out, none of which it was trained on."
    )
    spoons = as_if_trained(tfl.Annotations(["spoon"], []))
    with pytest.raises(
        ValueError, match=r"classes are spoon, and no annotated photos have these: yours have cup\."
    ):
        scoring_photos_for(project, spoons)

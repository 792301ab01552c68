"""Each known trouble is planted once and found by its own sentence; a healthy case has none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import drawn_pictures, tiny_detector
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.pictures import Picture
from tflhelpers.data.samples import duck_clip, duck_photos
from tflhelpers.doctor import diagnose
from tflhelpers.evaluation.diagnosis import Cause, Diagnosis

NAMES = ("duck", "goose", "swan")
HEIGHT, WIDTH = 200, 320


class Planned:
    """A detector that finds what it is told, if the score is high enough."""

    image_size = (320, 320)
    threshold = 0.5

    def __init__(self, found, class_names=NAMES):
        self.found, self.class_names = dict(found), class_names

    def detect_all(self, images, *, threshold, progress=True):
        boxes = [self.found[path] for path in images]
        return [each if each.scores is None else each[each.scores >= threshold] for each in boxes]


def upright(folder, n=9, side=(60, 40)):
    """Pictures of 200 × 320, two objects of changing classes on each, of 60 × 40 pixels, far from the diagonal."""
    items = []
    for number in range(n):
        path = folder / f"{number}.png"
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(path)
        corners = np.array([[150 + 10 * number, 10 + 3 * number], [5 + 5 * number, 150]])
        labels = [number % 3, (number + 1) % 3]
        items.append((path, Boxes(np.concatenate([corners, corners + side], axis=1), labels)))
    return Annotations(NAMES, items)


def good_detector(annotations, score=0.9, noise=True):
    """Finds all within two pixels, and has many an unsure box elsewhere."""
    random = np.random.default_rng(0)
    found = []
    for path, boxes in annotations:
        n = len(boxes)
        right = Boxes(boxes.xyxy + random.uniform(-2, 2, (n, 4)), boxes.labels, np.full(n, score))
        corner = random.uniform(0, 150, (20, 2))
        wrong = Boxes(np.concatenate([corner, corner + 30], axis=1), [0] * 20, random.uniform(0, 0.05, 20))
        found.append((path, Boxes.concatenate([right, wrong]) if noise else right))
    return Planned(found)


def changed(annotations, change):
    """The same pictures with other boxes: `change` gets edges and labels of each."""
    return Annotations(NAMES, [(path, Boxes(*change(b.xyxy, b.labels))) for path, b in annotations])


def as_stored_before_turning_right(xyxy, labels):
    """Where the boxes lie in the picture that a quarter turn to the right makes upright: x = W - y', y = x'."""
    x1, y1, x2, y2 = xyxy.T
    return np.stack([y1, WIDTH - x2, y2, WIDTH - x1], axis=1), labels


def as_stored_before_turning_left(xyxy, labels):
    x1, y1, x2, y2 = xyxy.T
    return np.stack([HEIGHT - y2, x1, HEIGHT - y1, x2], axis=1), labels


# name, what becomes of the annotations, the sentence
IN_ANNOTATIONS = [
    ("swapped", lambda xyxy, labels: (xyxy[:, [1, 0, 3, 2]], labels), "x and y are swapped"),
    ("fractions", lambda xyxy, labels: (xyxy / [320, 200, 320, 200], labels), "boxes are given as fractions"),
    ("shifted", lambda xyxy, labels: (xyxy, (labels + 1) % 3), "labels are shifted by one"),
    ("shifted back", lambda xyxy, labels: (xyxy, (labels + 2) % 3), "labels are shifted by one"),
    ("order", lambda xyxy, labels: (xyxy, np.array([0, 2, 1])[labels]), "the classes are in another order"),
    (
        "another order",
        lambda xyxy, labels: (xyxy, np.array([2, 1, 0])[labels]),
        "the classes are in another order",
    ),
    (
        "turned right",
        as_stored_before_turning_right,
        "boxes were drawn on pictures that were not turned upright",
    ),
    (
        "turned left",
        as_stored_before_turning_left,
        "boxes were drawn on pictures that were not turned upright",
    ),
    (
        "upside down",
        lambda xyxy, labels: (np.array([WIDTH, HEIGHT] * 2) - xyxy[:, [2, 3, 0, 1]], labels),
        "boxes were drawn on pictures that were not turned upright",
    ),
    ("none", lambda xyxy, labels: (xyxy[:0], labels[:0]), "there is nothing to learn or to find"),
]


@pytest.mark.parametrize(
    ("change", "name"), [c[1:] for c in IN_ANNOTATIONS], ids=[c[0] for c in IN_ANNOTATIONS]
)
def test_mistakes_in_the_annotations(tmp_path, change, name):
    pictures = upright(tmp_path)
    detector = good_detector(pictures)
    found = diagnose(detector, changed(pictures, change))
    assert [cause.name for cause in found.causes] == [name], str(found)
    assert diagnose(detector, pictures).healthy


def test_another_order_of_all_classes(tmp_path):
    """Four classes, of which each is called by another's name, and not its neighbour's."""
    names = ("a", "b", "c", "d")
    pictures = Annotations(
        names, [(p, Boxes(b.xyxy, [k % 4, (k + 1) % 4])) for k, (p, b) in enumerate(upright(tmp_path))]
    )
    detector = good_detector(pictures)
    detector.class_names = names
    order = np.array([1, 0, 3, 2])
    wrong = Annotations(names, [(p, Boxes(b.xyxy, order[b.labels])) for p, b in pictures])
    (cause,) = diagnose(detector, wrong).causes
    assert cause.name == "the classes are in another order"
    assert "0 have the right class, but 18 would have it in another order: a is called b, b is called a" in (
        cause.evidence
    )


@pytest.mark.parametrize(
    ("detectors", "name", "words"),
    [
        (("goose", "duck", "swan"), "the classes are in another order", "goose, duck, swan"),
        (("background", *NAMES), "labels are shifted by one", "background, duck"),
        (
            NAMES[1:],
            "detector and annotations have different classes",
            "of the annotations duck, goose, swan. The detector lacks duck",
        ),
        (("cup",), "detector and annotations have different classes", "The detector's classes are cup"),
    ],
)
def test_names_that_differ(tmp_path, detectors, name, words):
    pictures = upright(tmp_path)
    detector = good_detector(pictures)
    detector.class_names = detectors
    if len(detectors) < 3:
        detector.found = {path: Boxes(b.xyxy, 0 * b.labels, b.scores) for path, b in detector.found.items()}
    (cause,) = diagnose(detector, pictures).causes
    assert cause.name == name
    assert words in cause.evidence


@pytest.mark.parametrize("right", [True, False], ids=["by name", "by number"])
def test_a_list_without_the_first_class_is_shifted_only_where_the_boxes_show_it(tmp_path, right):
    """The detector knows goose and swan; its labels are places in its list, or in that of the annotations."""
    pictures = upright(tmp_path)
    found = {}
    for path, boxes in pictures:
        kept = boxes[boxes.labels > 0] if right else boxes[boxes.labels < 2]
        found[path] = Boxes(kept.xyxy, kept.labels - right, [0.9] * len(kept))
    (cause,) = diagnose(Planned(found, NAMES[1:]), pictures).causes
    assert cause.name == (
        "detector and annotations have different classes" if right else "labels are shifted by one"
    )
    assert (
        "The detector's classes are goose, swan, those of the annotations duck, goose, swan."
        in cause.evidence
    )


def of_one_class(folder, label):
    """Pictures of which only the objects of one class are annotated, as that of a list of its own."""
    return Annotations(
        (NAMES[label],),
        [(p, Boxes(b.xyxy[b.labels == label], 0 * b.labels[b.labels == label])) for p, b in upright(folder)],
    )


@pytest.mark.parametrize("label", [0, 1, 2])
def test_annotations_that_lack_classes_are_told_and_all_else_is_looked_at(tmp_path, label):
    pictures = of_one_class(tmp_path, label)
    found = {path: Boxes(b.xyxy, b.labels + label, [0.9] * len(b)) for path, b in pictures}
    (cause,) = diagnose(Planned(found), pictures).causes
    assert cause.name == "the annotations lack classes of the detector"
    others = ", ".join(name for name in NAMES if name != NAMES[label])
    assert cause.evidence.endswith(f"those of the annotations {NAMES[label]}. The annotations lack {others}.")
    assert "class_names=detector.class_names" in cause.remedy
    unsure = {path: Boxes(b.xyxy, b.labels + label, [0.3] * len(b)) for path, b in pictures}
    causes = diagnose(Planned(unsure), pictures).causes
    assert [each.name for each in causes] == ["the threshold is too high", cause.name]


def test_one_class_that_is_taken_for_another_is_no_shift(tmp_path):
    """Of (duck, goose) it calls each goose a duck, and the list of the annotations is that of geese alone."""
    pictures = of_one_class(tmp_path, 1)
    found = {path: Boxes(b.xyxy, b.labels, [0.9] * len(b)) for path, b in pictures}
    names = [cause.name for cause in diagnose(Planned(found, NAMES[:2]), pictures).causes]
    assert names == [
        "much is missed, and no known cause fits",
        "the annotations lack classes of the detector",
    ]


def test_lists_in_another_order_are_nothing_if_the_boxes_have_the_right_names(tmp_path):
    pictures = upright(tmp_path)
    place = np.array([2, 0, 1])  # of duck, goose and swan in the detector's list
    found = {path: Boxes(b.xyxy, place[b.labels], [0.9] * len(b)) for path, b in pictures}
    assert diagnose(Planned(found, ("goose", "swan", "duck")), pictures).healthy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (Annotations(NAMES, []), Planned({})),
            r"must be a Detector, got Annotations\. The call is diagnose\(det",
        ),
        (
            (Planned({}), [Boxes.empty()]),
            r"annotations must be Annotations, got list\. The call is diagnose\(det",
        ),
        (("model", Annotations(NAMES, [])), "must be a Detector, got str"),
    ],
)
def test_arguments_that_are_mixed_up(arguments, message):
    with pytest.raises(ValueError, match=message):
        diagnose(*arguments)


def test_ids_that_count_from_one(tmp_path):
    """One class with id 1 read as label 1, beside an empty class 0."""
    pictures = Annotations(
        ("-", "duck"), [(p, Boxes(b.xyxy, 0 * b.labels + 1)) for p, b in upright(tmp_path)]
    )
    detector = good_detector(upright(tmp_path))
    detector.found = {p: Boxes(b.xyxy, 0 * b.labels, b.scores) for p, b in detector.found.items()}
    detector.class_names = ("-", "duck")
    assert [cause.name for cause in diagnose(detector, pictures).causes] == ["labels are shifted by one"]


def noise_only(pictures):
    """A detector whose boxes say nothing about where the objects are."""
    return Planned([(path, Boxes([[300, 180, 310, 190]], [0], [0.9])) for path in pictures.image_paths])


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        (False, "x and y are swapped"),
        (True, "boxes were drawn on pictures that were not turned upright"),
    ],
)
def test_boxes_outside_tell_even_if_the_detector_knows_nothing(tmp_path, stored, name):
    pictures = changed(upright(tmp_path), as_stored_before_turning_right)
    if stored:  # as JPEGs of 320 × 200 that are to be turned by a quarter
        for path in pictures.image_paths:
            exif = Image.Exif()
            exif[0x0112] = 6
            Image.fromarray(np.zeros((WIDTH, HEIGHT, 3), np.uint8)).save(path, "JPEG", exif=exif)
    assert [cause.name for cause in diagnose(noise_only(pictures), pictures).causes] == [name]


def test_the_annotation_file_tells_that_the_picture_lay_on_its_side(tmp_path):
    turned = [
        Picture(path, Boxes(*as_stored_before_turning_left(b.xyxy, b.labels)), (WIDTH, HEIGHT))
        for path, b in upright(tmp_path)
    ]
    (cause,) = diagnose(noise_only(upright(tmp_path)), Annotations(NAMES, turned)).causes
    assert cause.evidence == "9 of 9 pictures were annotated lying on their side."


def test_objects_that_are_too_small(tmp_path):
    """6 × 8 pixels of 200 × 320 are 6 × 12.8 of 320 × 320: 8.8 pixels square."""
    pictures = upright(tmp_path, side=(6, 8))
    (cause,) = diagnose(noise_only(pictures), pictures).causes
    assert cause.name == "objects are too small after resizing"
    assert "18 of 18 missed objects measure under 16 pixels in the 320 × 320 pixels" in cause.evidence
    assert "half of them under 8.8" in cause.evidence
    assert diagnose(good_detector(pictures), pictures).healthy, "a detector may well find small ones"
    larger = noise_only(pictures)
    larger.image_size = (640, 640)
    assert "too small" not in str(diagnose(larger, pictures))


def scored(pictures, right, wrong=(), per_picture=1):
    """All objects found with score `right`, and wrong boxes with the scores `wrong` on each picture."""
    found = good_detector(pictures, right, noise=False).found
    for path, boxes in found.items():
        more = [Boxes([[5 * k, 100, 5 * k + 4, 104]], [0], [score]) for k, score in enumerate(wrong)]
        found[path] = Boxes.concatenate([boxes, *more])
    return Planned(found)


SCORES = [
    (
        "threshold too high",
        0.4,
        [0.1],
        "the threshold is too high",
        "At 0.50, 0 of 18 objects are found; at 0.25 it would be 18, with 0 wrong boxes.",
    ),
    (
        "threshold too low",
        0.9,
        [0.6] * 20,
        "the threshold is too low",
        "180 wrong boxes on 9 pictures; at 0.75",
    ),
    (
        "everything",
        0.6,
        [0.7] * 40,
        "everything is detected",
        "At 0.50, there are 360 wrong boxes on 9 pictures",
    ),
    (
        "run to 1",
        1.0,
        [1.0] * 30,
        "the learning rate was too high: all scores have run to 1",
        "There are 32 boxes",
    ),
]


@pytest.mark.parametrize(
    ("right", "wrong", "name", "evidence"), [c[1:] for c in SCORES], ids=[c[0] for c in SCORES]
)
def test_scores(tmp_path, right, wrong, name, evidence):
    pictures = upright(tmp_path)
    (cause,) = diagnose(scored(pictures, right, wrong), pictures).causes
    assert cause.name == name
    assert evidence in cause.evidence


def test_nothing_learned_nothing_at_all_and_nothing_known(tmp_path):
    pictures = upright(tmp_path)
    spot = Boxes([[300, 180, 310, 190]], [0], [0.02])
    for boxes, name in (
        (spot, "the detector has not learned these objects"),
        (Boxes.empty(with_scores=True), "the learning rate was too high: all scores have run to 0"),
        (Boxes(spot.xyxy, [0], [0.9]), "much is missed, and no known cause fits"),
    ):
        detector = Planned([(path, boxes) for path in pictures.image_paths])
        assert [cause.name for cause in diagnose(detector, pictures).causes] == [name]


def course(*loss, matched=10.0):
    return SimpleNamespace(loss=list(loss), matched=[matched] * len(loss))


HISTORIES = [
    ("nothing yet", course(), None),
    ("learns", course(*np.geomspace(2, 0.1, 100)), None),
    ("learned at once", course(*([2.0, 1.0, 0.5] + [0.1, 0.12] * 40)), None),
    ("too short to tell", course(1, 1, 1), None),
    ("nan", course(1.2, 0.9, np.nan), "the learning rate was too high: the loss is nan"),
    ("infinite", course(1.2, np.inf), "the learning rate was too high: the loss is nan"),
    ("zero", course(*[0.0] * 5, matched=0), "the loss is 0: there was nothing to learn from"),
    ("grows", course(*np.geomspace(1, 50, 40)), "the learning rate was too high: the loss grows"),
    ("stands", course(*[1.4, 1.38] * 30), "the loss never moves"),
]


@pytest.mark.parametrize(("history", "name"), [c[1:] for c in HISTORIES], ids=[c[0] for c in HISTORIES])
def test_the_course_of_the_training(tmp_path, history, name):
    pictures = upright(tmp_path)
    found = diagnose(good_detector(pictures), pictures, history=history)
    assert [cause.name for cause in found.causes] == ([] if name is None else [name])


def test_weights_of_a_real_detector(tmp_path):
    detector, pictures = tiny_detector(), drawn_pictures(tmp_path, 2)
    assert "rate was too high" not in str(diagnose(detector, pictures))
    kernel = next(w for w in detector.network.trainable_weights if "kernel" in w.path)
    for weight, name in ((1e7, "the weights have run away"), (np.nan, "the weights are nan")):
        kernel.assign(np.full(kernel.shape, weight))
        assert diagnose(detector, pictures).causes[0].name == f"the learning rate was too high: {name}"


def test_classes_that_are_mixed_up_are_no_order(tmp_path):
    """A detector that calls every goose a duck, and is right otherwise, does not know geese yet."""
    pictures = upright(tmp_path)
    detector = good_detector(pictures)
    detector.found = {
        path: Boxes(b.xyxy, np.where(b.labels == 1, 0, b.labels), b.scores)
        for path, b in detector.found.items()
    }
    assert diagnose(detector, pictures).healthy


def test_a_sample_spread_over_all_pictures(tmp_path):
    pictures = upright(tmp_path)
    asked = []
    detector = good_detector(pictures)
    detector.detect_all = lambda paths, threshold, progress: (
        asked.extend(paths) or [detector.found[p] for p in paths]
    )
    assert "10 of 10 objects on 5 pictures" in str(diagnose(detector, pictures, max_images=5))
    assert [int(path.stem) for path in asked] == [0, 2, 4, 6, 8]
    with pytest.raises(ValueError, match="at least 1 picture, got 0"):
        diagnose(detector, pictures, max_images=0)


def test_how_it_is_printed():
    ill = Diagnosis((Cause("the loss is 0", "All are 0.", "Look."),), "At threshold 0.50, …")
    assert str(ill) == "At threshold 0.50, …\nThe loss is 0. All are 0. Look."
    assert ill._repr_markdown_() == "At threshold 0.50, …\n\n**the loss is 0.** All are 0. Look."
    assert str(Diagnosis((), "All found.")) == "Nothing wrong was found. All found."


@pytest.mark.slow
def test_planted_in_the_sample_set():
    """A detector trained on the drawn duck is healthy on its clip; each mistake planted there is found."""
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.fine_tune import fine_tune

    photos, clip = duck_photos(), duck_clip()
    untrained = Detector.embedded(photos.class_names)
    assert [c.name for c in diagnose(untrained, clip).causes] == [
        "the detector has not learned these objects"
    ]
    detector = Detector.embedded(photos.class_names)
    history = fine_tune(detector, photos)
    assert diagnose(detector, clip, history=history).healthy
    assert [c.name for c in diagnose(detector, clip, threshold=0.99).causes] == ["the threshold is too high"]
    for change, name in (
        (lambda b: b.xyxy[:, [1, 0, 3, 2]], "x and y are swapped"),
        (lambda b: b.xyxy / [480, 360, 480, 360], "boxes are given as fractions"),
        (
            lambda b: np.stack([b.xyxy[:, 1], 480 - b.xyxy[:, 2], b.xyxy[:, 3], 480 - b.xyxy[:, 0]], axis=1),
            "boxes were drawn on pictures that were not turned upright",
        ),
    ):
        planted = Annotations(clip.class_names, [(path, Boxes(change(b), b.labels)) for path, b in clip])
        assert [c.name for c in diagnose(detector, planted).causes] == [name]


def test_what_makes_a_set_hard_is_told_but_is_nothing_wrong(tmp_path):
    pictures = upright(tmp_path, side=(24, 16))  # 25 of the network's pixels
    assert diagnose(good_detector(pictures), pictures).troubles == ()
    detector = good_detector(pictures)
    detector.image_size = (240, 240)
    found = diagnose(detector, pictures)
    assert found.healthy
    assert [trouble.name for trouble in found.troubles] == ["small"]
    first, second = str(found).splitlines()
    assert first.startswith("Nothing wrong was found. At threshold 0.50, 18 of 18 objects")
    assert second.startswith("Small: 6 of 6 of duck, 6 of 6 of goose, 6 of 6 of swan measure under 23 pixels")
    assert found._repr_markdown_().splitlines() == [first, "", second]


def test_boxes_in_the_wrong_place_tell_nothing_of_what_makes_a_set_hard(tmp_path):
    pictures = upright(tmp_path)
    found = diagnose(
        good_detector(pictures), changed(pictures, lambda xyxy, labels: (xyxy / [320, 200, 320, 200], labels))
    )
    assert not found.healthy
    assert found.troubles == ()

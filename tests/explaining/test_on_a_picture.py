"""What is drawn on pictures: the anchors that answer, random views, candidates, feature maps; and what figures say."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from tests.evaluation.test_scores import A, B, ducks, truth
from tflhelpers import explaining
from tflhelpers.data.boxes import Boxes, iou_matrix
from tflhelpers.data.samples import duck_photos
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.explaining.transfer import Trained
from tflhelpers.model.detector import Detector
from tflhelpers.training.augment import Augmentation

matplotlib.use("agg")

SIZE = (256, 256)
STILL = {"zoom": (1.0, 1.0), "stretch": 1.0, "brightness": 0.0, "contrast": (1.0, 1.0)}
STILL |= {"saturation": (1.0, 1.0), "hue": 0.0}


@pytest.fixture(scope="module")
def detector():
    return Detector.embedded()


def texts(figure) -> str:
    """All that stands written in a figure."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_title(), axes.get_xlabel(), *[text.get_text() for text in axes.texts]]
        found += [label.get_text() for label in axes.get_xticklabels()]
    return " ".join(" ".join(found).split())


def test_an_anchor_answers_for_the_box_that_it_is():
    box = explaining.cell_anchors(SIZE, 5, (4, 3))[0]  # square, 128 px, inside the picture
    matched = explaining.matched_anchors(Boxes([box], [0]), SIZE, SIZE)
    itself = int(matched.iou[:, 0].argmax())
    assert (matched.box_of[itself], matched.level[itself]) == (0, 5)
    assert matched.iou[itself, 0] == pytest.approx(1, abs=1e-5)
    assert itself == 6144 + 1536 + (4 * 8 + 3) * 6, "levels 3 and 4 come before, and 35 cells of six"
    assert (matched.box_of >= 0).tolist() == (matched.iou[:, 0] >= 0.5).tolist()
    assert not matched.forced.any()


def test_of_a_tiny_box_the_best_anchor_answers_by_force():
    matched = explaining.matched_anchors(Boxes([[100, 100, 104, 103]], [0]), SIZE, SIZE)
    assert (matched.box_of >= 0).sum() == matched.forced.sum() == 1
    assert str(matched) == (
        "8,184 anchors: 1 answer for 1 box (1 of them because the box has no better one), 8,183 are background."
    )


def test_anchors_are_stretched_with_the_picture():
    square = explaining.cell_anchors(SIZE, 5, (4, 3))[0]
    matched = explaining.matched_anchors(Boxes([square * [2, 1, 2, 1]], [0]), (256, 512), SIZE)
    assert matched.iou[:, 0].max() == pytest.approx(1, abs=1e-5)


def test_without_boxes_nothing_answers():
    with pytest.raises(ValueError, match="at least one box to answer for, got none"):
        explaining.matched_anchors(Boxes.empty(), SIZE, SIZE)


def test_a_mirrored_view_by_hand(asymmetric_image):
    boxes = Boxes([[5, 10, 20, 30]], [2])  # on 53 x 37
    how = Augmentation(flip=1.0, **STILL)
    ((view, placed),) = explaining.augmented_views(asymmetric_image, boxes, count=1, how=how)
    np.testing.assert_allclose(view, asymmetric_image[:, ::-1], atol=1)
    np.testing.assert_allclose(placed.xyxy, [[33, 10, 48, 30]], atol=1e-3)
    assert placed.labels.tolist() == [2]


def test_views_differ_and_can_be_had_again(asymmetric_image):
    boxes = Boxes([[5, 10, 20, 30]], [0])
    first, again = (explaining.augmented_views(asymmetric_image, boxes, count=3, seed=4) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], first[1][0])


def test_the_sheet_of_views_begins_with_the_picture(asymmetric_image):
    boxes = Boxes([[5, 10, 20, 30]], [0])
    sheet = explaining.show_augmentations(asymmetric_image, boxes, [], count=1, columns=2, width=2 * 53 + 6)
    np.testing.assert_array_equal(sheet[:, 24:53], asymmetric_image[:, 24:])  # beside the box


def test_suppressing_the_candidates_finds_what_the_detector_finds(detector):
    photo = duck_photos().image_paths[3]
    found = explaining.candidates(detector, photo, max_boxes=1000, least_score=0.2)
    assert (np.diff(found.scores) <= 0).all()
    kept = found[[step.kept for step in explaining.nms_steps(found)]]
    expected = detector.detect(photo, threshold=0.2)
    assert len(expected) > 2
    assert kept.labels.tolist() == expected.labels.tolist()
    np.testing.assert_allclose(kept.xyxy, expected.xyxy, atol=0.01)


def test_no_more_candidates_than_asked_for(detector):
    photo = duck_photos().image_paths[3]
    many, few = (explaining.candidates(detector, photo, max_boxes=most, least_score=0.0) for most in (9, 4))
    assert (len(many), len(few)) == (9, 4)
    assert many[:4] == few
    assert len(explaining.candidates(detector, photo, least_score=1.0)) == 0


def test_only_level_5_has_negative_values(detector):
    """The others end in an activation that cuts at 0 and 6."""
    maps = explaining.pyramid_maps(detector, duck_photos().image_paths[0])
    assert {level: values.shape for level, values in maps.items()} == {
        level: (side, side, 96) for level, side in zip(range(3, 8), (40, 20, 10, 5, 3), strict=True)
    }
    assert [level for level, values in maps.items() if values.min() < 0] == [5]
    assert all(values.max() <= 6 for level, values in maps.items() if level != 5)


def test_figures_say_their_numbers(detector):
    picture, boxes = np.full((256, 256, 3), 90, np.uint8), Boxes([[100, 100, 104, 103]], [0])
    assert "IoU = 4,200 / 15,800 = 0.27" in texts(explaining.draw_iou([20, 20, 120, 120], [60, 50, 160, 150]))
    assert "10, 20, 40, 60 " in texts(explaining.draw_box_formats(picture, [10, 20, 50, 80]))
    assert "1 of 8,184 anchors answer (blue), of level 3" in texts(
        explaining.plot_matching(picture, boxes, SIZE)
    )
    assert "level 5: 8 x 8 cells 384 anchors" in texts(explaining.draw_anchors(picture, SIZE))
    assert "level 6: 5 x 5, mean of 96 channels" in texts(explaining.plot_pyramid(detector, picture))
    assert "background 90.9% background 0.2%" in texts(explaining.plot_losses([0, 2]))


def test_anchors_are_shown_whole():
    """Also those of the last level, which reach far beyond the picture."""
    panels = explaining.draw_anchors(np.full((60, 80, 3), 90, np.uint8), SIZE).axes[:5]
    for level, panel in enumerate(panels, start=3):
        cells = explaining.anchor_table(SIZE)[level - 3].grid
        x1, y1, x2, y2 = explaining.cell_anchors(SIZE, level, (cells[0] // 2, cells[1] // 2)).T
        (left, right), (bottom, top) = panel.get_xlim(), panel.get_ylim()
        assert (left <= min(0, x1.min()), right >= max(SIZE[1], x2.max())) == (True, True), level
        assert (top <= min(0, y1.min()), bottom >= max(SIZE[0], y2.max())) == (True, True), level


def test_figures_of_steps_say_their_numbers():
    predictions, annotations = [ducks(A, A, B, scores=[0.9, 0.8, 0.7])], truth(ducks(A, B))
    said = texts(explaining.plot_precision_recall_steps(predictions, annotations))
    assert "AP at IoU 0.50 = the shaded area = 0.835" in said
    assert "the 3 surest of 3 boxes" in said
    assert "mean = mAP = 0.835" in texts(explaining.plot_average_precisions(predictions, annotations))
    gray = np.full((200, 200, 3), 90, np.uint8)
    said = texts(explaining.plot_nms_steps(gray, predictions[0], ["duck"]))
    assert "before: 3 boxes step 1: keep the duck of 0.90, 1 go, 1 wait" in said
    assert "after: 2 kept" in said


def test_nothing_to_suppress_is_a_figure_too():
    gray = np.full((20, 30, 3), 90, np.uint8)
    assert "after: 0 kept" in texts(explaining.plot_nms_steps(gray, Boxes.empty(with_scores=True), ["duck"]))


def test_the_ways_to_learn_side_by_side():
    annotations = truth(ducks(A, B))
    predictions = [ducks(A, A, B, scores=[0.9, 0.8, 0.7])]
    assert iou_matrix([A], [B])[0, 0] == 0
    one = Trained("fine-tuning", 60, 12.4, 250, 1000, evaluate(predictions, annotations), None, predictions)
    assert str(one) == "fine-tuning: 60 steps in 12 s, 250 of 1,000 weights learned, AP50 0.835, AP 0.835"
    said = texts(explaining.plot_transfer([one]))
    assert "0.83" in said
    assert "25% of the weights, 60 steps" in said
    assert "measured on 2 objects" in said

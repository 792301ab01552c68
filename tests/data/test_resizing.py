"""Resizing is TensorFlow 1's to the bit, and boxes come back from wherever they went."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import (
    Placement,
    fit_within,
    legacy_resize,
    letterbox,
    resize_boxes,
    resize_image,
)


def _gray(values) -> np.ndarray:
    return np.repeat(np.array(values, np.float32)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("values", "size", "expected"),
    [
        ([[5]], (1, 1), [[5]]),
        ([[5]], (2, 3), [[5, 5, 5], [5, 5, 5]]),
        ([[0, 10, 20, 30]], (1, 2), [[0, 20]]),  # sources 0 and 2: no smoothing, no half pixel
        ([[0, 10]], (1, 4), [[0, 5, 10, 10]]),  # sources 0, ½, 1, 1½; the last has no right neighbour
        ([[0, 4], [8, 12]], (4, 2), [[0, 4], [4, 8], [8, 12], [8, 12]]),
        ([[0, 3, 6], [9, 12, 15]], (2, 2), [[0, 4.5], [9, 13.5]]),  # source 1½
    ],
)
def test_legacy_resize_by_hand(values, size, expected):
    np.testing.assert_array_equal(legacy_resize(_gray(values), size), _gray(expected))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    ("from_size", "to_size"),
    [
        ((1, 1), (3, 5)),
        ((7, 5), (7, 5)),
        ((37, 53), (64, 32)),
        ((53, 37), (17, 111)),
        ((101, 99), (320, 320)),
        ((333, 517), (320, 320)),
        ((540, 960), (320, 320)),
        ((641, 3), (640, 640)),
        ((1201, 1599), (97, 131)),
    ],
)
def test_legacy_resize_is_bit_equal_to_tensorflow(dtype, from_size, to_size):
    import tensorflow as tf

    random = np.random.default_rng(from_size[0])
    image = random.integers(0, 256, (*from_size, 3)).astype(np.uint8)
    if dtype == np.float32:
        image = (image * np.float32(2 / 255) - 1 + random.normal(size=image.shape)).astype(np.float32)
    expected = tf.raw_ops.ResizeBilinear(
        images=image[None], size=to_size, align_corners=False, half_pixel_centers=False
    )[0].numpy()
    result = legacy_resize(image, to_size)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)


def test_legacy_resize_takes_views_and_leaves_its_input_alone(asymmetric_image):
    view = asymmetric_image[::2, ::-1]
    before = view.copy()
    np.testing.assert_array_equal(legacy_resize(view, (9, 30)), legacy_resize(before, (9, 30)))
    same = legacy_resize(before.astype(np.float32), before.shape[:2])
    same[:] = -1
    np.testing.assert_array_equal(view, before)


@pytest.mark.parametrize(
    ("image", "size", "error", "message"),
    [
        (np.zeros((4, 4, 3)), (2, 2), TypeError, "uint8 or float32, got float64"),
        ("photo.jpg", (2, 2), TypeError, "got str"),
        (np.zeros((4, 4), np.uint8), (2, 2), ValueError, r"\(height, width, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), (2, 2), ValueError, r"got \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), (2, 2), ValueError, "without zeros"),
        (np.zeros((4, 4, 3), np.uint8), (2, 0), ValueError, "at least 1"),
        (np.zeros((4, 4, 3), np.uint8), (2.5, 2), ValueError, "whole pixels"),
    ],
)
def test_wrong_pictures_and_sizes_are_refused(image, size, error, message):
    with pytest.raises(error, match=message):
        legacy_resize(image, size)


def test_resize_image_smooths_and_keeps_places(asymmetric_image):
    stripes = np.zeros((40, 60, 3), np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_allclose(resize_image(stripes, (20, 15))[2:-2, 2:-2].astype(int), 100, atol=3)
    larger = resize_image(asymmetric_image, (370, 530))
    np.testing.assert_array_equal(larger[5::10, 5::10][:8, :17], asymmetric_image[:8, :17])
    np.testing.assert_array_equal(larger[50, 500], (0, 255, 0))


@pytest.mark.parametrize(
    ("xyxy", "from_size", "to_size", "expected"),
    [
        ([], (37, 53), (320, 320), []),
        ([[10, 20, 30, 40]], (100, 200), (50, 400), [[20, 10, 60, 20]]),  # half as high, twice as wide
        ([[0, 0, 53, 37]], (37, 53), (320, 640), [[0, 0, 640, 320]]),
    ],
)
def test_resize_boxes_by_hand(xyxy, from_size, to_size, expected):
    result = resize_boxes(Boxes(xyxy, [3] * len(xyxy)), from_size, to_size)
    assert result == Boxes(expected, [3] * len(xyxy))


def _random_boxes(height: int, width: int) -> Boxes:
    corners = np.random.default_rng(height).uniform((-5, -5), (width + 5, height + 5), (20, 2, 2))
    corners = np.sort(corners, axis=1)  # (box, first and second corner, x and y)
    return Boxes(corners.reshape(20, 4), np.arange(20), np.linspace(0, 1, 20), crowd=np.arange(20) % 3 == 0)


def _assert_same_place(result: Boxes, boxes: Boxes, atol: float = 1e-3) -> None:
    np.testing.assert_allclose(result.xyxy, boxes.xyxy, rtol=2e-6, atol=atol)
    assert Boxes(boxes.xyxy, result.labels, result.scores, crowd=result.crowd) == boxes


@pytest.mark.parametrize("from_size", [(1, 1), (37, 53), (3000, 4001)])
@pytest.mark.parametrize("to_size", [(320, 320), (17, 641)])
def test_resizing_boxes_back_undoes_it(from_size, to_size):
    boxes = _random_boxes(*from_size)
    _assert_same_place(resize_boxes(resize_boxes(boxes, from_size, to_size), to_size, from_size), boxes)


@pytest.mark.parametrize(
    ("longest", "shape"), [(53, (37, 53, 3)), (100, (37, 53, 3)), (26, (18, 26, 3)), (1, (1, 1, 3))]
)
def test_fit_within_shrinks_in_proportion_and_never_enlarges(asymmetric_image, longest, shape):
    small = fit_within(asymmetric_image, longest)
    assert small.shape == shape
    if longest >= 53:
        assert small is asymmetric_image
    elif longest == 26:
        np.testing.assert_array_equal([small[2, 2], small[2, 24], small[16, 2]], np.eye(3) * 255)


@pytest.mark.parametrize(
    ("size", "placement"),
    [
        ((37, 53), Placement(1, 1, 0, 0)),
        ((100, 53), Placement(1, 1, 0, 31)),  # bars above (31) and below (32)
        ((74, 200), Placement(2, 2, 47, 0)),  # bars left and right
        (
            (20, 53),
            Placement(29 / 53, 20 / 37, 12, 0),
        ),  # 28.6 wide becomes 29: the two scales differ a little
    ],
)
def test_letterbox_by_hand(asymmetric_image, size, placement):
    image, got = letterbox(asymmetric_image, size, (9, 8, 7))
    assert got == placement
    assert image.shape == (*size, 3)
    inner = got.apply(Boxes([[0, 0, 53, 37]], [0])).xyxy[0].round().astype(int)
    outside = np.ones(size, bool)
    outside[inner[1] : inner[3], inner[0] : inner[2]] = False
    assert (image[outside] == (9, 8, 7)).all()
    red_spot = got.apply(Boxes([[5, 3, 5, 3]], [0])).xyxy[0].astype(int)
    assert image[red_spot[1], red_spot[0]].tolist() == [255, 0, 0]


@pytest.mark.parametrize("from_size", [(1, 1), (37, 53), (3000, 401)])
@pytest.mark.parametrize("to_size", [(320, 320), (17, 641)])
def test_undo_brings_boxes_back_from_the_letterbox(from_size, to_size):
    boxes = _random_boxes(*from_size)
    _, placement = letterbox(np.zeros((*from_size, 3), np.uint8), to_size, 0)
    digit = np.spacing(np.float32(max(to_size))) / min(
        placement.scale_x, placement.scale_y
    )  # in original pixels
    _assert_same_place(placement.undo(placement.apply(boxes)), boxes, atol=max(1e-3, digit))

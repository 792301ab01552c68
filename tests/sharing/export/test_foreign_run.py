"""Detectors of others find what they should: each output in its place, pictures as they want them, names of classes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.sharing.export.foreign_files import (
    ROLES,
    detector_file,
    metadata,
    ssd_file,
    values,
    with_metadata,
)
from tflhelpers.sharing.export.foreign_file import read_foreign
from tflhelpers.sharing.export.packed_files import with_files
from tflhelpers.sharing.export.tflite import export_tflite
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector

NAMES = ("duck", "cup", "boat")
COLOUR = (230, 128, 180)  # scores 0.90 0.50 0.71
PICTURE = np.full((80, 120, 3), COLOUR, np.uint8)
XYXY = [[24, 8, 72, 40], [0, 20, 15, 80], [66, 48, 102, 64]]  # of red, blue and green, best first
USUAL = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
TASK_LIBRARY = ("location", "category", "score", "number of detections")
SILENT = {  # names that tell nothing, whatever order they sort the outputs into
    "classes first": dict(zip(ROLES, "acbd", strict=True)),
    "scores first": dict(zip(ROLES, "dbac", strict=True)),
}


def written(folder, content: bytes):
    (folder / "theirs.tflite").write_bytes(content)
    return folder / "theirs.tflite"


def assert_found(detector: TFLiteDetector, labels=(2, 1, 0)) -> None:
    found = detector.detect(PICTURE, threshold=0.1)
    np.testing.assert_allclose(found.xyxy, XYXY, atol=1e-3)
    np.testing.assert_allclose(found.scores, np.sort(COLOUR)[::-1] / 255, atol=2e-3)
    assert (found.labels.tolist(), found.class_names) == (list(labels), detector.class_names)
    assert len(detector.detect(PICTURE)) == 3 - (found.scores[2] < 0.5)  # the default is 0.5


def int_classes(image) -> dict:
    return values(image, dtype=tf.int64)


def one_picture_without_a_side_for_it(image) -> dict:
    given = values(image)
    return {role: value[0] for role, value in given.items()}


def test_a_normalisation_that_cannot_be_is_none(tmp_path, usual):
    for std in ((0.0,), (1.0, 2.0)):
        path = written(tmp_path, with_metadata(usual, metadata(USUAL, mean=(0.0,), std=std), {}))
        assert_found(TFLiteDetector(path, class_names=NAMES))


def test_one_name_is_no_list(tmp_path, usual):
    with pytest.raises(
        TypeError, match=r"class_names must be a list of names, got 'duck'\. Write \['duck'\]"
    ):
        TFLiteDetector(written(tmp_path, usual), class_names="duck")


def test_names_for_a_file_of_ours(tmp_path, tiny, pictures):
    info = export_tflite(tiny, tmp_path / "ours.tflite", images=pictures)
    assert TFLiteDetector(info, class_names=NAMES).class_names == NAMES
    with pytest.raises(ValueError, match=r"class_names must hold 3 names, .* \(duck, toy boat, .*\), got 2"):
        TFLiteDetector(info, class_names=NAMES[:2])


@pytest.fixture(scope="module")
def usual() -> bytes:
    return detector_file(dict(zip(ROLES, USUAL, strict=True)))


@pytest.fixture(scope="module")
def ssd() -> bytes:
    return ssd_file()


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (dict(zip(ROLES, USUAL, strict=True)), values),
        (dict(zip(ROLES, TASK_LIBRARY, strict=True)), values),
        (dict(zip(ROLES, ("b", "class_ids", "class_scores", "num_boxes"), strict=True)), values),
        (SILENT["classes first"], values),
        (SILENT["scores first"], values),
        (SILENT["classes first"], int_classes),
        (SILENT["scores first"], int_classes),
        (SILENT["scores first"], one_picture_without_a_side_for_it),
        # The names of boxes and number contradict the shapes, so none is believed.
        ({"boxes": "count", "count": "boxes", "classes": "score", "scores": "class"}, values),
    ],
)
def test_outputs_are_told_apart(tmp_path, names, given):
    path = written(tmp_path, detector_file(names, given=given))
    detector = TFLiteDetector(path, class_names=NAMES)
    assert (detector.head, detector.image_size, detector.threshold) == ("postprocess", (8, 12), 0.5)
    assert_found(detector)


def test_whole_scores_do_not_settle_which_outputs_are_the_scores(tmp_path):
    """A black picture's scores are whole too, as class numbers are."""
    path = written(tmp_path, detector_file(SILENT["scores first"]))
    detector = TFLiteDetector(path, class_names=NAMES)
    detector.detect(np.zeros((8, 12, 3), np.uint8))
    assert_found(detector)
    detector.detect(np.zeros((8, 12, 3), np.uint8))
    assert_found(detector)


def test_the_operation_tells_its_outputs(tmp_path, ssd):
    assert read_foreign(written(tmp_path, ssd)).custom == ["TFLite_Detection_PostProcess"]
    assert_found(TFLiteDetector(written(tmp_path, ssd), class_names=NAMES), (2, 0, 1))
    mistaken = metadata(
        ["score", "number of detections", "category", "location"]
    )  # as for another order of outputs
    path = written(tmp_path, with_metadata(ssd, mistaken, {"labelmap.txt": b"duck\ncup\nboat"}))
    assert_found(TFLiteDetector(path), (2, 0, 1))


@pytest.mark.parametrize("threads", [None, 2, 3])
def test_no_class_is_lost_on_several_threads(tmp_path, ssd, threads):
    assert_found(TFLiteDetector(written(tmp_path, ssd), class_names=NAMES, threads=threads), (2, 0, 1))


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int8])
def test_whole_numbers_are_pixels(tmp_path, dtype):
    taken = {"image": tf.TensorSpec((1, 8, 12, 3), dtype)}
    lift = 128.0 if dtype == tf.int8 else 0.0

    def given(image):
        return values(tf.cast(image, tf.float32), mean=lift, std=1.0)

    content = detector_file(dict(zip(ROLES, USUAL, strict=True)), taken=taken, given=given)
    said = metadata(USUAL, mean=(127.5,), std=(127.5,))  # for float32 files made of the same network
    detector = TFLiteDetector(written(tmp_path, with_metadata(content, said, {})), class_names=NAMES)
    assert detector.network_input(PICTURE).dtype == dtype.as_numpy_dtype
    assert_found(detector)


def test_quantized_outputs_are_made_numbers(tmp_path, usual):
    """As if the scores were stored as twice their value and one more."""
    detector = TFLiteDetector(written(tmp_path, usual), class_names=NAMES)
    detector._file._given[2]["quantization"] = (0.5, 1)
    found = detector.detect(PICTURE, threshold=0)
    assert len(found) == 0  # (0.9 - 1) / 2 is below 0
    detector._file._given[2]["quantization"] = (0.5, -1)
    np.testing.assert_allclose(
        detector.detect(PICTURE, threshold=0).scores[0], (230 / 255 + 1) / 2, atol=1e-5
    )


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0,), (255.0,)), ((0.0,), (1.0,)), ((123.0, 117.0, 104.0), (58.0, 57.0, 56.0))],
)
def test_pictures_are_normalised_as_the_metadata_says(tmp_path, mean, std):
    def given(image):
        return values(image, mean=np.float32(mean), std=np.float32(std))

    content = detector_file(dict(zip(ROLES, USUAL, strict=True)), given=given)
    path = written(tmp_path, with_metadata(content, metadata(USUAL, mean=mean, std=std), {}))
    assert_found(TFLiteDetector(path, class_names=NAMES))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (b"duck\ncup\nboat\n", NAMES),
        (b"\xef\xbb\xbfduck\r\ncup\r\nboat\r\n\r\n", NAMES),
        ("Größe\nÅl\nboat".encode("cp1252"), ("Größe", "Ål", "boat")),
        (b"duck\n???\nboat", ("duck", "???", "boat")),  # COCO's lists have such gaps
    ],
)
def test_class_names_are_in_the_file(tmp_path, usual, labels, names):
    files = {"licence.txt": b"free", "labelmap.txt": labels}
    path = written(tmp_path, with_metadata(usual, metadata(USUAL), files))
    assert TFLiteDetector(path).class_names == names
    assert_found(TFLiteDetector(path))
    assert TFLiteDetector(written(tmp_path, with_files(usual, {"names.txt": "a\nb\nc"}))).class_names == (
        "a",
        "b",
        "c",
    )


def test_the_first_name_may_be_the_backgrounds(tmp_path, ssd):
    path = written(tmp_path, with_files(ssd, {"labels.txt": "???\nduck\ncup\nboat\n"}))
    assert TFLiteDetector(path).class_names == NAMES


def test_class_names_that_are_not_there_are_asked_for(tmp_path, usual, ssd):
    for content, of in (
        (usual, ""),
        (ssd, " of 3 classes"),
        (with_files(ssd, {"a.txt": "", "b.txt": "x"}), ""),
    ):
        with pytest.raises(
            ValueError, match=rf"theirs\.tflite: expected a file of class names.*{of}\. Give class_names="
        ):
            TFLiteDetector(written(tmp_path, content))


def test_too_few_names_for_a_file_that_says_how_many_it_has_are_refused(tmp_path, ssd):
    with pytest.raises(ValueError, match=r"class_names must hold 3 names, .* from 0, got 2\."):
        TFLiteDetector(written(tmp_path, ssd), class_names=["duck", "cup"])
    names = np.array(["background", *NAMES])
    assert TFLiteDetector(written(tmp_path, ssd), class_names=names).class_names == ("background", *NAMES)


def test_boxes_of_classes_without_a_name_are_left_out(tmp_path, usual):
    found = TFLiteDetector(written(tmp_path, usual), class_names=("duck", "cup")).detect(
        PICTURE, threshold=0.1
    )
    assert found.labels.tolist() == [1, 0]


def test_boxes_in_pixels_are_refused(tmp_path):
    def given(image):
        found = values(image)
        return found | {"boxes": found["boxes"] * 100}

    detector = TFLiteDetector(
        written(tmp_path, detector_file(dict(zip(ROLES, USUAL, strict=True)), given=given)), class_names=NAMES
    )
    with pytest.raises(
        ValueError, match=r"expected boxes as fractions of the picture .*, got 100\.0, as in pixels"
    ):
        detector.detect(PICTURE)


@pytest.mark.parametrize(("number", "boxes"), [(np.nan, 0), (-3.0, 0), (3.0, 3)])
def test_a_senseless_number_of_boxes_is_none(tmp_path, number, boxes):
    def given(image):
        found = values(image)
        return found | {"count": found["count"] * 0 + number}

    content = detector_file(dict(zip(ROLES, USUAL, strict=True)), given=given)
    found = TFLiteDetector(written(tmp_path, content), class_names=NAMES).detect(PICTURE)
    assert len(found) == boxes


def test_it_takes_many_pictures(tmp_path, usual):
    detector = TFLiteDetector(written(tmp_path, usual), class_names=NAMES)
    assert repr(detector) == "TFLiteDetector(theirs.tflite, 8x12, 3 classes, postprocess)"
    found = detector.detect_all([PICTURE, PICTURE[:30]], progress=False)
    assert [len(each) for each in found] == [3, 3]

"""What a new class head takes over from COCO's detector."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.formula import SUFFIX, formula_weight
from tests.model.synthetic_checkpoints import formula_tensors, stand_ins, weight_shapes, write_checkpoint
from tflhelpers.model.class_start import class_columns_replaced, coco_label, restore_with_class_start
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.heads import CLASS_HEAD_KEY

KERNEL = {"mobilenet": "pointwise_kernel", "resnet50": "kernel"}
COUNTS = {"mobilenet": 384, "resnet50": 463}
FRESH = -7.5  # what the untouched channels of a stand-in head hold


@pytest.mark.parametrize(
    ("name", "coco"),
    [
        ("cat", "cat"),
        ("Cats", "cat"),
        ("TRAFFIC_LIGHT", "traffic light"),
        ("traffic-lights", "traffic light"),
        ("hotdog", "hot dog"),
        ("Hot  Dogs", "hot dog"),
        ("bus", "bus"),
        ("buses", "bus"),
        ("benches", "bench"),
        ("toothbrushes", "toothbrush"),
        ("ties", "tie"),
        ("ski", "skis"),
        ("skis", "skis"),
        ("scissor", "scissors"),
        ("wine glasses", "wine glass"),
        ("TV", "tv"),
        ("person", "person"),
        ("duck", None),
        ("rubber duck", None),
        ("car door", None),
        ("ca", None),
        ("bu", None),
        ("s", None),
        ("unused id 12", None),
        ("unused ids 12", None),
        ("🦆", None),
    ],
)
def test_names_of_coco(name, coco):
    assert coco_label(name) == (None if coco is None else COCO_CLASS_NAMES.index(coco))


def test_each_of_the_eighty_means_itself():
    known = [name for name in COCO_CLASS_NAMES if "unused" not in name]
    assert len(known) == 80
    assert [COCO_CLASS_NAMES[coco_label(name)] for name in known] == known


def test_columns_by_hand():
    """Six anchors, background and two classes of ours from background and three of theirs."""
    theirs = np.array([[10 * anchor + slot for anchor in range(6) for slot in range(4)]])
    ours = np.zeros((1, 18))
    found = class_columns_replaced(ours, theirs, {0: 0, 2: 3})
    assert found.tolist() == [[0, 0, 3, 10, 0, 13, 20, 0, 23, 30, 0, 33, 40, 0, 43, 50, 0, 53]]
    assert not ours.any()


@pytest.fixture(scope="module", params=COUNTS)
def coco_file(request, tmp_path_factory):
    """The name of a network and a checkpoint of it with 90 classes, by formula."""
    folder = tmp_path_factory.mktemp("coco")
    return request.param, write_checkpoint(folder / "ckpt-0", formula_tensors(request.param))


def _restored(model, prefix, class_names, is_coco=True):
    variables = stand_ins(weight_shapes(model, len(class_names)))
    for variable in variables.values():
        variable.value = np.full(variable.shape, FRESH, np.float32)
    report = restore_with_class_start(
        {key: _Readable(variable) for key, variable in variables.items()},
        prefix,
        class_names,
        expected="the network",
        is_coco=is_coco,
    )
    return report, {key: variable.value for key, variable in variables.items()}


class _Readable:
    """A stand-in that numpy can read, as it can Keras' variables."""

    def __init__(self, variable):
        self.shape, self.assign, self._variable = variable.shape, variable.assign, variable

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._variable.value, dtype)


def test_the_columns_are_cocos(coco_file):
    """Slot 0 is the background; "dog" is COCO's id 18, "cat" 17, so these are their slots."""
    model, prefix = coco_file
    report, found = _restored(model, prefix, ["dogs", "duck", "Cat"])
    shapes = weight_shapes(model)
    for leaf in ("bias", KERNEL[model]):
        key = f"{CLASS_HEAD_KEY}/{leaf}{SUFFIX}"
        theirs = formula_weight(key, shapes[key]).reshape(-1, 6, 91)
        ours = found[key].reshape(-1, 6, 4)
        for slot, coco_id in ((0, 0), (1, 18), (3, 17)):
            np.testing.assert_array_equal(ours[..., slot], theirs[..., coco_id], err_msg=f"{leaf} {slot}")
        assert (ours[..., 2] == FRESH).all()
    assert report.class_starts == (("dogs", "dog"), ("Cat", "cat"))
    rest = {key: value for key, value in found.items() if not key.startswith(CLASS_HEAD_KEY)}
    for key, value in rest.items():
        np.testing.assert_array_equal(value, formula_weight(key, value.shape), err_msg=key)
    assert (len(report.restored), report.skipped) == (len(rest), ())
    assert len(report.partly) == COUNTS[model] - len(rest)


def test_the_depthwise_kernel_comes_with_them(tmp_path):
    prefix = write_checkpoint(tmp_path / "ckpt-0", formula_tensors("mobilenet"))
    key = f"{CLASS_HEAD_KEY}/depthwise_kernel{SUFFIX}"
    _, found = _restored("mobilenet", prefix, ["duck", "cat"])
    np.testing.assert_array_equal(found[key], formula_weight(key, found[key].shape))


def test_the_report_says_which(coco_file):
    model, prefix = coco_file
    report, _ = _restored(model, prefix, ["dogs", "duck", "Cat", "bird"])
    assert f"restored {len(report.restored)} of {COUNTS[model]} weights, in part {len(report.partly)}" in str(
        report
    )
    assert str(report).endswith("classes that start from the file's own: dogs (as dog), Cat (as cat), bird")


@pytest.mark.parametrize(
    ("class_names", "is_coco"), [(["duck"], True), (["cat"], False), (["unused id 12", "goose"], True)]
)
def test_else_the_class_head_starts_anew(coco_file, class_names, is_coco):
    model, prefix = coco_file
    report, found = _restored(model, prefix, class_names, is_coco)
    head = {key for key in found if key.startswith(CLASS_HEAD_KEY)}
    assert (set(report.skipped), report.partly, report.class_starts) == (head, (), ())
    assert all((found[key] == FRESH).all() for key in head)


def test_ninety_other_classes_do_not_get_cocos_places(coco_file):
    model, prefix = coco_file
    names = [*(f"thing {i}" for i in range(89)), "person"]
    report, found = _restored(model, prefix, names)
    assert report.class_starts == (("person", "person"),)
    key = f"{CLASS_HEAD_KEY}/bias{SUFFIX}"
    theirs, ours = formula_weight(key, (546,)).reshape(6, 91), found[key].reshape(6, 91)
    np.testing.assert_array_equal(ours[:, [0, 90]], theirs[:, [0, 1]])
    assert (ours[:, 1:90] == FRESH).all()


def test_a_file_of_other_classes_gives_none(tmp_path):
    """Seven classes served in the zoo's place: their columns are nobody's."""
    prefix = write_checkpoint(tmp_path / "ckpt-0", formula_tensors("mobilenet", 7))
    report, _ = _restored("mobilenet", prefix, ["cat", "duck"])
    assert (report.class_starts, len(report.skipped)) == ((), 3)
    report, found = _restored("mobilenet", prefix, ["cat", "b", "c", "d", "e", "f", "g"])
    assert (report.class_starts, len(report.skipped)) == ((), 3)
    assert (found[f"{CLASS_HEAD_KEY}/bias{SUFFIX}"] == FRESH).all()


def test_the_ninety_of_coco_are_restored_whole(coco_file):
    model, prefix = coco_file
    report, _ = _restored(model, prefix, COCO_CLASS_NAMES)
    assert (len(report.restored), report.skipped, report.partly) == (COUNTS[model], (), ())

"""TFRecords of the Object Detection API: read as others write them, written as the API reads them."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats import tfrecord
from tflhelpers.data.formats.assemble import assemble
from tflhelpers.data.formats.label_map import write_label_map
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.data.images import read_image
from tflhelpers.data.importing import import_annotations
from tflhelpers.files.example_proto import bytes_of, encode_example, numbers_of, split_example
from tflhelpers.files.record_file import read_records, write_record

SIZE = (40, 60)  # height, width


def _import(path, **switches):
    builder = ReportBuilder()
    raw = tfrecord.read(path, builder, **switches)
    annotations = assemble(raw, builder, folders=raw.folders)
    return annotations, builder.build()


def _png(size=SIZE, **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size[::-1], "red").save(file, "PNG", **options)
    return file.getvalue()


def _features(**changes) -> dict:
    """One duck, x from 15 to 30 and y from 4 to 20; `None` removes a feature, names as behind the last slash."""
    features = {
        "image/encoded": [_png()],
        "image/format": [b"png"],
        "image/height": [40],
        "image/width": [60],
        "image/filename": [b"duck.png"],
        "image/object/bbox/xmin": [0.25],
        "image/object/bbox/xmax": [0.5],
        "image/object/bbox/ymin": [0.1],
        "image/object/bbox/ymax": [0.5],
        "image/object/class/text": [b"duck"],
        "image/object/class/label": [1],
    }
    for name, value in changes.items():
        key = next((key for key in features if key.endswith(f"/{name}")), name)
        if value is None:
            del features[key]
        else:
            features[key] = value
    return features


def _write(path, *examples, label_map=None):
    with path.open("wb") as file:
        for example in examples:
            write_record(file, example if isinstance(example, bytes) else encode_example(example))
    if label_map:
        (path.parent / "label_map.pbtxt").write_text(label_map, "utf-8")
    return path


def _only(annotations):
    ((_, boxes),) = annotations
    return boxes


@pytest.mark.parametrize(
    ("changes", "label_map", "expected"),
    [  # the classes, and of which the box is
        ({}, None, (("duck",), "duck")),
        ({}, "item { id: 1 name: 'cat' } item { id: 2 name: 'duck' }", (("cat", "duck"), "duck")),
        ({"text": None}, "item { id: 1 name: 'cat' }", (("cat",), "cat")),
        ({"text": [b""]}, "item { id: 1 name: 'cat' }", (("cat",), "cat")),
        ({"text": None}, None, (("class 1",), "class 1")),
        ({"text": None, "label": [7]}, "item { id: 1 name: 'cat' }", (("cat", "class 7"), "class 7")),
        ({"label": None}, None, (("duck",), "duck")),
        ({"label": [0]}, None, (("duck",), "duck")),
        ({"text": [b"/m/09d"]}, "item { id: 1 name: '/m/09d' display_name: 'duck' }", (("duck",), "duck")),
        ({"text": ["Straße 🦆".encode()]}, None, (("Straße 🦆",), "Straße 🦆")),
        ({"label": [1.0]}, None, (("duck",), "duck")),
    ],
)
def test_classes_by_text_and_by_number(tmp_path, changes, label_map, expected):
    annotations, report = _import(_write(tmp_path / "a.record", _features(**changes), label_map=label_map))
    boxes = _only(annotations)
    assert (annotations.class_names, annotations.class_names[boxes.labels[0]]) == expected
    assert boxes.xyxy.tolist() == [[15, 4, 30, 20]]
    assert (report.counts["pictures"], report.counts["refused"]) == (1, 0)


def test_without_a_label_map_classes_are_in_the_order_of_their_numbers(tmp_path):
    examples = [_features(text=[name], label=[number]) for name, number in ((b"c", 3), (b"a", 1), (b"b", 2))]
    assert _import(_write(tmp_path / "a.record", *examples))[0].class_names == ("a", "b", "c")
    examples.append(_features(text=[b"d"], label=[1]))  # two classes of one number: by name
    assert _import(_write(tmp_path / "a.record", *examples))[0].class_names == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("changes", "label_map", "kind"),
    [
        ({"text": None}, None, "classes without names"),
        ({}, "item { id: 1 name: 'cat' } item { id: 2 name: 'duck' }", "class and number disagree"),
        ({"text": None, "label": [7]}, "item { id: 1 name: 'cat' }", "classes without names"),
    ],
)
def test_doubts_are_noted(tmp_path, changes, label_map, kind):
    _, report = _import(_write(tmp_path / "a.record", _features(**changes), label_map=label_map))
    assert [entry.kind for entry in report.of("note")] == [kind]


def test_negatives_crowds_and_what_nobody_asked_for(tmp_path):
    bare = _features(**dict.fromkeys(("xmin", "xmax", "ymin", "ymax", "text", "label")))
    two = {f"image/object/bbox/{name}": [0.0, 0.0] for name in ("xmin", "ymin")}
    two |= {f"image/object/bbox/{name}": [0.5, 1.0] for name in ("xmax", "ymax")}
    crowd = (
        _features(text=[b"duck", b"duck"], label=[1, 1])
        | two
        | {
            "image/object/is_crowd": [0, 1],
            "image/object/difficult": [0, 1],
            "image/object/view": [b"Frontal", b""],
            "image/object/mask": [b"\x89PNG", b""],
        }
    )
    annotations, report = _import(_write(tmp_path / "a.record", bare, crowd))
    assert [len(boxes) for _, boxes in annotations] == [0, 2]
    assert annotations[1][1].crowd_mask.tolist() == [False, True]
    assert annotations[1][1].xyxy.tolist() == [[0, 0, 30, 20], [0, 0, 60, 40]]
    assert report.counts["notes"] == 0


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (_features(xmax=[0.5, 0.6]), "lists of unequal length: xmin 1, ymin 1, xmax 2, ymax 1"),
        (_features(ymin=None), "lists of unequal length: xmin 1, ymin 0"),
        (_features(label=[1, 2]), "lists of unequal length: 1 boxes, 2 values of image/object/class/label"),
        (
            _features(text=[b"a", b"b"]),
            "lists of unequal length: 1 boxes, 2 values of image/object/class/text",
        ),
        (b"<html></html>", "no tf.train.Example: "),
        (_features(encoded=[b"nothing"]), "unreadable picture: "),
        (
            _features(encoded=None, filename=[b"lost.png"], height=None),
            "missing picture of unknown size: 'lost.png'",
        ),
    ],
)
def test_records_that_cannot_be_used_cost_only_themselves(tmp_path, broken, why):
    path = _write(tmp_path / "a.record", _features(), broken, _features())
    annotations, report = _import(path)
    assert len(annotations) == 2
    (entry,) = report.of("refused")
    offset = 16 + len(encode_example(_features()))
    assert entry.where == f"a.record: record at byte {offset}"
    assert entry.what.startswith(why)


@pytest.mark.parametrize(
    ("changes", "outcome", "kind", "edges"),
    [
        ({"xmin": [0.5], "xmax": [0.25]}, "repaired", "edges the wrong way round", [[15, 4, 30, 20]]),
        ({"xmin": [-0.5]}, "repaired", "partly outside the picture", [[0, 4, 30, 20]]),
        ({"xmin": [1.5], "xmax": [2.0]}, "refused", "outside the picture", []),
        ({"xmin": [float("nan")]}, "refused", "not four numbers", []),
        ({"xmin": [0.5]}, "refused", "no area", []),
        ({"text": None, "label": None}, "refused", "no class name", []),
        ({"text": None, "label": [float("inf")]}, "refused", "no class name", []),
        (
            {"height": [0.5], "width": [0.5], "xmin": [-0.5]},
            "repaired",
            "partly outside the picture",
            [[0, 4, 30, 20]],
        ),
    ],
)
def test_bad_boxes_are_mended_or_refused(tmp_path, changes, outcome, kind, edges):
    annotations, report = _import(_write(tmp_path / "a.record", _features(), _features(**changes)))
    assert [boxes.xyxy.tolist() for _, boxes in annotations[1:]] == ([edges] if edges else [])
    assert [entry.kind for entry in report.of(outcome)] == [kind]


_BARE = dict.fromkeys(("xmin", "xmax", "ymin", "ymax", "text", "label"))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (
            _features(**_BARE) | {"image/segmentation/class/encoded": [b"png"]},
            "no boxes: a record of segmentation",
        ),
        (_features(**_BARE) | {"image/class/label": [3]}, "no boxes: a record of classification"),
        (_features(**_BARE) | {"image/class/text": [b"cat"]}, "no boxes: a record of classification"),
        (encode_example(_features(**_BARE)) + b"\x12\x02\x0a\x00", "no tf.train.Example: a SequenceExample"),
    ],
)
def test_records_of_other_tasks_are_no_negatives(tmp_path, record, why):
    annotations, report = _import(_write(tmp_path / "a.record", _features(), record))
    assert len(annotations) == 1
    assert [entry.what[: len(why)] for entry in report.of("refused")] == [why]


def test_a_class_of_the_whole_picture_beside_boxes_is_passed_over(tmp_path):
    path = _write(tmp_path / "a.record", _features() | {"image/class/label": [3]})
    assert len(_only(_import(path)[0])) == 1


@pytest.mark.parametrize(
    ("name", "value", "crowd", "kinds"),
    [
        ("difficult", 1, False, ["boxes marked difficult"]),
        ("group_of", 1, True, ["boxes around groups"]),
        ("difficult", 0, False, []),
        ("group_of", 0, False, []),
    ],
)
def test_marks_of_boxes_are_told(tmp_path, name, value, crowd, kinds):
    path = _write(tmp_path / "a.record", {**_features(), f"image/object/{name}": [value]})
    annotations, report = _import(path)
    assert _only(annotations).crowd_mask.tolist() == [crowd]
    assert [entry.kind for entry in report.of("note") if "boxes" in entry.kind] == kinds


@pytest.mark.parametrize("has_size", [True, False])
def test_photos_turned_by_exif_have_their_boxes_in_the_stored_frame(tmp_path, has_size):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    changes = {} if has_size else {"height": None, "width": None}
    annotations, report = _import(
        _write(tmp_path / "a.record", _features(encoded=[_png(exif=exif)], **changes))
    )
    assert read_image(annotations.image_paths[0]).shape == (60, 40, 3)
    assert _only(annotations).xyxy.tolist() == [[40 - 20, 15, 40 - 4, 30]]
    assert [entry.kind for entry in report.of("repaired")] == ["turned upright"]


def test_pictures_beside_the_records_are_found_by_name(tmp_path):
    (tmp_path / "duck.png").write_bytes(_png())
    annotations, _ = _import(_write(tmp_path / "a.record", _features(encoded=None)))
    assert annotations.image_paths == (tmp_path / "duck.png",)


def test_damage_is_told_with_its_place_and_the_rest_is_read(tmp_path):
    path = _write(tmp_path / "a.record", *[_features() for _ in range(4)])
    size = path.stat().st_size // 4
    data = bytearray(path.read_bytes())
    data[size + 100] ^= 1
    path.write_bytes(data[: 4 * size - 3])
    annotations, report = _import(path)
    assert [image.parent == path and image.name for image in annotations.image_paths] == [
        "0+duck.png",
        f"{2 * size}+duck.png",
    ]
    assert [(entry.where, entry.kind) for entry in report.of("refused")] == [
        (f"a.record: record at byte {size}", "damaged record"),
        (f"a.record: record at byte {3 * size}", "truncated file"),
    ]


def test_an_unusable_label_map_is_told_and_one_that_was_asked_for_raises(tmp_path):
    path = _write(tmp_path / "a.record", _features(), label_map="item { id: 1")
    annotations, report = _import(path)
    assert annotations.class_names == ("duck",)
    assert [entry.kind for entry in report.of("refused")] == ["unusable label map"]
    with pytest.raises(AnnotationError, match=r"label_map\.pbtxt: expected a label map"):
        _import(path, label_map=tmp_path / "label_map.pbtxt")


@pytest.mark.parametrize(
    ("maps", "expected"),
    [
        ({"pet_label_map.pbtxt": "cat", "coco_label_map.pbtxt": "dog"}, "cat"),  # the record is called pet...
        ({"mscoco_label_map.pbtxt": "dog", "graph.pbtxt": "x"}, "dog"),
        ({"classes.pbtxt": "dog"}, "dog"),
        ({"a_label_map.pbtxt": "a", "b_label_map.pbtxt": "b"}, "class 1"),  # nobody knows
        ({"../label_map.pbtxt": "up"}, "up"),
        ({"label_map.pbtxt": "here", "../label_map.pbtxt": "up", "pet_label_map.pbtxt": "cat"}, "here"),
    ],
)
def test_which_label_map_counts(tmp_path, maps, expected):
    folder = tmp_path / "records"
    folder.mkdir()
    for name, of_class in maps.items():
        write_label_map([of_class], folder / name)
    annotations, _ = _import(_write(folder / "pet_train.record", _features(text=None)))
    assert annotations.class_names == (expected,)


@pytest.fixture
def photos(tmp_path):
    """Five pictures in two folders, of many kinds, with boxes that few fractions express."""
    random = np.random.default_rng(3)
    folder, items = tmp_path / "photos", []
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = (("a.jpg", {}), ("b/turned.jpg", {"exif": exif}), ("b/a.jpg", {}), ("c.png", {}), ("d.webp", {}))
    for number, (name, options) in enumerate(kinds):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = random.integers(0, 256, (4, 6, 3), np.uint8)
        Image.fromarray(noise).resize((641, 479)).save(path, **options)
        height, width = (641, 479) if "turned" in name else (479, 641)
        corners = random.random((number, 2, 2)) * (width, height)
        xyxy = np.sort(corners, axis=1).reshape(-1, 4).astype(np.float32)
        items.append((path, Boxes(xyxy, np.arange(number) % 2, crowd=np.arange(number) == 2)))
    return Annotations(["Straße", 'a "b"'], items)


@pytest.mark.parametrize("shards", [1, 2, 5])
def test_what_is_written_comes_back_exactly(tmp_path, photos, shards):
    files = write_tfrecords(photos, tmp_path / "out" / "train", shards)
    assert [file.name for file in files] == (
        ["train.record"] if shards == 1 else [f"train.record-{i:05d}-of-{shards:05d}" for i in range(shards)]
    )
    again, report = _import(tmp_path / "out" / "train")
    assert [boxes for _, boxes in again] == [boxes for _, boxes in photos]
    assert again.class_names == photos.class_names
    assert (report.counts["repaired"], report.counts["refused"], report.counts["notes"]) == (0, 0, 0)
    for ours, theirs in zip(again.image_paths, photos.image_paths, strict=True):
        assert ours.name.endswith(f"+{theirs.name}")
        difference = np.abs(read_image(ours).astype(int) - read_image(theirs))
        assert difference.max() <= (0 if theirs.name in ("a.jpg", "c.png") else 12)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*(file.name for file in files), "label_map.pbtxt"]
    )


def test_records_written_from_records_are_the_same(tmp_path, photos):
    (first,) = write_tfrecords(photos, tmp_path / "one")
    again, _ = _import(first)
    data = first.read_bytes()
    write_tfrecords(again, tmp_path / "one")  # over the file that it reads from
    twice, _ = _import(first)
    assert [boxes for _, boxes in twice] == [boxes for _, boxes in photos]
    assert len(first.read_bytes()) < len(data)  # names without folders now


def test_the_api_finds_its_features(tmp_path, photos):
    (file,) = write_tfrecords(photos, tmp_path / "train.record")
    examples = [split_example(record.data) for record in read_records(file, print)]
    first, last = examples[0], examples[-1]
    assert numbers_of(first["image/height"]) + numbers_of(first["image/width"]) == [479, 641]
    assert [bytes(name) for name in bytes_of(examples[2]["image/filename"])] == [b"b/a.jpg"]
    encoded = bytes(bytes_of(first["image/encoded"])[0])
    assert encoded == photos.image_paths[0].read_bytes()
    assert bytes(bytes_of(first["image/key/sha256"])[0]).decode() == hashlib.sha256(encoded).hexdigest()
    assert [bytes(bytes_of(example["image/format"])[0]) for example in examples] == [b"jpeg"] * 3 + [
        b"png",
        b"jpeg",
    ]
    assert "image/object/bbox/xmin" not in first
    boxes = photos[4][1]
    np.testing.assert_allclose(numbers_of(last["image/object/bbox/ymax"]), boxes.xyxy[:, 3] / 479, rtol=1e-7)
    assert numbers_of(last["image/object/class/label"]) == [1, 2, 1, 2]
    assert numbers_of(last["image/object/is_crowd"]) == [0, 0, 1, 0]
    assert [bytes(text).decode() for text in bytes_of(last["image/object/class/text"])] == [
        "Straße",
        'a "b"',
    ] * 2


def test_whole_pixels_need_no_further_feature(tmp_path):
    (tmp_path / "a.png").write_bytes(_png((479, 641)))
    xyxy = [[x, y, x + 7.5, y + 3.25] for x, y in zip(range(0, 630, 7), range(1, 476, 5), strict=False)]
    annotations = Annotations(["duck"], [(tmp_path / "a.png", Boxes(xyxy, [0] * len(xyxy)))])
    (file,) = write_tfrecords(annotations, tmp_path / "a.record")
    (record,) = read_records(file, print)
    assert "image/object/bbox/xyxy_pixels" not in split_example(record.data)
    assert _only(_import(file)[0]).xyxy.tolist() == xyxy


def test_boxes_reaching_outside_are_cut_and_those_without_area_left_out(tmp_path):
    (tmp_path / "a.png").write_bytes(_png())
    boxes = Boxes([[-5, 0, 70, 20], [10, 10, 10, 20], [65, 0, 70, 20]], [0, 0, 0])
    annotations = Annotations(["duck"], [(tmp_path / "a.png", boxes)])
    with pytest.warns(UserWarning, match=r"a\.png: 2 of 3 boxes have no area in the picture"):
        write_tfrecords(annotations, tmp_path / "a.record")
    assert _only(_import(tmp_path / "a.record")[0]).xyxy.tolist() == [[0, 0, 60, 20]]


def test_a_smaller_set_replaces_the_larger_one(tmp_path, photos):
    write_tfrecords(photos, tmp_path / "out" / "train", 5)
    write_tfrecords(photos, tmp_path / "out" / "train", 2)
    write_tfrecords(photos, tmp_path / "out" / "train")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["label_map.pbtxt", "train.record"]


def test_nothing_is_left_of_what_fails(tmp_path, photos):
    lost = Annotations(photos.class_names, [*photos, (tmp_path / "lost.jpg", Boxes.empty())])
    write_tfrecords(photos, tmp_path / "out" / "train")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(FileNotFoundError, match=r"lost\.jpg"):
        write_tfrecords(lost, tmp_path / "out" / "train", 2)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize("shards", [0, -1, 6, 10**9])
def test_impossible_numbers_of_shards_are_refused(tmp_path, photos, shards):
    with pytest.raises(ValueError, match=r"shards must be a number from 1 to that of the pictures \(5\)"):
        write_tfrecords(photos, tmp_path / "train", shards)


def test_a_label_map_that_others_rely_on_is_not_replaced(tmp_path, photos):
    write_tfrecords(photos, tmp_path / "train")
    write_tfrecords(photos, tmp_path / "val")  # of the same classes
    others = Annotations(["cat", "dog"], list(photos))
    with pytest.raises(ValueError, match=r"numbers other classes than cat, dog, and val\.record next to it"):
        write_tfrecords(others, tmp_path / "train")
    (tmp_path / "val.record").unlink()
    write_tfrecords(others, tmp_path / "train")
    assert _import(tmp_path / "train")[0].class_names == ("cat", "dog")


def test_no_picture_at_all(tmp_path):
    (file,) = write_tfrecords(Annotations(["duck"], []), tmp_path / "none")
    assert file.read_bytes() == b""


def test_the_pets_of_the_api(shared_data):
    annotations, report = _import(shared_data / "formats" / "pets_examples.record")
    assert str(report) == "10 pictures and 10 boxes taken, 0 things repaired, 0 refused."
    assert annotations.class_names[0] == "chihuahua"
    assert annotations.class_names[-2:] == ("Siamese", "yorkshire_terrier")
    path, boxes = annotations[0]
    assert path.name == "0+chihuahua_153.jpg"
    assert boxes == Boxes([[119, 54, 228, 128]], [0])
    assert all(
        read_image(path).shape[:2] == picture.size
        for path, picture in zip(annotations.image_paths, annotations.pictures, strict=True)
    )


@pytest.mark.parametrize("given", ["train", "train.record", "train.record-?????-of-?????"])
def test_a_set_of_shards_is_imported_by_its_name(tmp_path, given):
    """As the API's own configs name them; a name that no shard has is a file that is not there."""
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "b.png")
    truth = Annotations(["duck"], [(tmp_path / f"{n}.png", Boxes([[1, 2, 30, 20]], [0])) for n in "ab"])
    write_tfrecords(truth, tmp_path / "train.record", shards=2)
    read, _ = import_annotations(tmp_path / given)
    assert [boxes for _, boxes in read] == [boxes for _, boxes in truth]
    with pytest.raises(FileNotFoundError, match=r"test\.record: expected the annotations"):
        import_annotations(tmp_path / "test.record")

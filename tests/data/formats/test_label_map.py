"""Label maps as they are found: orders, quotes, comments, display names, and each way of numbering wrongly."""

from __future__ import annotations

import pytest

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.label_map import label_map_text, read_label_map, write_label_map


def _write(tmp_path, text: str):
    path = tmp_path / "label_map.pbtxt"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "names", "aliases"),
    [
        ("item { id: 1 name: 'duck' }", {1: "duck"}, {"duck": "duck"}),
        ('item {\n  name: "duck"\n  id: 1\n}\n', {1: "duck"}, {"duck": "duck"}),
        ("item: { name: 'b', id: 2 }\nitem: { name: 'a', id: 1 }", {1: "a", 2: "b"}, {"a": "a", "b": "b"}),
        ("# pets\nitem { id: 7 # lucky\n name: 'a' }", {7: "a"}, {"a": "a"}),
        (
            "item { name: '/m/01g317' id: 1 display_name: 'person' }",
            {1: "person"},
            {"/m/01g317": "person", "person": "person"},
        ),
        ("item { id: 1 display_name: 'cat' name: '' }", {1: "cat"}, {"cat": "cat"}),
        ("item { id: 0 name: 'background' } item { id: 1 name: 'a' }", {1: "a"}, {"a": "a"}),
        ("item { id: 0 } item { id: 1 name: 'a' }", {1: "a"}, {"a": "a"}),
        (r"""item { id: 1 name: "Bob\'s 19\" \"Straße\" 🦆" }""", {1: 'Bob\'s 19" "Straße" 🦆'}, None),
        (
            "item { id: 1 name: 'a' keypoints { id: 1 label: 'nose' } ancestor_ids: [2, 3] frequency: COMMON }",
            {1: "a"},
            {"a": "a"},
        ),
        ("\ufeffitem { id: 1 name: ' a ' }", {1: " a "}, None),
    ],
)
def test_what_maps_say(tmp_path, text, names, aliases):
    found = read_label_map(_write(tmp_path, text))
    assert found.names == names
    assert list(found.names) == sorted(names)
    assert aliases is None or found.aliases == aliases
    assert found.class_names == tuple(names.values())


def test_one_name_with_two_numbers_is_one_class(tmp_path):
    found = read_label_map(
        _write(tmp_path, "item { id: 1 name: 'a' } item { id: 2 name: 'b' } item { id: 3 name: 'a' }")
    )
    assert (found.class_names, found.names[3]) == (("a", "b"), "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a label map with entries like item"),
        ("# nothing", "got none"),
        ('{"a": 1}', "expected a label map, got something else or a cut file"),
        ("item { id: 1 name: 'a'", r"cut file \(line 1"),
        ("item { name: 'a' }", "item 1: id must be a number from 1, got None"),
        ("item { id: 1.5 name: 'a' }", "item 1: id must be a number from 1, got 1.5"),
        ("item { id: -1 name: 'a' }", "id must be a number from 1, got -1"),
        ("item { id: 0 name: 'duck' }", "id 0 is the background's, got 'duck'. Number the classes from 1"),
        ("item { id: 1 }", "item 1: id 1 has no name"),
        ("item { id: 1 name: 'a' } item { id: 1 name: 'b' }", "item 2: id 1 is 'a' already, got 'b'"),
        (
            "item {\n id: 1\n name: 'a'\n id: 2\n name: 'b'\n id: 3\n name: 'c'\n}",
            r"item 1: it has 3 ids \(lines 2, 4 and 6\) and 3 names \(lines 3, 5 and 7\): close each item with }",
        ),
        (
            "item {\n id: 1\n name: 'a'\n item {\n id: 2\n name: 'b'\n }\n}",
            "another item begins within it, on line 4",
        ),
        (
            "item { id: 1 name: 'a' }\nitem { id: [2, 3] name: 'b' }",
            r"item 2: it has 2 ids \(lines 2 and 2\)",
        ),
        (
            "item { id: 1\n display_name: 'a'\n display_name: 'b' }",
            r"it has 2 display_names \(lines 2 and 3\): close",
        ),
        ("item { id: [] name: 'a' }", "item 1: id must be a number from 1, got None"),
        ("item { id: 1 name: 'a' item: [] }", "another item begins within it, on line 1"),
        ("item: 3", "item 1: id must be a number from 1, got None"),
    ],
)
def test_broken_maps_are_refused(tmp_path, text, message):
    with pytest.raises(AnnotationError, match=message) as error:
        read_label_map(_write(tmp_path, text))
    assert "label_map.pbtxt" in str(error.value)


@pytest.mark.parametrize(
    "names", [["duck"], ["b", "a"], ["it's", 'a "b"', "x\\y", " a ", "Straße", "🦆", "a\nb"]]
)
def test_written_maps_come_back(tmp_path, names):
    path = tmp_path / "new" / "label_map.pbtxt"
    write_label_map(names, path)
    assert read_label_map(path).names == dict(enumerate(names, 1))
    assert path.read_text("utf-8") == label_map_text(names)

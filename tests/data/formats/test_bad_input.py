"""What people bring, bad as it is: each row says which files there are, which boxes come of it, and what is told.

Rows of COCO, Labelbox and TFRecord stand in their own files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tflhelpers.data.importing import ImportRefused, import_annotations

_SIZES = {"b.png": (60, 40), "a.png": (60, 40)}  # (width, height)


def _object(name="duck", *edges, tag="bndbox") -> str:
    inside = "".join(
        f"<{edge}>{value}</{edge}>"
        for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    )
    return f"<object><name>{name}</name><{tag}>{inside}</{tag}></object>"


def _voc(*objects: str, filename: str | None = "a.png", size=(60, 40), path: str = "") -> str:
    named = "" if filename is None else f"<filename>{filename}</filename>"
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation>{named}{path and f'<path>{path}</path>'}{sides}{''.join(objects)}</annotation>"


_DUCK = _object("duck", 5, 6, 25, 16)
_DUCK_BOX = ("duck", 5, 6, 25, 16)
_WHERE = "a.xml, object 1"
_HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>'
    "<annotation><filename>&lol2;</filename></annotation>"
)
_FOREIGN = (
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>'
)
_DOCTYPE = "document type: not needed in annotations, and a way to fill the memory; remove <!DOCTYPE>"

# What it is: files (text, or the size of a picture with its EXIF orientation), options, picture -> boxes, report


def _by_name(names: str) -> tuple[str, str, str]:
    return (
        "note",
        "classes",
        f"no list of classes gives their order, so they come by name: {names}; for another order import again with "
        "class_names=[...]",
    )


_ROWS = {
    "nothing wrong": ({"a.xml": _voc(_DUCK)}, {}, {"a.png": [_DUCK_BOX]}, []),
    "edges the wrong way round": (
        {"a.xml": _voc(_object("duck", 25, 6, 5, 16))},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", _WHERE, "edges the wrong way round: 25, 6, 5, 16, swapped")],
    ),
    "partly outside": (
        {"a.xml": _voc(_object("duck", -3, 6, 70, 16))},
        {},
        {"a.png": [("duck", 0, 6, 60, 16)]},
        [
            (
                "repaired",
                _WHERE,
                "partly outside the picture: -3, 6, 70, 16 cut to 40 × 60 (height × width)",
            )
        ],
    ),
    "outside by rounding only": (
        {"a.xml": _voc(_object("duck", -0.004, 6, 60.004, 16))},
        {},
        {"a.png": [("duck", 0, 6, 60, 16)]},
        [],
    ),
    "wrong way round and partly outside": (
        {"a.xml": _voc(_object("duck", 70, 6, 50, 16))},
        {},
        {"a.png": [("duck", 50, 6, 60, 16)]},
        [
            ("repaired", _WHERE, "edges the wrong way round: 70, 6, 50, 16, swapped"),
            (
                "repaired",
                _WHERE,
                "partly outside the picture: 70, 6, 50, 16 cut to 40 × 60 (height × width)",
            ),
        ],
    ),
    "wholly outside": (
        {"a.xml": _voc(_object("duck", 60, 6, 70, 16), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "outside the picture: 60, 6, 70, 16 of 40 × 60 (height × width)")],
    ),
    "zero area": (
        {"a.xml": _voc(_object("duck", 5, 6, 5, 16), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "no area: 5, 6, 5, 16")],
    ),
    "no box left": (
        {
            "a.xml": _voc(_object("duck", 5, 6, 5, 16)),
            "b.xml": _voc(_DUCK, filename="b.png"),
            "b.png": (60, 40),
        },
        {},
        {"b.png": [_DUCK_BOX]},
        [
            ("refused", _WHERE, "no area: 5, 6, 5, 16"),
            ("note", "a.xml", "no box left: all were refused, so the picture is left out; it is no negative"),
        ],
    ),
    "duplicates": (
        {"a.xml": _voc(_DUCK, _DUCK, _object("cat", 5, 6, 25, 16))},
        {},
        {"a.png": [_DUCK_BOX, ("cat", 5, 6, 25, 16)]},
        [
            ("repaired", "a.xml, object 2", "drawn twice: 5, 6, 25, 16 as 'duck'; one is kept"),
            _by_name("cat, duck"),
        ],
    ),
    "duplicates only after mending": (
        {"a.xml": _voc(_DUCK, _object("duck", 25, 16, 5, 6))},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", "a.xml, object 2", "drawn twice: 25, 16, 5, 6 as 'duck'; one is kept")],
    ),
    "NaN": (
        {"a.xml": _voc(_object("duck", "nan", 6, 25, 16), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "not four numbers: nan, 6, 25, 16")],
    ),
    "infinity, and a number too large for any": (
        {"a.xml": _voc(_object("duck", "-inf", 6, 25, 16), _object("duck", 5, 6, "1e999", 16), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [
            ("refused", _WHERE, "not four numbers: -inf, 6, 25, 16"),
            ("refused", "a.xml, object 2", "not four numbers: 5, 6, 1e999, 16"),
        ],
    ),
    "words and nothing for numbers": (
        {"a.xml": _voc(_object("duck", "five", 6, "", 16), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "not four numbers: five, 6, , 16")],
    ),
    "floats as text": (
        {"a.xml": _voc(_object("duck", " 5.5 ", "6.25", "2.5e1", "16.0\n"))},
        {},
        {"a.png": [("duck", 5.5, 6.25, 25, 16)]},
        [],
    ),
    "1-based VOC by switch": (
        {"a.xml": _voc(_object("duck", 1, 1, 60, 40))},
        {"one_based": True},
        {"a.png": [("duck", 0, 0, 60, 40)]},
        [],
    ),
    "1-based VOC without the switch is taken as it is": (
        {"a.xml": _voc(_object("duck", 1, 1, 60, 40))},
        {},
        {"a.png": [("duck", 1, 1, 60, 40)]},
        [],
    ),
    "0 in 1-based VOC": (
        {"a.xml": _voc(_object("duck", 0, 1, 60, 40))},
        {"one_based": True},
        {"a.png": [("duck", 0, 0, 60, 40)]},
        [
            (
                "repaired",
                _WHERE,
                "partly outside the picture: -1, 0, 60, 40 cut to 40 × 60 (height × width)",
            )
        ],
    ),
    "no <filename>": (
        {"a.xml": _voc(_DUCK, filename=None)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", "a.xml", "no <filename>: taken for the picture that is named like the XML file")],
    ),
    "<filename> without its ending": (
        {"a.xml": _voc(_DUCK, filename="a")},
        {},
        {"a.png": [_DUCK_BOX]},
        [],
    ),
    "<filename> with another ending": (
        {"a.xml": _voc(_DUCK, filename="a.jpg")},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", "a.xml", "picture found by another name: for 'a.jpg' {}/a.png")],
    ),
    "<filename> in another case": (
        {"a.xml": _voc(_DUCK, filename="A.PNG")},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", "a.xml", "picture found by another name: for 'A.PNG' {}/a.png")],
    ),
    "<filename> of a picture that was renamed": (
        {"a.xml": _voc(_DUCK, filename="IMG_2024.png")},
        {},
        {"a.png": [_DUCK_BOX]},
        [("repaired", "a.xml", "picture found by another name: for 'IMG_2024.png' {}/a.png")],
    ),
    "<filename> copied from the file before": (
        {"a.xml": _voc(_DUCK), "b.xml": _voc(_DUCK), "b.png": (60, 40)},
        {},
        {"a.png": [_DUCK_BOX], "b.png": [_DUCK_BOX]},
        [("repaired", "b.xml", "picture found by another name: for 'a.png' {}/b.png")],
    ),
    "<path> of the annotator's own computer": (
        {"a.xml": _voc(_DUCK, path=r"C:\Users\me\Desktop\my pictures\a.png")},
        {},
        {"a.png": [_DUCK_BOX]},
        [],
    ),
    "Windows path for a name": (
        {"a.xml": _voc(_DUCK, filename=r"C:\Users\me\pics\a.png")},
        {},
        {"a.png": [_DUCK_BOX]},
        [],
    ),
    "relative Windows path": (
        {"a.xml": _voc(_DUCK, filename=r".\pics\deep\a.png"), "pics/deep/a.png": (60, 40), "a.png": None},
        {},
        {"pics/deep/a.png": [_DUCK_BOX]},
        [],
    ),
    "a name that fits two pictures": (
        {
            "x/a.png": (60, 40),
            "y/a.png": (60, 40),
            "a.png": None,
            "a.xml": _voc(_DUCK),
            "b.png": (60, 40),
            "b.xml": _voc(_DUCK, filename="b.png"),
        },
        {},
        {"b.png": [_DUCK_BOX]},
        [
            (
                "refused",
                "a.xml",
                "several pictures of that name: 'a.png' fits 2 pictures: {}/x/a.png, {}/y/a.png. Give images= the "
                "folder of the right one",
            )
        ],
    ),
    "of two pictures of one name that in the folder named": (
        {
            "x/a.png": (60, 40),
            "y/a.png": (60, 40),
            "a.png": None,
            "a.xml": _voc(_DUCK, filename="/q/y/a.png"),
        },
        {},
        {"y/a.png": [_DUCK_BOX]},
        [],
    ),
    "blanks, unicode and emoji in names": (
        {
            "ä ö/Ente 🦆 (1).xml": _voc(
                _object("Ente & Co 🦆", 5, 6, 25, 16).replace(" & ", " &amp; "), filename="Ente 🦆 (1).png"
            ),
            "ä ö/Ente 🦆 (1).png": (60, 40),
            "a.png": None,
        },
        {},
        {"ä ö/Ente 🦆 (1).png": [("Ente & Co 🦆", 5, 6, 25, 16)]},
        [],
    ),
    "an accent composed otherwise, as a Mac does": (
        {"é.png": (60, 40), "a.xml": _voc(_DUCK, filename="e\u0301.png"), "a.png": None},
        {},
        {"é.png": [_DUCK_BOX]},
        [("repaired", "a.xml", "picture found by another name: for 'e\u0301.png' {}/é.png")],
    ),
    "picture without annotation": (
        {"a.xml": _voc(_DUCK), "b.png": (60, 40)},
        {},
        {"a.png": [_DUCK_BOX]},
        [
            (
                "note",
                "{}/b.png",
                "picture without annotation: left out; one that shows no object needs an empty entry",
            )
        ],
    ),
    "annotation without picture": (
        {"a.xml": _voc(_DUCK, filename="gone.png"), "a.png": None},
        {},
        {"gone.png": [_DUCK_BOX]},
        [("note", "a.xml", "missing picture: 'gone.png'; its boxes are kept. Give images= its folder")],
    ),
    "annotation without picture or size": (
        {
            "a.xml": _voc(_DUCK),
            "c.xml": _voc(_object("duck", -2, 6, 9000, 16), filename="gone.png", size=None),
        },
        {},
        {"a.png": [_DUCK_BOX], "gone.png": [("duck", 0, 6, 9000, 16)]},
        [
            (
                "note",
                "c.xml",
                "missing picture: 'gone.png'; its boxes are kept as they are. Give images= its folder",
            ),
            (
                "repaired",
                "c.xml, object 1",
                "partly outside the picture: -2, 6, 9000, 16 cut to ? × ? (height × width)",
            ),
        ],
    ),
    "a picture that is none": (
        {"a.xml": _voc(_DUCK), "b.png": "<html>404</html>", "b.xml": _voc(_DUCK, filename="b.png")},
        {},
        {"a.png": [_DUCK_BOX]},
        [
            (
                "refused",
                "b.xml",
                "unreadable picture: {}/b.png: expected a picture, got a web page. Download the picture itself, not "
                "the page that shows it.",
            )
        ],
    ),
    "no object drawn": (
        {"a.xml": _voc(_DUCK), "b.png": (60, 40), "b.xml": _voc(filename="b.png")},
        {},
        {"a.png": [_DUCK_BOX], "b.png": []},
        [],
    ),
    "a picture resized since": (
        {"a.xml": _voc(_DUCK, size=(120, 90))},
        {},
        {"a.png": [_DUCK_BOX]},
        [
            (
                "refused",
                "a.xml",
                "picture of another size: annotated as 90 × 120, it has 40 × 60 (height × width). Was it resized? "
                "Look at contact_sheet(annotations)",
            )
        ],
    ),
    "size 0": ({"a.xml": _voc(_DUCK, size=(0, 0))}, {}, {"a.png": [_DUCK_BOX]}, []),
    "classes that differ by case": (
        {"a.xml": _voc(_DUCK, _object("Duck", 1, 2, 3, 4))},
        {},
        {"a.png": [_DUCK_BOX, ("Duck", 1, 2, 3, 4)]},
        [
            (
                "note",
                "classes",
                "classes that look alike: 'duck', 'Duck' differ only by case or blanks and are kept apart. If they "
                "are one: import again with rename={'Duck': 'duck'}.",
            ),
            _by_name("Duck, duck"),
        ],
    ),
    "classes that differ by blanks": (
        {"a.xml": _voc(_object(" rubber duck", 5, 6, 25, 16), _object("rubberduck ", 1, 2, 3, 4))},
        {},
        {"a.png": [(" rubber duck", 5, 6, 25, 16), ("rubberduck ", 1, 2, 3, 4)]},
        [
            (
                "note",
                "classes",
                "classes that look alike: ' rubber duck', 'rubberduck ' differ only by case or blanks and are kept "
                "apart. If they are one: import again with rename={' rubber duck': 'rubber duck', 'rubberduck ': "
                "'rubber duck'}.",
            ),
            _by_name(" rubber duck, rubberduck "),
        ],
    ),
    "a class renamed into another": (
        {"a.xml": _voc(_DUCK, _object("Duck", 1, 2, 3, 4))},
        {"rename": {"Duck": "duck"}},
        {"a.png": [_DUCK_BOX, ("duck", 1, 2, 3, 4)]},
        [],
    ),
    "blanks around a class name": (
        {"a.xml": _voc(_object("duck ", 5, 6, 25, 16))},
        {},
        {"a.png": [("duck ", 5, 6, 25, 16)]},
        [
            (
                "note",
                "classes",
                "blanks around a class name: 'duck ' is kept. Without them: rename={'duck ': 'duck'}.",
            )
        ],
    ),
    "a class without a name": (
        {"a.xml": _voc(_object("", 5, 6, 25, 16), _object("  ", 1, 2, 3, 4), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "no class name: ''"), ("refused", "a.xml, object 2", "no class name: '  '")],
    ),
    "no <bndbox>": (
        {"a.xml": _voc(_object("duck", 5, 6, 25, 16, tag="robndbox"), _DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", _WHERE, "no <bndbox>: only upright boxes can be used")],
    ),
    "truncated XML": (
        {"a.xml": _voc(_DUCK), "b.xml": _voc(_DUCK)[:-20]},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", "no whole XML file: unclosed token: line 1, column 187")],
    ),
    "XML that is empty": (
        {"a.xml": _voc(_DUCK), "b.xml": ""},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", "no whole XML file: no element found: line 1, column 0")],
    ),
    "other XML": (
        {"a.xml": _voc(_DUCK), "b.xml": "<kml/>"},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", "no Pascal VOC file: expected <annotation>, got <kml>")],
    ),
    "XML entity bomb": (
        {"a.xml": _voc(_DUCK), "b.xml": _BOMB},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", _DOCTYPE)],
    ),
    "XML that reads foreign files": (
        {"a.xml": _voc(_DUCK), "b.xml": _FOREIGN},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", _DOCTYPE)],
    ),
    "XML nested without end": (
        {"a.xml": _voc(_DUCK), "b.xml": "<a>" * 100_000},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", "nested too deep: more than 50 elements")],
    ),
    "an encoding that nobody knows": (
        {"a.xml": _voc(_DUCK), "b.xml": '<?xml version="1.0" encoding="klingon"?><annotation/>'},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "b.xml", "unknown encoding: unknown encoding: klingon; save it as UTF-8")],
    ),
    "two files for one picture": (
        {"a.xml": _voc(_DUCK), "sub/other.xml": _voc(_DUCK, _object("cat", 1, 2, 3, 4))},
        {},
        {"a.png": [_DUCK_BOX, ("cat", 1, 2, 3, 4)]},
        [
            (
                "repaired",
                "sub/other.xml",
                "picture annotated twice: joined with a.xml; 1 boxes were in both",
            ),
            _by_name("cat, duck"),
        ],
    ),
    # The photo is stored 60 wide and 40 high, and to be turned clockwise by a quarter: upright it is 40 wide.
    "EXIF, boxes on the stored photo": (
        {"a.png": (60, 40, 6), "a.xml": _voc(_DUCK, size=(60, 40))},
        {},
        {"a.png": [("duck", 24, 5, 34, 25)]},
        [("repaired", "a.xml", "turned upright: boxes drawn on the stored photo (EXIF orientation 6)")],
    ),
    "EXIF, boxes on the upright photo": (
        {"a.png": (60, 40, 6), "a.xml": _voc(_object("duck", 24, 5, 34, 25), size=(40, 60))},
        {},
        {"a.png": [("duck", 24, 5, 34, 25)]},
        [],
    ),
    "EXIF upside down, where sizes cannot tell": (
        {"a.png": (60, 40, 3), "a.xml": _voc(_DUCK)},
        {},
        {"a.png": [_DUCK_BOX]},
        [
            (
                "note",
                "a.xml",
                "frame undecided: the photo is turned by its EXIF orientation, and the file does not say whether "
                "the boxes were drawn before that; read as drawn on the upright photo. If they look wrong, use "
                'frame="stored".',
            )
        ],
    ),
    "EXIF upside down, frame given": (
        {"a.png": (60, 40, 3), "a.xml": _voc(_DUCK)},
        {"frame": "stored"},
        {"a.png": [("duck", 35, 24, 55, 34)]},
        [("repaired", "a.xml", "turned upright: boxes drawn on the stored photo (EXIF orientation 3)")],
    ),
    "EXIF, frame given against the size": (
        {"a.png": (60, 40, 6), "a.xml": _voc(_object("duck", 5, 6, 25, 16), size=(60, 40))},
        {"frame": "upright"},
        {"a.png": [_DUCK_BOX]},
        [],
    ),
    "EXIF, box cut in the frame it was drawn in": (
        {"a.png": (60, 40, 8), "a.xml": _voc(_object("duck", 50, 6, 70, 16), size=(60, 40))},
        {},
        {"a.png": [("duck", 6, 0, 16, 10)]},
        [
            ("repaired", "a.xml", "turned upright: boxes drawn on the stored photo (EXIF orientation 8)"),
            (
                "repaired",
                _WHERE,
                "partly outside the picture: 50, 6, 70, 16 cut to 40 × 60 (height × width)",
            ),
        ],
    ),
    # YOLO: 0.25 0.5 0.5 0.25 on 60 x 40 is x from 0 to 30, y from 15 to 25
    "YOLO": (
        {"a.txt": "1 0.25 0.5 0.5 0.25\n", "classes.txt": "cat\nduck\n"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [],
    ),
    "YOLO without a classes file": (
        {"a.txt": "7 0.25 0.5 0.5 0.25\n10 0.5 0.5 1 1\n"},
        {},
        {"a.png": [("7", 0, 15, 30, 25), ("10", 0, 0, 60, 40)]},
        [("note", "{name}", "no classes.txt or data.yaml: the classes are called by their numbers")],
    ),
    "YOLO polygons": (
        {"a.txt": "0 0.5 0.25 0.75 0.5 0.25 1\n", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 15, 10, 45, 40)]},
        [("note", "a.txt", "polygons: 1, of which the boxes around them are taken")],
    ),
    "YOLO polygon with NaN": (
        {"a.txt": "0 0.5 0.25 nan 0.5 0.25 1\n0 .25 .5 .5 .25", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [
            ("note", "a.txt", "polygons: 1, of which the boxes around them are taken"),
            ("refused", "a.txt, line 1", "not four numbers: nan, nan, nan, nan"),
        ],
    ),
    "YOLO with scores": (
        {"a.txt": "0 0.25 0.5 0.5 0.25 0.97\n", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [],
    ),
    "YOLO lines that are none": (
        {
            "a.txt": "0 0.25 0.5\n\nduck 0.2 0.2 0.1 0.1\n-1 .5 .5 1 1\n9 .5 .5 1 1\n0.0 .25 .5 .5 .25\n",
            "classes.txt": "duck",
        },
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [
            ("refused", "a.txt, line 1", "no box: expected class, x, y, width, height, got 3 values"),
            ("refused", "a.txt, line 3", "no box: expected numbers, got 'duck 0.2 0.2 0.1 0.1'"),
            ("refused", "a.txt, line 4", "no class number: -1"),
            ("refused", "a.txt, line 5", "unknown class number: 9; 1 classes are named"),
        ],
    ),
    "YOLO empty file": (
        {"a.txt": "", "b.png": (60, 40), "b.txt": "0 .25 .5 .5 .25", "classes.txt": "duck"},
        {},
        {"a.png": [], "b.png": [("duck", 0, 15, 30, 25)]},
        [],
    ),
    "YOLO labels without picture": (
        {"a.txt": "0 .25 .5 .5 .25", "labels.txt": "0 .25 .5 .5 .25", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [("refused", "labels.txt", "missing picture of unknown size: 'labels'. Give images= its folder")],
    ),
    "YOLO negative width": (
        {"a.txt": "0 .25 .5 -.5 .25", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [("repaired", "a.txt, line 1", "edges the wrong way round: 0.5, 0.375, 0, 0.625, swapped")],
    ),
    "YOLO in pixels": (
        {"a.txt": "0 15 20 30 10\n0 .25 .5 .5 .25", "classes.txt": "duck"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25)]},
        [
            (
                "refused",
                "a.txt, line 1",
                "outside the picture: 0, 15, 30, 25 of 1 × 1 (fractions of height × width)",
            )
        ],
    ),
    "a class that YOLO lists twice, and one without a name": (
        {"a.txt": "2 .25 .5 .5 .25\n1 .5 .5 1 1", "classes.txt": "duck\n\nduck\n"},
        {},
        {"a.png": [("duck", 0, 15, 30, 25), ("1", 0, 0, 60, 40)]},
        [
            ("note", "classes.txt", "class without a name: line 2, called 1"),
            ("note", "classes.txt", "class listed twice: 'duck', taken as one"),
        ],
    ),
    "CSV": (
        {
            "x.csv": _HEADER + "a.png,60,40,duck,5,6,25,16\nb.png,60,40,,,,,\na.png,60,40,cat,1,2,3,4\n",
            "b.png": (60, 40),
        },
        {},
        {"a.png": [_DUCK_BOX, ("cat", 1, 2, 3, 4)], "b.png": []},
        [_by_name("cat, duck")],
    ),
    "CSV in other order, with semicolons, a byte order mark and Windows lines": (
        {"x.csv": "\ufeffxmin;ymin;xmax;ymax;Class;colour;filename\r\n5;6;25;16;duck;red;a.png\r\n"},
        {},
        {"a.png": [_DUCK_BOX]},
        [],
    ),
    "CSV with tabs and names in quotes": (
        {"x.tsv": _HEADER.replace(",", "\t") + '"a.png"\t60\t40\t"a ""b""\tc"\t5\t6\t25\t16\n'},
        {},
        {"a.png": [('a "b"\tc', 5, 6, 25, 16)]},
        [],
    ),
    "CSV rows with missing cells": (
        {
            "x.csv": _HEADER
            + "a.png,60,40,duck,5,6\na.png,60,40,,5,6,25,16\n,60,40,duck,5,6,25,16\n\na.png,,,duck,5,6,25,16,9\n"
        },
        {},
        {"a.png": [_DUCK_BOX]},
        [
            ("refused", "x.csv, row 2", "empty cells: xmax, ymax"),
            ("refused", "x.csv, row 3", "empty cells: class"),
            ("refused", "x.csv, row 4", "empty cells: filename"),
        ],
    ),
    "CSV from 1 by switch": (
        {"x.csv": _HEADER + "a.png,60,40,duck,1,1,60,40\na.png,60,40,cat,x,1,60,40\n"},
        {"one_based": True},
        {"a.png": [("duck", 0, 0, 60, 40)]},
        [("refused", "x.csv: a.png, row 3", "not four numbers: x, 0, 60, 40")],
    ),
    "CSV with sizes that disagree": (
        {"x.csv": _HEADER + "a.png,60,40,duck,5,6,25,16\na.png,600,400,cat,1,2,3,4\n"},
        {},
        {"a.png": [_DUCK_BOX, ("cat", 1, 2, 3, 4)]},
        [
            ("note", "x.csv, row 3", "another size than before: of 'a.png'; the first counts"),
            _by_name("cat, duck"),
        ],
    ),
    "CSV with a name longer than any file's, and one as long as can be": (
        {"x.csv": _HEADER + f"{'ä' * 126}.png,60,40,duck,5,6,25,16\n{'a' * 251}.png,60,40,duck,5,6,25,16\n"},
        {},
        {"a" * 251 + ".png": [_DUCK_BOX]},
        [
            ("refused", f"x.csv: {'ä' * 126}.png", f"no name a file can have: {'ä' * 80!r}"),
            (
                "note",
                f"x.csv: {'a' * 251}.png",
                f"missing picture: '{'a' * 251}.png'; its boxes are kept. Give images= its folder",
            ),
        ],
    ),
    "CSV with a name no file can have": (
        {"x.csv": _HEADER + "a\0.png,60,40,duck,5,6,25,16\na.png,60,40,duck,5,6,25,16\n"},
        {},
        {"a.png": [_DUCK_BOX]},
        [("refused", "x.csv: a\0.png", "no name a file can have: 'a\\x00.png'")],
    ),
}


def _picture(path: Path, width: int, height: int, orientation: int = 1) -> None:
    picture = Image.new("RGB", (width, height), "red")
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(path, exif=exif)


def _make(folder: Path, files: dict) -> None:
    """Write the files of a row; `a.png` is always there, unless the row says None."""
    for name, content in {"a.png": (60, 40), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_bytes(content.encode("utf-8"))
        elif content:
            _picture(path, *content)


def _told(report) -> list[tuple[str, str, str]]:
    return [tuple(entry) for entry in report.entries if entry.outcome != "taken"]


@pytest.mark.parametrize("row", _ROWS)
def test_bad_input(tmp_path, row):
    files, options, expected, told = _ROWS[row]
    _make(tmp_path, files)
    annotations, report = import_annotations(tmp_path, **options)
    boxes = {
        path.relative_to(tmp_path).as_posix(): [
            (annotations.class_names[label], *xyxy)
            for xyxy, label in zip(found.xyxy.tolist(), found.labels.tolist(), strict=True)
        ]
        for path, found in annotations
    }
    assert boxes == expected
    names = {"{name}": tmp_path.name, "{}": str(tmp_path)}
    assert _told(report) == [_filled(entry, names) for entry in told]
    assert report.counts["boxes"] == sum(map(len, expected.values()))


@pytest.mark.parametrize("row", _ROWS)
def test_strict_raises_for_what_is_repaired_or_refused(tmp_path, row):
    files, options, _, told = _ROWS[row]
    _make(tmp_path, files)
    faults = [entry for entry in told if entry[0] in ("repaired", "refused")]
    if not faults:
        import_annotations(tmp_path, strict=True, **options)
        return
    with pytest.raises(ImportRefused) as caught:
        import_annotations(tmp_path, strict=True, **options)
    assert faults[0][2].partition(":")[0] in str(caught.value)
    assert caught.value.report.counts["repaired"] + caught.value.report.counts["refused"] == len(faults)


def _filled(entry: tuple, names: dict[str, str]) -> tuple:
    for short, long in names.items():
        entry = tuple(part.replace(short, long) for part in entry)
    return entry


_NOTHING = [  # files, message
    ({"a.xml": "<annotation"}, "got none: all was refused:\n  a.xml: no whole XML file"),
    ({"a.xml": _voc()}, "expected at least one class, got 1 pictures and none. Draw at least one box."),
    ({"x.csv": _HEADER}, "expected annotated pictures, got none: the files hold no picture at all."),
]


@pytest.mark.parametrize(("files", "message"), _NOTHING)
def test_nothing_at_all_is_refused_with_the_reasons(tmp_path, files, message):
    _make(tmp_path, files)
    with pytest.raises(ImportRefused) as caught:
        import_annotations(tmp_path)
    assert message in str(caught.value)

"""How the fuzzer spoils a file: bytes, tokens that readers trip over, nodes of JSON, records with right checksums."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import zipfile

from tests.data.formats.fuzz_inputs import example, records, zipped

_NUMBERS = (
    b"nan inf -inf -1 0 -0.0 1e999 1e-999 99999999999999999999 1_0 0x10 1,5 2147483648 0.999999999".split()
)
_TOKENS = [
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\xa6\x86", b"\x85", b"\n", b"\r", b"\t"),
    *(b"..", b"/", b"\\", b"//x/y", b"C:", b"~", b"-", b'"', b"'", b",", b";", b"|", b" " * 40, b"a" * 300),
    *(b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!DOCTYPE a>", b"encoding='utf-16'", b"&#0;", b"<object>" * 30),
    *(b"{", b"}", b"[", b"]", b": ", b"null", b"\\u0000", b"\\ud800", b"[" * 2000, b'{"a":' * 300),
    *(b"*a", b"&a ", b"!!python/object:os.system", b"? ", b"- " * 50, b"<<: *a"),
    *(b"item {" * 40, b"name:", b"id:", b"#", b"\\x", b"\\777", b"<" * 80),
    *_NUMBERS,
]  # fmt: skip
_VALUES = [
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63, 10**30, 10**400, 1e308, float("nan"), float("inf")),
    *("", " ", "x", "nan", "1e999", "\ud800", "\x00", "../../a.png", "a.png", "d2e1", "POLYGON ((0 0, nan 1))"),
    *([], {}, [[]], [{}], {"": None}, [None], [1, 2], [1, 2, 3, "x"], [[1, 2, 3, 4]] * 3, {"counts": [-5, 10**12]}),
]  # fmt: skip


def spoiled(rng: random.Random, name: str, content: bytes) -> bytes:
    """The content of a file, spoiled in the way that suits it, or like any file."""
    clever = {".json": _json, ".ndjson": _json, ".record": _record, ".zip": _zip, ".xml": _xml}
    suffix = name[name.rindex(".") :]
    if suffix in clever and rng.random() < 0.6:
        content = clever[suffix](rng, content)
        if rng.random() < 0.8:
            return content
    return spoiled_bytes(rng, content)


def spoiled_bytes(rng: random.Random, content: bytes, most: int = 12) -> bytes:
    """Bytes turned, tokens put in, pieces cut, doubled, moved, numbers exchanged."""
    spoilt = bytearray(content)
    for _ in range(rng.choice([0, 1, 1, 2, 4, most])):
        place, kind = rng.randrange(len(spoilt) + 1), rng.random()
        if kind < 0.2 and spoilt:
            spoilt[min(place, len(spoilt) - 1)] = rng.randrange(256)
        elif kind < 0.45:
            spoilt[place:place] = rng.choice(_TOKENS)
        elif kind < 0.6:
            del spoilt[place : place + rng.randrange(1, 12)]
        elif kind < 0.7:
            piece = spoilt[rng.randrange(len(spoilt) + 1) :][: rng.randrange(80)]
            spoilt[place:place] = piece * rng.choice([1, 2, 50])
        elif kind < 0.74:
            del spoilt[place:]
        elif kind < 0.9:
            spoilt = bytearray(_other_number(rng, bytes(spoilt)))
        else:
            spoilt[place : place + rng.randrange(8)] = rng.choice(_TOKENS)
    return bytes(spoilt)


def _other_number(rng: random.Random, content: bytes) -> bytes:
    found = list(re.finditer(rb"\d+(\.\d+)?", content))
    if not found:
        return content
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(_NUMBERS) + content[match.end() :]


def _xml(rng: random.Random, content: bytes) -> bytes:
    """An element removed, doubled, emptied or put into another."""
    elements = list(re.finditer(rb"<(\w+)>[^<]*</\1>|<(object|bndbox|size)>.*?</\2>", content, re.S))
    if not elements:
        return content
    match, other = rng.choice(elements), rng.choice(elements)
    new = rng.choice([b"", match[0] * 2, match[0] * 200, other[0], b"<a>" * 150 + match[0] + b"</a>" * 150])
    return content[: match.start()] + new + content[match.end() :]


def _json(rng: random.Random, content: bytes) -> bytes:
    """Some nodes exchanged, removed or doubled."""
    lines = content.split(b"\n")
    try:
        documents = [json.loads(line) for line in lines]
    except ValueError:
        return content
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        index = rng.randrange(len(documents))
        documents[index] = _other_node(rng, documents[index])
    return b"\n".join(json.dumps(each).encode("utf-8", "surrogatepass") for each in documents)


def _other_node(rng: random.Random, node: object) -> object:
    """A copy of a document with one node below it changed."""
    if not isinstance(node, (dict, list)) or not node or rng.random() < 0.08:
        return rng.choice(_VALUES)
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    key, what = rng.choice(keys), rng.random()
    copy = node.copy()
    if what < 0.08:
        del copy[key]  # type: ignore[arg-type]
    elif what < 0.16 and isinstance(copy, list):
        copy.insert(rng.randrange(len(copy) + 1), copy[key])  # type: ignore[index]
    elif what < 0.16:
        copy[rng.choice(["id", "file_name", "bbox", "Label", "objects", "x"])] = copy[key]
    else:
        copy[key] = _other_node(rng, copy[key])  # type: ignore[index]
    return copy


def _record(rng: random.Random, content: bytes) -> bytes:
    """Records whose checksums are right and whose messages or features are not."""
    odd = [
        [],
        [b""],
        [b"\xff\xfe"],
        [-1],
        [2**62],
        [float("nan")],
        [float("inf"), -5.0],
        [0.5] * 3,
        [b"a" * 9],
        [1, 2, 3],
    ]
    names = ["height", "width", "filename", "source_id", "encoded", "format", "object/class/text"]
    names += ["object/class/label", "object/is_crowd", *(f"object/bbox/{edge}" for edge in _EDGES)]
    examples = []
    for _ in range(rng.choice([1, 1, 2, 5])):
        changes = {rng.choice(names): rng.choice(odd) for _ in range(rng.choice([0, 1, 2, 4]))}
        whole = example(**changes)
        examples.append(spoiled_bytes(rng, whole, 3) if rng.random() < 0.5 else whole)
    return records(*examples)


_EDGES = ("xmin", "ymin", "xmax", "ymax")


def _zip(rng: random.Random, content: bytes) -> bytes:
    """Members spoiled or called otherwise; or the sizes that the table of contents tells."""
    if rng.random() < 0.3:
        return _with_another_field(rng, content)
    names = [
        "../a.xml",
        "/a.xml",
        "C:\\a.xml",
        "a/../../b",
        "a" * 300,
        "a\x00b.xml",
        "a.png/",
        ".",
        "..",
        " ",
        "set",
        "con",
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    changed: dict[str, bytes] = {}
    for name, inside in members.items():
        called = rng.choice(names) if rng.random() < 0.3 else name
        changed[called] = spoiled(rng, name, inside) if rng.random() < 0.5 else inside
    if rng.random() < 0.2:
        changed["zeros"] = bytes(rng.choice([10**5, 10**7]))
    return zipped(changed)


def _with_another_field(rng: random.Random, content: bytes) -> bytes:
    """A number of a header turned: sizes, offsets, flags, method."""
    place = rng.choice(
        [match.start() for match in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", content)]
    )
    place += rng.randrange(4, 46)
    value = struct.pack("<I", rng.choice([0, 1, 0xFFFF, 0xFFFFFFFF, 10**9, rng.randrange(2**32)]))
    size = rng.choice([1, 2, 4])
    return content[:place] + value[:size] + content[place + size :]

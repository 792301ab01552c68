"""Protocol buffers as text: every way of writing a field, and every way of breaking one."""

from __future__ import annotations

import math

import pytest

from tflhelpers.files.text_proto import TextProtoError, Word, parse_text_proto, quoted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# a word\n\n", {}),
        ("a: 1", {"a": [1]}),
        ("a: 1 a: 2", {"a": [1, 2]}),
        ("a: [1, 2,3] b: []", {"a": [1, 2, 3], "b": []}),
        (
            "a: -4.6 b: .5 c: 1e-8 d: 0x1F e: 2.5f f: +7",
            {"a": [-4.6], "b": [0.5], "c": [1e-8], "d": [31], "e": [2.5], "f": [7]},
        ),
        ("a { b: 1 } a: { b: 2 } a < b: 3 >", {"a": [{"b": [1]}, {"b": [2]}, {"b": [3]}]}),
        ("a: [{b: 1}, {b: 2}]", {"a": [{"b": [1]}, {"b": [2]}]}),
        ("a: 1, b: 2; c {};", {"a": [1], "b": [2], "c": [{}]}),
        ("a: RELU_6 b: true c: -inf", {"a": ["RELU_6"], "b": ["true"], "c": ["-inf"]}),
        ("[type.googleapis.com/x.Y] { a: 1 }", {"[type.googleapis.com/x.Y]": [{"a": [1]}]}),
        ("a: 'it''s'", {"a": ["its"]}),  # side by side they are one
        ("a: \"x\" # y\n  'z'", {"a": ["xz"]}),
        (r'''a: "\"\'\\\n\t\101\x41\303\251\u00e9\U0001f986"''', {"a": ["\"'\\\n\tAAéé🦆"]}),
        ("a: 'Straße 🦆 \"x\"'", {"a": ['Straße 🦆 "x"']}),
        ("a: '# no word'", {"a": ["# no word"]}),
        ('a: "\\377"', {"a": ["\ufffd"]}),  # no UTF-8
    ],
)
def test_what_texts_mean(text, expected):
    assert parse_text_proto(text) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", None),
        ("a: 1 b: 2", None),
        ("a: 1\nb: 2\n\na: 3", "lines 1 and 4"),
        ("a: 1\na {\n a: 1 }\na: 'x'", "lines 1, 2 and 4"),
        ("b: 1\na: [1,\n2]", "lines 2 and 2"),
    ],
)
def test_what_is_given_twice(text, lines):
    assert parse_text_proto(text).given_twice("a") == lines


def test_words_are_told_from_strings():
    fields = parse_text_proto("a: true b: 'true'")
    assert (type(fields["a"][0]), type(fields["b"][0])) == (Word, str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item {", r"line 1: expected a name, got the end of the text"),
        ("item {\n  id: 1\n", r"line 3: expected a name, got the end"),
        ("item: }", r"expected a name, got '}'"),
        ("}", r"expected a name, got '}'"),
        ("item { id: 1 >", r"expected a name, got '>'"),
        ("item { id 3 }", r"expected ':' or '{', got '3'"),
        ("id: ", r"expected a name, got the end"),
        ("id: [1 2]", r"expected ',', got '2'"),
        ("id: [1,", r"expected a name, got the end"),
        ("\n\nid: 'x", r"line 3: expected a field, got \"'x\""),
        ("id: 'x\ny'", r"line 1: expected a field"),
        ("id: 1x", r"expected a field, got '1x'"),
        ("id: 1.2.3", r"expected a field"),
        ("<html>", r"expected a name, got '<'"),
        ("{'a': 1}", r"expected a name, got '{'"),
        ("a: '\\ud800'", r"expected a character's number"),
        ("a: '\\U00110000'", r"expected a character's number"),
        ("a: " + "9" * 5000, r"expected a number, got one of 5000 digits"),
        ("a {" * 5000, r"at most 100 messages inside each other"),
        ("[a", r"expected a name, got the end"),
    ],
)
def test_broken_texts_are_refused_with_the_line(text, message):
    with pytest.raises(TextProtoError, match=message):
        parse_text_proto(text)


@pytest.mark.parametrize(
    "text", ["", "duck", '19" rack', "it's", "back\\slash", "a\nb\tc\x01\x7f", "Straße 🦆", "\x01" + "1"]
)
def test_quoting_comes_back(text):
    assert parse_text_proto(f"a: {quoted(text)}") == {"a": [text]}


def test_numbers_beyond_all_bounds():
    assert parse_text_proto("a: 1e999")["a"] == [math.inf]

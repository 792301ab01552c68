"""A report counts everything, shows the most frequent, and keeps the whole."""

from __future__ import annotations

import json

import pytest

from tflhelpers.data.formats import report as report_module
from tflhelpers.data.formats.report import ImportRefused, ReportBuilder, refuse_unless_clean


def _report():
    builder = ReportBuilder()
    builder.taken("a.xml", boxes=2)
    builder.taken("b.xml", boxes=0)
    for number in range(3):
        builder.repaired(f"a.xml, object {number}", f"cut: from {number} to 60")
    builder.repaired("b.xml", "swapped: 5 > 4")
    for kind in ("one", "two", "two", "three", "four"):
        builder.refused("c.xml", f"{kind}: <why>")
    builder.note("classes", "look at them")
    return builder.build()


_SUMMARY = """\
2 pictures and 2 boxes taken, 4 things repaired, 5 refused.
Repaired:
  3 × cut (a.xml, object 0: from 0 to 60)
  1 × swapped (b.xml: 5 > 4)
Refused:
  2 × two (c.xml: <why>)
  1 × one (c.xml: <why>)
  2 × other kinds: see report.save(...)
Notes:
  1 × look at them (classes)"""


def test_summary():
    report = _report()
    assert str(report) == repr(report) == _SUMMARY
    assert report.counts == {"pictures": 2, "boxes": 2, "repaired": 4, "refused": 5, "notes": 1}
    assert report._repr_html_() == "<pre>" + _SUMMARY.replace("<", "&lt;").replace(">", "&gt;") + "</pre>"


def test_names_of_several_lines_take_one():
    builder = ReportBuilder()
    builder.refused("a\nb.xml", "missing picture: 'c\u0085d'")
    assert str(builder.build()).splitlines()[1:] == ["Refused:", "  1 × missing picture (a b.xml: 'c d')"]


def test_an_empty_report():
    report = ReportBuilder().build()
    assert str(report) == "0 pictures and 0 boxes taken, 0 things repaired, 0 refused."
    refuse_unless_clean(report)


def test_the_summary_stays_short():
    builder = ReportBuilder()
    for number in range(1000):
        builder.taken(f"{number}.xml", 1)
        builder.repaired(f"{number}.xml", f"kind {number}: x")
        builder.refused(f"{number}.xml", f"kind {number}: x")
        builder.note(f"{number}.xml", f"kind {number}: x")
    assert len(str(builder.build()).splitlines()) == 13


def test_the_whole_as_json(tmp_path):
    _report().save(tmp_path / "new" / "report.json")
    whole = json.loads((tmp_path / "new" / "report.json").read_text("utf-8"))
    assert whole["counts"]["refused"] == 5
    assert len(whole["entries"]) == 12
    assert whole["entries"][:2] == [
        {"outcome": "taken", "where": "a.xml", "what": "2 boxes"},
        {"outcome": "taken", "where": "b.xml", "what": "0 boxes"},
    ]


def test_strict_names_what_was_met():
    with pytest.raises(ImportRefused) as caught:
        refuse_unless_clean(_report())
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("strict=True: expected nothing to repair or refuse, got 9 things.")
    assert lines[1] == "  a.xml, object 0: cut: from 0 to 60"
    assert caught.value.report.counts["repaired"] == 4


def test_of_many_mistakes_ten_are_shown():
    builder = ReportBuilder()
    for number in range(12):
        builder.refused(str(number), "bad")
    with pytest.raises(ImportRefused, match=r"9: bad\n  and 2 more$"):
        refuse_unless_clean(builder.build())


def test_endless_faults_are_counted_but_not_kept(monkeypatch):
    monkeypatch.setattr(report_module, "_MOST_ENTRIES", 3)
    builder = ReportBuilder()
    for number in range(5):
        builder.refused(str(number), "bad")
    report = builder.build()
    assert (len(report.entries), report.counts["refused"]) == (3, 5)

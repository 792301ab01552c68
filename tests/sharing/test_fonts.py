"""Names are shown in their own letters, or by their number, never as empty boxes."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tflhelpers.sharing import fonts

ROOT = Path(__file__).resolve().parents[2]
MISSING = "\U00013000"  # an Egyptian hieroglyph: in no font that is tried


@pytest.mark.parametrize("text", ["rubber_ducky 97%", "Größe…", "утка", "πάπια", "بطة", "e\u0301"])
def test_common_scripts_have_a_font(text):
    pytest.importorskip("matplotlib")
    font = fonts.font_for(text, 20)
    assert fonts.has_letters(font, text)
    assert font.getlength(text) > 10


def test_letters_that_a_font_lacks_are_noticed():
    font = fonts.font_for("duck", 20)
    assert fonts.has_letters(font, "duck")
    assert not fonts.has_letters(font, MISSING)
    assert fonts.font_for("duck " + MISSING, 20) is None


def test_a_name_without_font_is_its_number_and_warned_of_once():
    fonts._warn_once.cache_clear()
    with pytest.warns(UserWarning, match=r"drawn as #3.*Install"):
        assert fonts.showable(MISSING, 3) == "#3"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fonts.showable(MISSING, 3) == "#3"


def test_names_are_composed_and_on_one_line():
    assert fonts.showable("cafe\u0301\n  noir", 0) == "caf\u00e9 noir"


def test_without_matplotlib_pillows_own_font_is_used(monkeypatch):
    monkeypatch.setattr(fonts, "_candidates", lambda: ("no such font.ttf", ""))
    assert fonts.font_for("duck", 20).getlength("duck") > 20
    assert fonts.font_for("утка", 20) is None


def test_a_preferred_font_comes_first_and_must_exist(tmp_path):
    bold = next(file for file in fonts._candidates() if file.endswith("DejaVuSans.ttf")).replace(
        "Sans.ttf", "Sans-Bold.ttf"
    )
    assert fonts.font_for("duck", 20, bold).getname() == ("DejaVu Sans", "Bold")
    wrong = tmp_path / "letters.ttf"
    wrong.write_text("not a font")
    with pytest.raises(ValueError, match=r"must be a TrueType or OpenType file, got .*letters.ttf"):
        fonts.font_for("duck", 20, wrong)


def test_borrowing_the_font_does_not_import_matplotlib():
    use = "import sys; from tflhelpers.sharing import fonts; fonts.font_for('duck', 9)"
    code = f"{use}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

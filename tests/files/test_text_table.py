"""Tables as print and a notebook show them."""

from tflhelpers.files.text_table import markdown_table, plain_table

ROWS = [["", "photos", "n"], ["a|b duck", "1", "300"]]


def test_numbers_stand_below_each_other():
    assert plain_table(ROWS) == "          photos    n\na|b duck       1  300"
    assert plain_table(ROWS[:1]) == "  photos  n"


def test_a_bar_in_a_name_ends_no_cell():
    assert markdown_table(ROWS).splitlines() == [
        "|  | photos | n |",
        "|:--|--:|--:|",
        r"| a\|b duck | 1 | 300 |",
    ]

"""What the editor holds and how its history goes, without any pointer."""

import pytest


@pytest.fixture
def run(hand):
    """Run the body of a function that has `editor` of 100 x 80 pixels with two boxes, one with fractions."""

    def run_body(body):
        return hand.tell(
            f"""async () => {{
                const {{ Editor }} = await import("/annotator/js/editor.js");
                const boxes = [
                    {{ xyxy: [10, 20, 30, 40], label: 0, crowd: true }},
                    {{ xyxy: [50.5, 20.25, 70.75, 60.125], label: 1, crowd: false }},
                ];
                const editor = new Editor({{ width: 100, height: 80, boxes, nothingHere: false }});
                const [first, second] = editor.boxes.map((box) => box.id);
                const seen = [];
                for (const name of ["change", "selection", "proposals"]) {{
                    editor.addEventListener(name, () => seen.push(name));
                }}
                const edges = () => editor.boxes.map((box) => box.xyxy);
                {body}
            }}"""
        )

    return run_body


def test_loaded_boxes_stay_as_they_are(run):
    assert run("editor.move(first, 1, 1); return edges();") == [
        [11, 21, 31, 41],
        [50.5, 20.25, 70.75, 60.125],
    ]
    assert run("editor.move(first, 1, 1); return editor.boxes.map((box) => box.crowd);") == [True, False]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("editor.move(second, 3, 0)", [54, 20.25, 74, 60.125]),  # 50.5 + 3 rounds to 54; 20.25 wide is 20
        ("editor.move(second, 0, 99)", [50.5, 40, 70.75, 80]),
        ("editor.move(second, -99, -99)", [0, 0, 20, 40]),
        ("editor.setEdges(second, [50.5, 20.25, 80.4, 60.125])", [50.5, 20.25, 80, 60.125]),
        ("editor.setEdges(second, [-9, -9, 200, 200])", [0, 0, 100, 80]),
        ("editor.stretch(second, 1, 0)", [50.5, 20.25, 72, 60.125]),
        ("editor.relabel(second, 0)", [50.5, 20.25, 70.75, 60.125]),
    ],
)
def test_changes_round_what_they_touch(run, change, expected):
    assert run(f"{change}; return [edges()[1], editor.canUndo];") == [expected, True]


@pytest.mark.parametrize(
    "change",
    [
        "editor.move(first, 0, 0)",
        "editor.setEdges(first, [10, 20, 30, 40])",
        "editor.setEdges(first, [200, 20, 230, 40])",
        "editor.relabel(first, 0)",
        "editor.remove(999)",
        "editor.undo()",
        "editor.add({ xyxy: [100, 10, 140, 20], label: 0 })",
        "editor.addAll([])",
        "editor.acceptProposal()",
        "editor.dismissProposal()",
        "editor.select(999)",
    ],
)
def test_what_changes_nothing_is_no_entry_and_says_nothing(run, change):
    assert run(f"{change}; return [seen, editor.canUndo];") == [[], False]


def test_the_history_has_no_end_and_a_new_change_ends_the_way_forward(run):
    body = """
        for (let i = 0; i < 1000; i += 1) editor.move(first, i % 2 ? -1 : 1, 0);
        let undone = 0;
        while (editor.undo()) undone += 1;
        const atStart = edges()[0];
        let redone = 0;
        while (redone < 7 && editor.redo()) redone += 1;
        const afterSeven = edges()[0];
        editor.remove(second);
        return [undone, atStart, afterSeven, editor.canRedo, editor.boxes.length];
    """
    assert run(body) == [1000, [10, 20, 30, 40], [11, 20, 31, 40], False, 1]


def test_each_method_is_one_entry(run):
    body = """
        editor.addAll([{ xyxy: [0, 0, 5, 5], label: 2 }, { xyxy: [90, 70, 130, 90], label: 2 }]);
        const added = edges().slice(2);
        editor.removeAll();
        editor.replaceAll([{ xyxy: [1.5, 2, 9, 9], label: 1 }]);
        const replaced = edges();
        let undone = 0;
        while (editor.undo()) undone += 1;
        return [added, replaced, undone, editor.boxes.length];
    """
    assert run(body) == [[[0, 0, 5, 5], [90, 70, 100, 80]], [[1.5, 2, 9, 9]], 3, 2]


def test_undo_keeps_the_selection_where_the_box_is_still_there(run):
    body = """
        editor.select(first);
        editor.move(first, 5, 5);
        editor.undo();
        const kept = editor.selected === first;
        const id = editor.add({ xyxy: [0, 0, 9, 9], label: 0 });
        const selectsNew = editor.selected === id;
        editor.undo();
        return [kept, selectsNew, editor.selected];
    """
    assert run(body) == [True, True, None]


def test_events_say_what_happened(run):
    body = """
        editor.select(first);
        editor.move(first, 1, 0);
        editor.remove(first);
        editor.setProposals([{ xyxy: [0, 0, 9, 9], label: 0, score: 0.5 }]);
        editor.acceptAllProposals();
        return seen;
    """
    expected = ["selection", "change", "selection", "change", "proposals", "change", "proposals"]
    assert run(body) == expected


def test_nothing_here_and_boxes_exclude_each_other(run):
    body = """
        const refused = editor.setNothingHere(true);
        editor.removeAll();
        const taken = editor.setNothingHere(true);
        editor.add({ xyxy: [0, 0, 9, 9], label: 0 });
        return [refused, taken, editor.nothingHere];
    """
    assert run(body) == [False, True, False]


def test_colours_are_those_of_the_drawn_pictures(hand):
    from tflhelpers.sharing.palette import class_colour, contrast_colour

    def css(colour):
        return "rgb({}, {}, {})".format(*colour)

    expected = [[css(class_colour(i)), css(contrast_colour(class_colour(i)))] for i in range(60)]
    ask = "() => Array.from({ length: 60 }, (_, i) => drawing.classColour(i)).map(c => [c, drawing.contrastColour(c)])"
    assert hand.tell(ask) == expected

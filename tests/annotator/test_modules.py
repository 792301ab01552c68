"""The annotator's modules become one text that does the same, or a sentence says why not."""

from __future__ import annotations

import re

import pytest

from tflhelpers.annotator.modules import FOLDER, join_modules, page_module, widget_module


def write_modules(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder


def test_what_is_imported_comes_first_and_once(tmp_path):
    write_modules(
        tmp_path,
        main='import { b } from "./b.js";\nimport { c } from "./c.js";\n\nexport default { b, c };\n',
        b='import { c } from "./c.js";\nexport const b = c + 1;\n',
        c="export const c = 1;\n",
    )
    assert join_modules(tmp_path, "main.js") == (
        "// ---- c.js ----\nconst c = 1;\n\n"
        "// ---- b.js ----\nconst b = c + 1;\n\n"
        "// ---- main.js ----\n\nexport default { b, c };\n"
    )


def test_a_module_without_imports_stays_as_it_is(tmp_path):
    write_modules(tmp_path, main="")
    assert join_modules(tmp_path, "main.js") == "// ---- main.js ----\n"


def test_imports_over_several_lines(tmp_path):
    write_modules(
        tmp_path,
        main='import {\n  one,\n  two,\n} from "./b.js";\none(two);\n',
        b="export async function one() {}\nexport class two {}\n",
    )
    assert join_modules(tmp_path, "main.js") == (
        "// ---- b.js ----\nasync function one() {}\nclass two {}\n\n// ---- main.js ----\none(two);\n"
    )


def test_words_inside_the_code_stay(tmp_path):
    text = 'const text = "export const x";\n// import { this } from afar\n  export_all();\n'
    write_modules(tmp_path, main=text)
    assert join_modules(tmp_path, "main.js").endswith(text)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"main": 'import { a } from "./a.js";\n'}, r"main\.js: expected the module a\.js"),
        (
            {"main": 'import a from "./a.js";\n', "a": ""},
            r'main\.js: expected .*got `import a from "\./a\.js";`',
        ),
        ({"main": 'import { a as b } from "./a.js";\n', "a": ""}, r"got `import \{ a as b \}"),
        ({"main": 'import { a } from "https://x.org/a.js";\n'}, r"got `import \{ a \} from \"https"),
        ({"main": "export let a = 1;\n"}, r"got `export let a = 1;`"),
        ({"main": "const a = 1;\nexport { a };\n"}, r"got `export \{ a \};`"),
        (
            {"main": 'import { a } from "./a.js";\n', "a": "export default { a: 1 };\n"},
            r"a\.js: .*export default",
        ),
        (
            {"main": 'import { a } from "./a.js";\n', "a": "const a = 1;\n"},
            r"main\.js: a\.js does not export a",
        ),
        (
            {
                "main": 'import { a } from "./a.js";\nfunction same() {}\n',
                "a": "export const a = 1;\nlet same;\n",
            },
            r"main\.js: the name same is taken by a\.js",
        ),
        ({"main": "const { a, b } = window;\n"}, r"main\.js: expected one name a top-level declaration"),
        (
            {
                "main": 'import { a } from "./a.js";\nexport const m = 1;\n',
                "a": 'import { m } from "./main.js";\n',
            },
            r"circle: main\.js -> a\.js -> main\.js",
        ),
    ],
)
def test_what_cannot_be_joined_is_said(tmp_path, modules, message):
    write_modules(tmp_path, **modules)
    with pytest.raises(ValueError, match=message):
        join_modules(tmp_path, "main.js")


def test_the_real_modules_join():
    widget = widget_module()
    assert len(re.findall(r"^export ", widget, re.M)) == 1
    assert re.search(r"^export default \{ render \};$", widget, re.M)
    assert not re.search(r"^(import|export)\b", page_module(), re.M)


def test_every_module_is_used_by_the_widget_or_the_page():
    named = set(re.findall(r"^// ---- (\S+) ----$", widget_module() + "\n" + page_module(), re.M))
    assert named == {path.name for path in (FOLDER / "js").glob("*.js")}

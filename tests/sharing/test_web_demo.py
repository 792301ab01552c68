"""What `export_web_demo` writes; what the page does with it is tested in tests/browser/web_demo."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tflhelpers.model.detector import Detector
from tflhelpers.sharing import web_demo
from tflhelpers.sharing.runtime_download import FILES
from tflhelpers.sharing.web_demo import export_web_demo

INDEX = (
    'import { createWasmLib } from "@litertjs/wasm-utils";\nexport {};\n//# sourceMappingURL=index.js.map\n'
)


def empty_model(description):
    """The bytes of a LiteRT file that computes nothing."""
    from tflhelpers.sharing.export.tflite_file import packed, schema

    model = schema.ModelT()
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    model.version, model.description = 3, description
    model.buffers, model.subgraphs, model.operatorCodes = [schema.BufferT()], [graph], []
    return packed(model)


class Clothes:
    """A classifier whose file is nearly empty."""

    class_names = ("plain", "cam & <o>", "three")
    image_size = (20, 30)
    network = None
    content = "model"

    def predict(self, images, *, progress=True): ...


def export_tflite(model, path, *, quantize=None, progress=True):
    if model.content is None:
        raise RuntimeError("it does not find what it should")
    path.write_bytes(empty_model(model.content + str(quantize)))


@pytest.fixture(autouse=True)
def runtime(monkeypatch, tmp_path):
    """A folder with empty files in place of LiteRT.js, and nearly empty models."""
    monkeypatch.setattr("tflhelpers.sharing.export.tflite.export_tflite", export_tflite)
    folder = tmp_path / "litertjs"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(INDEX if name == "dist/index.js" else name)
    monkeypatch.setattr(web_demo, "fetch_runtime", lambda runtime, progress: folder)


def settings_of(folder):
    return json.loads((Path(folder) / "model.json").read_text("utf-8"))


def test_the_settings_of_a_classifier(tmp_path):
    info = export_web_demo(Clothes(), tmp_path / "demo")
    size = len(empty_model("modelfloat16"))
    colours = settings_of(info).pop("colours")
    assert {name: value for name, value in settings_of(info).items() if name != "colours"} == {
        "format": 2,
        "kind": "classifier",
        "class_names": ["plain", "cam & <o>", "three"],
        "image_size": [20, 30],
        "resize": {"kernel": "legacy_bilinear", "huge": 4},
        "model": {"file": "model.bin", "bytes": size, "whole_bytes": size, "small": []},
    }
    assert colours[:2] == [  # sky blue on the second, as in drawn pictures
        {"fill": "#e69f00", "contrast": "#000000"},
        {"fill": "#56b4e9", "contrast": "#000000"},
    ]
    assert info.model_bytes == size
    assert info.size_bytes == sum(path.stat().st_size for path in info.folder.rglob("*") if path.is_file())
    assert "python -m http.server --directory" in str(info)
    assert os.fspath(info) == str(tmp_path / "demo")


def test_the_settings_of_a_detector(monkeypatch, tmp_path):
    from tflhelpers.sharing.export import tflite

    asked = {}

    def export_tflite(detector, path, *, progress, **arguments):
        asked.update(arguments)
        path.write_bytes(empty_model("a detector"))

    monkeypatch.setattr(tflite, "export_tflite", export_tflite)
    detector = Detector.embedded(class_names=["duck"])
    detector.threshold = 0.37
    settings = settings_of(export_web_demo(detector, tmp_path / "demo", quantize=None, images=["mine.jpg"]))
    assert asked == {"head": "raw", "quantize": None, "images": ["mine.jpg"]}
    assert settings["kind"] == "detector"
    assert settings["threshold"] == 0.37
    assert settings["nms"] == {"iou_threshold": 0.6, "min_score": 1e-8, "max_boxes": 100}
    assert settings["image_size"] == [320, 320]


@pytest.mark.parametrize(
    ("title", "in_page", "name", "short"),
    [
        (None, "Which is it: plain, cam &amp; &lt;o&gt; and more?", None, "Which is it…"),
        ("Duck", "Duck", "Duck", "Duck"),
        ("Find my </title> duck", "Find my &lt;/title&gt; duck", "Find my </title> duck", "Find my </t…"),
    ],
)
def test_the_title(tmp_path, title, in_page, name, short):
    folder = export_web_demo(Clothes(), tmp_path / "demo", title=title).folder
    page = (folder / "index.html").read_text("utf-8")
    assert f"<title>{in_page}</title>" in page
    assert f"<h1>{in_page}</h1>" in page
    assert "{{" not in page
    manifest = json.loads((folder / "manifest.webmanifest").read_text("utf-8"))
    assert manifest["name"] == name or title is None
    assert manifest["short_name"] == short


def test_the_runtime_imports_our_loader_and_no_package(tmp_path):
    folder = export_web_demo(Clothes(), tmp_path / "demo").folder
    index = (folder / "runtime" / "index.js").read_text("utf-8")
    assert index == 'import { createWasmLib } from "../js/wasm_loader.js";\nexport {};\n'
    assert (folder / "js" / "wasm_loader.js").is_file()
    kept = sorted(path.name for path in (folder / "runtime" / "wasm").iterdir())
    assert kept == sorted(Path(name).name for name in FILES if name.startswith("wasm/"))
    assert "Apache License" in (folder / "runtime" / "NOTICE.txt").read_text("utf-8")


def kept_files(folder):
    return json.loads(
        (folder / "kept_files.js").read_text("utf-8").removeprefix("self.KEPT = ").rstrip(";\n")
    )


def test_the_list_of_what_a_device_keeps(tmp_path):
    model = Clothes()
    first = kept_files(export_web_demo(model, tmp_path / "demo").folder)
    files = {
        path.relative_to(tmp_path / "demo").as_posix()
        for path in (tmp_path / "demo").rglob("*.*")
        if path.is_file()
    }
    left_out = {name for name in files if name.startswith("runtime/wasm/")}
    left_out |= {"runtime/NOTICE.txt", "service_worker.js", "kept_files.js"}
    assert set(first["files"]) == files - left_out | {"./"}
    assert kept_files(export_web_demo(model, tmp_path / "demo").folder) == first
    model.content = "another model"
    assert kept_files(export_web_demo(model, tmp_path / "demo").folder)["version"] != first["version"]


def test_a_page_is_replaced_whole(tmp_path):
    folder = export_web_demo(Clothes(), tmp_path / "demo").folder
    (folder / "left over.txt").write_text("old")
    export_web_demo(Clothes(), folder, title="New")
    assert not (folder / "left over.txt").exists()
    assert "New" in (folder / "index.html").read_text("utf-8")


def test_a_failed_export_leaves_the_old_page(tmp_path):
    model = Clothes()
    folder = export_web_demo(model, tmp_path / "demo").folder
    model.content = None
    with pytest.raises(RuntimeError, match="it does not find"):
        export_web_demo(model, folder)
    assert (folder / "model.bin").read_bytes() == empty_model("modelfloat16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "litertjs"]


@pytest.mark.parametrize(
    ("model", "settings", "error", "message"),
    [
        ("duck.tflite", {}, TypeError, "expected a Detector or a Classifier, got str"),
        (
            Clothes(),
            {"quantize": "int8"},
            ValueError,
            "quantize must be one of None, 'float16', 'dynamic', got 'int8'",
        ),
        (
            Detector.embedded(["duck"]),
            {"quantize": "half"},
            ValueError,
            "quantize must be one of .* got 'half'",
        ),
        (Detector.embedded(["duck"]), {"quantize": "int8"}, ValueError, "Give images="),
        (Clothes(), {"title": 7}, TypeError, "title must be text, got int"),
    ],
)
def test_the_model_is_looked_at_before_anything_is_fetched(
    tmp_path, monkeypatch, model, settings, error, message
):
    monkeypatch.setattr(web_demo, "fetch_runtime", lambda *_, **__: pytest.fail("it was fetched"))
    with pytest.raises(error, match=message):
        export_web_demo(model, tmp_path / "demo", **settings)
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "duck.jpg").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="holds something else than a page"):
        export_web_demo(Clothes(), tmp_path / "photos")
    assert (tmp_path / "photos" / "duck.jpg").read_bytes() == b"mine"
    (tmp_path / "empty").mkdir()
    assert export_web_demo(Clothes(), tmp_path / "empty").folder == tmp_path / "empty"

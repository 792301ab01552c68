"""The same page for classifiers: bars of probabilities, within 0.01 of Python's."""

from __future__ import annotations

import base64
import shutil

import numpy as np
import pytest

from tests.browser.web_demo.demo_driver import PHOTOS, add_files, looked_at, served
from tflhelpers.data.images import read_image
from tflhelpers.model.preprocess import network_input

NAMES = ["plain", "camouflage", "striped", "dotted", "checked", "fl<b>owers", "no clothes"]
SIZE = (48, 64)


class ByColour:
    """A classifier that looks at nothing but the mean colour."""

    class_names = NAMES
    image_size = SIZE
    weights = np.random.default_rng(3).normal(0, 0.02, (3, len(NAMES))).astype(np.float32)

    def predict(self, path):
        logits = network_input(read_image(path), SIZE).mean(axis=(0, 1)) @ self.weights
        parts = np.exp(logits - logits.max())
        return parts / parts.sum()


def export_tflite(classifier, path, *, quantize=None, progress=True):
    import tensorflow as tf

    from tflhelpers.sharing.export.tflite_convert import converted

    weights = tf.Variable(classifier.weights)

    def run(images):
        return {"probabilities": tf.nn.softmax(tf.reduce_mean(images, (1, 2)) @ weights)}

    taken = {"images": tf.TensorSpec((1, *SIZE, 3), tf.float32)}
    path.write_bytes(converted(run, taken, [weights], quantize=quantize))


@pytest.fixture(scope="module")
def address(runtime, tmp_path_factory):
    pytest.importorskip("tensorflow", reason="needs tensorflow, which writes the model")
    from tflhelpers.sharing.web_demo import export_web_demo

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tflhelpers.sharing.export.tflite.export_tflite", export_tflite)
        patch.setattr("tflhelpers.sharing.export.tflite.check_tflite", lambda *given: None)
        info = export_web_demo(ByColour(), tmp_path_factory.mktemp("classifier") / "demo", runtime=runtime)
    with served(info.folder) as address:
        yield address


def test_the_bars_are_pythons_probabilities(open_demo, address):
    page = open_demo(address)
    assert page.inner_text("h1") == "Which is it: plain, camouflage and more?"
    assert not page.is_visible("#slider")
    photos = sorted(PHOTOS.glob("*.jpg"))[:8]
    cards = add_files(page, photos)
    for card, photo in zip(cards, photos, strict=True):
        wanted = ByColour().predict(photo)
        rows = card.query_selector_all(".results li")
        got = {row.get_attribute("data-name"): float(row.get_attribute("data-score")) for row in rows}
        best = [NAMES[label] for label in np.argsort(-wanted, kind="stable")[:5]]
        assert list(got) == [*best, "2 others"]
        assert abs(sum(got.values()) - 1) < 1e-3
        for name in best:
            assert got[name] == pytest.approx(wanted[NAMES.index(name)], abs=0.01)


def test_the_saved_picture_wears_its_class(open_demo, address):
    page = open_demo(address)
    [card] = add_files(page, [PHOTOS / "kitchen.jpg"])
    with page.expect_download() as waiting:
        card.query_selector("text=Save").click()
    saved = read_image(waiting.value.path()).astype(int)
    changed = np.abs(saved - read_image(PHOTOS / "kitchen.jpg")).max(axis=2) > 60
    assert changed[:20, :60].mean() > 0.5  # the tag in the corner
    assert changed[40:].mean() < 0.001


DROP = """async (pictures) => {
    const transfer = new DataTransfer();
    for (const [name, content] of pictures) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
    }
    document.querySelector("main").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""


def probabilities_on(card):
    return {
        bar.get_attribute("data-name"): float(bar.get_attribute("data-score"))
        for bar in card.query_selector_all(".results li")
    }


def test_eight_dropped_clothes_and_an_address(open_demo, runtime, tmp_path):
    """A classifier with the backbone that ships inside the package, taught on twelve drawn pictures of each class."""
    pytest.importorskip("tensorflow", reason="needs tensorflow, which writes the model")
    import tflhelpers as tfl
    from tflhelpers.data.drawn_clothes import drawn_clothes

    clothes = tfl.formats.labelled_photos(drawn_clothes(tmp_path / "clothes", 12))
    classifier = tfl.Classifier.build(clothes.class_names, "embedded")
    tfl.fit_classifier(classifier, clothes, progress=False)
    files = [each.path for each in tfl.formats.labelled_photos(drawn_clothes(tmp_path / "new", 5, seed=7))]
    wanted = [
        dict(zip(clothes.class_names, map(float, row), strict=True))
        for row in classifier.predict(files[1:], progress=False).probabilities
    ]
    assert len({max(each, key=each.get) for each in wanted}) == 2, "they must not all look alike to it"
    info = tfl.export_web_demo(classifier, tmp_path / "demo", runtime=runtime)
    shutil.copyfile(files[-1], info.folder / "one.png")
    with served(info.folder) as address:
        page = open_demo(address)
        page.evaluate(DROP, [[p.name, base64.b64encode(p.read_bytes()).decode()] for p in files[1:9]])
        page.wait_for_function("document.querySelectorAll('.card').length == 8")
        for card, expected in zip(looked_at(page), wanted[:8], strict=True):
            assert probabilities_on(card) == pytest.approx(expected, abs=0.01)
        page.click("text=Remove all")
        page.fill("#url", f"{address}/one.png")
        page.press("#url", "Enter")
        page.wait_for_selector(".card")
        [card] = looked_at(page)
        assert probabilities_on(card) == pytest.approx(wanted[-1], abs=0.01)
        assert page.asked_elsewhere == []

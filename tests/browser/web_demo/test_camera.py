"""The live camera: Chromium plays a file as if it were one. And cameras that cannot be had."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.web_demo.demo_driver import CAMERA, PHOTOS, add_files, keep_at_home, sentences, write_film
from tflhelpers.data.images import read_image

FRAMES_A_SECOND = 5


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The kitchen as an uncompressed film of ten equal frames, 640 x 480."""
    return write_film(tmp_path_factory.mktemp("film") / "kitchen.y4m", [PHOTOS / "kitchen.jpg"], times=10)


@pytest.fixture(scope="module")
def launch(start_chromium):
    """Open a page in a Chromium with flags of its own: ``launch(*flags, **settings)``."""
    opened = []

    def launch_one(*flags, **settings):
        opened.append(start_chromium(*flags))
        return opened[-1].new_context(**settings).new_page()

    yield launch_one
    for each in opened:
        each.close()


def start_camera(page, demo):
    page.set_default_timeout(30_000)
    keep_at_home(page, demo)
    page.goto(f"{demo}/#camera")
    page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    page.check("input[value=camera]", force=True)
    page.click("#start")


@pytest.fixture(scope="module")
def filmed(launch, demo, film):
    """A page that looks at the film."""
    page = launch(
        *CAMERA,
        f"--use-file-for-fake-video-capture={film}",
        viewport={"width": 1280, "height": 900},
    )
    start_camera(page, demo)
    return page


def test_boxes_come_at_five_frames_a_second_or_more(filmed):
    filmed.wait_for_selector("#live-results li[data-xyxy]")
    filmed.wait_for_function(
        f"parseFloat(document.querySelector('#rate').textContent) >= {FRAMES_A_SECOND}", timeout=60_000
    )


def test_they_are_those_of_the_film(filmed, detector):
    """The film's colours are halved and rounded, so scores are not exactly those of the photo."""
    wanted = detector.detect(PHOTOS / "kitchen.jpg")
    filmed.wait_for_selector("#live-results li[data-xyxy]")
    rows = filmed.eval_on_selector_all("#live-results li", "rows => rows.map((row) => ({ ...row.dataset }))")
    xyxy = np.array([[float(edge) for edge in row["xyxy"].split()] for row in rows])
    sure = wanted.scores > 0.25
    assert sure.sum() >= 3
    for label, box in zip(wanted.labels[sure], wanted.xyxy[sure], strict=True):
        near = np.abs(xyxy - box).max(axis=1) < 6
        assert detector.class_names[label] in [
            row["name"] for row, is_near in zip(rows, near, strict=True) if is_near
        ]


def test_a_moment_can_be_saved(filmed):
    with filmed.expect_download() as waiting:
        filmed.click("#save-frame")
    assert waiting.value.suggested_filename.startswith("camera_")
    assert read_image(waiting.value.path()).shape[2] == 3


def test_whoever_looks_at_pictures_is_not_filmed(filmed):
    filmed.evaluate("() => { window.track = video.srcObject.getVideoTracks()[0]; }")
    add_files(filmed, [PHOTOS / "picnic.jpg"])
    assert filmed.evaluate("track.readyState") == "ended"
    assert filmed.query_selector_all("#live-results li") == []
    assert not filmed.is_visible("#switch")  # there is no other
    assert filmed.asked_elsewhere == []


def test_the_other_camera(launch, demo):
    page = launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2")
    start_camera(page, demo)
    device = "document.querySelector('video').srcObject?.getVideoTracks()[0].getSettings().deviceId"
    page.wait_for_selector("#switch:not([hidden])")
    first = page.evaluate(device)
    page.click("#switch")
    page.wait_for_function(f"({device} ?? '{first}') !== '{first}'")
    page.wait_for_selector("#rate:not(:empty)")
    page.click("#switch")
    page.wait_for_function(f"{device} === '{first}'")
    assert page.query_selector_all(".message") == []


def test_a_denied_camera(launch, demo):
    page = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    start_camera(page, demo)
    assert sentences(page) == [
        "The camera was not allowed. Allow it for this page in the browser (the sign beside the address) and in the "
        "device's settings, then press Start again."
    ]
    assert page.is_visible("#start")


def test_no_camera(launch, demo):
    page = launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=0")
    start_camera(page, demo)
    assert sentences(page) == ["No camera was found. Connect one, or choose pictures instead."]


def test_an_address_that_gets_no_camera(open_demo):
    """Pages from http:// addresses other than localhost have no navigator.mediaDevices."""
    hide = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined })"
    page = open_demo(prepare=lambda page: page.add_init_script(hide))
    page.check("input[value=camera]", force=True)
    page.click("#start")
    assert sentences(page) == [
        "Browsers open the camera only for pages from https:// addresses and from localhost. "
        "Put this folder on such a server, or choose pictures instead."
    ]


def test_a_camera_that_comes_too_late_is_closed(launch, demo):
    page = launch(*CAMERA)
    page.add_init_script("""
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await real(wanted);
            window.late = stream.getVideoTracks()[0];
            await new Promise((go) => (window.letGo = go));
            return stream;
        };""")
    start_camera(page, demo)
    page.wait_for_function("Boolean(window.letGo)")
    page.check("input[value=pictures]", force=True)
    page.evaluate("letGo()")
    page.wait_for_function("late.readyState === 'ended'")
    assert page.query_selector_all(".message") == []
    assert page.is_enabled("#start")

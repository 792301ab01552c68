"""Chromium plays what `write_gif` and `write_video` write: each frame in its colours, at its time; GIFs for ever."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.browser.web_demo.demo_driver import served
from tflhelpers.sharing.gif import write_gif
from tflhelpers.sharing.video_file import write_video

COLOURS = [(230, 159, 0), (240, 228, 66), (0, 0, 255), (0, 0, 255), (34, 34, 34), (0, 158, 115)]
SIZE = (60, 90)
FPS = 8
DECODE_GIF = """async (url) => {
    const decoder = new ImageDecoder({ type: "image/gif", data: (await fetch(url)).body });
    await decoder.completed;
    const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
    const frames = [];
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
        const { image } = await decoder.decode({ frameIndex });
        const context = new OffscreenCanvas(image.displayWidth, image.displayHeight).getContext("2d");
        context.drawImage(image, 0, 0);
        frames.push([image.duration / 1e6, [...context.getImageData(45, 30, 1, 1).data].slice(0, 3)]);
    }
    return { repetitionCount, frames };
}"""
PLAY_VIDEO = """async ([url, times]) => {
    const whole = URL.createObjectURL(await (await fetch(url)).blob());  // the server knows no parts: no seeking
    const video = Object.assign(document.createElement("video"), { muted: true, src: whole });
    const when = (event) => new Promise((done, fail) => {
        video.addEventListener(event, done, { once: true });
        video.addEventListener("error", () => fail(new Error(video.error.message)), { once: true });
    });
    await when("loadeddata");
    const { duration, videoWidth, videoHeight } = video;
    const began = performance.now();
    const ended = when("ended");
    await video.play();
    await ended;
    const seconds = (performance.now() - began) / 1000;
    const context = new OffscreenCanvas(videoWidth, videoHeight).getContext("2d");
    const colours = [];
    for (const time of times) {
        const there = when("seeked");
        video.currentTime = time;
        await there;
        context.drawImage(video, 0, 0);
        colours.push([...context.getImageData(45, 30, 1, 1).data].slice(0, 3));
    }
    return { duration, size: [videoHeight, videoWidth], seconds, colours };
}"""


@pytest.fixture
def frames():
    return [np.full((*SIZE, 3), colour, np.uint8) for colour in COLOURS]


def test_a_gif_plays(page, tmp_path, frames):
    write_gif(frames, tmp_path / "a.gif", fps=FPS)
    with served(tmp_path) as address:
        page.goto(address)
        got = page.evaluate(DECODE_GIF, f"{address}/a.gif")
    assert got["repetitionCount"] == math.inf
    assert [seconds for seconds, _ in got["frames"]] == [pytest.approx(0.12)] * len(
        COLOURS
    )  # nearest to 1/8 s
    assert [tuple(colour) for _, colour in got["frames"]] == COLOURS


def test_a_video_plays(page, tmp_path, frames):
    write_video(frames, tmp_path / "a.mp4", fps=FPS)
    with served(tmp_path) as address:
        page.goto(address)
        middles = [(number + 0.5) / FPS for number in range(len(COLOURS))]
        got = page.evaluate(PLAY_VIDEO, [f"{address}/a.mp4", middles])
    assert got["duration"] == pytest.approx(len(COLOURS) / FPS, abs=0.01)
    assert tuple(got["size"]) == SIZE
    assert got["seconds"] == pytest.approx(len(COLOURS) / FPS, abs=0.7)
    assert np.abs(np.subtract(got["colours"], COLOURS)).max() <= 12  # orange has less blue than YUV can say

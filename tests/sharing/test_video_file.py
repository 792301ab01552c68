"""A video is read back as it was written: frames, colours, times; and never half replaces another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.video_reading import VideoError, ffmpeg_program, read_video
from tflhelpers.sharing import video_stream
from tflhelpers.sharing.video_file import write_video

COLOURS = [
    (230, 159, 0),
    (240, 228, 66),
    (255, 0, 0),
    (0, 0, 255),
    (34, 34, 34),
    (0, 158, 115),
    (255, 255, 255),
]


def plain(colour, height=48, width=64):
    return np.full((height, width, 3), colour, np.uint8)


def test_what_is_written_is_read_back(tmp_path):
    info = write_video((plain(colour) for colour in COLOURS), tmp_path / "new" / "a.mp4", fps=4)
    frames = list(read_video(info))
    assert [frame.time for frame in frames] == pytest.approx([n / 4 for n in range(7)], abs=1e-3)
    for frame, colour in zip(frames, COLOURS, strict=True):
        assert np.abs(frame.image.astype(int) - colour).max() <= 3
    assert (info.frames, info.image_size, info.fps, info.seconds, info.notes) == (7, (48, 64), 4.0, 1.75, ())
    assert info.size_bytes == os.path.getsize(info)
    assert str(info).endswith("a.mp4: 7 frames of 64x48, 1.8 s at 4 frames a second, 0.00 MB.")
    assert os.listdir(tmp_path / "new") == ["a.mp4"]


def test_it_is_what_browsers_play(tmp_path):
    path = Path(write_video([plain(9)] * 3, tmp_path / "a.mp4", fps=30))
    said = subprocess.run([ffmpeg_program(), "-i", path], capture_output=True, text=True).stderr
    assert "h264 (High)" in said
    assert "yuv420p(tv, bt709" in said
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # the index comes first


@pytest.mark.parametrize("fps", [0.5, 12, 23.976, 29.97, 60])
def test_frame_rates(tmp_path, fps):
    info = write_video([plain(30 * n) for n in range(5)], tmp_path / "a.mp4", fps=fps)
    assert [f.time for f in read_video(info)] == pytest.approx([n / fps for n in range(5)], abs=2e-3)


@pytest.mark.parametrize(("size", "stored"), [((37, 54), (38, 54)), ((36, 53), (36, 54)), ((3, 5), (4, 6))])
def test_odd_sides_get_a_copy_of_their_last_pixels(tmp_path, size, stored):
    frame = np.zeros((*size, 3), np.uint8)
    frame[-1:] = 255
    info = write_video([frame], tmp_path / "a.mp4", fps=5)
    (read,) = read_video(info)
    assert read.image.shape == (*stored, 3)
    assert info.image_size == stored
    assert "got a row or column more" in info.notes[0]
    if stored[0] > size[0]:
        assert (read.image[-2:] > 200).all()


def test_frames_may_be_files(tmp_path):
    Image.fromarray(plain(80)).save(tmp_path / "a.png")
    info = write_video([tmp_path / "a.png", str(tmp_path / "a.png"), plain(80)], tmp_path / "a.mp4", fps=5)
    assert info.frames == 3


MISTAKES = [
    ([], {}, r"at least one picture, got none"),
    ([plain(0), plain(0) / 255], {}, r"frames\[1\] must be an RGB picture.* got float64"),
    (
        [plain(0), plain(0, 48, 62)],
        {},
        r"frames\[1\] must be 64x48 pixels as the first one, got 62x48.*letterbox",
    ),
    ([plain(0)], {"fps": 0}, r"fps must be from 0.1 to 240, got 0"),
    ([plain(0)], {"fps": float("nan")}, r"got nan"),
    ([plain(0)], {"path": "a.gif"}, r"must end in .mp4, got 'a.gif'. Write 'a.mp4'"),
]


@pytest.mark.parametrize(("frames", "options", "message"), MISTAKES)
def test_mistakes_are_named_and_leave_the_old_file(tmp_path, frames, options, message):
    (tmp_path / "a.mp4").write_bytes(b"old")
    options = {"fps": 5, **options}
    with pytest.raises(ValueError, match=message):
        write_video(frames, tmp_path / options.pop("path", "a.mp4"), **options)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.mp4", b"old")]


def test_one_path_for_frames_is_named(tmp_path):
    with pytest.raises(
        TypeError, match=r"got the single path a\.mp4\. The call is write_video\(frames, path"
    ):
        write_video("a.mp4", [plain(0)], fps=5)


def test_a_failing_generator_or_ffmpeg_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_bytes(b"old")

    def frames():
        yield plain(1)
        raise RuntimeError("camera unplugged")

    with pytest.raises(RuntimeError, match="unplugged"):
        write_video(frames(), tmp_path / "a.mp4", fps=5)
    monkeypatch.setattr(video_stream, "PRESET", "no such preset")
    with pytest.raises(VideoError, match=r"a\..*: expected to write a video, got stopped after \d+ frames"):
        write_video([plain(1)] * 300, tmp_path / "a.mp4", fps=5)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.mp4", b"old")]


def test_a_generator_is_never_held_in_memory(tmp_path):
    alive = []

    class Frame(np.ndarray):
        def __del__(self):
            alive.remove(1)

    def frames():
        for number in range(20):
            alive.append(1)
            yield plain(number * 10).view(Frame)
            assert len(alive) <= 3

    assert write_video(frames(), tmp_path / "a.mp4", fps=5).frames == 20

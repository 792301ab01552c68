"""Frames come upright, complete and with the video's own times; collect/test_videos.py has what ffmpeg meets."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data import video_reading
from tflhelpers.data.video_reading import VideoError, _command, ffmpeg_program, read_video
from tflhelpers.sharing.video_file import write_video

SIZE = (48, 80)  # height, width


def level(number):
    return 20 + 10 * number


def clip(path, count=20, *, rate=10, options=(), more=()):
    """Frame n is gray, 20 + 10 n, with a red left quarter."""
    frames = [np.full((*SIZE, 3), level(n), np.uint8) for n in range(count)]
    for frame in frames:
        frame[:, :20] = (200, 0, 0)
    command = [
        ffmpeg_program(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{SIZE[1]}x{SIZE[0]}", "-r", str(rate), "-i", "pipe:0", *more, *options,
        "-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p", str(path),
    ]  # fmt: skip
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), check=True)
    return path


def levels(frames):
    return [round((float(np.median(frame.image[:, 40:])) - 20) / 10) for frame in frames]


def test_all_frames_in_order_as_often_as_wished(tmp_path):
    reader = read_video(clip(tmp_path / "a.mp4"))
    for _ in range(2):
        frames = list(reader)
        assert levels(frames) == [frame.number for frame in frames] == list(range(20))
        assert [frame.time for frame in frames] == pytest.approx([n / 10 for n in range(20)], abs=1e-3)
        assert {frame.image.shape for frame in frames} == {(*SIZE, 3)}
    assert (reader.duration, reader.fps, reader.has_sound, reader.damaged) == (2.0, 10.0, False, False)
    frames[0].image[:] = 0  # may be drawn on


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({}, range(20)),
        ({"skip": 17}, [17, 18, 19]),
        ({"skip": 20}, []),
        ({"step": 0.3}, [0, 3, 6, 9, 12, 15, 18]),
        ({"step": 0.3, "skip": 2}, [6, 9, 12, 15, 18]),  # of the same frames the first two are left out
    ],
)
def test_which_frames(tmp_path, settings, numbers):
    frames = list(read_video(clip(tmp_path / "a.mp4"), **settings))
    assert [frame.number for frame in frames] == list(numbers) == levels(frames)


def test_turned_and_small_and_with_sound(tmp_path):
    flat = clip(tmp_path / "flat.mp4", more=["-f", "lavfi", "-i", "sine=d=2"], options=["-c:a", "aac"])
    turned = tmp_path / "turned.mp4"
    subprocess.run(
        [ffmpeg_program(), "-v", "error", "-display_rotation", "90", "-i", flat, "-c", "copy", turned],
        check=True,
    )
    reader = read_video(turned, longest=40)
    frames = list(reader)
    assert reader.has_sound
    assert frames[3].image.shape == (40, 24, 3)
    bottom = frames[3].image[32:].astype(int)  # counter-clockwise: left becomes bottom
    assert (bottom[..., 0] - bottom[..., 1]).mean() > 150
    assert np.median(frames[3].image[:20]) == pytest.approx(level(3), abs=3)


def test_times_are_the_videos_own(tmp_path):
    flat, path = clip(tmp_path / "flat.mp4", options=["-bf", "0"]), tmp_path / "a.mp4"
    times = (
        "setts=ts='round(if(lt(N,10),N,10+5*(N-10))/10/TB)'"  # of the packets: all ffmpegs keep every frame
    )
    command = [ffmpeg_program(), "-v", "error", "-i", flat, "-c", "copy", "-bsf:v", times, path]
    subprocess.run(command, check=True)
    expected = [n / 10 for n in range(10)] + [1 + n / 2 for n in range(10)]
    assert [frame.time for frame in read_video(path)] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": -1}, "step must be seconds, 0 or more, got -1"),
        ({"step": float("nan")}, "step must be"),
        ({"longest": 3}, "longest must be at least 16"),
        ({"skip": -1}, "skip must be a number of frames"),
    ],
)
def test_numbers_out_of_range(tmp_path, settings, message):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=message):
        read_video(tmp_path / "a.mp4", **settings)


def test_no_video(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a video file"):
        read_video(tmp_path / "gone.mp4")
    (tmp_path / "a.mp4").write_bytes(b"hello" * 1000)
    with pytest.raises(VideoError, match="It is no video"):
        list(read_video(tmp_path / "a.mp4"))


def test_leaving_early_stops_ffmpeg(tmp_path):
    frames = iter(read_video(clip(tmp_path / "a.mp4")))
    next(frames)
    frames.close()
    assert list(frames) == []


CONTAINERS = {
    "mp4": ["-c:v", "libx264"],
    "mov": ["-c:v", "libx264"],
    "3gp": ["-c:v", "h263", "-s", "176x144"],
    "mkv": ["-c:v", "libx264"],
    "webm": ["-c:v", "libvpx"],
    "avi": ["-c:v", "mpeg4"],
    "mpg": ["-c:v", "mpeg1video", "-r", "25"],
    "ts": ["-c:v", "libx264"],
    "m2ts": ["-c:v", "libx264"],
    "m2v": ["-c:v", "mpeg2video", "-r", "25"],
    "wmv": ["-c:v", "wmv2"],
    "flv": ["-c:v", "flv"],
    "ogv": ["-c:v", "libtheora"],
    "gif": [],
}


@pytest.mark.parametrize("ending", CONTAINERS)
def test_containers_are_told_by_their_content(tmp_path, ending):
    path = tmp_path / f"clip.{ending}"
    command = [ffmpeg_program(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:d=1:r=10"]
    subprocess.run([*command, *CONTAINERS[ending], str(path)], check=True)
    if subprocess.run([ffmpeg_program(), "-v", "quiet", "-i", str(path), "-f", "null", "-"]).returncode < 0:
        pytest.skip("this ffmpeg crashes on such files, as those of imageio-ffmpeg before 0.7 do on MPEG-TS")
    path.rename(tmp_path / "clip.mp4")
    assert len(list(read_video(tmp_path / "clip.mp4"))) in (10, 25, 26)


LISTS_OF_OTHER_FILES = {
    "concat": "ffconcat version 1.0\nfile other.mp4\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nother.ts\n#EXT-X-ENDLIST\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>',
    "RTSP": "[Reference]\nRef1=other.mp4\n",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", LISTS_OF_OTHER_FILES)
def test_what_names_other_files_is_never_given_to_ffmpeg(tmp_path, monkeypatch, kind):
    clip(tmp_path / "other.mp4", 3)
    path = tmp_path / "clip.mp4"
    path.write_text(LISTS_OF_OTHER_FILES[kind])
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(VideoError, match=r"clip\.mp4: expected a video.* It is"):
        list(read_video(path))


def test_an_ffmpeg_that_crashes_is_said(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(video_reading, "ffmpeg_program", lambda: str(program))
    with pytest.raises(VideoError, match="ffmpeg itself crashed on it: pip install -U imageio-ffmpeg"):
        list(read_video(clip(tmp_path / "a.mp4", 3)))


def test_names_that_are_patterns_mean_one_file(tmp_path):
    for number in range(3):
        Image.new("RGB", (30, 20)).save(tmp_path / f"p{number}.jpg")
    (tmp_path / "p%d.jpg").write_bytes(clip(tmp_path / "a.mp4", 5).read_bytes())
    assert len(list(read_video(tmp_path / "p%d.jpg"))) == 5


def test_ffmpeg_itself_may_open_nothing_but_the_container_found(tmp_path):
    """The second line of defence: also a file that changes after the look at its beginning is no playlist."""
    clip(tmp_path / "other.mp4", 3)
    path = tmp_path / "clip.mp4"
    path.write_text(LISTS_OF_OTHER_FILES["concat"])
    command = _command(path, "mov", 0, None, 0)
    assert subprocess.run(command, capture_output=True).stdout == b""
    assert command[command.index("-format_whitelist") + 1] == "mov"
    assert command[command.index("-protocol_whitelist") + 1] == "file"


LEFT_OPEN = """
import sys
from tflhelpers.data.video_reading import read_video
frames = iter(read_video(sys.argv[1]))
next(frames)
raise OSError("No space left on device")
"""


def test_a_reader_that_an_error_leaves_open_does_not_abort_the_program(tmp_path):
    frames = (np.full((240, 320, 3), 40 + number, np.uint8) for number in range(200))
    path = write_video(frames, tmp_path / "a.mp4", fps=10).path
    ended = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN, path], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.endswith("OSError: No space left on device\n")

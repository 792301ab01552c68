"""Sharp frames that differ, from clips that the tests make: turned, with a varying rate, blurred, standing still."""

from __future__ import annotations

import subprocess
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tflhelpers.data import collect
from tflhelpers.data.collect.sharpness import cells_of, differ, gray_of, sharpness
from tflhelpers.data.images import read_image

imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs imageio-ffmpeg")

SIZE = (320, 240)
_TEXTURE = Image.fromarray(np.random.default_rng(0).integers(60, 190, (60, 80, 3), np.uint8)).resize(
    SIZE, Image.Resampling.BICUBIC
)


def frame_with(left, *, blur=0, top=100, colour=(250, 220, 30)):
    """A textured ground with a square of 48 pixels."""
    image = _TEXTURE.copy()
    image.paste(colour, (left, top, left + 48, top + 48))
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def write_clip(path, frames, *, rate=10, options=()):
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(rate), "-i", "pipe:0", *options,
        "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", str(path),
    ]  # fmt: skip
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), check=True)
    return path


def take(video, tmp_path, **settings):
    return collect.from_video(video, tmp_path / "photos", progress=False, **settings)


def numbers(report):
    return [int(path.stem.rpartition("_")[2]) for path in report.kept]


def test_of_each_stretch_the_sharpest_frame(tmp_path):
    """Four seconds; the square moves on; all frames but 3, 17, 24 and 39 are blurred."""
    sharp = {3, 17, 24, 39}
    frames = [frame_with(6 * n, blur=0 if n in sharp else 3) for n in range(40)]
    report = take(write_clip(tmp_path / "clip one.mp4", frames), tmp_path, every=1)
    assert [path.name for path in report.kept] == [f"clip one_{n:06d}.jpg" for n in sorted(sharp)]
    for path, number in zip(report.kept, sorted(sharp), strict=True):
        difference = np.abs(read_image(path).astype(int) - np.asarray(frames[number], int))
        assert difference.mean() < 8  # what two compressions take; the frame before is 18 off
        with Image.open(path) as image:
            assert not image.getexif()


def test_time_is_the_videos_own_where_the_rate_varies(tmp_path):
    """30 frames in the first second, then 5 a second for four: by its average rate it would be cut up otherwise."""
    times = "setpts='if(lt(N,30),N/30,1+(N-30)/5)/TB'"
    frames = [frame_with(5 * n, blur=0 if n in (7, 32, 37, 42, 47) else 3) for n in range(50)]
    options = ["-vf", times, "-fps_mode", "vfr", "-enc_time_base", "1/600"]
    clip = write_clip(tmp_path / "a.mp4", frames, rate=30, options=options)
    report = take(clip, tmp_path, every=1)
    assert numbers(report)[1:] == [32, 37, 42, 47]
    assert numbers(report)[0] < 30


@pytest.mark.parametrize(
    ("degrees", "shape", "square"),
    [
        (0, (240, 320), (slice(100, 148), slice(0, 48))),
        (90, (320, 240), (slice(272, 320), slice(100, 148))),  # counter-clockwise: left becomes bottom
        (180, (240, 320), (slice(92, 140), slice(272, 320))),
        (270, (320, 240), (slice(0, 48), slice(92, 140))),
    ],
)
def test_frames_are_turned_as_the_phone_was_held(tmp_path, degrees, shape, square):
    flat = write_clip(tmp_path / "flat.mp4", [frame_with(0)] * 5)
    turned = tmp_path / "turned.mp4"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [
        ffmpeg,
        "-y",
        "-v",
        "error",
        "-display_rotation",
        str(degrees),
        "-i",
        flat,
        "-c",
        "copy",
        turned,
    ]
    subprocess.run(command, check=True)
    (path,) = take(turned, tmp_path, every=5).kept
    image = read_image(path)
    assert image.shape == (*shape, 3)
    inside = image[square].astype(int)
    assert (inside[..., 0] - inside[..., 2]).mean() > 150  # yellow: much red, little blue
    assert (image[..., 0].astype(int) - image[..., 2]).mean() < 30


@pytest.mark.parametrize(("distinct", "kept"), [(True, 2), (False, 6)])
def test_what_stands_still_is_taken_once(tmp_path, distinct, kept):
    """Three seconds nothing moves, then the square jumps; and comes back, which is no other picture."""
    frames = [frame_with(20)] * 30 + [frame_with(200)] * 20 + [frame_with(20)] * 10
    report = take(write_clip(tmp_path / "a.mp4", frames), tmp_path, every=1, distinct=distinct)
    assert len(report.kept) == kept
    assert report.counts == ({"same as before": 4} if distinct else {})


def test_black_frames_are_left_out(tmp_path):
    frames = [Image.new("RGB", SIZE)] * 10 + [frame_with(20)] * 10
    report = take(write_clip(tmp_path / "a.mp4", frames), tmp_path, every=1)
    assert len(report.kept) == 1
    assert report.counts == {"shows nothing": 1}


def test_frames_are_spread_over_the_whole_clip(tmp_path):
    frames = [frame_with(2 * n) for n in range(120)]  # 12 s
    clip = write_clip(tmp_path / "a.mp4", frames)
    found = numbers(take(clip, tmp_path, max_frames=4))
    assert [number // 30 for number in found] == [0, 1, 2, 3]
    early = collect.from_video(clip, tmp_path / "other", every=1, max_frames=4, progress=False)
    assert [number // 10 for number in numbers(early)] == [0, 1, 2, 3]
    assert "Stopped after 4 pictures, at 4 s of 12 s" in str(early)


def test_large_frames_come_at_a_working_size(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", [frame_with(20)] * 5)
    (path,) = take(clip, tmp_path, every=1, max_side=160).kept
    assert read_image(path).shape == (120, 160, 3)


def test_pixels_that_are_not_square(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", [frame_with(20)] * 5, options=["-vf", "setsar=2/1"])
    (path,) = take(clip, tmp_path, every=1).kept
    assert read_image(path).shape == (240, 640, 3)


def test_run_again_nothing_changes_and_what_was_removed_stays_away(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", [frame_with(6 * n) for n in range(40)])
    first = take(clip, tmp_path, every=1)
    times = {path: path.stat().st_mtime_ns for path in first.kept}
    again = take(clip, tmp_path, every=1)
    assert (again.kept, again.new) == (first.kept, 0)
    assert {path: path.stat().st_mtime_ns for path in again.kept} == times
    first.kept[1].unlink()
    assert take(clip, tmp_path, every=1).counts == {"removed by you": 1}
    assert len(take(clip, tmp_path, every=1, retry_skipped=True).kept) == 4


def test_more_of_the_same_clip(tmp_path):
    """What the coarser run has kept is counted among the frames of the finer one, and is there once."""
    frames = [frame_with(6 * n, blur=0 if n in (3, 17, 24, 39) else 3) for n in range(40)]
    clip = write_clip(tmp_path / "a.mp4", frames)
    first = take(clip, tmp_path, every=1)
    second = take(clip, tmp_path, every=0.5)
    assert set(first.kept) < set(second.kept)
    assert (len(second.kept), second.new) == (8, 4)


def test_a_clip_that_ends_early_gives_what_it_has(tmp_path):
    clip = write_clip(tmp_path / "a.mkv", [frame_with(6 * n) for n in range(40)], options=["-g", "5"])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    report = take(clip, tmp_path, every=1)
    assert 1 <= len(report.kept) < 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"", "It is no video, or it is damaged"),
        ("a.mp4", b"hello" * 1000, "It is no video, or it is damaged"),
        ("b.txt", b"file '/etc/passwd'\n", "expected a video"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "expected a video"),
    ],
)
def test_what_is_no_video_is_said(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(collect.VideoError, match=message):
        take(tmp_path / name, tmp_path, every=1)


def test_sound_alone_is_no_video(tmp_path):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "lavfi", "-i", "sine=d=1"]
    subprocess.run([*command, str(tmp_path / "a.wav")], check=True)
    with pytest.raises(collect.VideoError, match="It has sound but no pictures"):
        take(tmp_path / "a.wav", tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0}, "every must be more than 0"),
        ({"every": float("nan")}, "every must be more than 0"),
        ({"max_frames": 0}, "max_frames must be at least 1"),
        ({"max_side": 5}, "max_side must be at least 16"),
    ],
)
def test_numbers_out_of_range(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        take(tmp_path / "a.mp4", tmp_path, **settings)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a video file"):
        take(tmp_path / "gone.mp4", tmp_path)


def test_memory_does_not_grow_with_the_clip(tmp_path):
    """A frame is 230 kB; of 300 frames all in memory would be 69 MB."""
    clip = write_clip(tmp_path / "a.mp4", [frame_with(n % 270) for n in range(300)], rate=30)
    tracemalloc.start()
    try:
        take(clip, tmp_path, every=0.5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_sharpness_of_pictures_that_can_be_computed_by_hand():
    assert sharpness(np.full((5, 7), 90, np.int16)) == 0
    dot = np.zeros((5, 5), np.int16)
    dot[2, 2] = 9  # the Laplacian of the middle 3 x 3 is 0 9 0, 9 -36 9, 0 9 0: mean 0, mean square 180
    assert sharpness(dot) == pytest.approx(180)
    assert sharpness(np.zeros((2, 9), np.int16)) == 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (frame_with(20), frame_with(20), False),
        (frame_with(20), frame_with(68), True),  # by its own width
        (frame_with(20), frame_with(21), False),  # a hand that shakes
        (
            frame_with(20),
            Image.eval(frame_with(20), lambda value: min(255, value + 20)),
            False,
        ),  # the sun comes out
        (frame_with(20), frame_with(20).transpose(Image.Transpose.FLIP_LEFT_RIGHT), True),
    ],
)
def test_which_frames_differ(a, b, expected):
    assert differ(*(cells_of(gray_of(np.array(frame))) for frame in (a, b))) is expected

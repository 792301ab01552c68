"""A GIF says what it holds, holds it, fits, and never half replaces another."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.samples import duck_photos
from tflhelpers.sharing import gif_file
from tflhelpers.sharing.draw import draw_boxes
from tflhelpers.sharing.gif import GifError, write_gif
from tflhelpers.sharing.gif_file import Look, TooLargeError, check_file


def plain(level, height=37, width=53):
    return np.full((height, width, 3), level, np.uint8)


def noise(seed, height=180, width=240):
    """Noise of the coarseness of a photo: large as a GIF."""
    small = np.random.default_rng(seed).integers(60, 190, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR))


def read(path):
    with Image.open(Path(path)) as gif:
        loop = gif.info["loop"]
        shown = [
            (frame.info["duration"], np.array(frame.convert("RGB"))) for frame in ImageSequence.Iterator(gif)
        ]
    return loop, [ms for ms, _ in shown], [picture for _, picture in shown]


def test_what_is_written_is_what_is_said(tmp_path):
    frames = [plain(level) for level in (0, 90, 200)]
    info = write_gif(frames, tmp_path / "new folder" / "duck.gif")
    loop, durations, pictures = read(info)
    assert (loop, durations) == (0, [200, 200, 200])
    assert all(np.array_equal(a, b) for a, b in zip(pictures, frames, strict=True))
    assert (info.frames, info.image_size, info.frame_ms, info.fps, info.notes) == (3, (37, 53), 200, 5, ())
    assert info.size_bytes == os.path.getsize(info)
    assert Path(info) == info.path == tmp_path / "new folder" / "duck.gif"
    assert str(info).endswith("duck.gif: 3 frames of 53x37, 200 ms each, 0.00 MB, loops for ever.")


@pytest.mark.parametrize(
    ("fps", "ms", "note"),
    [
        (5, 200, None),
        (1, 1000, None),
        (0.01, 100_000, None),
        (10, 100, None),
        (33.4, 30, None),  # 33.33, near enough
        (24, 40, "cannot show 24 frames a second; it was written with the nearest, 25."),
        (30, 30, "nearest, 33.33."),
        (60, 20, "nearest, 50."),
        (1000, 20, "nearest, 50."),  # browsers would show 10 ms as 100 ms
    ],
)
def test_speed_is_the_nearest_that_a_gif_can_show(tmp_path, fps, ms, note):
    info = write_gif([plain(0), plain(99)], tmp_path / "duck.gif", fps=fps)
    assert read(info)[1] == [ms, ms]
    assert info.frame_ms == ms
    assert len(info.notes) == (note is not None)
    assert (note or "") in " ".join(info.notes)


def test_equal_frames_keep_their_time(tmp_path):
    _, durations, pictures = read(
        write_gif([plain(0), plain(0), plain(0), plain(9), plain(9)], tmp_path / "duck.gif")
    )
    assert durations == [200] * 5
    assert [picture[0, 0, 0] for picture in pictures] == [0, 0, 0, 9, 9]


def test_other_shapes_are_fitted_into_the_first_ones(tmp_path):
    frames = [plain(100, 20, 40), plain(200, 20, 20), plain(50, 60, 120)]
    pictures = read(write_gif(frames, tmp_path / "duck.gif"))[2]
    assert [picture.shape for picture in pictures] == [(20, 40, 3)] * 3
    assert (pictures[1][:, 10:30] == 200).all()
    assert (pictures[1][:, :10] == 0).all()
    assert (pictures[1][:, 30:] == 0).all()
    assert (pictures[2] == 50).all()


def test_boxes_and_letters_stay_exact_on_noisy_pictures(tmp_path):
    boxes = Boxes([[30, 60, 160, 150]], [0], [0.97])
    frames = [draw_boxes(noise(seed), boxes.shift(seed, 0), ["duck"]) for seed in range(3)]
    for frame, picture in zip(frames, read(write_gif(frames, tmp_path / "duck.gif"))[2], strict=True):
        orange = (frame == (230, 159, 0)).all(axis=-1)
        assert orange.sum() > 700
        assert np.abs(picture[orange].astype(int) - (230, 159, 0)).max() <= 2  # HOLD


def test_frames_may_be_files_or_come_one_by_one(tmp_path):
    for level in (10, 20):
        Image.fromarray(plain(level)).save(tmp_path / f"{level}.png")
    from_files = write_gif([tmp_path / "10.png", str(tmp_path / "20.png")], tmp_path / "a.gif")
    one_by_one = write_gif((plain(level) for level in (10, 20)), tmp_path / "b.gif")
    stacked = write_gif(np.stack([plain(10), plain(20)]), tmp_path / "c.gif")
    bytes_of = [Path(info).read_bytes() for info in (from_files, one_by_one, stacked)]
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]


def test_a_generator_is_never_held_in_memory(tmp_path):
    alive = []

    class Frame(np.ndarray):
        def __del__(self):
            alive.remove(1)

    def frames():
        for level in range(20):
            alive.append(1)
            yield plain(level * 10).view(Frame)
            assert len(alive) <= 5

    assert write_gif(frames(), tmp_path / "duck.gif").frames == 20


def test_a_generator_may_draw_all_frames_into_one_array(tmp_path):
    def frames():
        canvas = plain(0)
        for level in range(0, 240, 20):
            canvas[:] = level
            yield canvas

    pictures = read(write_gif(frames(), tmp_path / "duck.gif"))[2]
    assert [int(picture[0, 0, 0]) for picture in pictures] == list(range(0, 240, 20))


@pytest.mark.parametrize(
    ("part", "kind"), [(0.8, "list"), (0.3, "generator"), (0.25, "list"), (0.15, "list"), (0.1, "generator")]
)
def test_max_bytes_is_kept_and_used(tmp_path, part, kind):
    frames = [noise(seed) for seed in range(6)]
    full = write_gif(frames, tmp_path / "full.gif").size_bytes
    limit = int(part * full)
    given = frames if kind == "list" else iter(frames)
    info = write_gif(given, tmp_path / "small.gif", max_bytes=limit, fps=4)
    assert 0.7 * limit < os.path.getsize(info) <= limit
    assert f"within {limit} bytes it was written" in info.notes[0]
    assert read(info)[:2] == (0, [info.frame_ms] * info.frames)
    assert info.frames * info.frame_ms in (
        6 * 250,
        2 * 1000,
    )  # as long, but for frames left out behind the last one
    assert max(info.image_size) >= 160


def test_nothing_is_given_up_when_it_fits(tmp_path):
    frames = [noise(seed) for seed in range(3)]
    full = write_gif(frames, tmp_path / "a.gif")
    same = write_gif(frames, tmp_path / "b.gif", max_bytes=full.size_bytes)
    assert dataclasses.replace(same, path=full.path) == full
    assert write_gif(frames, tmp_path / "c.gif", max_bytes=full.size_bytes - 1).notes


def test_an_impossible_limit_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(
        GifError, match=r"expected at most 900 bytes, got about \d+ with .* fewer than 6 frames"
    ):
        write_gif([noise(seed) for seed in range(6)], tmp_path / "duck.gif", max_bytes=900)
    assert os.listdir(tmp_path) == []


def test_a_failing_generator_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "duck.gif"
    write_gif([plain(7)], path)
    before = path.read_bytes()

    def frames():
        yield plain(1)
        raise RuntimeError("camera unplugged")

    with pytest.raises(RuntimeError, match="unplugged"):
        write_gif(frames(), path)
    with pytest.raises(RuntimeError, match="unplugged"):
        write_gif(frames(), path, max_bytes=10_000)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["duck.gif"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[: len(data) // 2], "read"),  # truncated
        (lambda data: data.replace(b"\xf9\x04\x04\x14", b"\xf9\x04\x04\x00", 1), "durations .*200.*0"),
        (lambda data: data.replace(b"2.0\x03\x01\x00", b"2.0\x03\x01\x05"), "loop 0, read back 5"),
        (lambda data: data[:6] + b"\x36" + data[7:], r"size \(37, 53\), read back \(37, 54\)"),
        (lambda data: data[:-30] + bytes([data[-30] ^ 255]) + data[-29:], "checksum|read"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_noticed_and_not_put_in_place(tmp_path, monkeypatch, change, message):
    def spoil(file, *arguments, **options):
        file.write_bytes(change(file.read_bytes()))
        return check_file(file, *arguments, **options)

    monkeypatch.setattr(gif_file, "check_file", spoil)
    with pytest.raises(GifError, match=rf"duck.gif: expected .*{message}"):
        write_gif([noise(1, 37, 53), noise(2, 37, 53)], tmp_path / "duck.gif")
    assert os.listdir(tmp_path) == []


def test_hopeless_sizes_are_noticed_early(tmp_path, monkeypatch):
    frames = [noise(seed) for seed in range(12)]
    full = write_gif(frames, tmp_path / "duck.gif").size_bytes
    seen = []
    checked = gif_file.checked_frame
    monkeypatch.setattr(gif_file, "checked_frame", lambda *given: seen.append(1) or checked(*given))
    with pytest.raises(TooLargeError) as caught:
        gif_file.write_file(frames, tmp_path / "duck.gif", Look(), 20, max_bytes=int(0.6 * full))
    assert len(seen) == gif_file.SURE_AFTER
    assert caught.value.size_bytes == pytest.approx(full, rel=0.05)


MISTAKES = [
    ([], {}, r"at least one picture, got none"),
    ([], {"max_bytes": 1000}, r"at least one picture, got none"),
    ([plain(0), plain(0) / 255], {}, r"frames\[1\] must be an RGB picture.* got float64 \(37, 53, 3\)"),
    ([plain(0)[..., 0]], {}, r"frames\[0\] .* got uint8 \(37, 53\)"),
    ([plain(0)], {"fps": 0}, r"fps must be a number from 0.01 up, got 0"),
    ([plain(0)], {"fps": float("nan")}, r"got nan"),
    ([plain(0)], {"fps": float("inf")}, r"got inf"),
    ([plain(0)], {"max_bytes": 0}, r"max_bytes must be at least 1, got 0"),
    ([plain(0)], {"path": "duck.mp4"}, r"must end in .gif, got 'duck.mp4'. Write 'duck.gif'"),
]


@pytest.mark.parametrize(("frames", "options", "message"), MISTAKES)
def test_mistakes_are_named_and_leave_nothing(tmp_path, frames, options, message):
    path = tmp_path / options.pop("path", "duck.gif") if "path" in options else tmp_path / "duck.gif"
    with pytest.raises(ValueError, match=message):
        write_gif(frames, path, **options)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ("duck.gif", r"got the single path duck\.gif\. The call is write_gif\(frames, path\)"),
        (duck_photos(), r"got Annotations\. Write annotations\.image_paths\."),
        (None, r"got NoneType\. The call is"),
    ],
)
@pytest.mark.parametrize("max_bytes", [None, 1000])
def test_what_is_no_list_of_pictures_is_named(tmp_path, frames, message, max_bytes):
    with pytest.raises(TypeError, match=rf"frames must be a list or generator of pictures, {message}"):
        write_gif(frames, tmp_path / "duck.gif", max_bytes=max_bytes)
    assert os.listdir(tmp_path) == []


def test_real_clip(tmp_path, shared_data):
    """Ten frames of a panning camera: soft shadows stay soft, and the file is not much larger than it was."""
    paths = [shared_data / f"ducky/test/out{k}.jpg" for k in range(1, 50, 5)]
    info = write_gif(paths, tmp_path / "duck.gif")
    assert info.size_bytes / info.frames < 262_000  # measured: 250,469; 279,233 with the octree
    for path, picture in zip(paths, read(info)[2], strict=True):
        difference = picture.astype(float) - np.asarray(Image.open(path))
        seen_from_afar = difference.reshape(135, 4, 240, 4, 3).mean(axis=(1, 3))
        assert 10 * np.log10(255**2 / (seen_from_afar**2).mean()) > 42  # dB; measured: 44

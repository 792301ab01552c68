"""The bytes are a GIF that Pillow reads as it was meant; what does not move costs nothing."""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL import Image, ImageSequence

from tflhelpers.sharing.gif_stream import HOLD, GifStream
from tflhelpers.sharing.quantise import reduce_colours


def write(frames, centiseconds=20):
    file = io.BytesIO()
    stream = GifStream(file, frames[0].shape[:2], centiseconds)
    sizes = []
    for frame in frames:
        stream.add(frame, *reduce_colours(frame))
        sizes.append(stream.bytes_written)
    stream.close()
    assert stream.bytes_written == len(file.getvalue())
    return file, stream, np.diff([0, *sizes])


def shown(file):
    with Image.open(file) as gif:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (37, 53, 3), dtype=np.uint8)


def test_header_says_size_time_and_loop(asymmetric_image):
    file, _, _ = write([asymmetric_image, asymmetric_image[::-1]], centiseconds=7)
    data = file.getvalue()
    assert data[:6] == b"GIF89a"
    assert data[6:10] == bytes([53, 0, 37, 0])  # width, height
    assert data.count(b"NETSCAPE2.0\x03\x01\x00\x00\x00") == 1  # 0: for ever
    assert data.count(b"\x21\xf9\x04") == 2
    assert data[-1:] == b";"
    with Image.open(file) as gif:
        assert (gif.size, gif.n_frames, gif.info["loop"], gif.info["duration"]) == ((53, 37), 2, 0, 70)


def test_frames_read_back_are_those_whose_checksums_are_kept(asymmetric_image):
    frames = [asymmetric_image, asymmetric_image[::-1].copy(), noise(1), noise(2), asymmetric_image]
    file, stream, _ = write(frames)
    pictures = shown(file)
    assert [zlib.crc32(picture.tobytes()) for picture in pictures] == stream.checksums
    for row in (0, 1, 4):
        assert np.array_equal(pictures[row], frames[row])  # few colours: exact


def test_equal_frames_all_stay_and_cost_next_to_nothing():
    file, stream, sizes = write([noise(1)] * 4)
    assert len(shown(file)) == len(stream.checksums) == 4
    assert len(set(stream.checksums)) == 1
    assert sizes[0] > 1500
    assert all(sizes[1:] < 850)  # 768 of them are the palette


def test_only_what_moved_is_drawn_again():
    still = noise(1)
    moved = still.copy()
    moved[20:24, 30:35] = (230, 159, 0)
    file, _, sizes = write([still, moved])
    before, after = shown(file)
    changed = (before != after).any(axis=-1)
    assert not changed[:20].any()
    assert not changed[24:].any()
    assert not changed[:, :30].any()
    assert not changed[:, 35:].any()
    assert (after[20:24, 30:35] == (230, 159, 0)).all()
    assert sizes[1] < 900


def test_frames_whose_channels_are_turned_round_are_taken(asymmetric_image):
    """OpenCV's pictures are BGR, and `picture[..., ::-1]` is no copy."""
    frames = [asymmetric_image[..., ::-1], asymmetric_image[::-1, :, ::-1]]
    file, _, _ = write(frames)
    assert all(np.array_equal(a, b) for a, b in zip(shown(file), frames, strict=True))


def test_slow_changes_are_not_lost():
    """Each step is too small to be drawn, but what is shown never lags behind by more than `HOLD`."""
    frames = [np.full((8, 9, 3), level, np.uint8) for level in range(100, 140)]
    file, _, _ = write(frames)
    lag = [
        int(frame[0, 0, 0]) - int(picture[0, 0, 0])
        for frame, picture in zip(frames, shown(file), strict=True)
    ]
    assert min(lag) == 0
    assert max(lag) == HOLD


def test_large_and_tiny_sizes():
    for height, width in ((1, 1), (1, 300), (301, 2)):
        frames = [np.full((height, width, 3), level, np.uint8) for level in (0, 200)]
        file, _, _ = write(frames)
        assert all(np.array_equal(a, b) for a, b in zip(shown(file), frames, strict=True))

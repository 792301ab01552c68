"""Pictures for the page: small, upright, few in memory, and a sentence where there is none."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tflhelpers.annotator import picture_feed
from tflhelpers.annotator.picture_feed import PictureFeed


def decoded(url):
    head, data = url.split(",")
    assert head == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


@pytest.mark.parametrize(
    ("size", "shown", "thumbnail"),
    [
        ((400, 300), (400, 300), (96, 72)),
        ((2562, 1281), (1280, 640), (96, 48)),
        ((30, 40), (30, 40), (30, 40)),
    ],
)
def test_sizes(tmp_path, size, shown, thumbnail):
    Image.new("RGB", size).save(tmp_path / "a.jpg")
    feed = PictureFeed([tmp_path / "a.jpg"])
    assert feed.size(0) is None
    picture = feed.open(0)
    assert (picture.size, picture.error, feed.size(0)) == ((size[1], size[0]), None, (size[1], size[0]))
    assert decoded(picture.url).shape == (shown[1], shown[0], 3)
    assert decoded(feed.thumbnail(0)).shape == (thumbnail[1], thumbnail[0], 3)


def test_a_turned_photo_is_sent_upright_with_its_upright_size(tmp_path):
    """A phone held upright: stored lying, its top at the right side of what is stored (orientation 6)."""
    stored = np.zeros((300, 400, 3), np.uint8)
    stored[:, :100] = (255, 0, 0)  # left as stored: the top once upright
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / "a.jpg", exif=exif, quality=95)
    picture = PictureFeed([tmp_path / "a.jpg"]).open(0)
    pixels = decoded(picture.url)
    assert picture.size == (400, 300)
    assert pixels.shape == (400, 300, 3)
    assert pixels[50, 150, 0] > 200
    assert pixels[150, 150, 0] < 50


def test_what_was_fetched_is_there_at_once_and_few_pictures_are_kept(photos, monkeypatch):
    read = []
    real = picture_feed.read_preview
    monkeypatch.setattr(
        picture_feed, "read_preview", lambda path, side: (read.append(path.name), real(path, side))[1]
    )
    feed = PictureFeed([*sorted(photos.iterdir()), photos / "duck1.jpg"])
    for index in (0, 1, 1, 2, 0):
        feed.open(index)
    assert read == ["duck1.jpg", "duck10.jpg", "duck2.jpg"]
    feed.open(3)
    feed.open(1)  # the one that was longest ago had to go
    assert read == ["duck1.jpg", "duck10.jpg", "duck2.jpg", "duck1.jpg", "duck10.jpg"]


def test_thumbnails_are_bounded_by_their_bytes(photos, monkeypatch):
    feed = PictureFeed(sorted(photos.iterdir()))
    one = len(feed.thumbnail(0))
    monkeypatch.setattr(picture_feed, "_KEPT_THUMBNAIL_BYTES", int(2.5 * one))
    for index in (1, 2, 1):
        feed.thumbnail(index)
    assert list(feed._thumbnails) == [2, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"a\.jpg: there is no such file in .*boxes on it stay in the file"),
        (b"", r"^a\.jpg: expected a picture, got an empty file"),
        (b"<html>", r"^a\.jpg: expected a picture, got a web page"),
        ("cut", r"^a\.jpg: expected a whole picture, but it is truncated"),
    ],
)
def test_broken_pictures_are_a_sentence(photos, tmp_path, content, words):
    path = tmp_path / "a.jpg"
    if content == "cut":
        content = (photos / "duck1.jpg").read_bytes()[:-200]
    if content is not None:
        path.write_bytes(content)
    feed = PictureFeed([path])
    picture = feed.open(0)
    assert picture.url is None
    assert re.search(words, picture.error)
    assert feed.thumbnail(0) is None
    path.write_bytes((photos / "duck1.jpg").read_bytes())
    assert feed.open(0).error is None, "mended pictures are read anew"
    assert feed.thumbnail(0)

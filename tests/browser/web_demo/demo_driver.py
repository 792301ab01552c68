"""What tests do on the demo page, and what they read from it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).resolve().parents[3] / "tflhelpers" / "data" / "samples" / "photos"
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path, handler=QuietHandler):
    """The address of a folder, without a slash at the end."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def write_film(path: Path, pictures, times: int = 1) -> Path:
    """An uncompressed film of 30 frames a second that Chromium shows as if a camera did, each picture so many times.

    Args:
        path: ending in .y4m.
        pictures: files of one size, both sides even.
    """
    with path.open("wb") as film:
        for number, picture in enumerate(pictures):
            image = Image.open(picture).convert("YCbCr")
            if number == 0:
                film.write(f"YUV4MPEG2 W{image.width} H{image.height} F30:1 Ip A1:1 C420\n".encode())
            half = (image.width // 2, image.height // 2)
            y, *colours = image.split()
            planes = [np.clip(np.asarray(y) * (219 / 255) + 16, 16, 235)]
            small = [np.asarray(colour.resize(half, Image.Resampling.BOX), float) for colour in colours]
            planes += [128 + (plane - 128) * (224 / 255) for plane in small]
            frame = b"FRAME\n" + b"".join(np.rint(plane).astype(np.uint8).tobytes() for plane in planes)
            film.write(frame * times)
    return path


def keep_at_home(page, address):
    """Stop what the page asks of other hosts, and note it."""
    page.asked_elsewhere = []

    def handle(route):
        if urlsplit(route.request.url).netloc == urlsplit(address).netloc:
            return route.fallback()
        page.asked_elsewhere.append(route.request.url)
        return route.abort()

    page.context.route("**/*", handle)


def add_files(page, files):
    """Choose files, wait until all are looked at, and return the cards."""
    page.check("input[name=tab][value=pictures]", force=True)
    page.set_input_files("#chooser", files)
    return looked_at(page)


def looked_at(page):
    """The cards, once none of them waits for the network."""
    page.wait_for_function("!document.querySelector('.card .buttons button:disabled')", timeout=30_000)
    return page.query_selector_all(".card")


def set_threshold(page, share):
    """Move the slider."""
    page.eval_on_selector(
        "#slider", "(s, v) => { s.value = v; s.dispatchEvent(new Event('input')); }", round(share * 100)
    )


def boxes_of(card):
    """(names, xyxy (n, 4), scores (n,)) as a card lists them."""
    rows = card.query_selector_all(".results li[data-xyxy]")
    xyxy = [[float(edge) for edge in row.get_attribute("data-xyxy").split()] for row in rows]
    names = [row.get_attribute("data-name") for row in rows]
    return (
        names,
        np.array(xyxy).reshape(-1, 4),
        np.array([float(row.get_attribute("data-score")) for row in rows]),
    )


def sentences(page):
    """What the page says, once it says something."""
    page.wait_for_selector(".message")
    return [message.inner_text() for message in page.query_selector_all(".message > span, p.message")]

"""The small server of the browser tests shows what it should, as browsers need it."""

import pytest


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/photos/pool.jpg", 200),
        ("/photos/none.jpg", 404),
        ("/setup.py", 404),
        ("/photos/../photos.json", 404),
    ],
)
def test_only_our_folders_are_shown(page, site, address, status):
    assert page.request.get(site + address).status == status


def test_a_picture_is_shown_in_its_own_size(page, site):
    page.goto(f"{site}/photos/pool.jpg")
    size = page.evaluate("() => { const i = document.images[0]; return [i.naturalWidth, i.naturalHeight]; }")
    assert size == [640, 480]

"""Names and ages of the addresses by which web tools name pictures."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, unquote, urlsplit

_MILLISECONDS = 1e11  # seconds of the year 5138: larger numbers count milliseconds


def is_url(text: str) -> bool:
    """Tell whether a picture is named by an address in the web or in a cloud store."""
    return text.partition("://")[0].lower() in ("http", "https", "gs", "s3")


def file_name_of(url: str) -> str:
    """Return the name of the file that an address leads to, "" if it names none.

    >>> file_name_of("https://a.com/b/two%20cars.jpg?Expires=1&Signature=x")
    'two cars.jpg'
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path).replace("\\", "/").rsplit("/", 1)[-1]


def without_signature(url: str) -> str:
    """Return an address without what was signed or asked behind the question mark: safe to show."""
    return url.partition("?")[0]


def expires_at(url: str) -> float:
    """Return when a signed address stops to lead anywhere, in seconds since 1970; infinity if it does not tell.

    >>> expires_at("https://a.com/b?Expires=1630706709794&Signature=x")
    1630706709.794
    """
    try:
        asked = {key.lower(): values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        if "expires" in asked:
            number = float(asked["expires"])
            return number / 1000 if number > _MILLISECONDS else number
        for cloud in ("x-amz", "x-goog"):
            if f"{cloud}-date" in asked and f"{cloud}-expires" in asked:
                signed = datetime.strptime(asked[f"{cloud}-date"], "%Y%m%dT%H%M%SZ")
                until = signed + timedelta(seconds=float(asked[f"{cloud}-expires"]))
                return until.replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        pass
    return math.inf

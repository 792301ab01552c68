"""Tells what lies under a file's name instead of the file: a pointer of Git LFS, a web page, a server's refusal."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path

from tflhelpers.files.text import decode_text

_HEAD_BYTES = 16384
_LFS = "a Git LFS pointer, not the file: run git lfs pull, or download it from the page"
_ANNEX = "a git-annex pointer, not the file: run git annex get"
_PAGE = "a web page, not the file: download the file itself, not the page that shows it"
_ANSWER = "a server's error message, not the file: {}. Download it again"
_STATUS = re.compile(r"(?P<code>[45]\d\d)(?P<colon>:?) (?P<said>[A-Z][^\n]{0,60})\s*\Z")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_ERROR_KEYS = {"error", "errors", "message", "detail", "error_message", "error_description"}
_MOST_KEYS = 6


def stand_in(head: bytes) -> str | None:
    """Return what a file is that begins so, and what to do, if it only stands in for the file; else None.

    >>> stand_in(b"version https://git-lfs.github.com/spec/v1")
    'a Git LFS pointer, not the file: run git lfs pull, or download it from the page'
    """
    text = decode_text(head)[0].lstrip("\ufeff \t\r\n")
    start = text[:200].lower()
    if start.startswith(("version https://git-lfs", "version https://hawser")):
        return _LFS
    if start.startswith("/annex/objects/") or re.match(r"(\.\./)*\.git/annex/objects/", start):
        return _ANNEX
    if start.startswith(("<!doctype html", "<html", "<head>", "<body")):
        return _PAGE
    said = _error_in(text)
    return _ANSWER.format(" ".join(said.split())[:80]) if said else None


def stand_in_at(path: Path) -> str | None:
    """Return the same of a file; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return stand_in(file.read(_HEAD_BYTES))
    except OSError:
        return None


def refuse_stand_in(path: Path, expected: str, error: type[Exception] = ValueError) -> None:
    """Raise `error` where a file only stands in for `expected`, in the words of `stand_in`."""
    if found := stand_in_at(path):
        raise error(f"{path}: expected {expected}, got {found}.")


def _error_in(text: str) -> str | None:
    if text.startswith("{"):
        return _error_in_json(text)
    if text.startswith(("<Error>", "<?xml")) and (code := re.search(r"<Error>\s*<Code>([^<]*)<", text)):
        return code[1]  # Amazon's and Google's stores
    return text if _is_status(text) else None


def _is_status(text: str) -> bool:
    """Whether it is a server's "404: Not Found", and no list of one class that is called "500 Euro"."""
    found = _STATUS.match(text)
    if not found:
        return False
    phrase = _PHRASES.get(int(found["code"]))
    return bool(found["colon"]) or bool(phrase and found["said"].startswith(phrase))


def _error_in_json(text: str) -> str | None:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    named = [key for key in answer if key.lower() in _ERROR_KEYS]
    has_lists = any(isinstance(value, list) for key, value in answer.items() if key not in named)
    is_answer = named and len(answer) <= _MOST_KEYS and not has_lists  # lists are of pictures, boxes or names
    return str(answer[named[0]]) or "error" if is_answer else None

"""Serves a folder to this machine, so that fetching pictures can be practised where there is no network."""

from __future__ import annotations

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_HOST = "127.0.0.1"
_running: dict[Path, str] = {}  # folder -> address


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: this is no server's console."""


def serve(folder: Path, port: int = 0) -> str:
    """Serve the files of a folder for as long as this process lives, to this machine alone.

    Args:
        folder: The folder.
        port: The number wanted; another is taken where it is not free, and where it is 0.

    Returns:
        The address, such as `http://127.0.0.1:40123`. Asked again, the same.

    Raises:
        OSError: If this machine lets no program serve anything.
    """
    if folder in _running:
        return _running[folder]
    handler = partial(_Silent, directory=str(folder))
    try:
        server = ThreadingHTTPServer((_HOST, port), handler)
    except OSError:
        server = ThreadingHTTPServer((_HOST, 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _running[folder] = f"http://{_HOST}:{server.server_port}"
    return _running[folder]


def served_before(urls_csv: Path) -> int:
    """Return the port in a list of such addresses, 0 where there is none.

    Addresses that stay the same need not be fetched again.
    """
    text = urls_csv.read_text("utf-8", errors="replace") if urls_csv.exists() else ""
    found = re.search(rf"http://{re.escape(_HOST)}:(\d{{1,5}})/", text)
    return int(found[1]) if found and int(found[1]) < 2**16 else 0

"""Under a guard, TLS is as strict as elsewhere: the name is checked, though the connection goes to a number."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import urllib.error
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from tflhelpers.files import http_client
from tflhelpers.files.http_client import AddressGuard, length_of, open_url, whole_number

OPEN = AddressGuard(allow_private=True)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.headers["Host"].encode()
        self.send_response(200 if self.path == "/host" else 302)
        self.send_header("Location", "/host")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.mark.parametrize(
    ("written", "length"),
    [(None, None), ("0", 0), ("1200", 1200), ("-1", None), ("²", None), ("5, 5", None), ("9" * 5000, None)],
)
def test_a_length_that_is_no_number_is_none(written, length):
    headers = Message()
    if written is not None:
        headers["Content-Length"] = written
    assert length_of(SimpleNamespace(headers=headers)) == length


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost, its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", file, "-out", f"{file}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + file.with_name(f"{file.name}.crt").read_bytes())
    return file


@pytest.fixture(scope="module")
def port(certificate):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["host", "moved"])
def test_a_known_certificate(certificate, port, path, monkeypatch):
    monkeypatch.setattr(http_client, "_tls", lambda: ssl.create_default_context(cafile=certificate))
    with open_url(f"https://localhost:{port}/{path}", timeout_s=5, guard=OPEN) as response:
        assert response.read() == f"localhost:{port}".encode()


@pytest.mark.parametrize(
    ("host", "known", "reason"),
    [("localhost", False, "self-signed|self signed"), ("127.0.0.1", True, "IP address mismatch")],
)
def test_a_certificate_that_is_not_right(certificate, port, host, known, reason, monkeypatch):
    if known:
        monkeypatch.setattr(http_client, "_tls", lambda: ssl.create_default_context(cafile=certificate))
    with pytest.raises(urllib.error.URLError, match=reason) as caught:
        open_url(f"https://{host}:{port}/host", timeout_s=5, guard=OPEN).__enter__()
    assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        (" 12 ", 12),
        ("0", 0),
        ("", None),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1_0", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 5000, None),
    ],
)
def test_numbers_in_headers(text, number):
    """Python takes more for digits than a header may hold, and no number of any length."""
    assert whole_number(text) == number

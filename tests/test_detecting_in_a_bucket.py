"""`detect_files` with a store that speaks S3: moto's server, which `.ci/run` installs in an environment of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.quick_detector import write_images
from tests.test_detecting_files import check_store
from tflhelpers.files.any_folder import file_system

pytestmark = pytest.mark.slow
MOTO = Path(os.environ.get("MOTO_SERVER", ".venv/moto/bin/moto_server"))


@pytest.fixture
def bucket(monkeypatch):
    pytest.importorskip("s3fs", reason="addresses of S3 need s3fs")
    if not MOTO.is_file():
        pytest.skip("needs moto's server: MOTO_SERVER names one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([MOTO, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    wait_for(f"http://127.0.0.1:{port}")
    system, _ = file_system("s3://")
    system.mkdir("tflhelpers-test")
    yield "s3://tflhelpers-test"
    server.terminate()
    server.wait()


def wait_for(address: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            urlopen(address, timeout=10).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def test_a_bucket(bucket, tmp_path):
    check_store(bucket, write_images(tmp_path / "images", 10))

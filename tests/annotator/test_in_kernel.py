"""The widget in a real kernel: messages go out also from its threads, and wait while the kernel is busy."""

from __future__ import annotations

import os
import queue
import sys
import time
from pathlib import Path

import pytest

from tflhelpers.data.annotations import Annotations

jupyter_client = pytest.importorskip(
    "jupyter_client", reason="needs a Jupyter kernel (the extra 'notebooks')"
)
pytest.importorskip("ipykernel", reason="needs a Jupyter kernel (the extra 'notebooks')")

ROOT = Path(__file__).resolve().parents[2]
MAKE = """
import tflhelpers as tfl
class Finder:
    class_names = ("duck",)
    def detect(self, image, *, threshold):
        return tfl.Boxes([[1, 2, 30, 40]], [0], [0.875])
annotator = tfl.Annotator({folder!r}, ["duck"], {folder!r} + "/annotations.json", suggest=Finder())
annotator
"""


class Kernel:
    """A kernel and its messages; `comm` is the widget's."""

    def __init__(self, client):
        self.client = client
        self.comm = None

    def run(self, code):
        self.client.execute(code)

    def send(self, **content):
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": self.comm, "data": data})
        self.client.shell_channel.send(message)

    def hear(self, wanted, seconds=30):
        """The first message that `wanted` is true of."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            if message["msg_type"] == "comm_open" and "_esm" in message["content"]["data"].get("state", {}):
                self.comm = message["content"]["comm_id"]
            if wanted(message):
                return message["content"]
        raise AssertionError("expected an answer of the kernel, got none")

    def answer(self, ticket):
        def wanted(message):
            return self._custom(message).get("ticket") == ticket

        return self.hear(wanted)["data"]["content"]

    @staticmethod
    def _custom(message):
        data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
        return data.get("content", {}) if data.get("method") == "custom" else {}


@pytest.fixture
def kernel(photos):
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable  # not whatever Python the machine's kernelspec names
    manager.start_kernel(env={**os.environ, "PYTHONPATH": str(ROOT)})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_conversation(kernel, photos):
    kernel.run(MAKE.format(folder=str(photos)))
    view = "application/vnd.jupyter.widget-view+json"
    shown = kernel.hear(lambda message: view in message["content"].get("data", {}))
    assert shown["data"][view]["model_id"] == kernel.comm
    assert "Annotator(0 of 3 pictures done" in shown["data"]["text/plain"]
    kernel.send(kind="hello", ticket="a")
    assert kernel.answer("a")["set"]["states"] == "ttt"
    kernel.send(kind="thumbnail", index=0, ticket="b")
    assert kernel.answer("b")["url"].startswith("data:image/jpeg;base64,")
    kernel.send(kind="propose", index=1, ticket="c")
    assert kernel.answer("c")["boxes"][0]["class"] == "duck"
    kernel.run("import time; time.sleep(0.5)")
    box = {"xyxy": [10, 20, 110, 220], "class": "duck", "crowd": False}
    content = {"boxes": [box], "nothing_here": False}
    kernel.send(kind="change", name="duck1.jpg", content=content, bases=[], ticket="d")
    assert kernel.answer("d")["kind"] == "saved"
    assert Annotations.load(photos / "annotations.json")[0][1].xyxy.tolist() == [[10, 20, 110, 220]]

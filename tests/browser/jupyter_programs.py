"""The programs in which people open notebooks: started as servers, and driven through their pages.

Each has the same five verbs. Cells are run and kernels restarted by the program's own commands; what a test does to
the annotator itself it does with the mouse and the keys.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Program:
    """One program: how it is started, and its commands as JavaScript.

    Attributes:
        name: As people know it.
        module: What ``python -m`` starts.
        arguments: More words for the command line.
        address: Where a notebook is shown, below the server's address.
        ready: Whether the notebook is shown and its kernel is idle.
        run_all: Runs all cells.
        run_last: Runs the last cell.
        restart: Restarts the kernel, and keeps what the page shows.
        seconds_to_settle: How long it goes on starting without a sign when `ready` holds. Notebook 6 asks the
            kernel for widgets first, and loses those that are made meanwhile.
        one_shell: Whether widgets and cells wait for each other, as everywhere but in the newest JupyterLab: that
            one talks to widgets beside the running cell, where the kernel can.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    address: str
    ready: str
    run_all: str
    run_last: str
    restart: str
    seconds_to_settle: float = 0.0
    one_shell: bool = False


_PANEL = "jupyterapp.shell.currentWidget"
_LAB_COMMANDS = {
    "ready": f"window.jupyterapp && {_PANEL}?.sessionContext?.session?.kernel?.status === 'idle'"
    f" && {_PANEL}.content.widgets.length > 0",
    "run_all": "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }",
    "run_last": f"""() => {{
        {_PANEL}.content.activeCellIndex = {_PANEL}.content.widgets.length - 1;
        jupyterapp.commands.execute('notebook:run-cell');
    }}""",
    "restart": f"() => {_PANEL}.sessionContext.session.kernel.restart()",
}
LAB = Program(
    "JupyterLab", "jupyterlab", ("--expose-app-in-browser",), "lab/tree/{notebook}", **_LAB_COMMANDS
)
LAB_WITH_ONE_SHELL = replace(LAB, one_shell=True)
NOTEBOOK_7 = Program(
    "Notebook 7",
    "notebook",
    ("--expose-app-in-browser",),
    "notebooks/{notebook}",
    one_shell=True,
    **_LAB_COMMANDS,
)
NOTEBOOK_6 = Program(
    "Notebook 6",
    "notebook",
    (),
    "notebooks/{notebook}",
    ready="window.Jupyter?.notebook?.kernel?.widget_manager && Jupyter.notebook.kernel.is_connected()"
    " && Jupyter.notebook.get_cells().length > 0 && !Jupyter.notebook.kernel_busy",
    run_all="() => { Jupyter.notebook.execute_all_cells(); }",
    run_last="() => { Jupyter.notebook.execute_cells([Jupyter.notebook.get_cells().length - 1]); }",
    restart="() => new Promise((done) => Jupyter.notebook.kernel.restart(done))",
    seconds_to_settle=4.0,
    one_shell=True,
)


@contextlib.contextmanager
def served(program: Program, python: str, folder: Path, home: Path) -> Iterator[str]:
    """Start a program on the notebooks of a folder; yields the address of a page, with ``{notebook}`` in it.

    Args:
        program: Which.
        python: The Python that has it.
        folder: The folder with the notebooks.
        home: An empty folder for its settings, so that a person's own are neither read nor changed.
    """
    port, token = _free_port(), secrets.token_hex(16)
    command = [python, "-m", program.module, "--no-browser", "--allow-root", *program.arguments]
    command += [f"--ServerApp.token={token}", f"--NotebookApp.token={token}", f"--port={port}"]
    command += ["--ip=127.0.0.1", "--ServerApp.port_retries=0"]
    log_path = home / "server.log"
    _write_settings(program, home)
    with open(log_path, "wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=_environment(home), stdout=log, stderr=log)
        try:
            _wait_for(server, f"http://127.0.0.1:{port}/api/status?token={token}", log_path)
            yield f"http://127.0.0.1:{port}/{program.address}?token={token}"
        finally:
            _stop(server)


def _write_settings(program: Program, home: Path) -> None:
    """Answer JupyterLab's question about news beforehand, whose window covers a corner of the page; and shells."""
    folder = home / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"notification": {"fetchNews": "false", "checkForUpdates": False}}
    if program.one_shell:
        settings["kernels-settings"] = {"commsOverSubshells": "disabled"}
    for name, content in settings.items():
        (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(content))


def _stop(server: subprocess.Popen) -> None:
    """End the server; its kernels end when they see that it is gone."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)


def _environment(home: Path) -> dict[str, str]:
    ours = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "PYTHONPATH": ROOT,
        "TF_CPP_MIN_LOG_LEVEL": 3,
        "PYDEVD_DISABLE_FILE_VALIDATION": 1,
    }
    return {**os.environ, **{name: str(value) for name, value in ours.items()}}


def _wait_for(server: subprocess.Popen, address: str, log_path: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(
        f"the server did not start; it said:\n{log_path.read_text('utf-8', 'replace')[-4000:]}"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

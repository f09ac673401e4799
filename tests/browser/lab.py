"""A real JupyterLab and a page of it in a real Chromium, as a person uses them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import nbformat
import psutil
from playwright.sync_api import Page

DEADLINE: Final = 60.0  # seconds; only a hang reaches it
POLL: Final = 0.05  # seconds
_OWN_FOLDERS: Final = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)
_OPTIONS: Final = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--IdentityProvider.token=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.extension_manager=readonly",
)
_QUIET: Final = {"fetchNews": "false", "checkForUpdates": False}
_OPEN: Final = """async path => {
    const widget = await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await widget.context.ready;
    await widget.sessionContext.ready;
}"""
_OPEN_ALONE: Final = """async path => {
    const widget = await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook', kernelPreference: {shouldStart: false, autoStartDefault: false, canStart: false}});
    await widget.context.ready;
}"""
_OPEN_BUSY: Final = """async path => {
    const widget = await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await widget.context.ready;
}"""
_RUN_ALL: Final = """() => {
    window.durnbRuns = (window.durnbRuns || 0) + 1;
    const ended = () => { window.durnbRuns -= 1; };
    jupyterapp.commands.execute('notebook:run-all-cells').then(ended, ended);
}"""
_RUN_CELL: Final = """index => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    jupyterapp.commands.execute('notebook:run-cell');
}"""
_START: Final = """code => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code, store_history: false}); }"""
_ASK: Final = """async code => {
    const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code, store_history: false});
    let printed = '';
    future.onIOPub = message => { if (message.header.msg_type === 'stream') printed += message.content.text; };
    const reply = await future.done;
    if (reply.content.status !== 'ok') throw new Error(JSON.stringify(reply.content));
    return printed;
}"""
_INSERT: Final = """async source => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = 0;
    await jupyterapp.commands.execute('notebook:insert-cell-above');
    notebook.activeCell.model.sharedModel.setSource(source);
    await jupyterapp.commands.execute('notebook:run-cell');
}"""
_STATE: Final = """() => {
    const widget = jupyterapp.shell.currentWidget;
    const kernel = widget.sessionContext.session?.kernel;
    return {
        running: window.durnbRuns || 0,
        kernel: kernel ? `${kernel.connectionStatus} ${kernel.status}` : 'none',
        id: kernel ? kernel.id : null,
        dialogs: [...document.querySelectorAll('.jp-Dialog')].map(dialog => dialog.innerText),
        cells: widget.content.widgets.map(cell => ({
            source: cell.model.sharedModel.getSource(),
            count: cell.model.executionCount ?? null,
            outputs: cell.model.outputs ? cell.model.outputs.toJSON() : [],
            shown: cell.node.innerText,
        })),
    };
}"""


class Hang(AssertionError):
    """A deadline has passed; the message says what was waited for, and what was there."""


@dataclass(slots=True)
class Lab:
    """One JupyterLab on 127.0.0.1, whose settings and files are all below `home`."""

    home: Path
    url: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """The folder that it serves."""
        return self.home / "root"

    @property
    def log(self) -> str:
        return (self.home / "lab.log").read_text(errors="replace")

    def start(self) -> None:
        """Returns when the server answers."""
        self.root.mkdir(parents=True)
        own = {name: self.home / name.lower() for name in _OWN_FOLDERS}
        settings = own["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(_QUIET))
        own_path = secrets.token_hex(8)  # so that no other Lab answers for this one
        own_address = (f"--ServerApp.port={_free_port()}", f"--ServerApp.base_url=/{own_path}/")
        command = [sys.executable, "-m", "jupyterlab", *_OPTIONS, *own_address, f"--ServerApp.root_dir={self.root}"]
        with (self.home / "lab.log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **{name: str(folder) for name, folder in own.items()}},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        runtime = own["JUPYTER_RUNTIME_DIR"] / f"jpserver-{self.process.pid}.json"
        wait(lambda: self._answers(runtime), "JupyterLab answers", lambda: self.log)

    def _answers(self, runtime: Path) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise Hang(f"JupyterLab ended:\n{self.log}")
        try:
            self.url = str(json.loads(runtime.read_text())["url"])
            self.api("status")
        except (OSError, ValueError):
            return False
        return True

    def api(self, path: str, method: str = "GET") -> Any:
        """The answer of the server's REST interface."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}api/{path}", method=method), timeout=DEADLINE) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def kernel(self, kernel_id: str) -> psutil.Process | None:
        """The live process of a kernel: the newest, where one is just being replaced."""
        assert self.process is not None
        found = [child for child in psutil.Process(self.process.pid).children() if _runs(child, kernel_id)]
        return max(found, key=lambda child: child.create_time(), default=None)

    def end_sessions(self) -> None:
        """Shuts every kernel down."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", method="DELETE")

    def stop(self) -> None:
        """Ends the server and every process that it started."""
        if self.process is None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        try:
            self.process.wait(DEADLINE / 4)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for child in psutil.wait_procs(family, timeout=2)[1]:
            child.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _runs(process: psutil.Process, kernel_id: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any(kernel_id in part for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the page has it: the model's outputs (nbformat), and the text that a person sees."""

    source: str
    count: int | None
    outputs: list[dict[str, Any]]
    shown: str

    @property
    def kinds(self) -> set[str]:
        """MIME types of its outputs, with ``stream`` and ``error`` for those."""
        return {kind for output in self.outputs for kind in output.get("data", {output["output_type"]: None})}

    @property
    def text(self) -> str:
        """All its outputs that are text, HTML source included."""
        parts: list[str] = []
        for output in self.outputs:
            data = {key: value for key, value in output.get("data", {}).items() if key.startswith("text/")}
            for value in (output.get("text", ""), output.get("evalue", ""), *data.values()):
                parts.append(value if isinstance(value, str) else "".join(value))
        return "\n".join(parts)


@dataclass(slots=True)
class OpenNotebook:
    """A notebook that is open in a page of JupyterLab."""

    lab: Lab
    page: Page
    path: Path
    artifacts: Path
    errors: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, lab: Lab, page: Page, path: Path, artifacts: Path) -> OpenNotebook:
        """Opens `path`, which is below the lab's root; returns when its kernel is ready."""
        notebook = cls(lab, page, path, artifacts)
        page.on("pageerror", lambda error: notebook.errors.append(str(error)))
        page.goto(f"{lab.url}lab/workspaces/{path.stem}?reset")
        page.wait_for_function("() => window.jupyterapp && jupyterapp.commands.hasCommand('docmanager:open')", timeout=DEADLINE * 1000)
        page.evaluate("() => jupyterapp.restored")
        page.evaluate(_OPEN, path.relative_to(lab.root).as_posix())
        notebook.wait_for_idle_kernel()
        return notebook

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(_STATE)
        return found

    @property
    def cells(self) -> list[Cell]:
        return [Cell(**cell) for cell in self.state()["cells"]]

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for `condition`, letting the page work meanwhile; `what` completes "waited in vain until …"."""
        wait(condition, what, lambda: self._evidence(what), self.page)

    def _evidence(self, what: str) -> str:
        self.screenshot(f"hang-{self.path.stem}")
        return json.dumps({"page": self.state(), "errors": self.errors}, indent=1)[-6000:] + self.lab.log[-2000:]

    def wait_for_idle_kernel(self) -> None:
        self.wait_for(lambda: self.state()["kernel"] == "connected idle", "the kernel is idle")

    def start_run_all(self) -> None:
        """Begins Run All Cells, and does not wait for its end."""
        self.page.evaluate(_RUN_ALL)

    def run_all(self) -> None:
        """Run All Cells, to its end."""
        self.start_run_all()
        self.wait_for(lambda: self.state()["running"] == 0, "Run All has ended")
        self.wait_for_idle_kernel()

    def start_cell(self, index: int) -> None:
        """Begins to run one cell, and does not wait for its end."""
        self.page.evaluate(_RUN_CELL, index)

    def start(self, source: str) -> None:
        """Runs code in the notebook's kernel, in no cell, and does not wait for its end; `ask` comes after it."""
        self.page.evaluate(_START, source)

    def ask(self, source: str) -> str:
        """What code prints that runs in the notebook's kernel, in no cell."""
        printed: str = self.page.evaluate(_ASK, source)
        return printed

    def insert(self, source: str) -> None:
        """A new first cell, which is run to its end."""
        self.page.evaluate(_INSERT, source)
        self.wait_for_idle_kernel()

    def kernel_pid(self) -> int | None:
        kernel = self.lab.kernel(self.state()["id"])
        return kernel.pid if kernel else None

    def kill_kernel(self) -> int:
        """SIGKILL; returns the pid of the dead."""
        pid = self.kernel_pid()
        assert pid is not None, "no kernel to kill"
        os.kill(pid, signal.SIGKILL)
        return pid

    def dismiss_dialog(self, containing: str) -> None:
        """Waits for the dialog with this text, and presses Enter in it."""
        self.wait_for(lambda: any(containing in text for text in self.state()["dialogs"]), f"a dialog says {containing!r}")
        self.page.locator(".jp-Dialog").press("Enter")
        self.wait_for(lambda: not self.state()["dialogs"], "the dialog is gone")

    def wait_for_new_kernel(self, dead: int) -> None:
        """Waits until another process than `dead` serves the notebook and is idle."""
        self.wait_for(lambda: self.kernel_pid() not in (None, dead), "a new kernel is there")
        self.wait_for_idle_kernel()

    def reload(self, *, kernel: bool = True, busy: bool = False) -> None:
        """Loads the page anew and opens the notebook, with its kernel or with none; a `busy` one is not waited for."""
        self.page.goto(f"{self.lab.url}lab/workspaces/{self.path.stem}?reset")
        self.page.wait_for_function("() => window.jupyterapp && jupyterapp.commands.hasCommand('docmanager:open')", timeout=DEADLINE * 1000)
        self.page.evaluate("() => jupyterapp.restored")
        path = self.path.relative_to(self.lab.root).as_posix()
        if busy:
            self.page.evaluate(_OPEN_BUSY, path)
        elif kernel:
            self.page.evaluate(_OPEN, path)
            self.wait_for_idle_kernel()
        else:
            self.page.evaluate(_OPEN_ALONE, path)

    def save(self) -> None:
        self.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    def show(self, cell: int) -> None:
        """Scrolls to a cell."""
        self.page.evaluate("i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", cell)

    def screenshot(self, name: str) -> Path:
        """A picture among the artifacts of the run."""
        self.artifacts.mkdir(parents=True, exist_ok=True)
        picture = self.artifacts / f"{name}.png"
        self.page.screenshot(path=picture)
        return picture


def wait(
    condition: Callable[[], bool], what: str, evidence: Callable[[], str], page: Page | None = None, deadline: float = DEADLINE
) -> None:
    """Polls `condition` until it holds; Hang with the evidence at the deadline."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise Hang(f"waited {deadline:g} s in vain until {what}\n{evidence()}")
        if page is None:
            time.sleep(POLL)
        else:
            page.wait_for_timeout(POLL * 1000)


def write_notebook(folder: Path, name: str, cells: list[str]) -> Path:
    """A new notebook of code cells for the plain Python kernel, in a folder of its own."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path

"""A real ipykernel and a small client for it, in the manner of a notebook front end.

`Place` is a notebook's folder with directories of its own for Jupyter and IPython. `KernelDriver` owns one kernel after another in a place:
started as a process of its own, or forked from a `Nursery` that has the imports done (see nursery_server.py).
"""

from __future__ import annotations

import ast
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

import nbformat
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

DEADLINE = 60.0  # seconds; only a hang reaches it
SERVER = Path(__file__).with_name("nursery_server.py")
INLINE = "module://matplotlib_inline.backend_inline"
DURNB = (
    *("duckdb", "dill", "blake3", "tenacity", "durnb.journal", "durnb.engine.session", "durnb.engine.operations"),
    *("durnb.snapshot", "durnb.fingerprint", "durnb_kernel_ext.magic", "durnb_kernel_ext.attachment"),
    *("durnb_kernel_ext.commands.steps", "durnb_kernel_ext.commands.runs", "durnb_kernel_ext.commands.storage", "durnb_widgets.tables"),
    *("durnb_kernel_ext.unmarked", "durnb_kernel_ext.commands.switch", "durnb_kernel_ext.commands.advice"),
)  # what a nursery imports for kernels that will load durnb
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
OUTPUTS = ("stream", "display_data", "execute_result", "error")


class KernelGone(Exception):
    """The kernel's process has ended."""


class Hang(Exception):
    """A deadline has passed; the message says what was waited for and what the kernel logged."""


@dataclass
class Place:
    """A folder with one notebook, and the environment of the kernels that run it."""

    folder: Path
    notebook: Path
    env: dict[str, str]
    spare: Path

    @classmethod
    def at(cls, folder: Path, name: str = "nb.ipynb", **env: str) -> Place:
        """A place in `folder` (made if need be). What kernels and Jupyter keep for themselves lies beside it."""
        work, spare = folder / "work", folder / "spare"
        for path in (work, spare):
            path.mkdir(parents=True, exist_ok=True)
        own = {
            "DURNB_NOTEBOOK": str(work / name),
            "DURNB_SECRET_FILE": str(spare / "secret"),
            "IPYTHONDIR": str(spare / "ipython"),
            "JUPYTER_CONFIG_DIR": str(spare / "config"),
            "JUPYTER_DATA_DIR": str(spare / "data"),
            "JUPYTER_RUNTIME_DIR": str(spare / "runtime"),
            "PYTHONHASHSEED": "random",
            "OPENBLAS_NUM_THREADS": "1",
            "MPLBACKEND": INLINE,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DURNB_", "JPY_", "COV_", "PYTEST_"))}
        return cls(work, work / name, kept | own | env, spare)

    def write(self, cells: Iterable[tuple[str, str]]) -> None:
        """Save the notebook file with code cells (id, source), as a front end does."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=name) for name, source in cells])
        self.notebook.write_text(nbformat.writes(book))


@dataclass
class Process:
    """A kernel's process, watched by a descriptor that becomes readable when it ends."""

    pid: int
    popen: subprocess.Popen[bytes] | None = None
    watch: int = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.watch = os.pidfd_open(self.pid)
        except ProcessLookupError:
            self.watch = os.open(os.devnull, os.O_RDONLY)  # readable, as an ended process is

    @property
    def alive(self) -> bool:
        return not select.select([self.watch], [], [], 0)[0]

    def send(self, number: int) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def join(self, seconds: float = DEADLINE) -> None:
        """Wait for the end; raises Hang after `seconds`."""
        if not select.select([self.watch], [], [], seconds)[0]:
            raise Hang(f"process {self.pid} did not end within {seconds} s")
        if self.popen:
            self.popen.wait()

    def close(self) -> None:
        self.send(signal.SIGKILL)
        self.join()
        os.close(self.watch)


class Nursery:
    """A fork server with a hash seed of its own, and `modules` (names, or paths of files) imported."""

    def __init__(self, *modules: str) -> None:
        ours, theirs = socket.socketpair()
        settings = {
            "OPENBLAS_NUM_THREADS": "1",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            "PYTHONHASHSEED": "random",
            "MPLBACKEND": INLINE,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DURNB_")}
        command = [sys.executable, str(SERVER), str(theirs.fileno()), *modules]
        self._server = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=kept | settings, stdin=subprocess.DEVNULL)
        theirs.close()
        self._channel = ours
        self._answers = ours.makefile("r")
        self._ready = False

    def fork(self, **request: Any) -> Process:
        if not self._ready:
            self._ready = self._answers.readline() == "ready\n"
        self._channel.sendall(json.dumps(request).encode() + b"\n")
        return Process(int(self._answers.readline()))

    def close(self) -> None:
        self._answers.close()
        self._channel.close()
        self._server.wait(DEADLINE)


@dataclass
class OutputArea:
    """The outputs of a cell as a front end shows them: streams joined, clear_output obeyed."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    _clear_next: bool = False

    def clear(self, wait: bool) -> None:
        self._clear_next = wait
        if not wait:
            self.shown.clear()

    def add(self, output: dict[str, Any]) -> None:
        if self._clear_next:
            self.clear(False)
        last = self.shown[-1] if self.shown else {}
        if output["output_type"] == "stream" == last.get("output_type") and last["name"] == output["name"]:
            last["text"] += output["text"]
        else:
            self.shown.append(output)


def is_badge(output: Mapping[str, Any]) -> bool:
    mark = output.get("metadata", {}).get("durnb")
    return bool(isinstance(mark, dict) and mark.get("badge"))


@dataclass
class CellResult:
    """What a front end knows of one executed cell. `status` is ok, error, aborted or died (the kernel went away)."""

    source: str
    area: OutputArea = field(default_factory=OutputArea)
    status: str = ""
    execution_count: int | None = None
    ename: str = ""
    evalue: str = ""
    traceback: list[str] = field(default_factory=list)
    payload: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    replied: bool = False
    idle: bool = False

    @property
    def all_outputs(self) -> list[dict[str, Any]]:
        """The outputs with their badges, as a saved notebook would hold them."""
        return self.area.shown

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The cell's own outputs: without durnb's badges."""
        return [output for output in self.area.shown if not is_badge(output)]

    @property
    def badges(self) -> list[dict[str, Any]]:
        return [output for output in self.area.shown if is_badge(output) and "announcement" not in output["metadata"]["durnb"]]

    @property
    def announcement(self) -> str:
        """The line that a kernel's first durable cell shows."""
        return "\n".join(plain(o) for o in self.area.shown if is_badge(o) and "announcement" in o["metadata"]["durnb"])

    @property
    def badge(self) -> str:
        """The plain text of all badges."""
        return "\n".join(plain(output) for output in self.badges)

    @property
    def text(self) -> str:
        """What the cell printed and displayed, as plain text: stdout, results and displays; neither stderr nor badges."""
        return "".join(plain(o) for o in self.outputs if o.get("name") != "stderr" and o["output_type"] != "error")

    @property
    def stderr(self) -> str:
        return "".join(plain(o) for o in self.outputs if o.get("name") == "stderr")

    @property
    def error(self) -> str:
        """The traceback without its colours."""
        return COLOURS.sub("", "\n".join(self.traceback))

    @property
    def replayed(self) -> bool:
        """Whether the badge says that the outputs come from a checkpoint."""
        return "checkpoint" in self.badge

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def __str__(self) -> str:
        error = f" {self.ename}: {self.evalue}" if self.ename else ""
        return f"[{self.status}{error}] {self.source!r}\n{self.badge}\n{self.text}{self.stderr}"


def plain(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return str(output["text"])
    return str(output.get("data", {}).get("text/plain", ""))


class KernelDriver:
    """One kernel at a time in a place; `start` after `kill` gives the next one, which knows nothing of the first."""

    def __init__(self, place: Place, nursery: Nursery | None = None, *, history: bool = False) -> None:
        self.place, self.nursery, self._history = place, nursery, history
        self.process: Process | None = None
        self.starts = 0
        self._context = zmq.Context.instance()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._session = Session()
        self._open: dict[str, CellResult] = {}
        self._replies: dict[str, dict[str, Any]] = {}
        self._displays: dict[str, list[dict[str, Any]]] = {}
        self._runtime = Path(tempfile.mkdtemp(prefix="dk", dir="/tmp"))  # ipc sockets need a short path

    def __enter__(self) -> KernelDriver:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- life ------------------------------------------------------------------------------------------------------------------

    def start(self, *extensions: str, install: Mapping[str, Mapping[str, Any]] | None = None, **env: str) -> KernelDriver:
        """Start a kernel with `extensions` loaded from its command line, and `env` added to the place's environment."""
        self._drop()
        self.starts += 1
        ip = str(self._runtime / f"k{self.starts}")
        self._session = Session(key=os.urandom(16).hex().encode())
        file, self.connection = write_connection_file(
            str(self._runtime / f"k{self.starts}.json"), transport="ipc", ip=ip, key=self._session.key
        )
        self.connection_file = Path(file)
        argv = ["-f", file, *(f"--ext={name}" for name in extensions)]
        argv += [] if self._history else ["--HistoryManager.hist_file=:memory:"]
        self.process = self._launch(argv, self.place.env | env, dict(install or {}))
        for name, kind in (("shell", zmq.DEALER), ("iopub", zmq.SUB), ("control", zmq.DEALER)):
            self._sockets[name] = self._connect(name, kind)
        self._wait_ready()
        return self

    def _launch(self, argv: list[str], env: dict[str, str], install: dict[str, Any]) -> Process:
        log = self.log
        if self.nursery:
            return self.nursery.fork(argv=argv, env=env, cwd=str(self.place.folder), log=str(log), install=install)
        with log.open("ab") as sink:
            command = [sys.executable, "-m", "ipykernel_launcher", *argv]
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": sink, "stderr": sink, "start_new_session": True}
            popen = subprocess.Popen(command, env=env, cwd=self.place.folder, **streams)
        return Process(popen.pid, popen)

    def _connect(self, channel: str, kind: int) -> zmq.Socket[bytes]:
        link = self._context.socket(kind)
        link.linger = 0
        link.reconnect_ivl = 5  # milliseconds: the kernel binds a moment after we connect
        if kind == zmq.SUB:
            link.subscribe(b"")
        else:
            link.identity = self._session.bsession  # shell and control are one client
        link.connect(f"ipc://{self.connection['ip']}-{self.connection[f'{channel}_port']}")
        return link

    def _wait_ready(self) -> None:
        """Until a request has been answered and its status was heard: from then on no output can be missed."""
        end = time.monotonic() + DEADLINE
        heard: set[str] = set()
        self._heard = heard
        while not {"shell", "iopub"} <= heard:
            self._session.send(self._sockets["shell"], "kernel_info_request", {})
            self._pump(lambda: {"shell", "iopub"} <= heard, 0.5 if "shell" not in heard else 0.05)
            if time.monotonic() > end:
                raise Hang(f"the kernel was not ready within {DEADLINE} s\n{self.logged()}")

    @property
    def log(self) -> Path:
        return self.place.spare / f"kernel{self.starts}.log"

    def logged(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.alive

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._drop()

    def shutdown(self) -> None:
        """Ask the kernel to end in good order, as a front end does, and wait for it."""
        assert self.process
        self._session.send(self._sockets["control"], "shutdown_request", {"restart": False})
        self.process.join()
        self._drop()

    def restart(self, *extensions: str, **env: str) -> KernelDriver:
        """Kill and start anew."""
        self.kill()
        return self.start(*extensions, **env)

    def interrupt(self) -> None:
        assert self.process
        self.process.send(signal.SIGINT)

    def _drop(self) -> None:
        for link in self._sockets.values():
            link.close()
        self._sockets.clear()
        for result in self._open.values():
            result.status = result.status or "died"
        self._open.clear()
        if self.process:
            self.process.close()
            self.process = None

    def close(self) -> None:
        self._drop()
        rmtree(self._runtime, ignore_errors=True)

    # -- cells -----------------------------------------------------------------------------------------------------------------

    def begin(self, code: str, cell_id: str | None = None, **content: Any) -> CellResult:
        """Send a cell and return at once; `finish` waits for it, `until` for what it shows."""
        request = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell_id, "deletedCells": [], "recordTiming": False} if cell_id else {}
        message = self._session.send(self._sockets["shell"], "execute_request", request | content, metadata=metadata)
        result = self._open[message["header"]["msg_id"]] = CellResult(code)
        return result

    def finish(self, result: CellResult, seconds: float = DEADLINE) -> CellResult:
        try:
            if not self._pump(lambda: result.replied and result.idle, seconds):
                raise Hang(f"not finished within {seconds} s: {result}\n{self.logged()}")
        except KernelGone:
            result.status = result.status or "died"
        return result

    def until(self, condition: Callable[[], bool], seconds: float = DEADLINE, what: str = "condition") -> None:
        """Take in messages until `condition` holds; raises Hang after `seconds`, KernelGone when the kernel ends."""
        if not self._pump(condition, seconds):
            raise Hang(f"{what} did not come true within {seconds} s\n{self.logged()}")

    def run(self, code: str, cell_id: str | None = None, seconds: float = DEADLINE) -> CellResult:
        """Run one cell to its end, or to the kernel's."""
        return self._alone(lambda: self.begin(code, cell_id), seconds)

    def _alone(self, begin: Callable[[], CellResult], seconds: float = DEADLINE) -> CellResult:
        """Run what `begin` sends, with nothing before it in the queue: what an earlier error still aborts is sent again."""
        end = time.monotonic() + seconds
        while True:
            result = self.finish(begin(), seconds)
            if result.status != "aborted" or time.monotonic() > end:
                return result

    def run_all(self, cells: Iterable[str | tuple[str, str]]) -> list[CellResult]:
        """Run cells (sources, or pairs of id and source) in order and stop after the first that is not ok, as Run All does."""
        results: list[CellResult] = []
        for cell in cells:
            name, source = (None, cell) if isinstance(cell, str) else cell
            results.append(self.run(source, name))
            if not results[-1].ok:
                break
        return results

    def ok(self, *cells: str) -> CellResult:
        """Run cells that must all succeed; the last one's result."""
        for cell in cells:
            result = self.run(cell)
            assert result.ok, f"{result}\n{chr(10).join(result.traceback)}\n{self.logged()}"
        return result

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the notebook's namespace, by JSON; it is no cell: neither history nor Out sees it."""
        shown = f"__import__('json').dumps({expression}, default=repr)"
        result = self._alone(lambda: self.begin("", silent=True, store_history=False, user_expressions={"value": shown}))
        if not result.replied:
            raise KernelGone(f"the kernel ended while {expression!r} was evaluated\n{self.logged()}")
        answer = result.values["value"]
        if answer["status"] != "ok":
            raise AssertionError(f"{expression}: {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def names(self, *names: str) -> dict[str, str]:
        """The reprs of those of `names` that are bound."""
        return self.evaluate(f"{{n: repr(get_ipython().user_ns[n]) for n in {list(names)!r} if n in get_ipython().user_ns}}")

    def control(self, kind: str, content: Mapping[str, Any], seconds: float = DEADLINE) -> dict[str, Any]:
        """Send a request on the control channel, which a busy kernel serves too; the reply's content."""
        message = self._session.send(self._sockets["control"], kind, dict(content))
        name = message["header"]["msg_id"]
        self.until(lambda: name in self._replies, seconds, f"a reply to {kind}")
        return self._replies.pop(name)

    # -- messages --------------------------------------------------------------------------------------------------------------

    def _pump(self, done: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        assert self.process
        poller = zmq.Poller()
        for link in self._sockets.values():
            poller.register(link, zmq.POLLIN)
        poller.register(self.process.watch, zmq.POLLIN)
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            ready = dict(poller.poll(left * 1000))
            taken = sum(self._take(name) for name, link in self._sockets.items() if link in ready)
            if not taken and self.process.watch in ready:
                raise KernelGone(f"process {self.pid} has ended\n{self.logged()}")
        return True

    def _take(self, channel: str) -> int:
        """Take in all waiting messages of a channel."""
        taken = 0
        while True:
            try:
                parts = self._sockets[channel].recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return taken
            taken += 1
            _, frames = self._session.feed_identities(parts)
            self._dispatch(channel, self._session.deserialize(frames))

    def _dispatch(self, channel: str, message: dict[str, Any]) -> None:
        if message["msg_type"] != "iopub_welcome":
            self._heard.add(channel)
        parent = (message.get("parent_header") or {}).get("msg_id", "")
        result = self._open.get(parent)
        if channel == "control":
            self._replies[parent] = message["content"]
        elif result is None:
            return
        elif channel == "shell":
            self._reply(result, message["content"])
        else:
            self._show(result, message)

    def _reply(self, result: CellResult, content: dict[str, Any]) -> None:
        result.replied = True
        result.status = content["status"]
        result.execution_count = content.get("execution_count")
        result.ename, result.evalue = content.get("ename", ""), content.get("evalue", "")
        result.traceback = content.get("traceback", [])
        if content["status"] == "aborted":
            result.idle = True
        result.payload = content.get("payload", [])
        result.values = content.get("user_expressions", {})

    def _show(self, result: CellResult, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        result.messages.append(message)
        if kind == "status":
            result.idle = result.idle or content["execution_state"] == "idle"
        elif kind == "clear_output":
            result.area.clear(content["wait"])
        elif kind == "update_display_data":
            for output in self._displays.get(content["transient"]["display_id"], []):
                output["data"], output["metadata"] = content["data"], content["metadata"]
        elif kind in OUTPUTS:
            output = dict(nbformat.v4.output_from_msg(message))
            result.area.add(output)
            name = content.get("transient", {}).get("display_id")
            if name:
                self._displays.setdefault(name, []).append(output)

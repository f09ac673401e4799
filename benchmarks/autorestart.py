"""What JupyterLab gives when a kernel dies: its server starts another, with nothing in it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.rows import Row

_TOKEN: Final = "benchmark"
_WHAT: Final = "R1 the same, Jupyter Server's autorestart (JupyterLab's): to an empty kernel"


def measure(folder: Path) -> Row:
    """A kernel is killed in its cell; the time until a new one executes something. Cells are to be run again by hand then, from the first."""
    if importlib.util.find_spec("jupyter_server") is None:
        return Row(key="R1s", what=_WHAT, value=float("nan"), unit="s", samples=1, note="not measured: there is no jupyter_server")
    folder.mkdir(parents=True)
    with _server(folder) as address:
        seconds = asyncio.run(_restarted(address))
    return Row(
        key="R1s",
        what=_WHAT,
        value=seconds,
        unit="s",
        samples=1,
        note="once; nothing is resumed: its cells are run by hand, from the first",
    )


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={_TOKEN}", f"--ServerApp.root_dir={folder}"]
    server = subprocess.Popen([sys.executable, "-m", "jupyter_server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"127.0.0.1:{port}"
        while not _is_up(address):
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def _is_up(address: str) -> bool:
    try:
        _ask(address, "api/status")
    except OSError:
        return False
    return True


def _ask(address: str, path: str, **facts: Any) -> Any:
    body = json.dumps(facts).encode() if facts else None
    request = urllib.request.Request(f"http://{address}/{path}", data=body, headers={"Authorization": f"token {_TOKEN}"})
    with urllib.request.urlopen(request) as reply:
        return json.loads(reply.read())


async def _restarted(address: str) -> float:
    kernel = _ask(address, "api/kernels", name="python3")["id"]
    channels = await websocket_connect(f"ws://{address}/api/kernels/{kernel}/channels?token={_TOKEN}")
    pid = int((await _executed(channels, "import os; print(os.getpid())")).strip())
    asked = _send(channels, "import time; time.sleep(1000)")
    await _published(channels, asked, "execute_input")
    died = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    while (await _message(channels))["content"].get("execution_state") != "restarting":
        pass
    await _executed(channels, "print(1)")
    seconds = time.perf_counter() - died
    channels.close()
    return seconds


async def _executed(channels: WebSocketClientConnection, code: str) -> str:
    """What the code prints; it is sent again while the kernel that is to execute it is not there yet."""
    while True:
        asked = _send(channels, code)
        try:
            message = await asyncio.wait_for(_published(channels, asked, "stream"), 1.0)
        except TimeoutError:
            continue
        return str(message["content"]["text"])


async def _published(channels: WebSocketClientConnection, asked: str, kind: str) -> dict[str, Any]:
    while True:
        message = await _message(channels)
        if message["msg_type"] == kind and message["parent_header"].get("msg_id") == asked:
            return message


async def _message(channels: WebSocketClientConnection) -> dict[str, Any]:
    text = await channels.read_message()
    assert text is not None, "the server closed the connection"
    found: dict[str, Any] = json.loads(text)
    return found


def _send(channels: WebSocketClientConnection, code: str) -> str:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "benchmark", "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    channels.write_message(
        json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []})
    )
    return str(header["msg_id"])

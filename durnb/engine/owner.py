"""Reaches the kernel that owns a run on its control channel, which is served while a cell runs."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from durnb.engine.messages import REQUEST
from durnb.journal import RunName, Store

_PATIENCE: Final = 5.0  # seconds for an answer; a control thread can stall while C code holds the GIL


def look_owner(store: Store, run: RunName, patience: float = _PATIENCE) -> dict[str, Any] | None:
    """Have the owner look into the run's inbox: what `Session.look` says, or None where it has no connection file or does not answer in time."""
    answer = _ask(store, run, REQUEST, {"op": "look"}, patience)
    result = (answer or {}).get("result")
    return result if isinstance(result, dict) else None


def interrupt_owner(store: Store, run: RunName) -> bool:
    """Raise KeyboardInterrupt in the owner's running cell; whether it answered."""
    return _ask(store, run, "interrupt_request", {}) is not None


def shut_owner_down(store: Store, run: RunName) -> bool:
    """Have the owner's kernel end in good order; whether it answered."""
    return _ask(store, run, "shutdown_request", {"restart": False}) is not None


def _ask(store: Store, run: RunName, kind: str, content: dict[str, Any], patience: float = _PATIENCE) -> dict[str, Any] | None:
    with _control(store, run) as client:
        if client is None:
            return None
        message = client.session.msg(kind, content)
        client.control_channel.send(message)
        try:
            while True:
                reply = client.get_control_msg(timeout=patience)
                if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    found: dict[str, Any] = reply["content"]
                    return found
        except queue.Empty:
            return None


@contextlib.contextmanager
def _control(store: Store, run: RunName) -> Iterator[Any]:
    from jupyter_client.blocking.client import BlockingKernelClient  # noqa: PLC0415  # 60 ms, and only needed here

    file = (store.status(run) or {}).get("connection_file")
    if not file or not Path(str(file)).exists():
        yield None
        return
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels(shell=False, iopub=False, stdin=False, hb=False, control=True)
    try:
        yield client
    finally:
        client.stop_channels()

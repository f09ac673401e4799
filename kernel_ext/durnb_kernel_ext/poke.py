"""Asks the kernel that owns a run to look into its inbox, on its control channel: served while a cell runs."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any, Final

from durnb.journal import RunName, Store
from durnb_kernel_ext.control import REQUEST

_PATIENCE: Final = 5.0  # seconds for an answer; a control thread can stall while C code holds the GIL


def poke_owner(store: Store, run: str) -> dict[str, Any] | None:
    """The owner's answer, or None where it has no connection file or does not answer."""
    from jupyter_client.blocking.client import BlockingKernelClient  # noqa: PLC0415  # 60 ms, and only needed here

    key, _, number = run.rpartition(".")
    status = store.status(RunName(key, int(number))) or {}
    file = status.get("connection_file")
    if not file or not Path(str(file)).exists():
        return None
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels(shell=False, iopub=False, stdin=False, hb=False, control=True)
    try:
        client.control_channel.send(client.session.msg(REQUEST, {"op": "look"}))
        answer: dict[str, Any] = client.get_control_msg(timeout=_PATIENCE)["content"]
        return answer
    except queue.Empty:
        return None
    finally:
        client.stop_channels()

"""Shows recorded outputs again."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

_WIDGET: Final = "application/vnd.jupyter.widget-view+json"


def replay(shell: Any, outputs: Sequence[Mapping[str, Any]], *, count: int | None) -> None:
    """Publishes nbformat `outputs` in the current cell, whose execution count is `count`; displays are marked ``{"durnb": {"replayed": true}}``.

    Views of widgets are left out: their model is gone with the kernel that made it.
    """
    kernel = getattr(shell, "kernel", None)
    for stream in (sys.stdout, sys.stderr) if outputs else ():
        stream.flush()
    for output in outputs:
        message = replay_message(output, count)
        if message is None:
            continue
        kind, content = message
        if kernel is None:
            _print(kind, content)
        else:
            kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"), ident=kernel._topic(kind))


def replay_message(output: Mapping[str, Any], count: int | None) -> tuple[str, dict[str, Any]] | None:
    """The message that shows `output` again: its type and content. None where nothing is left to show."""
    kind = str(output["output_type"])
    if kind not in ("display_data", "execute_result"):
        return kind, {key: value for key, value in output.items() if key not in ("output_type", "metadata")}
    data = {mime: value for mime, value in output["data"].items() if mime != _WIDGET}
    if not data or (len(data) < len(output["data"]) and set(data) == {"text/plain"}):
        return None
    metadata = dict(output.get("metadata") or {})
    mine = metadata.get("durnb") or {}
    display_id = mine.get("display_id")
    if mine.get("update"):
        return "update_display_data", {"data": data, "metadata": metadata, "transient": {"display_id": display_id}}
    content: dict[str, Any] = {"data": data, "metadata": metadata | {"durnb": {"replayed": True}}}
    content["transient"] = {"display_id": display_id} if display_id else {}
    if kind == "execute_result":
        content["execution_count"] = count
    return kind, content


def _print(kind: str, content: Mapping[str, Any]) -> None:
    if kind == "stream":
        print(content["text"], end="", file=sys.stderr if content["name"] == "stderr" else sys.stdout)
    elif kind == "error":
        print("\n".join(content["traceback"]), file=sys.stderr)
    else:
        print(content["data"].get("text/plain", ""))

"""A session without an engine, loaded into a kernel as an extension: runs each step once, keeps its outputs in memory, and reuses them.

So the stage can be tested in a real kernel by itself. The builtin `session` lets cells look at what was recorded.
"""

from __future__ import annotations

import asyncio
import builtins
from typing import Any

from durnb.engine.badge import Badge
from durnb.engine.request import CellRequest
from durnb.engine.stage import Stage
from durnb_kernel_ext.extension import Extension


class ScriptedSession:
    """Retries as the header says, without a delay; `failed` has the outputs and traceback of the last failed attempt."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[list[dict[str, Any]], bool, object]] = {}
        self.plain: list[tuple[str, str | None]] = []
        self.requests: dict[str, CellRequest] = {}
        self.failed: dict[str, tuple[list[dict[str, Any]], str]] = {}
        self.looks = 0
        self.broken: BaseException | None = None

    async def run_cell(self, request: CellRequest, stage: Stage) -> BaseException | None:
        self.requests[request.name] = request
        if self.broken is not None:
            raise self.broken
        if request.name in self.kept:
            outputs, has_value, value = self.kept[request.name]
            stage.badge(Badge(step=request.name, state="reused"))
            stage.replay(outputs, value, has_value)
            return None
        error: BaseException | None = None
        for attempt in range(1, request.header.retries + 2):
            stage.forget()
            stage.badge(Badge(step=request.name, state="running", attempt=attempt))
            error = await stage.run(request.header.timeout)
            if error is None:
                self.kept[request.name] = (stage.outputs(), *stage.value())
                stage.badge(Badge(step=request.name, state="succeeded", attempt=attempt, ran=0.4))
                return None
            self.failed[request.name] = stage.outputs(), stage.traceback_text(error)
            if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
                break
        stage.badge(Badge(step=request.name, state="failed", attempt=attempt))
        return error

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        self.plain.append((source, cell_id))

    def look(self) -> object:
        self.looks += 1
        return {"looks": self.looks}

    def close(self) -> None:
        self.kept.clear()


def load_ipython_extension(ipython: Any) -> None:
    session = ScriptedSession()
    extension = Extension(ipython, make_session=lambda _: session, born={})
    extension.load()
    ipython._durnb_extension = extension
    builtins.session = session  # type: ignore[attr-defined]  # cells look at it, and the namespace stays theirs


def unload_ipython_extension(ipython: Any) -> None:
    ipython._durnb_extension.unload()
    del ipython._durnb_extension

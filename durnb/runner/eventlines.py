"""What happens in a run as JSON lines, for programs that watch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from durnb.runner.places import CellPlace, Fate
from durnb.runner.request import Watcher


class EventLines:
    """A watcher that writes one JSON object for each thing that happens, with `event` and `at` (UTC), and flushes it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def kernel_starts(self, life: int) -> None:
        self._write("kernel_starts", life=life)

    def kernel_ready(self, pid: int | None) -> None:
        self._write("kernel_ready", pid=pid)

    def run_known(self, run: str, resumed: bool) -> None:
        self._write("run_known", run=run, resumed=resumed)

    def cell_starts(self, cell: CellPlace) -> None:
        self._write("cell_starts", **_facts(cell))

    def cell_says(self, text: str) -> None:
        self._write("cell_says", text=text)

    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None:
        self._write("cell_ended", **_facts(cell), fate=fate, seconds=round(seconds, 3))

    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None:
        self._write("kernel_died", **(_facts(cell) if cell else {}), deaths=deaths, max_restarts=max_restarts)

    def note(self, text: str) -> None:
        self._write("note", text=text)

    def ended(self, **facts: Any) -> None:
        """The last line: how the run ended."""
        self._write("ended", **facts)

    def _write(self, event: str, **facts: Any) -> None:
        self._file.write(json.dumps({"event": event, "at": datetime.now(UTC).isoformat(), **facts}, ensure_ascii=False) + "\n")
        self._file.flush()


def _facts(cell: CellPlace) -> dict[str, Any]:
    return {"cell": cell.number, "cells": cell.total, "step": cell.step, "title": cell.title}


class Watchers:
    """Several watchers as one."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def kernel_starts(self, life: int) -> None:
        for watcher in self._watchers:
            watcher.kernel_starts(life)

    def kernel_ready(self, pid: int | None) -> None:
        for watcher in self._watchers:
            watcher.kernel_ready(pid)

    def run_known(self, run: str, resumed: bool) -> None:
        for watcher in self._watchers:
            watcher.run_known(run, resumed)

    def cell_starts(self, cell: CellPlace) -> None:
        for watcher in self._watchers:
            watcher.cell_starts(cell)

    def cell_says(self, text: str) -> None:
        for watcher in self._watchers:
            watcher.cell_says(text)

    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None:
        for watcher in self._watchers:
            watcher.cell_ended(cell, fate, seconds)

    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None:
        for watcher in self._watchers:
            watcher.kernel_died(cell, deaths, max_restarts)

    def note(self, text: str) -> None:
        for watcher in self._watchers:
            watcher.note(text)

"""What the engine needs of a kernel: a place where a cell's body runs and its outputs are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from durnb.engine.badge import Badge


class Stage(Protocol):
    """The stage of one durable cell, from its header to its badge."""

    async def run(self, timeout: timedelta | None) -> BaseException | None:
        """Runs the body once; None when it succeeded, else the exception, which is not shown.

        KeyboardInterrupt and CancelledError mean interrupted; StepTimedOut that `timeout` struck.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits, interruptibly, in cells with and without top-level await. Raises KeyboardInterrupt or CancelledError."""
        ...

    def outputs(self) -> list[dict[str, Any]]:
        """The nbformat outputs recorded since the last `forget`, after a drain; capped, with a note where something was left out."""
        ...

    def forget(self) -> None:
        """Drops the outputs of an attempt that will be retried, from the record and from the cell."""
        ...

    def replay(self, outputs: Sequence[Mapping[str, Any]], value: object | None, has_value: bool) -> None:
        """Shows recorded outputs again; sets ``Out`` and ``_`` to `value` where `has_value`."""
        ...

    def value(self) -> tuple[bool, object]:
        """Whether the body displayed a last value (``Out``), and which."""
        ...

    def badge(self, badge: Badge) -> None:
        """Shows the cell's badge, or changes the one that is there."""
        ...

    def show_error(self, error: BaseException) -> None:
        """Shows `error` as the cell's error: one line for durnb's own, a traceback for what the body raised."""
        ...

    def traceback_text(self, error: BaseException) -> str:
        """The traceback that a plain cell would show, without colours."""
        ...

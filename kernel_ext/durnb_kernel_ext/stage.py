"""The stage of one durable cell in IPython: runs its body, records and replays its outputs, shows its badge and its error."""

from __future__ import annotations

import asyncio
import re
import sys
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final

from durnb.clock import SLICE
from durnb.engine.badge import Badge
from durnb.errors import DurnbError, StepCommandFailed, StepTimedOut
from durnb.records import dataclass
from durnb_kernel_ext.interrupts import Interrupts, interrupted
from durnb_kernel_ext.oneline import one_line, show
from durnb_kernel_ext.recorder import Recorder
from durnb_kernel_ext.replay import replay
from durnb_kernel_ext.terminal import TerminalLine
from durnb_kernel_ext.ticker import Ticker
from durnb_kernel_ext.tracebacks import HeldTracebacks, users_part
from durnb_widgets.badge import badge_html, badge_text, lasts

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_MAX_TRACEBACK: Final = 100_000  # characters


@dataclass(slots=True, kw_only=True)
class Execution:
    """One call of ``shell.run_ast_nodes``: `body` runs it again from fresh nodes, `asynchronous` where an event loop drives it."""

    shell: Any
    result: Any
    body: Callable[[], Awaitable[Any]]
    asynchronous: bool = False


@dataclass(slots=True, kw_only=True)
class CellStage:
    """Implements `durnb.engine.stage.Stage`; a context manager, inside which outputs are recorded. Without a kernel there is no record."""

    execution: Execution
    step: str
    max_output: int = 10_000_000
    show_badge: bool = True
    ticker: Ticker | None = None
    shown: list[BaseException] = field(default_factory=list)
    _recorder: Recorder | None = None
    _ran: bool = False
    _badge: Badge | None = None
    _badge_id: str = field(default_factory=lambda: f"durnb-{uuid.uuid4().hex}")
    _tracebacks: HeldTracebacks = field(init=False)
    _line: TerminalLine = field(default_factory=TerminalLine)

    def __post_init__(self) -> None:
        self._tracebacks = HeldTracebacks(self._shell, self.execution.result)

    def __enter__(self) -> CellStage:
        kernel = getattr(self._shell, "kernel", None)
        if kernel is not None and hasattr(kernel, "iopub_thread"):
            self._recorder = Recorder(kernel, self.max_output).__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.ticker is not None:
            self.ticker.drop()
        if self._recorder:
            self._recorder.__exit__(kind, error, trace)

    @property
    def _shell(self) -> Any:
        return self.execution.shell

    @property
    def recorded(self) -> bool:
        """Whether outputs are recorded: only a kernel publishes any."""
        return self._recorder is not None

    async def run(self, timeout: timedelta | None) -> BaseException | None:
        """See `Stage.run`."""
        result, namespace = self.execution.result, self._shell.user_ns
        self._ran = True
        result.error_in_exec = result.error_before_exec = result.result = None
        self._shell.displayhook.exec_result = result
        exit_code = namespace.get("_exit_code")
        seconds = timeout.total_seconds() if timeout is not None else None
        with self._recorder.body() if self._recorder is not None else nullcontext():
            error = await (self._run_in_loop(seconds) if self.execution.asynchronous else self._run_straight(seconds))
        after = namespace.get("_exit_code")
        if error is None and after is not exit_code and isinstance(after, int) and after < 0:
            return StepCommandFailed(step=self.step, exit_code=after)
        return error

    async def _run_straight(self, seconds: float | None) -> BaseException | None:
        watch = Interrupts(timeout=seconds)
        stray: BaseException | None = None
        try:
            with watch:
                await self._body()
        except KeyboardInterrupt as interrupt:
            stray = interrupt  # it came between the body's end and ours
        ended = self._tracebacks.error or stray
        if watch.timed_out and (ended is None or isinstance(ended, KeyboardInterrupt)):
            return self._timed_out(ended, seconds or 0.0)
        if watch.hit_command and not isinstance(ended, KeyboardInterrupt) and (ended is None or interrupted(ended)):
            return KeyboardInterrupt("a shell command of the cell was interrupted")
        return ended

    async def _run_in_loop(self, seconds: float | None) -> BaseException | None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        struck: list[bool] = []

        def strike() -> None:
            struck.append(True)
            if task:
                task.cancel()

        timer = loop.call_later(seconds, strike) if seconds is not None else None
        try:
            with self._cancelling():
                await self._body()
        finally:
            if timer:
                timer.cancel()
        error = self._tracebacks.error
        if struck and isinstance(error, asyncio.CancelledError):
            if task and hasattr(task, "uncancel"):
                task.uncancel()
            return self._timed_out(error, seconds or 0.0)
        return error

    @staticmethod
    def _cancelling() -> Interrupts:
        """An interrupt cancels this task, at once: the kernel's own handler does not wake a loop that waits, and a terminal's ends the loop."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        return Interrupts(cancel=lambda: loop.call_soon_threadsafe(task.cancel) if task else None)

    async def _body(self) -> None:
        with self._tracebacks:
            await self.execution.body()
        inline = sys.modules.get("matplotlib_inline.backend_inline")
        if inline is not None:
            inline.flush_figures()  # IPython does so after the cell, which is after the commit

    def _timed_out(self, error: BaseException | None, seconds: float) -> StepTimedOut:
        timed_out = StepTimedOut(step=self.step, seconds=seconds)
        if error is not None:
            timed_out.with_traceback(error.__traceback__)  # where the body was
            self._tracebacks.held_for(error, timed_out)
        return timed_out

    async def sleep(self, seconds: float) -> None:
        """See `Stage.sleep`."""
        if self.execution.asynchronous:
            with self._cancelling():
                await asyncio.sleep(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))

    def outputs(self) -> list[dict[str, Any]]:
        """See `Stage.outputs`; empty without a kernel."""
        return self._recorder.outputs() if self._recorder else []

    def forget(self) -> None:
        """See `Stage.forget`; the badge stays."""
        if self._recorder is None or not self._ran:
            return
        self._recorder.forget()
        self._shell.display_pub.clear_output(wait=self._badge is not None)  # where the badge follows at once, nothing flickers
        if badge := self._badge:
            self._badge = None
            self.badge(badge)

    def replay(self, outputs: Sequence[Mapping[str, Any]], value: object | None, has_value: bool) -> None:
        """See `Stage.replay`."""
        replay(self._shell, outputs, count=self.execution.result.execution_count)
        load_backend = getattr(sys.modules.get("matplotlib.pyplot"), "_get_backend_mod", None)
        if load_backend is not None:
            load_backend()  # as the first figure of a kernel does: one that came from a checkpoint is shown as a picture too
        if has_value:
            self._shell.displayhook.update_user_ns(value)
            self.execution.result.result = value

    def value(self) -> tuple[bool, object]:
        """See `Stage.value`."""
        value = self.execution.result.result
        return value is not None, value

    def badge(self, badge: Badge) -> None:
        """See `Stage.badge`. A terminal shows the last one as text, and a line of how far the body is. What lasts is shown again as time goes on."""
        if not self.show_badge or (self._badge is not None and self._badge.state == "waiting" and lasts(badge)):
            return  # the kernel is about to be ended, and the step says that it waits until then
        if self._recorder is None:
            if badge.live:
                self._line.show(f"{badge.step} · {badge.reason}")
            else:
                self._line.end()
            if not lasts(badge):
                print(badge_text(badge, datetime.now().astimezone()))
            return
        if self.ticker is not None:
            self.ticker.drop()
        if badge.state != "saving" or self._badge is None:  # most saves are over before anybody could read it
            update = self._badge is not None and not self._recorder.take_cleared()
            if not update:
                self._flush()
            self._recorder.send("update_display_data" if update else "display_data", self._content(badge))
            if self._badge is None:
                self._recorder.take_cleared()
        self._badge = badge
        if self.ticker is not None and lasts(badge):
            self.ticker.watch(lambda: self._tick(badge))

    def _flush(self) -> None:
        """What the cell wrote so far stands above what comes now. Before its body there is nothing of the kind: the cells before it are flushed."""
        if self._ran:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()

    def _content(self, badge: Badge) -> dict[str, Any]:
        now = datetime.now().astimezone()
        return {
            "data": {"text/html": badge_html(badge, now), "text/plain": badge_text(badge, now)},
            "metadata": {"durnb": {"badge": True, "step": self.step, "state": badge.state}},
            "transient": {"display_id": self._badge_id},
        }

    def _tick(self, badge: Badge) -> None:
        """Shows the same badge at a later time, on the ticker's thread."""
        if self._recorder is not None:
            self._recorder.update_display(self._content(badge))

    def show_error(self, error: BaseException) -> None:
        """See `Stage.show_error`; shows one error once."""
        if any(error is known for known in self.shown):
            return
        self.shown.append(error)
        if self._tracebacks.show(error):
            return
        if isinstance(error, DurnbError) or error.__traceback__ is None:
            one_line(error)
        show(self._shell, error)

    def traceback_text(self, error: BaseException) -> str:
        """See `Stage.traceback_text`; long ones keep their end."""
        return _COLOURS.sub("", self._render(error))[-_MAX_TRACEBACK:]

    def _render(self, error: BaseException) -> str:
        if error.__traceback__ is None or not self._tracebacks.holds(error) or isinstance(error, SyntaxError | BaseExceptionGroup):
            return "".join(traceback.format_exception(error, chain=not isinstance(error, DurnbError)))
        tb = self._shell.InteractiveTB
        try:
            return str(tb.stb2text(tb.structured_traceback(type(error), error, users_part(error), tb_offset=1)))
        except Exception:  # IPython's renderer fails on odd exceptions; the plain form does not
            return "".join(traceback.format_exception(error))

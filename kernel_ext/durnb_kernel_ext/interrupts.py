"""SIGINT while a body runs: whose it is, what it hit, and the timeout that is one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

_COMMANDS: Final = frozenset({"system_piped", "system_raw", "getoutput", "shebang"})
_SLICE: Final = 0.02  # seconds
_GRACE: Final = 0.2  # seconds behind a command after which it is interrupted once more, where no line of its caller came
_PATIENCE: Final = 3.0  # seconds that IPython gets to end an interrupted command


def command_frame(frame: FrameType | None) -> FrameType | None:
    """The frame of the stack in which one of IPython's shell commands runs, which swallow a KeyboardInterrupt."""
    while frame is not None:
        if frame.f_code.co_name in _COMMANDS and str(frame.f_globals.get("__name__", "")).startswith(("IPython.", "ipykernel.")):
            return frame
        frame = frame.f_back
    return None


class Interrupts:
    """A context around a body on the main thread.

    `hit_command` tells that an interrupt ended a shell command: IPython prints ``^C`` and would go on with the next line, so the interrupt is raised
    once more behind the command: before the next line of the code that called it. `timed_out` tells that `timeout` (seconds) struck. After the context no interrupt of ours is on its way any more.
    """

    def __init__(self, *, timeout: float | None = None, cancel: Callable[[], object] | None = None) -> None:
        """`cancel` ends a body that an event loop drives, where an exception of a signal handler would end the loop instead."""
        self.hit_command = False
        self.timed_out = False
        self._timeout, self._cancel = timeout, cancel
        self._main = threading.main_thread().ident or 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._pending = False
        self._chasing = False
        self._raised = threading.Event()
        self._untrace: Callable[[], None] | None = None

    def __enter__(self) -> Interrupts:
        self._previous: Any = signal.signal(signal.SIGINT, self._handle)
        if self._timeout is not None and self._cancel is None:
            self._start(self._time_out, self._timeout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()  # from here on our own signals do nothing
        if self._untrace is not None and not self._raised.is_set():
            self._untrace()
        with self._lock:
            pass  # a strike that had begun has been sent
        end = time.monotonic() + 1
        while self._pending and time.monotonic() < end:
            time.sleep(0.001)  # the signal is on its way to this thread; it must not arrive under the handler that comes back now
        if signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> object:
        ours, self._pending = self._pending, False
        if ours and self._over.is_set():
            return None
        if self._cancel is not None:
            self._cancel()
            return None
        command = None if self._chasing else command_frame(frame)
        if command is not None:
            self.hit_command = self._chasing = True
            self._raise_behind(command)
            self._start(self._chase)
        if callable(self._previous) and not ours:
            return self._previous(number, frame)
        if ours or self._previous == signal.SIG_DFL:
            raise KeyboardInterrupt
        return None

    def _raise_behind(self, command: FrameType) -> None:
        """Has KeyboardInterrupt raised as soon as the code goes on that called the command."""
        caller = command.f_back
        while caller is not None and str(caller.f_globals.get("__name__", "")).startswith(("IPython.", "ipykernel.")):
            caller = caller.f_back
        if caller is None:
            return
        behind, previous, theirs = caller, sys.gettrace(), caller.f_trace

        def raise_once(frame: FrameType, event: str, _: object) -> None:
            if self._raised.is_set():
                return
            self._raised.set()
            untrace()
            raise KeyboardInterrupt

        def untrace() -> None:
            sys.settrace(previous)
            behind.f_trace = theirs

        self._untrace = untrace
        behind.f_trace = raise_once
        sys.settrace(lambda *_: None)

    @staticmethod
    def _start(target: Callable[..., None], *args: object) -> None:
        threading.Thread(target=target, args=args, name="durnb-interrupts", daemon=True).start()

    def _time_out(self, seconds: float) -> None:
        if not self._over.wait(seconds):
            self._strike(timed_out=True)

    def _chase(self) -> None:
        again = time.monotonic() + _PATIENCE
        behind = 0.0
        while not self._over.wait(_SLICE) and not self._raised.is_set():
            behind = 0.0 if command_frame(sys._current_frames().get(self._main)) is not None else behind + _SLICE
            if behind > _GRACE:  # no line followed
                self._strike()
                return
            if time.monotonic() > again:  # the interrupt was lost, in a destructor say
                again += _PATIENCE
                self._strike()

    def _strike(self, *, timed_out: bool = False) -> None:
        with self._lock:
            if not self._over.is_set():
                self.timed_out |= timed_out
                self._pending = True
                signal.pthread_kill(self._main, signal.SIGINT)


def interrupted(error: BaseException | None) -> bool:
    """Whether `error` came while a KeyboardInterrupt was handled."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False

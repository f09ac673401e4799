"""Holds back the traceback that IPython would show at the end of a body, for the engine decides whether it is shown."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Final

from durnb.errors import DurnbError

_SCRIPTS: Final = frozenset({"safe_execfile", "safe_run_module", "safe_execfile_ipy"})


class HeldTracebacks:
    """Shadows ``shell.showtraceback`` while a body runs.

    `error` is what ended the body. A failed ``%run`` shows its traceback itself and raises nothing: it ends the body all the same, for a step whose
    script failed is not finished.
    """

    def __init__(self, shell: Any, result: Any) -> None:
        self._shell, self._result = shell, result
        self._held: dict[int, tuple[BaseException, dict[str, Any]]] = {}
        self._already: list[BaseException] = []
        self._script: BaseException | None = None
        self._thread = threading.get_ident()

    @property
    def error(self) -> BaseException | None:
        found = self._result.error_before_exec or self._result.error_in_exec or self._script
        return found if isinstance(found, BaseException) else None

    def __enter__(self) -> None:
        self._held.clear()
        self._already.clear()
        self._script = None
        self._original = self._shell.showtraceback
        self._own = self._shell.__dict__.get("showtraceback")
        self._shell.showtraceback = self._showtraceback

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._own is None:
            self._shell.__dict__.pop("showtraceback", None)
        else:
            self._shell.showtraceback = self._own
        ended = self.error
        if ended is not None and id(ended) not in self._held and ended is not self._script:
            self._already.append(ended)  # a custom exception handler of the user's showed it, or it is one that shows nothing

    def _showtraceback(self, exc_tuple: tuple[Any, Any, Any] | None = None, *args: Any, **kwargs: Any) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None and threading.get_ident() == self._thread:
            if error is self._result.error_in_exec or error is self._result.error_before_exec:
                self._held[id(error)] = (error, kwargs)
                return
            if _in_script(sys._getframe(1)):
                self._script = error
                self._already.append(error)
        self._original(exc_tuple, *args, **kwargs)

    def holds(self, error: BaseException) -> bool:
        """Whether `error` came out of the body."""
        return id(error) in self._held or any(error is known for known in self._already)

    def held_for(self, error: BaseException, other: BaseException) -> None:
        """`other` takes the place of `error`."""
        if id(error) in self._held:
            self._held[id(other)] = (other, self._held[id(error)][1])

    def show(self, error: BaseException) -> bool:
        """Shows `error` as IPython would have; False where it did not come out of the body."""
        if id(error) in self._held:
            self._shell.showtraceback((type(error), error, users_part(error)), **self._held[id(error)][1])
            return True
        return any(error is known for known in self._already)


def users_part(error: BaseException) -> TracebackType | None:
    """The traceback of `error`; that of an interrupt or an error of durnb's own ends at the user's line that led into durnb.

    Functions of durnb that call the user's have a local ``__tracebackhide__``, by which IPython leaves them out; from one that has none
    it goes about its own business. What durnb was handling there, a queue that is empty yet say, is taken out of the contexts of `error`.
    """
    if not isinstance(error, DurnbError | KeyboardInterrupt | asyncio.CancelledError):
        return error.__traceback__
    while (handled := error.__context__) is not None and _own_business(handled):
        error.__context__ = handled.__context__
    whole = list(_steps(error))
    end = next((at for at, each in enumerate(whole) if _goes_about_its_own(each)), len(whole))
    while end and _is_ours(whole[end - 1]):
        end -= 1
    found: TracebackType | None = None
    for each in reversed(whole[:end]):
        found = TracebackType(found, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return found or error.__traceback__


def _steps(error: BaseException) -> Iterator[TracebackType]:
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next


def _own_business(handled: BaseException) -> bool:
    """Whether `handled` never came to the user's code."""
    first = next(_steps(handled), None)
    return first is not None and _goes_about_its_own(first)


def _goes_about_its_own(step: TracebackType) -> bool:
    return _is_ours(step) and not step.tb_frame.f_locals.get("__tracebackhide__")


def _is_ours(step: TracebackType) -> bool:
    return str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0] in ("durnb", "durnb_kernel_ext")


def _in_script(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in _SCRIPTS and str(frame.f_globals.get("__name__", "")).startswith("IPython."):
            return True
        frame = frame.f_back
    return False

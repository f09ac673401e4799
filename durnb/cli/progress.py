"""The progress of a run, cell by cell: a live line on a terminal, plain lines elsewhere. All of it goes to stderr."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from durnb.engine.overview import seconds_text
from durnb.runner.exits import Exit
from durnb.runner.places import CellPlace, Fate, death_text
from durnb.runner.request import Outcome, RunRequest

_STYLES: Final[Mapping[Fate, str]] = {
    "ran": "green",
    "restored": "cyan",
    "failed": "red",
    "asks": "yellow",
    "died": "red",
    "interrupted": "yellow",
    "suspended": "yellow",
    "paused": "yellow",
    "cancelled": "red",
}
_ASKS: Final = re.compile(r"%durable resolve (?P<what>\S+)")
_RETRY: Final = re.compile(r"%durable resolve (?P<what>\S+) retry")
_TRACEBACK_LINES: Final = 12
_SAYS: Final = 80  # characters of what a running cell printed last


class Progress:
    """A watcher that prints one line for each cell that ended, and on a terminal shows the one that runs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: Status | None = None
        self._title = ""

    @classmethod
    def on_terminal(cls) -> Progress:
        """On this process's stderr."""
        return cls(Console(stderr=True, highlight=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._still()

    def kernel_starts(self, life: int) -> None:
        self._show("starting the kernel" if life == 1 else f"starting kernel {life}")

    def kernel_ready(self, pid: int | None) -> None:
        self._still()

    def run_known(self, run: str, resumed: bool) -> None:
        self._line(Text(f"run {run}: {'resumed' if resumed else 'begun'}", style="bold"))

    def cell_starts(self, cell: CellPlace) -> None:
        self._show(f"{_place(cell)} {cell}")

    def cell_says(self, text: str) -> None:
        lines = text.replace("\r", "\n").strip().splitlines()
        if self._running is not None and lines:
            self._running.update(Text.assemble(self._title, "  ", (lines[-1][:_SAYS], "dim")))

    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None:
        name = (cell.step, "bold") if cell.step else (cell.title, "dim")
        said = (f"  {cell.title}" if cell.step and not cell.marked else "", "dim")
        self._line(Text.assemble(f"{_place(cell)} ", (f"{fate:<11}", _STYLES[fate]), f"{seconds_text(seconds):>8}  ", name, said))

    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None:
        self._line(Text(death_text(cell, deaths, max_restarts), style="yellow"))

    def note(self, text: str) -> None:
        self._line(Text(text, style="yellow"))

    def _show(self, text: str) -> None:
        self._still()
        self._title = text
        if self._console.is_terminal:
            self._running = self._console.status(Text(text))
            self._running.start()

    def _still(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _line(self, text: Text) -> None:
        self._still()
        self._console.print(text, soft_wrap=True)


def _place(cell: CellPlace) -> str:
    return f"[{cell.number:>{len(str(cell.total))}}/{cell.total}]"


def report(outcome: Outcome, request: RunRequest, *, to_stdout: bool = True) -> None:
    """The end of a run: what happened and what to do next on stderr, the executed notebook's path on stdout."""
    for line in ending(outcome, request):
        click.echo(line, err=True)
    if to_stdout:
        click.echo(str(request.output))


def ending(outcome: Outcome, request: RunRequest) -> list[str]:
    """The last words on a run."""
    run = f"run {outcome.run}" if outcome.run else "the notebook"
    deaths = "" if not outcome.deaths else f"; the kernel died {outcome.deaths} time{'s' if outcome.deaths > 1 else ''}"
    where = f" at {outcome.cell}" if outcome.cell else ""
    again = "the same command goes on from there" if outcome.run else ""
    match outcome.exit:
        case Exit.FINISHED:
            return [f"{run} finished{deaths}"]
        case Exit.ASKS if outcome.failure is not None and outcome.failure.name == "StoreOffered":
            return _message(outcome)
        case Exit.ASKS:
            asks = _ASKS.search(outcome.failure.message) if outcome.failure else None  # of a call that asks: STEP/CALL
            step = asks["what"] if asks else (outcome.cell.step if outcome.cell else None) or "STEP"
            return [*_message(outcome), f"here: {_in_terminal('resolve', step, request, 'ANSWER')}; then {again}"]
        case Exit.HELD | Exit.PAUSED:
            return _message(outcome)
        case Exit.SUSPENDED:
            return [*_message(outcome), "durnb worker, or the same command, goes on with it"]
        case Exit.CANCELLED:
            return [f"{run} was cancelled{where}"]
        case Exit.DIED:
            return [*_message(outcome), f"{run} gave up{where}{deaths}", *_after_deaths(outcome, request, again)]
        case Exit.INTERRUPTED | Exit.TERMINATED:
            return [f"{run} was stopped{where}", *([again] if again else [])]
        case _:
            return [*_failure(outcome), f"{run} failed{where}{deaths}", *_retry(outcome, request)]


def _in_terminal(command: str, step: str, request: RunRequest, *words: str) -> str:
    """A command about a step of the run, as it is typed in a terminal."""
    return shlex.join(("durnb", command, request.notebook.name, step, *words, "--run", request.key))


def _after_deaths(outcome: Outcome, request: RunRequest, again: str) -> list[str]:
    """What goes on with a run whose kernel died too often; a step that killed it too often is refused, until a person says otherwise."""
    if refused := _retry(outcome, request):
        return refused
    step = outcome.cell.step if outcome.cell else None
    if not again or step is None:
        return [again] if again else []
    return [f"{again}; where it then refuses {step}: {_in_terminal('retry', step, request)}"]


def _retry(outcome: Outcome, request: RunRequest) -> list[str]:
    """The command for a step that is refused until it was answered retry: the message has it as it is typed in a notebook."""
    failure = outcome.failure
    refused = _RETRY.search(failure.message) if failure is not None and failure.name == "StepRefused" else None
    return [f"here: {_in_terminal('retry', refused['what'], request)}; then the same command goes on from there"] if refused else []


def _message(outcome: Outcome) -> list[str]:
    text = outcome.failure.message if outcome.failure else outcome.message
    return [text] if text else []


def _failure(outcome: Outcome) -> list[str]:
    if outcome.failure is None:
        return [outcome.message] if outcome.message else []
    lines = click.unstyle(outcome.failure.traceback).strip().splitlines()
    return lines[-_TRACEBACK_LINES:] or [f"{outcome.failure.name}: {outcome.failure.message}"]

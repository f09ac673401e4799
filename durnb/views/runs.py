"""The runs of a notebook side by side: when, how long, how each ended, and in which steps a run differs from the one before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from durnb.engine.overview import RunFacts, bytes_text, seconds_text
from durnb.records import dataclass

RUNS_HEADS: Final = ("run", "state", "begun", "finished", "ran", "saved", "differs from the run before", "held by")
_NAMED: Final = 12  # steps that are named as different


@dataclass(frozen=True, slots=True, kw_only=True)
class RunColumn:
    """A run in the comparison: `ran` seconds and `size` bytes over its steps; `differs` names the steps that did something else than before."""

    facts: RunFacts
    finished: int
    ran: float
    size: int
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeries:
    """One step over the runs, oldest first; None where a run did not finish it."""

    step: str
    ran: tuple[float | None, ...]
    size: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """The runs, newest first, and each step's way through them."""

    notebook: str
    runs: tuple[RunColumn, ...]
    steps: tuple[StepSeries, ...]


def runs_page(notebook: str, runs: Sequence[RunFacts]) -> RunsPage:
    """The comparison of `runs`, which come in any order."""
    oldest_first = sorted(runs, key=_when)
    columns = [_column(facts, oldest_first[index - 1] if index else None) for index, facts in enumerate(oldest_first)]
    names = dict.fromkeys(row.step for facts in reversed(oldest_first) for row in facts.rows)
    return RunsPage(notebook=notebook, runs=tuple(reversed(columns)), steps=tuple(_series(name, oldest_first) for name in names))


def _when(facts: RunFacts) -> tuple[float, str]:
    when = facts.started or facts.at
    return (when.timestamp() if when is not None else 0.0, facts.run)


def _column(facts: RunFacts, before: RunFacts | None) -> RunColumn:
    finished = [row for row in facts.rows if row.status == "finished"]
    return RunColumn(
        facts=facts,
        finished=len(finished),
        ran=sum(row.ran or 0.0 for row in finished),
        size=sum(row.size or 0 for row in facts.rows),
        differs=_differing(facts, before),
    )


def _differing(facts: RunFacts, before: RunFacts | None) -> tuple[str, ...]:
    """The steps whose code or inputs are not those of the run before, in order; not those that either run does not know."""
    if before is None:
        return ()
    known = {row.step: row.fingerprint for row in before.rows}
    return tuple(row.step for row in facts.rows if row.fingerprint and known.get(row.step) and row.fingerprint != known[row.step])


def _series(name: str, runs: Sequence[RunFacts]) -> StepSeries:
    rows = [next((row for row in facts.rows if row.step == name and row.status == "finished"), None) for facts in runs]
    return StepSeries(step=name, ran=tuple(row.ran if row else None for row in rows), size=tuple(row.size if row else None for row in rows))


def differs_text(run: RunColumn) -> str:
    """The steps that did something else than in the run before, as many as a line bears."""
    shown = ", ".join(run.differs[:_NAMED])
    left = len(run.differs) - _NAMED
    return f"{shown} and {left} more" if left > 0 else shown


def runs_cells(page: RunsPage, when: Callable[[datetime | None], str]) -> list[tuple[str, ...]]:
    """The runs as rows of a table, newest first; `when` tells a moment in words."""
    return [
        (
            run.facts.run,
            run.facts.state,
            when(run.facts.started or run.facts.at),
            f"{run.finished} of {len(run.facts.rows)}",
            seconds_text(run.ran),
            bytes_text(run.size),
            differs_text(run) or ("it is the first" if run is page.runs[-1] else "nothing"),
            run.facts.holder,
        )
        for run in page.runs
    ]

"""The live screen, as it is drawn at one moment."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from durnb.cli.watch import draw
from durnb.runner.glance import Glance, Standing, newest_first


def _run(name: str, standing: Standing, minute: int) -> Glance:
    at = datetime(2026, 11, 20, 9, minute, tzinfo=UTC)
    return Glance(
        notebook=Path(f"/reports/{name}.ipynb"), key="default", run="default.1", standing=standing, step="train", finished=1, steps=3, at=at
    )


def _drawn(found: list[Glance], height: int) -> list[str]:
    screen = io.StringIO()
    Console(width=120, file=screen).print(draw(found, Path("/reports"), height))
    return [line.rstrip() for line in screen.getvalue().splitlines() if line.strip()]


def test_runs_that_go_on_stand_before_those_that_are_over_the_newest_first() -> None:
    found = newest_first([_run("a", "finished", 9), _run("b", "failed", 1), _run("c", "running", 5)])
    lines = _drawn(found, 40)
    assert lines[0] == "3 runs under /reports"
    assert [line.split()[:3] for line in lines[-3:]] == [
        ["c.ipynb", "default.1", "running"],
        ["b.ipynb", "default.1", "failed"],
        ["a.ipynb", "default.1", "finished"],
    ]


def test_no_more_runs_are_drawn_than_the_screen_has_room_for() -> None:
    lines = _drawn([_run(f"n{n}", "running", n) for n in range(30)], 10)
    assert lines[0] == "30 runs under /reports, the first 5"
    assert sum("default.1" in line for line in lines) == 5

"""Whether two runs came to the same."""

from __future__ import annotations

from datetime import UTC, datetime

from nbformat.v4 import new_code_cell, new_notebook, new_output

from durnb.engine.manifest import Manifest, StoredName
from durnb.events import Recorded, RunStarted, StepStarted, StepSucceeded
from durnb.fold import History, fold
from durnb.runner.comparison import compare_runs

BADGE = new_output("display_data", data={"text/plain": "load · ran 0.1 s"}, metadata={"durnb": {"badge": True}})


def _history(**digests: str) -> History:
    manifest = Manifest(step="load", names={name: StoredName(digest=digest, type="int") for name, digest in digests.items()})
    started = StepStarted(
        step="load", execution=1, attempt=1, generation=1, code="", source="", options="", fingerprint="", inputs=(), line=(), reason=""
    )
    done = StepSucceeded(
        step="load", execution=1, attempt=1, manifest=manifest.encode(), signature="", saved=True, ran=0.1, save=0.1, size=1
    )
    events = (RunStarted(run="demo.1", notebook="a.ipynb", store="x"), started, done)
    return fold(Recorded(seq=n, epoch=1, at=datetime(2026, 11, 20, tzinfo=UTC), event=event) for n, event in enumerate(events, start=1))


def _shown(*texts: str, badge: bool = False) -> object:
    outputs = [new_output("stream", name="stdout", text=text) for text in texts]
    return new_notebook(cells=[new_code_cell("x", outputs=[BADGE, *outputs] if badge else outputs)])


def test_equal_contents_and_outputs_are_no_difference_whatever_the_badges_say() -> None:
    found = compare_runs(_history(x="1", y="2"), _history(x="1", y="2"), _shown("ab", badge=True), _shown("a", "b"))
    assert (found.differences, found.steps, found.variables, found.cells) == ((), 1, 2, 1)


def test_another_content_is_named() -> None:
    assert compare_runs(_history(x="1"), _history(x="2"), _shown(), _shown()).differences == ("the variable x of step load",)


def test_a_variable_that_only_one_run_has_is_named() -> None:
    assert compare_runs(_history(x="1"), _history(x="1", y="2"), _shown(), _shown()).differences == ("the variable y of step load",)


def test_another_output_is_named() -> None:
    assert compare_runs(_history(), _history(), _shown("a"), _shown("b")).differences == ("the output of cell 1",)

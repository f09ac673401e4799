"""A run that a person's kernel has is steered from another process."""

from __future__ import annotations

import pytest

from durnb.clock import SystemClock
from durnb.engine.steering import Steer, Wanted
from durnb.errors import UsageError
from durnb.journal import RunName, Store
from durnb.runner.steering import Steered, steer_run
from durnb.steps import Answer
from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\ndata = [1, 2]"
MORE = "%%durable more\nran('more')\nx = 1"
BUSY = "%%durable busy\nimport os, time\nprint('in the body', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\ny = 1"


def _steer(nb: Notebook, wanted: Wanted, step: str = "", answer: Answer = "retry") -> Steered:
    store = Store.of(nb.place.notebook)
    return steer_run(store, RunName("interactive", 1), Steer(wanted=wanted, step=step, answer=answer), lambda history: [], SystemClock())


def test_an_idle_kernel_does_at_once_what_is_asked(nb: Notebook) -> None:
    nb.ok(LOAD)
    assert _steer(nb, "rerun", "load") == Steered("load runs again when its cell is run next")
    nb.ok(LOAD)
    assert nb.executions == {"load": 2}
    assert _steer(nb, "pause").said == "paused: no step of it starts until it is resumed"
    assert nb.ok(LOAD).replayed
    assert nb.refused(MORE).ename == "RunIsPaused"
    assert _steer(nb, "resume").said == "it goes on"
    nb.ok(MORE)
    with pytest.raises(UsageError, match=r"'nothing'.*load, more"):
        _steer(nb, "rerun", "nothing")
    with pytest.raises(UsageError, match="is finished"):
        _steer(nb, "resolve", "load", "done")
    one = "%%durable one\nx = 1"
    nb.place.write([("a", one)])
    nb.ok(one)
    with pytest.raises(UsageError, match="'one' asks nothing: it is finished, and stands"):
        _steer(nb, "resolve", "one", "retry")
    assert "'one' asks nothing" in nb.refused("%durable resolve one retry").evalue
    nb.ok("%durable finish")
    for command in ("rerun load", "resolve load retry", "signal approve"):
        assert "run interactive.1 is finished: %durable new" in nb.refused(f"%durable {command}").evalue
    assert [str(run) for run in Store.of(nb.place.notebook).runs()] == ["interactive.1"]


def test_a_kernel_at_work_takes_it_in_when_its_step_ends_and_is_interrupted_where_the_run_is_cancelled(nb: Notebook) -> None:
    nb.ok(LOAD)
    busy = nb.begin(BUSY)
    nb.until(lambda: "in the body" in busy.text, what="the body")
    assert not _steer(nb, "rerun", "load").taken
    (nb.place.folder / "go").touch()
    assert nb.finish(busy).ok
    nb.ok(LOAD)
    assert nb.executions == {"load": 2}
    (nb.place.folder / "go").unlink()
    nb.ok("%durable rerun busy")
    busy = nb.begin(BUSY)
    nb.until(lambda: "in the body" in busy.text, what="the body")
    assert _steer(nb, "cancel").taken
    assert nb.finish(busy).ename == "KeyboardInterrupt"
    assert nb.refused(LOAD).ename == "RunIsCancelled"
    nb.ok("%durable new", LOAD)
    assert nb.executions == {"load": 3}

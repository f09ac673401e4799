"""Runs with real checkpoints, recorded as a kernel would, and without one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durnb.engine.checkpoints import store_groups
from durnb.engine.manifest import OUT, LostName, Manifest, StoredName
from durnb.engine.signatures import signed_facts
from durnb.events import ErrorInfo, Input, StepFailed, StepStarted, StepSucceeded
from durnb.journal import Journal
from durnb.snapshot import capture

EVIL = "<script>alert(1)</script>"


def start(journal: Journal, step: str, *, source: str = "x = 1", inputs: Sequence[Input] = (), line: Sequence[tuple[str, int]] = ()) -> int:
    """A new execution begins; the sequence number of that."""
    past = journal.history.steps.get(step)
    return journal.append(
        StepStarted(
            step=step,
            execution=len(past.executions) + 1 if past else 1,
            attempt=1,
            generation=1,
            code=source,
            source=source,
            options=step,
            fingerprint=source,
            inputs=tuple(inputs),
            line=tuple(line),
            reason="it has not run yet" if past is None else "its code was edited",
        )
    )


def finish(
    journal: Journal,
    step: str,
    cell: str,
    names: Sequence[str],
    *,
    value: object = None,
    outputs: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> int:
    """The execution ends well: `cell` is run, and `names` of what it bound are kept; the number of the checkpoint."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(cell, f"<{step}>", "exec"), space)
    execution = journal.history.steps[step].executions[-1]
    with journal.draft(step) as draft:
        entries = [*names, OUT] if value is not None else list(names)
        groups, sources = store_groups(draft, capture({**space, OUT: value}, entries, home=space))
        manifest = Manifest(
            step=step,
            names={n: StoredName(digest=f"digest of {n}", type=type(space[n]).__name__) for n in names},
            groups=groups,
            sources=sources,
            has_value=value is not None,
            outputs=draft.add(json.dumps(list(outputs)).encode()) if outputs else "",
            **more,
        )
        signature = journal.sign(signed_facts(journal, execution.started_seq, "checkpoint"), manifest.encode().encode())
        return draft.commit(
            StepSucceeded(
                step=step,
                execution=execution.number,
                attempt=execution.last.number,
                manifest=manifest.encode(),
                signature=signature,
                saved=True,
                ran=1.5,
                save=0.1,
                size=draft.size,
            )
        )


def fail(journal: Journal, step: str, *, outputs: Sequence[Mapping[str, Any]] = ()) -> None:
    execution = journal.history.steps[step].executions[-1]
    with journal.draft(step) as draft:
        digest = draft.add(json.dumps(list(outputs)).encode()) if outputs else ""
        error = ErrorInfo(type="ValueError", message="no\nand more", traceback="Traceback: no")
        draft.commit(StepFailed(step=step, execution=execution.number, attempt=1, how="exception", error=error, ran=0.5, outputs=digest))


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


LOST = {"client": LostName(path="client.session._sock", reason="an open socket")}


def tell_etl(journal: Journal) -> None:
    """`load` twice, the second time after an edit; `train`, which failed and then read what `load` left; `dead`, whose kernel died."""
    start(journal, "load", source="df = [1]")
    finish(journal, "load", "df = [1]", ["df"])
    start(journal, "load", source="df = [1, 2]\nsame = df")
    kept: Any = {"lost": LOST, "unsaved": ("bar", "big"), "dropped": ("bar: a progress bar",), "deleted": ("old",)}
    loaded = finish(journal, "load", "df = [1, 2]\nsame = df", ["df", "same"], value=2, outputs=[stream("read 2 rows")], **kept)
    inputs = (
        Input(name="df", kind="durable", digest="d", maker="load"),
        Input(name="k", kind="plain", digest="p"),
        Input(name="@random", kind="ambient", digest="r"),
        Input(name="file:a.csv", kind="file", digest="f"),
    )
    start(journal, "train", source=f"fit(df, {EVIL!r})", inputs=inputs, line=[("load", loaded)])
    fail(journal, "train", outputs=[stream("round 1")])
    start(journal, "train", source="fit(df)", inputs=inputs, line=[("load", loaded)])
    cell = "k = 1\nclass Model:\n    kind = 'live'\nmodel = Model()\ndef double(x): return 2 * x * k"
    finish(journal, "train", cell, ["model", "double"])
    start(journal, "dead")

"""Runs told event by event, as the engine would record them, and hypothesis strategies of valid ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from durnb.engine.manifest import Manifest, StoredName
from durnb.events import (
    CheckpointSaved,
    CheckpointTrusted,
    ErrorInfo,
    Event,
    Input,
    InputKind,
    KernelAttached,
    KernelDetached,
    Recorded,
    RunStarted,
    StepFailed,
    StepRenamed,
    StepRerunRequested,
    StepResolved,
    StepReused,
    StepStarted,
    StepSucceeded,
)
from durnb.fold import History
from durnb.journal.retention import superfluous
from durnb.steps import Answer, Execution, Line, StepHistory

BEGIN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CODE = "code-1"


def reads(name: str, digest: str = "1", *, kind: InputKind = "plain", maker: str | None = None, by_everything: bool = False) -> Input:
    return Input(name=name, kind=kind, digest=digest, maker=maker, by_everything=by_everything)


def made(name: str, maker: str, digest: str = "1") -> Input:
    return reads(name, digest, kind="durable", maker=maker)


def manifest(step: str, **digests: str) -> str:
    return Manifest(step=step, names={name: StoredName(digest=digest, type="int") for name, digest in digests.items()}).encode()


class Story:
    """A run from its first event on; every event that is told is folded at once. A second passes between two events."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.history = History()
        self._skipped = timedelta(0)
        self.tell(RunStarted(run="interactive.1", notebook="etl.ipynb", store="s1"))
        self.attach()

    def tell(self, event: Event) -> int:
        epoch = self.history.epoch + isinstance(event, KernelAttached)
        seq = len(self.events) + 1
        recorded = Recorded(seq=seq, epoch=epoch, at=BEGIN + self._skipped + timedelta(seconds=seq), event=event)
        self.events.append(recorded)
        self.history.apply(recorded)
        return seq

    @property
    def now(self) -> datetime:
        return BEGIN + self._skipped + timedelta(seconds=len(self.events) + 1)

    def skip(self, time: timedelta) -> None:
        """Nothing happens for so long."""
        self._skipped += time

    def step(self, name: str) -> StepHistory:
        return self.history.steps[name]

    def last(self, name: str) -> Execution:
        return self.history.steps[name].executions[-1]

    def attach(self) -> None:
        self.tell(KernelAttached(pid=1, host="h", python="3.11", durnb="0.1"))

    def dies(self) -> None:
        """The kernel is killed, and the next one attaches."""
        self.attach()

    def detaches(self) -> None:
        self.tell(KernelDetached(why="exit"))

    def starts(
        self,
        name: str,
        code: str = CODE,
        inputs: Sequence[Input] = (),
        *,
        once: bool = False,
        source: str = "x = 1",
        options: str = "",
        generation: int | None = None,
        line: Line | None = None,
        cell_id: str | None = None,
    ) -> None:
        """A new execution begins."""
        past = self.history.steps.get(name)
        number = past.executions[-1].number + 1 if past is not None and past.executions else 1
        self.tell(
            StepStarted(
                step=name,
                execution=number,
                attempt=1,
                generation=generation or (past.generation if past is not None else 1),
                code=code,
                source=source,
                options=options or name,
                fingerprint=f"{code}:{','.join(i.digest for i in inputs)}",
                inputs=tuple(inputs),
                line=self._line_before(name) if line is None else line,
                reason="it has not run yet",
                once=once,
                cell_id=cell_id,
            )
        )

    def resumes(self, name: str) -> None:
        """Another attempt of the last execution begins."""
        last = self.last(name)
        self.tell(
            StepStarted(
                step=name,
                execution=last.number,
                attempt=last.last.number + 1,
                generation=last.generation,
                code=last.code,
                source=last.source,
                options=last.options,
                fingerprint=last.fingerprint,
                inputs=last.inputs,
                line=last.line,
                reason="its attempt died with the kernel",
                once=last.once,
            )
        )

    def succeeds(
        self,
        name: str,
        *,
        ran: float = 1.0,
        saved: bool = True,
        dropped: tuple[str, ...] = (),
        size: int = 0,
        holds: str = "",
        **digests: str,
    ) -> int:
        """The last attempt ends well; the number of its checkpoint. `digests` are the names that it bound, or `holds` is its manifest."""
        last = self.last(name)
        return self.tell(
            StepSucceeded(
                step=name,
                execution=last.number,
                attempt=last.last.number,
                manifest=holds or manifest(name, **digests),
                signature="sig",
                saved=saved,
                ran=ran,
                save=0.1,
                size=size,
                dropped_inputs=dropped,
            )
        )

    def fails(
        self,
        name: str,
        *,
        how: Literal["exception", "timeout", "interrupt"] = "exception",
        message: str = "no",
        type: str = "ValueError",  # as ErrorInfo calls it
        retry_in: float | None = None,
    ) -> None:
        last = self.last(name)
        self.tell(
            StepFailed(
                step=name,
                execution=last.number,
                attempt=last.last.number,
                how=how,
                error=ErrorInfo(type=type, message=message),
                ran=1.0,
                retry_in=retry_in,
            )
        )

    def runs(self, name: str, code: str = CODE, inputs: Sequence[Input] = (), *, ran: float = 1.0, **options: Any) -> int:
        """A whole execution; the number of its checkpoint."""
        bound = options.pop("bound", {})
        dropped = options.pop("dropped", ())
        self.starts(name, code, inputs, **options)
        return self.succeeds(name, ran=ran, dropped=dropped, **bound)

    def crashes(self, name: str, times: int, code: str = CODE, inputs: Sequence[Input] = (), **options: Any) -> None:
        """An execution whose first attempts die with their kernels."""
        self.starts(name, code, inputs, **options)
        self.dies()
        for _ in range(times - 1):
            self.resumes(name)
            self.dies()

    def reuses(self, name: str, checkpoint: int, code: str = "", inputs: Sequence[Input] | None = None) -> None:
        held = self.step(name).checkpoints[checkpoint]
        self.tell(
            StepReused(
                step=name,
                checkpoint=checkpoint,
                fingerprint=f"{code or held.code}",
                inputs=held.inputs if inputs is None else tuple(inputs),
                code=code,
                line=self._line_before(name),
            )
        )

    def resolves(self, name: str, answer: Answer, request: str = "") -> None:
        self.tell(StepResolved(step=name, answer=answer, request=request))

    def asks_rerun(self, name: str, request: str = "") -> None:
        self.tell(StepRerunRequested(step=name, request=request))

    def renames(self, old: str, new: str) -> None:
        self.tell(StepRenamed(old=old, new=new))

    def _line_before(self, name: str) -> Line:
        line: list[tuple[str, int]] = []
        for one in self.history.line:
            if one[0] == name:
                break
            line.append(one)
        return tuple(line)


STEPS = ("load", "clean", "train")
_ONE_INPUT: tuple[Input, ...] = (
    made("df", "load"),
    made("df", "load", "2"),
    made("df", "clean", "2"),
    reads("df", "2"),
    reads("a"),
    reads("a", "2"),
    reads("a", "", kind="absent"),
    reads("a", kind="opaque", maker="load"),
    reads("b", by_everything=True),
    reads("b", "2", by_everything=True),
    reads("@random", kind="ambient"),
    reads("@random", "2", kind="ambient"),
    reads("@cwd", kind="ambient"),
    reads("file:x.csv", kind="file"),
)
# sampled, not built: hypothesis draws many of them
some_inputs = st.sampled_from([(), *((one,) for one in _ONE_INPUT), *((a, b) for a in _ONE_INPUT for b in _ONE_INPUT if a.name < b.name)])


@st.composite
def stories(draw: st.DrawFn, *, steps: Sequence[str] = STEPS, max_size: int = 20, renames: bool = True) -> Story:
    """Valid runs: every event is one that the engine could append next."""
    story = Story()
    for number in range(draw(st.integers(0, max_size))):
        name = draw(st.sampled_from(steps))
        # a step may have been renamed: its present name
        present = [n for n in story.history.steps if n.split("~")[0] == name]
        _go_on(draw, story, present[0] if present else name, number, renames)
    return story


def _go_on(draw: st.DrawFn, story: Story, name: str, number: int, renames: bool) -> None:
    step = story.history.steps.get(name)
    if not story.history.attached:
        story.attach()
    elif step is None or not step.executions:
        code, cell_id = draw(st.sampled_from(["A", "B"])), draw(st.sampled_from([None, "c1"]))
        story.starts(name, code, draw(some_inputs), once=draw(st.booleans()), cell_id=cell_id)
    elif step.status == "running":
        _end(draw, story, name)
    else:
        _between(draw, story, step, number, renames)


def _end(draw: st.DrawFn, story: Story, name: str) -> None:
    match draw(st.sampled_from(["succeed", "succeed", "fail", "die", "detach"])):
        case "succeed":
            dropped = tuple(i.name for i in story.last(name).inputs if i.name == "@random" and draw(st.booleans()))
            story.succeeds(name, ran=draw(st.floats(0, 2000)), saved=draw(st.booleans()), dropped=dropped)
        case "fail":
            how: Any = draw(st.sampled_from(["exception", "timeout", "interrupt"]))
            story.fails(name, how=how, retry_in=None if how == "interrupt" else draw(st.sampled_from([None, 1.0])))
        case "die":
            story.dies()
        case _:
            story.detaches()


def _between(draw: st.DrawFn, story: Story, step: StepHistory, number: int, renames: bool) -> None:
    name, last = step.name, step.executions[-1]
    actions = ["start", "start", "die", "rerun", "resolve"]
    actions += ["resume"] * 2 if last.checkpoint is None and last.generation == step.generation else []
    actions += ["drop"] if len(step.checkpoints) > 1 else []
    actions += ["save", "trust"] if step.checkpoints else []
    actions += ["reuse"] * 2 if step.checkpoints and not step.rerun else []
    actions += ["done"] if last.checkpoint is None else []
    unfinished = [s for s in story.history.steps.values() if s.executions and s.executions[-1].checkpoint is None]
    actions += ["rename"] if renames and not unfinished else []
    match draw(st.sampled_from(actions)):
        case "start":
            generation = step.generation + draw(st.integers(0, 1))
            story.starts(name, draw(st.sampled_from(["A", "B"])), draw(some_inputs), once=draw(st.booleans()), generation=generation)
        case "resume":
            story.resumes(name)
        case "reuse":
            story.reuses(name, draw(st.sampled_from(sorted(step.checkpoints))), draw(st.sampled_from(["", "A", "B"])), draw(some_inputs))
        case "save":
            number = draw(st.sampled_from(sorted(step.checkpoints)))
            story.tell(CheckpointSaved(step=name, checkpoint=number, manifest=manifest(name), signature="s2", save=0.2, size=7))
        case "trust":
            story.tell(CheckpointTrusted(step=name, checkpoint=draw(st.sampled_from(sorted(step.checkpoints))), signature="ours"))
        case "rerun":
            story.asks_rerun(name, f"request-{number}")
        case "resolve":
            story.resolves(
                name, draw(st.sampled_from(["retry", "abort", *(["keep"] if step.current is not None else [])])), f"request-{number}"
            )
        case "drop":
            for event in superfluous(story.history, 1):
                story.tell(event)
        case "done":
            story.resolves(name, "done")
            story.succeeds(name, ran=0.0)
        case "rename":
            story.renames(name, f"{name.split('~')[0]}~{number}")
        case _:
            story.dies()

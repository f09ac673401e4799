"""What people ask of a run from outside of its kernel: done alike by the kernel that has the run and, where none has it, by the command itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, assert_never, get_args

from durnb.engine.checkpoints import signed_facts
from durnb.errors import RunIsCancelled, RunIsPaused, UsageError
from durnb.events import CheckpointTrusted, RunCancelled, RunPaused, RunResumed, StepRerunRequested, StepResolved
from durnb.fold import Answer, History, StepHistory
from durnb.journal import Journal, Request

Wanted = Literal["pause", "resume", "cancel", "rerun", "resolve", "trust"]
WANTED: Final[tuple[Wanted, ...]] = get_args(Wanted)
_ANSWERS: Final = get_args(Answer)

InFile = Callable[[History], Collection[str]]
"""The steps of the notebook's file, read only where a wish needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """One wish. `step` and `answer` belong to rerun and resolve; `request` is the id under which it came."""

    wanted: Wanted
    step: str = ""
    answer: Answer = "retry"
    request: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What a request holds beside its kind."""
        return {"step": self.step, "answer": self.answer}


def steer_of(request: Request) -> Steer | None:
    """The wish of a request; None for requests of other kinds. Raises UsageError for one that nobody can have meant."""
    if request.kind not in WANTED:
        return None
    facts: Mapping[str, Any] = request.facts
    if facts.get("answer", "retry") not in _ANSWERS:
        raise UsageError(f"{facts['answer']!r} is no answer: {', '.join(_ANSWERS)}")
    return Steer(wanted=request.kind, step=str(facts.get("step", "")), answer=facts.get("answer", "retry"), request=request.id)


def steer(journal: Journal, wish: Steer, in_file: InFile) -> str:
    """Record the wish in the open run; what follows from it, in words.

    Raises UsageError where it can't hold, and the JournalErrors.
    """
    _check_goes_on(journal.history, wish)
    match wish.wanted:
        case "pause":
            if journal.history.paused:
                return "it is paused already"
            journal.append(RunPaused(request=wish.request))
            return "paused: no step of it starts until it is resumed"
        case "resume":
            if not journal.history.paused:
                return "it is not paused"
            journal.append(RunResumed(request=wish.request))
            return "it goes on"
        case "cancel":
            journal.append(RunCancelled(request=wish.request))
            return "cancelled"
        case "rerun":
            step_in(journal.history, wish.step)
            journal.append(StepRerunRequested(step=wish.step, request=wish.request))
            return f"{wish.step} runs again when its cell is run next"
        case "resolve":
            return resolve_step(journal, wish.step, wish.answer, in_file(journal.history), wish.request)
        case "trust":
            count = trust_run(journal)
            return f"{count} checkpoint{'s' * (count != 1)} signed with your key"
        case _ as never:
            assert_never(never)


def _check_goes_on(history: History, wish: Steer) -> None:
    if history.status != "open" and wish.wanted in ("pause", "resume", "cancel"):
        raise UsageError(f"run {history.run} is {history.status}: there is nothing to {wish.wanted}")


@dataclass(frozen=True, slots=True)
class Served:
    """What came of wishes, in words by the request's id: `done`, or `refused` with the reason."""

    done: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def serve(journal: Journal, in_file: InFile) -> Served:
    """Do what others ask of the open run by its inbox, each once. A wish that can't hold is told of and dropped."""
    served = Served()
    for request in journal.requests():
        try:
            wish = steer_of(request)
            if wish is None:
                continue
            served.done[request.id] = steer(journal, wish, in_file)
        except UsageError as error:
            served.refused[request.id] = str(error)
        journal.done(request)
    return served


def check_not_paused(history: History, notebook: str) -> None:
    """Raises RunIsPaused."""
    if history.paused:
        raise RunIsPaused(run=history.run, notebook=notebook)


def check_not_cancelled(history: History) -> None:
    """Raises RunIsCancelled."""
    if history.status == "cancelled":
        raise RunIsCancelled(run=history.run)


def step_in(history: History, name: str) -> StepHistory:
    """The step of a run. Raises UsageError that names those there are."""
    step = history.steps.get(name)
    if step is None or not step.executions:
        known = ", ".join(history.steps) or "none yet"
        raise UsageError(f"there is no step {name!r} in run {history.run}; its steps: {known}")
    return step


def resolve_step(journal: Journal, name: str, answer: Answer, in_file: Collection[str], request: str = "") -> str:
    """`resolve` in an open run; `in_file` are the steps of the notebook's file, `request` is the id of the request that it came by."""
    if answer == "retry" and name not in journal.history.steps and name in in_file:
        journal.append(StepResolved(step=name, answer=answer, request=request))  # a step that may be a renamed one, and is to run anew
        return f"{name} runs as a new step when its cell is run next"
    step = step_in(journal.history, name)
    if answer == "keep" and step.checkpoint is None:
        raise UsageError(f"step {name!r} has no checkpoint to keep; answer retry, done or abort")
    if answer == "done" and not step.unfinished:
        raise UsageError(f"step {name!r} is finished; answer retry or keep")
    journal.append(StepResolved(step=name, answer=answer, request=request))
    return {
        "retry": f"{name} runs when its cell is run next",
        "keep": f"{name} keeps its checkpoint; run its cell",
        "done": f"{name} will count as finished, without variables of its own, when its cell is run next; "
        f"bind what it should have bound in a cell below it, then %durable save {name}",
        "abort": f"{name} is refused until another answer",
    }[answer]


def trust_run(journal: Journal) -> int:
    """`trust` in an open run."""
    signed = 0
    for step in journal.history.steps.values():
        started = {execution.number: execution.started_seq for execution in step.executions}
        for checkpoint in list(step.checkpoints.values()):
            facts, payload = signed_facts(journal, started[checkpoint.execution], "checkpoint"), checkpoint.manifest.encode()
            if not journal.verify(facts, payload, checkpoint.signature):
                signature = journal.sign(facts, payload)
                journal.append(CheckpointTrusted(step=step.name, checkpoint=checkpoint.number, signature=signature))
                signed += 1
    return signed

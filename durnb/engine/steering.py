"""What people ask of a run from outside of its kernel: done alike by the kernel that has the run and, where none has it, by the command itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Literal, assert_never, get_args

from durnb.engine.badge import question_in
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.messages import LOOK
from durnb.engine.over import check_goes_on, notebook_of
from durnb.engine.signatures import result_facts, result_payload, signed_facts
from durnb.errors import RunIsCancelled, RunIsPaused, UsageError
from durnb.events import CallResolved, CheckpointTrusted, RunCancelled, RunPaused, RunResumed, StepRerunRequested, StepResolved
from durnb.fold import History
from durnb.journal import Journal, Request
from durnb.records import dataclass
from durnb.steps import Answer, StepHistory

Wanted = Literal["pause", "resume", "cancel", "rerun", "resolve", "trust"]
WANTED: Final[tuple[Wanted, ...]] = get_args(Wanted)
_ANSWERS: Final = get_args(Answer)

InFile = Callable[[History], Sequence[NotebookCell]]
"""The cells of the notebook's file, read only where a wish needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """One wish. `step`, `answer` and `value` (JSON, of a call that is done) belong to rerun and resolve; `request` is the id under which it came."""

    wanted: Wanted
    step: str = ""
    answer: Answer = "retry"
    value: str = "null"
    request: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What a request holds beside its kind."""
        return {"step": self.step, "answer": self.answer, "value": self.value}


def steer_of(request: Request) -> Steer | None:
    """The wish of a request; None for requests of other kinds. Raises UsageError for one that nobody can have meant."""
    if request.kind not in WANTED:
        return None
    facts: Mapping[str, Any] = request.facts
    if facts.get("answer", "retry") not in _ANSWERS:
        raise UsageError(f"{facts['answer']!r} is no answer: {', '.join(_ANSWERS)}")
    return Steer(
        wanted=request.kind,
        step=str(facts.get("step", "")),
        answer=facts.get("answer", "retry"),
        value=str(facts.get("value", "null")),
        request=request.id,
    )


def steer(journal: Journal, wish: Steer, in_file: InFile, *, asks: bool = False) -> str:
    """Record the wish in the open run; what follows from it, in words. `asks`: the step is known to have asked, which the journal need not tell.

    Raises UsageError where it can't hold, and the JournalErrors.
    """
    _check_open(journal, wish)
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
        case "resolve" if "/" in wish.step:
            step, _, mark = wish.step.partition("/")
            return resolve_call(journal, step, mark, wish.answer, wish.value)
        case "resolve":
            return resolve_step(journal, wish.step, wish.answer, in_file(journal.history), wish.request, asks=asks)
        case "trust":
            count = trust_run(journal)
            return f"{count} checkpoint{'s' * (count != 1)} signed with your key"
        case _ as never:
            assert_never(never)


def _check_open(journal: Journal, wish: Steer) -> None:
    history = journal.history
    if history.status != "open" and wish.wanted in ("pause", "resume", "cancel"):
        raise UsageError(f"run {history.run} is {history.status}: there is nothing to {wish.wanted}")
    if wish.wanted != "trust":  # what is kept of a run that is over can still be looked at
        check_goes_on(history, notebook_of(journal))


@dataclass(frozen=True, slots=True)
class Served:
    """What came of wishes, in words by the request's id: `done`, or `refused` with the reason."""

    done: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def serve(journal: Journal, in_file: InFile, asked: Collection[str]) -> Served:
    """Do what others ask of the open run by its inbox, each once; `asked` are the steps that asked in this kernel. A wish that can't hold is told of and dropped."""
    served = Served()
    for request in journal.requests():
        if request.kind == LOOK:
            journal.done(request)
            continue
        try:
            wish = steer_of(request)
            if wish is None:
                continue
            served.done[request.id] = steer(journal, wish, in_file, asks=wish.step in asked)
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


def resolve_step(
    journal: Journal, name: str, answer: Answer, cells: Sequence[NotebookCell], request: str = "", *, asks: bool = False
) -> str:
    """`resolve` in an open run; `cells` are those of the notebook's file, `request` is the id of the request that it came by, `asks` as in `steer`."""
    if answer == "retry" and name not in journal.history.steps and name in step_names(cells):
        journal.append(StepResolved(step=name, answer=answer, request=request))  # a step that may be a renamed one, and is to run anew
        return f"{name} runs as a new step when its cell is run next"
    step = step_in(journal.history, name)
    _check_not_a_call(step, answer)
    if not asks and can_stand(step, answer) and _stands(journal, name, cells):
        raise asks_nothing(name)
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


def can_stand(step: StepHistory, answer: Answer) -> bool:
    """Whether the answer is idle where the step is finished and stands; `retry` is not where calls failed that it tolerates: it makes these again."""
    return answer == "keep" or (answer == "retry" and not step.calls.open)


def asks_nothing(name: str) -> UsageError:
    """The answer was to no question."""
    return UsageError(
        f"step {name!r} asks nothing: it is finished, and stands; rerun runs it again, and should its cell ask when it is run, answer then"
    )


def _stands(journal: Journal, name: str, cells: Sequence[NotebookCell]) -> bool:
    """Whether the step is finished, and nothing that can be told without its kernel speaks against reusing it."""
    from durnb.engine.plan import plan  # noqa: PLC0415  # few wishes ask for it, and what reads the cells takes a while to import

    store = journal.store
    planned = plan(journal.history, cells, now=journal.clock.now(), folder=store.notebook.parent)
    return any(one.step == name and one.settled for one in planned.steps)


def _check_not_a_call(step: StepHistory, answer: Answer) -> None:
    """Where a call of the step asks, running the step again would only ask once more. A step that is ``--once`` asks by itself, too."""
    last = step.last
    if answer not in ("retry", "keep") or not step.unfinished or last is None or last.once:
        return
    error = last.last.error
    if step.asking and error is not None and f"resolve {step.name}/" in error.message:
        why, commands = question_in(step.name, error.message)
        words = [command.split() for command in commands]  # %durable resolve STEP/CALL ANSWER
        raise _call_asks(step.name, words[0][2], why, [answer for *_, answer in words])
    started = next((call.label for call in step.calls.open.values() if call.status == "started" and not call.allowed), None)
    if started is not None:
        why = f"its call {started} is to happen once, was started and did not finish"
        raise _call_asks(step.name, f"{step.name}/{started}", why, ["done", "retry"])


def _call_asks(step: str, call: str, why: str, choices: Sequence[str]) -> UsageError:
    return UsageError(f"it is a call in {step} that asks, not the step: {why}. Answer {call}, not {step}, with {' or '.join(choices)}")


def resolve_call(journal: Journal, step: str, mark: str, answer: str, value: str = "null") -> str:
    """Record the answer to what a call of `step` asked, or (`mark` "*") all its stale calls; `value` is JSON. Raises UsageError."""
    history = step_in(journal.history, step)
    if mark == "*":
        if answer not in ("retry", "keep"):
            raise UsageError(f"%durable resolve {step}/* takes retry or keep, for the calls whose code changed")
        journal.append(CallResolved(step=step, call="", answer=answer))  # type: ignore[arg-type]  # just compared
        return f"the calls of {step} whose code changed {'are made again' if answer == 'retry' else 'are kept'}; run its cell"
    if answer not in ("retry", "done"):
        raise UsageError(f"%durable resolve {step}/{mark} takes retry, or done with its result as JSON")
    made = history.calls.made
    found = [call for call, known in made.items() if mark in (known.label, call) or (len(mark) >= 8 and call.startswith(mark))]
    asking = [call for call in found if made[call].status == "started" or made[call].lost or made[call].stored] if len(found) > 1 else found
    if len(asking) != 1:
        some = ", ".join(sorted({known.label for known in made.values()})[:10]) or "none"
        raise UsageError(f"step {step!r} has {'more than one call' if found else 'no call'} {mark!r}; it has: {some}")
    signature = journal.sign(result_facts(journal, history, made[asking[0]].execution), result_payload(asking[0], value, ""))
    try:
        json.loads(value)
    except ValueError as error:
        raise UsageError(f"the result {value[:60]!r} is not JSON ({error}); text needs its quotes: '\"yes\"'") from None
    done = answer == "done"
    journal.append(
        CallResolved(
            step=step, call=asking[0], answer="done" if done else "retry", value=value if done else "", signature=signature if done else ""
        )
    )
    outcome = f"counts as done, with the result {value[:60]}{'…' * (len(value) > 60)}" if done else "is made again"
    return f"the call {mark} {outcome}; run the cell of {step}"


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

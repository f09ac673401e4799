"""What a durable cell does now: a pure function of its history and of the request.

The sections of the design that it states are "Words and identities" and "Decide"; each reason is in people's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final, Literal

from durnb.config import length_text
from durnb.engine.differences import input_changes, reason_of
from durnb.events import Input
from durnb.records import dataclass
from durnb.steps import Answer, Checkpoint, Execution, StepHistory

REMOVED = "its earlier result for just this was removed to save room (setting keep_checkpoints)"
"""Why an undone edit runs again."""
MADE = "made:"
"""What the name of an input begins with that stands for a file which the step made."""
NOT_MADE, NOT_LOOKED_AT = "not made", "not looked at"
"""Digests of files that were not there when the step finished, and of files that nobody looked at then."""

OnChange = Literal["rerun", "keep", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A name that the step needs and that is not there. `maker` bound it in a finished step; `lost` is the path to what could not be stored.

    `by_hand`: the maker is not to run again for it, since it is ``--once`` or was taken as done; `save` can then keep what a person binds.
    """

    name: str
    maker: str | None = None
    lost: str | None = None
    by_hand: bool = False
    save: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The one finished step whose name left the notebook and whose checkpoint fits."""

    old: str
    checkpoint: int
    once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A durable cell that is about to run, as its place sees its inputs.

    `files` are those that the step made (``--creates``) as they are now; `made`, by checkpoint, as that left them.
    """

    step: str
    code: str
    inputs: tuple[Input, ...]
    now: datetime
    missing: tuple[Missing, ...] = ()
    unknown: tuple[str, ...] = ()
    once: bool = False
    always: bool = False
    on_change: OnChange = "rerun"
    expires: timedelta | None = None
    ask_over: timedelta = timedelta(minutes=10)
    max_crashes: int = 3
    renamed: Renamed | None = None
    ignored: frozenset[str] = frozenset()
    beside: tuple[Input, ...] = ()
    aliased: tuple[str, ...] = ()
    parted: frozenset[int] = frozenset()
    apart: tuple[tuple[str, str], ...] = ()
    files: tuple[Input, ...] = ()
    made: Mapping[int, tuple[Input, ...]] = field(default_factory=dict[int, tuple[Input, ...]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Put the checkpoint back. `stale` is why it would have run, where it is kept all the same; `done` takes it as finished without one."""

    checkpoint: int | None
    reason: str
    stale: str = ""
    renamed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """Run it: a new execution, or (`resume`) another attempt of the last one."""

    reason: str
    resume: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Stop; a person decides. `commands` are the answers."""

    why: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Stop; it can't run now."""

    why: str


Decision = Reuse | Execute | Ask | Refuse


def decide(history: StepHistory | None, q: Question) -> Decision:
    """What the step of `q` does, given its history in this run (None before its first start)."""
    if history is None or not history.executions:
        return _begin(q, history.answer if history is not None else None)
    if answered := _answered(history, q):
        return answered
    if history.rerun:
        return _refusal(q) or Execute(reason="you asked for it (%durable rerun)")
    if q.once and (history.unfinished or history.checkpoint is not None):
        return _once(history, q)
    if not q.always and (serving := _serving(history, q)):
        return Reuse(
            checkpoint=serving.number, reason="finished" if serving.number == history.current else "an earlier checkpoint fits again"
        )
    if looping := _crash_loop(history, q):
        return looping
    if refusal := _refusal(q):
        return refusal
    checkpoint = history.checkpoint
    if checkpoint is None or history.unfinished:
        return _again(history, q)
    return _stale(history, checkpoint, q)


def _last(history: StepHistory) -> Execution:
    return history.executions[-1]


FIRST: Final = "it has not run yet"
"""Why a step runs for the first time."""


def answers(step: str, *choices: str) -> tuple[str, ...]:
    """The commands that answer a question about `step`."""
    return tuple(f"%durable resolve {step} {choice}" for choice in choices)


def _begin(q: Question, answer: Answer | None) -> Decision:
    if answer == "abort":
        return Refuse(why=f"it was aborted by %durable resolve; run it with %durable resolve {q.step} retry")
    if answer == "retry":
        return _refusal(q) or Execute(reason="you answered retry")
    if q.renamed and q.renamed.once:
        return Ask(
            why=f"it may be the --once step {q.renamed.old!r} under a new name",
            commands=(f"%durable rename {q.renamed.old} {q.step}", *answers(q.step, "retry")),
        )
    if q.renamed:
        return Reuse(checkpoint=q.renamed.checkpoint, reason=f"renamed from {q.renamed.old}", renamed=q.renamed.old)
    return _refusal(q) or Execute(reason=FIRST)


def _answered(history: StepHistory, q: Question) -> Decision | None:
    match history.answer:
        case "abort":
            return Refuse(why=f"it was aborted by %durable resolve; run it with %durable resolve {q.step} retry")
        case "retry":
            return _refusal(q) or Execute(reason="you answered retry")
        case "keep" if history.current is not None:
            return Reuse(checkpoint=history.current, reason="you answered keep", stale="")
        case "done":
            return Reuse(checkpoint=None, reason="you answered done")
        case _:
            return None


def _once(history: StepHistory, q: Question) -> Decision:
    if history.unfinished and _waited(_last(history)):
        return _refusal(q) or _again(history, q)
    if history.unfinished:
        ended = _how_it_ended(_last(history))
        return Ask(
            why=f"it is --once, was started and did not finish ({ended}); did its effects happen?",
            commands=answers(q.step, "done", "retry", "abort"),
        )
    checkpoint = history.checkpoint
    assert checkpoint is not None
    stale = "; ".join(changes(checkpoint, q))
    return Reuse(checkpoint=checkpoint.number, reason="finished; --once never runs it twice", stale=stale)


def _serving(history: StepHistory, q: Question) -> Checkpoint | None:
    """The checkpoint with this fingerprint, the current one first, then the newest."""
    current = history.checkpoint
    others = sorted((c for c in history.checkpoints.values() if c is not current), key=lambda c: -c.number)
    candidates = ([current] if current else []) + others
    return next((c for c in candidates if c.number >= history.serves_from and not changes(c, q)), None)


def _crash_loop(history: StepHistory, q: Question) -> Refuse | None:
    if not history.unfinished:
        return None
    crashes = sum(e.crashes for e in history.executions if e.code == q.code and not _differ(e.inputs, q))
    if crashes < q.max_crashes:
        return None
    return Refuse(why=f"it killed its kernel {crashes} times; change it, or try once more with %durable resolve {q.step} retry")


def _refusal(q: Question) -> Refuse | None:
    for missing in q.missing:
        if missing.lost is not None and missing.by_hand:
            kept = f", then %durable save {missing.maker} keeps it" if missing.save else ""
            return Refuse(
                why=f"its input `{missing.name}` of step {missing.maker!r} is not there ({missing.lost}), and that step is not to happen twice: "
                f"bind `{missing.name}` in a cell below it, which durnb run executes too{kept}"
            )
        if missing.lost is not None:
            return Refuse(
                why=f"its input `{missing.name}` of step {missing.maker!r} could not be stored ({missing.lost}); make it again with %durable rerun {missing.maker} "
                f"and run that cell"
            )
        if missing.maker is not None:
            return Refuse(why=f"`{missing.name}` is not there; step {missing.maker!r} made it: run %durable restore, or that cell")
        return Refuse(why=f"`{missing.name}` is not defined: run the cells above, which define it")
    return None


def _again(history: StepHistory, q: Question) -> Decision:
    """Started, and not finished."""
    last = _last(history)
    same = last.code == q.code and not _differ(last.inputs, q) and last.generation == history.generation
    for name in q.unknown:
        return Ask(
            why=f"`{name}` was changed by an attempt and its value before it was not kept; run the cells above again",
            commands=answers(q.step, "retry"),
        )
    for name, other in q.apart:
        return Ask(why=_apart(name, other), commands=answers(q.step, "retry"))
    waiting = last.last.status == "exception" or last.last.status == "timeout"
    resume = same and (last.last.status == "crashed" or (waiting and last.last.retry_in is not None))
    return Execute(reason=_how_it_ended(last), resume=resume)


def _apart(name: str, other: str) -> str:
    return (
        f"`{name}` shared state with `{other}` before this step changed `{other}`, without reading `{name}`: put back, they would be two; "
        "run the cells above again"
    )


def _waited(execution: Execution) -> bool:
    """Whether its last attempt did nothing but wait when its kernel was ended, by plan."""
    return execution.last.status == "crashed" and execution.last.suspended


def _how_it_ended(execution: Execution) -> str:
    attempt = execution.last
    match attempt.status:
        case "crashed" if attempt.suspended:
            return f"its attempt {attempt.number} waited without a kernel"
        case "crashed":
            return f"its attempt {attempt.number} died with the kernel"
        case "exception" if attempt.error is not None and attempt.error.type == "StepAsks":
            return f"its attempt {attempt.number} asked"
        case "exception" | "timeout":
            error = attempt.error
            said = f": {error.type}: {error.message.strip()}".splitlines()[0][:300] if error else ""
            return f"its attempt {attempt.number} failed{said}"
        case "interrupt":
            return f"its attempt {attempt.number} was interrupted"
        case _:
            return f"its attempt {attempt.number} was not saved"


def _stale(history: StepHistory, checkpoint: Checkpoint, q: Question) -> Decision:
    reasons = changes(checkpoint, q)
    if q.always:
        return Execute(reason="; ".join(reasons) or "--always")
    if any(c.number >= history.serves_from and not changes(c, q) for c in history.dropped.values()):
        reasons.append(REMOVED)
    why = "; ".join(reasons) or "--always"
    for name in q.unknown:
        return Ask(
            why=f"{why}; the value of `{name}` that it saw is gone, run the cells above again", commands=answers(q.step, "keep", "retry")
        )
    if q.on_change == "keep":
        return Reuse(checkpoint=checkpoint.number, reason="kept: --on-change keep", stale=why)
    for name, other in q.apart:
        return Ask(why=f"{why}; {_apart(name, other)}", commands=answers(q.step, "keep", "retry"))
    if q.on_change == "ask":
        return Ask(why=f"it is stale: {why}", commands=answers(q.step, "retry", "keep"))
    if checkpoint.spent > q.ask_over.total_seconds() and _only_plain(checkpoint, q):
        return Ask(why=f"it ran {checkpoint.spent:.0f} s and is stale only because {why}", commands=answers(q.step, "retry", "keep"))
    return Execute(reason=why)


def _only_plain(checkpoint: Checkpoint, q: Question) -> bool:
    if checkpoint.code != q.code or _expired(checkpoint, q):
        return False
    changed = _differ(checkpoint.inputs, q)
    return bool(changed or _spoiled(checkpoint, q)) and all(_is_plain(before, now) for before, now in changed)


def _is_plain(before: Input | None, now: Input | None) -> bool:
    one = now if now is not None and now.kind != "absent" else before
    return one is not None and (one.kind in ("plain", "opaque") or (one.kind == "ambient" and one.maker is None))


def _expired(checkpoint: Checkpoint, q: Question) -> bool:
    return q.expires is not None and q.now - checkpoint.at > q.expires


def changes(checkpoint: Checkpoint, q: Question) -> list[str]:
    """Why `checkpoint` does not serve the question, in people's words; empty where it does."""
    reasons = [f"its checkpoint expired (--expires {length_text(q.expires)})"] if q.expires is not None and _expired(checkpoint, q) else []
    if any(code == q.code and _was_kept(inputs, q) for code, inputs in checkpoint.kept):
        return reasons
    edited = ["its code was edited"] if checkpoint.code != q.code else []
    shared = [f"`{name}` shares state with what it changes, and did not before" for name in q.aliased]
    shared += ["its inputs share state with one another in another way"] if checkpoint.number in q.parted else []
    differ = [reason_of(before, now) for before, now in _differ(checkpoint.inputs, q)]
    return edited + reasons + differ + _spoiled(checkpoint, q) + _beside(checkpoint, q) + shared


def _was_kept(inputs: Sequence[Input], q: Question) -> bool:
    """Whether a person had the checkpoint kept for these inputs, and for its files as they are now."""
    files = {(i.name, i.digest) for i in inputs if i.name.startswith(MADE)}
    return not _differ([i for i in inputs if not i.name.startswith(MADE)], q) and files == {(i.name, i.digest) for i in q.files}


def _spoiled(checkpoint: Checkpoint, q: Question) -> list[str]:
    """Files of the step's own making that are not as it left them."""
    now = {i.name: i.digest for i in q.files}
    return [
        _on_file(i, now.get(i.name, "gone")) for i in q.made.get(checkpoint.number, ()) if now.get(i.name) != i.digest or _is_no_file(i)
    ]


def _is_no_file(made: Input) -> bool:
    return made.digest in (NOT_MADE, NOT_LOOKED_AT)


def _on_file(made: Input, now: str) -> str:
    path = made.name.removeprefix(MADE)
    if made.digest == NOT_MADE:
        return f"it left no file {path}"
    if made.digest == NOT_LOOKED_AT:
        return f"its file {path} was not looked at when it finished"
    return f"its file {path} is gone" if now == "gone" else f"its file {path} was changed since"


def _beside(checkpoint: Checkpoint, q: Question) -> list[str]:
    """Names that a reuse would put back although they have changed: they share state with what the step read."""
    now = {i.name: i.digest for i in (*q.beside, *q.inputs)}
    return [f"`{i.name}`, which shares state with its inputs, changed" for i in checkpoint.beside if now.get(i.name, "") != i.digest]


def _differ(before: Sequence[Input], q: Question) -> list[tuple[Input | None, Input | None]]:
    """The inputs that differ from those of the question, what its header ignores left out."""
    return input_changes([i for i in before if i.name not in q.ignored], q.inputs)

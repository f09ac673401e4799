"""What a person can do to a step in the panel. Each is one of the ``%durable`` commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal, assert_never

from durnb.engine.overview import spell
from durnb.records import dataclass
from durnb.views.inside import CallCounts
from durnb.views.standing import Standing

_NO_CALLS: Final = CallCounts()
Operation = Literal["rerun", "restore", "interrupt", "retry", "keep", "done", "abort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`label` stands on the button; `asks` is the question before something is lost, empty where nothing is."""

    operation: Operation
    label: str
    asks: str = ""


def actions(standing: Standing, step: str, *, ran: float | None, kept: bool, calls: CallCounts = _NO_CALLS) -> tuple[Action, ...]:
    """What can be done to a step that stands so; `ran` seconds are in its checkpoint, where it has one (`kept`). `calls` are those that it made."""
    again = _calls_again(step, calls)
    rerun = Action(operation="rerun", label="Run again", asks=_again(step, ran))
    restore = Action(
        operation="restore",
        label="Restore to here",
        asks=f"Put the variables of all steps up to {step} back? What cells changed in them since then is lost from the kernel.",
    )
    keep = (Action(operation="keep", label="Keep its checkpoint"),) if kept else ()
    retry = Action(operation="retry", label="Run it again", asks=f"Run {step} again? Its side effects may happen a second time.")
    done = Action(operation="done", label="It happened", asks=f"Take {step} as done, without the variables that it should have made?")
    abort = Action(
        operation="abort", label="Refuse it", asks=f"Refuse {step} until another answer? The cells below it are not reached then."
    )
    match standing:
        case "finished":
            return (*again, rerun, restore)
        case "stale":
            return (*again, *keep, restore)
        case "running":
            return (
                Action(
                    operation="interrupt",
                    label="Interrupt",
                    asks=f"Interrupt {step}? What this attempt did so far is lost; the next begins anew.",
                ),
            )
        case "asks":
            return (retry, done, *keep, abort)
        case "aborted":
            return (Action(operation="retry", label="Run it after all"), *keep)
        case "to rerun":
            return keep
        case "waiting":  # without a kernel: it is answered where it says what it waits for
            return ()
        case "failed" | "interrupted" | "died":
            return (*again, *keep)
        case "not reached":
            return ()
        case _ as never:
            assert_never(never)


def _calls_again(step: str, calls: CallCounts) -> tuple[Action, ...]:
    """Where calls failed: the step's retry, which makes these alone again."""
    if not calls.failed:
        return ()
    failed = "the call that failed" if calls.failed == 1 else f"the {calls.failed:,} calls that failed"
    kept = f" The {calls.done:,} that are done are kept, and not made again." if calls.done else ""
    return (Action(operation="retry", label=f"Retry {failed}", asks=f"Run {step} again when its cell is run next, for {failed}?{kept}"),)


def _again(step: str, ran: float | None) -> str:
    took = f" It took {spell(timedelta(seconds=ran))}." if ran is not None else ""
    return f"Run {step} again when its cell is run next?{took} What it made stands until then."

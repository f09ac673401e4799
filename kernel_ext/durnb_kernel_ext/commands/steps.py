"""Commands that look at steps and steer them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from durnb.engine import operations, overview
from durnb.engine.mail import json_of
from durnb.engine.manifest import Manifest
from durnb.engine.steering import resolve_call, step_in
from durnb.errors import RunHeld, UsageError
from durnb.fold import History
from durnb_kernel_ext import panels
from durnb_kernel_ext.commands import command, no_words, take_flag
from durnb_widgets.rich import Rich
from durnb_widgets.tables import plan_table, restored_text, status_table, step_text

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


def _one(name: str, words: list[str], what: str = "STEP") -> str:
    if len(words) != 1:
        raise UsageError(f"%durable {name} takes one {what}: %durable {name} {what}")
    return words[0]


@command("status", "[--json]", looks=True)
def status(extension: Extension, words: list[str]) -> Any:
    """the steps of this run: done, failed, interrupted; when, how long, how big"""
    as_json, rest = take_flag(words, "--json")
    no_words("status", rest)
    try:
        history = extension.engine.peek() or History()
    except RunHeld as held:
        return _status_elsewhere(extension, held, as_json)
    if as_json:
        return json.dumps(overview.as_json(history), indent=1)
    path = extension.path
    return status_table(history, overview.rows(history), path.name if path is not None else "")


def _status_elsewhere(extension: Extension, held: RunHeld, as_json: bool) -> Any:
    """The status of a run that another kernel has, as that kernel last wrote it."""
    store, run = extension.engine.wished()
    told = (store.status(run) if run is not None else None) or {}
    if as_json:
        return json.dumps({**told, "owner": held.pid}, indent=1)
    rows = [overview.row_of(step) for step in told.get("steps", ()) if isinstance(step, dict)]  # names alone, right after its start
    table = status_table(History(run=held.run, notebook=store.notebook.name), rows)
    return replace(table, foot=f"process {held.pid} has this run; %durable takeover asks it to hand it over")


@command("plan", "[--json]", looks=True)
def plan(extension: Extension, words: list[str]) -> Any:
    """what Run All would do now, and why (from the saved notebook file)"""
    as_json, rest = take_flag(words, "--json")
    no_words("plan", rest)
    session = extension.engine
    cells = session.kernel.cells()
    if not cells:
        raise UsageError(f"the notebook file {extension.path} is not there yet: save the notebook, then %durable plan")
    planned = session.planned()
    run = session.history.run if session.attached else None
    if as_json:
        return json.dumps({"run": run, "steps": [asdict(step) for step in planned.steps]}, indent=1)
    return plan_table(run, planned)


@command("show", "STEP", looks=True)
def show(extension: Extension, words: list[str]) -> Any:
    """all about one step: attempts, inputs, variables, lost names, source"""
    name = _one("show", words)
    step = step_in(extension.engine.peek() or History(), name)
    manifest = Manifest.decode(step.checkpoint.manifest) if step.checkpoint is not None else None
    return Rich(text=repr(step_text(step, manifest)), html=panels.step_panel(extension.engine, name))


@command("rerun", "STEP")
def rerun(extension: Extension, words: list[str]) -> str:
    """the step runs again when its cell is run next"""
    name = _one("rerun", words)
    operations.rerun(extension.engine, name)
    return f"{name} runs again when its cell is run next."


@command("rename", "OLD NEW")
def rename(extension: Extension, words: list[str]) -> str:
    """the step OLD is called NEW from here on, with all its history"""
    if len(words) != 2:
        raise UsageError("%durable rename takes two names: %durable rename OLD NEW")
    extension.engine.rename(words[0], words[1])
    extension.engine.write_status()
    return f"{words[0]} is called {words[1]} from here on; give its cell that name too."


@command("restore", "[STEP]")
def restore(extension: Extension, words: list[str]) -> str:
    """the variables of all finished steps (up to STEP) back, without running or showing anything"""
    if len(words) > 1:
        raise UsageError("%durable restore takes at most one STEP")
    return restored_text(operations.restore(extension.engine, words[0] if words else None))


@command("save", "STEP [--ignore NAMES]")
def save(extension: Extension, words: list[str]) -> str:
    """takes the checkpoint of a finished step again from its live variables, without running it"""
    ignore: tuple[str, ...] = ()
    if "--ignore" in words:
        at = words.index("--ignore")
        if at + 1 >= len(words):
            raise UsageError("%durable save STEP --ignore NAMES: the names are missing")
        ignore = tuple(n.strip() for n in words[at + 1].split(",") if n.strip())
        words = words[:at] + words[at + 2 :]
    name = _one("save", words)
    lost = operations.save(extension.engine, name, ignore)
    return f"{name} is saved" + (f"; still lost: {', '.join(lost)}" if lost else "") + "."


@command("resolve", "STEP[/CALL] retry|keep|done|abort")
def resolve(extension: Extension, words: list[str]) -> str:
    """answers what a step, or a call in it, asks (STEP/CALL done VALUE: its result, JSON or text)"""
    match words:
        case [name, answer, *value] if "/" in name:
            step, _, mark = name.partition("/")
            result = json_of(" ".join(value)) if value else "null"
            return resolve_call(operations.steered(extension.engine), step, mark, answer, result) + "."
        case [step, ("retry" | "keep" | "done" | "abort") as answer]:
            return operations.resolve(extension.engine, step, answer) + "."
        case _:
            raise UsageError(
                "%durable resolve STEP ANSWER: retry runs it again, keep takes its last checkpoint although it is stale, "
                "done says that it happened and goes on without its variables, abort refuses it; for a call of it "
                "%durable resolve STEP/CALL retry, or done RESULT (JSON, else a text; None where it is left out)"
            )

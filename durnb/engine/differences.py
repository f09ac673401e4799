"""How the inputs of a step differ from what they were, and that in people's words."""

from __future__ import annotations

from collections.abc import Sequence

from durnb.events import Input

GENERATORS = frozenset({"@random", "@numpy.random", "@torch.random", "@torch.cuda.random"})
"""Ambient components that are read by being drawn from; a step that did not draw did not read them."""


def input_changes(before: Sequence[Input], now: Sequence[Input]) -> list[tuple[Input | None, Input | None]]:
    """The pairs (as it was, as it is) of inputs that differ.

    What was reached only through "everything" counts where it was there before; a generator where it was drawn from before.
    """
    old = {i.name: i for i in before}
    new = {i.name: i for i in now}
    differ: list[tuple[Input | None, Input | None]] = [
        (i, new.get(name))
        for name, i in old.items()
        if name not in new or new[name].digest != i.digest or (i.kind == "absent") != (new[name].kind == "absent")
    ]
    differ.extend((None, i) for name, i in new.items() if name not in old and _counts_when_new(i))
    return differ


def _counts_when_new(i: Input) -> bool:
    return not i.by_everything and i.kind != "absent" and not (i.kind == "ambient" and i.name in GENERATORS)


def reason_of(before: Input | None, now: Input | None) -> str:
    """Why an input that was `before` and is `now` counts as changed, in people's words."""
    one = now or before
    assert one is not None
    label = label_of(one)
    if now is None or now.kind == "absent":
        return f"{label} is gone"
    if before is None or before.kind == "absent":
        return f"{label} is new"
    if now.kind == "durable":
        return (
            f"{label} changed: {now.maker!r} ran again"
            if now.maker == before.maker
            else f"{label} changed: it is now made by {now.maker!r}"
        )
    return f"{label} changed"


def label_of(i: Input) -> str:
    """An input as people are told of it."""
    match i.kind:
        case "file":
            return f"the file {i.name.removeprefix('file:').removeprefix('module:')}"
        case "ambient" if i.name in GENERATORS:
            return f"the random seed ({i.name.removeprefix('@')})"
        case "ambient":
            return f"the setting {i.name.removeprefix('@')}"
        case _:
            return f"its input `{i.name}`"

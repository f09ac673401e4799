"""What is shown of an interrupt is the user's alone, wherever in durnb it strikes."""

from __future__ import annotations

import queue
import traceback
from typing import Any

from durnb.inside import many
from durnb.inside.bar import Bar
from durnb_kernel_ext.tracebacks import users_part


class _Struck(Bar):
    """An interrupt strikes as it is shown, which is while an empty queue is handled."""

    def show(self) -> None:
        raise KeyboardInterrupt


def _text(cell: str, namespace: dict[str, Any]) -> str:
    try:
        exec(compile(cell, "<cell>", "exec"), {"__name__": "__main__"} | namespace)
    except KeyboardInterrupt as error:
        ours = error.__traceback__
        assert ours is not None
        error.__traceback__ = ours.tb_next
        return "".join(traceback.format_exception(KeyboardInterrupt, error, users_part(error)))
    raise AssertionError("it was not interrupted")


def test_what_durnb_was_handling_as_the_interrupt_struck_is_not_shown() -> None:
    bar = _Struck(None, "slow", range(2))
    shown = _text("wait()", {"wait": lambda: many._next(queue.SimpleQueue(), bar)})
    assert "many.py" not in shown
    assert "Empty" not in shown
    assert shown.endswith("KeyboardInterrupt\n")


def test_what_the_user_was_handling_is_shown() -> None:
    bar = _Struck(None, "slow", range(2))
    cell = "try:\n    int('x')\nexcept ValueError:\n    wait()"
    shown = _text(cell, {"wait": lambda: many._next(queue.SimpleQueue(), bar)})
    assert "Empty" not in shown
    assert "ValueError: invalid literal" in shown

"""Figures of matplotlib that pyplot manages: they come back under their number, and a load on trial leaves pyplot alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from durnb.snapshot.place import here
from durnb.snapshot.undo import about_to_change

_MARK = "_restore_to_pylab"  # in the state of a figure that pyplot manages; with it, its `__setstate__` enters it there, trial or not

_entered: dict[int, tuple[int, int]] = {}  # by number, what was put into pyplot here: addresses, since who refers to a figure is counted


def _addresses(manager: Any) -> tuple[int, int]:
    return id(manager), id(manager.canvas.figure)


def _is_earlier(manager: Any, number: int) -> bool:
    """Whether what has the number is the figure that now comes back, as it was: one that came back before, or what its names are bound to."""
    figure, place = manager.canvas.figure, here()
    bound = [place.namespace[name] for name in place.own if name in place.namespace]
    return _addresses(manager) == _entered.get(number) or any(
        each is figure or (type(each).__module__.partition(".")[0] == "matplotlib" and getattr(each, "figure", None) is figure)
        for each in bound
    )


def kept_from_pyplot(reduced: tuple[Any, ...], obj: Any) -> tuple[Any, ...]:
    """The reduction of a figure that pyplot manages, so that only `figure_state` enters it there; any other as it is."""
    if not (len(reduced) in (3, 5) and isinstance(reduced[2], dict) and _MARK in reduced[2]):
        return reduced
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    manager = getattr(getattr(obj, "canvas", None), "manager", None)
    if helpers is None or manager is None:
        return reduced
    state = {name: value for name, value in reduced[2].items() if name != _MARK}
    return *reduced[:2], (state, manager.num, helpers.Gcf.get_active() is manager), None, None, figure_state


def _way_back(managed: dict[int, Any]) -> Callable[[], None]:
    before, entered = dict(managed), dict(_entered)

    def back() -> None:
        for register, was in ((managed, before), (_entered, entered)):
            register.clear()
            register.update(was)

    return back


def figure_state(figure: Any, state: tuple[dict[str, Any], int, bool]) -> None:
    """Sets the state of a figure, and has pyplot manage it: under its number where that is free, as the current one if it was."""
    facts, number, current = state
    figure.__setstate__(facts)
    if here().scratch:
        return
    import matplotlib.pyplot as plt  # noqa: PLC0415  # as the figure's own __setstate__ does

    register = plt._pylab_helpers.Gcf  # type: ignore[attr-defined]  # what pyplot keeps its figures in
    about_to_change(register, _way_back(register.figs))
    if number in register.figs and _is_earlier(register.figs[number], number):
        register.figs.pop(number)
    before, taken = register.get_active(), plt.get_fignums()
    backend: Any = plt._get_backend_mod()
    manager = backend.new_figure_manager_given_figure(max(taken) + 1 if number in taken else number, figure)
    register._set_new_active_manager(manager)
    _entered[manager.num] = _addresses(manager)
    if not current and before is not None:
        register.set_active(before)
    waiting = getattr(getattr(backend, "show", None), "_to_draw", None)
    if isinstance(waiting, list):  # the inline backend would show it at the cell's end; what the step showed is replayed
        waiting[:] = [each for each in waiting if each is not figure]

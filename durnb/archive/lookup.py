"""The error of a look-up that found nothing, with the nearest name that there is."""

from __future__ import annotations

import difflib

from durnb.errors import NotInHistory


def not_there(*, what: str, name: object, where: str, there: tuple[str, ...], hint: str = "") -> NotInHistory:
    """`where` has no `what` called `name`; it has those that are `there`."""
    near = difflib.get_close_matches(str(name), there, n=1)
    return NotInHistory(what=what, name=str(name), where=where, there=there, near=near[0] if near else "", hint=hint)
